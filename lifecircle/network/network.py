"""The walking network: frozen arrays, and nothing that reads a file.

Nodes are junctions and dead ends; an edge is everything between two of them, with its geometry.
Parallel edges, loops and islands are kept.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

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


@dataclass(frozen=True)
class WalkNetwork:
    """The streets as arrays of N nodes, E edges and V vertices.

    `vertex_start` (E + 1) cuts the vertices into edges; `vertex_along_m` counts the metres from
    the edge's first vertex, geodesic where the streets come from a map.  `crs` is metric, or None
    for a plane drawn on paper, whose straight lines are then Euclidean.  `extent` is the ground
    that the streets are complete for, and `barriers` what an access leg may not cross, both in
    `crs`; `extent` None stands for everywhere.
    """

    node_x: Floats
    node_y: Floats
    edge_from: Ints
    edge_to: Ints
    length_m: Floats
    flags: npt.NDArray[np.uint8]
    way_id: Ints
    vertex_start: Ints
    vertex_x: Floats
    vertex_y: Floats
    vertex_along_m: Floats
    crs: CRS | None = None
    extent: shapely.Geometry | None = None
    barriers: npt.NDArray[np.object_] = field(default_factory=lambda: np.empty(0, dtype=object))

    @property
    def node_count(self) -> int:
        """N."""
        return len(self.node_x)

    @property
    def edge_count(self) -> int:
        """E."""
        return len(self.length_m)

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
            public_of[self.edge_from[~private]], self.length_m[~private], self.node_count
        )
        component = public_of[self.edge_from]
        piece_of = self._pieces(private)
        best = _largest_touched(piece_of, public_of, metres)
        component[private] = best[piece_of[self.edge_from[private]]]
        # A private piece that touches no public way is an island of its own.
        alone = private & (metres[component] == 0)
        metres = metres + _sums(component[alone], self.length_m[alone], self.node_count)
        return component, metres[component]

    def _pieces(self, chosen: Mask) -> Ints:
        """For each node the connected piece it lies in when only `chosen` edges are walked."""
        ends = (self.edge_from[chosen], self.edge_to[chosen])
        ones = np.ones(len(ends[0]))
        graph = coo_array((ones, ends), shape=(self.node_count, self.node_count))
        return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)

    def to_networkx(self) -> nx.MultiDiGraph[int]:
        """The network as a NetworkX graph: an edge for each direction that may be walked.

        Nodes carry `x`, `y`; edges `length` in metres, `osmid`, `private` and `geometry`.
        """
        import networkx as nx

        graph: nx.MultiDiGraph[int] = nx.MultiDiGraph(crs=self.crs)
        graph.add_nodes_from(
            (node, {"x": x, "y": y})
            for node, (x, y) in enumerate(zip(self.node_x, self.node_y, strict=True))
        )
        private, lines = self.has(Flag.PRIVATE), self.lines
        directions = (
            (self.edge_from, self.edge_to, ~self.has(Flag.NO_FORWARD), lines),
            (self.edge_to, self.edge_from, ~self.has(Flag.NO_BACKWARD), shapely.reverse(lines)),
        )
        for tail, head, allowed, geometry in directions:
            for edge in np.flatnonzero(allowed):
                graph.add_edge(
                    int(tail[edge]),
                    int(head[edge]),
                    length=float(self.length_m[edge]),
                    osmid=int(self.way_id[edge]),
                    private=bool(private[edge]),
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
