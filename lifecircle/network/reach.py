"""The reached part of every street: cut exactly where the limit falls."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lifecircle.base.geo import Floats
from lifecircle.network.network import Ints, Mask, WalkNetwork
from lifecircle.network.rules import Flag
from lifecircle.network.search import NearestSearch


@dataclass(frozen=True)
class Reached:
    """Disjoint stretches of edges: from and to are metres along the edge."""

    edge: Ints
    from_m: Floats
    to_m: Floats

    @property
    def length_m(self) -> Floats:
        """Length of each stretch."""
        return self.to_m - self.from_m


def reached_streets(
    network: WalkNetwork, search: NearestSearch, chosen: Ints, limit_m: float
) -> Reached:
    """The stretches from which one of the chosen entrances is at most `limit_m` away.

    Along an edge of w metres with d(u), d(v) at its ends, [0, limit − d(u)] and
    [w − (limit − d(v)), w] are reached, and limit − leg to either side of an entrance on it.  In
    a scenario the limit is effort, and a metre uphill uses more of it than one downhill.
    """
    if len(chosen) == 0:
        return Reached(np.empty(0, np.int64), np.empty(0), np.empty(0))
    at_node, _ = search.at_nodes(chosen)
    graph, effort, private = search.graph, search.effort, network.has(Flag.PRIVATE)
    spare_from = limit_m - _at_end(at_node, network.edge_from, private, graph.leave, graph.arrive)
    spare_to = limit_m - _at_end(at_node, network.edge_to, private, graph.leave, graph.arrive)
    no_street = effort.closed | network.has(Flag.ACROSS)
    spare_from[network.has(Flag.NO_BACKWARD) | no_street] = -np.inf
    spare_to[network.has(Flag.NO_FORWARD) | no_street] = -np.inf
    edges = np.flatnonzero((spare_from >= 0) | (spare_to >= 0))
    spare_from, spare_to = spare_from[edges], spare_to[edges]
    own_edge = search.entrances.edge[chosen]
    offset, spare = search.entrances.offset_m[chosen], limit_m - search.entrances.leg_m[chosen]
    away, back = effort.at(own_edge, offset)
    ahead = np.where(network.has(Flag.NO_FORWARD)[own_edge], 0, spare)
    behind = np.where(network.has(Flag.NO_BACKWARD)[own_edge], 0, spare)
    edge = np.concatenate([edges, edges, own_edge])
    low = np.concatenate(
        [
            np.zeros(len(edges)),
            effort.offset(edges, effort.forward_m[edges] - spare_to, back=False),
            effort.offset(own_edge, away - ahead, back=False),
        ]
    )
    high = np.concatenate(
        [
            effort.offset(edges, spare_from, back=True),
            network.length_m[edges],
            effort.offset(own_edge, back + behind, back=True),
        ]
    )
    spare = np.concatenate([spare_from, spare_to, spare])
    keep = spare >= 0
    return _union(
        edge[keep], np.maximum(low[keep], 0), np.minimum(high, network.length_m[edge])[keep]
    )


def _at_end(at_node: Floats, node: Ints, private: Mask, leave: Ints, arrive: Ints) -> Floats:
    """Metres from an edge's end, where the walker stands on that edge."""
    on_private = np.minimum(at_node[leave[node]], at_node[arrive[node]])
    return np.where(private, on_private, at_node[node])


def _union(edge: Ints, low: Floats, high: Floats) -> Reached:
    """Stretches of each edge joined where they overlap or touch."""
    order = np.lexsort((low, edge))
    edge, low, high = edge[order], low[order], high[order]
    starts_edge = np.diff(edge, prepend=-1) != 0
    # The furthest end so far on each edge: offsets make one running maximum serve all edges.
    lift = np.cumsum(starts_edge) * (high.max(initial=0) + 1)
    furthest = np.maximum.accumulate(high + lift) - lift
    before = np.concatenate([[-np.inf], furthest[:-1]])
    starts = starts_edge | (low > before)
    first = np.flatnonzero(starts)
    last = np.append(first[1:], len(edge)) - 1
    return Reached(edge[first], low[first], furthest[last])
