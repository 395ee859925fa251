"""The map page: four squares in a row, with figures written down by hand, in a real browser."""

from __future__ import annotations

import base64
import datetime
import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from playwright.sync_api import Page, expect
from rasterio.errors import NotGeoreferencedWarning
from rasterio.io import MemoryFile

from lifecircle.base.problems import UsageError
from lifecircle.base.tables import COVERAGE, FACILITIES, UNITS, conform
from lifecircle.outputs import maps_shell
from lifecircle.outputs.maps import Labels, MapPage, map_html, write_map
from lifecircle.outputs.maps_base import base_image
from lifecircle.outputs.maps_data import PALETTE, breaks, not_known, share_classes
from lifecircle.outputs.maps_shell import shell
from lifecircle.outputs.simplify import simplified
from lifecircle.study import Source

Open = Callable[..., Page]
Figures = tuple[float, float, float]
"""Total, covered and unknown of one unit."""

STEP = 0.01
CITY = "Squareville in all"
NAMES = ("Alder", "Birch", "Cedar", "Dune")
PLACES = [[0.005, 0.002 + STEP * column] for column in range(4)]
"""Latitude and longitude inside each square, away from labels, borders and facilities."""

FIGURES: dict[tuple[str, str], Sequence[Figures]] = {
    # Below the target; just below it (84.97 %); the target between 80 and 90 %; no demand.
    ("health", "residents"): [(1000, 840, 0), (1000, 849.7, 0), (1000, 800, 100), (0, 0, 0)],
    ("health", "dwellings"): [(400, 400, 0), (400, 380, 0), (400, 360, 0), (400, 0, 0)],
    ("sports", "residents"): [(1000, 970, 0), (1000, 850, 0), (1000, 700, 0), (0, 0, 0)],
    ("headline_all", "residents"): [(1000, 830, 0), (1000, 700, 0), (1000, 650, 0), (0, 0, 0)],
    ("market", "residents"): [(1000, 500, 0), (1000, 700, 0), (1000, 800, 0), (0, 0, 0)],
}
LIMITS = {
    "market": (500.0, 10.0, "GB 50180"),
    "headline_all": (None, None, ""),
    "health": (1000.0, 15.0, "Notice 23"),
    "sports": (1000.0, 15.0, "Notice 23"),
}


def text(zh: str, en: str) -> dict[Any, str]:
    return {"zh": zh, "en": en}


LABELS = Labels(
    headlines={"health": text("卫生", "Health"), "sports": text("体育", "Sports")},
    services={
        "clinic": text("诊所", "Clinic"),
        "court": text("球场", "Court"),
        "market": text("菜市场", "Market"),
    },
    combinations={"headline_all": text("全部", "All of them")},
    denominators={
        "residents": text("常住人口", "all residents"),
        "dwellings": text("住房", "homes"),
    },
    members={"health": ("clinic",), "sports": ("court",)},
    remarks={"sports": text("未核对原文", "not checked against the original")},
)


def squares(names: Sequence[str] = NAMES) -> gpd.GeoDataFrame:
    outlines = [shapely.box(STEP * i, 0, STEP * (i + 1), STEP) for i in range(len(names))]
    ids = [f"u{i}" for i in range(len(names))]
    table = gpd.GeoDataFrame(
        {"unit_id": ids, "name": names, "level": "street", "geometry": outlines}, crs=4326
    )
    return conform(table, UNITS)


def coverage_row(
    unit: tuple[str, str, str], key: tuple[str, str], figures: Figures
) -> dict[str, Any]:
    total, covered, unknown = figures
    share, upper = (covered / total, (covered + unknown) / total) if total else (np.nan, np.nan)
    target = np.nan if key[0] == "market" else 0.85
    known = bool(total) and target == target and not share < target <= upper
    limit_m, limit_min, limit_source = LIMITS[key[0]]
    return {
        "unit_id": unit[0], "unit_name": unit[1], "level": unit[2], "service": key[0],
        "denominator": key[1], "profile": "standard", "limit_m": limit_m, "limit_min": limit_min,
        "limit_source": limit_source, "total": total, "covered": covered, "unknown": unknown,
        "unattached": 0.0, "share": share, "share_upper": upper,
        "straight_line_share": share + 0.02, "target": target,
        "meets_target": share >= target if known else None,
    }  # fmt: skip


def coverage(names: Sequence[str] = NAMES, city: str = CITY) -> pd.DataFrame:
    rows = []
    for key, figures in FIGURES.items():
        units = [(f"u{i}", name, "street") for i, name in enumerate(names)]
        padded = [figures[i % len(figures)] for i in range(len(names))]
        rows += [coverage_row(unit, key, of) for unit, of in zip(units, padded, strict=True)]
        sums = tuple(float(total) for total in np.sum(padded, axis=0))
        rows.append(coverage_row(("city", city, "city"), key, sums))  # type: ignore[arg-type]
    return conform(pd.DataFrame(rows), COVERAGE)


def facilities(name: str = "Oak Clinic", source: str = "clinics.csv") -> gpd.GeoDataFrame:
    table = {
        "facility_id": ["f1", "f2"],
        "service": ["clinic", "court"],
        "name": [name, "North Court"],
        "beds": [12.0, np.nan],
        "source": source,
        "source_row": ["2", "3"],
        "geometry": [
            shapely.Point(0.0085, 0.0085),
            shapely.MultiPoint([(0.0185, 0.008), (0.0185, 0.002)]),
        ],
    }
    return conform(gpd.GeoDataFrame(table, crs=4326), FACILITIES)


SOURCES = (
    Source(path="town.osm", publisher="OSM", date=datetime.date(2023, 6, 13), licence="ODbL"),
    Source(path="town.osm", publisher="OSM", date=datetime.date(2023, 6, 13), licence="ODbL"),
)


def page(**changes: Any) -> MapPage:
    plain = MapPage(
        title="Squareville",
        units=squares(),
        coverage=coverage(),
        facilities=facilities(),
        labels=LABELS,
        language="en",
        sources=SOURCES,
        notes=(text("范围太小", "The extract is too small for a verdict"),),
    )
    return replace(plain, **changes)


@pytest.fixture
def opened(tmp_path: Path, chromium_page: Open) -> Page:
    """The page of the four squares, in English."""
    write_map(page(), tmp_path / "map.html")
    return chromium_page(tmp_path / "map.html")


def colour_at(opened: Page, place: Sequence[float]) -> list[int]:
    """The colour drawn at a place of the map, without its transparency."""
    script = """async place => {
      const nextFrame = () => new Promise(requestAnimationFrame);
      await nextFrame().then(nextFrame);
      const canvas = document.querySelector("canvas.leaflet-zoom-animated");
      const copy = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
      const at = map_page.latLngToContainerPoint(place);
      const [frame, box] = [map_page.getContainer(), canvas].map((e) => e.getBoundingClientRect());
      const scale = canvas.width / box.width;
      const [x, y] = [frame.x + at.x - box.x, frame.y + at.y - box.y];
      copy.drawImage(canvas, -Math.floor(x * scale), -Math.floor(y * scale));
      return [...copy.getImageData(0, 0, 1, 1).data.slice(0, 3)];
    }"""
    found = opened.evaluate(script, place)
    assert isinstance(found, list)
    return found


def is_colour(found: list[int], wanted: str) -> bool:
    return bool(np.abs(np.array(found) - list(bytes.fromhex(wanted[1:]))).max() <= 3)


def screen_place(opened: Page, place: Sequence[float]) -> tuple[float, float]:
    box = opened.locator(".folium-map").bounding_box()
    at = opened.evaluate("place => map_page.latLngToContainerPoint(place)", place)
    assert box
    return box["x"] + at["x"], box["y"] + at["y"]


def rows(opened: Page) -> dict[str, str]:
    """The shares in the list by unit, in its order."""
    items = opened.locator("#rows .row").all()
    return {item.locator(".name").inner_text(): item.locator("b").inner_text() for item in items}


# ---- figures, words and colours ----


def test_classes_break_at_60_75_85_95_for_the_target_of_85() -> None:
    shares = [0.5999, 0.60, 0.7499, 0.75, 0.84999999, 0.85, 0.9499, 0.95, 1.0]
    table = pd.DataFrame({"share": shares, "meets_target": pd.array([None] * 9, dtype="boolean")})
    assert breaks(0.85) == [0.60, 0.75, 0.85, 0.95]
    assert share_classes(table, breaks(0.85)).tolist() == [0, 1, 1, 2, 2, 3, 3, 4, 4]


def test_a_known_verdict_decides_the_side_of_the_target() -> None:
    """0.1 + 0.75 lies a rounding error above 0.85; the colour never contradicts the verdict."""
    table = pd.DataFrame({"share": [0.85 + 1e-12, 0.85 - 1e-12], "meets_target": [False, True]})
    assert share_classes(table.astype({"meets_target": "boolean"}), breaks(0.85)).tolist() == [2, 3]


def test_only_what_is_not_known_is_hatched() -> None:
    """Open verdict; known verdict; no target but one class; no target and two; no share."""
    table = pd.DataFrame(
        {
            "share": [0.80, 0.60, 0.61, 0.70, np.nan],
            "share_upper": [0.90, 0.80, 0.70, 0.80, np.nan],
            "target": [0.85, 0.85, np.nan, np.nan, 0.85],
            "meets_target": pd.array([None, False, None, None, None], dtype="boolean"),
        }
    )
    assert not_known(table, breaks(0.85)).tolist() == [True, False, False, True, False]


def lightness(colour: str) -> float:
    """CIE L* of an sRGB colour."""
    channels = np.array(list(bytes.fromhex(colour[1:]))) / 255
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return float(116 * np.cbrt(linear @ [0.2126, 0.7152, 0.0722]) - 16)


def test_a_grey_copy_keeps_the_order_and_shows_the_target_as_the_largest_step() -> None:
    steps = np.diff([lightness(colour) for colour in PALETTE["with_target"]])
    assert (steps > 5).all()
    assert steps.argmax() == 2


@pytest.mark.parametrize(
    "changes",
    [
        {"units": squares().iloc[:0]},
        {"coverage": coverage().iloc[:0]},
        {"coverage": coverage().assign(profile=["a", "b"] * 12 + ["a"])},
        {"labels": replace(LABELS, services={"clinic": text("诊所", "Clinic")}, headlines={})},
        {"labels": replace(LABELS, denominators={})},
    ],
)
def test_a_page_that_would_say_nothing_or_mix_profiles_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        map_html(page(**changes))


# ---- the file ----


def test_the_same_page_gives_the_same_bytes(tmp_path: Path) -> None:
    write_map(page(), tmp_path / "a.html")
    shell.cache_clear()
    write_map(page(), tmp_path / "b.html")
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()


def test_the_policy_comes_first_and_the_encoding_where_browsers_look_for_it() -> None:
    html = map_html(page())
    head = html.split("<head>")[1].lstrip()
    assert head.startswith('<meta http-equiv="Content-Security-Policy"')
    assert "unsafe" not in html.split("<style>")[0]
    assert html.encode().index(b"charset=UTF-8") < 1024


@pytest.mark.parametrize("style", ["a { background: url(http://x.example/a.png) }", '@import "a";'])
def test_a_shell_that_would_load_something_is_never_written(
    style: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(maps_shell, "_without_images", lambda _: style)
    with pytest.raises(AssertionError, match="would load"):
        shell.__wrapped__()


# ---- outlines and background ----


def test_neighbours_keep_one_border_when_they_are_simplified() -> None:
    """A border that zigzags by 1 m every 10 m becomes straighter, without a gap or an overlap."""
    zigzag = [(0.01 + (i % 2) * 1e-5, i * 1e-4) for i in range(101)]
    left = shapely.Polygon([(0, 0), *zigzag, (0, 0.01)])
    right = shapely.Polygon([*zigzag, (0.02, 0.01), (0.02, 0)])
    pair = gpd.GeoDataFrame(geometry=[left, right], crs=4326)
    simple = simplified(pair)
    assert shapely.get_num_coordinates(simple.to_numpy()).sum() < 30
    assert shapely.coverage_is_valid(simple.to_numpy())
    assert shapely.area(simple.to_numpy()).sum() == pytest.approx(0.02 * 0.01, rel=1e-6)


def test_overlapping_units_are_simplified_one_by_one() -> None:
    pair = gpd.GeoDataFrame(geometry=[shapely.box(0, 0, 2, 2), shapely.box(1, 0, 3, 2)], crs=4326)
    assert shapely.area(simplified(pair).to_numpy()).tolist() == pytest.approx([4.0, 4.0])


def read_png(content: bytes) -> tuple[Any, dict[int, tuple[int, ...]]]:
    with MemoryFile(content) as memory, memory.open() as file:
        return file.read(1), file.colormap(1)


def test_the_background_has_water_where_the_water_is() -> None:
    """West half water, a street along the middle, nothing in the north-east."""
    shapes = [shapely.box(-1, -1, 0.02, 1), shapely.LineString([(-1, 0.005), (1, 0.005)])]
    base = gpd.GeoDataFrame({"kind": ["water", "street"]}, geometry=shapes, crs=4326)
    found = base_image(base, squares())
    assert found is not None
    (south, west), (north, east) = found["bounds"]
    assert (west + east) / 2 == pytest.approx(0.02)
    assert west == pytest.approx(-0.04 * 0.15)
    with warnings.catch_warnings(action="ignore", category=NotGeoreferencedWarning):
        picture, colours = read_png(base64.b64decode(found["image"].split(",")[1]))
    height, width = picture.shape
    middle = picture[height // 2 - 1 : height // 2 + 2, -2].tolist()
    assert colours[int(picture[2, 2])][:3] == (183, 208, 226)
    assert colours[int(picture[2, -2])][3] == 0
    assert colours[max(middle)][:3] == (158, 154, 146)


def test_no_background_is_no_picture() -> None:
    assert base_image(None, squares()) is None


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
    assert "1000 m (15 minutes), from Notice 23" in opened.locator("#definition").inner_text()
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
    short = {"comma", "semicolon", "or", "north", "credit"}
    left = [name for name, words in english.items() if name not in short and words in shown]
    assert left == []


def test_rows_sort_by_share_and_by_name(opened: Page) -> None:
    """A second press turns the order around; what has no share stays last."""
    share = opened.locator('[data-sort="share"]')
    share.click()
    assert list(rows(opened)) == ["Birch", "Alder", "Cedar", "Dune"]
    opened.locator('[data-sort="name"]').click()
    assert list(rows(opened)) == list(NAMES)


def test_the_page_works_by_keyboard(opened: Page) -> None:
    """Tab goes pickers, languages, city, sorting, rows; Enter opens the card, Escape closes it."""
    opened.locator("#service").focus()
    opened.keyboard.press("ArrowDown")
    assert "Sports" in opened.locator("#service").evaluate("e => e.selectedOptions[0].text")
    for _ in range(7):
        opened.keyboard.press("Tab")
    opened.keyboard.press("Enter")
    assert opened.locator("#card h2").inner_text() == "Cedar"
    opened.keyboard.press("Escape")
    assert opened.locator("#card").is_hidden()


def test_the_foot_names_each_source_once_and_the_licence_of_the_streets(opened: Page) -> None:
    foot = opened.locator(".foot").inner_text()
    assert foot.count("town.osm, OSM, 2023-06-13, ODbL") == 1
    assert "© OpenStreetMap contributors (ODbL)" in foot
    assert "for internal work" in foot


def test_a_phone_scrolls_down_and_never_sideways(tmp_path: Path, chromium_page: Open) -> None:
    write_map(page(), tmp_path / "map.html")
    opened = chromium_page(tmp_path / "map.html", width=390, height=844)
    assert opened.evaluate("document.documentElement.scrollWidth") <= 390
    opened.locator(".row", has_text="Cedar").click()
    box = opened.locator("#card").bounding_box()
    assert box
    assert box["y"] + box["height"] == pytest.approx(844, abs=1)


def test_a_background_is_drawn_without_a_request(tmp_path: Path, chromium_page: Open) -> None:
    base = gpd.GeoDataFrame({"kind": ["park"]}, geometry=[shapely.box(0, 0, 1, 1)], crs=4326)
    write_map(page(base=base), tmp_path / "map.html")
    image = chromium_page(tmp_path / "map.html").locator("img.leaflet-image-layer")
    assert image.evaluate("e => e.complete && e.naturalWidth > 0")


HOSTILE = (
    "</script><script>window.hit = 1</script>",
    "<img src=x onerror='window.hit = 1'>",
    "${window.hit = 1}",
    "`${window.hit = 1}`",
    "\"'); window.hit = 1; ('",
    "<!--<script>window.hit = 1",
    "a\u2028window.hit = 1\u2029b",
    "{{ 7 * 7 }}{% raw %}",
    "</title><svg onload='window.hit = 1'>",
    "javascript:window.hit=1",
    "&lt;script&gt;window.hit = 1&lt;/script&gt;",
    "长" * 300,
    "\u202egnp.exe]]>",
    "{m} {text} $& $1 \\u003cscript\\u003e",
)


def hostile_page() -> MapPage:
    """Every text that a file can bring is hostile; each string has its own unit."""
    every = "".join(HOSTILE)
    evil = text(every, every)
    table = coverage(HOSTILE, city=every)
    return page(
        title=every,
        units=squares(HOSTILE),
        coverage=table.assign(limit_source=every),
        facilities=facilities(name=every, source=every),
        labels=replace(LABELS, remarks={"health": evil}),
        sources=[Source(path="a", publisher=every, licence=every)],
        notes=[evil],
    )


def test_hostile_names_are_shown_as_text_and_run_nothing(
    tmp_path: Path, chromium_page: Open
) -> None:
    write_map(hostile_page(), tmp_path / "map.html")
    opened = chromium_page(tmp_path / "map.html")
    every = "".join(HOSTILE)
    names = [item.text_content() for item in opened.locator("#rows .name").all()]
    assert set(names) == set(HOSTILE)
    assert opened.locator("#title .name").text_content() == every
    assert opened.locator("#notes").text_content() == every
    assert every in (opened.locator("#sources").text_content() or "")
    assert (opened.locator("#definition").text_content() or "").count(every) == 2
    opened.mouse.move(*screen_place(opened, [0.0085, 0.0085]))
    assert opened.locator(".tip .name").first.text_content() == every
    opened.locator("#city .row").click()
    assert opened.locator("#card h2").text_content() == every
    assert opened.locator(".page img, .page svg, .page script:not([type])").count() == 0
    assert opened.evaluate("window.hit") is None


def test_the_policy_stops_a_script_put_into_a_copy(tmp_path: Path, chromium_page: Open) -> None:
    """Even with a hole in the page nothing foreign would run."""
    evil = "<script>window.hit = 1</script><img src='data:,' onerror='window.hit = 1'></body>"
    html = map_html(page()).replace("</body>", evil)
    (tmp_path / "copy.html").write_text(html, encoding="utf-8")
    opened = chromium_page(tmp_path / "copy.html", complaints=True)
    assert opened.evaluate("window.hit") is None
    assert any("Content Security Policy" in line for line in opened.complaints)  # type: ignore[attr-defined]
    assert len(rows(opened)) == 4
