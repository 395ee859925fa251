"""The pictures of the report: print maps as on the sheets, and charts, as PNG of few colours."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from PIL import Image

from lifecircle.base.numbers import percent
from lifecircle.base.sentences import Language, sentence
from lifecircle.measures.result import Result
from lifecircle.outputs.charts import COLOURS, supply_name
from lifecircle.outputs.maps import MapPage
from lifecircle.outputs.result_map import print_page
from lifecircle.outputs.sheets import MM_PER_INCH, Sheet, sheets_of, unit_rows
from lifecircle.outputs.sheets_draw import Box, Ground, draw_map, frame_of
from lifecircle.outputs.sheets_font import font_for
from lifecircle.outputs.sheets_text import Words, draw_legend
from lifecircle.outputs.terminal import folded

DPI = 200
COLOURS_OF_A_PICTURE = 200
"""Enough for the classes and their edges; a picture then takes a third of the space."""

NEARLY_WHITE = 250
"""The few colours have no pure white of their own, and a page is white."""

WIDTH, MAP_HEIGHT, LEGEND = 160.0, 92.0, 44.0
"""Millimetres: a portrait page's text, a map's height, and the legend beside it."""

MOST_MAPS, MOST_BARS = 8, 12
"""How many maps stand side by side, and how many services in a chart."""

OVERVIEW, SHARES, LORENZ = "overview", "shares", "lorenz"
"""Names of the pictures that belong to no single service."""


@dataclass(frozen=True)
class Picture:
    """A PNG and its size on paper."""

    png: bytes
    width_mm: float
    height_mm: float


def pictures(result: Result, language: Language, subjects: Sequence[str]) -> dict[str, Picture]:
    """The pictures of a report: a map for each of `subjects`, by name, and those of the whole.

    Raises `StudyRefused` where a name has Chinese characters and no font here has them.
    """
    page = replace(print_page(result), language=language)
    words, sheets = Words(page, language), sheets_of(page)
    family = font_for([*words.all_texts(), sentence("map.page_kind", language)], None)
    settings: Any = {"font.family": family, "axes.unicode_minus": False}
    with rc_context(settings):
        ground = Ground.of(page)
        found = {
            sheet.service: _png(_service_map(page, sheet, ground, words))
            for sheet in sheets
            if sheet.service in subjects
        }
        if len(sheets) > 1:
            found[OVERVIEW] = _png(_overview_map(page, sheets[:MOST_MAPS], ground, words))
        found[SHARES] = _png(_share_chart(page, sheets[:MOST_BARS], words))
        curves = _lorenz_chart(result, language)
        if curves is not None:
            found[LORENZ] = _png(curves)
    return found


def _png(figure: Figure) -> Picture:
    """The figure as a PNG with few colours, always the same bytes."""
    canvas: Any = FigureCanvasAgg(figure)
    canvas.draw()
    picture = Image.fromarray(np.asarray(canvas.buffer_rgba())[:, :, :3])
    # The method that keeps small areas of a colour of their own, such as those of a legend.
    few = picture.quantize(
        COLOURS_OF_A_PICTURE, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE
    )
    palette = np.array(few.getpalette(), dtype=np.uint8).reshape(-1, 3)
    palette[(palette >= NEARLY_WHITE).all(axis=1)] = 255
    few.putpalette(palette.tobytes())
    small = io.BytesIO()
    few.save(small, format="png")
    wide, high = figure.get_size_inches() * MM_PER_INCH
    return Picture(small.getvalue(), float(wide), float(high))


def _empty(width_mm: float, height_mm: float) -> Figure:
    size = (width_mm / MM_PER_INCH, height_mm / MM_PER_INCH)
    return Figure(figsize=size, dpi=DPI, facecolor="white")


def _service_map(page: MapPage, sheet: Sheet, ground: Ground, words: Words) -> Figure:
    """One service: its classes, the facilities that count for it, and the legend."""
    figure = _empty(WIDTH, MAP_HEIGHT)
    rows = unit_rows(page, sheet)
    axes = frame_of(figure, Box(0.3, 0.3, WIDTH - LEGEND, MAP_HEIGHT - 0.6))
    draw_map(figure, axes, ground, rows, ground.dots(page, sheet.service), 1.0)
    draw_legend(figure, Box(WIDTH - LEGEND + 4, 0, LEGEND - 4, MAP_HEIGHT), words, rows, 0.95)
    return figure


def _overview_map(page: MapPage, sheets: Sequence[Sheet], ground: Ground, words: Words) -> Figure:
    """All services side by side in one extent and one set of classes; the legend fills a cell."""
    columns = 3
    lines = -(-(len(sheets) + 1) // columns)
    room_x, room_y = WIDTH / columns, 58.0
    figure = _empty(WIDTH, room_y * lines)
    shown = [unit_rows(page, sheet) for sheet in sheets]
    for number, (sheet, rows) in enumerate(zip(sheets, shown, strict=True)):
        line, column = divmod(number, columns)
        bottom = (lines - 1 - line) * room_y
        box = Box(column * room_x + 0.3, bottom + 0.3, room_x - 2.5, room_y - 8)
        draw_map(figure, frame_of(figure, box), ground, rows, None, 0.8, labels=False)
        title = f"{words.name(sheet.service)}  {words.figure(sheet)}"
        place = (box.left / WIDTH, (bottom + room_y - 6) / (room_y * lines))
        figure.text(*place, title, fontsize=8, fontweight="bold", parse_math=False)
    line, column = divmod(len(sheets), columns)
    place_of_legend = Box(column * room_x + 3, (lines - 1 - line) * room_y, room_x, room_y - 2)
    every = pd.concat(shown)
    # With and without a target there are two sets of classes, which must fit the same cell.
    scale = 0.62 if every["target"].isna().any() and every["target"].notna().any() else 0.85
    draw_legend(figure, place_of_legend, words, every, scale, dots=False)
    return figure


def _share_chart(page: MapPage, sheets: Sequence[Sheet], words: Words) -> Figure:
    """On foot against the straight line for all units together, with the target."""
    rows = [_whole_row(page, sheet) for sheet in sheets]
    names = [folded(words.name(sheet.service), 16) for sheet in sheets]
    figure = _empty(WIDTH, 16 + 9.5 * len(rows))
    axes = figure.add_axes(
        (0.19, 9 / (16 + 9.5 * len(rows)), 0.76, 1 - 16 / (16 + 9.5 * len(rows)))
    )
    for number, row in enumerate(rows):
        _bars(axes, number, row)
    targets = {row["target"] for row in rows if not pd.isna(row["target"])}
    for target in sorted(targets):
        axes.axvline(100 * target, color="#111111", lw=1.1, ls=(0, (4, 2)), zorder=4)
    axes.set_yticks(range(len(rows)), names, fontsize=8, parse_math=False)
    axes.set_ylim(len(rows) - 0.45, -0.55)
    axes.set_xlim(0, 108)
    axes.set_xticks(range(0, 101, 20), [f"{tick} %" for tick in range(0, 101, 20)], fontsize=7.5)
    _quiet(axes)
    _chart_key(figure, words.language, bool(targets))
    return figure


ON_FOOT, POSSIBLE, STRAIGHT = "#0b5fa5", "#9bccf0", "#c4c9cf"


def _bars(axes: Axes, number: int, row: Any) -> None:
    share, upper, straight = (
        100 * row[name] for name in ("share", "share_upper", "straight_line_share")
    )
    axes.barh(number + 0.2, straight, height=0.3, color=STRAIGHT, zorder=2)
    axes.barh(number - 0.14, upper, height=0.34, color=POSSIBLE, zorder=2)
    axes.barh(number - 0.14, share, height=0.34, color=ON_FOOT, zorder=3)
    figures = percent(row["share"], row["target"])
    last = percent(row["share_upper"], row["target"])
    text = figures if figures == last else f"{figures} – {last}"
    halo = [withStroke(linewidth=2.5, foreground="white")]
    place = (max(share, upper) + 0.8, number - 0.14)
    axes.text(*place, f"{text} %", fontsize=7.5, va="center", path_effects=halo, zorder=5)


def _chart_key(figure: Figure, language: Language, targeted: bool) -> None:
    """What the bars and the line stand for, above the chart."""
    keys = [("█", ON_FOOT, "on_foot"), ("█", POSSIBLE, "possible"), ("█", STRAIGHT, "straight")]
    keys += [("┆", "#111111", "target")] if targeted else []
    high = figure.get_size_inches()[1] * MM_PER_INCH
    for number, (sign, colour, key) in enumerate(keys):
        x, y = 0.19 + 0.2 * number, 1 - 4 / high
        figure.text(x, y, sign, color=colour, fontsize=8, va="center", family="DejaVu Sans")
        text = sentence(f"document.chart_{key}", language)
        figure.text(x + 0.02, y, text, fontsize=7.5, va="center", parse_math=False)


def _whole_row(page: MapPage, sheet: Sheet) -> Any:
    """The row of all units together."""
    table = page.coverage
    chosen = (table["level"] == "city") & (table["service"] == sheet.service)
    return table[chosen & (table["denominator"] == sheet.denominator)].iloc[0]


def _lorenz_chart(result: Result, language: Language) -> Figure | None:
    """The Lorenz curves of supply (Gaussian), one a capacity; None where no supply is known."""
    policy = result.policy
    of_supply = policy.fairness["what"] == "supply"
    own = policy.fairness[of_supply & policy.fairness["subject"].str.endswith("gaussian")]
    if own.empty:
        return None
    figure = _empty(WIDTH, 78)
    axes = figure.add_axes((0.12, 0.16, 0.42, 0.8))
    axes.plot([0, 1], [0, 1], color="#888888", lw=0.9, ls=(0, (5, 4)))
    for number, (_, row) in enumerate(own.iterrows()):
        curve = policy.lorenz[
            (policy.lorenz["what"] == "supply") & (policy.lorenz["subject"] == row["subject"])
        ]
        name = supply_name(row["subject"].removesuffix("_gaussian"), language)
        gini = "–" if pd.isna(row["gini"]) else f"{row['gini']:.2f}"
        colour = COLOURS[number % len(COLOURS)]
        axes.plot(curve["people_share"], curve["value_share"], color=colour, lw=1.6)
        y = 0.88 - 0.13 * number
        figure.text(0.6, y, "━━", color=colour, fontsize=9, va="center", family="DejaVu Sans")
        text = f"{folded(name, 26)}\nGini {gini}"
        figure.text(0.655, y, text, fontsize=8, va="center", parse_math=False)
    ticks = [0, 0.25, 0.5, 0.75, 1]
    axes.set_xticks(ticks, [f"{tick:.0%}" for tick in ticks], fontsize=7.5)
    axes.set_yticks(ticks, [f"{tick:.0%}" for tick in ticks], fontsize=7.5)
    axes.set_xlabel(sentence("charts.people", language), fontsize=7.5)
    axes.set_ylabel(folded(sentence("charts.held", language), 34), fontsize=7.5)
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    _quiet(axes, both=True)
    return figure


def _quiet(axes: Axes, both: bool = False) -> None:
    """Thin grey lines, no box."""
    axes.set_axisbelow(True)
    axes.grid(axis="both" if both else "x", color="#e3e3e3", lw=0.6)
    axes.tick_params(length=0)
    for name, spine in axes.spines.items():
        spine.set_visible(name in ("left", "bottom"))
        spine.set_color("#8b96a3")
