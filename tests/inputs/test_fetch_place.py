"""`lifecircle fetch PLACE`, against a server on this computer made from a real extract."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import geopandas as gpd
import pytest
import shapely
from click.testing import CliRunner, Result
from fetch_servers import Answer, Asked, as_json, found, serving
from osm_xml import Town

import lifecircle as lc
from lifecircle.cli import commands
from lifecircle.inputs.osm_fetch import area_km2, box_around

pytestmark = pytest.mark.usefixtures("_no_proxy")
TOWN = shapely.box(-0.003, -0.001, 0.003, 0.001)
HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<osm version="0.6" generator="Overpass API 0.7.62">\n'
    "<note>The data included in this document is from www.openstreetmap.org.</note>\n"
    '<meta osm_base="2023-12-02T10:00:00Z"/>\n'
)


@pytest.fixture
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Straight to this computer, and without the second that OSMnx leaves between questions."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr("osmnx._nominatim.time", SimpleNamespace(sleep=lambda _: None))


def overpass_xml(content: str) -> bytes:
    """An extract with the head that Overpass writes, which states no bounds."""
    return (HEAD + content[content.index("<node") :]).encode()


def small_town(folder: Path) -> bytes:
    """A street with land, in a unit whose boundary is drawn, as Overpass answers."""
    town = Town()
    town.line(1, [(-200, 0), (200, 0)], highway="residential")
    town.box(2, (-150, 10, 150, 60), landuse="residential")
    town.box(3, (-300, -100, 300, 100))
    town.relation(
        7, [(3, "outer")], type="boundary", boundary="administrative", admin_level="8", name="甲镇"
    )
    town.line(4, [(0, 20), (1, 20)], amenity="pharmacy", name="药房")
    return overpass_xml(town.write(folder).read_text(encoding="utf-8"))


def answering(
    places: list[Any],
    content: bytes,
    levels: tuple[int, ...] = (6, 8),
    first: Callable[[Asked], Answer | None] = lambda _: None,
) -> Callable[[Asked], Answer]:
    """Nominatim's search and lookup, and Overpass's two questions; `first` may answer instead."""

    def answer(asked: Asked) -> Answer:
        special = first(asked)
        if special is not None:
            return special
        if asked.path == "/search":
            return as_json(places)
        if asked.path == "/lookup":
            return as_json([one for one in places if f"R{one['osm_id']}" == asked.words["osm_ids"]])
        assert asked.path == "/api/interpreter"
        question = asked.words["data"]
        if "[out:json]" in question:
            return as_json({"elements": [{"tags": {"admin_level": str(one)}} for one in levels]})
        assert "[out:xml]" in question and "(._;>;);" in question
        packed = gzip.compress(content, 1)
        return Answer(packed, headers={"Content-Encoding": "gzip"})

    return answer


def fetch(url: str, folder: Path, *words: str) -> Result:
    arguments = ["fetch", *words, "--out", str(folder), "--overpass", f"{url}/api"]
    return CliRunner().invoke(commands, [*arguments, "--nominatim", url, "--lang", "en"])


def whole_boundary(content: str, relation: int, shape: shapely.Geometry) -> str:
    """The extract with the boundary of `relation` whole, as Overpass gives all its members."""
    ring = shapely.get_coordinates(shapely.get_exterior_ring(shapely.get_parts(shape)[0]))[:-1]
    first = 20_000_000_000
    ids = [first + i for i in range(len(ring))]
    nodes = "".join(
        f'<node id="{one}" version="1" lat="{lat:.7f}" lon="{lon:.7f}"/>'
        for one, (lon, lat) in zip(ids, ring, strict=True)
    )
    refs = "".join(f'<nd ref="{one}"/>' for one in [*ids, first])
    way = f'<way id="{first}" version="1">{refs}</way>'
    old = re.search(rf'<relation id="{relation}".*?</relation>', content, re.DOTALL)
    assert old is not None
    new = re.sub(r"<member[^>]*/>", "", old[0])
    member = f'<member type="way" ref="{first}" role="outer"/>'
    new = new.replace("<tag", f"{member}<tag", 1)
    content = content.replace(old[0], new)
    start, end = content.index("<way "), content.index("<relation ")
    return content[:start] + nodes + content[start:end] + way + content[end:]


def test_a_fetched_place_is_a_study_that_runs(tmp_path: Path, test_data: Path) -> None:
    """五角场街道 from the real extract: fetch, check, run; the date, hash and box are recorded."""
    folder = test_data / "shanghai"
    streets = gpd.read_file(folder / "boundaries" / "streets-8-districts.geojson")
    shape = streets.set_index("official_control_name_2023").geometry["五角场街道"]
    extract = (folder / "osm" / "wujiaochang.osm").read_text(encoding="utf-8")
    content = overpass_xml(whole_boundary(extract, 13466003, shape))
    place = found(13466003, "五角场街道", shape)
    stop = found(9, "五角场", shape.centroid, "node", type="bus_stop")
    with serving(answering([place, stop], content)) as server:
        done = fetch(server.url, tmp_path, "五角场街道", "--name", "wujiaochang", "--json")
        question = server.asked[-1].words["data"]
    assert done.exit_code == 0, done.output
    record = json.loads(done.stdout)
    saved, study = Path(record["extract"]), Path(record["study"])
    assert saved.read_bytes() == content
    assert record["sha256"] == hashlib.sha256(content).hexdigest()
    assert record["units"] == ["五角场街道"] and record["date"] == "2023-12-02"
    beside = json.loads(saved.with_name(saved.name + ".source.json").read_text(encoding="utf-8"))
    assert beside["sha256"] == record["sha256"] and beside["licence"] == "ODbL 1.0"

    south, west, north, east = map(float, re.findall(r"node\(([^)]*)\)", question)[0].split(","))
    extent = tomllib.loads(study.read_text(encoding="utf-8"))["network"]["extent"]
    assert extent == [west, south, east, north]
    low_west, low_south, _, high_north = shape.bounds
    assert west < low_west and south < low_south - 0.009 and north > high_north + 0.009

    out = str(tmp_path)
    checked = CliRunner().invoke(commands, ["check", str(study), "--out", out])
    assert checked.exit_code == 0, checked.output
    run = CliRunner().invoke(commands, ["run", str(study), "--out", out, "--json"])
    assert run.exit_code == 0, run.output
    rows = json.loads(run.stdout)
    assert {row["unit_name"] for row in rows if row["level"] == "street"} == {"五角场街道"}
    assert any(row["share"] and row["share"] > 0 for row in rows)


def test_an_id_finds_its_area_and_latin_names_name_the_study(tmp_path: Path) -> None:
    with serving(answering([found(7, "North End", TOWN)], small_town(tmp_path))) as server:
        done = fetch(server.url, tmp_path, "r7", "--json")
    assert done.exit_code == 0, done.output
    assert [one.path for one in server.asked][0] == "/lookup"
    study = lc.load_study(json.loads(done.stdout)["study"])
    assert study.study.name == "north-end" and study.units.select == ("r7",)
    assert study.network.publisher == "OpenStreetMap contributors"
    assert str(study.network.date) == "2023-12-02"
    assert [one.kind for one in study.demand] == ["land"]
    assert not lc.run(study).coverage.empty


def test_a_study_that_is_there_is_not_written_over(tmp_path: Path) -> None:
    with serving(answering([found(7, "End", TOWN)], small_town(tmp_path))) as server:
        assert fetch(server.url, tmp_path, "end").exit_code == 0
        study = tmp_path / "data" / "raw" / "end" / "study.toml"
        study.write_text("mine", encoding="utf-8")
        again = fetch(server.url, tmp_path, "end")
    assert again.exit_code == 3 and "--name" in again.output
    assert study.read_text(encoding="utf-8") == "mine"


ELSEWHERE = shapely.box(100, 30, 100.01, 30.01)
BUSY = Answer(b"busy", 504, {"Retry-After": "0"})


def on_overpass(answer: Answer) -> Callable[[Asked], Answer | None]:
    """`answer` in place of the map."""
    return lambda asked: answer if "[out:xml]" in asked.words.get("data", "") else None


REMARK = HEAD + "<remark> runtime error: Query timed out after 180 seconds. </remark>\n</osm>\n"
REFUSALS: dict[str, tuple[dict[str, Any], str, str]] = {
    "unknown": ({"places": []}, "no place of this name", "R8208502"),
    "several": (
        {"places": [found(7, "人民路", TOWN), found(8, "人民路", ELSEWHERE)]},
        "2 places have this name: R7 人民路, 杨浦区, 上海市, 中国; R8",
        "id of the one",
    ),
    "a point": (
        {"places": [found(7, "站", TOWN.centroid, "node")]}, "only as a point", "boundary"
    ),
    "no such level": ({"levels": (4, 10, 10)}, "it has: 4 (1), 10 (2)", "--admin-level"),
    "no whole unit": ({"places": [found(7, "远", ELSEWHERE)]}, "none of the 1 bound", "--admin"),
    "large": (
        {"places": [found(7, "省", shapely.box(0, 0, 1, 1))]}, "km², about", "--yes"
    ),
    "busy for ever": ({"first": lambda _: BUSY}, "busy 4 times in a row (status 504)", "later"),
    "busy Overpass": ({"first": on_overpass(BUSY)}, "busy 4 times", "--overpass"),
    "server error": (
        {"first": on_overpass(Answer(b"<html>", 400))}, "refused: 400", "--overpass"
    ),
    "gave up": ({"first": on_overpass(Answer(REMARK.encode()))}, "timed out after", "--timeout"),
    "cut": ({"first": on_overpass(Answer(HEAD.encode()))}, "before the answer was whole", "again"),
    "cut by the line": (
        {"first": on_overpass(Answer(HEAD.encode() * 9, cut=200))}, "before the answer", "again"
    ),
    "empty": (
        {"first": on_overpass(Answer((HEAD + '<node id="1" lat="0" lon="0"/></osm>').encode()))},
        "knows no street", "--overpass",
    ),
    "a login page": ({"first": lambda _: Answer(b"<html>login</html>")}, "cannot be understood",
                     "login page"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSALS)
def test_what_goes_wrong_has_a_line_and_leaves_no_study(tmp_path: Path, case: str) -> None:
    given, what, fix = REFUSALS[case]
    options = {"places": [found(7, "甲镇", TOWN)], "content": small_town(tmp_path), **given}
    with serving(answering(**options)) as server:
        done = fetch(server.url, tmp_path, "somewhere", "--name", "x")
    assert done.exit_code == 3, done.output
    assert what in done.output and fix in done.output
    assert not (tmp_path / "data" / "raw" / "x" / "study.toml").exists()
    if case != "no whole unit":  # there the map is good, and kept
        assert not list((tmp_path / "data").rglob("*.osm"))


def test_no_network_is_said_in_both_languages(tmp_path: Path) -> None:
    with serving(answering([], b"")) as server:
        closed = server.url
    english = fetch(closed, tmp_path, "x")
    assert english.exit_code == 3 and "cannot be reached" in english.output
    both = ["fetch", "x", "--nominatim", closed, "--out", str(tmp_path), "--lang", "zh"]
    assert "无法连接服务器" in CliRunner().invoke(commands, both).output


def test_a_busy_server_is_asked_again(tmp_path: Path) -> None:
    """Twice 429 from Nominatim and once 504 from Overpass, then answers; each wait has a line."""
    turns = {"/search": 2, "/api/interpreter": 1}

    def first(asked: Asked) -> Answer | None:
        turns[asked.path] = turns.get(asked.path, 0) - 1
        status = 429 if asked.path == "/search" else 504
        return Answer(b"", status, {"Retry-After": "0"}) if turns[asked.path] >= 0 else None

    options = answering([found(7, "End", TOWN)], small_town(tmp_path), first=first)
    with serving(options) as server:
        done = fetch(server.url, tmp_path, "End")
    assert done.exit_code == 0, done.output
    assert done.output.count("is busy (429)") == 2 and done.output.count("is busy (504)") == 1


def test_the_settings_of_osmnx_are_put_back(tmp_path: Path) -> None:
    from osmnx import settings

    before = {name: getattr(settings, name) for name in settings.__annotations__}
    with serving(answering([], b"")) as server:
        assert fetch(server.url, tmp_path, "nowhere").exit_code == 3
    assert {name: getattr(settings, name) for name in settings.__annotations__} == before
    assert not (tmp_path / "cache").exists()


def test_the_box_reaches_as_far_as_it_says() -> None:
    """1,500 m from a square on 31° N by the ellipsoid; its area by an equal-area projection."""
    square = shapely.box(121.4, 31.2, 121.5, 31.3)
    west, south, east, north = box_around(square, 1500)
    corner = gpd.GeoSeries([shapely.Point(121.4, 31.3), shapely.Point(west, 31.3)], crs=4326)
    metric = corner.to_crs("+proj=tmerc +lat_0=31.3 +lon_0=121.4 +k=1 +datum=WGS84")
    assert metric.iloc[0].distance(metric.iloc[1]) == pytest.approx(1500, abs=0.1)
    assert (north - 31.3) * 110_900 == pytest.approx(1500, rel=0.002)
    assert 31.2 - south == pytest.approx(north - 31.3, rel=1e-3) and east > 121.5
    equal = gpd.GeoSeries([square], crs=4326).to_crs(6933).area.iloc[0] / 1e6
    assert area_km2((121.4, 31.2, 121.5, 31.3)) == pytest.approx(equal, rel=1e-3)
