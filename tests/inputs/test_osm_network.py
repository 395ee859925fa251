"""Reading streets from OSM files: what is kept, what is counted, and what is refused."""

from __future__ import annotations

import hashlib
import math
import zlib
from pathlib import Path

import numpy as np
import osmium
import pytest
from drawn_towns import metres_between
from osm_xml import CRS, Town

from lifecircle.base.problems import InputRefused
from lifecircle.inputs.gather import short_extract, street_notes
from lifecircle.inputs.osm_network import known_ground, read_network
from lifecircle.inputs.osm_streets import read_streets
from lifecircle.network.rules import Flag, Policy

ROUNDING_M = 0.06


def street_town() -> Town:
    """A street of 1 km from west to east, over three nodes of its own numbers."""
    town = Town()
    nodes = [town.node(at, number) for number, at in enumerate([(0, 0), (400, 0), (1000, 0)], 1)]
    town.way(10, nodes, highway="residential")
    return town


def streets_of(town: Town, folder: Path, policy: Policy | None = None):  # type: ignore[no-untyped-def]
    return read_streets(town.write(folder), policy or Policy())


def as_pbf(path: Path) -> Path:
    """The same objects as PBF, written by osmium."""
    target = path.with_suffix(".osm.pbf")
    with osmium.SimpleWriter(str(target)) as writer:
        for item in osmium.FileProcessor(path):
            writer.add(item)
    return target


def refused(path: Path) -> str:
    with pytest.raises(InputRefused) as error:
        read_network(path)
    (problem,) = error.value.problems
    problem.line("en"), problem.line("zh")
    return problem.code


def test_xml_and_pbf_of_one_town_are_the_same_network(tmp_path: Path) -> None:
    town = street_town()
    town.line(11, [(400, 0), (400, 300)], highway="footway")
    town.node((5, 5), 99, barrier="gate")
    xml = town.write(tmp_path)
    one, other = read_network(xml, crs=CRS), read_network(as_pbf(xml), crs=CRS)
    for name in ("node_x", "edge_from", "edge_to", "length_m", "flags", "way_id", "vertex_x"):
        assert np.array_equal(getattr(one, name), getattr(other, name)), name


def test_every_way_is_counted_as_walked_or_under_its_reason(tmp_path: Path) -> None:
    town = street_town()
    for number, tags in enumerate(
        [
            {"power": "line"},
            {"railway": "rail"},
            {"boundary": "administrative"},
            {"building": "yes"},
            {"waterway": "river"},
            {"highway": "motorway"},
            {"highway": "construction"},
            {"highway": "proposed"},
            {"route": "ferry"},
            {"highway": "path", "foot": "no"},
            {"highway": "service", "access": "no"},
            {},
            {"highway": "service", "access": "private"},
        ]
    ):
        town.line(20 + number, [(0, 50 + number), (300, 50 + number)], **tags)
    streets = streets_of(town, tmp_path)
    assert streets.ways_read == 14
    assert dict(streets.left_out) == {
        "ferry": 1,
        "foot_only": 1,
        "never": 2,
        "no_foot": 2,
        "no_highway": 6,
    }
    kinds = ["boundary", "building", "power", "railway", "untagged", "waterway"]
    assert dict(streets.no_streets) == dict.fromkeys(kinds, 1)
    assert streets.ways.way_id.tolist() == [10, 32]
    assert streets.left_out_m["never"] == pytest.approx(600, abs=ROUNDING_M)


def test_values_that_decide_nothing_are_counted(tmp_path: Path) -> None:
    town = street_town()
    town.line(11, [(0, 50), (300, 50)], highway="service", access="military")
    town.node((0, 90), barrier="chain")
    streets = streets_of(town, tmp_path)
    assert dict(streets.undecided) == {"access=military": 1, "barrier=chain": 1}
    (note,) = [p for p in street_notes(streets) if p.code == "tags_undecided"]
    assert "access=military (1)" in note.line("en")


@pytest.mark.parametrize(
    "marks", ['action="delete"', 'visible="false"', 'action="delete" visible="true"']
)
def test_what_an_editor_deleted_is_not_there(marks: str, tmp_path: Path) -> None:
    """JOSM keeps deleted objects in its files: a deleted way is not walked, a deleted gate open."""
    town = street_town()
    town.way(11, [1, 3], marks, highway="footway")
    town.node((0, 500), 77, marks, barrier="wall")
    streets = streets_of(town, tmp_path)
    assert streets.ways.way_id.tolist() == [10]
    assert dict(streets.gates) == {}


def test_only_the_segments_of_missing_nodes_are_dropped(tmp_path: Path) -> None:
    """A way of six nodes, the third missing: 100 m before it stay, 200 m after it, and a note."""
    town = Town()
    places = [(0, 0), (100, 0), (300, 0), (400, 0), (500, 0)]
    nodes = [town.node(at, number) for number, at in enumerate(places, 1)]
    town.way(10, [*nodes[:2], 555, *nodes[2:]], highway="residential")
    streets = streets_of(town, tmp_path)
    assert (streets.missing_nodes, streets.broken) == (1, (10,))
    network = read_network(tmp_path / "town.osm", crs=CRS)
    assert sorted(network.length_m) == pytest.approx([100, 200], abs=ROUNDING_M)
    (note,) = street_notes(streets)
    assert (note.code, note.action) == ("nodes_missing", "repaired")
    assert "10" in note.line("en")


def test_ways_of_one_place_are_dropped_and_counted(tmp_path: Path) -> None:
    town = street_town()
    town.way(11, [1], highway="footway")
    town.way(12, [2, 2], highway="footway")
    streets = streets_of(town, tmp_path)
    assert streets.ways.way_id.tolist() == [10]
    assert streets.pointless == 2
    assert [note.code for note in street_notes(streets)] == ["ways_pointless"]


def test_objects_an_editor_has_not_saved_yet_are_read(tmp_path: Path) -> None:
    """Negative ids: osmium's table of places leaves them out, and the way would be lost."""
    town = Town()
    west, east = town.node((0, 0), -1), town.node((300, 0), -2)
    far = town.node((300, 400), 5)
    town.way(-3, [west, east, far], highway="footway")
    network = read_network(town.write(tmp_path), crs=CRS)
    assert network.length_m.tolist() == pytest.approx([700], abs=ROUNDING_M)


def test_a_file_without_a_walkable_way_is_refused(tmp_path: Path) -> None:
    """So is one cut after its nodes: all ways are gone, and nothing else is wrong with it."""
    town = Town()
    town.line(1, [(0, 0), (100, 0)], railway="rail")
    assert refused(town.write(tmp_path)) == "no_walkable_way"


def test_a_pbf_cut_between_its_blocks_is_refused(tmp_path: Path) -> None:
    """The ways of a PBF stand in blocks of their own: cut before them, no byte is out of place."""
    whole = as_pbf(street_town().write(tmp_path)).read_bytes()
    ends, at = [], 0
    while at < len(whole):
        size = int.from_bytes(whole[at : at + 4], "big")
        header = whole[at + 4 : at + 4 + size]
        at += 4 + size + _block_size(header)
        ends.append(at)
    cut = tmp_path / "cut.osm.pbf"
    cut.write_bytes(whole[: ends[-2]])
    assert refused(cut) == "no_walkable_way"
    cut.write_bytes(whole[: ends[-1] - 5])
    assert refused(cut) == "osm_unreadable"


def _block_size(header: bytes) -> int:
    """The varint of field 3 of a BlobHeader, which comes last."""
    at = header.rindex(b"\x18") + 1
    size, shift = 0, 0
    for byte in header[at:]:
        size |= (byte & 0x7F) << shift
        shift += 7
    return size


def test_truncated_xml_is_refused(tmp_path: Path) -> None:
    path = street_town().write(tmp_path)
    path.write_bytes(path.read_bytes()[:-30])
    assert refused(path) == "osm_unreadable"


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("none.osm", None, "file_missing"),
        ("empty.osm", b"", "file_empty"),
        ("empty.osm.pbf", b"", "file_empty"),
        ("bomb.osm", b'<!DOCTYPE x [<!ENTITY a "b">]><osm version="0.6"/>', "xml_doctype"),
        ("page.osm", b"<html><body>Not found</body></html>", "file_kind"),
        ("change.osm", b'<osmChange version="0.6"></osmChange>', "file_kind"),
        ("zip.osm.pbf", b"PK\x03\x04" + bytes(80), "file_kind"),
        ("packed.osm.pbf", zlib.compress(b"<osm/>"), "file_kind"),
    ],
)  # fmt: skip
def test_what_is_no_extract_is_refused(
    name: str, content: bytes | None, code: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    assert refused(path) == code


def test_a_history_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "town.osh.pbf"
    header = osmium.io.Header()
    header.has_multiple_object_versions = True
    with osmium.SimpleWriter(str(path), header=header) as writer:
        writer.add_node(osmium.osm.mutable.Node(id=1, version=1, location=(0, 0)))
    assert refused(path) == "osm_history"


def test_objects_out_of_order_or_twice_are_refused(tmp_path: Path) -> None:
    path = street_town().write(tmp_path)
    text = path.read_text(encoding="utf-8")
    first = text[text.index("<node") : text.index("</node>") + len("</node>")]
    twice = tmp_path / "twice.osm"
    twice.write_text(text.replace(first, first + first), encoding="utf-8")
    assert refused(twice) == "osm_twice"
    late = tmp_path / "late.osm"
    late.write_text(text.replace(first, "").replace("</osm>", first + "</osm>"), encoding="utf-8")
    assert refused(late) == "osm_unsorted"


def test_a_node_twice_in_a_binary_extract_is_refused_too(tmp_path: Path) -> None:
    path = tmp_path / "twice.osm.pbf"
    with osmium.SimpleWriter(str(path)) as writer:
        for number, lon in [(1, 0.0), (2, 0.001), (2, 0.002)]:
            writer.add_node(osmium.osm.mutable.Node(id=number, version=1, location=(lon, 0)))
        way = osmium.osm.mutable.Way(id=1, version=1, nodes=[1, 2], tags={"highway": "footway"})
        writer.add_way(way)
    assert refused(path) == "osm_twice"


def test_a_checksum_beside_the_file_is_compared(tmp_path: Path) -> None:
    path = street_town().write(tmp_path)
    beside = tmp_path / "town.osm.md5"
    beside.write_text(hashlib.md5(path.read_bytes()).hexdigest() + "  town.osm\n", encoding="utf-8")
    assert read_network(path).edge_count == 1
    path.write_text(path.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    assert refused(path) == "checksum_differs"


def with_bounds(path: Path, box: tuple[float, float, float, float]) -> Path:
    west, south, east, north = box
    bounds = f'<bounds minlat="{south}" minlon="{west}" maxlat="{north}" maxlon="{east}"/>'
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('<osm version="0.6">', f'<osm version="0.6">{bounds}'), "utf-8")
    return path


def test_the_known_ground_is_declared_or_the_header_box_or_the_hull_of_free_places(
    tmp_path: Path,
) -> None:
    """Ways cut out whole reach beyond an extract; post boxes and shops do not."""
    town = street_town()
    for at in [(100, -100), (900, -100), (500, 300)]:
        town.node(at, amenity="post_box")
    path = town.write(tmp_path)
    free = known_ground(read_streets(path, Policy()))
    triangle = 800 * 400 / 2
    assert free.area * 111_320**2 == pytest.approx(triangle, rel=0.01)
    with_bounds(path, (-0.01, -0.02, 0.03, 0.04))
    streets = read_streets(path, Policy())
    assert known_ground(streets).bounds == (-0.01, -0.02, 0.03, 0.04)
    assert known_ground(streets, (0, 0, 0.5, 0.5)).bounds == (0, 0, 0.5, 0.5)


def test_streets_that_fill_little_of_the_declared_box_are_noted(tmp_path: Path) -> None:
    """A file cut after some of its ways still says how large it was meant to be."""
    town = street_town()
    town.line(11, [(0, 0), (0, 1000)], highway="footway")
    path = with_bounds(town.write(tmp_path), (0, 0, 0.05, 0.05))
    assert [note.code for note in short_extract(read_streets(path, Policy()))] == ["extract_short"]
    whole = with_bounds(town.write(tmp_path), (0, 0, 0.009, 0.009))
    assert short_extract(read_streets(whole, Policy())) == []


def test_delays_and_steps_come_with_the_streets(tmp_path: Path) -> None:
    town = street_town()
    town.node((0, 700), 50, highway="crossing", crossing="traffic_signals")
    town.node((0, 800), 51, highway="elevator")
    town.line(11, [(0, 0), (0, 60)], highway="steps", step_count="40", ramp="yes")
    streets = streets_of(town, tmp_path)
    assert dict(streets.delays) == {50: "signal", 51: "lift"}
    assert streets.ways.steps.tolist() == [0, 40]
    assert Flag(int(streets.ways.flags[1])) == Flag.STEPS | Flag.RAMP


def square_town() -> Town:
    """A square of 200 by 200 m with a street from the west and one from the north-east corner."""
    town = Town()
    corner = [
        town.node(at, 100 + n) for n, at in enumerate([(0, 0), (200, 0), (200, 200), (0, 200)])
    ]
    gate = town.node((0, 100), 200)
    ring = [*corner, gate, corner[0]]
    town.way(1, ring, highway="pedestrian", area="yes")
    town.way(2, [town.node((-500, 100)), gate], highway="residential")
    town.way(3, [corner[2], town.node((700, 200))], highway="residential")
    return town


def test_a_square_is_crossed_straight_and_not_walked_round(tmp_path: Path) -> None:
    """From the western gate to the north-eastern corner: the diagonal, not two sides."""
    network = read_network(square_town().write(tmp_path), crs=CRS)
    across = math.hypot(200, 100)
    found = metres_between(network, (-300, 100), (500, 200))
    assert found == pytest.approx(300 + across + 300, abs=ROUNDING_M)


def test_a_building_is_no_square(tmp_path: Path) -> None:
    town = square_town()
    area = '<tag k="area" v="yes"/>'
    building = area + '<tag k="building" v="yes"/>'
    town.lines = [line.replace(area, building) for line in town.lines]
    network = read_network(town.write(tmp_path), crs=CRS)
    found = metres_between(network, (-300, 100), (500, 200))
    assert found == pytest.approx(300 + 100 + 200 + 300, abs=ROUNDING_M)


def test_wujiaochang_has_the_lengths_of_its_ways(test_data: Path) -> None:
    """Contraction keeps every metre: the sum over edges is the sum over the ways as mapped."""
    from pyproj import Geod

    path = test_data / "shanghai/osm/wujiaochang.osm"
    streets, network = read_streets(path, Policy()), read_network(path)
    geod = Geod(ellps="WGS84")
    ways = streets.ways
    metres = [
        geod.line_length(ways.lon[low:high], ways.lat[low:high])
        for low, high in zip(ways.start, ways.start[1:], strict=False)
    ]
    assert len(streets.squares) == 7
    rims = network.street_m.sum() - sum(metres)
    assert rims == pytest.approx(0, abs=1e-3)
