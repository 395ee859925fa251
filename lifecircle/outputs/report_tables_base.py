"""What a display table is: columns with a header and a kind, rows with exact figures, a note."""

from __future__ import annotations

import datetime
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from lifecircle.base.numbers import percent
from lifecircle.base.sentences import Language, catalogue, sentence
from lifecircle.measures.coverage import CITY

Kind = Literal["text", "integer", "number", "share", "metres", "verdict", "coordinate", "date"]
MOST_ROWS = 5_000
"""Rows of a sheet that grows with the city: a hundred printed pages.  Who wants more wants a
program; the gaps of a large city are more than the 1,048,576 rows that a sheet can hold."""

Standing = Literal["above", "below", "open", ""]
"""Where a share stands against its target; empty where there is no target or no figure."""


@dataclass(frozen=True)
class ReportColumn:
    """One column.  A `date` is a day or the number of a year.

    `target`, `standing` and `share_if` name further columns of the rows.  `target`: the share that
    rounding never reaches; `standing`: a `Standing`, for colours and marks; `share_if`: whether a
    number is a share, in tables of many units of measure.
    """

    key: str
    header: str
    kind: Kind
    note: str = ""
    target: str = ""
    standing: str = ""
    share_if: str = ""


@dataclass(frozen=True)
class ReportTable:
    """A table as people see it: `rows` has a column for each key, figures as in the CSV files.

    `note` is the definition line, or what to do where there are no rows.  Rows may carry further
    columns for machines; `total` says which rows are sums of the others.
    """

    id: str
    title: str
    columns: tuple[ReportColumn, ...]
    rows: pd.DataFrame
    note: str


def say(key: str, language: Language, **values: object) -> str:
    """A sentence of the display tables."""
    return sentence(f"report_table.{key}", language, **values)


def text_column(key: str, language: Language, header: str = "") -> ReportColumn:
    """A column of words, headed by the sentence of its key (or of `header`)."""
    return ReportColumn(key, say(header or key, language), "text")


def number_column(key: str, kind: Kind, language: Language, header: str = "") -> ReportColumn:
    """A column of numbers, headed by the sentence of its key (or of `header`)."""
    return ReportColumn(key, say(header or key, language), kind)


def table_of(
    id: str, title: str, columns: tuple[ReportColumn, ...], rows: pd.DataFrame, note: str
) -> ReportTable:
    """The table, with every key a column of `rows` even where there is no row."""
    missing: dict[str, Any] = {column.key: [] for column in columns if column.key not in rows}
    if missing and len(rows):
        raise KeyError(f"{id}: {', '.join(missing)}")
    return ReportTable(id, title, columns, rows.assign(**missing).reset_index(drop=True), note)


def with_rest(note: str, count: int, rest: str, language: Language) -> str:
    """`note`, and the sentence `rest` on how many there are and where, if `MOST_ROWS` are fewer."""
    if count <= MOST_ROWS:
        return note
    return f"{note}\n{say(rest, language, shown=f'{MOST_ROWS:,}', count=f'{count:,}')}"


def standings(rows: pd.DataFrame) -> pd.Series:
    """The `Standing` of every row of COVERAGE."""
    meets = rows["meets_target"].astype("boolean")
    judged = (rows["target"].notna() & rows["share"].notna()).to_numpy(dtype=bool)
    above = (meets.fillna(False).astype(bool)).to_numpy()
    below = (~meets.fillna(True).astype(bool)).to_numpy()
    return pd.Series(
        np.select([~judged, above, below], ["", "above", "below"], "open"), index=rows.index
    )


def verdict_words(rows: pd.DataFrame, language: Language) -> list[str]:
    """The verdict of every row of COVERAGE in words: above or below the city-wide target."""
    return [
        verdict_word(row, standing, language)
        for row, standing in zip(rows.to_dict("records"), standings(rows), strict=True)
    ]


def verdict_word(row: Mapping[Any, Any], standing: str, language: Language) -> str:
    """The verdict of one row; the city reaches its target, a unit is above it."""
    if pd.isna(row["share"]):
        return say("no_demand" if row["total"] == 0 else "no_figure", language)
    if pd.isna(row["target"]):
        return say("no_target", language)
    if standing == "open":
        return say("open", language)
    return say(f"{'city' if row['level'] == CITY else 'unit'}_{standing}", language)


def weight_words(denominator: str, language: Language) -> str:
    """A denominator with the unit that its amounts are in."""
    weight = sentence(f"denominator.{denominator}", language)
    unit = sentence(f"weight_unit.{denominator}", language)
    return sentence("weight_unit.in_brackets", language, weight=weight, unit=unit)


def level_words(levels: pd.Series, language: Language) -> list[str]:
    """The words for levels; one that nobody foresaw stays as the study names it."""
    known = catalogue()["level_word"]
    return [known[level][language] if level in known else str(level) for level in levels]


def unit_names(rows: pd.DataFrame, language: Language) -> list[str]:
    """The names of units; the sum of all has its own word."""
    city = sentence("summary.city", language)
    return [
        city if level == CITY else str(name)
        for level, name in zip(rows["level"], rows["unit_name"], strict=True)
    ]


def cell_text(column: ReportColumn, row: Mapping[Any, Any], language: Language) -> str:
    """The cell as it is printed: one decimal for shares, down below the target; `–` for nothing."""
    value = row[column.key]
    if isinstance(value, str | datetime.date):
        return str(value)
    if value is None or pd.isna(value):
        return "–" if column.kind not in ("text", "verdict") else ""
    if isinstance(value, float) and math.isinf(value):
        return say("unreachable", language)
    if column.kind == "share" or (column.share_if and bool(row[column.share_if])):
        figure = percent(value, row[column.target] if column.target else None)
        return say("percent", language, figure=figure)
    return _number_text(column, value)


def _number_text(column: ReportColumn, value: Any) -> str:
    if column.kind == "date":
        return f"{value:.0f}"
    if column.kind == "coordinate":
        return f"{value:.6f}"
    if column.share_if and abs(value) < 100:
        return f"{value:,.1f}".removesuffix(".0")
    return f"{value:,.0f}"
