"""Rows that lie somewhere: points of a text table, or features of a GeoJSON."""

from __future__ import annotations

from collections.abc import Iterable

import geopandas as gpd
import numpy as np

from lifecircle.base.geo import GEOGRAPHIC, Floats
from lifecircle.base.problems import Problem
from lifecircle.inputs.datum import datum_name, is_projected, to_wgs84
from lifecircle.inputs.sieve import Sieve
from lifecircle.inputs.tables import (
    Kind,
    Mask,
    file_kind,
    no_geometry,
    numbers,
    off_the_globe,
    read_csv,
    read_vector,
    require_columns,
)
from lifecircle.study import Source

MOST_UNREADABLE = 0.05
"""A file with a larger share of unreadable coordinates is refused."""

ONLY_GEOJSON: tuple[Kind, ...] = ("GeoJSON",)
GLOBE = (180.0, 90.0)


def read_places(
    source: Source, columns: Iterable[str | None], lon: str, lat: str
) -> Sieve[gpd.GeoDataFrame]:
    """The rows of a CSV or GeoJSON that lie on the globe, in EPSG:4326, and what fell out.

    Of the attributes only the declared `columns` are kept, as text; `lon` and `lat` are the
    columns of a CSV that hold degrees, or metres x and y of a projected datum.  Raises
    `InputRefused` where the file cannot be read or lacks a column.
    """
    wanted = list(dict.fromkeys(name for name in columns if name is not None))
    if file_kind(source.path) == "CSV":
        places = _from_csv(source, wanted, lon, lat)
    else:
        places = _from_geojson(source, wanted)
    _refuse_if_mostly_unreadable(places)
    return places


def _from_csv(source: Source, columns: list[str], lon: str, lat: str) -> Sieve[gpd.GeoDataFrame]:
    datum = datum_name(source.datum or "wgs84", source.name)
    table = read_csv(source.path)
    require_columns(table, [*columns, lon, lat], source)
    cells = table[list(dict.fromkeys([*columns, lon, lat]))]
    sieve = Sieve(source.name, gpd.GeoDataFrame(cells))
    if source.datum is None:
        sieve.problems.append(Problem("datum_assumed", "noted", source.name, column="datum"))
    for column in (lon, lat):
        sieve.exclude(numbers(sieve.rows[column])[1], "coordinates_unreadable", column)
    x, y = (numbers(sieve.rows[column])[0] for column in (lon, lat))
    sieve.exclude((x == 0) & (y == 0), "null_island", lon)
    x, y = (numbers(sieve.rows[column])[0] for column in (lon, lat))
    x, y, off = _on_the_globe(x, y, datum, source)
    values = [f"{a}, {b}" for a, b in sieve.rows.loc[off, [lon, lat]].to_numpy()]
    sieve.exclude(off, "coordinates_range", f"{lon}, {lat}", values)
    points = gpd.points_from_xy(x[~off], y[~off], crs=GEOGRAPHIC)
    sieve.rows = gpd.GeoDataFrame(sieve.rows[columns], geometry=points)
    return sieve


def _on_the_globe(x: Floats, y: Floats, datum: str, source: Source) -> tuple[Floats, Floats, Mask]:
    """WGS 84 degrees, and which places do not fit the datum.

    Degrees in a table declared as metres do not fit either.
    """
    looks_like_degrees = (np.abs(x) <= GLOBE[0]) & (np.abs(y) <= GLOBE[1])
    off = looks_like_degrees if is_projected(datum) else ~looks_like_degrees
    lon, lat = np.full(len(x), np.nan), np.full(len(y), np.nan)
    lon[~off], lat[~off] = to_wgs84(x[~off], y[~off], datum, source.name)
    off |= ~((np.abs(lon) <= GLOBE[0]) & (np.abs(lat) <= GLOBE[1]))
    return lon, lat, off


def _from_geojson(source: Source, columns: list[str]) -> Sieve[gpd.GeoDataFrame]:
    features = read_vector(source.path, source, ONLY_GEOJSON)
    if features.empty:
        features = features.reindex(columns=[*columns, "geometry"])
    require_columns(features, columns, source)
    sieve = Sieve(source.name, features[[*columns, "geometry"]])
    sieve.exclude(no_geometry(sieve.rows.geometry), "geometry_missing")
    bounds = sieve.rows.geometry.bounds.to_numpy()
    sieve.exclude((bounds == 0).all(axis=1), "null_island")
    sieve.exclude(off_the_globe(sieve.rows.geometry), "coordinates_range")
    return sieve


def _refuse_if_mostly_unreadable(places: Sieve[gpd.GeoDataFrame]) -> None:
    unreadable = sum(problem.code == "coordinates_unreadable" for problem in places.problems)
    if unreadable > MOST_UNREADABLE * places.rows_read:
        places.refuse("too_many_unreadable", unreadable=unreadable, total=places.rows_read)
