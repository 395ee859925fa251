"""Ground over squares: from each place where a walk enters, straight to all that is seen there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely

from lifecircle.base.geo import Floats
from lifecircle.network.crossing import RIM_M
from lifecircle.network.network import Ints, WalkNetwork

SAMPLE_M = 5.0
"""What a place sees of a square without corners that point inwards is all of it; of another, what
lies towards stretches of the rim of this length that it sees whole."""

ROUND_M = 0.1
"""A drawn disk lacks at most this much of its radius."""

ARC_SEGMENTS = 6
"""Straight pieces to a quarter of a circle."""

Shapes = npt.NDArray[np.object_]


@dataclass(frozen=True)
class Sources:
    """Places from which origins are walked to over squares: whose, which square, where, how far.

    They are nodes of the square, or (`standing`) places where the origin's own walk ends.
    """

    origin: Ints
    square: Ints
    x: Floats
    y: Floats
    metres: Floats
    standing: npt.NDArray[np.bool_]

    def of(self, chosen: npt.NDArray[np.bool_] | Ints) -> Sources:
        """Some of the sources."""
        return Sources(*(field[chosen] for field in vars(self).values()))

    def __add__(self, other: Sources) -> Sources:
        """Both lists, one after the other."""
        pairs = zip(vars(self).values(), vars(other).values(), strict=True)
        return Sources(*(np.concatenate(pair) for pair in pairs))


class SquareGround:
    """What lies within a walk on squares; what a place sees is worked out once."""

    def __init__(self, network: WalkNetwork) -> None:
        self.network = network
        self._views: dict[int, View] = {}
        self._wide: dict[tuple[int, float], shapely.Geometry] = {}

    def reached(self, sources: Sources, within_m: float, access_m: float) -> Shapes:
        """For each square the part from which one of the sources is within some metres, widened."""
        near = sources.of(sources.metres <= within_m)
        parts = [
            self._widened(number, near.of(near.square == number), within_m, access_m)
            for number in np.unique(near.square).tolist()
        ]
        return np.array([shapely.MultiPolygon(), *parts], dtype=object)[1:]

    def _widened(
        self, number: int, sources: Sources, within_m: float, access_m: float
    ) -> shapely.Geometry:
        part, whole = self._part(number, sources, within_m), self.network.squares[number].polygon
        if part is not whole:
            return shapely.buffer(part, access_m, quad_segs=ARC_SEGMENTS)
        key = (number, access_m)
        if key not in self._wide:
            self._wide[key] = shapely.buffer(whole, access_m, quad_segs=ARC_SEGMENTS)
        return self._wide[key]

    def _part(self, number: int, sources: Sources, within_m: float) -> shapely.Geometry:
        polygon, spare = self.network.squares[number].polygon, within_m - sources.metres
        # Inside, no shortest walk is longer than half of all rims.
        if spare.max() >= polygon.length / 2:
            return polygon
        if number not in self._views:
            self._views[number] = View(polygon)
        view = self._views[number]
        whole = spare >= view.across
        if view.all_of_it and whole.any():
            return polygon
        seen = [view.of(x, y) for x, y in zip(sources.x, sources.y, strict=True)]
        fans = np.concatenate(seen)
        owner = np.repeat(np.arange(len(seen)), [len(own) for own in seen])
        disks = _disks(sources.x, sources.y, spare)
        cut = ~whole[owner]
        fans[cut] = shapely.intersection(fans[cut], disks[owner[cut]])
        return shapely.union_all(fans)


class View:
    """What is seen of a square from places in it or on its rim."""

    def __init__(self, polygon: shapely.Polygon) -> None:
        west, south, east, north = polygon.bounds
        self.across = float(np.hypot(east - west, north - south))
        self.polygon = polygon
        self.all_of_it = not polygon.interiors and polygon.convex_hull.area - polygon.area < RIM_M
        self._wide = shapely.buffer(polygon, RIM_M, join_style="mitre")
        shapely.prepare(self._wide)
        rings = shapely.segmentize(shapely.get_rings(polygon), SAMPLE_M)
        self._rim, ring = shapely.get_coordinates(rings, return_index=True)
        self._on = np.flatnonzero(ring[1:] == ring[:-1])
        self._seen: dict[tuple[float, float], Shapes] = {}

    def of(self, x: float, y: float) -> Shapes:
        """Polygons that together are what is seen from a place."""
        if (x, y) not in self._seen:
            self._seen[x, y] = np.array([self.polygon]) if self.all_of_it else self._fans(x, y)
        return self._seen[x, y]

    def _fans(self, x: float, y: float) -> Shapes:
        """The triangles to short stretches of the rim that lie in the polygon."""
        seen = self._stretches_seen(x, y)
        # Stretches of the rim in a row are one fan: the place, all starts, the last end.
        breaks = np.flatnonzero(np.diff(seen, prepend=-2) != 1)
        fan = np.repeat(np.arange(len(breaks)), np.diff(breaks, append=len(seen)))
        last = seen[np.append(breaks[1:], len(seen)) - 1] + 1 if len(breaks) else breaks
        own = np.arange(len(breaks))
        line = np.concatenate([own, fan, own])
        xy = np.concatenate([np.tile([x, y], (len(own), 1)), self._rim[seen], self._rim[last]])
        order = np.argsort(line, kind="stable")
        fans = shapely.polygons(shapely.linearrings(xy[order], indices=line[order]))
        return np.asarray(shapely.make_valid(fans), dtype=object)

    def _stretches_seen(self, x: float, y: float) -> Ints:
        """The stretches of the rim with nothing but the polygon between them and a place."""
        here = np.broadcast_to([x, y], self._rim.shape)
        lines = shapely.linestrings(np.stack([here, self._rim], axis=1))
        clear = np.asarray(shapely.covers(self._wide, lines))
        seen: Ints = self._on[clear[self._on] & clear[self._on + 1]]
        one, two = self._rim[seen] - (x, y), self._rim[seen + 1] - (x, y)
        seen = seen[np.abs(one[:, 0] * two[:, 1] - one[:, 1] * two[:, 0]) > 2 * RIM_M]
        if not self.polygon.interiors:
            return seen
        # Between two clear lines there may still be a hole.
        corners = np.stack([here[seen], self._rim[seen], self._rim[seen + 1], here[seen]], axis=1)
        whole: Ints = seen[np.asarray(shapely.covers(self._wide, shapely.polygons(corners)))]
        return whole


def _disks(x: Floats, y: Floats, radius: Floats) -> Shapes:
    """Circles, round enough for the largest of them."""
    segments = np.pi / 4 / np.arccos(max(1 - ROUND_M / max(radius.max(), ROUND_M), 0.0))
    quarter = max(ARC_SEGMENTS, int(np.ceil(segments)))
    return np.asarray(shapely.buffer(shapely.points(x, y), radius, quad_segs=quarter), dtype=object)
