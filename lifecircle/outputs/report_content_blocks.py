"""What a report is made of: chapters of headings, paragraphs, tables and figures, as data.

Word and PDF are written from the same blocks, so that they say the same.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from rich.cells import cell_len

from lifecircle.base.sentences import Language
from lifecircle.outputs.report_figures import Picture
from lifecircle.outputs.report_tables_base import ReportTable, Standing, cell_text

NUMERIC = ("integer", "number", "share", "metres", "coordinate")
SIGNS: Mapping[Standing, str] = {"above": "✓", "below": "✗", "open": "?", "": ""}
MOST_COLUMNS = 34
"""Columns of text (a Chinese character takes two) beyond which a cell asks for no more room."""

KEPT_WHOLE = 12
"""Rows up to which a table stays on one page."""


@dataclass(frozen=True)
class Heading:
    """A heading inside a chapter: level 2 stands in the table of contents, level 3 does not."""

    text: str
    level: Literal[2, 3] = 2


@dataclass(frozen=True)
class Paragraph:
    """A paragraph of plain text."""

    text: str
    kind: Literal["body", "bullet"] = "body"


@dataclass(frozen=True)
class Cell:
    """What stands in a cell, and where a share stands against its target."""

    text: str
    standing: Standing = ""


@dataclass(frozen=True)
class Column:
    """A column's header, and whether its cells are numbers."""

    header: str
    number: bool = False


@dataclass(frozen=True)
class Table:
    """A table with its caption; `strong` are rows of sums, `wide` asks for a landscape page."""

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""
    wide: bool = False
    strong: frozenset[int] = frozenset()

    def widths(self, total_mm: float) -> list[float]:
        """Millimetres for each column, together `total_mm`: numbers never break, words share."""
        asked = [
            _asked(column, [row[number].text for row in self.rows])
            for number, column in enumerate(self.columns)
        ]
        numbers = sum(one for one, column in zip(asked, self.columns, strict=True) if column.number)
        words = sum(asked) - numbers
        roomy = sum(asked) <= total_mm
        if roomy or not words or numbers > NUMBERS_AT_MOST * total_mm:
            return [total_mm * one / sum(asked) for one in asked]
        return [
            one if column.number else one * (total_mm - numbers) / words
            for one, column in zip(asked, self.columns, strict=True)
        ]


LETTER_MM, BOLD_MM, EDGES_MM = 1.5, 1.8, 3.0
"""The widths in a table of a digit and of a letter of its head, and of a cell's two edges."""

NUMBERS_AT_MOST = 0.8
"""The share of a table's width that numbers may take from words."""


def _asked(column: Column, texts: Sequence[str]) -> float:
    """Millimetres that a column asks for: its longest cell, up to a limit; headers may fold."""
    cells = min(max((cell_len(text) for text in texts), default=0), MOST_COLUMNS)
    words = [cell_len(word) for word in column.header.split() if word.isascii()]
    # A header folds into two lines, but no Latin word of its bold letters may break.
    header = max([min(cell_len(column.header) / 2, 8), *words])
    return max(cells * LETTER_MM, header * BOLD_MM) + EDGES_MM


@dataclass(frozen=True)
class Picturing:
    """A picture with its caption, and what stands below it: the credit of the map."""

    caption: str
    picture: Picture
    note: str = ""


Block = Heading | Paragraph | Table | Picturing


@dataclass(frozen=True)
class Chapter:
    """A chapter; it is never empty.  The summary and the appendix stand without a number."""

    title: str
    blocks: tuple[Block, ...]
    numbered: bool = True


@dataclass(frozen=True)
class Report:
    """A whole report in one language; `mark` says what the maps in it may be used for."""

    title: str
    kind: str
    organisation: str
    date: datetime.date
    dated: str
    mark: str
    chapters: tuple[Chapter, ...]
    language: Language


def table_from(
    table: ReportTable,
    keys: Sequence[str],
    language: Language,
    caption: str = "",
    wide: bool = False,
    first: int | None = None,
    headers: Mapping[str, str] | None = None,
    note: str | None = None,
) -> Table:
    """Some columns of a display table, by key, in the words and digits in which it is printed.

    `first` keeps so many rows; `headers` replaces headers by key, `note` the table's own.
    """
    known = {column.key: column for column in table.columns}
    columns = [known[key] for key in keys if key in known]
    rows = table.rows if first is None else table.rows.head(first)
    records: list[dict[Any, Any]] = rows.to_dict("records")
    return Table(
        caption or table.title,
        tuple(
            Column((headers or {}).get(column.key, column.header), column.kind in NUMERIC)
            for column in columns
        ),
        tuple(
            tuple(
                Cell(
                    cell_text(column, record, language),
                    record[column.standing] if column.standing else "",
                )
                for column in columns
            )
            for record in records
        ),
        table.note if note is None else note,
        wide,
        frozenset(number for number, record in enumerate(records) if record.get("sum") is True),
    )


def with_signs(table: Table) -> Table:
    """`table` with a sign beside every figure that stands above or below its target."""
    rows = tuple(
        tuple(
            replace(cell, text=f"{cell.text} {SIGNS[cell.standing]}") if cell.standing else cell
            for cell in row
        )
        for row in table.rows
    )
    return replace(table, rows=rows)


def plain_table(
    caption: str, headers: Iterable[tuple[str, bool]], rows: Iterable[Sequence[str]], note: str = ""
) -> Table:
    """A table of texts; each header says whether its cells are numbers."""
    columns = tuple(Column(header[:1].upper() + header[1:], number) for header, number in headers)
    return Table(caption, columns, tuple(tuple(Cell(text) for text in row) for row in rows), note)


def bullets(texts: Iterable[str]) -> tuple[Paragraph, ...]:
    """Each text as a point of a list."""
    return tuple(Paragraph(text, "bullet") for text in texts)


UNPRINTABLE = re.compile(
    "[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]|[\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)
"""What XML forbids, and what turns the direction of writing."""


def printable(text: str) -> str:
    """`text` on one line, without characters that no document can hold."""
    return " ".join(UNPRINTABLE.sub("\ufffd", text).split())


SHORT = 60
"""Characters of a title in the header."""


def short(title: str) -> str:
    """A title that fits the header."""
    return title if len(title) <= SHORT else f"{title[: SHORT - 1]}…"


PIECE = tuple[bool, tuple[Block, ...]]


def pieces(blocks: Sequence[Block]) -> list[PIECE]:
    """The blocks from one heading of level 2 to the next, and whether they need a wide page."""
    starts = [
        number
        for number, block in enumerate(blocks)
        if number == 0 or (isinstance(block, Heading) and block.level == 2)
    ]
    parts = [tuple(blocks[a:b]) for a, b in zip(starts, [*starts[1:], None], strict=True)]
    return [(any(isinstance(one, Table) and one.wide for one in part), part) for part in parts]
