"""One file of facilities from one datum into another, its other columns as they are."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
from pyproj import Transformer

from lifecircle.base.files import atomic_path, write_bytes
from lifecircle.base.geo import GEOGRAPHIC, Floats
from lifecircle.base.problems import InputRefused, Problem
from lifecircle.inputs.cells import numbers
from lifecircle.inputs.columns import column_of
from lifecircle.inputs.datum import (
    DATUMS,
    datum_name,
    gcj02_to_bd09,
    is_projected,
    to_wgs84,
    wgs84_to_gcj02,
)
from lifecircle.inputs.grids import read_table
from lifecircle.inputs.kinds import TABLE_KINDS, file_kind
from lifecircle.inputs.vectors import read_vector
from lifecircle.sources import Source

DECIMALS = 9
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def convert_file(
    path: Path, given: str, wanted: str, lon: str | None = None, lat: str | None = None
) -> tuple[Path, int, int]:
    """Write `path` in the datum `wanted` beside it; its path, and rows converted and left blank.

    A table keeps its columns and gets the new coordinates in theirs, as `<name>.<datum>.csv`; a
    vector file becomes `<name>.<datum>.geojson`.  Rows whose coordinates are no numbers keep them
    as they are.  Raises `InputRefused` where the file cannot be read.
    """
    given, wanted = datum_name(given, "--from"), datum_name(wanted, "--to")
    kind = file_kind(path)
    suffix = wanted.lower().replace(":", "")
    if kind in TABLE_KINDS:
        out = path.with_name(f"{path.stem}.{suffix}.csv")
        table = read_table(path, kind, (lon, lat)).frame
        return out, *_write_table(table, out, (given, wanted), (lon, lat), path.name)
    if is_projected(wanted):
        # A GeoJSON is in degrees; metres need a format that says so.
        details = {"expected": "CSV / XLSX"}
        raise InputRefused([Problem("file_kind", "refused", path.name, details=details)])
    out = path.with_name(f"{path.stem}.{suffix}.geojson")
    frame = read_vector(path, Source(path=path, datum=given))

    def shift(places: Floats) -> Floats:
        return np.column_stack(from_wgs84(places[:, 0], places[:, 1], wanted))

    moved = gpd.GeoDataFrame(frame, geometry=frame.geometry.transform(shift), crs=GEOGRAPHIC)
    with atomic_path(out) as temporary:
        moved.to_file(temporary, driver="GeoJSON", COORDINATE_PRECISION=DECIMALS)
    return out, len(frame), 0


def from_wgs84(lon: Floats, lat: Floats, datum: str) -> tuple[Floats, Floats]:
    """WGS 84 degrees as coordinates of `datum`, a name from `datum_name`."""
    if datum == "gcj02":
        return wgs84_to_gcj02(lon, lat)
    if datum == "bd09":
        return gcj02_to_bd09(*wgs84_to_gcj02(lon, lat))
    if datum in DATUMS:
        return lon, lat
    x, y = Transformer.from_crs(GEOGRAPHIC, datum, always_xy=True).transform(lon, lat)
    return np.asarray(x, dtype=float), np.asarray(y, dtype=float)


def _write_table(
    table: pd.DataFrame,
    out: Path,
    datums: tuple[str, str],
    declared: tuple[str | None, str | None],
    source: str,
) -> tuple[int, int]:
    roles = zip(("lon", "lat"), declared, strict=True)
    columns = [column_of(role, table.columns, own, source) for role, own in roles]
    if None in columns:
        details = {"columns": ", ".join(table.columns)}
        raise InputRefused(
            [Problem("coordinates_none", "refused", source, column="lon, lat", details=details)]
        )
    lon, lat = map(str, columns)
    x, bad_x = numbers(table[lon])
    y, bad_y = numbers(table[lat])
    good = ~(bad_x | bad_y) & ~((x == 0) & (y == 0))
    x, y = from_wgs84(*to_wgs84(x[good], y[good], datums[0]), datums[1])
    table = table.copy()
    for name, values in ((lon, x), (lat, y)):
        cells = table[name].to_numpy(dtype=object).copy()
        cells[good] = [f"{value:.{DECIMALS}f}" for value in values]
        table[name] = cells
    write_bytes(out, _csv(table, {lon, lat}))
    return int(good.sum()), int((~good).sum())


def _csv(table: pd.DataFrame, coordinates: set[str]) -> bytes:
    """`table` as CSV with a mark for Excel; no text cell begins like a formula."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(table.columns)
    plain = [name in coordinates for name in table.columns]
    for row in table.itertuples(index=False, name=None):
        writer.writerow(
            [
                f"'{cell}" if not own and cell.startswith(FORMULA_STARTS) else cell
                for cell, own in zip(row, plain, strict=True)
            ]
        )
    return text.getvalue().encode("utf-8-sig")
