"""Rings of a batch of origins: geometry, street length and people, for each limit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import shapely

from lifecircle.base.geo import Floats
from lifecircle.network.isochrone_ground import (
    BRIDGE_M,
    NOTHING,
    Border,
    Ground,
    Shapes,
    Water,
    cut_lines,
    nested,
    widened,
)
from lifecircle.network.isochrone_search import Batch, Cones, RingSearch
from lifecircle.network.isochrone_squares import SquareGround
from lifecircle.network.isochrone_stretches import Stretches, stretches
from lifecircle.network.network import Ints

Spans = Callable[[RingSearch, Cones, float], Stretches]

NEARLY_M = 1e-6
"""Covered means metres ≤ limit + this."""


@dataclass(frozen=True)
class Rings:
    """Rings of k origins at n limits: `shapes`, `street_m` are k × n, `people` k × n × weights."""

    origins: Ints
    shapes: Shapes
    street_m: Floats
    people: Floats


class RingMaker:
    """Makes rings from what a search found."""

    def __init__(
        self,
        search: RingSearch,
        limits_m: Sequence[float],
        access_m: float,
        polygons: bool,
        weights: Floats,
    ) -> None:
        self.search, self.network = search, search.network
        self.limits_m, self.access_m, self.polygons = limits_m, access_m, polygons
        self.weights = weights
        # Only downhill does a walk beat the pace on the flat: see isochrone_ground.
        parts = (1, 2, 4, 8, 40) if _has_slopes(search) else (1,)
        self.grounds = [Ground(self.network, access_m / part) for part in parts]
        self.water, self.border = Water(self.network), Border(self.network)
        self.over_squares = SquareGround(self.network)

    def rings(self, batch: Batch, spans: Spans = stretches) -> Rings:
        """All rings of a batch."""
        shape = (len(batch.origins), len(self.limits_m))
        shapes, street_m = np.empty(shape, dtype=object), np.zeros(shape)
        for number, limit_m in enumerate(self.limits_m):
            reached = spans(self.search, batch.streets, limit_m)
            row = np.searchsorted(batch.origins, reached.origin)
            length = reached.to_m - reached.from_m
            street_m[:, number] = np.bincount(row, length, len(batch.origins))
            if self.polygons:
                shapes[:, number] = self._polygons(batch, limit_m, reached, spans)
            else:
                shapes[:, number] = self._lines(batch, reached)
        if self.polygons:
            for origin_shapes in shapes:
                origin_shapes[:] = nested(origin_shapes)
        for ground in self.grounds:
            ground.forget()
        return Rings(batch.origins, shapes, street_m, self._people(batch))

    def _lines(self, batch: Batch, reached: Stretches) -> Shapes:
        lines = cut_lines(self.network, reached)
        long = reached.to_m > reached.from_m
        shapes = np.empty(len(batch.origins), dtype=object)
        for row, origin in enumerate(batch.origins):
            mine = reached.of(origin)
            shapes[row] = shapely.multilinestrings(lines[mine][long[mine]])
        return shapes

    def _polygons(self, batch: Batch, limit_m: float, reached: Stretches, spans: Spans) -> Shapes:
        pieces: list[list[Shapes]] = [[] for _ in batch.origins]
        for ground in self.grounds:
            self._widen(batch, limit_m, ground, spans, pieces)
        for row, disks in enumerate(self._disks(batch.origins, limit_m, reached)):
            pieces[row].append(disks)
            pieces[row].append(self._disks_in_squares(batch, batch.origins[row], limit_m))
        unions = [shapely.union_all(np.concatenate(parts)) for parts in pieces]
        shapes = np.array([NOTHING, *unions], dtype=object)[1:]
        return self._bounded(batch, limit_m, reached, spans, shapes)

    def _widen(
        self,
        batch: Batch,
        limit_m: float,
        ground: Ground,
        spans: Spans,
        pieces: list[list[Shapes]],
    ) -> None:
        """Add what `ground` makes of the places reached within the limit less its own width."""
        within_m = limit_m - ground.access_m
        bones = spans(self.search, batch.streets, within_m)
        lines = cut_lines(self.network, bones)
        for row, origin in enumerate(batch.origins):
            mine = bones.of(origin)
            pieces[row] += ground.pieces(
                bones.edge[mine], bones.from_m[mine], bones.to_m[mine], lines[mine]
            )
            own = batch.squares.of(batch.squares.origin == origin)
            pieces[row].append(self.over_squares.reached(own, within_m, ground.access_m))

    def _disks(self, origins: Ints, limit_m: float, reached: Stretches) -> list[Shapes]:
        """For each origin disks round the entrances whose leg leaves less than the access metres.

        An entrance that another origin reaches first (where rings are split) has none.
        """
        entrances = self.search.entrances
        at = entrances.attachment
        spare = limit_m - at.leg_m
        few = np.flatnonzero(at.found & (spare > 0) & (spare < self.access_m))
        places = np.asarray(shapely.points(at.x[few], at.y[few]), dtype=object)
        disks = widened(places, spare[few])
        result = []
        for origin in origins:
            mine = reached.of(origin)
            edge, low, high = reached.edge[mine], reached.from_m[mine], reached.to_m[mine]
            own = np.flatnonzero(entrances.row[few] == origin)
            offset = at.offset_m[few[own], np.newaxis]
            held = (edge == at.edge[few[own], np.newaxis]) & (low <= offset + NEARLY_M)
            held &= high >= offset - NEARLY_M
            result.append(disks[own[held.any(axis=1)]])
        return result

    def _disks_in_squares(self, batch: Batch, origin: int, limit_m: float) -> Shapes:
        """The same round an origin that stands in a square."""
        own = batch.squares.of(batch.squares.standing & (batch.squares.origin == origin))
        spare = limit_m - own.metres
        few = (spare > 0) & (spare < self.access_m)
        places = np.asarray(shapely.points(own.x[few], own.y[few]), dtype=object)
        return widened(places, spare[few])

    def _bounded(
        self, batch: Batch, limit_m: float, reached: Stretches, spans: Spans, shapes: Shapes
    ) -> Shapes:
        """The grounds without water, and without what lies beyond water or a border."""
        if not (len(self.water.areas) or shapely.length(self.border.lines)):
            return shapes
        bridging = spans(self.search, batch.streets, limit_m - BRIDGE_M)
        reached_lines = cut_lines(self.network, reached)
        bridging_lines = cut_lines(self.network, bridging)
        bounded = shapes.copy()
        for row, origin in enumerate(batch.origins):
            own = reached_lines[reached.of(origin)]
            dry = self.water.taken_out(shapes[row], own, bridging_lines[bridging.of(origin)])
            bounded[row] = self.border.taken_out(dry, own)
        return bounded

    def _people(self, batch: Batch) -> Floats:
        """Weights within each limit, by each place's own walk."""
        people = batch.people
        row = np.searchsorted(batch.origins, people.origin)
        weights = self.weights[people.number]
        sums = np.zeros((len(batch.origins), len(self.limits_m), self.weights.shape[1]))
        for number, limit_m in enumerate(self.limits_m):
            inside = people.metres <= limit_m + NEARLY_M
            np.add.at(sums[:, number], row[inside], weights[inside])
        return sums


def _has_slopes(search: RingSearch) -> bool:
    """Whether slopes make a walk faster or slower than on the flat."""
    return not search.effort.is_length and bool(np.isfinite(search.network.vertex_z).any())
