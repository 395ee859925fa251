"""Contraction changes no distance, and neither does the way the same streets are written down."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from random_ways import (
    CRS,
    Spots,
    oracle,
    random_spots,
    random_ways,
    spots_xy,
    walked,
    ways_of,
)

from lifecircle.base.geo import ELLIPSOID
from lifecircle.network.build import build_network
from lifecircle.network.rules import Flag
from lifecircle.network.ways import Ways

SEED = 4
ROUNDS = 200


def same(one: np.ndarray, other: np.ndarray) -> bool:
    return bool(np.allclose(one, other, rtol=0, atol=1e-6))


@pytest.mark.parametrize("part", range(4))
def test_contraction_changes_no_distance(part: int) -> None:
    """NetworkX on all segments finds the same metres to 1e-6, inf where there is no walk.

    Rings, self-crossings, one-way and private ways, shut and private gates are among the ways.
    """
    for number in range(part * ROUNDS // 4, (part + 1) * ROUNDS // 4):
        rng = np.random.default_rng([SEED, number])
        ways, gates = random_ways(rng)
        goals, people = random_spots(rng, ways, 2), random_spots(rng, ways, 8)
        found = walked(ways, gates, spots_xy(ways, goals), spots_xy(ways, people))
        assert same(found, oracle(ways, gates, goals, people)), f"seed {[SEED, number]}"


def reversed_ways(ways: Ways) -> Ways:
    """Every way drawn from its other end, with its directions exchanged."""
    back = np.concatenate(
        [
            np.arange(high - 1, low - 1, -1)
            for low, high in zip(ways.start, ways.start[1:], strict=False)
        ]
    )
    forward, backward = ways.flags & Flag.NO_FORWARD, ways.flags & Flag.NO_BACKWARD
    flags = ways.flags & ~np.uint8(Flag.NO_FORWARD | Flag.NO_BACKWARD)
    flags = flags | np.where(forward, Flag.NO_BACKWARD, 0).astype(np.uint8)
    flags = flags | np.where(backward, Flag.NO_FORWARD, 0).astype(np.uint8)
    return replace(ways, flags=flags, node=ways.node[back], lon=ways.lon[back], lat=ways.lat[back])


def split_ways(ways: Ways, rng: np.random.Generator) -> Ways:
    """Every way cut at random nodes into ways of their own."""
    owner = ways.owner
    inside = np.zeros(len(ways.node), dtype=bool)
    inside[1:-1] = (owner[1:-1] == owner[:-2]) & (owner[1:-1] == owner[2:])
    twice = inside & (rng.random(len(inside)) < 0.4)
    index = np.repeat(np.arange(len(ways.node)), 1 + twice)
    again = np.append(False, index[1:] == index[:-1])
    start = np.flatnonzero(again | np.append(True, owner[index[1:]] != owner[index[:-1]]))
    return Ways(
        np.arange(len(start)) + 1000,
        ways.flags[owner[index[start]]],
        np.append(start, len(index)),
        ways.node[index],
        ways.lon[index],
        ways.lat[index],
        np.zeros(len(start)),
    )


def shuffled_ways(ways: Ways, rng: np.random.Generator) -> Ways:
    order = rng.permutation(len(ways.way_id))
    index = np.concatenate([np.arange(ways.start[way], ways.start[way + 1]) for way in order])
    start = np.cumsum([0, *np.diff(ways.start)[order]])
    return Ways(
        ways.way_id[order],
        ways.flags[order],
        start,
        ways.node[index],
        ways.lon[index],
        ways.lat[index],
        ways.steps[order],
    )


def with_nodes_between(ways: Ways) -> Ways:
    """A node of its own half way along every segment, on its geodesic."""
    owner = ways.owner
    before = np.append(False, owner[1:] == owner[:-1])
    index = np.repeat(np.arange(len(ways.node)), 1 + before)
    new = np.append(index[1:] == index[:-1], False)
    node, lon, lat = ways.node[index], ways.lon[index].copy(), ways.lat[index].copy()
    node = np.where(new, 10_000 + np.arange(len(index)), node)
    for at in np.flatnonzero(new):
        low, high = index[at] - 1, index[at]
        ((lon[at], lat[at]),) = ELLIPSOID.npts(
            ways.lon[low], ways.lat[low], ways.lon[high], ways.lat[high], 1
        )
    start = np.append(0, np.cumsum(np.bincount(owner[index], minlength=len(ways.way_id))))
    return Ways(ways.way_id, ways.flags, start, node, lon, lat, ways.steps)


@pytest.mark.parametrize("number", range(60))
def test_how_the_streets_are_written_down_changes_nothing(number: int) -> None:
    """Drawn backwards, cut up, in another order, under other ids, with nodes in between."""
    rng = np.random.default_rng([SEED, 1, number])
    ways, gates = random_ways(rng)
    goals, people = random_spots(rng, ways, 2), random_spots(rng, ways, 8)
    xy = spots_xy(ways, goals), spots_xy(ways, people)
    expected = walked(ways, gates, *xy)
    assert same(walked(reversed_ways(ways), gates, *xy), expected)
    assert same(walked(split_ways(ways, rng), gates, *xy), expected)
    assert same(walked(shuffled_ways(ways, rng), gates, *xy), expected)
    renamed = {gate * 7 + 3: state for gate, state in gates.items()}
    assert same(walked(replace(ways, node=ways.node * 7 + 3), renamed, *xy), expected)
    between = with_nodes_between(ways)
    # Places half way along a segment now stand on the new nodes, to within the bend of a geodesic.
    assert np.allclose(walked(between, gates, *xy), expected, rtol=0, atol=1e-4)


def line(*lines: list[int], flags: list[int] | None = None) -> Ways:
    lonlat = np.column_stack([121.5 + 1e-3 * np.arange(10), np.full(10, 31.3)])
    return ways_of([list(one) for one in lines], lonlat, np.array(flags or [0] * len(lines)))


def edges(ways: Ways, **extra: object) -> int:
    return build_network(ways, CRS, **extra).edge_count  # type: ignore[arg-type]


def test_what_lies_between_junctions_is_one_edge() -> None:
    """A chain of three ways is one edge; a junction in it makes two and the branch a third."""
    assert edges(line([0, 1, 2], [2, 3], [3, 4, 5])) == 1
    assert edges(line([0, 1, 2], [2, 3], [2, 6])) == 3


def test_what_is_walked_otherwise_is_an_edge_of_its_own() -> None:
    """Private, stepped and one-way stretches are not joined to what they continue."""
    for flag in (Flag.PRIVATE, Flag.STEPS, Flag.OFF_GROUND, Flag.NO_BACKWARD):
        assert edges(line([0, 1], [1, 2], [2, 3], flags=[0, int(flag), 0])) == 3


def test_a_place_that_delays_is_kept_as_a_node() -> None:
    network = build_network(line([0, 1, 2]), CRS, delays={1: "signal"})
    assert network.edge_count == 2
    assert sorted(network.node_delay.tolist()) == [0, 0, 1]


def test_a_ring_by_itself_is_an_edge_from_a_node_to_itself() -> None:
    """Its length is that of the ring; with a street ending on it, it starts there."""
    square = np.array(
        [[121.5, 31.3], [121.501, 31.3], [121.501, 31.301], [121.5, 31.301], [121.499, 31.301]]
    )
    ring = build_network(ways_of([[0, 1, 2, 3, 0]], square, np.array([0])), CRS)
    assert (ring.edge_from == ring.edge_to).tolist() == [True]
    around = ELLIPSOID.line_length(square[[0, 1, 2, 3, 0], 0], square[[0, 1, 2, 3, 0], 1])
    assert ring.length_m[0] == pytest.approx(around, abs=1e-6)
    joined = build_network(ways_of([[0, 1, 2, 3, 0], [3, 4]], square, np.array([0, 0])), CRS)
    assert joined.edge_count == 2
    assert sorted(joined.length_m)[1] == pytest.approx(around, abs=1e-6)


def test_steps_are_counted_along_the_ways_they_belong_to() -> None:
    """Two stairs in a row, 12 steps and an uncounted one of ~95 m at 0.3 m a step, are one edge."""
    ways = replace(
        line([0, 1], [1, 2], flags=[int(Flag.STEPS)] * 2), steps=np.array([12.0, np.nan])
    )
    network = build_network(ways, CRS)
    length = ELLIPSOID.line_length([121.501, 121.502], [31.3, 31.3])
    assert network.edge_count == 1
    assert network.vertex_steps[-1] == pytest.approx(12 + length / 0.3, abs=1e-6)
    assert network.vertex_steps[1] == pytest.approx(12, abs=1e-6)


def test_a_shut_gate_cuts_every_way_and_a_private_one_lets_nobody_through() -> None:
    """Two streets cross at node 2: shut, nothing crosses; private, one may only start or end."""
    cross = line([0, 2, 4], [1, 2, 3])
    spots = Spots(np.array([0]), np.array([1]))
    far = Spots(np.array([1, 3, 4]), np.array([2, 4, 5]))
    goals, people = spots_xy(cross, spots), spots_xy(cross, far)
    assert np.isfinite(walked(cross, {}, goals, people)).all()
    assert np.isinf(walked(cross, {2: "shut"}, goals, people)).all()
    assert np.isinf(walked(cross, {2: "private"}, goals, people)).all()
