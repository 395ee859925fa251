"""What a planner does without a study: convert a list, and fill in the workbook we give."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from handmade import text, xlsx
from shapely.geometry import Point
from studies import lifecircle

from lifecircle.base.geo import geodesic_m
from lifecircle.inputs.convert import convert_file
from lifecircle.inputs.datum import gcj02_to_wgs84
from lifecircle.inputs.facilities import read_facility_file
from lifecircle.inputs.template import EXAMPLES, TEMPLATE_NAME
from lifecircle.sources import FacilitySource
from lifecircle.standards.catalogue import load_standard


def test_a_list_is_converted_with_its_other_columns_as_they_are(tmp_path: Path) -> None:
    """暂无 stays 暂无; a formula is kept from being one; the shift is GCJ-02's 480 m."""
    rows = [
        ("编号", "名称", "经度", "纬度"),
        ("007", "@SUM(1)", 121.4737, 31.2305),
        ("8", "乙", "暂无", ""),
    ]
    source = xlsx(tmp_path / "台账.xlsx", 表=rows)
    run = lifecircle("convert", source, "--from", "gcj02", "--to", "wgs84", cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    assert "1 rows converted, 1 without" in run.stdout
    table = pd.read_csv(tmp_path / "台账.wgs84.csv", dtype=str, keep_default_na=False)
    assert table.columns.tolist() == list(rows[0])
    assert table["编号"].tolist() == ["007", "8"] and table["名称"].tolist() == ["'@SUM(1)", "乙"]
    assert table.loc[1, ["经度", "纬度"]].tolist() == ["暂无", ""]
    lon, lat = float(table["经度"][0]), float(table["纬度"][0])
    there = geodesic_m(*(np.array([v]) for v in (lon, lat, 121.4737, 31.2305)))
    assert there[0] == pytest.approx(482, abs=3)


@pytest.mark.parametrize("datum", ["gcj02", "bd09", "cgcs2000", "EPSG:4549", "EPSG:32651"])
def test_there_and_back_is_where_it_was(tmp_path: Path, datum: str) -> None:
    """To a tenth of a millimetre: 1e-9 degrees."""
    rows = [("名称", "lon", "lat"), ("甲", 121.4737, 31.2305), ("乙", 121.1, 30.9)]
    there, _, _ = convert_file(text(tmp_path / "a.csv", rows), "wgs84", datum)
    back, _, _ = convert_file(there, datum, "wgs84")
    table = pd.read_csv(back)
    assert table["lon"].tolist() == pytest.approx([121.4737, 121.1], abs=2e-9)
    assert table["lat"].tolist() == pytest.approx([31.2305, 30.9], abs=2e-9)


def test_a_vector_file_becomes_a_geojson(tmp_path: Path) -> None:
    path = tmp_path / "a.gpkg"
    gpd.GeoDataFrame({"n": ["甲"]}, geometry=[Point(121.4737, 31.2305)], crs=4326).to_file(path)
    out, rows, _ = convert_file(path, "gcj02", "wgs84")
    point = gpd.read_file(out).geometry[0]
    lon, lat = gcj02_to_wgs84(np.array([121.4737]), np.array([31.2305]))
    assert (out.name, rows) == ("a.wgs84.geojson", 1)
    assert (point.x, point.y) == pytest.approx((lon[0], lat[0]), abs=1e-8)


def test_what_cannot_be_converted_is_refused_in_one_line(tmp_path: Path) -> None:
    path = text(tmp_path / "a.csv", [("名称",), ("甲",)])
    run = lifecircle("convert", path, "--from", "gcj02", "--to", "mars", cwd=tmp_path)
    assert run.returncode == 3 and "mars" in run.stderr and "Traceback" not in run.stderr
    run = lifecircle("convert", path, "--from", "gcj02", "--to", "wgs84", cwd=tmp_path)
    assert run.returncode == 3 and list(tmp_path.iterdir()) == [path]


def test_the_workbook_of_init_reads_back_without_a_problem(tmp_path: Path) -> None:
    assert lifecircle("init", tmp_path / "new", cwd=tmp_path).returncode == 0
    standard = load_standard("shanghai-2022")
    source = FacilitySource(
        path=tmp_path / "new" / TEMPLATE_NAME, classify="service", datum="wgs84"
    )
    reading = read_facility_file(source, standard.ids, standard)
    assert reading.problems == ()
    assert reading.table["service"].tolist() == [row[1] for row in EXAMPLES]
    assert reading.table["name"].tolist() == [row[0] for row in EXAMPLES]
    assert reading.table["beds"].fillna(-1).tolist() == [120, -1]
    assert reading.table["places"].fillna(-1).tolist() == [-1, 60]
    assert reading.table["floor_area_m2"].tolist() == [3500, 800]
