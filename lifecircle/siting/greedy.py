"""Choosing sites one by one, then exchanging them: near the optimum at the size of a city.

Coverage gained is monotone and submodular, so choosing greedily gives at least 1 − 1/e of the
optimum (Nemhauser, Wolsey & Fisher 1978); exchanges only add to it.  Gains are kept up to date as
demand is covered, which chooses the same sites as a lazy greedy search.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from lifecircle.base.geo import Floats
from lifecircle.network.network import Ints, Mask
from lifecircle.siting.point_sets import PointSets

ROUNDS = 20
"""At most so many rounds of exchanges; a few suffice."""


@dataclass(frozen=True)
class Cover:
    """Which of m candidates newly cover which of n demands (`reach`, m × n of ones), by weight."""

    reach: csr_array
    weight: Floats

    @cached_property
    def by_demand(self) -> csr_array:
        """The candidates of each demand."""
        turned: csr_array = self.reach.T.tocsr()
        return turned

    def covers(self, candidate: int) -> Ints:
        """The demands of a candidate."""
        start, end = self.reach.indptr[candidate : candidate + 2]
        return np.asarray(self.reach.indices[start:end], dtype=np.int64)

    def covered(self, chosen: Sequence[int]) -> Mask:
        """What the chosen candidates cover together."""
        mask = np.zeros(len(self.weight), dtype=bool)
        for candidate in chosen:
            mask[self.covers(candidate)] = True
        return mask

    def gained(self, chosen: Sequence[int]) -> float:
        """The weight the chosen candidates cover together."""
        return float(self.weight[self.covered(chosen)].sum())

    def gains(self, covered: Mask) -> Floats:
        """What each candidate would add to what is covered."""
        return np.asarray(self.reach @ np.where(covered, 0.0, self.weight), dtype=float)

    def alone(self) -> Floats:
        """What each candidate covers by itself."""
        return np.asarray(self.reach @ self.weight, dtype=float)

    def of(self, kept: Ints) -> Cover:
        """The same demands with some of the candidates."""
        return Cover(csr_array(self.reach[kept]), self.weight)

    def merged(self) -> Cover:
        """Demands that the same candidates reach as one; those out of reach are left out."""
        number, count = alike(self, np.zeros(len(self.weight), dtype=np.int64))
        kept = np.flatnonzero(number >= 0)
        one_each = kept[np.unique(number[kept], return_index=True)[1]]
        weight = np.bincount(number[kept], self.weight[kept], count).astype(float)
        return Cover(csr_array(self.by_demand[one_each].T.tocsr()), weight)


def alike(cover: Cover, group: Ints) -> tuple[Ints, int]:
    """A number for each demand, the same for those of one group that the same candidates reach.

    -1 where no candidate reaches it or nothing weighs; and how many numbers there are.
    """
    by_demand = cover.by_demand
    by_demand.sort_indices()
    number = np.full(len(group), -1, dtype=np.int64)
    some = np.flatnonzero((np.diff(by_demand.indptr) > 0) & (cover.weight > 0))
    indices, start = (part.astype(np.int64) for part in (by_demand.indices, by_demand.indptr))
    sites = PointSets(indices, start).take(some)
    different, same = sites.different()
    own = group[some] - group[some].min(initial=0)
    number[some], keys = pd.factorize(own * len(different) + same)
    return number, len(keys)


def greedy(cover: Cover, count: int, among: Sequence[int] | None = None) -> list[int]:
    """The candidate that adds most, then the one that adds most to it, and so on.

    Ends before `count` where nothing is left to gain.  Of equals the first wins.
    """
    covered = np.zeros(len(cover.weight), dtype=bool)
    gains = cover.gains(covered)
    if among is not None:
        gains[np.setdiff1d(np.arange(len(gains)), among)] = 0
    least = 1e-9 * max(float(cover.weight.sum()), 1e-300)
    chosen: list[int] = []
    while len(chosen) < count and gains.max(initial=0.0) > least:
        best = int(np.argmax(gains))
        chosen.append(best)
        new = cover.covers(best)
        new = new[~covered[new]]
        covered[new] = True
        rows = cover.by_demand[new]
        lost = np.repeat(cover.weight[new], np.diff(rows.indptr))
        gains -= np.bincount(rows.indices, lost, len(gains))
        gains[best] = 0
    return chosen


def exchanged(cover: Cover, chosen: Sequence[int]) -> list[int]:
    """`chosen` after swapping single sites as long as that gains."""
    sites = list(chosen)
    times = np.zeros(len(cover.weight), dtype=np.int64)
    for site in sites:
        times[cover.covers(site)] += 1
    least = 1e-9 * max(float(cover.weight.sum()), 1e-300)
    for _ in range(ROUNDS):
        swapped = False
        for place, site in enumerate(list(sites)):
            own = cover.covers(site)
            times[own] -= 1
            gains = cover.gains(times > 0)
            gains[sites[:place] + sites[place + 1 :]] = -1.0
            best = int(np.argmax(gains))
            if gains[best] > gains[site] + least:
                sites[place], swapped = best, True
            times[cover.covers(sites[place])] += 1
        if not swapped:
            break
    return in_order(cover, sites)


def in_order(cover: Cover, sites: Sequence[int]) -> list[int]:
    """Sites in the order of what each adds to those before; those that add nothing last."""
    order = greedy(cover, len(sites), among=sites) if len(sites) else []
    return [*order, *(site for site in sites if site not in order)]


def most_covered(cover: Cover, count: int) -> list[int]:
    """At most `count` sites that cover much, those that add most first."""
    return exchanged(cover, greedy(cover, count))


def upper_bound(cover: Cover, chosen: Sequence[int], count: int) -> float:
    """What no choice of `count` sites can exceed.

    Whatever the optimum adds to the chosen sites, each of its sites adds at most its gain beside
    them: submodularity.
    """
    gains = cover.gains(cover.covered(chosen))
    beside = float(np.sort(gains)[::-1][:count].sum())
    first = float(np.sort(cover.gains(np.zeros(len(cover.weight), dtype=bool)))[::-1][:count].sum())
    reachable = float(cover.weight[np.diff(cover.by_demand.indptr) > 0].sum())
    return min(cover.gained(chosen) + beside, first, reachable)


@dataclass(frozen=True)
class Quotas:
    """Groups of demand (units and services) and the weight still to be covered in each.

    `group` of a demand is -1 where no group counts it.
    """

    group: Ints
    need: Floats


def fewest(cover: Cover, quotas: Quotas) -> list[int]:
    """Sites that together fill every quota as far as all candidates could, as few as it finds.

    Greedy on the part of the quotas that is filled, which is submodular too, so that it needs at
    most about ln(largest gain) times as many sites as the fewest; then whatever proves needless
    is dropped.
    """
    quotas = Quotas(quotas.group, attainable(cover, quotas))
    left = quotas.need.copy()
    covered = np.zeros(len(cover.weight), dtype=bool)
    chosen: list[int] = []
    queue = [(-np.inf, candidate, -1) for candidate in range(cover.reach.shape[0])]
    while queue and (left > _least(quotas.need)).any():
        _, candidate, seen = heapq.heappop(queue)
        adds = np.minimum(_adds(cover, quotas, candidate, covered), left)
        gain = float(adds.sum())
        if seen == len(chosen):
            if gain <= 0:
                break
            chosen.append(candidate)
            left -= adds
            covered[cover.covers(candidate)] = True
        elif gain > 0:
            heapq.heappush(queue, (-gain, candidate, len(chosen)))
    return _without_needless(cover, quotas, chosen)


def least_count(cover: Cover, quotas: Quotas) -> int:
    """A number of sites that no choice can go below.

    Each group alone needs as many as its largest single gains take to fill it; all groups
    together as many as the largest gains of all.
    """
    need = attainable(cover, quotas)
    alone, together = 0, np.zeros(cover.reach.shape[0])
    for group in np.flatnonzero(need > 0):
        own = np.where(quotas.group == group, cover.weight, 0.0)
        gains = np.minimum(cover.reach @ own, need[group])
        together += gains
        alone = max(alone, _steps(gains, need[group]))
    return max(alone, _steps(together, float(need.sum())))


def _steps(gains: Floats, need: float) -> int:
    """How many of the largest gains it takes to reach the need."""
    if need <= 0:
        return 0
    reached = np.cumsum(np.sort(gains)[::-1])
    return int(np.searchsorted(reached, need * (1 - 1e-9))) + 1


def attainable(cover: Cover, quotas: Quotas) -> Floats:
    """The needs, lowered to what all candidates together could cover."""
    reached = np.diff(cover.by_demand.indptr) > 0
    most = _filled(cover, quotas, reached)
    return np.minimum(quotas.need, most)


def _least(need: Floats) -> Floats:
    return 1e-9 * np.maximum(need, 1.0)


def _filled(cover: Cover, quotas: Quotas, covered: Mask) -> Floats:
    """What is covered of each group."""
    counted = covered & (quotas.group >= 0)
    return np.bincount(quotas.group[counted], cover.weight[counted], len(quotas.need)).astype(float)


def _adds(cover: Cover, quotas: Quotas, candidate: int, covered: Mask) -> Floats:
    """What a candidate adds to each group."""
    new = cover.covers(candidate)
    new = new[~covered[new] & (quotas.group[new] >= 0)]
    return np.bincount(quotas.group[new], cover.weight[new], len(quotas.need)).astype(float)


def _without_needless(cover: Cover, quotas: Quotas, chosen: list[int]) -> list[int]:
    """`chosen` without sites whose quotas the others fill, the weakest looked at first."""
    kept = list(chosen)
    for site in reversed(chosen):
        others = [other for other in kept if other != site]
        filled = _filled(cover, quotas, cover.covered(others))
        if (filled >= quotas.need - _least(quotas.need)).all():
            kept = others
    return kept
