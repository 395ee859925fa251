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

ARC_SEGMENTS = 8
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
        self._seen: dict[tuple[int, float, float], shapely.Geometry] = {}
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
        square = self.network.squares[number]
        # Inside, no shortest walk is longer than half of all rims.
        if within_m - sources.metres.min() >= square.polygon.length / 2:
            return square.polygon
        west, south, east, north = square.polygon.bounds
        across = float(np.hypot(east - west, north - south))
        parts = []
        for x, y, metres in zip(sources.x, sources.y, sources.metres, strict=True):
            seen = self._seen_from(number, float(x), float(y))
            spare = within_m - float(metres)
            whole = spare >= across
            parts.append(seen if whole else shapely.intersection(seen, _disk(x, y, spare)))
            if whole and seen is square.polygon:
                return square.polygon
        return shapely.union_all(parts)

    def _seen_from(self, number: int, x: float, y: float) -> shapely.Geometry:
        """What of a square is seen from a place in it or on its rim."""
        key = (number, x, y)
        if key not in self._seen:
            self._seen[key] = _visible(self.network.squares[number].polygon, x, y)
        return self._seen[key]


def _visible(polygon: shapely.Polygon, x: float, y: float) -> shapely.Geometry:
    """The triangles to short stretches of the rim that lie in the polygon."""
    if not polygon.interiors and polygon.convex_hull.area - polygon.area < RIM_M:
        return polygon
    wide = shapely.buffer(polygon, RIM_M, join_style="mitre")
    shapely.prepare(wide)
    rim, ring = shapely.get_coordinates(
        shapely.segmentize(shapely.get_rings(polygon), SAMPLE_M), return_index=True
    )
    on = np.flatnonzero(ring[1:] == ring[:-1])
    here = np.broadcast_to([x, y], (len(on), 2))
    corners = np.stack([here, rim[on], rim[on + 1], here], axis=1)
    triangles = np.asarray(shapely.polygons(corners), dtype=object)
    seen = on[(shapely.area(triangles) > RIM_M) & shapely.covers(wide, triangles)]
    if len(seen) == 0:
        return shapely.MultiPolygon()
    # Stretches of the rim in a row are one fan.
    runs = np.split(seen, np.flatnonzero(np.diff(seen) != 1) + 1)
    fans = [shapely.Polygon([(x, y), *rim[run], rim[run[-1] + 1]]) for run in runs]
    return shapely.union_all(shapely.make_valid(np.array(fans, dtype=object)))


def _disk(x: float, y: float, radius: float) -> shapely.Geometry:
    segments = np.pi / 4 / np.arccos(max(1 - ROUND_M / max(radius, ROUND_M), 0.0))
    return shapely.Point(x, y).buffer(radius, quad_segs=max(8, int(np.ceil(segments))))
