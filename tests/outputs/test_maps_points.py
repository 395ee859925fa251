"""Where people are on the map, how far they walk, and who is not reached."""

from __future__ import annotations

import base64
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import Page, expect
from rasterio.errors import NotGeoreferencedWarning
from rasterio.io import MemoryFile
from squares import POINT_CANVAS, Open, colour_at, is_colour, page, screen_place, walks

from lifecircle.outputs import maps_points
from lifecircle.outputs.maps import COVERED, Walks, write_map
from lifecircle.outputs.maps_data import PALETTE
from lifecircle.outputs.maps_points import metres_codes, points_data

COLOURS: Any = PALETTE["points"]
REACHED, MISSED, AT_LIMIT, OPEN, FAR = (
    [0.008, 0.003], [0.002, 0.007], [0.008, 0.013], [0.002, 0.022], [0.008, 0.028],
)  # fmt: skip
"""Latitude and longitude of the five people of `squares.WALKERS`."""


def unpacked(uri: str) -> np.ndarray:
    """What a browser reads from a packed series, with the zeros at its end."""
    content = base64.b64decode(uri.removeprefix("data:image/png;base64,"))
    with (
        warnings.catch_warnings(action="ignore", category=NotGeoreferencedWarning),
        MemoryFile(content) as memory,
        memory.open() as file,
    ):
        return file.read(1).ravel()


def numbers(bytes_: np.ndarray, count: int) -> np.ndarray:
    """Numbers of two bytes each: all low ones, then all high ones."""
    return bytes_[:count].astype(int) + 256 * bytes_[count : 2 * count].astype(int)


# ---- packing ----


def test_metres_are_rounded_up_so_that_no_limit_is_passed_by_rounding() -> None:
    """300 m is 30 tens; a hair more is 31; 2,540 m is the last to be told; none is 255."""
    metres = np.array([0.0, 0.1, 300.0, 300.0 + 1e-9, 300.1, 2540.0, 2541.0, 9e9, np.inf])
    assert metres_codes(metres).tolist() == [0, 1, 30, 30, 31, 254, 254, 254, 255]


def test_places_and_weights_come_back_as_exactly_as_the_page_needs_them() -> None:
    """Places to a metre (the span is 2.8 km in 65,535 steps), weights to a hundredth of one."""
    data = points_data(walks())
    assert data is not None
    packed = unpacked(data["places"])
    x = numbers(packed[:10], 5) * data["step"] + data["origin"][0]
    y = numbers(packed[10:20], 5) * data["step"] + data["origin"][1]
    there = gpd.GeoSeries.from_xy(x, y, crs=3857)
    away = [there.distance(place).min() for place in walks().places.to_crs(3857)]
    assert max(away) < 0.1
    residents = data["weights"]["residents"]
    weights = numbers(unpacked(residents["codes"]), 5) * residents["step"]
    assert sorted(weights) == pytest.approx([100, 100, 160, 840, 849.7], abs=0.01)


def test_points_keep_their_own_figures_in_the_new_order() -> None:
    """Who walks 1,003 m is the one with 160 residents, and is not covered."""
    data = points_data(walks())
    assert data is not None
    metres = unpacked(data["metres"]["clinic"])[:5].tolist()
    states = unpacked(data["states"]["health"])[:5].tolist()
    residents = data["weights"]["residents"]
    weights = numbers(unpacked(residents["codes"]), 5) * residents["step"]
    rows = sorted(zip(metres, states, weights.round().tolist(), strict=True))
    assert rows == [(42, 0, 840), (100, 0, 850), (101, 2, 160), (254, 2, 100), (255, 1, 100)]


def crowd(count: int) -> Walks:
    """People on a lattice of about 11 m, one each, by turns with a home or without."""
    lon, lat = np.arange(count) % 50 * 1e-4, np.arange(count) // 50 * 1e-4
    return replace(
        walks(),
        places=gpd.GeoSeries.from_xy(lon, lat, crs=4326),
        unit_id=pd.Series(["u0"] * count, dtype=str),
        weights={
            "residents": np.ones(count),
            "dwellings": np.where(np.arange(count) % 2, 1.0, np.nan),
        },
        metres={"clinic": np.linspace(0, 900, count)},
        reached=np.zeros(count, dtype=np.uint8),
        states={"health": np.full(count, COVERED, dtype=np.uint8)},
    )


def test_too_many_points_become_cells_that_keep_every_person(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(maps_points, "MOST_POINTS", 200)
    data = points_data(crowd(2500))
    assert data is not None
    assert 50 <= data["count"] <= 200
    assert data["merged_m"] > 25
    for name, total in (("residents", 2500), ("dwellings", 1250)):
        weight = data["weights"][name]
        codes = numbers(unpacked(weight["codes"]), data["count"])
        assert (codes * weight["step"]).sum() == pytest.approx(total, rel=1e-3)


def test_few_points_are_not_merged_and_none_are_no_data() -> None:
    data = points_data(crowd(100))
    assert data is not None
    assert (data["count"], data["merged_m"]) == (100, 0.0)
    assert points_data(None) is None
    assert points_data(crowd(0)) is None


# ---- in the browser ----


@pytest.fixture
def opened(tmp_path: Path, chromium_page: Open) -> Page:
    write_map(page(), tmp_path / "map.html")
    return chromium_page(tmp_path / "map.html")


def show(opened: Page, layer: str) -> None:
    opened.locator(f'[data-layer="{layer}"]').click()
    expect(opened.locator(POINT_CANVAS)).to_be_visible()


def drawn(opened: Page, place: list[float]) -> bool:
    return any(colour_at(opened, place, POINT_CANVAS))


def test_who_is_not_reached_is_drawn_and_who_is_reached_is_not(opened: Page) -> None:
    """A walk of exactly the limit is reached; near the edge of the data is another colour."""
    show(opened, "missed")
    assert is_colour(colour_at(opened, MISSED, POINT_CANVAS), COLOURS["missed"])
    assert is_colour(colour_at(opened, FAR, POINT_CANVAS), COLOURS["missed"])
    assert is_colour(colour_at(opened, OPEN, POINT_CANVAS), COLOURS["unknown"])
    assert not drawn(opened, REACHED)
    assert not drawn(opened, AT_LIMIT)
    opened.select_option("#service", "sports")
    opened.wait_for_timeout(200)
    assert not drawn(opened, MISSED)


def test_the_list_then_counts_the_people_who_are_not_reached(opened: Page) -> None:
    """Of 1,000 in Cedar 800 are reached and 100 may be, so that 100 are surely not."""
    show(opened, "missed")
    row = opened.locator(".row", has_text="Cedar").locator("b")
    assert row.inner_text() == "100 residents"
    assert "Not reached" in opened.locator("#legend-title").inner_text()


def test_walks_are_coloured_by_the_tiers_of_the_standard(opened: Page) -> None:
    """420 m lies in the 10-minute circle, 1,000 m in the last one, 5 km and none beyond it."""
    show(opened, "walk")
    for place, colour in (
        (REACHED, COLOURS["tiers"][1]),
        (AT_LIMIT, COLOURS["tiers"][2]),
        (MISSED, COLOURS["beyond"]),
        (OPEN, COLOURS["beyond"]),
    ):
        assert is_colour(colour_at(opened, place, POINT_CANVAS), colour)
    assert "10-minute circle: up to 500 m" in opened.locator("#legend").inner_text()


def test_completeness_is_coloured_by_fifths_of_the_services(opened: Page) -> None:
    """Ten services: 10 and 9 are the highest fifth, 4 the third, 2 the second, 0 the lowest."""
    show(opened, "complete")
    for place, fifth in ((REACHED, 4), (FAR, 4), (AT_LIMIT, 2), (OPEN, 1), (MISSED, 0)):
        assert is_colour(colour_at(opened, place, POINT_CANVAS), COLOURS["complete"][fifth])
    legend = opened.locator("#legend").inner_text().splitlines()
    assert legend[:5] == [
        "8 – 10 services",
        "6 – 7 services",
        "4 – 5 services",
        "2 – 3 services",
        "0 – 1 services",
    ]
    x, y = screen_place(opened, AT_LIMIT)
    opened.mouse.move(x + 1, y + 1)
    opened.mouse.move(x, y)
    expect(opened.locator(".here")).to_have_text("Here: 4 of 10 services within their limits")


def test_only_points_that_carry_the_denominator_are_drawn(opened: Page) -> None:
    opened.select_option("#denominator", "dwellings")
    show(opened, "walk")
    assert drawn(opened, REACHED)
    assert not drawn(opened, MISSED)


@pytest.mark.parametrize(
    ("place", "said"),
    [
        (REACHED, "Here: 840 residents, about 420 m or 6 min to the nearest"),
        (MISSED, "Here: 160 residents, about 1,010 m or 15 min to the nearest"),
        (OPEN, "Here: none can be reached on foot"),
        (FAR, "Here: 100 residents, more than 2,540 m away"),
        ([0.005, 0.037], ""),
    ],
)
def test_the_pointer_is_told_how_far_it_is(place: list[float], said: str, opened: Page) -> None:
    """Worked out at the standard pace of 1,000 m in 15 minutes."""
    x, y = screen_place(opened, place)
    opened.mouse.move(x + 1, y + 1)
    opened.mouse.move(x, y)
    expect(opened.locator(".here")).to_have_text(said)


def test_of_all_headlines_at_once_the_farthest_counts(opened: Page) -> None:
    """420 m to the clinic, 850 m to the court."""
    opened.select_option("#service", "headline_all")
    x, y = screen_place(opened, REACHED)
    opened.mouse.move(x + 1, y + 1)
    opened.mouse.move(x, y)
    said = "Here: 840 residents, about 850 m or 13 min to the farthest of them"
    expect(opened.locator(".here")).to_have_text(said)


def test_a_page_without_demand_has_no_layers(tmp_path: Path, chromium_page: Open) -> None:
    write_map(page(walks=None), tmp_path / "map.html")
    opened = chromium_page(tmp_path / "map.html", hash_="#layer=missed")
    assert opened.locator("#layers").is_hidden()
    assert "Coverage" in opened.locator("#legend-title").inner_text()
