"""A comparison as files: the change of every figure, who gains and loses, and how it came about."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import geopandas as gpd
import pandas as pd

from lifecircle.base.files import MANIFEST, sha256, staged_folder, write_bytes
from lifecircle.measures.compare import Change
from lifecircle.measures.compare_people import Places
from lifecircle.outputs.csv_text import csv_bytes
from lifecircle.outputs.gaps_tables import json_rows
from lifecircle.outputs.indicator_tables import rounded_figures
from lifecircle.outputs.tables import options, rounded, versions

LONGEST_NAME = 120


class Side(Places, Protocol):
    """One state, as outputs show it."""

    @property
    def name(self) -> str:
        """Its name in files."""

    @property
    def title(self) -> str:
        """Its title for people."""

    @property
    def facilities(self) -> gpd.GeoDataFrame:
        """FACILITIES."""

    @property
    def coverage(self) -> pd.DataFrame:
        """COVERAGE."""

    @property
    def base_map(self) -> gpd.GeoDataFrame:
        """What a map shows under the units."""

    @property
    def new_ways(self) -> tuple[tuple[tuple[float, float], ...], ...]:
        """The ways that its scenarios add, as longitudes and latitudes."""

    @property
    def scenario_files(self) -> tuple[Path, ...]:
        """The scenarios it came about by, in their order."""


class Compared(Protocol):
    """A state before, and what changes in each of the others."""

    @property
    def before(self) -> Side:
        """The state before."""

    @property
    def after(self) -> Sequence[Side]:
        """The others."""

    @property
    def changes(self) -> Sequence[Change]:
        """One for each of the others."""


def comparison_name(compared: Compared) -> str:
    """What its folder and page are called: `<before>-vs-<after>`."""
    before, names = compared.before.name, [one.name for one in compared.after]
    whole = f"{before}-vs-{'-'.join(names)}"
    return whole if len(whole) <= LONGEST_NAME else f"{before}-vs-{len(names)}-{_short(names)}"


def _short(names: list[str]) -> str:
    return hashlib.sha256(" ".join(names).encode("utf-8")).hexdigest()[:8]


def comparison_tables(compared: Compared) -> dict[str, pd.DataFrame]:
    """change, people and indicator_change, with the state after in the first column."""
    change = [rounded(one.coverage) for one in compared.changes]
    tables = {"change": _stacked(compared, change)}
    people = [one.people for one in compared.changes]
    tables["people"] = _stacked(compared, [None if one is None else rounded(one) for one in people])
    lines = [one.indicators for one in compared.changes]
    if any(one is not None for one in lines):
        own = [None if one is None else rounded_figures(one) for one in lines]
        tables["indicator_change"] = _stacked(compared, own)
    return tables


def _stacked(compared: Compared, tables: Sequence[pd.DataFrame | None]) -> pd.DataFrame:
    named = []
    for state, table in zip(compared.after, tables, strict=True):
        if table is not None:
            named.append(table.assign(before=compared.before.name, after=state.name))
    if not named:
        return pd.DataFrame(columns=["before", "after"])
    whole = pd.concat(named, ignore_index=True)
    return whole[["before", "after", *whole.columns.drop(["before", "after"])]]


def write_comparison(compared: Compared, folder: Path, page: Path, html: str) -> None:
    """The tables into `folder` and the map to `page`, the manifest last, whole or not at all."""
    content = html.encode("utf-8")
    with staged_folder(folder) as stage:
        for name, table in comparison_tables(compared).items():
            (stage / f"{name}.csv").write_bytes(csv_bytes(table))
        files = {file.name: sha256(file) for file in sorted(stage.iterdir())}
        pages = {page.name: hashlib.sha256(content).hexdigest()}
        text = json.dumps(manifest(compared, files, pages), ensure_ascii=False, indent=1)
        (stage / MANIFEST).write_text(text + "\n", encoding="utf-8")
        write_bytes(page, content)


def manifest(
    compared: Compared, files: Mapping[str, str], pages: Mapping[str, str]
) -> dict[str, Any]:
    """What was compared: studies and scenarios with their hashes, options, versions, files."""
    return {
        "before": _described(compared.before),
        "after": [_described(one) for one in compared.after],
        "versions": versions(),
        "files": dict(files),
        "maps": dict(pages),
    }


def _described(side: Side) -> dict[str, Any]:
    study = side.study
    inputs = {source.name: sha256(source.path) for source in study.sources}
    return {
        "name": side.name,
        "title": side.title,
        "study": study.file.name,
        "scenarios": {file.name: sha256(file) for file in side.scenario_files if file.is_file()},
        "report_date": study.report_date.isoformat(),
        "standard": side.standard.id,
        "inputs": inputs,
        "options": options(study),
    }


def comparison_json(compared: Compared) -> dict[str, Any]:
    """All tables for scripts: a list of rows for each."""
    tables = comparison_tables(compared)
    return {
        "before": compared.before.name,
        "after": [one.name for one in compared.after],
        **{name: json_rows(table) for name, table in tables.items()},
    }
