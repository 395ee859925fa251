"""Demand from a population raster: every cell shared out exactly among the units it lies in."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import rasterio
import shapely
from exactextract import exact_extract
from exactextract.raster import NumPyRasterSource
from pyproj import CRS
from rasterio.errors import RasterioError
from rasterio.windows import Window

from lifecircle.base.geo import GEOGRAPHIC, Floats, transformed
from lifecircle.base.problems import InputRefused, Problem, refuse_if_any
from lifecircle.base.tables import conform
from lifecircle.inputs.calibrate import Cuts, calibrated
from lifecircle.inputs.datum import DATUMS, SHIFTED, datum_name
from lifecircle.inputs.pieces import PIECES, Ground, PeopleAccount, Pieces
from lifecircle.inputs.raster_strips import bounded, strips
from lifecircle.inputs.raster_units import counted, refuse_unexpected
from lifecircle.inputs.reading import Account
from lifecircle.sources import RESIDENT_WEIGHTS, RasterDemand

MOST_CELLS = 100_000_000
"""More cells over the units than this is a header gone wrong, or no population raster."""

NEGATIVES_LISTED = 20
ENOUGH_COVER = 0.99
WHOLE = 1 - 1e-6
"""Cell shares come in single precision; from here on a piece is the whole cell."""

TIFF_MARKS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
Shapes = npt.NDArray[np.object_]


@dataclass(frozen=True)
class _Grid:
    """A raster's cells and the window of them over the units.

    Pixels are (column, row) of the whole raster, fractions included; row grows downwards.
    """

    crs: CRS
    to_crs: Any
    """From pixels to the raster's CRS."""
    width: int
    height: int
    column: int
    row: int
    columns: int
    rows: int

    @property
    def window(self) -> Window:
        """The window as rasterio has it."""
        return Window(self.column, self.row, self.columns, self.rows)

    def cells_at(self, cells: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Column and row, in the whole raster, of cells of the window counted row by row."""
        rows, columns = np.divmod(cells, self.columns)
        return np.column_stack([columns + self.column, rows + self.row])

    def pixels_of(self, shapes: Shapes) -> Shapes:
        """`shapes` of the raster's CRS in pixels."""
        return np.asarray(shapely.transform(shapes, _affine(~self.to_crs)))

    def placed(self, pixels: Floats, crs: CRS) -> Shapes:
        """Points of another CRS where pixels (n × 2) lie."""
        x, y = _affine(self.to_crs)(pixels).T
        return np.asarray(shapely.points(*transformed(x, y, self.crs, crs)), dtype=object)


def raster_pieces(
    source: RasterDemand, ground: Ground, census: pd.DataFrame | None = None
) -> Pieces:
    """One piece for each part of a cell in one unit, with its exact share of the cell's people.

    `census` (unit_id and totals, one row for each unit) scales the people of each unit.
    Shares are areas in the raster's own projection.  The point is the cell's centre where the
    piece is the whole cell, else a point on the surface of the piece.  Raises `InputRefused` for
    a raster without a CRS, with negative people, or that lies somewhere else.
    """
    grid, people, problems = _read(source, ground)
    refuse_if_any(problems)
    whole = _shares(_pixels(ground.units.geometry.to_numpy(), ground, grid), grid)
    shapes = _pixels(ground.inside, ground, grid)
    parts = _shares(shapes, grid).rename(columns={"share": "inside"})
    parts = parts.merge(whole, on=["unit", "cell"])
    accounts = tuple(
        _account(source.name, weight, values, whole, parts) for weight, values in people.items()
    )
    refuse_unexpected(accounts, source)
    bands = list(people.values())
    has_people: npt.NDArray[np.bool_] = np.logical_or.reduce([values > 0 for values in bands])
    parts = parts[has_people[parts["cell"]]].reset_index(drop=True)
    cuts = _cuts(parts, "inside")
    stand_ins = None
    amounts = {weight: own[cuts.cell] * cuts.share for weight, own in people.items()}
    if census is not None:
        new = calibrated(people, _cuts(whole, "share"), cuts, census, ground, source)
        known = np.logical_or.reduce([np.isfinite(own) for own in new.amounts.values()])
        parts = parts[known].reset_index(drop=True)
        amounts = {weight: own[known] for weight, own in new.amounts.items()}
        stand_ins, accounts, problems = new.stand_ins, new.accounts, (*problems, *new.problems)
    rows = _rows(parts, amounts, shapes, ground, grid)
    known_cells = np.logical_or.reduce([np.isfinite(values) for values in bands])
    read, used = int(known_cells.sum()), int(parts["cell"].nunique())
    account = Account(source.name, read, used, read - used)
    if stand_ins is not None and len(stand_ins):
        rows = gpd.GeoDataFrame(pd.concat([rows, stand_ins], ignore_index=True))
    return Pieces(source, rows, (account,), accounts, problems)


def _cuts(parts: pd.DataFrame, share: str) -> Cuts:
    return Cuts(*(parts[name].to_numpy() for name in ("unit", "cell", share)))


def _read(
    source: RasterDemand, ground: Ground
) -> tuple[_Grid, dict[str, Floats], tuple[Problem, ...]]:
    """The window over the units and, for each weight, its cells row by row; NaN without data."""
    _check_file(source)
    bands = {weight: getattr(source, weight) for weight in RESIDENT_WEIGHTS}
    bands = {weight: band for weight, band in bands.items() if band is not None}
    try:
        with bounded(), rasterio.open(source.path, driver="GTiff") as dataset:
            grid = _grid(dataset, ground, source)
            if dataset.count > 1 and not bands.keys() & source.model_fields_set:
                raise _refused("raster_band_needed", source, count=dataset.count)
            missing = [band for band in bands.values() if not 1 <= band <= dataset.count]
            if missing or not bands:
                value = ", ".join(map(str, missing))
                raise _refused("raster_band", source, value, count=dataset.count)
            people = {
                weight: _people(dataset, band, grid, source) for weight, band in bands.items()
            }
            people, notes = counted(people, dataset, grid, source)
    except RasterioError as error:
        raise _refused("raster_unreadable", source, error=error.__cause__ or error) from None
    problems = [*notes, *_uncovered(ground, grid, source)]
    for weight, values in people.items():
        problems += _negative(values, bands[weight], grid, source)
        problems += _without_data(values, bands[weight], source)
    return grid, people, tuple(problems)


def cells_over(source: RasterDemand, units: gpd.GeoDataFrame) -> tuple[int, int]:
    """Cells of the window over `units` (EPSG:4326), and at most how many pieces people live in.

    Read strip by strip: it is asked before anybody knows whether the whole fits into memory.
    """
    _check_file(source)
    ground = Ground(CRS(GEOGRAPHIC), units, shapely.Polygon())
    bands = [getattr(source, weight) for weight in RESIDENT_WEIGHTS]
    band = next((band for band in bands if band is not None), 1)
    try:
        with bounded(), rasterio.open(source.path, driver="GTiff") as dataset:
            grid = _grid(dataset, ground, source)
            if not 1 <= band <= dataset.count:
                raise _refused("raster_band", source, str(band), count=dataset.count)
            parts = strips(dataset, grid.window)
            people = sum(
                int((_cells(dataset, band, part, source) > 0).filled(False).sum()) for part in parts
            )
    except RasterioError as error:
        raise _refused("raster_unreadable", source, error=error.__cause__ or error) from None
    shapes = _pixels(units.geometry.to_numpy(), ground, grid)
    inside = min(people, float(shapely.area(shapes).sum()))
    # A border between two units cuts about 1.4 cells for every cell's length of it.
    return grid.rows * grid.columns, int(inside + 0.7 * float(shapely.length(shapes).sum()))


def _check_file(source: RasterDemand) -> None:
    if not source.path.is_file():
        raise _refused("file_missing", source)
    with source.path.open("rb") as file:
        head = file.read(4)
    if not head:
        raise _refused("file_empty", source)
    if head not in TIFF_MARKS:
        raise _refused("file_kind", source, expected="GeoTIFF")


def _refused(
    code: str, source: RasterDemand, value: object = "", **details: object
) -> InputRefused:
    problem = Problem(code, "refused", source.name, value=str(value), details=details)
    return InputRefused([problem])


def _grid(dataset: Any, ground: Ground, source: RasterDemand) -> _Grid:
    """The window of whole cells over the units; refused where there is none."""
    crs, to_crs = _crs(dataset, source), dataset.transform
    grid = _Grid(crs, to_crs, dataset.width, dataset.height, 0, 0, 0, 0)
    west, north, east, south = shapely.total_bounds(
        _pixels(ground.units.geometry.to_numpy(), ground, grid)
    )
    column, row = max(0, math.floor(west)), max(0, math.floor(north))
    columns = min(dataset.width, math.ceil(east)) - column
    rows = min(dataset.height, math.ceil(south)) - row
    if columns <= 0 or rows <= 0:
        raise _refused("raster_elsewhere", source)
    if columns * rows > MOST_CELLS:
        raise _refused("raster_too_large", source, count=columns * rows, most=MOST_CELLS)
    return _Grid(crs, to_crs, dataset.width, dataset.height, column, row, columns, rows)


def _crs(dataset: Any, source: RasterDemand) -> CRS:
    """The raster's own CRS; an EPSG code of the study stands in for one it lacks."""
    datum = datum_name(source.datum, source.name) if source.datum else ""
    if datum in SHIFTED:
        raise _refused("raster_shifted", source, value=datum)
    if dataset.crs is not None:
        return CRS.from_wkt(dataset.crs.to_wkt())
    if not datum or datum in DATUMS:
        raise _refused("crs_missing", source)
    return CRS.from_user_input(datum)


def _people(dataset: Any, band: int, grid: _Grid, source: RasterDemand) -> Floats:
    """One band over the window, scale and offset applied, NaN where masked."""
    values = np.empty(grid.rows * grid.columns)
    done = 0
    for part in strips(dataset, grid.window):
        cells = _cells(dataset, band, part, source)
        values[done : done + cells.size] = cells.astype(float).filled(np.nan).ravel()
        done += cells.size
    values *= dataset.scales[band - 1]
    values += dataset.offsets[band - 1]
    values[~np.isfinite(values)] = np.nan
    return values


def _cells(dataset: Any, band: int, part: Window, source: RasterDemand) -> Any:
    """One band over a part of the window, as it is stored, masked where there is no data."""
    cells = dataset.read(band, window=part, masked=True)
    return cells if source.nodata is None else np.ma.masked_equal(cells, source.nodata)


def _negative(values: Floats, band: int, grid: _Grid, source: RasterDemand) -> list[Problem]:
    """Refusals for cells with fewer than no people, the first ones by name."""
    cells = np.flatnonzero(values < 0)
    shown = cells[:NEGATIVES_LISTED]
    return [
        Problem(
            "raster_negative",
            "refused",
            source.name,
            column=f"band {band}",
            value=f"{values[cell]:g}",
            details={"row": row + 1, "column": column + 1, "count": len(cells)},
        )
        for cell, (column, row) in zip(shown, grid.cells_at(shown).tolist(), strict=True)
    ]


def _without_data(values: Floats, band: int, source: RasterDemand) -> list[Problem]:
    count = int(np.isnan(values).sum())
    if count == 0:
        return []
    details = {"count": count, "total": len(values)}
    return [Problem("raster_nodata", "noted", source.name, column=f"band {band}", details=details)]


def _uncovered(ground: Ground, grid: _Grid, source: RasterDemand) -> list[Problem]:
    """Notes on units that reach beyond the raster; a refusal where it misses them all."""
    shapes = _pixels(ground.units.geometry.to_numpy(), ground, grid)
    frame = shapely.box(0, 0, grid.width, grid.height)
    shares = shapely.area(shapely.intersection(shapes, frame)) / np.maximum(
        shapely.area(shapes), 1e-9
    )
    if not (shares > 0).any():
        return list(_refused("raster_elsewhere", source).problems)
    return [
        Problem(
            "raster_partly",
            "noted" if source.allow_partly else "refused",
            source.name,
            value=str(unit_id),
            details={"share": f"{100 * share:.1f}"},
        )
        for unit_id, share in zip(ground.units["unit_id"], shares, strict=True)
        if share < ENOUGH_COVER
    ]


def _pixels(shapes: Shapes, ground: Ground, grid: _Grid) -> Shapes:
    """`shapes` of the study's projection in pixels of the raster."""
    return grid.pixels_of(gpd.GeoSeries(shapes, crs=ground.crs).to_crs(grid.crs).to_numpy())


def _affine(matrix: Any) -> Any:
    def apply(xy: Floats) -> Floats:
        x, y = xy[:, 0], xy[:, 1]
        return np.column_stack(
            [matrix.a * x + matrix.b * y + matrix.c, matrix.d * x + matrix.e * y + matrix.f]
        )

    return apply


def _shares(shapes: Shapes, grid: _Grid) -> pd.DataFrame:
    """unit, cell, share: the exact share of each cell of the window in each shape.

    The window is laid out as a raster of its own with cells of side 1 and its first row on top.
    """
    west, north = grid.column, grid.row
    upright = shapely.transform(shapes, lambda xy: np.column_stack([xy[:, 0], -xy[:, 1]]))
    window = NumPyRasterSource(
        np.ones((grid.rows, grid.columns), dtype=np.int8),
        xmin=west,
        ymin=-north - grid.rows,
        xmax=west + grid.columns,
        ymax=-north,
    )
    features = [
        {"type": "Feature", "properties": {"unit": unit}, "geometry": shape.__geo_interface__}
        for unit, shape in enumerate(upright)
        if not shape.is_empty
    ]
    found = exact_extract(window, features, ["cell_id", "coverage"], include_cols=["unit"])
    rows = [item["properties"] for item in found]
    counts = [len(row["cell_id"]) for row in rows]
    return pd.DataFrame(
        {
            "unit": np.repeat([row["unit"] for row in rows], counts).astype(np.int64),
            "cell": np.concatenate([[], *(row["cell_id"] for row in rows)]).astype(np.int64),
            "share": np.concatenate([[], *(row["coverage"] for row in rows)]),
        }
    )


def _account(
    source: str, weight: str, values: Floats, whole: pd.DataFrame, parts: pd.DataFrame
) -> PeopleAccount:
    values = np.nan_to_num(values)
    taken = np.bincount(whole["cell"], weights=whole["share"], minlength=len(values))
    here = values[parts["cell"]] * parts["inside"]
    all_in_units = values[whole["cell"]] * whole["share"]
    return PeopleAccount(
        source,
        weight,
        read=float(values.sum()),
        in_units=float(here.sum()),
        outside_units=float((values * np.maximum(0, 1 - taken)).sum()),
        outside_network=float(all_in_units.sum() - here.sum()),
    )


def _rows(
    parts: pd.DataFrame, amounts: dict[str, Floats], shapes: Shapes, ground: Ground, grid: _Grid
) -> gpd.GeoDataFrame:
    """The pieces with `amounts` of people, at the cell's centre or on a cut cell's surface."""
    cell, inside = parts["cell"].to_numpy(), parts["inside"].to_numpy()
    unit = parts["unit"].to_numpy()
    corner = grid.cells_at(cell)
    middle: Floats = corner.astype(float) + 0.5
    cut = np.flatnonzero(inside < WHOLE)
    left, top = corner[cut].T.astype(float)
    boxes = shapely.box(left, top, left + 1, top + 1)
    pieces = shapely.point_on_surface(shapely.intersection(shapes[unit[cut]], boxes))
    middle[cut] = np.column_stack([shapely.get_x(pieces), shapely.get_y(pieces)])
    unit_id = ground.units["unit_id"].to_numpy(dtype=object)[unit]
    cell_id = pd.Series(corner[:, 1] * grid.width + corner[:, 0]).astype("str")
    rows = {
        "key": (cell_id + "-" + unit_id).to_numpy(),
        "unit_id": unit_id,
        **amounts,
        "extent_share": inside / parts["share"].to_numpy(),
    }
    placed = gpd.GeoDataFrame(rows, geometry=grid.placed(middle, ground.crs), crs=ground.crs)
    # A sliver of nothing has no point.
    return conform(placed[np.isfinite(middle[:, 0])], PIECES)
