"""Demand from residential land: squares of a fixed grid, cut to the land and to the units."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from lifecircle.base.problems import InputRefused, Problem
from lifecircle.base.tables import conform
from lifecircle.inputs.osm_places import OsmPlaces
from lifecircle.inputs.pieces import PIECES, Ground, Pieces, left_out, polygons_only
from lifecircle.inputs.reading import Account
from lifecircle.inputs.tables import require_columns
from lifecircle.sources import LandDemand

Shapes = npt.NDArray[np.object_]

SLIVER_M2 = 1e-6
"""What is smaller is rounding of the cut, not land."""

BLOCK = 32
"""Squares along the side of a block."""


def land_pieces(land: gpd.GeoDataFrame, source: LandDemand, ground: Ground) -> Pieces:
    """One piece for each grid square and unit, weighted by its residential land in m².

    `land` holds the polygons, in any CRS.  Squares lie on a grid through the origin of the
    study's projection, `source.spacing_m` wide; land mapped twice counts once.
    """
    shapes = shapely.make_valid(land.geometry.to_crs(ground.crs).to_numpy())
    units = ground.units.geometry.to_numpy()
    whole = shapely.union_all(shapes)
    by_unit = polygons_only(shapely.intersection(units, whole))
    squares = [squares_of(shape, source.spacing_m) for shape in by_unit]
    unit_ids = ground.units["unit_id"].to_numpy(dtype=object)
    rows = _rows(squares, unit_ids, ground)
    in_unit = np.zeros(len(shapes), dtype=bool)
    in_unit[shapely.STRtree(shapes).query(units, predicate="intersects")[1]] = True
    in_network = shapely.intersects(shapes, ground.extent)
    used = int((in_unit & in_network).sum())
    account = Account(source.name, len(shapes), used, len(shapes) - used)
    problems = left_out(source, int((~in_unit).sum()), int((in_unit & ~in_network).sum()))
    return Pieces(source, rows, (account,), (), problems)


def osm_land(places: OsmPlaces, source: LandDemand) -> gpd.GeoDataFrame:
    """The extract's residential land; refused where it has none."""
    if places.land.empty:
        raise InputRefused([Problem("land_none", "refused", source.name)])
    return places.land


def coded_land(polygons: gpd.GeoDataFrame, source: LandDemand) -> gpd.GeoDataFrame:
    """The polygons whose code begins with one of `source.codes`; all of them without a column.

    Land-use codes are hierarchical: "07" takes in "0701".  Refused where the column is missing
    or no polygon has such a code.
    """
    if source.column is None:
        return polygons
    require_columns(polygons, [source.column], source)
    chosen = (
        polygons[polygons[source.column].str.startswith(source.codes)] if source.codes else polygons
    )
    if chosen.empty:
        wanted = ", ".join(source.codes)
        problem = Problem("land_none", "refused", source.name, column=source.column, value=wanted)
        raise InputRefused([problem])
    return chosen


def squares_of(shape: shapely.Geometry, spacing_m: float) -> tuple[list[str], Shapes]:
    """`shape` cut along the grid: "column_row" of each square and what lies in it.

    Cut into blocks first, these into columns and the columns into squares, so that few cuts see
    the whole outline.
    """
    blocks = np.array([shape])
    for axis in (0, 1):
        blocks, _, _ = _cut_each(blocks, BLOCK * spacing_m, axis)
    strips, columns, _ = _cut_each(blocks, spacing_m, axis=0)
    parts, rows, of_strip = _cut_each(strips, spacing_m, axis=1)
    keys = [f"{column}_{row}" for column, row in zip(columns[of_strip], rows, strict=True)]
    return keys, parts


def _cut_each(
    shapes: Shapes, spacing_m: float, axis: int
) -> tuple[Shapes, npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Each shape cut into bands of `spacing_m` along `axis`; band numbers; source positions."""
    shapes = shapes[~shapely.is_empty(shapes)]
    bounds = shapely.bounds(shapes)
    first = np.floor(bounds[:, axis] / spacing_m).astype(np.int64)
    last = np.ceil(bounds[:, axis + 2] / spacing_m).astype(np.int64)
    count = np.maximum(last - first, 1)
    of_shape = np.repeat(np.arange(len(shapes)), count)
    band = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count) + first[of_shape]
    low, high = bounds[of_shape, :2].copy(), bounds[of_shape, 2:].copy()
    low[:, axis], high[:, axis] = band * spacing_m, (band + 1) * spacing_m
    boxes = shapely.box(low[:, 0], low[:, 1], high[:, 0], high[:, 1])
    parts = polygons_only(shapely.intersection(shapes[of_shape], boxes))
    kept = shapely.area(parts) > SLIVER_M2
    return parts[kept], band[kept], of_shape[kept]


def _rows(
    squares: list[tuple[list[str], Shapes]], unit_ids: npt.NDArray[np.object_], ground: Ground
) -> gpd.GeoDataFrame:
    """The squares as pieces: cut to the network's extent, with their area and their point."""
    counts = [len(keys) for keys, _ in squares]
    units = np.repeat(unit_ids, counts)
    shapes = np.concatenate([np.empty(0, dtype=object), *(parts for _, parts in squares)])
    keys = pd.Series([key for keys, _ in squares for key in keys], dtype="str") + "-" + units
    before = shapely.area(shapes)
    inside = shapes.copy()
    cut = ~shapely.covers(ground.extent, shapes)
    inside[cut] = polygons_only(shapely.intersection(shapes[cut], ground.extent))
    area = shapely.area(inside)
    kept = area > SLIVER_M2
    rows = {
        "key": keys[kept].to_numpy(),
        "unit_id": units[kept],
        "residential_land_m2": area[kept],
        "extent_share": area[kept] / before[kept],
    }
    points = shapely.point_on_surface(inside[kept])
    return conform(gpd.GeoDataFrame(rows, geometry=points, crs=ground.crs), PIECES)
