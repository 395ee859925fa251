"""The page of `check` in a real browser: points where the rows lie, every text only text."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import pytest
import shapely
from playwright.sync_api import Page
from test_maps_hostile import TAGS

from lifecircle.base.problems import Action, Problem
from lifecircle.outputs.check_page import MOST_ROWS, check_page

UNITS = gpd.GeoDataFrame(
    {"unit_id": ["1"], "name": ["甲"]}, geometry=[shapely.box(121.4, 31.2, 121.5, 31.3)], crs=4326
)


def problem(
    action: Action, row: int, place: tuple[float, float] | None, name: str = "乙"
) -> Problem:
    return Problem("closed", action, "homes.csv", row, "状态", name, place=place)


def opened(folder: Path, page: Callable[..., Page], *problems: Problem) -> Page:
    path = folder / "check.html"
    path.write_text(check_page(problems, UNITS, None, "区", "en"), encoding="utf-8")
    return page(path)


def middle(page: Page, selector: str) -> tuple[float, float]:
    box = page.locator(selector).bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_points_lie_where_the_rows_do(tmp_path: Path, chromium_page: Callable[..., Page]) -> None:
    """One in the middle of the unit, one at its north-east corner, one without a place."""
    page = opened(
        tmp_path,
        chromium_page,
        problem("noted", 2, (121.45, 31.2500131)),  # the middle in Web Mercator
        problem("refused", 3, (121.5, 31.3)),
        problem("excluded", 4, None),
    )
    outline = page.locator(".unit").bounding_box()
    assert outline is not None and page.locator("circle").count() == 2
    x, y = middle(page, "circle.noted")
    assert x == pytest.approx(outline["x"] + outline["width"] / 2, abs=1)
    assert y == pytest.approx(outline["y"] + outline["height"] / 2, abs=1)
    x, y = middle(page, "circle.refused")
    # The box of an outline takes in its stroke.
    assert x == pytest.approx(outline["x"] + outline["width"], abs=4)
    assert y == pytest.approx(outline["y"], abs=4)
    assert [line.split("\n")[0] for line in page.locator("li").all_inner_texts()] == ["closed"] * 3
    assert "row 3" in page.locator("li").first.inner_text()  # what is refused comes first


def test_a_line_leads_to_its_point_and_a_point_to_its_line(
    tmp_path: Path, chromium_page: Callable[..., Page]
) -> None:
    """Also to one far outside the first view; actions can be hidden, and the words changed."""
    rows = [problem("noted", row, (121.41 + row / 1000, 31.25)) for row in range(2, 60)]
    page = opened(tmp_path, chromium_page, *rows, problem("excluded", 99, (122.9, 30.0)))
    page.locator("circle.noted").last.click()
    assert page.locator("li.chosen").count() == 1
    page.locator("li.excluded").click()
    box = page.locator("#map").bounding_box()
    assert box is not None
    assert middle(page, "circle.excluded") == pytest.approx(
        (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2), abs=3
    )
    page.locator('[data-action="noted"]').click()
    assert page.locator("li").count() == 1 and page.locator("circle.noted").last.is_hidden()
    page.locator('[data-language="zh"]').click()
    assert "已排除" in page.locator("li").inner_text()
    assert "共 59 项，其中 59 项可在图上定位（1 项" in page.locator("#count").inner_text()


def test_hostile_names_stay_text(tmp_path: Path, chromium_page: Callable[..., Page]) -> None:
    page = opened(
        tmp_path, chromium_page, *(problem("noted", 2, (121.45, 31.25), name) for name in TAGS)
    )
    shown = " ".join(page.locator("li").all_inner_texts())
    assert all(name.split("'")[0].strip() in shown for name in TAGS if "\n" not in name)
    assert page.evaluate("window.hit") is None


def test_a_page_without_units_or_places_or_problems(
    tmp_path: Path, chromium_page: Callable[..., Page]
) -> None:
    """A refused study may have none of them; more problems than a page holds are counted."""
    path = tmp_path / "page.html"
    for problems in ([], [problem("refused", 2, None)], [problem("refused", 2, (1.0, 1.0))]):
        path.write_text(check_page(problems, None, None, "区", "en"), encoding="utf-8")
        assert chromium_page(path).locator("li").count() == len(problems)
    many = check_page([problem("noted", 2, None)] * (MOST_ROWS + 1), UNITS, None, "区", "en")
    assert f'"total":{MOST_ROWS + 1}' in many and many.count('"code":"closed"') == MOST_ROWS
