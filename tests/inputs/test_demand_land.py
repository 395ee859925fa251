"""Demand from residential land: squares that add up to the land."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from osm_xml import CRS, Town, units_of

from lifecircle.base.geo import GEOGRAPHIC
from lifecircle.base.problems import InputRefused
from lifecircle.inputs.demand import DemandReading, build_demand
from lifecircle.inputs.osm_places import read_osm_places
from lifecircle.sources import LandDemand

WIDE = shapely.box(-10_000, -10_000, 10_000, 10_000)
CODED = {"0701": (0, 0, 100, 100), "0702": (200, 0, 250, 50), "1507": (300, 0, 400, 100)}


def land_file(folder: Path, *shapes: shapely.Geometry, **columns: list[str]) -> Path:
    path = folder / "land.geojson"
    table = gpd.GeoDataFrame(columns, geometry=list(shapes), crs=CRS).to_crs(GEOGRAPHIC)
    table.to_file(path, driver="GeoJSON", COORDINATE_PRECISION=12)
    return path


def demand_of(
    path: Path, units: gpd.GeoDataFrame, extent: shapely.Geometry = WIDE, **options: object
) -> DemandReading:
    source = LandDemand.model_validate({"path": path, "kind": "land", **options})
    return build_demand([source], units, CRS, extent, lambda s: read_osm_places(s.path, ()))


def area(reading: DemandReading) -> float:
    return float(reading.table["residential_land_m2"].sum())


def test_squares_lie_on_the_grid_of_the_projection(tmp_path: Path) -> None:
    """Land from -10 to 60 m, 0 to 25 m: squares of 25 m cut it into 10, 25, 25 and 10 m."""
    units = units_of(a=shapely.box(-500, -500, 500, 500))
    table = demand_of(land_file(tmp_path, shapely.box(-10, 0, 60, 25)), units).table
    table = table.set_index("demand_id")
    widths = {"land--1_0-a": 10, "land-0_0-a": 25, "land-1_0-a": 25, "land-2_0-a": 10}
    expected = {key: width * 25.0 for key, width in widths.items()}
    big = table[table["residential_land_m2"] > 0.01]
    assert big["residential_land_m2"].to_dict() == pytest.approx(expected, rel=1e-6)
    centre = big.geometry.to_crs(CRS)["land-1_0-a"]
    assert centre.distance(shapely.Point(37.5, 12.5)) < 1e-3


def test_squares_add_up_to_the_land(tmp_path: Path) -> None:
    """An irregular star with a hole, in a slanted unit: the area of their intersection to 1e-6."""
    turn = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    radius = np.where(np.arange(60) % 2, 400.0, 130.0)
    star = shapely.Polygon(np.column_stack([radius * np.cos(turn), radius * np.sin(turn)]))
    land = star.difference(shapely.Point(20, 20).buffer(50))
    unit = shapely.Polygon([(-900, -300), (900, -100), (200, 900)])
    reading = demand_of(land_file(tmp_path, land), units_of(a=unit))
    assert area(reading) == pytest.approx(land.intersection(unit).area, rel=1e-6)
    points = reading.table.geometry.to_crs(CRS).to_numpy()
    assert shapely.contains(land.intersection(unit).buffer(1e-3), points).all()
    assert len(reading.table) > 250


def test_land_mapped_twice_counts_once(tmp_path: Path) -> None:
    first, second = shapely.box(0, 0, 60, 60), shapely.box(30, 0, 90, 60)
    reading = demand_of(land_file(tmp_path, first, second), units_of(a=WIDE))
    assert area(reading) == pytest.approx(90 * 60, rel=1e-6)
    assert reading.accounts[0].rows_used == 2


def test_land_where_units_overlap_counts_once(tmp_path: Path) -> None:
    """Units a (x to 60) and b (x from 40): the strip of both is a's."""
    units = units_of(a=shapely.box(0, 0, 60, 100), b=shapely.box(40, 0, 100, 100))
    reading = demand_of(land_file(tmp_path, shapely.box(0, 0, 100, 50)), units)
    by_unit = reading.table.groupby("unit_id")["residential_land_m2"].sum()
    assert by_unit.to_dict() == pytest.approx({"a": 3000, "b": 2000}, rel=1e-6)


def test_land_beyond_the_network_is_cut_off(tmp_path: Path) -> None:
    """The extent ends at x = 60, in the square from 50 to 75 m: 2/5 of it stay."""
    units = units_of(a=shapely.box(0, 0, 200, 200))
    path = land_file(tmp_path, shapely.box(0, 0, 100, 25), shapely.box(150, 0, 180, 25))
    reading = demand_of(path, units, shapely.box(-500, -500, 60, 500))
    assert area(reading) == pytest.approx(60 * 25, rel=1e-6)
    row = reading.table.set_index("demand_id").loc["land-2_0-a"]
    assert row["extent_share"] == pytest.approx(0.4, rel=1e-6)
    assert reading.accounts[0].rows_excluded == 1


def test_a_coarser_grid_holds_the_same_land(tmp_path: Path) -> None:
    path = land_file(tmp_path, shapely.box(3, 4, 333, 217))
    units = units_of(a=WIDE)
    fine, coarse = demand_of(path, units, spacing_m=10), demand_of(path, units, spacing_m=100)
    assert len(fine.table) > 20 * len(coarse.table)
    assert area(fine) == pytest.approx(area(coarse), rel=1e-9)


def test_codes_match_from_their_beginning(tmp_path: Path) -> None:
    """07 takes 0701 and 0702; a code keeps its first 0."""
    shapes = [shapely.box(*bounds) for bounds in CODED.values()]
    path = land_file(tmp_path, *shapes, code=list(CODED))
    units = units_of(a=WIDE)
    both = demand_of(path, units, column="code", codes=("07",))
    one = demand_of(path, units, column="code", codes=("0702",))
    assert area(both) == pytest.approx(10_000 + 2_500, rel=1e-6)
    assert area(one) == pytest.approx(2_500, rel=1e-6)


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"column": "code", "codes": ["99"]}, "land_none"),
        ({"column": "kind", "codes": ["07"]}, "column_missing"),
    ],
)
def test_no_such_land_is_refused(tmp_path: Path, options: dict[str, object], code: str) -> None:
    shapes = [shapely.box(*bounds) for bounds in CODED.values()]
    path = land_file(tmp_path, *shapes, code=list(CODED))
    with pytest.raises(InputRefused) as refusal:
        demand_of(path, units_of(a=WIDE), **options)
    assert refusal.value.problems[0].code == code


def test_an_extract_without_residential_land_is_refused(tmp_path: Path) -> None:
    town = Town()
    town.box(1, (0, 0, 50, 50), landuse="industrial")
    with pytest.raises(InputRefused) as refusal:
        demand_of(town.write(tmp_path), units_of(a=WIDE))
    assert refusal.value.problems[0].code == "land_none"


def test_newport_squares_are_its_residential_land(test_data: Path) -> None:
    """All mapped residential land, cut by a unit that holds it, adds up to its union."""
    path = test_data / "newport" / "newport-2023-06-13.osm.pbf"
    places = read_osm_places(path, ())
    land = places.land.geometry.to_crs(CRS)
    unit = shapely.box(*land.total_bounds).buffer(10)
    units = gpd.GeoDataFrame(
        {"unit_id": ["n"], "name": ["n"], "level": "town"}, geometry=[unit], crs=CRS
    ).to_crs(GEOGRAPHIC)
    source = LandDemand(path=path, kind="land")
    reading = build_demand([source], units, CRS, unit.buffer(1000), lambda _: places)
    assert area(reading) == pytest.approx(shapely.union_all(land.to_numpy()).area, rel=1e-6)
