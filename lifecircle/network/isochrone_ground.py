"""From stretches of streets to geometry: lines cut where the limit falls, and ground by its rule.

Ground g lies in the ring of limit L where some reached place r has |g − r| ≤ a and
d(r) + |g − r| ≤ L, with a the access distance.  That is, exactly, the places reached within L − a
widened by a, and around each entrance whose own leg d is longer than L − a a disk of L − d:

    Let L − a < d(r) ≤ L, and let q be the place on r's own walk with d(q) = L − a (or the node
    whose delay takes the walk past L − a).  Nothing is walked faster than a straight line at full
    pace, so |q − r| + (L − d(r)) ≤ a: the disk that r adds lies in the disk of a about q.

Downhill a walk can beat the pace on the flat by 19 %; then rings are also widened from L − a/2,
L − a/4, L − a/8 and L − a/40, which stays within the rule: a disk of w about q reaches the street
down to 0.16 w short of its end, and 0.16 · a/40 is less than the resolution.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
import numpy.typing as npt
import shapely

from lifecircle.base.geo import Floats
from lifecircle.network.border import CLEAR_M
from lifecircle.network.effort import along_edges
from lifecircle.network.isochrone_squares import ARC_SEGMENTS
from lifecircle.network.isochrone_stretches import Stretches
from lifecircle.network.network import Ints, WalkNetwork
from lifecircle.network.rules import Flag

Shapes = npt.NDArray[np.object_]

CELLS_M = (200.0, 25.0)
"""Streets of squares of these sides are widened together where all of a square are reached."""

BRIDGE_M = 3.0
"""Half the width of ground left where a reached street runs over water."""

GRID_M = 1e-3
"""Rings of one origin share their borders on a grid of this size."""

STRAIGHT_M = 50.0
"""Borders are cut into pieces of at most this length: straight in metres and straight in degrees
then differ by less than a tenth of `GRID_M`, so that rings nest in both."""

NOTHING = shapely.MultiPolygon()


def widened(shapes: Shapes, metres: float | Floats) -> Shapes:
    """Each shape and all ground within some metres of it."""
    return np.asarray(shapely.buffer(shapes, metres, quad_segs=ARC_SEGMENTS), dtype=object)


def resolution_m(access_m: float) -> float:
    """How far at most a polygon's border runs inside the true one: arcs are drawn as chords."""
    return float(access_m * (1 - np.cos(np.pi / (4 * ARC_SEGMENTS))))


def cut_lines(network: WalkNetwork, stretches: Stretches) -> Shapes:
    """Each stretch as a line in the network's crs."""
    edge, count = stretches.edge, len(stretches.edge)
    whole = (stretches.from_m <= 0) & (stretches.to_m >= network.length_m[edge])
    lines = np.empty(count, dtype=object)
    lines[whole] = network.lines[edge[whole]]
    part = np.flatnonzero(~whole)
    if len(part):
        lines[part] = _parts(network, edge[part], stretches.from_m[part], stretches.to_m[part])
    return lines


def _parts(network: WalkNetwork, edge: Ints, low: Floats, high: Floats) -> Shapes:
    """Lines from `low` to `high` metres along edges."""
    start, along = network.vertex_start, network.vertex_along_m
    vertices = start[edge + 1] - start[edge]
    owner = np.repeat(np.arange(len(edge)), vertices)
    vertex = np.arange(len(owner)) + np.repeat(
        start[edge] - np.cumsum(vertices) + vertices, vertices
    )
    between = (along[vertex] > low[owner]) & (along[vertex] < high[owner])
    owner, vertex = owner[between], vertex[between]
    own = np.arange(len(edge))
    line = np.concatenate([own, owner, own])
    order = np.lexsort((np.concatenate([low, along[vertex], high]), line))
    xy = []
    for values in (network.vertex_x, network.vertex_y):
        ends = [along_edges(start, edge, along, values, at) for at in (low, high)]
        xy.append(np.concatenate([ends[0], values[vertex], ends[1]]))
    return np.asarray(
        shapely.linestrings(np.column_stack(xy)[order], indices=line[order]), dtype=object
    )


MOST_KEPT = 200_000
"""Streets kept widened at a time: origins come tile by tile, so far ones are done with."""


class Cells:
    """Streets by squares of the plane, widened together where all streets of a square are reached.

    A street belongs to the square that the middle of its box lies in; sight lines to none.
    """

    def __init__(self, network: WalkNetwork, size_m: float) -> None:
        west, south, east, north = shapely.bounds(network.lines).T
        column = np.floor((west + east) / 2 / size_m).astype(np.int64)
        row = np.floor((south + north) / 2 / size_m).astype(np.int64)
        cell = (row - row.min(initial=0)) * (np.ptp(column) + 1) + column
        streets = np.flatnonzero(~network.has(Flag.ACROSS))
        self.cell = np.full(network.edge_count, -1, dtype=np.int64)
        self.cell[streets] = np.unique(cell[streets], return_inverse=True)[1]
        self.order = streets[np.argsort(self.cell[streets], kind="stable")]
        count = self.cell.max(initial=-1) + 1
        self.begins = np.searchsorted(self.cell[self.order], np.arange(count + 1))
        self.widened: dict[int, shapely.Geometry] = {}

    def complete(self, edges: Ints) -> tuple[Ints, Ints]:
        """The cells of which several streets, and all, are among `edges`; and the other edges."""
        cell, count = np.unique(self.cell[edges], return_counts=True)
        cells = cell[(count == np.diff(self.begins)[cell]) & (count > 1)]
        return cells, edges[~np.isin(self.cell[edges], cells)]

    def edges(self, cell: int) -> Ints:
        """The streets of a cell."""
        return self.order[self.begins[cell] : self.begins[cell + 1]]


class Ground:
    """Widens stretches to ground; what is used often is widened once."""

    def __init__(self, network: WalkNetwork, access_m: float) -> None:
        self.network, self.access_m = network, access_m
        self._kept = 0
        self._edges: Shapes = np.full(network.edge_count, None, dtype=object)

    @cached_property
    def _levels(self) -> list[Cells]:
        return [Cells(self.network, size_m) for size_m in CELLS_M]

    def pieces(self, edge: Ints, low: Floats, high: Floats, lines: Shapes) -> list[Shapes]:
        """Stretches of one origin, widened; `lines` are the stretches as lines."""
        whole = (low <= 0) & (high >= self.network.length_m[edge])
        pieces, rest = [widened(lines[~whole], self.access_m)], edge[whole]
        for level in range(len(CELLS_M)):
            cells, rest = self._levels[level].complete(rest)
            shapes = [self._whole_cell(level, number) for number in cells]
            pieces.append(np.array(shapes, dtype=object))
        return [*pieces, self._whole(rest)]

    def _whole(self, edges: Ints) -> Shapes:
        new = edges[shapely.is_missing(self._edges[edges])]
        self._edges[new] = widened(self.network.lines[new], self.access_m)
        self._kept += len(new)
        return self._edges[edges]

    def forget(self) -> None:
        """Let go of what was kept, once it is much: memory shall follow the tile."""
        if self._kept > MOST_KEPT:
            self._edges[:] = None
            self._kept = 0
            for cells in self._levels:
                cells.widened.clear()

    def _whole_cell(self, level: int, number: int) -> shapely.Geometry:
        cells = self._levels[level]
        if number not in cells.widened:
            cells.widened[number] = shapely.union_all(self._whole(cells.edges(number)))
        return cells.widened[number]


class Water:
    """Areas of water, which no ground is in but for a strip along reached streets over them."""

    def __init__(self, network: WalkNetwork) -> None:
        barriers = network.barriers
        self.areas = barriers[shapely.get_dimensions(barriers) == 2] if len(barriers) else barriers
        self.tree = shapely.STRtree(self.areas)

    def taken_out(
        self, ground: shapely.Geometry, reached: Shapes, bridging: Shapes
    ) -> shapely.Geometry:
        """`ground` without water and without what lies beyond it, where no street is reached.

        `reached` are the streets reached within the limit, `bridging` within the limit less
        `BRIDGE_M`.
        """
        near = self.tree.query(ground, predicate="intersects")
        if len(near) == 0:
            return ground
        box = shapely.box(*shapely.bounds(ground)).buffer(1.0)
        water = shapely.union_all(shapely.intersection(self.areas[near], box))
        shapely.prepare(water)
        parts = shapely.get_parts(shapely.difference(ground, water))
        shapely.prepare(parts)
        dry = parts[shapely.intersects(parts, shapely.multilinestrings(reached))]
        wet = shapely.intersection(reached[shapely.intersects(water, reached)], water)
        # From the bank on, where the limit falls before the strip's own width has been walked.
        over = shapely.buffer(shapely.union_all(wet), BRIDGE_M)
        bridges = shapely.intersection(bridging[shapely.intersects(over, bridging)], over)
        return shapely.union_all(np.concatenate([dry, widened(bridges, BRIDGE_M)]))


class Border:
    """Lines that nobody crosses, which are the barriers that are a MultiLineString."""

    def __init__(self, network: WalkNetwork) -> None:
        barriers = network.barriers
        many_lines = shapely.get_type_id(barriers) == shapely.GeometryType.MULTILINESTRING
        self.lines = shapely.union_all(barriers[many_lines])
        shapely.prepare(self.lines)

    def taken_out(self, ground: shapely.Geometry, reached: Shapes) -> shapely.Geometry:
        """`ground` without what lies beyond the border, where no street is reached."""
        if not shapely.intersects(self.lines, ground):
            return ground
        near = shapely.clip_by_rect(self.lines, *shapely.bounds(ground))
        strip = shapely.buffer(near, CLEAR_M / 2, quad_segs=1)
        parts = shapely.get_parts(shapely.difference(ground, strip))
        own = shapely.intersects(parts, shapely.multilinestrings(reached))
        return shapely.union_all(parts[own])


def nested(rings: Shapes) -> Shapes:
    """Rings, the smallest first, redrawn with common borders: each holds the ones before it.

    All borders are cut where they meet, on a grid of `GRID_M`; each face then belongs to the
    smallest ring that it lies in and to all larger ones, so that not even rounding gets between.
    """
    shapes = np.array([as_multipolygon(ring) for ring in rings], dtype=object)
    if len(shapes) < 2 or shapely.is_empty(shapes).all():
        return shapes
    borders = shapely.union_all(shapely.boundary(shapes), grid_size=GRID_M)
    borders = shapely.segmentize(borders, STRAIGHT_M)
    faces = shapely.get_parts(shapely.polygonize(shapely.get_parts(borders)))
    inner = shapely.point_on_surface(faces)
    smallest = np.full(len(faces), len(shapes))
    for number in range(len(shapes) - 1, -1, -1):
        shapely.prepare(shapes[number])
        smallest[shapely.contains(shapes[number], inner)] = number
    rebuilt = [
        as_multipolygon(shapely.coverage_union_all(faces[smallest <= number]))
        for number in range(len(shapes))
    ]
    return np.array(rebuilt, dtype=object)


def as_multipolygon(shape: shapely.Geometry) -> shapely.Geometry:
    """The polygons of a shape, as one MultiPolygon."""
    parts = [part for part in shapely.get_parts(shape) if part.geom_type == "Polygon"]
    return shapely.MultiPolygon(parts)
