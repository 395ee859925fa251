"""Ranks, shortfall, kinds of area, rings, firmness, completeness, place of a gap: by hand."""

from __future__ import annotations

import math
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from paper import demand, facilities, row, standard, street, units, walks

from lifecircle.base.tables import UNITS, conform
from lifecircle.measures.completeness import completeness, services_reached, with_completeness
from lifecircle.measures.coverage import coverage, measured, tier_shares
from lifecircle.measures.sensitivity import STANDARD_RUN, bands, sensitivity
from lifecircle.measures.where import PARTS, parts_of_units, where_uncovered
from lifecircle.network.build import network_from_arrays

THREE = {"unit_id": ["A", "B", "C"], "edges": [0, 1000, 2000, 3000]}


def of_three(covered: tuple[int, int, int], total: int = 100, **columns: Any) -> pd.DataFrame:
    """Coverage of three units in which so many of 100 people live at their own market."""
    places, rest = [500, 1500, 2500], [900, 1900, 2900]
    near = demand(
        [*places, *rest],
        [*"ABC", *"ABC"],
        residents=[*covered, *(total - one for one in covered)],
    )
    town = units(**THREE, **columns)
    minutes = walks(street(), facilities(market=places), near)
    return coverage(minutes, near, town, standard({"market": 300}))


def test_units_are_ranked_among_their_level_and_equal_shares_share_a_rank() -> None:
    table = of_three((90, 50, 90), parent="north", parent_level="district")
    ranks = {unit: row(table, unit, "market")["rank"] for unit in ("A", "B", "C", "north", "city")}
    assert ranks == {"A": 1, "B": 3, "C": 1, "north": 1, "city": 1}
    assert row(table, "A", "market")["rank_of"] == 3
    assert row(table, "north", "market")["rank_of"] == 1


def test_the_shortfall_is_what_more_must_be_covered_to_reach_the_target() -> None:
    """85 % of 100 are 85: 35 more for 50, none for 90; the city has 230 of 300 and needs 255."""
    table = of_three((90, 50, 90))
    missing = {unit: row(table, unit, "market")["shortfall"] for unit in ("A", "B", "city")}
    assert missing == {"A": 0, "B": pytest.approx(35), "city": pytest.approx(25)}


def test_without_a_target_or_a_verdict_there_is_no_shortfall() -> None:
    rural = of_three((50, 50, 50), rural=[True, False, False])
    assert math.isnan(row(rural, "A", "market")["shortfall"])
    people = demand([300, 2400], ["A", "A"], residents=[1, 1])
    edge = street(extent=shapely.box(-5000, -5000, 2600, 5000))
    minutes = walks(edge, facilities(market=[300]), people)
    town = units(unit_id=["A"], edges=[0, 3000])
    table = coverage(minutes, people, town, standard({"market": 500}))
    assert math.isnan(row(table, "A", "market")["shortfall"]), "the verdict is open"


BY_AREA = {
    "limit_m": 300,
    "by_area": [
        {"area_kind": "new", "limit_m": 500, "limit_source": "new: 500", "mode": "slow"},
        {"area_kind": "round", "limit_m": 410, "limit_source": "radius", "mode": "straight"},
    ],
}


def test_limits_by_kind_of_area() -> None:
    """People 400 m from a market: too far in A, covered on foot in B, by radius in C.

    B asks for walking or cycling: computed on foot, marked, and without a verdict; so the city.
    """
    town = units(**THREE, area_kind=["", "new", "round"])
    people = demand([900, 1900, (2900.0, 50.0)], [*"ABC"], residents=[1, 2, 4])
    minutes = walks(street(), facilities(market=[500, 1500, 2500]), people)
    # A at 900 has the market of B at 1500 too, 600 m away; 1900 lies 400 m from 1500.
    table = coverage(minutes, people, town, standard({"market": BY_AREA}))
    a, b, c, city = (row(table, unit, "market") for unit in ("A", "B", "C", "city"))
    assert (a["covered"], b["covered"], c["covered"]) == (0, 2, 4)
    assert (a["limit_m"], b["limit_m"], c["limit_m"]) == (300, 500, 410)
    assert math.isnan(city["limit_m"])
    assert "按步行计" in b["limit_source"] and "按步行计" not in a["limit_source"]
    assert math.isnan(b["target"]) and b["meets_target"] is pd.NA
    assert math.isnan(city["target"]) and city["covered"] == 6
    assert bool(c["meets_target"]) and a["target"] == 0.85


def test_what_each_point_reaches_follows_the_kind_of_area_too() -> None:
    town = units(**THREE, area_kind=["", "new", ""])
    people = demand([900, 1900], ["A", "B"], residents=[1, 1])
    minutes = walks(street(), facilities(market=[500, 1500]), people)
    rule = standard({"market": BY_AREA})
    (one,) = measured(minutes, rule, people, town)
    assert one.covered.tolist() == [False, True]


def test_rings_of_every_service_and_headline() -> None:
    """Residents 2⁰ … 2³ at 100, 400, 900, 1400 m from the market; rings of 300 and 1000 m."""
    people = demand([600, 900, 1400, 1900], ["A"] * 4, residents=[1, 2, 4, 8])
    town = units(unit_id=["A"], edges=[0, 3000])
    minutes = walks(street(), facilities(market=[500]), people)
    table = tier_shares(minutes, people, town, standard({"market": 500}, {"food": ["market"]}))
    city = table[table["unit_id"] == "city"].set_index(["service", "tier_min"])["covered"]
    assert city.to_dict() == {
        ("market", 5): 1,
        ("market", 15): 0b0111,
        ("food", 5): 1,
        ("food", 15): 0b0111,
    }


def firm(**options: Any) -> pd.DataFrame:
    """A headline of 1000 m (800 to 1000) over people at 500, 850, 950, 1050 m, 20 m off the street.

    Residents 16, 8, 4, 2; homes 1 each.  Caps of attaching: 200 m in the run, 10 m besides.
    """
    away = [500, 830, 930, 1030]
    people = demand(
        [(1500.0 + metres, 20.0) for metres in away],
        ["A"] * 4,
        residents=[16, 8, 4, 2],
        buildings=[1, 1, 1, 1],
    )
    town = units(unit_id=["A"], edges=[0, 4000])
    rule = standard({"market": 300}, {"food": ["market"]})
    (food,) = rule.headlines
    rule = rule.model_copy(
        update={"headlines": (food.model_copy(update={"limit_lower_m": 800.0}),)}
    )
    to = facilities(market=[1500])
    minutes = walks(street(), to, people)
    attached = [(10.0, walks(street(), to, people, max_attach_m=10))]
    return sensitivity(minutes, people, town, rule, attached=attached, **options)


def test_each_assumption_is_changed_alone() -> None:
    """Metres are 520, 850, 950, 1050: 28 of 30 within 1000 m, 16 within 810 (0.9 m/s) and 800,
    all within 1080 m (1.2 m/s); nobody attaches within 10 m; of homes 3 of 4 are covered.
    """
    table = firm()
    city = table[(table["unit_id"] == "city") & (table["denominator"] == "residents")]
    assert set(city["service"]) == {"food"}
    shares = city.set_index("variant")["share"]
    assert shares.to_dict() == pytest.approx(
        {
            STANDARD_RUN: 28 / 30,
            "pace_0.9_m_s": 16 / 30,
            "pace_1.2_m_s": 1,
            "range_lower": 16 / 30,
            "attach_10_m": 0,
            "people_as_buildings": 3 / 4,
        }
    )
    limits = city.set_index("variant")["limit_m"]
    assert limits["pace_0.9_m_s"] == pytest.approx(810)
    assert limits["pace_1.2_m_s"] == pytest.approx(1080)
    assert limits["range_lower"] == 800


def test_the_band_says_how_firm_a_figure_is() -> None:
    table = bands(firm())
    one = table[(table["unit_id"] == "city") & (table["denominator"] == "residents")].iloc[0]
    assert (one["share"], one["low"], one["high"]) == pytest.approx((28 / 30, 0, 1))
    assert (one["low_variant"], one["high_variant"]) == ("attach_10_m", "pace_1.2_m_s")
    assert bool(one["crosses_target"])
    assert len(table[table["unit_id"] == "city"]) == 2


def test_a_figure_that_no_assumption_moves_over_the_target_is_firm() -> None:
    people = demand([1500], ["A"], residents=[1])
    town = units(unit_id=["A"], edges=[0, 4000])
    minutes = walks(street(), facilities(market=[1500]), people)
    rule = standard({"market": 300}, {"food": ["market"]})
    (one,) = bands(sensitivity(minutes, people, town, rule))["crosses_target"].unique()
    assert not one


SERVICES = {"market": 300, "clinic": 300, "school": 300}


def test_how_many_services_a_place_reaches_and_which_it_lacks() -> None:
    """At 0: market and clinic; at 1000: the clinic; at 2000: nothing."""
    people = demand([0, 1000, 2000], ["A", "A", "B"], residents=[6, 2, 2])
    town = units(unit_id=["A", "B"], edges=[0, 1500, 3000])
    to = facilities(market=[0], clinic=[0, 1000], school=[3900])
    minutes = walks(street(), to, people)
    services = services_reached(minutes, standard(SERVICES), people, town)
    points = with_completeness(people, services)
    assert points["services_reached"].tolist() == [2, 1, 0]
    assert points["services_missing"].tolist() == [
        "school",
        "market school",
        "market clinic school",
    ]
    table = completeness(minutes, people, town, services).set_index("unit_id")
    # A: (6 · 2 + 2 · 1) / 8 services of 3; the city: 14 / 10.
    assert table["mean_reached"].to_dict() == pytest.approx({"A": 14 / 8, "B": 0, "city": 1.4})
    assert table.loc["city", "completeness"] == pytest.approx(1.4 / 3)
    assert table.loc["A", "most_missing"] == "school market"
    assert (table["share_all"] == 0).all()


def test_what_is_unknown_is_neither_reached_nor_missing() -> None:
    people = demand([2500], ["A"], residents=[1])
    town = units(unit_id=["A"], edges=[0, 3000])
    edge = street(extent=shapely.box(-5000, -5000, 2600, 5000))
    minutes = walks(edge, facilities(market=[0]), people)
    services = services_reached(minutes, standard({"market": 300}), people, town)
    one = with_completeness(people, services).iloc[0]
    assert (one["services_reached"], one["services_unknown"], one["services_missing"]) == (0, 1, "")
    table = completeness(minutes, people, town, services)
    assert table["mean_upper"].tolist() == [1, 1]


def test_the_place_of_a_gap() -> None:
    """A square unit of 2 km: middle within a third of the radius of its disc, else eight parts."""
    square = gpd.GeoDataFrame(
        {"unit_id": ["A"], "name": ["A"], "level": "street"},
        geometry=[shapely.box(0, 0, 2000, 2000)],
    )
    town = conform(square, UNITS)
    network = network_from_arrays([(0, 1000), (2000, 1000)], [(0, 1)])
    angles = np.pi / 4 * np.arange(8)  # from the north, clockwise
    ring = [(1000 + 800 * np.sin(a), 1000 + 800 * np.cos(a)) for a in angles]
    people = demand([(1000.0, 1100.0), *ring], ["A"] * 9, residents=[1] * 9)
    found = parts_of_units(network, people, town, np.zeros(9, dtype=np.int64))
    assert [PARTS[number] for number in found] == list(PARTS)


def test_who_is_left_out_and_where_they_mainly_live() -> None:
    """In A 30 are left out in the east, 10 in the west; B has 60 more."""
    people = demand([50, 950, 500, 1900], ["A", "A", "A", "B"], residents=[10, 30, 100, 60])
    town = units(unit_id=["A", "B"], edges=[0, 1000, 2000])
    minutes = walks(street(), facilities(market=[500]), people)
    rule = standard({"market": 300})
    table = where_uncovered(street(), minutes, people, town, rule, "residents")
    places = table.set_index("unit_id")
    assert (places.loc["A", "place"], places.loc["A", "place_share"]) == ("e", 0.75)
    assert places.loc["A", "uncovered"] == 40
    assert (places.loc["city", "place"], places.loc["city", "uncovered"]) == ("B|A", 100)
