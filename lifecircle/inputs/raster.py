"""Demand from a population raster: every cell shared out exactly among the units it lies in."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import rasterio
import shapely
from affine import Affine
from exactextract import exact_extract
from exactextract.raster import NumPyRasterSource
from pyproj import CRS
from rasterio.errors import RasterioError
from rasterio.windows import Window

from lifecircle.base.geo import Floats
from lifecircle.base.problems import InputRefused, Problem, refuse_if_any
from lifecircle.base.tables import conform
from lifecircle.inputs.datum import SHIFTED, datum_name
from lifecircle.inputs.pieces import PEOPLE, PIECES, Ground, PeopleAccount, Pieces
from lifecircle.inputs.reading import Account
from lifecircle.study import RasterDemand

MOST_CELLS = 100_000_000
"""More cells over the units than this is a header gone wrong, or no population raster."""

NEGATIVES_LISTED = 20
ENOUGH_COVER = 0.99
WHOLE = 1 - 1e-6
"""Cell shares come in single precision; from here on a piece is the whole cell."""


@dataclass(frozen=True)
class _Grid:
    """The part of a raster over the units: people of each weight, cell by cell."""

    crs: CRS
    to_crs: Affine
    """From window pixels (column, row) to the raster's CRS."""
    row: int
    column: int
    full_width: int
    people: dict[str, Floats]
    """One array of rows × columns for each weight, NaN where there is no data."""

    @property
    def shape(self) -> tuple[int, int]:
        rows, columns = next(iter(self.people.values())).shape
        return rows, columns

    def cell_ids(self, cells: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Cells of the window, counted row by row, as cells of the whole raster."""
        rows, columns = np.divmod(cells, self.shape[1])
        return (rows + self.row) * self.full_width + columns + self.column


def raster_pieces(source: RasterDemand, ground: Ground) -> Pieces:
    """One piece for each part of a cell in one unit, with its exact share of the cell's people.

    Shares are areas in the raster's own projection.  The point is the cell's centre where the
    piece is the whole cell, else a point on the surface of the piece.  Raises `InputRefused` for
    a raster without a CRS, with negative people, or that lies somewhere else.
    """
    grid, problems = _read(source, ground)
    shapes = _in_pixels(ground.units.geometry.to_numpy(), ground, grid)
    inside = _in_pixels(ground.inside, ground, grid)
    problems += _uncovered(shapes, ground, grid, source)
    refuse_if_any(problems)
    whole = _shares(shapes, grid)
    parts = _shares(inside, grid).rename(columns={"share": "inside"})
    parts = parts.merge(whole, on=["unit", "cell"], how="left")
    parts = parts[_any_people(parts["cell"].to_numpy(), grid)]
    rows = _rows(parts, inside, ground, grid)
    people = tuple(
        _account(source.name, weight, values.ravel(), whole, parts)
        for weight, values in grid.people.items()
    )
    read = int(np.isfinite(np.stack(list(grid.people.values()))).any(axis=0).sum())
    used = int(parts["cell"].nunique())
    account = Account(source.name, read, used, read - used)
    return Pieces(source.name, source.path.stem, rows, account, people, problems)


def _read(source: RasterDemand, ground: Ground) -> tuple[_Grid, tuple[Problem, ...]]:
    """The window over the units, masked and scaled; notes on cells without data."""
    _check_file(source)
    try:
        with rasterio.open(source.path, driver="GTiff") as dataset:
            crs = _crs(dataset, source)
            window = _window(dataset, ground, crs, source)
            bands = {weight: _band(dataset, weight, source) for weight in source_bands(source)}
            people = {
                weight: _people(dataset, band, window) for weight, band in sorted(bands.items())
            }
            to_crs = dataset.window_transform(window)
            width = dataset.width
    except RasterioError as error:
        cause = error.__cause__ or error
        details = {"error": str(cause)}
        problem = Problem("raster_unreadable", "refused", source.name, details=details)
        raise InputRefused([problem]) from None
    grid = _Grid(crs, to_crs, window.row_off, window.col_off, width, people)
    return grid, (*_negative(grid, bands, source), *_without_data(grid, bands, source))


def source_bands(source: RasterDemand) -> dict[str, int]:
    """The band of each weight the study names."""
    bands = {weight: getattr(source, weight) for weight in PEOPLE}
    return {weight: band for weight, band in bands.items() if band is not None}
