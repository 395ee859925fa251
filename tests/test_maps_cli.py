"""`lifecircle maps` on a small town of two districts, and what its pages hold of the run."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from click.testing import CliRunner
from click.testing import Result as Said

import lifecircle as lc
from lifecircle.base.problems import Problem
from lifecircle.cli import commands
from lifecircle.outputs import maps_rings
from lifecircle.outputs.maps import COVERED
from lifecircle.outputs.maps_data import page_data
from lifecircle.outputs.result_map import datum_notes, map_page, with_rings

WEST, SOUTH, STEP, SIDE = 10.0, 50.0, 0.002, 9
"""A lattice of nine by nine streets, about 143 m by 222 m a block."""


def town_osm() -> str:
    """The streets of the town as an OSM file."""
    places = [(WEST + STEP * i, SOUTH + STEP * j) for j in range(SIDE) for i in range(SIDE)]
    nodes = [
        f'<node id="{n}" lon="{x:.6f}" lat="{y:.6f}" version="1"/>'
        for n, (x, y) in enumerate(places, start=1)
    ]
    lines = [[1 + j * SIDE + i for i in range(SIDE)] for j in range(SIDE)]
    lines += [[1 + j * SIDE + i for j in range(SIDE)] for i in range(SIDE)]
    ways = [
        f'<way id="{100 + k}" version="1">'
        + "".join(f'<nd ref="{ref}"/>' for ref in line)
        + '<tag k="highway" v="residential"/></way>'
        for k, line in enumerate(lines)
    ]
    return f'<osm version="0.6">{"".join(nodes)}{"".join(ways)}</osm>'


def write_town(folder: Path, extra: str = "", parents: tuple[str, str] = ("East", "West")) -> Path:
    """The study of the town: four units in two districts, two clinics, eighty places of people."""
    (folder / "town.osm").write_text(town_osm(), encoding="utf-8")
    half = STEP * (SIDE - 1) / 2
    boxes = [
        shapely.box(
            WEST + a * half, SOUTH + b * half, WEST + (a + 1) * half, SOUTH + (b + 1) * half
        )
        for a in (0, 1)
        for b in (0, 1)
    ]
    table = {
        "code": ["ws", "wn", "es", "en"],
        "name": ["Alder", "Birch", "Cedar", "Dune"],
        "district": [parents[1], parents[1], parents[0], parents[0]],
    }
    gpd.GeoDataFrame(table, geometry=boxes, crs=4326).to_file(folder / "units.geojson")
    clinics = {"id": ["c1", "c2"], "name": ["Oak Clinic", "Elm Clinic"]}
    places = {"lon": [WEST + 1.37e-3, WEST + 3.21e-3], "lat": [SOUTH + 1e-5, SOUTH + 1e-5]}
    pd.DataFrame(clinics | places).to_csv(folder / "clinics.csv", index=False)
    x, y = (STEP * (0.5 + np.arange(SIDE - 1)) for _ in "xy")
    lon, lat = (grid.ravel() for grid in np.meshgrid(WEST + x, SOUTH + y))
    people = pd.DataFrame({"id": np.arange(len(lon)), "lon": lon, "lat": lat, "people": 100})
    people.to_csv(folder / "people.csv", index=False)
    study = folder / "study.toml"
    study.write_text(
        f"""
[study]
name = "town"
language = "en"
sensitivity = false
report_date = 2026-01-01
{extra}
[network]
path = "town.osm"
[units]
path = "units.geojson"
id = "code"
name = "name"
parent = "district"
parent_level = "district"
[[facilities]]
path = "clinics.csv"
service = "health_centre"
datum = "wgs84"
id = "id"
[[demand]]
kind = "points"
path = "people.csv"
datum = "wgs84"
id = "id"
residents = "people"
""",
        encoding="utf-8",
    )
    return study


def maps(study: Path, out: Path, *options: str) -> Said:
    return CliRunner().invoke(commands, ["maps", str(study), "--out", str(out), *options])


def data_of(page: Path) -> dict[str, Any]:
    text = page.read_text(encoding="utf-8").split('id="data">')[1].split("</script>")[0]
    found: dict[str, Any] = json.loads(text)
    return found


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_town(tmp_path_factory.mktemp("town"))


@pytest.fixture(scope="module")
def result(study: Path) -> lc.Result:
    return lc.run(lc.load_study(study))


# ---- the command ----


def test_pages_and_sheets_are_written_and_named(study: Path, tmp_path: Path) -> None:
    """Every option at once: one paper, its language, a background of one's own."""
    tiles = ("--tiles", "https://tiles.example/{z}/{x}/{y}.png", "--credit", "Map office")
    done = maps(study, tmp_path, "--paper", "a4", "--lang", "zh", *tiles)
    assert done.exit_code == 0, done.output
    written = {Path(line).name for line in done.output.splitlines()}
    folder = tmp_path / "maps"
    assert written == {file.name for file in folder.iterdir()}
    pages = {name for name in written if name.endswith(".html")}
    assert pages == {"town.html", "town-01.html", "town-02.html", "index.html"}
    sheets = written - pages
    assert {name.rsplit("-", 1)[1] for name in sheets} == {"a4.png", "a4.pdf"}
    page = (folder / "town.html").read_text(encoding="utf-8")
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)
    assert policy and "https://tiles.example" in policy[1]
    assert data_of(folder / "town.html")["online"]["credit"] == "Map office"


def test_without_paper_there_are_pages_alone_and_the_same_bytes_twice(
    study: Path, tmp_path: Path
) -> None:
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        assert maps(study, folder, "--paper", "none").exit_code == 0
    one, two = ({file.name: file.read_bytes() for file in (f / "maps").iterdir()} for f in folders)
    assert one == two
    assert {Path(name).suffix for name in one} == {".html"}


@pytest.mark.parametrize(
    "options",
    [
        ("--paper", "a5"),
        ("--tiles", "tiles.example"),
        ("--tiles", "https://webrd01.is.autonavi.com/{z}/{x}/{y}.png"),
        ("--tianditu", "key"),
        ("--tianditu", "0123456789abcdef", "--tiles", "https://tiles.example/{z}/{x}/{y}.png"),
        ("--font", "no-such-font.ttf"),
    ],
)
def test_wrong_use_gets_a_line_and_leaves_nothing(
    options: tuple[str, ...], study: Path, tmp_path: Path
) -> None:
    """Unknown paper, no address, shifted tiles, no key, two backgrounds, no font: exit 2."""
    done = maps(study, tmp_path, *options)
    assert done.exit_code == 2, done.output
    assert "Traceback" not in done.output and len(done.output) > 20
    assert not (tmp_path / "maps").exists() or not list((tmp_path / "maps").iterdir())


def test_pages_of_districts_that_are_gone_are_removed_and_no_others(tmp_path: Path) -> None:
    """Two districts become one town; a page that no index named stays, whatever its name."""
    folder = tmp_path / "maps"
    assert maps(write_town(tmp_path), tmp_path, "--paper", "none").exit_code == 0
    assert (folder / "town-02.html").exists()
    for name in ("town-03.html", "town-notes.html", "village-01.html"):
        (folder / name).write_text("mine", encoding="utf-8")
    study = write_town(tmp_path, parents=("Whole", "Whole"))
    assert maps(study, tmp_path, "--paper", "none").exit_code == 0
    left = {file.name for file in folder.iterdir()}
    kept = {"town-03.html", "town-notes.html", "village-01.html"}
    assert left == {"town.html", "index.html", *kept}


def test_a_run_removes_what_its_manifest_named(tmp_path: Path) -> None:
    """Although the index of another study has taken the place of its own."""
    run = ["run", str(write_town(tmp_path)), "--out", str(tmp_path)]
    assert CliRunner().invoke(commands, run).exit_code == 0
    (tmp_path / "maps" / "index.html").write_text("another study's", encoding="utf-8")
    write_town(tmp_path, parents=("Whole", "Whole"))
    assert CliRunner().invoke(commands, run).exit_code == 0
    assert {file.name for file in (tmp_path / "maps").iterdir()} == {"town.html", "index.html"}


def test_exact_places_are_kept_out_where_the_study_says_so(tmp_path: Path) -> None:
    """No clinic, no ring and no way to a clinic; gaps are there, as the ground of people."""
    study = write_town(tmp_path, 'coordinates_out = "none"')
    assert maps(study, tmp_path, "--paper", "none").exit_code == 0
    page = tmp_path / "maps" / "town.html"
    data = data_of(page)
    assert data["facilities"]["by_service"] == {} and data["rings"] is None
    assert data["gaps"]["facts"]["shape"]
    assert set(map(str, data["gaps"]["facts"]["nearest"])) == {"None"}
    assert not re.search(r"10\.00137|10\.00321", page.read_text(encoding="utf-8"))


# ---- what the pages hold of the run ----


def test_states_within_circles_add_up_to_the_table_of_circles(result: lc.Result) -> None:
    """Covered people of the page, by circle, are those of TIERS for the whole town."""
    page = map_page(result)
    assert page.walks is not None
    city = result.rules.tiers.query("level == 'city' and denominator == 'residents'")
    for service, of_circles in page.walks.tier_states.items():
        rows = city[city["service"] == service].sort_values("limit_m")
        people = page.walks.weights["residents"]
        counted = [float(people[state == COVERED].sum()) for state in of_circles]
        assert counted == pytest.approx(rows["covered"].tolist())
    assert {"health", "health_centre"} <= page.walks.tier_states.keys()


def test_rings_are_the_isochrones_of_the_package(result: lc.Result) -> None:
    """To within the bends left out: 8 m of border, against the exact outlines."""
    drawn = with_rings(map_page(result), result)
    assert drawn.rings is not None
    exact = lc.isochrones(result.network, result.facilities, limits_m=[300, 500, 1000])
    both = drawn.rings.merge(exact, on=["id", "limit_m"], suffixes=("", "_exact"))
    assert len(both) == 6
    assert shapely.equals(both["geometry"].to_numpy(), both["geometry_exact"].to_numpy()).all()
    within = result.minutes.metres[:, 0] <= 1000
    assert drawn.rings["residents"].max() <= 100 * within.sum()
    data = page_data(drawn)
    assert len(data["rings"]["outlines"]) == 2
    assert [row[4] for row in data["facilities"]["by_service"]["health_centre"]] == [0, 1]


def test_too_many_facilities_leave_the_rings_to_the_districts(
    result: lc.Result, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With room for one facility a page that shows two has no rings, and none are drawn."""
    monkeypatch.setattr(maps_rings, "MOST_RINGED", 1)
    page = with_rings(map_page(result), result)
    assert page.rings is None or page_data(page)["rings"]["outlines"] == []


def test_a_run_leaves_long_work_to_maps(result: lc.Result) -> None:
    """With room for one, two clinics get no rings, and the page says what draws them."""
    assert with_rings(map_page(result), result, most=1).rings is None
    assert with_rings(map_page(result), result, most=2).rings is not None


def test_a_datum_that_the_rows_told_stands_on_the_page(result: lc.Result) -> None:
    """With the files and the datum, in both languages; a declared one needs no word."""
    assert datum_notes(result) == []
    told = [
        Problem("datum_found", "noted", name, column="datum", details={"found": "gcj02"})
        for name in ("a.csv", "b.csv")
    ]
    page = map_page(replace(result, problems=(*result.problems, *told)))
    assert "a.csv, b.csv" in page.notes[0]["en"] and "GCJ-02" in page.notes[0]["en"]
    assert "a.csv、b.csv" in page.notes[0]["zh"] and "GCJ-02" in page.notes[0]["zh"]
