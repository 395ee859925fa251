"""Squares: walked straight between what sees each other, round holes and corners, on paper.

The town: a square of 200 by 200 m, streets that end on its rim, and places in and round it.
"""

from __future__ import annotations

import math

import geopandas as gpd
import networkx as nx
import numpy as np
import pytest
import shapely

from lifecircle.base.geo import centred_crs, unproject
from lifecircle.network.build import build_network
from lifecircle.network.network import WalkNetwork
from lifecircle.network.rules import Flag
from lifecircle.network.walk import walk_minutes
from lifecircle.network.ways import Square, Ways

CRS = centred_crs(0.0, 0.0)
EARTH = 1e-4
"""Of 500 m: what a metre of the plane and a geodesic one differ by."""

Ring = list[tuple[float, float]]
SQUARE: Ring = [(0, 0), (200, 0), (200, 200), (0, 200)]
HOLE: Ring = [(80, 80), (120, 80), (120, 120), (80, 120)]
WEST, EAST = [(-300.0, 100.0), (0.0, 100.0)], [(200.0, 100.0), (500.0, 100.0)]


def town(rings: list[Ring], streets: list[Ring], flags: int = 0) -> WalkNetwork:
    """A square with `rings` (corners and ends of streets on them) and streets; flags of both."""
    numbers: dict[tuple[float, float], int] = {}

    def node(at: tuple[float, float]) -> int:
        return numbers.setdefault((float(at[0]), float(at[1])), len(numbers) + 1)

    lines = [[node(at) for at in ring] for ring in streets]
    closed = [[node(at) for at in _with_ends(ring, streets)] for ring in rings]
    place = {number: at for at, number in numbers.items()}
    lon, lat = unproject(*np.array([place[n] for n in range(1, len(place) + 1)]).T, CRS)
    rim = [[*ring, ring[0]] for ring in closed]
    square = Square(
        99, flags, tuple(tuple((n, lon[n - 1], lat[n - 1]) for n in ring) for ring in rim)
    )
    ways = [*lines, rim[0]]
    nodes = np.array([n for way in ways for n in way])
    walked = Ways(
        np.array([*range(1, len(lines) + 1), 99]),
        np.array([0] * len(lines) + [flags], dtype=np.uint8),
        np.cumsum([0, *map(len, ways)]),
        nodes,
        lon[nodes - 1],
        lat[nodes - 1],
        np.zeros(len(ways)),
    )
    return build_network(walked, CRS, squares=[square])


def _with_ends(ring: Ring, streets: list[Ring]) -> Ring:
    """The ring with a corner wherever a street begins or ends on it."""
    line = shapely.LinearRing(ring)
    ends = [end for street in streets for end in (street[0], street[-1])]
    on = [end for end in ends if line.distance(shapely.Point(end)) < 1e-9]
    corners = {(float(x), float(y)) for x, y in [*ring, *on]}
    return sorted(corners, key=lambda at: line.project(shapely.Point(at)))


def walk(network: WalkNetwork, start: tuple[float, float], goal: tuple[float, float]) -> float:
    demand = gpd.GeoDataFrame({"demand_id": ["d"]}, geometry=[shapely.Point(start)], crs=CRS)
    table = {"facility_id": ["f"], "service": ["s"]}
    facility = gpd.GeoDataFrame(table, geometry=[shapely.Point(goal)], crs=CRS)
    return float(walk_minutes(network, facility, demand, min_component_m=0).metres[0, 0])


def test_a_square_is_crossed_from_street_to_street() -> None:
    """Straight over, not half way round the rim (566 against 800 m in the known case)."""
    plain = town([SQUARE], [WEST, EAST])
    assert walk(plain, (-300, 100), (500, 100)) == pytest.approx(800, abs=EARTH)
    corner = town([SQUARE], [WEST, [(200, 200), (200, 500)]])
    expected = 300 + math.hypot(200, 100) + 300
    assert walk(corner, (-300, 100), (200, 500)) == pytest.approx(expected, abs=EARTH)


def test_a_hole_is_walked_round_by_its_corners() -> None:
    """A fountain of 40 by 40 m in the middle: over its corners, not through it."""
    round_it = 2 * math.hypot(80, 20) + 40
    network = town([SQUARE, HOLE], [WEST, EAST])
    assert walk(network, (-300, 100), (500, 100)) == pytest.approx(600 + round_it, abs=EARTH)


def test_a_bent_square_is_walked_round_its_inner_corner() -> None:
    """An L: from one end to the other by the corner that points inwards."""
    bent: Ring = [(0, 0), (200, 0), (200, 80), (80, 80), (80, 200), (0, 200)]
    network = town([bent], [[(200, 40), (500, 40)], [(40, 200), (40, 500)]])
    inside = math.hypot(120, 40) + math.hypot(40, 120)
    assert walk(network, (500, 40), (40, 500)) == pytest.approx(600 + inside, abs=EARTH)


def test_places_on_the_rim_and_inside_walk_straight() -> None:
    """From 30 m off the rim to the middle; between two places inside; round a hole between."""
    network = town([SQUARE], [WEST, EAST])
    assert walk(network, (50, -30), (120, 150)) == pytest.approx(
        30 + math.hypot(70, 150), abs=EARTH
    )
    assert walk(network, (20, 30), (120, 150)) == pytest.approx(math.hypot(100, 120), abs=EARTH)
    assert walk(network, (120, 150), (500, 100)) == pytest.approx(
        math.hypot(80, 50) + 300, abs=EARTH
    )
    holed = town([SQUARE, HOLE], [WEST, EAST])
    over = math.hypot(80 - 40, 120 - 100) + 40 + math.hypot(160 - 120, 120 - 100)
    assert walk(holed, (40, 100), (160, 100)) == pytest.approx(over, abs=EARTH)


def test_a_square_that_no_street_meets_is_an_island() -> None:
    network = town([SQUARE], [[(300, 0), (300, 500)]])
    assert walk(network, (100, 100), (300, 400)) == math.inf
    assert walk(network, (100, 100), (20, 20)) == pytest.approx(math.hypot(80, 80), abs=EARTH)


def test_a_private_square_is_entered_and_left_but_not_crossed() -> None:
    """A school yard: from the street west of it one gets in, but not through to the east."""
    network = town([SQUARE], [WEST, EAST], flags=int(Flag.PRIVATE))
    assert walk(network, (-300, 100), (500, 100)) == math.inf
    inside = 300 + math.hypot(150, 40)
    assert walk(network, (-300, 100), (150, 140)) == pytest.approx(inside, abs=EARTH)
    assert walk(network, (150, 140), (-300, 100)) == pytest.approx(inside, abs=EARTH)


def test_the_middle_of_a_wide_square_is_on_the_network() -> None:
    """400 m from its rim, further than the cap of attaching."""
    wide: Ring = [(0, 0), (800, 0), (800, 800), (0, 800)]
    network = town([wide], [[(-300, 400), (0, 400)]])
    assert walk(network, (400, 400), (-300, 400)) == pytest.approx(700, abs=1e-3)


def test_sight_lines_are_no_streets() -> None:
    """Streets of 600 m, a rim of 800 m, a hole of 160 m; and four sight lines."""
    network = town([SQUARE, HOLE], [WEST, EAST])
    assert network.street_m.sum() == pytest.approx(600 + 800 + 160, abs=1e-3)
    sight = network.length_m.sum() - network.street_m.sum()
    assert sight == pytest.approx(4 * math.hypot(80, 20), abs=1e-3)


@pytest.mark.parametrize("number", range(25))
def test_random_squares_with_holes_agree_with_a_visibility_graph(number: int) -> None:
    """Star-shaped outlines with a hole, places anywhere: NetworkX over all sight lines."""
    rng = np.random.default_rng([11, number])
    angles = np.sort(rng.uniform(0, 2 * np.pi, 9))
    if np.diff(angles, append=angles[0] + 2 * np.pi).max() > np.pi * 0.9:
        angles = np.linspace(0, 2 * np.pi, 9, endpoint=False)
    radius = rng.uniform(80, 200, 9)
    outline = [
        (float(r * math.cos(a)), float(r * math.sin(a)))
        for r, a in zip(radius, angles, strict=True)
    ]
    hole = [(float(30 * math.cos(a)), float(30 * math.sin(a))) for a in (0.3, 2.2, 4.1)]
    polygon = shapely.Polygon(outline, [hole])
    places: list[tuple[float, float]] = []
    while len(places) < 6:
        at = rng.uniform(-200, 200, 2)
        if polygon.contains(shapely.Point(at)):
            places.append((float(at[0]), float(at[1])))
    network = town([outline, hole], [[outline[0], (600.0, 0.0)]])
    wide = polygon.buffer(1e-9)
    graph = nx.Graph()
    spots = [*outline, *hole, *places]
    for i, one in enumerate(spots):
        for other in spots[:i]:
            if wide.covers(shapely.LineString([one, other])):
                graph.add_edge(one, other, m=math.dist(one, other))
    for start in places[:3]:
        for goal in places[3:]:
            expected = nx.dijkstra_path_length(graph, start, goal, weight="m")
            assert walk(network, start, goal) == pytest.approx(expected, abs=1e-3)
