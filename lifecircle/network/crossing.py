"""Places in squares: from them one walks straight to all that one sees there.

A place belongs to a square if it lies in it, or if it attaches to its rim; several squares may
share a rim.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely

from lifecircle.base.geo import Floats
from lifecircle.network.attach import Attachment, straight_m
from lifecircle.network.network import Ints, Mask, WalkNetwork

RIM_M = 1e-5
"""Rounding of places on a rim: so far outside they still see into the square."""

MASK_M = 64.0
MOST_CELLS = 1 << 22
"""Squares are looked for in cells of this size, larger where there were more than so many."""

BLOCK = 1 << 18
"""So many lines of sight are looked along at a time."""


@dataclass(frozen=True)
class InSquares:
    """Pairs of places and squares: where the walk over the square begins, and the leg to there."""

    place: Ints
    square: Ints
    x: Floats
    y: Floats
    leg_m: Floats

    def of(self, chosen: Mask | Ints) -> InSquares:
        """Some of the pairs."""
        return InSquares(
            self.place[chosen],
            self.square[chosen],
            self.x[chosen],
            self.y[chosen],
            self.leg_m[chosen],
        )


@dataclass(frozen=True)
class Sight:
    """Straight walks over squares: from entries of one list to entries of another, in metres."""

    start: Ints
    end: Ints
    metres: Floats


def in_squares(network: WalkNetwork, places: Attachment) -> InSquares:
    """The squares that places lie in or attach to; empty where a network has none."""
    if not network.squares or places.own_x is None or places.own_y is None:
        nothing, no_metres = np.empty(0, dtype=np.int64), np.empty(0)
        return InSquares(nothing, nothing, no_metres, no_metres, no_metres)
    tree, mask = _squares(network).tree, _squares(network).mask
    near = np.flatnonzero(mask.may_hold(places.own_x, places.own_y))
    points = shapely.points(places.own_x[near], places.own_y[near])
    inside, square = tree.query(points, predicate="intersects")
    inside = near[inside]
    found = np.flatnonzero(places.found & mask.may_hold(places.x, places.y))
    feet = shapely.points(places.x[found], places.y[found])
    rim, rim_square = tree.query(feet, predicate="dwithin", distance=RIM_M)
    rim = found[rim]
    # Who lies in a square needs no leg to its rim.
    outside = ~np.isin(
        rim * len(network.squares) + rim_square, inside * len(network.squares) + square
    )
    rim, rim_square = rim[outside], rim_square[outside]
    return InSquares(
        np.concatenate([inside, rim]),
        np.concatenate([square, rim_square]),
        np.concatenate([places.own_x[inside], places.x[rim]]),
        np.concatenate([places.own_y[inside], places.y[rim]]),
        np.concatenate([np.zeros(len(inside)), places.leg_m[rim]]),
    )


def sight_of_nodes(network: WalkNetwork, inside: InSquares) -> tuple[Ints, Ints, Mask, Floats]:
    """For each entry the nodes it sees: entry, node, whether the square is private, metres."""
    squares = _squares(network)
    order = np.argsort(inside.square, kind="stable")
    entry, at = _all_pairs(inside.square[order], squares.start)
    entry, node = order[entry], squares.node[at]
    here = np.column_stack([inside.x, inside.y])
    there = np.column_stack([network.node_x, network.node_y])
    clear = _clear(squares, inside.square[entry], here, entry, there, node)
    entry, node = entry[clear], node[clear]
    metres = straight_m(network, *here[entry].T, *there[node].T)
    private = squares.private[inside.square[entry]]
    return entry, node, private, metres + inside.leg_m[entry]


def sight_of_places(network: WalkNetwork, one: InSquares, other: InSquares) -> Sight:
    """Pairs of places that see each other in a square, both legs included."""
    squares = _squares(network)
    first = np.argsort(one.square, kind="stable")
    second = np.argsort(other.square, kind="stable")
    begins = np.searchsorted(other.square[second], np.arange(len(squares.start)))
    start, end = _all_pairs(one.square[first], begins)
    start, end = first[start], second[end]
    here, there = np.column_stack([one.x, one.y]), np.column_stack([other.x, other.y])
    clear = _clear(squares, one.square[start], here, start, there, end)
    start, end = start[clear], end[clear]
    metres = straight_m(network, *here[start].T, *there[end].T)
    metres = metres + one.leg_m[start] + other.leg_m[end]
    return Sight(one.place[start], other.place[end], metres)


class _CellMask:
    """The cells of a grid that some polygons may touch: most places of a city are near none."""

    def __init__(self, bounds: Floats) -> None:
        """`bounds` are west, south, east and north of each polygon."""
        bounds = bounds if len(bounds) else np.zeros((1, 4))
        low, high = bounds[:, :2] - RIM_M, bounds[:, 2:] + RIM_M
        self.origin = low.min(axis=0)
        span = high.max(axis=0) - self.origin
        self.cell_m = max(MASK_M, float(np.sqrt(span.prod() / MOST_CELLS)))
        self.touched = np.zeros(np.ceil(span / self.cell_m).astype(int) + 1, dtype=bool)
        cells = np.stack([low, high], axis=1) - self.origin
        for (west, south), (east, north) in (cells // self.cell_m).astype(int).tolist():
            self.touched[west : east + 1, south : north + 1] = True

    def may_hold(self, x: Floats, y: Floats) -> Mask:
        """Which places are in cells that are touched; others are in or on no polygon."""
        column, row = (
            (one - low) // self.cell_m for one, low in zip((x, y), self.origin, strict=True)
        )
        wide, high = self.touched.shape
        chosen: Mask = (column >= 0) & (column < wide) & (row >= 0) & (row < high)
        own = np.flatnonzero(chosen)
        chosen[own] = self.touched[column[own].astype(int), row[own].astype(int)]
        return chosen


@dataclass(frozen=True)
class _Squares:
    """All squares of a network: in a tree, widened by `RIM_M`, and their nodes one after the other.

    `start` cuts `node` into squares.
    """

    tree: shapely.STRtree
    mask: _CellMask
    wide: npt.NDArray[np.object_]
    start: Ints
    node: Ints
    private: Mask


def _squares(network: WalkNetwork) -> _Squares:
    """The squares as arrays, made once for each network."""
    key = "squares in a tree"
    if key not in network.kept:
        polygons = np.array([square.polygon for square in network.squares], dtype=object)
        wide = np.asarray(shapely.buffer(polygons, RIM_M, join_style="mitre"), dtype=object)
        shapely.prepare(wide)
        nodes = [square.nodes for square in network.squares]
        network.kept[key] = _Squares(
            shapely.STRtree(polygons),
            _CellMask(shapely.bounds(polygons)),
            wide,
            np.cumsum([0, *map(len, nodes)]),
            np.concatenate([np.empty(0, dtype=np.int64), *nodes]),
            np.array([square.private for square in network.squares], dtype=bool),
        )
    squares: _Squares = network.kept[key]
    return squares


def _all_pairs(square: Ints, start: Ints) -> tuple[Ints, Ints]:
    """Each of some entries with all that `start` cuts out for its square: two lists of numbers."""
    count = np.diff(start)[square]
    entry = np.repeat(np.arange(len(square)), count)
    step = np.arange(len(entry)) - np.repeat(np.cumsum(count) - count, count)
    return entry, start[square[entry]] + step


def _clear(
    squares: _Squares, square: Ints, here: Floats, start: Ints, there: Floats, end: Ints
) -> Mask:
    """Between which pairs of places there is nothing but their square."""
    clear = np.zeros(len(square), dtype=bool)
    for first in range(0, len(square), BLOCK):
        own = slice(first, first + BLOCK)
        lines = shapely.linestrings(np.stack([here[start[own]], there[end[own]]], axis=1))
        clear[own] = shapely.covers(squares.wide[square[own]], lines)
    return clear
