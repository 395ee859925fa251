"""Squares: crossed straight between places that see each other, not walked round.

The shortest walk inside a polygon with holes runs straight between corners that point inwards, so
sight lines among these and the nodes that a square shares with other ways hold every distance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from pyproj import CRS

from lifecircle.base.geo import Floats, project
from lifecircle.network.network import Ints, Mask
from lifecircle.network.rules import Flag
from lifecircle.network.ways import Square, Ways


@dataclass(frozen=True)
class Sights:
    """A square in metres of a crs: its polygon, and the nodes that sight lines run between."""

    polygon: shapely.Polygon
    flags: int
    node: Ints
    xy: Floats
    lonlat: Floats


def sights_of(ways: Ways, squares: Sequence[Square], crs: CRS) -> list[Sights]:
    """For each square the corners that point inwards and the nodes it shares with other ways."""
    owner = ways.owner
    inside = owner[1:] == owner[:-1]
    walked = np.column_stack([ways.node[:-1][inside], ways.node[1:][inside]])
    sights = []
    for square in squares:
        rings = [np.array(ring) for ring in square.rings]
        shapes = [np.column_stack(project(ring[:, 1], ring[:, 2], crs)) for ring in rings]
        corner = [_points_inwards(shape, number == 0) for number, shape in enumerate(shapes)]
        nodes = np.concatenate([ring[:-1, 0] for ring in rings]).astype(np.int64)
        chosen = np.concatenate(corner) | np.isin(nodes, _met(walked, _pairs(rings)))
        lonlat = np.concatenate([ring[:-1, 1:] for ring in rings])[chosen]
        xy = np.concatenate([shape[:-1] for shape in shapes])[chosen]
        polygon = shapely.Polygon(shapes[0], shapes[1:])
        node, first = np.unique(nodes[chosen], return_index=True)
        sights.append(Sights(polygon, square.flags, node, xy[first], lonlat[first]))
    return sights


def square_ways(ways: Ways, squares: Sequence[Square], sights: Sequence[Sights]) -> Ways:
    """The rims that are not walked yet, and the sight lines, as ways of two nodes each."""
    owner = ways.owner
    inside = owner[1:] == owner[:-1]
    done = set(_ordered(np.column_stack([ways.node[:-1][inside], ways.node[1:][inside]])))
    parts = []
    for square, seen in zip(squares, sights, strict=True):
        rings = [np.array(ring) for ring in square.rings]
        rim = [pair for pair in _ordered(_pairs(rings)) if pair not in done]
        places = {int(node): (lon, lat) for ring in rings for node, lon, lat in ring}
        parts += [(square.way_id, square.flags, pair, places) for pair in rim]
        done.update(rim)
        across = square.flags | int(Flag.ACROSS)
        lines = [pair for pair in _ordered(_sight_lines(seen)) if pair not in done]
        parts += [(square.way_id, across, pair, places) for pair in lines]
    lonlat = np.array([places[node] for *_, pair, places in parts for node in pair])
    return Ways(
        np.array([part[0] for part in parts], dtype=np.int64),
        np.array([part[1] for part in parts], dtype=np.uint8),
        2 * np.arange(len(parts) + 1),
        np.array([pair for *_, pair, _ in parts], dtype=np.int64).ravel(),
        lonlat.reshape(-1, 2)[:, 0],
        lonlat.reshape(-1, 2)[:, 1],
        np.zeros(len(parts)),
    )


def _points_inwards(ring: Floats, outline: bool) -> Mask:
    """Which corners of a closed ring turn towards the inside of the polygon it belongs to."""
    before, here, after = np.roll(ring[:-1], 1, axis=0), ring[:-1], ring[1:]
    one, two = here - before, after - here
    turn = one[:, 0] * two[:, 1] - one[:, 1] * two[:, 0]
    left_is_inside = shapely.is_ccw(shapely.linearrings(ring)) == outline
    return np.asarray(turn < 0 if left_is_inside else turn > 0)


def _pairs(rings: Sequence[Floats]) -> Ints:
    """Neighbouring nodes on the rings."""
    pairs = [np.column_stack([ring[:-1, 0], ring[1:, 0]]) for ring in rings]
    return np.concatenate(pairs).astype(np.int64)


def _ordered(pairs: Ints) -> list[tuple[int, int]]:
    """Pairs with the smaller node first, each once, sorted."""
    ordered = np.unique(np.sort(pairs, axis=1), axis=0) if len(pairs) else pairs
    return [(int(low), int(high)) for low, high in ordered if low != high]


def _met(walked: Ints, rim: Ints) -> Ints:
    """Nodes of the rim where a walked segment that is no part of the rim begins or ends."""
    on_rim = np.isin(walked, rim)
    touching = walked[on_rim.any(axis=1)]
    own = set(_ordered(rim))
    other = [pair for pair in _ordered(touching) if pair not in own]
    return np.unique(np.array(other, dtype=np.int64).ravel())


def _sight_lines(seen: Sights) -> Ints:
    """Pairs of nodes with nothing but the square between them."""
    low, high = np.triu_indices(len(seen.node), 1)
    lines = shapely.linestrings(np.stack([seen.xy[low], seen.xy[high]], axis=1))
    shapely.prepare(seen.polygon)
    clear = shapely.covers(seen.polygon, lines)
    return np.column_stack([seen.node[low], seen.node[high]])[clear]
