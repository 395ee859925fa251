"""`lifecircle gaps` and `lifecircle site`: files, JSON, exit codes, and nothing half-written.

The town is computed once for all tests; the commands find that result in place of a run.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
from click.testing import CliRunner, Result

import lifecircle as lc
from lifecircle.cli import commands

Command = Callable[..., Result]


@pytest.fixture
def command(demo: lc.Result, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    monkeypatch.setattr("lifecircle.pipeline.run", lambda study, progress: demo)

    def call(name: str, *words: object) -> Result:
        line = [name, str(demo.study.file), *map(str, words), "--out", str(tmp_path)]
        return CliRunner(env={"COLUMNS": "240"}).invoke(commands, [*line, "--lang", "en"])

    return call


def written(folder: Path) -> dict[str, bytes]:
    """All files by their names, but for what is kept to make later runs quicker."""
    files = [file for file in sorted(folder.rglob("*")) if file.is_file()]
    return {file.name: file.read_bytes() for file in files if file.suffix != ".kept"}


def test_gaps_for_people(command: Command, tmp_path: Path) -> None:
    """The largest on the terminal, all of them in two files with the same rows."""
    said = command("gaps", "--service", "wet_market")
    assert said.exit_code == 0, said.output
    assert "a wall lies between" in said.output and "no facility near" in said.output
    folder = tmp_path / "data" / "processed" / "demo"
    table = pd.read_csv(folder / "gaps.csv")
    layer = gpd.read_file(folder / "gaps.gpkg", layer="gaps")
    assert len(table) == len(layer) > 5 and layer.crs.to_epsg() == 4326
    assert table["gap_id"].tolist() == layer["gap_id"].tolist()
    assert table["uncovered"].is_monotonic_decreasing and table["lon"].between(121.5, 121.7).all()


def test_the_same_result_gives_the_same_bytes(command: Command, tmp_path: Path) -> None:
    command("gaps", "--service", "childcare")
    command("site", "childcare", "-n", 2)
    first = written(tmp_path)
    command("gaps", "--service", "childcare")
    command("site", "childcare", "-n", 2)
    assert written(tmp_path) == first
    places = {"gaps.csv", "gaps.gpkg", "sites.csv", "sites.gpkg"}
    assert first.keys() == places | {"report.xlsx", "report.docx"}


def test_gaps_for_scripts(demo: lc.Result, command: Command) -> None:
    """JSON alone on standard output; a share below the threshold is exit code 1, files and all."""
    said = command("gaps", "--json", "--service", "wet_market", "--fail-under", 0.85)
    assert said.exit_code == 1
    rows = json.loads(said.stdout)
    assert {row["service"] for row in rows} == {"wet_market"}
    assert {row["cause"] for row in rows} == {"none", "detour"}
    assert "Below 85.0 %" in said.stderr
    coverage = demo.coverage
    city = coverage[(coverage["level"] == "city") & (coverage["denominator"] == "residents")]
    share = city.set_index("service")["share"]["wet_market"]
    assert command("gaps", "--service", "wet_market", "--fail-under", share).exit_code == 0
    assert command("gaps", "--service", "wet_market", "--fail-under", share + 1e-6).exit_code == 1


def test_sites_for_people_and_scripts(command: Command, tmp_path: Path) -> None:
    said = command("site", "childcare", "-n", 3)
    assert said.exit_code == 0 and "Newly covered" in said.output and "gap 0.0 %" in said.output
    table = pd.read_csv(tmp_path / "data" / "processed" / "demo" / "sites.csv")
    assert table["rank"].tolist() == [1, 2, 3] and table["gain"].is_monotonic_decreasing
    found = json.loads(command("site", "childcare", "-n", 3, "--json").stdout)
    assert [row["candidate_id"] for row in found["sites"]] == table["candidate_id"].tolist()
    assert found["value"] <= found["bound"] and found["gap"] < 1e-6


def test_the_aim_may_be_the_target_or_the_mean_walk(command: Command) -> None:
    said = command("site", "elderly", "--aim", "target")
    assert said.exit_code == 0 and "Sites needed: 2 among" in said.output
    said = command("site", "elderly", "--aim", "mean", "-n", 1)
    assert said.exit_code == 0 and "Mean walk: " in said.output


def test_sites_in_existing_facilities_say_what_stands_there(command: Command) -> None:
    said = command("site", "childcare", "-n", 2, "--candidates", "existing")
    assert said.exit_code == 0 and "there today" in said.output, said.output
    assert "Culture station" in said.output or "day" in said.output


def test_evidence_sheets_of_the_largest_gaps(command: Command, tmp_path: Path) -> None:
    """One page a gap, as picture and document, by its rank; Chinese names have their font."""
    said = command("gaps", "--service", "childcare", "--sheets", 2)
    assert said.exit_code == 0 and "Evidence sheets: 4 files" in said.output, said.output
    names = {file.name for file in (tmp_path / "maps").iterdir()}
    assert names == {f"demo-gap-00{n}-a4.{kind}" for n in (1, 2) for kind in ("png", "pdf")}


def test_a_font_that_is_none_leaves_nothing_written(command: Command, tmp_path: Path) -> None:
    said = command("gaps", "--service", "childcare", "--sheets", 1, "--font", "missing.ttf")
    assert said.exit_code == 2 and "missing.ttf" in said.stderr
    assert not written(tmp_path)


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (("bakery",), 2, "bakery"),
        (("childcare", "--candidates", "existing:bakery"), 2, "bakery"),
        (("childcare", "--budget", 5), 2, "budget"),
        (("childcare", "-n", 0), 2, "-n"),
        (("childcare", "--denominator", "cats"), 2, "cats"),
        (("childcare", "--candidates", "missing.csv"), 2, "missing.csv"),
    ],
)
def test_what_cannot_be_meant_is_one_line_and_code_2(
    command: Command, tmp_path: Path, words: tuple[object, ...], code: int, text: str
) -> None:
    said = command("site", *words)
    assert said.exit_code == code and text in said.stderr and "Traceback" not in said.output
    assert not written(tmp_path)


@pytest.mark.parametrize(
    ("shift", "count", "words", "text"),
    [
        (-5.0, 3, (), "beyond the reach of every unit"),
        (0.0, 3, ("-n", 4), "than there are candidates: 3"),
    ],
)
def test_bad_candidates_leave_earlier_sites_as_they_were(
    demo: lc.Result,
    command: Command,
    tmp_path: Path,
    shift: float,
    count: int,
    words: tuple[object, ...],
    text: str,
) -> None:
    """Exit code 3, one line, `problems.csv`, and not a byte of sites.csv changed."""
    assert command("site", "childcare", "-n", 1).exit_code == 0
    before = written(tmp_path)
    homes = demo.demand.geometry.iloc[:: len(demo.demand) // count][:count]
    path = tmp_path / "candidates.csv"
    pd.DataFrame({"lon": homes.x + shift, "lat": homes.y}).to_csv(path, index=False)
    said = command("site", "childcare", "--candidates", path, "--datum", "wgs84", *words)
    assert said.exit_code == 3 and text in said.stderr, said.output
    after = written(tmp_path)
    after.pop("candidates.csv")
    assert "problems.csv" in after and before.items() <= after.items()
