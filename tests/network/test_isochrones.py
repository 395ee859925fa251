"""Isochrones against closed forms, their definition by brute force, and NetworkX."""

from __future__ import annotations

import math
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely
from support import REPOSITORY

import lifecircle as lc
from lifecircle.base.geo import centred_crs
from lifecircle.network.attach import attach
from lifecircle.network.build import network_from_arrays
from lifecircle.network.isochrone_ground import GRID_M, nested, resolution_m
from lifecircle.network.network import SquareArea, WalkNetwork
from lifecircle.network.rules import Flag
from lifecircle.network.slopes import densified, with_heights

sys.path.insert(0, str(REPOSITORY / "scripts"))
from compare_isochrones import check, places, random_origins
from isochrone_oracle import Oracle
from prove_isochrones import origins_in_squares, proof

SPACING = 100.0
TOWN = Path(lc.__file__).parent / "demo" / "synthetic_town.osm.pbf"


@cache
def town() -> WalkNetwork:
    return lc.read_network(TOWN)


def grid(half: int) -> WalkNetwork:
    """Streets every 100 m from −half to half blocks."""
    side = 2 * half + 1
    number = np.arange(side * side).reshape(side, side)
    xy = SPACING * (np.stack(np.meshgrid(range(side), range(side)), axis=-1) - half)
    across = np.stack([number[:, :-1], number[:, 1:]], axis=-1).reshape(-1, 2)
    up = np.stack([number[:-1], number[1:]], axis=-1).reshape(-1, 2)
    return network_from_arrays(xy.reshape(-1, 2), np.concatenate([across, up]))


def line(*x: float, flags: int = 0) -> WalkNetwork:
    """A street along y = 0 through these places, drawn from left to right."""
    xy = np.array([(value, 0.0) for value in x])
    edges = np.column_stack([np.arange(len(x) - 1), np.arange(1, len(x))])
    return replace(network_from_arrays(xy, edges), flags=np.full(len(edges), flags, dtype=np.uint8))


def points(*xy: tuple[float, float], **columns: Any) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(columns, geometry=shapely.points(np.array(xy, dtype=float)))


def rings(network: WalkNetwork, origins: gpd.GeoDataFrame, *limits: float, **more: Any) -> Any:
    more.setdefault("min_component_m", 0)
    return lc.isochrones(network, origins, limits_m=limits, **more)


def in_metres(network: WalkNetwork, table: gpd.GeoDataFrame) -> np.ndarray:
    shapes = table if network.crs is None else table.to_crs(network.crs)
    return np.asarray(shapes.geometry.to_numpy()).reshape(-1, table["limit_m"].nunique())


@pytest.mark.parametrize("limit", [50, 99.5, 100, 320, 500, 780, 1111.1])
def test_streets_of_a_grid(limit: float) -> None:
    """4k²s + (R − ks)(8k + 4) metres, and a hull that is the diamond |x| + |y| ≤ R: 2R²."""
    k = math.floor(limit / SPACING)
    table = rings(grid(13), points((0, 0)), limit, kind="lines")
    expected = 4 * k * k * SPACING + (limit - k * SPACING) * (8 * k + 4)
    assert table["street_m"][0] == pytest.approx(expected, abs=1e-6)
    assert table.geometry[0].length == pytest.approx(expected, abs=1e-6)
    assert table.geometry[0].convex_hull.area == pytest.approx(2 * limit * limit, rel=1e-9)


@pytest.mark.parametrize(
    ("limit", "access"), [(30, 50), (80, 50), (240, 50), (330, 70), (500, 25), (500, 50)]
)
@pytest.mark.parametrize("start", [(0.0, 0.0), (0.0, 30.0), (40.0, -35.0)])
def test_ground_is_what_the_definition_says(
    limit: float, access: float, start: tuple[float, float]
) -> None:
    """20,000 places: inside where some street place r has |g − r| ≤ a and d(r) + |g − r| ≤ L.

    On a grid d(r) is known without any graph: the leg to the nearest street, and from there the
    shorter way round the block.  Places nearer to the border than sampling tells are left out.
    """
    shape = rings(grid(7), points(start), limit, access_m=access).geometry[0]
    streets, walk = _grid_walks(start)
    rng = np.random.default_rng(5)
    ground = rng.uniform(-limit - access, limit + access, (20_000, 2))
    inside = shapely.intersects_xy(shape, *ground.T)
    tree = shapely.STRtree(shapely.points(streets))
    place, near = tree.query(shapely.points(ground), predicate="dwithin", distance=access + 1.0)
    away = np.hypot(*(ground[place] - streets[near]).T)
    # How far g is from failing: below 0 it is inside, and the better of all street places counts.
    excess = np.maximum(away - access, walk[near] + away - limit)
    worst = np.full(len(ground), np.inf)
    np.minimum.at(worst, place, excess)
    margin = 0.5 + resolution_m(access)
    clear = np.abs(worst) > margin
    assert clear.mean() > 0.9
    assert (inside == (worst < 0))[clear].all()


def _grid_walks(start: tuple[float, float]) -> tuple[np.ndarray, np.ndarray]:
    """Places every half metre on the streets of a grid, and the walk from each to `start`."""
    x, y = start
    foot = (x, 0.0) if abs(y) <= min(abs(x), SPACING - abs(x)) or x == 0 == y else (0.0, y)
    foot = (0.0, y) if x == 0 else foot
    leg = math.hypot(x - foot[0], y - foot[1])
    along, rows = np.meshgrid(np.arange(-700, 700.1, 0.5), np.arange(-700, 701, SPACING))
    level = np.column_stack([along.ravel(), rows.ravel()])
    upright = level[:, ::-1]
    walks = [_walk(level, foot, 0), _walk(upright, foot, 1)]
    return np.concatenate([level, upright]), leg + np.concatenate(walks)


def _walk(xy: np.ndarray, foot: tuple[float, float], axis: int) -> np.ndarray:
    """Between two places on a grid: Manhattan, but round the block between parallel streets."""
    fx, fy = foot
    level = fy % SPACING == 0
    direct = np.abs(xy[:, 0] - fx) + np.abs(xy[:, 1] - fy)
    along = 0 if level else 1
    if axis != along:
        return direct
    # Both on streets of one direction: on another street one has to pass a junction.
    low = np.floor(foot[along] / SPACING) * SPACING
    best = np.full(len(xy), np.inf)
    for corner in (low, low + SPACING):
        way = np.abs(xy[:, along] - corner) + abs(foot[along] - corner)
        best = np.minimum(best, way + np.abs(xy[:, 1 - along] - foot[1 - along]))
    return np.where(xy[:, 1 - along] == foot[1 - along], direct, best)


@pytest.mark.parametrize("name", ["demo town", "Wujiaochang", "Porto Alegre", "Newport"])
def test_brute_force_on_real_streets(name: str, request: pytest.FixtureRequest) -> None:
    """Streets in pieces of 1 m, labelled by NetworkX: all reached ones in, nothing that fails."""
    folder = TOWN.parent if name == "demo town" else request.getfixturevalue("test_data")
    network = town() if name == "demo town" else lc.read_network(folder / places()[name])
    origins = random_origins(network, 4, seed=3)
    at = attach(network, origins.geometry.x.to_numpy(), origins.geometry.y.to_numpy())
    table = lc.isochrones(network, origins, limits_m=[300, 700])
    shapes, oracle = in_metres(network, table), Oracle(network)
    for row in range(4):
        xy, metres, street = oracle.labels(at, row, 700.0)
        for number, limit in enumerate((300.0, 700.0)):
            facts = check(shapes[row, number], xy, metres, street, limit)
            assert facts["reached"] > 300
            assert facts["outside"] == 0, facts
            assert facts["failing"] == 0, facts


@pytest.mark.parametrize("overlap", ["overlapping", "dissolved", "split"])
def test_rings_nest_and_are_valid(overlap: Any) -> None:
    """Exactly, not nearly: in degrees, with water between, each ring covers the smaller ones."""
    network, origins = town(), random_origins(town(), 40)
    table = lc.isochrones(network, origins, tiers="shanghai-2022", overlap=overlap)
    shapes = table.geometry.to_numpy().reshape(-1, 3)
    assert shapely.is_valid(shapes).all()
    assert shapely.covers(shapes[:, 1:], shapes[:, :-1]).all()
    assert (np.diff(table["area_m2"].to_numpy().reshape(-1, 3)) >= 0).all()
    assert list(table["limit_min"][:3]) == [5, 10, 15]
    assert list(table["limit_m"][:3]) == [300, 500, 1000]


def test_a_ring_does_not_depend_on_the_others_of_its_call() -> None:
    network, origins = town(), random_origins(town(), 10)
    alone = in_metres(network, lc.isochrones(network, origins, limits_m=[500]))[:, 0]
    beside = in_metres(network, lc.isochrones(network, origins, limits_m=[300, 500, 900]))[:, 1]
    apart = shapely.area(shapely.symmetric_difference(alone, beside))
    assert (apart <= 2 * GRID_M * shapely.length(alone)).all()


def test_holes_are_kept() -> None:
    """Round a block of 400 m runs ground of 50 m: a hole of 300 m × 300 m is left."""
    block = network_from_arrays(
        np.array([(0.0, 0.0), (400, 0), (400, 400), (0, 400)]),
        np.array([(0, 1), (1, 2), (2, 3), (3, 0)]),
    )
    shape = rings(block, points((0, 0)), 900).geometry[0]
    (part,) = shape.geoms
    (hole,) = part.interiors
    assert shapely.Polygon(hole).area == pytest.approx(300 * 300, rel=1e-6)


def test_water_and_what_lies_beyond_it_are_out() -> None:
    """A river 30 m wide with a bridge at x = 0, where the street runs from y = −300 to 300.

    At 200 m from y = −260 the walk ends before the river; at 400 m it has crossed: the bridge is
    a strip 6 m wide, and no other ground lies over water.
    """
    xy = np.array([(0.0, -300.0), (0, 300), (-200, -20), (200, -20)])
    street = network_from_arrays(xy, np.array([(0, 1), (2, 3)]))
    river = shapely.box(-500, -15, 500, 15)
    wet = replace(street, barriers=np.array([river], dtype=object))
    near, far = rings(wet, points((0, -230)), 200, 400).geometry
    assert near.intersection(river).is_empty or near.intersection(river).area < 1e-6
    assert near.bounds[3] <= -15 + 1e-6
    assert far.intersection(river).area == pytest.approx(30 * 6, rel=1e-3)
    assert far.bounds[3] == pytest.approx(170, abs=resolution_m(50))
    assert far.covers(near)
    dry = rings(street, points((0, -230)), 220).geometry[0]
    assert dry.intersection(river).area > 100  # without the river the same ring lies there
    beyond = rings(wet, points((0, -230)), 213).geometry[0]
    assert beyond.bounds[3] <= -15 + 1e-6 or beyond.intersection(river).area < 30 * 6


def test_a_bridge_is_walked_to_where_the_limit_falls() -> None:
    """As above, but the limit falls 2 m behind the bank: those 2 m of street are inside too."""
    street = network_from_arrays(np.array([(0.0, -300.0), (0, 300)]), np.array([(0, 1)]))
    river = shapely.box(-500, -15, 500, 15)
    wet = replace(street, barriers=np.array([river], dtype=object))
    shape = rings(wet, points((0, -230)), 217).geometry[0]
    assert shape.bounds[3] == pytest.approx(-13, abs=0.02)
    assert shape.distance(shapely.Point(0, -13.02)) < 1e-9
    assert shape.intersection(river).area < 6 * 3


def test_long_straight_borders_nest_in_degrees_too() -> None:
    """A line that is straight in metres is not in degrees: a ring 1 mm inside another's border
    of up to 1 km must not stick out there.  Without short pieces two in five did."""
    rng, wrong = np.random.default_rng(0), 0
    for latitude in (31.2, 51.6, 65.0):
        crs = centred_crs(121.5, latitude)
        for _ in range(60):
            far, angle = rng.uniform(200, 1000), rng.uniform(0, np.pi)
            shift = rng.uniform(-20_000, 20_000, 2)
            turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
            large = np.array([(0, 0), (far, 0), (far, 30), (0, 30)])
            small = np.array([(0.3 * far, 0.002), (0.6 * far, 0.001), (0.5 * far, 20)])
            pair = [shapely.Polygon(ring @ turn + shift) for ring in (small, large)]
            made = nested(np.array(pair, dtype=object))
            inner, outer = gpd.GeoSeries(made, crs=crs).to_crs("EPSG:4326")
            wrong += not outer.covers(inner)
    assert wrong == 0


def test_squares_are_reached_straight_across() -> None:
    """Origins inside the town's square of 2.9 ha: all that is reached is in, nothing that fails."""
    found = proof(town(), origins_in_squares(town(), 4), (60.0, 200.0))
    assert (found["reached"] > 1000).all()
    assert (found["outside"] == 0).all(), found
    assert (found["failing"] == 0).all(), found


def test_a_square_that_joins_no_street_is_reached_as_far_as_the_limit_goes() -> None:
    """Nobody enters it but who stands in it: a walk of 30 m from its middle is a disk of 30 m."""
    lonely = SquareArea(shapely.box(300, 10, 500, 210), np.empty(0, dtype=np.int64), False)
    network = replace(line(0, 1000), squares=(lonely,))
    shape = rings(network, points((400, 110)), 80).geometry[0]
    expected = shapely.Point(400, 110).buffer(80)
    assert shape.symmetric_difference(expected).area < 0.02 * expected.area


def test_slopes_are_walked_in_their_direction() -> None:
    """On hills of 20 m, with steps and signals: the same by NetworkX and sums along the edges.

    The rings towards the origins differ from those away from them.
    """
    flat = densified(town(), 20.0)
    height = 20 * np.sin(flat.vertex_x / 90) * np.cos(flat.vertex_y / 70)
    hills, origins = with_heights(flat, height), random_origins(town(), 4, seed=3)
    found = proof(hills, origins, (300.0, 600.0), "elderly")
    assert (found["reached"] > 1000).all()
    assert (found["outside"] == 0).all(), found
    assert (found["failing"] == 0).all(), found
    there, away = (
        lc.isochrones(hills, origins, limits_m=[600], profile="elderly", direction=way)  # type: ignore[arg-type]
        for way in ("towards", "from")
    )
    assert (abs(there["street_m"] - away["street_m"]) > 1).all()


def test_one_bad_origin_never_spoils_the_batch() -> None:
    """Each comes back empty with its reason; the good one is as it is alone."""
    island = np.array([(0.0, 0.0), (3000, 0), (0, 500), (300, 500)])
    network = network_from_arrays(island, np.array([(0, 1), (2, 3)]))
    origins = points((1500, 10), (1500, 4000), (100, 505), (1500, 150), (0, 0), (5, 5))
    origins.loc[4, "geometry"] = None
    origins.loc[5, "geometry"] = shapely.Point(math.nan, 5)
    table = rings(network, origins, 100, min_component_m=1000)
    assert list(table["reason"]) == [
        "", "too_far", "island", "leg_beyond_limit", "no_geometry", "no_geometry",
    ]  # fmt: skip
    assert list(table.geometry.is_empty) == [False, True, False, True, True, True]
    assert list(table["attached_m"][:4]) == [10, pytest.approx(math.nan, nan_ok=True), 5, 150]
    alone = rings(network, origins.iloc[[0]], 100, min_component_m=1000)
    assert alone.geometry[0].equals(table.geometry[0])
    assert list(table["id"]) == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize("limits", [[0], [-5], [math.nan], [math.inf], [8001], [300, 0], []])
def test_limits_that_cannot_be_meant_are_refused(limits: list[float]) -> None:
    with pytest.raises(lc.UsageError, match="limit"):
        lc.isochrones(grid(2), points((0, 0)), limits_m=limits)


def test_limits_are_sorted_and_counted_once() -> None:
    table = rings(grid(6), points((0, 0)), 500, 100, 300, 100)
    assert list(table["limit_m"]) == [100, 300, 500]


def test_minutes_need_people() -> None:
    """The standard run knows no minutes; an adult walks 72 m in each."""
    network, origin = grid(9), points((0, 0))
    with pytest.raises(lc.UsageError, match="minutes"):
        lc.isochrones(network, origin, minutes=[5])
    with pytest.raises(lc.UsageError, match="120"):
        lc.isochrones(network, origin, minutes=[121], profile="adult")
    with pytest.raises(lc.UsageError, match="one of"):
        lc.isochrones(network, origin, minutes=[5], limits_m=[300], profile="adult")
    table = lc.isochrones(network, origin, minutes=[10, 5], profile="adult")
    assert list(table["limit_min"]) == [5, 10]
    assert list(table["limit_m"]) == pytest.approx([360, 720])
    assert table["street_m"][0] == pytest.approx(4 * 9 * SPACING + 60 * (8 * 3 + 4), abs=1e-6)


def test_direction_of_the_walk() -> None:
    """On a street that may be walked from left to right only, the two directions are its sides."""
    street = line(0, 1000, flags=Flag.NO_BACKWARD)
    towards = rings(street, points((500, 0)), 300, kind="lines").geometry[0]
    away = rings(street, points((500, 0)), 300, kind="lines", direction="from").geometry[0]
    assert towards.bounds == (200, 0, 500, 0)
    assert away.bounds == (500, 0, 800, 0)


def test_dissolved_is_one_ring_for_each_service() -> None:
    """Two of one service and one of another on a line: lengths on paper."""
    origins = points((200, 0), (500, 0), (900, 0), service=["a", "a", "b"])
    table = rings(line(0, 1000), origins, 200, kind="lines", overlap="dissolved")
    assert list(table["service"]) == ["a", "b"]
    assert list(table["street_m"]) == [700, 300]


def test_split_gives_every_street_to_the_nearest() -> None:
    """On a line the border is half way, less what the legs differ."""
    origins = points((0, 0), (600, 40))
    table = rings(line(0, 1000), origins, 500, kind="lines", overlap="split")
    # d = x from the left, 40 + 600 − x from the right: they meet at x = 320.
    assert table.geometry[0].bounds == pytest.approx((0, 0, 320, 0))
    assert table.geometry[1].bounds == pytest.approx((320, 0, 1000, 0))


def test_split_shares_out_what_dissolved_covers() -> None:
    network, origins = town(), random_origins(town(), 60)
    split = lc.isochrones(network, origins, limits_m=[400, 800], overlap="split")
    whole = lc.isochrones(network, origins, limits_m=[400, 800], overlap="dissolved")
    for number in range(2):
        assert split["street_m"][number::2].sum() == pytest.approx(whole["street_m"][number])
    parts = in_metres(network, split)[:, 1]
    union = shapely.union_all(parts)
    assert shapely.area(parts).sum() == pytest.approx(union.area, rel=1e-6)
    assert union.area == pytest.approx(whole["area_m2"][1], rel=2e-3)


def test_people_are_counted_by_their_own_walk() -> None:
    """Powers of two say who was counted: along a line, legs included, and each only once."""
    demand = points((100, 0), (300, 0), (590, 20), (620, 0), (800, 0), (1000, 150))
    demand["demand_id"] = [f"d{number}" for number in range(6)]
    demand["residents"] = [1.0, 2, 4, 8, 16, math.nan]
    table = rings(line(0, 1000), points((300, 10)), 200, 300, 331, demand=demand)
    # 210 m to the first, 10, 320, 330, 510, 860 (nobody known) to the others.
    assert list(table["residents"]) == [2, 3, 1 + 2 + 4 + 8]
    assert "dwellings" not in table.columns


@pytest.mark.parametrize("profile", ["standard", "elderly"])
def test_people_agree_with_walk_minutes(profile: str) -> None:
    """Overlapping, dissolved and split count the same people as the walks one by one."""
    network, origins = town(), random_origins(town(), 12)
    demand = random_origins(town(), 500, seed=9).rename(columns={"id": "demand_id"})
    demand["residents"] = np.arange(500.0)
    facilities = origins.assign(facility_id=origins["id"].astype(str), service="s")
    nearest = lc.walk_minutes(network, facilities, demand, profile=profile)
    expected = demand["residents"][nearest.metres[:, 0] <= 600].sum()
    more: dict[str, Any] = {"limits_m": [600], "demand": demand, "profile": profile}
    for overlap in ("dissolved", "split"):
        table = lc.isochrones(network, facilities, overlap=overlap, **more)
        assert table["residents"].sum() == expected
    for number in range(3):
        one = lc.walk_minutes(network, facilities.iloc[[number]], demand, profile=profile)
        table = lc.isochrones(network, facilities.iloc[[number]], **more)
        assert table["residents"][0] == demand["residents"][one.metres[:, 0] <= 600].sum()


def test_reached_places_are_inside_for_every_profile() -> None:
    """With steps and signals that delay: who lives on a street within 8 minutes is inside."""
    network, origins = town(), random_origins(town(), 8)
    places_on_streets = _on_streets(network, 4000)
    for profile in ("elderly", "wheelchair"):
        table = lc.isochrones(network, origins, minutes=[8], profile=profile)
        shapes, count = in_metres(network, table)[:, 0], 0
        for number in range(len(origins)):
            facility = origins.iloc[[number]].assign(facility_id="f", service="s")
            walk = lc.walk_minutes(network, facility, places_on_streets, profile=profile)
            close = places_on_streets.geometry.to_numpy()[walk.minutes[:, 0] <= 8]
            count += len(close)
            assert (shapely.distance(close, shapes[number]) <= resolution_m(50)).all()
        assert count > 80


def _on_streets(network: WalkNetwork, count: int) -> gpd.GeoDataFrame:
    rng = np.random.default_rng(2)
    edges = rng.choice(np.flatnonzero(~network.has(Flag.ACROSS | Flag.OFF_GROUND)), count)
    at = shapely.line_interpolate_point(network.lines[edges], rng.random(count), normalized=True)
    return gpd.GeoDataFrame({"demand_id": np.arange(count)}, geometry=at, crs=network.crs)


def test_areas_are_entered_from_their_outline() -> None:
    """A park across a street is entered on both sides, never at its centroid."""
    park = gpd.GeoDataFrame(geometry=[shapely.box(400, -50, 600, 50)])
    table = rings(line(0, 1000), park, 100, kind="lines")
    assert table["street_m"][0] == pytest.approx(400)
    assert table.geometry[0].bounds == (300, 0, 700, 0)


def test_order_and_batches_change_nothing() -> None:
    """The same origins in another order, far apart and near, give the same rings."""
    network, origins = town(), random_origins(town(), 30)
    one = lc.isochrones(network, origins, limits_m=[400]).set_index("id")
    shuffled = origins.sample(frac=1, random_state=4)
    other = lc.isochrones(network, shuffled, limits_m=[400]).set_index("id").loc[one.index]
    assert (one["street_m"] == other["street_m"]).all()
    assert one["area_m2"].to_numpy() == pytest.approx(other["area_m2"].to_numpy(), rel=1e-9)


def test_progress_counts_every_origin() -> None:
    seen: list[tuple[int, int]] = []
    lc.isochrones(
        grid(3), points((0, 0), (100, 0)), limits_m=[150], min_component_m=0,
        progress=lambda done, total: seen.append((done, total)),
    )  # fmt: skip
    assert seen[-1] == (2, 2)


@pytest.mark.parametrize(
    "wrong", [{"kind": "hull"}, {"overlap": "x"}, {"direction": "up"}, {"access_m": 0.0}]
)
def test_unknown_options_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(lc.UsageError):
        lc.isochrones(grid(2), points((0, 0)), limits_m=[100], **wrong)
