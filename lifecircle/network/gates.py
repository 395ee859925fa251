"""Gates: where a way ends because nobody, or not everybody, passes."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from lifecircle.network.network import Ints
from lifecircle.network.rules import Flag, GateState
from lifecircle.network.ways import Ways, among


def cut_at_gates(ways: Ways, gates: Mapping[int, GateState]) -> Ways:
    """Ways in which every mention of a gate ends the way at a copy of the gate's own.

    The copies of a private gate are joined through the gate by private ways of no length.
    """
    shut = among(ways.node, np.fromiter(gates, dtype=np.int64, count=len(gates)))
    if not shut.any():
        return ways
    way = ways.owner
    first = np.zeros(len(ways.node), dtype=bool)
    first[ways.start[:-1]] = True
    last = np.zeros(len(ways.node), dtype=bool)
    last[ways.start[1:] - 1] = True
    # A gate inside a way is written twice: once to end the part before, once to start the next.
    twice = shut & ~first & ~last
    index = np.repeat(np.arange(len(ways.node)), 1 + twice)
    part_starts = first[index].copy()
    part_starts[1:] |= (index[1:] == index[:-1]) & twice[index[1:]]
    node = ways.node[index]
    at_gate = np.flatnonzero(shut[index])
    fresh = ways.node.min() - 1 - np.arange(len(at_gate))
    hub, node[at_gate] = node[at_gate].copy(), fresh
    start = np.append(np.flatnonzero(part_starts), len(index))
    part_way = way[index[start[:-1]]]
    cut = Ways(
        ways.way_id[part_way],
        ways.flags[part_way],
        start,
        node,
        ways.lon[index],
        ways.lat[index],
        ways.steps[part_way],
    )
    private = np.array([gates[int(gate)] == "private" for gate in hub])
    return _with_spokes(cut, at_gate[private], hub[private])


def _with_spokes(ways: Ways, at: Ints, hub: Ints) -> Ways:
    """`ways` and a private way of no length from each vertex `at` to its gate `hub`."""
    both = np.repeat(at, 2)
    count = len(at)
    return ways.joined(
        Ways(
            np.zeros(count, dtype=np.int64),
            np.full(count, Flag.PRIVATE, dtype=np.uint8),
            2 * np.arange(count + 1),
            np.column_stack([ways.node[at], hub]).ravel(),
            ways.lon[both],
            ways.lat[both],
            np.zeros(count),
        )
    )
