"""Demand from buildings, census and points: nobody lost, nobody counted twice."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from osm_xml import CRS, Town, units_of

from lifecircle.base.geo import GEOGRAPHIC, centred_crs, unproject
from lifecircle.base.problems import InputRefused
from lifecircle.inputs.buildings import residential_buildings
from lifecircle.inputs.demand import DemandReading, build_demand
from lifecircle.inputs.osm_places import OsmPlaces, read_osm_places
from lifecircle.inputs.pieces import PeopleAccount
from lifecircle.inputs.units import read_unit_file
from lifecircle.sources import (
    BuildingsDemand,
    CensusSource,
    DemandSource,
    LandDemand,
    PointsDemand,
    UnitsSource,
)

WIDE = shapely.box(-10_000, -10_000, 10_000, 10_000)


def demand_of(
    sources: list[DemandSource],
    units: gpd.GeoDataFrame,
    extent: shapely.Geometry = WIDE,
) -> DemandReading:
    return build_demand(sources, units, CRS, extent, lambda s: read_osm_places(s.path, ()))


def buildings_source(path: Path, **options: object) -> BuildingsDemand:
    return BuildingsDemand.model_validate({"path": path, "kind": "buildings", **options})


def census_source(folder: Path, text: str) -> CensusSource:
    path = folder / "census.csv"
    path.write_text("unit,people,flats\n" + text, encoding="utf-8")
    return CensusSource(path=path, unit="unit", residents="people", dwellings="flats")


def points_source(folder: Path, rows: list[tuple[str, float, float, float]]) -> PointsDemand:
    """Points in metres with people."""
    x, y = (np.array([row[axis] for row in rows]) for axis in (1, 2))
    lon, lat = unproject(x, y, CRS)
    lines = [
        f"{row[0]},{a:.12f},{b:.12f},{row[3]}" for row, a, b in zip(rows, lon, lat, strict=True)
    ]
    path = folder / "points.csv"
    path.write_text("\n".join(["id,lon,lat,people", *lines]), encoding="utf-8")
    return PointsDemand(path=path, kind="points", id="id", residents="people", datum="wgs84")


def in_metres(table: gpd.GeoDataFrame) -> dict[str, shapely.Point]:
    return dict(zip(table["demand_id"], table.geometry.to_crs(CRS), strict=True))


# ---- which buildings are homes ----


@pytest.mark.parametrize(
    ("tags", "on_land", "home"),
    [
        ({"building": "apartments"}, False, True),
        ({"building": "terrace", "shop": "bakery"}, False, True),
        ({"building": "dormitory"}, False, True),
        ({"building": "semidetached_house"}, False, True),
        ({"building": "yes"}, True, True),
        ({"building": "yes"}, False, False),
        ({"building": "yes", "shop": "bakery"}, True, False),
        ({"building": "yes", "office": "company"}, True, False),
        ({"building": "yes", "amenity": "school"}, True, False),
        ({"building": "garage"}, True, False),
        ({"building": "no"}, True, False),
    ],
)
def test_which_buildings_are_homes(
    tmp_path: Path, tags: dict[str, str], on_land: bool, home: bool
) -> None:
    """The rule of the design: named kinds, or `yes` on residential land without another use."""
    town = Town()
    town.box(1, (0, 0, 10, 10), **tags)
    where = (-50, -50, 50, 50) if on_land else (500, 500, 600, 600)
    town.box(2, where, landuse="residential")
    places = read_osm_places(town.write(tmp_path), ())
    assert len(residential_buildings(places, {}, CRS)[0]) == int(home)


def homes(town: Town, folder: Path, **levels: float) -> tuple[gpd.GeoDataFrame, int]:
    places: OsmPlaces = read_osm_places(town.write(folder), ())
    table, defaulted = residential_buildings(places, levels, CRS)  # type: ignore[arg-type]
    return table.set_index("key"), defaulted


def test_floor_area_is_footprint_times_floors(tmp_path: Path) -> None:
    """200 m² each: 5 floors as mapped; 6, 2 and 3 by kind; words and 0 floors count as unmapped."""
    town = Town()
    town.box(1, (0, 0, 20, 10), building="apartments", building__levels="5")
    town.box(2, (50, 0, 70, 10), building="apartments")
    town.box(3, (100, 0, 120, 10), building="detached")
    town.box(4, (150, 0, 170, 10), building="residential", building__levels="0")
    town.box(5, (200, 0, 220, 10), building="dormitory", building__levels="five")
    table, defaulted = homes(town, tmp_path)
    expected = {"w1": 1000, "w2": 1200, "w3": 400, "w4": 600, "w5": 1200}
    assert table["floor_area_m2"].to_dict() == pytest.approx(expected, rel=3e-3)
    assert defaulted == 4


@pytest.mark.parametrize(("flats", "homes_counted"), [("12", [40, 12]), (None, [-1, -1])])
def test_homes_are_counted_only_where_every_building_tells_its_own(
    tmp_path: Path, flats: str | None, homes_counted: list[int]
) -> None:
    """A sum over the one building of two that tells would pass for all homes."""
    town = Town()
    town.box(1, (0, 0, 20, 10), building="apartments", building__flats="40")
    town.box(2, (50, 0, 70, 10), building="house", **({"building__flats": flats} if flats else {}))
    assert homes(town, tmp_path)[0]["dwellings"].fillna(-1).tolist() == homes_counted


def test_the_study_sets_its_own_floors(tmp_path: Path) -> None:
    town = Town()
    town.box(2, (50, 0, 70, 10), building="apartments")
    town.box(3, (100, 0, 120, 10), building="house")
    table, _ = homes(town, tmp_path, apartments=18)
    assert table["floor_area_m2"].to_dict() == pytest.approx({"w2": 3600, "w3": 400}, rel=3e-3)


def test_a_building_stands_at_its_entrance_its_centre_or_inside(tmp_path: Path) -> None:
    """A U-shaped block has its centroid in the yard: its point is put in the block."""
    town = Town()
    town.node((20, 5), 1, entrance="yes")
    town.way(
        1, [town.node((0, 0)), town.node((20, 0)), 1, town.node((0, 10)), 1001], building="house"
    )
    town.box(2, (100, 0, 120, 10), building="house")
    block = [(0, 0), (60, 0), (60, 60), (50, 60), (50, 10), (10, 10), (10, 60), (0, 60)]
    shape = shapely.Polygon([(x + 200, y) for x, y in block])
    town.ring(3, list(shape.exterior.coords)[:-1], building="apartments")
    points = homes(town, tmp_path)[0].geometry
    assert points["w1"].distance(shapely.Point(20, 5)) < 0.05
    assert points["w2"].distance(shapely.Point(110, 5)) < 0.05
    assert not shape.contains(shape.centroid)
    assert shape.contains(points["w3"])


# ---- census ----


def two_homes(folder: Path) -> Path:
    """Floor areas 100 m² × 6 = 600 and 200 m² × 1 = 200 in unit a; 1 home in unit b."""
    town = Town()
    town.box(1, (10, 10, 20, 20), building="apartments", building__levels="6")
    town.box(2, (40, 10, 60, 20), building="house", building__levels="1")
    town.box(3, (110, 10, 120, 20), building="house")
    return town.write(folder)


def test_a_census_is_shared_out_by_floor_area(tmp_path: Path) -> None:
    """800 people over 600 and 200 m² are 600 and 200; unit b keeps its own 50."""
    units = units_of(a=shapely.box(0, 0, 100, 100), b=shapely.box(100, 0, 200, 100))
    census = census_source(tmp_path, "a,800,80\nb,50,\n")
    reading = demand_of([buildings_source(two_homes(tmp_path), census=census)], units)
    table = reading.table.set_index("demand_id")
    people = {"town-w1": 600, "town-w2": 200, "town-w3": 50}
    assert table["residents"].to_dict() == pytest.approx(people, rel=3e-3)
    assert table["dwellings"].dropna().to_dict() == pytest.approx(
        {"town-w1": 60, "town-w2": 20}, rel=3e-3
    )
    assert (table["extent_share"] == 1).all()
    account = {one.weight: one for one in reading.people}
    assert account["residents"].read == 850
    assert account["residents"].in_units == pytest.approx(850, rel=1e-12)
    assert account["residents"].source == "census.csv"


def test_only_the_part_inside_the_network_counts(tmp_path: Path) -> None:
    """The extent holds x < 75 of unit a (100 m wide): 3/4 of 800 people, and none of unit b."""
    units = units_of(a=shapely.box(0, 0, 100, 100), b=shapely.box(100, 0, 200, 100))
    census = census_source(tmp_path, "a,800,\nb,50,\n")
    source = buildings_source(two_homes(tmp_path), census=census)
    reading = demand_of([source], units, shapely.box(-500, -500, 75, 500))
    table = reading.table.set_index("demand_id")
    assert table["residents"].to_dict() == pytest.approx({"town-w1": 450, "town-w2": 150}, rel=3e-3)
    assert set(table["extent_share"].round(6)) == {0.75}
    [account] = reading.people
    assert account.outside_network == pytest.approx(200 + 50, rel=1e-6)
    assert account.in_units == pytest.approx(600, rel=1e-6)
    [rows, _] = reading.accounts
    assert (rows.rows_read, rows.rows_used, rows.rows_excluded) == (3, 2, 1)


def test_people_of_a_unit_without_homes_stay_in_the_total(tmp_path: Path) -> None:
    """They go to one point inside the unit, and the unit is named."""
    units = units_of(a=shapely.box(0, 0, 100, 100), c=shapely.box(300, 0, 400, 100))
    census = census_source(tmp_path, "a,800,\nc,70,\n")
    reading = demand_of([buildings_source(two_homes(tmp_path), census=census)], units)
    row = reading.table.set_index("demand_id").loc["town-unit-c"]
    assert row["residents"] == 70
    assert np.isnan(row["buildings"]) and np.isnan(row["floor_area_m2"])
    assert shapely.box(300, 0, 400, 100).contains(in_metres(reading.table)["town-unit-c"])
    assert [p.value for p in reading.problems if p.code == "census_without_buildings"] == ["c"]
    assert reading.people[0].in_units == pytest.approx(870)


def test_without_a_census_homes_carry_no_people(tmp_path: Path) -> None:
    units = units_of(a=shapely.box(0, 0, 100, 100))
    reading = demand_of([buildings_source(two_homes(tmp_path))], units)
    assert reading.table["residents"].isna().all()
    assert reading.table["buildings"].tolist() == [1, 1]
    assert reading.people == ()
    assert {p.code for p in reading.problems} == {"demand_outside_units", "floors_defaulted"}


# ---- points ----

FOUR = [
    ("p", 10.0, 10.0, 1.0),
    ("q", 60.0, 10.0, 2.0),
    ("r", 150.0, 10.0, 4.0),
    ("s", 0.0, 900.0, 8.0),
]


def test_points_go_to_their_units_and_the_rest_is_booked(tmp_path: Path) -> None:
    """1 person inside, 2 in the unit beyond the extent, 4 + 8 in no unit."""
    units = units_of(a=shapely.box(0, 0, 100, 100))
    reading = demand_of([points_source(tmp_path, FOUR)], units, shapely.box(0, 0, 50, 1000))
    assert reading.table["demand_id"].tolist() == ["points-p"]
    assert reading.people == (PeopleAccount("points.csv", "residents", 15, 1, 12, 2),)
    [rows] = reading.accounts
    assert (rows.rows_read, rows.rows_used, rows.rows_excluded) == (4, 1, 3)
    counts = {p.code: p.details["count"] for p in reading.problems if "count" in p.details}
    assert counts == {"demand_outside_units": 2, "demand_outside_network": 1}


def test_a_point_on_a_shared_border_counts_once(tmp_path: Path) -> None:
    """In the unit with the lower id, whatever the order of the units."""
    units = units_of(b=shapely.box(0, 0, 100, 100), a=shapely.box(0, -100, 100, 0))
    source = points_source(tmp_path, [("p", 50.0, 0.0, 3.0)])
    for table in (units, units.iloc[::-1]):
        reading = demand_of([source], table)
        assert reading.table["unit_id"].tolist() == ["a"]
        assert reading.people[0].in_units == 3


def test_overlapping_units_count_nobody_twice(tmp_path: Path) -> None:
    units = units_of(a=shapely.box(0, 0, 70, 100), b=shapely.box(30, 0, 100, 100))
    source = points_source(tmp_path, [("p", 50.0, 50.0, 3.0), ("q", 90.0, 50.0, 4.0)])
    reading = demand_of([source], units)
    assert reading.table.set_index("demand_id")["unit_id"].to_dict() == {
        "points-p": "a",
        "points-q": "b",
    }
    assert reading.people[0].in_units == 7


# ---- all together ----


def test_splitting_a_unit_adds_up(tmp_path: Path) -> None:
    """Points, homes and land of two halves are those of the whole, weight by weight."""
    town = Town()
    for number in range(12):
        x, y = 15.0 * number, 7.0 * number
        town.box(number + 1, (x, y, x + 9, y + 9), building="house")
    town.box(50, (-20, -20, 170, 130), landuse="residential")
    path = town.write(tmp_path)
    generator = np.random.default_rng(4)
    rows = [(f"p{i}", *generator.uniform(0, 200, 2), 2.0**i) for i in range(20)]
    land = LandDemand(path=path, kind="land")
    sources = [points_source(tmp_path, rows), buildings_source(path), land]
    cut = shapely.Polygon([(0, 0), (120, 0), (61.3, 200), (0, 200)])
    whole = shapely.box(0, 0, 200, 200)
    one = demand_of(list(sources), units_of(a=whole)).table
    two = demand_of(list(sources), units_of(a=cut, b=whole.difference(cut))).table
    weights = ["residents", "buildings", "floor_area_m2", "residential_land_m2"]
    assert two["unit_id"].nunique() == 2
    assert two[weights].sum().to_dict() == pytest.approx(one[weights].sum().to_dict(), rel=1e-7)
    assert two["residents"].sum() == one["residents"].sum()


def test_the_table_is_sorted_and_in_degrees_whatever_the_order(tmp_path: Path) -> None:
    """Sources and units in another order give the same rows."""
    units = units_of(a=shapely.box(0, 0, 100, 100), b=shapely.box(100, 0, 200, 100))
    sources: list[DemandSource] = [
        points_source(tmp_path, FOUR),
        buildings_source(two_homes(tmp_path)),
    ]
    one = demand_of(sources, units).table
    two = demand_of(sources[::-1], units.iloc[::-1]).table
    assert one.crs == GEOGRAPHIC
    assert one["demand_id"].is_unique
    assert one.to_csv() == two.to_csv()
    assert list(zip(one["source"], one["demand_id"], strict=True)) == sorted(
        zip(one["source"], one["demand_id"], strict=True)
    )


def test_two_files_of_one_name_keep_their_rows_apart(tmp_path: Path) -> None:
    units = units_of(a=shapely.box(0, 0, 100, 100))
    (tmp_path / "other").mkdir()
    sources: list[DemandSource] = [
        points_source(folder, FOUR[:1]) for folder in (tmp_path, tmp_path / "other")
    ]
    assert demand_of(sources, units).table["demand_id"].tolist() == ["points-2-p", "points-p"]


def test_an_account_that_does_not_balance_is_a_mistake_of_ours() -> None:
    with pytest.raises(AssertionError):
        PeopleAccount("x", "residents", read=100, in_units=60, outside_units=20, outside_network=19)


def test_a_refused_source_stops_the_demand(tmp_path: Path) -> None:
    units = units_of(a=shapely.box(0, 0, 100, 100))
    source = points_source(tmp_path, [("p", 10.0, 10.0, -5.0)])
    with pytest.raises(InputRefused) as refusal:
        demand_of([source], units)
    assert refusal.value.problems[-1].source == "points.csv"


# ---- real data ----


def test_wujiaochang_has_312_homes_inside_its_extract(test_data: Path) -> None:
    """The count known for this extract; the census is cut to the 82 % of the area inside."""
    path = test_data / "shanghai" / "osm" / "wujiaochang.osm"
    units = read_unit_file(
        UnitsSource.model_validate(
            {
                "path": test_data / "shanghai" / "boundaries" / "streets-8-districts.geojson",
                "id": "official_control_code_2023",
                "name": "official_control_name_2023",
                "select": ["五角场街道"],
            }
        )
    ).table
    census = CensusSource(
        path=test_data / "shanghai" / "population" / "census2020-yangpu.csv",
        unit="subdistrict_id",
        residents="population_total",
    )
    crs = centred_crs(121.5, 31.3)
    box = gpd.GeoSeries([shapely.box(121.4852, 31.2904, 121.5196, 31.3102)], crs=GEOGRAPHIC)
    places = read_osm_places(path, ())
    reading = build_demand(
        [buildings_source(path, census=census)], units, crs, box.to_crs(crs)[0], lambda _: places
    )
    assert len(reading.table) == 312
    [people] = reading.people
    assert people.outside_units == 0
    assert people.in_units / people.read == pytest.approx(0.82, abs=0.005)
    assert reading.table["residents"].sum() == pytest.approx(people.in_units, rel=1e-12)


def test_porto_alegre_people_are_all_accounted_for(test_data: Path) -> None:
    """812,935 people in the file, split over two halves and what lies outside them."""
    path = test_data / "porto-alegre" / "poa_hexgrid.csv"
    source = PointsDemand(path=path, kind="points", id="id", residents="population", datum="wgs84")
    units = gpd.GeoDataFrame(
        {"unit_id": ["e", "w"], "name": ["e", "w"], "level": "half"},
        geometry=[shapely.box(-51.2, -30.1, -51.1, -30.0), shapely.box(-51.3, -30.1, -51.2, -30.0)],
        crs=GEOGRAPHIC,
    )
    crs = centred_crs(-51.2, -30.05)
    box = gpd.GeoSeries([shapely.box(-51.25, -30.2, -51.15, -29.9)], crs=GEOGRAPHIC)
    reading = build_demand([source], units, crs, box.to_crs(crs)[0], lambda _: pytest.fail())
    [people] = reading.people
    assert people.read == 812_935
    assert people.in_units + people.outside_units + people.outside_network == 812_935
    assert min(people.in_units, people.outside_units, people.outside_network) > 0
    assert reading.table["residents"].sum() == people.in_units
