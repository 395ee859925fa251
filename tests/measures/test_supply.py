"""Supply against demand: equal to PySAL `access`, to a case on paper, and conserving capacity."""

from __future__ import annotations

import warnings
from importlib import import_module
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import paper
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import missing

from lifecircle.base.problems import UsageError
from lifecircle.measures.supply import (
    METHODS,
    Pairs,
    binary_weight,
    floating_catchment,
    gaussian_weight,
    walks_within,
    zone_weight,
)
from lifecircle.network.build import network_from_arrays

LIMIT = 1000.0


def dense(metres: np.ndarray) -> Pairs:
    """All pairs of a matrix places × facilities that lie within the limit."""
    place, facility = np.nonzero(metres <= LIMIT)
    return Pairs(place, facility, metres[place, facility], *metres.shape)


def random_case(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    places, facilities = int(rng.integers(2, 40)), int(rng.integers(1, 12))
    metres = rng.uniform(0, 2000, (places, facilities))
    people = rng.integers(0, 200, places).astype(float)
    return metres, rng.integers(0, 90, facilities).astype(float), people


def pysal_access() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return import_module("access.fca")
        except ImportError:
            missing("the PySAL package `access` is not installed")


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("seed", range(40))
def test_equal_to_pysal_access_given_the_same_weights(method: str, seed: int) -> None:
    """The package `access` (PySAL), an implementation by others, on 40 random cases a method."""
    fca = pysal_access()
    metres, capacity, people = random_case(seed)
    people += 1  # access divides by the people of a facility without asking whether there are any
    weight = METHODS[method](LIMIT)
    origin, dest = np.indices(metres.shape)
    cost = pd.DataFrame({"origin": origin.ravel(), "dest": dest.ravel(), "cost": metres.ravel()})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = fca.two_stage_fca(
            pd.DataFrame({"geoid": range(len(people)), "demand": people}),
            pd.DataFrame({"supply": capacity}, index=pd.Index(range(len(capacity)), name="geoid")),
            cost,
            max_cost=LIMIT,
            weight_fn=lambda one: float(weight(np.array([one]))[0]),
        ).reindex(range(len(people)), fill_value=0.0)
    ours = floating_catchment(dense(metres), capacity, people, weight).access
    assert ours == pytest.approx(theirs.to_numpy(), rel=1e-9, abs=1e-12)


def test_five_places_worked_on_paper() -> None:
    """Two homes on a street of 1.6 km, five places of people; every figure written out.

    Places at 0, 400, 800, 1200, 1600 m with 100, 50, 50, 40, 60 people; homes at 400 m with 30
    beds and at 1200 m with 18; limit 500 m.  Home A is reached from 0, 400, 800: 200 people,
    0.15 a head.  Home B from 800, 1200, 1600: 150 people, 0.12 a head.  Only 800 m reaches both.
    """
    network = paper.street(1600)
    demand = paper.demand([0, 400, 800, 1200, 1600], ["u"] * 5)
    homes = paper.facilities(home=[400, 1200])
    minutes = paper.walks(network, homes, demand)
    pairs = walks_within(network, minutes, homes, np.array([0, 1]), 500)
    people = np.array([100.0, 50, 50, 40, 60])
    supply = floating_catchment(pairs, np.array([30.0, 18]), people, binary_weight(500))
    assert supply.access == pytest.approx([0.15, 0.15, 0.27, 0.12, 0.12], abs=1e-12)
    assert people @ supply.access == pytest.approx(48, abs=1e-9)
    # Gaussian: w(0) = 1 and w(400) = (e^-0.32 - e^-0.5) / (1 - e^-0.5) = 0.3040 by hand.
    w = (0.7261490370736909 - 0.6065306597126334) / (1 - 0.6065306597126334)
    a, b = 30 / (100 * w + 50 + 50 * w), 18 / (50 * w + 40 + 60 * w)
    soft = floating_catchment(pairs, np.array([30.0, 18]), people, gaussian_weight(500)).access
    assert soft == pytest.approx([a * w, a, (a + b) * w, b, b * w], abs=1e-12)


def test_the_weights_are_those_of_the_papers() -> None:
    at = np.array([0.0, 333.0, 334.0, 666.0, 667.0, 1000.0, 1000.1])
    assert zone_weight(1000)(at).tolist() == [1, 1, 0.68, 0.68, 0.22, 0.22, 0]
    assert binary_weight(1000)(at).tolist() == [1, 1, 1, 1, 1, 1, 0]
    bell = gaussian_weight(1000)(at)
    assert bell[0] == 1 and bell[5] == pytest.approx(0) and bell[6] == 0
    assert (np.diff(bell[:6]) < 0).all()


@given(seed=st.integers(0, 10_000), method=st.sampled_from(sorted(METHODS)))
def test_supply_is_conserved(seed: int, method: str) -> None:
    """Σ people × access = Σ capacity of what anyone can walk to; the rest is named."""
    metres, capacity, people = random_case(seed)
    supply = floating_catchment(dense(metres), capacity, people, METHODS[method](LIMIT))
    used = np.delete(capacity, supply.unreached).sum()
    assert people @ supply.access == pytest.approx(used, rel=1e-9, abs=1e-9)


@given(seed=st.integers(0, 10_000), method=st.sampled_from(sorted(METHODS)))
def test_more_capacity_helps_and_more_people_hurt(seed: int, method: str) -> None:
    """Access never falls where a capacity grows, and never rises where people are added."""
    metres, capacity, people = random_case(seed)
    weight = METHODS[method](LIMIT)
    before = floating_catchment(dense(metres), capacity, people + 1, weight).access
    more = capacity.copy()
    more[0] += 10
    assert (floating_catchment(dense(metres), more, people + 1, weight).access >= before).all()
    crowd = people + 1
    crowd[0] += 50
    after = floating_catchment(dense(metres), capacity, crowd, weight).access
    assert (after <= before + 1e-12).all()


def test_doubling_everything_changes_nothing() -> None:
    metres, capacity, people = random_case(7)
    once = floating_catchment(dense(metres), capacity, people, gaussian_weight(LIMIT)).access
    twice = floating_catchment(dense(metres), 2 * capacity, 2 * people, gaussian_weight(LIMIT))
    assert twice.access == pytest.approx(once)


def test_a_facility_that_nobody_reaches_is_named_and_an_unknown_capacity_is_none() -> None:
    pairs = Pairs(np.array([0, 0]), np.array([0, 1]), np.array([10.0, 20.0]), 1, 3)
    capacity = np.array([np.nan, 8.0, 5.0])
    supply = floating_catchment(pairs, capacity, np.array([4.0]), binary_weight(100))
    assert supply.access.tolist() == [2.0]
    assert supply.unreached.tolist() == [2]


def test_walks_within_are_the_walks_of_the_nearest_search() -> None:
    """Every walk to single facilities, farther ones left out, two entrances counting once."""
    network = paper.street(4000)
    demand = paper.demand([0, 900, 1000, 1001, (2500, 30.0)], ["u"] * 5)
    homes = paper.facilities(home=[0, 2500])
    minutes = paper.walks(network, homes, demand)
    pairs = walks_within(network, minutes, homes, np.array([0, 1]), 1000)
    walks = sorted(zip(pairs.place.tolist(), pairs.facility.tolist(), pairs.metres, strict=True))
    assert walks == [(0, 0, 0.0), (1, 0, 900.0), (2, 0, 1000.0), (4, 1, 30.0)]


def test_sizes_that_do_not_fit_are_refused() -> None:
    pairs = Pairs(np.array([0]), np.array([0]), np.array([1.0]), 1, 1)
    with pytest.raises(UsageError):
        floating_catchment(pairs, np.array([1.0, 2.0]), np.array([1.0]), binary_weight(9))


def test_no_facilities_give_no_supply() -> None:
    network = paper.street(1000)
    demand = paper.demand([0, 500], ["u", "u"])
    homes: gpd.GeoDataFrame = paper.facilities(home=[100])
    minutes = paper.walks(network, homes, demand)
    pairs = walks_within(network, minutes, homes, np.array([], dtype=int), 500)
    supply = floating_catchment(pairs, np.zeros(0), np.ones(2), binary_weight(500))
    assert supply.access.tolist() == [0.0, 0.0]


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 10_000))
def test_bounded_walks_equal_those_to_each_facility_alone(seed: int) -> None:
    """The same walks one facility at a time and without a bound, on random streets."""
    rng = np.random.default_rng(seed)
    nodes = rng.uniform(0, 900, (12, 2))
    edges = [(a, b) for a in range(12) for b in rng.choice(12, 2) if a != b]
    network = network_from_arrays([tuple(xy) for xy in nodes.tolist()], edges)
    demand = paper.demand([tuple(xy) for xy in rng.uniform(0, 900, (9, 2)).tolist()], ["u"] * 9)
    homes = paper.facilities(home=rng.uniform(0, 900, 4).tolist())
    minutes = paper.walks(network, homes, demand)
    pairs = walks_within(network, minutes, homes, np.arange(4), 600)
    found = {(p, f): m for p, f, m in zip(pairs.place, pairs.facility, pairs.metres, strict=True)}
    for number in range(4):
        alone = homes.iloc[[number]].reset_index(drop=True)
        metres = paper.walks(network, alone, demand).metres[:, 0]
        wanted = {(place, number): m for place, m in enumerate(metres) if m <= 600}
        own = {key: m for key, m in found.items() if key[1] == number}
        assert own.keys() == wanted.keys()
        assert list(own.values()) == pytest.approx([wanted[key] for key in own])
