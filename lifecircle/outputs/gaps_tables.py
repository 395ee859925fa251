"""Gaps and sites as files: a CSV for scripts and Excel, a GeoPackage for maps."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pyogrio

from lifecircle.base.files import atomic_path
from lifecircle.outputs.csv_text import csv_bytes
from lifecircle.outputs.gis import dated, with_lonlat
from lifecircle.outputs.tables import rounded


def write_places(table: gpd.GeoDataFrame, folder: Path, name: str, date: datetime.date) -> None:
    """`<name>.csv` and `<name>.gpkg` in `folder`, both or neither; the same table, the same bytes.

    The CSV has the longitude and latitude of a point inside each place.
    """
    with (
        atomic_path(folder / f"{name}.csv") as csv,
        atomic_path(folder / f"{name}.gpkg") as package,
    ):
        csv.write_bytes(csv_bytes(with_lonlat(rounded(table))))
        _write_layer(rounded(table), package, name, date)


def json_rows(table: gpd.GeoDataFrame | pd.DataFrame) -> list[dict[str, Any]]:
    """The rows as they go into JSON: rounded as the files are, what is not known as null."""
    plain = rounded(table)
    if isinstance(plain, gpd.GeoDataFrame):
        plain = with_lonlat(plain)
    rows: list[dict[str, Any]] = json.loads(plain.to_json(orient="records", force_ascii=False))
    return rows


def _write_layer(table: gpd.GeoDataFrame, path: Path, layer: str, date: datetime.date) -> None:
    with dated(date):
        pyogrio.write_dataframe(table, path, layer=layer, driver="GPKG", geometry_type="Unknown")
