"""NetworkX as the independent oracle on random multigraphs, off-node and same-edge points."""

from __future__ import annotations

import math

import networkx as nx
import numpy as np
import pytest

from lifecircle.network.attach import Attachment
from lifecircle.network.build import network_from_arrays
from lifecircle.network.network import WalkNetwork
from lifecircle.network.rules import Flag
from lifecircle.network.walk import NearestSearch

GRAPHS, SEED = 1000, 20221201
OUT, PUBLIC, IN = 0, 1, 2


def random_network(rng: np.random.Generator) -> WalkNetwork:
    """Up to 40 nodes with parallel edges, loops, islands, one-way and private edges."""
    nodes, edges = int(rng.integers(2, 41)), int(rng.integers(1, 90))
    flags = rng.choice(
        [0, Flag.PRIVATE, Flag.NO_FORWARD, Flag.NO_BACKWARD, Flag.PRIVATE | Flag.NO_BACKWARD],
        size=edges,
        p=[0.6, 0.2, 0.08, 0.08, 0.04],
    )
    ends = rng.integers(0, nodes, size=(edges, 2))
    lengths = np.round(rng.uniform(1, 400, edges), 2)
    lengths[1:][rng.random(edges - 1) < 0.05] = 0.0
    return network_from_arrays(rng.uniform(0, 1000, (nodes, 2)), ends, lengths, flags)


def random_places(rng: np.random.Generator, network: WalkNetwork, count: int) -> Attachment:
    """Places along edges, a quarter of them exactly at an end, with access legs."""
    edge = rng.choice(np.flatnonzero(network.length_m > 0), count)
    share = rng.choice([0.0, 1.0, -1.0], size=count, p=[0.125, 0.125, 0.75])
    share = np.where(share < 0, rng.random(count), share)
    leg = np.round(rng.uniform(0, 150, count), 3)
    nothing = np.zeros(count)
    return Attachment(
        edge, share * network.length_m[edge], leg, nothing, nothing, np.full(count, "")
    )


def oracle_graph(network: WalkNetwork, goals: Attachment, people: Attachment) -> nx.DiGraph:
    """Every edge cut at every place on it, in three states of the walk: out, public, in.

    A private piece is walked in the states out and in, a public one in public; the state may only
    rise, and only at a junction or a place.
    """
    graph = nx.DiGraph()

    def arc(tail: object, head: object, metres: float) -> None:
        if not graph.has_edge(tail, head) or graph.edges[tail, head]["m"] > metres:
            graph.add_edge(tail, head, m=metres)

    def same_spot(one: object, other: object) -> None:
        """A place exactly at a junction is on all ways that meet there."""
        for state in (OUT, PUBLIC, IN):
            arc((one, state), (other, state), 0.0)
            arc((other, state), (one, state), 0.0)

    stops: dict[int, list[tuple[float, object]]] = {}
    for kind, group in (("goal", goals), ("person", people)):
        for number, (edge, offset) in enumerate(zip(group.edge, group.offset_m, strict=True)):
            stops.setdefault(int(edge), []).append((float(offset), (kind, number)))
    names = set(range(network.node_count)) | {s for row in stops.values() for _, s in row}
    for name in names:
        arc((name, OUT), (name, PUBLIC), 0.0)
        arc((name, PUBLIC), (name, IN), 0.0)
    for edge in range(network.edge_count):
        ends = (int(network.edge_from[edge]), int(network.edge_to[edge]))
        length, flag = float(network.length_m[edge]), Flag(int(network.flags[edge]))
        row = [(0.0, ends[0]), *sorted(stops.get(edge, []), key=lambda s: s[0]), (length, ends[1])]
        states = (OUT, IN) if flag & Flag.PRIVATE else (PUBLIC,)
        for (low, near), (high, far) in zip(row, row[1:], strict=False):
            for state in states:
                if not flag & Flag.NO_FORWARD:
                    arc((near, state), (far, state), high - low)
                if not flag & Flag.NO_BACKWARD:
                    arc((far, state), (near, state), high - low)
            if high - low < 1e-9 and not (near == ends[0] and far == ends[1]):
                same_spot(near, far)
    return graph


def oracle(network: WalkNetwork, goals: Attachment, people: Attachment) -> np.ndarray:
    """Metres from every person to the nearest goal by NetworkX's Dijkstra, goal by goal."""
    graph = oracle_graph(network, goals, people)
    best = np.full(len(people.edge), math.inf)
    for number in range(len(goals.edge)):
        turned = graph.reverse(copy=False)
        metres = nx.single_source_dijkstra_path_length(turned, (("goal", number), IN), weight="m")
        for person in range(len(people.edge)):
            walked = metres.get((("person", person), OUT), math.inf)
            total = walked + goals.leg_m[number] + people.leg_m[person]
            best[person] = min(best[person], total)
    return best


@pytest.mark.parametrize("part", range(10))
def test_random_graphs_agree_with_networkx(part: int) -> None:
    """The nearest of three facilities for six places, to 1e-6 m, inf where NetworkX finds none."""
    for number in range(part * GRAPHS // 10, (part + 1) * GRAPHS // 10):
        rng = np.random.default_rng([SEED, number])
        network = random_network(rng)
        goals, people = random_places(rng, network, 3), random_places(rng, network, 6)
        search = NearestSearch(network, goals)
        found, which = search.nearest(people, search.graph.starts(people), np.arange(3))
        expected = oracle(network, goals, people)
        same = np.isclose(found, expected, rtol=0, atol=1e-6)
        assert (same | (np.isinf(found) & np.isinf(expected))).all(), f"seed {[SEED, number]}"
        assert ((which >= 0) == np.isfinite(found)).all(), f"seed {[SEED, number]}"
