"""Everything but streets in an OSM extract, read in one go.

Points, lines and areas come out by what they are used for: facilities, residential buildings,
residential land, what a walk may not cross, and administrative units.  Areas are assembled by
osmium from closed ways and multipolygon relations; what it cannot assemble is kept in
`OsmPlaces.incomplete`, so that each reader can say what is missing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import osmium
import pandas as pd
import shapely

from lifecircle.base.cache import kept
from lifecircle.base.geo import GEOGRAPHIC
from lifecircle.base.problems import InputRefused, Problem
from lifecircle.inputs.osm_file import check_osm_file, deleted_in_editor

Tags = Mapping[str, str]

KEYS = ("boundary", "building", "entrance", "landuse", "leisure", "natural", "railway", "waterway")
"""Keys read whatever the standard asks for."""

BARRIER_KEYS = ("natural", "railway", "waterway")
"""Those of what a walk may not cross."""

WATERWAY_LINES = {"river", "canal"}
RAIL_LINES = {"rail", "light_rail", "subway"}
GREEN = {
    "leisure": {"park", "garden", "nature_reserve", "recreation_ground"},
    "landuse": {"forest", "recreation_ground", "village_green"},
    "natural": {"wood"},
}
CLOSED_ENTRANCES = {"no", "emergency", "exit"}


@dataclass(frozen=True)
class OsmPlaces:
    """The places of one extract, in EPSG:4326.

    Ids are "n…", "w…" or "r…", an area carrying that of its way or relation.  Each frame is
    sorted by id.
    """

    source: str
    features: gpd.GeoDataFrame
    """osm_id, tags, geometry: Point, Polygon or MultiPolygon; an open way gives its midpoint."""
    buildings: gpd.GeoDataFrame
    """osm_id, tags, entrance (Point or None), geometry: area."""
    land: gpd.GeoDataFrame
    """osm_id, tags, geometry: areas with landuse=residential."""
    barriers: gpd.GeoDataFrame
    """osm_id, tags, kind (water, waterway, rail), geometry: area or line at ground level."""
    parks: gpd.GeoDataFrame
    """osm_id, tags, geometry: green areas, for a base map."""
    admin: gpd.GeoDataFrame
    """osm_id, tags, geometry: administrative areas that could be assembled."""
    incomplete: pd.DataFrame
    """osm_id, tags: ways and relations that should be areas but have a part missing or broken."""


@dataclass
class _Found:
    """What the pass over the file collects."""

    keys: frozenset[str]
    """Tag keys that make an object a feature."""
    features: list[dict[str, Any]] = field(default_factory=list)
    buildings: list[dict[str, Any]] = field(default_factory=list)
    land: list[dict[str, Any]] = field(default_factory=list)
    barriers: list[dict[str, Any]] = field(default_factory=list)
    parks: list[dict[str, Any]] = field(default_factory=list)
    admin: list[dict[str, Any]] = field(default_factory=list)
    lines: list[dict[str, Any]] = field(default_factory=list)
    """Ways that are features unless they turn out to be areas."""
    entrances: dict[int, tuple[str, shapely.Point]] = field(default_factory=dict)
    wanted_areas: dict[str, dict[str, str]] = field(default_factory=dict)
    """Ways and relations that mean an area, and their tags."""
    areas: set[str] = field(default_factory=set)


def read_osm_places(path: Path, keys: Collection[str]) -> OsmPlaces:
    """The places of the extract at `path`; `keys` are the tag keys of possible facilities.

    Raises `InputRefused` where the file is not a whole OSM extract.
    """
    check_osm_file(path)
    asked = frozenset(keys)
    return kept("places", lambda: _read(path, asked), [path, asked], [OsmPlaces])


def _read(path: Path, keys: frozenset[str]) -> OsmPlaces:
    deleted = deleted_in_editor(path)
    found = _Found(keys)
    try:
        for item in _objects(path, (*KEYS, *keys)):
            if item.visible and _osm_id(item) not in deleted:
                _take(item, found)
    except RuntimeError as error:
        details = {"error": str(error)}
        problem = Problem("osm_unreadable", "refused", path.name, details=details)
        raise InputRefused([problem]) from None
    return _places(path.name, found)


def _objects(path: Path, keys: Collection[str]) -> Iterator[Any]:
    """Nodes, ways, relations and assembled areas that carry a key we know."""
    wanted = osmium.filter.KeyFilter(*sorted(set(keys)))
    processor = osmium.FileProcessor(path).with_areas(wanted).with_filter(wanted)
    return iter(processor)


def _osm_id(item: Any) -> str:
    if item.is_area():
        return f"{'w' if item.from_way() else 'r'}{item.orig_id()}"
    return f"{item.type_str()}{item.id}"


def _take(item: Any, found: _Found) -> None:
    osm_id, tags = _osm_id(item), dict(item.tags)
    row: dict[str, Any] = {"osm_id": osm_id, "tags": tags}
    if item.is_node():
        _take_node(item, row, found)
    elif item.is_way():
        _take_way(item, row, found)
    elif item.is_relation():
        if tags.get("type") in ("multipolygon", "boundary") and _is_area(tags, found.keys):
            found.wanted_areas[osm_id] = tags
    elif item.num_rings()[0] > 0:
        _take_area(item, row, found)


def _take_node(node: Any, row: dict[str, Any], found: _Found) -> None:
    if not node.location.valid():
        return
    point = shapely.Point(node.location.lon, node.location.lat)
    if "entrance" in row["tags"]:
        found.entrances[node.id] = (row["tags"]["entrance"], point)
    if not found.keys.isdisjoint(row["tags"]):
        found.features.append({**row, "geometry": point})


def _take_way(way: Any, row: dict[str, Any], found: _Found) -> None:
    tags = row["tags"]
    closed = way.is_closed() and tags.get("area") != "no"
    if closed and _is_area(tags, found.keys):
        found.wanted_areas[row["osm_id"]] = tags
    kind = line_barrier(tags)
    feature = not found.keys.isdisjoint(tags)
    if kind is None and not feature:
        return
    places = [(node.lon, node.lat) for node in way.nodes if node.location.valid()]
    if len(places) < 2:
        return
    row["geometry"] = shapely.LineString(places)
    if kind is not None:
        found.barriers.append({**row, "kind": kind})
    if feature:
        found.lines.append(row)


def _take_area(area: Any, row: dict[str, Any], found: _Found) -> None:
    tags = row["tags"]
    found.areas.add(row["osm_id"])
    if not _is_area(tags, found.keys):
        return
    row["geometry"] = polygon_of(area)
    if not found.keys.isdisjoint(tags):
        found.features.append(row)
    if "building" in tags:
        found.buildings.append({**row, "entrance": _entrance(area, found.entrances)})
    if tags.get("landuse") == "residential":
        found.land.append(row)
    if is_water(tags):
        found.barriers.append({**row, "kind": "water"})
    if _is_green(tags):
        found.parks.append(row)
    if tags.get("boundary") == "administrative":
        found.admin.append(row)


def _is_area(tags: Tags, keys: frozenset[str]) -> bool:
    return (
        "building" in tags
        or tags.get("landuse") == "residential"
        or tags.get("boundary") == "administrative"
        or is_water(tags)
        or _is_green(tags)
        or not keys.isdisjoint(tags)
    )


def is_water(tags: Tags) -> bool:
    """Whether an area with these tags is open water."""
    water = tags.get("natural") == "water" or tags.get("waterway") == "riverbank"
    return water and tags.get("tunnel", "no") == "no"


def _is_green(tags: Tags) -> bool:
    return any(tags.get(key) in values for key, values in GREEN.items())


def line_barrier(tags: Tags) -> str | None:
    """The kind of barrier a way is as a line, if any: rivers, canals, and rails on the ground."""
    if tags.get("tunnel", "no") != "no":
        return None
    if tags.get("waterway") in WATERWAY_LINES:
        return "waterway"
    on_ground = tags.get("layer", "0") == "0" and tags.get("bridge", "no") == "no"
    return "rail" if tags.get("railway") in RAIL_LINES and on_ground else None


def polygon_of(area: Any) -> shapely.Geometry:
    """The area as a Polygon where it has one part, else as a MultiPolygon."""
    polygons = [
        shapely.Polygon(_ring(outer), [_ring(inner) for inner in area.inner_rings(outer)])
        for outer in area.outer_rings()
    ]
    return polygons[0] if len(polygons) == 1 else shapely.MultiPolygon(polygons)


def _ring(ring: Iterable[Any]) -> list[tuple[float, float]]:
    return [(node.lon, node.lat) for node in ring]


def _entrance(area: Any, entrances: Mapping[int, tuple[str, shapely.Point]]) -> Any:
    """The open entrance on the outline: the main one, else the one with the lowest id."""
    refs = {node.ref for ring in area.outer_rings() for node in ring if node.ref in entrances}
    open_refs = [ref for ref in refs if entrances[ref][0] not in CLOSED_ENTRANCES]
    best = min(open_refs, key=lambda ref: (entrances[ref][0] != "main", ref), default=None)
    return None if best is None else entrances[best][1]


def _places(source: str, found: _Found) -> OsmPlaces:
    missing = [
        {"osm_id": osm_id, "tags": tags}
        for osm_id, tags in found.wanted_areas.items()
        if osm_id not in found.areas
    ]
    open_ways = [line for line in found.lines if line["osm_id"] not in found.areas]
    middles = [
        {**line, "geometry": line["geometry"].interpolate(0.5, normalized=True)}
        for line in open_ways
    ]
    return OsmPlaces(
        source=source,
        features=_frame(found.features + middles),
        buildings=_frame(found.buildings, "entrance"),
        land=_frame(found.land),
        barriers=_frame(found.barriers, "kind"),
        parks=_frame(found.parks),
        admin=_frame(found.admin),
        incomplete=pd.DataFrame(missing, columns=["osm_id", "tags"])
        .sort_values("osm_id", kind="stable")
        .reset_index(drop=True),
    )


def _frame(rows: list[dict[str, Any]], *extra: str) -> gpd.GeoDataFrame:
    """The rows as a frame sorted by id, with its columns even where there is no row."""
    rows = sorted(rows, key=lambda row: str(row["osm_id"]))
    columns = {name: _objects_array([row[name] for row in rows]) for name in ("tags", *extra)}
    ids = pd.array([row["osm_id"] for row in rows], dtype="str")
    geometry = np.array([row["geometry"] for row in rows], dtype=object)
    return gpd.GeoDataFrame({"osm_id": ids, **columns}, geometry=geometry, crs=GEOGRAPHIC)


def _objects_array(values: list[Any]) -> np.ndarray[Any, np.dtype[np.object_]]:
    """An object array that keeps dictionaries and points as they are."""
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array
