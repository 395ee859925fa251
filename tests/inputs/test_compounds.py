"""Compounds with their households: every home on the ground of its compound, on paper."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
import shapely
from osm_xml import CRS, units_of

from lifecircle.base.geo import GEOGRAPHIC
from lifecircle.base.problems import InputRefused, StudyRefused
from lifecircle.inputs.demand import DemandReading, build_demand
from lifecircle.inputs.pieces import PeopleAccount
from lifecircle.sources import CompoundsDemand
from lifecircle.study import load_study

WIDE = shapely.box(-10_000, -10_000, 10_000, 10_000)
UNITS = units_of(w=shapely.box(0, 0, 100, 100), e=shapely.box(100, 0, 200, 100))


def demand_of(
    folder: Path,
    shapes: list[shapely.Geometry],
    homes: list[Any],
    extent: shapely.Geometry = WIDE,
    **keys: Any,
) -> DemandReading:
    path = folder / "compounds.gpkg"
    table = {"code": [f"c{i}" for i in range(len(shapes))], "homes": homes}
    gpd.GeoDataFrame(table, geometry=shapes, crs=CRS).to_crs(GEOGRAPHIC).to_file(path)
    named = {"path": path, "kind": "compounds", "id": "code", "dwellings": "homes", **keys}
    source = CompoundsDemand.model_validate(named)
    return build_demand([source], UNITS, CRS, extent, lambda _: pytest.fail("no OSM here"))


def by_unit(reading: DemandReading) -> dict[str, float]:
    return dict(reading.table.groupby("unit_id")["dwellings"].sum())


def account(reading: DemandReading) -> dict[str, float]:
    [people] = reading.people
    assert (people.source, people.weight) == ("compounds.gpkg", "dwellings")
    return {name: getattr(people, name) for name in PeopleAccount.__annotations__ if "_" in name}


def test_homes_lie_evenly_on_the_ground_of_their_compound(tmp_path: Path) -> None:
    """50 m square, 100 homes: four squares of 25 m with 25 each, at their middles."""
    reading = demand_of(tmp_path, [shapely.box(25, 25, 75, 75)], [100])
    assert reading.table["dwellings"].to_numpy() == pytest.approx([25] * 4, rel=1e-4)
    assert reading.table["residents"].isna().all()
    points = reading.table.geometry.to_crs(CRS)
    # Millimetres over the grid cut hair-thin squares, so that places are asked by distance.
    for x, y in ((37.5, 37.5), (62.5, 37.5), (37.5, 62.5), (62.5, 62.5)):
        assert points.distance(shapely.Point(x, y)).min() < 0.5
    assert reading.table["demand_id"].str.startswith("compounds-c0-").all()


def test_a_compound_over_a_border_is_shared_by_area(tmp_path: Path) -> None:
    """From x = 75 to 175: a quarter of 80 homes west, three quarters east."""
    reading = demand_of(tmp_path, [shapely.box(75, 0, 175, 100)], [80])
    assert by_unit(reading) == pytest.approx({"w": 20, "e": 60}, rel=1e-4)


def test_what_lies_outside_is_booked_by_area(tmp_path: Path) -> None:
    """150 to 250 of a unit that ends at 200, in a network that ends at 175: 25, 25 and 50."""
    west = shapely.box(-10_000, -10_000, 175, 10_000)
    reading = demand_of(
        tmp_path, [shapely.box(150, 0, 250, 100), shapely.box(300, 0, 400, 100)], [100, 7], west
    )
    booked = account(reading)
    assert booked == pytest.approx(
        {"in_units": 25, "outside_network": 25, "outside_units": 57}, rel=1e-4
    )
    [rows] = reading.accounts
    assert (rows.rows_read, rows.rows_used, rows.rows_excluded) == (2, 1, 1)
    assert [p.code for p in reading.problems] == ["demand_outside_units"]


def test_a_hole_and_several_parts_are_one_compound(tmp_path: Path) -> None:
    """A ring of 7,500 m² and a square of 2,500 m²: three quarters of the homes on the ring."""
    ring = shapely.difference(shapely.box(0, 0, 100, 100), shapely.box(25, 25, 75, 75))
    shape = shapely.MultiPolygon([ring, shapely.box(125, 25, 175, 75)])
    reading = demand_of(tmp_path, [shape], [1000])
    assert by_unit(reading) == pytest.approx({"w": 750, "e": 250}, rel=1e-4)
    points = reading.table.geometry.to_crs(CRS)
    assert not points.within(shapely.box(25.1, 25.1, 74.9, 74.9)).any()


def test_two_compounds_on_one_ground_both_count(tmp_path: Path) -> None:
    """Land mapped twice counts once; homes told twice are two sums."""
    square = shapely.box(25, 25, 75, 75)
    assert by_unit(demand_of(tmp_path, [square, square], [10, 20])) == pytest.approx({"w": 30})


@pytest.mark.parametrize(
    ("homes", "keys", "code", "action"),
    [
        ([-5], {}, "weight_negative", "refused"),
        (["many"], {}, "weight_unreadable", "refused"),
        ([3], {"dwellings": "households"}, "column_missing", "refused"),
        ([3], {"dwellings": None}, "points_without_weights", "refused"),
        ([None, 3], {}, "weight_blank", "repaired"),
    ],
)
def test_wrong_columns_and_cells_are_named(
    tmp_path: Path, homes: list[Any], keys: dict[str, Any], code: str, action: str
) -> None:
    shapes = [shapely.box(30 * i, 25, 30 * i + 25, 75) for i in range(len(homes))]
    try:
        problems = demand_of(tmp_path, shapes, homes, **keys).problems
    except InputRefused as refused:
        problems = refused.problems
    assert (code, action) in [(p.code, p.action) for p in problems]
    assert all(p.line("zh") and p.line("en") for p in problems)


def test_a_table_has_no_areas(tmp_path: Path) -> None:
    path = tmp_path / "compounds.csv"
    path.write_text("code,homes\nc0,3\n", encoding="utf-8")
    source = CompoundsDemand.model_validate(
        {"path": path, "kind": "compounds", "dwellings": "homes"}
    )
    with pytest.raises(InputRefused) as refused:
        build_demand([source], UNITS, CRS, WIDE, lambda _: pytest.fail("no OSM here"))
    assert [p.code for p in refused.value.problems] == ["compounds_table"]


def test_homes_may_not_come_from_two_sources(tmp_path: Path) -> None:
    """Compounds and a census that both count homes would count every home twice."""
    study = """
[study]
name = "x"
[network]
path = "x.osm"
[units]
path = "u.geojson"
id = "id"
name = "name"
[[demand]]
kind = "compounds"
path = "c.gpkg"
dwellings = "homes"
[[demand]]
kind = "raster"
path = "p.tif"
census = { path = "c.csv", unit = "u", dwellings = "flats" }
"""
    path = tmp_path / "study.toml"
    path.write_text("facilities = []\n" + study, encoding="utf-8")
    with pytest.raises(StudyRefused, match="two demand sources carry dwellings"):
        load_study(path)
