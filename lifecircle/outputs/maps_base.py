"""The quiet background of a map: streets, water and parks burnt into one small picture."""

from __future__ import annotations

import base64
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
from rasterio.features import rasterize
from rasterio.io import MemoryFile
from rasterio.transform import Affine

WEB_MERCATOR = "EPSG:3857"
LONGEST_SIDE = 2400
FINEST_M = 2.0
"""Metres of a pixel at least, so that a small study gets no larger picture than it needs."""

MARGIN = 0.15
"""Ground around the units that is drawn too, as a share of their width and height."""

COLOURS = {"park": (222, 233, 211), "water": (183, 208, 226), "street": (158, 154, 146)}
"""In the order of drawing: a bridge lies over the water."""


def base_image(base: gpd.GeoDataFrame | None, units: gpd.GeoDataFrame) -> dict[str, Any] | None:
    """The picture as a data URI with the bounds it covers, or None where nothing is drawn."""
    if base is None or base.empty:
        return None
    west, south, east, north = units.to_crs(WEB_MERCATOR).total_bounds
    aside, above = (east - west) * MARGIN, (north - south) * MARGIN
    box = (west - aside, south - above, east + aside, north + above)
    picture = _burn(base.to_crs(WEB_MERCATOR), box)
    corners = gpd.GeoSeries.from_xy([box[0], box[2]], [box[1], box[3]], crs=WEB_MERCATOR)
    west, south, east, north = corners.to_crs(units.crs).total_bounds
    encoded = base64.b64encode(_png(picture)).decode("ascii")
    bounds = [[float(south), float(west)], [float(north), float(east)]]
    return {"image": f"data:image/png;base64,{encoded}", "bounds": bounds}


def _burn(base: gpd.GeoDataFrame, box: tuple[float, ...]) -> npt.NDArray[np.uint8]:
    """A raster with the number of the topmost kind in each pixel, 0 where there is none."""
    width_m, height_m = box[2] - box[0], box[3] - box[1]
    pixel_m = max(FINEST_M, max(width_m, height_m) / LONGEST_SIDE)
    shape = (max(1, round(height_m / pixel_m)), max(1, round(width_m / pixel_m)))
    transform = Affine(width_m / shape[1], 0, box[0], 0, -height_m / shape[0], box[3])
    near = base.cx[box[0] : box[2], box[1] : box[3]]
    picture = np.zeros(shape, dtype=np.uint8)
    for number, kind in enumerate(COLOURS, start=1):
        _burn_kind(picture, near[near["kind"] == kind], number, transform)
    return picture


def _burn_kind(
    picture: npt.NDArray[np.uint8], kind: gpd.GeoDataFrame, number: int, transform: Affine
) -> None:
    shapes = [(shape, number) for shape in kind.geometry if shape and not shape.is_empty]
    if shapes:
        rasterize(shapes, out=picture, transform=transform, all_touched=False)


def _png(picture: npt.NDArray[np.uint8]) -> bytes:
    """A palette PNG whose 0 is transparent."""
    colours = {0: (0, 0, 0, 0)}
    colours |= {number: (*colour, 255) for number, colour in enumerate(COLOURS.values(), start=1)}
    height, width = picture.shape
    options = {"height": height, "width": width, "count": 1, "dtype": "uint8"}
    with MemoryFile() as memory:
        # The transform is not written: Leaflet places the picture by its bounds.
        with memory.open(driver="PNG", transform=Affine.scale(2.0), zlevel=9, **options) as file:
            file.write(picture, 1)
            file.write_colormap(1, colours)
        return bytes(memory.read())
