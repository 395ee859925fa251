"""Rings of a batch of origins: geometry, street length and people, for each limit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import shapely

from lifecircle.base.geo import Floats
from lifecircle.network.crossing import in_squares, sight_of_nodes
from lifecircle.network.isochrone_ground import (
    BRIDGE_M,
    NOTHING,
    Ground,
    Shapes,
    Water,
    cut_lines,
    nested,
    widened,
)
from lifecircle.network.isochrone_search import Batch, Cones, RingSearch, Stretches, stretches
from lifecircle.network.network import Ints

Spans = Callable[[RingSearch, Cones, float, float], Stretches]

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
        parts = (1, 2, 4, 8) if _has_slopes(search) else (1,)
        self.grounds = [Ground(self.network, access_m / part) for part in parts]
        self.water = Water(self.network)
        self.over_squares = _walks_over_squares(search)

    def rings(self, batch: Batch, spans: Spans = stretches) -> Rings:
        """All rings of a batch."""
        shape = (len(batch.origins), len(self.limits_m))
        shapes, street_m = np.empty(shape, dtype=object), np.zeros(shape)
        for number, limit_m in enumerate(self.limits_m):
            reached = spans(self.search, batch.streets, limit_m, limit_m)
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
        unions = [shapely.union_all(np.concatenate(parts)) for parts in pieces]
        shapes = np.array([NOTHING, *unions], dtype=object)[1:]
        return (
            self._dry(batch, limit_m, reached, spans, shapes) if len(self.water.areas) else shapes
        )

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
        bones = spans(self.search, batch.streets, within_m, limit_m)
        sights = spans(self.search, batch.sights, within_m, limit_m)
        lines = cut_lines(self.network, bones)
        across = widened(cut_lines(self.network, sights), ground.access_m)
        squares = batch.squares.metres <= within_m
        for row, origin in enumerate(batch.origins):
            mine = bones.of(origin)
            pieces[row] += ground.pieces(
                bones.edge[mine], bones.from_m[mine], bones.to_m[mine], lines[mine]
            )
            pieces[row].append(across[sights.of(origin)])
            pieces[row].append(self.over_squares.within(origin, within_m, ground.access_m))
            whole = batch.squares.number[squares & (batch.squares.origin == origin)]
            pieces[row].append(ground.whole_squares(whole))

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

    def _dry(
        self, batch: Batch, limit_m: float, reached: Stretches, spans: Spans, shapes: Shapes
    ) -> Shapes:
        bridging = spans(self.search, batch.streets, limit_m - BRIDGE_M, limit_m)
        reached_lines = cut_lines(self.network, reached)
        bridging_lines = cut_lines(self.network, bridging)
        dry = [
            self.water.taken_out(
                shape, reached_lines[reached.of(origin)], bridging_lines[bridging.of(origin)]
            )
            for origin, shape in zip(batch.origins, shapes, strict=True)
        ]
        return np.array([NOTHING, *dry], dtype=object)[1:]

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


@dataclass(frozen=True)
class SquareWalks:
    """Straight walks over squares from the origins that stand in them or at their rim.

    `lines` run from where the walk begins, after a leg of `leg_m`, to a node that is seen there;
    `length_m` is theirs.
    """

    origin: Ints
    lines: Shapes
    leg_m: Floats
    length_m: Floats

    def within(self, origin: int, limit_m: float, access_m: float) -> Shapes:
        """What of an origin's walks lies within the limit, widened."""
        mine = np.flatnonzero((self.origin == origin) & (self.leg_m <= limit_m))
        part = np.minimum(limit_m - self.leg_m[mine], self.length_m[mine])
        ends = shapely.line_interpolate_point(self.lines[mine], part)
        starts = shapely.get_point(self.lines[mine], 0)
        pairs = np.stack([shapely.get_coordinates(starts), shapely.get_coordinates(ends)], axis=1)
        return widened(np.asarray(shapely.linestrings(pairs), dtype=object), access_m)


def _walks_over_squares(search: RingSearch) -> SquareWalks:
    network = search.network
    inside = in_squares(network, search.entrances.attachment)
    entry, node, _, metres = sight_of_nodes(network, inside)
    starts = np.column_stack([inside.x[entry], inside.y[entry]])
    ends = np.column_stack([network.node_x[node], network.node_y[node]])
    lines = shapely.linestrings(np.stack([starts, ends], axis=1))
    leg = inside.leg_m[entry]
    origin = search.entrances.row[inside.place[entry]]
    return SquareWalks(origin, np.asarray(lines, dtype=object), leg, metres - leg)


def _has_slopes(search: RingSearch) -> bool:
    """Whether slopes make a walk faster or slower than on the flat."""
    return not search.effort.is_length and bool(np.isfinite(search.network.vertex_z).any())
