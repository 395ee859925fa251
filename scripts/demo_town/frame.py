"""The town's own grid of metres, and how it lies on the earth.

Everything is drawn in local metres (x east, y north along the town's own grid) and turned by a
few degrees only when it is written, so that distances can be added up on paper.
"""

from __future__ import annotations

import math

import numpy as np
import shapely
from shapely.geometry import LineString, Point, Polygon
from shapely.geometry.base import BaseGeometry

from lifecircle.base.geo import centred_crs, project, unproject

SEED = 20250315
CRS = centred_crs(121.58, 31.30)
TURN = math.radians(9)
SHIFT = (-250.0, -480.0)
BEYOND_UNITS_M = 1700.0

XY = tuple[float, float]


def lonlat(points: np.ndarray) -> np.ndarray:
    """Local metres, shape (n, 2), as WGS 84 degrees rounded to what an OSM file can hold."""
    x, y = points[:, 0], points[:, 1]
    east = x * math.cos(TURN) - y * math.sin(TURN) + SHIFT[0]
    north = x * math.sin(TURN) + y * math.cos(TURN) + SHIFT[1]
    return np.column_stack(unproject(east, north, CRS)).round(7)


def local(points: np.ndarray) -> np.ndarray:
    """WGS 84 degrees, shape (n, 2), as local metres."""
    east, north = project(points[:, 0], points[:, 1], CRS)
    east, north = east - SHIFT[0], north - SHIFT[1]
    x = east * math.cos(TURN) + north * math.sin(TURN)
    y = north * math.cos(TURN) - east * math.sin(TURN)
    return np.column_stack([x, y])


def on_earth(shape: BaseGeometry) -> BaseGeometry:
    """A local shape in WGS 84 degrees."""
    return shapely.transform(shape, lonlat)


def place(point: XY) -> list[float]:
    """A local point as [lon, lat]."""
    return [float(value) for value in lonlat(np.array([point]))[0]]


def box_around(units: Polygon) -> tuple[float, float, float, float]:
    """West, south, east, north of the extract: `BEYOND_UNITS_M` beyond the units on every side."""
    west, south, east, north = on_earth(units).bounds
    up = BEYOND_UNITS_M / 110_860
    side = BEYOND_UNITS_M / 95_190
    return (
        math.floor((west - side) * 1e4) / 1e4,
        math.floor((south - up) * 1e4) / 1e4,
        math.ceil((east + side) * 1e4) / 1e4,
        math.ceil((north + up) * 1e4) / 1e4,
    )


def rounded(points: object) -> list[XY]:
    """Coordinates to the centimetre."""
    return [(round(float(x), 2) + 0.0, round(float(y), 2) + 0.0) for x, y in points]  # type: ignore[attr-defined]


def wave(fixed: float, height: float, length: float, start: float, end: float) -> list[XY]:
    """Points every 60 m along a street that swings `height` about `fixed`: (along, across)."""
    along = np.linspace(start, end, round(abs(end - start) / 60) + 1)
    return rounded(np.column_stack([along, fixed + height * np.sin(along / length)]))


def parts(shape: BaseGeometry, kind: type[BaseGeometry]) -> list[BaseGeometry]:
    """The pieces of `shape` of one kind, from south-west to north-east."""
    pieces = [part for part in shapely.get_parts(shape) if isinstance(part, kind) and part]
    return sorted(pieces, key=lambda part: (round(part.bounds[1], 1), round(part.bounds[0], 1)))


def lines(shape: BaseGeometry) -> list[LineString]:
    """The line pieces of `shape`."""
    return [part for part in parts(shape, LineString) if part.length > 0.5]  # type: ignore[misc]


def polygons(shape: BaseGeometry) -> list[Polygon]:
    """The polygon pieces of `shape`."""
    return [part for part in parts(shape, Polygon) if part.area > 1]  # type: ignore[misc]


def points(shape: BaseGeometry) -> list[Point]:
    """The point pieces of `shape`."""
    return parts(shape, Point)  # type: ignore[return-value]
