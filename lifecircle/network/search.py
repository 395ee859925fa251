"""The search for the nearest entrance: one multi-source shortest-path run for some of them.

Entrances stand on the network as nodes of their own, so nothing is rounded to a junction; two
places on one edge are measured along it; access legs count in full at both ends.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from lifecircle.base.geo import Floats
from lifecircle.network.attach import Attachment
from lifecircle.network.crossing import InSquares, Sight, in_squares, sight_of_places
from lifecircle.network.graph import Links, walk_graph
from lifecircle.network.network import Ints, WalkNetwork
from lifecircle.network.profiles import Profile, profile_named
from lifecircle.network.rules import Flag


@dataclass(frozen=True)
class Entrances:
    """M places where facilities are entered, and the row of the facility each belongs to."""

    x: Floats
    y: Floats
    row: Ints
    attachment: Attachment


class NearestSearch:
    """One matrix for all services: the network's graph and a node for each entrance."""

    limit_m = np.inf
    """How far walks are followed at all: the work follows what is reached, not the city."""

    def __init__(
        self, network: WalkNetwork, entrances: Attachment, profile: Profile | None = None
    ) -> None:
        self.network, self.entrances = network, entrances
        self.graph = walk_graph(network, profile or profile_named("standard"))
        self.effort = self.graph.effort
        self.matrix = with_rows(
            self.graph.turned,
            self.graph.goals(entrances, self._entrances_in_squares),
            len(entrances.edge),
        )

    def until(self, limit_m: float) -> NearestSearch:
        """The same search with another limit."""
        other = copy.copy(self)
        other.limit_m = limit_m
        return other

    def at_nodes(self, chosen: Ints) -> tuple[Floats, Ints]:
        """Metres from every graph node to the nearest of the chosen entrances, and which one.

        Beyond the limit, `inf`.
        """
        metres, _, source = dijkstra(
            self.matrix,
            indices=self.graph.size + chosen,
            min_only=True,
            return_predecessors=True,
            limit=self.limit_m + 1.0,
        )
        return metres, source.astype(np.int64) - self.graph.size

    def nearest(
        self, places: Attachment, starts: Links, chosen: Ints, inside: InSquares | None = None
    ) -> tuple[Floats, Ints]:
        """Metres from every place to the nearest of the chosen entrances, and which one (-1).

        `inside` is where the places lie in squares, if the caller knows it already.
        """
        metres = np.full(len(places.edge), np.inf)
        entrance = np.full(len(places.edge), -1, dtype=np.int64)
        if len(chosen) == 0:
            return metres, entrance
        at_node, source = self.at_nodes(chosen)
        place, goal, total = self.on_one_edge(places, chosen)
        seen = self.in_one_square(places, chosen, inside)
        place = np.concatenate([starts.place, place, seen.start])
        total = np.concatenate([starts.metres + at_node[starts.node], total, seen.metres])
        goal = np.concatenate([source[starts.node], goal, seen.end])
        np.minimum.at(metres, place, total)
        # Of entrances equally near the first.
        best = np.flatnonzero((total == metres[place]) & np.isfinite(total))
        first = np.full(len(metres), len(self.entrances.edge))
        np.minimum.at(first, place[best], goal[best])
        reached = np.isfinite(metres)
        entrance[reached] = first[reached]
        return metres, entrance

    def in_one_square(
        self, places: Attachment, chosen: Ints, inside: InSquares | None = None
    ) -> Sight:
        """Straight walks between places and entrances that see each other in a square."""
        goals = self._entrances_in_squares
        inside = in_squares(self.network, places) if inside is None else inside
        goals = goals.of(np.isin(goals.place, chosen))
        return sight_of_places(self.network, inside, goals)

    @cached_property
    def _entrances_in_squares(self) -> InSquares:
        return in_squares(self.network, self.entrances)

    def on_one_edge(self, places: Attachment, chosen: Ints) -> tuple[Ints, Ints, Floats]:
        """Walks along the one edge that both a place and an entrance attach to."""
        goals = chosen[np.argsort(self.entrances.edge[chosen], kind="stable")]
        place, index = pairs_on_one_edge(places.edge, self.entrances.edge[goals])
        goal, edge = goals[index], places.edge[place]
        along = self.entrances.offset_m[goal] - places.offset_m[place]
        forbidden = np.where(
            along > 0,
            self.network.has(Flag.NO_FORWARD)[edge],
            self.network.has(Flag.NO_BACKWARD)[edge] & (along < 0),
        )
        forbidden |= self.effort.closed[edge] & (along != 0)
        away, back = self.effort.at(edge, places.offset_m[place])
        goal_away, goal_back = self.effort.at(edge, self.entrances.offset_m[goal])
        walked = np.where(along > 0, goal_away - away, back - goal_back)
        metres = walked + self.entrances.leg_m[goal] + places.leg_m[place]
        return place[~forbidden], goal[~forbidden], metres[~forbidden]


def with_rows(matrix: csr_array, links: Links, count: int) -> csr_array:
    """`matrix` with `count` nodes more: the links lead from them (`place`) to its own nodes."""
    order = np.lexsort((links.metres, links.node, links.place))
    place, node, metres = links.place[order], links.node[order], links.metres[order]
    # Of several links between the same two the shortest; SciPy would add them up.
    first = (np.diff(place, prepend=-1) != 0) | (np.diff(node, prepend=-1) != 0)
    start = np.searchsorted(place[first], np.arange(1, count + 1))
    size = matrix.shape[0] + count
    return csr_array(
        (
            np.concatenate([matrix.data, metres[first]]),
            np.concatenate([matrix.indices, node[first].astype(np.int32)]),
            np.concatenate([matrix.indptr, (matrix.nnz + start).astype(np.int32)]),
        ),
        shape=(size, size),
    )


def pairs_on_one_edge(edge: Ints, sorted_edges: Ints) -> tuple[Ints, Ints]:
    """All pairs (i, j) with edge[i] == sorted_edges[j]; an edge of -1 pairs with nothing."""
    low = np.searchsorted(sorted_edges, edge, side="left")
    count = np.searchsorted(sorted_edges, edge, side="right") - low
    count[edge < 0] = 0
    first = np.repeat(np.arange(len(edge)), count)
    step = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    return first, np.repeat(low, count) + step
