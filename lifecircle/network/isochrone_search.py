"""What origins reach: bounded searches in tiles, so that time and memory follow the limit.

All that an isochrone is made of comes from cones: at a place of an edge an origin is so many
metres away, and from there the walk goes on along the edge to one side or to both.  Metres are
effort: what the walk costs its walker in metres on the flat.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from scipy.sparse.csgraph import dijkstra

from lifecircle.base.geo import Floats
from lifecircle.network.attach import Attachment
from lifecircle.network.crossing import in_squares
from lifecircle.network.graph import Arcs, Links, WalkGraph, sparse_matrix
from lifecircle.network.isochrone_squares import Sources
from lifecircle.network.network import Ints, Mask, WalkNetwork
from lifecircle.network.profiles import Profile
from lifecircle.network.rules import Flag
from lifecircle.network.search import Entrances, NearestSearch

Direction = Literal["towards", "from"]

TILE_M = 2000.0
"""Origins within a square of this side are searched together."""

BATCH_CELLS = 1_000_000
"""At most about so many distances (origins × nodes) are held at a time."""

SLACK = 1.25
"""How much farther than the effort says one gets at most: downhill up to 1.19 times as far."""

TIGHT_M = 1e-6


@dataclass(frozen=True)
class Cones:
    """Places on edges: whose they are, where, how far away, and to which sides the walk goes on."""

    origin: Ints
    edge: Ints
    at_m: Floats
    metres: Floats
    ahead: Mask
    behind: Mask

    def __getitem__(self, chosen: Mask | Ints) -> Cones:
        """Some of the cones."""
        return Cones(*(field[chosen] for field in vars(self).values()))

    def __add__(self, other: Cones) -> Cones:
        """Both lists of cones, one after the other."""
        pairs = zip(vars(self).values(), vars(other).values(), strict=True)
        return Cones(*(np.concatenate(pair) for pair in pairs))


@dataclass(frozen=True)
class Pairs:
    """Places that an origin reaches, and the metres of the walk."""

    origin: Ints
    number: Ints
    metres: Floats


@dataclass(frozen=True)
class Batch:
    """What some origins reach within the search's limit.

    `streets` are cones, `squares` where walks enter squares; `people` says how far each place is.
    """

    origins: Ints
    streets: Cones
    squares: Sources
    people: Pairs


@dataclass(frozen=True)
class Field:
    """Distances of k origins (or of the nearest among them) at some graph nodes.

    `metres` and `origin` have a column for each of `nodes` and one more, infinitely far, for all
    others; `column` finds a graph node's.
    """

    nodes: Ints
    column: Ints
    metres: Floats
    origin: Ints


class RingSearch:
    """The graph for one walker, with a node for each origin that all its entrances belong to."""

    def __init__(
        self,
        network: WalkNetwork,
        profile: Profile,
        entrances: Entrances,
        count: int,
        direction: Direction = "towards",
        places: Attachment | None = None,
    ) -> None:
        self.network, self.entrances, self.places = network, entrances, places
        self.towards = direction == "towards"
        self.graph = WalkGraph(network, profile)
        self.effort = self.graph.effort
        arcs, at = self.graph.arcs, entrances.attachment
        links = self.graph.goals(at) if self.towards else self.graph.starts(at)
        if self.towards:
            arcs = Arcs(arcs.head, arcs.tail, arcs.metres)
        arcs += Arcs(self.graph.size + entrances.row[links.place], links.node, links.metres)
        self.matrix = sparse_matrix(arcs, self.graph.size + count)

    @cached_property
    def ahead(self) -> Mask:
        """Edges along which a walk may go on (or come from) with rising offsets."""
        flag = Flag.NO_BACKWARD if self.towards else Flag.NO_FORWARD
        return np.asarray(~(self.network.has(flag) | self.effort.closed))

    @cached_property
    def behind(self) -> Mask:
        """The same with falling offsets."""
        flag = Flag.NO_FORWARD if self.towards else Flag.NO_BACKWARD
        return np.asarray(~(self.network.has(flag) | self.effort.closed))

    def rulers(self, edge: Ints, at_m: Floats) -> tuple[Floats, Floats]:
        """Effort up to a place of an edge, as counted going ahead and going behind."""
        away, back = self.effort.at(edge, at_m)
        return (back, away) if self.towards else (away, back)

    def batches(self, limit_m: float) -> Iterator[Batch]:
        """All origins that are attached, those near one another together."""
        for origins in self._tiles():
            nodes = self._nodes_near(origins, limit_m)
            size = max(1, BATCH_CELLS // (len(nodes) + 1))
            sub = self.matrix[np.concatenate([nodes, self.graph.size + origins])]
            sub = sub[:, np.concatenate([nodes, self.graph.size + origins])]
            for first in range(0, len(origins), size):
                rows = np.arange(first, min(first + size, len(origins)))
                metres = dijkstra(sub, indices=len(nodes) + rows, limit=limit_m)
                owner = np.broadcast_to(origins[rows][:, np.newaxis], (len(rows), len(nodes) + 1))
                field = self._field(nodes, metres[:, : len(nodes)], owner)
                yield self._batch(field, origins[rows], limit_m, shared=False)

    def nearest(self, origins: Ints, limit_m: float) -> Batch:
        """One batch in which every place belongs to the nearest of the origins alone."""
        metres, _, source = dijkstra(
            self.matrix,
            indices=self.graph.size + origins,
            min_only=True,
            return_predecessors=True,
            limit=limit_m,
        )
        nodes = np.flatnonzero(np.isfinite(metres[: self.graph.size]))
        owner = np.append(source[nodes].astype(np.int64) - self.graph.size, -1)[np.newaxis]
        field = self._field(nodes, metres[nodes][np.newaxis], owner)
        return self._batch(field, origins, limit_m, shared=True)

    def _tiles(self) -> Iterator[Ints]:
        """Origins whose first entrances lie in one square of the plane."""
        found = np.flatnonzero(self.entrances.attachment.found)
        origins, first = np.unique(self.entrances.row[found], return_index=True)
        at = self.entrances.attachment
        tile_x = np.floor(at.x[found[first]] / TILE_M)
        tile_y = np.floor(at.y[found[first]] / TILE_M)
        order = np.lexsort((origins, tile_x, tile_y))
        new = np.diff(tile_x[order]).astype(bool) | np.diff(tile_y[order]).astype(bool)
        if len(origins):
            yield from np.split(origins[order], np.flatnonzero(new) + 1)

    def _nodes_near(self, origins: Ints, limit_m: float) -> Ints:
        """Graph nodes that a walk of the limit could reach from the origins' entrances."""
        mine = np.isin(self.entrances.row, origins) & self.entrances.attachment.found
        at_x, at_y = self.entrances.attachment.x[mine], self.entrances.attachment.y[mine]
        x, y = self.network.node_x, self.network.node_y
        reach = limit_m * SLACK
        near = (x >= at_x.min() - reach) & (x <= at_x.max() + reach)
        near &= (y >= at_y.min() - reach) & (y <= at_y.max() + reach)
        return np.flatnonzero(near[self.graph.own])

    def _field(self, nodes: Ints, metres: Floats, origin: Ints) -> Field:
        column = np.full(self.graph.size, len(nodes), dtype=np.int64)
        column[nodes] = np.arange(len(nodes))
        far = np.full((len(metres), 1), np.inf)
        return Field(nodes, column, np.hstack([metres, far]), origin)

    def _batch(self, field: Field, origins: Ints, limit_m: float, shared: bool) -> Batch:
        near = np.zeros(self.network.node_count, dtype=bool)
        near[self.graph.own[field.nodes]] = True
        edges = np.flatnonzero(near[self.network.edge_from] | near[self.network.edge_to])
        across = self.network.has(Flag.ACROSS)[edges]
        ends = self._end_cones(field, edges[~across])
        own = self._own_cones(origins)
        streets = own[own.metres <= limit_m] + ends
        return Batch(
            origins,
            streets,
            self._squares(field, origins),
            self._people(field, origins, limit_m, shared),
        )

    def _at(self, field: Field, node: Ints, private: Mask) -> tuple[Floats, Ints]:
        """Distances and owners at network nodes, for who stands on a private way or not."""
        out, back = self.graph.leave[node], self.graph.arrive[node]
        if not self.towards:
            out, back, node = (self.graph.passed[number] for number in (out, back, node))
        public = field.column[node]
        out, back = (np.where(private, field.column[number], public) for number in (out, back))
        nearer = field.metres[:, out] <= field.metres[:, back]
        metres = np.where(nearer, field.metres[:, out], field.metres[:, back])
        return metres, np.where(nearer, field.origin[:, out], field.origin[:, back])

    def _end_cones(self, field: Field, edges: Ints) -> Cones:
        """Cones from the ends of edges into them."""
        private, length = self.network.has(Flag.PRIVATE)[edges], self.network.length_m[edges]
        cones = []
        for node, at_m, low in (
            (self.network.edge_from[edges], np.zeros(len(edges)), True),
            (self.network.edge_to[edges], length, False),
        ):
            metres, owner = self._at(field, node, private)
            row, number = np.nonzero(np.isfinite(metres))
            edge, here = edges[number], metres[row, number]
            ahead = self.ahead[edge] if low else np.zeros(len(edge), dtype=bool)
            behind = np.zeros(len(edge), dtype=bool) if low else self.behind[edge]
            cone = Cones(owner[row, number], edge, at_m[number], here, ahead, behind)
            cones.append(cone[ahead | behind])
        return cones[0] + cones[1]

    def _own_cones(self, origins: Ints) -> Cones:
        """Cones from the entrances to both sides along their own edges."""
        at = self.entrances.attachment
        mine = np.flatnonzero(at.found & np.isin(self.entrances.row, origins))
        edge, leg = at.edge[mine], at.leg_m[mine]
        return Cones(
            self.entrances.row[mine],
            edge,
            at.offset_m[mine],
            leg,
            self.ahead[edge],
            self.behind[edge],
        )

    def _squares(self, field: Field, origins: Ints) -> Sources:
        """The nodes of squares that are reached, and the origins that stand in squares."""
        corner, square = self._corners
        near = np.isin(square, square[field.column[corner] < len(field.nodes)])
        corner, square = corner[near], square[near]
        private = np.array([one.private for one in self.network.squares], dtype=bool)[square]
        metres, owner = self._at(field, corner, private)
        row, number = np.nonzero(np.isfinite(metres))
        node = corner[number]
        nodes = Sources(
            owner[row, number],
            square[number],
            self.network.node_x[node],
            self.network.node_y[node],
            metres[row, number],
            np.zeros(len(row), dtype=bool),
        )
        standing = self._standing
        return nodes + standing.of(np.isin(standing.origin, origins))

    @cached_property
    def _standing(self) -> Sources:
        """Origins that stand in squares or attach to their rims."""
        inside = in_squares(self.network, self.entrances.attachment)
        own = self.entrances.row[inside.place]
        here = np.ones(len(own), dtype=bool)
        return Sources(own, inside.square, inside.x, inside.y, inside.leg_m, here)

    @cached_property
    def _corners(self) -> tuple[Ints, Ints]:
        """The nodes of all squares, and the number of the square of each."""
        none = np.empty(0, dtype=np.int64)
        nodes = [square.nodes for square in self.network.squares]
        sizes = [len(own) for own in nodes]
        return np.concatenate([none, *nodes]), np.repeat(np.arange(len(nodes)), sizes)

    def _people(self, field: Field, origins: Ints, limit_m: float, shared: bool) -> Pairs:
        """The walk of every place within the limit: to each origin, or to the nearest one."""
        none = np.empty(0, dtype=np.int64)
        if self.places is None:
            return Pairs(none, none, np.empty(0))
        links = self._place_links
        column = field.column[links.node]
        near = np.flatnonzero(column < len(field.nodes))
        total = field.metres[:, column[near]] + links.metres[near]
        row, number = np.nonzero(total <= limit_m)
        own = self._direct
        near_by = np.isin(own.origin, origins) & (own.metres <= limit_m)
        reached = field.origin[:, column[near]][row, number]
        origin = np.concatenate([reached, own.origin[near_by]])
        place = np.concatenate([links.place[near][number], own.number[near_by]])
        metres = np.concatenate([total[row, number], own.metres[near_by]])
        group = np.zeros(len(origin), dtype=np.int64) if shared else origin
        order = np.lexsort((origin, metres, place, group))
        first = np.diff(place[order], prepend=-1).astype(bool)
        first |= np.diff(group[order], prepend=-1).astype(bool)
        best = order[first]
        return Pairs(origin[best], place[best], metres[best])

    @cached_property
    def _place_links(self) -> Links:
        assert self.places is not None
        ends = self.graph.starts if self.towards else self.graph.goals
        return ends(self.places)

    @cached_property
    def _direct(self) -> Pairs:
        """Walks along the one edge, or over the one square, that a place shares with an origin."""
        at, places = self.entrances.attachment, self.places
        assert places is not None
        start, goal = (places, at) if self.towards else (at, places)
        search = NearestSearch(self.network, goal, self.graph.profile)
        goals = np.flatnonzero(goal.found)
        first, second, metres = search.on_one_edge(start, goals)
        seen = search.in_one_square(start, goals)
        first, second = np.concatenate([first, seen.start]), np.concatenate([second, seen.end])
        place, entrance = (first, second) if self.towards else (second, first)
        metres = np.concatenate([metres, seen.metres])
        return Pairs(self.entrances.row[entrance], place, metres)
