"""Walks between many places at once, as far as a limit: a sparse matrix of metres.

The search runs in tiles with a margin, so that time and memory follow the limit and not the city.
Distances are exact: places stand where they attach on their edges, legs count in full, and two
places on one edge are measured along it.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import dijkstra

from lifecircle.base.geo import Floats
from lifecircle.measures.grounds import TOLERANCE_M
from lifecircle.network.attach import Attachment
from lifecircle.network.effort import Effort
from lifecircle.network.graph import Links
from lifecircle.network.network import Ints, WalkNetwork
from lifecircle.network.profiles import profile_named
from lifecircle.network.search import NearestSearch

GOALS_AT_ONCE = 64
"""How many searches are held in memory together."""


def metres_within(
    network: WalkNetwork,
    goals: Attachment,
    places: Attachment,
    limit_m: float,
    profile: str = "standard",
) -> csr_array:
    """Metres of the walk from place j to goal i, at most `limit_m`, as goals × places.

    What is not stored is further; a stored 0 is a walk of no length.
    """
    search = _TiledSearch(network, goals, places, limit_m, profile)
    parts = [*search.tiles()]
    row, column, metres = (np.concatenate(part) for part in zip(*parts, strict=True))
    return search.with_short_walks(row, column, metres)


class _TiledSearch:
    """The graph with the goals as nodes of their own, cut into tiles."""

    def __init__(
        self,
        network: WalkNetwork,
        goals: Attachment,
        places: Attachment,
        limit_m: float,
        profile: str,
    ) -> None:
        search = NearestSearch(network, goals, profile_named(profile))
        graph = search.graph
        self.search, self.goals, self.places = search, goals, places
        self.matrix, self.size = search.matrix, graph.size
        self.limit_m = limit_m + TOLERANCE_M
        self.x = np.concatenate([network.node_x[graph.own], goals.x])
        self.y = np.concatenate([network.node_y[graph.own], goals.y])
        self.margin_m = self.limit_m * _stretch(network, search.effort)
        links = graph.starts(places)
        order = np.argsort(links.node, kind="stable")
        self.links = Links(links.place[order], links.node[order], links.metres[order])
        self.first_link = np.searchsorted(self.links.node, np.arange(len(self.x) + 1))
        self.number = np.full(len(self.x), -1, dtype=np.int32)
        self.by_x = np.argsort(self.x, kind="stable")
        self.sorted_x = self.x[self.by_x]

    def tiles(self) -> Iterator[tuple[Ints, Ints, Floats]]:
        """Goal, place and metres, tile by tile."""
        found = np.flatnonzero(self.goals.found)
        side = max(2 * self.limit_m, 1.0)
        tile = np.column_stack([self.goals.x[found] // side, self.goals.y[found] // side])
        _, number = np.unique(tile, axis=0, return_inverse=True)
        order = np.argsort(number.ravel(), kind="stable")
        breaks = np.flatnonzero(np.diff(number.ravel()[order])) + 1
        yield np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0)
        for goals in np.split(found[order], breaks):
            if len(goals):
                yield from self._tile(goals)

    def _tile(self, goals: Ints) -> Iterator[tuple[Ints, Ints, Floats]]:
        nodes = self._nodes_near(goals)
        inside = self._among(nodes)
        chosen, node = _spread(self.first_link[nodes], self.first_link[nodes + 1])
        order = np.argsort(self.links.place[chosen], kind="stable")
        chosen, node = chosen[order], node[order]
        place = self.links.place[chosen]
        if len(place) == 0:
            return
        starts = np.flatnonzero(np.diff(place, prepend=-1))
        position = np.searchsorted(nodes, self.size + goals)
        for low in range(0, len(goals), GOALS_AT_ONCE):
            part = slice(low, low + GOALS_AT_ONCE)
            at_node = dijkstra(inside, indices=position[part], limit=self.limit_m)
            metres = at_node[:, node] + self.links.metres[chosen]
            least = np.minimum.reduceat(metres, starts, axis=1)
            row, column = np.nonzero(least <= self.limit_m)
            yield goals[part][row], place[starts][column], least[row, column]

    def _among(self, nodes: Ints) -> csr_array:
        """The graph between some nodes: the work follows their number and not the graph's."""
        start, end = (self.matrix.indptr[at].astype(np.int64) for at in (nodes, nodes + 1))
        entry, row = _spread(start, end)
        self.number[nodes] = np.arange(len(nodes))
        column = self.number[self.matrix.indices[entry]]
        self.number[nodes] = -1
        kept = column >= 0
        start = np.concatenate([[0], np.cumsum(np.bincount(row[kept], minlength=len(nodes)))])
        stored = (self.matrix.data[entry[kept]], column[kept], start)
        return csr_array(stored, shape=(len(nodes),) * 2)

    def _nodes_near(self, goals: Ints) -> Ints:
        """Nodes, in rising order, in the box around the goals widened by the margin."""
        x, y, margin = self.goals.x[goals], self.goals.y[goals], self.margin_m
        low, high = np.searchsorted(self.sorted_x, [x.min() - margin, x.max() + margin])
        near = self.by_x[low:high]
        near = near[(self.y[near] >= y.min() - margin) & (self.y[near] <= y.max() + margin)]
        # Other goals lead nowhere, so only the tile's own are kept.
        return np.concatenate([np.sort(near[near < self.size]), np.sort(self.size + goals)])

    def with_short_walks(self, row: Ints, column: Ints, metres: Floats) -> csr_array:
        """The walks over nodes, along one edge and over one square, the shortest of each pair."""
        shape = (len(self.goals.edge), len(self.places.edge))
        found = np.flatnonzero(self.goals.found)
        place, goal, along = self.search.on_one_edge(self.places, found)
        seen = self.search.in_one_square(self.places, found)
        place, goal = np.concatenate([place, seen.start]), np.concatenate([goal, seen.end])
        along = np.concatenate([along, seen.metres])
        near = along <= self.limit_m
        key, along = _least_of_each(goal[near] * shape[1] + place[near], along[near])
        known = row * shape[1] + column
        order = np.argsort(known, kind="stable")
        at = np.searchsorted(known, key, sorter=order)
        old = at < len(known)
        at = order[at[old]]
        same = known[at] == key[old]
        metres[at[same]] = np.minimum(metres[at[same]], along[old][same])
        new = ~old
        new[np.flatnonzero(old)[~same]] = True
        places = (
            np.concatenate([row, key[new] // shape[1]]),
            np.concatenate([column, key[new] % shape[1]]),
        )
        values = np.concatenate([metres, along[new]])
        matrix: csr_array = coo_array((values, places), shape=shape).tocsr()
        matrix.sort_indices()
        return matrix


def _least_of_each(key: Ints, value: Floats) -> tuple[Ints, Floats]:
    """Each key once, in rising order, with its least value."""
    order = np.lexsort((value, key))
    first = np.diff(key[order], prepend=-1) != 0
    return key[order][first], value[order][first]


def _stretch(network: WalkNetwork, effort: Effort) -> float:
    """How far on the plane a metre of walk may lead: more than 1 downhill, or where lengths are
    given and not measured."""
    straight = np.hypot(
        network.node_x[network.edge_from] - network.node_x[network.edge_to],
        network.node_y[network.edge_from] - network.node_y[network.edge_to],
    )
    walked = np.minimum(effort.forward_m, effort.backward_m)
    ratio = np.divide(straight, walked, out=np.zeros(len(straight)), where=walked > 0)
    free = bool(((walked <= 0) & (straight > 1)).any())
    return np.inf if free else max(1.001, float(ratio.max(initial=1.0)))


def _spread(start: Ints, end: Ints) -> tuple[Ints, Ints]:
    """All numbers from start[i] to end[i], and the i of each."""
    count = end - start
    owner = np.repeat(np.arange(len(start)), count)
    step = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    return start[owner] + step, owner
