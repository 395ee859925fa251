"""Isochrones as files: a styled GeoPackage for QGIS, GeoJSON, and Parquet."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pyogrio
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from lifecircle.base.files import atomic_path, full_disk_named
from lifecircle.base.problems import Problem, StudyRefused
from lifecircle.base.sentences import Language, sentence
from lifecircle.network.isochrone_limits import LONGEST_M, LONGEST_MIN, limit_problems
from lifecircle.network.isochrones import Progress as Counted
from lifecircle.network.profiles import profile_named, profiles
from lifecircle.outputs.tables import rounded

LAYER = "isochrones"
COLOURS = ("#08519c", "#3182bd", "#6baed6", "#9ecae1", "#c6dbef")
"""From the smallest ring outwards; the last stands for all further ones."""

GEOJSON_DECIMALS = 9
"""A tenth of a millimetre, finer than the grid that rings share their borders on."""


def ring_options(
    limits: str | None,
    minutes: str | None,
    profile: str,
    overlap: str | None,
    lines: bool,
    away: bool,
    access_m: float,
) -> dict[str, Any]:
    """Arguments of `isochrones` from the words of a command line, checked before any work.

    Raises `StudyRefused` with a line for each that cannot be meant.
    """
    chosen: dict[str, Any] = {
        "profile": profile,
        "overlap": overlap or "overlapping",
        "kind": "lines" if lines else "polygons",
        "direction": "from" if away else "towards",
        "access_m": access_m,
    }
    walker = profile_named(profile)
    if minutes is not None:
        if not walker.scenario:
            known = ", ".join(name for name, one in profiles().items() if one.scenario)
            _refuse(
                Problem(
                    "minutes_need_people",
                    "refused",
                    "isochrones",
                    column="--minutes",
                    details={"known": known},
                )
            )
        chosen["minutes"] = _numbers(minutes, LONGEST_MIN, "--minutes")
    if limits is not None:
        chosen["limits_m"] = _numbers(limits, LONGEST_M, "--limits")
    return chosen


def _numbers(text: str, longest: float, option: str) -> list[float]:
    words = [word.strip() for word in text.replace("，", ",").split(",") if word.strip()]
    try:
        values = [float(word) for word in words]
    except ValueError:
        values = []
        _refuse(Problem("limit_not_number", "refused", "isochrones", column=option, value=text))
    _refuse(*limit_problems(values, longest, option))
    return values


def of_services(facilities: gpd.GeoDataFrame, services: Sequence[str]) -> gpd.GeoDataFrame:
    """The facilities of some services, or all; `StudyRefused` where there are none of one."""
    known = ", ".join(sorted(facilities["service"].unique()))
    _refuse(
        *(
            Problem(
                "service_unknown_here",
                "refused",
                "isochrones",
                column="--service",
                value=name,
                details={"known": known},
            )
            for name in services
            if not (facilities["service"] == name).any()
        )
    )
    return facilities[facilities["service"].isin(services)] if services else facilities


def _refuse(*problems: Problem) -> None:
    if problems:
        raise StudyRefused(problems)


def write_rings(rings: gpd.GeoDataFrame, folder: Path, date: datetime.date) -> list[Path]:
    """isochrones.gpkg, .geojson and .parquet in `folder`, all or none; same table, same bytes.

    Large rings come first, so that a map draws the small ones on top of them.
    """
    table = rounded(rings.sort_values(["limit_m", "service", "id"], ascending=[False, True, True]))
    table = table.reset_index(drop=True).astype({"id": str, "service": str, "reason": str})
    names = [folder / f"{LAYER}.{suffix}" for suffix in ("gpkg", "geojson", "parquet")]
    with (
        full_disk_named(folder),
        atomic_path(names[0]) as package,
        atomic_path(names[1]) as json,
        atomic_path(names[2]) as parquet,
    ):
        _write_package(table, package, date)
        pyogrio.write_dataframe(
            table,
            json,
            layer=LAYER,
            driver="GeoJSON",
            COORDINATE_PRECISION=str(GEOJSON_DECIMALS),
        )
        table.to_parquet(parquet, index=False)
    return names


def _write_package(table: gpd.GeoDataFrame, path: Path, date: datetime.date) -> None:
    """The rings, and in the table `layer_styles`, where QGIS looks for it, how to draw them."""
    stamp = f"{date:%Y-%m-%d}T00:00:00.000Z"
    line = table.geometry.geom_type.eq("MultiLineString").any()
    kind = "MultiLineString" if line else "MultiPolygon"
    style = pd.DataFrame(
        {
            "f_table_catalog": [""],
            "f_table_schema": [""],
            "f_table_name": [LAYER],
            "f_geometry_column": ["geom"],
            "styleName": [LAYER],
            "styleQML": [_qml(sorted(table["limit_m"].unique()), bool(line))],
            "styleSLD": [""],
            "useAsDefault": [True],
            "description": [""],
            "owner": [""],
            "ui": [""],
            "update_time": [stamp],
        }
    )
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": stamp})
    try:
        pyogrio.write_dataframe(table, path, layer=LAYER, driver="GPKG", geometry_type=kind)
        pyogrio.write_dataframe(style, path, layer="layer_styles", driver="GPKG", append=True)
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})


def _qml(limits: list[float], line: bool) -> str:
    """A QGIS style: one colour for each limit, the ground seen through."""
    categories, symbols = [], []
    for number, limit in enumerate(limits):
        colour = COLOURS[min(number, len(COLOURS) - 1)]
        red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
        categories.append(
            f'<category render="true" symbol="{number}" value="{limit:g}" label="{limit:g} m"/>'
        )
        symbols.append(_symbol(number, f"{red},{green},{blue}", line))
    return (
        '<!DOCTYPE qgis><qgis styleCategories="Symbology">'
        '<renderer-v2 type="categorizedSymbol" attr="limit_m">'
        f"<categories>{''.join(categories)}</categories>"
        f"<symbols>{''.join(symbols)}</symbols></renderer-v2></qgis>"
    )


def _symbol(number: int, colour: str, line: bool) -> str:
    if line:
        kind, name, layer = (
            "line",
            "SimpleLine",
            {"line_color": f"{colour},255", "line_width": "0.6"},
        )
    else:
        kind, name, layer = "fill", "SimpleFill", {"color": f"{colour},140", "outline_width": "0.2"}
        layer["outline_color"] = f"{colour},255"
    options = "".join(
        f'<Option type="QString" name="{key}" value="{value}"/>' for key, value in layer.items()
    )
    return (
        f'<symbol type="{kind}" name="{number}" alpha="1"><layer class="{name}" enabled="1">'
        f'<Option type="Map">{options}</Option></layer></symbol>'
    )


@contextmanager
def counted(language: Language, shown: bool) -> Iterator[Counted]:
    """A bar on a terminal's standard error that counts origins as their rings are made."""
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        console=Console(stderr=True),
        transient=True,
        disable=not shown,
    )
    task = bar.add_task(sentence("rings.making", language), total=None)
    with bar:
        yield lambda done, total: bar.update(task, completed=done, total=total)
