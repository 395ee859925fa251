"""Fairness: the Gini coefficient against its definition, groups and ages on paper."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from paper import demand, facilities, standard, street, units, walks

from lifecircle.base.problems import UsageError
from lifecircle.measures.coverage import coverage, measured
from lifecircle.measures.fairness import (
    ages_of_compounds,
    fairness,
    gini,
    lorenz,
    standing_of_groups,
)


def mean_difference(values: np.ndarray, weights: np.ndarray) -> float:
    """Sen 1973: Σ Σ w w' |x − x'| ÷ (2 W² μ), by plain loops."""
    total, mean = sum(weights), sum(w * x for w, x in zip(weights, values, strict=True))
    mean /= total
    double = 0.0
    for x, w in zip(values, weights, strict=True):
        for other, v in zip(values, weights, strict=True):
            double += w * v * abs(x - other)
    return double / (2 * total**2 * mean)


@given(st.integers(0, 10_000))
def test_gini_is_half_the_relative_mean_difference(seed: int) -> None:
    rng = np.random.default_rng(seed)
    values, weights = rng.uniform(0.1, 50, 30), rng.integers(1, 400, 30).astype(float)
    assert gini(values, weights) == pytest.approx(mean_difference(values, weights), abs=1e-12)


def test_gini_of_known_cases() -> None:
    """All alike 0; one of n has all 1 − 1/n; 1, 2, 3, 4 gives 0.25 (textbook)."""
    ones = np.ones(4)
    assert gini(np.full(4, 7.0), ones) == pytest.approx(0)
    assert gini(np.array([0.0, 0, 0, 5]), ones) == pytest.approx(0.75)
    assert gini(np.array([1.0, 2, 3, 4]), ones) == pytest.approx(0.25)


def test_a_person_counts_the_same_alone_or_in_a_crowd() -> None:
    """A weight of three is three persons; the unit of measure does not matter."""
    values = np.array([4.0, 9.0])
    weighted = gini(values, np.array([3.0, 1.0]))
    assert weighted == pytest.approx(gini(np.array([4.0, 4, 4, 9]), np.ones(4)))
    assert weighted == pytest.approx(gini(1000 * values, np.array([3.0, 1.0])))


def test_lorenz_of_two_groups_is_drawn_by_hand() -> None:
    """Three quarters of the people with 1 each, a quarter with 5: 3 of 8 against 5 of 8."""
    people, held = lorenz(np.array([5.0, 1.0]), np.array([25.0, 75.0]))
    assert people.tolist() == [0, 0.75, 1] and held.tolist() == [0, 0.375, 1]


@pytest.mark.parametrize(
    ("values", "weights"), [([np.inf], [1.0]), ([-1.0], [1.0]), ([1.0], [-1.0]), ([np.nan], [1.0])]
)
def test_what_cannot_be_shared_is_refused(values: list[float], weights: list[float]) -> None:
    with pytest.raises(UsageError):
        gini(np.array(values), np.array(weights))


def test_nobody_and_nothing_give_no_coefficient() -> None:
    assert np.isnan(gini(np.zeros(0), np.zeros(0)))
    assert np.isnan(gini(np.array([3.0]), np.array([0.0])))
    assert np.isnan(gini(np.array([0.0, 0.0]), np.ones(2)))


def test_people_who_can_walk_to_none_stand_beside_the_figure() -> None:
    """Of 100 people 40 reach nothing: 60 in the mean of 200 m, 40 in `without`."""
    metres = np.array([100.0, 300.0, np.inf])
    table, curves = fairness({("metres", "a", "residents"): (metres, np.array([30.0, 30, 40]))})
    row = table.iloc[0]
    assert (row["people"], row["without"], row["mean"]) == (100, 40, 200)
    assert row["gini"] == pytest.approx(0.25)
    assert len(curves) == 101 and curves["value_share"].iloc[50] == pytest.approx(0.25)


def test_the_unit_that_serves_the_elderly_worst_comes_first() -> None:
    """60+: u 20 of 40, v 30 of 30, w 0 of 10; residents: u all, so its elderly lag by half."""
    network = street(3000)
    to = facilities(care=[0, 1000])
    of = demand(
        [0, 600, 1000, 2500],
        ["u", "u", "v", "w"],
        residents=[100.0, 0, 50, 40],
        residents_60plus=[20.0, 20, 30, 10],
    )
    rules = standard({"care": 300})
    zones = units(unit_id=["u", "v", "w"], edges=[0, 800, 1600, 3000])
    both = ["residents", "residents_60plus"]
    table = coverage(walks(network, to, of), of, zones, rules, both)
    found = standing_of_groups(table).set_index("unit_id")
    assert found.loc[["w", "u", "v"], "rank"].tolist() == [1, 2, 3]
    assert found.loc["u", "difference"] == pytest.approx(-0.5)
    assert found.loc["u", "left_out"] == 20 and found.loc["w", "left_out"] == 10
    assert pd.isna(found.loc["city", "rank"])


def test_old_and_new_compounds_are_told_by_their_year() -> None:
    """Old: 10 of 40 covered; new: 20 of 20; a compound without a year is in neither."""
    network, to = street(3000), facilities(care=[0, 1200])
    of = demand([0, 600, 1200, 2000], ["u"] * 4, residents=[10.0, 30, 20, 70])
    rules = standard({"care": 300})
    zones = units(unit_id=["u"], edges=[0, 3000])
    boxes = [shapely.box(-50, -9, 700, 9), shapely.box(1100, -9, 1300, 9),
             shapely.box(1900, -9, 2100, 9)]  # fmt: skip
    compounds = gpd.GeoDataFrame({"year": [1985.0, 2000.0, np.nan]}, geometry=boxes)
    reached = measured(walks(network, to, of), rules, of, zones)
    table = ages_of_compounds(of, compounds, reached, 2000, "residents").set_index("age")
    assert table.loc["old", ["total", "covered"]].tolist() == [40, 10]
    assert table.loc["new", ["total", "covered"]].tolist() == [20, 20]
