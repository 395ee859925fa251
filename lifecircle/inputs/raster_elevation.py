"""Heights along the streets from an elevation raster (GeoTIFF)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import rasterio
import shapely
from pyproj import CRS, Transformer
from rasterio.errors import RasterioError
from rasterio.windows import Window

from lifecircle.base.geo import Floats
from lifecircle.base.problems import InputRefused, Problem, UsageError
from lifecircle.network.network import WalkNetwork
from lifecircle.network.slopes import densified, with_heights

ENOUGH_COVER = 0.95
"""Share of the streets inside the extent whose height must be known."""

SPACING_M = 25.0
MOST_CELLS = 100_000_000


def read_elevation(
    path: str | Path, network: WalkNetwork
) -> tuple[WalkNetwork, tuple[Problem, ...]]:
    """`network` with heights, bilinear between the cells' centres, and what is to be noted.

    Vertices are put every 25 m, so that slopes are seen.  Raises `InputRefused` for a file that
    is no GeoTIFF, has no CRS, or leaves more than 5 % of the streets without a height.
    """
    path = Path(path)
    if network.crs is None:
        raise UsageError("heights are read for a network on the earth, which has a CRS")
    network = densified(network, SPACING_M)
    ground = _heights(path, network)
    inside = np.ones(len(ground), dtype=bool)
    if network.extent is not None:
        inside = shapely.intersects_xy(network.extent, network.vertex_x, network.vertex_y)
    known = ~np.isnan(ground)
    share = float(known[inside].mean()) if inside.any() else float(known.mean())
    details = {"share": f"{100 * share:.1f}"}
    if share < ENOUGH_COVER:
        raise _refused("elevation_elsewhere", path, details)
    problems = []
    if not known.all():
        details = {"share": f"{100 * float(known.mean()):.1f}"}
        problems.append(Problem("elevation_partly", "noted", path.name, details=details))
    return with_heights(network, ground), tuple(problems)


def _refused(code: str, path: Path, details: Mapping[str, object]) -> InputRefused:
    return InputRefused([Problem(code, "refused", path.name, details=details)])


def _heights(path: Path, network: WalkNetwork) -> Floats:
    """The height at every vertex, NaN where the raster has none."""
    if not path.is_file():
        raise InputRefused([Problem("file_missing", "refused", str(path))])
    try:
        with rasterio.open(path, driver="GTiff") as dataset:
            if dataset.crs is None:
                raise _refused("crs_missing", path, {})
            there = CRS.from_wkt(dataset.crs.to_wkt())
            place = Transformer.from_crs(network.crs, there, always_xy=True)
            x, y = place.transform(network.vertex_x, network.vertex_y)
            to_cells = ~dataset.transform
            column = to_cells.a * x + to_cells.b * y + to_cells.c
            row = to_cells.d * x + to_cells.e * y + to_cells.f
            return _bilinear(dataset, column - 0.5, row - 0.5, path)
    except RasterioError as error:
        raise _refused(
            "raster_unreadable", path, {"error": str(error.__cause__ or error)}
        ) from None


def _bilinear(dataset: rasterio.DatasetReader, column: Floats, row: Floats, path: Path) -> Floats:
    """Values between the centres of cells; places beyond the outermost centres have none."""
    heights = np.full(len(column), np.nan)
    on = (column >= 0) & (row >= 0) & (column <= dataset.width - 1) & (row <= dataset.height - 1)
    if not on.any():
        return heights
    left, top = int(column[on].min()), int(row[on].min())
    width = min(int(column[on].max()) + 2, dataset.width) - left
    height = min(int(row[on].max()) + 2, dataset.height) - top
    if width * height > MOST_CELLS:
        raise _refused("raster_too_large", path, {"count": width * height, "most": MOST_CELLS})
    band = dataset.read(1, window=Window(left, top, width, height), masked=True)
    cells = np.asarray(band.astype(float).filled(np.nan))
    cells = cells * dataset.scales[0] + dataset.offsets[0]
    heights[on] = _between(cells, column[on] - left, row[on] - top)
    return heights


def _between(cells: Floats, column: Floats, row: Floats) -> Floats:
    left = np.clip(np.floor(column).astype(int), 0, max(cells.shape[1] - 2, 0))
    top = np.clip(np.floor(row).astype(int), 0, max(cells.shape[0] - 2, 0))
    right = np.minimum(left + 1, cells.shape[1] - 1)
    low = np.minimum(top + 1, cells.shape[0] - 1)
    across, down = column - left, row - top
    upper = cells[top, left] * (1 - across) + cells[top, right] * across
    lower = cells[low, left] * (1 - across) + cells[low, right] * across
    return np.asarray(upper * (1 - down) + lower * down)
