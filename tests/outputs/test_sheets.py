"""Print sheets: the same extent and classes over a series, and a font for Chinese names."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from matplotlib import font_manager
from matplotlib.figure import Figure
from matplotlib.image import imread
from matplotlib.patches import PathPatch
from squares import page, squares

from lifecircle.base.problems import StudyRefused
from lifecircle.outputs import sheets_font
from lifecircle.outputs.maps import MapPage
from lifecircle.outputs.maps_data import PALETTE
from lifecircle.outputs.sheets import PAPERS, Sheet, sheets_of, unit_rows, write_sheets
from lifecircle.outputs.sheets_draw import FILL, Ground, outline_of
from lifecircle.outputs.sheets_font import font_for

ENGLISH = page()


def base() -> gpd.GeoDataFrame:
    shapes = [shapely.box(0, 0, 0.004, 0.004), shapely.LineString([(0, 0.005), (0.04, 0.005)])]
    return gpd.GeoDataFrame({"kind": ["park", "street"]}, geometry=shapes, crs=4326)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("sheets")
    files = write_sheets(replace(ENGLISH, base=base()), folder, "four", papers=("a4",))
    return {file.name: file for file in files}


def test_there_is_a_sheet_for_each_headline_for_all_and_an_overview(
    written: dict[str, Path],
) -> None:
    names = ("health", "sports", "headline_all", "overview")
    assert set(written) == {f"four-{name}-a4.{kind}" for name in names for kind in ("png", "pdf")}


def test_a_picture_has_300_dots_an_inch_of_its_paper(written: dict[str, Path]) -> None:
    """A4 is 297 mm by 210 mm: 3508 by 2480 dots."""
    assert imread(written["four-health-a4.png"]).shape[:2] == (2480, 3507)


@pytest.mark.parametrize(("paper", "points"), [("a4", (841.89, 595.28)), ("a3", (1190.55, 841.89))])
def test_a_document_has_the_size_of_its_paper(
    paper: str, points: tuple[float, float], tmp_path: Path
) -> None:
    files = write_sheets(ENGLISH, tmp_path, "four", papers=(paper,))
    content = next(file for file in files if file.name == f"four-health-{paper}.pdf").read_bytes()
    found = re.search(rb"/MediaBox \[ ?0 0 ([\d.]+) ([\d.]+) ?\]", content)
    assert found
    assert [float(size) for size in found.groups()] == pytest.approx(points, abs=0.5)


def inside_units(picture: np.ndarray) -> dict[str, np.ndarray]:
    """Where the picture has the colours of classes, by colour; units are drawn on the paper."""
    masks = {}
    for colour in (*PALETTE["with_target"], PALETTE["none"]):
        ink = np.array(list(bytes.fromhex(colour[1:]))) / 255
        paper = np.array([0xF3, 0xF2, 0xEE]) / 255
        wanted = ink * FILL + paper * (1 - FILL)
        masks[colour] = (np.abs(picture[:, :2700, :3] - wanted) < 0.012).all(axis=2)
    return masks


def test_sheets_of_a_series_lie_exactly_over_each_other(written: dict[str, Path]) -> None:
    """Together the units fill the same dots on every sheet, in other colours."""
    extents = []
    for name in ("health", "sports"):
        masks = inside_units(imread(written[f"four-{name}-a4.png"]))
        y, x = np.nonzero(np.logical_or.reduce(list(masks.values())))
        extents.append([x.min(), x.max(), y.min(), y.max()])
    assert np.abs(np.array(extents[0]) - extents[1]).max() <= 2
    assert extents[0][1] - extents[0][0] > 2000


def test_units_have_the_colours_of_the_page(written: dict[str, Path]) -> None:
    """Sports: 97 % the highest class, 85.0 % just at the target, 70 % below it, Dune grey."""
    masks = inside_units(imread(written["four-sports-a4.png"]))
    classes = PALETTE["with_target"]
    seen = [colour for colour, mask in masks.items() if mask.sum() > 50_000]
    assert seen == [classes[1], classes[3], classes[4], PALETTE["none"]]


def test_only_units_without_a_verdict_are_hatched() -> None:
    rows = unit_rows(ENGLISH, Sheet("health", "residents"))
    assert rows["hatched"].tolist() == [False, False, True, False]
    assert rows["share_class"].isna().tolist() == [False, False, False, True]


def test_without_headlines_each_service_has_a_sheet() -> None:
    labels = replace(ENGLISH.labels, headlines={}, combinations={})
    coverage = ENGLISH.coverage[ENGLISH.coverage["service"] == "market"]
    shown = sheets_of(replace(ENGLISH, labels=labels, coverage=coverage))
    assert [sheet.service for sheet in shown] == ["market"]


def test_the_same_page_gives_the_same_bytes(tmp_path: Path) -> None:
    only = replace(ENGLISH, coverage=ENGLISH.coverage[ENGLISH.coverage["service"] == "health"])
    first = write_sheets(only, tmp_path / "a", "four", papers=("a4",))
    second = write_sheets(only, tmp_path / "b", "four", papers=("a4",))
    assert [file.read_bytes() for file in first] == [file.read_bytes() for file in second]


def test_water_with_an_island_keeps_it(tmp_path: Path) -> None:
    """The middle of a ring stays white on the sheet, whichever way its outlines were given."""
    ring = shapely.Point(5, 5).buffer(4).difference(shapely.Point(5, 5).buffer(2))
    for shape in (ring, shapely.Polygon(ring.exterior.coords[::-1], [ring.interiors[0].coords])):
        figure = Figure(figsize=(1, 1), dpi=100)
        axes = figure.add_axes((0, 0, 1, 1), xlim=(0, 10), ylim=(0, 10))
        axes.add_patch(PathPatch(outline_of(shape), fc="black", lw=0))
        figure.savefig(tmp_path / "ring.png")
        picture = imread(tmp_path / "ring.png")
        assert picture[50, 80, 0] == 0
        assert picture[50, 50, 0] == 1


def test_every_window_holds_all_units_whatever_its_shape() -> None:
    ground = Ground.of(ENGLISH)
    for ratio in (0.5, 1.0, 3.0):
        west, east, south, north = ground.extent(ratio)
        assert (east - west) / (north - south) == pytest.approx(ratio)
        box = ground.units.total_bounds
        assert west < box[0] and south < box[1] and east > box[2] and north > box[3]


# ---- fonts ----


def chinese() -> MapPage:
    return replace(ENGLISH, units=squares(("甲街道", "乙街道", "丙镇", "丁乡")))


def test_latin_names_need_no_other_font(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(font_manager.fontManager, "ttflist", [])
    assert font_for(["Newport · 85 %"], None) == ["DejaVu Sans"]


def test_chinese_without_a_font_is_refused_and_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sheets_font, "KNOWN", ("No Such Font",))
    with pytest.raises(StudyRefused) as refused:
        write_sheets(chinese(), tmp_path, "four")
    assert refused.value.problems[0].code == "font_missing"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["missing.ttf", "text.ttf", "latin"])
def test_a_font_that_cannot_draw_chinese_is_refused(name: str, tmp_path: Path) -> None:
    """A file that is not there, one that is no font, and one without Chinese characters."""
    (tmp_path / "text.ttf").write_text("no font", encoding="utf-8")
    latin = Path(font_manager.findfont("DejaVu Sans"))
    with pytest.raises(StudyRefused) as refused:
        font_for(["覆盖"], latin if name == "latin" else tmp_path / name)
    assert refused.value.problems[0].code == "font_unfit"


def test_chinese_names_are_drawn_with_a_font_that_has_them(tmp_path: Path) -> None:
    """Drawn without a warning of a missing character, which would fail this test."""
    only = replace(chinese(), coverage=ENGLISH.coverage[ENGLISH.coverage["service"] == "health"])
    files = write_sheets(replace(only, language="zh"), tmp_path, "four", papers=("a4",))
    assert len(files) == 4
    pdf = next(file for file in files if file.name == "four-health-a4.pdf").read_bytes()
    assert b"CJK" in pdf or b"Han" in pdf or b"Sim" in pdf or b"YaHei" in pdf


def test_papers_are_landscape() -> None:
    assert all(width > height for width, height in PAPERS.values())
