"""Metres of walkable street as a denominator, against closed forms on lines and grids."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as some
from paper import demand, facilities, row, standard, street, units, walks

from lifecircle.base.tables import STREETS, UNITS, conform
from lifecircle.measures.coverage import coverage
from lifecircle.measures.streets import Streets
from lifecircle.measures.stretches import Stretches, stretches
from lifecircle.network.build import network_from_arrays
from lifecircle.network.network import WalkNetwork
from lifecircle.standards.catalogue import Standard

SPACING, HALF = 100.0, 9


def grid() -> WalkNetwork:
    """Streets every 100 m from −900 to 900, with the facility's junction in the middle."""
    side = 2 * HALF + 1
    number = np.arange(side * side).reshape(side, side)
    xy = SPACING * (np.stack(np.meshgrid(range(side), range(side)), axis=-1) - HALF)
    across = np.stack([number[:, :-1], number[:, 1:]], axis=-1).reshape(-1, 2)
    up = np.stack([number[:-1], number[1:]], axis=-1).reshape(-1, 2)
    return network_from_arrays(xy.reshape(-1, 2), np.concatenate([across, up]))


def boxes(**places: tuple[float, float, float, float]) -> gpd.GeoDataFrame:
    names = {"unit_id": list(places), "name": list(places), "level": "street", "rural": False}
    shapes = [shapely.box(*box) for box in places.values()]
    return conform(gpd.GeoDataFrame(names, geometry=shapes), UNITS)


def shares(
    network: WalkNetwork, to: gpd.GeoDataFrame, town: gpd.GeoDataFrame, rule: Standard, **known: Any
) -> pd.DataFrame:
    people = demand([0], [town["unit_id"].iloc[0]], residents=[1])
    minutes = walks(network, to, people, known=known)
    streets = Streets(network, to, minutes, town, known)
    return coverage(minutes, people, town, rule, denominators=[STREETS], streets=streets)


WHOLE = (-950.0, -950.0, 950.0, 950.0)


@pytest.mark.parametrize("limit", [50, 100, 320, 500, 780])
def test_covered_street_of_a_grid(limit: float) -> None:
    """4k²s + (R − ks)(8k + 4) metres of 2 · 19 · 1800."""
    table = shares(grid(), facilities(market=[0]), boxes(A=WHOLE), standard({"market": limit}))
    one, k = row(table, "A", "market", STREETS), math.floor(limit / SPACING)
    assert one["total"] == pytest.approx(2 * 19 * 1800, abs=1e-6)
    expected = 4 * k * k * SPACING + (limit - k * SPACING) * (8 * k + 4)
    assert one["covered"] == pytest.approx(expected, abs=1e-6)
    assert (one["unknown"], one["unattached"]) == (0, 0)


@pytest.mark.parametrize("limit", [320.0, 500.0, 780.0])
def test_a_unit_that_cuts_streets_takes_its_part_of_them(limit: float) -> None:
    """East of x = 50: R − |j|s − 50 of each street along x, 2 (R − is) of each across."""
    town = boxes(west=(-950, -950, 50, 950), east=(50, -950, 950, 950))
    table = shares(grid(), facilities(market=[0]), town, standard({"market": limit}))
    along = sum(max(0, limit - abs(j) * SPACING - 50) for j in range(-HALF, HALF + 1))
    across = sum(2 * max(0, limit - i * SPACING) for i in range(1, HALF + 1))
    east = row(table, "east", "market", STREETS)
    assert east["covered"] == pytest.approx(along + across, abs=1e-6)
    assert east["total"] == pytest.approx(19 * 850 + 9 * 1800, abs=1e-6)


def test_as_the_crow_flies_on_the_grid() -> None:
    """Chords of the circle: 2 √(R² − (js)²) in both directions."""
    table = shares(grid(), facilities(market=[0]), boxes(A=WHOLE), standard({"market": 450}))
    one = row(table, "A", "market", STREETS)
    chords = sum(2 * math.sqrt(450**2 - (j * SPACING) ** 2) for j in range(-4, 5))
    assert one["straight_line_share"] * one["total"] == pytest.approx(2 * chords, abs=1e-6)
    assert one["straight_line_share"] > one["share"]


def test_a_street_on_the_border_of_two_units_counts_once() -> None:
    """The street at x = 0 lies on the border: the first unit has it, and nothing is lost."""
    town = boxes(west=(-950, -950, 0, 950), east=(0, -950, 950, 950))
    table = shares(grid(), facilities(market=[0]), town, standard({"market": 500}))
    west, east = (row(table, unit, "market", STREETS) for unit in ("west", "east"))
    city = row(table, "city", "market", STREETS)
    assert west["total"] - east["total"] == pytest.approx(1800, abs=1e-6)
    assert west["total"] + east["total"] == pytest.approx(2 * 19 * 1800, abs=1e-6)
    assert west["covered"] - east["covered"] == pytest.approx(2 * 500, abs=1e-6)
    assert city["covered"] == west["covered"] + east["covered"]


def test_streets_near_the_edge_of_what_is_known_are_unknown() -> None:
    """Known to x = 2600: 800 m are covered, the last 500 m unknown, nothing beyond counts."""
    town = units(unit_id=["A"], edges=[0, 3000])
    line = street(extent=shapely.box(-5000, -5000, 2600, 5000))
    table = shares(line, facilities(market=[300]), town, standard({"market": 500}))
    one = row(table, "A", "market", STREETS)
    assert (one["total"], one["covered"], one["unknown"]) == pytest.approx((2600, 800, 500))
    assert one["share_upper"] == pytest.approx(1300 / 2600)


def test_a_facility_file_that_ends_makes_its_own_streets_unknown() -> None:
    """Markets are known to x = 1500: the 500 m before and all that lies beyond."""
    town = units(unit_id=["A"], edges=[0, 3000])
    known = {"market": shapely.box(-5000, -5000, 1500, 5000)}
    to, rule = facilities(market=[300], bank=[300]), standard({"market": 500, "bank": 500})
    table = shares(street(), to, town, rule, **known)
    assert row(table, "A", "market", STREETS)["unknown"] == pytest.approx(2000)
    assert row(table, "A", "bank", STREETS)["unknown"] == 0


def test_reaching_all_headlines_is_what_the_streets_of_each_share() -> None:
    """health reaches 0–2000 from x = 1000, culture 1500–3500 from x = 2500: both 500 of 3000 m."""
    rule = standard(
        {"clinic": 300, "library": 300},
        {"health": ["clinic"], "culture": ["library"]},
        combinations=True,
    )
    town = units(unit_id=["A"], edges=[0, 3000])
    to = facilities(clinic=[1000], library=[2500])
    table = shares(street(), to, town, rule)
    assert row(table, "A", "health", STREETS)["covered"] == pytest.approx(2000)
    assert row(table, "A", "culture", STREETS)["covered"] == pytest.approx(1500)
    assert row(table, "A", "all", STREETS)["covered"] == pytest.approx(500)
    assert row(table, "A", "mean", STREETS)["share"] == pytest.approx((2 / 3 + 1 / 2) / 2)


def test_the_leg_to_the_facility_counts() -> None:
    """A facility 40 m off the street: 460 m to either side of where it attaches."""
    to = facilities(market=[1000]).set_geometry([shapely.Point(1000, 40)])
    town = units(unit_id=["A"], edges=[0, 3000])
    one = row(shares(street(), to, town, standard({"market": 500})), "A", "market", STREETS)
    assert one["covered"] == pytest.approx(920)


def test_islands_count_in_the_total() -> None:
    """A second street that nothing joins to the first is walkable and not covered."""
    two = network_from_arrays([(0, 0), (1000, 0), (0, 300), (1000, 300)], [(0, 1), (2, 3)])
    town = units(unit_id=["A"], edges=[0, 3000])
    table = shares(replace(two), facilities(market=[500]), town, standard({"market": 900}))
    one = row(table, "A", "market", STREETS)
    assert (one["total"], one["covered"]) == pytest.approx((2000, 1000))


pieces = some.lists(some.tuples(some.integers(0, 60), some.integers(1, 15)), max_size=8)


@given(one=pieces, two=pieces)
def test_stretches_are_sets_of_metres(
    one: list[tuple[int, int]], two: list[tuple[int, int]]
) -> None:
    """Union, intersection, difference and lengths agree with sets of whole metres."""

    def both(parts: list[tuple[int, int]]) -> tuple[Stretches, set[int]]:
        low = np.array([float(start) for start, _ in parts])
        high = np.array([float(start + length) for start, length in parts])
        metres = {at for start, length in parts for at in range(start, start + length)}
        return stretches(low, high), metres

    (a, in_a), (b, in_b) = both(one), both(two)
    pairs = [(a, in_a), (a | b, in_a | in_b), (a & b, in_a & in_b), (a - b, in_a - in_b)]
    for found, expected in pairs:
        assert (found.low[1:] > found.high[:-1]).all()
        at = np.arange(81.0)
        assert found.metres_before(at).tolist() == [len({m for m in expected if m < x}) for x in at]
