"""Places in squares: from them one walks straight to all that one sees there.

A place belongs to a square if it lies in it, or if it attaches to its rim; several squares may
share a rim.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

from lifecircle.base.geo import Floats
from lifecircle.network.attach import Attachment, straight_m
from lifecircle.network.network import Ints, Mask, WalkNetwork

RIM_M = 1e-5
"""Rounding of places on a rim: so far outside they still see into the square."""


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
    tree = shapely.STRtree([square.polygon for square in network.squares])
    inside, square = tree.query(shapely.points(places.own_x, places.own_y), predicate="intersects")
    found = np.flatnonzero(places.found)
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
    starts, nodes, private, metres = [], [], [], []
    for number in np.unique(inside.square):
        square = network.squares[number]
        entries = np.flatnonzero(inside.square == number)
        ends = np.column_stack([network.node_x[square.nodes], network.node_y[square.nodes]])
        here = np.column_stack([inside.x[entries], inside.y[entries]])
        sight = _seen(network, number, here, ends)
        starts.append(entries[sight.start])
        nodes.append(square.nodes[sight.end])
        private.append(np.full(len(sight.start), square.private))
        metres.append(sight.metres + inside.leg_m[entries[sight.start]])
    nothing = np.empty(0, dtype=np.int64)
    return (
        np.concatenate([nothing, *starts]),
        np.concatenate([nothing, *nodes]),
        np.concatenate([np.empty(0, dtype=bool), *private]),
        np.concatenate([np.empty(0), *metres]),
    )


def sight_of_places(network: WalkNetwork, one: InSquares, other: InSquares) -> Sight:
    """Pairs of places that see each other in a square, both legs included."""
    starts, ends, metres = [], [], []
    for number in np.intersect1d(one.square, other.square):
        own = np.flatnonzero(one.square == number)
        far = np.flatnonzero(other.square == number)
        sight = _seen(
            network,
            number,
            np.column_stack([one.x[own], one.y[own]]),
            np.column_stack([other.x[far], other.y[far]]),
        )
        start, end = own[sight.start], far[sight.end]
        starts.append(one.place[start])
        ends.append(other.place[end])
        metres.append(sight.metres + one.leg_m[start] + other.leg_m[end])
    nothing = np.empty(0, dtype=np.int64)
    return Sight(
        np.concatenate([nothing, *starts]),
        np.concatenate([nothing, *ends]),
        np.concatenate([np.empty(0), *metres]),
    )


def _seen(network: WalkNetwork, number: int, here: Floats, there: Floats) -> Sight:
    """Which places see each other inside one square, and the straight metres between them."""
    start = np.repeat(np.arange(len(here)), len(there))
    end = np.tile(np.arange(len(there)), len(here))
    lines = shapely.linestrings(np.stack([here[start], there[end]], axis=1))
    wide = shapely.buffer(network.squares[number].polygon, RIM_M, join_style="mitre")
    shapely.prepare(wide)
    clear = shapely.covers(wide, lines)
    start, end = start[clear], end[clear]
    metres = straight_m(network, *here[start].T, *there[end].T)
    return Sight(start, end, metres)
