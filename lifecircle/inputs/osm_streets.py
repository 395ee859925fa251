"""The walked ways of an OSM extract, and an account of all others.

Every way of the file is counted: as walked, or as left out under its reason.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import osmium

from lifecircle.base.cache import kept
from lifecircle.base.geo import geodesic_m
from lifecircle.base.problems import InputRefused, Problem
from lifecircle.inputs.osm_columns import Columns
from lifecircle.inputs.osm_extract import WayPlaces, columns_of, places_of
from lifecircle.inputs.osm_file import check_osm_file, deleted_in_editor
from lifecircle.inputs.osm_grounds import Grounds, read_grounds
from lifecircle.network.network import Ints, Mask
from lifecircle.network.rules import (
    GateState,
    Policy,
    decide_node,
    decide_way,
    delay_at_node,
    highway_classes,
    kind_of_no_street,
    rule_table,
    step_count,
    undecided,
)
from lifecircle.network.ways import NodeDelay, Square, Ways

NODE_KEYS = ("barrier", "entrance", "highway", "crossing")
FOOTWAYS = {"footway", "path", "pedestrian"}
KEYS = (
    "highway", "foot", "access", "indoor", "tunnel", "bridge", "layer", "ramp", "step_count",
    "area", "type", "building", "sidewalk",
)  # fmt: skip
"""Keys that the rules ask ways for beside those in their table."""


@dataclass(frozen=True)
class Streets:
    """The walked ways of an extract, its gates, and what was left out.

    `barriers` are shapes in degrees that no leg crosses: water, and rails on the ground.
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
    barriers: npt.NDArray[np.object_]
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


def read_streets(path: Path, policy: Policy) -> Streets:
    """The walked ways and gates of an OSM extract; raises `InputRefused` where there are none."""
    check_osm_file(path)
    return kept("streets", lambda: _read(path, policy), [path, policy], [Streets, Ways, Square])


def _read(path: Path, policy: Policy) -> Streets:
    deleted = deleted_in_editor(path)
    try:
        bounds = _header_box(path)
        columns = columns_of(path, NODE_KEYS, way_keys(), deleted)
        free_nodes = np.empty((0, 2)) if bounds else _free_nodes(path)
        grounds = read_grounds(path, policy, deleted)
    except RuntimeError as error:
        problem = Problem("osm_unreadable", "refused", path.name, details={"error": str(error)})
        raise InputRefused([problem]) from None
    twice = columns.node_id[1:][np.diff(columns.node_id) == 0]
    if len(twice):
        raise InputRefused([Problem("osm_twice", "refused", path.name, value=f"n{twice[0]}")])
    streets = _streets(path.name, columns, policy, grounds, bounds, free_nodes)
    if not len(streets.ways.way_id):
        details = {"read": streets.ways_read}
        raise InputRefused([Problem("no_walkable_way", "refused", path.name, details=details)])
    return streets


@cache
def way_keys() -> frozenset[str]:
    """Every key that the rules ask a way for."""
    table = rule_table()
    pairs = [pair for room in ("other", "expressway", "oneway", "square") for pair in
             sum((row for key, row in table[room].items() if key != "kinds"), ())]  # fmt: skip
    return frozenset({pair.split("=")[0] for pair in pairs} | {*table["other"]["kinds"], *KEYS})


def _streets(
    source: str,
    columns: Columns,
    policy: Policy,
    grounds: Grounds,
    bounds: tuple[float, float, float, float] | None,
    free_nodes: npt.NDArray[np.float64],
) -> Streets:
    verdicts = [_Verdict.of(tags, policy) for tags in columns.patterns]
    reason = np.array([one.reason for one in verdicts], dtype=object)[columns.way_tags]
    walked = reason == ""
    places = places_of(columns, np.flatnonzero(reason != "no_highway"))
    ways, missing, pointless = _parts(columns, places, np.flatnonzero(walked), verdicts)
    let_through, gates, delays, odd = _nodes(columns, policy)
    for pattern, count in _counted(columns.way_tags[reason != "no_highway"]):
        odd.update({value: count * often for value, often in verdicts[pattern].undecided.items()})
    return Streets(
        source=source,
        ways=ways,
        gates=gates,
        let_through=frozenset(let_through),
        delays=delays,
        squares=grounds.squares,
        barriers=grounds.barriers,
        bounds=bounds,
        free_nodes=free_nodes,
        left_out=dict(sorted(Counter(reason[~walked].tolist()).items())),
        left_out_m=_metres_by_reason(columns, places, reason),
        no_streets=_no_streets(columns, reason, verdicts),
        undecided=dict(sorted(odd.items())),
        missing_nodes=int(missing.sum()),
        broken=tuple(np.unique(columns.way_id[np.flatnonzero(walked)[missing > 0]]).tolist()),
        pointless=pointless,
        sidewalk_elsewhere=_those(columns, reason != "no_highway", verdicts, "sidewalk_elsewhere"),
        footways=_those(columns, walked, verdicts, "footway"),
        ways_read=len(columns.way_id),
    )


@dataclass(frozen=True)
class _Verdict:
    """What the rules say of all ways with the same tags."""

    reason: str
    flags: int
    steps: float
    kind: str
    undecided: Counter[str]
    sidewalk_elsewhere: bool
    footway: bool

    @classmethod
    def of(cls, tags: Mapping[str, str], policy: Policy) -> _Verdict:
        """Ask the rules."""
        decision = decide_way(tags, policy)
        asked = {key: tags[key] for key in ("foot", "access") if key in tags}
        return cls(
            decision.reason,
            int(decision.flags),
            step_count(tags),
            kind_of_no_street(tags),
            Counter(undecided(asked)),
            tags.get("sidewalk") == "separate",
            bool(FOOTWAYS & set(highway_classes(tags))),
        )


def _counted(numbers: Ints) -> Iterable[tuple[int, int]]:
    return enumerate(np.bincount(numbers).tolist())


def _those(columns: Columns, chosen: Mask, verdicts: list[_Verdict], name: str) -> frozenset[int]:
    """Ids of the chosen ways whose verdict says so."""
    said = np.array([getattr(one, name) for one in verdicts], dtype=bool)[columns.way_tags]
    return frozenset(columns.way_id[chosen & said].tolist())


def _no_streets(
    columns: Columns, reason: npt.NDArray[np.object_], verdicts: list[_Verdict]
) -> dict[str, int]:
    """Ways that are no street at all by what they are."""
    none = reason == "no_highway"
    kind = np.array([one.kind for one in verdicts], dtype=object)[columns.way_tags[none]]
    # Of their tags only those were kept that the rules ask for.
    kind[(kind == "untagged") & columns.way_tagged[none]] = "other"
    return dict(sorted(Counter(kind.tolist()).items()))


def _parts(
    columns: Columns, places: WayPlaces, walked: Ints, verdicts: list[_Verdict]
) -> tuple[Ways, Ints, int]:
    """The walked ways, how many nodes each of them misses, and how many are of a single place.

    Where a node is missing only its segments are dropped: the way goes on as another part.
    """
    is_walked = np.zeros(len(columns.way_id), dtype=bool)
    is_walked[walked] = True
    places = places.of(is_walked[places.way])
    there = ~np.isnan(places.lon)
    missing = np.bincount(places.way[~there], minlength=len(columns.way_id))
    # A part begins with its way, and behind every gap.
    part = np.cumsum((np.diff(places.way, prepend=-1) != 0) | ~np.append(True, there[:-1]))
    places, part = places.of(there), part[there]
    first = np.flatnonzero(np.diff(part, prepend=-1))
    count = np.diff(np.append(first, len(part)))
    moves = places.node != np.repeat(places.node[first], count)
    kept = np.add.reduceat(moves, first) > 0 if len(first) else np.zeros(0, dtype=bool)
    way, whole = places.way[first[kept]], missing[places.way[first[kept]]] == 0
    places = places.of(np.repeat(kept, count))
    pointless = is_walked & (missing == 0)
    pointless[way] = False
    flags = np.array([one.flags for one in verdicts], dtype=np.uint8)
    steps = np.array([one.steps for one in verdicts])[columns.way_tags[way]]
    ways = Ways(
        way_id=columns.way_id[way],
        flags=flags[columns.way_tags[way]],
        start=np.append(0, np.cumsum(count[kept])),
        node=places.node,
        lon=places.lon,
        lat=places.lat,
        # A count of steps holds for the whole way only; of a part the length decides.
        steps=np.where(whole | (steps == 0), steps, np.nan),
    )
    return ways, missing[walked], int(pointless.sum())


def _nodes(
    columns: Columns, policy: Policy
) -> tuple[set[int], dict[int, GateState], dict[int, NodeDelay], Counter[str]]:
    """Nodes that let through, gates, delays, and values that decide nothing."""
    let_through: set[int] = set()
    gates: dict[int, GateState] = {}
    delays: dict[int, NodeDelay] = {}
    odd: Counter[str] = Counter()
    for node, tags in columns.node_tags.items():
        state = decide_node(tags, policy)
        if state != "open":
            gates[node] = state
        if "barrier" in tags and state != "shut" or "entrance" in tags:
            let_through.add(node)
        if "barrier" in tags:
            odd.update(undecided(tags))
        delay = delay_at_node(tags)
        if delay:
            delays[node] = delay
    return let_through, gates, delays, odd


def _metres_by_reason(
    columns: Columns, places: WayPlaces, reason: npt.NDArray[np.object_]
) -> dict[str, float]:
    """Geodesic metres of the ways left out, by reason."""
    left = places.of((reason[places.way] != "") & ~np.isnan(places.lon))
    inside = np.flatnonzero(left.way[1:] == left.way[:-1])
    metres = geodesic_m(
        left.lon[inside], left.lat[inside], left.lon[inside + 1], left.lat[inside + 1]
    )
    of_way = np.bincount(left.way[inside], metres, len(columns.way_id))
    names = sorted(set(reason.tolist()) - {"", "no_highway"})
    return {name: float(of_way[reason == name].sum()) for name in names}


def _header_box(path: Path) -> tuple[float, float, float, float] | None:
    box = osmium.io.Reader(path, osmium.osm.NOTHING).header().box()
    if not box.valid():
        return None
    low, high = box.bottom_left, box.top_right
    return (low.lon, low.lat, high.lon, high.lat)


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
