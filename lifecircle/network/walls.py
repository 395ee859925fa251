"""Gates of a study's own, and compounds whose outline only gates let through."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely
from pyproj import CRS

from lifecircle.base.geo import Floats, project, unproject
from lifecircle.network.network import Ints
from lifecircle.network.rules import GateState
from lifecircle.network.ways import Ways

NO_NODE = np.int64(-1)
FRESH = 2**50
"""More than any node of OSM is numbered."""
STEP_M, ALONG_M, AT_NODE_M = 1.0, 0.1, 0.05
"""OSM rounds places to about a centimetre."""
GATE_REACH_M = 10.0
"""A gate counts for the ways, and for the walls, this near to it."""


@dataclass(frozen=True)
class Gates:
    """Gates of a study: places in metres of the study's crs, and what each does."""

    x: Floats
    y: Floats
    state: npt.NDArray[np.object_]
    """open, shut or private."""


def with_study_gates(
    ways: Ways, mapped: Mapping[int, GateState], gates: Gates, crs: CRS
) -> tuple[Ways, dict[int, GateState], Ints]:
    """Ways with a node at each gate of the study, what all gates do, and the node of each gate.

    A gate takes the nearest way within 10 m, and every way that meets there; it overrides what
    is mapped at that node.  A gate without a way has no node (-1).
    """
    state = dict(mapped)
    nodes = np.full(len(gates.x), NO_NODE)
    for number, (x, y) in enumerate(zip(gates.x, gates.y, strict=True)):
        ways, node = _node_at(ways, x, y, crs)
        if node is None:
            continue
        nodes[number] = node
        if gates.state[number] == "open":
            state.pop(node, None)
        else:
            state[node] = gates.state[number]
    return ways, state, nodes


def _node_at(ways: Ways, x: float, y: float, crs: CRS) -> tuple[Ways, int | None]:
    """The node of a way nearest to a place, made where the way has none there."""
    lines, first = _segments(ways, crs)
    point = shapely.Point(x, y)
    distance = shapely.distance(lines, point)
    if len(lines) == 0 or distance.min() > GATE_REACH_M:
        return ways, None
    best = int(np.argmin(distance))
    share = lines[best].project(point, normalized=True)
    length = lines[best].length
    if share * length < 1e-3:
        return ways, int(ways.node[first[best]])
    if (1 - share) * length < 1e-3:
        return ways, int(ways.node[first[best] + 1])
    spot = lines[best].interpolate(share, normalized=True)
    low, high = ways.node[first[best]], ways.node[first[best] + 1]
    # Every way that runs over this very segment gets the node.
    twins = (ways.node[first] == low) & (ways.node[first + 1] == high)
    twins |= (ways.node[first] == high) & (ways.node[first + 1] == low)
    at = first[twins] + 1
    node = np.full(len(at), fresh_node(ways))
    spots = np.full(len(at), spot.x), np.full(len(at), spot.y)
    return _inserted(ways, at, node, *spots, crs), int(node[0])


def fresh_node(ways: Ways) -> int:
    """A name for a new node, and from there on upwards.

    Beyond all of OSM's, for the next one after those of the ways may be a signal or a gate that no
    way holds.
    """
    return max(int(ways.node.max()), FRESH - 1) + 1


def walled(
    ways: Ways,
    gates: Mapping[int, GateState],
    passed: Ints,
    outlines: npt.NDArray[np.object_],
    crs: CRS,
) -> tuple[Ways, dict[int, GateState]]:
    """Ways cut wherever they cross an outline, but at the gates there.

    `passed` are nodes with a gate or entrance, which let through what crosses within 10 m of
    them; `outlines` are the compounds' boundaries in `crs`.
    A way that shares a node with the outline is cut at that node, unless it is a gate.
    """
    state = dict(gates)
    lines, first = _segments(ways, crs)
    tree = shapely.STRtree(outlines)
    segment, outline = tree.query(lines, predicate="intersects")
    if len(segment) == 0:
        return ways, state
    met = shapely.intersection(lines[segment], outlines[outline])
    doors = _places_of(ways, passed, crs)
    at: list[int] = []
    x: list[float] = []
    y: list[float] = []
    for index, places in zip(segment, met, strict=True):
        line = lines[index]
        for place in shapely.get_coordinates(places):
            if shapely.distance(doors, shapely.Point(place)) <= GATE_REACH_M:
                continue
            along = line.project(shapely.Point(place))
            near = _end_near(along, line.length)
            if near is not None:
                own = int(ways.node[first[index] + near])
                if _goes_through(ways, own, outlines, crs):
                    state.setdefault(own, "shut")
                continue
            at.append(int(first[index]) + 1)
            x.append(place[0])
            y.append(place[1])
    fresh = fresh_node(ways) + np.arange(len(at))
    state.update((int(one), "shut") for one in fresh)
    cut = _inserted(ways, np.array(at, dtype=np.int64), fresh, np.array(x), np.array(y), crs)
    return cut, state


def _places_of(ways: Ways, nodes: Ints, crs: CRS) -> shapely.MultiPoint:
    """Where some nodes lie; far away where there are none."""
    chosen = np.isin(ways.node, nodes)
    x, y = project(ways.lon[chosen], ways.lat[chosen], crs)
    return shapely.MultiPoint(np.column_stack([x, y]) if len(x) else [(np.inf, np.inf)])


def _end_near(along: float, length: float) -> int | None:
    """Which end of a segment a place on it is: 0, 1, or None."""
    if along < AT_NODE_M:
        return 0
    return 1 if length - along < AT_NODE_M else None


def _goes_through(ways: Ways, node: int, outlines: npt.NDArray[np.object_], crs: CRS) -> bool:
    """Whether ways meet at a node from both sides of an outline; along it is outside."""
    lines, first = _segments(ways, crs)
    away, back = ways.node[first] == node, ways.node[first + 1] == node
    lines = np.concatenate([lines[away], shapely.reverse(lines[back])])
    steps = np.minimum(shapely.length(lines) / 2, STEP_M)
    nearby = shapely.line_interpolate_point(lines, steps)
    # A little smaller, so that what runs along a wall is not inside by rounding.
    areas = shapely.buffer(shapely.get_parts(shapely.polygonize(list(outlines))), -ALONG_M)
    inside = shapely.contains(areas[:, np.newaxis], nearby[np.newaxis, :])
    return bool((inside != inside[:, :1]).any())


def _segments(ways: Ways, crs: CRS) -> tuple[npt.NDArray[np.object_], Ints]:
    """All segments as lines in `crs`, and the vertex each begins at."""
    owner = ways.owner
    first = np.flatnonzero(owner[1:] == owner[:-1])
    x, y = project(ways.lon, ways.lat, crs)
    places = np.stack(
        [np.column_stack([x[first], y[first]]), np.column_stack([x[first + 1], y[first + 1]])],
        axis=1,
    )
    return np.asarray(shapely.linestrings(places), dtype=object), first


def _inserted(ways: Ways, at: Ints, node: Ints, x: Floats, y: Floats, crs: CRS) -> Ways:
    """Ways with nodes put in before the vertices `at`, in the order along the way."""
    if len(at) == 0:
        return ways
    lon, lat = unproject(x, y, crs)
    base_x, base_y = project(ways.lon[at - 1], ways.lat[at - 1], crs)
    order = np.lexsort((np.hypot(x - base_x, y - base_y), at))
    at, node, lon, lat = at[order], node[order], lon[order], lat[order]
    more = np.bincount(ways.owner[at], minlength=len(ways.way_id))
    return Ways(
        ways.way_id,
        ways.flags,
        ways.start + np.append(0, np.cumsum(more)),
        np.insert(ways.node, at, node),
        np.insert(ways.lon, at, lon),
        np.insert(ways.lat, at, lat),
        ways.steps,
    )
