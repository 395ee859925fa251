"""Print sheets: one map a service and an overview, as PNG at 300 dpi and as PDF, in A4 and A3.

All sheets of a series share extent, scale and classes, so that they can be laid side by side.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib import rc_context
from matplotlib.figure import Figure

from lifecircle.base.files import atomic_path
from lifecircle.outputs.maps import ALL, MapPage
from lifecircle.outputs.maps_data import breaks, not_known, share_classes
from lifecircle.outputs.sheets_draw import Box, Ground, draw_map, frame_of
from lifecircle.outputs.sheets_font import font_for
from lifecircle.outputs.sheets_text import Words, draw_foot, draw_legend, draw_title

PAPERS: dict[str, tuple[float, float]] = {"a4": (297.0, 210.0), "a3": (420.0, 297.0)}
"""Width and height in millimetres, landscape."""

MM_PER_INCH = 25.4
DPI = 300
FORMATS = ("png", "pdf")
MARGIN, TITLE, FOOT, LEGEND = 9.0, 15.0, 22.0, 52.0
"""Millimetres on A4: around the sheet, for the title, for the foot, and for the legend."""

OVERVIEW = "overview"


@dataclass(frozen=True)
class Sheet:
    """What one sheet shows: an id of the standard, over a denominator."""

    service: str
    denominator: str


def write_sheets(
    page: MapPage,
    folder: Path,
    name: str,
    papers: Sequence[str] = ("a4", "a3"),
    font: Path | None = None,
) -> list[Path]:
    """Write `<name>-<service>-<paper>.png` and `.pdf` into `folder`; gives the files.

    A sheet for each headline and for reaching all of them, else for each service, and one with
    all of them side by side.  Raises `StudyRefused` where no font has the characters needed,
    before anything is written.
    """
    words = Words(page, page.language)
    family = font_for(words.all_texts(), font)
    sheets = sheets_of(page)
    ground = Ground.of(page)
    written = []
    settings: Any = {"font.family": family, "pdf.fonttype": 3, "svg.hashsalt": "lifecircle"}
    with rc_context(settings):
        for paper in papers:
            for sheet in sheets:
                figure = one_map(page, sheet, paper, ground, words)
                written += saved(figure, folder / f"{name}-{sheet.service}-{paper}")
            figure = overview(page, sheets, paper, ground, words)
            written += saved(figure, folder / f"{name}-{OVERVIEW}-{paper}")
    return written


def sheets_of(page: MapPage) -> list[Sheet]:
    """The sheets of a page, over its first denominator that each service has."""
    given = set(zip(page.coverage["service"], page.coverage["denominator"], strict=True))
    measured = {service for service, _ in given}
    names = [name for name in (*page.labels.headlines, ALL) if name in measured]
    names = names or [name for name in page.labels.services if name in measured]
    return [
        Sheet(name, next(weight for weight in page.labels.denominators if (name, weight) in given))
        for name in names
    ]


def one_map(page: MapPage, sheet: Sheet, paper: str, ground: Ground, words: Words) -> Figure:
    """One service on one sheet."""
    figure, scale = empty_sheet(paper)
    width, height = PAPERS[paper]
    rows = unit_rows(page, sheet)
    left, bottom = MARGIN * scale, (MARGIN + FOOT) * scale
    box = Box(
        left,
        bottom,
        width - 2 * left - LEGEND * scale,
        height - bottom - (MARGIN + TITLE) * scale,
    )
    draw_map(figure, frame_of(figure, box), ground, rows, ground.dots(page, sheet.service), scale)
    draw_title(figure, words.title(sheet.service), words.figure(sheet), scale)
    place = Box(box.left + box.width + 4 * scale, bottom, LEGEND * scale - 4 * scale, box.height)
    draw_legend(figure, place, words, rows, scale)
    draw_foot(figure, words.foot(sheet), scale)
    return figure


def overview(
    page: MapPage, sheets: Sequence[Sheet], paper: str, ground: Ground, words: Words
) -> Figure:
    """All services side by side, in the same extent and classes."""
    figure, scale = empty_sheet(paper)
    width, height = PAPERS[paper]
    columns = min(3, len(sheets))
    lines = -(-len(sheets) // columns)
    room_x = (width - (2 * MARGIN + LEGEND) * scale) / columns
    room_y = (height - (2 * MARGIN + TITLE + FOOT) * scale) / lines
    shown = [unit_rows(page, sheet) for sheet in sheets]
    for number, (sheet, rows) in enumerate(zip(sheets, shown, strict=True)):
        line, column = divmod(number, columns)
        left = MARGIN * scale + column * room_x
        bottom = (MARGIN + FOOT) * scale + (lines - 1 - line) * room_y
        box = Box(left, bottom, room_x - 3 * scale, room_y - 8 * scale)
        draw_map(figure, frame_of(figure, box), ground, rows, None, scale, labels=False)
        title = f"{words.name(sheet.service)}  {words.figure(sheet)}"
        above = (bottom + room_y - 6.5 * scale) / height
        figure.text(left / width, above, title, fontsize=9 * scale, fontweight="bold")
    draw_title(figure, words.title(None), "", scale)
    place_x = width - (MARGIN + LEGEND) * scale + 4 * scale
    place = Box(place_x, (MARGIN + FOOT) * scale, (LEGEND - 4) * scale, room_y * lines)
    draw_legend(figure, place, words, pd.concat(shown), scale, dots=False)
    draw_foot(figure, words.foot(sheets[0], every=True), scale)
    return figure


def unit_rows(page: MapPage, sheet: Sheet) -> pd.DataFrame:
    """The row of COVERAGE of each unit, in their order, with its class and its hatching."""
    coverage = page.coverage[
        (page.coverage["service"] == sheet.service)
        & (page.coverage["denominator"] == sheet.denominator)
    ]
    keys = pd.MultiIndex.from_frame(page.units[["unit_id", "level"]])
    rows = coverage.set_index(["unit_id", "level"]).reindex(keys).reset_index()
    given = page.coverage["target"].dropna()
    edges = breaks(float(given.mode().iloc[0]) if len(given) else 0.85)
    rows = rows.assign(share_class=share_classes(rows, edges), hatched=not_known(rows, edges))
    return rows.assign(share_class=rows["share_class"].where(rows["share"].notna()))


def empty_sheet(paper: str) -> tuple[Figure, float]:
    """An empty sheet, and how much larger than on A4 everything on it is."""
    width, height = PAPERS[paper]
    figure = Figure(figsize=(width / MM_PER_INCH, height / MM_PER_INCH), dpi=DPI)
    return figure, width / PAPERS["a4"][0]


def saved(figure: Figure, path: Path) -> list[Path]:
    """The figure in both formats, without the time of writing."""
    files = []
    for kind in FORMATS:
        file = path.with_name(f"{path.name}.{kind}")
        metadata = {"Software": None} if kind == "png" else {"CreationDate": None}
        with atomic_path(file) as temporary:
            figure.savefig(temporary, format=kind, metadata=metadata)
        files.append(file)
    return files
