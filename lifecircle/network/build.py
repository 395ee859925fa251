"""From ways as they are mapped to the network: split at junctions, contract what lies between.

The steps, each on whole arrays: cut ways at shut and private gates, measure every segment,
find the junctions, cut the ways into pieces there, join pieces that meet at a node of degree 2.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import shapely
from pyproj import CRS

from lifecircle.base.geo import Floats, geodesic_m, project
from lifecircle.network.gates import cut_at_gates
from lifecircle.network.network import NODE_DELAYS, Ints, SquareArea, WalkNetwork
from lifecircle.network.rules import Flag, GateState
from lifecircle.network.squares import Sights, sights_of, square_ways
from lifecircle.network.ways import NodeDelay, Square, Ways, among, steps_per_m

TWO_WAY = np.uint8(Flag.NO_FORWARD | Flag.NO_BACKWARD)


@dataclass(frozen=True)
class Segments:
    """The straight pieces between neighbouring vertices: S of them, in the order of the ways."""

    tail: Ints
    head: Ints
    way: Ints
    length_m: Floats


def build_network(
    ways: Ways,
    crs: CRS,
    gates: Mapping[int, GateState] | None = None,
    extent: shapely.Geometry | None = None,
    barriers: npt.NDArray[np.object_] | None = None,
    delays: Mapping[int, NodeDelay] | None = None,
    squares: Sequence[Square] = (),
) -> WalkNetwork:
    """The network of `ways` in the metric `crs`; lengths are geodesic.

    `gates` holds the nodes that are shut (they cut every way that meets there) or private (they
    let leave and arrive, not pass), `delays` those that delay who passes, `squares` the areas
    that are crossed freely.  `extent` and `barriers` are in `crs`.
    """
    ways = replace(ways, steps=steps_per_m(ways))
    sights = sights_of(ways, squares, crs)
    ways = cut_at_gates(ways.joined(square_ways(ways, squares, sights)), gates or {})
    names, node = np.unique(ways.node, return_inverse=True)
    lon, lat = np.empty(len(names)), np.empty(len(names))
    lon[node], lat[node] = ways.lon, ways.lat
    segments = _segments(ways, node, lon, lat)
    x, y = project(lon, lat, crs)
    delay = _node_delays(names, delays or {})
    pieces = _pieces(segments, _junctions(segments, ways.flags, len(names)) | (delay > 0))
    network, number = _assemble(_chains(pieces), pieces, segments, ways, x, y, crs)
    return replace(
        network,
        node_delay=delay[number >= 0],
        squares=_areas(squares, sights, names, number) if squares else (),
        extent=extent,
        barriers=network.barriers if barriers is None else barriers,
    )


def _node_delays(names: Ints, delays: Mapping[int, NodeDelay]) -> npt.NDArray[np.uint8]:
    """For each named node what delays who passes it, as numbers of `NODE_DELAYS`; 0 is nothing."""
    delay = np.zeros(len(names), dtype=np.uint8)
    for number, kind in enumerate(NODE_DELAYS, start=1):
        nodes = [node for node, what in delays.items() if what == kind]
        delay[among(names, np.array(nodes, dtype=np.int64))] = number
    return delay


def _areas(
    squares: Sequence[Square], sights: Sights, names: Ints, number: Ints
) -> tuple[SquareArea, ...]:
    """The squares with their nodes as numbers of the network; a gate's copies stay out."""
    place = np.clip(np.searchsorted(names, sights.node), 0, len(names) - 1)
    nodes = np.where(names[place] == sights.node, number[place], -1)
    return tuple(
        SquareArea(polygon, own[own >= 0], bool(square.flags & Flag.PRIVATE))
        for square, polygon, own in zip(
            squares, sights.polygons, np.split(nodes, sights.start[1:-1]), strict=True
        )
    )


def _segments(ways: Ways, node: Ints, lon: Floats, lat: Floats) -> Segments:
    """All segments but those of a node with itself."""
    way = ways.owner
    inside = (way[1:] == way[:-1]) & (node[1:] != node[:-1])
    tail, head, way = node[:-1][inside], node[1:][inside], way[1:][inside]
    return Segments(tail, head, way, geodesic_m(lon[tail], lat[tail], lon[head], lat[head]))


def _junctions(
    segments: Segments, flags: npt.NDArray[np.uint8], count: int
) -> npt.NDArray[np.bool_]:
    """Nodes where an edge must end: not exactly two segment ends, or two of different kind.

    Ways bound to one direction are joined only within themselves.
    """
    ends = np.concatenate([segments.tail, segments.head])
    kind = flags[segments.way].astype(np.int64)
    kind = np.where(kind & TWO_WAY, -1 - segments.way, kind)
    kinds = np.concatenate([kind, kind])
    degree = np.bincount(ends, minlength=count)
    low = np.full(count, np.iinfo(np.int64).max)
    high = np.full(count, np.iinfo(np.int64).min)
    np.minimum.at(low, ends, kinds)
    np.maximum.at(high, ends, kinds)
    return np.asarray((degree != 2) | (low != high))


@dataclass(frozen=True)
class Pieces:
    """Runs of segments within one way: piece p is segments start[p] to start[p + 1]."""

    start: Ints
    first: Ints
    last: Ints
    joint: npt.NDArray[np.bool_]
    """For each node: True where two pieces are to be joined."""


def _pieces(segments: Segments, junction: npt.NDArray[np.bool_]) -> Pieces:
    continues = (segments.head[:-1] == segments.tail[1:]) & (segments.way[:-1] == segments.way[1:])
    breaks = ~continues | junction[segments.head[:-1]]
    start = np.concatenate([[0], np.flatnonzero(breaks) + 1, [len(segments.tail)]])
    first, last = segments.tail[start[:-1]], segments.head[start[1:] - 1]
    joint = np.zeros(len(junction), dtype=bool)
    joint[np.concatenate([first, last])] = True
    return Pieces(start, first, last, joint & ~junction)


@dataclass(frozen=True)
class Chains:
    """Pieces in the order they are walked: chain c is entries start[c] to start[c + 1]."""

    start: Ints
    piece: Ints
    turned: npt.NDArray[np.bool_]


def _chains(pieces: Pieces) -> Chains:
    """Pieces joined end to end so that no chain ends at a joint.

    A ring of joints alone becomes one chain from one of its nodes to itself.  Chains come in the
    order of the pieces they were begun with, rings last.
    """
    alone = np.flatnonzero(~pieces.joint[pieces.first] & ~pieces.joint[pieces.last])
    joined, turned, chain = _joined(pieces)
    piece, chain = np.concatenate([alone, joined]), np.concatenate([alone, chain])
    order = np.argsort(chain, kind="stable")
    start = np.flatnonzero(np.diff(chain[order], prepend=-1, append=-1))
    turned = np.concatenate([np.zeros(len(alone), dtype=bool), turned])
    return Chains(start, piece[order], turned[order])


def _joined(pieces: Pieces) -> tuple[Ints, npt.NDArray[np.bool_], Ints]:
    """The pieces that touch a joint as they are walked: piece, turned, and a number that rises
    with the chains."""
    touching = _pieces_at_joints(pieces)
    at_first, at_last = pieces.joint[pieces.first], pieces.joint[pieces.last]
    first, last = pieces.first.tolist(), pieces.last.tolist()
    done = np.zeros(len(first), dtype=bool)
    piece: list[int] = []
    turned: list[bool] = []
    chain: list[int] = []
    seeds = np.concatenate([np.flatnonzero(at_first ^ at_last), np.flatnonzero(at_first & at_last)])
    rings = len(first) * (at_first & at_last)[seeds]
    for seed, number in zip(seeds.tolist(), (seeds + rings).tolist(), strict=True):
        if done[seed]:
            continue
        onward, turn = [seed], bool(at_first[seed] and not at_last[seed])
        while onward:
            done[onward[0]] = True
            piece.append(onward[0])
            turned.append(turn)
            chain.append(number)
            node = first[onward[0]] if turn else last[onward[0]]
            onward = [other for other in touching.get(node, ()) if not done[other]]
            turn = bool(onward) and first[onward[0]] != node
    numbers = np.array(chain, dtype=np.int64)
    return np.array(piece, dtype=np.int64), np.array(turned, dtype=bool), numbers


def _pieces_at_joints(pieces: Pieces) -> dict[int, list[int]]:
    touching: dict[int, list[int]] = {}
    for ends in (pieces.first, pieces.last):
        index = np.flatnonzero(pieces.joint[ends])
        for piece, node in zip(index.tolist(), ends[index].tolist(), strict=True):
            touching.setdefault(node, []).append(piece)
    return touching


def _assemble(
    chains: Chains, pieces: Pieces, segments: Segments, ways: Ways, x: Floats, y: Floats, crs: CRS
) -> tuple[WalkNetwork, Ints]:
    """The arrays of the network, an edge for each chain, and each node's number in it or -1."""
    count = np.diff(pieces.start)[chains.piece]
    step = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    low, high = pieces.start[:-1][chains.piece], pieces.start[1:][chains.piece]
    turned = np.repeat(chains.turned, count)
    walked = np.where(turned, np.repeat(high, count) - 1 - step, np.repeat(low, count) + step)
    near = np.where(turned, segments.head[walked], segments.tail[walked])
    far = np.where(turned, segments.tail[walked], segments.head[walked])

    segment_start = np.append(0, np.cumsum(count))[chains.start]
    first, last = segment_start[:-1], segment_start[1:] - 1
    vertex_start = segment_start + np.arange(len(segment_start))
    vertex = np.empty(vertex_start[-1], dtype=np.int64)
    is_first = np.zeros(len(vertex), dtype=bool)
    is_first[vertex_start[:-1]] = True
    vertex[is_first], vertex[~is_first] = near[first], far
    length = segments.length_m[walked]
    steps = length * ways.steps[segments.way[walked]]

    nodes, ends = np.unique(np.concatenate([near[first], far[last]]), return_inverse=True)
    number = np.full(len(x), -1, dtype=np.int64)
    number[nodes] = np.arange(len(nodes))
    along = _sums_along(length, segment_start)
    network = WalkNetwork(
        node_x=x[nodes],
        node_y=y[nodes],
        node_delay=np.zeros(len(nodes), dtype=np.uint8),
        edge_from=ends[: len(first)],
        edge_to=ends[len(first) :],
        length_m=along[vertex_start[1:] - 1],
        flags=_turned(ways.flags[segments.way[walked[first]]], turned[first]),
        way_id=np.maximum.reduceat(ways.way_id[segments.way[walked]], first),
        vertex_start=vertex_start,
        vertex_x=x[vertex],
        vertex_y=y[vertex],
        vertex_along_m=along,
        vertex_steps=_sums_along(steps, segment_start),
        vertex_z=np.full(len(vertex), np.nan),
        crs=crs,
    )
    return network, number


def _sums_along(values: Floats, segment_start: Ints) -> Floats:
    """Sums of segments' values from the first vertex of each edge to each of its vertices."""
    total = np.append(0, np.cumsum(values))
    count = np.diff(segment_start)
    sums = np.zeros(len(values) + len(count))
    is_first = np.zeros(len(sums), dtype=bool)
    is_first[segment_start[:-1] + np.arange(len(count))] = True
    sums[~is_first] = total[1:] - np.repeat(total[segment_start[:-1]], count)
    return sums


def _turned(flags: npt.NDArray[np.uint8], turned: npt.NDArray[np.bool_]) -> npt.NDArray[np.uint8]:
    """Flags with the two directions exchanged where the way is drawn against its edge."""
    forward = np.where(flags & Flag.NO_FORWARD, Flag.NO_BACKWARD, 0)
    backward = np.where(flags & Flag.NO_BACKWARD, Flag.NO_FORWARD, 0)
    exchanged = (flags & ~TWO_WAY) | forward.astype(np.uint8) | backward.astype(np.uint8)
    return np.where(turned, exchanged, flags).astype(np.uint8)


def network_from_arrays(
    node_xy: npt.ArrayLike,
    edges: npt.ArrayLike,
    length_m: npt.ArrayLike | None = None,
    flags: npt.ArrayLike | None = None,
) -> WalkNetwork:
    """A network drawn on paper: straight edges between nodes on a plane, with their own lengths.

    `node_xy` is N × 2 metres, `edges` E × 2 node numbers, `length_m` E metres (default: as drawn).
    """
    xy = np.asarray(node_xy, dtype=float)
    ends = np.asarray(edges, dtype=np.int64).reshape(-1, 2)
    drawn = np.hypot(*(xy[ends[:, 1]] - xy[ends[:, 0]]).T)
    length = drawn if length_m is None else np.asarray(length_m, dtype=float)
    count = len(ends)
    return WalkNetwork(
        node_x=xy[:, 0],
        node_y=xy[:, 1],
        node_delay=np.zeros(len(xy), dtype=np.uint8),
        edge_from=ends[:, 0],
        edge_to=ends[:, 1],
        length_m=length,
        flags=np.zeros(count, dtype=np.uint8) if flags is None else np.asarray(flags, np.uint8),
        way_id=np.arange(1, count + 1),
        vertex_start=2 * np.arange(count + 1),
        vertex_x=xy[ends, 0].ravel(),
        vertex_y=xy[ends, 1].ravel(),
        vertex_along_m=np.column_stack([np.zeros(count), length]).ravel(),
        vertex_steps=np.zeros(2 * count),
        vertex_z=np.full(2 * count, np.nan),
    )
