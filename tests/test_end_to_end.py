"""Whole runs on real places: people and rows accounted for, and the same bytes twice."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from support import REPOSITORY

EXAMPLES = REPOSITORY / "scripts" / "examples"


def example(name: str, data: Path, folder: Path) -> Path:
    """An example study with its paths turned to where the real data lies."""
    files = {path.name: path for path in data.rglob("*") if path.is_file()}
    text = (EXAMPLES / f"{name}.toml").read_text(encoding="utf-8")
    text = re.sub(r'"\.\./\.\./data/raw/([^"]+)"', lambda m: f"'{files[m[1]]}'", text)
    study = folder / f"{name}.toml"
    study.write_text(text, encoding="utf-8")
    return study


def porto_alegre(data: Path, folder: Path) -> Path:
    """Four made-up quarters of central Porto Alegre over its real streets and population cells."""
    source = data / "porto-alegre"
    cells = pd.read_csv(source / "poa_hexgrid.csv")
    west, east = cells["lon"].quantile([0.2, 0.8])
    south, north = cells["lat"].quantile([0.2, 0.8])
    middle = ((west + east) / 2, (south + north) / 2)
    boxes = [
        shapely.box(west, south, *middle),
        shapely.box(middle[0], south, east, middle[1]),
        shapely.box(west, middle[1], middle[0], north),
        shapely.box(*middle, east, north),
    ]
    quarters = {"code": ["sw", "se", "nw", "ne"], "name": ["SW", "SE", "NW", "NE"]}
    gpd.GeoDataFrame(quarters, geometry=boxes, crs=4326).to_file(folder / "units.geojson")
    cells[cells["healthcare"] > 0].to_csv(folder / "healthcare.csv", index=False)
    study = folder / "porto-alegre.toml"
    study.write_text(
        f"""
[study]
name = "porto-alegre"
language = "en"
[network]
path = '{source / "poa_osm.pbf"}'
date = 2020-08-01
[units]
path = "units.geojson"
id = "code"
name = "name"
[[facilities]]
path = "healthcare.csv"
service = "health_centre"
datum = "wgs84"
id = "id"
[[demand]]
kind = "points"
path = '{source / "poa_hexgrid.csv"}'
datum = "wgs84"
id = "id"
residents = "population"
""",
        encoding="utf-8",
    )
    return study


STUDIES = {
    "newport": lambda data, folder: example("newport", data, folder),
    "wujiaochang": lambda data, folder: example("wujiaochang", data, folder),
    "porto-alegre": porto_alegre,
}


def lifecircle(*words: object, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "lifecircle.cli", *map(str, words)],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY), "COLUMNS": "80", **environment},
        capture_output=True,
        text=True,
        encoding="utf-8",
    )


@dataclass(frozen=True)
class Finished:
    """A study that ran: its name, the folder it ran in, and what the terminal said."""

    name: str
    folder: Path
    said: str

    @property
    def results(self) -> Path:
        return self.folder / "data" / "processed" / self.name

    @property
    def account(self) -> dict[str, Any]:
        text = (self.results / "manifest.json").read_text(encoding="utf-8")
        account: dict[str, Any] = json.loads(text)["account"]
        return account

    @property
    def coverage(self) -> pd.DataFrame:
        return pd.read_csv(self.results / "coverage.csv")


@pytest.fixture(scope="module")
def ran(test_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Finished]:
    """Runs a study by its name, once."""

    @cache
    def run_once(name: str) -> Finished:
        folder = tmp_path_factory.mktemp(name)
        study = STUDIES[name](test_data, folder)
        run = lifecircle("run", study, cwd=folder, PYTHONHASHSEED="1")
        assert run.returncode == 0, run.stderr
        return Finished(name, folder, run.stdout)

    return run_once


@pytest.fixture(params=STUDIES)
def finished(request: pytest.FixtureRequest, ran: Callable[[str], Finished]) -> Finished:
    return ran(request.param)


def test_every_row_and_person_is_accounted_for(finished: Finished) -> None:
    """Rows read = used + excluded; people read = in units + outside + outside the network."""
    account = finished.account
    assert len(account["rows"]) >= 3
    for row in account["rows"]:
        assert row["rows_read"] == row["rows_used"] + row["rows_excluded"], row
        assert row["rows_used"] > 0, row
    for people in account["people"]:
        placed = people["in_units"] + people["outside_units"] + people["outside_network"]
        assert people["read"] == pytest.approx(placed, rel=1e-9)
    assert bool(account["people"]) == (finished.name != "newport")


def test_people_in_the_units_are_the_total_of_the_city_row(finished: Finished) -> None:
    """The denominator of every share over residents is exactly the people that were placed."""
    coverage = finished.coverage
    for people in finished.account["people"]:
        city = coverage[(coverage.level == "city") & (coverage.denominator == people["weight"])]
        assert len(city)
        assert city["total"].to_numpy() == pytest.approx(people["in_units"], rel=1e-6)


def test_city_is_the_sum_of_its_units(finished: Finished) -> None:
    table = finished.coverage
    table = table[table.service != "headline_mean"]
    keys = ["service", "denominator"]
    for column in ("total", "covered", "unknown", "unattached"):
        city = table[table.level == "city"].set_index(keys)[column]
        units = table[~table.level.isin(["city", "district"])].groupby(keys)[column].sum()
        assert units.reindex(city.index).to_numpy() == pytest.approx(city.to_numpy(), abs=0.01)
    assert (table["covered"] + table["unknown"] <= table["total"] + 0.01).all()


def test_every_walk_is_at_least_as_long_as_the_straight_line(finished: Finished) -> None:
    demand = gpd.read_parquet(finished.results / "demand.parquet")
    ending = "_facility"
    services = [name.removesuffix(ending) for name in demand if name.endswith(ending)]
    assert services
    for service in services:
        metres, straight = demand[f"{service}_m"], demand[f"{service}_straight_m"]
        assert (metres >= straight - 0.01).all(), service
        assert (np.isfinite(metres) == (demand[f"{service}_facility"] != "")).all()


def test_a_second_run_writes_the_same_bytes(finished: Finished, tmp_path: Path) -> None:
    """Every file but run.log, in another folder, with another hash seed and time zone."""
    study = finished.folder / f"{finished.name}.toml"
    other = {"PYTHONHASHSEED": "2", "TZ": "Asia/Shanghai"}
    run = lifecircle("run", study, cwd=tmp_path, **other)
    assert run.returncode == 0, run.stderr
    first, second = finished.results, tmp_path / "data" / "processed" / finished.name
    files = sorted(path.name for path in first.iterdir())
    assert files == sorted(path.name for path in second.iterdir())
    for file in set(files) - {"run.log"}:
        assert (first / file).read_bytes() == (second / file).read_bytes(), file
    page = f"maps/{finished.name}.html"
    assert (finished.folder / page).read_bytes() == (tmp_path / page).read_bytes()


def test_wujiaochang_gets_bounds_and_no_verdict(ran: Callable[[str], Finished]) -> None:
    """The extract is too small for a verdict, and says so with the lower and the upper share."""
    wujiaochang = ran("wujiaochang")
    table = wujiaochang.coverage
    city = table[(table.level == "city") & (table.denominator == "residents")].set_index("service")
    for headline in ("health", "elderly", "culture", "sports"):
        row = city.loc[headline]
        assert row["share"] < 0.85 < row["share_upper"] and pd.isna(row["meets_target"])
    assert "数据范围太小，不能下结论" in wujiaochang.said.replace("\n", "")
    # 82 % of the area lies inside, and so do 82 % of the 144,700 people of the census of 2020.
    people = wujiaochang.account["people"][0]
    assert people["read"] == 144_700
    assert people["in_units"] / people["read"] == pytest.approx(0.82, abs=0.005)


def test_newport_finds_whole_wards_and_lists_the_others(ran: Callable[[str], Finished]) -> None:
    """Of 23 ward relations the extract holds 7 whole; none of the others is silently lost."""
    newport = ran("newport")
    problems = pd.read_csv(newport.results / "problems.csv")
    assert (problems["code"] == "unit_incomplete").sum() == 16
    wards = newport.coverage[newport.coverage.level == "ward"]
    assert wards["unit_id"].nunique() == 7 and "Pillgwenlly" in set(wards["unit_name"])


def test_the_table_in_the_readme_is_what_newport_prints(ran: Callable[[str], Finished]) -> None:
    readme = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    block = next(b for b in re.findall(r"```text\n(.*?)```", readme, re.S) if "Pillgwenlly" in b)
    printed = {line.rstrip() for line in ran("newport").said.splitlines()}
    for line in block.strip("\n").splitlines():
        assert line.rstrip() in printed, line


def test_the_python_of_the_readme_runs(tmp_path: Path) -> None:
    """The ten lines of Python in the README, executed after `lifecircle demo` as it says."""
    readme = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", readme, re.S)
    assert blocks
    assert lifecircle("demo", cwd=tmp_path).returncode == 0
    for block in blocks:
        run = subprocess.run(
            [sys.executable, "-W", "error", "-c", block],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
            capture_output=True,
            text=True,
        )
        assert run.returncode == 0, run.stderr


def test_every_line_of_the_policy_is_computed_or_says_what_is_missing(finished: Finished) -> None:
    """The target table holds A01 to A28 and B01 to B07, with a value or the missing columns."""
    table = pd.read_csv(finished.results / "indicators.csv")
    wanted = [f"A{n:02}" for n in range(1, 29)] + [f"B{n:02}" for n in range(1, 8)]
    assert sorted(set(table["indicator"])) == wanted
    city = table[table["level"] == "city"]
    assert (city["value"].notna() | city["missing"].notna()).all()
    assert city["missing"].notna().any()
    # Porto Alegre brings one service and no lists: nothing of the policy can be computed.
    assert city["value"].notna().any() == (finished.name != "porto-alegre")
