"""Squares: crossed straight between places that see each other, not walked round.

The shortest walk inside a polygon with holes runs straight between corners that point inwards, so
sight lines among these and the nodes that a square shares with other ways hold every distance.
All squares are worked on at once: a city has tens of thousands.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely
from pyproj import CRS

from lifecircle.base.geo import Floats, project
from lifecircle.network.network import Ints, Mask
from lifecircle.network.rules import Flag
from lifecircle.network.ways import Square, Ways, among, numbers_in

FLAT = 1e-6
"""Lines along a rim turn out of it by no more than this, as a cross product in m²."""


@dataclass(frozen=True)
class Sights:
    """Of Q squares the polygons in metres of a crs, and the nodes that sight lines run between.

    `start` (Q + 1) cuts the nodes into squares; within one they are sorted.  On its rim a node
    stands between `before` and `after`, with the square on the left; `once` is false where rims
    meet and it stands between others too.
    """

    polygons: npt.NDArray[np.object_]
    start: Ints
    node: Ints
    xy: Floats
    lonlat: Floats
    before: Floats
    after: Floats
    once: Mask

    def opens(self, here: Ints, there: Ints) -> Mask:
        """Whether lines between nodes start into the square, by the corner that they start from.

        Cheap, and true for more than half of the lines that it is true for in the end.
        """
        corner, line = self.xy[here], self.xy[there] - self.xy[here]
        one, two = corner - self.before[here], self.after[here] - corner
        left_of_one, left_of_two = _cross(one, line) >= -FLAT, _cross(two, line) >= -FLAT
        sharp = _cross(one, two) >= 0
        between = np.where(sharp, left_of_one & left_of_two, left_of_one | left_of_two)
        return np.asarray(between | ~self.once[here])


@dataclass(frozen=True)
class Rims:
    """The corners of all rings of all squares; every ring ends with the corner it starts with."""

    square: Ints
    ring: Ints
    node: Ints
    lonlat: Floats

    @property
    def inner(self) -> Mask:
        """Which corners are followed by another of their ring: all but the last."""
        return np.append(self.ring[1:] == self.ring[:-1], np.zeros(min(1, len(self.ring)), bool))

    @property
    def pairs(self) -> tuple[Ints, Ints, Ints]:
        """Neighbouring nodes on the rings: square, the smaller node, the larger."""
        at = np.flatnonzero(self.inner)
        one, two = self.node[at], self.node[at + 1]
        at, one, two = at[one != two], one[one != two], two[one != two]
        return self.square[at], np.minimum(one, two), np.maximum(one, two)


def rims_of(squares: Sequence[Square]) -> Rims:
    """The rings of `squares` as arrays."""
    rings = [(number, ring) for number, square in enumerate(squares) for ring in square.rings]
    corners = np.array([corner for _, ring in rings for corner in ring], dtype=float).reshape(-1, 3)
    ring = np.repeat(np.arange(len(rings)), [len(ring) for _, ring in rings])
    square = np.array([number for number, _ in rings], dtype=np.int64)[ring]
    return Rims(square, ring, corners[:, 0].astype(np.int64), corners[:, 1:])


def sights_of(ways: Ways, squares: Sequence[Square], crs: CRS) -> Sights:
    """For each square the corners that point inwards and the nodes it shares with other ways."""
    rims = rims_of(squares)
    xy = np.column_stack(project(rims.lonlat[:, 0], rims.lonlat[:, 1], crs))
    rings = np.asarray(shapely.linearrings(xy, indices=rims.ring), dtype=object)
    square_of_ring = rims.square[np.flatnonzero(np.diff(rims.ring, prepend=-1))]
    outline = np.diff(square_of_ring, prepend=-1) != 0
    polygons = np.asarray(shapely.polygons(rings, indices=square_of_ring), dtype=object)
    left_is_inside = shapely.is_ccw(rings) == outline
    before, after = _neighbours(rims, left_is_inside)
    turns = _cross(xy - xy[before], xy[after] - xy) < 0
    chosen = np.flatnonzero(rims.inner & (turns | _met(ways, rims)))
    # Each node once in each square, sorted.
    chosen = chosen[np.lexsort((rims.node[chosen], rims.square[chosen]))]
    square, node = rims.square[chosen], rims.node[chosen]
    first = (np.diff(square, prepend=-1) != 0) | (np.diff(node, prepend=0) != 0)
    once = first & np.append(first[1:], True)
    chosen, square, once = chosen[first], square[first], once[first]
    start = np.searchsorted(square, np.arange(len(squares) + 1))
    around = (xy[before[chosen]], xy[after[chosen]], once)
    return Sights(polygons, start, rims.node[chosen], xy[chosen], rims.lonlat[chosen], *around)


def _neighbours(rims: Rims, left_is_inside: Mask) -> tuple[Ints, Ints]:
    """The corners before and after each, round the ring with the inside on the left.

    The last corner of a ring is the first once more, and stands for nothing.
    """
    number = np.arange(len(rims.ring))
    begins = np.diff(rims.ring, prepend=-1) != 0
    last = np.flatnonzero(~rims.inner)
    before = np.where(begins, last[rims.ring] - 1, number - 1)
    after = np.where(rims.inner, number + 1, number)
    left = left_is_inside[rims.ring]
    return np.where(left, before, after), np.where(left, after, before)


def _cross(one: Floats, two: Floats) -> Floats:
    """How far, times their lengths, `two` turns to the left of `one`."""
    return np.asarray(one[:, 0] * two[:, 1] - one[:, 1] * two[:, 0])


def _met(ways: Ways, rims: Rims) -> Mask:
    """Corners where a walked segment that is no part of the square's own rim begins or ends."""
    names = np.unique(rims.node)
    low, high = _segments_at(ways, names)
    # Every segment from each of its ends that lies on a rim.
    end, other = np.concatenate([low, high]), np.concatenate([high, low])
    end, other = end[end >= 0], other[end >= 0]
    order = np.argsort(end, kind="stable")
    end, other = end[order], other[order]
    own = np.searchsorted(names, rims.node)
    first = np.searchsorted(end, own, side="left")
    count = np.searchsorted(end, own, side="right") - first
    corner = np.repeat(np.arange(len(own)), count)
    step = np.arange(len(corner)) - np.repeat(np.cumsum(count) - count, count)
    far = other[np.repeat(first, count) + step]
    square, small, large = rims.pairs
    rim = _codes(square, numbers_in(names, small), numbers_in(names, large), len(names))
    near = own[corner]
    segment = _codes(rims.square[corner], np.minimum(near, far), np.maximum(near, far), len(names))
    strange = (far < 0) | ~among(segment, rim)
    return np.bincount(corner[strange], minlength=len(own)) > 0


def _segments_at(ways: Ways, names: Ints) -> tuple[Ints, Ints]:
    """The ends of walked segments as numbers of `names`, -1 for others; only those with one."""
    number = numbers_in(names, ways.node)
    owner = ways.owner
    inside = (owner[1:] == owner[:-1]) & (ways.node[1:] != ways.node[:-1])
    inside &= (number[1:] >= 0) | (number[:-1] >= 0)
    return number[:-1][inside], number[1:][inside]


def _codes(square: Ints | int, low: Ints, high: Ints, count: int) -> Ints:
    """One number for each pair of nodes in a square."""
    return (square * count + low) * count + high


def square_ways(ways: Ways, squares: Sequence[Square], sights: Sights) -> Ways:
    """The rims that are not walked yet, and the sight lines, as ways of two nodes each."""
    rims = rims_of(squares)
    names, place = np.unique(rims.node, return_index=True)
    low, high = _segments_at(ways, names)
    both = (low >= 0) & (high >= 0)
    walked = _codes(0, np.minimum(low, high)[both], np.maximum(low, high)[both], len(names))
    rim_square, small, large = rims.pairs
    rim = _codes(0, numbers_in(names, small), numbers_in(names, large), len(names))
    # A rim that several squares share is a way of the first.
    rim, first = np.unique(rim, return_index=True)
    fresh = ~among(rim, walked)
    rim, rim_square = rim[fresh], rim_square[first[fresh]]
    line_square, one, two = _sight_lines(sights)
    line = _codes(0, numbers_in(names, one), numbers_in(names, two), len(names))
    of_rim = numbers_in(rim, line)
    done = among(line, walked)
    done |= (of_rim >= 0) & (np.append(rim_square, 0)[of_rim] <= line_square)
    line, line_square = line[~done], line_square[~done]
    code, square = np.concatenate([rim, line]), np.concatenate([rim_square, line_square])
    across = np.repeat([False, True], [len(rim), len(line)])
    order = np.lexsort((code, across, square))
    return _pair_ways(squares, rims, names, place, code[order], square[order], across[order])


def _pair_ways(
    squares: Sequence[Square],
    rims: Rims,
    names: Ints,
    place: Ints,
    code: Ints,
    square: Ints,
    across: Mask,
) -> Ways:
    """Ways of the pairs of nodes that `code` stands for; `place` is where each name is found."""
    node = np.column_stack([code // max(1, len(names)), code % max(1, len(names))]).ravel()
    flags = np.array([one.flags for one in squares], dtype=np.uint8)[square]
    lonlat = rims.lonlat[place[node]]
    return Ways(
        np.array([one.way_id for one in squares], dtype=np.int64)[square],
        flags | np.where(across, np.uint8(Flag.ACROSS), np.uint8(0)),
        2 * np.arange(len(code) + 1),
        names[node],
        lonlat[:, 0],
        lonlat[:, 1],
        np.zeros(len(code)),
    )


def _sight_lines(sights: Sights) -> tuple[Ints, Ints, Ints]:
    """Pairs of nodes with nothing but the square between them: square, smaller, larger node."""
    count = np.diff(sights.start)
    square_of = np.repeat(np.arange(len(count)), count)
    # Each node with all that follow it in its square.
    rest = sights.start[1:][square_of] - 1 - np.arange(len(square_of))
    low = np.repeat(np.arange(len(square_of)), rest)
    high = low + 1 + np.arange(len(low)) - np.repeat(np.cumsum(rest) - rest, rest)
    open_ends = sights.opens(low, high) & sights.opens(high, low)
    low, high = low[open_ends], high[open_ends]
    lines = shapely.linestrings(np.stack([sights.xy[low], sights.xy[high]], axis=1))
    shapely.prepare(sights.polygons)
    clear = shapely.covers(sights.polygons[square_of[low]], lines)
    return square_of[low][clear], sights.node[low][clear], sights.node[high][clear]
