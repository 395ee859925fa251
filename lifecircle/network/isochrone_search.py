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
from lifecircle.network.graph import Arcs, Links, WalkGraph, sparse_matrix
from lifecircle.network.network import Ints, Mask, WalkNetwork
from lifecircle.network.profiles import Profile
from lifecircle.network.rules import Flag
from lifecircle.network.walk import Entrances, NearestSearch

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
    """Places on edges: whose they are, where, how far away, and to which sides the walk goes on.

    `needed_m` is what the limit of a ring must be for the cone to count.
    """

    origin: Ints
    edge: Ints
    at_m: Floats
    metres: Floats
    needed_m: Floats
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
    """Something that an origin reaches (a place, a square), and the metres of the walk."""

    origin: Ints
    number: Ints
    metres: Floats


@dataclass(frozen=True)
class Batch:
    """What some origins reach within the search's limit.

    `streets` and `sights` (lines over squares that shortest walks take) are cones; `squares`
    says within how many metres all of a square lies, `people` how far each place is.
    """

    origins: Ints
    streets: Cones
    sights: Cones
    squares: Pairs
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
            self._sight_cones(field, edges[across]),
            self._squares(field, shared),
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
            cone = Cones(owner[row, number], edge, at_m[number], here, here, ahead, behind)
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
            leg,
            self.ahead[edge],
            self.behind[edge],
        )

    def _sight_cones(self, field: Field, edges: Ints) -> Cones:
        """Cones along the lines over squares that shortest walks take, from their nearer ends.

        Such a line is tight: its ends differ by the whole effort of walking it.
        """
        private, length = self.network.has(Flag.PRIVATE)[edges], self.network.length_m[edges]
        at_low, owner_low = self._at(field, self.network.edge_from[edges], private)
        at_high, owner_high = self._at(field, self.network.edge_to[edges], private)
        ahead_m, behind_m = self.rulers(edges, length)
        cones = []
        for near, far, owner, cost, low in (
            (at_low, at_high, owner_high, ahead_m, True),
            (at_high, at_low, owner_low, behind_m, False),
        ):
            with np.errstate(invalid="ignore"):
                tight = np.isfinite(near) & np.isfinite(far) & (far - near >= cost - TIGHT_M)
            row, number = np.nonzero(tight)
            yes, no = np.ones(len(row), dtype=bool), np.zeros(len(row), dtype=bool)
            cones.append(
                Cones(
                    owner[row, number],
                    edges[number],
                    np.zeros(len(row)) if low else length[number],
                    near[row, number],
                    far[row, number],
                    yes if low else no,
                    no if low else yes,
                )
            )
        return cones[0] + cones[1]

    def _squares(self, field: Field, shared: bool) -> Pairs:
        """Within how many metres all of each square lies: its farthest corner, and straight on."""
        origin, number, metres = [], [], []
        for index, square in enumerate(self.network.squares):
            if len(square.nodes) == 0 or (field.column[square.nodes] == len(field.nodes)).all():
                continue
            private = np.full(len(square.nodes), square.private)
            corners, owner = self._at(field, square.nodes, private)
            west, south, east, north = square.polygon.bounds
            worst = corners.max(axis=1) + np.hypot(east - west, north - south)
            whole = np.isfinite(worst) & (not shared or (owner == owner[:, :1]).all(axis=1))
            origin.append(owner[whole, 0])
            number.append(np.full(whole.sum(), index))
            metres.append(worst[whole])
        none = np.empty(0, dtype=np.int64)
        return Pairs(
            np.concatenate([none, *origin]),
            np.concatenate([none, *number]),
            np.concatenate([np.empty(0), *metres]),
        )

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


@dataclass(frozen=True)
class Stretches:
    """Disjoint stretches of edges for each origin, sorted by origin and edge."""

    origin: Ints
    edge: Ints
    from_m: Floats
    to_m: Floats

    def of(self, origin: int) -> slice:
        """Where the stretches of one origin stand."""
        first, after = np.searchsorted(self.origin, [origin, origin + 1])
        return slice(int(first), int(after))


def stretches(search: RingSearch, cones: Cones, limit_m: float, ring_m: float) -> Stretches:
    """What the cones reach within `limit_m`, for a ring of `ring_m`.

    Along an edge a cone reaches as far as what the limit leaves it: limit − metres.
    """
    cones = cones[(cones.metres <= limit_m) & (cones.needed_m <= ring_m)]
    low, high = within(search, cones, limit_m)
    return joined(cones.origin, cones.edge, low, high)


def within(search: RingSearch, cones: Cones, limit_m: float) -> tuple[Floats, Floats]:
    """Between which metres of its edge each cone lies within the limit."""
    spare = limit_m - cones.metres
    ahead, behind = search.rulers(cones.edge, cones.at_m)
    high = search.effort.offset(cones.edge, ahead + spare, back=search.towards)
    low = search.effort.offset(cones.edge, behind - spare, back=not search.towards)
    return np.where(cones.behind, low, cones.at_m), np.where(cones.ahead, high, cones.at_m)


def joined(origin: Ints, edge: Ints, low: Floats, high: Floats) -> Stretches:
    """Stretches joined where they overlap or touch."""
    order = np.lexsort((low, edge, origin))
    origin, edge, low, high = origin[order], edge[order], low[order], high[order]
    starts_edge = np.diff(edge, prepend=-1).astype(bool)
    starts_edge |= np.diff(origin, prepend=-1).astype(bool)
    # One running maximum serves all edges, since each is lifted above the one before it.
    lift = np.cumsum(starts_edge) * (high.max(initial=0) + 1)
    furthest = np.maximum.accumulate(high + lift) - lift
    before = np.concatenate([[-np.inf], furthest[:-1]])[: len(low)]
    first = np.flatnonzero(starts_edge | (low > before + TIGHT_M))
    ends = np.maximum.reduceat(high, first) if len(first) else high
    return Stretches(origin[first], edge[first], low[first], ends)
