"""Distances worked out on paper: grids, lines, rings, stars, a river with one bridge."""

from __future__ import annotations

import math

import geopandas as gpd
import numpy as np
import pytest
import shapely

from lifecircle.network.build import network_from_arrays
from lifecircle.network.network import WalkNetwork
from lifecircle.network.reach import reached_streets
from lifecircle.network.rules import Flag
from lifecircle.network.search import NearestSearch
from lifecircle.network.walk import attach_facilities, walk_minutes

SPACING = 100.0


def places(*xy: tuple[float, float]) -> gpd.GeoDataFrame:
    """Demand points named by their order."""
    ids = [f"d{number}" for number in range(len(xy))]
    return gpd.GeoDataFrame({"demand_id": ids}, geometry=shapely.points(np.array(xy)))


def facilities(*xy: tuple[float, float], service: str = "s") -> gpd.GeoDataFrame:
    ids = [f"f{number}" for number in range(len(xy))]
    table = {"facility_id": ids, "service": service}
    return gpd.GeoDataFrame(table, geometry=shapely.points(np.array(xy)))


def grid(half: int) -> WalkNetwork:
    """A square grid of streets from −half to half blocks."""
    side = 2 * half + 1
    number = np.arange(side * side).reshape(side, side)
    xy = SPACING * (np.stack(np.meshgrid(range(side), range(side)), axis=-1) - half)
    across = np.stack([number[:, :-1], number[:, 1:]], axis=-1).reshape(-1, 2)
    up = np.stack([number[:-1], number[1:]], axis=-1).reshape(-1, 2)
    return network_from_arrays(xy.reshape(-1, 2), np.concatenate([across, up]))


def nodes_of(network: WalkNetwork) -> gpd.GeoDataFrame:
    return places(*zip(network.node_x, network.node_y, strict=True))


def metres(network: WalkNetwork, to: gpd.GeoDataFrame, of: gpd.GeoDataFrame) -> np.ndarray:
    return walk_minutes(network, to, of, max_attach_m=1000, min_component_m=0).metres[:, 0]


def street_length(network: WalkNetwork, to: gpd.GeoDataFrame, limit_m: float) -> float:
    entrances = attach_facilities(network, to, min_component_m=0)
    search = NearestSearch(network, entrances.attachment)
    chosen = np.flatnonzero(entrances.attachment.found)
    return float(reached_streets(network, search, chosen, limit_m).length_m.sum())


@pytest.mark.parametrize("limit", [0, 50, 99.5, 100, 150, 320, 500, 780, 1000, 1111.1])
def test_grid_with_the_facility_at_a_junction(limit: float) -> None:
    """2k² + 2k + 1 junctions and 4k²s + (R − ks)(8k + 4) metres of street."""
    town, to, k = grid(13), facilities((0, 0)), math.floor(limit / SPACING)
    reached = metres(town, to, nodes_of(town)) <= limit + 1e-6
    assert reached.sum() == 2 * k * k + 2 * k + 1
    expected = 4 * k * k * SPACING + (limit - k * SPACING) * (8 * k + 4)
    assert street_length(town, to, limit) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("limit", [10, 49, 50, 60, 149, 150, 320, 500, 780])
def test_grid_with_the_facility_in_the_middle_of_a_street(limit: float) -> None:
    """2(j + 1)² junctions with j = ⌊(R − s/2)/s⌋, none below half a block."""
    town, to = grid(12), facilities((SPACING / 2, 0))
    reached = metres(town, to, nodes_of(town)) <= limit + 1e-6
    j = math.floor((limit - SPACING / 2) / SPACING)
    assert reached.sum() == (2 * (j + 1) ** 2 if limit >= SPACING / 2 else 0)


def test_grid_cut_by_its_border() -> None:
    """113 junctions lie within 7 blocks; four of them are beyond a border at 6 blocks."""
    assert (metres(grid(9), facilities((0, 0)), nodes_of(grid(9))) <= 700 + 1e-6).sum() == 113
    assert (metres(grid(6), facilities((0, 0)), nodes_of(grid(6))) <= 700 + 1e-6).sum() == 109


@pytest.mark.parametrize("limit", [0, 30, 250, 700, 2000])
def test_line_and_ring_and_star(limit: float) -> None:
    """Reached length on a line, round a ring, and on a star of five arms."""
    line = network_from_arrays([(0, 0), (1000, 0)], [(0, 1)])
    expected = min(limit, 300) + min(limit, 700)
    assert street_length(line, facilities((300, 0)), limit) == pytest.approx(expected, abs=1e-6)

    square = [(0, 0), (250, 0), (250, 250), (0, 250)]
    ring = network_from_arrays(square, [(0, 1), (1, 2), (2, 3), (3, 0)])
    on_ring = facilities((100, 0))
    assert street_length(ring, on_ring, limit) == pytest.approx(min(2 * limit, 1000), abs=1e-6)

    arms, length, away = 5, 400.0, 150.0
    angles = 2 * np.pi * np.arange(arms) / arms
    tips = length * np.column_stack([np.cos(angles), np.sin(angles)])
    star = network_from_arrays([(0, 0), *map(tuple, tips)], [(0, n + 1) for n in range(arms)])
    others = (arms - 1) * np.clip(limit - away, 0, length)
    expected = min(limit, length - away) + min(limit, away) + others
    assert street_length(star, facilities((away, 0)), limit) == pytest.approx(expected, abs=1e-6)


def test_a_loop_is_walked_both_ways_round() -> None:
    """A loop of 400 m, facility 100 m from its junction: its far side is 200 m away at most."""
    loop = network_from_arrays([(0, 0)], [(0, 0)], [400.0])
    attached = attach_facilities(loop, facilities((0, 0)), min_component_m=0)
    assert attached.attachment.reason.tolist() == ["too_far"], "a line without extent is no street"

    from lifecircle.network.attach import Attachment

    def on_loop(*offsets: float) -> Attachment:
        count = len(offsets)
        nothing = np.zeros(count)
        return Attachment(
            np.zeros(count, dtype=np.int64), np.array(offsets), nothing, nothing, nothing,
            np.full(count, ""),
        )  # fmt: skip

    search = NearestSearch(loop, on_loop(100.0))
    people = on_loop(0.0, 90.0, 250.0, 350.0)
    found, _ = search.nearest(people, search.graph.starts(people), np.array([0]))
    assert found == pytest.approx([100, 10, 150, 150], abs=1e-9)


def river(with_bridge: bool) -> WalkNetwork:
    """Two straight banks 150 m apart, each 2 km long, and a bridge at y = 600."""
    xy = [(0, 0), (0, 600), (0, 2000), (150, 0), (150, 600), (150, 2000)]
    edges = [(0, 1), (1, 2), (3, 4), (4, 5)]
    return network_from_arrays(xy, [*edges, (1, 4)] if with_bridge else edges)


def test_river_with_one_bridge() -> None:
    """|x_f − x_W| + |y_f − b| + g + |y_p − b| + |x_p − x_E|, access legs included."""
    people = places((170, 0), (150, 100), (150, 600), (160, 1900))
    found = metres(river(with_bridge=True), facilities((-10, 200)), people)
    legs, bank, bridge = np.array([20, 0, 0, 10]), np.array([600, 500, 0, 1300]), 10 + 400 + 150
    assert found == pytest.approx(bridge + bank + legs, abs=1e-9)


def test_without_the_bridge_nobody_gets_across() -> None:
    walks = walk_minutes(
        river(with_bridge=False),
        facilities((0, 200)),
        places((150, 100), (0, 0)),
        min_component_m=0,
    )
    assert walks.metres[:, 0].tolist() == [math.inf, 200.0]
    assert walks.facility_id[:, 0].tolist() == ["", "f0"]
    assert walks.straight_m[0, 0] == pytest.approx(math.hypot(150, 100))


def test_two_places_on_one_street_are_measured_along_it() -> None:
    """Both 30 m off the same kilometre of street, 20 m apart: 80 m, not via a junction."""
    street = network_from_arrays([(0, 0), (1000, 0)], [(0, 1)])
    assert metres(street, facilities((500, 30)), places((520, -30))) == pytest.approx([80.0])


def test_of_parallel_streets_the_shorter_counts() -> None:
    """Parallel edges of 140 and 100 m are neither added up nor is the longer taken."""
    streets = network_from_arrays(
        [(0, 0), (100, 0), (200, 0)], [(0, 1), (0, 1), (1, 2)], [140.0, 100.0, 100.0]
    )
    assert metres(streets, facilities((200, 0)), places((0, 0))) == pytest.approx([200.0])


def test_power_of_two_residents_show_exactly_who_is_reached() -> None:
    """Residents 2⁰ … 2⁹ along a street, 100 m apart: within 350 m of x = 450 are numbers 1 to 8."""
    street = network_from_arrays([(0, 0), (1000, 0)], [(0, 1)])
    people = places(*((100.0 * number, 0.0) for number in range(10)))
    reached = metres(street, facilities((450, 0)), people) <= 350 + 1e-6
    assert int((2 ** np.arange(10))[reached].sum()) == 0b0111111110


PRIVATE = int(Flag.PRIVATE)


def test_private_ways_let_leave_and_arrive_but_not_pass() -> None:
    """A compound between two streets is no short cut, but its residents use both gates.

    Two public streets, 100 m apart, joined by a private lane at x = 0 and a public one at x = 900.
    """
    xy = [(0, 0), (900, 0), (0, 100), (900, 100)]
    edges = [(0, 1), (2, 3), (1, 3), (0, 2)]
    town = network_from_arrays(xy, edges, flags=[0, 0, 0, PRIVATE])
    to = facilities((10, 100))
    people = places((10, 0), (0, 40), (0, 0))
    # From the street the walk goes round; from inside, and from the gate itself, straight through.
    assert metres(town, to, people) == pytest.approx([890 + 100 + 890, 60 + 10, 100 + 10])
    # A facility inside is reached through the nearer gate, from either street.
    inside = facilities((0, 30))
    assert metres(town, inside, places((50, 0), (50, 100))) == pytest.approx([80, 120])


def test_two_compounds_are_joined_only_through_public_streets() -> None:
    """private – public – private is a walk; public – private – public is none."""
    chain = network_from_arrays(
        [(0, 0), (100, 0), (200, 0), (300, 0)],
        [(0, 1), (1, 2), (2, 3)],
        flags=[PRIVATE, 0, PRIVATE],
    )
    assert metres(chain, facilities((290, 0)), places((10, 0))) == pytest.approx([280.0])
    other = network_from_arrays(
        [(0, 0), (100, 0), (200, 0), (300, 0)], [(0, 1), (1, 2), (2, 3)], flags=[0, PRIVATE, 0]
    )
    assert metres(other, facilities((290, 0)), places((10, 0))) == [math.inf]


def test_one_way_for_walkers_binds_on_and_between_junctions() -> None:
    """A street that is walked from west to east only: back one has to go round."""
    xy = [(0, 0), (1000, 0), (1000, 300), (0, 300)]
    edges = [(0, 1), (1, 2), (2, 3), (3, 0)]
    town = network_from_arrays(xy, edges, flags=[int(Flag.NO_BACKWARD), 0, 0, 0])
    people = places((100, 0), (900, 0))
    assert metres(town, facilities((500, 0)), people) == pytest.approx(
        [400, 100 + 300 + 1000 + 300 + 500]
    )
