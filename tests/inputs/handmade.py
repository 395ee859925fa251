"""One list of facilities written in every format that an office might hand in."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from xml.sax.saxutils import escape

import geopandas as gpd
import openpyxl
import pandas as pd
import xlwt

Row = Sequence[object]
HEADER: Row = ("机构名称", "经度", "纬度", "核定床位数", "联系电话")
ROWS: list[Row] = [
    ("大场镇敬老院", 121.4028, 31.3065, 140, "13800000001"),
    ("长乐养老院", 121.426, 31.2998, 326, "13800000002"),
]


def xlsx(path: Path, **sheets: Sequence[Row]) -> Path:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
    book.save(path)
    return path


def xls(path: Path, rows: Sequence[Row]) -> Path:
    book = xlwt.Workbook()
    sheet = book.add_sheet("台账")
    for i, row in enumerate(rows):
        for j, cell in enumerate(row):
            sheet.write(i, j, cell)
    book.save(str(path))
    return path


def ods(path: Path, rows: Sequence[Row]) -> Path:
    """The least that is an OpenDocument spreadsheet."""
    office = "urn:oasis:names:tc:opendocument:xmlns:"
    kinds = {True: "string", False: "float"}
    cells = "".join(
        "<table:table-row>"
        + "".join(
            f'<table:table-cell office:value-type="{kinds[isinstance(cell, str)]}"'
            + ("" if isinstance(cell, str) else f' office:value="{cell}"')
            + f"><text:p>{escape(str(cell))}</text:p></table:table-cell>"
            for cell in row
        )
        + "</table:table-row>"
        for row in rows
    )
    content = (
        f'<office:document-content xmlns:office="{office}office:1.0" '
        f'xmlns:table="{office}table:1.0" xmlns:text="{office}text:1.0">'
        f'<office:body><office:spreadsheet><table:table table:name="台账">{cells}'
        "</table:table></office:spreadsheet></office:body></office:document-content>"
    )
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr(
            "META-INF/manifest.xml",
            f'<manifest:manifest xmlns:manifest="{office}manifest:1.0"><manifest:file-entry '
            'manifest:full-path="/" manifest:media-type="application/vnd.oasis.opendocument.'
            'spreadsheet"/></manifest:manifest>',
        )
        archive.writestr("content.xml", content)
    return path


def text(path: Path, rows: Sequence[Row], delimiter: str = ",", encoding: str = "utf-8") -> Path:
    lines = [delimiter.join(map(str, row)) for row in rows]
    path.write_bytes(("\r\n".join(lines) + "\r\n").encode(encoding))
    return path


def frame() -> gpd.GeoDataFrame:
    table = pd.DataFrame(ROWS, columns=list(HEADER))
    points = gpd.points_from_xy(table["经度"], table["纬度"], crs=4326)
    return gpd.GeoDataFrame(table.drop(columns=["经度", "纬度"]), geometry=points)


def shapefile(path: Path, gbk_names: bool = False) -> Path:
    """A zipped shapefile; `gbk_names` as the Windows of an office packs it."""
    folder = path.parent / "unpacked"
    folder.mkdir(exist_ok=True)
    short = frame().rename(columns={"机构名称": "name", "核定床位数": "beds", "联系电话": "tel"})
    short.to_file(folder / "homes.shp", encoding="utf-8")
    with zipfile.ZipFile(path, "w") as archive:
        for part in sorted(folder.iterdir()):
            name = f"养老/机构{part.suffix}" if gbk_names else part.name
            raw = name.encode("gb18030").decode("cp437") if gbk_names else name
            archive.writestr(_unflagged(raw), part.read_bytes())
    return path


def _unflagged(raw: str) -> zipfile.ZipInfo:
    class Info(zipfile.ZipInfo):
        """A member whose name is written as cp437 bytes, without the flag of UTF-8."""

        def _encodeFilenameFlags(self) -> tuple[bytes, int]:  # noqa: N802
            return self.filename.encode("cp437"), self.flag_bits

    return Info(raw)


def kml(path: Path, head: str = "") -> Path:
    marks = "".join(
        f"<Placemark><name>{row[0]}</name><ExtendedData><Data name='核定床位数'><value>{row[3]}"
        f"</value></Data></ExtendedData><Point><coordinates>{row[1]},{row[2]}</coordinates>"
        "</Point></Placemark>"
        for row in ROWS
    )
    path.write_text(
        f'<?xml version="1.0" encoding="UTF-8"?>{head}'
        f'<kml xmlns="http://www.opengis.net/kml/2.2"><Document>{marks}</Document></kml>',
        encoding="utf-8",
    )
    return path


def geojson(path: Path) -> Path:
    frame().to_file(path, driver="GeoJSON")
    return path


def geojson_text(path: Path) -> Path:
    path.write_text(frame().to_json(), encoding="utf-8")
    return path


def gpkg(path: Path) -> Path:
    frame().to_file(path, driver="GPKG")
    return path


def geoparquet(path: Path) -> Path:
    frame().to_parquet(path)
    return path


def parquet(path: Path) -> Path:
    pd.DataFrame(ROWS, columns=list(HEADER)).to_parquet(path)
    return path


TABLE: list[Row] = [HEADER, *ROWS]
WRITERS: dict[str, Callable[[Path], Path]] = {
    "comma.csv": lambda path: text(path, TABLE),
    "gb18030.csv": lambda path: text(path, TABLE, encoding="gb18030"),
    "utf16.txt": lambda path: text(path, TABLE, "\t", "utf-16"),
    "tab.tsv": lambda path: text(path, TABLE, "\t"),
    "semicolon.csv": lambda path: text(path, TABLE, ";"),
    "book.xlsx": lambda path: xlsx(path, 台账=TABLE),
    "book.xls": lambda path: xls(path, TABLE),
    "book.ods": lambda path: ods(path, TABLE),
    "points.geojson": geojson,
    "points.gpkg": gpkg,
    "points.zip": shapefile,
    "gbk.zip": lambda path: shapefile(path, gbk_names=True),
    "points.kml": kml,
    "points.parquet": geoparquet,
    "table.parquet": parquet,
    # What a file is, its bytes say: a name may lie.
    "lying.csv": lambda path: xlsx(path, 台账=TABLE),
    "lying.xlsx": lambda path: text(path, TABLE),
    "lying.gpkg": geojson_text,
}
