"""Unit files: text ids, honest outlines, no person counted twice."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
from pyogrio import write_dataframe
from shapely.geometry import LineString, MultiPolygon, Polygon, box

from lifecircle.base.problems import InputRefused
from lifecircle.inputs.reading import Reading
from lifecircle.inputs.units import read_unit_file
from lifecircle.sources import UnitsSource

WEST = box(10.0, 0.0, 10.01, 0.01)
EAST = box(10.01, 0.0, 10.02, 0.01)
METRE = 1 / 111_319.49
"""A metre on the equator, in degrees of longitude."""


def geojson(folder: Path, *rows: tuple[Any, Any, Any], **more: list[Any]) -> Path:
    """A file of (geometry, id, name) rows, with `more` columns."""
    features = [
        {
            "type": "Feature",
            "properties": {"id": key, "name": name, **{k: v[i] for k, v in more.items()}},
            "geometry": shape.__geo_interface__ if shape is not None else None,
        }
        for i, (shape, key, name) in enumerate(rows)
    ]
    path = folder / "streets.geojson"
    text = json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False)
    path.write_text(text, encoding="utf-8")
    return path


def read(path: Path, **keys: Any) -> Reading[gpd.GeoDataFrame]:
    return read_unit_file(UnitsSource(path=path, **{"id": "id", "name": "name", **keys}))


def found(reading: Reading[gpd.GeoDataFrame]) -> list[tuple[str, str, int | None]]:
    return [(p.code, p.action, p.row) for p in reading.problems]


def frame(**columns: list[str]) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(columns, geometry=[WEST, EAST], crs=4326)


def test_units_keep_ids_as_text_and_names_stripped(tmp_path: Path) -> None:
    """A missing id beside whole numbers must not turn them into floats."""
    path = geojson(tmp_path, (WEST, 310110019000123457, " 五角场街道\u3000"), (EAST, "7", "b"))
    table = read(path).table
    assert table["unit_id"].tolist() == ["310110019000123457", "7"]
    assert table["name"].tolist() == ["五角场街道", "b"]
    assert table["level"].tolist() == ["street", "street"]
    assert table["rural"].tolist() == [False, False]
    assert table.crs == "EPSG:4326"


def test_a_missing_id_leaves_whole_numbers_whole(tmp_path: Path) -> None:
    reading = read(geojson(tmp_path, (WEST, 310110019000123457, "a"), (EAST, None, "b")))
    assert found(reading) == [("id_missing", "refused", 2)]
    assert reading.table["unit_id"].tolist() == ["310110019000123457"]


def test_an_id_that_was_a_number_once_is_refused(tmp_path: Path) -> None:
    path = geojson(tmp_path, (WEST, "3.10110E+11", "a"), (EAST, "310110019.0", "b"))
    assert [row for code, _, row in found(read(path)) if code == "id_number"] == [1, 2]


def test_repeated_ids_are_refused(tmp_path: Path) -> None:
    reading = read(geojson(tmp_path, (WEST, 1, "a"), (EAST, 1, "b")))
    assert found(reading) == [("id_twice", "refused", 2)]


def test_a_missing_name_is_kept_and_noted(tmp_path: Path) -> None:
    reading = read(geojson(tmp_path, (WEST, 1, "a"), (EAST, 2, None)))
    assert reading.table["name"].tolist() == ["a", "unnamed-2"]
    assert found(reading) == [("name_missing", "noted", 2)]


def test_select_keeps_what_is_named_and_refuses_what_is_not_there(tmp_path: Path) -> None:
    path = geojson(tmp_path, (WEST, 1, "五角场街道"), (EAST, 2, "殷行街道"))
    by_name, by_id = read(path, select=["殷行街道"]), read(path, select=["2"])
    for reading in (by_name, by_id):
        assert reading.table["unit_id"].tolist() == ["2"]
        assert (reading.account.rows_read, reading.account.rows_excluded) == (2, 1)
    wrong = read(path, select=["五角场街", "殷行街道"]).problems[0]
    assert (wrong.code, wrong.action, wrong.value) == ("unit_unknown", "refused", "五角场街")
    assert str(wrong.details["nearest"]).startswith("五角场街道")


def test_a_selected_name_that_two_units_have_is_refused(tmp_path: Path) -> None:
    path = geojson(tmp_path, (WEST, 1, "人民路街道"), (EAST, 2, "人民路街道"))
    problem = read(path, select=["人民路街道"]).problems[0]
    assert (problem.code, problem.details["ids"]) == ("unit_ambiguous", "1, 2")
    assert not [p for p in read(path).problems if p.action == "refused"]


def test_parents_and_rural_marks(tmp_path: Path) -> None:
    words = ["是", "否", None, "乡", "rural", "TRUE", "也许"]
    rows = [(box(10 + i, 0, 10.5 + i, 0.5), i, f"u{i}") for i in range(7)]
    path = geojson(tmp_path, *rows, district=["杨浦区"] * 6 + [None], rural=words)
    reading = read(path, parent="district", rural="rural")
    expected = [True, False, False, True, True, True, False]
    assert reading.table["rural"].tolist() == expected
    assert found(reading) == [("rural_unreadable", "noted", 7)]
    assert reading.table["parent"].tolist() == ["杨浦区"] * 6 + [""]
    assert reading.table["parent_level"].tolist() == ["district"] * 6 + [""]


def test_a_bow_tie_is_refused_with_its_crossing(tmp_path: Path) -> None:
    """The two outlines cross in the middle, at 10.005, 0.005."""
    bow_tie = Polygon([(10, 0), (10.01, 0.01), (10.01, 0), (10, 0.01)])
    reading = read(geojson(tmp_path, (bow_tie, 1, "a"), (EAST, 2, "b")))
    assert found(reading) == [("geometry_invalid", "refused", 1)]
    assert reading.problems[0].details["where"] == "10.005 0.005"


def test_a_tiny_crossing_is_repaired(tmp_path: Path) -> None:
    """A loop of half a square metre on a unit of 1.2 km²."""
    tip = 10.01 + METRE
    corners = [(10, 0), (10.01, 0), (10.01, 0.005), (tip, 0.005 + METRE), (tip, 0.005)]
    outline = Polygon([*corners, (10.01, 0.005 + METRE), (10.01, 0.01), (10, 0.01)])
    assert not outline.is_valid
    reading = read(geojson(tmp_path, (outline, 1, "a")))
    assert found(reading) == [("geometry_repaired", "repaired", 1)]
    assert reading.table.geometry.is_valid.all()
    assert reading.table.geometry[0].area == pytest.approx(1e-4, rel=1e-4)


def test_what_is_no_polygon_is_refused_and_no_geometry_left_out(tmp_path: Path) -> None:
    line = LineString([(11, 0), (12, 0)])
    reading = read(geojson(tmp_path, (WEST, 1, "a"), (line, 2, "b"), (None, 3, "c")))
    expected = {("not_polygons", "refused", 2), ("geometry_missing", "excluded", 3)}
    assert set(found(reading)) == expected


def test_nothing_left_is_refused(tmp_path: Path) -> None:
    reading = read(geojson(tmp_path, (None, 1, "a")))
    assert [p.code for p in reading.problems if p.action == "refused"] == ["no_units"]


def test_an_overlap_wider_than_a_sliver_is_refused_with_its_area(tmp_path: Path) -> None:
    """A strip of 20 m by 1,105.74 m (0.01° of latitude at the equator)."""
    wide = box(10.01 - 20 * METRE, 0.0, 10.02, 0.01)
    reading = read(geojson(tmp_path, (WEST, 1, "西"), (wide, 2, "东")))
    assert found(reading) == [("units_overlap", "refused", 2)]
    details = reading.problems[0].details
    assert (details["one"], details["other"]) == ("西 (1)", "东 (2)")
    area = float(str(details["area_m2"]).replace(",", ""))
    assert area == pytest.approx(20 * 1105.74, rel=1e-3)


@pytest.mark.parametrize(("metres", "action"), [(4.5, "noted"), (5.5, "refused")])
def test_a_sliver_is_narrower_than_five_metres(tmp_path: Path, metres: float, action: str) -> None:
    strip = box(10.01 - metres * METRE, 0.0, 10.02, 0.01)
    reading = read(geojson(tmp_path, (WEST, 1, "a"), (strip, 2, "b")))
    assert [p.action for p in reading.problems] == [action]


def test_a_unit_twice_under_two_ids_is_an_overlap(tmp_path: Path) -> None:
    assert [p.code for p in read(geojson(tmp_path, (WEST, 1, "a"), (WEST, 2, "b"))).problems] == [
        "units_overlap"
    ]


def test_neighbours_and_islands_do_not_overlap(tmp_path: Path) -> None:
    """A unit in two parts, one inside the other unit's hole."""
    ring = WEST.difference(box(10.004, 0.004, 10.006, 0.006))
    parts = MultiPolygon([EAST, box(10.004, 0.004, 10.006, 0.006)])
    assert read(geojson(tmp_path, (ring, 1, "a"), (parts, 2, "b"))).problems == ()


@pytest.mark.parametrize("suffix", ["gpkg", "shp"])
def test_geopackage_and_shapefile_read_alike(tmp_path: Path, suffix: str) -> None:
    """In UTM, so that the reference system of the file must be heard."""
    path = tmp_path / f"streets.{suffix}"
    frame(id=["007", "8"], name=["五角场街道", "殷行街道"]).to_crs(32632).to_file(path)
    table = read(path).table
    assert table["unit_id"].tolist() == ["007", "8"]
    assert table["name"].tolist() == ["五角场街道", "殷行街道"]
    assert table.geometry.to_numpy()[0].hausdorff_distance(WEST) < 1e-9


def test_a_shapefile_in_gb18030_without_a_code_page_is_read(tmp_path: Path) -> None:
    path = tmp_path / "streets.shp"
    frame(id=["1", "2"], 名称=["五角场街道", "殷行街道"]).to_file(path, encoding="gb18030")
    (tmp_path / "streets.cpg").unlink()
    assert read(path, name="名称").table["name"].tolist() == ["五角场街道", "殷行街道"]


def refusal(path: Path, **keys: Any) -> tuple[str, dict[str, object]]:
    with pytest.raises(InputRefused) as refused:
        read(path, **keys)
    problem = refused.value.problems[0]
    assert problem.line("zh") and problem.line("en")
    return problem.code, dict(problem.details)


def test_a_shapefile_without_a_reference_system_is_refused_unless_declared(tmp_path: Path) -> None:
    path = tmp_path / "streets.shp"
    frame(id=["1", "2"], name=["a", "b"]).to_crs(32632).to_file(path)
    (tmp_path / "streets.prj").unlink()
    assert refusal(path)[0] == "crs_missing"
    table = read(path, datum="EPSG:32632").table
    assert table.geometry.to_numpy()[0].hausdorff_distance(WEST) < 1e-9


def test_a_declared_code_may_not_contradict_the_file(tmp_path: Path) -> None:
    path = tmp_path / "streets.gpkg"
    frame(id=["1", "2"], name=["a", "b"]).to_file(path)
    assert refusal(path, datum="EPSG:32632")[0] == "crs_conflict"


def test_a_shapefile_without_its_attributes_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "streets.shp"
    frame(id=["1", "2"], name=["a", "b"]).to_file(path)
    (tmp_path / "streets.dbf").unlink()
    assert refusal(path) == ("shapefile_part", {"parts": "streets.dbf"})


def test_a_lost_index_is_made_anew_beside_the_original(tmp_path: Path) -> None:
    """The folder of the planner stays as it was."""
    path = tmp_path / "streets.shp"
    frame(id=["1", "2"], name=["a", "b"]).to_file(path)
    (tmp_path / "streets.shx").unlink()
    before = sorted(tmp_path.iterdir())
    reading = read(path)
    assert found(reading) == [("shapefile_index", "repaired", None)]
    assert reading.table["name"].tolist() == ["a", "b"]
    assert sorted(tmp_path.iterdir()) == before


def test_a_table_beside_the_one_layer_does_not_matter(tmp_path: Path) -> None:
    path = tmp_path / "streets.gpkg"
    notes = frame(id=["1", "2"], note=["x", "y"]).drop(columns="geometry")
    write_dataframe(notes, path, layer="notes")
    assert refusal(path)[0] == "geometry_none"
    frame(id=["1", "2"], name=["a", "b"]).to_file(path, layer="streets")
    assert read(path).table["name"].tolist() == ["a", "b"]


def test_several_layers_are_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "streets.gpkg"
    frame(id=["1", "2"], name=["a", "b"]).to_file(path, layer="one")
    frame(id=["1", "2"], name=["a", "b"]).to_file(path, layer="two")
    assert refusal(path) == ("layers_many", {"layers": "one, two"})


@pytest.mark.parametrize(
    "content",
    [b"<OGRVRTDataSource></OGRVRTDataSource>", b"id,name\n1,a\n", b"0\nSECTION\n2\nHEADER\n"],
)
def test_other_kinds_are_refused_whatever_their_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "streets.geojson"
    path.write_bytes(content)
    assert refusal(path)[0] == "file_kind"


def test_a_database_that_is_no_geopackage_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "streets.gpkg"
    path.write_bytes(b"SQLite format 3\0" + b"\0" * 500)
    assert refusal(path)[0] == "file_kind"


def test_json_of_another_family_is_refused(tmp_path: Path) -> None:
    """An Esri JSON of one point, which the system's reader would open too."""
    path = tmp_path / "streets.geojson"
    path.write_text(
        '{"geometryType": "esriGeometryPoint", "fields": [], "spatialReference": {"wkid": 4326},'
        ' "features": [{"attributes": {}, "geometry": {"x": 1, "y": 2}}]}'
    )
    assert refusal(path)[0] == "file_kind"


def test_a_missing_column_is_refused_with_those_there(tmp_path: Path) -> None:
    path = geojson(tmp_path, (WEST, 1, "a"))
    assert refusal(path, id="code") == ("column_missing", {"columns": "id, name"})


def test_the_streets_of_eight_districts_are_whole(test_data: Path) -> None:
    path = test_data / "shanghai/boundaries/streets-8-districts.geojson"
    columns = {"id": "official_control_code_2023", "name": "official_control_name_2023"}
    reading = read(path, parent="district", **columns)
    assert found(reading) == [("units_gap", "noted", None)]
    assert float(str(reading.problems[0].details["share"])) < 0.05
    assert len(reading.table) == reading.account.rows_read == 113
    assert reading.table["parent"].nunique() == 8
    assert (reading.table["unit_id"].str.len() == 12).all()
    one = read(path, select=["五角场街道"], **columns)
    assert one.table["unit_id"].tolist() == ["310110019000"]
    assert one.account.rows_read == 113 == 1 + one.account.rows_excluded
