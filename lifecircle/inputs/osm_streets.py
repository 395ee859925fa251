"""The walked ways of an OSM extract, in one pass, and an account of all others.

Every way of the file is counted: as walked, or as left out under its reason.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import osmium

from lifecircle.base.geo import geodesic_m
from lifecircle.base.problems import InputRefused, Problem
from lifecircle.inputs.osm_file import check_osm_file, deleted_in_editor, is_xml
from lifecircle.network.rules import (
    Decision,
    GateState,
    Policy,
    decide_node,
    decide_way,
    delay_at_node,
    highway_classes,
    is_square,
    kind_of_no_street,
    step_count,
    undecided,
)
from lifecircle.network.ways import NodeDelay, Square, Ways

NODE_KEYS = ("barrier", "entrance", "highway", "crossing")
FOOTWAYS = {"footway", "path", "pedestrian"}
SQUARE_KEYS = ("highway", "railway", "public_transport")


@dataclass(frozen=True)
class Streets:
    """The walked ways of an extract, its gates, and what was left out.

    `bounds` is the extract's own box (west, south, east, north) where its header has one; where
    it has none, `free_nodes` are places that no way brought in, which lie inside the extract.
    `let_through` are nodes with an entrance or a gate that is not shut.  `left_out` counts ways
    by reason, `left_out_m` their metres, `no_streets` those of the reason `no_highway` by kind,
    `undecided` values that decide nothing.  `broken` are ids of ways that miss nodes, `pointless`
    counts ways of a single place.  `sidewalk_elsewhere` are ways with sidewalk=separate,
    `footways` those made for walkers.
    """

    source: str
    ways: Ways
    gates: Mapping[int, GateState]
    let_through: frozenset[int]
    delays: Mapping[int, NodeDelay]
    squares: tuple[Square, ...]
    bounds: tuple[float, float, float, float] | None
    free_nodes: npt.NDArray[np.float64]
    left_out: Mapping[str, int]
    left_out_m: Mapping[str, float]
    no_streets: Mapping[str, int]
    undecided: Mapping[str, int]
    missing_nodes: int
    broken: tuple[int, ...]
    pointless: int
    sidewalk_elsewhere: frozenset[int]
    footways: frozenset[int]
    ways_read: int


@dataclass
class _Lines:
    """Ways as they are collected."""

    way_id: list[int] = field(default_factory=list)
    flags: list[int] = field(default_factory=list)
    steps: list[float] = field(default_factory=list)
    start: list[int] = field(default_factory=lambda: [0])
    node: list[int] = field(default_factory=list)
    lon: list[float] = field(default_factory=list)
    lat: list[float] = field(default_factory=list)

    def end_part(self, way_id: int, flags: int, steps: float) -> bool:
        """Close the way under way; False, and nothing kept, where it has no two places."""
        first = self.start[-1]
        if len(set(self.node[first:])) < 2:
            del self.node[first:], self.lon[first:], self.lat[first:]
            return False
        self.way_id.append(way_id)
        self.flags.append(flags)
        self.steps.append(steps)
        self.start.append(len(self.node))
        return True


@dataclass
class _Found:
    walked: _Lines = field(default_factory=_Lines)
    others: _Lines = field(default_factory=_Lines)
    reasons: list[str] = field(default_factory=list)
    """Of `others`, one each."""
    gates: dict[int, GateState] = field(default_factory=dict)
    let_through: set[int] = field(default_factory=set)
    delays: dict[int, NodeDelay] = field(default_factory=dict)
    left_out: Counter[str] = field(default_factory=Counter)
    no_streets: Counter[str] = field(default_factory=Counter)
    undecided: Counter[str] = field(default_factory=Counter)
    missing_nodes: int = 0
    broken: list[int] = field(default_factory=list)
    pointless: int = 0
    sidewalk_elsewhere: set[int] = field(default_factory=set)
    footways: set[int] = field(default_factory=set)
    ways_read: int = 0


def read_streets(path: Path, policy: Policy) -> Streets:
    """The walked ways and gates of an OSM extract; raises `InputRefused` where there are none."""
    check_osm_file(path)
    deleted = deleted_in_editor(path)
    found = _Found()
    try:
        bounds = _header_box(path)
        unsaved = _unsaved_nodes(path)
        for item in _objects(path):
            if not item.visible or f"{item.type_str()}{item.id}" in deleted:
                continue
            if item.is_way():
                _take_way(item, policy, unsaved, found)
            elif item.is_node():
                _take_node(item, policy, found)
        free_nodes = np.empty((0, 2)) if bounds else _free_nodes(path)
        squares = _squares(path, policy, deleted)
    except RuntimeError as error:
        problem = Problem("osm_unreadable", "refused", path.name, details={"error": str(error)})
        raise InputRefused([problem]) from None
    if not found.walked.way_id:
        details = {"read": found.ways_read}
        raise InputRefused([Problem("no_walkable_way", "refused", path.name, details=details)])
    return _streets(path.name, found, squares, bounds, free_nodes)


def _objects(path: Path) -> Iterable[Any]:
    """All ways, and the nodes that may be gates or delays."""
    nodes = osmium.filter.KeyFilter(*NODE_KEYS)
    nodes.enable_for(osmium.osm.NODE)
    entities = osmium.osm.NODE | osmium.osm.WAY
    # Any: pyosmium's union of object types knows nothing of is_way().
    processor = osmium.FileProcessor(path, entities).with_locations().with_filter(nodes)
    return cast(Iterable[Any], processor)


def _streets(
    source: str,
    found: _Found,
    squares: tuple[Square, ...],
    bounds: tuple[float, float, float, float] | None,
    free_nodes: npt.NDArray[np.float64],
) -> Streets:
    return Streets(
        source=source,
        ways=_ways(found.walked),
        gates=found.gates,
        let_through=frozenset(found.let_through),
        delays=found.delays,
        squares=squares,
        bounds=bounds,
        free_nodes=free_nodes,
        left_out=dict(sorted(found.left_out.items())),
        left_out_m=_metres_by_reason(found),
        no_streets=dict(sorted(found.no_streets.items())),
        undecided=dict(sorted(found.undecided.items())),
        missing_nodes=found.missing_nodes,
        broken=tuple(sorted(set(found.broken))),
        pointless=found.pointless,
        sidewalk_elsewhere=frozenset(found.sidewalk_elsewhere),
        footways=frozenset(found.footways),
        ways_read=found.ways_read,
    )


def _header_box(path: Path) -> tuple[float, float, float, float] | None:
    box = osmium.io.Reader(path).header().box()
    if not box.valid():
        return None
    low, high = box.bottom_left, box.top_right
    return (low.lon, low.lat, high.lon, high.lat)


def _unsaved_nodes(path: Path) -> dict[int, tuple[float, float]]:
    """Places of nodes with negative ids, which editors give to what they have not yet saved.

    osmium's table of locations leaves them out.
    """
    if not is_xml(path):
        return {}
    nodes = cast(Iterable[Any], osmium.FileProcessor(path, osmium.osm.NODE))
    return {item.id: (item.lon, item.lat) for item in nodes if item.id < 0 and item.visible}


def _free_nodes(path: Path) -> npt.NDArray[np.float64]:
    """Longitude and latitude of tagged nodes that no way and no relation uses."""
    item: Any
    tagged = {}
    with_tags = osmium.filter.EmptyTagFilter()
    for item in osmium.FileProcessor(path, osmium.osm.NODE).with_filter(with_tags):
        tagged[item.id] = (item.lon, item.lat)
    for item in osmium.FileProcessor(path, osmium.osm.WAY | osmium.osm.RELATION):
        used = item.nodes if item.is_way() else (m for m in item.members if m.type == "n")
        for node in used:
            tagged.pop(node.ref, None)
    return np.array(list(tagged.values()), dtype=float).reshape(-1, 2)


def _take_way(
    way: Any, policy: Policy, unsaved: Mapping[int, tuple[float, float]], found: _Found
) -> None:
    found.ways_read += 1
    tags = dict(way.tags)
    decision = decide_way(tags, policy)
    if decision.reason == "no_highway":
        found.left_out["no_highway"] += 1
        found.no_streets[kind_of_no_street(tags)] += 1
        return
    found.undecided.update(undecided({key: tags[key] for key in ("foot", "access") if key in tags}))
    if tags.get("sidewalk") == "separate":
        found.sidewalk_elsewhere.add(way.id)
    if decision.walked:
        if FOOTWAYS & set(highway_classes(tags)):
            found.footways.add(way.id)
        if not _take_places(way, decision, step_count(tags), unsaved, found):
            found.pointless += 1
        return
    found.left_out[decision.reason] += 1
    places = [(node.lon, node.lat) for node in way.nodes if node.location.valid()]
    found.others.lon += [lon for lon, _ in places]
    found.others.lat += [lat for _, lat in places]
    found.others.start.append(len(found.others.lon))
    found.reasons.append(decision.reason)


def _take_places(
    way: Any,
    decision: Decision,
    steps: float,
    unsaved: Mapping[int, tuple[float, float]],
    found: _Found,
) -> bool:
    """Keep the places of a walked way; False where it has no two of them.

    Where a node is missing only its segments are dropped: the way goes on as another part.
    """
    lines, flags, kept = found.walked, int(decision.flags), False
    missing = 0
    for node in way.nodes:
        place = (node.lon, node.lat) if node.location.valid() else unsaved.get(node.ref)
        if place is None:
            missing += 1
            kept |= lines.end_part(way.id, flags, np.nan if steps else 0.0)
            continue
        lines.node.append(node.ref)
        lines.lon.append(place[0])
        lines.lat.append(place[1])
    # A count of steps holds for the whole way only; of a part the length decides.
    kept |= lines.end_part(way.id, flags, steps if not missing else steps and np.nan)
    if missing:
        found.missing_nodes += missing
        found.broken.append(way.id)
    return kept or missing > 0


def _take_node(node: Any, policy: Policy, found: _Found) -> None:
    tags = dict(node.tags)
    state = decide_node(tags, policy)
    if state != "open":
        found.gates[node.id] = state
    if "barrier" in tags and state != "shut" or "entrance" in tags:
        found.let_through.add(node.id)
    if "barrier" in tags:
        found.undecided.update(undecided(tags))
    delay = delay_at_node(tags)
    if delay:
        found.delays[node.id] = delay


def _squares(path: Path, policy: Policy, deleted: frozenset[str]) -> tuple[Square, ...]:
    """Walked areas that are crossed freely, as rings of nodes; in the order of their ids."""
    wanted = osmium.filter.KeyFilter(*SQUARE_KEYS)
    areas = (
        osmium.FileProcessor(path)
        .with_areas(wanted)
        .with_filter(osmium.filter.EntityFilter(osmium.osm.AREA))
    )
    squares = []
    for area in cast(Iterable[Any], areas):
        tags = dict(area.tags)
        name = f"{'w' if area.from_way() else 'r'}{area.orig_id()}"
        if name in deleted or not is_square(tags) or area.num_rings()[0] == 0:
            continue
        decision = decide_way(tags, policy)
        if decision.walked:
            way_id = area.orig_id() if area.from_way() else -area.orig_id()
            for outer in area.outer_rings():
                rings = [_ring(outer), *(_ring(inner) for inner in area.inner_rings(outer))]
                squares.append(Square(way_id, int(decision.flags), tuple(rings)))
    return tuple(sorted(squares, key=lambda square: (square.way_id, square.rings[0][0])))


def _ring(ring: Iterable[Any]) -> tuple[tuple[int, float, float], ...]:
    return tuple((node.ref, node.lon, node.lat) for node in ring)


def _ways(lines: _Lines) -> Ways:
    return Ways(
        way_id=np.array(lines.way_id, dtype=np.int64),
        flags=np.array(lines.flags, dtype=np.uint8),
        start=np.array(lines.start, dtype=np.int64),
        node=np.array(lines.node, dtype=np.int64),
        lon=np.array(lines.lon),
        lat=np.array(lines.lat),
        steps=np.array(lines.steps, dtype=float),
    )


def _metres_by_reason(found: _Found) -> dict[str, float]:
    """Geodesic metres of the ways left out, by reason."""
    lines = found.others
    lon, lat = np.array(lines.lon), np.array(lines.lat)
    way = np.repeat(np.arange(len(found.reasons)), np.diff(lines.start))
    inside = way[1:] == way[:-1]
    steps = geodesic_m(lon[:-1], lat[:-1], lon[1:], lat[1:]) if len(lon) else np.empty(0)
    metres = np.bincount(way[1:][inside], steps[inside], len(found.reasons))
    totals: Counter[str] = Counter()
    for reason, length in zip(found.reasons, metres.tolist(), strict=True):
        totals[reason] += length
    return dict(sorted(totals.items()))
