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

SQUARE_M = 125.0
"""Pieces are looked at by squares of this size first: most lie wholly inside or outside."""

ROUND_M = 1e-3

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
        self.first, self.xy = first, np.column_stack([network.vertex_x, network.vertex_y])
        self.squares = _Squares(self.xy[first], self.xy[first + 1])

    def _lines(self, pieces: Ints) -> npt.NDArray[np.object_]:
        first = self.first[pieces]
        ends = np.stack([self.xy[first], self.xy[first + 1]], axis=1)
        return np.asarray(shapely.linestrings(ends), dtype=object)

    def on_edges(self, edge: Ints, from_m: Floats, to_m: Floats) -> Stretches:
        """Stretches given in metres along edges."""
        start = self.edge_start[edge]
        return stretches(start + from_m, start + to_m)

    def inside(self, area: shapely.Geometry) -> Stretches:
        """What of the streets lies in a polygon: every straight piece cut where it crosses it."""
        whole, some = self.squares.inside(area)
        lines = self._lines(some)
        shapely.prepare(area)
        within = shapely.contains_properly(area, lines)
        met = ~within & shapely.intersects(area, lines)
        low, high = self._cut(some[met], lines[met], area)
        return self._joined(np.concatenate([whole, some[within]]), low, high)

    def within(self, places: Floats, limit_m: float) -> Stretches:
        """What of the streets is at most `limit_m` from one of the places, as the crow flies."""
        if len(places) == 0:
            return stretches(np.empty(0), np.empty(0))
        tree = KDTree(places)
        whole, some = self.squares.near(tree, limit_m)
        one, other = self.xy[self.first[some]], self.xy[self.first[some] + 1]
        middle, half_m = (one + other) / 2, np.hypot(*(other - one).T) / 2
        away = _away(tree, middle, limit_m + float(half_m.max(initial=0.0)))
        within = away + half_m < limit_m
        rim = np.flatnonzero(~within & (away - half_m <= limit_m))
        piece, low, high = _in_circles(one[rim], other[rim], tree, limit_m)
        piece = some[rim[piece]]
        start, length = self.low[piece], self.high[piece] - self.low[piece]
        whole = np.concatenate([whole, some[within]])
        return self._joined(whole, start + low * length, start + high * length)

    def _joined(self, whole: Ints, low: Floats, high: Floats) -> Stretches:
        """Whole pieces, and stretches of others."""
        whole = np.sort(whole)
        return stretches(
            np.concatenate([self.low[whole], low]), np.concatenate([self.high[whole], high])
        )

    def _cut(
        self, pieces: Ints, lines: npt.NDArray[np.object_], area: shapely.Geometry
    ) -> tuple[Floats, Floats]:
        """What of some pieces lies in a polygon; each is cut with the part of it around."""
        clips = _clips(lines, area)
        parts, index = shapely.get_parts(shapely.intersection(lines, clips), return_index=True)
        is_line = shapely.get_dimensions(parts) == 1
        parts, piece, line = parts[is_line], pieces[index[is_line]], lines[index[is_line]]
        start, length = shapely.get_point(line, 0), shapely.length(line)
        ends = [
            self.low[piece]
            + (self.high[piece] - self.low[piece])
            * np.clip(shapely.distance(start, shapely.get_point(parts, end)) / length, 0, 1)
            for end in (0, -1)
        ]
        return np.minimum(*ends), np.maximum(*ends)


def _clips(lines: npt.NDArray[np.object_], area: shapely.Geometry) -> npt.NDArray[np.object_]:
    """For each piece the part of the polygon in the tile of its middle, and around it.

    A polygon of thousands of corners is cut into tiles once, not for each of many pieces.
    """
    if len(lines) < FEW_PIECES:
        return np.full(len(lines), area, dtype=object)
    west, south, east, north = shapely.bounds(lines).T
    tile = np.floor(np.column_stack([west + east, south + north]) / 2 / TILE_M).astype(np.int64)
    tiles, number = np.unique(tile, axis=0, return_inverse=True)
    more = max(float((east - west).max()), float((north - south).max()))
    low, high = tiles * TILE_M - more, (tiles + 1) * TILE_M + more
    boxes = shapely.box(low[:, 0], low[:, 1], high[:, 0], high[:, 1])
    return np.asarray(shapely.intersection(area, boxes), dtype=object)[number.ravel()]


class _Squares:
    """Straight pieces (n × 2 ends) by the square of their middle, with the bounds of each."""

    def __init__(self, one: Floats, other: Floats) -> None:
        middle = np.floor((one + other) / 2 / SQUARE_M).astype(np.int64)
        middle -= middle.min(axis=0, initial=0)
        number = middle[:, 0] * (int(middle[:, 1].max(initial=0)) + 1) + middle[:, 1]
        self.piece = np.argsort(number, kind="stable")
        begins = np.flatnonzero(np.diff(number[self.piece], prepend=-1))
        self.begin, self.size = begins, np.diff(begins, append=len(number))
        low = np.minimum.reduceat(np.minimum(one, other)[self.piece], begins)
        high = np.maximum.reduceat(np.maximum(one, other)[self.piece], begins)
        self.middle, self.radius = (low + high) / 2, np.hypot(*(high - low).T) / 2 + ROUND_M
        west, south, east, north = *(low - ROUND_M).T, *(high + ROUND_M).T
        self.tree = shapely.STRtree(shapely.box(west, south, east, north))

    def inside(self, area: shapely.Geometry) -> tuple[Ints, Ints]:
        """Pieces that are surely in a polygon, and those that may be."""
        whole = self.tree.query(area, predicate="contains_properly")
        met = self.tree.query(area, predicate="intersects")
        return self._pieces(whole), self._pieces(np.setdiff1d(met, whole))

    def near(self, places: KDTree, limit_m: float) -> tuple[Ints, Ints]:
        """Pieces that are surely nearer than a limit to a place, and those that may be."""
        away = _away(places, self.middle, limit_m + float(self.radius.max(initial=0.0)))
        whole = away + self.radius < limit_m
        some = ~whole & (away - self.radius <= limit_m)
        return self._pieces(np.flatnonzero(whole)), self._pieces(np.flatnonzero(some))

    def _pieces(self, squares: Ints) -> Ints:
        size = self.size[squares]
        step = np.arange(size.sum()) - np.repeat(np.cumsum(size) - size, size)
        found: Ints = self.piece[np.repeat(self.begin[squares], size) + step]
        return found


def _away(places: KDTree, xy: Floats, most_m: float) -> Floats:
    """Metres to the nearest of the places, infinite where it is surely more than `most_m`."""
    return np.asarray(places.query(xy, distance_upper_bound=np.nextafter(most_m, np.inf))[0])


def _in_circles(
    one: Floats, other: Floats, places: KDTree, limit_m: float
) -> tuple[Ints, Floats, Floats]:
    """The parts of straight pieces in circles round places: piece, from and to as shares of it."""
    length = np.maximum(np.hypot(*(other - one).T), ROUND_M)
    reach_m = limit_m + float(length.max(initial=0)) / 2
    pairs = KDTree((one + other) / 2).sparse_distance_matrix(places, reach_m, output_type="ndarray")
    pairs = pairs[pairs["v"] <= limit_m + length[pairs["i"]] / 2]
    piece, to = pairs["i"], places.data[pairs["j"]] - one[pairs["i"]]
    length = length[piece]
    along = (to * (other - one)[piece]).sum(axis=1) / length
    chord = limit_m**2 - ((to**2).sum(axis=1) - along**2)
    half = np.sqrt(np.maximum(chord, 0.0))
    low, high = (np.clip((along + end) / length, 0, 1) for end in (-half, half))
    kept = high > low
    return piece[kept], low[kept], high[kept]
