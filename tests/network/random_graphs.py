"""Random multigraphs, places on them, and the walk by NetworkX: the independent oracle."""

from __future__ import annotations

import math
from dataclasses import replace

import networkx as nx
import numpy as np

from lifecircle.network.attach import Attachment
from lifecircle.network.build import network_from_arrays
from lifecircle.network.network import WalkNetwork
from lifecircle.network.profiles import Profile
from lifecircle.network.rules import Flag
from lifecircle.network.search import NearestSearch

OUT, PUBLIC, IN = 0, 1, 2
STATES = (OUT, PUBLIC, IN)
SIGNAL, LIFT = 1, 2
SLOW = Profile("slow", 0.8, step_s=0.9, signal_s=33.0, lift_s=61.0)
STEP_FREE = replace(SLOW, name="step_free", step_free=True)


def random_network(rng: np.random.Generator, delays: bool = False) -> WalkNetwork:
    """Up to 40 nodes with parallel edges, loops, islands, one-way and private edges.

    With `delays` also steps and ramps, signals and elevators at nodes, and heights.
    """
    nodes, edges = int(rng.integers(2, 41)), int(rng.integers(1, 90))
    flags = rng.choice(
        [0, Flag.PRIVATE, Flag.NO_FORWARD, Flag.NO_BACKWARD, Flag.PRIVATE | Flag.NO_BACKWARD],
        size=edges,
        p=[0.6, 0.2, 0.08, 0.08, 0.04],
    )
    ends = rng.integers(0, nodes, size=(edges, 2))
    lengths = np.round(rng.uniform(1, 400, edges), 2)
    lengths[1:][rng.random(edges - 1) < 0.05] = 0.0
    if not delays:
        return network_from_arrays(rng.uniform(0, 1000, (nodes, 2)), ends, lengths, flags)
    flags = flags | rng.choice([0, Flag.STEPS, Flag.STEPS | Flag.RAMP], edges, p=[0.8, 0.15, 0.05])
    network = network_from_arrays(rng.uniform(0, 1000, (nodes, 2)), ends, lengths, flags)
    steps = np.where(flags & Flag.STEPS, rng.integers(1, 60, edges), 0).astype(float)
    height = rng.uniform(0, 40, nodes)
    height[rng.random(nodes) < 0.1] = np.nan
    return replace(
        network,
        node_delay=rng.choice([0, SIGNAL, LIFT], nodes, p=[0.7, 0.2, 0.1]).astype(np.uint8),
        vertex_steps=np.column_stack([np.zeros(edges), steps]).ravel(),
        vertex_z=height[ends].ravel(),
    )


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


def found_by_us(
    network: WalkNetwork, goals: Attachment, people: Attachment, profile: Profile | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Metres of every person to the nearest goal, and which, as the package finds them."""
    search = NearestSearch(network, goals, profile)
    return search.nearest(people, search.graph.starts(people), np.arange(len(goals.edge)))


def metres_worth(
    network: WalkNetwork, edge: int, low: float, high: float, back: bool, walker: Profile | None
) -> float:
    """What a stretch of an edge costs: seconds walked and climbed, times the pace."""
    if walker is None:
        return high - low
    first, last = network.vertex_start[edge], network.vertex_start[edge + 1] - 1
    length = float(network.length_m[edge])
    steps = float(network.vertex_steps[last])
    rise = float(network.vertex_z[last] - network.vertex_z[first]) * (-1 if back else 1)
    stairs = bool(Flag(int(network.flags[edge])) & Flag.STEPS)
    slope = 0.0 if stairs or math.isnan(rise) or length == 0 else rise / length
    slope = max(-1.0, min(1.0, slope))  # steeper is an error of the heights
    km_h, flat_km_h = 6 * math.exp(-3.5 * abs(slope + 0.05)), 6 * math.exp(-3.5 * 0.05)
    seconds = (high - low) / (walker.speed_m_per_s * km_h / flat_km_h)
    seconds += steps * walker.step_s * ((high - low) / length if length else 1.0)
    return seconds * walker.speed_m_per_s


def oracle_graph(
    network: WalkNetwork, goals: Attachment, people: Attachment, walker: Profile | None
) -> nx.DiGraph:
    """Every edge cut at every place on it, in three states of the walk: out, public, in.

    A private piece is walked in the states out and in, a public one in public; the state may only
    rise, and only at a junction or a place.  Edges end before a node and begin behind it; passing
    it costs its delay.  People only start, goals only end, so that nobody passes through them.
    """
    graph = nx.DiGraph()

    def arc(tail: object, head: object, metres: float) -> None:
        if not graph.has_edge(tail, head) or graph.edges[tail, head]["m"] > metres:
            graph.add_edge(tail, head, m=metres)

    def state_rises(name: object) -> None:
        arc((name, OUT), (name, PUBLIC), 0.0)
        arc((name, PUBLIC), (name, IN), 0.0)

    delay = {0: 0.0, SIGNAL: 0.0, LIFT: 0.0}
    if walker is not None:
        delay = {
            0: 0.0,
            SIGNAL: walker.signal_s * walker.speed_m_per_s,
            LIFT: walker.lift_s * walker.speed_m_per_s,
        }
    for node in range(network.node_count):
        for state in STATES:
            metres = delay[int(network.node_delay[node])]
            arc((("before", node), state), (("behind", node), state), metres)
        state_rises(("before", node))
        state_rises(("behind", node))
    stops: dict[int, list[tuple[float, str, int]]] = {}
    for kind, group in (("goal", goals), ("person", people)):
        for number, (edge, offset) in enumerate(zip(group.edge, group.offset_m, strict=True)):
            stops.setdefault(int(edge), []).append((float(offset), kind, number))
            name = (kind, number)
            state_rises(("stop", *name))
            state_rises(name)
            for state in STATES:
                if kind == "person":
                    arc((name, state), (("stop", *name), state), 0.0)
                else:
                    arc((("stop", *name), state), (name, state), 0.0)
    for edge in range(network.edge_count):
        _cut_edge(network, edge, sorted(stops.get(edge, [])), walker, arc)
    return graph


def _cut_edge(network, edge, here, walker, arc) -> None:  # type: ignore[no-untyped-def]
    start, end = int(network.edge_from[edge]), int(network.edge_to[edge])
    length, flag = float(network.length_m[edge]), Flag(int(network.flags[edge]))
    for offset, kind, number in here:
        # A place exactly at a junction is on all ways that meet there.
        for node, away in ((start, offset), (end, length - offset)):
            if away < 1e-9:
                for state in STATES:
                    if kind == "person":
                        arc(((kind, number), state), (("behind", node), state), 0.0)
                        arc(((kind, number), state), (("before", node), state), 0.0)
                    else:
                        arc((("before", node), state), ((kind, number), state), 0.0)
    if walker is not None and walker.step_free and flag & Flag.STEPS and not flag & Flag.RAMP:
        return
    cuts = [(offset, ("stop", kind, number)) for offset, kind, number in here]
    leaving = [(0.0, ("behind", start)), *cuts, (length, ("behind", end))]
    reaching = [(0.0, ("before", start)), *cuts, (length, ("before", end))]
    states = (OUT, IN) if flag & Flag.PRIVATE else (PUBLIC,)
    for one in range(len(cuts) + 1):
        (low, near), (high, far) = leaving[one], reaching[one + 1]
        (_, back_to), (_, back_from) = reaching[one], leaving[one + 1]
        same = low == high and 0 < one < len(cuts)
        for state in states:
            if same or not flag & Flag.NO_FORWARD:
                metres = metres_worth(network, edge, low, high, False, walker)
                arc((near, state), (far, state), metres)
            if same or not flag & Flag.NO_BACKWARD:
                metres = metres_worth(network, edge, low, high, True, walker)
                arc((back_from, state), (back_to, state), metres)


def oracle(
    network: WalkNetwork, goals: Attachment, people: Attachment, walker: Profile | None = None
) -> np.ndarray:
    """Metres from every person to the nearest goal by NetworkX's Dijkstra, goal by goal."""
    turned = oracle_graph(network, goals, people, walker).reverse(copy=False)
    best = np.full(len(people.edge), math.inf)
    for number in range(len(goals.edge)):
        metres = nx.single_source_dijkstra_path_length(turned, (("goal", number), IN), weight="m")
        for person in range(len(people.edge)):
            walked = metres.get((("person", person), OUT), math.inf)
            total = walked + goals.leg_m[number] + people.leg_m[person]
            best[person] = min(best[person], total)
    return best


def mismatch(seed: list[int], walker: Profile | None) -> bool:
    """Whether the package and NetworkX disagree on the random graph of this seed."""
    rng = np.random.default_rng(seed)
    network = random_network(rng, delays=walker is not None)
    goals, people = random_places(rng, network, 3), random_places(rng, network, 6)
    found, which = found_by_us(network, goals, people, walker)
    expected = oracle(network, goals, people, walker)
    same = np.isclose(found, expected, rtol=0, atol=1e-6)
    same |= np.isinf(found) & np.isinf(expected)
    return not (same.all() and ((which >= 0) == np.isfinite(found)).all())
