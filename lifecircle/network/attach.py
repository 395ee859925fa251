"""Attaching places to the nearest place on an edge, and saying why where it cannot be done.

The straight walk from the place to where it attaches counts in full.  Order of preference within
the cap: ground level in a large component, any level of a large component, anything; among these
the nearest edge whose leg crosses neither water nor rail.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt
import shapely

from lifecircle.base.geo import Floats, geodesic_m, unproject
from lifecircle.network.nearest import EdgeIndex, Feet
from lifecircle.network.network import Ints, Mask, WalkNetwork
from lifecircle.network.rules import Flag

ATTACHED, TOO_FAR, BARRIER = "", "too_far", "barrier"

FARTHEST_M = 1e7
"""From anywhere on the earth to anywhere."""
BLOCKED_AT_ONCE = 2048
"""Places for which every edge within the cap is looked at, at a time."""


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

    @property
    def own(self) -> tuple[Floats, Floats]:
        """The places themselves."""
        assert self.own_x is not None and self.own_y is not None, "made without places"
        return self.own_x, self.own_y

    def same_as(self, other: Attachment) -> Mask:
        """Which places attach at the same spot in both, or in neither."""
        spots = zip((self.x, self.y, self.leg_m), (other.x, other.y, other.leg_m), strict=True)
        same = self.edge == other.edge
        for mine, others in spots:
            same &= (mine == others) | ~self.found
        return np.asarray(same)


def attach(
    network: WalkNetwork,
    x: Floats,
    y: Floats,
    max_attach_m: float = 200.0,
    min_component_m: float = 1000.0,
    closed: Mask | None = None,
) -> Attachment:
    """Attach places (metres in the network's crs) to edges, but for those `closed` to a walker."""
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    feet = Feet.none(len(x))
    crossed = np.zeros(len(x), dtype=bool)
    in_water = _inside_barrier(network, x, y)
    tiers = _tiers(network, min_component_m, closed)
    for index in tiers:
        lost = np.flatnonzero(feet.edge < 0)
        if len(lost) == 0:
            break
        found, across = _nearest_uncrossed(index, x[lost], y[lost], in_water[lost], max_attach_m)
        feet.put(lost, found)
        crossed[lost] |= across
    _from_squares(network, x, y, feet, tiers)
    reason = np.where(feet.edge >= 0, ATTACHED, np.where(crossed, BARRIER, TOO_FAR))
    return _located(network, x, y, feet, reason)


def attach_again(
    network: WalkNetwork,
    before: Attachment,
    before_m: float,
    max_attach_m: float,
    min_component_m: float,
    closed: Mask,
) -> Attachment:
    """What `attach` gives for the places of `before`, which it attached with a cap of `before_m`.

    To who walked then nothing may have been closed that is open now.  Who is near enough to an
    edge that comes first, under both caps, keeps it: nothing else can have come before it.
    """
    x, y = before.own
    first = (network.component_m >= min_component_m) & ~network.has(Flag.OFF_GROUND) & ~closed
    near = np.hypot(x - before.x, y - before.y) <= min(before_m, max_attach_m)
    fresh = np.flatnonzero(~(before.found & near & first[before.edge]))
    own = attach(network, x[fresh], y[fresh], max_attach_m, min_component_m, closed)
    again = before.of(np.arange(len(x)))
    for field in fields(Attachment):
        getattr(again, field.name)[fresh] = getattr(own, field.name)
    return again


def _from_squares(
    network: WalkNetwork, x: Floats, y: Floats, feet: Feet, tiers: Sequence[EdgeIndex]
) -> None:
    """Places inside a square are on the network however far its rim is."""
    lost = np.flatnonzero(feet.edge < 0)
    if not network.squares or len(lost) == 0:
        return
    squares = shapely.STRtree([square.polygon for square in network.squares])
    points = shapely.points(x[lost], y[lost])
    inside = lost[np.unique(squares.query(points, predicate="intersects")[0])]
    for tier in tiers:
        found = tier.nearest(x[inside], y[inside], FARTHEST_M)
        nearer = found.metres < feet.metres[inside]
        feet.put(inside[nearer], found.of(nearer))


def _tiers(
    network: WalkNetwork, min_component_m: float, closed: Mask | None
) -> tuple[EdgeIndex, ...]:
    """Edges in order of preference, each in one tier; an index is made once for each network.

    Pieces without length (gates) are never attached to.  A place that finds nothing in one tier
    finds nothing of it in the next either.
    """
    closed = closed if closed is not None and closed.any() else None
    key = (min_component_m, None if closed is None else closed.tobytes())
    if key not in network.kept:
        ground, large = ~network.has(Flag.OFF_GROUND), network.component_m >= min_component_m
        open_to_all = _drawn(network) & ~network.has(Flag.ACROSS)
        real = open_to_all if closed is None else open_to_all & ~closed
        tiers = (real & large & ground, real & large & ~ground, real & ~large)
        network.kept[key] = tuple(EdgeIndex(network, np.flatnonzero(tier)) for tier in tiers)
    indexes: tuple[EdgeIndex, ...] = network.kept[key]
    return indexes


def _drawn(network: WalkNetwork) -> Mask:
    """Which edges have a length on the plane."""
    moved = (np.diff(network.vertex_x) != 0) | (np.diff(network.vertex_y) != 0)
    moved = np.append(moved, False)
    moved[network.vertex_start[1:] - 1] = False
    return np.asarray(np.add.reduceat(moved, network.vertex_start[:-1]) > 0)


def _nearest_uncrossed(
    index: EdgeIndex, x: Floats, y: Floats, in_water: Mask, max_attach_m: float
) -> tuple[Feet, Mask]:
    """The nearest edge of the index for each place; and where only crossings were found."""
    network, feet = index.network, index.nearest(x, y, max_attach_m)
    near = np.flatnonzero((feet.edge >= 0) & ~in_water)
    legs = np.stack(
        [np.column_stack([x[near], y[near]]), np.column_stack([feet.x[near], feet.y[near]])], axis=1
    )
    blocked = near[_crosses(network, legs)]
    crossed = np.zeros(len(x), dtype=bool)
    crossed[blocked] = True
    for start in range(0, len(blocked), BLOCKED_AT_ONCE):
        at = blocked[start : start + BLOCKED_AT_ONCE]
        feet.put(at, _all_uncrossed(index, x[at], y[at], max_attach_m))
    return feet, crossed


def _all_uncrossed(index: EdgeIndex, x: Floats, y: Floats, max_attach_m: float) -> Feet:
    """For places whose nearest edge lies across a barrier: the nearest edge that does not."""
    place, feet = index.all_near(x, y, max_attach_m)
    legs = np.stack(
        [np.column_stack([x[place], y[place]]), np.column_stack([feet.x, feet.y])], axis=1
    )
    free = ~_crosses(index.network, legs)
    return index.least(place[free], feet.of(free), len(x))


def _crosses(network: WalkNetwork, legs: Floats) -> Mask:
    """Which legs (n × 2 ends × 2) from places to the nearest place on an edge cross a barrier.

    A leg that only ends on a barrier, as on a level crossing, does not cross it.
    """
    crossed = np.zeros(len(legs), dtype=bool)
    if len(network.barriers) and len(legs):
        lines = np.asarray(shapely.linestrings(legs), dtype=object)
        leg, hit = shapely.STRtree(network.barriers).query(lines, predicate="intersects")
        across = ~shapely.touches(lines[leg], network.barriers[hit])
        crossed[leg[across]] = True
        crossed &= (legs[:, 0] != legs[:, 1]).any(axis=1)
    return crossed


def _inside_barrier(network: WalkNetwork, x: Floats, y: Floats) -> Mask:
    """Places that lie in water themselves: they attach plainly."""
    inside = np.zeros(len(x), dtype=bool)
    areas = network.barriers[shapely.get_dimensions(network.barriers) == 2]
    if len(areas):
        found = shapely.STRtree(areas).query(shapely.points(x, y), predicate="intersects")
        inside[found[0]] = True
    return inside


def _located(
    network: WalkNetwork, x: Floats, y: Floats, feet: Feet, reason: npt.NDArray[np.str_]
) -> Attachment:
    """Offsets along the edges and legs, geodesic where the network lies on the earth."""
    found = np.flatnonzero(feet.edge >= 0)
    offset, leg = np.full(len(x), np.nan), np.full(len(x), np.nan)
    at_x, at_y = np.full(len(x), np.nan), np.full(len(x), np.nan)
    vertex, along = feet.vertex[found], network.vertex_along_m
    offset[found] = along[vertex] + feet.share[found] * (along[vertex + 1] - along[vertex])
    at_x[found], at_y[found] = feet.x[found], feet.y[found]
    leg[found] = straight_m(network, x[found], y[found], at_x[found], at_y[found])
    return Attachment(feet.edge, offset, leg, at_x, at_y, reason, x.copy(), y.copy())


def straight_m(network: WalkNetwork, x_a: Floats, y_a: Floats, x_b: Floats, y_b: Floats) -> Floats:
    """Straight metres between places in the network's crs: geodesic, or Euclidean on paper."""
    here, there = on_the_ground(network, x_a, y_a), on_the_ground(network, x_b, y_b)
    return metres_between(network, here, there)


def on_the_ground(network: WalkNetwork, x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Places of the network's crs as `metres_between` takes them."""
    return (x, y) if network.crs is None else unproject(x, y, network.crs)


def metres_between(
    network: WalkNetwork, here: tuple[Floats, Floats], there: tuple[Floats, Floats]
) -> Floats:
    """Straight metres between places on the ground: geodesic, or Euclidean on paper."""
    if network.crs is None:
        return np.asarray(np.hypot(there[0] - here[0], there[1] - here[1]))
    return geodesic_m(*here, *there)
