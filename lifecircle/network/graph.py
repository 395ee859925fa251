"""The network as a sparse matrix that SciPy searches, and the places on it as its nodes.

Private ways let leave and arrive, never pass: a walk goes private → public → private and nothing
else.  So every node on a private way stands three times in the graph: on the way out (`leave`),
in public (its own number), and on the way in (`arrive`), joined by arcs of no length in this order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from lifecircle.base.geo import Floats
from lifecircle.network.attach import Attachment
from lifecircle.network.crossing import InSquares, in_squares, sight_of_nodes
from lifecircle.network.effort import Effort
from lifecircle.network.network import Ints, Mask, WalkNetwork
from lifecircle.network.profiles import Profile, profile_named
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

    def of(self, chosen: Mask) -> Links:
        """Some of the links."""
        return Links(self.place[chosen], self.node[chosen], self.metres[chosen])

    def __add__(self, other: Links) -> Links:
        """Both lists of links, one after the other."""
        return Links(
            np.concatenate([self.place, other.place]),
            np.concatenate([self.node, other.node]),
            np.concatenate([self.metres, other.metres]),
        )


@dataclass(frozen=True)
class WalkGraph:
    """The graph of a network for one walker; nodes 0 … N − 1 are the network's own, in public.

    A node that delays who passes it stands there once more, for those who have passed: arcs end
    at the node and begin at its double.
    """

    network: WalkNetwork
    profile: Profile = field(default_factory=lambda: profile_named("standard"))

    @cached_property
    def effort(self) -> Effort:
        """What the walker's edges and nodes cost."""
        return Effort(self.network, self.profile)

    @cached_property
    def private_nodes(self) -> Ints:
        """Nodes that private ways touch; there are K of them."""
        private = self.network.has(Flag.PRIVATE)
        return np.unique(
            np.concatenate([self.network.edge_from[private], self.network.edge_to[private]])
        )

    @property
    def size(self) -> int:
        """N + 2K nodes, and the doubles of those that delay."""
        return self._layered_size + len(self._delaying)

    @property
    def _layered_size(self) -> int:
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
    def own(self) -> Ints:
        """For each graph node the network node it stands for."""
        nodes = np.arange(self.network.node_count)
        layered = np.concatenate([nodes, self.private_nodes, self.private_nodes])
        return np.concatenate([layered, layered[self._delaying]])

    @cached_property
    def _delaying(self) -> Ints:
        """Graph nodes of all layers that delay who passes."""
        node_m, private = self.effort.node_m, self.private_nodes
        return np.flatnonzero(np.concatenate([node_m, node_m[private], node_m[private]]) > 0)

    @cached_property
    def passed(self) -> Ints:
        """For each graph node its double where it delays, else itself."""
        numbers = np.arange(self._layered_size)
        numbers[self._delaying] = self._layered_size + np.arange(len(self._delaying))
        return numbers

    @cached_property
    def turned(self) -> csr_array:
        """The arcs as a matrix that is searched from where walks end, so each is turned round."""
        arcs = self.arcs
        return sparse_matrix(Arcs(arcs.head, arcs.tail, arcs.metres), self.size)

    @property
    def arcs(self) -> Arcs:
        """All arcs of the three layers and between them; they are many, and so not held."""
        private = self.network.has(Flag.PRIVATE)
        public = np.arange(self.network.node_count)
        leaving = self.leave[self.private_nodes]
        arriving = self.arrive[self.private_nodes]
        own = self.own[self._delaying]
        return (
            self._edge_arcs(~private, public)
            + self._edge_arcs(private, self.leave)
            + self._edge_arcs(private, self.arrive)
            + self._free_arcs(leaving, self.private_nodes)
            + self._free_arcs(self.private_nodes, arriving)
            + Arcs(self._delaying, self.passed[self._delaying], self.effort.node_m[own])
        )

    def _free_arcs(self, tail: Ints, head: Ints) -> Arcs:
        """From one layer to the next, before a node is passed and after."""
        return Arcs(
            np.concatenate([tail, self.passed[tail]]),
            np.concatenate([head, self.passed[head]]),
            np.zeros(2 * len(tail)),
        )

    def _edge_arcs(self, chosen: Mask, number: Ints) -> Arcs:
        """Arcs of the chosen edges, in both directions where both may be walked."""
        network, effort = self.network, self.effort
        chosen = chosen & ~effort.closed
        forward = chosen & ~network.has(Flag.NO_FORWARD)
        backward = chosen & ~network.has(Flag.NO_BACKWARD)
        tail = np.concatenate([network.edge_from[forward], network.edge_to[backward]])
        head = np.concatenate([network.edge_to[forward], network.edge_from[backward]])
        metres = np.concatenate([effort.forward_m[forward], effort.backward_m[backward]])
        return Arcs(self.passed[number[tail]], number[head], metres)

    def starts(self, places: Attachment, inside: InSquares | None = None) -> Links:
        """From each place to the graph nodes where its walk begins, its leg included.

        `inside` is where the places lie in squares, if the caller knows it already.
        """
        # A walk that stays private to its end never shows in public: it is on the way in at once.
        out = self._ends(places, self.leave, leaving=True)
        on_the_way_in = self._ends(places, self.arrive, leaving=True)
        seen, seen_in = self._over_squares(places, (self.leave, self.arrive), inside)
        return (
            out
            + on_the_way_in.of(on_the_way_in.node != out.node)
            + self._at_node(on_the_way_in)
            + seen
            + seen_in.of(seen_in.node != seen.node)
        )

    def goals(self, places: Attachment, inside: InSquares | None = None) -> Links:
        """To each place from the graph nodes where its walk ends, its leg included."""
        (seen,) = self._over_squares(places, (self.arrive,), inside)
        seen = Links(seen.place, self.passed[seen.node], seen.metres)
        return self._ends(places, self.arrive, leaving=False) + seen

    def _over_squares(
        self, places: Attachment, layers: Sequence[Ints], inside: InSquares | None
    ) -> list[Links]:
        """Links of places in squares to all nodes they see there, for each of the layers."""
        inside = in_squares(self.network, places) if inside is None else inside
        entry, node, private, metres = sight_of_nodes(self.network, inside)
        place = inside.place[entry]
        return [Links(place, np.where(private, layer[node], node), metres) for layer in layers]

    def _at_node(self, links: Links) -> Links:
        """From places at a node that delays to the node itself: two places there are together."""
        doubles = np.arange(self._layered_size, self.size)
        double = np.isin(links.node, doubles)
        node = self._delaying[links.node[double] - self._layered_size]
        return Links(links.place[double], node, links.metres[double])

    def _ends(self, places: Attachment, layer: Ints, leaving: bool) -> Links:
        """Links of places to both ends of their edges, but for directions that are forbidden.

        A place at a junction is on all ways that meet there, private and public.
        """
        network, effort, found = self.network, self.effort, np.flatnonzero(places.found)
        edge, offset, leg = places.edge[found], places.offset_m[found], places.leg_m[found]
        away, back = effort.at(edge, offset)
        rest = network.length_m[edge] - offset
        if leaving:
            ends = [(offset, back, Flag.NO_BACKWARD)]
            ends.append((rest, effort.forward_m[edge] - away, Flag.NO_FORWARD))
        else:
            ends = [(offset, away, Flag.NO_FORWARD)]
            ends.append((rest, effort.backward_m[edge] - back, Flag.NO_BACKWARD))
        parts = []
        for node, (metres, cost, forbidden) in zip(
            (network.edge_from[edge], network.edge_to[edge]), ends, strict=True
        ):
            here = metres <= AT_NODE_M
            open_way = here | ~(network.has(forbidden) | effort.closed)[edge]
            layered = here | network.has(Flag.PRIVATE)[edge]
            number = np.where(layered, layer[node], node)
            # Who starts or ends at a node has not passed it.
            number = np.where(here == leaving, self.passed[number], number)
            parts.append((found[open_way], number[open_way], (leg + cost)[open_way]))
        place, number, metres = (np.concatenate(part) for part in zip(*parts, strict=True))
        return Links(place, number, metres)


def walk_graph(network: WalkNetwork, profile: Profile) -> WalkGraph:
    """The graph of a network for one walker, made once for each network."""
    key = ("graph", profile)
    if key not in network.kept:
        network.kept[key] = WalkGraph(network, profile)
    graph: WalkGraph = network.kept[key]
    return graph


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
