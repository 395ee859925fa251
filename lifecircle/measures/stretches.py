"""Parts of streets as stretches of one ruler, on which all edges lie end to end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely

from lifecircle.base.geo import Floats
from lifecircle.network.network import Ints, Mask, WalkNetwork


@dataclass(frozen=True)
class Stretches:
    """Disjoint stretches from `low` to `high` metres of the ruler, in rising order."""

    low: Floats
    high: Floats

    def __or__(self, other: Stretches) -> Stretches:
        """What lies in one or the other."""
        return _combined(self, other, np.logical_or)

    def __and__(self, other: Stretches) -> Stretches:
        """What lies in both."""
        return _combined(self, other, np.logical_and)

    def __sub__(self, other: Stretches) -> Stretches:
        """What lies in the first and not in the second."""
        return _combined(self, other, lambda one, two: one & ~two)

    def metres_before(self, at: Floats) -> Floats:
        """How many metres of the stretches lie before each place of the ruler."""
        if len(self.low) == 0:
            return np.zeros(len(at))
        before = np.concatenate([[0.0], np.cumsum(self.high - self.low)])
        number = np.searchsorted(self.low, at, side="right") - 1
        inside = np.minimum(at, self.high[np.maximum(number, 0)]) - self.low[np.maximum(number, 0)]
        return np.where(number < 0, 0.0, before[np.maximum(number, 0)] + inside)

    def holds(self, at: Floats) -> Mask:
        """Which places of the ruler lie in a stretch."""
        if len(self.low) == 0:
            return np.zeros(len(at), dtype=bool)
        number = np.searchsorted(self.low, at, side="right") - 1
        return np.asarray((number >= 0) & (at < self.high[np.maximum(number, 0)]))


def stretches(low: Floats, high: Floats) -> Stretches:
    """Stretches in any order, overlapping or not, joined into disjoint ones."""
    order = np.argsort(low, kind="stable")
    low, high = low[order], high[order]
    furthest = np.maximum.accumulate(high) if len(high) else high
    starts = np.flatnonzero(low > np.concatenate([[-np.inf], furthest[:-1]]))
    last = np.append(starts[1:], len(low)) - 1 if len(low) else starts
    return Stretches(low[starts], furthest[last])


def _combined(one: Stretches, two: Stretches, rule: Callable[[Mask, Mask], Mask]) -> Stretches:
    cuts = np.unique(np.concatenate([one.low, one.high, two.low, two.high]))
    middle = (cuts[:-1] + cuts[1:]) / 2
    kept = np.asarray(rule(one.holds(middle), two.holds(middle)))
    return stretches(cuts[:-1][kept], cuts[1:][kept])


class Ruler:
    """The straight pieces of all streets of a network, and where each lies on the ruler.

    Sight lines over squares are walked but are no streets.
    """

    def __init__(self, network: WalkNetwork) -> None:
        self.edge_start = np.concatenate([[0.0], np.cumsum(network.length_m)])
        edge = np.repeat(np.arange(network.edge_count), np.diff(network.vertex_start))
        position = self.edge_start[edge] + network.vertex_along_m
        first = np.flatnonzero(edge[:-1] == edge[1:])
        street = network.street_m[edge[first]] > 0
        first = first[street & (position[first] < position[first + 1])]
        self.low, self.high = position[first], position[first + 1]
        xy = np.column_stack([network.vertex_x, network.vertex_y])
        self.lines: npt.NDArray[np.object_] = np.asarray(
            shapely.linestrings(np.stack([xy[first], xy[first + 1]], axis=1)), dtype=object
        )
        self.tree = shapely.STRtree(self.lines)

    def on_edges(self, edge: Ints, from_m: Floats, to_m: Floats) -> Stretches:
        """Stretches given in metres along edges."""
        start = self.edge_start[edge]
        return stretches(start + from_m, start + to_m)

    def inside(self, area: shapely.Geometry) -> Stretches:
        """What of the streets lies in a polygon: every straight piece cut where it crosses it."""
        whole = self.tree.query(area, predicate="contains_properly")
        cut = np.setdiff1d(self.tree.query(area, predicate="intersects"), whole)
        parts, index = shapely.get_parts(
            shapely.intersection(self.lines[cut], area), return_index=True
        )
        is_line = shapely.get_dimensions(parts) == 1
        parts, piece = parts[is_line], cut[index[is_line]]
        start = shapely.get_point(self.lines[piece], 0)
        length = shapely.length(self.lines[piece])
        ends = [
            self.low[piece]
            + (self.high[piece] - self.low[piece])
            * np.clip(shapely.distance(start, shapely.get_point(parts, end)) / length, 0, 1)
            for end in (0, -1)
        ]
        low = np.concatenate([self.low[whole], np.minimum(*ends)])
        high = np.concatenate([self.high[whole], np.maximum(*ends)])
        return stretches(low, high)
