"""results-shp.zip: the layers of a run as Shapefiles, for programs that read nothing newer.

A field has at most ten bytes for its name there, so that `fields.csv` says what each holds.
"""

from __future__ import annotations

import datetime
import io
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely

from lifecircle.base.sentences import LANGUAGES, catalogue, sentence
from lifecircle.base.tables import DENOMINATORS, SHARES_OF
from lifecircle.measures.result import Result
from lifecircle.outputs.gis_layers import judged_ids, layers
from lifecircle.outputs.words import denominator_words, main_denominator, service_words

NAME_BYTES, TEXT_BYTES, MOST_FIELDS = 10, 254, 250
"""Of a name and of a text in a DBF file, and fields of one layer (the format ends at 255)."""

CODES = {
    "residents": "r", "residents_60plus": "e", "children_0_3": "c", "dwellings": "d",
    "buildings": "b", "floor_area_m2": "f", "residential_land_m2": "l", "offices": "o",
    "walkable_street_m": "s",
}  # fmt: skip
"""The last letter of a share's field: what it is a share of."""

FIELDS = {
    "units": ("unit_id", "name", "level", "parent", "rural"),
    "facilities": (
        "facility_id", "service", "name", "beds", "places", "floor_area_m2", "status", "source",
        "attached_m",
    ),
    "demand": ("demand_id", "unit_id", *DENOMINATORS, "services_reached"),
    "gaps": (
        "rank", "gap_id", "unit_id", "unit_name", "service", "place", "cause", "between",
        "limit_m", "denominator", "uncovered", *DENOMINATORS, "facility_name", "metres",
        "straight_m", "unit_share", "unit_target",
    ),
    "sites": ("rank", "service", "candidate_name", "unit_name", "gain", "share_after"),
}  # fmt: skip
UNITS_OF = {
    "residents": "people", "residents_60plus": "people", "children_0_3": "people",
    "beds": "beds", "places": "places", "unit_share": "share", "unit_target": "share",
    "share_after": "share", "metres": "m",
}  # fmt: skip


@dataclass(frozen=True)
class Field:
    """A field of a Shapefile: its short name, the column it holds, its unit and meaning."""

    short: str
    column: str
    unit: str
    zh: str
    en: str


def shapes_zip(result: Result, crs: str) -> bytes:
    """All layers as Shapefiles in `crs`, with `fields.csv`; the same run gives the same bytes.

    A walk that reaches nothing (`inf`) has no number in the format and stays empty.
    """
    date, packed = result.study.report_date, io.BytesIO()
    with tempfile.TemporaryDirectory() as folder:
        tables = []
        for name, layer in layers(result).items():
            fields = fields_of(name, layer, result)
            _write_shape(_prepared(layer, fields).to_crs(crs), Path(folder), name, date)
            rows = [{"file": f"{name}.shp", **vars(field)} for field in fields]
            tables.append(pd.DataFrame(rows))
        book = pd.concat(tables).rename(
            columns={"short": "field", "zh": "meaning_zh", "en": "meaning_en"}
        )
        (Path(folder) / "fields.csv").write_bytes(
            book.to_csv(index=False, lineterminator="\n").encode("utf-8-sig")
        )
        with zipfile.ZipFile(packed, "w") as archive:
            for file in sorted(Path(folder).iterdir()):
                archive.writestr(_entry(file.name, date), file.read_bytes())
    return packed.getvalue()


def _entry(name: str, date: datetime.date) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, (max(date.year, 1980), date.month, date.day, 0, 0, 0))
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry


def fields_of(name: str, layer: pd.DataFrame, result: Result) -> list[Field]:
    """The fields of a layer; weights that nothing carries are left out."""
    plain = [
        column
        for column in FIELDS[name]
        if column in layer and (column not in DENOMINATORS or layer[column].notna().any())
    ]
    shorts = short_names(plain)
    fields = [
        Field(
            shorts[column],
            column,
            unit_of(column),
            *(sentence(f"field.{column}", language) for language in LANGUAGES),
        )
        for column in plain
    ]
    if name == "units":
        fields += _share_fields(layer, result)
    if name == "demand":
        fields += _walk_fields(result)
    return fields[:MOST_FIELDS]


def unit_of(column: str) -> str:
    """The unit that a column is in."""
    if column in UNITS_OF:
        return UNITS_OF[column]
    return next((unit for end, unit in (("_m2", "m²"), ("_m", "m")) if column.endswith(end)), "")


def _share_fields(layer: pd.DataFrame, result: Result) -> Iterator[Field]:
    """Verdict and upper bound of what is judged, then shares, one denominator after the other."""
    services = list(dict.fromkeys(result.coverage["service"]))
    shorts = short_names(services, NAME_BYTES - 2)
    main = main_denominator(result.coverage)
    for service in judged_ids(result):
        for kind, letter, unit in (("verdict", "v", ""), ("upper", "u", "share")):
            texts = _texts(f"of_{kind}", service, main, result)
            yield Field(f"{shorts[service]}_{letter}", f"{service}_{kind}", unit, *texts)
    order = [main, *(name for name in SHARES_OF if name != main)]
    for weight in order:
        for service in services:
            if f"{service}_{weight}" in layer:
                short = f"{shorts[service]}_{CODES[weight]}"
                texts = _texts("of_share", service, weight, result)
                yield Field(short, f"{service}_{weight}", "share", *texts)


def _walk_fields(result: Result) -> Iterator[Field]:
    services = result.minutes.services
    shorts = short_names(services, NAME_BYTES - 2)
    for service in services:
        texts = _texts("of_walk", service, main_denominator(result.coverage), result)
        yield Field(f"{shorts[service]}_m", f"{service}_m", "m", *texts)


def _texts(key: str, service: str, weight: str, result: Result) -> Iterator[str]:
    """The meaning of a field in Chinese and in English."""
    words, weights = service_words(result.standard), denominator_words()
    entry = catalogue()["field"][key]
    for language in LANGUAGES:
        values = {"service": words[service][language], "weight": weights[weight][language]}
        yield entry[language].format(**values)


def short_names(names: Iterable[str], most: int = NAME_BYTES) -> Mapping[str, str]:
    """A name of at most `most` bytes for each, no two alike, whatever the case of letters."""
    short: dict[str, str] = {}
    for name in names:
        plain = name.encode("ascii", "replace").decode().replace("?", "_")
        tried, number = plain[:most], 2
        while tried.lower() in {one.lower() for one in short.values()}:
            end = str(number)
            tried, number = plain[: most - len(end)] + end, number + 1
        short[name] = tried
    return short


def _prepared(layer: gpd.GeoDataFrame, fields: list[Field]) -> gpd.GeoDataFrame:
    """The columns of `fields` under their short names, as a DBF file can hold them."""
    columns = {field.short: _plain(layer[field.column]) for field in fields}
    geometry = layer.geometry
    if geometry.geom_type.str.contains("Point").all():
        geometry = gpd.GeoSeries(shapely.centroid(geometry.to_numpy()), crs=layer.crs)
    table = pd.DataFrame(columns)
    return gpd.GeoDataFrame(table, geometry=geometry.to_numpy(), crs=layer.crs)


def _plain(column: pd.Series) -> pd.Series:
    if pd.api.types.is_bool_dtype(column):
        return column.astype("Int16")
    if pd.api.types.is_float_dtype(column):
        return column.mask(np.isinf(column))
    if pd.api.types.is_integer_dtype(column):
        return column
    return pd.Series([_cut(text) for text in column], index=column.index, dtype=object)


def _cut(text: object) -> str | None:
    """A text of at most TEXT_BYTES, cut between characters."""
    if not isinstance(text, str):
        return None
    return text.encode("utf-8", "replace")[:TEXT_BYTES].decode("utf-8", "ignore")


def _write_shape(layer: gpd.GeoDataFrame, folder: Path, name: str, date: datetime.date) -> None:
    kind = "Point" if layer.geometry.geom_type.eq("Point").all() else "Polygon"
    pyogrio.write_dataframe(
        layer,
        folder / f"{name}.shp",
        driver="ESRI Shapefile",
        geometry_type=kind,
        ENCODING="UTF-8",
        DBF_DATE_LAST_UPDATE=date.isoformat(),
    )
