"""Parts of streets as stretches of one ruler, on which all edges lie end to end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely
from scipy.spatial import KDTree

from lifecircle.base.geo import Floats
from lifecircle.network.network import Ints, Mask, WalkNetwork

TILE_M = 2000.0
FEW_PIECES = 200
"""So few are cut with the whole polygon."""


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
    cuts = np.sort(np.concatenate([one.low, one.high, two.low, two.high]))
    cuts = cuts[np.diff(cuts, prepend=-np.inf) > 0]
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
        self.middle = (xy[first] + xy[first + 1]) / 2
        self.half_m = np.hypot(*(xy[first + 1] - xy[first]).T) / 2

    def on_edges(self, edge: Ints, from_m: Floats, to_m: Floats) -> Stretches:
        """Stretches given in metres along edges."""
        start = self.edge_start[edge]
        return stretches(start + from_m, start + to_m)

    def inside(self, area: shapely.Geometry, among: Ints | None = None) -> Stretches:
        """What of the streets lies in a polygon: every straight piece cut where it crosses it.

        `among` are the only pieces to look at, where the caller knows.
        """
        if among is None:
            whole = self.tree.query(area, predicate="contains_properly")
            met = self.tree.query(area, predicate="intersects")
        else:
            shapely.prepare(area)
            whole = among[shapely.contains_properly(area, self.lines[among])]
            met = among[shapely.intersects(area, self.lines[among])]
        apart = np.zeros(len(self.lines), dtype=bool)
        apart[met] = True
        apart[whole] = False
        low, high = self._cut(np.flatnonzero(apart), area)
        return stretches(
            np.concatenate([self.low[whole], low]), np.concatenate([self.high[whole], high])
        )

    def within(self, places: Floats, limit_m: float, circle_segments: int) -> Stretches:
        """What of the streets is nearer than `limit_m` to one of the places, as the crow flies.

        Circles are polygons of `circle_segments` sides a quarter; only what lies near the rim of
        the nearest one is cut.
        """
        if len(places) == 0:
            return stretches(np.empty(0), np.empty(0))
        reach_m = limit_m + float(self.half_m.max(initial=0))
        tree = KDTree(places)
        away = tree.query(self.middle, distance_upper_bound=np.nextafter(reach_m, np.inf))[0]
        sure_m = limit_m * np.cos(np.pi / (4 * circle_segments))
        whole = away + self.half_m < sure_m
        rim = np.flatnonzero(~whole & (away - self.half_m <= limit_m))
        circles = shapely.buffer(shapely.points(places), limit_m, quad_segs=circle_segments)
        cut = self.inside(shapely.union_all(circles), rim)
        low, high = self.low[whole], self.high[whole]
        return stretches(np.concatenate([low, cut.low]), np.concatenate([high, cut.high]))

    def _cut(self, pieces: Ints, area: shapely.Geometry) -> tuple[Floats, Floats]:
        """What of some pieces lies in a polygon; each is cut with the part of it around."""
        clips = self._clips(pieces, area)
        parts, index = shapely.get_parts(
            shapely.intersection(self.lines[pieces], clips), return_index=True
        )
        is_line = shapely.get_dimensions(parts) == 1
        parts, piece = parts[is_line], pieces[index[is_line]]
        start = shapely.get_point(self.lines[piece], 0)
        length = shapely.length(self.lines[piece])
        ends = [
            self.low[piece]
            + (self.high[piece] - self.low[piece])
            * np.clip(shapely.distance(start, shapely.get_point(parts, end)) / length, 0, 1)
            for end in (0, -1)
        ]
        return np.minimum(*ends), np.maximum(*ends)

    def _clips(self, pieces: Ints, area: shapely.Geometry) -> npt.NDArray[np.object_]:
        """For each piece the part of the polygon in the tile of its middle, and around it.

        A polygon of thousands of corners is cut into tiles once, not for each of many pieces.
        """
        if len(pieces) < FEW_PIECES:
            return np.full(len(pieces), area, dtype=object)
        west, south, east, north = shapely.bounds(self.lines[pieces]).T
        tile = np.floor(np.column_stack([west + east, south + north]) / 2 / TILE_M).astype(np.int64)
        tiles, number = np.unique(tile, axis=0, return_inverse=True)
        more = max(float((east - west).max()), float((north - south).max()))
        low, high = tiles * TILE_M - more, (tiles + 1) * TILE_M + more
        boxes = shapely.box(low[:, 0], low[:, 1], high[:, 0], high[:, 1])
        return np.asarray(shapely.intersection(area, boxes), dtype=object)[number.ravel()]
