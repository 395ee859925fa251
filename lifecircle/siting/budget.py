"""Choosing sites under a budget, and sites that can serve only so many people.

Both what sites cover and what they serve within their room (a largest flow from sites to people)
are monotone and submodular.  Under a budget the better of two greedy searches, by gain for each
unit of cost and by gain alone, gives at least ½ (1 − 1/e) of the optimum (Leskovec et al. 2007,
after Khuller, Moss & Naor 1999); for a number of sites the plain one gives 1 − 1/e.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import maximum_flow

from lifecircle.base.geo import Floats
from lifecircle.siting.greedy import Cover
from lifecircle.siting.limits import Limits

WHOLE = 2**30
"""Flows are whole numbers; people are counted in the finest unit that keeps sums below this."""


class Worth(Protocol):
    """What sites are worth together: monotone and submodular."""

    def alone(self) -> Floats:
        """What each candidate is worth by itself."""

    def gained(self, chosen: Sequence[int]) -> float:
        """What the chosen candidates are worth together."""


@dataclass(frozen=True)
class Loads:
    """A cover whose candidates serve at most `room` each, in the unit of the demand's weight."""

    cover: Cover
    room: Floats

    def alone(self) -> Floats:
        """What each candidate serves by itself."""
        return np.minimum(self.cover.alone(), self.room)

    def gained(self, chosen: Sequence[int]) -> float:
        """What the chosen candidates serve together, shared out at its best."""
        return float(self.served(chosen).sum()) if len(chosen) else 0.0

    def served(self, chosen: Sequence[int]) -> csr_array:
        """What each of the chosen serves of each demand, shared out so that the sum is largest."""
        sites, demands = len(chosen), len(self.cover.weight)
        reach = self.cover.reach[list(chosen)].tocoo()
        row, column = reach.coords
        # Nothing but powers of ten, so that whole people stay whole.
        unit = 10.0 ** np.floor(np.log10(WHOLE / max(float(self.cover.weight.sum()), 1.0)))
        weight = np.rint(self.cover.weight * unit)
        most = np.minimum(self.room[list(chosen)], self.cover.weight.sum())
        room = np.floor(most * unit + 1e-6)
        source, sink = sites + demands, sites + demands + 1
        used = np.unique(column)
        ends = [
            (np.full(sites, source), np.arange(sites), room),
            (row, sites + column, weight[column]),
            (sites + used, np.full(len(used), sink), weight[used]),
        ]
        tail, head, width = (np.concatenate(part) for part in zip(*ends, strict=True))
        graph = coo_array((width.astype(np.int32), (tail, head)), shape=(sink + 1, sink + 1))
        flow = maximum_flow(graph.tocsr(), source, sink).flow[:sites, sites:source]
        served: csr_array = csr_array(flow.maximum(0)) / unit
        return served


def lazy_greedy(worth: Worth, limits: Limits, by_cost: bool) -> tuple[list[int], Floats]:
    """The affordable candidate that adds most (for its cost, `by_cost`), and so on.

    Also what each candidate can add to them at most.  Of equals the first wins; ends where
    nothing is left to gain.
    """
    most = worth.alone()
    cost = limits.costs(len(most))
    rate = np.maximum(cost, 1e-9 * max(cost.max(initial=0), 1.0)) if by_cost else np.ones(len(cost))
    queue = [(-gain / rate[site], site, 0) for site, gain in enumerate(most)]
    heapq.heapify(queue)
    least = 1e-9 * max(float(most.sum()), 1e-300)
    chosen: list[int] = []
    value, left = 0.0, limits.budget
    while queue and len(chosen) < limits.count:
        _, site, seen = heapq.heappop(queue)
        if cost[site] > left or most[site] <= least:
            continue
        if seen < len(chosen):
            most[site] = max(worth.gained([*chosen, site]) - value, 0.0)
            heapq.heappush(queue, (-most[site] / rate[site], site, len(chosen)))
            continue
        chosen.append(site)
        value, left = worth.gained(chosen), left - cost[site]
        most[site] = 0.0
    return chosen, most


def most_worth(worth: Worth, limits: Limits) -> tuple[list[int], float]:
    """The better of the greedy searches, and a value that no choice can exceed.

    Beside the chosen sites each other one adds at most what it last added, or is worth alone.
    """
    found = []
    for by_cost in (True, False) if limits.with_budget else (False,):
        chosen, beside = lazy_greedy(worth, limits, by_cost)
        value = worth.gained(chosen)
        found.append((value, chosen, value + limits.most(beside)[0]))
    alone = limits.most(worth.alone())[0]
    value, chosen, _ = max(found, key=lambda one: one[0])
    return chosen, max(value, min(alone, *(bound for *_, bound in found)))
