"""results.gpkg: the layers of a run in one GeoPackage that QGIS opens drawn."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyogrio
import shapely

from lifecircle.base.files import full_disk_named
from lifecircle.outputs.gis_styles import Style, style_table

STYLES = "layer_styles"
SHAPES = {
    "units": "MultiPolygon",
    "facilities": "MultiPoint",
    "demand": "Point",
    "gaps": "MultiPolygon",
    "sites": "Point",
}
"""One kind of geometry for each layer, as QGIS and its styles expect it."""

JOINED: dict[str, tuple[int, Callable[..., Any]]] = {
    "MultiPoint": (0, shapely.multipoints),
    "MultiPolygon": (3, shapely.multipolygons),
}
"""What single geometries, by their type of GEOS, are made into."""

ROWS_AT_ONCE = 50_000


def write_package(
    layers: Mapping[str, gpd.GeoDataFrame], styles: list[Style], path: Path, date: datetime.date
) -> None:
    """Write `layers` and how to draw them; the same layers and date give the same bytes."""
    with full_disk_named(path.parent), dated(date) as stamp:
        for name, layer in layers.items():
            kind = SHAPES.get(name, "Unknown")
            if len(layer) > ROWS_AT_ONCE:
                _write_in_parts(layer, name, kind, path)
                continue
            pyogrio.write_dataframe(
                layer,
                path,
                layer=name,
                driver="GPKG",
                geometry_type=kind,
                promote_to_multi=kind.startswith("Multi"),
                use_arrow=True,  # columns at once: a third of the time
            )
        table = style_table(styles, stamp)
        pyogrio.write_dataframe(table, path, layer=STYLES, driver="GPKG", append=True)


def _write_in_parts(layer: gpd.GeoDataFrame, name: str, kind: str, path: Path) -> None:
    """Write a layer some rows at a time: all at once, a city's would lie in memory twice more."""
    schema = _columns(layer.head(ROWS_AT_ONCE), kind).schema
    for number, field in enumerate(schema):
        if pa.types.is_null(field.type):  # texts, all of them empty so far
            schema = schema.set(number, field.with_type(pa.string()))

    def batches() -> Iterator[pa.RecordBatch]:
        for start in range(0, len(layer), ROWS_AT_ONCE):
            rows = layer.iloc[start : start + ROWS_AT_ONCE]
            yield from _columns(rows, kind, schema).to_batches()

    pyogrio.write_arrow(
        pa.RecordBatchReader.from_batches(schema, batches()),
        path,
        layer=name,
        driver="GPKG",
        geometry_name=layer.geometry.name,
        geometry_type=kind,
        crs=layer.crs.to_wkt(),
    )


def _columns(rows: gpd.GeoDataFrame, kind: str, schema: pa.Schema | None = None) -> pa.Table:
    """Rows as columns of Arrow, their geometries as WKB."""
    geometry = rows.geometry.to_numpy().copy()
    if kind in JOINED:
        single, joined = JOINED[kind]
        alone = shapely.get_type_id(geometry) == single
        geometry[alone] = joined(geometry[alone][:, np.newaxis], axis=1)
    shapes = {rows.geometry.name: shapely.to_wkb(geometry)}
    return pa.Table.from_pandas(pd.DataFrame(rows).assign(**shapes), schema, preserve_index=False)


@contextmanager
def dated(date: datetime.date) -> Iterator[str]:
    """Have GDAL write this date instead of the clock's; gives it as GDAL writes it."""
    stamp = f"{date:%Y-%m-%d}T00:00:00.000Z"
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": stamp})
    try:
        yield stamp
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})


def with_lonlat(table: gpd.GeoDataFrame) -> pd.DataFrame:
    """`table` without geometry, with `lon` and `lat` of a point inside it."""
    inside = shapely.point_on_surface(table.geometry.to_numpy())
    lon, lat = np.round(shapely.get_x(inside), 6), np.round(shapely.get_y(inside), 6)
    return pd.DataFrame(table.drop(columns="geometry")).assign(lon=lon, lat=lat)
