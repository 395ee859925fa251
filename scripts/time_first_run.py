"""Seconds of each part of README's two command lines, as a newcomer runs them.

    python scripts/time_first_run.py            both lines
    python scripts/time_first_run.py --first    only the first: install and demo

The lines are read from README.md and run word for word in a copy of the repository, in a new
virtual environment with an empty pip cache.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
STARTS = ("python3 -m venv .venv &&", ".venv/bin/python -m pip install '.[test]' &&")
LEFT_OUT = shutil.ignore_patterns(
    ".git", ".venv", "build", "*.egg-info", "__pycache__", ".*_cache", "processed", "raw", "maps"
)


def main() -> None:
    """Run the lines and print a table of seconds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--first", action="store_true", help="only the first line")
    wanted = 1 if parser.parse_args().first else 2
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "lifecircle"
        shutil.copytree(REPOSITORY, copy, ignore=LEFT_OUT)
        environment = fresh_environment(Path(folder) / "pip cache")
        print(f"Python {sys.version.split()[0]}, {os.cpu_count()} cores")
        for line in command_lines()[:wanted]:
            time_line(line, copy, environment)


def command_lines() -> list[str]:
    """The two lines as README gives them; ends with a message if it does not."""
    lines = (REPOSITORY / "README.md").read_text(encoding="utf-8").splitlines()
    found = [line for start in STARTS for line in lines if line.startswith(start)]
    if len(found) != len(STARTS):
        sys.exit("README.md does not hold the two command lines, each once")
    return found


def fresh_environment(cache: Path) -> dict[str, str]:
    """This environment with an empty pip cache, outside any virtual environment."""
    data = os.environ.get("LIFECIRCLE_TEST_DATA", str(REPOSITORY.parent / "shared" / "data"))
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return kept | {"PIP_CACHE_DIR": str(cache), "LIFECIRCLE_TEST_DATA": data}


def time_line(line: str, folder: Path, environment: dict[str, str]) -> None:
    """Run the parts of `line` one after the other; end where one fails."""
    print(f"$ {line}")
    began = time.perf_counter()
    for part in line.split(" && "):
        start = time.perf_counter()
        run = subprocess.run(["sh", "-c", part], cwd=folder, env=environment, capture_output=True)
        seconds = time.perf_counter() - start
        print(f"{seconds:8.1f} s  {part}", flush=True)
        if run.returncode:
            sys.exit(run.stdout.decode()[-4000:] + run.stderr.decode()[-4000:])
        if "pytest" in part:
            print(f"            {run.stdout.decode().strip().splitlines()[-1]}")
    print(f"{time.perf_counter() - began:8.1f} s  in all")


if __name__ == "__main__":
    main()
