"""The embedded town: regenerated to the same bytes, small, and true to what the generator says."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import osmium
import pytest
import rasterio
import shapely

from lifecircle.inputs.datum import gcj02_to_wgs84
from lifecircle.inputs.osm_network import read_network
from lifecircle.network.walk import walk_minutes
from lifecircle.standards.catalogue import load_standard
from lifecircle.study import load_study

REPOSITORY = Path(__file__).resolve().parent.parent
DEMO = REPOSITORY / "lifecircle" / "demo"
METRES_PER_DEGREE = 111_000


@pytest.fixture(scope="module")
def truth() -> Any:
    return json.loads((DEMO / "truth.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def units() -> gpd.GeoDataFrame:
    return gpd.read_file(DEMO / "synthetic_units.geojson").set_index("code")


def rows(name: str) -> list[dict[str, str]]:
    encoding = "gb18030" if "gb18030" in name else "utf-8"
    with (DEMO / name).open(encoding=encoding, newline="") as file:
        return list(csv.DictReader(file))


def places() -> list[tuple[str, str, float, float]]:
    """Category, name, lon, lat (WGS 84) of every row with a coordinate that is not 0,0."""
    found = []
    for name in ("synthetic_community_gcj02.csv", "synthetic_care_gb18030.csv"):
        for row in rows(name):
            if row["经度"].replace(".", "").isdigit() and row["经度"] != "0":
                lon, lat = np.array([float(row["经度"])]), np.array([float(row["纬度"])])
                lon, lat = gcj02_to_wgs84(lon, lat) if "gcj02" in name else (lon, lat)
                found.append((row["类别"], row["名称"], float(lon[0]), float(lat[0])))
    for feature in json.loads((DEMO / "synthetic_shops.geojson").read_text(encoding="utf-8"))[
        "features"
    ]:
        lon, lat = feature["geometry"]["coordinates"]
        found.append((feature["properties"]["kind"], feature["properties"]["name"], lon, lat))
    return found


def test_the_script_makes_the_same_bytes_again(tmp_path: Path) -> None:
    script = REPOSITORY / "scripts" / "make_demo.py"
    subprocess.run([sys.executable, str(script), str(tmp_path)], check=True)
    made = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    data = [file for file in DEMO.iterdir() if file.is_file() and file.suffix != ".py"]
    kept = {file.name: file.read_bytes() for file in data}
    assert made.keys() == kept.keys()
    assert [name for name in made if made[name] != kept[name]] == []


def test_all_files_together_stay_below_800_kb() -> None:
    assert sum(file.stat().st_size for file in DEMO.iterdir() if file.is_file()) < 800_000


def test_the_raster_holds_exactly_the_people_of_the_truth(truth: Any) -> None:
    with rasterio.open(DEMO / "synthetic_population.tif") as raster:
        sums = [int(raster.read(band, masked=True).sum()) for band in raster.indexes]
        assert dict(zip(raster.descriptions, sums, strict=True)) == truth["people"]
        assert raster.res == (100.0, 100.0)
    assert 58_000 < truth["people"]["residents"] < 64_000


def test_no_cell_has_more_people_of_a_group_than_residents() -> None:
    with rasterio.open(DEMO / "synthetic_population.tif") as raster:
        residents, older, small = raster.read().astype(int)
    assert (older + small <= residents).all()


def test_people_by_unit_are_the_raster_cut_by_the_unit_polygons(
    truth: Any, units: gpd.GeoDataFrame
) -> None:
    """Cut again in the raster's own projection, from the files alone."""
    with rasterio.open(DEMO / "synthetic_population.tif") as raster:
        people, crs = raster.read(1).astype(int), raster.crs
        west, _, _, north = raster.bounds
    row, column = np.nonzero(people)
    cells = shapely.box(
        west + column * 100, north - row * 100 - 100, west + column * 100 + 100, north - row * 100
    )
    for code, shape in units.geometry.to_crs(crs).items():
        share = shapely.area(shapely.intersection(cells, shape)) / 1e4
        residents = float((people[row, column] * share).sum())
        assert residents == pytest.approx(truth["people_by_unit"][code]["residents"], abs=0.5)


def test_units_are_valid_share_their_borders_and_do_not_overlap(units: gpd.GeoDataFrame) -> None:
    assert len(units) == 6
    assert units["rural"].sum() == 1
    assert units.is_valid.all()
    assert shapely.coverage_is_valid(units.geometry.to_numpy())
    whole = units.geometry.union_all()
    assert whole.geom_type == "Polygon"
    assert not whole.interiors


def test_the_extract_reaches_1600_m_beyond_the_units_on_every_side(
    truth: Any, units: gpd.GeoDataFrame
) -> None:
    with osmium.io.Reader(str(DEMO / "synthetic_town.osm.pbf")) as reader:
        box = reader.header().box()
    extent = (box.bottom_left.lon, box.bottom_left.lat, box.top_right.lon, box.top_right.lat)
    assert extent == pytest.approx(truth["extent"])
    inner, metric = units.to_crs(32651).total_bounds, shapely.box(*extent)
    outer = gpd.GeoSeries([metric], crs=4326).to_crs(32651).iloc[0].exterior
    assert outer.distance(shapely.box(*inner)) > 1600


def test_every_thing_a_riverside_district_has_is_in_the_extract() -> None:
    """River, two bridges, elevated road, footbridge with its steps, signals, gates, lanes …"""
    seen: Counter[str] = Counter()
    for item in osmium.FileProcessor(str(DEMO / "synthetic_town.osm.pbf")):
        tags = {tag.k: tag.v for tag in item.tags}
        seen.update(f"{key}={value}" for key, value in tags.items())
        if tags.get("highway") == "trunk":
            assert (tags["bridge"], tags["foot"]) == ("yes", "no")
            seen["elevated"] += 1
        seen["river bridge"] += tags.get("name", "").endswith("大桥")
        seen["footbridge"] += tags.get("highway") == "footway" and tags.get("bridge") == "yes"
    assert seen["river bridge"] == 2
    assert seen["elevated"] == 2
    assert seen["footbridge"] == 1
    assert seen["highway=steps"] == 2
    assert seen["barrier=gate"] + seen["barrier=lift_gate"] > 60
    for needed in (
        "crossing=traffic_signals", "barrier=wall", "highway=living_street", "leisure=park",
        "area=yes", "railway=subway", "railway=station", "railway=subway_entrance",
        "railway=rail", "highway=construction", "waterway=canal", "oneway=yes",
        "access=private", "landuse=residential", "building=apartments", "entrance=yes",
    ):  # fmt: skip
        assert seen[needed] > 0, needed


def test_the_care_file_is_gb18030_and_not_utf8() -> None:
    content = (DEMO / "synthetic_care_gb18030.csv").read_bytes()
    with pytest.raises(UnicodeDecodeError):
        content.decode("utf-8")
    assert content.decode("gb18030").startswith("编号,名称,类别")


def test_every_facility_lies_in_a_unit_after_conversion(units: gpd.GeoDataFrame) -> None:
    town = units.geometry.union_all()
    outside = [name for _, name, lon, lat in places() if not town.contains(shapely.Point(lon, lat))]
    assert outside == []


def test_the_gcj02_file_is_some_500_m_off_as_it_stands(units: gpd.GeoDataFrame) -> None:
    """A run that forgets the datum must show it."""
    for row in rows("synthetic_community_gcj02.csv")[:9]:
        lon, lat = np.array([float(row["经度"])]), np.array([float(row["纬度"])])
        true_lon, true_lat = gcj02_to_wgs84(lon, lat)
        east = (lon - true_lon)[0] * METRES_PER_DEGREE * np.cos(np.radians(31.3))
        assert 300 < np.hypot(east, (lat - true_lat)[0] * METRES_PER_DEGREE) < 700


def test_rows_and_faults_are_as_counted(truth: Any) -> None:
    for name, expected in truth["files"].items():
        if name.endswith(".csv"):
            table = rows(name)
            faults = Counter(expected["faults"])
            unreadable = [row for row in table if row["经度"] in ("", "暂无")]
            stated = faults["unreadable_coordinate"] + faults["blank_coordinate"]
            assert len(unreadable) == stated > 0
            assert len(unreadable) < 0.05 * len(table)
            assert sum(row["状态"] == "已停业" for row in table) == expected["faults"]["closed"]
            count = len(table)
        else:
            count = len(json.loads((DEMO / name).read_text(encoding="utf-8"))["features"])
        assert count == expected["rows"]
        assert count == expected["good"] + sum(expected["faults"].values())


def test_the_study_loads_and_maps_every_category_to_a_service_of_the_standard(truth: Any) -> None:
    study = load_study(DEMO / "study.toml")
    known = {service.id for service in load_standard(study.study.standard).services}
    mapped = {}
    for source in study.facilities:
        mapped |= {k: (v,) if isinstance(v, str) else v for k, v in source.services.items()}
    assert {service for services in mapped.values() for service in services} <= known
    assert {category for category, *_ in places()} <= mapped.keys()
    assert len(truth["facilities_by_service"]) >= 16
    assert all(source.publisher == "synthetic" for source in study.sources)
    assert all(source.path.is_file() for source in study.sources)


def straight_m(patch: dict[str, Any], category: str = "") -> np.ndarray:
    """Metres in a straight line from a patch to every facility (of a category)."""
    area = gpd.GeoSeries([shapely.geometry.shape(patch["area"])], crs=4326).to_crs(32651).iloc[0]
    at = [shapely.Point(lon, lat) for kind, _, lon, lat in places() if category in kind]
    return gpd.GeoSeries(at, crs=4326).to_crs(32651).distance(area).to_numpy()


def test_each_patch_lacks_what_its_cause_says(truth: Any) -> None:
    """Nothing near; near across the river; near behind the wall; one small home and no other."""
    patches = {patch["id"]: patch for patch in truth["patches"]}
    assert straight_m(patches["no_facility"]).min() > 520
    assert straight_m(patches["no_facility"], "文化").min() > 1000
    assert straight_m(patches["across_river"], "社区卫生服务中心").min() < 500
    assert straight_m(patches["walled_in"], "菜市场").min() < 150
    homes = np.sort(straight_m(patches["overloaded"], "养老院"))
    assert homes[0] == 0
    assert homes[1] > 1000
    older = patches["overloaded"]["people_in_cells"]["residents_60plus"]
    assert patches["overloaded"]["beds"] < 0.02 * older


def test_the_patches_hold_the_people_that_the_truth_says(truth: Any) -> None:
    """Cells by their middles, from the raster file alone."""
    with rasterio.open(DEMO / "synthetic_population.tif") as raster:
        bands, crs, bounds = raster.read().astype(int), raster.crs, raster.bounds
    row, column = np.indices(bands.shape[1:])
    x, y = bounds.left + 100 * column + 50, bounds.top - 100 * row - 50
    for patch in truth["patches"]:
        area = gpd.GeoSeries([shapely.geometry.shape(patch["area"])], crs=4326).to_crs(crs).iloc[0]
        inside = shapely.contains_xy(area, x, y)
        sums = [int(band[inside].sum()) for band in bands]
        assert sums == list(patch["people_in_cells"].values())
        assert sums[0] > 1000


def test_walks_on_the_network_are_those_added_up_by_hand(truth: Any) -> None:
    """Over the bridge, out of the only gate, over the footbridge: to 0.2 m."""
    network = read_network(DEMO / "synthetic_town.osm.pbf")
    for walk in truth["walks"]:
        start = gpd.GeoDataFrame(
            {"demand_id": ["start"]}, geometry=[shapely.Point(walk["from"])], crs=4326
        )
        end = gpd.GeoDataFrame(
            {"facility_id": ["end"], "service": ["any"]},
            geometry=[shapely.Point(walk["to"])],
            crs=4326,
        )
        minutes = walk_minutes(network, end, start)
        assert minutes.metres[0, 0] == pytest.approx(walk["metres"], abs=0.2), walk["id"]
        assert minutes.straight_m[0, 0] == pytest.approx(walk["straight_m"], abs=0.2), walk["id"]


def test_the_lists_hold_what_the_truth_says(truth: Any) -> None:
    """Rows by kind, and one row of another district more; compounds have a year each."""
    table = rows("synthetic_lists.csv")
    kinds = load_study(DEMO / "study.toml").lists[0].kinds
    own = Counter(kinds[row["类别"]] for row in table if row["街镇"] != "外滩街道")
    assert own == truth["lists"]
    faults = sum(truth["list_faults"]["synthetic_lists.csv"].values())
    assert len(table) == own.total() + faults == 156
    compounds = gpd.read_file(DEMO / "synthetic_compounds.geojson")
    assert len(compounds) == 54 and compounds.is_valid.all()
    assert compounds["建成年份"].astype(int).between(1950, 2026).all()
