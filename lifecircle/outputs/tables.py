"""The tables of a run under their fixed names, and the manifest that says how they came about.

Rows are sorted where they are made and numbers rounded here, so that the same inputs give the
same bytes; clock times go into `run.log` alone.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Iterable, Mapping
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pyproj
import shapely

from lifecircle.base.files import (
    MANIFEST,
    sha256,
    staged_folder,
    write_bytes,
)
from lifecircle.base.problems import Problem, problems_table
from lifecircle.measures.result import Result
from lifecircle.outputs.csv_text import csv_bytes
from lifecircle.outputs.gis import with_lonlat, write_package
from lifecircle.outputs.gis_layers import layers, styles
from lifecircle.outputs.gis_shapes import shapes_zip
from lifecircle.outputs.indicator_tables import (
    policy_files,
    rounded_figures,
    write_pictures,
)
from lifecircle.outputs.network_quality import quality_files, quality_layer
from lifecircle.outputs.sentences import report_sentences
from lifecircle.outputs.words import main_denominator
from lifecircle.sources import Source
from lifecircle.study import Study

LIBRARIES = (
    "lifecircle", "exactextract", "folium", "geopandas", "numpy", "osmium", "pandas", "pyarrow",
    "pyogrio", "pyproj", "rasterio", "scipy", "shapely",
)  # fmt: skip
"""What the figures may depend on."""

Frame = TypeVar("Frame", bound=pd.DataFrame)

METRES_DECIMALS = 3
SHARE_NAMES = ("target", "low", "high", "completeness")
SHARE_DECIMALS = 6
PROBLEMS = "problems.csv"
LOG = "run.log"


def write_tables(result: Result, folder: str | Path, log: str = "") -> None:
    """Write every table of `result` into `folder`, whole or not at all, the manifest last.

    An earlier result in `folder` is replaced in one step; files of other makers are kept.
    """
    with staged_folder(Path(folder)) as stage:
        fill_folder(result, stage, log)


def fill_folder(
    result: Result,
    stage: Path,
    log: str = "",
    pages: Mapping[str, str] | None = None,
    documents: Mapping[str, bytes] | None = None,
) -> None:
    """The files of a run in an empty folder, and its `documents` with them.

    `pages` are the hashes of maps that go elsewhere.
    """
    _write_all(result, stage)
    for name, document in (documents or {}).items():
        (stage / name).write_bytes(document)
    # `check` writes problems.csv anew, so its hash would not hold.
    files = {file.name: sha256(file) for file in sorted(stage.iterdir()) if file.name != PROBLEMS}
    (stage / LOG).write_text(log, encoding="utf-8")
    own = dict.fromkeys([*files, PROBLEMS, LOG], "") | files
    content = json.dumps(manifest(result, own, pages or {}), ensure_ascii=False, indent=1)
    (stage / MANIFEST).write_text(content + "\n", encoding="utf-8")


def write_problems(result_folder: Path, table: pd.DataFrame) -> None:
    """Write `problems.csv` alone, as a refused run does."""
    write_bytes(result_folder / PROBLEMS, csv_bytes(table))


def write_standards(folder: Path, table: pd.DataFrame) -> Path:
    """Write coverage under several standards as `standards.csv`, and say where."""
    path = folder / "standards.csv"
    write_bytes(path, csv_bytes(rounded(table)))
    return path


def _write_all(result: Result, stage: Path) -> None:
    study, plain = result.study, _rounded_result(result)
    title = study.study.title or study.study.name
    (stage / "study.toml").write_bytes(study.file.read_bytes())
    (stage / "coverage.csv").write_bytes(csv_bytes(plain.coverage))
    plain.coverage.to_parquet(stage / "coverage.parquet", index=False)
    _write_rules(result, stage)
    for name, table in policy_files(result.policy).items():
        # A table of no unit says whose it is, so that a copy of it still does.
        named = table if "unit_id" in table else table.assign(study=title)
        (stage / f"{name}.csv").write_bytes(csv_bytes(rounded_figures(named)))
    write_pictures(result.policy, result.units, stage, study.study.language, title)
    plain.demand.to_parquet(stage / "demand.parquet", index=False)
    (stage / "facilities.csv").write_bytes(csv_bytes(_with_lonlat(plain.facilities)))
    problems = problems_table(result.problems, study.study.language)
    (stage / PROBLEMS).write_bytes(csv_bytes(problems))
    for name, table in quality_files(result).items():
        (stage / f"{name}.csv").write_bytes(csv_bytes(table))
    (stage / "gaps.csv").write_bytes(csv_bytes(with_lonlat(plain.gaps)))
    _write_layers(plain, stage)


def _write_rules(result: Result, stage: Path) -> None:
    """What goes with coverage, and the sentence of a report for every unit and service."""
    rules, denominator = result.rules, main_denominator(result.coverage)
    tables = {
        "tiers": rules.tiers,
        "sensitivity": rules.sensitivity,
        "bands": rules.bands,
        "completeness": rules.completeness,
        "sentences": report_sentences(
            result.coverage, rules.where, rules.bands, result.standard, denominator
        ),
    }
    for name, table in tables.items():
        (stage / f"{name}.csv").write_bytes(csv_bytes(rounded(table)))


def rounded(table: Frame) -> Frame:
    """`table` with shares to a millionth and everything else to a millimetre's worth.

    A share below the target is rounded down: no rounding lifts a figure to the target.
    """
    shares = [name for name in table.columns if "share" in str(name) or name in SHARE_NAMES]
    decimals = {
        str(name): SHARE_DECIMALS if name in shares else METRES_DECIMALS
        for name in table.columns
        if pd.api.types.is_float_dtype(table[name])
    }
    whole = table.assign(**{name: table[name].round(digits) for name, digits in decimals.items()})
    for name in shares if "target" in table.columns else ():
        if name in decimals and name != "target":
            below = table[name] < table["target"]
            whole[name] = whole[name].mask(below, np.floor(table[name] * 1e6) / 1e6)
    return whole


def _with_lonlat(facilities: gpd.GeoDataFrame) -> pd.DataFrame:
    """Longitude and latitude (WGS 84) of the facility, or of the middle of its entrances."""
    middle = shapely.centroid(facilities.geometry.to_numpy())
    lon, lat = shapely.get_x(middle), shapely.get_y(middle)
    table = pd.DataFrame(facilities.drop(columns="geometry"))
    return table.assign(lon=np.round(lon, 6), lat=np.round(lat, 6))


def _write_layers(result: Result, stage: Path) -> None:
    """results.gpkg with its styles, and the Shapefiles where the study asks for them."""
    study = result.study
    found = layers(result)
    quality = rounded(quality_layer(result.network_quality))
    found |= {"network_quality": quality} if len(quality) else {}
    drawn = styles(result, list(found), study.study.language)
    write_package(found, drawn, stage / "results.gpkg", study.report_date)
    if study.outputs.shapefile is not None:
        packed = shapes_zip(result, study.outputs.shapefile)
        (stage / "results-shp.zip").write_bytes(packed)


def _rounded_result(result: Result) -> Result:
    """`result` with the figures that its files have."""
    names = ("coverage", "facilities", "demand", "gaps", "sites")
    return replace(result, **{name: rounded(getattr(result, name)) for name in names})


def manifest(result: Result, files: Mapping[str, str], pages: Mapping[str, str]) -> dict[str, Any]:
    """What was run: inputs with their hashes, options, versions, accounts and files written.

    Files whose bytes may differ between two runs, such as the log, stand without a hash.
    """
    study = result.study
    return {
        "study": study.study.name,
        "report_date": study.report_date.isoformat(),
        "inputs": [input_record(source) for source in study.sources],
        "datums_found": datums_found(result.problems),
        "options": options(study),
        "standard": result.standard.id,
        "crs": None if result.network.crs is None else result.network.crs.to_string(),
        "versions": versions(),
        "account": result.account,
        "files": dict(files),
        "maps": dict(pages),
    }


def versions() -> dict[str, str]:
    """The versions of this package and of what its figures may depend on."""
    return {
        **{name: version(name) for name in LIBRARIES[:1]},
        "python": platform.python_version(),
        **{name: version(name) for name in LIBRARIES[1:]},
        "GDAL": pyogrio.__gdal_version_string__,
        "GEOS": shapely.geos_version_string,
        "PROJ": pyproj.proj_version_str,
    }


def options(study: Study) -> dict[str, Any]:
    """Every option of the study, the defaults too, with file names instead of paths."""
    return {
        name: _names_only(value)
        for name, value in study.model_dump(mode="json", by_alias=True).items()
    }


def _names_only(content: Any) -> Any:
    if isinstance(content, dict):
        return {
            key: Path(value).name if key == "path" else _names_only(value)
            for key, value in content.items()
        }
    return [_names_only(item) for item in content] if isinstance(content, list) else content


def datums_found(problems: Iterable[Problem]) -> list[dict[str, str]]:
    """The datum of each file that declares none, as its own rows told it."""
    return [
        {"file": problem.source, "datum": str(problem.details["found"])}
        for problem in problems
        if problem.code == "datum_found"
    ]


def input_record(source: Source) -> dict[str, Any]:
    """A file as the manifest names it: by name, hash and what the study says of it."""
    return {
        "file": source.name,
        "sha256": sha256(source.path),
        "publisher": source.publisher,
        "date": None if source.date is None else source.date.isoformat(),
        "licence": source.licence,
        "datum": source.datum,
    }
