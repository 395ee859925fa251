"""Lists for the target table: names of units, numbers in words, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
import shapely

from lifecircle.base.problems import InputRefused, StudyRefused
from lifecircle.base.tables import UNITS, conform
from lifecircle.inputs.lists import read_list
from lifecircle.inputs.reading import Reading
from lifecircle.sources import ListSource
from lifecircle.standards.indicators import bundled_targets, with_own
from lifecircle.study import load_study

STUDY = """
[study]
name = "s"
[network]
path = "a.osm"
date = 2025-01-01
[units]
path = "u.geojson"
id = "c"
name = "n"
[[facilities]]
path = "f.csv"
service = "pharmacy"
[[demand]]
kind = "land"
path = "a.osm"
"""


def units() -> gpd.GeoDataFrame:
    names = ["五里桥街道", "外滩街道", "老西门街道"]
    boxes = [shapely.box(121.40 + 0.01 * n, 31.2, 121.41 + 0.01 * n, 31.21) for n in range(3)]
    table = {"unit_id": ["1", "2", "3"], "name": names, "level": "street", "parent": "黄浦区"}
    return conform(gpd.GeoDataFrame(table, geometry=boxes, crs=4326), UNITS)


def read(folder: Path, text: str, **options: Any) -> Reading[gpd.GeoDataFrame]:
    file = folder / "list.csv"
    file.write_text(text, encoding="utf-8")
    source = ListSource.model_validate({"path": file, **options})
    targets = bundled_targets()
    return read_list(source, units(), targets.lists, targets.attributes)


def codes(reading: Reading[gpd.GeoDataFrame]) -> list[tuple[str, str, int | None]]:
    return [(problem.code, problem.action, problem.row) for problem in reading.problems]


def test_names_of_streets_and_districts_may_lack_their_ending(tmp_path: Path) -> None:
    """黄浦 is 黄浦区 and 外滩 is 外滩街道; a street of another district is left out, listed."""
    text = "名称,区,街镇\na,黄浦,外滩\nb,黄浦区,五里桥街道\nc,徐汇区,\nd,,田林街道\ne,黄浦区,\n"
    reading = read(tmp_path, text, kind="lift", name="名称", district="区", street="街镇")
    assert reading.table["name"].tolist() == ["a", "b", "e"]
    assert reading.table["street"].tolist() == ["外滩街道", "五里桥街道", ""]
    assert set(reading.table["district"]) == {"黄浦区"}
    assert codes(reading) == [("list_place_unknown", "excluded", 4),
                              ("list_place_unknown", "excluded", 5)]  # fmt: skip
    assert (reading.account.rows_read, reading.account.rows_used) == (5, 3)


def test_a_row_that_names_only_its_street_is_of_that_streets_district(tmp_path: Path) -> None:
    reading = read(tmp_path, "n,s\na,外滩街道\n", kind="lift", name="n", street="s")
    assert reading.table["district"].tolist() == ["黄浦区"]


def test_capacities_in_words_are_read_and_listed(tmp_path: Path) -> None:
    """120个 and 约50床 are numbers; 若干 is none, and below 0 is none."""
    text = "名称,床位\na,120个\nb,约50床\nc,若干\nd,-4\ne,\nf,８\n"
    reading = read(tmp_path, text, kind="dementia_care", name="名称", beds="床位")
    beds = reading.table["beds"]
    assert beds.tolist()[:2] == [120, 50] and beds[5] == 8 and beds[2:5].isna().all()
    assert codes(reading) == [
        ("capacity_with_words", "repaired", 2),
        ("capacity_with_words", "repaired", 3),
        ("capacity_unreadable", "repaired", 4),
        ("capacity_unreadable", "repaired", 5),
    ]


def test_yes_and_no_in_many_words_and_what_is_neither(tmp_path: Path) -> None:
    text = "n,r\na,是\nb,无\nc,√\nd,\ne,建设中\n"
    reading = read(tmp_path, text, kind="health_centre", name="n", attributes={"rehab_centre": "r"})
    assert reading.table["yes"].str.contains("rehab").tolist() == [True, False, True, False, False]
    assert reading.table["no"].str.contains("rehab").tolist() == [False, True, False, False, False]
    assert codes(reading) == [("list_yes_or_no", "noted", 6)]


def test_a_map_of_compounds_knows_its_street_and_year(tmp_path: Path) -> None:
    boxes = [shapely.box(121.412, 31.202, 121.413, 31.203)]
    table = gpd.GeoDataFrame({"名称": ["里"], "年": ["1985"]}, geometry=boxes, crs=4326)
    table.to_file(tmp_path / "c.geojson")
    source = ListSource.model_validate(
        {
            "path": tmp_path / "c.geojson",
            "kind": "compound",
            "name": "名称",
            "year": "年",
            "datum": "wgs84",
        }  # fmt: skip
    )
    row = read_list(source, units(), bundled_targets().lists, ()).table.iloc[0]
    assert (row["street"], row["year"]) == ("外滩街道", 1985)


def test_an_unknown_kind_attribute_or_column_is_refused(tmp_path: Path) -> None:
    reading = read(tmp_path, "n\na\n", kind="childrens_hom", name="n")
    assert codes(reading) == [("list_kind_unknown", "refused", None)]
    assert "childrens_home" in reading.problems[0].what()
    reading = read(tmp_path, "n,r\na,是\n", kind="lift", name="n", attributes={"rehab": "r"})
    assert codes(reading) == [("list_attribute_unknown", "refused", None)]
    with pytest.raises(InputRefused) as refused:
        read(tmp_path, "n\na\n", kind="lift", name="n", beds="床位", street="街")
    assert {problem.column for problem in refused.value.problems} == {"床位", "街"}


def test_a_category_that_is_not_mapped_is_left_out(tmp_path: Path) -> None:
    text = "t,n\n电梯,a\n其他,b\n"
    reading = read(tmp_path, text, category="t", kinds={"电梯": "lift"}, name="n")
    assert reading.table["list"].tolist() == ["lift"]
    assert codes(reading) == [("list_category_unmapped", "excluded", 3)]


def refused_study(folder: Path, text: str) -> list[tuple[str, str, str]]:
    """Problems of a study that does not load, or whose own lines are refused."""
    file = folder / "study.toml"
    file.write_text(STUDY + text, encoding="utf-8")
    with pytest.raises(StudyRefused) as refused:
        study = load_study(file)
        own = {"own": study.indicators.own, "supplies": study.indicators.supplies}
        with_own(bundled_targets(), own, file, study.report_date.year)
    return [(one.code, one.column, one.what()) for one in refused.value.problems]


OWN = """
[[indicators.own]]
id = "Z1"
name_zh = "甲"
name_en = "a"
clause = "own"
confidence = "M"
kind = "total"
list = "lift"
"""


def test_a_capacity_column_without_a_unit_is_refused_with_the_fix(tmp_path: Path) -> None:
    text = '[[lists]]\npath = "l.csv"\nkind = "lift"\ncapacity = "规模"\n'
    ((code, key, what),) = refused_study(tmp_path, text)
    assert (code, key) == ("key_value", "lists.0")
    assert "says no unit" in what and "beds, places, floor_area_m2 or homes" in what


def test_a_capacity_of_facilities_without_a_unit_is_refused_too(tmp_path: Path) -> None:
    text = '[[facilities]]\npath = "l.csv"\nservice = "pharmacy"\ncapacity = "规模"\n'
    ((_, key, what),) = refused_study(tmp_path, text)
    assert key == "facilities.1" and "says no unit" in what


def test_an_own_target_for_a_year_before_the_data_is_refused(tmp_path: Path) -> None:
    ((code, key, what),) = refused_study(tmp_path, OWN + "target = 5\ntarget_year = 2020\n")
    assert (code, key) == ("target_year_past", "indicators.own.0.target_year")
    assert "2025" in what


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (OWN.replace('"total"', '"totals"'), "indicators.own.0"),
        (OWN + "target = -1\n", "indicators.own.0.target"),
        (OWN + "tarjet = 1\n", "indicators.own.0.tarjet"),
        (OWN.replace('list = "lift"', ""), "indicators.own.0"),
        ("[indicators]\nlocker_m = 0\n", "indicators.locker_m"),
        ('[[lists]]\npath = "l.csv"\n', "lists.0"),
        ('[[lists]]\npath = "l.csv"\ncategory = "c"\n', "lists.0"),
    ],
)
def test_wrong_keys_are_named_with_their_full_path(tmp_path: Path, text: str, key: str) -> None:
    assert key in [column for _, column, _ in refused_study(tmp_path, text)]


def test_an_own_line_replaces_the_policys_or_stands_beside_it(tmp_path: Path) -> None:
    line = {"id": "A22", "name_zh": "甲", "name_en": "a", "clause": "own", "confidence": "M",
            "kind": "total", "list": "lift", "target": 6}  # fmt: skip
    targets = with_own(bundled_targets(), {"own": [line, line | {"id": "Z1"}]}, tmp_path)
    found = {one.id: one for one in targets.indicators}
    assert found["A22"].target == 6 and found["Z1"].kind == "total"
    assert len(targets.indicators) == len(bundled_targets().indicators) + 1
