"""Pages of a made-up city of 16 districts, 215 units, 60,000 cells and 5,000 facilities."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect
from squares import POINT_CANVAS, Open, rows

from lifecircle.outputs.map_files import page_files

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"
MOST_BYTES, MOST_NODES = 5_000_000, 2_000


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of its pages."""
    sys.path.insert(0, str(SCRIPTS))
    from made_up_city import made_up_city

    folder = tmp_path_factory.mktemp("city")
    page = made_up_city()
    assert (len(page.units), len(page.facilities)) == (215, 5000)
    assert page.walks is not None
    assert len(page.walks.places) == pytest.approx(60_000, rel=0.01)
    assert page.gaps is not None and page.sites is not None
    assert (len(page.gaps), len(page.sites)) == (2_400, 8)
    for name, html in page_files(page, "city").items():
        (folder / name).write_text(html, encoding="utf-8")
    yield folder
    sys.path.remove(str(SCRIPTS))


def test_there_is_a_page_for_the_city_for_each_district_and_an_index(city: Path) -> None:
    expected = {"city.html", "index.html", *(f"city-{number:02d}.html" for number in range(1, 17))}
    assert {file.name for file in city.iterdir()} == expected
    sizes = {file.name: file.stat().st_size for file in city.iterdir()}
    assert max(sizes.values()) < MOST_BYTES
    assert max(size for name, size in sizes.items() if "-" in name) < sizes["city.html"]


@pytest.mark.parametrize("file", ["city.html", "city-01.html", "city-16.html", "index.html"])
def test_a_page_is_small_enough_and_asks_for_nothing(
    file: str, city: Path, chromium_page: Open
) -> None:
    """Requests and messages are counted by `chromium_page`."""
    opened = chromium_page(city / file)
    assert opened.evaluate("document.querySelectorAll('*').length") < MOST_NODES
    if file == "index.html":
        return
    opened.locator('[data-layer="gaps"]').click()
    assert opened.locator("#legend .legend-line.gap").count() > 2
    for layer in ("missed", "walk"):
        opened.locator(f'[data-layer="{layer}"]').click()
        expect(opened.locator(POINT_CANVAS)).to_be_visible()
    opened.locator("#city .row").click()
    opened.locator("#card summary").click()
    assert opened.evaluate("document.querySelectorAll('*').length") < MOST_NODES


def test_the_index_leads_to_a_unit_on_the_page_of_its_district(
    city: Path, chromium_page: Open
) -> None:
    """1 city, 16 districts, 215 units; the link opens the unit's card on the district's page."""
    index = chromium_page(city / "index.html")
    assert index.locator("tbody tr").count() == 1 + 16 + 215
    line = index.locator("tr.depth2").first
    link, name = line.locator("a").get_attribute("href"), line.locator("th").inner_text()
    figure = line.locator("td").first.inner_text()
    assert link is not None
    file, _, hash_ = link.partition("#")
    opened = chromium_page(city / file, hash_="#" + hash_)
    assert opened.locator("#card h2").inner_text() == name
    share = opened.locator("#card .figure").inner_text()
    assert figure.split() == [share.removesuffix(" %"), figure.split()[1]]
    assert opened.locator("#home").get_attribute("href") == "index.html"


def test_a_district_shows_its_own_units_and_its_own_sum(city: Path, chromium_page: Open) -> None:
    index = chromium_page(city / "index.html")
    district = index.locator("tr.depth1").first
    name, figure = district.locator("th").inner_text(), district.locator("td").first.inner_text()
    opened = chromium_page(city / "city-01.html")
    assert opened.locator("#city .name").inner_text() == name
    assert opened.locator("#city b").inner_text().removesuffix(" %") == figure.split()[0]
    assert 1 < len(rows(opened)) < 60


def test_rings_are_on_the_pages_of_the_districts_and_gaps_left_out_are_told(
    city: Path, chromium_page: Open
) -> None:
    """5,000 facilities are too many for the whole, some hundreds are not; 2,000 of 2,400 gaps."""
    whole = chromium_page(city / "city.html", hash_="#layer=gaps&service=health_main")
    assert "200" in whole.locator("#legend").inner_text()
    whole.evaluate("() => { location.hash = 'service=health_main&facility=health_main.1' }")
    expect(whole.locator("#card")).to_contain_text("各区分图")
    smallest = min(city.glob("city-*.html"), key=lambda file: file.stat().st_size)
    district = chromium_page(smallest, hash_="#service=health_main&facility=health_main.1")
    assert district.locator("#card .ring").count() == 3


def test_facilities_do_not_hide_the_city_far_out(city: Path, chromium_page: Open) -> None:
    """1,250 of a headline are left out over the whole city, and there from zoom 15 on."""
    opened = chromium_page(city / "city.html", hash_="#layer=missed")
    assert "放大" in opened.locator("#legend").inner_text()
    opened.evaluate("() => { map_page.setZoom(15, { animate: false }) }")
    expect(opened.locator("#legend")).to_contain_text("设施点")
    assert "放大" not in opened.locator("#legend").inner_text()
