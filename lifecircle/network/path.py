"""The way a walk takes, as a line: for a map, and for whoever doubts a figure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from scipy.sparse.csgraph import dijkstra
from shapely.ops import substring

from lifecircle.base.geo import Floats
from lifecircle.network.attach import Attachment
from lifecircle.network.network import Ints, WalkNetwork
from lifecircle.network.profiles import Profile
from lifecircle.network.rules import Flag
from lifecircle.network.search import NearestSearch


@dataclass(frozen=True)
class Path:
    """A walk: `metres` as `walk_minutes` counts them, and the line in the network's crs.

    `line` runs from the place itself to the entrance itself, both legs included; None where no
    walk leads there, `metres` being `inf` then.
    """

    metres: float
    line: shapely.LineString | None


def walk_path(
    network: WalkNetwork, place: Attachment, entrances: Attachment, profile: Profile | None = None
) -> Path:
    """The shortest walk from one attached place to the nearest of some attached entrances."""
    search, chosen = NearestSearch(network, entrances, profile), np.flatnonzero(entrances.found)
    if not place.found.all() or len(chosen) == 0:
        return Path(np.inf, None)
    starts = search.graph.starts(place)
    to_goal, onward, _ = dijkstra(
        search.matrix,
        indices=search.graph.size + chosen,
        min_only=True,
        return_predecessors=True,
    )
    over_nodes = starts.metres + to_goal[starts.node]
    along, seen = search.on_one_edge(place, chosen), search.in_one_square(place, chosen)
    metres = [part.min(initial=np.inf) for part in (over_nodes, along[2], seen.metres)]
    least = float(min(metres))
    if not np.isfinite(least):
        return Path(np.inf, None)
    middle: list[Floats] = []
    if metres[2] == least:
        goal = int(seen.end[np.argmin(seen.metres)])
    elif metres[1] == least:
        goal = int(along[1][np.argmin(along[2])])
        spot = _spot(entrances.of(np.array([goal])))
        middle = [_part(network, int(place.edge[0]), _spot(place), spot)]
    else:
        first = int(starts.node[np.argmin(over_nodes)])
        nodes, goal = _nodes(first, onward.astype(np.int64), search.graph.size)
        middle = _over(search, nodes, to_goal, place, entrances.of(np.array([goal])))
    places = [_own(place), *middle, _own(entrances.of(np.array([goal])))]
    return Path(least, shapely.LineString(_without_repeats(np.concatenate(places))))


def _nodes(node: int, onward: Ints, size: int) -> tuple[list[int], int]:
    """The graph nodes of the walk, and the entrance it ends at."""
    nodes = []
    while node < size:
        nodes.append(node)
        node = int(onward[node])
    return nodes, node - size


def _over(
    search: NearestSearch, nodes: list[int], to_goal: Floats, place: Attachment, goal: Attachment
) -> list[Floats]:
    """Coordinates from where the place attaches, over the nodes, to where the entrance does."""
    network, own = search.network, search.graph.own
    pieces = [_to_node(network, place, int(own[nodes[0]]))]
    for here, there in zip(nodes, nodes[1:], strict=False):
        if own[here] != own[there]:
            cost = to_goal[here] - to_goal[there]
            pieces.append(_edge_between(search, int(own[here]), int(own[there]), cost))
    return [*pieces, _to_node(network, goal, int(own[nodes[-1]]))[::-1]]


def _edge_between(search: NearestSearch, start: int, end: int, cost: float) -> Floats:
    """The edge from one node to another that costs this much, in the direction of the walk."""
    network, effort = search.network, search.effort
    there = (network.edge_from == start) & (network.edge_to == end) & ~effort.closed
    back = (network.edge_from == end) & (network.edge_to == start) & ~effort.closed
    there &= ~network.has(Flag.NO_FORWARD)
    back &= ~network.has(Flag.NO_BACKWARD)
    edges = np.concatenate([np.flatnonzero(there), np.flatnonzero(back)])
    costs = np.concatenate([effort.forward_m[there], effort.backward_m[back]])
    best = int(np.argmin(np.abs(costs - cost)))
    line = shapely.get_coordinates(network.lines[edges[best]])
    return line if best < there.sum() else line[::-1]


def _to_node(network: WalkNetwork, place: Attachment, node: int) -> Floats:
    """From where a place attaches along its edge to one of its ends; straight over a square."""
    edge, spot = int(place.edge[0]), _spot(place)
    ends = shapely.get_coordinates(network.lines[edge])[[0, -1]]
    target = np.array([network.node_x[node], network.node_y[node]])
    if node not in (network.edge_from[edge], network.edge_to[edge]):
        return np.array([target])
    near_start = node == network.edge_from[edge]
    if network.edge_from[edge] == network.edge_to[edge]:
        near_start = place.offset_m[0] <= network.length_m[edge] / 2
    return _part(network, edge, spot, ends[0] if near_start else ends[1], to_start=near_start)


def _part(
    network: WalkNetwork, edge: int, start: Floats, end: Floats, to_start: bool | None = None
) -> Floats:
    """The stretch of an edge between two places on it."""
    line = network.lines[edge]
    low = line.project(shapely.Point(start))
    high = line.project(shapely.Point(end))
    if to_start is not None:
        high = 0.0 if to_start else line.length
    return shapely.get_coordinates(substring(line, low, high))


def _spot(place: Attachment) -> Floats:
    return np.array([place.x[0], place.y[0]])


def _own(place: Attachment) -> Floats:
    """The place itself, where it is known."""
    if place.own_x is None or place.own_y is None:
        return _spot(place)[np.newaxis]
    return np.array([[place.own_x[0], place.own_y[0]]])


def _without_repeats(xy: Floats) -> Floats:
    moved = np.append(True, (np.diff(xy, axis=0) != 0).any(axis=1))
    kept = xy[moved]
    return kept if len(kept) > 1 else np.repeat(kept, 2, axis=0)
