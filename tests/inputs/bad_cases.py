"""The cases of the catalogue of bad input: how each spoils the tiny study, and what is asked."""

from __future__ import annotations

import json
import re
import struct
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import openpyxl
import rasterio
import rasterio.shutil
from handmade import shapefile, text, xlsx
from osm_xml import Town
from shapely.geometry import LineString, MultiLineString, MultiPoint, Point, Polygon, box
from studies import DEGREE, in_china, replace

import lifecircle as lc
from lifecircle.inputs.datum import gcj02_to_bd09 as to_bd09
from lifecircle.inputs.datum import gcj02_to_wgs84, wgs84_to_gcj02

Spoil = Callable[[Path], Any]


@dataclass(frozen=True)
class Case:
    """`code`, `action` and `row` of a problem whose fix holds `fix` and whose words hold `says`;
    `holds` checks what came of the study."""

    spoil: Spoil
    code: str = ""
    action: str = "noted"
    row: int | None = None
    fix: str = ""
    says: str = ""
    holds: Callable[[Path], None] | None = None
    exit_code: int = 3


GOOD = ("甲", 0.0017, 0.0001)
HEAD = ("name", "lon", "lat")


def home(*rows: Sequence[object], head: Sequence[object] = HEAD) -> Spoil:
    """The homes are `rows` after a good one in row 2."""
    return lambda folder: text(folder / "homes.csv", [head, GOOD, *rows])


def many(*rows: Sequence[object]) -> Spoil:
    """Forty good homes in rows 2 to 41, then `rows` from row 42."""
    good = [(f"h{i}", round(0.0001 * i, 4), 0.0001) for i in range(1, 41)]
    return lambda folder: text(folder / "homes.csv", [HEAD, *good, *rows])


def raw(content: bytes, name: str = "homes.csv") -> Spoil:
    return lambda folder: (folder / name).write_bytes(content)


def file(name: str, write: Callable[[Path], Any], old: str = "homes.csv", keys: str = "") -> Spoil:
    """Another file in place of `old`, with more keys in its table of the study."""

    def spoil(folder: Path) -> None:
        write(folder / name)
        replace(folder, f'path = "{old}"', f'path = "{name}"\n{keys}')

    return spoil


def then(*spoils: Spoil) -> Spoil:
    def spoil(folder: Path) -> None:
        for one in spoils:
            one(folder)

    return spoil


def study(old: str, new: str) -> Spoil:
    return lambda folder: replace(folder, old, new)


undeclared = study('datum = "wgs84"\nname = "name"', 'datum = "wgs84"')
"""The name is found by its usual names."""


def read(folder: Path) -> gpd.GeoDataFrame:
    """The facilities of the study as the pipeline reads them."""
    from lifecircle.inputs.gather import read_inputs

    return read_inputs(lc.load_study(folder / "study.toml"), lambda _: None).facilities


def names(*expected: str) -> Callable[[Path], None]:
    def holds(folder: Path) -> None:
        assert sorted(read(folder)["name"]) == sorted(expected)

    return holds


def at(*expected: tuple[float, float]) -> Callable[[Path], None]:
    def holds(folder: Path) -> None:
        places = sorted((round(p.x, 6), round(p.y, 6)) for p in read(folder).geometry)
        assert places == sorted(expected)

    return holds


# ---- facilities in China, which say where they are ----


def told(shift: Callable[..., Any], datum: str | None = "wgs84") -> Spoil:
    """Twenty homes in the middle of the squares they name, moved by `shift`."""

    def spoil(folder: Path) -> None:
        rows = in_china(folder, datum)
        lon, lat = shift(np.array([r[2] for r in rows]), np.array([r[3] for r in rows]))
        cells = [(r[0], r[1], x, y) for r, x, y in zip(rows, lon, lat, strict=True)]
        text(folder / "homes.csv", [("name", "街镇", "lon", "lat"), *cells])

    return spoil


# ---- units ----

WEST = box(-300 * DEGREE, -100 * DEGREE, 0, 100 * DEGREE)
EAST = box(0, -100 * DEGREE, 300 * DEGREE, 100 * DEGREE)
BOTH = [("1", "甲", WEST), ("2", "乙", EAST)]


def collection(rows: Sequence[tuple[Any, Any, Any]]) -> str:
    features = [
        {
            "type": "Feature",
            "properties": {"id": key, "name": name},
            "geometry": None if shape is None else shape.__geo_interface__,
        }
        for key, name, shape in rows
    ]
    return json.dumps({"type": "FeatureCollection", "features": features})


def units(*rows: tuple[Any, Any, Any]) -> Spoil:
    return lambda folder: (folder / "units.geojson").write_text(collection(rows), "utf-8")


def unit_frame(crs: object = 4326) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        {"id": ["1", "2"], "name": ["甲", "乙"]}, geometry=[WEST, EAST], crs=4326
    ).to_crs(crs)


def unit_shapefile(
    crs: object = 4326, without: str = "", encoding: str = "utf-8", keys: str = ""
) -> Spoil:
    def write(path: Path) -> None:
        unit_frame(crs).to_file(path, encoding=encoding)
        for suffix in without.split():
            path.with_suffix(suffix).unlink()

    return file("units.shp", write, "units.geojson", keys)


def unit_names(*expected: str) -> Callable[[Path], None]:
    def holds(folder: Path) -> None:
        from lifecircle.inputs.gather import read_inputs

        inputs = read_inputs(lc.load_study(folder / "study.toml"), lambda _: None)
        assert sorted(inputs.units["name"]) == sorted(expected)
        assert inputs.units.crs == "EPSG:4326"

    return holds


def unit_areas(*expected: Polygon) -> Callable[[Path], None]:
    """The units are these areas, and as polygons."""

    def holds(folder: Path) -> None:
        from lifecircle.inputs.gather import read_inputs

        inputs = read_inputs(lc.load_study(folder / "study.toml"), lambda _: None)
        shapes = inputs.units.sort_values("unit_id").geometry
        for shape, area in zip(shapes, expected, strict=True):
            assert shape.geom_type == "Polygon"
            assert shape.symmetric_difference(area).area < 1e-9 * area.area

    return holds


def halves(area: Polygon) -> list[list[tuple[float, ...]]]:
    """The outline of `area` as two lines that meet."""
    corners = list(area.exterior.coords)
    return [corners[:3], corners[2:]]


def two_layers(path: Path) -> None:
    unit_frame().to_file(path, layer="a", driver="GPKG")
    unit_frame().to_file(path, layer="b", driver="GPKG")


def gap(folder: Path) -> None:
    """A strip of 20 m between two units, of 3 % of their area."""
    east = box(20 * DEGREE, -100 * DEGREE, 300 * DEGREE, 100 * DEGREE)
    units(("1", "甲", WEST), ("2", "乙", east))(folder)


def huge(folder: Path) -> None:
    """A border of 110,001 vertices that wiggles by a centimetre."""
    y = np.linspace(-100, 100, 110_001) * DEGREE
    x = np.where(np.arange(len(y)) % 2, 0.01, 0) * DEGREE
    border = np.column_stack([x, y])
    west = Polygon([(-300 * DEGREE, 100 * DEGREE), (-300 * DEGREE, -100 * DEGREE), *border])
    east = Polygon([*border, (300 * DEGREE, 100 * DEGREE), (300 * DEGREE, -100 * DEGREE)])
    units(("1", "甲", west), ("2", "乙", east))(folder)


def census(*lines: str) -> Spoil:
    """Homes instead of land, and a census spread over them."""

    def spoil(folder: Path) -> None:
        with_buildings(folder)
        (folder / "census.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
        replace(
            folder,
            'kind = "land"\npath = "town.osm"',
            'kind = "buildings"\npath = "town.osm"\n\n[demand.census]\n'
            'path = "census.csv"\nunit = "unit"\nresidents = "people"',
        )

    return spoil


def with_buildings(folder: Path) -> None:
    town = street()
    town.box(3, (-100, 20, -80, 40), building="apartments")
    town.box(4, (80, 20, 100, 40), building="apartments")
    town.write(folder)


# ---- rasters ----

CELLS = np.array([[10.0, 20, 30, 40, 50, 60], [1, 2, 3, 4, 5, 6]])
TO_DEGREES = rasterio.Affine(100 * DEGREE, 0, -300 * DEGREE, 0, -100 * DEGREE, 100 * DEGREE)


def raster(cells: np.ndarray = CELLS, keys: str = "", **profile: Any) -> Spoil:
    """Twelve cells of 100 m over the unit, as the study's demand."""

    def spoil(folder: Path) -> None:
        bands = cells if cells.ndim == 3 else cells[None]
        tags = profile.pop("tags", {})
        settings = {
            "driver": "GTiff", "crs": "EPSG:4326", "transform": TO_DEGREES, "dtype": "float64",
            "count": len(bands), "height": bands.shape[1], "width": bands.shape[2], **profile,
        }  # fmt: skip
        with rasterio.open(folder / "people.tif", "w", **settings) as dataset:
            dataset.write(bands.astype(settings["dtype"]))
            dataset.update_tags(**tags)
        use_raster(folder, keys)

    return spoil


def use_raster(folder: Path, keys: str = "") -> None:
    new = f'kind = "raster"\npath = "people.tif"\n{keys}'
    replace(folder, 'kind = "land"\npath = "town.osm"', new)


def changed(row: int, column: int, value: float) -> np.ndarray:
    cells = CELLS.copy()
    cells[row, column] = value
    return cells


def people(total: float) -> Callable[[Path], None]:
    def holds(folder: Path) -> None:
        from lifecircle.inputs.gather import read_inputs

        inputs = read_inputs(lc.load_study(folder / "study.toml"), lambda _: None)
        assert abs(inputs.demand.table["residents"].sum() - total) < 1e-3 * total

    return holds


def cut_raster(folder: Path) -> None:
    """A file that begins with its headers and breaks off among its cells."""
    raster(np.random.default_rng(1).random((200, 600)))(folder)
    whole = folder / "people.tif"
    rasterio.shutil.copy(whole, folder / "cut.tif", driver="COG", compress="deflate")
    content = (folder / "cut.tif").read_bytes()
    whole.write_bytes(content[: len(content) // 2])


def sparse_raster(folder: Path) -> None:
    """A header of 100,000 × 100,000 cells with nothing behind it."""
    step = 600 * DEGREE / 100_000
    place = rasterio.Affine(step, 0, -300 * DEGREE, 0, -step, 300 * DEGREE)
    with rasterio.open(
        folder / "people.tif", "w", driver="GTiff", crs="EPSG:4326", transform=place,
        dtype="uint8", count=1, height=100_000, width=100_000, SPARSE_OK=True, tiled=True,
    ):  # fmt: skip
        pass
    use_raster(folder)


# ---- streets ----


def street(**tags: str) -> Town:
    """The street of the study; `tags` add to it."""
    town = Town()
    town.line(1, [(-200, 0), (200, 0)], **{"highway": "residential", **tags})
    town.box(2, (-150, 10, 150, 60), landuse="residential")
    return town


def town(build: Callable[[Town], Any]) -> Spoil:
    """More objects in the town of the study."""

    def spoil(folder: Path) -> None:
        own = street()
        build(own)
        own.write(folder)

    return spoil


UNWALKED = {
    "power": "line", "railway": "rail", "boundary": "administrative", "building": "yes",
    "waterway": "river", "highway=motorway": "", "highway=construction": "",
    "highway=proposed": "", "route": "ferry", "note": "untagged",
}  # fmt: skip


def unwalked(own: Town) -> None:
    """A way of every kind that nobody walks, from the street's end to the north."""
    kinds: list[dict[str, str]] = [
        {key.split("=")[0]: key.split("=")[1]} if "=" in key else {key: value}
        for key, value in UNWALKED.items()
    ]
    kinds += [
        {"highway": "residential", "foot": "no"},
        {"highway": "residential", "access": "no"},
        {"highway": "residential", "access": "private", "foot": "no"},
    ]
    for number, tags in enumerate(kinds, start=10):
        own.line(number, [(200, 0), (200, 300 + number)], **tags)


def length_m(expected: float) -> Callable[[Path], None]:
    """The walked streets are `expected` metres long."""

    def holds(folder: Path) -> None:
        network = lc.read_network(folder / "town.osm")
        assert abs(float(network.length_m.sum()) - expected) < 0.005 * expected

    return holds


def gate(own: Town) -> None:
    middle = own.node((300, 0), barrier="gate", locked="yes", access="no")
    ends = [own.node((200, 0)), own.node((400, 0))]
    own.way(9, [ends[0], middle, ends[1]], highway="footway")


def edge(folder: Path, spoil: Callable[[str], str]) -> None:
    path = folder / "town.osm"
    path.write_text(spoil(path.read_text(encoding="utf-8")), encoding="utf-8")


def twice(content: str) -> str:
    """Every way in two versions, as a history file has them."""
    way = re.compile(r'<way id="1" version="1".*?</way>', re.DOTALL)
    return way.sub(lambda m: m[0] + m[0].replace('version="1"', 'version="2"'), content)


def pbf(folder: Path, cut: Callable[[bytes], bytes] = bytes) -> None:
    """The town as a PBF, cut by `cut`."""
    import osmium

    with osmium.SimpleWriter(str(folder / "town.osm.pbf")) as writer:
        for item in osmium.FileProcessor(str(folder / "town.osm")):
            writer.add(item)
    content = (folder / "town.osm.pbf").read_bytes()
    (folder / "town.osm.pbf").write_bytes(cut(content))
    study_text = (folder / "study.toml").read_text(encoding="utf-8")
    (folder / "study.toml").write_text(
        study_text.replace("town.osm", "town.osm.pbf"), encoding="utf-8"
    )


def wide_box(folder: Path) -> None:
    """A header that says more than the file holds."""
    bounds = '<bounds minlat="-0.5" minlon="-0.5" maxlat="0.5" maxlon="0.5"/>'
    edge(folder, lambda s: s.replace('<osm version="0.6">', f'<osm version="0.6">{bounds}'))


def blocks(content: bytes) -> list[bytes]:
    """The blocks of a PBF: a length, a header that names the length of the blob, the blob."""
    found, start = [], 0
    while start < len(content):
        (size,) = struct.unpack(">i", content[start : start + 4])
        header = content[start + 4 : start + 4 + size]
        # The last field of the header is `datasize`: tag 0x18 and a varint.
        value = shift = 0
        for byte in header[header.rindex(b"\x18") + 1 :]:
            value |= (byte & 0x7F) << shift
            shift += 7
        end = start + 4 + size + value
        found.append(content[start:end])
        start = end
    return found


# ---- archives ----


def zipped(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def bomb(path: Path) -> Path:
    """A sheet of 64 MB of one cell again and again, which packs to less than 1 %."""
    return zipped(path, {"xl/workbook.xml": b"<x/>", "xl/worksheets/sheet1.xml": b"<c/>" * 2**24})


def climbing(path: Path) -> Path:
    """A shapefile with a member that would climb out of its folder."""
    made = shapefile(path)
    with zipfile.ZipFile(made, "a") as archive:
        archive.writestr("../../climbed.txt", b"x")
    return made


def formulas(path: Path) -> None:
    book = openpyxl.Workbook()
    for row in [HEAD, GOOD, ("乙", "=B2+0.0001", 0.0001)]:
        book.active.append(row)
    book.save(path)


def phantom(path: Path) -> None:
    book = openpyxl.Workbook()
    for row in [HEAD, GOOD]:
        book.active.append(row)
    book.active.cell(row=1_048_576, column=2).value = "x"
    book.save(path)


def feature_file(*shapes: Any) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        path.write_text(collection([(str(i), f"f{i}", s) for i, s in enumerate(shapes)]), "utf-8")

    return write


FAR = 50_000 * DEGREE
LAUGHS = '<!DOCTYPE osm [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>'
EXTERNAL = '<!DOCTYPE kml [<!ENTITY x SYSTEM "file:///etc/hostname">]><kml>&x;</kml>'
VRT = (
    '<OGRVRTDataSource><OGRVRTLayer name="x"><SrcDataSource>homes.csv</SrcDataSource>'
    "</OGRVRTLayer></OGRVRTDataSource>"
)
LAST_NODE = '<nd ref="1002"/>'
TWO_ROWS = [("名称", "坐标", None), (None, "lon", "lat"), GOOD]

CASES: dict[str, Case] = {
    "1 GCJ-02 labelled WGS 84": Case(
        told(wgs84_to_gcj02), "datum_contradicted", "refused", None, 'datum = "gcj02"', "20/20"
    ),
    "2 BD-09 labelled WGS 84": Case(
        told(lambda x, y: to_bd09(*wgs84_to_gcj02(x, y))),
        "datum_contradicted", "refused", None, 'datum = "bd09"', "20/20",
    ),
    "3 converted twice": Case(
        told(gcj02_to_wgs84), "datum_twice", "refused", None, "before the last conversion"
    ),
    "4 swapped": Case(
        told(lambda x, y: (y, x)), "coordinates_swapped", "refused", None, "fix_swapped = true",
        "20",
    ),
    "5 swapped in a row": Case(many(("x", 31.2, 121.5)), "row_swapped", "excluded", 42, "swap"),
    "6 GBK": Case(
        lambda f: text(f / "homes.csv", [HEAD, GOOD], encoding="gb18030"),
        "encoding_gb18030", "noted", None, "names read well", holds=names("甲"),
    ),
    "7 GBK is never taken for Latin": Case(
        lambda f: text(f / "homes.csv", [HEAD, ("城厢镇", *GOOD[1:])], encoding="gbk"),
        "encoding_gb18030", "noted", holds=names("城厢镇"),
    ),
    "8 UTF-16": Case(
        lambda f: text(f / "homes.csv", [HEAD, GOOD], "\t", "utf-16"), holds=names("甲")
    ),
    "9 full-width digits": Case(
        home(("乙", "０．００１６", "0.0001")), "digits_wide", "repaired", 3,
        holds=at((0.0016, 0.0001), (0.0017, 0.0001)),
    ),
    "10 odd spaces": Case(
        home(("乙", "\u00a00.0016\u3000", " 0.0001 ")), "spaces_stripped", "repaired",
        holds=at((0.0016, 0.0001), (0.0017, 0.0001)),
    ),
    "11 other headers": Case(
        then(home(head=("机构名称 ", "经 度", "纬度（度）")), undeclared),
        holds=at((0.0017, 0.0001)),
    ),
    "11 two longitudes": Case(
        lambda f: text(f / "homes.csv", [("name", "lng", "lat", "x"), (*GOOD, 7)]),
        "column_ambiguous", "refused", None, "name the right one", "lng, x",
    ),
    "12 no coordinate": Case(
        many(("x", "暂无", 0.0001)), "coordinates_unreadable", "excluded", 42, "fill in", "暂无"
    ),
    "12 too many without": Case(
        home(("x", "暂无", "-")), "too_many_unreadable", "refused", None, "fill in", "1 of 2"
    ),
    "13 blank": Case(
        many(("x", "", "")), "coordinates_unreadable", "excluded", 42, "fill in"
    ),
    "14 null island": Case(home(("x", 0, 0)), "null_island", "excluded", 3, "fill in"),
    "15 far away": Case(
        home(("x", FAR, 0)), "facilities_elsewhere", "excluded", None, "larger area", "1 facilities"
    ),
    "17 duplicate": Case(
        home(("甲 ", 0.0017, 0.0002)), "duplicate", "excluded", 3, "delete one", holds=names("甲")
    ),
    "18 two names": Case(
        home(("大场镇敬老院", 0.001, 0.0001), ("宝山区大场镇敬老院", 0.0012, 0.0001)),
        "duplicate_maybe", "noted", 4, "delete one",
    ),
    "19 angles": Case(
        home(("乙", "0°0′6.12″E", "0°0′0.36″N")), "angles_read", "repaired", 3, "decimal degrees",
        holds=at((0.0017, 0.0001), (0.0017, 0.0001)),
    ),
    "20 metres": Case(
        lambda f: text(f / "homes.csv", [HEAD, ("a", 359943.3, 3461891.0), ("b", 360000, 3462000)]),
        "coordinates_metres", "refused", None, "as datum", "EPSG:32651",
    ),
    "21 metres and degrees": Case(
        home(("a", 359943.3, 3461891.0)), "coordinates_mixed", "refused", None, "split the file",
        "row 3",
    ),
    "22 header only": Case(
        raw(b"name,lon,lat\n"), "no_usable_facility", "refused", None, "optional = true"
    ),
    "22 header only, allowed": Case(
        then(raw(b"name,lon,lat\n"), study('service = "', 'optional = true\nservice = "')),
        "no_usable_facility", "noted",
    ),
    "23 nothing": Case(raw(b""), "file_empty", "refused", None, "export"),
    "24 NUL bytes": Case(
        raw("name,lon,lat\n甲\0,0.0017,0.0001\n".encode()), "nul_bytes", "repaired",
        holds=names("甲"),
    ),
    "24 binary": Case(raw(b"lon,lat\n" + bytes(900)), "file_kind", "refused", None, "CSV"),
    "25 title row": Case(
        file("h.xlsx", lambda p: xlsx(p, 表=[("2024年一览表",), HEAD, GOOD])),
        "header_found", "noted", None, "right", "row 2", names("甲"),
    ),
    "26 merged header": Case(
        then(
            file("h.xlsx", lambda p: xlsx(p, 表=TWO_ROWS)),
            undeclared,
        ),
        "header_found", "noted", None, holds=names("甲"),
    ),
    "27 second sheet": Case(
        file("h.xlsx", lambda p: xlsx(p, 封面=[("一",), ("二",)], 表=[HEAD, GOOD])),
        "sheet_taken", "noted", None, "write sheet", "封面 (2), 表 (2)", names("甲"),
    ),
    "27 no sheet fits": Case(
        file("h.xlsx", lambda p: xlsx(p, 封面=[("一",)], 说明=[("二",)])),
        "sheet_none_fits", "refused", None, "write sheet", "封面 (1), 说明 (1)",
    ),
    "28 two lists": Case(
        file("h.xlsx", lambda p: xlsx(p, 一=[HEAD, GOOD], 二=[HEAD, ("乙", 0.001, 0.0001)])),
        "sheets_many", "noted", None, "once for each sheet", "一 (2), 二 (2)",
    ),
    "29 formula": Case(
        file("h.xlsx", formulas), "formula_without_value", "refused", None, "in Excel", "B3"
    ),
    "30 a page named xlsx": Case(
        file("h.xlsx", lambda p: p.write_text("<html><table><tr><td>lon</table></html>")),
        "file_is_html", "refused", None, "save it as",
    ),
    "30 a CSV named xlsx": Case(
        file("h.xlsx", lambda p: text(p, [HEAD, GOOD])), holds=names("甲")
    ),
    "31 phantom rows": Case(
        file("h.xlsx", phantom), "rows_phantom", "noted", None, "far below", "row 2", names("甲")
    ),
    "32 long codes in Excel": Case(
        file(
            "h.xlsx",
            lambda p: xlsx(p, 表=[("id", *HEAD), (310110198001011234, *GOOD)]),
            keys='id = "id"',
        ),
        "id_number", "refused", 2, "as text",
    ),
    "33 codes keep their zeros": Case(
        file(
            "h.csv", lambda p: text(p, [("id", *HEAD), (" 010101 ", *GOOD)]), keys='id = "id"'
        ),
        holds=lambda f: _equal(read(f)["facility_id"].tolist(), ["010101"]),
    ),
    "34 a comma too many": Case(
        home(("road 1, gate 2", 0.001, 0.0001)), "row_fields", "refused", 3, "double quotes", "4"
    ),
    "35 stray quote": Case(
        raw(b'name,lon,lat\na,0.001,0.0001\n"b,0.001,0.0001\nc,0.001,0.0001\n'),
        "csv_syntax", "refused", 3, "quotation marks", "row 4",
    ),
    "36 a name like nothing": Case(home(("NA", 0.001, 0.0001)), holds=names("NA", "甲")),
    "37 one name twice": Case(
        raw(b"name,lon,lat,lat\na,1,2,3\n"), "column_twice", "refused", 1, "rename"
    ),
    "38 a date for a name": Case(
        home(("2024-03-01", 0.001, 0.0001)), "name_date", "noted", 3, "as text", "2024-03-01"
    ),
    "39 words in a number": Case(
        lambda f: text(
            f / "homes.csv",
            [(*HEAD, "床位"), (*GOOD, "120个"), ("乙", 0.001, 0.0001, "约50床"),
             ("丙", 0.0012, 0.0001, "若干")],
        ),
        "capacity_with_words", "repaired", 3, "plain number",
        holds=lambda f: _equal(sorted(read(f)["beds"].fillna(-1)), [-1, 50, 120]),
    ),
    "40 closed": Case(
        lambda f: text(
            f / "homes.csv", [(*HEAD, "状态"), (*GOOD, "正常"), ("乙", 0.001, 0.0001, "已停业")]
        ),
        "closed", "excluded", 3, "closed", holds=names("甲"),
    ),
    "41 unknown categories": Case(
        then(
            lambda f: text(
                f / "homes.csv",
                [(*HEAD, "类"), (*GOOD, "养老"), ("乙", 0.001, 0.0001, "敬老"),
                 ("丙", 0.0012, 0.0001, "敬老")],
            ),
            study(
                'service = "eldercare_home"',
                'category = "类"\nservices = { "养老" = "eldercare_home" }',
            ),
        ),
        "categories_unmapped", "refused", None, "add them", "敬老 (2)",
    ),
    "42 several points": Case(
        file("h.geojson", feature_file(MultiPoint([(0.001, 0), (0.0012, 0)])), keys=""),
        "entrances_many", "noted", None, "entrances", "1 facilities",
        lambda f: _equal(read(f).geom_type.tolist(), ["MultiPoint"]),
    ),
    "43 grounds": Case(
        file("h.geojson", feature_file(box(0.001, -0.0001, 0.0015, 0.0005))),
        holds=lambda f: _equal(
            sorted(round(p.x, 6) for p in read(f).geometry.iloc[0].geoms), [0.001, 0.0015]
        ),
    ),
    "44 no geometry": Case(
        file("h.geojson", feature_file(Point(0.001, 0), None)), "geometry_missing", "excluded", 2,
        "draw it",
    ),
    "45 heights": Case(
        file("h.geojson", feature_file(Point(0.001, 0, 7))), "heights_dropped", "repaired",
        says="1 features", holds=at((0.001, 0.0)),
    ),
    "46 infinite": Case(
        many(("x", "Infinity", 0)), "coordinates_unreadable", "excluded", 42, "fill in"
    ),
    "46 beyond the globe": Case(
        many(("x", "1e308", 0)), "coordinates_range", "excluded", 42, "datum"
    ),
    "47 bow-tie": Case(
        units(("1", "甲", Polygon([(-0.003, -0.001), (0.003, 0.001), (0.003, -0.001),
                                   (-0.003, 0.001)]))),
        "geometry_invalid", "refused", 1, "correct the outline", "0",
    ),
    "48 overlap": Case(
        units(("1", "甲", WEST), ("2", "乙", box(-0.001, -0.0009, 0.0027, 0.0009))),
        "units_overlap", "refused", 2, "correct the boundary", "甲 (1) and 乙 (2)",
    ),
    "48 sliver": Case(
        units(("1", "甲", WEST), ("2", "乙", box(-3 * DEGREE, -0.0009, 0.0027, 0.0009))),
        "units_sliver", "noted", 2, "narrower than 5 m",
    ),
    "49 gap": Case(gap, "units_gap", "refused", None, "allow_gaps = true", "3."),
    "49 gap, allowed": Case(
        then(gap, study('id = "id"', 'id = "id"\nallow_gaps = true')), "units_gap", "noted"
    ),
    "50 one polygon twice": Case(
        units(("1", "甲", WEST), ("2", "乙", WEST)), "units_overlap", "refused", 2
    ),
    "51 one name twice": Case(
        then(units(("1", "甲", WEST), ("2", "甲", EAST)), census("unit,people", "甲,100")),
        "census_ambiguous", "refused", 2, "ids of the units",
    ),
    "52 no name": Case(
        units(("1", None, WEST), ("2", "乙", EAST)), "name_missing", "noted", 1, "fill in",
        holds=unit_names("unnamed-1", "乙"),
    ),
    "53 padded names meet": Case(
        then(units(*BOTH), census("unit,people", "甲 ,100", "　乙,50")), holds=people(150)
    ),
    "53 unmatched both ways": Case(
        then(units(*BOTH), census("unit,people", "甲,100", "丙,50")),
        "unit_without_census", "refused", None, "allow_unmatched = true", "乙",
    ),
    "53 unmatched, allowed": Case(
        then(
            units(*BOTH), census("unit,people", "甲,100", "丙,50"),
            study('residents = "people"', 'residents = "people"\nallow_unmatched = true'),
        ),
        "unit_without_census", "noted", None, "allow_unmatched", "乙", people(100),
    ),
    "53 rows of other units": Case(
        then(units(*BOTH), census("unit,people", "甲,100", "乙,50", "丙,7")),
        "census_unmatched", "excluded", 4, "correct the id or name", holds=people(150),
    ),
    "54 lines": Case(
        units(("1", "甲", LineString([(0, 0), (1, 1)]))), "not_polygons", "refused", 1, "polygons"
    ),
    "54 lines that close": Case(
        units(
            ("1", "甲", LineString(WEST.exterior.coords)),
            ("2", "乙", MultiLineString(halves(EAST))),
        ),
        "lines_closed", "repaired", 2, "as polygons", holds=unit_areas(WEST, EAST),
    ),
    "54 lines that close, and a loose end": Case(
        units(("1", "甲", MultiLineString([WEST.exterior.coords, [(0, 0), (0.1, 0.1)]]))),
        "not_polygons", "refused", 1, "polygons",
    ),
    "55 no .prj": Case(
        unit_shapefile(without=".prj"), "crs_missing", "refused", None, "such as EPSG:4549"
    ),
    "56 metres said to be degrees": Case(
        unit_shapefile(32631, without=".prj", keys='datum = "wgs84"'),
        "coordinates_range", "refused", None, "EPSG code",
    ),
    "57 GeoJSON in metres": Case(
        units(("1", "甲", box(166000, 0, 166600, 200))), "coordinates_range", "refused"
    ),
    "58 no .dbf": Case(
        unit_shapefile(without=".dbf"), "shapefile_part", "refused", None, "same folder",
        "units.dbf",
    ),
    "59 no .shx": Case(
        unit_shapefile(without=".shx"), "shapefile_index", "repaired", None,
        holds=unit_names("甲", "乙"),
    ),
    "60 GBK without .cpg": Case(
        unit_shapefile(encoding="gb18030", without=".cpg"), "encoding_gb18030", "noted", None,
        holds=unit_names("甲", "乙"),
    ),
    "62 axes swapped": Case(
        units(("1", "甲", box(31.2, 121.4, 31.21, 121.41))), "coordinates_range", "refused", None,
        "swapped",
    ),
    "63 GML": Case(
        file("u.gml", lambda p: p.write_text('<?xml version="1.0"?><gml srsName="EPSG:4490"/>'),
             "units.geojson"),
        "file_kind", "refused", None, "GeoJSON",
    ),
    "65 Xian 80": Case(
        study('datum = "wgs84"', 'datum = "EPSG:4610"'), "datum_inexact", "noted", None, "CGCS2000"
    ),
    "65 Xian 80, found in the file": Case(
        unit_shapefile(4610), "datum_inexact", "noted", None, "+towgs84", "Xian 1980"
    ),
    "65 Beijing 54, found in the file": Case(
        unit_shapefile(4214), "datum_inexact", "noted", None, "+towgs84", "Beijing 1954"
    ),
    "66 two layers": Case(
        file("u.gpkg", two_layers, "units.geojson"), "layers_many", "refused", None, "of its own",
        "a, b",
    ),
    "67 cut GeoJSON": Case(
        raw(collection(BOTH).encode()[:-40], "units.geojson"), "file_unreadable", "refused", None,
        "export it again",
    ),
    "68 two reference systems": Case(unit_shapefile(32631), holds=unit_names("甲", "乙")),
    "69 degrees to measure in": Case(
        study('language = "en"', 'language = "en"\ncrs = "EPSG:4326"'),
        "no", "refused", fix='crs = "auto"', exit_code=2,
    ),
    "70 a huge outline": Case(
        huge, "geometry_simplified", "repaired", None, says="220", holds=unit_names("甲", "乙")
    ),
    "71 a drawing": Case(
        file("u.dxf", lambda p: p.write_text("  0\nSECTION\n  2\nENTITIES\n"), "units.geojson"),
        "file_kind", "refused", None, "GeoJSON",
    ),
    "72 undeclared nodata": Case(
        raster(changed(0, 1, -99999)), "raster_negative", "refused", None, "nodata", "-99999"
    ),
    "72 nodata named in the study": Case(
        raster(changed(0, 1, -99999), "nodata = -99999"), "raster_nodata", "noted",
        says="1 of 12", holds=people(CELLS.sum() - 20),
    ),
    "73 declared nodata": Case(
        raster(changed(0, 1, -99999), nodata=-99999), "raster_nodata", "noted", says="1 of 12",
        holds=people(CELLS.sum() - 20),
    ),
    "74 NaN": Case(
        raster(changed(0, 1, np.nan)), "raster_nodata", "noted", holds=people(CELLS.sum() - 20)
    ),
    "75 negative": Case(
        raster(changed(1, 2, -500)), "raster_negative", "refused", None, "no data",
        "row 2, column 3",
    ),
    "76 no CRS": Case(raster(crs=None), "crs_missing", "refused", None, "datum"),
    "77 elsewhere": Case(
        raster(transform=rasterio.Affine(DEGREE, 0, 5, 0, -DEGREE, 5)), "raster_elsewhere",
        "refused", None, "reference system",
    ),
    "78 half": Case(
        raster(CELLS[:, :3]), "raster_partly", "refused", None, "all units", "50.0 %"
    ),
    "78 half, allowed": Case(
        raster(CELLS[:, :3], "allow_partly = true"), "raster_partly", "noted", says="50.0 %",
        holds=people(CELLS[:, :3].sum()),
    ),
    "79 density": Case(
        raster(tags={"units": "people per sq km"}), "raster_per", "noted", None, "write per",
        holds=people(0.9933 * CELLS.sum() / 100),
    ),
    "79 not what is expected": Case(
        raster(keys="expected = 2.31"), "raster_total", "refused", None, "km2", "231"
    ),
    "80 no resampling": Case(raster(), holds=people(CELLS.sum())),
    "81 the wrong zone": Case(
        raster(crs="EPSG:32650", transform=rasterio.Affine(100, 0, 500000, 0, -100, 200)),
        "raster_elsewhere", "refused", None, "reference system",
    ),
    "82 cut TIFF": Case(cut_raster, "raster_unreadable", "refused", None, "export it again"),
    "83 a huge header": Case(
        sparse_raster, "raster_too_large", "refused", None, "aggregate"
    ),
    "84 several bands": Case(
        raster(np.stack([CELLS, CELLS])), "raster_band_needed", "refused", None, "residents = 1",
        "2",
    ),
    "84 the second band, south up": Case(
        raster(
            np.stack([0 * CELLS, CELLS]), "residents = 2",
            transform=rasterio.Affine(100 * DEGREE, 0, -300 * DEGREE, 0, 100 * DEGREE,
                                      -100 * DEGREE),
        ),
        holds=people(CELLS.sum()),
    ),
    "85 what nobody walks": Case(
        town(unwalked), "ways_no_foot", "excluded", None, "open to walkers", "3 ways",
        holds=length_m(400),
    ),
    "86 a locked gate": Case(
        town(gate), holds=lambda f: _equal(_components(f), 3),
    ),
    "87 deleted in the editor": Case(
        lambda f: edge(f, lambda s: s.replace(
            "</osm>", '<way id="9" action="delete" visible="false"><nd ref="1001"/>'
            '<nd ref="1002"/><tag k="highway" v="steps"/></way></osm>')),
        holds=length_m(400),
    ),
    "88 one-way": Case(
        lambda f: street(oneway="yes").write(f), holds=lambda f: _equal(_covered(f), 1.0)
    ),
    "89 an island": Case(
        town(lambda own: own.line(9, [(-200, 90), (200, 90)], highway="residential")),
        holds=lambda f: _equal(_components(f), 2),
    ),
    "90 missing nodes": Case(
        lambda f: edge(f, lambda s: s.replace(LAST_NODE, LAST_NODE + '<nd ref="99"/>')),
        "nodes_missing", "repaired", None, "complete ways", "1 nodes", length_m(400),
    ),
    "91 cut XML": Case(
        lambda f: edge(f, lambda s: s[: len(s) // 2]), "osm_unreadable", "refused", None,
        "again",
    ),
    "91 cut PBF": Case(
        lambda f: pbf(f, lambda content: content[:-20]), "osm_unreadable", "refused", None, "again"
    ),
    "92 PBF cut between its blocks": Case(
        lambda f: pbf(f, lambda content: b"".join(blocks(content)[:-1])),
        "no_walkable_way", "refused", None, "cut off", "none of the 0 ways",
    ),
    "92 PBF that is not what its checksum says": Case(
        lambda f: (pbf(f, lambda content: b"".join(blocks(content)[:-1])),
                   (f / "town.osm.pbf.md5").write_text("0" * 32 + "  town.osm.pbf\n")),
        "checksum_differs", "refused", None, "again",
    ),
    "92 PBF that fills little of its box": Case(
        wide_box, "extract_short", "noted", None, "download is complete", "%",
    ),
    "93 PBF": Case(pbf, holds=lambda f: _equal(_covered(f), 1.0)),
    "97 history": Case(
        lambda f: edge(f, twice), "osm_twice", "refused", None, "history file", "w1"
    ),
    "97 a node twice": Case(
        lambda f: edge(f, lambda s: s.replace("<way", '<node id="1001" lat="1" lon="1"/><way', 1)),
        "osm_twice", "refused", None, "osmium merge", "n1001",
    ),
    "97 ways before nodes": Case(
        lambda f: edge(f, lambda s: s.replace("</osm>", '<node id="9" lat="1" lon="1"/></osm>')),
        "osm_unsorted", "refused", None, "sort",
    ),
    "97 negative ids, out of order": Case(
        lambda f: edge(f, lambda s: s.replace('"1001"', '"-5"')), holds=length_m(400)
    ),
    "97 changes": Case(
        lambda f: edge(f, lambda s: re.sub("(</?)osm", r"\1osmChange", s)),
        "file_kind", "refused", None, ".osm",
    ),
    "98 ways without length": Case(
        town(lambda own: [own.way(7, [own.node((50, 5))] * 2, highway="footway"),
                          own.way(8, [own.node((60, 5))], highway="footway")]),
        holds=length_m(400),
    ),
    "99 minutes are no number": Case(
        study('standard = "shanghai-2022"', 'standard = "shanghai-2022"\nbuffer_m = nan'),
        "study.buffer_m", "refused", fix="correct the value", exit_code=2,
    ),
    "100 minus five": Case(
        study('path = "town.osm"\nextent', 'path = "town.osm"\nmax_attach_m = -5\nextent'),
        "network.max_attach_m", "refused", fix="correct the value", exit_code=2,
    ),
    "101 billion laughs": Case(
        lambda f: edge(f, lambda s: LAUGHS + s), "xml_doctype", "refused", None, "DOCTYPE"
    ),
    "102 an entity from outside": Case(
        file("h.kml", lambda p: p.write_text(EXTERNAL)), "xml_doctype", "refused", None, "DOCTYPE"
    ),
    "103 a VRT named GeoJSON": Case(
        raw(VRT.encode(), "units.geojson"), "file_kind", "refused", None, "export it again"
    ),
    "103 a VRT named TIFF": Case(
        then(raw(b"<VRTDataset></VRTDataset>", "people.tif"), use_raster), "file_kind", "refused"
    ),
    "103 an address": Case(
        study('path = "homes.csv"', 'path = "http://example.org/homes.csv"'), "path_remote",
        "refused", None, "download",
    ),
    "103 a path of GDAL": Case(
        study('path = "homes.csv"', 'path = "/vsicurl/http://example.org/homes.csv"'),
        "path_remote", "refused", None, "download",
    ),
    "104 a workbook that fills the memory": Case(
        file("h.xlsx", bomb), "archive_size", "refused", None, "unpack it"
    ),
    "105 an archive that fills the memory": Case(
        file("h.zip", lambda p: zipped(p, {"a.shp": bytes(1 << 26)})), "archive_size", "refused"
    ),
    "106 a member that climbs": Case(
        file("h.zip", climbing), "facilities_elsewhere", "excluded", None,
        holds=None,
    ),
    "107 member names in GBK": Case(
        file("h.zip", lambda p: shapefile(p, gbk_names=True)), "facilities_elsewhere", "excluded"
    ),
}  # fmt: skip

NOT_OURS = {
    16: "network/test_attach.py::test_a_leg_does_not_cross_a_river_while_another_street_is_within",
    61: "inputs/test_bad_lints.py::test_only_one_module_writes_shapefiles_and_its_fields_are_ascii",
    64: "inputs/test_bad_lints.py::test_every_transformer_says_always_xy",
    94: "network/test_squares.py::test_a_square_is_crossed_from_street_to_street",
    95: "network/test_walk_oracles.py::test_grid_with_the_facility_in_the_middle_of_a_street",
    96: "inputs/test_drawn_towns.py::test_ways_that_cross_without_a_shared_node_are_not_joined",
    108: "inputs/test_batch.py::test_one_bad_study_leaves_the_others_and_they_are_kept",
}
"""Cases that are shown elsewhere, and where."""


def _equal(found: object, expected: object) -> None:
    assert found == expected


def _components(folder: Path) -> int:
    network = lc.read_network(folder / "town.osm")
    return len(set(network.component.tolist()))


def _covered(folder: Path) -> float:
    coverage = lc.run(lc.load_study(folder / "study.toml")).coverage
    rows = coverage[(coverage["service"] == "eldercare_home") & (coverage["level"] == "city")]
    return float(rows["share"].iloc[0])
