"""results.gpkg: the layers of a run in one GeoPackage that QGIS opens drawn."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
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


def write_package(
    layers: Mapping[str, gpd.GeoDataFrame], styles: list[Style], path: Path, date: datetime.date
) -> None:
    """Write `layers` and how to draw them; the same layers and date give the same bytes."""
    with full_disk_named(path.parent), dated(date) as stamp:
        for name, layer in layers.items():
            pyogrio.write_dataframe(
                layer,
                path,
                layer=name,
                driver="GPKG",
                geometry_type=SHAPES.get(name, "Unknown"),
                promote_to_multi=SHAPES.get(name, "").startswith("Multi"),
                use_arrow=True,  # columns at once: a third of the time
            )
        table = style_table(styles, stamp)
        pyogrio.write_dataframe(table, path, layer=STYLES, driver="GPKG", append=True)


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
