"""Downloading a whole extract: resumed, checked, and never over a good file by a bad one.

The bytes are gathered in `NAME.part`, which stays if the connection breaks, so that the next call
goes on from there.  Only a complete file whose checksum holds, and which is the extract that its
name says, takes the place of an earlier one.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from http.client import HTTPResponse
from pathlib import Path
from typing import Any, Literal
from urllib.parse import unquote, urlsplit

from lifecircle.base.files import NEARLY_FULL, atomic_path, sha256, write_text
from lifecircle.base.problems import InputRefused
from lifecircle.inputs.fetch_http import (
    Unanswered,
    Waiting,
    answer_of,
    host_of,
    patient,
    public_url,
    refuse_url,
    refused,
    unreachable,
)
from lifecircle.inputs.osm_file import check_osm_file, is_osm

CHUNK = 1 << 18
MOST_PARTS = 5
"""How often a broken download is taken up again in one call."""

CHECKSUM_BYTES = 4096
MD5 = re.compile(r"\b[0-9a-fA-F]{32}\b")
SHA256 = re.compile(r"[0-9a-fA-F]{64}")
UNFIT_IN_NAMES = re.compile(r'[\x00-\x1f<>:"/\\|?*]')

Counted = Callable[[int, int | None], None]
"""Told the bytes there are so far, and how many there will be, where that is known."""


@dataclass(frozen=True)
class Fetched:
    """A file that was downloaded: where it is, and what vouches for it."""

    path: Path
    size: int
    sha256: str
    checked: Literal["sha256", "md5", ""]
    """The checksum that was compared; empty where the server gives none."""
    resumed_from: int = 0
    unchanged: bool = False
    """Whether the file was there already, with this checksum."""


@dataclass
class _Part:
    """A download under way, and what tells whether the server still has the same file."""

    file: Path
    url: str
    total: int | None = None

    @property
    def note(self) -> Path:
        return self.file.with_name(self.file.name + ".json")

    @property
    def size(self) -> int:
        return self.file.stat().st_size if self.file.is_file() else 0

    def validator(self) -> str:
        """The mark by which the server knows the version that was begun, if it gave one."""
        try:
            note = json.loads(self.note.read_text(encoding="utf-8"))
            same = note["url"] == hashlib.sha256(self.url.encode()).hexdigest()
            return str(note["validator"]) if same and self.size else ""
        except (OSError, ValueError, KeyError, TypeError):
            return ""

    def begin(self, response: HTTPResponse) -> None:
        """Start anew with the version that `response` brings."""
        tag = response.headers.get("ETag", "")
        mark = tag if tag.startswith('"') else response.headers.get("Last-Modified", "")
        url = hashlib.sha256(self.url.encode()).hexdigest()
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self.file.write_bytes(b"")
        write_text(self.note, json.dumps({"url": url, "validator": mark}) + "\n")

    def forget(self) -> None:
        self.file.unlink(missing_ok=True)
        self.note.unlink(missing_ok=True)


def fetch_file(
    url: str,
    folder: Path,
    digest: str | None = None,
    counted: Counted = lambda _done, _total: None,
    waiting: Waiting = lambda _host, _status, _seconds: None,
    timeout_s: float = 60.0,
) -> Fetched:
    """Download `url` into `folder` under its own name; a broken download is taken up again.

    `digest` is the SHA-256 that the file must have; without it the `.md5` beside the file on the
    server is compared, where there is one.  Raises `InputRefused` where the address is no web
    address, the server fails, space is short, or the file is not what it should be.
    """
    refuse_url(url)
    if digest is not None and not SHA256.fullmatch(digest):
        raise refused("sha256_unfit", digest)
    target = folder / file_name(url)
    md5 = "" if digest else _md5_beside(url, timeout_s, waiting)
    kind: Literal["sha256", "md5", ""] = "sha256" if digest else "md5" if md5 else ""
    expected = (digest or md5).lower()
    if kind and target.is_file() and _digest(target, kind) == expected:
        size = target.stat().st_size
        return Fetched(target, size, sha256(target), kind, unchanged=True)
    part = _Part(target.with_name(target.name + ".part"), url)
    begun = part.size if part.validator() else 0
    _gather(part, counted, waiting, timeout_s)
    if kind and _digest(part.file, kind) != expected:
        own = _digest(part.file, kind)
        part.forget()
        raise refused("download_differs", target.name, kind=kind, expected=expected, own=own)
    own = sha256(part.file)
    _put_in_place(part, target, md5)
    fetched = Fetched(target, target.stat().st_size, own, kind, begun)
    _write_source(fetched, url)
    return fetched


def file_name(url: str) -> str:
    """The name under which `url` is kept: its last part, without what no file may be called."""
    last = unquote(urlsplit(url).path).rpartition("/")[2]
    name = UNFIT_IN_NAMES.sub("_", last).strip(" .")[-120:]
    if not name:
        raise refused("url_without_name", public_url(url))
    return name


def _md5_beside(url: str, timeout_s: float, waiting: Waiting) -> str:
    """The checksum that the server has beside the file, as Geofabrik does; empty without one."""
    parts = urlsplit(url)
    beside = parts._replace(path=parts.path + ".md5").geturl()

    def ask() -> str:
        try:
            with answer_of(beside, timeout_s, {}) as response:
                found = MD5.search(response.read(CHECKSUM_BYTES).decode("utf-8", "replace"))
        except Unanswered as error:
            if error.status in (400, 401, 403, 404, 405, 410):
                return ""
            raise
        return found[0] if found else ""

    return str(patient(host_of(url), ask, waiting))


def _gather(part: _Part, counted: Counted, waiting: Waiting, timeout_s: float) -> None:
    """Fill the part, taking a broken connection up again while it brings anything new."""
    host = host_of(part.url)
    for _ in range(MOST_PARTS):
        before = part.size
        broken: InputRefused | None = None
        try:
            patient(host, lambda: _read_on(part, counted, timeout_s), waiting)
        except InputRefused as error:
            if error.problems[0].code not in ("answer_cut", "no_network", "server_slow"):
                raise
            broken = error
        if broken is None and part.total in (None, part.size):
            return
        if part.size <= before:
            break
    if broken is not None and not part.size:
        raise broken
    details = {"got": f"{part.size:,}", "total": f"{part.total:,}" if part.total else "?"}
    raise refused("download_cut", part.file.name, **details)


def _read_on(part: _Part, counted: Counted, timeout_s: float) -> None:
    """Ask for what is still missing, and append it."""
    headers, mark = {"Accept-Encoding": "identity"}, part.validator()
    if mark:
        headers |= {"Range": f"bytes={part.size}-", "If-Range": mark}
    try:
        with answer_of(part.url, timeout_s, headers) as response:
            if not _goes_on(part, response):
                part.begin(response)
            left = response.headers.get("Content-Length")
            part.total = None if left is None else part.size + int(left)
            _refuse_small_disk(part)
            _append(part, response, counted, timeout_s)
    except Unanswered as error:
        if error.status != 416:
            raise
        part.forget()  # the server has less than we have: it is another file
        _read_on(part, counted, timeout_s)


def _goes_on(part: _Part, response: HTTPResponse) -> bool:
    """Whether the answer begins where the part ends."""
    start = re.match(r"bytes (\d+)-", response.headers.get("Content-Range", ""))
    return response.status == 206 and start is not None and int(start[1]) == part.size


def _append(part: _Part, response: HTTPResponse, counted: Counted, timeout_s: float) -> None:
    done = part.size
    with part.file.open("ab") as file, unreachable(host_of(part.url), timeout_s):
        counted(done, part.total)
        while block := response.read(CHUNK):
            file.write(block)
            done += len(block)
            counted(done, part.total)


def _refuse_small_disk(part: _Part) -> None:
    free = shutil.disk_usage(part.file.parent).free
    needed = (part.total or 0) - part.size + NEARLY_FULL
    if free < needed:
        details = {"needed": megabytes(needed), "free": megabytes(free)}
        raise refused("disk_small", part.file.name, **details)


def megabytes(size: float) -> str:
    """Bytes as megabytes, with one decimal below ten."""
    millions = size / 1e6
    return f"{millions:,.0f}" if millions >= 10 else f"{millions:.1f}"


def _digest(path: Path, kind: str) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(
            file, lambda: hashlib.new(kind, usedforsecurity=False)
        ).hexdigest()


def _put_in_place(part: _Part, target: Path, md5: str) -> None:
    """Check the content, then rename; the checksum beside an OSM file goes with it."""
    with atomic_path(target) as temporary:
        part.file.replace(temporary)
        part.note.unlink(missing_ok=True)
        _refuse_content(temporary, target)
    beside = target.with_name(target.name + ".md5")
    if md5:
        write_text(beside, f"{md5.lower()}  {target.name}\n")
    else:
        beside.unlink(missing_ok=True)


def _refuse_content(temporary: Path, target: Path) -> None:
    """Refuse an extract that is none, and a web page that a server gave in place of a file."""
    with temporary.open("rb") as file:
        head = file.read(512).lstrip().lower()
    page = head.startswith((b"<!doctype html", b"<html"))
    if page and target.suffix.lower() not in (".html", ".htm"):
        raise refused("answer_is_page", target.name)
    if is_osm(target):
        check_extract(temporary, target.name)


def check_extract(file: Path, name: str) -> None:
    """`check_osm_file`, its problems under the name that the file is going to have."""
    try:
        check_osm_file(file)
    except InputRefused as error:
        raise InputRefused(replace(one, source=name) for one in error.problems) from None


def _write_source(fetched: Fetched, url: str) -> None:
    """What the file is and where it is from, beside it."""
    record: dict[str, Any] = {
        "url": public_url(url),
        "file": fetched.path.name,
        "bytes": fetched.size,
        "sha256": fetched.sha256,
        "checked": fetched.checked,
    }
    path = fetched.path.with_name(fetched.path.name + ".source.json")
    write_text(path, json.dumps(record, ensure_ascii=False, indent=1) + "\n")
