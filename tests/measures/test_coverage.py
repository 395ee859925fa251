"""Coverage on towns drawn on paper: every share here is worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
import shapely
from paper import demand, facilities, row, standard, street, units, walks

from lifecircle.measures.coverage import coverage

TWO_UNITS = {"unit_id": ["A", "B"], "edges": [0, 1000, 3000]}


def figures(one: pd.Series) -> tuple[float, float, float]:
    return one["total"], one["covered"], one["share"]


def test_shares_of_units_of_their_parent_and_of_the_city_are_sums() -> None:
    """A: 10 of 30 people; B: 60 of 60.  The city is 70 of 90, not the mean of 1/3 and 1.

    One market at x = 1000 within 500 m: people at 600 (10), at 400 (20), at 1200 (60).
    """
    town = units(**TWO_UNITS, parent="north", parent_level="district")
    people = demand([600, 400, 1200], ["A", "A", "B"], residents=[10, 20, 60])
    to = facilities(market=[1000])
    table = coverage(walks(street(), to, people), people, town, standard({"market": 500}))
    assert figures(row(table, "A", "market")) == (30, 10, pytest.approx(1 / 3))
    assert figures(row(table, "B", "market")) == (60, 60, 1)
    assert figures(row(table, "north", "market")) == (90, 70, pytest.approx(7 / 9))
    assert figures(row(table, "city", "market")) == (90, 70, pytest.approx(7 / 9))
    assert list(table["level"]) == ["street", "street", "district", "city"]
    assert row(table, "city", "market")["limit_min"] == 7.5


def test_the_limit_itself_is_covered_and_a_hair_beyond_is_not() -> None:
    people = demand([500, 499.99], ["A", "A"], residents=[1, 2])
    minutes = walks(street(), facilities(market=[1000]), people)
    town = units(**TWO_UNITS)
    table = coverage(minutes, people, town, standard({"market": 500}))
    assert row(table, "A", "market")["covered"] == 1


def test_straight_line_share_counts_as_the_crow_flies() -> None:
    """30 m off the street at both ends of 480 m: 480 m by air, 510 m and not covered on foot."""
    people = demand([(520.0, 30.0)], ["A"], residents=[8])
    to = facilities(market=[1000])
    town, rule = units(**TWO_UNITS), standard({"market": 500})
    one = row(coverage(walks(street(), to, people), people, town, rule), "A", "market")
    assert (one["share"], one["straight_line_share"]) == (0, 1)


@pytest.mark.parametrize(
    ("middle", "share", "upper", "meets"),
    [(0, 1 / 2, 1, None), (100, 3 / 7, 6 / 7, None), (400, 0.3, 0.6, False)],
)
def test_the_verdict_is_open_while_the_target_lies_between_the_shares(
    middle: float, share: float, upper: float, meets: bool | None
) -> None:
    """300 people are covered; 300 more stand 200 m from the edge of the known street: unknown.

    `middle` people stand far from the market and from the edge.  The target is 85 %.
    """
    town = units(unit_id=["A"], edges=[0, 3000])
    people = demand([300, 2400, 1800], ["A"] * 3, residents=[300, 300, middle])
    known = shapely.box(-5000, -5000, 2600, 5000)
    minutes = walks(street(extent=known), facilities(market=[300]), people)
    one = row(coverage(minutes, people, town, standard({"market": 500})), "A", "market")
    assert one["unknown"] == 300
    assert (one["share"], one["share_upper"]) == pytest.approx((share, upper))
    assert one["meets_target"] is pd.NA if meets is None else bool(one["meets_target"]) is meets


def test_a_covered_point_at_the_edge_is_covered_and_not_unknown() -> None:
    people = demand([2590], ["A"], residents=[7])
    known = shapely.box(-5000, -5000, 2600, 5000)
    minutes = walks(street(extent=known), facilities(market=[2500]), people)
    town = units(unit_id=["A"], edges=[0, 3000])
    one = row(coverage(minutes, people, town, standard({"market": 500})), "A", "market")
    assert (one["covered"], one["unknown"], bool(one["meets_target"])) == (7, 0, True)


def test_a_facility_file_with_an_extent_of_its_own_makes_its_service_alone_unknown() -> None:
    """Markets are known up to x = 1500 only; the pharmacies everywhere."""
    people = demand([1400], ["A"], residents=[5])
    town = units(unit_id=["A"], edges=[0, 3000])
    minutes = walks(
        street(),
        facilities(market=[100], pharmacy=[100]),
        people,
        known={"market": shapely.box(-5000, -5000, 1500, 5000)},
    )
    table = coverage(minutes, people, town, standard({"market": 500, "pharmacy": 500}))
    assert row(table, "A", "market")["unknown"] == 5
    assert row(table, "A", "pharmacy")["unknown"] == 0


def test_rural_units_are_measured_but_get_no_target() -> None:
    town = units(**TWO_UNITS, rural=[True, False])
    people = demand([900, 1100], ["A", "B"], residents=[4, 4])
    minutes = walks(street(), facilities(market=[1000]), people)
    table = coverage(minutes, people, town, standard({"market": 500}))
    rural, urban = row(table, "A", "market"), row(table, "B", "market")
    assert (rural["share"], urban["share"]) == (1, 1)
    assert math.isnan(rural["target"]) and rural["meets_target"] is pd.NA
    assert urban["target"] == 0.85 and bool(urban["meets_target"])
    assert row(table, "city", "market")["target"] == 0.85


HEADLINES = {"health": ["centre", "station"], "culture": ["library"]}
SERVICES = {"centre": 1000.0, "station": 300.0, "library": 500.0}


def test_a_headline_is_met_by_any_member_within_its_own_limit() -> None:
    """The station counts to 1000 m in the headline and to 300 m by itself.

    People 2⁰ … 2³ at 0, 800, 1600, 3900; a station at 900, a centre at 2500 (all within 1000 m).
    """
    people = demand([0, 800, 1600, 3900], ["A", "A", "B", "B"], residents=[1, 2, 4, 8])
    to = facilities(centre=[2500], station=[900], library=[0])
    rule = standard(SERVICES, HEADLINES, combinations=True)
    town = units(**TWO_UNITS)
    table = coverage(walks(street(), to, people), people, town, rule)
    assert row(table, "city", "station")["covered"] == 0b0010
    assert row(table, "city", "centre")["covered"] == 0b0100
    assert row(table, "city", "health")["covered"] == 0b0111
    assert row(table, "city", "library")["covered"] == 0b0001
    assert row(table, "city", "culture")["covered"] == 0b0011, "1000 m in the headline"


def test_the_mean_and_the_strict_intersection() -> None:
    """health reaches 7/15, culture 3/15: the mean is 5/15, and 3/15 reach both."""
    people = demand([0, 800, 1600, 3900], ["A", "A", "B", "B"], residents=[1, 2, 4, 8])
    to = facilities(centre=[2500], station=[900], library=[0])
    rule = standard(SERVICES, HEADLINES, combinations=True)
    table = coverage(walks(street(), to, people), people, units(**TWO_UNITS), rule)
    mean, both = row(table, "city", "mean"), row(table, "city", "all")
    assert mean["share"] == pytest.approx(5 / 15)
    assert math.isnan(mean["covered"]), "a mean of shares covers nobody in particular"
    assert (both["covered"], both["share"]) == (3, pytest.approx(3 / 15))
    assert both["limit_m"] == mean["limit_m"] == 1000
    # A: both headlines reach both points; B: health reaches 4 of 12, culture nobody.
    assert row(table, "A", "mean")["share"] == 1
    assert row(table, "B", "mean")["share"] == pytest.approx((4 / 12 + 0) / 2)
    assert mean["share"] != pytest.approx((1 + 4 / 24) / 2), "never the mean of units"


def test_possible_in_all_headlines_is_what_bounds_the_intersection() -> None:
    """At the edge a point that culture covers and health may cover is unknown for both at once."""
    people = demand([2500, 2450], ["A", "A"], residents=[1, 2])
    known = shapely.box(-5000, -5000, 2600, 5000)
    to = facilities(centre=[0], station=[0], library=[3480])
    rule = standard(SERVICES, HEADLINES, combinations=True)
    town = units(unit_id=["A"], edges=[0, 3000])
    table = coverage(walks(street(extent=known), to, people), people, town, rule)
    assert row(table, "A", "culture")["covered"] == 1, "980 and 1030 m to the library"
    assert row(table, "A", "health")["unknown"] == 3
    both = row(table, "A", "all")
    assert (both["covered"], both["unknown"], both["share_upper"]) == (0, 3, 1)


def test_a_headline_without_data_is_left_out_with_its_combinations() -> None:
    """No facility of culture is known: no data is not no coverage."""
    people = demand([800], ["A"], residents=[1])
    rule = standard(SERVICES, HEADLINES, combinations=True)
    minutes = walks(street(), facilities(centre=[900]), people)
    table = coverage(minutes, people, units(**TWO_UNITS), rule)
    assert set(table["service"]) == {"health", "centre"}


def test_weights_that_a_source_does_not_carry_do_not_count() -> None:
    """Residents stand on points 0 and 1, homes on point 2: each share sums its own rows."""
    people = demand(
        [900, 3000, 1000],
        ["A", "A", "A"],
        residents=[3, 1, np.nan],
        dwellings=[np.nan, np.nan, 5],
    )
    town = units(unit_id=["A"], edges=[0, 4000])
    minutes = walks(street(), facilities(market=[1000]), people)
    table = coverage(minutes, people, town, standard({"market": 500}))
    assert figures(row(table, "A", "market")) == (4, 3, 0.75)
    assert figures(row(table, "A", "market", "dwellings")) == (5, 5, 1)
    assert set(table["denominator"]) == {"residents", "dwellings"}


def test_the_own_group_of_a_service_is_a_denominator_for_it_alone() -> None:
    people = demand([900], ["A"], residents=[9], residents_60plus=[3], children_0_3=[1])
    rule = standard({"market": 500, "care": {"limit_m": 500, "group": "residents_60plus"}})
    minutes = walks(street(), facilities(market=[1000], care=[1000]), people)
    table = coverage(minutes, people, units(**TWO_UNITS), rule)
    by_service = table.groupby("service")["denominator"].agg(set)
    assert by_service["market"] == {"residents"}
    assert by_service["care"] == {"residents", "residents_60plus"}


def test_who_reaches_no_street_stays_in_the_total_and_is_not_covered() -> None:
    """201 m from the street is beyond the cap of 200 m."""
    people = demand([(1000.0, 201.0), 1000], ["A", "A"], residents=[6, 2])
    town = units(unit_id=["A"], edges=[0, 4000])
    minutes = walks(street(), facilities(market=[1000]), people)
    one = row(coverage(minutes, people, town, standard({"market": 500})), "A", "market")
    assert (one["total"], one["covered"], one["unattached"]) == (8, 2, 6)


def test_a_unit_without_demand_has_no_share_and_no_verdict() -> None:
    people = demand([900], ["A"], residents=[1])
    minutes = walks(street(), facilities(market=[1000]), people)
    table = coverage(minutes, people, units(**TWO_UNITS), standard({"market": 500}))
    empty = row(table, "B", "market")
    assert empty["total"] == 0
    assert math.isnan(empty["share"]) and empty["meets_target"] is pd.NA


def random_town(seed: int) -> tuple[list[float], np.ndarray]:
    generator = np.random.default_rng(seed)
    return generator.uniform(0, 3000, 200).tolist(), generator.integers(1, 50, 200)


@pytest.mark.parametrize("seed", range(5))
def test_units_add_up_to_the_city_and_a_split_unit_to_itself(seed: int) -> None:
    """Conservation: Σ units = city, and [0, 3000] = [0, 1300] + [1300, 3000] = three parts."""
    x, weight = random_town(seed)
    to = facilities(market=[200, 1250, 2900])
    rule = standard({"market": 300})
    sums = []
    for edges in ([0, 3000], [0, 1300, 3000], [0, 700, 1300, 3000]):
        ids = [f"u{number}" for number in range(len(edges) - 1)]
        unit = [ids[int(np.searchsorted(edges[1:-1], place, "right"))] for place in x]
        people = demand(x, unit, residents=weight)
        table = coverage(walks(street(), to, people), people, units(unit_id=ids, edges=edges), rule)
        city = row(table, "city", "market")
        parts = table[table["level"] == "street"]
        for name in ("total", "covered", "unknown", "unattached"):
            assert parts[name].sum() == city[name], f"{name} with seed {seed}"
        assert city["share"] == parts["covered"].sum() / parts["total"].sum()
        sums.append((city["total"], city["covered"]))
    assert len(set(sums)) == 1
    assert sums[0][0] == weight.sum()


@pytest.mark.parametrize("seed", range(5))
def test_a_facility_more_and_metres_more_never_lower_coverage(seed: int) -> None:
    x, weight = random_town(seed)
    people = demand(x, ["A"] * len(x), residents=weight)
    town = units(unit_id=["A"], edges=[0, 3000])

    def covered(limit: float, places: list[float]) -> float:
        minutes = walks(street(), facilities(market=places), people)
        return row(coverage(minutes, people, town, standard({"market": limit})), "A", "market")[
            "covered"
        ]

    few, more = [500.0], [500.0, 2000.0]
    assert covered(300, few) < covered(300, more) < covered(600, more)
    assert covered(300, [*few, 500.0000001]) == covered(300, few), "the same place twice"
