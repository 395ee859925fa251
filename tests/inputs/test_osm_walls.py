"""A study's gates and walled compounds change the streets, or are refused with a sentence."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import shapely
from drawn_towns import metres_between
from osm_xml import CRS, Town

from lifecircle.base.geo import unproject
from lifecircle.base.problems import InputRefused, Problem
from lifecircle.inputs.osm_network import streets_network
from lifecircle.inputs.osm_streets import read_streets
from lifecircle.inputs.osm_walls import with_walls
from lifecircle.network.network import WalkNetwork
from lifecircle.network.rules import Policy
from lifecircle.sources import NetworkSource


def town(folder: Path, **gate: str) -> Path:
    """A street of 400 m, with a gate at 150 m, through a compound from 150 to 250 m."""
    town = Town()
    nodes = [town.node((0, 0)), town.node((150, 0), **gate), town.node((400, 0))]
    town.way(1, nodes, highway="residential")
    return town.write(folder)


def compound(folder: Path) -> Path:
    shape = shapely.transform(
        shapely.box(150, -50, 250, 50), lambda xy: np.column_stack(unproject(*xy.T, CRS))
    )
    feature = {
        "type": "Feature",
        "properties": {},
        "geometry": json.loads(shapely.to_geojson(shape)),
    }
    path = folder / "compounds.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}), "utf-8")
    return path


def gates(folder: Path, *rows: tuple[float, float, str]) -> Path:
    lines = ["lon,lat,opening"]
    for x, y, opening in rows:
        lon, lat = unproject(np.array([x]), np.array([y]), CRS)
        lines.append(f"{lon[0]:.7f},{lat[0]:.7f},{opening}")
    path = folder / "gates.csv"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def network(path: Path, **keys: object) -> tuple[WalkNetwork, tuple[Problem, ...]]:
    source = NetworkSource.model_validate({"path": path, **keys})
    streets, problems = with_walls(read_streets(path, Policy()), source, CRS)
    return streets_network(streets, np.empty(0, dtype=object), CRS), problems


def test_a_walled_compound_is_passed_at_its_gates_only(tmp_path: Path) -> None:
    """A gate in the west and none in the east: in, but not through."""
    keys = {"compounds": "walled", "compound_outlines": {"path": compound(tmp_path)}}
    inside, problems = network(town(tmp_path, barrier="gate"), **keys)
    assert metres_between(inside, (10, 0), (200, 0)) == pytest.approx(190, abs=0.06)
    assert metres_between(inside, (10, 0), (390, 0)) == np.inf
    assert [(p.code, p.details["count"]) for p in problems] == [("walls_cut", 1)]
    shut, _ = network(town(tmp_path), **keys)
    assert metres_between(shut, (10, 0), (200, 0)) == np.inf


def test_a_studys_gates_open_the_wall_and_shut_the_street(tmp_path: Path) -> None:
    points = gates(tmp_path, (250, 2, "open"), (320, 0, "关闭"), (0, 90, "shut"))
    found, problems = network(
        town(tmp_path, barrier="gate"),
        compounds="walled",
        compound_outlines={"path": compound(tmp_path)},
        gate_points={"path": points, "opening": "opening", "lon": "lon", "lat": "lat"},
    )
    assert metres_between(found, (10, 0), (300, 0)) == pytest.approx(290, abs=0.06)
    assert metres_between(found, (10, 0), (390, 0)) == np.inf
    assert [(p.code, p.row) for p in problems if p.code == "gate_alone"] == [("gate_alone", 4)]


def test_an_unknown_opening_is_refused_with_its_row(tmp_path: Path) -> None:
    points = gates(tmp_path, (250, 0, "open"), (320, 0, "perhaps"))
    with pytest.raises(InputRefused) as error:
        network(
            town(tmp_path),
            gate_points={"path": points, "opening": "opening", "lon": "lon", "lat": "lat"},
        )
    (problem,) = [one for one in error.value.problems if one.action == "refused"]
    assert (problem.code, problem.row, problem.value) == ("gate_opening", 3, "perhaps")


def test_walls_without_outlines_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="compound_outlines"):
        NetworkSource.model_validate({"path": "x.osm", "compounds": "walled"})
