"""The quiet background of a map: water and parks below the units, streets above them.

Each is burnt into one small picture, so that a background needs no network.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
from rasterio.features import rasterize
from rasterio.transform import Affine

from lifecircle.outputs.maps_png import Colour, picture_uri
from lifecircle.outputs.simplify import METRES_PER_DEGREE
from lifecircle.outputs.strokes import Strokes

WEB_MERCATOR = "EPSG:3857"
LONGEST_SIDE = 2400
FINEST_M = 2.0
"""Metres of a pixel at least, so that a small study gets no larger picture than it needs."""

MARGIN = 0.15
"""Ground around the units that is drawn too, as a share of their width and height."""

NOTHING: Colour = (0, 0, 0, 0)
GROUND: Mapping[str, Colour] = {"park": (222, 233, 211, 255), "water": (183, 208, 226, 255)}
STREETS: Mapping[str, Colour] = {"street": (84, 80, 74, 255)}
"""Colours in the order of drawing; the page makes the streets fainter."""

Box = tuple[float, float, float, float]
Size = tuple[int, int]
Drawn = npt.NDArray[np.bool_]


def base_image(base: gpd.GeoDataFrame | None, units: gpd.GeoDataFrame) -> dict[str, Any] | None:
    """The two pictures as data URIs with the bounds they cover, or None where nothing is drawn."""
    if base is None or base.empty:
        return None
    west, south, east, north = units.to_crs(WEB_MERCATOR).total_bounds
    aside, above = (east - west) * MARGIN, (north - south) * MARGIN
    box = (west - aside, south - above, east + aside, north + above)
    corners = gpd.GeoSeries.from_xy([box[0], box[2]], [box[1], box[3]], crs=WEB_MERCATOR)
    west, south, east, north = corners.to_crs(units.crs).total_bounds
    near = base.cx[west:east, south:north]
    return {
        "ground": _picture(near[near["kind"].isin(list(GROUND))], GROUND, box, _filled),
        "streets": _picture(near[near["kind"].isin(list(STREETS))], STREETS, box, _crossed),
        "bounds": [[float(south), float(west)], [float(north), float(east)]],
    }


def _picture(
    near: gpd.GeoDataFrame,
    colours: Mapping[str, Colour],
    box: Box,
    drawn: Callable[[gpd.GeoSeries, Size, Affine], Drawn],
) -> str | None:
    """The kinds in `colours` as one picture, the later above the earlier."""
    if near.empty:
        return None
    width_m, height_m = box[2] - box[0], box[3] - box[1]
    pixel_m = max(FINEST_M, max(width_m, height_m) / LONGEST_SIDE)
    size = (max(1, round(height_m / pixel_m)), max(1, round(width_m / pixel_m)))
    transform = Affine(width_m / size[1], 0, box[0], 0, -height_m / size[0], box[3])
    picture = np.zeros(size, dtype=np.uint8)
    for number, kind in enumerate(colours, start=1):
        shapes = near.geometry[near["kind"] == kind]
        picture[drawn(shapes[~(shapes.isna() | shapes.is_empty)], size, transform)] = number
    numbered = dict(enumerate(colours.values(), start=1))
    return picture_uri(picture, {0: NOTHING, **numbered})


def _filled(shapes: gpd.GeoSeries, size: Size, transform: Affine) -> Drawn:
    """The dots whose middle lies in a shape."""
    if shapes.empty:
        return np.zeros(size, dtype=bool)
    flat = shapes.to_crs(WEB_MERCATOR)
    return np.asarray(rasterize(flat, size, transform=transform, dtype="uint8"), dtype=bool)


def _crossed(shapes: gpd.GeoSeries, size: Size, transform: Affine) -> Drawn:
    """The dots that a line runs through, all lines at once."""
    fine = transform.a / 2 / METRES_PER_DEGREE
    lines = Strokes.of(shapes.to_numpy()).thinned(fine).projected(shapes.crs, WEB_MERCATOR)
    x, y = lines.places.T
    column, row = lines.dots((x - transform.c) / transform.a, (y - transform.f) / transform.e)
    inside = (column >= 0) & (column < size[1]) & (row >= 0) & (row < size[0])
    found = np.zeros(size, dtype=bool)
    found[row[inside], column[inside]] = True
    return found
