"""The walking network of an OSM extract.

One pass takes the ways that are walked, with the nodes they share, and the gates on them.  What
is left out is counted by its reason.
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
import shapely
from pyproj import CRS

from lifecircle.base.geo import Floats, centred_crs, project
from lifecircle.base.problems import InputRefused, Problem
from lifecircle.inputs.osm_file import check_osm_file, deleted_in_editor
from lifecircle.inputs.osm_places import read_osm_places
from lifecircle.network.build import GateState, Ways, build_network
from lifecircle.network.network import WalkNetwork
from lifecircle.network.rules import Decision, Policy, decide_node, decide_way

WAY_KEYS = ("highway", "railway", "public_transport", "man_made")
NODE_KEYS = ("barrier",)


@dataclass(frozen=True)
class Streets:
    """The walked ways of an extract, its gates, and what was left out.

    `bounds` is the extract's own box (west, south, east, north) where its header has one; where
    it has none, `free_nodes` are places that no way brought in, which lie inside the extract.
    """

    source: str
    ways: Ways
    gates: Mapping[int, GateState]
    bounds: tuple[float, float, float, float] | None
    free_nodes: npt.NDArray[np.float64]
    left_out: Mapping[str, int]
    missing_nodes: int
    ways_read: int


@dataclass
class _Found:
    way_id: list[int] = field(default_factory=list)
    flags: list[int] = field(default_factory=list)
    start: list[int] = field(default_factory=lambda: [0])
    node: list[int] = field(default_factory=list)
    lon: list[float] = field(default_factory=list)
    lat: list[float] = field(default_factory=list)
    gates: dict[int, GateState] = field(default_factory=dict)
    left_out: Counter[str] = field(default_factory=Counter)
    missing_nodes: int = 0
    ways_read: int = 0


def read_network(
    path: str | Path,
    policy: Policy | None = None,
    crs: CRS | None = None,
    extent: tuple[float, float, float, float] | None = None,
) -> WalkNetwork:
    """The walking network of an `.osm.pbf` or `.osm` file.

    `crs` is metric (default: a transverse Mercator centred on the streets); `extent` is the box
    in degrees that the extract is complete for, where its header does not say.  Raises
    `InputRefused` where the file is no OSM extract or holds no way that is walked.
    """
    streets = read_streets(Path(path), policy or Policy())
    barriers = read_osm_places(Path(path), ()).barriers.geometry.to_numpy()
    return streets_network(streets, barriers, crs, extent)


def streets_network(
    streets: Streets,
    barriers: npt.NDArray[np.object_],
    crs: CRS | None = None,
    extent: tuple[float, float, float, float] | None = None,
) -> WalkNetwork:
    """The network of streets already read; `barriers` are degrees."""
    if crs is None:
        crs = centred_crs(float(np.mean(streets.ways.lon)), float(np.mean(streets.ways.lat)))
    ground = known_ground(streets, extent)
    return build_network(
        streets.ways, crs, streets.gates, _projected(ground, crs), _projected(barriers, crs)
    )


def known_ground(
    streets: Streets, extent: tuple[float, float, float, float] | None = None
) -> shapely.Geometry:
    """The ground in degrees that an extract is complete for.

    As declared, else the box of its header, else the convex hull of objects that are no part of
    a way: ways cut out whole reach beyond the extract, a post box does not.
    """
    box = extent or streets.bounds
    if box is not None:
        return shapely.box(*box)
    ways = np.column_stack([streets.ways.lon, streets.ways.lat])
    places = streets.free_nodes if len(streets.free_nodes) >= 3 else ways
    return shapely.MultiPoint(places).convex_hull


def read_streets(path: Path, policy: Policy) -> Streets:
    """The walked ways and gates of an OSM extract; raises `InputRefused` where there are none."""
    check_osm_file(path)
    deleted = deleted_in_editor(path)
    found = _Found()
    try:
        bounds = _header_box(path)
        wanted = osmium.filter.KeyFilter(*WAY_KEYS, *NODE_KEYS)
        objects = osmium.FileProcessor(path).with_locations().with_filter(wanted)
        # Any: pyosmium's union of object types knows nothing of is_way().
        for item in cast(Iterable[Any], objects):
            if not item.visible or f"{item.type_str()}{item.id}" in deleted:
                continue
            if item.is_way():
                _take_way(item, policy, found)
            elif item.is_node():
                _take_gate(item, policy, found)
        free_nodes = np.empty((0, 2)) if bounds else _free_nodes(path)
    except RuntimeError as error:
        problem = Problem("osm_unreadable", "refused", path.name, details={"error": str(error)})
        raise InputRefused([problem]) from None
    if not found.way_id:
        details = {"read": found.ways_read}
        raise InputRefused([Problem("no_walkable_way", "refused", path.name, details=details)])
    return Streets(
        source=path.name,
        ways=_ways(found),
        gates=found.gates,
        bounds=bounds,
        free_nodes=free_nodes,
        left_out=dict(sorted(found.left_out.items())),
        missing_nodes=found.missing_nodes,
        ways_read=found.ways_read,
    )


def _header_box(path: Path) -> tuple[float, float, float, float] | None:
    box = osmium.io.Reader(path).header().box()
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


def _take_way(way: osmium.osm.Way, policy: Policy, found: _Found) -> None:
    found.ways_read += 1
    decision = decide_way(dict(way.tags), policy)
    if not decision.walked:
        found.left_out[decision.reason] += 1
        return
    for node in way.nodes:
        if node.location.valid():
            found.node.append(node.ref)
            found.lon.append(node.lon)
            found.lat.append(node.lat)
        else:
            # Only the broken segment is dropped: the way goes on after it as another part.
            found.missing_nodes += 1
            _end_part(way.id, decision, found)
    _end_part(way.id, decision, found)


def _end_part(way_id: int, decision: Decision, found: _Found) -> None:
    if len(found.node) - found.start[-1] < 2:
        del (
            found.node[found.start[-1] :],
            found.lon[found.start[-1] :],
            found.lat[found.start[-1] :],
        )
        return
    found.way_id.append(way_id)
    found.flags.append(int(decision.flags))
    found.start.append(len(found.node))


def _take_gate(node: osmium.osm.Node, policy: Policy, found: _Found) -> None:
    state = decide_node(dict(node.tags), policy)
    if state != "open":
        found.gates[node.id] = state


def _ways(found: _Found) -> Ways:
    return Ways(
        way_id=np.array(found.way_id, dtype=np.int64),
        flags=np.array(found.flags, dtype=np.uint8),
        start=np.array(found.start, dtype=np.int64),
        node=np.array(found.node, dtype=np.int64),
        lon=np.array(found.lon),
        lat=np.array(found.lat),
    )


def _projected(geometry: Any, crs: CRS) -> Any:
    """One geometry, or an array of them, from degrees to metres of `crs`."""

    def metres(lonlat: Floats) -> Floats:
        return np.column_stack(project(lonlat[:, 0], lonlat[:, 1], crs))

    return shapely.transform(geometry, metres)
