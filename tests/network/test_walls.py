"""Compounds with walls and gates of a study's own, drawn on paper.

A street of 400 m from west to east; a compound of 100 by 100 m lies across it at 150 to 250 m.
"""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from random_ways import placed, ways_of

from lifecircle.base.geo import centred_crs, unproject
from lifecircle.network.build import build_network
from lifecircle.network.search import NearestSearch
from lifecircle.network.walls import Gates, walled, with_study_gates
from lifecircle.network.ways import Ways

CRS = centred_crs(121.5, 31.3)
COMPOUND = shapely.box(150, -50, 250, 50)


def street(*stops: float) -> Ways:
    """A street along y = 0 with nodes at these metres, and a second one beside the compound."""
    x = np.array([*stops, stops[0], stops[-1]])
    y = np.array([0.0] * len(stops) + [300.0, 300.0])
    lonlat = np.column_stack(unproject(x, y, CRS))
    first, last = len(stops), len(stops) + 1
    return ways_of([list(range(len(stops))), [0, first, last]], lonlat, np.zeros(2))


def metres(ways: Ways, gates: dict, start: float, goal: float) -> float:  # type: ignore[type-arg]
    network = build_network(ways, CRS, gates)
    ends = placed(network, (np.array([goal]), np.array([0.0])))
    places = placed(network, (np.array([start]), np.array([0.0])))
    search = NearestSearch(network, ends)
    return float(search.nearest(places, search.graph.starts(places), np.array([0]))[0][0])


def outlines(*shapes: shapely.Geometry) -> np.ndarray:
    array = np.empty(len(shapes), dtype=object)
    array[:] = [shape.boundary for shape in shapes]
    return array


def nothing() -> np.ndarray:
    return np.empty(0, dtype=np.int64)


def test_a_wall_without_gates_cuts_the_street_on_both_sides() -> None:
    ways, gates = walled(street(0, 400), {}, nothing(), outlines(COMPOUND), CRS)
    assert len(gates) == 2
    assert metres(ways, gates, 10, 140) == pytest.approx(130, abs=1e-3)
    assert metres(ways, gates, 160, 240) == pytest.approx(80, abs=1e-3)
    assert metres(ways, gates, 10, 200) == np.inf
    assert metres(ways, gates, 200, 390) == np.inf


def test_gates_in_the_wall_let_through() -> None:
    """The street has nodes where it meets the wall; with a gate at each it is a street again."""
    before = street(0, 150, 250, 400)
    ways, gates = walled(before, {}, np.array([1, 2]), outlines(COMPOUND), CRS)
    assert metres(ways, gates, 10, 390) == pytest.approx(380, abs=1e-3)
    ways, gates = walled(before, {}, np.array([1]), outlines(COMPOUND), CRS)
    assert metres(ways, gates, 10, 200) == pytest.approx(190, abs=1e-3)
    assert metres(ways, gates, 200, 390) == np.inf
    ways, gates = walled(before, {}, nothing(), outlines(COMPOUND), CRS)
    assert metres(ways, gates, 10, 200) == np.inf


def test_a_street_along_the_wall_is_not_cut() -> None:
    """It shares the outline but never passes it."""
    beside = shapely.box(100, 0, 300, 80)
    ways, gates = walled(street(0, 100, 300, 400), {}, nothing(), outlines(beside), CRS)
    assert metres(ways, gates, 10, 390) == pytest.approx(380, abs=1e-3)


def test_a_studys_own_gate_cuts_the_street_it_stands_on() -> None:
    """A shut gate 4 m beside the street at 200 m; an open one overrides what is mapped."""
    shut = Gates(np.array([200.0]), np.array([4.0]), np.array(["shut"], dtype=object))
    ways, gates, nodes = with_study_gates(street(0, 400), {}, shut, CRS)
    assert (nodes >= 0).all()
    assert metres(ways, gates, 10, 190) == pytest.approx(180, abs=1e-3)
    assert metres(ways, gates, 10, 210) == np.inf
    opened = Gates(np.array([200.0]), np.array([0.0]), np.array(["open"], dtype=object))
    ways, gates, _ = with_study_gates(street(0, 200, 400), {1: "shut"}, opened, CRS)
    assert gates == {}


def test_a_gate_far_from_every_street_is_named() -> None:
    far = Gates(
        np.array([200.0, 50.0]), np.array([40.0, 0.0]), np.array(["shut"] * 2, dtype=object)
    )
    _, gates, nodes = with_study_gates(street(0, 400), {}, far, CRS)
    assert (nodes < 0).tolist() == [True, False]
    assert len(gates) == 1


def test_a_private_gate_lets_residents_in_and_nobody_through() -> None:
    private = Gates(np.array([200.0]), np.array([0.0]), np.array(["private"], dtype=object))
    ways, gates, _ = with_study_gates(street(0, 400), {}, private, CRS)
    assert metres(ways, gates, 10, 390) == np.inf
    assert metres(ways, gates, 200, 390) == pytest.approx(190, abs=1e-3)
