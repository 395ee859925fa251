"""Patches and causes on paper."""

from __future__ import annotations

import itertools
import math

import networkx as nx
import numpy as np
import pytest
import shapely

from lifecircle.siting.causes import CAUSES, Nearest, point_causes, without_minor_causes
from lifecircle.siting.names import directions
from lifecircle.siting.patches import Nearby, outlines, parts_of
from lifecircle.siting.point_sets import PointSets


def same_parts(one: np.ndarray, other: np.ndarray) -> bool:
    """Whether two numberings put the same points together."""
    return bool(((one[:, None] == one) == (other[:, None] == other)).all())


def test_points_are_one_patch_as_far_as_150_m() -> None:
    """A chain of steps of 140 m is one; a step of 200 m begins another."""
    x = np.cumsum([25.0, 140, 140, 140, 200, 140])
    nobody = np.zeros(6, dtype=np.int64)
    pieces = Nearby(x, np.full(6, 25.0), nobody).pieces(np.arange(6), nobody)
    assert same_parts(pieces, np.array([0, 0, 0, 0, 1, 1]))


def test_areas_and_kinds_are_kept_apart_and_order_does_not_matter() -> None:
    """Neighbours in two units or with two causes are two patches, whatever the order of points."""
    rng = np.random.default_rng(5)
    x, y = rng.uniform(0, 3000, (2, 400))
    area, kind = rng.integers(0, 3, (2, 400))
    some = np.sort(rng.choice(400, 300, replace=False))

    def numbers(order: np.ndarray, points: np.ndarray) -> np.ndarray:
        near = Nearby(x[order], y[order], area[order])
        piece = near.pieces(points, kind[order][points])
        return parts_of(piece, x[order][points], y[order][points], np.full(len(points), 600.0))

    found = numbers(np.arange(400), some)
    both = (3 * area + kind)[some]
    assert all(len(set(both[found == number])) == 1 for number in range(found.max() + 1))
    order = rng.permutation(400)
    assert (numbers(order, np.argsort(order)[some]) == found).all()


def test_pieces_are_those_of_a_graph_of_all_pairs() -> None:
    """Against all distances between the middles of the points of one 50 m cell, unit and kind."""
    rng = np.random.default_rng(8)
    x, y = rng.uniform(-2000, 2000, (2, 700))
    area, kind = rng.integers(0, 2, (2, 700))
    some = np.flatnonzero(rng.random(700) < 0.8)
    cells = {}
    for point in some:
        key = (area[point], kind[point], x[point] // 50, y[point] // 50)
        cells.setdefault(key, []).append(point)
    graph = nx.Graph()
    graph.add_nodes_from(cells)
    middles = {key: (x[own].mean(), y[own].mean()) for key, own in cells.items()}
    for one, other in itertools.combinations(cells, 2):
        if one[:2] == other[:2] and math.dist(middles[one], middles[other]) <= 150:
            graph.add_edge(one, other)
    expected = np.full(700, -1)
    for number, keys in enumerate(nx.connected_components(graph)):
        expected[[point for key in keys for point in cells[key]]] = number
    found = Nearby(x, y, area).pieces(some, kind[some])
    assert 20 < expected.max() < len(cells) - 100
    assert same_parts(found, expected[some])


def test_a_wide_patch_is_cut_into_equal_parts() -> None:
    """A strip of 2,100 m with a span of 1,000 m becomes three of 700 m."""
    x = np.arange(0, 2101, 100.0)
    numbers = parts_of(np.zeros(len(x), int), x, np.zeros(len(x)), np.full(len(x), 1000.0))
    assert [int((numbers == number).sum()) for number in range(3)] == [7, 7, 8]
    shapes = outlines(x, np.zeros(len(x)), numbers)
    assert all(shapely.area(shape) > 0 for shape in shapes)


def test_equal_sets_of_points_are_found_among_many() -> None:
    """As Python's own sets say it; sets that share all but one point are different."""
    rng = np.random.default_rng(3)
    sets = [frozenset(rng.choice(6, rng.integers(1, 6), replace=False).tolist()) for _ in range(90)]
    parts = [PointSets.of(np.array(sorted(one)), np.zeros(len(one), int)) for one in sets]
    first, number = PointSets.joined(parts).different()
    assert len(first) == len(set(sets)) < 90
    assert [sets[first[own]] for own in number] == sets


def nearest(metres: list[float], straight: list[float]) -> Nearest:
    rows, nothing = np.zeros(len(metres), dtype=np.int64), np.zeros(len(metres))
    return Nearest(rows, np.array(metres), rows, np.array(straight), nothing, nothing)


def test_causes_by_walk_and_straight_line() -> None:
    """With a limit of 500 m; each row is one case, the boundary cases beside each other."""
    cases = [
        # walk, straight, near the edge, attached, cause
        (900.0, 700.0, False, True, "none"),
        (900.0, 500.0, False, True, "detour"),
        (750.0, 500.0, False, True, "none"),  # 1.5 times as far is not yet far above
        (751.0, 500.0, False, True, "detour"),
        (np.inf, 400.0, False, True, "island"),
        (np.inf, 600.0, False, True, "none"),
        (np.inf, np.inf, False, True, "none"),
        (900.0, 100.0, True, True, "unknown"),
        (np.inf, 100.0, False, False, "unattached"),
    ]
    walk, straight, unknown, attached, expected = map(list, zip(*cases, strict=True))
    found = point_causes(
        np.full(len(cases), 500.0), nearest(walk, straight), np.array(unknown), np.array(attached)
    )
    assert [CAUSES[number] for number in found] == expected


@pytest.mark.parametrize(("minor", "kept"), [(9.0, False), (12.0, True)])
def test_a_tenth_of_a_patch_has_a_cause_of_its_own(minor: float, kept: bool) -> None:
    """Below a tenth of the weight it takes the cause of the rest; each piece by itself."""
    piece = np.array([0, 0, 1])
    cause = np.array([CAUSES.index(name) for name in ("none", "detour", "detour")])
    found = without_minor_causes(piece, cause, np.array([100 - minor, minor, 1.0]))
    assert [CAUSES[number] for number in found] == ["none", "detour" if kept else "none", "detour"]


def test_directions_of_the_compass() -> None:
    angle = np.deg2rad([0, 44, 90, 136, 180, 225, 271, 316])
    found = directions(np.cos(angle), np.sin(angle), np.zeros(8), np.zeros(8))
    assert found.tolist() == ["E", "NE", "N", "NW", "W", "SW", "S", "SE"]
