"""The network as a sparse matrix that SciPy searches, and the places on it as its nodes.

Private ways let leave and arrive, never pass: a walk goes private → public → private and nothing
else.  So every node on a private way stands three times in the graph: on the way out (`leave`),
in public (its own number), and on the way in (`arrive`), joined by arcs of no length in this order.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from lifecircle.base.geo import Floats
from lifecircle.network.attach import Attachment
from lifecircle.network.network import Ints, Mask, WalkNetwork
from lifecircle.network.rules import Flag

AT_NODE_M = 1e-6
"""A place this near to a junction is at the junction."""


@dataclass(frozen=True)
class Arcs:
    """Directed arcs between graph nodes, in the direction of the walk."""

    tail: Ints
    head: Ints
    metres: Floats

    def __add__(self, other: Arcs) -> Arcs:
        """Both lists of arcs, one after the other."""
        return Arcs(
            np.concatenate([self.tail, other.tail]),
            np.concatenate([self.head, other.head]),
            np.concatenate([self.metres, other.metres]),
        )


@dataclass(frozen=True)
class Links:
    """Ways between places and graph nodes: place, node, and the metres between them."""

    place: Ints
    node: Ints
    metres: Floats


@dataclass(frozen=True)
class WalkGraph:
    """The graph of a network; nodes 0 … N − 1 are the network's own, in public."""

    network: WalkNetwork

    @cached_property
    def private_nodes(self) -> Ints:
        """Nodes that private ways touch; there are K of them."""
        private = self.network.has(Flag.PRIVATE)
        return np.unique(
            np.concatenate([self.network.edge_from[private], self.network.edge_to[private]])
        )

    @property
    def size(self) -> int:
        """N + 2K nodes."""
        return self.network.node_count + 2 * len(self.private_nodes)

    @cached_property
    def leave(self) -> Ints:
        """For each network node its number on the way out; its own where no private way ends."""
        return self._layer(self.network.node_count)

    @cached_property
    def arrive(self) -> Ints:
        """For each network node its number on the way in."""
        return self._layer(self.network.node_count + len(self.private_nodes))

    def _layer(self, first: int) -> Ints:
        numbers = np.arange(self.network.node_count)
        numbers[self.private_nodes] = first + np.arange(len(self.private_nodes))
        return numbers

    @cached_property
    def arcs(self) -> Arcs:
        """All arcs of the three layers and between them."""
        private = self.network.has(Flag.PRIVATE)
        own = np.arange(self.network.node_count)
        nothing = np.zeros(len(self.private_nodes))
        return (
            self._edge_arcs(~private, own)
            + self._edge_arcs(private, self.leave)
            + self._edge_arcs(private, self.arrive)
            + Arcs(self.leave[self.private_nodes], self.private_nodes, nothing)
            + Arcs(self.private_nodes, self.arrive[self.private_nodes], nothing)
        )

    def _edge_arcs(self, chosen: Mask, number: Ints) -> Arcs:
        """Arcs of the chosen edges, in both directions where both may be walked."""
        network = self.network
        forward = chosen & ~network.has(Flag.NO_FORWARD)
        backward = chosen & ~network.has(Flag.NO_BACKWARD)
        return Arcs(
            number[np.concatenate([network.edge_from[forward], network.edge_to[backward]])],
            number[np.concatenate([network.edge_to[forward], network.edge_from[backward]])],
            np.concatenate([network.length_m[forward], network.length_m[backward]]),
        )

    def starts(self, places: Attachment) -> Links:
        """From each place to the graph nodes where its walk begins, its leg included."""
        links = self._ends(places, Flag.NO_FORWARD, Flag.NO_BACKWARD, self.leave)
        # A walk that stays private to its end never shows in public: it is on the way in at once.
        inside = self._ends(places, Flag.NO_FORWARD, Flag.NO_BACKWARD, self.arrive)
        return Links(
            np.concatenate([links.place, inside.place]),
            np.concatenate([links.node, inside.node]),
            np.concatenate([links.metres, inside.metres]),
        )

    def goals(self, places: Attachment) -> Links:
        """To each place from the graph nodes where its walk ends, its leg included."""
        return self._ends(places, Flag.NO_BACKWARD, Flag.NO_FORWARD, self.arrive)

    def _ends(self, places: Attachment, to_end: Flag, to_start: Flag, layer: Ints) -> Links:
        """Links of places to both ends of their edges, but for directions that flags forbid.

        A place at a junction is on all ways that meet there, private and public.
        """
        network, found = self.network, np.flatnonzero(places.found)
        edge, offset, leg = places.edge[found], places.offset_m[found], places.leg_m[found]
        parts = []
        for node, metres, forbidden in (
            (network.edge_from[edge], offset, to_start),
            (network.edge_to[edge], network.length_m[edge] - offset, to_end),
        ):
            here = metres <= AT_NODE_M
            open_way = here | ~network.has(forbidden)[edge]
            layered = here | network.has(Flag.PRIVATE)[edge]
            number = np.where(layered, layer[node], node)
            parts.append((found[open_way], number[open_way], (leg + metres)[open_way]))
        place, number, metres = (np.concatenate(part) for part in zip(*parts, strict=True))
        return Links(place, number, metres)


def sparse_matrix(arcs: Arcs, size: int) -> csr_array:
    """Arcs as a matrix; of parallel arcs the shortest counts, and arcs of no length are kept.

    SciPy would add parallel entries up, so the shortest is chosen here.
    """
    order = np.lexsort((arcs.metres, arcs.head, arcs.tail))
    tail, head, metres = arcs.tail[order], arcs.head[order], arcs.metres[order]
    first = np.ones(len(tail), dtype=bool)
    first[1:] = (tail[1:] != tail[:-1]) | (head[1:] != head[:-1])
    start = np.searchsorted(tail[first], np.arange(size + 1))
    index: npt.NDArray[np.int32] = head[first].astype(np.int32)
    return csr_array((metres[first], index, start.astype(np.int32)), shape=(size, size))
