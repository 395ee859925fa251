"""Sites of one institution stay facilities of their own; its total is not counted at each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from lifecircle.inputs.facilities import read_facility_file
from lifecircle.inputs.reading import Reading
from lifecircle.sources import FacilitySource

HEAD = "名称,经度,纬度,床位数,所属机构"
FAR_APART = (
    "甲院,121.5,31.2,{},",
    "甲院,121.6,31.3,{},",
    "甲院,121.7,31.2,{},",
    "乙院,121.5,31.3,7,",
)


def read(folder: Path, *lines: str, **keys: Any) -> Reading[Any]:
    path = folder / "homes.csv"
    path.write_text("\n".join([HEAD, *lines]) + "\n", encoding="utf-8")
    source = FacilitySource.model_validate(
        {"path": path, "service": "home", "datum": "wgs84", **keys}
    )
    return read_facility_file(source, ["home"])


def three(folder: Path, *beds: str, **keys: Any) -> Reading[Any]:
    """Three sites of one name with these beds, and another facility with 7."""
    lines = [line.format(*given) for line, given in zip(FAR_APART, [*zip(beds), ()], strict=True)]
    return read(folder, *lines, **keys)


def said(reading: Reading[Any]) -> list[tuple[str, str, int | None, str]]:
    own = ("institution", "capacity")
    return [(p.code, p.action, p.row, p.column) for p in reading.problems if p.code.startswith(own)]


def test_sites_far_apart_are_kept_and_listed_once(tmp_path: Path) -> None:
    reading = three(tmp_path, "10", "20", "30")
    assert reading.table["beds"].tolist() == [10, 20, 30, 7]
    assert said(reading) == [("institution_sites", "noted", 2, "")]
    assert "rows 2, 3, 4" in reading.problems[-1].line()


def test_a_site_within_20_m_is_still_a_repetition(tmp_path: Path) -> None:
    """0.0001° of longitude is 9.5 m here: the second row falls out, and one site is no several."""
    reading = read(tmp_path, "甲院,121.5,31.2,5,", "甲院,121.5001,31.2,5,")
    assert reading.table["beds"].tolist() == [5]
    assert said(reading) == []


@pytest.mark.parametrize("capacity_of", ["site", "institution"])
def test_a_total_given_once_is_counted_once(tmp_path: Path, capacity_of: str) -> None:
    """90 at the first site: its own, or 30 at each; 90 in all either way."""
    beds = three(tmp_path, "90", "", "", capacity_of=capacity_of).table["beds"]
    assert beds.sum() == 97
    assert beds.tolist()[:3] == pytest.approx(
        [30, 30, 30] if capacity_of == "institution" else [90, float("nan"), float("nan")],
        nan_ok=True,
    )


def test_one_number_at_every_site_is_noted_and_shared_where_the_study_says_so(
    tmp_path: Path,
) -> None:
    as_given = three(tmp_path, "90", "90", "90")
    assert as_given.table["beds"].sum() == 277
    assert said(as_given)[1:] == [("capacity_repeated", "noted", 2, "beds")]
    assert "counts 270 in all" in as_given.problems[-1].line()
    shared = three(tmp_path, "90", "90", "90", capacity_of="institution")
    assert shared.table["beds"].tolist() == [30, 30, 30, 7]
    assert said(shared)[1:] == [("capacity_shared", "repaired", 2, "beds")]


def test_numbers_that_differ_are_no_total(tmp_path: Path) -> None:
    reading = three(tmp_path, "90", "60", "", capacity_of="institution")
    beds = reading.table["beds"]
    assert beds.sum() == 157 and pd.isna(beds.iloc[2])
    assert said(reading)[1:] == [("capacity_differs", "noted", 2, "beds")]


def test_the_column_joins_sites_of_different_names(tmp_path: Path) -> None:
    """By its usual name or declared; a blank cell leaves the name to tell."""
    lines = ["东院,121.5,31.2,90,总院", "西院,121.6,31.2,,总院", "丙院,121.7,31.2,8,"]
    reading = read(tmp_path, *lines, capacity_of="institution")
    assert reading.table["beds"].tolist() == [45, 45, 8]
    again = read(tmp_path, *lines, capacity_of="institution", institution="所属机构")
    assert again.table["beds"].tolist() == [45, 45, 8]


def test_each_service_is_shared_among_its_own_sites(tmp_path: Path) -> None:
    """Two sites are homes, of which one is a clinic too: 60 beds are 30 and 30, and 60 alone."""
    path = tmp_path / "homes.csv"
    rows = ["name,lon,lat,beds,kind", "甲院,121.5,31.2,60,both", "甲院,121.6,31.2,60,home"]
    path.write_text("\n".join(rows), encoding="utf-8")
    services = {"both": ("home", "clinic"), "home": "home"}
    source = FacilitySource.model_validate(
        {"path": path, "category": "kind", "services": services, "datum": "wgs84",
         "capacity_of": "institution"}
    )  # fmt: skip
    table = read_facility_file(source, ["home", "clinic"]).table
    assert dict(zip(table["service"] + table["source_row"], table["beds"], strict=True)) == {
        "home2": 30, "home3": 30, "clinic2": 60,
    }  # fmt: skip
