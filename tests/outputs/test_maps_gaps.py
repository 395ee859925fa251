"""Gaps, chosen sites, circles and rings on the map page of four squares, in a real browser."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import shapely
from playwright.sync_api import Page, expect
from squares import (
    NAMES,
    POINT_CANVAS,
    Open,
    colour_at,
    coverage,
    facilities,
    gaps,
    is_colour,
    page,
    rings,
    rows,
    screen_place,
    sites,
    squares,
    tiers,
)

from lifecircle.outputs import maps_gaps, maps_rings
from lifecircle.outputs.maps import write_map
from lifecircle.outputs.maps_data import page_data
from lifecircle.outputs.maps_gaps import gaps_data, sites_data
from lifecircle.outputs.maps_rings import rings_data
from lifecircle.outputs.simplify import packed

WHOLE: dict[str, Any] = {"tiers": tiers(), "gaps": gaps(), "sites": sites(), "rings": rings()}


@pytest.fixture
def opened(tmp_path: Path, chromium_page: Open) -> Page:
    write_map(page(**WHOLE), tmp_path / "map.html")
    return chromium_page(tmp_path / "map.html")


def facts(opened: Page) -> dict[str, str]:
    cells = opened.locator("#card dt, #card dd").all_inner_texts()
    return dict(zip(cells[::2], cells[1::2], strict=True))


def press(opened: Page, place: list[float]) -> None:
    opened.mouse.click(*screen_place(opened, place))


# ---- packing ----


def test_an_outline_comes_back_with_its_holes() -> None:
    """Sums of the steps, in hundred-thousandths of a degree, are the corners again."""
    shape = shapely.box(121.5, 31.2, 121.6, 31.3).difference(
        shapely.box(121.52, 31.22, 121.53, 31.25)
    )
    corners = set()
    for ring in packed(shape)[0]:
        lat = lon = 0
        for up, right in zip(ring[::2], ring[1::2], strict=True):
            lat, lon = lat + up, lon + right
            corners.add((lon, lat))
    true = {(round(x * 1e5), round(y * 1e5)) for x, y in shapely.get_coordinates(shape)}
    assert corners == true
    assert packed(shapely.MultiPolygon()) == []


def test_of_too_many_gaps_every_service_keeps_its_largest(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two of three: the largest of health and the largest of sports, not the two largest."""
    monkeypatch.setattr(maps_gaps, "MOST_GAPS", 2)
    data = gaps_data(page(gaps=gaps()))
    assert data is not None
    assert data["facts"]["gap_id"] == ["u0-health-1", "u2-sports-1"]
    assert data["count"] == {"health": 2, "sports": 1}


def test_withheld_places_keep_facilities_sites_and_rings_out() -> None:
    """Only the ground of the patches is left, which is where people live."""
    shared = page(**WHOLE | {"facilities": facilities().iloc[:0], "withheld": True})
    data = gaps_data(shared)
    assert data is not None
    assert data["facts"]["nearest"] == data["facts"]["straight"] == [None, None, None]
    assert sites_data(shared) == []
    drawn = rings_data(shared)
    assert drawn is not None and drawn["outlines"] == []
    text = json.dumps(page_data(shared), ensure_ascii=False)
    assert "850,850" not in text and "0.0085" not in text and "0.026" not in text


# ---- gaps ----


def test_gaps_are_patches_in_the_colour_of_their_cause(opened: Page) -> None:
    """Health has two, by cause with their people in the legend; sports has the third."""
    opened.locator('[data-layer="gaps"]').click()
    with_gap, beside = (colour_at(opened, place) for place in ([0.0012, 0.0078], [0.005, 0.004]))
    assert with_gap[0] > with_gap[2] + 40
    assert with_gap != beside
    lines = opened.locator("#legend .legend-line.gap").all_inner_texts()
    assert lines == ["detour: 160 residents (1)", "no facility near: 100 residents (1)"]
    opened.select_option("#service", "sports")
    assert opened.locator("#legend .legend-line.gap").all_inner_texts() == [
        "too little capacity: 90 residents (1)"
    ]
    opened.select_option("#service", "market")
    assert "No gap for this service" in opened.locator("#legend").inner_text()


def test_pressing_a_patch_opens_its_evidence(opened: Page) -> None:
    opened.locator('[data-layer="gaps"]').click()
    press(opened, [0.0015, 0.0065])
    card = opened.locator("#card")
    expect(card.locator("h2")).to_have_text("Mill Lane")
    assert card.locator(".figure").inner_text() == "160 residents"
    assert "not covered within 1,000 m on foot" in card.inner_text()
    assert "Cause: detour: water lies between" in card.inner_text()
    assert facts(opened) == {
        "Nearest on foot": "Oak Clinic, 1,003 m",
        "Nearest in a straight line": "Oak Clinic, 420 m",
        "Coverage of the unit": "84.0 %",
        "City-wide target": "85.0 %",
        "The unit lacks": "10 residents",
        "residents 60+": "40 residents 60+",
    }
    opened.wait_for_function("() => location.hash.includes('gap=u0-health-1')")


def test_no_way_too_few_beds_and_sites_in_reach_are_said(
    tmp_path: Path, chromium_page: Open
) -> None:
    """The site lies 111 m west of its patch; the beds are 4 where 10 a thousand are needed."""
    write_map(page(**WHOLE), tmp_path / "map.html")
    far = chromium_page(tmp_path / "map.html", hash_="#gap=u2-health-1")
    assert facts(far)["Nearest on foot"] == "none can be reached on foot"
    assert far.locator("#card .opens").all_inner_texts() == ["No. 1: Old Mill, 111 m"]
    far.locator("#card .opens").click()
    assert far.locator("#card .figure").inner_text() == "+100 residents"
    assert facts(far)["With this site and those before"] == "86.3 %"
    beds = chromium_page(tmp_path / "map.html", hash_="#service=sports&gap=u2-sports-1")
    assert "too little capacity: 4 per 1000, needs 10" in beds.locator("#card").inner_text()
    assert facts(beds)["Lacking here"] == "6 beds"
    assert facts(beds)["Need"] == "Notice 23"


def test_the_card_names_the_largest_gaps_of_a_unit_and_of_all(opened: Page) -> None:
    opened.locator("#city .row").click()
    largest = opened.locator("#card .largest .opens")
    assert [one.split("\n")[0] for one in largest.all_inner_texts()] == ["1 Mill Lane", "2 Far End"]
    opened.get_by_role("button", name="Cedar").click()
    assert largest.all_inner_texts()[0].split("\n") == [
        "1 Far End",
        "100 residents",
        "no facility near",
    ]
    opened.get_by_role("button", name="Birch").click()
    assert largest.count() == 0


def test_gaps_can_be_reached_and_left_by_keyboard(opened: Page) -> None:
    """Enter opens the largest and shows its ground, the next one follows, Escape leads back."""
    opened.locator("#city .row").focus()
    opened.keyboard.press("Enter")
    opened.locator("#card .opens").first.focus()
    opened.keyboard.press("Enter")
    assert opened.locator("#card h2").inner_text() == "Mill Lane"
    assert opened.evaluate("document.activeElement.className") == "back"
    opened.wait_for_timeout(500)
    assert opened.evaluate("map_page.getBounds().contains([0.002, 0.007])")
    opened.locator("#card .stepping button").last.focus()
    opened.keyboard.press("Enter")
    assert opened.locator("#card h2").inner_text() == "Far End"
    opened.keyboard.press("Escape")
    assert opened.locator("#card h2").inner_text() == "Squareville in all"
    assert opened.evaluate("document.activeElement.dataset.opens") == "gap-1"
    opened.keyboard.press("Escape")
    assert opened.locator("#card").is_hidden()


def test_an_open_gap_is_printed_alone_with_its_ground(opened: Page) -> None:
    opened.evaluate("() => { location.hash = 'gap=u0-health-1' }")
    expect(opened.locator("#card h2")).to_have_text("Mill Lane")
    opened.emulate_media(media="print")
    opened.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    for part in ("#card h2", "#card .figure", "#definition", "#credit", "#legend"):
        assert opened.locator(part).is_visible()
    for part in ("#side", "#notes", "#card .back", "#card .stepping"):
        assert opened.locator(part).is_hidden()
    card, ground = (opened.locator(one).bounding_box() for one in ("#card", ".folium-map"))
    assert card and ground and ground["x"] + ground["width"] <= card["x"] + 1
    opened.evaluate("window.dispatchEvent(new Event('afterprint'))")
    opened.emulate_media(media="screen")
    assert opened.locator("#side").is_visible()


@pytest.mark.parametrize("hash_", ["gap=u0-health-1", "site=1", "facility=clinic.1"])
def test_cards_speak_chinese_and_fit_a_phone(
    hash_: str, tmp_path: Path, chromium_page: Open
) -> None:
    """No English sentence of the page is left, nothing is wider than the screen."""
    write_map(page(**WHOLE), tmp_path / "map.html")
    opened = chromium_page(tmp_path / "map.html", width=390, height=844, hash_="#lang=zh&" + hash_)
    box = opened.locator("#card").bounding_box()
    assert box and box["width"] == 390 and abs(box["y"] + box["height"] - 844) <= 1
    assert opened.evaluate("document.documentElement.scrollWidth") <= 390
    texts = opened.evaluate("JSON.parse(document.getElementById('data').textContent).texts")
    shown = opened.locator("#card").inner_text()
    english = [
        words["en"] for words in texts.values() if len(words["en"]) > 5 and "{" not in words["en"]
    ]
    assert [words for words in english if words in shown] == []


def test_a_site_is_drawn_where_people_are_counted(opened: Page) -> None:
    opened.locator('[data-layer="gaps"]').click()
    assert "Gaps and sites" in opened.locator("#layers").inner_text()
    press(opened, [0.008, 0.026])
    expect(opened.locator("#card h2")).to_have_text("Old Mill")
    assert "proposed site" in opened.locator("#legend").inner_text()


# ---- circles ----


def test_a_circle_gives_its_own_shares_without_a_target(opened: Page) -> None:
    """455 of 1000 within 500 m in Alder; in Cedar 80 to 90 % within 1000 m; no tick, no verdict."""
    assert opened.locator("#tier option").all_inner_texts() == [
        "limit of the service",
        "5-min circle, 300 m (standard distance)",
        "10-min circle, 500 m (standard distance)",
        "15-min circle, 1,000 m (standard distance)",
    ]
    opened.select_option("#tier", "1")
    assert rows(opened)["Alder"] == "45.5 %"
    assert rows(opened)["Cedar"] == "39.9 %"
    assert opened.locator("#rows .bar.targeted").count() == 0
    assert "10-min circle, 500 m (standard distance)" in opened.locator("#definition").inner_text()
    opened.get_by_role("button", name="Alder").click()
    assert "target is held against the limit" in opened.locator("#card .verdict").inner_text()
    opened.select_option("#tier", "2")
    assert rows(opened)["Cedar"] == "80.0 – 90.0 %"
    opened.wait_for_function("() => location.hash.includes('tier=3')")


def test_a_service_without_circles_keeps_its_own_limit(opened: Page) -> None:
    opened.select_option("#tier", "0")
    opened.select_option("#service", "headline_all")
    assert opened.locator("#tier").is_disabled()
    assert rows(opened)["Alder"] == "83.0 %"
    assert "circle" not in opened.locator("#definition").inner_text()


def test_who_is_not_reached_follows_the_circle(tmp_path: Path, chromium_page: Open) -> None:
    """Who is covered within 1,000 m and not within 300 m is drawn once that circle is picked."""
    from dataclasses import replace

    import numpy as np
    from squares import walks

    near = [np.full(5, 2, dtype=np.uint8), np.zeros(5, dtype=np.uint8), np.zeros(5, dtype=np.uint8)]
    shown = page(**WHOLE | {"walks": replace(walks(), tier_states={"health": near})})
    write_map(shown, tmp_path / "map.html")
    opened = chromium_page(tmp_path / "map.html", hash_="#layer=missed")
    expect(opened.locator(POINT_CANVAS)).to_be_visible()
    assert not any(colour_at(opened, [0.008, 0.003], POINT_CANVAS))
    opened.select_option("#tier", "0")
    opened.wait_for_timeout(200)
    assert is_colour(colour_at(opened, [0.008, 0.003], POINT_CANVAS), "#c2005a")
    opened.select_option("#tier", "1")
    opened.wait_for_timeout(200)
    assert not any(colour_at(opened, [0.008, 0.003], POINT_CANVAS))


def test_only_units_with_a_target_show_its_tick(tmp_path: Path, chromium_page: Open) -> None:
    """A rural unit has a bar without the tick, beside units that have it."""
    table = coverage()
    rural = table["unit_id"] == "u0"
    table.loc[rural, ["target", "meets_target"]] = [float("nan"), None]
    write_map(page(coverage=table, units=squares()), tmp_path / "map.html")
    opened = chromium_page(tmp_path / "map.html")
    ticks = {
        name: opened.locator(".row", has_text=name).locator(".targeted").count()
        for name in NAMES[:3]
    }
    assert ticks == {"Alder": 0, "Birch": 1, "Cedar": 1}


# ---- rings ----


def test_a_facility_shows_its_rings_and_who_walks_there(opened: Page) -> None:
    """The smallest lies on top; a hole stays a hole; people are counted, not the picture."""
    press(opened, [0.0085, 0.0085])
    expect(opened.locator("#card h2")).to_have_text("Oak Clinic")
    lines = [line.split("\n") for line in opened.locator("#card .ring").all_inner_texts()]
    assert [line[-1] for line in lines] == ["10 residents", "20 residents", "30 residents"]
    assert lines[0][0] == "5-min circle, 300 m (standard distance)"
    assert "counted by their own walk" in opened.locator("#card").inner_text()
    opened.wait_for_timeout(400)
    inner, middle, hole, outer = (
        colour_at(opened, place)
        for place in ([0.0080, 0.0080], [0.0070, 0.0070], [0.0098, 0.0098], [0.0050, 0.0050])
    )
    assert sum(inner) > sum(middle) > sum(outer)
    assert hole == pytest.approx(outer, abs=6)


def test_a_page_with_too_many_facilities_says_where_the_rings_are(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, chromium_page: Open
) -> None:
    monkeypatch.setattr(maps_rings, "MOST_RINGED", 1)
    for elsewhere, said in (
        (True, "on the pages of the districts"),
        (False, "lifecircle isochrones"),
    ):
        write_map(page(**WHOLE, rings_elsewhere=elsewhere), tmp_path / "map.html")
        opened = chromium_page(tmp_path / "map.html", hash_="#facility=clinic.1")
        assert said in opened.locator("#card").inner_text()
        assert opened.locator("#card .ring").count() == 0


def test_a_facility_is_found_by_name_and_opened_by_keyboard(opened: Page) -> None:
    opened.locator("#search").fill("oak")
    opened.locator(".found").focus()
    opened.keyboard.press("Enter")
    assert opened.locator("#card h2").inner_text() == "Oak Clinic"
    assert opened.locator("#card .ring").count() == 3
