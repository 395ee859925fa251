"""What a scenario makes of the streets: gates, new ways and footbridges, closed ways."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import shapely
from pyproj import CRS

from lifecircle.base.geo import Floats, geodesic_m, project, unproject
from lifecircle.network.network import Ints, Mask, WalkNetwork
from lifecircle.network.rules import Flag, GateState
from lifecircle.network.walls import GATE_REACH_M, Gates, fresh_node, with_study_gates
from lifecircle.network.ways import Square, Ways
from lifecircle.scenario import Gate, NewWay, Scenario
from lifecircle.siting.scenario_names import Findings, nearest_names

Shapes = npt.NDArray[np.object_]

SHORTER = 0.99
"""No way is shorter than the straight line; what rounding takes off is forgiven."""


@dataclass(frozen=True)
class Mapped:
    """The streets as mapped: ways, shut and private gates, other passages, squares.

    `own_m` are the metres of ways that are not as long as they are drawn, by their number.
    """

    ways: Ways
    gates: Mapping[int, GateState]
    let_through: frozenset[int]
    squares: tuple[Square, ...]
    own_m: Mapping[int, float] = field(default_factory=dict)


def changed_streets(streets: Mapped, scenario: Scenario, crs: CRS, findings: Findings) -> Mapped:
    """The streets after the scenario: ways closed, then added, then the gates."""
    for number, closed in enumerate(scenario.ways.close):
        streets = _without_way(streets, closed.way, f"ways.close.{number}.way", findings)
    for number, new in enumerate(scenario.ways.add):
        streets = _with_way(streets, new, crs, f"ways.add.{number}", findings)
    for number, gate in enumerate(scenario.gates):
        streets = _with_gate(streets, gate, crs, f"gates.{number}", findings)
    return streets


def _without_way(streets: Mapped, way: int, key: str, findings: Findings) -> Mapped:
    ways = streets.ways
    squares = tuple(square for square in streets.squares if square.way_id != way)
    kept = ways.way_id != way
    if kept.all() and len(squares) == len(streets.squares):
        near = nearest_names(str(way), map(str, np.unique(ways.way_id[ways.way_id > 0]).tolist()))
        findings.refuse("scenario_way", key, way, near=near)
        return streets
    if not kept.any():
        findings.refuse("scenario_last_way", key, way)
        return streets
    return replace(streets, ways=_chosen(ways, kept), squares=squares)


def _chosen(ways: Ways, kept: Mask) -> Ways:
    vertex = kept[ways.owner]
    counts = np.diff(ways.start)[kept]
    return Ways(
        ways.way_id[kept],
        ways.flags[kept],
        np.append(0, np.cumsum(counts)),
        ways.node[vertex],
        ways.lon[vertex],
        ways.lat[vertex],
        ways.steps[kept],
    )


def _with_way(streets: Mapped, new: NewWay, crs: CRS, key: str, findings: Findings) -> Mapped:
    lon, lat = np.array(new.line, dtype=float).T
    x, y = project(lon, lat, crs)
    joins = np.zeros(len(x), dtype=bool)
    joins[[0, -1]] = True
    if not new.footbridge:
        x, y, joins = _with_crossings(streets.ways, x, y, joins, crs)
    opened = np.full(int(joins.sum()), "open", dtype=object)
    ways, _, met = with_study_gates(streets.ways, {}, Gates(x[joins], y[joins], opened), crs)
    ends = met[[0, -1]]
    if (ends < 0).all() or (new.footbridge and (ends < 0).any()):
        far = _metres_to_streets(streets.ways, x[[0, -1]], y[[0, -1]], crs)
        details = {"start_m": f"{far[0]:.0f}", "end_m": f"{far[1]:.0f}"}
        findings.refuse("scenario_touches_nothing", key, new.name, **details)
        return streets
    fresh = fresh_node(ways) + np.arange(len(x))
    node = fresh.copy()
    node[joins] = np.where(met >= 0, met, fresh[joins])
    way = _drawn(ways, new, node, *_moved_to(ways, node, x, y, crs))
    drawn_m = _length_m(way)
    if len(way.node) < 2 or (new.length_m is not None and _too_short(way, new.length_m)):
        findings.refuse("scenario_too_short", key, new.name, straight=f"{_straight_m(way):.0f}")
        return streets
    own = {} if new.length_m is None else {int(way.way_id[0]): new.length_m / drawn_m}
    return replace(streets, ways=ways.joined(way), own_m={**streets.own_m, **own})


def _with_crossings(
    ways: Ways, x: Floats, y: Floats, joins: Mask, crs: CRS
) -> tuple[Floats, Floats, Mask]:
    """The places of a line and, between them, where it crosses streets on the ground."""
    lines = _ground_lines(ways, crs)
    tree, line = shapely.STRtree(lines), shapely.LineString(np.column_stack([x, y]))
    met = shapely.intersection(lines[tree.query(line, predicate="crosses")], line)
    places = np.asarray(shapely.points(shapely.get_coordinates(met)), dtype=object)
    along = np.asarray(shapely.line_locate_point(line, places), dtype=float)
    corner = shapely.line_locate_point(line, shapely.points(x[1:-1], y[1:-1]))
    inside = (along > GATE_REACH_M) & (along < line.length - GATE_REACH_M)
    # Two ways that meet where the line crosses them are one crossing.
    along, first = np.unique(np.round(along[inside], 2), return_index=True)
    places = places[inside][first]
    at = np.concatenate([[0.0], corner, [line.length], along])
    order = np.argsort(at, kind="stable")
    whole_x = np.concatenate([x, shapely.get_x(places)])[order]
    whole_y = np.concatenate([y, shapely.get_y(places)])[order]
    return whole_x, whole_y, np.concatenate([joins, np.ones(len(places), dtype=bool)])[order]


def _ground_lines(ways: Ways, crs: CRS) -> Shapes:
    """The ways on the ground as lines in `crs`."""
    on_ground: Mask = (ways.flags & np.uint8(Flag.OFF_GROUND)) == 0
    return np.asarray(_lines(ways, crs)[on_ground])


def _metres_to_streets(ways: Ways, x: Floats, y: Floats, crs: CRS) -> Floats:
    lines, places = _lines(ways, crs), np.asarray(shapely.points(x, y), dtype=object)
    nearest = shapely.STRtree(lines).nearest(places)
    return np.asarray(shapely.distance(places, lines[nearest]))


def _lines(ways: Ways, crs: CRS) -> Shapes:
    x, y = project(ways.lon, ways.lat, crs)
    lines = shapely.linestrings(np.column_stack([x, y]), indices=ways.owner)
    return np.asarray(lines, dtype=object)


def _moved_to(ways: Ways, node: Ints, x: Floats, y: Floats, crs: CRS) -> tuple[Floats, Floats]:
    """Degrees of the places of a new way: of a street's node its own, else as drawn."""
    lon, lat = unproject(x, y, crs)
    names, first = np.unique(ways.node, return_index=True)
    at = np.clip(np.searchsorted(names, node), 0, len(names) - 1)
    known = names[at] == node
    return np.where(known, ways.lon[first[at]], lon), np.where(known, ways.lat[first[at]], lat)


def _drawn(ways: Ways, new: NewWay, node: Ints, lon: Floats, lat: Floats) -> Ways:
    """The new way alone, under a number that no other way has; a place met twice counts once."""
    kept = np.append(True, node[1:] != node[:-1])
    flags = Flag.OFF_GROUND if new.footbridge else Flag(0)
    flags |= Flag.STEPS if new.steps else Flag(0)
    flags |= Flag.RAMP if new.steps and new.ramp else Flag(0)
    number = min(int(ways.way_id.min()), 0) - 1
    first = max(fresh_node(ways), int(node.max()) + 1)
    node, lon, lat = _halved(node[kept], lon[kept], lat[kept], first)
    return Ways(
        np.array([number]),
        np.array([flags], dtype=np.uint8),
        np.array([0, len(node)]),
        node,
        lon,
        lat,
        np.array([float(new.steps)]),
    )


def _halved(node: Ints, lon: Floats, lat: Floats, first: int) -> tuple[Ints, Floats, Floats]:
    """The way with a place of its own in the middle of every piece.

    The new places are named from `first` upwards.  So no piece is the same as one of another
    way that joins the same two nodes.
    """
    fresh = first + np.arange(len(node) - 1)
    between = np.arange(1, len(node))
    return (
        np.insert(node, between, fresh),
        np.insert(lon, between, (lon[1:] + lon[:-1]) / 2),
        np.insert(lat, between, (lat[1:] + lat[:-1]) / 2),
    )


def _length_m(way: Ways) -> float:
    return float(geodesic_m(way.lon[:-1], way.lat[:-1], way.lon[1:], way.lat[1:]).sum())


def _straight_m(way: Ways) -> float:
    return float(geodesic_m(way.lon[:1], way.lat[:1], way.lon[-1:], way.lat[-1:])[0])


def _too_short(way: Ways, length_m: float) -> bool:
    return length_m < SHORTER * _straight_m(way)


def _with_gate(streets: Mapped, gate: Gate, crs: CRS, key: str, findings: Findings) -> Mapped:
    ways, gates = streets.ways, dict(streets.gates)
    known = np.array(sorted({*gates, *streets.let_through}), dtype=np.int64)
    known = known[np.isin(known, ways.node)]
    node = gate.node
    if node is not None and node not in ways.node:
        near = nearest_names(str(node), map(str, known.tolist()))
        findings.refuse("scenario_gate_node", f"{key}.node", node, near=near)
        return streets
    if node is None:
        assert gate.lon is not None and gate.lat is not None
        x, y = project(np.array([gate.lon]), np.array([gate.lat]), crs)
        node, far = _nearest_node(ways, known, x, y, crs)
        if far > GATE_REACH_M and gate.state != "open":
            state = np.array([gate.state], dtype=object)
            ways, _, made = with_study_gates(ways, {}, Gates(x, y, state), crs)
            node, far = (int(made[0]), 0.0) if made[0] >= 0 else (node, far)
        if far > GATE_REACH_M:
            details = {"near": node, "metres": f"{far:.0f}"}
            place = f"{gate.lon:g}, {gate.lat:g}"
            findings.refuse("scenario_gate_place", key, gate.name or place, **details)
            return streets
    if gates.get(node, "open") == gate.state:
        findings.refuse("scenario_gate_already", f"{key}.state", gate.name or node)
        return streets
    if gate.state == "open":
        del gates[node]
    else:
        gates[node] = gate.state
    return replace(streets, ways=ways, gates=gates)


def _nearest_node(ways: Ways, known: Ints, x: Floats, y: Floats, crs: CRS) -> tuple[int, float]:
    """The nearest of some nodes to a place, and its metres; `inf` where there are none."""
    at = np.flatnonzero(np.isin(ways.node, known))
    if len(at) == 0:
        return -1, np.inf
    own_x, own_y = project(ways.lon[at], ways.lat[at], crs)
    metres = np.hypot(own_x - x[0], own_y - y[0])
    best = int(np.argmin(metres))
    return int(ways.node[at[best]]), float(metres[best])


def with_own_lengths(network: WalkNetwork, streets: Mapped) -> WalkNetwork:
    """The network in which ways with metres of their own are as long as the scenario says."""
    along = network.vertex_along_m.copy()
    place = network.vertex_x + 1j * network.vertex_y
    owner = np.repeat(np.arange(network.edge_count), np.diff(network.vertex_start))
    for way, factor in streets.own_m.items():
        pieces = _pieces_of(streets.ways, way, network.crs)
        near = np.isin(place, np.array([end for piece in pieces for end in piece]))
        touched = near[:-1] & near[1:] & (owner[:-1] == owner[1:])
        own = [i for i in np.flatnonzero(touched) if frozenset(place[i : i + 2].tolist()) in pieces]
        for edge in np.unique(owner[own]):
            low, high = network.vertex_start[edge], network.vertex_start[edge + 1]
            steps = np.diff(along[low:high])
            steps[np.isin(np.arange(low, high - 1), own)] *= factor
            along[low + 1 : high] = np.cumsum(steps)
    length = along[network.vertex_start[1:] - 1]
    return replace(network, vertex_along_m=along, length_m=length)


def _pieces_of(ways: Ways, way: int, crs: CRS | None) -> set[frozenset[complex]]:
    """The pieces between neighbouring places of a way, as unordered pairs of places in `crs`."""
    assert crs is not None
    chosen: Sequence[int] = np.flatnonzero(ways.way_id == way).tolist()
    pieces = set()
    for number in chosen:
        own = slice(ways.start[number], ways.start[number + 1])
        x, y = project(ways.lon[own], ways.lat[own], crs)
        place = (x + 1j * y).tolist()
        pieces |= {frozenset(pair) for pair in zip(place, place[1:], strict=False)}
    return pieces
