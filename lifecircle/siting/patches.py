"""Demand points gathered into compact patches: what a planner can name, visit and serve at once."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import KDTree

from lifecircle.base.cores import side_by_side
from lifecircle.base.geo import Floats
from lifecircle.network.network import Ints

TOGETHER_M = 150.0
"""Points nearer than this to each other belong to one patch."""

FINE_M = 25.0

CELL_M = 50.0
"""Points are joined by cells of this size, so that dense demand costs no more than sparse."""

MOST_KEYS = 2**62
DENSE = 8
"""Whole numbers below so many times their count are ranked without being sorted."""

AT_ONCE = 2_000
"""So many outlines are drawn together: their points take many times the room of the outlines."""


class Nearby:
    """Demand points in the cells of their area, and which cells of one area are near: found once.

    `area` keeps points apart: those of two areas are never joined.
    """

    def __init__(self, x: Floats, y: Floats, area: Ints) -> None:
        self.x, self.y = x, y
        self.cell = numbered(area, x // CELL_M, y // CELL_M)
        self.cell_count = int(self.cell.max(initial=-1)) + 1
        away = TOGETHER_M / CELL_M
        at = np.empty((self.cell_count, 3))
        # A third coordinate keeps areas further apart than anything is joined.
        at[self.cell] = np.column_stack([x // CELL_M, y // CELL_M, area * (10 * away)])
        pairs = KDTree(at).query_pairs(away, p=np.inf, output_type="ndarray")
        self.one, self.other = pairs[:, 0].copy(), pairs[:, 1].copy()

    def pieces(self, point: Ints, kind: Ints) -> Ints:
        """The piece of each of some points: those of one area and kind not more than 150 m apart.

        Measured between the middles of each cell's points; numbered from 0 by kind and place.
        """
        key = kind * self.cell_count + self.cell[point]
        node = _ranks(key)
        count = np.bincount(node)
        x, y = (np.bincount(node, values[point]) / count for values in (self.x, self.y))
        key_of = np.empty_like(count)
        key_of[node] = key
        kind_of, cell_of = np.divmod(key_of, self.cell_count)
        pairs = [self._near(np.flatnonzero(kind_of == one), cell_of) for one in np.unique(kind_of)]
        one, other = np.concatenate([np.empty((2, 0), dtype=np.int64), *pairs], axis=1)
        near = (x[one] - x[other]) ** 2 + (y[one] - y[other]) ** 2 <= TOGETHER_M**2
        ends = one[near], other[near]
        graph = coo_array((np.ones(len(ends[0])), ends), shape=(len(count),) * 2)
        piece: Ints = connected_components(graph, directed=False)[1].astype(np.int64)
        return piece[node]

    def _near(self, nodes: Ints, cell_of: Ints) -> Ints:
        """Pairs of some nodes, at most one a cell, in cells near each other."""
        node_at = np.full(self.cell_count, -1, dtype=np.int64)
        node_at[cell_of[nodes]] = nodes
        one = node_at[self.one]
        some = one >= 0
        one, other = one[some], node_at[self.other[some]]
        both = other >= 0
        return np.stack([one[both], other[both]])


def parts_of(piece: Ints, x: Floats, y: Floats, span_m: Floats) -> Ints:
    """The patch of each point, counted from 0: pieces wider than their `span_m` in equal parts.

    One facility could not serve more.  The numbers do not depend on the order of the points.
    """
    parts = [piece]
    pieces = int(piece.max(initial=-1)) + 1
    span = np.empty(pieces)
    span[piece] = span_m
    for values in (x, y):
        low, high = np.full(pieces, np.inf), np.full(pieces, -np.inf)
        np.minimum.at(low, piece, values)
        np.maximum.at(high, piece, values)
        count = np.maximum(np.ceil((high - low) / span), 1)
        width = np.maximum((high - low) / count, 1e-9)
        own = (values - low[piece]) // width[piece]
        parts.append(np.minimum(own, count[piece] - 1).astype(np.int64))
    return numbered(*parts)


def numbered(*keys: Ints | Floats) -> Ints:
    """The number of each row among the different rows of whole numbers, in their order."""
    number, count = np.zeros(len(keys[0]), dtype=np.int64), 1
    for key in keys:
        own = (key - key.min(initial=0)).astype(np.int64)
        wide = int(own.max(initial=0)) + 1
        if count * wide > MOST_KEYS:
            number = _ranks(number)
            count = int(number.max(initial=0)) + 1
        number, count = number * wide + own, count * wide
    return _ranks(number)


def _ranks(values: Ints) -> Ints:
    """The rank of each value, from 0 up, among the different ones."""
    wide = int(values.max(initial=-1)) + 1
    if wide > DENSE * len(values):
        return np.asarray(pd.factorize(values, sort=True)[0], dtype=np.int64)
    there = np.zeros(wide, dtype=bool)
    there[values] = True
    rank: Ints = np.cumsum(there) - 1
    return rank[values]


def outlines(x: Floats, y: Floats, patch: Ints) -> npt.NDArray[np.object_]:
    """For each patch, in their order, the ground around its points.

    One point for each square of `FINE_M` draws it; no other is further than √2 times that.
    """
    square = numbered(patch, x // FINE_M, y // FINE_M)
    kept = np.flatnonzero(~pd.Series(square).duplicated().to_numpy())
    kept = kept[np.argsort(square[kept], kind="stable")]
    start = np.append(np.flatnonzero(np.diff(patch[kept], prepend=-1)), len(kept))
    xy = np.column_stack([x[kept], y[kept]])

    def around(low: int) -> npt.NDArray[np.object_]:
        hulls = shapely.concave_hull(_drawn(xy, start[low : low + AT_ONCE + 1]), ratio=0.25)
        return np.asarray(shapely.buffer(hulls, CELL_M, quad_segs=4), dtype=object)

    shapes = side_by_side(around, range(0, len(start) - 1, AT_ONCE))
    return np.concatenate([np.empty(0, dtype=object), *shapes])


def _drawn(xy: Floats, ends: Ints) -> npt.NDArray[np.object_]:
    """Points from each of `ends` to the next as one line or point, lighter than many points."""
    size = np.diff(ends)
    lines, number = np.empty(len(size), dtype=object), np.repeat(np.arange(len(size)), size)
    several = size[number] > 1
    own = xy[ends[0] : ends[-1]]
    lines[size == 1] = shapely.points(own[~several])
    at = np.cumsum(size > 1) - 1
    lines[size > 1] = shapely.linestrings(own[several], indices=at[number[several]])
    return lines
