"""How the workbook looks: formats of cells, widths of columns, names of sheets."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from rich.cells import cell_len
from xlsxwriter.format import Format
from xlsxwriter.workbook import Workbook

from lifecircle.base.numbers import percent
from lifecircle.base.sentences import Language
from lifecircle.outputs.report_tables_base import Kind, Standing

FONTS: Mapping[Language, str] = {"zh": "Microsoft YaHei", "en": "Calibri"}
SIZE = 10
INK, QUIET, LINE, HEAD = "#1D2733", "#5B6775", "#C9D0D8", "#174A7C"

FILLS: Mapping[Standing, Mapping[str, Any]] = {
    "above": {"bg_color": "#DCE9F6"},
    "below": {"bg_color": "#F3B67A"},
    "open": {"bg_color": "#FFFFFF", "fg_color": "#B9C0C8", "pattern": 14},
    "": {},
}
"""Blue, orange and hatching: apart for colour-blind eyes, and light, dark, striped in grey."""

CELL_KINDS: Mapping[str, Mapping[str, Any]] = {
    "": {},
    "day": {"align": "left"},
    "text": {"text_wrap": True, "indent": 1},
    "quoted": {"text_wrap": True, "indent": 1, "quote_prefix": True},
}
"""A quoted text stays text when somebody edits the cell and leaves it."""

MARKS: Mapping[Standing, str] = {"above": '" ✓"', "below": '" ✗"', "open": '" ?"', "": ""}

NUMBERS: Mapping[Kind, str] = {
    "integer": "#,##0",
    "number": "#,##0",
    "metres": "#,##0",
    "coordinate": "0.000000",
    "date": "0",
}
DAY, SMALL = "yyyy-mm-dd", "#,##0.0"
SHORT, LONG, EXACT = "0.0%", "0.00%", "0.0000%"
TARGET = "0.0#%"

NARROWEST, VERDICT, HEADER, SHORT_TEXT, LONG_TEXT = 7.0, 15.0, 15.0, 34.0, 44.0
"""Widths in digits; a Chinese character takes two."""
FILTER_BUTTON = 2.5
SHEET_NAME = 31
NOT_IN_SHEET_NAMES = re.compile(r"[\[\]:*?/\\]")
WORD = re.compile(r"[\u2e80-\uffef]|[^\s\u2e80-\uffef]+")
PIECE = re.compile(r"[\u2e80-\uffef]|[^\s\u2e80-\uffef]+\s*|\s+")
WIDER = 1.06
"""How much wider than digits text may run; fonts differ between computers."""


@dataclass
class Formats:
    """The cell formats of one workbook, each made once."""

    book: Workbook
    language: Language
    made: dict[frozenset[tuple[str, Any]], Format] = field(default_factory=dict)
    cells: dict[tuple[str, Standing, bool, str], Format] = field(default_factory=dict)

    def of(self, **look: Any) -> Format:
        """The format with these properties."""
        own = {"font_name": FONTS[self.language], "font_size": SIZE, "font_color": INK}
        own |= {"valign": "vcenter"} | look
        key = frozenset(own.items())
        if key not in self.made:
            self.made[key] = self.book.add_format(own)
        return self.made[key]

    def cell(self, number: str, standing: Standing, total: bool, kind: str = "") -> Format:
        """The format of a cell of a table; `kind` is text, quoted, day or nothing."""
        key = (number, standing, total, kind)
        if key not in self.cells:
            look: dict[str, Any] = {"bottom": 1, "bottom_color": LINE, **FILLS[standing]}
            look |= {"bold": True} if total else {}
            look |= {"num_format": number} if number else {}
            self.cells[key] = self.of(**look, **CELL_KINDS[kind])
        return self.cells[key]

    @property
    def header(self) -> Format:
        """The format of a header."""
        return self.of(
            bold=True, font_color="#FFFFFF", bg_color=HEAD, text_wrap=True, align="center",
            border=1, border_color=LINE,
        )  # fmt: skip


def share_format(value: float, target: float | None, printed: bool) -> str:
    """The number format of a share: it never shows more than the one decimal that is printed.

    Two decimals can round a share below its target up to the next tenth (84.996 % to 85.00 %);
    such a share shows all digits that it has.
    """
    if printed:
        return SHORT
    if target is None or math.isnan(target) or value >= target:
        return LONG
    shown = math.floor(value * 1e4 + 0.5) / 1e4
    return LONG if percent(shown, target) == percent(value, target) and shown < target else EXACT


def printed_share(value: float, target: float | None) -> float:
    """The share as it is printed everywhere: to one decimal, down below the target."""
    return round(float(percent(value, target)) / 100, 6)


def header_width(header: str) -> float:
    """Room for the header in three lines, and for its longest word."""
    words = WORD.findall(header)
    longest = max((cell_len(word) for word in words), default=0)
    return max(longest + 1.5, math.ceil(cell_len(header) / 3) + FILTER_BUTTON)


def column_width(kind: Kind, header: str, texts: Iterable[str]) -> float:
    """A width that shows every number, and texts up to a limit beyond which they wrap."""
    longest = max((cell_len(text) for text in texts), default=0) + 2.0
    if kind == "verdict":
        longest = min(longest, VERDICT)
    if kind == "text":
        longest = min(longest + 1, SHORT_TEXT if longest <= 1.5 * SHORT_TEXT else LONG_TEXT)
    return max(NARROWEST, longest, min(header_width(header), HEADER))


def lines_needed(text: str, width: float) -> int:
    """How many lines a text takes in so many columns; words stay whole, Chinese may break."""
    if cell_len(text) + 2 <= width:
        return 1
    lines, at = 1, 0.0
    for piece in PIECE.findall(text):
        wide = cell_len(piece) * WIDER
        if at and at + cell_len(piece.rstrip()) * WIDER > width:
            lines, at = lines + 1, 0.0
        at += wide
    return lines


def sheet_names(titles: Iterable[str]) -> list[str]:
    """The titles as names of sheets: allowed signs, at most 31, no two alike."""
    taken: set[str] = set()
    names = []
    for title in titles:
        plain = NOT_IN_SHEET_NAMES.sub(" ", title).strip(" '") or "-"
        name, number = plain[:SHEET_NAME].strip(" '"), 2
        while name.lower() in taken:
            end = f" {number}"
            name, number = plain[: SHEET_NAME - len(end)].strip(" '") + end, number + 1
        taken.add(name.lower())
        names.append(name)
    return names
