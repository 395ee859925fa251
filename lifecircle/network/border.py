"""A border that nobody crosses: ways end there, and squares on it are walked round, not over."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely
from pyproj import CRS
from shapely.ops import split

from lifecircle.base.geo import Floats, project, unproject
from lifecircle.network.network import Ints, Mask
from lifecircle.network.ways import Square, Ways

CLEAR_M = 0.01
"""Ways end this far from the border, so that no access leg slips round their tips."""

NEAR_M, ALONG_M = 1.0, 0.1
"""Where ways meet on the border, what lies this far from there tells the sides they come from;
nearer to the border than 10 cm they run along it."""


@dataclass(frozen=True)
class Cut:
    """Ways without what crosses a border: how many crossings there were, and of which ways."""

    ways: Ways
    squares: tuple[Square, ...]
    crossings: int
    way_id: tuple[int, ...]
    squares_kept: int


def cut_at_border(ways: Ways, squares: Sequence[Square], border: shapely.Geometry, crs: CRS) -> Cut:
    """`ways` cut wherever they cross `border` (lines in `crs`), on both sides of it.

    Where ways meet in a node on the border they are cut if they come from both sides.  A square
    that the border runs through becomes its rim, which is cut too.
    """
    crossed = _crossed(squares, border, crs)
    free = tuple(square for square, cut in zip(squares, crossed, strict=True) if not cut)
    rims = [square for square, cut in zip(squares, crossed, strict=True) if cut]
    ways = ways.joined(_rims(rims))
    x, y = project(ways.lon, ways.lat, crs)
    owner = ways.owner
    first = np.flatnonzero(owner[1:] == owner[:-1])
    xy = np.column_stack([x, y])
    drawn = shapely.linestrings(np.stack([xy[first], xy[first + 1]], axis=1))
    lines = np.asarray(drawn, dtype=object)
    shapely.prepare(border)
    touched = np.flatnonzero(shapely.intersects(border, lines))
    places: dict[int, list[float]] = {}
    for number in touched:
        line = lines[number]
        met = shapely.get_coordinates(shapely.intersection(line, border))
        places[int(first[number])] = sorted({line.project(shapely.Point(one)) for one in met})
    nodes = _passed(ways, xy, places, border)
    cuts = {
        vertex: kept
        for vertex, along in places.items()
        if (kept := _cuts_of(ways.node, xy, vertex, along, nodes))
    }
    at = np.array(sorted(cuts), dtype=np.int64)
    ids = np.unique(ways.way_id[owner[at]]) if len(at) else np.empty(0, dtype=np.int64)
    inner = sum(len([one for one in kept if one.inside]) for kept in cuts.values())
    return Cut(_cut(ways, xy, cuts, crs), free, inner + len(nodes), tuple(ids.tolist()), len(rims))


def _crossed(squares: Sequence[Square], border: shapely.Geometry, crs: CRS) -> Mask:
    shapes = []
    for square in squares:
        rings = [np.array(ring)[:, 1:] for ring in square.rings]
        flat = [np.column_stack(project(ring[:, 0], ring[:, 1], crs)) for ring in rings]
        shapes.append(shapely.Polygon(flat[0], flat[1:]))
    return np.asarray(shapely.intersects(border, np.array(shapes, dtype=object)), dtype=bool)


def _rims(squares: Sequence[Square]) -> Ways:
    """The rings of squares as ways."""
    rings = [(square, np.array(ring)) for square in squares for ring in square.rings]
    vertices = np.concatenate([np.empty((0, 3)), *(ring for _, ring in rings)])
    return Ways(
        np.array([square.way_id for square, _ in rings], dtype=np.int64),
        np.array([square.flags for square, _ in rings], dtype=np.uint8),
        np.append(0, np.cumsum([len(ring) for _, ring in rings], dtype=np.int64)),
        vertices[:, 0].astype(np.int64),
        vertices[:, 1],
        vertices[:, 2],
        np.zeros(len(rings)),
    )


def _passed(
    ways: Ways, xy: Floats, places: dict[int, list[float]], border: shapely.Geometry
) -> set[int]:
    """Nodes on the border where ways come from both sides of it."""
    at: dict[int, int] = {}
    for vertex, along in places.items():
        length = float(np.hypot(*(xy[vertex + 1] - xy[vertex])))
        if along[0] <= CLEAR_M:
            at[int(ways.node[vertex])] = vertex
        if length - along[-1] <= CLEAR_M:
            at[int(ways.node[vertex + 1])] = vertex + 1
    nearby = _nearby(ways, xy, np.array(list(at), dtype=np.int64))
    return {node for node, vertex in at.items() if _both_sides(xy[vertex], nearby[node], border)}


def _nearby(ways: Ways, xy: Floats, nodes: Ints) -> dict[int, list[Floats]]:
    """For each node the places at most `NEAR_M` from it on every segment that meets there."""
    owner = ways.owner
    first = np.flatnonzero(owner[1:] == owner[:-1])
    found: dict[int, list[Floats]] = defaultdict(list)
    for here, there in ((first, first + 1), (first + 1, first)):
        chosen = np.isin(ways.node[here], nodes)
        for one, other in zip(here[chosen], there[chosen], strict=True):
            away = xy[other] - xy[one]
            length = max(float(np.hypot(*away)), CLEAR_M)
            found[int(ways.node[one])].append(xy[one] + away * min(NEAR_M / length, 0.5))
    return found


def _both_sides(place: Floats, nearby: list[Floats], border: shapely.Geometry) -> bool:
    disk = shapely.Point(place).buffer(2 * NEAR_M)
    here = shapely.intersection(border, disk)
    points = np.asarray(shapely.points(np.array(nearby)), dtype=object)
    points = points[shapely.distance(points, here) > ALONG_M]
    parts = np.array(split(disk, shapely.line_merge(here)).geoms, dtype=object)
    return bool(shapely.intersects(parts[:, np.newaxis], points).any(axis=1).sum() > 1)


@dataclass(frozen=True)
class _Gap:
    """A piece of a segment that is left out, by metres along it; `inside` is no end of it."""

    low: float
    high: float
    inside: bool


def _cuts_of(
    node: Ints, xy: Floats, vertex: int, along: list[float], nodes: set[int]
) -> list[_Gap]:
    length = float(np.hypot(*(xy[vertex + 1] - xy[vertex])))
    gaps: list[_Gap] = []
    for place in along:
        at_start, at_end = place <= CLEAR_M, length - place <= CLEAR_M
        passed = (at_start and int(node[vertex]) in nodes) or (
            at_end and int(node[vertex + 1]) in nodes
        )
        inside = not (at_start or at_end)
        if gaps and place - CLEAR_M <= gaps[-1].high:
            gaps[-1] = _Gap(gaps[-1].low, place + CLEAR_M, gaps[-1].inside)
        elif inside or passed:
            gaps.append(_Gap(place - CLEAR_M, place + CLEAR_M, inside))
    return gaps


def _cut(ways: Ways, xy: Floats, cuts: dict[int, list[_Gap]], crs: CRS) -> Ways:
    """The ways without the gaps: vertices put in at their ends, and ways begun anew behind them."""
    at: list[int] = []
    place: list[Floats] = []
    fresh_start: list[bool] = []
    begins = np.zeros(len(ways.node), dtype=bool)
    begins[ways.start[:-1]] = True
    for vertex in sorted(cuts):
        step = xy[vertex + 1] - xy[vertex]
        length = float(np.hypot(*step))
        for gap in cuts[vertex]:
            for metres, starts in ((gap.low, False), (gap.high, True)):
                if 0 < metres < length:
                    at.append(vertex + 1)
                    place.append(xy[vertex] + step * metres / length)
                    fresh_start.append(starts)
            if gap.high >= length:
                begins[vertex + 1] = True
    index = np.array(at, dtype=np.int64)
    x, y = np.array(place).reshape(-1, 2).T
    lon, lat = unproject(x, y, crs)
    begins = np.insert(begins, index, np.array(fresh_start, dtype=bool))
    fresh = ways.node.max(initial=0) + 1 + np.arange(len(index))
    return _parts(
        ways,
        np.insert(ways.owner, index, ways.owner[index]),
        begins,
        np.insert(ways.node, index, fresh),
        np.insert(ways.lon, index, lon),
        np.insert(ways.lat, index, lat),
    )


def _parts(ways: Ways, owner: Ints, begins: Mask, node: Ints, lon: Floats, lat: Floats) -> Ways:
    """Vertices as ways that begin where `begins` says; single vertices are none."""
    start = np.append(np.flatnonzero(begins), len(node))
    part = np.repeat(np.arange(len(start) - 1), np.diff(start))
    long = np.diff(start) > 1
    own = owner[start[:-1]]
    parts_of = np.bincount(own[long], minlength=len(ways.way_id))
    kept = long[part]
    # Steps that somebody counted are shared out by length.
    steps: npt.NDArray[np.float64] = ways.steps[own]
    counted = (parts_of[own] > 1) & (steps > 0)
    if counted.any():
        away = np.hypot(np.diff(lon, prepend=lon[:1]), np.diff(lat, prepend=lat[:1]))
        away[begins] = 0
        length = np.bincount(part, away, len(own))
        whole = np.bincount(own, length, len(ways.way_id))[own]
        steps = np.where(counted, steps * length / np.maximum(whole, 1e-12), steps)
    return Ways(
        ways.way_id[own][long],
        ways.flags[own][long],
        np.append(0, np.cumsum(np.diff(start)[long])),
        node[kept],
        lon[kept],
        lat[kept],
        steps[long],
    )
