"""Where places attach: the nearest allowed place by brute force, and rules worked out on paper."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import shapely

from lifecircle.network.attach import Attachment, attach
from lifecircle.network.build import network_from_arrays
from lifecircle.network.entrances import entrances_of_areas
from lifecircle.network.network import WalkNetwork
from lifecircle.network.rules import Flag

SEED, ROUNDS, CAP_M = 7, 60, 150.0
UP = int(Flag.OFF_GROUND)


def objects(*shapes: shapely.Geometry) -> np.ndarray:
    array = np.empty(len(shapes), dtype=object)
    array[:] = shapes
    return array


def foot_of(point: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """The place of the segment nearest to the point."""
    along = high - low
    share = float(np.clip(np.dot(point - low, along) / np.dot(along, along), 0, 1))
    return low + share * along


def sides(one: np.ndarray, low: np.ndarray, high: np.ndarray) -> float:
    """On which side of the line from low to high a place lies."""
    return float(
        np.sign((high[0] - low[0]) * (one[1] - low[1]) - (high[1] - low[1]) * (one[0] - low[0]))
    )


def crosses(start: np.ndarray, end: np.ndarray, wall: np.ndarray) -> bool:
    """Whether two segments cut each other; random ones never just touch."""
    return sides(start, *wall) != sides(end, *wall) and sides(wall[0], start, end) != sides(
        wall[1], start, end
    )


def brute_force(
    network: WalkNetwork, walls: list[np.ndarray], point: np.ndarray, min_component_m: float
) -> tuple[int, float, np.ndarray, str]:
    """Edge, leg, place and reason, edge by edge in plain arithmetic."""
    legs = []
    for edge in range(network.edge_count):
        at = slice(network.vertex_start[edge], network.vertex_start[edge + 1])
        low, high = np.column_stack([network.vertex_x[at], network.vertex_y[at]])
        foot = foot_of(point, low, high)
        metres = math.dist(point, foot)
        if metres <= CAP_M:
            across = any(crosses(point, foot, wall) for wall in walls)
            legs.append((edge, metres, foot, across))
    large = network.component_m >= min_component_m
    ground = ~network.has(Flag.OFF_GROUND)
    for allowed in (large & ground, large, np.ones(network.edge_count, dtype=bool)):
        clear = [leg for leg in legs if allowed[leg[0]] and not leg[3]]
        if clear:
            edge, metres, foot, _ = min(clear, key=lambda leg: leg[1])
            return edge, metres, foot, ""
    return -1, math.nan, point, "barrier" if legs else "too_far"


@pytest.mark.parametrize("number", range(ROUNDS))
def test_attaching_agrees_with_brute_force(number: int) -> None:
    """The nearest edge whose leg crosses no wall, in the best tier that has one; or the reason."""
    rng = np.random.default_rng([SEED, number])
    nodes, count = int(rng.integers(6, 30)), int(rng.integers(3, 20))
    ends = rng.integers(0, nodes, (count, 2))
    ends = ends[ends[:, 0] != ends[:, 1]]
    flags = rng.choice([0, UP, int(Flag.PRIVATE)], len(ends), p=[0.6, 0.25, 0.15])
    walls = [rng.uniform(0, 1000, (2, 2)) for _ in range(6)]
    town = network_from_arrays(rng.uniform(0, 1000, (nodes, 2)), ends, flags=flags)
    town = replace(town, barriers=objects(*(shapely.LineString(wall) for wall in walls)))
    points = rng.uniform(-100, 1100, (40, 2))
    found = attach(town, points[:, 0], points[:, 1], CAP_M, 600.0)
    for index, point in enumerate(points):
        edge, leg, place, reason = brute_force(town, walls, point, 600.0)
        assert found.reason[index] == reason, (number, index)
        assert found.leg_m[index] == pytest.approx(leg, abs=1e-6, nan_ok=True), (number, index)
        # At a junction several streets are equally near: then the place is the same.
        assert (found.edge[index] < 0) == (edge < 0)
        if edge >= 0:
            assert math.dist(point, place) == pytest.approx(leg, abs=1e-6)
            spot = (found.x[index], found.y[index])
            assert math.dist(spot, place) == pytest.approx(0, abs=1e-6), (number, index)


def one(
    network: WalkNetwork, x: float, y: float, cap: float = 200.0, large: float = 0.0
) -> Attachment:
    return attach(network, np.array([x], dtype=float), np.array([y], dtype=float), cap, large)


def street(y: float = 0.0, flags: int = 0) -> WalkNetwork:
    return network_from_arrays([(0, y), (2000, y)], [(0, 1)], flags=[flags])


def two_streets(flags: list[int], far_y: float = 50.0) -> WalkNetwork:
    """A street of 2 km along y = 0 and a second one along y = far_y, not joined."""
    xy = [(0, 0), (2000, 0), (0, far_y), (2000, far_y)]
    return network_from_arrays(xy, [(0, 1), (2, 3)], flags=flags)


def test_the_cap_is_inclusive() -> None:
    """200 m from the street attaches with a cap of 200 m; 200.001 m does not."""
    assert one(street(), 500, 200).leg_m.tolist() == [200.0]
    assert one(street(), 500, 200.001).reason.tolist() == ["too_far"]


def test_the_offset_is_measured_along_the_streets_own_length() -> None:
    """A street drawn 2000 m long that measures 3000 m: a quarter of the way is 750 m."""
    long = network_from_arrays([(0, 0), (2000, 0)], [(0, 1)], [3000.0])
    found = one(long, 500, 30)
    assert (found.offset_m[0], found.leg_m[0], found.x[0], found.y[0]) == (750.0, 30.0, 500.0, 0.0)


def test_ground_level_comes_before_a_nearer_bridge() -> None:
    assert one(two_streets([0, UP]), 500, 45).edge.tolist() == [0]
    assert one(two_streets([0, UP]), 500, 45, cap=10).edge.tolist() == [1], "nothing else is near"


def test_a_small_piece_is_taken_only_where_nothing_larger_is_within_reach() -> None:
    """A lane of 300 m at hand and a street of 2 km further off; large is 1000 m and more."""
    xy = [(0, 0), (2000, 0), (400, 50), (700, 50)]
    town = network_from_arrays(xy, [(0, 1), (2, 3)])
    assert one(town, 500, 40, large=1000).edge.tolist() == [0]
    assert one(town, 500, 40, cap=20, large=1000).edge.tolist() == [1]


def test_a_large_bridge_comes_before_a_small_piece_of_ground() -> None:
    """Ground small at 10 m, off the ground but large at 40 m: the large one, as the rules order."""
    xy = [(0, 50), (2000, 50), (400, 0), (700, 0)]
    town = network_from_arrays(xy, [(0, 1), (2, 3)], flags=[UP, 0])
    assert one(town, 500, 10, large=1000).edge.tolist() == [0]


def test_a_private_way_counts_with_the_street_it_leads_to() -> None:
    """A private lane of 100 m that opens on a street of 2 km is part of a large component."""
    xy = [(0, 0), (500, 0), (2000, 0), (500, 100), (0, 160), (2000, 160)]
    edges = [(0, 1), (1, 2), (1, 3), (4, 5)]
    town = network_from_arrays(xy, edges, flags=[0, 0, int(Flag.PRIVATE), 0])
    assert one(town, 510, 90, large=1000).edge.tolist() == [2]


def test_a_leg_does_not_cross_a_river_while_another_street_is_within_the_cap() -> None:
    river = shapely.LineString([(0, 20), (2000, 20)])
    town = replace(two_streets([0, 0], far_y=120), barriers=objects(river))
    assert one(town, 500, 40).edge.tolist() == [1], "80 m on the right side, not 40 m across"
    assert one(town, 500, 40, cap=60).reason.tolist() == ["barrier"]


def test_a_leg_may_end_on_a_barrier() -> None:
    """The nearest place is a level crossing: the leg ends on the rails and crosses nothing."""
    xy = [(0, 0), (500, 0), (500, 300)]
    town = network_from_arrays(xy, [(0, 1), (1, 2)])
    rails = shapely.LineString([(500, 0), (500, -300)])
    town = replace(town, barriers=objects(rails))
    assert one(town, 520, -10, cap=60).leg_m[0] == pytest.approx(math.hypot(20, 10))


def test_a_path_along_the_bank_is_reached_from_its_own_side() -> None:
    """The path is drawn on the outline of the water: from land it attaches, from across it not."""
    water = shapely.box(0, 0, 2000, 60)
    town = replace(street(), barriers=objects(water))
    assert one(town, 500, -30).leg_m.tolist() == [30.0]
    assert one(town, 500, 80).reason.tolist() == ["barrier"]


def test_a_place_in_the_water_attaches_plainly() -> None:
    """A houseboat 30 m from the bank is not cut off by the lake it lies in."""
    lake = shapely.box(300, 10, 700, 200)
    town = replace(street(), barriers=objects(lake))
    assert one(town, 500, 40).leg_m.tolist() == [40.0]


@pytest.mark.parametrize("order", [[0, 1, 2], [2, 1, 0], [1, 2, 0]])
def test_equal_legs_do_not_depend_on_the_order_of_the_streets(order: list[int]) -> None:
    """Three streets 30 m away, west, north and east: the western place is taken, always."""
    xy = np.array([[-30, -900], [-30, 900], [-900, 30], [900, 30], [30, -900], [30, 900]])
    edges = np.array([[0, 1], [2, 3], [4, 5]])[order]
    found = one(network_from_arrays(xy, edges), 0, 0)
    assert (found.x[0], found.y[0]) == (-30.0, 0.0)


def test_gates_without_length_are_never_attached_to() -> None:
    town = network_from_arrays([(0, 0), (0, 0), (50, 0), (2000, 0)], [(0, 1), (2, 3)])
    assert one(town, 1, 0).edge.tolist() == [1]


def entrances(network: WalkNetwork, area: shapely.Geometry) -> list[tuple[float, float]]:
    (found,) = entrances_of_areas(network, objects(area))
    return sorted((point.x, point.y) for point in found.geoms)


def test_a_park_is_entered_where_streets_meet_its_outline() -> None:
    """A street through the park enters it twice; one that ends inside, once; a bridge never."""
    park = shapely.box(500, -100, 900, 100)
    assert entrances(street(), park) == [(500.0, 0.0), (900.0, 0.0)]
    dead_end = network_from_arrays([(0, 0), (600, 0)], [(0, 1)])
    assert entrances(dead_end, park) == [(500.0, 0.0)]
    over = two_streets([0, UP], far_y=20)
    assert entrances(over, park) == [(500.0, 0.0), (900.0, 0.0)]


def test_an_area_that_no_street_meets_is_entered_at_the_nearest_place_of_its_outline() -> None:
    """A school 40 m off the street: the middle of its ground is 90 m off, its outline 40 m."""
    school = shapely.Polygon([(500, 40), (600, 90), (500, 140), (400, 90)])
    assert entrances(street(), school) == [(500.0, 40.0)]


def test_an_area_with_a_hole_and_one_in_parts() -> None:
    """Ways meet the outline of a hole too; of two parts each is entered where streets meet it."""
    ring = shapely.box(100, -50, 400, 50).difference(shapely.box(200, -20, 300, 20))
    assert [x for x, _ in entrances(street(), ring)] == [100, 200, 300, 400]
    parts = shapely.union_all([shapely.box(100, -10, 200, 10), shapely.box(600, -10, 700, 10)])
    assert [x for x, _ in entrances(street(), parts)] == [100, 200, 600, 700]
