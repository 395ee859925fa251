"""Pieces of demand: what the demand readers share, in the study's own projection.

Every reader brings points with weights; here they are given to units, and what lies outside a
unit or outside the network is taken out and booked.
"""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from pyproj import CRS

from lifecircle.base.problems import Problem
from lifecircle.base.tables import WEIGHTS, Column, Contract, conform
from lifecircle.inputs.reading import Account
from lifecircle.sources import RESIDENT_WEIGHTS, Source

BALANCE = 1e-6

PIECES = Contract(
    "pieces",
    ("key",),
    (
        Column("key", "text", "", "unique in its source", required=True),
        Column("unit_id", "text", "", "the unit the piece lies in", required=True),
        *WEIGHTS,
        Column("extent_share", "number", "share", "share of the original weight inside"),
        Column("geometry", "geometry", "", "point", required=True),
    ),
)


@dataclass(frozen=True)
class Ground:
    """Where a study lies: its units and the network's extent, in the study's projection."""

    crs: CRS
    units: gpd.GeoDataFrame
    """unit_id, geometry; sorted by unit_id and without overlaps."""
    extent: shapely.Geometry

    @classmethod
    def of(cls, units: gpd.GeoDataFrame, crs: CRS, extent: shapely.Geometry) -> Ground:
        """The ground of `units` (UNITS in EPSG:4326) and of `extent` (a polygon in `crs`).

        Where two units overlap the ground belongs to the one with the lower id, so that nobody
        is counted twice.
        """
        units = units[["unit_id", "geometry"]].to_crs(crs).sort_values("unit_id", kind="stable")
        shapes = shapely.make_valid(units.geometry.to_numpy())
        apart = gpd.GeoDataFrame(
            {"unit_id": units["unit_id"].to_numpy()}, geometry=_without_overlaps(shapes), crs=crs
        )
        shapely.prepare(extent)
        return cls(crs, apart, extent)

    @property
    def inside(self) -> npt.NDArray[np.object_]:
        """For each unit, its part inside the extent (a polygon, maybe empty)."""
        shapes = self.units.geometry.to_numpy()
        whole = shapely.covers(self.extent, shapes)
        return np.where(whole, shapes, polygons_only(shapely.intersection(shapes, self.extent)))

    @property
    def extent_shares(self) -> pd.Series[float]:
        """The share of each unit's area inside the extent, by unit_id; exactly 1 if all is."""
        areas = self.units.geometry.to_numpy()
        shares = shapely.area(self.inside) / np.maximum(shapely.area(areas), 1e-9)
        shares[shapely.covers(self.extent, areas)] = 1.0
        return pd.Series(shares, index=self.units["unit_id"].to_numpy())


@dataclass(frozen=True)
class PeopleAccount:
    """Where the people (or homes) that one source brings have gone."""

    source: str
    weight: str
    read: float
    in_units: float
    outside_units: float
    outside_network: float

    def __post_init__(self) -> None:
        """Hold that nobody is lost or counted twice."""
        placed = self.in_units + self.outside_units + self.outside_network
        assert abs(self.read - placed) <= BALANCE * max(1.0, abs(self.read)), self


@dataclass(frozen=True)
class Pieces:
    """The demand one source brings; `rows` by the contract PIECES in the study's projection."""

    source: Source
    rows: gpd.GeoDataFrame
    accounts: tuple[Account, ...]
    people: tuple[PeopleAccount, ...] = ()
    problems: tuple[Problem, ...] = ()


def place_points(rows: gpd.GeoDataFrame, ground: Ground) -> gpd.GeoDataFrame:
    """`rows` (points in the study's projection) with `unit_id` and `in_network`.

    `unit_id` is empty outside every unit; on a shared border the lower id wins.
    """
    points = rows.geometry.to_numpy()
    tree = shapely.STRtree(ground.units.geometry.to_numpy())
    point, unit = tree.query(points, predicate="intersects")
    first = np.full(len(points), len(ground.units))
    np.minimum.at(first, point, unit)
    ids = np.append(ground.units["unit_id"].to_numpy(dtype=object), "")
    return rows.assign(unit_id=ids[first], in_network=shapely.intersects(ground.extent, points))


def point_pieces(source: Source, rows: gpd.GeoDataFrame, ground: Ground, rows_read: int) -> Pieces:
    """Pieces of `rows` (key, weights, points in the study's projection) by where they lie.

    `rows_read` also counts the rows of the source that its reader left out already.
    """
    placed = place_points(rows, ground)
    in_unit, in_network = placed["unit_id"] != "", placed["in_network"]
    used = in_unit & in_network
    people = tuple(
        PeopleAccount(
            source.name,
            weight,
            read=float(rows[weight].sum()),
            in_units=float(rows.loc[used, weight].sum()),
            outside_units=float(rows.loc[~in_unit, weight].sum()),
            outside_network=float(rows.loc[in_unit & ~in_network, weight].sum()),
        )
        for weight in RESIDENT_WEIGHTS
        if weight in rows and rows[weight].notna().any()
    )
    rows_used = int(used.sum())
    account = Account(source.name, rows_read, rows_used, rows_read - rows_used)
    problems = left_out(source, int((~in_unit).sum()), int((in_unit & ~in_network).sum()))
    kept = conform(placed[used].assign(extent_share=1.0), PIECES)
    return Pieces(source, kept, (account,), people, problems)


def left_out(source: Source, outside_units: int, outside_network: int) -> tuple[Problem, ...]:
    """Notes on rows that lie outside every unit, and in a unit but outside the network."""
    counts = {
        "demand_outside_units": outside_units,
        "demand_outside_network": outside_network,
    }
    return tuple(
        Problem(code, "excluded", source.name, details={"count": count})
        for code, count in counts.items()
        if count
    )


def polygons_only(shapes: npt.NDArray[np.object_]) -> npt.NDArray[np.object_]:
    """`shapes` without the points and lines that an intersection may leave beside its areas."""
    mixed = shapely.get_dimensions(shapes) < 2
    mixed |= shapely.get_type_id(shapes) == shapely.GeometryType.GEOMETRYCOLLECTION
    shapes = shapes.copy()
    for index in np.flatnonzero(mixed):
        parts = shapely.get_parts(shapes[index])
        shapes[index] = shapely.union_all(parts[shapely.get_dimensions(parts) == 2])
    return shapes


def _without_overlaps(shapes: npt.NDArray[np.object_]) -> npt.NDArray[np.object_]:
    """`shapes` where each has lost what an earlier one covers."""
    shapes = shapes.copy()
    later, earlier = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    for index in np.unique(later):
        before = earlier[(later == index) & (earlier < index)]
        before = before[~shapely.touches(shapes[before], shapes[index])]
        if before.size:
            shapes[index] = shapely.difference(shapes[index], shapely.union_all(shapes[before]))
    return polygons_only(shapes)
