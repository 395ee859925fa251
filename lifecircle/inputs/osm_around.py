"""What gives places their names, and what walls them in, from an OSM extract."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import geopandas as gpd
import osmium
import shapely

from lifecircle.base.geo import GEOGRAPHIC

WALLS = frozenset({"wall", "fence", "city_wall", "retaining_wall", "hedge"})
PLACES = frozenset({"neighbourhood", "quarter", "suburb", "village", "hamlet", "city_block"})
KEYS = ("highway", "landuse", "place", "barrier")


def read_around(path: Path) -> gpd.GeoDataFrame:
    """`kind` (residential, place, street or wall), `name` and geometry, in EPSG:4326.

    Streets, residential areas and neighbourhoods are those with a name; walls are lines.  Areas
    made of several ways are left out: their names stand on places and streets too.
    """
    processor = (
        osmium.FileProcessor(path).with_locations().with_filter(osmium.filter.KeyFilter(*KEYS))
    )
    rows = []
    for item in processor:
        if not isinstance(item, osmium.osm.Node | osmium.osm.Way):
            continue
        tags = dict(item.tags)
        kinds = _kinds(tags, item.is_node())
        shape = _shape(item) if kinds else None
        if shape is not None:
            rows += [(kind, tags.get("name", ""), shape) for kind in kinds]
    columns = {
        "kind": [kind for kind, _, _ in rows],
        "name": [name for _, name, _ in rows],
    }
    shapes = [_outlined(kind, shape) for kind, _, shape in rows]
    return gpd.GeoDataFrame(columns, geometry=shapes, crs=GEOGRAPHIC)


def _kinds(tags: Mapping[str, str], node: bool) -> list[str]:
    """What an object is here; a walled estate is both a residential area and a wall."""
    named = "name" in tags
    kinds = {
        "residential": named and not node and tags.get("landuse") == "residential",
        "place": named and tags.get("place") in PLACES,
        "street": named and not node and "highway" in tags,
        "wall": not node and tags.get("barrier") in WALLS,
    }
    return [kind for kind, holds in kinds.items() if holds]


def _shape(item: osmium.osm.Node | osmium.osm.Way) -> shapely.Geometry | None:
    """A point, or the line through a way's known nodes."""
    if isinstance(item, osmium.osm.Node):
        return (
            shapely.Point(item.location.lon, item.location.lat) if item.location.valid() else None
        )
    places = [(node.lon, node.lat) for node in item.nodes if node.location.valid()]
    return shapely.LineString(places) if len(places) > 1 else None


def _outlined(kind: str, shape: shapely.Geometry) -> shapely.Geometry:
    """A closed line around a residential area as the area."""
    closed = kind == "residential" and bool(shapely.is_ring(shape))
    return shapely.Polygon(shapely.get_coordinates(shape)) if closed else shape
