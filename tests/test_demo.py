"""The demo's results against what its generator worked out from its own drawing."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
import shapely

import lifecircle as lc

DEMO = Path(lc.__file__).parent / "demo"
FIXED_NAMES = {
    "study.toml", "coverage.csv", "coverage.parquet", "demand.parquet", "facilities.csv",
    "problems.csv", "results.gpkg", "manifest.json", "run.log",
}  # fmt: skip
KIND_OF_FAULT = {
    "duplicate": "duplicate",
    "unreadable_coordinate": "coordinates_unreadable",
    "blank_coordinate": "coordinates_unreadable",
    "null_island": "null_island",
    "closed": "closed",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which `lifecircle demo` was run once; what it said is in said.txt."""
    here = tmp_path_factory.mktemp("demo")
    command = [sys.executable, "-m", "lifecircle.cli", "demo", "--lang", "zh"]
    run = subprocess.run(command, cwd=here, capture_output=True, check=True)
    (here / "said.txt").write_bytes(run.stdout)
    return here


@pytest.fixture(scope="module")
def results(folder: Path) -> Path:
    return folder / "data" / "processed" / "demo"


@cache
def truth() -> Any:
    return json.loads((DEMO / "truth.json").read_text(encoding="utf-8"))


def patch(name: str) -> dict[str, Any]:
    return next(patch for patch in truth()["patches"] if patch["id"] == name)


def demand_in(results: Path, name: str) -> pd.DataFrame:
    """The population cells of the demo whose point lies in a patch."""
    cells = gpd.read_parquet(results / "demand.parquet")
    cells = cells[cells["residents"] > 0]
    found = cells[cells.within(shapely.geometry.shape(patch(name)["area"]))]
    assert len(found) > 5
    return pd.DataFrame(found)


def unit_rows(results: Path, denominator: str = "residents") -> pd.DataFrame:
    coverage = pd.read_parquet(results / "coverage.parquet")
    return coverage[(coverage["level"] == "street") & (coverage["denominator"] == denominator)]


def test_everything_lies_under_its_fixed_name(folder: Path, results: Path) -> None:
    written = {file.name for file in results.iterdir()}
    manifest = json.loads((results / "manifest.json").read_text(encoding="utf-8"))
    assert written >= FIXED_NAMES
    assert written == {*manifest["files"], "manifest.json"}
    pages = {file.name for file in (folder / "maps").iterdir()}
    assert {"demo.html"} <= pages <= {"demo.html", "index.html"}
    assert {file.name for file in folder.iterdir()} == {"data", "maps", "said.txt"}
    inputs = {file.name for file in DEMO.iterdir() if file.is_file()}
    written = {file.name for file in (folder / "data" / "raw" / "demo").iterdir()}
    assert written == inputs - {"__init__.py", "truth.json"}


def test_the_terminal_and_the_title_of_the_map_say_that_it_is_synthetic(folder: Path) -> None:
    said = (folder / "said.txt").read_text(encoding="utf-8")
    assert said.startswith("临江区（虚构）15分钟社区生活圈 · synthetic demo")
    assert "以上均为虚构数据" in said
    page = (folder / "maps" / "demo.html").read_text(encoding="utf-8")
    title = re.search('"title":"([^"]*)"', page)
    assert title is not None
    assert "虚构" in title[1]
    assert "synthetic" in title[1]


BESIDE = {"ages.csv", "fairness.csv", "lorenz.csv", "lorenz.svg", "supply_eldercare_beds.svg"}


@pytest.mark.parametrize("name", sorted((FIXED_NAMES | BESIDE) - {"run.log"}))
def test_every_table_says_that_it_is_synthetic(results: Path, name: str) -> None:
    """In the unit's name or the source of each row, so that a copied table says it too."""
    path = results / name
    if path.suffix == ".parquet":
        text = pd.read_parquet(path).to_csv()
    elif path.suffix == ".gpkg":
        layers = [gpd.read_file(path, layer=layer) for layer in ("units", "facilities", "demand")]
        assert all("虚构" in t.to_csv() or "synthetic" in t.to_csv() for t in layers)
        return
    else:
        text = path.read_text(encoding="utf-8")
    assert "虚构" in text or "synthetic" in text


@pytest.mark.parametrize("weight", ["residents", "residents_60plus", "children_0_3"])
def test_people_of_each_unit_are_those_of_the_drawing(results: Path, weight: str) -> None:
    """Cells cut by the units, exactly by area; the generator rounds to a hundredth."""
    found = unit_rows(results, weight).groupby("unit_id")["total"].agg(["min", "max"])
    expected = {unit: people[weight] for unit, people in truth()["people_by_unit"].items()}
    assert found["min"].to_dict() == pytest.approx(expected, rel=1e-5, abs=0.02)
    assert found["max"].to_dict() == pytest.approx(expected, rel=1e-5, abs=0.02)


def test_people_of_each_patch_are_those_placed_there(results: Path) -> None:
    """Cells whose middle lies in the patch, less what units cut off of them."""
    for name in ("no_facility", "walled_in", "overloaded"):
        expected = patch(name)["people_in_cells"]
        found = demand_in(results, name)[list(expected)].sum()
        assert found.to_dict() == pytest.approx(expected, rel=0.02), name


def test_facilities_by_service_are_those_placed(results: Path) -> None:
    table = pd.read_csv(results / "facilities.csv")
    assert Counter(table["service"]) == truth()["facilities_by_service"]
    assert table["unattached"].isna().all()


def test_broken_rows_are_listed_by_kind_with_their_rows(results: Path) -> None:
    """The row named in problems.csv is the row that is broken in the file."""
    with (results / "problems.csv").open(encoding="utf-8-sig", newline="") as file:
        problems = [row for row in csv.DictReader(file) if row["row"]]
    for name, file in truth()["files"].items():
        listed = [row for row in problems if row["source"] == name and row["action"] == "excluded"]
        expected: Counter[str] = Counter()
        for fault, count in file["faults"].items():
            expected[KIND_OF_FAULT[fault]] += count
        assert Counter(row["code"] for row in listed) == expected
        for row in listed:
            assert_broken(name, row)


def assert_broken(name: str, problem: dict[str, str]) -> None:
    """The row that `problem` names shows its fault when the file is read by plain means."""
    content = (DEMO / name).read_bytes()
    number = int(problem["row"])
    if name.endswith(".geojson"):
        places = [f["geometry"]["coordinates"] for f in json.loads(content)["features"]]
        assert problem["code"] == "duplicate"
        assert places[number - 1] in places[: number - 1]
        return
    text = content.decode("gb18030" if "gb18030" in name else "utf-8")
    rows = list(csv.DictReader(io.StringIO(text)))
    row = rows[number - 2]
    if problem["code"] == "closed":
        assert row["状态"] == "已停业"
    elif problem["code"] == "null_island":
        assert float(row["经度"]) == float(row["纬度"]) == 0
    elif problem["code"] == "coordinates_unreadable":
        assert row["经度"] in ("", "暂无")
    else:
        assert row["名称"] in [other["名称"] for other in rows[: number - 2]]


def test_nothing_is_unknown_because_the_extract_reaches_far_enough(results: Path) -> None:
    coverage = pd.read_parquet(results / "coverage.parquet")
    assert (coverage["unknown"].dropna() == 0).all()
    measured = coverage[coverage["share"].notna()]
    assert len(measured) > 0.9 * len(coverage)
    assert (measured["share"] == measured["share_upper"]).all()
    targeted = coverage[coverage["target"].notna() & (coverage["total"] > 0)]
    assert targeted["meets_target"].notna().all()


def test_the_rural_town_has_no_target(results: Path) -> None:
    coverage = unit_rows(results)
    rural = coverage["unit_id"] == "990101101000"
    assert coverage.loc[rural, "target"].isna().all()
    health = coverage["service"] == "health"
    assert coverage.loc[~rural & health, "target"].tolist() == [0.85] * 5


def test_the_patch_without_facilities_is_covered_for_none_of_its_services(results: Path) -> None:
    """The generator leaves 520 m free of any facility, 1010 m of culture."""
    cells = demand_in(results, "no_facility")
    limits = unit_rows(results).groupby("service")["limit_m"].first()
    services = patch("no_facility")["services"]
    for service in services:
        assert (cells[f"{service}_m"] > limits[service]).all(), service
    every = cells[[f"{service}_m" for service in truth()["facilities_by_service"]]]
    assert every.min().min() > 520
    assert cells[["culture_centre_m", "culture_station_m"]].min().min() > 1010


def test_the_patch_across_the_river_is_near_health_only_as_the_crow_flies(results: Path) -> None:
    cells = demand_in(results, "across_river")
    services = patch("across_river")["services"]
    assert (cells[[f"{service}_m" for service in services]].min(axis=1) > 1000).all()
    straight = cells[[f"{service}_straight_m" for service in services]].min(axis=1)
    assert straight.min() < 500
    assert (straight <= 1000).all()


def test_the_walled_in_patch_is_near_its_market_only_as_the_crow_flies(results: Path) -> None:
    cells = demand_in(results, "walled_in")
    limit = unit_rows(results).groupby("service")["limit_m"].first()["wet_market"]
    assert (cells["wet_market_m"] > limit).all()
    assert (cells["wet_market_straight_m"] <= limit).all()


def test_the_overloaded_home_is_the_nearest_of_its_patch(results: Path) -> None:
    """18 beds for some 1,500 residents of 60 and older: near, and far too small."""
    cells, truth_of_patch = demand_in(results, "overloaded"), patch("overloaded")
    homes = pd.read_csv(results / "facilities.csv").query("service == 'eldercare_home'")
    nearest = set(cells["eldercare_home_facility"])
    assert len(nearest) == 1
    home = homes[homes["facility_id"] == nearest.pop()].iloc[0]
    assert home["beds"] == truth_of_patch["beds"]
    assert (home["lon"], home["lat"]) == pytest.approx(truth_of_patch["facility"], abs=2e-6)
    assert cells["eldercare_home_m"].max() <= 1000
    assert home["beds"] < 0.02 * cells["residents_60plus"].sum()


def test_walks_are_the_metres_added_up_by_hand(folder: Path) -> None:
    """Through the public API, from the files that the demo put down."""
    network = lc.read_network(folder / "data" / "raw" / "demo" / "synthetic_town.osm.pbf")
    walks = truth()["walks"]
    assert {walk["id"] for walk in walks} == {"river", "wall", "footbridge"}
    for walk in walks:
        start = gpd.GeoDataFrame(
            {"demand_id": ["start"]}, geometry=[shapely.Point(walk["from"])], crs=4326
        )
        end = gpd.GeoDataFrame(
            {"facility_id": ["end"], "service": ["any"]},
            geometry=[shapely.Point(walk["to"])],
            crs=4326,
        )
        minutes = lc.walk_minutes(network, end, start)
        assert minutes.metres[0, 0] == pytest.approx(walk["metres"], abs=0.5), walk["id"]
        assert minutes.straight_m[0, 0] == pytest.approx(walk["straight_m"], abs=0.5), walk["id"]


def test_the_figures_are_the_same_through_python(folder: Path, results: Path) -> None:
    result = lc.run(lc.load_study(folder / "data" / "raw" / "demo" / "study.toml"))
    written = pd.read_parquet(results / "coverage.parquet")
    assert result.coverage["share"].to_numpy() == pytest.approx(
        written["share"].to_numpy(), abs=1e-6, nan_ok=True
    )


def test_rows_and_people_are_accounted_for(results: Path) -> None:
    account = json.loads((results / "manifest.json").read_text(encoding="utf-8"))["account"]
    for row in account["rows"]:
        assert row["rows_read"] == row["rows_used"] + row["rows_excluded"]
    used = {row["source"]: row["rows_used"] for row in account["rows"]}
    for name, file in truth()["files"].items():
        assert used[name] == file["good"]
    in_units = {people["weight"]: people["in_units"] for people in account["people"]}
    for weight, total in in_units.items():
        expected = sum(people[weight] for people in truth()["people_by_unit"].values())
        assert total == pytest.approx(expected, rel=1e-5)


def test_the_same_town_gives_the_same_bytes_but_for_the_log(folder: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "lifecircle.cli", "demo", "--lang", "zh"]
    subprocess.run(command, cwd=tmp_path, capture_output=True, check=True)
    for place in ("data/processed/demo", "data/raw/demo", "maps"):
        for file in (folder / place).iterdir():
            if file.name != "run.log":
                assert file.read_bytes() == (tmp_path / place / file.name).read_bytes(), file.name
