"""What an OSM extract holds besides streets: areas, points, barriers, units, facilities."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import geopandas as gpd
import pytest
import shapely
from osm_xml import CRS, Town

from lifecircle.base.problems import InputRefused
from lifecircle.inputs.osm_facilities import osm_facilities
from lifecircle.inputs.osm_places import OsmPlaces, read_osm_places
from lifecircle.inputs.osm_units import osm_units
from lifecircle.sources import FacilitySource, UnitsSource

KEYS = ("amenity", "leisure", "shop")


def read(town: Town, folder: Path) -> OsmPlaces:
    return read_osm_places(town.write(folder), KEYS)


def metres(table: gpd.GeoDataFrame) -> dict[str, shapely.Geometry]:
    """Geometries by OSM id, in the metres the town was laid out in."""
    return dict(zip(table["osm_id"], table.geometry.to_crs(CRS), strict=True))


# ---- objects and geometry ----


def test_a_closed_way_is_an_area_and_an_open_way_its_middle(tmp_path: Path) -> None:
    """A pitch is its ground; a shopping arcade drawn as a line stands at half its length."""
    town = Town()
    town.box(1, (0, 0, 30, 20), leisure="pitch")
    town.line(2, [(100, 0), (100, 30), (110, 30)], shop="mall")
    town.node((5, 500), 7, amenity="pharmacy")
    found = metres(read(town, tmp_path).features)
    assert sorted(found) == ["n7", "w1", "w2"]
    assert found["w1"].area == pytest.approx(600, rel=2e-3)
    assert found["w2"].distance(shapely.Point(100, 20)) < 0.05
    assert found["n7"].distance(shapely.Point(5, 500)) < 0.05


def test_area_no_makes_a_closed_way_a_line(tmp_path: Path) -> None:
    """A running track tagged area=no goes round a field and is not the field."""
    town = Town()
    town.box(1, (0, 0, 30, 20), leisure="track", area="no")
    places = read(town, tmp_path)
    assert metres(places.features)["w1"].geom_type == "Point"
    assert places.incomplete.empty


def test_a_multipolygon_keeps_its_hole_and_the_relations_id(tmp_path: Path) -> None:
    town = Town()
    town.box(1, (0, 0, 40, 40))
    town.box(2, (10, 10, 30, 30))
    town.relation(9, [(1, "outer"), (2, "inner")], type="multipolygon", leisure="park")
    park = metres(read(town, tmp_path).features)["r9"]
    assert park.area == pytest.approx(1600 - 400, rel=2e-3)
    assert not park.contains(shapely.Point(20, 20))


def test_a_relation_with_a_member_missing_is_listed_and_not_lost(tmp_path: Path) -> None:
    town = Town()
    town.line(1, [(0, 0), (40, 0), (40, 40)])
    town.relation(9, [(1, "outer"), (77, "outer")], type="multipolygon", leisure="park", name="P")
    places = read(town, tmp_path)
    assert places.features.empty
    assert list(places.incomplete["osm_id"]) == ["r9"]
    assert places.incomplete["tags"][0]["name"] == "P"


def test_an_outline_that_crosses_itself_is_no_area(tmp_path: Path) -> None:
    """A bow tie: osmium assembles none; the building is listed as broken."""
    town = Town()
    town.ring(1, [(0, 0), (10, 10), (10, 0), (0, 10)], building="house")
    places = read(town, tmp_path)
    assert places.buildings.empty
    assert list(places.incomplete["osm_id"]) == ["w1"]


def test_deleted_objects_are_not_there(tmp_path: Path) -> None:
    """Both the server's mark and that of an editor, on points and on areas."""
    town = Town()
    town.node((0, 0), 1, amenity="cafe")
    town.node((0, 0), 2, marks='visible="false"', amenity="cafe")
    town.node((0, 0), 3, marks='visible="true" action="delete"', amenity="cafe")
    town.node((0, 0), 4, marks="action='modify'", amenity="cafe")
    corners = [(0.0, 0.0), (9.0, 0.0), (9.0, 9.0)]
    town.ring(5, corners, marks='action="delete"', building="house")
    town.ring(6, corners, marks='visible="false"', building="house")
    places = read(town, tmp_path)
    assert list(places.features["osm_id"]) == ["n1", "n4"]
    assert places.buildings.empty


def test_barriers_are_water_and_rails_on_the_ground(tmp_path: Path) -> None:
    town = Town()
    line = [(0.0, 0.0), (100.0, 0.0)]
    town.line(1, line, waterway="river")
    town.line(2, line, waterway="canal", tunnel="culvert")
    town.line(3, line, waterway="stream")
    town.line(4, line, railway="subway")
    town.line(5, line, railway="rail", bridge="yes")
    town.line(6, line, railway="rail", layer="-1")
    town.line(7, line, railway="light_rail", layer="0", tunnel="no")
    town.line(8, line, railway="tram")
    town.box(9, (0, 0, 50, 50), natural="water")
    town.box(10, (0, 0, 50, 50), waterway="riverbank")
    barriers = read(town, tmp_path).barriers
    kinds = dict(zip(barriers["osm_id"], barriers["kind"], strict=True))
    assert kinds == {"w1": "waterway", "w4": "rail", "w7": "rail", "w9": "water", "w10": "water"}


@pytest.mark.parametrize(
    ("entrances", "expected"),
    [
        ({11: "yes", 12: "main"}, 12),
        ({11: "staircase", 12: "yes"}, 11),
        ({11: "emergency", 12: "yes"}, 12),
        ({11: "no"}, None),
        ({}, None),
    ],
)
def test_the_main_entrance_comes_first_then_the_lowest_id(
    tmp_path: Path, entrances: Mapping[int, str], expected: int | None
) -> None:
    town = Town()
    corner = {11: (0.0, 0.0), 12: (20.0, 0.0), 13: (20.0, 10.0), 14: (0.0, 10.0)}
    for node, place in corner.items():
        town.node(place, node, **({"entrance": entrances[node]} if node in entrances else {}))
    town.way(1, [11, 12, 13, 14, 11], building="apartments")
    town.node((5, 5), 10, entrance="main")
    entrance = read(town, tmp_path).buildings["entrance"][0]
    if expected is None:
        assert entrance is None
    else:
        there = gpd.GeoSeries([entrance], crs="EPSG:4326").to_crs(CRS)[0]
        assert there.distance(shapely.Point(corner[expected])) < 0.05


# ---- files that are no extract ----


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("empty.osm", b"", "file_empty"),
        ("text.osm", b"lon,lat\n1,2\n", "file_kind"),
        ("change.osm", b"<osmChange version='0.6'/>", "file_kind"),
        ("text.osm.pbf", b"lon,lat\n1,2\n", "file_kind"),
        ("bomb.osm", b"<!DOCTYPE x [<!ENTITY a 'a'>]><osm version='0.6'/>", "xml_doctype"),
        ("cut.osm", b"<osm version='0.6'><node id='1' lon='0' lat='0'", "osm_unreadable"),
    ],
)
def test_what_is_no_extract_is_refused(
    tmp_path: Path, name: str, content: bytes, code: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputRefused) as refusal:
        read_osm_places(tmp_path / name, KEYS)
    assert [problem.code for problem in refusal.value.problems] == [code]
    assert name in str(refusal.value)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputRefused) as refusal:
        read_osm_places(tmp_path / "no.osm.pbf", KEYS)
    assert refusal.value.problems[0].code == "file_missing"


def test_a_pbf_that_breaks_off_is_refused(tmp_path: Path, test_data: Path) -> None:
    whole = (test_data / "porto-alegre" / "poa_osm.pbf").read_bytes()
    (tmp_path / "cut.osm.pbf").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputRefused) as refusal:
        read_osm_places(tmp_path / "cut.osm.pbf", KEYS)
    assert refusal.value.problems[0].code == "osm_unreadable"


# ---- units ----


def ward(town: Town, relation_id: int, way_id: int, name: str, whole: bool = True) -> None:
    town.box(way_id, (way_id * 100, 0, way_id * 100 + 50, 50))
    members = [(way_id, "outer")] + ([] if whole else [(way_id + 900, "outer")])
    tags = {"type": "boundary", "boundary": "administrative", "admin_level": "10"}
    town.relation(relation_id, members, name=name, **tags)


def units_source(path: Path, *select: str) -> UnitsSource:
    return UnitsSource(path=path, admin_level=10, level="ward", select=select)


def test_whole_wards_become_units_and_the_others_are_listed(tmp_path: Path) -> None:
    town = Town()
    ward(town, 1, 1, "East")
    ward(town, 2, 2, "West", whole=False)
    ward(town, 3, 3, "North")
    places = read(town, tmp_path)
    reading = osm_units(places, units_source(tmp_path / "town.osm"))
    assert list(reading.table["unit_id"]) == ["r1", "r3"]
    assert list(reading.table["name"]) == ["East", "North"]
    assert set(reading.table["level"]) == {"ward"}
    assert [(p.code, p.value, p.action) for p in reading.problems] == [
        ("unit_incomplete", "West", "excluded")
    ]
    assert (reading.account.rows_read, reading.account.rows_used) == (3, 2)


def test_units_are_selected_by_name_or_id(tmp_path: Path) -> None:
    town = Town()
    for number, name in enumerate(["East", "West", "North"], start=1):
        ward(town, number, number, name)
    reading = osm_units(read(town, tmp_path), units_source(tmp_path / "t", "East", "r3"))
    assert list(reading.table["name"]) == ["East", "North"]
    assert reading.account.rows_excluded == 1


def test_a_selection_that_is_unknown_or_means_two_is_refused(tmp_path: Path) -> None:
    town = Town()
    ward(town, 1, 1, "East")
    ward(town, 2, 2, "East")
    reading = osm_units(read(town, tmp_path), units_source(tmp_path / "t", "East", "Esat"))
    refused = {(p.code, p.value) for p in reading.problems if p.action == "refused"}
    assert refused == {("unit_ambiguous", "East"), ("unit_unknown", "Esat")}


def test_no_whole_unit_is_refused(tmp_path: Path) -> None:
    town = Town()
    ward(town, 2, 2, "West", whole=False)
    reading = osm_units(read(town, tmp_path), units_source(tmp_path / "t"))
    assert {p.code for p in reading.problems} == {"unit_incomplete", "units_none_whole"}
    assert reading.table.empty


# ---- facilities ----


def services_of(tags: Mapping[str, str], name: str) -> list[str]:
    """A catalogue for these tests: three services by tag, one by name."""
    found = {
        ("amenity", "school"): ["school"],
        ("amenity", "kindergarten"): ["kindergarten", "school"],
        ("leisure", "pitch"): ["pitch"],
    }
    hits = [service for (key, value), service in found.items() if tags.get(key) == value]
    return [service for services in hits for service in services] + ["canteen"] * ("食堂" in name)


SERVICES = ("school", "kindergarten", "pitch", "canteen")


def facilities(
    town: Town, folder: Path, **options: object
) -> tuple[gpd.GeoDataFrame, Counter[str]]:
    """The table and how often each problem was met; checks the account on the way."""
    path = town.write(folder)
    source = FacilitySource.model_validate({"path": path, **options})
    reading = osm_facilities(read_osm_places(path, KEYS), SERVICES, source, services_of)
    assert reading.account.rows_used == reading.table["facility_id"].nunique()
    return reading.table, Counter(problem.code for problem in reading.problems)


def test_tags_and_names_become_one_row_for_each_service(tmp_path: Path) -> None:
    town = Town()
    town.node((0, 0), 1, amenity="kindergarten", name="A", capacity="90")
    town.node((0, 500), 2, amenity="restaurant", name__zh="社区食堂")
    town.node((0, 900), 3, amenity="bench")
    town.box(4, (0, 1000, 60, 1060), leisure="pitch", beds="12")
    table, problems = facilities(town, tmp_path)
    rows = table[["facility_id", "service", "name", "source_row"]].to_numpy().tolist()
    assert sorted(rows) == [
        ["osm-n1", "kindergarten", "A", "n1"],
        ["osm-n1", "school", "A", "n1"],
        ["osm-n2", "canteen", "社区食堂", "n2"],
        ["osm-w4", "pitch", "", "w4"],
    ]
    assert set(table.loc[table["source_row"] == "n1", "places"]) == {90.0}
    assert table.set_index("source_row").loc["w4", "beds"] == 12
    assert table.set_index("source_row").loc["w4"].geometry.geom_type == "Polygon"
    assert not problems


def test_only_keeps_the_services_it_names(tmp_path: Path) -> None:
    town = Town()
    town.node((0, 0), 1, amenity="kindergarten")
    town.node((0, 900), 2, leisure="pitch")
    table, _ = facilities(town, tmp_path, only=("school",))
    assert list(table["service"]) == ["school"]


def test_disused_and_private_places_are_left_out(tmp_path: Path) -> None:
    """A private pitch serves nobody else; a private school serves its pupils."""
    town = Town()
    town.node((0, 0), 1, amenity="school", disused="yes")
    town.node((0, 0), 2, leisure="pitch", access="private")
    town.node((0, 0), 3, amenity="school", access="private")
    town.node((0, 0), 4, leisure="pitch", abandoned="yes")
    town.node((0, 0), 5, amenity="school", disused="no")
    table, problems = facilities(town, tmp_path)
    assert list(table["source_row"]) == ["n3", "n5"]
    assert problems == {"facility_disused": 2, "facility_private": 1}


def test_a_point_that_repeats_an_area_is_left_out(tmp_path: Path) -> None:
    """Same service and same name within 50 m of the outline, or no name inside it."""
    town = Town()
    town.box(1, (0, 0, 100, 100), amenity="school", name="Oak")
    town.node((50, 50), 2, amenity="school", name="Oak")
    town.node((140, 50), 3, amenity="school", name="Oak")
    town.node((160, 50), 4, amenity="school", name="Oak")
    town.node((50, 60), 5, amenity="school", name="Elm")
    town.node((50, 70), 6, amenity="school")
    town.node((110, 50), 7, amenity="school")
    town.node((50, 80), 8, leisure="pitch", name="Oak")
    table, problems = facilities(town, tmp_path)
    assert sorted(table["source_row"]) == ["n4", "n5", "n7", "n8", "w1"]
    assert problems == {"facility_duplicate": 3}


def test_a_facility_that_repeats_in_one_service_stays_in_the_other(tmp_path: Path) -> None:
    town = Town()
    town.box(1, (0, 0, 100, 100), amenity="school", name="Oak")
    town.node((50, 50), 2, amenity="kindergarten", name="Oak")
    table, problems = facilities(town, tmp_path)
    rows = set(zip(table["source_row"], table["service"], strict=True))
    assert rows == {("w1", "school"), ("n2", "kindergarten")}
    assert not problems


def test_a_capacity_in_words_is_left_empty_and_said(tmp_path: Path) -> None:
    town = Town()
    town.node((0, 0), 1, amenity="kindergarten", capacity="about 40")
    table, problems = facilities(town, tmp_path)
    assert table["places"].isna().all()
    assert problems == {"osm_number": 1}


def test_a_facility_with_a_broken_outline_is_listed(tmp_path: Path) -> None:
    town = Town()
    town.node((0, 0), 1, amenity="school")
    town.relation(9, [(77, "outer")], type="multipolygon", amenity="school")
    table, problems = facilities(town, tmp_path)
    assert list(table["source_row"]) == ["n1"]
    assert problems == {"facility_incomplete": 1}


@pytest.mark.parametrize(("optional", "action"), [(True, "noted"), (False, "refused")])
def test_an_extract_without_a_facility_is_refused_unless_optional(
    tmp_path: Path, optional: bool, action: str
) -> None:
    path = Town().write(tmp_path)
    source = FacilitySource(path=path, optional=optional)
    reading = osm_facilities(read_osm_places(path, KEYS), SERVICES, source, services_of)
    assert [(p.code, p.action) for p in reading.problems] == [("no_usable_facility", action)]


# ---- real data ----


def test_newport_has_seven_whole_wards(test_data: Path) -> None:
    """Of 23 relations of admin_level 10 counted by hand from their members, 16 lack ways."""
    path = test_data / "newport" / "newport-2023-06-13.osm.pbf"
    places = read_osm_places(path, KEYS)
    reading = osm_units(places, UnitsSource(path=path, admin_level=10, level="ward"))
    assert set(reading.table["name"]) == {
        "Coedkernew",
        "Gaer",
        "Liswerry",
        "Pillgwenlly",
        "Stow Hill",
        "Tredegar Park",
        "Victoria",
    }
    incomplete = {problem.value for problem in reading.problems}
    assert len(incomplete) == 16
    assert {"Graig", "Bettws", "St. Julians", "Ringland"} <= incomplete
    assert 34_000 <= len(places.buildings) <= 34_200
    assert places.features.geometry.is_valid.all()
