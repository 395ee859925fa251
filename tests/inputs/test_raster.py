"""Demand from a population raster: exact shares of cells, and what is refused."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from osm_xml import CRS, units_of

from lifecircle.base.geo import GEOGRAPHIC
from lifecircle.base.problems import InputRefused
from lifecircle.inputs.demand import DemandReading, build_demand
from lifecircle.sources import RasterDemand

SIDE = 100.0
WIDE = shapely.box(-10_000, -10_000, 10_000, 10_000)
PEOPLE = np.array([[1.0, 2, 4], [8, 16, 32], [64, 128, 256]])
"""Powers of two, top row first: a sum shows which cells it is made of."""

NORTH_UP = rasterio.Affine(SIDE, 0, 0, 0, -SIDE, 3 * SIDE)
"""Three by three cells of 100 m over x, y from 0 to 300."""


def raster(
    folder: Path,
    *bands: np.ndarray,
    crs: object = CRS,
    transform: rasterio.Affine = NORTH_UP,
    nodata: float | None = None,
    scales: tuple[float, ...] = (),
    offsets: tuple[float, ...] = (),
) -> Path:
    """A synthetic GeoTIFF of `bands`."""
    path = folder / "people.tif"
    rows, columns = bands[0].shape
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=columns,
        height=rows,
        count=len(bands),
        dtype="float64",
        crs=None if crs is None else rasterio.CRS.from_wkt(CRS.to_wkt() if crs is CRS else crs),
        transform=transform,
        nodata=nodata,
    ) as dataset:
        for number, band in enumerate(bands, start=1):
            dataset.write(band, number)
        if scales:
            dataset.scales, dataset.offsets = scales, offsets
    return path


def demand_of(
    path: Path, units: gpd.GeoDataFrame, extent: shapely.Geometry = WIDE, **options: object
) -> DemandReading:
    # Most units here reach a metre beyond the raster, so that no cell is lost to rounding.
    keys = {"path": path, "kind": "raster", "allow_partly": True, **options}
    source = RasterDemand.model_validate(keys)
    return build_demand([source], units, CRS, extent, lambda _: pytest.fail("no OSM here"))


def by_unit(reading: DemandReading, weight: str = "residents") -> dict[str, float]:
    return dict(reading.table.groupby("unit_id")[weight].sum())


def refused(path: Path, units: gpd.GeoDataFrame, **options: object) -> list[str]:
    with pytest.raises(InputRefused) as refusal:
        demand_of(path, units, **options)
    return [p.line() for p in refusal.value.problems if p.action == "refused"]


ALL = units_of(a=shapely.box(-1, -1, 301, 301))

# ---- shares ----


def test_a_border_cuts_cells_into_their_exact_shares(tmp_path: Path) -> None:
    """The border x = 125 cuts the middle column 1/4 : 3/4, and no other cell."""
    units = units_of(a=shapely.box(0, 0, 125, 300), b=shapely.box(125, 0, 300, 300))
    reading = demand_of(raster(tmp_path, PEOPLE), units)
    left, middle, right = PEOPLE.sum(axis=0)
    expected = {"a": left + middle / 4, "b": middle * 3 / 4 + right}
    assert by_unit(reading) == pytest.approx(expected, rel=1e-6)
    pieces = reading.table.set_index("demand_id")["residents"]
    assert pieces["people-4-a"] == pytest.approx(16 / 4, rel=1e-6)
    assert pieces["people-4-b"] == pytest.approx(16 * 3 / 4, rel=1e-6)
    [people] = reading.people
    assert people.read == 511
    assert people.in_units == pytest.approx(511, rel=1e-6)


def test_a_corner_takes_the_product_of_both_shares(tmp_path: Path) -> None:
    """A unit over x < 150, y < 150 holds one whole cell, two halves and a quarter."""
    units = units_of(a=shapely.box(0, 0, 150, 150))
    reading = demand_of(raster(tmp_path, PEOPLE), units)
    assert by_unit(reading)["a"] == pytest.approx(64 + 128 / 2 + 8 / 2 + 16 / 4, rel=1e-6)
    [people] = reading.people
    assert people.outside_units == pytest.approx(people.read - 136, rel=1e-6)


def test_a_slanted_border_halves_the_cells_it_crosses(tmp_path: Path) -> None:
    """The diagonal from the lower left to the upper right halves 64, 16 and 4."""
    units = units_of(a=shapely.Polygon([(0, 0), (300, 300), (0, 300)]))
    reading = demand_of(raster(tmp_path, PEOPLE), units)
    assert by_unit(reading)["a"] == pytest.approx((64 + 16 + 4) / 2 + 8 + 1 + 2, rel=1e-6)


def test_a_piece_stands_in_its_cell_and_unit(tmp_path: Path) -> None:
    """A whole cell at its centre, a cut one inside its part."""
    unit = shapely.box(0, 0, 125, 300)
    table = demand_of(raster(tmp_path, PEOPLE), units_of(a=unit)).table.set_index("demand_id")
    points = table.geometry.to_crs(CRS)
    assert points["people-3-a"].distance(shapely.Point(50, 150)) < 1e-3
    assert shapely.box(100, 100, 125, 200).contains(points["people-4-a"])
    assert len(table) == 6


def test_the_part_beyond_the_network_is_booked(tmp_path: Path) -> None:
    """The extent ends at x = 80: a cell of the first column keeps 4/5, those further none."""
    units = units_of(a=shapely.box(0, 0, 300, 300))
    extent = shapely.box(-500, -500, 80, 500)
    reading = demand_of(raster(tmp_path, PEOPLE), units, extent)
    assert by_unit(reading)["a"] == pytest.approx(73 * 0.8, rel=1e-6)
    assert set(reading.table["extent_share"].round(6)) == {0.8}
    points = reading.table.geometry.to_crs(CRS).to_numpy()
    assert shapely.contains(extent, points).all()
    [people] = reading.people
    assert people.outside_network == pytest.approx(511 - 73 * 0.8, rel=1e-6)
    assert people.outside_units == pytest.approx(0, abs=1e-4)


def test_splitting_a_unit_adds_up(tmp_path: Path) -> None:
    whole = shapely.Point(150, 150).buffer(120)
    cut = shapely.Polygon([(0, 0), (190, 0), (77, 300), (0, 300)])
    path = raster(tmp_path, PEOPLE)
    one = by_unit(demand_of(path, units_of(a=whole)))
    two = by_unit(demand_of(path, units_of(a=whole & cut, b=whole - cut)))
    assert two["a"] + two["b"] == pytest.approx(one["a"], rel=1e-6)


@pytest.mark.parametrize(
    ("people", "transform"),
    [
        (PEOPLE, NORTH_UP),
        (PEOPLE[::-1], rasterio.Affine(SIDE, 0, 0, 0, SIDE, 0)),
        (PEOPLE.T, rasterio.Affine(0, SIDE, 0, -SIDE, 0, 3 * SIDE)),
    ],
    ids=["north up", "south up", "on its side"],
)
def test_the_same_cells_stored_another_way_are_the_same_people(
    tmp_path: Path, people: np.ndarray, transform: rasterio.Affine
) -> None:
    units = units_of(a=shapely.box(0, 0, 125, 160))
    reading = demand_of(raster(tmp_path, people, transform=transform), units)
    expected = 64 + 128 / 4 + (8 + 16 / 4) * 0.6
    assert by_unit(reading)["a"] == pytest.approx(expected, rel=1e-6)


def test_a_raster_in_degrees_keeps_all_its_people(tmp_path: Path) -> None:
    """Cells of 0.001 degrees over a round unit that holds them all."""
    transform = rasterio.Affine(0.001, 0, 0.0, 0, -0.001, 0.003)
    wgs84 = rasterio.CRS.from_epsg(4326).to_wkt()
    path = raster(tmp_path, PEOPLE, crs=wgs84, transform=transform)
    reading = demand_of(path, units_of(a=shapely.Point(170, 170).buffer(900)))
    assert by_unit(reading)["a"] == pytest.approx(511, rel=1e-6)
    corner = reading.table.set_index("demand_id").geometry["people-0-a"]
    assert corner.distance(shapely.Point(0.0005, 0.0025)) < 1e-9


def test_the_window_leaves_cells_and_their_ids_as_they_are(tmp_path: Path) -> None:
    """A unit in the middle of 40 × 40 cells of one person: ids count in the whole raster."""
    transform = rasterio.Affine(SIDE, 0, -1700, 0, -SIDE, 2300)
    path = raster(tmp_path, np.ones((40, 40)), transform=transform)
    reading = demand_of(path, units_of(a=shapely.box(0, 0, 100, 100)))
    whole = reading.table[reading.table["residents"] > 0.5]
    assert whole["demand_id"].tolist() == [f"people-{22 * 40 + 17}-a"]


# ---- values ----


def test_cells_without_data_carry_nobody_and_are_counted(tmp_path: Path) -> None:
    """A declared nodata value and a NaN: two cells fewer, 16 and 1 people fewer."""
    people = PEOPLE.copy()
    people[1, 1], people[0, 0] = -99999, np.nan
    reading = demand_of(raster(tmp_path, people, nodata=-99999), ALL)
    assert by_unit(reading)["a"] == pytest.approx(511 - 17, rel=1e-6)
    notes = [p for p in reading.problems if p.code == "raster_nodata"]
    assert [note.details["count"] for note in notes] == [2]
    [rows] = reading.accounts
    assert (rows.rows_read, rows.rows_used) == (7, 7)


def test_scale_and_offset_are_applied(tmp_path: Path) -> None:
    reading = demand_of(raster(tmp_path, PEOPLE, scales=(2.0,), offsets=(3.0,)), ALL)
    assert by_unit(reading)["a"] == pytest.approx(2 * 511 + 9 * 3, rel=1e-6)


def test_each_band_is_its_own_weight(tmp_path: Path) -> None:
    """Elderly from band 3, residents from band 2; children are not carried."""
    path = raster(tmp_path, PEOPLE * 0 + 7, PEOPLE, PEOPLE / 4)
    reading = demand_of(path, ALL, residents=2, residents_60plus=3)
    assert by_unit(reading)["a"] == pytest.approx(511, rel=1e-6)
    assert by_unit(reading, "residents_60plus")["a"] == pytest.approx(511 / 4, rel=1e-6)
    assert reading.table["children_0_3"].isna().all()
    assert {account.weight for account in reading.people} == {"residents", "residents_60plus"}


def test_empty_cells_make_no_rows(tmp_path: Path) -> None:
    people = np.zeros((3, 3))
    people[2, 2] = 5
    reading = demand_of(raster(tmp_path, people), ALL)
    assert reading.table["demand_id"].tolist() == ["people-8-a"]
    [rows] = reading.accounts
    assert (rows.rows_read, rows.rows_used, rows.rows_excluded) == (9, 1, 8)


def test_a_unit_the_raster_covers_in_part_is_named(tmp_path: Path) -> None:
    """Unit b goes from x = 100 to 500 and the raster to 300: half of it is covered."""
    units = units_of(a=shapely.box(0, 0, 100, 300), b=shapely.box(100, 0, 500, 300))
    reading = demand_of(raster(tmp_path, PEOPLE), units)
    notes = [p for p in reading.problems if p.code == "raster_partly"]
    assert [(note.value, note.details["share"]) for note in notes] == [("b", "50.0")]
    (line,) = refused(raster(tmp_path, PEOPLE), units, allow_partly=False)
    assert "50.0 %" in line


# ---- what the values count ----


@pytest.mark.parametrize(("per", "factor"), [("cell", 1.0), ("ha", 1.0), ("km2", 0.01)])
def test_a_density_times_the_cell_is_people(tmp_path: Path, per: str, factor: float) -> None:
    """100 m squares are 1 ha and 0.01 km²; all cells together hold 511."""
    reading = demand_of(raster(tmp_path, PEOPLE), ALL, per=per)
    assert by_unit(reading)["a"] == pytest.approx(511 * factor, rel=1e-5)


@pytest.mark.parametrize(
    ("tags", "per"),
    [
        ({"UNITS": "people per sq. km"}, "km2"),
        ({"description": "人口密度（人/平方公里）"}, "km2"),
        ({"unit": "persons/ha"}, "ha"),
        ({"AREA_OR_POINT": "Area", "units": "people per pixel"}, None),
    ],
)
def test_a_raster_that_says_it_is_a_density_is_read_as_one(
    tmp_path: Path, tags: dict[str, str], per: str | None
) -> None:
    path = raster(tmp_path, PEOPLE)
    with rasterio.open(path, "r+") as dataset:
        dataset.update_tags(**tags)
    reading = demand_of(path, ALL)
    factor = {"km2": 0.01, "ha": 1.0, None: 1.0}[per]
    assert by_unit(reading)["a"] == pytest.approx(511 * factor, rel=1e-5)
    notes = [p.details["per"] for p in reading.problems if p.code == "raster_per"]
    assert notes == ([per] if per else [])


def test_a_total_far_from_the_expected_one_is_refused(tmp_path: Path) -> None:
    """Density taken for counts is a hundred times too much."""
    path = raster(tmp_path, PEOPLE)
    (line,) = refused(path, ALL, expected=5.11)
    assert "511" in line and "per" in line
    assert by_unit(demand_of(path, ALL, expected=500))["a"] == pytest.approx(511)


def test_a_sentinel_that_the_raster_does_not_declare_is_named_in_the_study(tmp_path: Path) -> None:
    people = PEOPLE.copy()
    people[0, 0] = -99999
    path = raster(tmp_path, people)
    assert len(refused(path, ALL)) == 1
    assert by_unit(demand_of(path, ALL, nodata=-99999))["a"] == pytest.approx(510)


def test_of_several_bands_the_study_names_one(tmp_path: Path) -> None:
    path = raster(tmp_path, 3 * PEOPLE, PEOPLE)
    (line,) = refused(path, ALL)
    assert "2 bands" in line
    assert by_unit(demand_of(path, ALL, residents=2))["a"] == pytest.approx(511)


# ---- refusals ----


def test_negative_people_are_refused_cell_by_cell(tmp_path: Path) -> None:
    """Row and column counted from 1, and the value, as an undeclared -99999 shows."""
    people = PEOPLE.copy()
    people[1, 2], people[2, 0] = -99999, -0.5
    lines = refused(raster(tmp_path, people), ALL)
    assert len(lines) == 2
    assert "-99999" in lines[0] and "row 2, column 3" in lines[0] and "people.tif" in lines[0]
    assert "-0.5" in lines[1] and "row 3, column 1" in lines[1]


def test_a_raster_without_a_crs_is_refused_unless_the_study_knows_it(tmp_path: Path) -> None:
    transform = rasterio.Affine(SIDE, 0, 500_000, 0, -SIDE, 300)
    path = raster(tmp_path, PEOPLE, crs=None, transform=transform)
    units = gpd.GeoDataFrame(
        {"unit_id": ["a"], "name": ["a"], "level": "x"},
        geometry=[shapely.box(499_990, -10, 500_310, 310)],
        crs="EPSG:32631",
    ).to_crs(GEOGRAPHIC)
    assert "coordinate reference system" in refused(path, units)[0]
    far = shapely.box(-1e6, -1e6, 1e6, 1e6)
    reading = demand_of(path, units, far, datum="EPSG:32631")
    assert by_unit(reading)["a"] == pytest.approx(511, rel=1e-6)


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"residents": 2}, "number of bands is 1"),
        ({"residents": 0}, "number of bands is 1"),
        ({"residents": None}, "number of bands is 1"),
        ({"datum": "gcj02"}, "shifted datum"),
    ],
)
def test_options_that_cannot_be_meant_are_refused(
    tmp_path: Path, options: dict[str, object], word: str
) -> None:
    assert word in refused(raster(tmp_path, PEOPLE), ALL, **options)[0]


@pytest.mark.parametrize("x", [400, -700])
def test_a_raster_somewhere_else_is_refused(tmp_path: Path, x: float) -> None:
    units = units_of(a=shapely.box(x, 0, x + 200, 200))
    assert "covers none" in refused(raster(tmp_path, PEOPLE), units)[0]


def test_a_raster_with_a_gap_between_units_is_refused(tmp_path: Path) -> None:
    """Units on both sides of the raster: their box meets it, they do not."""
    units = units_of(a=shapely.box(-200, 0, -100, 100), b=shapely.box(400, 0, 500, 100))
    assert "covers none" in refused(raster(tmp_path, PEOPLE), units)[0]


def test_damaged_files_are_refused_by_name(tmp_path: Path) -> None:
    whole = raster(tmp_path, np.ones((300, 300))).read_bytes()
    for content, word in [
        (b"", "empty"),
        (b"<VRTDataset/>", "not a GeoTIFF"),
        (b"II*\0garbage", "damaged"),
        (whole[: len(whole) // 2], "damaged"),
    ]:
        (tmp_path / "people.tif").write_bytes(content)
        units = units_of(a=shapely.box(0, -29_700, 30_000, 300))
        [line] = refused(tmp_path / "people.tif", units)
        assert word in line and "people.tif" in line


def test_a_missing_raster_is_refused(tmp_path: Path) -> None:
    assert "no such file" in refused(tmp_path / "people.tif", ALL)[0]


def test_a_header_that_claims_too_much_is_refused(tmp_path: Path) -> None:
    """A sparse file of 20,000 × 20,000 cells is a few kilobytes; its window is never read."""
    path = tmp_path / "people.tif"
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=20_000,
        height=20_000,
        count=1,
        dtype="uint8",
        crs=rasterio.CRS.from_wkt(CRS.to_wkt()),
        transform=rasterio.Affine(1, 0, -10_000, 0, -1, 10_000),
        SPARSE_OK=True,
        tiled=True,
    ):
        pass
    units = units_of(a=shapely.box(-10_000, -10_000, 10_000, 10_000))
    assert "400000000 cells" in refused(path, units)[0]
