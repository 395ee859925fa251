"""Random scenarios on the demo town, each against a run from the start; prints what differs.

    python scripts/scenario_campaign.py [--count 300] [--seed 1]

A seed that differs is printed with its scenario, so that it can be drawn again.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "siting"))

from random_scenarios import differences, random_scenario, small, whole_run

import lifecircle as lc
from lifecircle.demo import copy_town
from lifecircle.what_if import state_of


def main() -> None:
    """Draw, compute twice, compare; the exit code is the number of scenarios that differ."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        base = small(state_of(lc.load_study(copy_town(Path(folder))), indicators=False))
        start, wrong = time.perf_counter(), 0
        for seed in range(given.seed, given.seed + given.count):
            scenario, state = random_scenario(base, seed)
            found = differences(state, whole_run(base, state))
            if found:
                wrong += 1
                print(f"seed {seed}: {', '.join(found)}\n  {scenario}")
    seconds = time.perf_counter() - start
    print(f"{given.count} scenarios from seed {given.seed}: {wrong} differ ({seconds:.0f} s)")
    sys.exit(min(wrong, 100))


if __name__ == "__main__":
    main()
