"""Census tables find their units, and what finds none is listed both ways."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from lifecircle.base.problems import InputRefused
from lifecircle.inputs.census import read_census
from lifecircle.inputs.reading import Reading
from lifecircle.inputs.units import read_unit_file
from lifecircle.sources import CensusSource, UnitsSource

UNITS = [("310110019000", "五角场街道"), ("310110016000", "殷行街道")]


def read(
    folder: Path, *lines: str, units: list[tuple[str, str]] = UNITS, **keys: Any
) -> Reading[pd.DataFrame]:
    path = folder / "census.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    source = CensusSource(path=path, **{"unit": "unit", "residents": "people", **keys})
    return read_census(source, pd.DataFrame(units, columns=["unit_id", "name"], dtype="str"))


def totals(reading: Reading[pd.DataFrame]) -> dict[str, float]:
    return dict(zip(reading.table["unit_id"], reading.table["residents"], strict=True))


def found(reading: Reading[pd.DataFrame]) -> list[tuple[str, str, int | None]]:
    return [(p.code, p.action, p.row) for p in reading.problems]


@pytest.mark.parametrize(
    "key", ["310110019000", "310110019", "五角场街道", "五角场 街道\u3000", "３１０１１００１９"]
)
def test_a_row_finds_its_unit_by_id_code_or_name(tmp_path: Path, key: str) -> None:
    reading = read(tmp_path, "unit,people", f"{key},144700", "殷行街道,182500")
    assert totals(reading) == {"310110019000": 144700, "310110016000": 182500}
    assert {problem.code for problem in reading.problems} <= {"spaces_stripped"}


def test_a_long_census_code_finds_a_short_unit_id(tmp_path: Path) -> None:
    reading = read(tmp_path, "unit,people", "310110019000,5", units=[("310110019", "a")])
    assert totals(reading) == {"310110019": 5}


def test_short_numbers_are_no_codes(tmp_path: Path) -> None:
    """Unit 1 is not unit 10, and a district's code not that of its streets."""
    units = [("10", "a"), ("310110019", "b")]
    reading = read(tmp_path, "unit,people", "1,5", "310110,9", "10,7", units=units)
    assert totals(reading) == {"10": 7}


def test_the_id_comes_before_the_name(tmp_path: Path) -> None:
    reading = read(tmp_path, "unit,people", "A,5", "B,6", units=[("A", "B"), ("C", "A")])
    assert totals(reading) == {"A": 5}
    assert ("census_twice", "refused", 3) in found(reading)


def test_what_finds_no_partner_is_listed_both_ways(tmp_path: Path) -> None:
    reading = read(tmp_path, "unit,people", "五角场街道,144700", "殷行路街道,9", "合计,8")
    assert found(reading)[:2] == [
        ("census_unmatched", "excluded", 3),
        ("census_unmatched", "excluded", 4),
    ]
    assert reading.problems[0].details["nearest"] == "殷行街道, 五角场街道"
    last = reading.problems[-1]
    assert (last.code, last.column, last.value) == (
        "unit_without_census",
        "310110016000",
        "殷行街道",
    )
    account = reading.account
    assert (account.rows_read, account.rows_used, account.rows_excluded) == (3, 1, 2)


def test_a_census_of_which_no_row_fits_is_refused(tmp_path: Path) -> None:
    reading = read(tmp_path, "unit,people", "黄浦,1", "静安,2")
    assert found(reading)[-1] == ("census_no_unit", "refused", None)


def test_a_name_of_two_units_is_refused_but_not_their_ids(tmp_path: Path) -> None:
    units = [("1", "人民路街道"), ("2", "人民路街道")]
    reading = read(tmp_path, "unit,people", "人民路街道,5", "2,6", units=units)
    assert ("census_ambiguous", "refused", 2) in found(reading)
    assert totals(reading) == {"2": 6}


def test_two_rows_of_one_unit_are_refused(tmp_path: Path) -> None:
    reading = read(tmp_path, "unit,people", "310110019,5", "五角场街道,6", "殷行街道,1")
    assert found(reading) == [("census_twice", "refused", 3)]


@pytest.mark.parametrize(
    ("cell", "code", "action"),
    [
        ("", "total_blank", "noted"),
        ("约5万", "weight_unreadable", "refused"),
        ("-3", "weight_negative", "refused"),
    ],
)
def test_totals_that_are_no_counts(tmp_path: Path, cell: str, code: str, action: str) -> None:
    reading = read(tmp_path, "unit,people", f"五角场街道,{cell}", "殷行街道,1")
    assert found(reading) == [(code, action, 2)]


def test_totals_the_source_does_not_declare_are_not_known(tmp_path: Path) -> None:
    reading = read(tmp_path, "unit,people,old", "五角场街道,5,2", residents_60plus="old")
    row = reading.table.iloc[0]
    assert (row["residents"], row["residents_60plus"]) == (5, 2)
    assert pd.isna(row["children_0_3"]) and pd.isna(row["dwellings"])


def test_a_missing_column_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputRefused) as refused:
        read(tmp_path, "unit,persons", "五角场街道,5")
    assert [p.code for p in refused.value.problems] == ["column_missing"]


@pytest.mark.parametrize("column", ["subdistrict_id", "subdistrict_name"])
def test_the_census_of_yangpu_finds_its_twelve_streets(test_data: Path, column: str) -> None:
    """Nine-digit codes meet twelve-digit ones; the 101 other streets are noted."""
    folder = test_data / "shanghai"
    units = read_unit_file(
        UnitsSource(
            path=folder / "boundaries/streets-8-districts.geojson",
            id="official_control_code_2023",
            name="official_control_name_2023",
        )
    ).table
    path = folder / "population/census2020-yangpu.csv"
    source = CensusSource(path=path, unit=column, residents="population_total")
    reading = read_census(source, units)
    assert len(reading.table) == reading.account.rows_read == 12
    assert reading.table["residents"].sum() == 1_242_600
    assert totals(reading)["310110019000"] == 144_700
    assert [p.code for p in reading.problems] == ["unit_without_census"] * 101
