"""Attaching places to the nearest place on an edge, and saying why where it cannot be done.

The straight walk from the place to where it attaches counts in full.  Order of preference within
the cap: ground level in a large component, any level of a large component, anything; among these
the nearest edge whose leg crosses neither water nor rail.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely

from lifecircle.base.geo import Floats, geodesic_m, unproject
from lifecircle.network.network import Ints, Mask, WalkNetwork
from lifecircle.network.rules import Flag

ATTACHED, TOO_FAR, BARRIER = "", "too_far", "barrier"


@dataclass(frozen=True)
class Attachment:
    """Where n places attach: edge (-1 for none), metres along it, and the leg's metres.

    `x`, `y` is the place on the edge in the network's crs, `own_x`, `own_y` the place itself;
    `reason` is empty where attached, else `too_far` (nothing within the cap) or `barrier` (only
    across water or rail).
    """

    edge: Ints
    offset_m: Floats
    leg_m: Floats
    x: Floats
    y: Floats
    reason: npt.NDArray[np.str_]
    own_x: Floats | None = None
    own_y: Floats | None = None

    def of(self, chosen: Ints) -> Attachment:
        """Some of the places."""
        own = None if self.own_x is None or self.own_y is None else (self.own_x, self.own_y)
        return Attachment(
            self.edge[chosen],
            self.offset_m[chosen],
            self.leg_m[chosen],
            self.x[chosen],
            self.y[chosen],
            self.reason[chosen],
            None if own is None else own[0][chosen],
            None if own is None else own[1][chosen],
        )

    @property
    def found(self) -> Mask:
        """Which places are attached."""
        return np.asarray(self.edge >= 0)


def attach(
    network: WalkNetwork,
    x: Floats,
    y: Floats,
    max_attach_m: float = 200.0,
    min_component_m: float = 1000.0,
    closed: Mask | None = None,
) -> Attachment:
    """Attach places (metres in the network's crs) to edges, but for those `closed` to a walker."""
    points = np.asarray(shapely.points(x, y), dtype=object)
    edge = np.full(len(x), -1, dtype=np.int64)
    crossed = np.zeros(len(x), dtype=bool)
    in_water = _inside_barrier(network, points)
    for tier in _tiers(network, min_component_m, closed):
        open_places = np.flatnonzero(edge < 0)
        if len(open_places) == 0 or len(tier) == 0:
            continue
        nearest, across = _nearest_uncrossed(
            network, tier, points[open_places], in_water[open_places], max_attach_m
        )
        edge[open_places] = nearest
        crossed[open_places] |= across
    edge = _from_squares(network, points, edge, closed)
    reason = np.where(edge >= 0, ATTACHED, np.where(crossed, BARRIER, TOO_FAR))
    return _located(network, points, edge, reason)


def _from_squares(
    network: WalkNetwork, points: npt.NDArray[np.object_], edge: Ints, closed: Mask | None
) -> Ints:
    """Places inside a square are on the network however far its rim is."""
    lost = np.flatnonzero(edge < 0)
    if not network.squares or len(lost) == 0:
        return edge
    squares = shapely.STRtree([square.polygon for square in network.squares])
    inside = lost[np.unique(squares.query(points[lost], predicate="intersects")[0])]
    every = _tiers(network, 0.0, closed)[2]
    edge = edge.copy()
    edge[inside] = every[shapely.STRtree(network.lines[every]).nearest(points[inside])]
    return edge


def _tiers(
    network: WalkNetwork, min_component_m: float, closed: Mask | None
) -> tuple[Ints, Ints, Ints]:
    """Edges in order of preference; pieces without length (gates) are never attached to."""
    real = (shapely.length(network.lines) > 0) & ~network.has(Flag.ACROSS)
    real = real if closed is None else real & ~closed
    large = real & (network.component_m >= min_component_m)
    ground = ~network.has(Flag.OFF_GROUND)
    return np.flatnonzero(large & ground), np.flatnonzero(large), np.flatnonzero(real)


def _nearest_uncrossed(
    network: WalkNetwork,
    tier: Ints,
    points: npt.NDArray[np.object_],
    in_water: Mask,
    max_attach_m: float,
) -> tuple[Ints, Mask]:
    """The nearest edge of the tier for each point, or -1; and where only crossings were found."""
    lines = network.lines[tier]
    tree = shapely.STRtree(lines)
    point, line = tree.query_nearest(points, max_distance=max_attach_m)
    point, line = _one_each(points, lines, point, line)
    across = _crosses(network, points[point], lines[line]) & ~in_water[point]
    edge = np.full(len(points), -1, dtype=np.int64)
    edge[point[~across]] = tier[line[~across]]
    blocked = point[across]
    again, line = _all_uncrossed(network, tree, lines, points[blocked], max_attach_m)
    edge[blocked[again]] = tier[line]
    crossed = np.zeros(len(points), dtype=bool)
    crossed[blocked] = True
    return edge, crossed


def _all_uncrossed(
    network: WalkNetwork,
    tree: shapely.STRtree,
    lines: npt.NDArray[np.object_],
    points: npt.NDArray[np.object_],
    max_attach_m: float,
) -> tuple[Ints, Ints]:
    """For points whose nearest edge lies across a barrier: the nearest edge that does not."""
    point, line = tree.query(points, predicate="dwithin", distance=max_attach_m)
    free = ~_crosses(network, points[point], lines[line])
    return _one_each(points, lines, point[free], line[free])


def _one_each(
    points: npt.NDArray[np.object_], lines: npt.NDArray[np.object_], point: Ints, line: Ints
) -> tuple[Ints, Ints]:
    """Of the candidate pairs the nearest for each point; ties by place, not by order of input."""
    distance = shapely.distance(points[point], lines[line])
    ends = shapely.get_coordinates(shapely.shortest_line(points[point], lines[line]))[1::2]
    order = np.lexsort((line, ends[:, 1], ends[:, 0], distance, point))
    first = np.diff(point[order], prepend=-1) != 0
    return point[order][first], line[order][first]


def _crosses(
    network: WalkNetwork, points: npt.NDArray[np.object_], lines: npt.NDArray[np.object_]
) -> Mask:
    """Which legs from points to their nearest place on lines cross a barrier.

    A leg that only ends on a barrier, as on a level crossing, does not cross it.
    """
    crossed = np.zeros(len(points), dtype=bool)
    if len(network.barriers) and len(points):
        legs = shapely.shortest_line(points, lines)
        leg, hit = shapely.STRtree(network.barriers).query(legs, predicate="intersects")
        across = ~shapely.touches(legs[leg], network.barriers[hit])
        crossed[leg[across]] = True
        crossed &= shapely.length(legs) > 0
    return crossed


def _inside_barrier(network: WalkNetwork, points: npt.NDArray[np.object_]) -> Mask:
    """Places that lie in water themselves: they attach plainly."""
    inside = np.zeros(len(points), dtype=bool)
    if len(network.barriers):
        areas = network.barriers[shapely.get_dimensions(network.barriers) == 2]
        inside[shapely.STRtree(areas).query(points, predicate="intersects")[0]] = True
    return inside


def _located(
    network: WalkNetwork,
    points: npt.NDArray[np.object_],
    edge: Ints,
    reason: npt.NDArray[np.str_],
) -> Attachment:
    """Offsets along the edges and legs, geodesic where the network lies on the earth."""
    found = np.flatnonzero(edge >= 0)
    offset, leg = np.full(len(edge), np.nan), np.full(len(edge), np.nan)
    at = np.full((len(edge), 2), np.nan)
    drawn = shapely.line_locate_point(network.lines[edge[found]], points[found])
    offset[found], at[found] = _along(network, edge[found], drawn)
    own = shapely.get_coordinates(points[found])
    leg[found] = straight_m(network, own[:, 0], own[:, 1], at[found, 0], at[found, 1])
    place = shapely.get_coordinates(points)
    return Attachment(
        edge, offset, leg, at[:, 0], at[:, 1], reason, place[:, 0].copy(), place[:, 1].copy()
    )


def straight_m(network: WalkNetwork, x_a: Floats, y_a: Floats, x_b: Floats, y_b: Floats) -> Floats:
    """Straight metres between places in the network's crs: geodesic, or Euclidean on paper."""
    if network.crs is None:
        return np.asarray(np.hypot(x_b - x_a, y_b - y_a))
    lon_a, lat_a = unproject(x_a, y_a, network.crs)
    lon_b, lat_b = unproject(x_b, y_b, network.crs)
    return geodesic_m(lon_a, lat_a, lon_b, lat_b)


def _along(network: WalkNetwork, edge: Ints, drawn: Floats) -> tuple[Floats, Floats]:
    """Metres along `edge`, and the place, `drawn` units of the plane from its first vertex."""
    x, y, along = network.vertex_x, network.vertex_y, network.vertex_along_m
    steps = np.hypot(np.diff(x, prepend=x[:1]), np.diff(y, prepend=y[:1]))
    steps[network.vertex_start[:-1]] = 0
    # One rising ruler over all edges: each edge starts where the one before it ended.
    ruler = np.cumsum(steps)
    first, last = network.vertex_start[edge], network.vertex_start[edge + 1] - 1
    place = np.clip(ruler[first] + drawn, ruler[first], ruler[last])
    after = np.clip(np.searchsorted(ruler, place, side="left"), first + 1, last)
    span = ruler[after] - ruler[after - 1]
    part = np.divide(place - ruler[after - 1], span, out=np.zeros_like(span), where=span > 0)
    part = np.clip(part, 0, 1)
    offset = along[after - 1] + part * (along[after] - along[after - 1])
    at = np.column_stack(
        [
            x[after - 1] + part * (x[after] - x[after - 1]),
            y[after - 1] + part * (y[after] - y[after - 1]),
        ]
    )
    return offset, at
