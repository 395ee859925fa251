"""`explain`: what became of one place of the demo town, and the line of its walk."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import shapely
from support import REPOSITORY

import lifecircle as lc
from lifecircle.base.geo import ELLIPSOID
from lifecircle.base.problems import UsageError
from lifecircle.measures.explain import explain
from lifecircle.measures.result import Result

DEMO = REPOSITORY / "lifecircle" / "demo" / "study.toml"


@pytest.fixture(scope="module")
def result() -> Result:
    return lc.run(lc.load_study(DEMO))


def test_a_demand_point_has_its_walks_as_long_as_they_are_said_to_be(result: Result) -> None:
    """The metres of the table, the facility's name, and a line of just that length."""
    row = int(np.flatnonzero(result.minutes.attachment.found)[5])
    said, lines = explain(result, result.demand["demand_id"].iloc[row])
    assert said["kind"] == "demand"
    assert len(said["walks"]) == len(result.minutes.services)
    reached = np.isfinite(result.minutes.metres[row])
    assert len(lines) == reached.sum() > 5
    for walk, line in zip(lines.to_dict("records"), lines.geometry, strict=True):
        lon, lat = shapely.get_coordinates(line).T
        assert ELLIPSOID.line_length(lon, lat) == pytest.approx(walk["metres"], abs=0.2)
        assert walk["minutes"] == pytest.approx(walk["metres"] * 15 / 1000, abs=0.02)
    for walk in said["walks"]:
        assert walk["facility_id"] or walk["reason"] in ("none", "island", "too_far", "barrier")


def test_a_facility_says_where_it_comes_from_and_whom_it_serves(result: Result) -> None:
    """The people for whom it is the nearest are those of the table."""
    facility = result.facilities.iloc[0]
    said, lines = explain(result, facility["facility_id"])
    assert (said["kind"], said["source"], said["source_row"]) == (
        "facility",
        facility["source"],
        facility["source_row"],
    )
    column = result.minutes.services.index(facility["service"])
    nearest = (result.minutes.facility_id[:, column] == facility["facility_id"]).sum()
    assert said["nearest_to"][facility["service"]]["points"] == nearest
    assert lines.empty


def test_a_unit_says_what_it_adds_up_to(result: Result) -> None:
    unit = result.units.iloc[0]
    said, _ = explain(result, unit["unit_id"])
    inside = result.demand["unit_id"] == unit["unit_id"]
    assert said["demand_points"] == inside.sum()
    assert 0 < said["share_in_extract"] <= 1
    assert {row["service"] for row in said["coverage"]} >= set(result.minutes.services[:1])


def test_an_unknown_id_is_refused(result: Result) -> None:
    with pytest.raises(UsageError, match="nobody"):
        explain(result, "nobody")


def test_the_command_prints_json_and_writes_the_paths(result: Result, tmp_path: Path) -> None:
    row = int(np.flatnonzero(result.minutes.attachment.found)[0])
    name = result.demand["demand_id"].iloc[row]
    command = [sys.executable, "-m", "lifecircle.cli", "explain", str(DEMO), name]
    paths = tmp_path / "paths.geojson"
    run = subprocess.run(
        [*command, "--json", "--paths", str(paths)], capture_output=True, text=True, cwd=tmp_path
    )
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout)["id"] == name
    assert json.loads(paths.read_text(encoding="utf-8"))["features"]
    unknown = subprocess.run(
        [*command[:-1], "nobody"], capture_output=True, text=True, cwd=tmp_path
    )
    assert unknown.returncode == 2
    assert "nobody" in unknown.stderr
