"""What the page knows: classes, outlines, background, and the file it is written to."""

from __future__ import annotations

import base64
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from rasterio.errors import NotGeoreferencedWarning
from rasterio.io import MemoryFile
from squares import LABELS, coverage, page, squares, text

from lifecircle.base.problems import UsageError
from lifecircle.base.sentences import catalogue
from lifecircle.outputs import maps_shell
from lifecircle.outputs.maps import map_html, write_map
from lifecircle.outputs.maps_base import base_image
from lifecircle.outputs.maps_data import (
    PALETTE,
    breaks,
    needs_osm_credit,
    not_known,
    share_classes,
)
from lifecircle.outputs.maps_shell import shell
from lifecircle.outputs.simplify import simplified
from lifecircle.sources import Source
from lifecircle.study import Options

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


def read_png(uri: str) -> tuple[Any, dict[int, tuple[int, ...]]]:
    content = base64.b64decode(uri.removeprefix("data:image/png;base64,"))
    with (
        warnings.catch_warnings(action="ignore", category=NotGeoreferencedWarning),
        MemoryFile(content) as memory,
        memory.open() as file,
    ):
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
    ground, colours = read_png(found["ground"])
    assert colours[int(ground[2, 2])][:3] == (183, 208, 226)
    assert colours[int(ground[2, -2])][3] == 0
    streets, colours = read_png(found["streets"])
    height = streets.shape[0]
    assert colours[int(streets[2, 2])][3] == 0
    assert colours[int(streets[height // 2 - 1 : height // 2 + 2, -2].max())][3] == 255


def test_no_background_is_no_picture() -> None:
    assert base_image(None, squares()) is None


def test_every_profile_of_the_rules_has_its_words_on_the_map() -> None:
    profiles = get_args(Options.model_fields["profile"].annotation)
    assert len(profiles) == 6
    assert all(f"profile_{profile}" in catalogue()["map"] for profile in profiles)


@pytest.mark.parametrize(
    ("licences", "named"),
    [
        ({"town.osm.pbf": "ODbL 1.0"}, True),
        ({"town.osm.pbf": ""}, True),
        ({"town.osm.pbf": "CC0"}, False),
        ({"town.osm": "CC0", "more.osm.pbf": "odbl"}, True),
        ({"points.csv": "unknown"}, True),
    ],
)
def test_openstreetmap_is_named_unless_every_extract_has_another_licence(
    licences: dict[str, str], named: bool
) -> None:
    """The ODbL asks for the credit; a synthetic town under CC0 must not claim it."""
    sources = [Source(path=Path(name), licence=licence) for name, licence in licences.items()]
    assert needs_osm_credit(sources) is named
