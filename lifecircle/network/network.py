"""The walking network: frozen arrays, and nothing that reads a file.

Nodes are junctions and dead ends; an edge is everything between two of them, with its geometry.
Parallel edges, loops and islands are kept.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import shapely
from pyproj import CRS
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from lifecircle.base.geo import Floats
from lifecircle.network.rules import Flag

if TYPE_CHECKING:
    import networkx as nx

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


NODE_DELAYS = ("signal", "lift")
"""What delays who passes a node; `node_delay` counts them from 1."""


@dataclass(frozen=True)
class SquareArea:
    """An area that is crossed freely, in the network's crs, and the nodes seen from inside it."""

    polygon: shapely.Polygon
    nodes: Ints
    private: bool


@dataclass(frozen=True)
class WalkNetwork:
    """The streets as arrays of N nodes, E edges and V vertices.

    `vertex_start` (E + 1) cuts the vertices into edges; `vertex_along_m` counts the metres from
    the edge's first vertex, geodesic where the streets come from a map, `vertex_steps` the steps;
    `vertex_z` is the height in metres, NaN where nothing is known of it.  `node_delay` is a number
    of `NODE_DELAYS`, 0 for nothing.  `crs` is metric, or None for a plane drawn on paper, whose
    straight lines are then Euclidean.  `extent` is the ground that the streets are complete for,
    `barriers` what an access leg may not cross, both in `crs`; `extent` None stands for
    everywhere.
    """

    node_x: Floats
    node_y: Floats
    node_delay: npt.NDArray[np.uint8]
    edge_from: Ints
    edge_to: Ints
    length_m: Floats
    flags: npt.NDArray[np.uint8]
    way_id: Ints
    vertex_start: Ints
    vertex_x: Floats
    vertex_y: Floats
    vertex_along_m: Floats
    vertex_steps: Floats
    vertex_z: Floats
    crs: CRS | None = None
    extent: shapely.Geometry | None = None
    barriers: npt.NDArray[np.object_] = field(default_factory=lambda: np.empty(0, dtype=object))
    squares: tuple[SquareArea, ...] = ()

    @property
    def node_count(self) -> int:
        """N."""
        return len(self.node_x)

    @property
    def edge_count(self) -> int:
        """E."""
        return len(self.length_m)

    @property
    def street_m(self) -> Floats:
        """Metres of each edge as a street to walk along: sight lines over squares are none."""
        return np.where(self.has(Flag.ACROSS), 0.0, self.length_m)

    def has(self, flag: Flag) -> Mask:
        """Which edges carry `flag`."""
        return np.asarray(self.flags & np.uint8(flag), dtype=bool)

    @cached_property
    def lines(self) -> npt.NDArray[np.object_]:
        """The edges as shapely lines in `crs`."""
        owner = np.repeat(np.arange(self.edge_count), np.diff(self.vertex_start))
        coordinates = np.column_stack([self.vertex_x, self.vertex_y])
        return np.asarray(shapely.linestrings(coordinates, indices=owner), dtype=object)

    @cached_property
    def kept(self) -> dict[Any, Any]:
        """What others work out of these streets once and come back for."""
        return {}

    @cached_property
    def component(self) -> Ints:
        """Component of each edge; a private piece belongs to the largest public one it touches."""
        return self._components[0]

    @cached_property
    def component_m(self) -> Floats:
        """Metres of ways in each edge's component."""
        return self._components[1]

    @cached_property
    def _components(self) -> tuple[Ints, Floats]:
        private = self.has(Flag.PRIVATE)
        public_of = self._pieces(~private)
        metres = _sums(
            public_of[self.edge_from[~private]], self.street_m[~private], self.node_count
        )
        component = public_of[self.edge_from]
        piece_of = self._pieces(private)
        best = _largest_touched(piece_of, public_of, metres)
        component[private] = best[piece_of[self.edge_from[private]]]
        # A private piece that touches no public way is an island of its own.
        alone = private & (metres[component] == 0)
        metres = metres + _sums(component[alone], self.street_m[alone], self.node_count)
        return component, metres[component]

    def _pieces(self, chosen: Mask) -> Ints:
        """For each node the connected piece it lies in when only `chosen` edges are walked."""
        ends = (self.edge_from[chosen], self.edge_to[chosen])
        ones = np.ones(len(ends[0]))
        graph = coo_array((ones, ends), shape=(self.node_count, self.node_count))
        return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)

    def to_networkx(self, profile: str = "standard") -> nx.MultiDiGraph[int]:
        """The network as a NetworkX graph: an edge for each direction that may be walked.

        Nodes carry `x`, `y` in the graph's `crs`; edges `length` in metres, `minutes` of the
        profile, `osmid`, `private`, `across` (a sight line over a square), `one_way`
        (walked this way only) and `geometry`.
        """
        import networkx as nx

        from lifecircle.network.effort import Effort
        from lifecircle.network.profiles import profile_named

        effort = Effort(self, profile_named(profile))
        pace = effort.profile.m_per_min
        crs = None if self.crs is None else self.crs.to_wkt()
        graph: nx.MultiDiGraph[int] = nx.MultiDiGraph(crs=crs, simplified=True)
        graph.add_nodes_from(
            (node, {"x": float(x), "y": float(y)})
            for node, (x, y) in enumerate(zip(self.node_x, self.node_y, strict=True))
        )
        private, across, lines = self.has(Flag.PRIVATE), self.has(Flag.ACROSS), self.lines
        there = ~self.has(Flag.NO_FORWARD) & ~effort.closed
        back = ~self.has(Flag.NO_BACKWARD) & ~effort.closed
        directions = (
            (self.edge_from, self.edge_to, there, back, effort.forward_m, lines),
            (self.edge_to, self.edge_from, back, there, effort.backward_m, shapely.reverse(lines)),
        )
        for tail, head, allowed, other, cost, geometry in directions:
            for edge in np.flatnonzero(allowed):
                graph.add_edge(
                    int(tail[edge]),
                    int(head[edge]),
                    length=float(self.length_m[edge]),
                    minutes=float(cost[edge] / pace),
                    osmid=int(self.way_id[edge]),
                    private=bool(private[edge]),
                    across=bool(across[edge]),
                    one_way=not other[edge],
                    geometry=geometry[edge],
                )
        return graph


def _sums(index: Ints, values: Floats, count: int) -> Floats:
    return np.bincount(index, values, count).astype(np.float64)


def _largest_touched(piece_of: Ints, public_of: Ints, metres: Floats) -> Ints:
    """For each private piece the public component with the most metres that its nodes touch."""
    order = np.lexsort((-public_of, metres[public_of], piece_of))
    last = np.flatnonzero(np.diff(piece_of[order], append=-1))
    best = np.zeros(len(metres), dtype=np.int64)
    best[piece_of[order[last]]] = public_of[order[last]]
    return best
