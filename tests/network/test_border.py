"""A border that nobody crosses: walks, access legs, isochrones and squares keep to their side."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely
from pyproj import CRS
from random_ways import random_ways

import lifecircle as lc
from lifecircle.base.geo import project, unproject
from lifecircle.network.attach import attach
from lifecircle.network.border import CLEAR_M, cut_at_border
from lifecircle.network.build import build_network
from lifecircle.network.network import WalkNetwork
from lifecircle.network.ways import Square, Ways

PLANE = CRS.from_proj4("+proj=tmerc +lat_0=31.3 +lon_0=121.5 +datum=WGS84 +units=m")


def ways(*lines: list[tuple[int, float, float]], steps: float = 0.0) -> Ways:
    """Ways of (node, x, y) on the plane."""
    flat = [vertex for line in lines for vertex in line]
    lon, lat = unproject(*np.array([vertex[1:] for vertex in flat], dtype=float).T, PLANE)
    return Ways(
        np.arange(1, len(lines) + 1),
        np.zeros(len(lines), dtype=np.uint8),
        np.append(0, np.cumsum([len(line) for line in lines])),
        np.array([vertex[0] for vertex in flat]),
        lon,
        lat,
        np.full(len(lines), steps),
    )


def border(*xy: tuple[float, float]) -> shapely.MultiLineString:
    return shapely.multilinestrings([shapely.linestrings(np.array(xy, dtype=float))])


def network(drawn: Ways, line: shapely.MultiLineString) -> WalkNetwork:
    cut = cut_at_border(drawn, (), line, PLANE)
    return build_network(cut.ways, PLANE, barriers=np.array([line], dtype=object))


def sides(town: WalkNetwork, line: shapely.Geometry) -> None:
    assert not shapely.intersects(town.lines, line).any()


def test_a_street_ends_a_centimetre_on_either_side() -> None:
    """A street of 400 m crossed at 250 m: pieces of 249.99 and 149.99 m, and its 100 steps."""
    line = border((50, -100), (50, 100))
    cut = cut_at_border(ways([(1, -200, 0), (2, 200, 0)], steps=100), (), line, PLANE)
    assert (cut.crossings, cut.way_id) == (1, (1,))
    town = build_network(cut.ways, PLANE)
    sides(town, line)
    assert sorted(town.length_m) == pytest.approx([150 - CLEAR_M, 250 - CLEAR_M], abs=1e-4)
    assert cut.ways.steps.sum() == pytest.approx(100)
    assert cut.ways.steps == pytest.approx([62.5, 37.5], abs=0.01)


def test_a_wiggling_border_cuts_at_each_crossing() -> None:
    """It crosses the street at x = −50, 0 and 50: four pieces, of which two touch nothing."""
    line = border((-100, -10), (0, 10), (100, -10), (100, -20), (-25, -30), (-25, 10))
    street = ways([(1, -200, 0), (2, 0, 0), (3, 200, 0)])
    cut = cut_at_border(street, (), line, PLANE)
    town = build_network(cut.ways, PLANE)
    sides(town, line)
    assert cut.crossings == 3
    assert sorted(town.length_m) == pytest.approx([25, 75, 150, 150], abs=3 * CLEAR_M)


def test_ways_that_meet_on_the_border_are_cut_and_those_along_it_are_not() -> None:
    """Node 2 lies on the border: the street through it is cut, its branch on one side is free.

    Another street runs along the border and turns off: it stays whole.
    """
    line = border((0, -100), (0, 100))
    through = ways([(1, -90, 0), (2, 0, 0), (3, 90, 0)])
    assert cut_at_border(through, (), line, PLANE).crossings == 1
    town = network(through, line)
    sides(town, line)
    assert len(np.unique(town.component)) == 2
    along = ways([(1, 0, -50), (2, 0, 0), (3, 0, 50), (4, 30, 60)])
    assert cut_at_border(along, (), line, PLANE).crossings == 0
    touching = ways([(1, -90, 0), (2, 0, 0), (3, -90, 50)])
    assert cut_at_border(touching, (), line, PLANE).crossings == 0


def test_nobody_attaches_across_and_no_ground_lies_beyond() -> None:
    """The street nearer to the place lies beyond; the ring of 300 m ends at the border."""
    line = border((0, -500), (0, 500))
    town = network(ways([(1, -400, 0), (2, 400, 0)], [(3, 60, 200), (4, 60, -200)]), line)
    at = attach(town, np.array([-1.0]), np.array([150.0]), 200, 0)
    assert at.x[0] < 0
    assert at.leg_m[0] == pytest.approx(150, abs=0.01)
    origin = gpd.GeoDataFrame(geometry=[shapely.Point(-20, 0)], crs=PLANE)
    shape = lc.isochrones(town, origin, limits_m=[300], min_component_m=0).to_crs(PLANE)
    assert shape.geometry[0].bounds[2] == pytest.approx(0, abs=CLEAR_M)
    open_town = build_network(ways([(1, -400, 0), (2, 400, 0)]), PLANE)
    free = lc.isochrones(open_town, origin, limits_m=[300], min_component_m=0).to_crs(PLANE)
    assert free.geometry[0].bounds[2] > 270


def test_a_square_on_the_border_is_walked_round_on_each_side() -> None:
    """A square from x = −40 to 40: nobody crosses it any more, and its rim is in two parts."""
    corners = [(1, -40.0, -40.0), (2, 40.0, -40.0), (3, 40.0, 40.0), (4, -40.0, 40.0)]
    ring = []
    for node, x, y in [*corners, corners[0]]:
        lon, lat = unproject(np.array([x]), np.array([y]), PLANE)
        ring.append((node, float(lon[0]), float(lat[0])))
    line = border((0, -500), (0, 500))
    street = ways([(1, -40, -40), (9, -400, -40)], [(2, 40, -40), (8, 400, -40)])
    cut = cut_at_border(street, (Square(5, 0, (tuple(ring),)),), line, PLANE)
    assert (cut.squares, cut.squares_kept, cut.crossings) == ((), 1, 2)
    town = build_network(cut.ways, PLANE)
    sides(town, line)
    assert len(np.unique(town.component)) == 2
    assert town.length_m.sum() == pytest.approx(2 * 360 + 4 * 80 - 4 * CLEAR_M, abs=0.01)


@pytest.mark.parametrize("seed", range(40))
def test_random_towns_keep_to_their_sides(seed: int) -> None:
    """Random ways and a random border: no edge crosses, no component lies on both sides, no
    street but a centimetre at each crossing is lost."""
    rng = np.random.default_rng([7, seed])
    drawn, _ = random_ways(rng)
    x, y = project(drawn.lon, drawn.lat, PLANE)
    middle = np.array([x.mean(), y.mean()])
    angle = rng.uniform(0, np.pi)
    far = 1e5 * np.array([np.cos(angle), np.sin(angle)])
    line = shapely.multilinestrings([shapely.linestrings(np.array([middle - far, middle + far]))])
    cut = cut_at_border(drawn, (), line, PLANE)
    town, whole = build_network(cut.ways, PLANE), build_network(drawn, PLANE)
    sides(town, line)
    left = (town.node_x - middle[0]) * far[1] - (town.node_y - middle[1]) * far[0] > 0
    assert (left[town.edge_from] == left[town.edge_to]).all()
    lost = whole.length_m.sum() - town.length_m.sum()
    assert lost == pytest.approx(2 * CLEAR_M * cut.crossings, abs=1e-4)
