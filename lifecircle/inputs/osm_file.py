"""Opening an OSM extract: what must hold before osmium reads it."""

from __future__ import annotations

import mmap
import re
from pathlib import Path

from lifecircle.base.problems import InputRefused, Problem

DELETED_BY_EDITOR = re.compile(
    rb"""<(node|way|relation)\b(?=[^>]*\bid=["'](-?\d+)["'])(?=[^>]*\baction=["']delete["'])"""
)
XML_HEAD_BYTES = 4096


def check_osm_file(path: Path) -> None:
    """Refuse what cannot be an OSM extract, by its first bytes and not by its name.

    Raises `InputRefused` for a missing or empty file, for XML with a DOCTYPE, for history and
    change files, and for anything that is neither OSM XML nor PBF.
    """
    if not path.is_file():
        raise InputRefused([Problem("file_missing", "refused", str(path))])
    with path.open("rb") as file:
        head = file.read(XML_HEAD_BYTES)
    if not head:
        raise InputRefused([Problem("file_empty", "refused", path.name)])
    if is_xml(path):
        if b"<!DOCTYPE" in head:
            raise InputRefused([Problem("xml_doctype", "refused", path.name)])
        sound = b"<osm" in head and b"<osmChange" not in head
    else:
        sound = b"OSMHeader" in head[:64]
    if not sound:
        details = {"expected": ".osm / .osm.pbf"}
        raise InputRefused([Problem("file_kind", "refused", path.name, details=details)])


def is_osm(path: Path) -> bool:
    """Whether `path` is named as an OSM extract."""
    return path.suffix.lower() in (".osm", ".pbf")


def is_xml(path: Path) -> bool:
    """Whether osmium will read `path` as OSM XML: it goes by the name, as we do."""
    return path.suffix.lower() != ".pbf"


def deleted_in_editor(path: Path) -> frozenset[str]:
    """Objects, like "n12" or "w3", that an editor marked `action="delete"` in an OSM XML file.

    osmium knows `visible="false"` but not this mark, and would read them as if they existed.
    """
    if not is_xml(path):
        return frozenset()
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        if content.find(b"action=") < 0:
            return frozenset()
        found = DELETED_BY_EDITOR.finditer(content)
        return frozenset(f"{match[1][:1].decode()}{match[2].decode()}" for match in found)
