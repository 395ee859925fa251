"""Online backgrounds come only when they are asked for, and only from where they were asked."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser
from squares import page

from lifecircle.base.problems import StudyRefused
from lifecircle.outputs.maps import map_html, write_map
from lifecircle.outputs.maps_online import hosts, online_base, own_tiles, tianditu

KEY = "0123456789abcdef0123456789abcdef"


def policy(html: str) -> str:
    found = re.search(r'Content-Security-Policy" content="([^"]*)"', html)
    assert found
    return found[1]


def test_a_page_without_one_may_load_no_picture_from_anywhere() -> None:
    assert "img-src data: blob:;" in policy(map_html(page()))
    assert online_base(None, None, "") is None


def test_tianditu_is_asked_through_its_eight_servers_with_the_given_key() -> None:
    html = map_html(page(online=tianditu(KEY)))
    servers = [f"https://t{number}.tianditu.gov.cn" for number in range(8)]
    assert f"img-src data: blob: {' '.join(servers)};" in policy(html)
    assert html.count(KEY) == 2


@pytest.mark.parametrize("key", ["", "x", "<b>", "a" * 31 + '"', KEY + " "])
def test_what_cannot_be_a_key_is_refused(key: str) -> None:
    with pytest.raises(StudyRefused) as refused:
        online_base(key, None, "")
    assert refused.value.problems[0].code == "tianditu_key"


@pytest.mark.parametrize(
    "address",
    [
        "https://webrd01.is.autonavi.com/appmaptile?x={x}&y={y}&z={z}",
        "http://online1.map.bdimg.com/tile/?x={x}&y={y}&z={z}",
        "https://www.google.cn/maps/vt?x={x}&y={y}&z={z}",
    ],
)
def test_shifted_maps_are_refused(address: str) -> None:
    with pytest.raises(StudyRefused) as refused:
        own_tiles(address, "")
    assert refused.value.problems[0].code == "tiles_shifted"


@pytest.mark.parametrize(
    "address",
    [
        "https://tiles.example/{z}/{x}.png",
        "file:///tiles/{z}/{x}/{y}.png",
        "tiles.example/{z}/{x}/{y}.png",
        "https://tiles.example; script-src *//{z}/{x}/{y}.png",
        "https://tiles.example/{z}/{x}/{y}.png' onerror='",
    ],
)
def test_what_is_no_address_of_tiles_is_refused(address: str) -> None:
    with pytest.raises(StudyRefused) as refused:
        own_tiles(address, "")
    assert refused.value.problems[0].code == "tiles_address"


def test_own_tiles_are_loaded_from_their_host_and_credited(
    tmp_path: Path, chromium: Browser
) -> None:
    """Every request goes to the named host; without an answer the page stays usable."""
    online = own_tiles("http://10.0.0.7:8080/wmts/{z}/{y}/{x}.png", "Survey <b>Office</b>")
    assert hosts(online) == ["http://10.0.0.7:8080"]
    write_map(page(online=online), tmp_path / "map.html")
    opened = chromium.new_page()
    asked: list[str] = []
    opened.on("request", lambda request: asked.append(request.url))
    opened.route("http://**/*", lambda route: route.abort())
    opened.goto((tmp_path / "map.html").as_uri())
    opened.wait_for_timeout(500)
    credit, units = opened.locator("#credit").inner_text(), opened.locator("#rows .row").count()
    opened.close()
    tiles = asked[1:]
    assert tiles
    assert all(re.fullmatch(r"http://10\.0\.0\.7:8080/wmts/\d+/\d+/\d+\.png", url) for url in tiles)
    assert "Survey <b>Office</b>" in credit
    assert units == 4
