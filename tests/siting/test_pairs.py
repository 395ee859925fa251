"""Walks between many places: every pair within the limit, none beyond, to 1e-6 m."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from network.random_graphs import found_by_us, random_network, random_places

from lifecircle.network.attach import Attachment, attach
from lifecircle.network.build import network_from_arrays
from lifecircle.network.network import WalkNetwork
from lifecircle.siting.pairs import metres_within

SEED = 20221201


def located(network: WalkNetwork, places: Attachment) -> Attachment:
    """`places` with the coordinates of where they attach."""
    share = places.offset_m / network.length_m[places.edge]
    ends = []
    for node in (network.node_x, network.node_y):
        low, high = node[network.edge_from[places.edge]], node[network.edge_to[places.edge]]
        ends.append(low + share * (high - low))
    return replace(places, x=ends[0], y=ends[1])


@pytest.mark.parametrize("number", range(200))
def test_random_multigraphs_agree_with_one_search_for_each_goal(number: int) -> None:
    """Private and one-way edges, loops, islands, places at nodes and on one edge.

    The single search is itself held against NetworkX in tests/network.
    """
    rng = np.random.default_rng([SEED, number])
    network = random_network(rng)
    if not (network.length_m > 0).any():
        return
    goals = located(network, random_places(rng, network, 6))
    places = located(network, random_places(rng, network, 12))
    limit_m = float(rng.uniform(50, 1500))
    found = metres_within(network, goals, places, limit_m)
    for goal in range(6):
        expected, _ = found_by_us(network, goals.of(np.array([goal])), places)
        near = np.flatnonzero(expected <= limit_m + 1e-6)
        row = slice(found.indptr[goal], found.indptr[goal + 1])
        assert found.indices[row].tolist() == near.tolist(), f"seed {[SEED, number]}"
        assert found.data[row] == pytest.approx(expected[near], abs=1e-6)


@pytest.mark.parametrize("limit_m", [100.0, 450.0, 1000.0])
def test_a_grid_over_many_tiles_has_the_distances_of_its_blocks(limit_m: float) -> None:
    """|Δx| + |Δy| between junctions of a full grid of 6 km, whatever tile they lie in."""
    side, spacing = 61, 100.0
    number = np.arange(side * side).reshape(side, side)
    xy = np.stack(np.meshgrid(range(side), range(side)), axis=-1).reshape(-1, 2) * spacing
    across = np.stack([number[:, :-1], number[:, 1:]], axis=-1).reshape(-1, 2)
    up = np.stack([number[:-1], number[1:]], axis=-1).reshape(-1, 2)
    network = network_from_arrays(xy, np.concatenate([across, up]))
    rng = np.random.default_rng(SEED)
    goals = xy[rng.choice(len(xy), 40, replace=False)]
    at_goal, at_node = (attach(network, *points.T.astype(float)) for points in (goals, xy))
    found = metres_within(network, at_goal, at_node, limit_m).toarray()
    blocks = np.abs(goals[:, np.newaxis] - xy[np.newaxis]).sum(axis=2)
    expected = np.where(blocks <= limit_m, blocks, 0.0)
    assert found == pytest.approx(expected, abs=1e-6)


def test_a_walk_of_no_length_is_kept() -> None:
    """A candidate at a demand point is 0 m away, and not further than the limit."""
    network = network_from_arrays([(0, 0), (100, 0)], [(0, 1)])
    here = attach(network, np.array([50.0]), np.array([0.0]), min_component_m=0)
    found = metres_within(network, here, here, 300.0)
    assert found.nnz == 1 and found.data.tolist() == [0.0]


def test_what_attaches_nowhere_is_in_no_pair() -> None:
    """A place 900 m from every street, as candidate and as demand."""
    network = network_from_arrays([(0, 0), (100, 0)], [(0, 1)])
    places = attach(network, np.array([10.0, 50.0]), np.array([900.0, 0.0]), min_component_m=0)
    found = metres_within(network, places, places, 300.0)
    assert found.toarray().tolist() == [[0, 0], [0, 0]] and found.nnz == 1
