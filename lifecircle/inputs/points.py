"""Demand from points, and from areas of compounds, that carry weights in columns."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd

from lifecircle.base.problems import InputRefused, Problem
from lifecircle.base.tables import DENOMINATORS
from lifecircle.inputs.cells import blank, numbers
from lifecircle.inputs.kinds import TABLE_KINDS, file_kind
from lifecircle.inputs.places import read_places
from lifecircle.inputs.reading import Reading
from lifecircle.inputs.sieve import Sieve
from lifecircle.sources import COUNTED_ONCE, CompoundsDemand, PointsDemand

Weighted = PointsDemand | CompoundsDemand


def read_points(source: PointsDemand) -> Reading[gpd.GeoDataFrame]:
    """Demand points in EPSG:4326: demand_id, source, every weight of DEMAND, geometry.

    Units are not known here, so that the table is DEMAND without them.  A weight that the source
    does not declare is NaN; a blank one is 0 and listed.  Places that cannot be read are
    excluded; a negative or unreadable weight, an id used twice, and a file without a usable
    point are refused, in `problems`.  Raises `InputRefused` where the file cannot be read or
    lacks a column.
    """
    return _read(source, {"lon": source.lon, "lat": source.lat}, ("Point",))


def read_compounds(source: CompoundsDemand) -> Reading[gpd.GeoDataFrame]:
    """The same for areas of compounds, which stay areas; a table, which has none, is refused."""
    kind = file_kind(source.path)
    if kind in TABLE_KINDS:
        details = {"value": kind}
        problem = Problem("compounds_table", "refused", source.name, details=details)
        raise InputRefused([problem])
    return _read(source, {}, ("Polygon", "MultiPolygon"))


def _read(
    source: Weighted, places: dict[str, str | None], shapes: tuple[str, ...]
) -> Reading[gpd.GeoDataFrame]:
    declared = {weight: getattr(source, weight) for weight in COUNTED_ONCE}
    sieve = read_places(source, {"id": source.id, **places, **declared}).sieve
    _exclude_other_shapes(sieve, shapes)
    columns = {
        weight: _weights(sieve, declared[weight]) if declared.get(weight) else np.nan
        for weight in DENOMINATORS
    }
    table = gpd.GeoDataFrame(
        {"demand_id": _ids(sieve, source), "source": source.name, **columns},
        geometry=sieve.rows.geometry,
    )
    if not any(declared.values()):
        sieve.refuse("points_without_weights")
    if table.empty:
        sieve.refuse("no_usable_points")
    return Reading(
        table.reset_index(drop=True), tuple(sieve.problems), sieve.account(used=len(table))
    )


def _exclude_other_shapes(sieve: Sieve[gpd.GeoDataFrame], shapes: tuple[str, ...]) -> None:
    kinds = sieve.rows.geom_type
    other = (~kinds.isin(shapes)).to_numpy(dtype=bool)
    sieve.exclude(other, "geometry_kind", "", kinds[other].tolist())


def _weights(sieve: Sieve[gpd.GeoDataFrame], column: str) -> pd.Series:
    cells = sieve.rows[column]
    values, bad = numbers(cells)
    empty = blank(cells)
    sieve.book(empty, "weight_blank", "repaired", column)
    sieve.book(bad & ~empty, "weight_unreadable", "refused", column)
    sieve.book(values < 0, "weight_negative", "refused", column)
    return pd.Series(np.where(empty, 0.0, values), index=cells.index)


def _ids(sieve: Sieve[gpd.GeoDataFrame], source: Weighted) -> list[str]:
    """Ids as the file has them, else file stem and row."""
    made = [f"{source.path.stem}-{row}" for row in sieve.rows.index]
    if source.id is None:
        return made
    given = sieve.rows[source.id]
    sieve.book(blank(given), "id_blank", "repaired", source.id)
    twice = (given.duplicated() & (given != "")).to_numpy(dtype=bool)
    sieve.book(twice, "id_twice", "refused", source.id)
    return [own or spare for own, spare in zip(given, made, strict=True)]
