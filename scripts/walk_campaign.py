"""Random graphs by the thousand against NetworkX: the counted proof that walks are exact.

    python scripts/walk_campaign.py [GRAPHS] [SEED]

Half of the graphs are walked in metres, half by people whom steps, signals, elevators and slopes
delay.  Every mismatch is printed with its seed; the exit code is 1 if there is one.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "network"))

from random_graphs import SLOW, STEP_FREE, mismatch

WALKERS = (None, SLOW, None, STEP_FREE)


def main(graphs: int = 5000, seed: int = 20221201) -> int:
    """Run the campaign and print its result; the number of mismatches."""
    began, wrong = time.perf_counter(), 0
    for number in range(graphs):
        walker = WALKERS[number % len(WALKERS)]
        if mismatch([seed, 2, number], walker):
            wrong += 1
            print(f"mismatch: seed {[seed, 2, number]}, walker {walker}")
    seconds = time.perf_counter() - began
    print(f"seed {seed}: {graphs} graphs, 6 places each, {wrong} mismatches, {seconds:.0f} s")
    return wrong


if __name__ == "__main__":
    sys.exit(bool(main(*map(int, sys.argv[1:]))))
