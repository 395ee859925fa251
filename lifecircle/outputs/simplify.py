"""Unit outlines light enough for a page, with the borders that neighbours share kept shared."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

TOLERANCE_M = 8.0
DECIMALS = 5
"""A fifth decimal of a degree is about one metre."""

METRES_PER_DEGREE = 111_320.0


def simplified(units: gpd.GeoDataFrame, tolerance_m: float = TOLERANCE_M) -> gpd.GeoSeries:
    """The outlines of `units` (EPSG:4326) without the bends smaller than `tolerance_m`.

    Where the units neither overlap nor leave slivers, a shared border stays one line; where they
    do, each outline is simplified on its own.
    """
    outlines = units.geometry.to_numpy()
    shrink = np.array([_shrink_of_longitude(units), 1.0])
    flat = shapely.transform(outlines, lambda places: places * shrink)
    tolerance = tolerance_m / METRES_PER_DEGREE
    if shapely.coverage_is_valid(flat):
        simple = shapely.coverage_simplify(flat, tolerance)
    else:
        simple = shapely.simplify(flat, tolerance, preserve_topology=True)
    degrees = shapely.transform(simple, lambda places: places / shrink)
    return gpd.GeoSeries(degrees, index=units.index, crs=units.crs)


def label_place(outline: BaseGeometry) -> tuple[float, float]:
    """Latitude and longitude of the roomiest place inside an outline, for its label."""
    parts = shapely.get_parts(outline)
    widest = parts[int(np.argmax(shapely.area(parts)))]
    centre = shapely.get_point(shapely.maximum_inscribed_circle(widest), 0)
    lat, lon = float(shapely.get_y(centre)), float(shapely.get_x(centre))
    return round(lat, DECIMALS), round(lon, DECIMALS)


def packed(outline: BaseGeometry) -> list[list[list[int]]]:
    """A polygon, or several, in hundred-thousandths of a degree: for each the rings, outer first.

    A ring is latitude and longitude of its first place, then the steps to each further one.
    """
    return [
        [_steps(ring) for ring in shapely.get_rings(part)]
        for part in shapely.get_parts(outline)
        if not part.is_empty
    ]


def _steps(ring: BaseGeometry) -> list[int]:
    places = np.round(shapely.get_coordinates(ring)[:-1, ::-1] * 10**DECIMALS).astype(np.int64)
    moved = np.append(True, (np.diff(places, axis=0) != 0).any(axis=1))
    steps: list[int] = np.diff(places[moved], axis=0, prepend=0).ravel().tolist()
    return steps


def lighter(shapes: gpd.GeoSeries, tolerance_m: float = TOLERANCE_M) -> gpd.GeoSeries:
    """Shapes (EPSG:4326) that are drawn one by one, without bends below `tolerance_m`."""
    if shapes.empty:
        return shapes
    shrink = np.array([_shrink_of_longitude(shapes), 1.0])
    flat = shapely.transform(shapes.to_numpy(), lambda places: places * shrink)
    simple = shapely.simplify(flat, tolerance_m / METRES_PER_DEGREE)
    degrees = shapely.transform(simple, lambda places: places / shrink)
    return gpd.GeoSeries(degrees, index=shapes.index, crs=shapes.crs)


def geometry_json(outline: BaseGeometry) -> dict[str, Any]:
    """An outline as a GeoJSON geometry with `DECIMALS` decimals."""
    geometry = outline.__geo_interface__
    return {"type": geometry["type"], "coordinates": _rounded(geometry["coordinates"])}


def _rounded(coordinates: Any) -> Any:
    if isinstance(coordinates, float | int):
        return round(float(coordinates), DECIMALS)
    return [_rounded(item) for item in coordinates]


def _shrink_of_longitude(units: gpd.GeoDataFrame | gpd.GeoSeries) -> float:
    """A degree of longitude as a share of a degree of latitude, in the middle of `units`."""
    _, south, _, north = units.total_bounds
    return float(np.cos(np.radians((south + north) / 2)))
