"""Walks between many places: every pair within a limit, tile by tile.

A tile's origins are searched on the part of the network that lies within the limit of it, so that
memory follows the limit and not the city.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import geopandas as gpd
import numpy as np
import pandas as pd
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from lifecircle.base.geo import Floats
from lifecircle.base.problems import UsageError
from lifecircle.network.attach import Attachment, attach
from lifecircle.network.effort import Effort
from lifecircle.network.graph import Arcs, Links, sparse_matrix
from lifecircle.network.network import Ints, WalkNetwork
from lifecircle.network.profiles import profile_named
from lifecircle.network.search import NearestSearch, pairs_on_one_edge
from lifecircle.network.walk import places_xy

TILE_M = 2000.0
"""Origins within a square of this side are searched together."""

MOST_CELLS = 4_000_000
"""At most so many distances (origins × nodes) are held at a time."""

DOWNHILL = 1.25
"""A metre downhill is never worth less than 1 ÷ 1.25 metres; the plane's own error is in it."""

LIMIT_TOLERANCE_M = 1e-6

Pairs = tuple[Ints, Ints, Floats]


def walk_matrix(
    network: WalkNetwork,
    origins: gpd.GeoDataFrame,
    destinations: gpd.GeoDataFrame,
    limit_min: float = 15.0,
    profile: str = "standard",
    max_attach_m: float = 200.0,
    min_component_m: float = 1000.0,
) -> pd.DataFrame:
    """All walks of at most `limit_min` minutes: from_id, to_id, metres, minutes.

    Both tables hold points, in any CRS (none on paper); ids are their column `id`, else their
    index.  Rows follow the order of the origins, then of the destinations.  Raises `UsageError`
    for an unknown profile, a limit that is no positive number, and geometries that are no points.
    """
    walker = profile_named(profile)
    if not (math.isfinite(limit_min) and limit_min > 0):
        raise UsageError(f"limit_min must be a positive number of minutes, not {limit_min!r}")
    from_id, from_xy = _places(network, origins)
    to_id, to_xy = _places(network, destinations)
    closed = Effort(network, walker).closed
    starts = attach(network, *from_xy, max_attach_m, min_component_m, closed)
    ends = attach(network, *to_xy, max_attach_m, min_component_m, closed)
    limit_m = limit_min * walker.m_per_min
    search = _PairSearch(NearestSearch(network, ends, walker), starts, limit_m)
    parts = list(search.pairs(*from_xy))
    start, end, metres = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.lexsort((end, start))
    start, end, metres = start[order], end[order], metres[order]
    columns = {"from_id": from_id[start], "to_id": to_id[end], "metres": metres}
    return pd.DataFrame({**columns, "minutes": metres / walker.m_per_min})


def _places(
    network: WalkNetwork, table: gpd.GeoDataFrame
) -> tuple[np.ndarray, tuple[Floats, Floats]]:
    """Ids and metres of a table's points."""
    if not (table.geometry.geom_type == "Point").all():
        raise UsageError("walk_matrix takes points; turn areas into their entrances first")
    ids = table["id"] if "id" in table.columns else table.index
    return np.asarray(ids), places_xy(network, table)


class _PairSearch:
    """Searches from places to the entrances of `search`, within a limit."""

    def __init__(self, search: NearestSearch, places: Attachment, limit_m: float) -> None:
        self.search, self.places = search, places
        self.limit_m = limit_m + LIMIT_TOLERANCE_M
        graph = search.graph
        self.matrix = sparse_matrix(graph.arcs, graph.size)
        self.starts, self.goals = graph.starts(places), graph.goals(search.entrances)
        self.x = search.network.node_x[graph.own]
        self.y = search.network.node_y[graph.own]
        found = np.flatnonzero(search.entrances.found)
        self.entrances = found[np.argsort(search.entrances.edge[found], kind="stable")]
        self.edges = search.entrances.edge[self.entrances]

    def pairs(self, x: Floats, y: Floats) -> Iterator[Pairs]:
        """Place, entrance and metres of every pair; at least one (empty) part."""
        nothing = np.empty(0, dtype=np.int64)
        yield nothing, nothing, np.empty(0)
        found = np.flatnonzero(self.places.found)
        tile = np.column_stack([x[found] // TILE_M, y[found] // TILE_M])
        _, tile_of = np.unique(tile, axis=0, return_inverse=True)
        for number in range(tile_of.max(initial=-1) + 1):
            yield from self._of_tile(found[tile_of.ravel() == number], x, y)

    def _of_tile(self, own: Ints, x: Floats, y: Floats) -> Iterator[Pairs]:
        margin = self.limit_m * DOWNHILL
        near = (self.x >= x[own].min() - margin) & (self.x <= x[own].max() + margin)
        near &= (self.y >= y[own].min() - margin) & (self.y <= y[own].max() + margin)
        nodes = np.flatnonzero(near)
        number = np.full(len(near), -1, dtype=np.int64)
        number[nodes] = np.arange(len(nodes))
        part = self.matrix[nodes][:, nodes].tocoo()
        inside = Arcs(part.row.astype(np.int64), part.col.astype(np.int64), part.data)
        goals = _within(self.goals, number)
        # Origins are nodes too, so that each of a batch widens the matrix for all the others.
        width = len(nodes) + len(goals.place)
        size = max(1, int((math.sqrt(width**2 + 4 * MOST_CELLS) - width) / 2))
        for low in range(0, len(own), size):
            yield self._of_batch(own[low : low + size], inside, len(nodes), number, goals)

    def _of_batch(self, own: Ints, inside: Arcs, size: int, number: Ints, goals: Links) -> Pairs:
        """The pairs of some places; `number` says what graph nodes are called in this tile."""
        row = np.full(len(self.places.edge), -1, dtype=np.int64)
        row[own] = np.arange(len(own))
        chosen = row[self.starts.place] >= 0
        starts = _within(
            Links(
                row[self.starts.place[chosen]],
                self.starts.node[chosen],
                self.starts.metres[chosen],
            ),
            number,
        )
        arcs = inside + Arcs(size + starts.place, starts.node, starts.metres)
        matrix: csr_array = sparse_matrix(arcs, size + len(own))
        at_node = dijkstra(matrix, indices=size + np.arange(len(own)), limit=self.limit_m)
        total = at_node[:, goals.node] + goals.metres
        place, goal = np.nonzero(total <= self.limit_m)
        along = self.search.on_one_edge(self.places.of(own), self._on_the_edges_of(own))
        seen = self.search.in_one_square(self.places.of(own), self.entrances)
        return self._least(
            own,
            np.concatenate([place, along[0], seen.start]),
            np.concatenate([goals.place[goal], along[1], seen.end]),
            np.concatenate([total[place, goal], along[2], seen.metres]),
        )

    def _on_the_edges_of(self, own: Ints) -> Ints:
        """The entrances on edges that some places attach to."""
        edges = np.unique(self.places.edge[own])
        return self.entrances[pairs_on_one_edge(edges, self.edges)[1]]

    def _least(self, own: Ints, place: Ints, goal: Ints, metres: Floats) -> Pairs:
        """Each pair once, with its shortest walk, if that is within the limit."""
        order = np.lexsort((metres, goal, place))
        place, goal, metres = place[order], goal[order], metres[order]
        first = np.ones(len(place), dtype=bool)
        first[1:] = (place[1:] != place[:-1]) | (goal[1:] != goal[:-1])
        first &= metres <= self.limit_m
        return own[place[first]], goal[first], metres[first]


def _within(links: Links, number: Ints) -> Links:
    """The links to nodes of a tile, by their numbers there."""
    inside = number[links.node] >= 0
    return Links(links.place[inside], number[links.node[inside]], links.metres[inside])
