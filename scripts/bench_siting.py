"""Seconds to choose sites at the size of a city: 3,000 candidates over 60,000 demand points.

    python scripts/bench_siting.py [--candidates 3000] [--demand 60000] [--limit 500] [-n 10]

A made-up town of 20 × 20 km: streets every 100 m with a third of them missing, people where a
fixed seed puts them, 200 existing facilities.  Distances are counted in; that the demand
is attached is part of every run and is not.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from lifecircle.network.attach import Attachment, attach
from lifecircle.network.build import network_from_arrays
from lifecircle.network.network import WalkNetwork
from lifecircle.siting.greedy import Cover, exchanged, greedy, upper_bound
from lifecircle.siting.limits import Limits
from lifecircle.siting.pairs import metres_within
from lifecircle.siting.relax import relaxed
from lifecircle.siting.solve import for_people

SEED = 20221201
SIDE, SPACING_M = 200, 100.0
EXISTING = 200


@contextmanager
def timed(what: str, seconds: list[float]) -> Iterator[None]:
    """Print how long a step took, and keep it."""
    start = time.perf_counter()
    yield
    seconds.append(time.perf_counter() - start)
    print(f"{what:<58}{seconds[-1]:8.2f} s")


def town(rng: np.random.Generator) -> WalkNetwork:
    """A grid with every third street missing."""
    number = np.arange(SIDE * SIDE).reshape(SIDE, SIDE)
    xy = np.stack(np.meshgrid(range(SIDE), range(SIDE)), axis=-1).reshape(-1, 2) * SPACING_M
    across = np.stack([number[:, :-1], number[:, 1:]], axis=-1).reshape(-1, 2)
    up = np.stack([number[:-1], number[1:]], axis=-1).reshape(-1, 2)
    streets = np.concatenate([across, up])
    return network_from_arrays(xy, streets[rng.random(len(streets)) < 2 / 3])


def places(rng: np.random.Generator, network: WalkNetwork, count: int) -> Attachment:
    """Random places of the town, attached."""
    x, y = rng.uniform(0, (SIDE - 1) * SPACING_M, (2, count))
    return attach(network, x, y)


def main() -> None:
    """Time every step and print the sum."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--candidates", type=int, default=3000)
    parser.add_argument("--demand", type=int, default=60_000)
    parser.add_argument("--limit", type=float, default=500.0)
    parser.add_argument("-n", type=int, default=10)
    given = parser.parse_args()
    rng, seconds = np.random.default_rng(SEED), list[float]()
    network = town(rng)
    existing, demand = (places(rng, network, n) for n in (EXISTING, given.demand))
    weight = rng.uniform(1, 100, given.demand)
    print(f"{network.node_count} nodes, {network.edge_count} edges")
    with timed("candidates attached to the streets", seconds):
        candidates = places(rng, network, given.candidates)
    with timed("walks from demand to the existing facilities", seconds):
        covered = (
            np.diff(metres_within(network, existing, demand, given.limit).T.tocsr().indptr) > 0
        )
    with timed("walks from demand to the candidates", seconds):
        walks = metres_within(network, candidates, demand, given.limit)
    with timed("what each candidate would newly cover", seconds):
        walks.data[:] = 1.0
        cover = Cover(walks, np.where(covered, 0.0, weight))
        pairs = cover.by_demand.nnz
    with timed("demand that the same candidates reach as one", seconds):
        merged = cover.merged()
    with timed(f"{given.n} sites, greedy", seconds):
        chosen = greedy(merged, given.n)
    with timed(f"{given.n} sites, exchanged", seconds):
        better = exchanged(merged, chosen)
    limits = Limits(given.n)
    with timed("Lagrangian bound", seconds):
        found = relaxed(merged, limits, better)
    with timed("the same again, and HiGHS on what is left", seconds):
        best = for_people(cover, limits)
    first = upper_bound(merged, better, given.n)
    print(f"{pairs} pairs, {merged.reach.nnz} merged; gained {best.value:,.0f}")
    print(f"  (greedy {merged.gained(chosen):,.0f}, exchanged {merged.gained(better):,.0f}); gap:")
    for name, bound in (
        ("greedy bound", first),
        (f"Lagrangian bound, {int(found.left.sum())} candidates left", found.bound),
        (best.proved_by, best.bound),
    ):
        print(f"  {100 * (bound - best.value) / bound:.2f} % by {name}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"in all {sum(seconds):.2f} s, {peak:.0f} MB at most")


if __name__ == "__main__":
    main()
