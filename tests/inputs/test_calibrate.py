"""A raster brought to a census: every unit's totals, where the raster puts them, on paper."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from osm_xml import units_of
from test_raster import ALL, PEOPLE, WIDE, by_unit, demand_of, raster

from lifecircle.base.problems import InputRefused
from lifecircle.inputs.demand import DemandReading
from lifecircle.inputs.pieces import PeopleAccount

OLD = np.array([[1.0, 0, 0], [0, 3, 0], [0, 0, 0]])
WEST_EAST = units_of(w=shapely.box(-1, -1, 100, 301), e=shapely.box(100, -1, 301, 301))
"""The western column of cells (1, 8, 64) and the two others (438)."""


def calibrated(
    folder: Path,
    units: gpd.GeoDataFrame,
    *lines: str,
    bands: tuple[np.ndarray, ...] = (PEOPLE,),
    extent: shapely.Geometry = WIDE,
    columns: dict[str, object] | None = None,
    **options: object,
) -> DemandReading:
    path = folder / "census.csv"
    path.write_text("\n".join(["unit,people,old,flats", *lines]) + "\n", encoding="utf-8")
    census = {"path": path, "unit": "unit", **(columns or {"residents": "people"})}
    return demand_of(raster(folder, *bands), units, extent, census=census, residents=1, **options)


def notes(reading: DemandReading, code: str) -> list[str]:
    return [p.line() for p in reading.problems if p.code == code]


def test_each_unit_has_its_total_and_each_cell_its_proportion(tmp_path: Path) -> None:
    """1 : 8 : 64 of 146 people is 2, 16 and 128; the account is that of the census."""
    reading = calibrated(tmp_path, WEST_EAST, "w,146,,", "e,219,,")
    assert by_unit(reading) == pytest.approx({"w": 146, "e": 219})
    west = reading.table[reading.table["unit_id"] == "w"]["residents"]
    assert sorted(west) == pytest.approx([2, 16, 128], rel=1e-6)
    [people] = reading.people
    assert (people.source, people.read, people.outside_units) == ("census.csv", 365, 0)
    assert people.in_units == pytest.approx(365)
    [note] = notes(reading, "raster_calibrated")
    assert "511 by the raster, 365 by the census" in note
    assert "lowest, 0.50, in e and highest, 2.00, in w" in note


def test_a_band_without_a_column_keeps_its_proportion(tmp_path: Path) -> None:
    """Residents are doubled (511 to 1022), and with them the 4 people over 60."""
    reading = calibrated(tmp_path, ALL, "a,1022,,", bands=(PEOPLE, OLD), residents_60plus=2)
    old = reading.table["residents_60plus"]
    assert sorted(old[old > 0]) == pytest.approx([2, 6])
    accounts = {(one.source, one.weight): one.read for one in reading.people}
    assert accounts == pytest.approx(
        {("census.csv", "residents"): 1022, ("people.tif", "residents_60plus"): 8}
    )


def test_a_band_with_a_column_goes_by_both(tmp_path: Path) -> None:
    """100 people over 60 lie as their own band does, 1 : 3; residents as theirs."""
    reading = calibrated(
        tmp_path, ALL, "a,1022,100,", bands=(PEOPLE, OLD), residents_60plus=2,
        columns={"residents": "people", "residents_60plus": "old"},
    )  # fmt: skip
    old = reading.table["residents_60plus"]
    assert sorted(old[old > 0]) == pytest.approx([25, 75])
    assert reading.table["residents"].sum() == pytest.approx(1022)


def test_a_column_without_a_band_follows_the_residents(tmp_path: Path) -> None:
    reading = calibrated(
        tmp_path, ALL, "a,511,,1022", columns={"residents": "people", "dwellings": "flats"}
    )
    table = reading.table
    assert table["dwellings"].to_numpy() == pytest.approx(2 * table["residents"].to_numpy())


def test_an_empty_band_in_a_unit_follows_the_residents_there(tmp_path: Path) -> None:
    """The east has no cell over 60 but the middle 3: its band; the west has 1; nobody is lost."""
    only_east = np.array([[0.0, 0, 0], [0, 3, 0], [0, 0, 0]])
    reading = calibrated(
        tmp_path, WEST_EAST, "w,73,146,", "e,438,30,", bands=(PEOPLE, only_east),
        residents_60plus=2, columns={"residents": "people", "residents_60plus": "old"},
    )  # fmt: skip
    old = reading.table[reading.table["unit_id"] == "w"]["residents_60plus"]
    assert sorted(old) == pytest.approx([2, 16, 128], rel=1e-6)
    assert by_unit(reading, "residents_60plus")["e"] == pytest.approx(30)


def test_what_lies_beyond_the_network_is_booked_by_the_rasters_people(tmp_path: Path) -> None:
    """The network ends at y = 100: 64 of the 73 western people live inside."""
    unit = units_of(w=shapely.box(-1, -1, 100, 301))
    south = shapely.box(-10_000, -10_000, 10_000, 100)
    reading = calibrated(tmp_path, unit, "w,730,,", extent=south)
    assert by_unit(reading)["w"] == pytest.approx(640, rel=1e-5)
    [people] = reading.people
    assert people.outside_network == pytest.approx(90, rel=1e-5)


def test_a_unit_without_people_in_any_cell_stands_on_one_point_and_is_listed(
    tmp_path: Path,
) -> None:
    """Half of the empty unit lies in the network: half of its people stay in the total."""
    empty = np.array([[1.0, 2, 4], [8, 16, 32], [0, 0, 0]])
    units = units_of(n=shapely.box(0, 100, 300, 300), s=shapely.box(0, 0, 300, 100))
    west = shapely.box(-10_000, -10_000, 150, 10_000)
    reading = calibrated(tmp_path, units, "n,63,,", "s,50,,", bands=(empty,), extent=west)
    assert by_unit(reading)["s"] == pytest.approx(25)
    row = reading.table[reading.table["unit_id"] == "s"].iloc[0]
    assert row["demand_id"] == "people-unit-s" and row["extent_share"] == pytest.approx(0.5)
    assert len(notes(reading, "census_without_cells")) == 1
    [people] = reading.people
    assert people.read == 113


def test_a_total_that_is_not_known_is_not_guessed(tmp_path: Path) -> None:
    """A blank cell, and a unit without a row: no residents there, though the raster has some."""
    reading = calibrated(tmp_path, WEST_EAST, "w,73,,", "e,,,")
    assert set(reading.table["unit_id"]) == {"w"}
    assert any(p.code == "total_blank" for p in reading.problems)
    again = tmp_path / "again"
    again.mkdir()
    path = again / "census.csv"
    path.write_text("unit,people\nw,73\n", encoding="utf-8")
    census = {"path": path, "unit": "unit", "residents": "people"}
    with pytest.raises(InputRefused):
        demand_of(raster(again, PEOPLE), WEST_EAST, census=census)
    census["allow_unmatched"] = True
    reading = demand_of(raster(again, PEOPLE), WEST_EAST, census=census)
    assert reading.people == (PeopleAccount("census.csv", "residents", 73, 73, 0, 0),)
    [cells] = [one for one in reading.accounts if one.source == "people.tif"]
    assert (cells.rows_read, cells.rows_used) == (9, 3)


def test_a_density_and_a_count_calibrate_to_the_same(tmp_path: Path) -> None:
    """What a value counts no longer matters once the totals are those of the census."""
    counts = calibrated(tmp_path, ALL, "a,1000,,", per="cell").table["residents"]
    dense = calibrated(tmp_path, ALL, "a,1000,,", per="km2").table["residents"]
    assert dense.to_numpy() == pytest.approx(counts.to_numpy(), rel=1e-3)


def test_pieces_cut_by_a_border_share_a_cell_within_their_unit(tmp_path: Path) -> None:
    """The border x = 150 halves the middle column (146): 146 people west, 365 east before."""
    units = units_of(w=shapely.box(-1, -1, 150, 301), e=shapely.box(150, -1, 301, 301))
    reading = calibrated(tmp_path, units, "w,1460,,", "e,3650,,")
    assert by_unit(reading) == pytest.approx({"w": 1460, "e": 3650})
    pieces = reading.table.set_index("demand_id")["residents"]
    assert pieces["people-4-w"] == pytest.approx(80, rel=1e-5)
    assert pieces["people-4-e"] == pytest.approx(80, rel=1e-5)
