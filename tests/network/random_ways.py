"""Random ways on the map, and the walk on them by NetworkX with nothing contracted."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import networkx as nx
import numpy as np

from lifecircle.base.geo import centred_crs, geodesic_m, project
from lifecircle.network.attach import Attachment, attach
from lifecircle.network.build import build_network
from lifecircle.network.network import WalkNetwork
from lifecircle.network.rules import Flag, GateState
from lifecircle.network.search import NearestSearch
from lifecircle.network.ways import Ways

CRS = centred_crs(121.5, 31.3)
OUT, PUBLIC, IN = 0, 1, 2
KINDS = [0, Flag.PRIVATE, Flag.NO_FORWARD, Flag.NO_BACKWARD, Flag.STEPS, Flag.OFF_GROUND]


@dataclass(frozen=True)
class Spots:
    """Places half way along segments: the two vertices of `Ways` each lies between."""

    low: np.ndarray
    high: np.ndarray


def random_ways(rng: np.random.Generator) -> tuple[Ways, dict[int, GateState]]:
    """Ways over up to 25 nodes: chains, rings, self-crossings, one-way, private; some gates."""
    count = int(rng.integers(4, 26))
    lonlat = np.column_stack(
        [rng.uniform(121.495, 121.505, count), rng.uniform(31.296, 31.304, count)]
    )
    lonlat = np.round(lonlat, 7)
    used: set[frozenset[int]] = set()
    lines: list[list[int]] = []
    for _ in range(int(rng.integers(1, 12))):
        line = [int(rng.integers(count))]
        for _ in range(int(rng.integers(1, 9))):
            ahead = [line[0], *rng.integers(count, size=3).tolist()]
            rng.shuffle(ahead)
            free = [n for n in ahead if n != line[-1] and frozenset((n, line[-1])) not in used]
            if not free:
                break
            used.add(frozenset((free[0], line[-1])))
            line.append(free[0])
        if len(line) > 1:
            lines.append(line)
    gates: dict[int, GateState] = {
        int(node): "shut" if rng.random() < 0.5 else "private"
        for node in np.flatnonzero(rng.random(count) < 0.08)
    }
    flags = rng.choice(KINDS, size=len(lines), p=[0.55, 0.15, 0.08, 0.08, 0.07, 0.07])
    return ways_of(lines, lonlat, flags), gates


def ways_of(lines: list[list[int]], lonlat: np.ndarray, flags: np.ndarray) -> Ways:
    node = np.array([node for line in lines for node in line], dtype=np.int64)
    return Ways(
        way_id=np.arange(1, len(lines) + 1),
        flags=np.array(flags, dtype=np.uint8),
        start=np.cumsum([0, *map(len, lines)]),
        node=node,
        lon=lonlat[node, 0],
        lat=lonlat[node, 1],
        steps=np.zeros(len(lines)),
    )


def random_spots(rng: np.random.Generator, ways: Ways, count: int) -> Spots:
    owner = ways.owner
    segments = np.flatnonzero(owner[1:] == owner[:-1])
    low = rng.choice(segments, count)
    return Spots(low, low + 1)


def spots_xy(ways: Ways, spots: Spots) -> tuple[np.ndarray, np.ndarray]:
    """Half way along the segments, in metres of `CRS`."""
    x, y = project(ways.lon, ways.lat, CRS)
    return (x[spots.low] + x[spots.high]) / 2, (y[spots.low] + y[spots.high]) / 2


def placed(network: WalkNetwork, xy: tuple[np.ndarray, np.ndarray]) -> Attachment:
    """Places on the streets themselves; nothing else lies within a millimetre."""
    return attach(network, *xy, max_attach_m=1e-3, min_component_m=0)


def walked(
    ways: Ways,
    gates: Mapping[int, GateState],
    goals: tuple[np.ndarray, np.ndarray],
    people: tuple[np.ndarray, np.ndarray],
) -> np.ndarray:
    """Metres from every person to the nearest goal, as the package finds them."""
    network = build_network(ways, CRS, gates)
    search = NearestSearch(network, placed(network, goals))
    places = placed(network, people)
    assert places.found.all()
    return search.nearest(places, search.graph.starts(places), np.arange(len(goals[0])))[0]


def oracle(ways: Ways, gates: Mapping[int, GateState], goals: Spots, people: Spots) -> np.ndarray:
    """The same by NetworkX on every segment as it is mapped."""
    graph = nx.DiGraph()

    def arc(tail: object, head: object, metres: float) -> None:
        if not graph.has_edge(tail, head) or graph.edges[tail, head]["m"] > metres:
            graph.add_edge(tail, head, m=metres)

    def name(vertex: int, side: int) -> object:
        """Ways meet at a node; at a gate each side of each mention is a place of its own."""
        node = int(ways.node[vertex])
        if node not in gates:
            return node
        own = ("side", vertex, side)
        if gates[node] == "private":
            for state in (OUT, IN):
                arc((own, state), (node, state), 0.0)
                arc((node, state), (own, state), 0.0)
        return own

    stops: dict[int, list[object]] = {}
    for kind, group in (("goal", goals), ("person", people)):
        for number, low in enumerate(group.low):
            stops.setdefault(int(low), []).append((kind, number))
    owner, names = ways.owner, set()
    for low in np.flatnonzero(owner[1:] == owner[:-1]).tolist():
        high, flag = low + 1, Flag(int(ways.flags[owner[low]]))
        ends = [ways.lon[low], ways.lat[low], ways.lon[high], ways.lat[high]]
        metres = float(geodesic_m(*ends))
        here = stops.get(low, [])
        # All places of a segment lie half way along it, at the same spot.
        row = [(0.0, name(low, 1)), *((metres / 2, s) for s in here)]
        row.append((metres, name(high, 0)))
        states = (OUT, IN) if flag & Flag.PRIVATE else (PUBLIC,)
        names |= {stop for _, stop in row}
        for (at, near), (to, far) in zip(row, row[1:], strict=False):
            for state in states:
                if to == at or not flag & Flag.NO_FORWARD:
                    arc((near, state), (far, state), to - at)
                if to == at or not flag & Flag.NO_BACKWARD:
                    arc((far, state), (near, state), to - at)
    for one in names | set(gates):
        arc((one, OUT), (one, PUBLIC), 0.0)
        arc((one, PUBLIC), (one, IN), 0.0)
    best = np.full(len(people.low), math.inf)
    turned = graph.reverse(copy=False)
    for number in range(len(goals.low)):
        metres_to = nx.single_source_dijkstra_path_length(
            turned, (("goal", number), IN), weight="m"
        )
        for person in range(len(people.low)):
            best[person] = min(best[person], metres_to.get((("person", person), OUT), math.inf))
    return best
