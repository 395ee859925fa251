"""Heights along the streets: places close enough together that a slope is not missed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lifecircle.base.geo import Floats
from lifecircle.network.network import WalkNetwork
from lifecircle.network.rules import Flag


def densified(network: WalkNetwork, spacing_m: float) -> WalkNetwork:
    """The same network with vertices at most `spacing_m` apart; no length changes."""
    along = network.vertex_along_m
    count = np.ones(len(along), dtype=np.int64)
    metres = np.diff(along, prepend=0.0)
    metres[network.vertex_start[:-1]] = 0
    count = np.maximum(np.ceil(metres / spacing_m).astype(np.int64), 1)
    # Vertex v becomes count[v] vertices: those between the one before it and v, and v itself.
    index = np.repeat(np.arange(len(along)), count)
    number = np.arange(len(index)) - np.repeat(np.cumsum(count) - count, count)
    part = (number + 1) / count[index]
    before = np.maximum(index - 1, 0)

    def spread(values: Floats) -> Floats:
        between = values[before] + part * (values[index] - values[before])
        return np.where(part == 1, values[index], between)

    edge = np.repeat(np.arange(network.edge_count), np.diff(network.vertex_start))
    sizes = np.bincount(edge[index], minlength=network.edge_count)
    return replace(
        network,
        vertex_start=np.append(0, np.cumsum(sizes)),
        vertex_x=spread(network.vertex_x),
        vertex_y=spread(network.vertex_y),
        vertex_along_m=spread(along),
        vertex_steps=spread(network.vertex_steps),
        vertex_z=spread(network.vertex_z),
    )


def with_heights(network: WalkNetwork, ground_m: Floats) -> WalkNetwork:
    """The network with heights: of the ground at each vertex, but straight over bridges.

    `ground_m` is NaN where nothing is known; there the way counts as flat.
    """
    start = network.vertex_start
    first = np.repeat(start[:-1], np.diff(start))
    last = np.repeat(start[1:] - 1, np.diff(start))
    length = network.vertex_along_m[last]
    part = np.divide(network.vertex_along_m, length, out=np.zeros(len(length)), where=length > 0)
    straight = ground_m[first] + part * (ground_m[last] - ground_m[first])
    above = np.repeat(network.has(Flag.OFF_GROUND), np.diff(start))
    return replace(network, vertex_z=np.where(above, straight, ground_m))
