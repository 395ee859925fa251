"""What must hold between walks, whatever the streets; hypothesis looks for a town where it fails.

`LIFECIRCLE_EXAMPLES=2000 pytest tests/network/test_relations.py` runs the full campaign.
"""

from __future__ import annotations

import os
from dataclasses import replace

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from random_graphs import SLOW, found_by_us, random_network, random_places

from lifecircle.network.network import WalkNetwork
from lifecircle.network.rules import Flag

EXAMPLES = int(os.environ.get("LIFECIRCLE_EXAMPLES", "60"))
often = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
seeds = st.integers(0, 2**32 - 1)
CLOSE = {"rtol": 0, "atol": 1e-6}


def town(seed: int, delays: bool = False):  # type: ignore[no-untyped-def]
    rng = np.random.default_rng(seed)
    network = random_network(rng, delays)
    return rng, network, random_places(rng, network, 3), random_places(rng, network, 6)


def never_longer(less: np.ndarray, more: np.ndarray) -> bool:
    return bool((less <= more + 1e-6).all())


@often
@given(seeds)
def test_another_facility_never_makes_a_walk_longer(seed: int) -> None:
    """And the nearest of all is the least of each alone."""
    _, network, goals, people = town(seed)
    each = [found_by_us(network, goals.of(np.array([n])), people)[0] for n in range(3)]
    assert never_longer(found_by_us(network, goals, people)[0], np.min(each[:2], axis=0))
    assert np.allclose(found_by_us(network, goals, people)[0], np.min(each, axis=0), **CLOSE)


@often
@given(seeds)
def test_a_new_street_never_makes_a_walk_longer_and_a_closed_one_never_shorter(seed: int) -> None:
    """Closing stands for a bridge that is gone: the edge is one-way in neither direction."""
    rng, network, goals, people = town(seed)
    used = np.concatenate([goals.edge, people.edge])
    spare = np.setdiff1d(np.arange(network.edge_count), used)
    if len(spare) == 0:
        return
    flags = network.flags.copy()
    flags[rng.choice(spare)] |= np.uint8(Flag.NO_FORWARD | Flag.NO_BACKWARD)
    fewer = replace(network, flags=flags)
    assert never_longer(
        found_by_us(network, goals, people)[0], found_by_us(fewer, goals, people)[0]
    )


@often
@given(seeds)
def test_where_no_way_is_one_way_the_walk_back_is_as_long(seed: int) -> None:
    _, network, goals, people = town(seed)
    both = replace(network, flags=network.flags & np.uint8(Flag.PRIVATE))
    there = np.array([found_by_us(both, goals.of(np.array([n])), people)[0] for n in range(3)])
    back = np.array([found_by_us(both, people.of(np.array([n])), goals)[0] for n in range(6)])
    assert np.allclose(there, back.T, **CLOSE)


@often
@given(seeds, st.sampled_from([0.25, 0.5, 2.0, 4.0]))
def test_lengths_by_a_power_of_two_scale_walks_to_the_bit(seed: int, factor: float) -> None:
    _, network, goals, people = town(seed)

    def scaled(places):  # type: ignore[no-untyped-def]
        return replace(places, offset_m=places.offset_m * factor, leg_m=places.leg_m * factor)

    larger = _scaled(network, factor)
    found = found_by_us(network, goals, people)[0] * factor
    assert np.array_equal(found, found_by_us(larger, scaled(goals), scaled(people))[0])


def _scaled(network: WalkNetwork, factor: float) -> WalkNetwork:
    return replace(
        network,
        length_m=network.length_m * factor,
        vertex_along_m=network.vertex_along_m * factor,
    )


@often
@given(seeds)
def test_the_order_of_streets_and_facilities_changes_nothing(seed: int) -> None:
    rng, network, goals, people = town(seed)
    order = rng.permutation(network.edge_count)
    place = np.argsort(order)
    vertex = (2 * order[:, np.newaxis] + np.arange(2)).ravel()
    other = replace(
        network,
        edge_from=network.edge_from[order],
        edge_to=network.edge_to[order],
        length_m=network.length_m[order],
        flags=network.flags[order],
        way_id=network.way_id[order],
        vertex_x=network.vertex_x[vertex],
        vertex_y=network.vertex_y[vertex],
        vertex_along_m=network.vertex_along_m[vertex],
    )
    mixed = goals.of(rng.permutation(3))
    found = found_by_us(
        other, replace(mixed, edge=place[mixed.edge]), replace(people, edge=place[people.edge])
    )[0]
    assert np.allclose(found, found_by_us(network, goals, people)[0], **CLOSE)


@often
@given(seeds)
def test_delays_never_make_a_walk_cheaper_and_opening_private_ways_never_longer(seed: int) -> None:
    _, network, goals, people = town(seed, delays=True)
    flat = replace(network, vertex_z=np.zeros_like(network.vertex_z))
    plain, slow = (found_by_us(flat, goals, people, who)[0] for who in (None, SLOW))
    assert never_longer(plain, slow)
    opened = replace(network, flags=network.flags & ~np.uint8(Flag.PRIVATE))
    assert never_longer(found_by_us(opened, goals, people)[0], plain)


@often
@given(seeds)
def test_a_facility_nobody_reaches_and_one_given_twice_change_nothing(seed: int) -> None:
    rng, network, goals, people = town(seed)
    expected = found_by_us(network, goals, people)[0]
    twice = goals.of(np.array([0, 1, 2, 0, 2]))
    assert np.array_equal(found_by_us(network, twice, people)[0], expected)
    lost = replace(twice, edge=np.where(np.arange(5) > 2, -1, twice.edge))
    search_on = np.flatnonzero(lost.found)
    assert np.array_equal(found_by_us(network, lost.of(search_on), people)[0], expected)
