"""Rings that do not overlap: every street and all ground goes to the nearest origin."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import shapely

from lifecircle.base.geo import Floats
from lifecircle.network.effort import along_edges
from lifecircle.network.isochrone_ground import NOTHING, Shapes, cut_lines, nested
from lifecircle.network.isochrone_rings import RingMaker, Rings
from lifecircle.network.isochrone_search import Batch, Cones, RingSearch
from lifecircle.network.isochrone_stretches import Stretches, joined, within
from lifecircle.network.network import Ints, Mask

SAMPLE_M = 5.0
"""Ground between two origins' streets is divided by their places this far apart."""

TIE_M = 1e-9


def split_stretches(search: RingSearch, cones: Cones, limit_m: float) -> Stretches:
    """What each origin reaches first: along an edge the lowest of the cones counts.

    Two neighbouring cones meet where both walks cost the same.
    """
    cones = cones[cones.metres <= limit_m]
    cones = cones[np.lexsort((cones.metres, cones.at_m, cones.edge))]
    cones = cones[~_dominated(search, cones)]
    low, high = within(search, cones, limit_m)
    if len(cones.edge) > 1:
        left, right = cones[np.arange(len(low) - 1)], cones[np.arange(1, len(low))]
        neighbours = left.edge == right.edge
        border = _borders(search, left, right)
        high[:-1] = np.where(neighbours, np.minimum(high[:-1], border), high[:-1])
        low[1:] = np.where(neighbours, np.maximum(low[1:], border), low[1:])
    keep = low <= high
    return joined(cones.origin[keep], cones.edge[keep], low[keep], high[keep])


def _dominated(search: RingSearch, cones: Cones) -> Mask:
    """Cones whose place another cone of the same edge reaches with less (or as the earlier one)."""
    first, second = _pairs(cones.edge)
    mine, other = cones[first], cones[second]
    ahead, behind = search.rulers(cones.edge, cones.at_m)
    beyond = mine.at_m > other.at_m
    walk = np.where(beyond, ahead[first] - ahead[second], behind[second] - behind[first])
    may = np.where(beyond, other.ahead, other.behind) | (mine.at_m == other.at_m)
    less = mine.metres - (other.metres + walk)
    dominated = np.zeros(len(cones.edge), dtype=bool)
    dominated[first[may & ((less > TIE_M) | ((less >= -TIE_M) & (second < first)))]] = True
    return dominated


def _pairs(sorted_edge: Ints) -> tuple[Ints, Ints]:
    """All ordered pairs of different rows with the same edge."""
    begin = np.searchsorted(sorted_edge, sorted_edge, side="left")
    count = np.searchsorted(sorted_edge, sorted_edge, side="right") - begin
    first = np.repeat(np.arange(len(sorted_edge)), count)
    step = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    second = np.repeat(begin, count) + step
    return first[first != second], second[first != second]


def _borders(search: RingSearch, left: Cones, right: Cones) -> Floats:
    """Where two neighbouring cones of an edge meet; where only one comes, at the other's place."""
    effort, network = search.effort, search.network
    ahead = search.rulers(left.edge, left.at_m)[0]
    behind = search.rulers(right.edge, right.at_m)[1]
    twice = right.metres - left.metres + ahead + behind
    both_ways = effort.forward + effort.backward
    start, along = network.vertex_start, network.vertex_along_m
    meet = along_edges(start, left.edge, both_ways, along, twice)
    meet = np.clip(meet, left.at_m, right.at_m)
    alone = np.where(left.ahead, right.at_m, left.at_m)
    return np.where(left.ahead & right.behind, meet, alone)


def apart(grounds: Shapes, lines: Shapes, owner: Ints, access_m: float) -> Shapes:
    """Ground that several origins reach goes to the one whose street is nearest to it.

    `lines` are the streets of the grounds' origins, `owner` says which ground each belongs to.
    What no street decides goes to the first ground that holds it.
    """
    conflict = _conflict(grounds)
    if shapely.is_empty(conflict):
        return grounds
    near = shapely.STRtree(lines).query(conflict, predicate="dwithin", distance=access_m)
    mine = _nearest_street(lines[near], owner[near], len(grounds), conflict)
    result = grounds.copy()
    left_over = conflict
    for number in np.flatnonzero(shapely.intersects(grounds, conflict)):
        contested = shapely.intersection(grounds[number], conflict)
        lost = shapely.difference(contested, mine[number])
        result[number] = shapely.difference(grounds[number], lost)
        left_over = shapely.difference(left_over, shapely.intersection(contested, mine[number]))
    for number in np.flatnonzero(shapely.intersects(grounds, left_over)):
        more = shapely.intersection(grounds[number], left_over)
        result[number] = shapely.union(result[number], more)
        left_over = shapely.difference(left_over, more)
    return result


def _conflict(grounds: Shapes) -> shapely.Geometry:
    """Ground that lies in more than one of `grounds`."""
    first, second = shapely.STRtree(grounds).query(grounds, predicate="intersects")
    pairs = first < second
    shared = shapely.intersection(grounds[first[pairs]], grounds[second[pairs]])
    return shapely.union_all(shared[shapely.area(shared) > 0])


def _nearest_street(lines: Shapes, owner: Ints, count: int, ground: shapely.Geometry) -> Shapes:
    """For each owner the ground that is nearest to its streets, by places `SAMPLE_M` apart."""
    points, line = shapely.get_coordinates(shapely.segmentize(lines, SAMPLE_M), return_index=True)
    points, first = np.unique(np.round(points, 2), axis=0, return_index=True)
    mine = np.full(count, NOTHING, dtype=object)
    around = shapely.envelope(ground)
    cells = shapely.get_parts(
        shapely.voronoi_polygons(shapely.multipoints(points), extend_to=around, ordered=True)
    )
    owners = owner[line[first]]
    for number in np.unique(owners):
        mine[number] = shapely.coverage_union_all(cells[owners == number])
    return mine


def split_rings(maker: RingMaker, services: npt.NDArray[np.object_]) -> Iterator[Rings]:
    """Rings of every service in which each street and all ground belong to one origin."""
    search, found = maker.search, maker.search.entrances.attachment.found
    attached = np.unique(search.entrances.row[found])
    for service in np.unique(services[attached]):
        origins = attached[services[attached] == service]
        batch = search.nearest(origins, max(maker.limits_m))
        rings = maker.rings(batch, split_stretches)
        if maker.polygons:
            _divide(maker, batch, rings.shapes)
        yield rings


def _divide(maker: RingMaker, batch: Batch, shapes: Shapes) -> None:
    """Give the ground of the largest rings to one origin each, and cut the others to theirs."""
    limit_m = max(maker.limits_m)
    reached = split_stretches(maker.search, batch.streets, limit_m)
    lines = cut_lines(maker.network, reached)
    owner = np.searchsorted(batch.origins, reached.origin)
    shapes[:, -1] = apart(shapes[:, -1], lines, owner, maker.access_m)
    for number in range(shapes.shape[1] - 1):
        shapes[:, number] = shapely.intersection(shapes[:, number], shapes[:, -1])
    for origin_shapes in shapes:
        origin_shapes[:] = nested(origin_shapes)
