"""Rows that lie somewhere: points of a table, or features of a vector file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import CRS

from lifecircle.base.geo import GEOGRAPHIC, Floats
from lifecircle.base.problems import InputRefused, Problem, refuse_if_any
from lifecircle.inputs.cells import Mask, blank
from lifecircle.inputs.columns import column_of, declared_column
from lifecircle.inputs.coordinates import (
    book_other_coordinates,
    read_coordinates,
    split_location,
)
from lifecircle.inputs.datum import (
    DATUMS,
    SHIFTED,
    datum_name,
    inexact_datum,
    is_projected,
    to_wgs84,
)
from lifecircle.inputs.grids import TextTable, formula_without_value, read_table
from lifecircle.inputs.hypotheses import Witnesses
from lifecircle.inputs.kinds import TABLE_KINDS, Kind, file_kind
from lifecircle.inputs.settle import settle_datum
from lifecircle.inputs.sieve import Sieve
from lifecircle.inputs.stated import Positions, positions_of
from lifecircle.inputs.vectors import (
    is_geoparquet,
    no_geometry,
    off_the_globe,
    read_parquet_table,
    read_vector,
    unshifted,
)
from lifecircle.sources import Source

MOST_UNREADABLE = 0.05
"""A file with a larger share of unreadable coordinates is refused."""

SAID = ("street", "district", "address", "name")
"""Roles whose text tells where a row lies; nothing of it but the name is kept."""


@dataclass(frozen=True)
class Places:
    """Rows on the globe in EPSG:4326 and what fell out; the columns by role; what rows state.

    `stated` are positions in the witnesses' areas by row of the file, -1 for none.
    """

    sieve: Sieve[gpd.GeoDataFrame]
    column: Mapping[str, str | None]
    said: pd.DataFrame
    stated: pd.Series


def read_places(
    source: Source,
    roles: Mapping[str, str | None],
    known: Iterable[str] = (),
    witnesses: Witnesses | None = None,
) -> Places:
    """The rows of a table or vector file that lie on the globe.

    `roles` are the columns by what they hold, as the study declares them (None: not declared);
    the roles in `known` are also found by their usual names.  Only columns with a role are kept,
    as text.  The datum is the declared one, else the one that `witnesses` tell.  Raises
    `InputRefused` where the file cannot be read or lacks a declared column.
    """
    kind = file_kind(source.path)
    is_table = kind in TABLE_KINDS or (kind == "Parquet" and not is_geoparquet(source.path))
    read = _from_table if is_table else _from_vector
    return read(source, kind, dict(roles), frozenset(known), witnesses)


def _from_table(
    source: Source,
    kind: Kind,
    roles: dict[str, str | None],
    known: frozenset[str],
    witnesses: Witnesses | None,
) -> Places:
    table = _table(source, kind, roles)
    frame, problems = split_location(table.frame, roles, source)
    column = _columns(frame, roles, known | {"lon", "lat"}, source)
    x_column, y_column = _coordinate_columns(frame, column, source)
    sieve = Sieve(source.name, gpd.GeoDataFrame(frame), table.sheet)
    sieve.problems += [*table.problems, *problems]
    if kind == "XLSX":
        _refuse_formulas(sieve, [x_column, y_column], source)
    x, y = _readable(sieve, x_column, y_column)
    nowhere = (x == 0) & (y == 0)
    sieve.exclude(nowhere, "null_island", x_column)
    x, y = x[~nowhere], y[~nowhere]
    datum = datum_name(source.datum, source.name) if source.datum else None
    x, y = book_other_coordinates(sieve, x, y, (x_column, y_column), datum, source)
    refuse_if_any(sieve.problems)
    if datum is not None and datum not in DATUMS:
        sieve.problems += inexact_datum(CRS(datum), source.name)
    said, stated = _said(sieve.rows, column, witnesses)
    nominal = datum if datum is not None and is_projected(datum) else "wgs84"
    x, y = to_wgs84(x, y, nominal, source.name)
    datum = settle_datum(sieve.problems, (x, y), stated.to_numpy(), datum, source, witnesses)
    x, y = to_wgs84(x, y, datum, source.name)
    kept = [name for role, name in column.items() if name and role not in ("lon", "lat")]
    kept = [name for name in dict.fromkeys(kept) if not _is_private(name, column)]
    points = gpd.points_from_xy(x, y, crs=GEOGRAPHIC)
    sieve.rows = gpd.GeoDataFrame(sieve.rows[kept], geometry=points)
    _refuse_if_mostly_unreadable(sieve)
    return Places(sieve, column, said, stated)


def _is_private(name: str, column: Mapping[str, str | None]) -> bool:
    """Whether a column only serves to tell where a row lies."""
    roles = {role for role, own in column.items() if own == name}
    return roles <= {"street", "district", "address"}


def _table(source: Source, kind: Kind, roles: Mapping[str, str | None]) -> TextTable:
    if kind == "Parquet":
        return TextTable(read_parquet_table(source.path), "", ())
    sheet = getattr(source, "sheet", None)
    return read_table(source.path, kind, list(roles.values()), sheet)


def _columns(
    frame: pd.DataFrame, roles: Mapping[str, str | None], known: frozenset[str], source: Source
) -> dict[str, str | None]:
    """The column of every role; refused with all declared ones that are missing."""
    names = [str(name) for name in frame.columns if name != "geometry"]
    found: dict[str, str | None] = {}
    problems: list[Problem] = []
    for role, declared in roles.items():
        try:
            if role in known:
                found[role] = column_of(role, names, declared, source.name)
            else:
                found[role] = declared and declared_column(names, declared, source.name)
        except InputRefused as error:
            problems += error.problems
    if problems:
        raise InputRefused(problems)
    return found


def _coordinate_columns(
    frame: pd.DataFrame, column: Mapping[str, str | None], source: Source
) -> tuple[str, str]:
    there = ", ".join(map(str, frame.columns))
    missing = [role for role in ("lon", "lat") if column[role] is None]
    if missing:
        raise InputRefused(
            Problem(
                "coordinates_none", "refused", source.name, column=role, details={"columns": there}
            )
            for role in missing
        )
    return str(column["lon"]), str(column["lat"])


def _refuse_formulas(sieve: Sieve[gpd.GeoDataFrame], columns: list[str], source: Source) -> None:
    """Refuse a workbook whose coordinates are formulas that store no value."""
    empty = np.logical_or.reduce([blank(sieve.rows[column]) for column in columns])
    if not empty.any():
        return
    rows = set(sieve.rows.index[empty].tolist())
    cell = formula_without_value(source.path, sieve.sheet, rows)
    if cell:
        problem = Problem(
            "formula_without_value", "refused", source.name, None, cell, sheet=sieve.sheet
        )
        raise InputRefused([problem])


def _readable(sieve: Sieve[gpd.GeoDataFrame], x: str, y: str) -> tuple[Floats, Floats]:
    """Coordinates of the rows where both can be read; the others are excluded."""
    values = read_coordinates(sieve, (x, y))
    known = [np.isfinite(own) for own in values]
    sieve.exclude(~known[0], "coordinates_unreadable", x)
    sieve.exclude(~known[1][known[0]], "coordinates_unreadable", y)
    both = known[0] & known[1]
    return values[0][both], values[1][both]


def _said(
    rows: pd.DataFrame, column: Mapping[str, str | None], witnesses: Witnesses | None
) -> tuple[pd.DataFrame, pd.Series]:
    """What rows say of where they lie, by role, and the area that they state."""
    empty = pd.Series("", index=rows.index, dtype="str")
    said = pd.DataFrame({role: _cells(rows, column.get(role), empty) for role in SAID})
    if witnesses is None or not len(witnesses.areas):
        return said, pd.Series(-1, index=rows.index, dtype="int64")
    text = said["address"] + " " + said["name"]
    found: Positions = positions_of(witnesses.areas, said["street"], said["district"], text)
    return said, pd.Series(found, index=rows.index)


def _cells(rows: pd.DataFrame, column: str | None, empty: pd.Series) -> pd.Series:
    return rows[column] if column else empty


def _from_vector(
    source: Source,
    kind: Kind,
    roles: dict[str, str | None],
    known: frozenset[str],
    witnesses: Witnesses | None,
) -> Places:
    degrees = source.model_copy(update={"datum": None}) if _only_shifts(source) else source
    notes: list[Problem] = []
    features = read_vector(source.path, degrees, notes=notes)
    if features.empty:
        wanted = [name for name in roles.values() if name]
        features = features.reindex(columns=[*dict.fromkeys(wanted), "geometry"])
    roles = {role: name for role, name in roles.items() if role not in ("lon", "lat")}
    column = _columns(features, roles, known - {"lon", "lat"}, source)
    sieve = Sieve(source.name, features)
    sieve.problems += notes
    sieve.exclude(no_geometry(sieve.rows.geometry), "geometry_missing")
    bounds = sieve.rows.geometry.bounds.to_numpy()
    sieve.exclude((bounds == 0).all(axis=1), "null_island")
    off: Mask = off_the_globe(sieve.rows.geometry)
    sieve.exclude(off, "coordinates_range")
    said, stated = _said(sieve.rows, column, witnesses)
    # A GeoJSON seldom knows better than a table; other kinds say their reference system.
    labelled = None if kind == "GeoJSON" else "wgs84"
    declared = datum_name(source.datum, source.name) if source.datum else labelled
    points = shapely.get_coordinates(shapely.point_on_surface(sieve.rows.geometry.to_numpy()))
    datum = settle_datum(
        sieve.problems, (points[:, 0], points[:, 1]), stated.to_numpy(), declared, source, witnesses
    )
    kept = list(dict.fromkeys(filter(None, column.values())))
    kept = [name for name in kept if not _is_private(name, column)]
    geometry = sieve.rows.geometry
    if datum in SHIFTED:
        geometry = unshifted(geometry, datum)
    sieve.rows = gpd.GeoDataFrame(sieve.rows[kept], geometry=geometry)
    return Places(sieve, column, said, stated)


def _only_shifts(source: Source) -> bool:
    """Whether the declared datum is one of degrees, which is taken out after it was tested."""
    return source.datum is not None and datum_name(source.datum, source.name) in DATUMS


def _refuse_if_mostly_unreadable(sieve: Sieve[gpd.GeoDataFrame]) -> None:
    unreadable = sum(problem.code == "coordinates_unreadable" for problem in sieve.problems)
    if unreadable > MOST_UNREADABLE * sieve.rows_read:
        sieve.refuse("too_many_unreadable", unreadable=unreadable, total=sieve.rows_read)
