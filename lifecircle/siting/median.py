"""The p-median: sites that shorten the mean walk most, existing facilities standing.

Greedy, then one-for-one exchange (Teitz & Bart 1968).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.sparse import csr_array

from lifecircle.base.geo import Floats
from lifecircle.network.network import Ints

ROUNDS = 20


@dataclass(frozen=True)
class Walks:
    """Walks of n demands: to the nearest existing facility, and to each of m candidates.

    `metres` (m × n) stores only walks shorter than `now`, which is finite.
    """

    metres: csr_array
    now: Floats
    weight: Floats

    @cached_property
    def row(self) -> Ints:
        """The candidate of each stored walk."""
        return np.repeat(np.arange(self.metres.shape[0]), np.diff(self.metres.indptr))

    def with_sites(self, chosen: Sequence[int]) -> Floats:
        """The walk of each demand to the nearest existing facility or chosen site."""
        least = self.now.copy()
        for site in chosen:
            part = slice(self.metres.indptr[site], self.metres.indptr[site + 1])
            demand = self.metres.indices[part]
            least[demand] = np.minimum(least[demand], self.metres.data[part])
        return least

    def saved(self, least: Floats) -> Floats:
        """What each candidate would take off the weighted walks."""
        shorter = np.maximum(least[self.metres.indices] - self.metres.data, 0.0)
        saved = shorter * self.weight[self.metres.indices]
        return np.bincount(self.row, saved, self.metres.shape[0]).astype(float)

    def in_order(self, sites: Sequence[int]) -> list[int]:
        """Sites so that each saves most beside those before it."""
        left, ordered = sorted(sites), list[int]()
        while left:
            saved = self.saved(self.with_sites(ordered))
            best = max(left, key=lambda site: saved[site])
            left.remove(best)
            ordered.append(best)
        return ordered

    def total(self, chosen: Sequence[int]) -> float:
        """Weighted metres with the chosen sites."""
        return float(self.weight @ self.with_sites(chosen))


def shortest_walks(walks: Walks, count: int) -> list[int]:
    """At most `count` sites for the least mean walk, those that save most first."""
    return walks.in_order(_exchanged(walks, _greedy(walks, count)))


def least_total(walks: Walks, chosen: Sequence[int], count: int) -> float:
    """Weighted metres that no choice of `count` sites can go below.

    What is saved is submodular: beside the chosen sites, each other one saves at most what it
    saves alone beside them.
    """
    bounds = []
    for known in ([], chosen):
        beside = np.sort(walks.saved(walks.with_sites(known)))[::-1][:count]
        bounds.append(walks.total(known) - float(beside.sum()))
    return max(bounds)


def _greedy(walks: Walks, count: int) -> list[int]:
    chosen: list[int] = []
    least = walks.now
    for _ in range(count):
        saved = walks.saved(least)
        saved[chosen] = 0.0
        best = int(np.argmax(saved)) if len(saved) else 0
        if not len(saved) or saved[best] <= 0:
            break
        chosen.append(best)
        least = walks.with_sites(chosen)
    return chosen


def _exchanged(walks: Walks, chosen: list[int]) -> list[int]:
    sites = list(chosen)
    least_gain = 1e-9 * max(float(walks.weight @ walks.now), 1e-300)
    for _ in range(ROUNDS):
        swapped = False
        for place in range(len(sites)):
            others = sites[:place] + sites[place + 1 :]
            saved = walks.saved(walks.with_sites(others))
            saved[others] = -1.0
            best = int(np.argmax(saved))
            if saved[best] > saved[sites[place]] + least_gain:
                sites[place], swapped = best, True
        if not swapped:
            break
    return sites
