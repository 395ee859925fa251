"""Opening an OSM extract: what must hold before osmium reads it."""

from __future__ import annotations

import hashlib
import mmap
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import osmium

from lifecircle.base.problems import InputRefused, Problem

DELETED_BY_EDITOR = re.compile(
    rb"""<(node|way|relation)\b(?=[^>]*\bid=["'](-?\d+)["'])(?=[^>]*\baction=["']delete["'])"""
)
OBJECT_ID = re.compile(rb"""<(node|way|relation)\s[^>]*?\bid=["'](-?\d+)["']""")
XML_HEAD_BYTES = 65536


def check_osm_file(path: Path) -> None:
    """Refuse what cannot be an OSM extract, by its first bytes and not by its name.

    Raises `InputRefused` for a missing or empty file, for XML with a DOCTYPE, for history and
    change files, for anything that is neither OSM XML nor PBF, for a file that is not what the
    `.md5` beside it says, and for objects out of order or twice.
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
    _check_whole(path)
    if is_xml(path):
        _check_order(path)


def _check_whole(path: Path) -> None:
    """Refuse a file of several versions, and one that differs from the checksum beside it."""
    try:
        history = osmium.io.Reader(path, osmium.osm.NOTHING).header().has_multiple_object_versions
    except RuntimeError as error:
        problem = Problem("osm_unreadable", "refused", path.name, details={"error": str(error)})
        raise InputRefused([problem]) from None
    if history:
        raise InputRefused([Problem("osm_history", "refused", path.name)])
    beside = path.with_name(path.name + ".md5")
    if beside.is_file():
        words = beside.read_text(encoding="utf-8", errors="replace").split()
        with path.open("rb") as file:
            own = hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
        if not words or words[0].lower() != own:
            details = {"beside": beside.name, "own": own}
            raise InputRefused([Problem("checksum_differs", "refused", path.name, details=details)])


def _check_order(path: Path) -> None:
    """Refuse OSM XML with ways before nodes, or an object twice: which one holds is unknown."""
    with _mapped(path) as content:
        first_way, last_node = content.find(b"<way "), content.rfind(b"<node ")
        if 0 <= first_way < last_node:
            raise InputRefused([Problem("osm_unsorted", "refused", path.name)])
        seen: dict[bytes, set[bytes]] = {b"node": set(), b"way": set(), b"relation": set()}
        for match in OBJECT_ID.finditer(content):
            kind, own = match[1], match[2]
            if own in seen[kind]:
                value = f"{kind[:1].decode()}{own.decode()}"
                raise InputRefused([Problem("osm_twice", "refused", path.name, value=value)])
            seen[kind].add(own)


@contextmanager
def _mapped(path: Path) -> Iterator[mmap.mmap]:
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        yield content


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
    with _mapped(path) as content:
        if content.find(b"action=") < 0:
            return frozenset()
        found = DELETED_BY_EDITOR.finditer(content)
        return frozenset(f"{match[1][:1].decode()}{match[2].decode()}" for match in found)
