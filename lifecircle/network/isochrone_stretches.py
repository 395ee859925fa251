"""Stretches of streets that cones reach within a limit: disjoint, cut exactly where it falls."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lifecircle.base.geo import Floats
from lifecircle.network.isochrone_search import TIGHT_M, Cones, RingSearch
from lifecircle.network.network import Ints


@dataclass(frozen=True)
class Stretches:
    """Disjoint stretches of edges for each origin, sorted by origin and edge."""

    origin: Ints
    edge: Ints
    from_m: Floats
    to_m: Floats

    def of(self, origin: int) -> slice:
        """Where the stretches of one origin stand."""
        first, after = np.searchsorted(self.origin, [origin, origin + 1])
        return slice(int(first), int(after))


def stretches(search: RingSearch, cones: Cones, limit_m: float) -> Stretches:
    """What the cones reach within `limit_m`.

    Along an edge a cone reaches as far as what the limit leaves it: limit − metres.
    """
    cones = cones[cones.metres <= limit_m]
    low, high = within(search, cones, limit_m)
    return joined(cones.origin, cones.edge, low, high)


def within(search: RingSearch, cones: Cones, limit_m: float) -> tuple[Floats, Floats]:
    """Between which metres of its edge each cone lies within the limit."""
    spare = limit_m - cones.metres
    ahead, behind = search.rulers(cones.edge, cones.at_m)
    high = search.effort.offset(cones.edge, ahead + spare, back=search.towards)
    low = search.effort.offset(cones.edge, behind - spare, back=not search.towards)
    return np.where(cones.behind, low, cones.at_m), np.where(cones.ahead, high, cones.at_m)


def joined(origin: Ints, edge: Ints, low: Floats, high: Floats) -> Stretches:
    """Stretches joined where they overlap or touch."""
    order = np.lexsort((low, edge, origin))
    origin, edge, low, high = origin[order], edge[order], low[order], high[order]
    starts_edge = np.diff(edge, prepend=-1).astype(bool)
    starts_edge |= np.diff(origin, prepend=-1).astype(bool)
    # One running maximum serves all edges, since each is lifted above the one before it.
    lift = np.cumsum(starts_edge) * (high.max(initial=0) + 1)
    furthest = np.maximum.accumulate(high + lift) - lift
    before = np.concatenate([[-np.inf], furthest[:-1]])[: len(low)]
    first = np.flatnonzero(starts_edge | (low > before + TIGHT_M))
    ends = np.maximum.reduceat(high, first) if len(first) else high
    return Stretches(origin[first], edge[first], low[first], ends)
