"""`lifecircle isochrones` on the demo town: its files, its refusals, its exit codes."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import geopandas as gpd
import pytest
import shapely
from click.testing import CliRunner, Result

from lifecircle.cli import commands
from lifecircle.demo import copy_town

FILES = ("isochrones.geojson", "isochrones.gpkg", "isochrones.parquet")


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_town(tmp_path_factory.mktemp("town"))


def isochrones(study: Path, out: Path, *options: str) -> Result:
    arguments = ["isochrones", str(study), "--out", str(out), "--lang", "en", *options]
    return CliRunner().invoke(commands, arguments)


def test_files_agree_and_nest(study: Path, tmp_path: Path) -> None:
    """Tiers of the standard by default; three files with the same rows, large rings first."""
    done = isochrones(study, tmp_path, "--service", "wet_market", "--split")
    assert done.exit_code == 0, done.output
    folder = tmp_path / "data" / "processed" / "demo"
    assert sorted(path.name for path in folder.iterdir()) == list(FILES)
    package, json_file, parquet = (
        gpd.read_file(folder / "isochrones.gpkg", layer="isochrones"),
        gpd.read_file(folder / "isochrones.geojson"),
        gpd.read_parquet(folder / "isochrones.parquet"),
    )
    assert len(package) == len(json_file) == len(parquet) > 0
    assert list(parquet["limit_m"]) == sorted(parquet["limit_m"], reverse=True)
    assert set(parquet["limit_min"]) == {5, 10, 15}
    assert set(parquet["service"]) == {"wet_market"}
    assert parquet["residents"].sum() > 0
    for table in (package, json_file, parquet):
        assert table.crs.to_epsg() == 4326 or table.crs.to_string() == "OGC:CRS84"
        shapes = table.sort_values(["id", "limit_m"]).geometry.to_numpy().reshape(-1, 3)
        assert shapely.is_valid(shapes).all()
        assert shapely.covers(shapes[:, 1:], shapes[:, :-1]).all()


def test_the_package_says_how_to_draw_it(study: Path, tmp_path: Path) -> None:
    """QGIS finds a default style with a colour for each limit."""
    assert isochrones(study, tmp_path, "--service", "wet_market", "--dissolve").exit_code == 0
    path = tmp_path / "data" / "processed" / "demo" / "isochrones.gpkg"
    with sqlite3.connect(path) as base:
        rows = base.execute("select f_table_name, useAsDefault, styleQML from layer_styles")
        ((name, default, style),) = rows.fetchall()
        columns = [row[1] for row in base.execute("pragma table_info(isochrones)")]
    base.close()
    assert (name, default) == ("isochrones", 1)
    assert "geom" in columns
    assert all(f'value="{limit}"' in style for limit in (300, 500, 1000))


def test_the_same_run_gives_the_same_bytes(study: Path, tmp_path: Path) -> None:
    for number in range(2):
        out = tmp_path / str(number)
        assert isochrones(study, out, "--service", "wet_market", "--limits", "400").exit_code == 0
    folders = [tmp_path / str(number) / "data" / "processed" / "demo" for number in range(2)]
    for name in FILES:
        assert (folders[0] / name).read_bytes() == (folders[1] / name).read_bytes(), name


def test_json_and_lines(study: Path, tmp_path: Path) -> None:
    done = isochrones(
        study, tmp_path, "--service", "wet_market", "--minutes", "10,5", "--profile", "elderly",
        "--lines", "--json",
    )  # fmt: skip
    rows = json.loads(done.output)
    assert {row["limit_min"] for row in rows} == {5, 10}
    assert {round(row["limit_m"]) for row in rows} == {270, 540}
    path = tmp_path / "data" / "processed" / "demo" / "isochrones.gpkg"
    table = gpd.read_file(path, layer="isochrones")
    assert set(table.geom_type) == {"MultiLineString"}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--limits", "0"), "above 0"),
        (("--limits", "300,-5"), '"-5"'),
        (("--limits", "nan"), "above 0"),
        (("--limits", "9000"), "120 minutes"),
        (("--limits", "near"), "not a list of numbers"),
        (("--limits", ""), "no limit"),
        (("--minutes", "121", "--profile", "adult"), "120 minutes"),
        (("--minutes", "5"), "need a profile"),
        (("--limits", "300", "--profile", "giant"), "giant"),
        (("--service", "cathedral"), "it has: "),
        (("--limits", "300", "--minutes", "5", "--profile", "adult"), "one of"),
        (("--access", "0"), "access_m"),
    ],
)
def test_options_that_cannot_be_meant_end_with_a_line(
    study: Path, tmp_path: Path, options: tuple[str, ...], words: str
) -> None:
    """Exit code 2, the reason in words, and nothing written."""
    done = isochrones(study, tmp_path, *options)
    assert done.exit_code == 2
    assert words in done.output + done.stderr
    assert not list(tmp_path.rglob("isochrones.*"))
