"""Census totals by unit from a CSV."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from lifecircle.base.problems import Action, Problem
from lifecircle.inputs.cells import blank, nearest, normal, normals, numbers
from lifecircle.inputs.grids import read_table
from lifecircle.inputs.kinds import TABLE_KINDS, require_kind
from lifecircle.inputs.reading import Reading
from lifecircle.inputs.sieve import Sieve
from lifecircle.inputs.tables import require_columns
from lifecircle.sources import COUNTED_ONCE, CensusSource

CODE_LENGTHS = (6, 9, 12)
"""Digits of the statistical codes of a county, a street or town, and a neighbourhood."""


def read_census(source: CensusSource, units: pd.DataFrame) -> Reading[pd.DataFrame]:
    """Totals of `units` (a UNITS table): unit_id, the four totals (NaN = not known), source_row.

    A row finds its unit by id, by statistical code (310110019 is 310110019000), or by name.
    Rows without a unit are excluded: a table often knows more units than a study.  Refused, in
    `problems`: a unit without a row (noted with `allow_unmatched`), a name that several units
    have, a unit with two rows, totals that are negative or no numbers, and a table of which no
    row finds a unit.  Raises `InputRefused` where the file cannot be read or lacks a column.
    """
    declared = {total: getattr(source, total) for total in COUNTED_ONCE}
    wanted = [source.unit, *declared.values()]
    read = read_table(source.path, require_kind(source.path, TABLE_KINDS), wanted)
    rows = read.frame
    require_columns(rows, wanted, source)
    sieve = Sieve(source.name, rows)
    sieve.problems += read.problems
    _join(sieve, source.unit, units)
    columns = {
        total: _totals(sieve, column) if column else np.nan for total, column in declared.items()
    }
    table = pd.DataFrame(
        {"unit_id": sieve.rows["unit_id"], **columns, "source_row": sieve.rows.index.astype("str")}
    )
    _book_units_without(sieve, units, "noted" if source.allow_unmatched else "refused")
    if table.empty:
        sieve.refuse("census_no_unit", source.unit)
    account = sieve.account(used=len(table))
    return Reading(table.reset_index(drop=True), tuple(sieve.problems), account)


def _join(sieve: Sieve[pd.DataFrame], column: str, units: pd.DataFrame) -> None:
    """Add `unit_id` to the rows that find a unit, and take the others out."""
    cells = sieve.rows[column]
    names = normals(units["name"])
    shared = set(names[names.duplicated(keep=False)])
    by_id = _by_id(cells, units["unit_id"])
    unsure = ((by_id == "") & normals(cells).isin(shared)).to_numpy(dtype=bool)
    sieve.book(unsure, "census_ambiguous", "refused", column)
    by_name = normals(cells).map(dict(zip(names, units["unit_id"], strict=True))).fillna("")
    found = by_id.where(by_id != "", by_name)
    sieve.rows = sieve.rows.assign(unit_id=found)[~unsure]
    lost = blank(sieve.rows["unit_id"])
    there = [*units["name"], *units["unit_id"]]
    details = [{"nearest": _alike(cell, there)} for cell in sieve.rows[column][lost]]
    sieve.exclude(lost, "census_unmatched", column, None, details)
    twice = sieve.rows["unit_id"].duplicated().to_numpy(dtype=bool)
    sieve.book(twice, "census_twice", "refused", column)
    sieve.rows = sieve.rows[~twice]


def _alike(cell: str, there: list[str]) -> str:
    """Names like `cell`; codes that are nearly the same mean nothing."""
    return "-" if _code(cell) else nearest(cell, there) or "-"


def _by_id(cells: pd.Series, ids: Iterable[str]) -> pd.Series:
    """The unit of each cell by its id as written, else by its statistical code, else empty."""
    ids = list(ids)
    by_id = {normal(one): one for one in ids}
    by_code = {_code(one): one for one in ids if _code(one)}
    found = [by_id.get(normal(cell)) or by_code.get(_code(cell)) or "" for cell in cells]
    return pd.Series(found, index=cells.index, dtype="str")


def _code(text: str) -> str:
    """A statistical code at its full twelve digits, empty if `text` is none."""
    digits = normal(text)
    is_code = digits.isascii() and digits.isdigit() and len(digits) in CODE_LENGTHS
    return digits.ljust(12, "0") if is_code else ""


def _totals(sieve: Sieve[pd.DataFrame], column: str) -> pd.Series:
    cells = sieve.rows[column]
    values, bad = numbers(cells)
    sieve.book(blank(cells), "total_blank", "noted", column)
    sieve.book(bad & ~blank(cells), "weight_unreadable", "refused", column)
    sieve.book(values < 0, "weight_negative", "refused", column)
    return pd.Series(values, index=cells.index)


def _book_units_without(sieve: Sieve[pd.DataFrame], units: pd.DataFrame, action: Action) -> None:
    without = units[~units["unit_id"].isin(sieve.rows["unit_id"])]
    sieve.problems += [
        Problem("unit_without_census", action, sieve.source, column=unit_id, value=name)
        for unit_id, name in zip(without["unit_id"], without["name"], strict=True)
    ]
