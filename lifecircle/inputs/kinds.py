"""What a file is, by its first bytes and never by its name, and the limits on what is opened."""

from __future__ import annotations

import lzma
import re
import zipfile
import zlib
from collections.abc import Collection
from pathlib import Path
from typing import Literal

from lifecircle.base.problems import InputRefused, Problem

Kind = Literal[
    "GeoJSON", "GPKG", "ESRI Shapefile", "KML", "Parquet", "CSV", "XLSX", "XLS", "ODS",
    "zipped shapefile",
]  # fmt: skip

VECTOR_KINDS: tuple[Kind, ...] = (
    "GeoJSON", "GPKG", "ESRI Shapefile", "zipped shapefile", "KML", "Parquet",
)  # fmt: skip
TABLE_KINDS: tuple[Kind, ...] = ("CSV", "XLSX", "XLS", "ODS")

GEOPACKAGE_MARKS = (b"GPKG", b"GP10", b"GP11")
"""The application id in the header of a GeoPackage; other databases have another."""

NO_TABLES = (
    b"SQLite format 3\0",
    b"%PDF",
    b"\x89PNG",
    b"\xff\xd8\xff",
    b"AC10",
    b"II*\0",
    b"MM\0*",
)
"""Other databases, documents, pictures and drawings."""

DRAWING = re.compile(rb"\s*0\r?\n\s*SECTION")
"""How a DXF drawing begins."""

ARCHIVE_ERRORS = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, NotImplementedError, RuntimeError, EOFError,
    OSError, ValueError,
)  # fmt: skip
"""What a damaged archive makes the standard library raise."""

HEAD_BYTES = 65_536
MOST_FILE_BYTES = 1 << 30
MOST_MEMBERS = 10_000
MOST_INFLATED_BYTES = 1 << 30
MOST_RATIO = 200
SMALL_BYTES = 10 << 20
"""An archive that opens to less than this may be packed as tightly as it likes."""


def read_content(path: Path, size: int = -1) -> bytes:
    """The first `size` bytes, or all; `InputRefused` if there is no such file or nothing in it."""
    if not path.is_file():
        raise _refused("file_missing", path)
    try:
        if path.stat().st_size > MOST_FILE_BYTES:
            raise _refused("file_too_large", path, limit=_gib(MOST_FILE_BYTES))
        with path.open("rb") as file:
            content = file.read(size)
    except OSError as error:
        raise _refused("file_unreadable", path, error=error.strerror or "") from None
    if not content:
        raise _refused("file_empty", path)
    return content


def file_kind(path: Path) -> Kind:
    """What the first bytes of `path` say it is; text that is nothing else may be a CSV.

    Raises `InputRefused` for files that lead elsewhere or could: a VRT, XML with a DOCTYPE, an
    archive that is no table and no shapefile, or one that would fill the memory.
    """
    head = read_content(path, HEAD_BYTES)
    if head.startswith(b"SQLite format 3\0") and head[68:72] in GEOPACKAGE_MARKS:
        return "GPKG"
    if head.startswith(b"\x00\x00\x27\x0a"):
        return "ESRI Shapefile"
    if head.startswith(b"PAR1"):
        return "Parquet"
    if head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return "XLS"
    if head.startswith(b"PK\x03\x04"):
        return archive_kind(path)
    if head.startswith(NO_TABLES) or DRAWING.match(head):
        raise _refused("file_kind", path, expected="CSV / XLSX / GeoJSON")
    text = head.replace(b"\0", b"").removeprefix(b"\xef\xbb\xbf").lstrip(b"\xff\xfe \t\r\n")
    if text.startswith(b"<"):
        return _markup_kind(text, path)
    return "GeoJSON" if text.startswith(b"{") else "CSV"


def require_kind(path: Path, kinds: Collection[Kind]) -> Kind:
    """The kind of a file that must be one of `kinds`; `InputRefused` if it is another."""
    kind = file_kind(path)
    if kind not in kinds:
        raise _refused("file_kind", path, expected=" / ".join(kinds))
    return kind


def _markup_kind(text: bytes, path: Path) -> Kind:
    refuse_doctype(text, path)
    lower = text.lower()
    if b"<kml" in lower:
        return "KML"
    code = "file_is_html" if b"<html" in lower or b"<table" in lower else "file_kind"
    raise _refused(code, path, expected=" / ".join(("CSV", "XLSX", "GeoJSON")))


def refuse_doctype(head: bytes, path: Path) -> None:
    """Raise `InputRefused` for XML that declares a DOCTYPE or an entity; HTML is no XML."""
    plain = head.replace(b"\0", b"").lower()
    declared = b"<!doctype" in plain and b"<!doctype html" not in plain
    if declared or b"<!entity" in plain:
        raise _refused("xml_doctype", path)


def archive_kind(path: Path) -> Kind:
    """Whether a zip is a workbook or a shapefile; `InputRefused` if neither, or too large."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            refuse_bombs(members, path)
            names = {member.filename for member in members}
            kind = _kind_of_names(names)
            if kind in ("XLSX", "ODS"):
                _refuse_doctypes_inside(archive, members, path)
    except ARCHIVE_ERRORS as error:
        raise _refused("file_unreadable", path, error=str(error)) from None
    if kind is None:
        raise _refused("file_kind", path, expected="CSV / XLSX / GeoJSON / shapefile")
    return kind


def _kind_of_names(names: set[str]) -> Kind | None:
    if any(name.startswith("xl/workbook") for name in names):
        return "XLSX"
    if {"mimetype", "content.xml"} <= names:
        return "ODS"
    return "zipped shapefile" if any(n.lower().endswith(".shp") for n in names) else None


def refuse_bombs(members: list[zipfile.ZipInfo], path: Path) -> None:
    """Raise `InputRefused` for an archive with too many members or too much inside."""
    inflated = sum(member.file_size for member in members)
    packed = max(1, sum(member.compress_size for member in members))
    if len(members) > MOST_MEMBERS:
        raise _refused("archive_members", path, count=len(members), limit=MOST_MEMBERS)
    tight = inflated > SMALL_BYTES and inflated > MOST_RATIO * packed
    if inflated > MOST_INFLATED_BYTES or tight:
        raise _refused("archive_size", path, size=_gib(inflated), limit=_gib(MOST_INFLATED_BYTES))


def member_bytes(archive: zipfile.ZipFile, member: zipfile.ZipInfo, path: Path) -> bytes:
    """The content of one member, counted while it inflates, because headers may lie."""
    with archive.open(member) as file:
        content = file.read(member.file_size + 1)
    if len(content) > member.file_size:
        raise _refused("archive_size", path, size="?", limit=_gib(MOST_INFLATED_BYTES))
    return content


def _refuse_doctypes_inside(
    archive: zipfile.ZipFile, members: list[zipfile.ZipInfo], path: Path
) -> None:
    for member in members:
        if member.filename.endswith((".xml", ".rels")):
            with archive.open(member) as file:
                refuse_doctype(file.read(HEAD_BYTES), path)


def _gib(size: int) -> str:
    return f"{size / (1 << 30):.1f} GiB"


def _refused(code: str, path: Path, **details: object) -> InputRefused:
    return InputRefused([Problem(code, "refused", path.name, details=details)])
