"""The datum is told by the rows themselves, and by nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from shapely.geometry import box

from lifecircle.base.geo import GEOGRAPHIC, Floats, centred_crs, unproject
from lifecircle.base.problems import InputRefused
from lifecircle.base.tables import DEMAND, no_rows
from lifecircle.inputs.datum import (
    gcj02_to_bd09,
    gcj02_to_wgs84,
    to_wgs84,
    wgs84_to_gcj02,
)
from lifecircle.inputs.demand import DemandReading
from lifecircle.inputs.facilities import read_facility_file
from lifecircle.inputs.hypotheses import Witnesses, weigh_datum
from lifecircle.inputs.offices import with_offices
from lifecircle.inputs.osm_network import read_network
from lifecircle.inputs.read import areas_of
from lifecircle.inputs.reading import Reading
from lifecircle.inputs.stated import positions_of, stated_areas
from lifecircle.outputs.tables import datums_found
from lifecircle.sources import FacilitySource, OfficeSource, UnitsSource

FILES = {"eldercare_gcj02": 626, "health_centres_gcj02": 249, "canteens_gcj02": 46}
NO_AREAS = stated_areas([], [], gpd.GeoSeries([], crs=GEOGRAPHIC))
FALLBACK = (121.473667, 31.230525)


@pytest.fixture(scope="module")
def shanghai(test_data: Path) -> Witnesses:
    """The 113 streets of eight districts, and the districts as the sum of them."""
    source = UnitsSource.model_validate(
        {
            "path": test_data / "shanghai/boundaries/streets-8-districts.geojson",
            "id": "official_control_code_2023",
            "name": "official_control_name_2023",
            "parent": "district",
        }
    )
    return Witnesses(areas_of(source, gpd.GeoDataFrame()))


def read(path: Path, witnesses: Witnesses, **keys: Any) -> Reading[gpd.GeoDataFrame]:
    source = FacilitySource(path=path, service="home", **keys)
    return read_facility_file(source, ["home"], witnesses=witnesses)


def codes(reading: Reading[gpd.GeoDataFrame]) -> set[str]:
    return {p.code for p in reading.problems if p.code.startswith("datum")}


@pytest.mark.parametrize("name", FILES)
def test_the_real_files_are_known_as_gcj02(test_data: Path, shanghai: Witnesses, name: str) -> None:
    """Not one column is declared: names, coordinates and datum are all found."""
    path = test_data / f"shanghai/facilities/{name}.csv"
    reading = read(path, shanghai)
    assert reading.account.rows_read == FILES[name]
    found = [p for p in reading.problems if p.code == "datum_found"]
    assert [(p.action, p.details["found"]) for p in found] == [("noted", "gcj02")]
    assert datums_found(reading.problems) == [{"file": path.name, "datum": "gcj02"}]
    declared = read(path, shanghai, datum="gcj02").table
    assert reading.table.geometry.equals(declared.geometry)
    assert (reading.table["name"] != "").all()


def test_a_list_of_offices_tells_its_datum_as_facilities_do(
    test_data: Path, shanghai: Witnesses
) -> None:
    """Undeclared, its places are those of the file declared as GCJ-02; refused with no witness."""
    path = test_data / "shanghai/facilities/canteens_gcj02.csv"
    crs, fine = centred_crs(121.4, 31.2), shanghai.areas[shanghai.areas["fine"]]
    units = fine.assign(unit_id=[str(i) for i in fine.index])
    empty, wide = DemandReading(no_rows(DEMAND), (), (), ()), box(-2e5, -2e5, 2e5, 2e5)

    def offices(witnesses: Witnesses | None, **keys: Any) -> DemandReading:
        return with_offices(empty, OfficeSource(path=path, **keys), units, crs, wide, witnesses)

    told = offices(shanghai)
    assert datums_found(told.problems) == [{"file": path.name, "datum": "gcj02"}]
    assert told.table["offices"].sum() == len(told.table) > 30
    assert told.table.geometry.equals(offices(None, datum="gcj02").table.geometry)
    with pytest.raises(InputRefused):
        offices(None)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("datum", ["wgs84", "cgcs2000", "EPSG:4490", "bd09"])
def test_a_declared_datum_that_the_rows_contradict_is_refused(
    test_data: Path, shanghai: Witnesses, name: str, datum: str
) -> None:
    reading = read(test_data / f"shanghai/facilities/{name}.csv", shanghai, datum=datum)
    (problem,) = [p for p in reading.problems if p.action == "refused"]
    assert (problem.code, problem.details["found"]) == ("datum_contradicted", "gcj02")
    assert "gcj02" in problem.fix("en")


def test_kindergartens_are_known_as_wgs84(test_data: Path, shanghai: Witnesses) -> None:
    reading = read(test_data / "shanghai/facilities/kindergartens_wgs84.csv", shanghai)
    assert codes(reading) == {"datum_found"}
    assert reading.table.geometry.iloc[0].x == 121.46165730586875


def test_the_gb18030_copy_equals_the_utf8_one(test_data: Path, shanghai: Witnesses) -> None:
    folder = test_data / "shanghai/facilities"
    one = read(folder / "canteens_gcj02.csv", shanghai).table
    other = read(folder / "canteens_gcj02.gb18030.csv", shanghai).table
    assert one["name"].tolist() == other["name"].tolist()
    assert one.geometry.equals(other.geometry)


def test_health_centres_lie_in_their_districts(test_data: Path, shanghai: Witnesses) -> None:
    """All 129 of the eight districts by the street layer; 98 % of 249 by the coarser one."""
    path = test_data / "shanghai/facilities/health_centres_gcj02.csv"
    table = read(path, shanghai).table
    stated = pd.read_csv(path, dtype=str)["区"].str.removesuffix("新区").str.removesuffix("区")
    coarse = gpd.read_file(test_data / "shanghai/boundaries/districts.geojson")
    fine = shanghai.areas[~shanghai.areas["fine"]]
    for layer, names, least in ((fine, fine["name"], 129), (coarse, coarse["district"], 245)):
        stems = names.str.removesuffix("新区").str.removesuffix("区")
        shapes = stated.map(dict(zip(stems, layer.geometry, strict=True)))
        known = shapes.notna().to_numpy()
        inside = shapely.intersects(shapes[known].to_numpy(), table.geometry[known].to_numpy())
        assert known.sum() == (129 if layer is fine else 249)
        assert inside.sum() >= least


def test_nine_homes_on_the_fallback_point_are_found(test_data: Path, shanghai: Witnesses) -> None:
    """Their rows are those of the file whose coordinates are the point, counted here anew."""
    path = test_data / "shanghai/facilities/eldercare_gcj02.csv"
    raw = pd.read_csv(path)
    rows = raw.index[(raw["经度"] == FALLBACK[0]) & (raw["纬度"] == FALLBACK[1])] + 2
    reading = read(path, shanghai)
    found = [p.row for p in reading.problems if p.code == "fallback_point"]
    assert len(rows) == 9 and found == rows.tolist()
    assert not set(reading.table["source_row"]) & set(map(str, rows))
    assert reading.account.rows_excluded == 9


def centres(test_data: Path) -> tuple[pd.DataFrame, Floats, Floats]:
    table = pd.read_csv(test_data / "shanghai/facilities/health_centres_gcj02.csv", dtype=str)
    return table, table["lng"].to_numpy(dtype=float), table["lat"].to_numpy(dtype=float)


@pytest.mark.parametrize("datum", ["wgs84", "gcj02", "bd09", "twice"])
def test_each_hypothesis_wins_where_it_is_true(
    tmp_path: Path, test_data: Path, shanghai: Witnesses, datum: str
) -> None:
    """The real centres, written in each datum; converted once too often they are refused."""
    table, lon, lat = centres(test_data)
    lon, lat = {
        "wgs84": lambda: gcj02_to_wgs84(lon, lat),
        "gcj02": lambda: (lon, lat),
        "bd09": lambda: gcj02_to_bd09(lon, lat),
        "twice": lambda: gcj02_to_wgs84(*gcj02_to_wgs84(lon, lat)),
    }[datum]()
    path = tmp_path / "centres.csv"
    table.assign(lng=lon, lat=lat).to_csv(path, index=False)
    reading = read(path, shanghai)
    (problem,) = [p for p in reading.problems if p.code.startswith("datum")]
    if datum == "twice":
        assert (problem.code, problem.action) == ("datum_twice", "refused")
        return
    assert (problem.code, problem.details["found"]) == ("datum_found", datum)
    true_lon, true_lat = to_wgs84(*centres(test_data)[1:], "gcj02")
    assert np.abs(reading.table.geometry.x - true_lon).max() < 1e-8
    assert np.abs(reading.table.geometry.y - true_lat).max() < 1e-8


@pytest.mark.parametrize(("rows", "wins"), [(9, False), (10, True)])
def test_ten_rows_that_differ_are_needed(rows: int, wins: bool) -> None:
    """A square of 600 m round each point holds it only where it is; BD-09 and GCJ-02 leave it."""
    lon, lat = 121.4 + 0.01 * np.arange(rows), np.full(rows, 31.2)
    shapes = [box(x - 0.002, 31.198, x + 0.002, 31.202) for x in lon]
    areas = stated_areas(list("abcdefghij")[:rows], [""] * rows, gpd.GeoSeries(shapes, crs=4326))
    finding = weigh_datum(*wgs84_to_gcj02(lon, lat), np.arange(rows), Witnesses(areas))
    assert finding.counted == rows
    assert finding.winner == ("gcj02" if wins else None)


@pytest.mark.parametrize(("wrong", "wins"), [(3, True), (4, False)])
def test_eighty_five_per_cent_must_agree(wrong: int, wins: bool) -> None:
    """17 of 20 are 85 %; 16 are not.  Wrong rows name a unit where BD-09 would put them."""
    lon, lat = 121.3 + 0.01 * np.arange(20), np.full(20, 31.2)
    far_lon, far_lat = lon.copy(), lat.copy()
    shift = to_wgs84(lon, lat, "bd09")
    far_lon[:wrong], far_lat[:wrong] = shift[0][:wrong], shift[1][:wrong]
    shapes = [
        box(x - 0.002, y - 0.002, x + 0.002, y + 0.002)
        for x, y in zip(far_lon, far_lat, strict=True)
    ]
    areas = stated_areas(map(str, range(20)), [""] * 20, gpd.GeoSeries(shapes, crs=4326))
    finding = weigh_datum(lon, lat, np.arange(20), Witnesses(areas))
    assert finding.counted == 20
    assert finding.winner == ("wgs84" if wins else None)


def test_streets_tell_the_datum_of_thirty_points_where_they_are_sparse(test_data: Path) -> None:
    """Points on lonely streets of the real extract, where a shift of 480 m leaves the street."""
    network = read_network(test_data / "shanghai/osm/wujiaochang.osm")
    lines = np.asarray(network.lines, dtype=object)
    tree = shapely.STRtree(lines)
    middles = shapely.line_interpolate_point(lines, 0.5, normalized=True)
    lon, lat = unproject(shapely.get_x(middles), shapely.get_y(middles), network.crs)
    moved = gcj02_to_wgs84(lon, lat)
    there = gpd.GeoSeries(gpd.points_from_xy(*moved), crs=4326).to_crs(network.crs).to_numpy()
    metres = shapely.distance(there, lines[tree.nearest(there)])
    lonely = np.flatnonzero((metres > 60) & shapely.intersects(network.extent, there))
    inner = shapely.buffer(network.extent, -1500)
    lonely = lonely[shapely.intersects(inner, middles[lonely])] if not inner.is_empty else lonely
    nowhere = np.full(len(lonely), -1)
    witnesses = Witnesses(NO_AREAS, network)
    assert len(lonely) >= 40
    assert weigh_datum(lon[lonely], lat[lonely], nowhere, witnesses).winner == "wgs84"
    few = lonely[:20]
    assert weigh_datum(lon[few], lat[few], nowhere[:20], witnesses).winner is None


def named(**cells: list[str]) -> list[str]:
    """Which area each row names: two districts with a street of one name, and a town."""
    areas = stated_areas(
        ["人民路街道", "人民路街道", "大场镇"],
        ["黄浦区", "宝山区", "宝山区"],
        gpd.GeoSeries([box(x, 0, x + 1, 1) for x in range(3)], crs=4326),
    )
    rows = pd.DataFrame({"street": "", "district": "", "text": "", **cells})
    found = positions_of(areas, rows["street"], rows["district"], rows["text"])
    labels = (areas["parent"] + areas["name"]).tolist()
    return [labels[position] if position >= 0 else "" for position in found]


def test_rows_name_their_unit_in_columns_or_in_text() -> None:
    """A name that two districts share needs the district; 黄浦 alone in a text may be a road."""
    assert named(street=["大场镇", "大场", " 大场镇 ", "外滩"]) == ["宝山区大场镇"] * 3 + [""]
    assert named(street=["人民路街道"] * 2, district=["", "黄浦"]) == ["", "黄浦区人民路街道"]
    assert named(text=["上海市宝山区大场镇少年村路218号", "黄浦路1号", "宝山区友谊路1号"]) == [
        "宝山区大场镇", "", "宝山区",
    ]  # fmt: skip
    assert named(district=["宝山", "浦东新区"]) == ["宝山区", ""]


def test_a_row_far_from_the_unit_it_names_is_noted_with_its_metres(tmp_path: Path) -> None:
    """0.01° of longitude at 60° N is 557.8 m by the ellipsoid's own radius; 0.008° is near enough.

    One row lies on the other side of the globe, where no projection of the others holds.
    """
    areas = stated_areas(
        ["甲街道"], [""], gpd.GeoSeries([box(10, 59.9, 10.1, 60.1)], crs=GEOGRAPHIC)
    )
    lines = [
        "name,lon,lat,街道",
        "near,10.108,60,甲街道",
        "far,10.11,60,甲街道",
        "off,-170,-60,甲街道",
    ]
    path = tmp_path / "homes.csv"
    path.write_text("\n".join(lines), encoding="utf-8")
    reading = read(path, Witnesses(areas), datum="wgs84")
    noted = {p.row: p.details["metres"] for p in reading.problems if p.code == "outside_stated"}
    assert set(noted) == {3, 4}
    assert float(str(noted[3])) == pytest.approx(557.8, abs=1)
    assert float(str(noted[4]).replace(",", "")) == pytest.approx(20_003_931, rel=0.01)
