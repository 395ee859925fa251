"""The first page of a folder of maps: the figure of the whole, every unit, links to the maps.

A page without a map, under the same policy: what comes from files is shown as text only.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import pandas as pd

from lifecircle.base.numbers import percent
from lifecircle.base.sentences import Language, catalogue
from lifecircle.outputs.maps import ALL, MapPage
from lifecircle.outputs.maps_data import (
    PALETTE,
    breaks,
    needs_osm_credit,
    not_known,
    plain,
    share_classes,
    source_rows,
)
from lifecircle.outputs.maps_shell import DATA_PLACE, page_file, put_in, sealed
from lifecircle.outputs.words import one_profile

SIGNS = {True: "✓", False: "✗"}


@dataclass(frozen=True)
class Line:
    """A line of the index: a row of COVERAGE, its name, and the page that shows it.

    `link` is a file of the same folder, with the address inside it.
    """

    key: tuple[str, str]
    name: str | Mapping[Language, str]
    link: str
    depth: int


def index_html(page: MapPage, lines: Sequence[Line]) -> str:
    """The index: a line for each of `lines`, a column for each headline of `page`."""
    denominator = next(
        d for d in page.labels.denominators if d in set(page.coverage["denominator"])
    )
    coverage = page.coverage[page.coverage["denominator"] == denominator]
    measured = set(coverage["service"])
    shown = [name for name in (*page.labels.headlines, ALL) if name in measured]
    shown = shown or [name for name in page.labels.services if name in measured][:5]
    words = {**page.labels.headlines, **page.labels.combinations, **page.labels.services}
    cells = _cells(coverage)
    tree = {
        "language": page.language,
        "texts": catalogue()["map"],
        "title": page.title,
        "palette": PALETTE,
        "columns": [dict(words[name]) for name in shown],
        "denominator": dict(page.labels.denominators[denominator]),
        "profile": one_profile(coverage),
        "target": percent(_target(coverage)),
        "lines": [_line(line, [cells.get((*line.key, name)) for name in shown]) for line in lines],
        "sources": source_rows(page.sources),
        "odbl": needs_osm_credit(page.sources),
        "approval": page.approval,
        "notes": [dict(note) for note in page.notes],
    }
    return put_in(shell(), tree)


def index_data(html: str) -> dict[str, Any]:
    """What an index shows, from its file; `ValueError` where it is none of ours."""
    _, start, rest = html.partition('<script type="application/json" id="data">')
    if not start:
        raise ValueError("no index of ours")
    tree: dict[str, Any] = json.loads(rest.partition("</script>")[0])
    return tree


@cache
def shell() -> str:
    """The index before its data, always the same."""
    parts = {"CSS": page_file("index.css"), "JS": page_file("index.js"), "DATA": DATA_PLACE}
    page = page_file("index.html")
    for name, text in parts.items():
        page = page.replace(f"%{name}%", text)
    return sealed(page)


def _line(line: Line, cells: list[Any]) -> dict[str, Any]:
    name = line.name if isinstance(line.name, str) else dict(line.name)
    return {"name": name, "link": line.link, "depth": line.depth, "cells": cells}


def _target(coverage: pd.DataFrame) -> float | None:
    given = coverage["target"].dropna()
    return float(given.iloc[0]) if len(given) else None


def _cells(coverage: pd.DataFrame) -> dict[tuple[str, str, str], list[Any]]:
    """By unit, level and service: the figure as text, its colour class, and whether to hatch."""
    edges = breaks(_target(coverage) or 0.85)
    classes = pd.Series(share_classes(coverage, edges)).where(coverage["share"].notna().to_numpy())
    hatched = not_known(coverage, edges).tolist()
    cells = {}
    for row, cell in zip(
        coverage.to_dict("records"), zip(plain(classes), hatched, strict=True), strict=True
    ):
        targeted = not pd.isna(row["target"])
        cells[row["unit_id"], row["level"], row["service"]] = [_figure(row), *cell, targeted]
    return cells


def _figure(row: Mapping[Any, Any]) -> str:
    lower, upper = (percent(row[name], row["target"]) for name in ("share", "share_upper"))
    if lower == "–":
        return lower
    figure = lower if lower == upper else f"{lower} – {upper}"
    if pd.isna(row["target"]):
        return figure
    known = row["meets_target"]
    return f"{figure} {'?' if pd.isna(known) else SIGNS[bool(known)]}"
