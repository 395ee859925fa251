"""The map page of four squares in a row, in a real browser."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pytest
import shapely
from playwright.sync_api import Page, expect
from squares import (
    CITY,
    NAMES,
    PLACES,
    STEP,
    Open,
    colour_at,
    coverage,
    facilities,
    is_colour,
    page,
    rows,
    screen_place,
    squares,
    text,
)

from lifecircle.outputs.maps import write_map
from lifecircle.outputs.maps_data import PALETTE
from lifecircle.sources import Source


@pytest.fixture
def opened(tmp_path: Path, chromium_page: Open) -> Page:
    """The page of the four squares, in English."""
    write_map(page(), tmp_path / "map.html")
    return chromium_page(tmp_path / "map.html")


# ---- in the browser ----


def test_the_list_shows_the_table_and_never_rounds_up_to_the_target(opened: Page) -> None:
    """84.97 % is printed as 84.9; where the data ends too soon both bounds are printed."""
    assert rows(opened) == {
        "Cedar": "80.0 – 90.0 %",
        "Alder": "84.0 %",
        "Birch": "84.9 %",
        "Dune": "–",
    }
    assert opened.locator("#city").inner_text().split() == [*CITY.split(), "82.9", "–", "86.3", "%"]
    assert "too small for a verdict" in opened.locator("#notes").inner_text()
    bar = opened.locator(".row", has_text="Alder").locator(".bar.targeted")
    assert "--share: 84%; --share_upper: 84%; --target: 85%" in (bar.get_attribute("style") or "")


def test_units_take_the_colour_of_their_class(opened: Page) -> None:
    """Alder 84 % is below the target, Dune without demand is grey, Cedar alone is hatched."""
    assert is_colour(colour_at(opened, PLACES[0]), PALETTE["with_target"][2])
    assert is_colour(colour_at(opened, PLACES[3]), PALETTE["none"])
    places = [[0.002, 0.0205 + 0.0001 * step] for step in range(30)]
    assert len({tuple(colour_at(opened, place)) for place in places}) > 3
    assert len({tuple(colour_at(opened, [lat, lon - STEP])) for lat, lon in places}) == 1


def test_another_service_recolours_the_map_and_changes_the_definition(opened: Page) -> None:
    """Sports covers Alder to 97 %, the highest class; the market has no target, and 500 m."""
    assert "1,000 m (15 minutes), from Notice 23" in opened.locator("#definition").inner_text()
    opened.select_option("#service", "sports")
    assert is_colour(colour_at(opened, PLACES[0]), PALETTE["with_target"][4])
    assert rows(opened)["Alder"] == "97.0 %"
    assert "not checked against the original" in opened.locator("#definition").inner_text()
    opened.select_option("#service", "market")
    assert is_colour(colour_at(opened, PLACES[0]), PALETTE["without_target"][0])
    definition = opened.locator("#definition").inner_text()
    assert "500 m (10 minutes), from GB 50180" in definition
    assert "Notice 23" not in definition
    assert opened.locator(".bar.targeted").count() == 0


def test_the_pickers_offer_what_the_table_has(opened: Page) -> None:
    """Headlines first; homes only for the service that was counted over them."""
    services = opened.locator("#service option").all_inner_texts()
    assert services == ["Health", "Sports", "All of them", "Market"]
    opened.select_option("#denominator", "dwellings")
    assert rows(opened)["Alder"] == "100.0 %"
    assert "homes" in opened.locator("#definition").inner_text()
    opened.select_option("#service", "sports")
    assert opened.locator("#denominator option").all_inner_texts() == ["all residents"]


def test_a_row_opens_the_card_of_its_unit(opened: Page) -> None:
    """Of 1000 residents 840 are covered; as the crow flies it would be 86 %."""
    opened.get_by_role("button", name="Alder").click()
    card = opened.locator("#card").inner_text()
    assert "84.0 %" in card
    assert "Below the city-wide target" in card
    facts = dict(
        zip(*[iter(opened.locator("#card dt, #card dd").all_inner_texts())] * 2, strict=True)
    )
    assert facts == {
        "In total": "1,000 residents",
        "Not covered": "160 residents",
        "As the crow flies": "86.0 %",
        "Network against straight line": "−2.0 points",
    }
    assert opened.locator("#definition").inner_text() in card
    lines = [line.inner_text().split("\n") for line in opened.locator("#card > .line").all()]
    assert lines == [["Health", "84.0 % ✗"], ["Sports", "97.0 % ✓"], ["All of them", "83.0 % ✗"]]
    opened.locator("#card summary").click()
    assert opened.locator("#card details .line").inner_text().split("\n") == ["Market", "50.0 %"]


def test_a_card_says_what_is_not_known(opened: Page) -> None:
    opened.get_by_role("button", name="Cedar").click()
    card = opened.locator("#card").inner_text()
    assert "80.0 – 90.0 %" in card
    assert "No verdict yet" in card
    opened.get_by_role("button", name="Dune").click()
    assert "No demand in this unit" in opened.locator("#card").inner_text()


def test_list_and_map_light_each_other(opened: Page) -> None:
    """Hovering a unit lights its row, clicking it presses the row and opens the card."""
    opened.mouse.move(*screen_place(opened, PLACES[1]))
    assert opened.locator(".row.lit .name").inner_text() == "Birch"
    opened.mouse.click(*screen_place(opened, PLACES[1]))
    assert opened.locator("#card h2").inner_text() == "Birch"
    assert opened.locator('.row[aria-pressed="true"] .name').inner_text() == "Birch"
    border = [0.005, STEP * 2]
    before = colour_at(opened, [0.0, 0.035])
    opened.locator(".row", has_text="Dune").hover()
    assert colour_at(opened, [0.0, 0.035]) != before
    assert max(colour_at(opened, border)) < 60


def test_a_facility_shows_its_name_capacity_and_source(opened: Page) -> None:
    """Only the facilities of the picked headline are drawn, at every entrance."""
    opened.mouse.move(*screen_place(opened, [0.0085, 0.0085]))
    tip = opened.locator(".tip")
    expect(tip).to_have_count(1)
    assert tip.inner_text().splitlines() == [
        "Oak Clinic",
        "Clinic · 12 beds",
        "Source: clinics.csv",
    ]
    opened.select_option("#service", "sports")
    for entrance in ([0.008, 0.0185], [0.002, 0.0185]):
        opened.mouse.move(*screen_place(opened, entrance))
        expect(tip).to_have_count(1)
        assert "North Court" in tip.inner_text()
    opened.mouse.move(*screen_place(opened, [0.0085, 0.0085]))
    expect(tip).to_have_count(1)
    assert tip.inner_text().splitlines()[:2] == ["Alder", "97.0 %"]


def test_the_language_switches_every_text(opened: Page) -> None:
    opened.get_by_role("button", name="Alder").click()
    opened.get_by_role("button", name="中文").click()
    assert "分母：常住人口" in opened.locator("#definition").inner_text()
    assert "低于全市目标" in opened.locator("#card").inner_text()
    assert "范围太小" in opened.locator("#notes").inner_text()
    assert "内部工作用图" in opened.locator("#credit").inner_text()
    assert opened.locator("#service option").all_inner_texts() == ["卫生", "体育", "全部", "菜市场"]
    assert opened.evaluate("document.documentElement.lang") == "zh-CN"
    assert "未达标" not in opened.content()
    texts = opened.evaluate("JSON.parse(document.getElementById('data').textContent).texts")
    shown = opened.locator(".page").inner_text()
    english = {name: words["en"] for name, words in texts.items() if "{" not in words["en"]}
    short = {"comma", "semicolon", "or", "north", "credit", "amount"}
    left = [name for name, words in english.items() if name not in short and words in shown]
    assert left == []


def test_rows_sort_by_share_and_by_name(opened: Page) -> None:
    """A second press turns the order around; what has no share stays last."""
    share = opened.locator('[data-sort="share"]')
    share.click()
    assert list(rows(opened)) == ["Birch", "Alder", "Cedar", "Dune"]
    opened.locator('[data-sort="missed"]').click()
    assert list(rows(opened)) == ["Alder", "Birch", "Cedar", "Dune"]
    opened.locator('[data-sort="name"]').click()
    assert list(rows(opened)) == list(NAMES)


def test_the_page_works_by_keyboard(opened: Page) -> None:
    """Tab goes pickers, languages, notes, city, search, filter, sorting, rows, map; Enter opens
    the card, Escape closes it and gives the keyboard back to the row."""
    opened.locator("#service").focus()
    opened.keyboard.press("ArrowDown")
    assert "Sports" in opened.locator("#service").evaluate("e => e.selectedOptions[0].text")
    passed = []
    while passed[-1:] != ["Cedar"]:
        opened.keyboard.press("Tab")
        passed.append(opened.evaluate("document.activeElement.innerText.split('\\n')[0]"))
        assert len(passed) < 20
    opened.keyboard.press("Enter")
    assert opened.locator("#card h2").inner_text() == "Cedar"
    opened.keyboard.press("Escape")
    assert opened.locator("#card").is_hidden()
    assert opened.evaluate("document.activeElement.querySelector('.name').innerText") == "Cedar"
    for _ in range(4):
        opened.keyboard.press("Tab")
    assert opened.evaluate("document.activeElement === map_page.getContainer()")
    before = opened.evaluate("map_page.getZoom()")
    opened.keyboard.press("+")
    opened.wait_for_function("before => map_page.getZoom() > before", arg=before)


def test_the_foot_names_each_source_once_and_the_licence_of_the_streets(opened: Page) -> None:
    assert not opened.locator("#sources").is_visible()
    opened.locator("#sources-title").click()
    foot = opened.locator(".foot").inner_text()
    assert foot.count("town.osm, OSM, 2023-06-13, ODbL") == 1
    assert "© OpenStreetMap contributors (ODbL)" in foot
    assert "for internal work" in foot


def test_on_a_phone_list_and_card_are_sheets_from_below(
    tmp_path: Path, chromium_page: Open
) -> None:
    write_map(page(), tmp_path / "map.html")
    opened = chromium_page(tmp_path / "map.html", width=390, height=844)
    assert opened.evaluate("document.documentElement.scrollWidth") <= 390
    assert opened.evaluate("document.documentElement.scrollHeight") <= 844
    assert opened.locator(".row", has_text="Cedar").is_hidden()
    opened.locator("#grip").click()
    assert at_lower_edge(opened, "#side")
    opened.locator(".row", has_text="Cedar").click()
    assert opened.locator(".row", has_text="Cedar").is_hidden()
    assert at_lower_edge(opened, "#card")


def at_lower_edge(opened: Page, selector: str) -> bool:
    box = opened.locator(selector).bounding_box()
    assert box
    return abs(box["y"] + box["height"] - 844) <= 1 and box["width"] == 390


def test_a_background_is_drawn_without_a_request(tmp_path: Path, chromium_page: Open) -> None:
    base = gpd.GeoDataFrame({"kind": ["park"]}, geometry=[shapely.box(0, 0, 1, 1)], crs=4326)
    write_map(page(base=base), tmp_path / "map.html")
    image = chromium_page(tmp_path / "map.html").locator("img.leaflet-image-layer")
    expect(image).to_have_count(1)
    assert image.evaluate("e => e.complete && e.naturalWidth > 0")


def test_search_and_filter_shorten_the_list(opened: Page) -> None:
    """Birch (84.97 %) and Cedar (80 to 90 %) lie below 85 %; Dune has no share at all.

    Facilities of the picked service are found by name too.
    """
    opened.locator("#search").fill("  bIr")
    assert list(rows(opened)) == ["Birch"]
    opened.locator("#search").fill("oak")
    assert list(rows(opened)) == []
    assert opened.locator(".found").all_inner_texts() == ["Oak Clinic"]
    opened.locator("#search").fill("elm")
    assert list(rows(opened)) == []
    assert opened.locator("#none-found").is_visible()
    opened.locator("#search").fill("")
    opened.locator("#below").check()
    assert sorted(rows(opened)) == ["Alder", "Birch", "Cedar"]
    opened.select_option("#service", "sports")
    assert sorted(rows(opened)) == ["Cedar"]


def test_the_address_keeps_the_view(opened: Page, chromium_page: Open, tmp_path: Path) -> None:
    """What one page shows, its address shows again in another one."""
    opened.get_by_role("button", name="中文").click()
    opened.select_option("#service", "sports")
    opened.locator('[data-layer="missed"]').click()
    opened.locator('[data-sort="name"]').click()
    opened.locator("#below").check()
    opened.locator(".row", has_text="Cedar").click()
    opened.evaluate("() => { map_page.setView([0.004, 0.021], 15, { animate: false }) }")
    opened.wait_for_function("() => location.hash.includes('15.00')")
    hash_ = opened.evaluate("location.hash")
    again = chromium_page(tmp_path / "map.html", hash_=hash_)
    assert again.locator("#card h2").inner_text() == "Cedar"
    assert again.locator("#service").input_value() == "sports"
    assert again.locator('[data-layer="missed"]').get_attribute("aria-pressed") == "true"
    assert again.locator("#below").is_checked()
    assert again.evaluate("document.documentElement.lang") == "zh-CN"
    assert again.evaluate("map_page.getZoom()") == 15
    assert again.evaluate("map_page.getCenter().lng") == pytest.approx(0.021, abs=1e-4)
    again.wait_for_timeout(300)
    assert again.evaluate("location.hash") == hash_


def test_an_address_that_means_nothing_here_is_passed_over(
    tmp_path: Path, chromium_page: Open
) -> None:
    write_map(page(), tmp_path / "map.html")
    wrong = "#unit=nobody&service=<b>&of=x&layer=y&sort=z&lang=fr&at=1,NaN,q"
    opened = chromium_page(tmp_path / "map.html", hash_=wrong)
    assert opened.locator("#service").input_value() == "health"
    assert len(rows(opened)) == 4
    assert opened.locator("#card").is_hidden()


def test_notes_are_one_line_until_they_are_opened(tmp_path: Path, chromium_page: Open) -> None:
    notes = [text(f"说明{i}", f"Note number {i} " * 12) for i in range(5)]
    write_map(page(notes=notes), tmp_path / "map.html")
    opened = chromium_page(tmp_path / "map.html")
    box = opened.locator("#notes").bounding_box()
    assert box
    assert box["height"] < 40
    opened.locator("#notes summary").click()
    assert opened.locator("#notes li").count() == 5
    assert opened.locator("#notes li").last.is_visible()
    write_map(page(notes=()), tmp_path / "none.html")
    assert chromium_page(tmp_path / "none.html").locator("#notes").is_hidden()


def test_figures_have_no_more_digits_than_they_mean(tmp_path: Path, chromium_page: Open) -> None:
    """14.999999999999998 minutes are 15, and an unknown licence is said in the reader's words."""
    table = coverage().assign(limit_min=14.999999999999998)
    sources = [Source(path="a.csv", licence="unknown")]
    write_map(page(coverage=table, sources=sources), tmp_path / "map.html")
    opened = chromium_page(tmp_path / "map.html")
    assert "(15 minutes)" in opened.locator("#definition").inner_text()
    opened.get_by_role("button", name="中文").click()
    opened.locator("#sources-title").click()
    assert opened.locator("#sources").inner_text() == "a.csv、许可不明"


def test_the_approval_number_takes_the_place_of_internal_work(
    tmp_path: Path, chromium_page: Open
) -> None:
    write_map(page(approval="沪S(2026)001号"), tmp_path / "map.html")
    opened = chromium_page(tmp_path / "map.html")
    credit = opened.locator("#credit").inner_text()
    assert "Map approval: 沪S(2026)001号" in credit
    assert "internal" not in credit


def test_many_facilities_are_clusters_far_out_and_dots_near(
    tmp_path: Path, chromium_page: Open
) -> None:
    """300 clinics on a lattice: their cluster says how many; from zoom 15 on each has its dot."""
    lattice = [shapely.Point(0.0001 * (i % 20), 0.0001 * (i // 20)) for i in range(300)]
    table = facilities().iloc[[0] * 300]
    ids = [f"f{i}" for i in range(300)]
    many = gpd.GeoDataFrame(table.assign(facility_id=ids), geometry=lattice, crs=4326)
    write_map(page(facilities=many), tmp_path / "map.html")
    opened = chromium_page(tmp_path / "map.html")
    opened.evaluate("() => { map_page.setView([0.001, 0.001], 10, { animate: false }) }")
    opened.mouse.move(*screen_place(opened, [0.0007, 0.00095]))
    expect(opened.locator(".tip")).to_have_text("300 facilities; click to come nearer")
    opened.evaluate("() => { map_page.setView([0.001, 0.001], 18, { animate: false }) }")
    opened.mouse.move(*screen_place(opened, [0.0003, 0.0002]))
    expect(opened.locator(".tip .name").first).to_have_text("Oak Clinic")


def test_withheld_places_are_not_in_the_file(tmp_path: Path, chromium_page: Open) -> None:
    write_map(page(facilities=facilities().iloc[:0], withheld=True), tmp_path / "map.html")
    assert "0.0085" not in (tmp_path / "map.html").read_text(encoding="utf-8")
    legend = chromium_page(tmp_path / "map.html").locator("#legend").inner_text()
    assert "withheld" in legend


def test_printing_shows_everything_and_then_what_was_shown_before(opened: Page) -> None:
    """The printed page has the whole map, legend, definition, notes and all sources."""
    opened.evaluate("() => { map_page.setView([0.004, 0.021], 17, { animate: false }) }")
    opened.emulate_media(media="print")
    opened.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    for part in ("#legend", "#definition", "#notes-all", "#sources", "#credit"):
        assert opened.locator(part).is_visible()
    assert opened.evaluate("map_page.getZoom()") < 17
    assert opened.locator("#search").is_hidden()
    opened.evaluate("window.dispatchEvent(new Event('afterprint'))")
    opened.emulate_media(media="screen")
    assert opened.evaluate("map_page.getZoom()") == 17
    assert opened.locator("#sources").is_hidden()


def test_the_card_says_the_sentence_of_the_report_for_its_denominator(
    tmp_path: Path, chromium_page: Open
) -> None:
    said = {("u0", "street", "health"): text("诊所不够。", "Clinics are too few.")}
    write_map(page(sentences=said, sentences_of="residents"), tmp_path / "map.html")
    opened = chromium_page(tmp_path / "map.html", hash_="#unit=u0")
    assert "Clinics are too few." in opened.locator("#card").inner_text()
    opened.select_option("#denominator", "dwellings")
    assert "Clinics are too few." not in opened.locator("#card").inner_text()


def test_a_study_of_one_unit_has_a_page(tmp_path: Path, chromium_page: Open) -> None:
    """Without a row of level city there is no line above the list."""
    table = coverage()
    one = page(units=squares(("Alder",)), coverage=table[table["unit_id"] == "u0"])
    write_map(one, tmp_path / "map.html")
    opened = chromium_page(tmp_path / "map.html")
    assert rows(opened) == {"Alder": "84.0 %"}
    assert opened.locator("#city .row").count() == 0


def test_a_page_without_any_demand_says_so(tmp_path: Path, chromium_page: Open) -> None:
    table = coverage()
    nothing = table.assign(total=0.0, covered=0.0, share=float("nan"), share_upper=float("nan"))
    write_map(page(coverage=nothing, walks=None), tmp_path / "map.html")
    opened = chromium_page(tmp_path / "map.html", hash_="#unit=u0")
    assert set(rows(opened).values()) == {"–"}
    assert "No demand in this unit" in opened.locator("#card").inner_text()
