"""The gaps of every district of a city, overnight.

    python nightly_gaps.py studies/*.toml --out reports --fail-under 0.85

One study file for each district.  Each gets its gaps.csv and gaps.gpkg; `nightly.csv` holds the
largest gaps of all of them together.  A district that fails is named and does not stop the others.
Exit codes: 0 good, 1 a district is below the share, 4 a district failed.
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

COLUMNS = ["study", "unit_name", "service", "place", "cause", "between", "uncovered", "metres"]
BELOW, FAILED = 1, 4


def gaps_of(study: Path, out: Path, least: float) -> tuple[int, list[dict[str, Any]]]:
    """The exit code of `lifecircle gaps`, and the gaps it found."""
    command = [sys.executable, "-m", "lifecircle.cli", "gaps", str(study), "--json"]
    command += ["--fail-under", str(least), "--out", str(out)]
    run = subprocess.run(command, capture_output=True, text=True, encoding="utf-8")
    sys.stderr.write(run.stderr)
    if run.returncode not in (0, BELOW):
        return run.returncode, []
    return run.returncode, [{"study": study.stem, **gap} for gap in json.loads(run.stdout)]


def main() -> int:
    """Run every study, write the list, and say how it went."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("studies", nargs="+", type=Path)
    parser.add_argument("--out", type=Path, default=Path())
    parser.add_argument("--fail-under", type=float, default=0.85)
    parser.add_argument("--largest", type=int, default=200, help="How many gaps to list.")
    given = parser.parse_args()
    gaps: list[dict[str, Any]] = []
    codes = []
    for study in given.studies:
        code, found = gaps_of(study, given.out, given.fail_under)
        codes.append(code)
        gaps += found
        print(f"{study}: {len(found)} gaps, exit code {code}")
    gaps.sort(key=lambda gap: -gap["uncovered"])
    with (given.out / "nightly.csv").open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(gaps[: given.largest])
    if any(code not in (0, BELOW) for code in codes):
        return FAILED
    return max(codes)


if __name__ == "__main__":
    sys.exit(main())
