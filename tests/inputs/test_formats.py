"""One list, whatever it is written in, gives the same facilities."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
from handmade import HEADER, ROWS, TABLE, WRITERS, kml, shapefile, text, xlsx

from lifecircle.base.problems import InputRefused
from lifecircle.inputs.facilities import read_facility_file
from lifecircle.inputs.reading import Reading
from lifecircle.sources import FacilitySource
from lifecircle.standards.catalogue import load_standard

STANDARD = load_standard("shanghai-2022")


def read(path: Path, **keys: Any) -> Reading[gpd.GeoDataFrame]:
    if not {"service", "category", "classify"} & set(keys):
        keys["service"] = "eldercare_home"
    source = FacilitySource(path=path, **{"datum": "wgs84", **keys})
    return read_facility_file(source, STANDARD.ids, STANDARD)


def refusal(path: Path, **keys: Any) -> list[str]:
    with pytest.raises(InputRefused) as refused:
        read(path, **keys)
    return [problem.code for problem in refused.value.problems if problem.action == "refused"]


@pytest.mark.parametrize("name", WRITERS)
def test_every_format_gives_the_same_facilities(tmp_path: Path, name: str) -> None:
    """Names, places and beds are found without a column being declared; telephones are not read."""
    table = read(WRITERS[name](tmp_path / name)).table
    assert table["name"].tolist() == [row[0] for row in ROWS]
    places = [(round(p.x, 7), round(p.y, 7)) for p in table.geometry]
    assert places == [(row[1], row[2]) for row in ROWS]
    assert table["beds"].tolist() == [row[3] for row in ROWS]
    assert "1380000" not in table.to_csv()


@pytest.mark.parametrize(
    ("header", "first"),
    [
        (("名称", "lng", "lat"), 2),
        (("name ", "X", "Y"), 2),
        (("机构 名称", "经度(°)", "纬度（度）"), 2),
        (("设施名称", "ＬＯＮ", "LAT"), 2),
    ],
)
def test_columns_are_known_by_many_names(
    tmp_path: Path, header: tuple[str, ...], first: int
) -> None:
    reading = read(text(tmp_path / "a.csv", [header, ("甲院", 121.5, 31.2)]))
    assert reading.table[["name", "source_row"]].values.tolist() == [["甲院", str(first)]]


def test_two_columns_that_could_be_the_longitude_are_for_the_planner_to_choose(
    tmp_path: Path,
) -> None:
    path = text(tmp_path / "a.csv", [("名称", "经度", "x", "纬度"), ("甲", 121.5, 121.6, 31.2)])
    assert refusal(path) == ["column_ambiguous"]
    assert read(path, lon="x").table.geometry.x.tolist() == [121.6]


def test_one_column_may_hold_both_coordinates(tmp_path: Path) -> None:
    """As Amap exports `location`."""
    path = text(tmp_path / "a.csv", [("名称;location".replace(";", "\t"),), ("甲\t121.5,31.2",)])
    assert [(p.x, p.y) for p in read(path).table.geometry] == [(121.5, 31.2)]


def test_a_title_and_a_merged_header_above_the_rows_are_read_through(tmp_path: Path) -> None:
    rows = [
        ("2024年养老机构一览表",),
        ("填报单位：民政局",),
        ("机构名称", "坐标", None, "床位"),
        (None, "经度", "纬度", None),
        *[(row[0], row[1], row[2], row[3]) for row in ROWS],
    ]
    reading = read(xlsx(tmp_path / "a.xlsx", 一览=rows))
    assert reading.table["source_row"].tolist() == ["5", "6"]
    assert reading.table["beds"].tolist() == [140, 326]
    (note,) = [p for p in reading.problems if p.code == "header_found"]
    assert note.details["line"] == 4 or note.details["line"] == 3


def test_a_cover_sheet_is_passed_over_and_the_sheet_read_is_named(tmp_path: Path) -> None:
    path = xlsx(tmp_path / "a.xlsx", 封面=[("上海市",), ("2024年",)], 台账=TABLE)
    reading = read(path)
    assert len(reading.table) == 2
    assert [(p.code, p.sheet) for p in reading.problems] == [("sheet_taken", "台账")]


def test_of_two_lists_one_is_read_and_both_are_named(tmp_path: Path) -> None:
    other = [HEADER, ("乙院", 121.5, 31.2, 10, "1")]
    path = xlsx(tmp_path / "a.xlsx", 浦西=TABLE, 浦东=other)
    reading = read(path)
    (note,) = reading.problems
    assert (note.code, note.sheet) == ("sheets_many", "浦西")
    assert note.details["sheets"] == "浦西 (3), 浦东 (2)"
    assert read(path, sheet="浦东").table["name"].tolist() == ["乙院"]
    assert refusal(path, sheet="崇明") == ["sheet_unknown"]


def test_categories_by_name_follow_the_keywords_and_exclusions(tmp_path: Path) -> None:
    """A pet shop is no nursery, whatever its name says."""
    rows = [
        ("名称", "lon", "lat"),
        ("大场镇社区卫生服务中心", 121.5, 31.2),
        ("某某饭店", 121.6, 31.2),
    ]
    reading = read(text(tmp_path / "a.csv", rows), classify="name")
    assert reading.table["service"].tolist() == ["health_centre"]
    (note,) = reading.problems
    assert (note.code, note.action, note.details) == (
        "rule_no_service", "excluded", {"count": 1, "total": 2},
    )  # fmt: skip
    assert (reading.account.rows_used, reading.account.rows_excluded) == (1, 1)


def test_categories_by_amap_code(tmp_path: Path) -> None:
    """A place may have several codes; one that no service has leaves the row out."""
    rows = [
        ("名称", "typecode", "lon", "lat"),
        ("甲药店", "090601", 121.5, 31.2),
        ("乙便利店", "060200|060400", 121.6, 31.2),
        ("丙酒店", "100100", 121.7, 31.2),
    ]
    reading = read(text(tmp_path / "a.csv", rows), classify="amap")
    assert reading.table["service"].tolist() == ["pharmacy", "convenience"]
    assert reading.account.rows_excluded == 1


def test_many_unmapped_categories_refuse_the_file_and_are_counted(tmp_path: Path) -> None:
    rows = [("名称", "类别", "lon", "lat")]
    rows += [(f"a{i}", "养老", 121 + i / 1000, 31.2) for i in range(97)]  # type: ignore[misc]
    rows += [("x", "餐饮", 120.5, 31.2), ("y", "餐饮", 120.6, 31.2), ("z", "", 120.7, 31.2)]  # type: ignore[list-item]
    reading = read(
        text(tmp_path / "a.csv", rows), category="类别", services={"养老": "eldercare_home"}
    )
    (problem,) = [p for p in reading.problems if p.action == "refused"]
    assert problem.code == "categories_unmapped"
    assert problem.details == {"count": 3, "total": 100, "categories": "餐饮 (2), – (1)"}


@pytest.mark.parametrize(
    ("x", "y"),
    [
        ("121°28′12″E", "31°13′48″N"),
        ("东经121度28分12秒", "北纬31度13分48秒"),
        ("121°28'12\"", "31°13'48\""),
        ("E121°28.2′", "N31°13.8′"),
        ("１２１．４７", "３１．２３"),
    ],
)
def test_angles_and_wide_digits_are_numbers(tmp_path: Path, x: str, y: str) -> None:
    """28′12″ are 0.47°, 13′48″ are 0.23°."""
    reading = read(text(tmp_path / "a.tsv", [("名称", "lon", "lat"), ("甲", x, y)], "\t"))
    point = reading.table.geometry.iloc[0]
    assert (point.x, point.y) == pytest.approx((121.47, 31.23), abs=1e-9)
    assert [p.action for p in reading.problems] == ["repaired"]


def test_a_city_grid_of_its_own_is_given_as_a_proj_string(tmp_path: Path) -> None:
    """The origin of a transverse Mercator is its own centre."""
    grid = "+proj=tmerc +lat_0=31.2 +lon_0=121.5 +x_0=0 +y_0=0 +ellps=GRS80 +units=m"
    path = text(tmp_path / "a.csv", [("name", "x", "y"), ("甲", 1000, 0), ("乙", -1000, 500)])
    table = read(path, datum=grid).table
    assert table.geometry.x.mean() == pytest.approx(121.5, abs=1e-6)
    assert table.geometry.y.iloc[0] == pytest.approx(31.2, abs=1e-5)


def test_xml_with_a_doctype_is_not_even_parsed(tmp_path: Path) -> None:
    entity = '<!DOCTYPE kml [<!ENTITY x SYSTEM "file:///etc/hostname">]>'
    assert refusal(kml(tmp_path / "a.kml", entity)) == ["xml_doctype"]


def test_two_shapefiles_in_one_archive_are_refused(tmp_path: Path) -> None:
    import zipfile

    path = shapefile(tmp_path / "a.zip")
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("other.shp", b"")
    assert refusal(path) == ["layers_many"]


def test_kml_keeps_fields_with_chinese_names(tmp_path: Path) -> None:
    """Case of offices: both ways in which KML writes fields, and a mark that has none."""
    place = "<Point><coordinates>{x},31.2</coordinates></Point>"
    marks = [
        "<name>甲</name><ExtendedData><SchemaData schemaUrl='#s'><SimpleData name='床位'>7"
        "</SimpleData><SimpleData name='状态'>已停业</SimpleData></SchemaData></ExtendedData>",
        "<name>乙</name><ExtendedData><Data name='床位'><displayName>x</displayName>"
        "<value>120</value></Data><Data name='状态'><value>正常</value></Data></ExtendedData>",
        "<name>丙</name>",
    ]
    body = "".join(
        f"<Placemark>{mark}{place.format(x=121.4 + i / 100)}</Placemark>"
        for i, mark in enumerate(marks)
    )
    content = f"<kml xmlns='http://www.opengis.net/kml/2.2'><Document>{body}</Document></kml>"
    path = tmp_path / "a.kml"
    path.write_text(content, encoding="utf-8")
    reading = read(path)
    assert reading.table["name"].tolist() == ["乙", "丙"]
    assert reading.table["beds"].fillna(-1).tolist() == [120, -1]
    assert [(p.code, p.row) for p in reading.problems] == [("closed", 1)]


def test_kml_with_a_late_doctype_is_refused(tmp_path: Path) -> None:
    """Behind so long a comment that the first look does not reach it."""
    path = kml(tmp_path / "a.kml", f"<!--<kml {' ' * 70_000}--><!DOCTYPE kml [<!ENTITY a 'b'>]>")
    assert refusal(path) == ["xml_doctype"]
