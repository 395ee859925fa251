"""Facility files: every row is used or listed, and nothing undeclared is kept."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
from shapely.geometry import LineString, Point, box

from lifecircle.base.geo import geodesic_m
from lifecircle.base.problems import InputRefused
from lifecircle.inputs.facilities import read_facility_file
from lifecircle.inputs.reading import Reading
from lifecircle.sources import FacilitySource

SERVICES = {"eldercare_home", "elder_daycare", "sports_centre", "health_centre"}
Found = list[tuple[str, str, int | None]]


def read(path: Path, **keys: Any) -> Reading[gpd.GeoDataFrame]:
    if "category" not in keys:
        keys = {"service": "eldercare_home", **keys}
    keys = {"datum": "wgs84", **keys}
    return read_facility_file(FacilitySource(path=path, **keys), SERVICES)


def csv(folder: Path, *lines: str, name: str = "homes.csv") -> Path:
    path = folder / name
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def many(folder: Path, *bad: str, columns: str = "name,lon,lat") -> Path:
    """A hundred good rows 0.001° apart in rows 2 to 101, then the bad ones from row 102."""
    blanks = "," * (columns.count(",") - 2)
    good = [f"h{i},{121 + i / 1000:.3f},31.2{blanks}" for i in range(100)]
    return csv(folder, columns, *good, *bad)


def found(reading: Reading[gpd.GeoDataFrame]) -> Found:
    """Codes, actions and rows of all problems."""
    return [(p.code, p.action, p.row) for p in reading.problems]


def refusals(path: Path, **keys: Any) -> list[str]:
    with pytest.raises(InputRefused) as refused:
        read(path, **keys)
    assert all(problem.line("zh") and problem.line("en") for problem in refused.value.problems)
    return [problem.code for problem in refused.value.problems]


def test_a_plain_file_becomes_one_row_for_each_facility(tmp_path: Path) -> None:
    path = csv(tmp_path, "name,lon,lat,电话", "甲,121.5,31.2,138", "乙,121.6,31.3,139")
    reading = read(path, name="name")
    table = reading.table
    assert table["facility_id"].tolist() == ["homes-2", "homes-3"]
    assert table["name"].tolist() == ["甲", "乙"]
    assert [(p.x, p.y) for p in table.geometry] == [(121.5, 31.2), (121.6, 31.3)]
    assert table.crs == "EPSG:4326"
    assert table["source_row"].tolist() == ["2", "3"]
    assert "138" not in table.drop(columns="geometry").to_csv()
    assert reading.account.rows_used == 2


def test_a_missing_datum_is_said_and_a_given_one_is_not(tmp_path: Path) -> None:
    """Outside China no datum shifts; inside, nobody may guess it."""
    newport = csv(tmp_path, "lon,lat", "-3.0,51.6")
    assert found(read(newport, datum=None)) == [("datum_assumed", "noted", None)]
    shanghai = csv(tmp_path, "lon,lat", "121.5,31.2")
    assert found(read(shanghai, datum=None)) == [("datum_unsure", "refused", None)]
    assert read(shanghai, datum="wgs84").problems == ()


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ("x,暂无,31.2", "coordinates_unreadable"),
        ("x,null,31.2", "coordinates_unreadable"),
        ("x,121.5,-", "coordinates_unreadable"),
        ("x,,", "coordinates_unreadable"),
        ("x,121.5,inf", "coordinates_unreadable"),
        ("x,nan,31.2", "coordinates_unreadable"),
        ("x,1e999,31.2", "coordinates_unreadable"),
        ("x,1_21.5,31.2", "coordinates_unreadable"),
        ("x,0,0.0", "null_island"),
        ("x,31.2,121.5", "row_swapped"),
        ("x,359943.3,3461891.0", "coordinates_range"),
        ("x,1e308,31.2", "coordinates_range"),
    ],
)
def test_a_place_that_cannot_be_read_is_excluded_with_its_row(
    tmp_path: Path, row: str, code: str
) -> None:
    reading = read(many(tmp_path, row), name="name")
    assert found(reading) == [(code, "excluded", 102)]
    assert reading.account.rows_used == 100
    assert reading.account.rows_excluded == 1


def test_full_width_digits_and_odd_spaces_are_read(tmp_path: Path) -> None:
    reading = read(csv(tmp_path, "lon ,\u3000lat", "１２１．５\u00a0,\u3000３１．２\u200b"))
    assert (reading.table.geometry.x[0], reading.table.geometry.y[0]) == (121.5, 31.2)


def test_more_than_five_per_cent_unreadable_refuses(tmp_path: Path) -> None:
    """5 of 100 pass, 6 of 101 do not."""
    rows = [f"{121 + i / 1000:.3f},31.2" for i in range(95)]
    five = csv(tmp_path, "lon,lat", *rows, *["-,-"] * 5)
    assert "too_many_unreadable" not in [p.code for p in read(five).problems]
    six = csv(tmp_path, "lon,lat", *rows, *["-,-"] * 6)
    problem = read(six).problems[-1]
    assert (problem.code, problem.action) == ("too_many_unreadable", "refused")
    assert problem.details == {"unreadable": 6, "total": 101}


def test_degrees_in_a_table_of_metres_are_excluded(tmp_path: Path) -> None:
    path = csv(tmp_path, "x,y", "359943.3,3461891.1", "121.5,31.2")
    reading = read(path, lon="x", lat="y", datum="EPSG:32651")
    assert found(reading) == [("coordinates_range", "excluded", 3)]


def test_categories_map_to_one_or_several_services(tmp_path: Path) -> None:
    path = csv(tmp_path, "id,kind,lon,lat", "A,养老 ,121.5,31.2", "B,体育,121.6,31.2")
    services = {"养老": ["eldercare_home", "elder_daycare"], "体育": "sports_centre"}
    reading = read(path, id="id", category="kind", services=services)
    pairs = set(zip(reading.table["facility_id"], reading.table["service"], strict=True))
    assert pairs == {("A", "eldercare_home"), ("A", "elder_daycare"), ("B", "sports_centre")}
    assert (reading.account.rows_read, reading.account.rows_used) == (2, 2)


def test_an_unmapped_category_is_excluded_and_shown(tmp_path: Path) -> None:
    path = csv(tmp_path, "kind,lon,lat", "养老,121.5,31.2", "餐饮,121.6,31.2")
    reading = read(path, category="kind", services={"养老": "eldercare_home"}, datum="wgs84")
    problem = reading.problems[0]
    assert (problem.code, problem.row, problem.value) == ("category_unmapped", 3, "餐饮")
    assert reading.account.rows_excluded == 1


def test_a_service_the_standard_lacks_is_refused_with_the_nearest_name(tmp_path: Path) -> None:
    path = csv(tmp_path, "kind,lon,lat", "养老,121.5,31.2")
    reading = read(path, category="kind", services={"养老": "eldercare_hom"}, datum="wgs84")
    problem = reading.problems[0]
    assert (problem.code, problem.action) == ("service_unknown", "refused")
    assert problem.column == "facilities.services.养老"
    assert str(problem.details["nearest"]).startswith("eldercare_home")


@pytest.mark.parametrize("optional", [False, True])
def test_a_file_without_a_usable_row_is_refused_unless_optional(
    tmp_path: Path, optional: bool
) -> None:
    reading = read(csv(tmp_path, "lon,lat"), optional=optional)
    assert found(reading) == [("no_usable_facility", "noted" if optional else "refused", None)]
    assert reading.table.empty
    assert reading.account.rows_read == 0


def test_repetitions_within_20_metres_are_excluded(tmp_path: Path) -> None:
    """On the equator 1e-4° of longitude are 11.13 m: row 3 repeats row 2, row 4 (22 m) not.

    Rows 2 and 4 are then two sites of one name.  Row 5 has another name, rows 6 and 7 none.
    """
    places = ["甲 院,10.0000,0.1", "甲院,10.0001,0.1", "甲院,10.0002,0.1", "乙院,10.0000,0.1"]
    reading = read(csv(tmp_path, "n,lon,lat", *places, ",11,0.1", ",11,0.1"), name="n")
    assert found(reading) == [("duplicate", "excluded", 3), ("institution_sites", "noted", 2)]
    assert reading.problems[0].details == {"first": "2"}
    assert reading.table["source_row"].tolist() == ["2", "4", "5", "6", "7"]


def test_an_id_used_twice_is_refused_and_a_blank_one_made(tmp_path: Path) -> None:
    path = csv(tmp_path, "id,lon,lat", "007,121.1,31", "007,121.2,31", ",121.3,31")
    reading = read(path, id="id")
    assert set(found(reading)) == {("id_twice", "refused", 3), ("id_blank", "repaired", 4)}
    assert reading.table["facility_id"].tolist() == ["007", "homes-4"]


def test_capacities_that_are_no_numbers_are_left_empty(tmp_path: Path) -> None:
    rows = ["121.1,31,120", "121.2,31,120个", "121.3,31,", "121.4,31,-5", "121.5,31,0"]
    reading = read(csv(tmp_path, "lon,lat,床位", *rows), beds="床位")
    assert reading.table["beds"].fillna(-1).tolist() == [120, 120, -1, -1, 0]
    assert found(reading) == [
        ("capacity_with_words", "repaired", 3),
        ("capacity_unreadable", "repaired", 5),
    ]
    assert reading.account.rows_used == 5


def test_closed_facilities_are_excluded(tmp_path: Path) -> None:
    rows = [f"{121 + i / 10},31,{word}" for i, word in enumerate(["已停业", "CLOSED", "正常", ""])]
    reading = read(csv(tmp_path, "lon,lat,状态", *rows), status="状态")
    assert found(reading) == [("closed", "excluded", 2), ("closed", "excluded", 3)]
    assert reading.table["status"].tolist() == ["正常", ""]


def test_a_name_that_looks_like_nothing_stays_a_name(tmp_path: Path) -> None:
    reading = read(csv(tmp_path, "name,lon,lat", "NA,121,31", "null,122,31"), name="name")
    assert reading.table["name"].tolist() == ["NA", "null"]


def feature(geometry: Any, **properties: Any) -> dict[str, Any]:
    shape = geometry.__geo_interface__ if geometry is not None else None
    return {"type": "Feature", "properties": properties, "geometry": shape}


def geojson(folder: Path, *features: dict[str, Any], name: str = "homes.geojson") -> Path:
    path = folder / name
    content = {"type": "FeatureCollection", "features": list(features)}
    path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    return path


def test_a_geojson_keeps_polygons_and_lists_what_has_no_place(tmp_path: Path) -> None:
    """Features count from 1; the line is no place, and 0, 0 is none either."""
    path = geojson(
        tmp_path,
        feature(box(121, 31, 121.001, 31.001), code=310110019000123456, name="园"),
        feature(None, code=None, name="b"),
        feature(Point(0, 0), code=3, name="c"),
        feature(Point(121.5, 31.5, 7.0), code=4, name="d"),
        feature(LineString([(1, 1), (2, 2)]), code=5, name="e"),
    )
    reading = read(path, id="code", name="name")
    assert found(reading) == [
        ("heights_dropped", "repaired", None),
        ("geometry_missing", "excluded", 2),
        ("null_island", "excluded", 3),
        ("geometry_kind", "excluded", 5),
    ]
    assert reading.table["facility_id"].tolist() == ["310110019000123456", "4"]
    assert reading.table.geom_type.tolist() == ["Polygon", "Point"]
    assert not reading.table.geometry.has_z.any()


def test_a_datum_is_taken_out_of_every_vertex_of_a_geojson(tmp_path: Path) -> None:
    ground = box(121.4690, 31.2320, 121.4700, 31.2330)
    reading = read(geojson(tmp_path, feature(ground)), datum="gcj02")
    moved = np.array(reading.table.geometry[0].exterior.coords)
    start = np.array(ground.exterior.coords)
    metres = geodesic_m(start[:, 0], start[:, 1], moved[:, 0], moved[:, 1])
    assert metres == pytest.approx(482, abs=2)
    assert len(set(metres.round(6))) > 1


def test_a_geojson_in_metres_is_refused_and_read_with_its_code(tmp_path: Path) -> None:
    path = geojson(tmp_path, feature(Point(500_000, 3_460_000)))
    assert refusals(path) == ["coordinates_range"]
    table = read(path, datum="EPSG:32651").table
    assert table.geometry.x[0] == pytest.approx(123.0, abs=1e-9)


def test_an_empty_collection_has_no_usable_facility(tmp_path: Path) -> None:
    reading = read(geojson(tmp_path), name="name")
    assert found(reading) == [("no_usable_facility", "refused", None)]


@pytest.mark.parametrize(
    ("content", "codes"),
    [
        (b"", ["file_empty"]),
        (b"\n\n", ["file_empty"]),
        (b"a,lon,lat,a\n", ["column_twice"]),
        (b"name,lon,lat\nx,1,2\ny,road 1, gate 2,3\nz,1\n", ["row_fields", "row_fields"]),
        (b'name,lon,lat\n"x,1,2\n', ["csv_syntax"]),
        (b"name,east,north\na,1,2\n", ["coordinates_none", "coordinates_none"]),
        (b"PK\x03\x04\x00\x00abc", ["file_unreadable"]),
        (b"<html><table></table></html>", ["file_is_html"]),
        (b"SQLite format 3\x00....", ["file_kind"]),
        (b"lon,lat\n\xff\xff,\xff\xff\n", ["encoding"]),
        (b'{"type": "FeatureCollection", "features": [', ["file_unreadable"]),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_its_reason(
    tmp_path: Path, content: bytes, codes: list[str]
) -> None:
    path = tmp_path / "homes.csv"
    path.write_bytes(content)
    assert refusals(path) == codes


def test_missing_files_and_unknown_datums_are_refused(tmp_path: Path) -> None:
    assert refusals(tmp_path / "no.csv") == ["file_missing"]
    assert refusals(tmp_path, datum="gcj02") == ["file_missing"]
    assert refusals(csv(tmp_path, "lon,lat", "1,2"), datum="mars") == ["datum_unknown"]


def test_wrong_field_counts_name_their_rows(tmp_path: Path) -> None:
    """Rows are lines of the file: a quoted line break and a blank line count."""
    path = csv(tmp_path, "name,lon,lat", '"a\nb",1,2', "", "c,1,2,3")
    with pytest.raises(InputRefused) as refused:
        read(path)
    assert [problem.row for problem in refused.value.problems] == [5]


def test_excel_unicode_text_is_read(tmp_path: Path) -> None:
    """UTF-16 with tabs, which Excel calls Unicode text."""
    path = tmp_path / "homes.csv"
    path.write_bytes("name\tlon\tlat\r\n敬老院\t121.5\t31.2\r\n".encode("utf-16"))
    assert read(path, name="name").table["name"].tolist() == ["敬老院"]


def assert_accounted(reading: Reading[gpd.GeoDataFrame], rows: int) -> None:
    """Rows read are the file's; used and excluded, counted apart, add up to them."""
    used = set(reading.table["source_row"])
    excluded = {str(p.row) for p in reading.problems if p.action == "excluded"}
    assert reading.account.rows_read == rows == len(used) + len(excluded)
    assert reading.account.rows_used == len(used)
    assert not used & excluded


ELDERCARE = {"name": "机构名称", "lon": "经度", "lat": "纬度", "beds": "核定床位数"}


def test_all_626_homes_of_shanghai_are_read(test_data: Path) -> None:
    path = test_data / "shanghai/facilities/eldercare_gcj02.csv"
    reading = read(path, datum="gcj02", **ELDERCARE)
    assert_accounted(reading, 626)
    assert reading.table["beds"].notna().all()
    assert reading.table["beds"].max() == 2664


def test_the_real_homes_fit_another_list_only_in_their_own_datum(test_data: Path) -> None:
    """The same homes in a list in UTM lie about 60 m away, and 480 m without the datum."""
    folder = test_data / "shanghai/facilities"
    other = read(
        folder / "yangpu_public_services_epsg32651.csv",
        id="id",
        name="name",
        category="facility_type",
        services={"elderly_care": "eldercare_home"},
        datum="EPSG:32651",
        lon="x",
        lat="y",
    )
    assert_accounted(other, 118)
    assert other.account.rows_used == 61
    median = {}
    for datum in ("gcj02", "wgs84", "bd09"):
        homes = read(folder / "eldercare_gcj02.csv", datum=datum, **ELDERCARE).table
        pairs = other.table.merge(homes, on="name")
        here, there = gpd.GeoSeries(pairs["geometry_x"]), gpd.GeoSeries(pairs["geometry_y"])
        metres = geodesic_m(*(np.array(c) for c in (here.x, here.y, there.x, there.y)))
        median[datum] = float(np.median(metres))
    assert median["gcj02"] < 100
    assert median["wgs84"] > 450
    assert median["bd09"] > 850


def test_the_same_canteens_come_out_of_utf8_and_gb18030(test_data: Path) -> None:
    folder = test_data / "shanghai/facilities"
    one = read(folder / "canteens_gcj02.csv", name="name", datum="gcj02")
    other = read(folder / "canteens_gcj02.gb18030.csv", name="name", datum="gcj02")
    for reading in (one, other):
        assert_accounted(reading, 46)
    assert one.table["name"].tolist() == other.table["name"].tolist()
    assert one.table.geometry.equals(other.table.geometry)


def test_health_centres_and_kindergartens_are_accounted_for(test_data: Path) -> None:
    """One kindergarten stands twice: rows 1332 and 1389."""
    folder = test_data / "shanghai/facilities"
    columns = {"name": "名称", "lon": "lng", "lat": "lat", "id": "序号"}
    assert_accounted(read(folder / "health_centres_gcj02.csv", datum="gcj02", **columns), 249)
    schools = read(folder / "kindergartens_wgs84.csv", datum="wgs84", name="name")
    assert_accounted(schools, 2284)
    excluded = [problem for problem in found(schools) if problem[1] == "excluded"]
    assert excluded == [("duplicate", "excluded", 1389)]
