"""How far every metre of street is from an origin, by NetworkX and plain sums: for proofs only.

Nothing of the package's own search is used: efforts are summed up along the edges here, a walk
leaves private ways, keeps to public ones and arrives on private ones in three layers, and squares
are crossed straight between places that see each other.
"""

from __future__ import annotations

import math
from typing import Any

import networkx as nx
import numpy as np
import shapely
from scipy.spatial import KDTree

import lifecircle as lc
from lifecircle.network.attach import Attachment
from lifecircle.network.network import NODE_DELAYS
from lifecircle.network.profiles import Profile, profile_named
from lifecircle.network.rules import Flag

PIECE_M = 1.0
INNER_M = 4.0
"""Places inside squares are this far apart."""

OUT, PUBLIC, IN = 0, 1, 2

Stand = tuple[int, np.ndarray, float]
"""A square, a place in it where walks end, and the metres from there to the origin."""


class Oracle:
    """Exact efforts towards an origin, for one walker."""

    def __init__(self, network: lc.WalkNetwork, profile: Profile | None = None) -> None:
        self.network = network
        self.profile = profile or profile_named("standard")
        self.private = network.has(Flag.PRIVATE)
        self._sum_up()
        self._build()
        self._cut()
        self._look_into_squares()

    def _sum_up(self) -> None:
        """For each vertex the effort to it from its edge's first vertex, and back again."""
        network, who = self.network, self.profile
        pace = who.speed_m_per_s
        self.away = [np.empty(0)] * network.edge_count
        self.back = [np.empty(0)] * network.edge_count
        self.along = [np.empty(0)] * network.edge_count
        stairs, lift = network.has(Flag.STEPS), network.has(Flag.LIFT)
        for edge in range(network.edge_count):
            own = slice(network.vertex_start[edge], network.vertex_start[edge + 1])
            along = network.vertex_along_m[own]
            metres, self.along[edge] = np.diff(along), along
            there, here = metres.copy(), metres.copy()
            if who.scenario:
                rise = np.nan_to_num(np.diff(network.vertex_z[own]), nan=0.0)
                slope = rise / np.where(metres > 0, metres, 1.0)
                slope = np.clip(0.0 if stairs[edge] else slope, -1, 1)
                extra = np.diff(network.vertex_steps[own]) * who.step_s * pace
                extra = extra + (who.lift_s * pace / len(metres) if lift[edge] else 0.0)
                there = metres * np.exp(3.5 * (np.abs(slope + 0.05) - 0.05)) + extra
                here = metres * np.exp(3.5 * (np.abs(-slope + 0.05) - 0.05)) + extra
            self.away[edge] = np.append(0.0, np.cumsum(there))
            self.back[edge] = np.append(0.0, np.cumsum(here))

    def _build(self) -> None:
        """The graph turned round: the search starts at the origin that all walks lead to.

        (node, layer, 0) is who has come to a node, (node, layer, 1) who has passed it.
        """
        network, who = self.network, self.profile
        self.graph: nx.DiGraph[Any] = nx.DiGraph()
        seconds = [0.0] * (1 + len(NODE_DELAYS))
        if who.scenario:
            seconds[1:] = [who.signal_s, who.lift_s]
        for node in range(network.node_count):
            delay = seconds[network.node_delay[node]] * who.speed_m_per_s
            for layer in (OUT, PUBLIC, IN):
                self._shortest((node, layer, 1), (node, layer, 0), delay)
            for passed in (0, 1):
                self._shortest((node, IN, passed), (node, PUBLIC, passed), 0.0)
                self._shortest((node, PUBLIC, passed), (node, OUT, passed), 0.0)
        closed = network.has(Flag.STEPS) & ~network.has(Flag.RAMP) & who.step_free
        self.forth = ~(network.has(Flag.NO_FORWARD) | closed)
        self.ago = ~(network.has(Flag.NO_BACKWARD) | closed)
        for edge in range(network.edge_count):
            tail, head = int(network.edge_from[edge]), int(network.edge_to[edge])
            for layer in (OUT, IN) if self.private[edge] else (PUBLIC,):
                if self.forth[edge]:
                    self._shortest((head, layer, 0), (tail, layer, 1), self.away[edge][-1])
                if self.ago[edge]:
                    self._shortest((tail, layer, 0), (head, layer, 1), self.back[edge][-1])

    def _shortest(self, tail: Any, head: Any, length: float) -> None:
        known = self.graph.get_edge_data(tail, head)
        if known is None or known["length"] > length:
            self.graph.add_edge(tail, head, length=length)

    def _cut(self) -> None:
        """Every edge as pieces of about 1 m: edge, efforts and place of each piece's middle."""
        network = self.network
        count = np.maximum(1, np.ceil(network.length_m / PIECE_M)).astype(int)
        self.edge = np.repeat(np.arange(network.edge_count), count)
        step = np.arange(len(self.edge)) - np.repeat(np.cumsum(count) - count, count)
        share = (step + 0.5) / count[self.edge]
        self.offset = share * network.length_m[self.edge]
        at = shapely.line_interpolate_point(network.lines[self.edge], share, normalized=True)
        self.xy = shapely.get_coordinates(at)
        self.street = ~network.has(Flag.ACROSS)[self.edge]
        self.to_from, self.to_to = np.empty(len(self.edge)), np.empty(len(self.edge))
        ends = np.append(0, np.cumsum(count))
        for edge in range(network.edge_count):
            own = slice(ends[edge], ends[edge + 1])
            away = np.interp(self.offset[own], self.along[edge], self.away[edge])
            self.to_from[own] = np.interp(self.offset[own], self.along[edge], self.back[edge])
            self.to_to[own] = self.away[edge][-1] - away
        self.tree = KDTree(self.xy)

    def _look_into_squares(self) -> None:
        """Places inside squares and on their rims, and which nodes each of them sees."""
        self.inner: list[np.ndarray] = []
        self.sights: list[np.ndarray] = []
        self.wide: list[shapely.Geometry] = []
        network = self.network
        for square in network.squares:
            west, south, east, north = square.polygon.bounds
            grid = np.meshgrid(np.arange(west, east, INNER_M), np.arange(south, north, INNER_M))
            places = np.column_stack([part.ravel() for part in grid])
            rim = shapely.get_coordinates(shapely.segmentize(square.polygon, PIECE_M))
            places = places[shapely.covers(square.polygon, shapely.points(places))]
            places = np.concatenate([places, rim])
            wide = shapely.buffer(square.polygon, 1e-5, join_style="mitre")
            shapely.prepare(wide)
            nodes = np.column_stack([network.node_x[square.nodes], network.node_y[square.nodes]])
            self.inner.append(places)
            self.sights.append(self._straight(wide, places, nodes))
            self.wide.append(wide)

    @staticmethod
    def _straight(wide: shapely.Geometry, here: np.ndarray, there: np.ndarray) -> np.ndarray:
        """Straight metres between places that see each other, infinite between others."""
        pairs = np.broadcast_arrays(here[:, np.newaxis], there[np.newaxis])
        lines = shapely.linestrings(np.stack(pairs, axis=2))
        metres = np.hypot(*(pairs[0] - pairs[1]).T).T
        return np.where(shapely.covers(wide, lines), metres, np.inf)

    def labels(
        self, at: Attachment, row: int, limit_m: float
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Places round an origin, the effort of the walk from each (inf beyond), which are streets.

        Places inside squares come after the pieces of streets and sight lines.
        """
        stands = self._standing_in(at, row)
        found = self._search(at, row, limit_m, stands)
        near = np.array(
            self.tree.query_ball_point([at.x[row], at.y[row]], limit_m + 300), dtype=np.int64
        )
        places, metres, street = [self.xy[near]], [self._metres(near, found, at, row)], []
        street.append(self.street[near])
        for number in range(len(self.network.squares)):
            own = self._in_square(number, found, stands)
            if np.isfinite(own).any():
                places.append(self.inner[number])
                metres.append(own)
                street.append(np.ones(len(own), dtype=bool))
        return np.concatenate(places), np.concatenate(metres), np.concatenate(street)

    def _search(
        self, at: Attachment, row: int, limit_m: float, stands: list[Stand]
    ) -> dict[Any, float]:
        network, edge, leg = self.network, int(at.edge[row]), float(at.leg_m[row])
        layer = IN if self.private[edge] else PUBLIC
        offset, links = float(at.offset_m[row]), []
        if self.forth[edge]:
            cost = np.interp(offset, self.along[edge], self.away[edge])
            links.append(((int(network.edge_from[edge]), layer, 1), leg + cost))
        if self.ago[edge]:
            cost = self.back[edge][-1] - np.interp(offset, self.along[edge], self.back[edge])
            links.append(((int(network.edge_to[edge]), layer, 1), leg + cost))
        for number, place, own_leg in stands:
            square = network.squares[number]
            layer = IN if square.private else PUBLIC
            nodes = np.column_stack([network.node_x[square.nodes], network.node_y[square.nodes]])
            straight = self._straight(self.wide[number], place, nodes)[0]
            links += [
                ((int(node), layer, 1), metres + own_leg)
                for node, metres in zip(square.nodes, straight, strict=True)
                if np.isfinite(metres)
            ]
        for node, length in links:
            self._shortest("origin", node, float(length))
        found = nx.single_source_dijkstra_path_length(
            self.graph, "origin", limit_m, weight="length"
        )
        self.graph.remove_node("origin")
        return dict(found)

    def _standing_in(self, at: Attachment, row: int) -> list[Stand]:
        """The squares an origin stands in or attaches to, the place the walk ends at, its leg."""
        assert at.own_x is not None
        assert at.own_y is not None
        own = np.array([[at.own_x[row], at.own_y[row]]])
        foot = np.array([[at.x[row], at.y[row]]])
        found: list[Stand] = []
        for number, square in enumerate(self.network.squares):
            if shapely.intersects_xy(square.polygon, *own[0]):
                found.append((number, own, 0.0))
            elif shapely.dwithin(square.polygon, shapely.Point(foot[0]), 1e-5):
                found.append((number, foot, float(at.leg_m[row])))
        return found

    def _in_square(self, number: int, found: dict[Any, float], stands: list[Stand]) -> np.ndarray:
        """The walk from every place in a square: straight to a node or to the origin."""
        square, places = self.network.squares[number], self.inner[number]
        layers = (OUT, IN) if square.private else (PUBLIC,)
        nodes = [min(found.get((int(n), one, 0), math.inf) for one in layers) for n in square.nodes]
        metres = np.full(len(places), np.inf)
        if np.isfinite(nodes).any():
            metres = (self.sights[number] + np.array(nodes)).min(axis=1)
        for other, place, leg in stands:
            if other == number:
                straight = self._straight(self.wide[number], places, place)[:, 0]
                metres = np.minimum(metres, straight + leg)
        return metres

    def _metres(
        self, near: np.ndarray, found: dict[Any, float], at: Attachment, row: int
    ) -> np.ndarray:
        network, piece_edge = self.network, self.edge[near]
        edges, index = np.unique(piece_edge, return_inverse=True)
        ends = np.full((len(edges), 2), np.inf)
        for number, one in enumerate(edges):
            layers = (OUT, IN) if self.private[one] else (PUBLIC,)
            for side, node in enumerate((network.edge_from[one], network.edge_to[one])):
                ends[number, side] = min(found.get((int(node), a, 0), math.inf) for a in layers)
        ends[~self.ago[edges], 0] = np.inf
        ends[~self.forth[edges], 1] = np.inf
        metres = np.minimum(ends[index, 0] + self.to_from[near], ends[index, 1] + self.to_to[near])
        edge, offset, leg = int(at.edge[row]), float(at.offset_m[row]), float(at.leg_m[row])
        own = piece_edge == edge
        away, back = (
            np.interp(offset, self.along[edge], ruler[edge]) for ruler in (self.away, self.back)
        )
        ahead = self.offset[near][own] < offset  # these walk with rising offsets
        direct = np.where(
            ahead,
            away - (self.away[edge][-1] - self.to_to[near][own]),
            self.to_from[near][own] - back,
        )
        direct = leg + direct
        direct[np.where(ahead, not self.forth[edge], not self.ago[edge])] = np.inf
        metres[own] = np.minimum(metres[own], direct)
        return metres
