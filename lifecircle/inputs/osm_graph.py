"""Graphs of OSMnx and NetworkX, and GraphML files, as walking networks."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from pyproj import CRS
from pyproj.exceptions import CRSError

from lifecircle.base.geo import GEOGRAPHIC, Floats, centred_crs, project, unproject
from lifecircle.base.problems import InputRefused, Problem
from lifecircle.network.network import WalkNetwork
from lifecircle.network.rules import Flag, Policy, decide_way

if TYPE_CHECKING:
    import networkx as nx

TAGS = (
    "highway", "access", "foot", "oneway:foot", "foot:forward", "foot:backward", "conveying",
    "bridge", "tunnel", "layer", "indoor", "ramp", "motorroad", "expressway", "railway",
    "public_transport", "man_made", "route", "area",
)  # fmt: skip
"""Edge attributes that the rules of walking read."""


def read_graphml(path: Path, policy: Policy, crs: CRS | None) -> WalkNetwork:
    """The walking network of a GraphML file that OSMnx or NetworkX wrote."""
    import osmnx

    if not path.is_file():
        raise InputRefused([Problem("file_missing", "refused", str(path))])
    with path.open("rb") as file:
        head = file.read(65536)
    if b"<!DOCTYPE" in head:
        raise InputRefused([Problem("xml_doctype", "refused", path.name)])
    if b"<graphml" not in head:
        details = {"expected": ".graphml"}
        raise InputRefused([Problem("file_kind", "refused", path.name, details=details)])
    try:
        types = {
            "osmid": str,
            "private": _truth,
            "across": _truth,
            "one_way": _truth,
            "length": float,
        }
        graph = osmnx.load_graphml(path, edge_dtypes=types)
    except Exception as error:
        # Whatever a parser of XML, of numbers or of geometry says of a broken file.
        problem = Problem("graph_unreadable", "refused", path.name, details={"error": str(error)})
        raise InputRefused([problem]) from None
    return network_of_graph(graph, policy, crs, path.name)


def _truth(text: str) -> bool:
    return text == "True"


def network_of_graph(
    graph: nx.MultiDiGraph[Any], policy: Policy, crs: CRS | None = None, source: str = "graph"
) -> WalkNetwork:
    """The walking network of a graph with `x`, `y` at nodes and `length` at edges, in metres.

    The graph's own CRS (`graph.graph["crs"]`, default degrees) says where it lies.  Edges are
    chosen by the rules of walking from the tags they carry; `oneway` does not bind, what a graph
    of ours marks as `one_way` does.  Raises `InputRefused` where lengths or places are missing.
    """
    edges = [(u, v, dict(data)) for u, v, data in graph.edges(data=True)]
    _refuse_without_metres(graph, edges, source)
    tagged = any("highway" in data for _, _, data in edges)
    chosen = list(_walked(edges, policy, tagged))
    if not chosen:
        details = {"read": len(edges)}
        raise InputRefused([Problem("no_walkable_way", "refused", source, details=details)])
    own = _own_crs(graph, source)
    nodes = {node: number for number, node in enumerate(graph.nodes)}
    place = np.array([(float(data["x"]), float(data["y"])) for _, data in graph.nodes(data=True)])
    lon, lat = _degrees(place, own)
    crs = crs or centred_crs(float(lon.mean()), float(lat.mean()))
    xy = np.column_stack(project(lon, lat, crs))
    lines = [_line(data, place[nodes[u]], place[nodes[v]]) for u, v, data, _ in chosen]
    kept = _each_once([(nodes[u], nodes[v], d, f) for u, v, d, f in chosen], lines)
    return _network(kept, xy, own, crs)


def _refuse_without_metres(graph: Any, edges: list[Any], source: str) -> None:
    lengths = [_number(data.get("length")) for _, _, data in edges]
    if not edges or not all(math.isfinite(length) and length >= 0 for length in lengths):
        raise InputRefused([Problem("graph_lengths", "refused", source)])
    places = [(_number(d.get("x")), _number(d.get("y"))) for _, d in graph.nodes(data=True)]
    if not np.isfinite(np.array(places)).all():
        raise InputRefused([Problem("graph_places", "refused", source)])


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return math.nan


def _own_crs(graph: Any, source: str) -> CRS:
    try:
        return CRS.from_user_input(graph.graph.get("crs") or GEOGRAPHIC)
    except CRSError:
        value = str(graph.graph.get("crs"))
        raise InputRefused([Problem("crs_unknown", "refused", source, value=value)]) from None


def _walked(
    edges: Iterable[tuple[Any, Any, dict[str, Any]]], policy: Policy, tagged: bool
) -> Iterable[tuple[Any, Any, dict[str, Any], Flag]]:
    """The edges that are walked, with their flags; without any tags all of them are."""
    for u, v, data in edges:
        flags = Flag(0)
        if tagged:
            tags = {key: _text(data[key]) for key in TAGS if key in data}
            decision = decide_way(tags, policy)
            if not decision.walked:
                continue
            flags = decision.flags
        if data.get("across") is True:
            flags |= Flag.ACROSS
        if data.get("private") is True:
            flags |= Flag.PRIVATE
        if data.get("one_way") is True:
            flags = (flags & ~Flag.NO_FORWARD) | Flag.NO_BACKWARD
        yield u, v, data, flags


def _text(value: Any) -> str:
    """A tag, or the several values that OSMnx keeps of simplified edges."""
    return ";".join(map(str, value)) if isinstance(value, list | tuple | set) else str(value)


def _line(data: Mapping[str, Any], start: Any, end: Any) -> np.ndarray:
    geometry = data.get("geometry")
    if geometry is None:
        return np.array([start, end], dtype=float)
    return np.asarray(shapely.get_coordinates(geometry))


def _each_once(edges: list[Any], lines: list[np.ndarray]) -> list[tuple[int, int, Any, Flag, Any]]:
    """Edges that stand in the graph in both directions, once; what is one-way stays so."""
    kept: dict[tuple[Any, ...], tuple[int, int, Any, Flag, Any]] = {}
    for (u, v, data, flags), line in zip(edges, lines, strict=True):
        low, high = min(u, v), max(u, v)
        middle = np.round(shapely.LineString(line).interpolate(0.5, normalized=True).coords[0], 6)
        bound = flags & (Flag.NO_FORWARD | Flag.NO_BACKWARD)
        name = (low, high, round(_number(data["length"]), 3), *middle)
        name = (*name, u, int(flags)) if bound else name
        kept.setdefault(name, (u, v, data, flags, line))
    return list(kept.values())


def _network(
    edges: list[tuple[int, int, Any, Flag, Any]], xy: np.ndarray, own: CRS, crs: CRS
) -> WalkNetwork:
    used = np.unique(np.array([(u, v) for u, v, *_ in edges]))
    sizes = np.array([len(line) for *_, line in edges])
    start = np.append(0, np.cumsum(sizes))
    place = np.concatenate([line for *_, line in edges])
    x, y = project(*_degrees(place, own), crs)
    length = np.array([float(data["length"]) for _, _, data, _, _ in edges])
    ends = np.array([(u, v) for u, v, *_ in edges], dtype=np.int64)
    return WalkNetwork(
        node_x=xy[used, 0],
        node_y=xy[used, 1],
        node_delay=np.zeros(len(used), dtype=np.uint8),
        edge_from=np.searchsorted(used, ends[:, 0]),
        edge_to=np.searchsorted(used, ends[:, 1]),
        length_m=length,
        flags=np.array([int(flags) for *_, flags, _ in edges], dtype=np.uint8),
        way_id=np.array([_way_id(data.get("osmid")) for _, _, data, _, _ in edges]),
        vertex_start=start,
        vertex_x=x,
        vertex_y=y,
        vertex_along_m=_along(x, y, start, length),
        vertex_steps=np.zeros(len(x)),
        vertex_z=np.full(len(x), np.nan),
        crs=crs,
        extent=shapely.MultiPoint(xy[used]).convex_hull,
    )


def _degrees(place: np.ndarray, own: CRS) -> tuple[Floats, Floats]:
    return (
        unproject(place[:, 0], place[:, 1], own) if own.is_projected else (place[:, 0], place[:, 1])
    )


def _along(x: np.ndarray, y: np.ndarray, start: np.ndarray, length: np.ndarray) -> np.ndarray:
    """Metres from the first vertex: as drawn, stretched so that the last has the edge's length."""
    step = np.hypot(np.diff(x, prepend=x[:1]), np.diff(y, prepend=y[:1]))
    step[start[:-1]] = 0
    total = np.cumsum(step)
    counts = np.diff(start)
    along = total - np.repeat(total[start[:-1]], counts)
    drawn = np.repeat(along[start[1:] - 1], counts)
    whole = np.repeat(length, counts)
    scaled = np.divide(along * whole, drawn, out=np.zeros_like(along), where=drawn > 0)
    scaled[start[1:] - 1] = length
    return np.asarray(scaled)


def _way_id(osmid: Any) -> int:
    """The id of the way, of several the largest, as contraction has it; 0 where it is none."""
    ids = osmid if isinstance(osmid, list | tuple | set) else [osmid]
    numbers = [int(one) for one in ids if str(one).lstrip("-").isdecimal()]
    return max(numbers, default=0)
