"""`lifecircle fetch URL`, against a download site on this computer."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from urllib.request import Request

import pytest
from click.testing import CliRunner, Result
from fetch_servers import Answer, Asked, serving

from lifecircle.base.problems import InputRefused
from lifecircle.cli import commands
from lifecircle.inputs import fetch_file as module
from lifecircle.inputs.fetch_file import fetch_file, file_name
from lifecircle.inputs.fetch_http import SameSafety

CONTENT = bytes(range(256)) * 4096
"""A megabyte."""

SHA256 = hashlib.sha256(CONTENT).hexdigest()
MD5 = hashlib.md5(CONTENT).hexdigest()
OSM = b'<osm version="0.6"><node id="1" lat="0" lon="0"/></osm>'

pytestmark = pytest.mark.usefixtures("_no_proxy")


@pytest.fixture
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")


def site(
    content: bytes = CONTENT,
    tag: str = '"v1"',
    md5: str = "",
    cuts: list[int | None] | None = None,
    ranges: bool = True,
) -> Callable[[Asked], Answer]:
    """A file with an ETag that answers ranges; the n-th answer breaks off after `cuts[n]` bytes."""
    cuts = cuts or []

    def answer(asked: Asked) -> Answer:
        if asked.path.endswith(".md5"):
            return Answer(f"{md5}  file\n".encode()) if md5 else Answer(b"no", 404)
        cut = cuts.pop(0) if cuts else None
        wanted = re.fullmatch(r"bytes=(\d+)-", asked.headers.get("Range", ""))
        if ranges and wanted and asked.headers.get("If-Range") == tag:
            start = int(wanted[1])
            if start >= len(content):
                return Answer(b"", 416)
            said = f"bytes {start}-{len(content) - 1}/{len(content)}"
            return Answer(content[start:], 206, {"Content-Range": said, "ETag": tag}, cut)
        return Answer(content, 200, {"ETag": tag}, cut)

    return answer


def fetch(url: str, folder: Path, *more: str) -> Result:
    return CliRunner().invoke(commands, ["fetch", url, "--out", str(folder), "--lang", "en", *more])


def raw(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in (folder / "data" / "raw").iterdir()}


def test_a_file_comes_whole_with_its_source(tmp_path: Path) -> None:
    with serving(site(md5=MD5)) as server:
        done = fetch(f"{server.url}/europe/city.bin?key=secret", tmp_path, "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["checked"] == "md5"
    files = raw(tmp_path)
    assert files.keys() == {"city.bin", "city.bin.md5", "city.bin.source.json"}
    assert files["city.bin"] == CONTENT
    source = json.loads(files["city.bin.source.json"])
    assert source["sha256"] == SHA256 and source["url"] == f"{server.url}/europe/city.bin"


def test_a_broken_download_goes_on_where_it_stopped(tmp_path: Path) -> None:
    """Two breaks in one call; every byte is sent once."""
    with serving(site(cuts=[300_000, 200_000], md5=MD5)) as server:
        done = fetch(f"{server.url}/city.bin", tmp_path)
        ranges = [one.headers.get("Range") for one in server.asked if one.path == "/city.bin"]
    assert done.exit_code == 0, done.output
    assert ranges == [None, "bytes=300000-", "bytes=500000-"]
    assert raw(tmp_path)["city.bin"] == CONTENT


def test_the_next_call_goes_on_too(tmp_path: Path) -> None:
    with serving(site(cuts=[400_000, 0])) as server:
        first = fetch(f"{server.url}/city.bin", tmp_path)
        assert first.exit_code == 3 and "400,000 of 1,048,576" in first.output
        assert "goes on from there" in first.output and "city.bin" not in raw(tmp_path)
        second = fetch(f"{server.url}/city.bin", tmp_path, "--json")
    assert json.loads(second.stdout)["resumed_from"] == 400_000
    assert raw(tmp_path)["city.bin"] == CONTENT


def test_another_version_begins_anew(tmp_path: Path) -> None:
    """The server's file has changed since: half of the old one is not mixed with the new."""
    folder, other = tmp_path / "raw", CONTENT[::-1]
    state: dict[str, Callable[[Asked], Answer]] = {"now": site(cuts=[400_000, 0])}
    with serving(lambda asked: state["now"](asked)) as server:
        with pytest.raises(InputRefused):
            fetch_file(f"{server.url}/city.bin", folder)
        state["now"] = site(other, '"v2"')
        assert fetch_file(f"{server.url}/city.bin", folder).path.read_bytes() == other


@pytest.mark.parametrize("old", [CONTENT, CONTENT + b"more"])
def test_a_server_that_has_less_begins_anew(tmp_path: Path, old: bytes) -> None:
    """The part is as long as the file or longer: 416, and the whole file."""
    with serving(site()) as server:
        url = f"{server.url}/city.bin"
        (tmp_path / "city.bin.part").write_bytes(old)
        note = {"url": hashlib.sha256(url.encode()).hexdigest(), "validator": '"v1"'}
        (tmp_path / "city.bin.part.json").write_text(json.dumps(note))
        assert fetch_file(url, tmp_path).path.read_bytes() == CONTENT


def test_a_server_without_ranges_sends_it_all_again(tmp_path: Path) -> None:
    with serving(site(cuts=[300_000], ranges=False)) as server:
        assert fetch_file(f"{server.url}/a.bin", tmp_path).path.read_bytes() == CONTENT


def test_a_damaged_file_does_not_take_the_place_of_a_good_one(tmp_path: Path) -> None:
    with serving(site()) as server:
        url = f"{server.url}/city.bin"
        assert fetch(url, tmp_path).exit_code == 0
        wrong = fetch(url, tmp_path, "--sha256", "0" * 64)
        assert wrong.exit_code == 3 and SHA256 in wrong.output and "damaged" in wrong.output
    newer = hashlib.md5(CONTENT[::-1]).hexdigest()
    with serving(site(CONTENT[:-1], md5=newer)) as server:
        assert fetch(f"{server.url}/city.bin", tmp_path).exit_code == 3
    assert raw(tmp_path).keys() == {"city.bin", "city.bin.source.json"}
    assert raw(tmp_path)["city.bin"] == CONTENT


def test_the_same_checksum_is_not_downloaded_again(tmp_path: Path) -> None:
    with serving(site(md5=MD5)) as server:
        for more in ((), (), ("--sha256", SHA256.upper())):
            done = fetch(f"{server.url}/city.bin", tmp_path, *more, "--json")
        assert json.loads(done.stdout)["unchanged"]
        assert [one.path for one in server.asked].count("/city.bin") == 1


@pytest.mark.parametrize("name", ["city.osm", "city.osm.pbf", "city.csv"])
def test_a_page_is_no_file(tmp_path: Path, name: str) -> None:
    """A login page with status 200 is refused; nothing is left behind."""
    with serving(site(b"<!DOCTYPE html><html>Log in</html>")) as server:
        done = fetch(f"{server.url}/{name}", tmp_path)
    assert done.exit_code == 3 and "web page" in done.output
    assert raw(tmp_path) == {}


def test_an_extract_is_opened_before_it_is_kept(tmp_path: Path) -> None:
    with serving(site(OSM)) as server:
        assert fetch(f"{server.url}/a.osm", tmp_path).exit_code == 0
        done = fetch(f"{server.url}/b.osm.pbf", tmp_path)
    assert done.exit_code == 3 and "b.osm.pbf" in done.output
    assert raw(tmp_path).keys() == {"a.osm", "a.osm.source.json"}


@pytest.mark.parametrize(
    ("url", "what"),
    [
        ("file:///etc/hostname", "no web address"),
        ("ftp://example.org/a.pbf", "no web address"),
        ("http:///a.pbf", "no web address"),
        ("https://example.org/a b.pbf", "no web address"),
        ("https://example.org/", "no file name"),
    ],
)
def test_only_web_addresses_of_files(tmp_path: Path, url: str, what: str) -> None:
    done = fetch(url, tmp_path)
    assert done.exit_code == 3 and what in done.output
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("place", ["file:///etc/hostname", "ftp://example.org/a.bin"])
def test_a_redirect_away_from_the_web_is_not_followed(tmp_path: Path, place: str) -> None:
    with serving(lambda _: Answer(b"", 302, {"Location": place})) as server:
        done = fetch(f"{server.url}/a.bin", tmp_path)
    assert done.exit_code == 3 and place in done.output
    assert "not allowed" in done.output or "not safe" in done.output


def test_a_redirect_never_leaves_https_for_http() -> None:
    request = Request("https://example.org/a.bin")
    with pytest.raises(InputRefused, match="not safe"):
        SameSafety().redirect_request(request, BytesIO(), 302, "", {}, "http://example.org/a.bin")


def test_a_full_disk_is_seen_before_the_download(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = type("usage", (), {"free": module.NEARLY_FULL})
    monkeypatch.setattr(module.shutil, "disk_usage", lambda _: usage)
    with serving(site()) as server:
        done = fetch(f"{server.url}/a.bin", tmp_path)
    assert done.exit_code == 3 and "MB are needed" in done.output
    assert raw(tmp_path).get("a.bin") is None


@pytest.mark.parametrize("status", [404, 500])
def test_a_server_error_is_a_line(tmp_path: Path, status: int) -> None:
    with serving(lambda _: Answer(b"no", status)) as server:
        done = fetch(f"{server.url}/a.bin", tmp_path)
    assert done.exit_code == 3 and str(status) in done.output


def test_names_from_addresses_stay_in_the_folder() -> None:
    assert file_name("http://x/a/..%2F..%2Fb.pbf?k=v") == "b.pbf"
    assert file_name("http://x/a%00b%3A.pbf") == "a_b_.pbf"
    assert file_name("http://x/%E4%B8%8A%E6%B5%B7.pbf") == "上海.pbf"
    with pytest.raises(InputRefused):
        file_name("http://x/a/..")
