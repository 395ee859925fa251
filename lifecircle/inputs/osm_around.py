"""What gives places their names, and what walls them in, from an OSM extract."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely

from lifecircle.base.cache import kept
from lifecircle.base.geo import GEOGRAPHIC
from lifecircle.inputs.osm_columns import Columns
from lifecircle.inputs.osm_extract import columns_of, places_of
from lifecircle.inputs.osm_file import deleted_in_editor

Shapes = npt.NDArray[np.object_]
Rows = list[tuple[str, str]]

WALLS = frozenset({"wall", "fence", "city_wall", "retaining_wall", "hedge"})
PLACES = frozenset({"neighbourhood", "quarter", "suburb", "village", "hamlet", "city_block"})
NODE_KEYS = ("place",)
WAY_KEYS = ("highway", "landuse", "place", "barrier", "name")


def read_around(path: Path) -> gpd.GeoDataFrame:
    """`kind` (residential, place, street or wall), `name` and geometry, in EPSG:4326.

    Streets, residential areas and neighbourhoods are those with a name; walls are lines.  Areas
    made of several ways are left out: their names stand on places and streets too.
    """
    return kept("around", lambda: _read(path), [path], [])


def _read(path: Path) -> gpd.GeoDataFrame:
    columns = columns_of(path, NODE_KEYS, WAY_KEYS, deleted_in_editor(path))
    node_rows, points = _nodes(columns)
    way_rows, lines = _ways(columns)
    kinds, names = zip(*node_rows, *way_rows, strict=True) if node_rows or way_rows else ((), ())
    table = {"kind": np.array(kinds, dtype=object), "name": np.array(names, dtype=object)}
    return gpd.GeoDataFrame(table, geometry=np.concatenate([points, lines]), crs=GEOGRAPHIC)


def _nodes(columns: Columns) -> tuple[Rows, Shapes]:
    """Kinds and names of the nodes that count, and their points."""
    rows, numbers = [], []
    for node, tags in columns.node_tags.items():
        for kind in _kinds(tags, node=True):
            rows.append((kind, tags.get("name", "")))
            numbers.append(node)
    at = np.searchsorted(columns.node_id, np.array(numbers, dtype=np.int64))
    lon, lat = columns.lon[at], columns.lat[at]
    known = np.isfinite(lon)
    rows = [row for row, placed in zip(rows, known, strict=True) if placed]
    return rows, np.asarray(shapely.points(lon[known], lat[known]), dtype=object)


def _ways(columns: Columns) -> tuple[Rows, Shapes]:
    """Kinds and names of the ways that count, and their shapes."""
    kinds = [_kinds(tags, node=False) for tags in columns.patterns]
    counts = np.array([len(own) for own in kinds], dtype=np.int64)[columns.way_tags]
    places = places_of(columns, np.flatnonzero(counts))
    known = np.isfinite(places.lon)
    places = places.of(
        known & (np.bincount(places.way[known], minlength=len(counts))[places.way] > 1)
    )
    ways, line = np.unique(places.way, return_inverse=True)
    xy = np.column_stack([places.lon, places.lat])
    lines = np.asarray(shapely.linestrings(xy, indices=line), dtype=object)
    rows, shapes = [], []
    for shape, pattern in zip(lines, columns.way_tags[ways].tolist(), strict=True):
        for kind in kinds[pattern]:
            rows.append((kind, columns.patterns[pattern].get("name", "")))
            shapes.append(shape)
    return rows, _outlined([kind for kind, _ in rows], np.array(shapes, dtype=object))


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


def _outlined(kinds: Iterable[str], shapes: Shapes) -> Shapes:
    """The closed lines around residential areas as areas."""
    closed = (np.array(kinds, dtype=object) == "residential") & shapely.is_ring(shapes)
    xy, ring = shapely.get_coordinates(shapes[closed], return_index=True)
    shapes[closed] = shapely.polygons(shapely.linearrings(xy, indices=ring))
    return shapes
