"""The nearest place on an edge, for a million places at once.

A KD-tree holds a sample for every 20 m of street.  The nearest few samples of a place name the
segments that are measured exactly; since no street is farther from its sample than half a step,
the best of these is proven the nearest once it beats the last sample by that much, and whoever
has no such proof asks for more samples.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.spatial import KDTree

from lifecircle.base.geo import Floats
from lifecircle.network.network import Ints, Mask, WalkNetwork

STEP_M = 20.0
FIRST_SAMPLES = 8
BLOCK = 1 << 16
"""Places measured at a time, so that memory does not follow their number."""

TILE_M, CELL_M = 5000.0, 200.0
"""Places are taken tile by tile and in a tile cell by cell: those that follow one another then ask
the same part of the tree, which is 2.6 times as quick as in any order for a million of them."""

TIE_M = 1e-9
"""Streets as near as this to the nearest are as near; the place then decides, to ROUND digits."""
ROUND = 6


@dataclass(frozen=True)
class Feet:
    """For n places the nearest place on an edge: `edge` -1 where there is none near enough.

    `vertex` is the first vertex of the segment it lies on, `share` how far along that it lies.
    """

    edge: Ints
    vertex: Ints
    share: Floats
    x: Floats
    y: Floats
    metres: Floats

    def put(self, at: Ints, other: Feet) -> None:
        """Take over the places `at` from another."""
        for name in ("edge", "vertex", "share", "x", "y", "metres"):
            getattr(self, name)[at] = getattr(other, name)

    def of(self, chosen: Ints | Mask) -> Feet:
        """Some of the places."""
        arrays = (self.edge, self.vertex, self.share, self.x, self.y, self.metres)
        return Feet(*(array[chosen] for array in arrays))  # type: ignore[arg-type]

    @classmethod
    def none(cls, count: int) -> Feet:
        """Nothing found for `count` places."""
        edge, vertex = np.full((2, count), -1, dtype=np.int64)
        share, x, y = np.full((3, count), np.nan)
        return cls(edge, vertex, share, x, y, np.full(count, np.inf))


class EdgeIndex:
    """The segments of some edges of a network, and samples of them to search among."""

    def __init__(self, network: WalkNetwork, edges: Ints) -> None:
        self.network = network
        first, count = network.vertex_start[edges], np.diff(network.vertex_start)[edges] - 1
        step = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
        vertex, edge = np.repeat(first, count) + step, np.repeat(edges, count)
        length = np.hypot(*self._step(vertex))
        real = length > 0
        # What a segment is otherwise is found when it is asked for: a city has millions of them.
        self.vertex, self.edge = vertex[real].astype(np.int32), edge[real].astype(np.int32)
        pieces = np.ceil(length[real] / STEP_M).astype(np.int64)
        self.half_m = length[real] / pieces / 2
        segment = np.repeat(np.arange(len(pieces)), pieces)
        number = np.arange(len(segment)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
        middle = (number + 0.5) / pieces[segment]
        vertex = self.vertex[segment]
        across, up = self._step(vertex)
        samples = np.column_stack(
            [network.vertex_x[vertex] + middle * across, network.vertex_y[vertex] + middle * up]
        )
        # A sample that is not there, as the tree says it, is of a segment that is not asked for.
        self.segment = np.append(segment, 0).astype(np.int32)
        self.tree = KDTree(samples, leafsize=16, balanced_tree=False, compact_nodes=False)

    def _step(self, vertex: Ints) -> tuple[Floats, Floats]:
        """From some vertices to the next ones."""
        x, y = self.network.vertex_x, self.network.vertex_y
        return x[vertex + 1] - x[vertex], y[vertex + 1] - y[vertex]

    def nearest(self, x: Floats, y: Floats, within_m: float) -> Feet:
        """The nearest place on one of the edges, no farther than `within_m`."""
        feet = Feet.none(len(x))
        if len(self.vertex) == 0:
            return feet
        order = _side_by_side(x, y)
        for start in range(0, len(x), BLOCK):
            at, samples = order[start : start + BLOCK], FIRST_SAMPLES
            while len(at):
                found, proven = self._nearest(x[at], y[at], within_m, samples)
                feet.put(at[proven], found.of(proven))
                at, samples = at[~proven], 4 * samples
        return feet

    def _nearest(self, x: Floats, y: Floats, within_m: float, samples: int) -> tuple[Feet, Mask]:
        """The best among the segments of the nearest samples, and where nothing can beat it."""
        samples = min(samples, self.tree.n)
        reach_m = np.nextafter(within_m + STEP_M, np.inf)
        ranks = np.arange(1, samples + 1)
        away, sample = self.tree.query(
            np.column_stack([x, y]), ranks, distance_upper_bound=reach_m, workers=-1
        )
        away, sample = np.asarray(away), np.asarray(sample)
        # The nearest sample is a street itself: what cannot be nearer need not be measured.
        segment = self.segment[sample]
        worth = away - self.half_m[segment] <= away[:, :1]
        place, rank = np.nonzero(worth & np.isfinite(away))
        feet = self._feet(x[place], y[place], segment[place, rank])
        found = self.least(place, feet, len(x))
        found.edge[found.metres > within_m] = -1
        # What has not been seen is at least this far away.
        beyond_m = away[:, -1] - STEP_M / 2
        least_m = np.minimum(found.metres, within_m)
        return found, np.asarray((beyond_m > least_m + TIE_M) | (samples == self.tree.n))

    def _feet(self, x: Floats, y: Floats, segment: npt.NDArray[np.integer[Any]]) -> Feet:
        """Where each place is nearest to one segment."""
        vertex = self.vertex[segment].astype(np.int64)
        own_x, own_y = self.network.vertex_x[vertex], self.network.vertex_y[vertex]
        across, up = self._step(vertex)
        share = ((x - own_x) * across + (y - own_y) * up) / np.hypot(across, up) ** 2
        share = np.clip(share, 0.0, 1.0)
        # The ends exactly, so that streets that meet there are equally near.
        end = share == 1.0
        foot_x, foot_y = own_x + share * across, own_y + share * up
        foot_x[end] = self.network.vertex_x[vertex[end] + 1]
        foot_y[end] = self.network.vertex_y[vertex[end] + 1]
        metres = np.hypot(x - foot_x, y - foot_y)
        return Feet(self.edge[segment].astype(np.int64), vertex, share, foot_x, foot_y, metres)

    def all_near(self, x: Floats, y: Floats, within_m: float) -> tuple[Ints, Feet]:
        """All segments no farther than `within_m` from each place: place (rising), and foot."""
        if len(self.vertex) == 0:
            return np.empty(0, dtype=np.int64), Feet.none(0)
        reach_m = np.nextafter(within_m + STEP_M, np.inf)
        around: Any = self.tree.query_ball_point(np.column_stack([x, y]), reach_m, workers=-1)
        place = np.repeat(np.arange(len(x)), [len(samples) for samples in around])
        sample = np.concatenate([np.asarray(one, dtype=np.int64) for one in around])
        feet = self._feet(x[place], y[place], self.segment[sample])
        near = feet.metres <= within_m
        return place[near], feet.of(near)

    @staticmethod
    def least(place: Ints, feet: Feet, count: int) -> Feet:
        """The nearest of the feet of each of `count` places; `place` rises."""
        best = _least(place, feet.metres, feet, count)
        found = Feet.none(count)
        found.put(place[best], feet.of(best))
        return found


def _side_by_side(x: Floats, y: Floats) -> Ints:
    """An order of places in which neighbours follow one another."""
    column, row = (np.floor((at - at.min(initial=0)) / CELL_M).astype(np.int64) for at in (x, y))
    a_side = int(TILE_M / CELL_M)
    tile = column // a_side * (row.max(initial=0) // a_side + 1) + row // a_side
    return np.argsort((tile * a_side + column % a_side) * a_side + row % a_side, kind="stable")


def _least(place: Ints, metres: Floats, feet: Feet, count: int) -> Ints:
    """For each place that has any the nearest of its feet; ties by where it is, then by edge."""
    if len(place) == 0:
        return np.empty(0, dtype=np.int64)
    least_m = np.full(count, np.inf)
    begins = np.flatnonzero(np.diff(place, prepend=-1))
    least_m[place[begins]] = np.minimum.reduceat(metres, begins)
    near = np.flatnonzero(metres <= least_m[place] + TIE_M)
    first = np.diff(place[near], prepend=-1) != 0
    alone = first & np.append(first[1:], True)
    ties = near[~alone]
    order = np.lexsort(
        (
            feet.edge[ties],
            np.round(feet.y[ties], ROUND),
            np.round(feet.x[ties], ROUND),
            place[ties],
        )
    )
    ties = ties[order]
    return np.concatenate([near[alone], ties[np.diff(place[ties], prepend=-1) != 0]])
