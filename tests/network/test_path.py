"""The line of a walk is as long as the walk."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import shapely
from random_ways import CRS, random_spots, random_ways, spots_xy

import lifecircle as lc
from lifecircle.base.geo import ELLIPSOID, unproject
from lifecircle.network.attach import attach
from lifecircle.network.build import build_network, network_from_arrays
from lifecircle.network.network import WalkNetwork
from lifecircle.network.path import walk_path
from lifecircle.network.search import NearestSearch


def on_paper(*spots: tuple[float, float]) -> tuple[WalkNetwork, list]:  # type: ignore[type-arg]
    """A block of 100 by 100 m with a street leading away from its north-eastern corner."""
    xy = [(0, 0), (100, 0), (100, 100), (0, 100), (300, 100)]
    town = network_from_arrays(xy, [(0, 1), (1, 2), (2, 3), (3, 0), (2, 4)])
    at = [attach(town, np.array([x]), np.array([y]), 200, 0) for x, y in spots]
    return town, at


def test_a_path_goes_round_the_nearer_way() -> None:
    """From 10 m south of the block to the street east of it: by the south-eastern corner."""
    town, (start, goal) = on_paper((40.0, -10.0), (250.0, 105.0))
    path = walk_path(town, start, goal)
    corners = [(40, -10), (40, 0), (100, 0), (100, 100), (250, 100), (250, 105)]
    assert path.line is not None
    assert list(path.line.coords) == corners
    assert path.metres == pytest.approx(10 + 60 + 100 + 150 + 5)


def test_a_path_along_one_street_stays_on_it() -> None:
    town, (start, goal) = on_paper((150.0, 110.0), (250.0, 95.0))
    path = walk_path(town, start, goal)
    assert path.line is not None
    assert list(path.line.coords) == [(150, 110), (150, 100), (250, 100), (250, 95)]


def test_where_no_walk_leads_there_is_no_path() -> None:
    town = network_from_arrays([(0, 0), (100, 0), (0, 500), (100, 500)], [(0, 1), (2, 3)])
    ends = [attach(town, np.array([50.0]), np.array([y]), 200, 0) for y in (0.0, 500.0)]
    assert walk_path(town, *ends).line is None
    assert walk_path(town, *ends).metres == np.inf


def geodesic_length(line: shapely.LineString, crs: object) -> float:
    lon, lat = unproject(*shapely.get_coordinates(line).T, crs)  # type: ignore[arg-type]
    return float(ELLIPSOID.line_length(lon, lat))


@pytest.mark.parametrize("number", range(40))
def test_on_random_ways_a_path_is_as_long_as_its_walk(number: int) -> None:
    """Private, one-way, gated: the line measures what the search found, to a millimetre."""
    rng = np.random.default_rng([13, number])
    ways, gates = random_ways(rng)
    network = build_network(ways, CRS, gates)
    x, y = spots_xy(ways, random_spots(rng, ways, 2))
    start, goal = (attach(network, x[[i]], y[[i]], 1e-3, 0) for i in (0, 1))
    search = NearestSearch(network, goal)
    expected = search.nearest(start, search.graph.starts(start), np.array([0]))[0][0]
    path = walk_path(network, start, goal)
    assert path.metres == expected
    assert (path.line is None) == np.isinf(expected)
    if path.line is not None:
        assert geodesic_length(path.line, CRS) == pytest.approx(expected, abs=1e-3)


def test_paths_in_wujiaochang_are_as_long_as_their_walks(test_data: Path) -> None:
    """Fifty walks over real streets and squares."""
    network = lc.read_network(test_data / "shanghai/osm/wujiaochang.osm")
    rng = np.random.default_rng(2)
    west, south, east, north = network.extent.bounds
    x, y = rng.uniform(west, east, 100), rng.uniform(south, north, 100)
    walked = 0
    for i in range(0, 100, 2):
        start, goal = (attach(network, x[[j]], y[[j]]) for j in (i, i + 1))
        path = walk_path(network, start, goal)
        if path.line is not None:
            walked += 1
            assert geodesic_length(path.line, network.crs) == pytest.approx(path.metres, rel=1e-5)
    assert walked > 30
