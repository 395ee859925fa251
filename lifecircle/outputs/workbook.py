"""report.xlsx: the display tables as sheets that a planner filters, computes with and prints."""

from __future__ import annotations

import datetime
import io
import math
from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Any

import numpy as np
import pandas as pd
import xlsxwriter
from xlsxwriter.worksheet import Worksheet

from lifecircle.base.sentences import Language, sentence
from lifecircle.measures.result import Result
from lifecircle.outputs.csv_text import FORMULA_STARTS
from lifecircle.outputs.report_tables import ReportColumn, ReportTable, cell_text, report_tables
from lifecircle.outputs.report_tables_base import Standing
from lifecircle.outputs.workbook_style import (
    DAY,
    HEAD,
    MARKS,
    NUMBERS,
    QUIET,
    SMALL,
    TARGET,
    Formats,
    column_width,
    lines_needed,
    printed_share,
    share_format,
    sheet_names,
)

PRINTED = ("overview", "services", "gaps")
"""Tables whose shares are those of the printed report; the others hold every digit."""
OPTIONS = {
    "in_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "constant_memory": False,
}
LONGEST_TEXT = 32_000
A3, A4 = 8, 9
A3_FROM = 170.0
"""Columns of digits from which on a sheet is printed on A3."""
BLOCK_WIDTH = 130.0
"""How wide the definition lines run, so that they can be read on a screen."""
ROOM = {"address": 26.0, "responsible": 20.0, "area_m2": 12.0}
"""Widths of columns that are to be filled in."""
FROZEN_TEXTS = 2
LINE_HEIGHT = 15.5
HEADER_TEXT = 200

Row = Mapping[Any, Any]


def workbook_bytes(
    result: Result, language: Language, tables: Mapping[str, ReportTable] | None = None
) -> bytes:
    """The workbook of a run; the same run gives the same bytes, dated with the report's date.

    `tables` are those of `report_tables`, where somebody has made them already.
    """
    file = io.BytesIO()
    study = result.study
    title, organisation = study.study.title or study.study.name, study.report.organisation
    with xlsxwriter.Workbook(file, OPTIONS) as book:
        midnight = datetime.datetime.combine(study.report_date, datetime.time())
        book.set_properties(
            {"title": title, "author": organisation, "company": organisation, "created": midnight}
        )
        book.set_calc_mode("auto")
        formats = Formats(book, language)
        ordered = in_order(report_tables(result, language) if tables is None else tables)
        for name, table in zip(sheet_names(table.title for table in ordered), ordered, strict=True):
            sheet = book.add_worksheet(name)
            _Sheet(sheet, table, formats, language).write(block_lines(result, language), title)
    return file.getvalue()


def in_order(tables: Mapping[str, ReportTable]) -> list[ReportTable]:
    """The tables as sheets: what is read first comes first, the many services last."""
    return sorted(tables.values(), key=lambda table: table.id.startswith("service:"))


def block_lines(result: Result, language: Language) -> list[str]:
    """Whose the sheet is: the study, the organisation, the date, and its standing."""
    study = result.study
    standing = sentence("report_block.internal", language)
    if study.study.map_approval:
        standing = sentence("map.approval", language, number=study.study.map_approval)
    date = sentence("report_block.date", language, date=study.report_date.isoformat())
    parts = [study.study.title or study.study.name, study.report.organisation, date, standing]
    return [" · ".join(part for part in parts if part)]


class _Sheet:
    """One sheet being written: title block, header, rows, and how it is printed."""

    def __init__(
        self, sheet: Worksheet, table: ReportTable, formats: Formats, language: Language
    ) -> None:
        self.sheet, self.table, self.formats, self.language = sheet, table, formats, language
        self.records: list[dict[Any, Any]] = table.rows.to_dict("records")
        self.printed = table.id in PRINTED
        self.widths = [self._width(column) for column in table.columns]

    def write(self, block: Sequence[str], title: str) -> None:
        """Write everything."""
        head = self._block(block)
        for number, (column, width) in enumerate(zip(self.table.columns, self.widths, strict=True)):
            self.sheet.set_column(number, number, width)
            self.sheet.write_string(head, number, column.header, self.formats.header)
            self._column(number, column, head + 1)
        self.sheet.set_row(head, LINE_HEIGHT * self._header_lines() + 4)
        for row, lines in enumerate(self._lines(), head + 1):
            if lines > 1:
                self.sheet.set_row(row, LINE_HEIGHT * lines)
        self._view(head)
        self._print(head, title)

    def _header_lines(self) -> int:
        pairs = zip(self.table.columns, self.widths, strict=True)
        return max(lines_needed(column.header, width - 1) for column, width in pairs)

    def _lines(self) -> list[int]:
        """Of each row the lines of the cell that needs most; not all programs find that out."""
        most = np.ones(len(self.records), dtype=np.int64)
        for column, width in zip(self.table.columns, self.widths, strict=True):
            if column.kind in ("text", "verdict"):
                which, texts = pd.factorize(self.table.rows[column.key].astype(str))
                needed = np.array([lines_needed(text, width) for text in texts], dtype=np.int64)
                most = np.maximum(most, needed[which])
        lines: list[int] = most.tolist()
        return lines

    def _width(self, column: ReportColumn) -> float:
        rows = telling_rows(column, self.table.rows).to_dict("records")
        texts = (cell_text(column, row, self.language) for row in rows)
        mark = 2.0 if column.standing and column.kind != "verdict" else 0.0
        digits = 0.0 if self.printed or column.kind != "share" else 3.0
        room = ROOM.get(column.key, 0.0)
        return max(room, column_width(column.kind, column.header, texts) + mark + digits)

    def _block(self, lines: Sequence[str]) -> int:
        """Title, whose it is, and the definition; says in which row the header stands."""
        sheet, notes = self.sheet, self.table.note.split("\n")
        last = self._block_end()
        width = sum(self.widths[: last + 1])
        title = self.formats.of(bold=True, font_size=15, font_color=HEAD)
        quiet = self.formats.of(font_color=QUIET, text_wrap=True, valign="top")
        looks = [title, *[quiet] * (len(lines) + len(notes))]
        for row, (text, look) in enumerate(
            zip([self.table.title, *lines, *notes], looks, strict=True)
        ):
            if last:
                sheet.merge_range(row, 0, row, last, "", look)
            sheet.write_string(row, 0, fit_text(text), look)
            height = 24.0 if row == 0 else LINE_HEIGHT * lines_needed(text, width)
            sheet.set_row(row, height)
        return len(looks)

    def _block_end(self) -> int:
        """The last column that the definition lines run over."""
        ends = list(accumulate(self.widths))
        return next(
            (number for number, end in enumerate(ends) if end >= BLOCK_WIDTH), len(ends) - 1
        )

    def _column(self, number: int, column: ReportColumn, first: int) -> None:
        for row, record in enumerate(self.records, first):
            self._cell(row, number, column, record)

    def _cell(self, row: int, number: int, column: ReportColumn, record: Row) -> None:
        value, total = record[column.key], bool(record.get("sum", False))
        standing: Standing = record[column.standing] if column.standing else ""
        formats = self.formats
        if isinstance(value, float) and math.isinf(value):
            value = cell_text(column, record, self.language)
        if isinstance(value, str):
            kind = "quoted" if value.startswith(FORMULA_STARTS) else "text"
            look = formats.cell("", standing, total, kind)
            self.sheet.write_string(row, number, fit_text(value), look)
        elif isinstance(value, datetime.date):
            look = formats.cell(DAY, standing, total, "day")
            self.sheet.write_datetime(row, number, value, look)
        elif value is None or pd.isna(value):
            self.sheet.write_blank(row, number, None, formats.cell("", standing, total))
        else:
            figure, look = self._figure(column, record, float(value))
            self.sheet.write_number(row, number, figure, formats.cell(look, standing, total))

    def _figure(self, column: ReportColumn, record: Row, value: float) -> tuple[float, str]:
        """The number of a cell and its number format."""
        if column.kind != "share" and not (column.share_if and record[column.share_if]):
            small = column.share_if and abs(value) < 100 and value != round(value)
            return value, SMALL if small else NUMBERS[column.kind]
        if column.key.endswith("target"):
            return value, TARGET
        target = record[column.target] if column.target else None
        mark = MARKS[record[column.standing]] if column.standing else ""
        shown = printed_share(value, target) if self.printed else value
        return shown, share_format(value, target, self.printed) + mark

    def _view(self, head: int) -> None:
        """What stays in sight, and the filter."""
        columns, rows = len(self.table.columns), len(self.records)
        texts = [column.kind == "text" for column in self.table.columns[:FROZEN_TEXTS]]
        self.sheet.freeze_panes(head + 1, sum(texts) if all(texts[:1]) else 0)
        self.sheet.autofilter(head, 0, head + max(rows, 1), columns - 1)
        self.sheet.hide_gridlines(2)
        self.sheet.set_zoom(100)
        if not self.table.id.startswith("service:"):
            self.sheet.set_tab_color(HEAD)

    def _print(self, head: int, title: str) -> None:
        """Landscape, one page wide, the header on every page, and whose it is at the foot."""
        sheet = self.sheet
        sheet.set_landscape()
        sheet.set_paper(A3 if sum(self.widths) > A3_FROM else A4)
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(head)
        sheet.print_area(0, 0, head + max(len(self.records), 1), len(self.table.columns) - 1)
        sheet.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
        sheet.center_horizontally()
        name = " · ".join([title, self.table.title])[:HEADER_TEXT].replace("&", "&&")
        sheet.set_footer(f"&L{name}&R{sentence('report_block.page', self.language)}")


def telling_rows(column: ReportColumn, rows: pd.DataFrame) -> pd.DataFrame:
    """Rows among which is the widest cell of a column: of numbers the ends, of texts each one."""
    own = rows[[name for name in (column.key, column.target, column.share_if) if name]]
    if column.share_if or not pd.api.types.is_numeric_dtype(own[column.key]):
        return own.drop_duplicates()
    figures = own[column.key].to_numpy(dtype=float, na_value=np.nan)
    finite = np.flatnonzero(np.isfinite(figures))
    ends = finite[np.argsort(figures[finite])[[0, -1]]] if len(finite) else finite
    others = [np.flatnonzero(mark)[:1] for mark in (np.isnan(figures), np.isinf(figures))]
    return own.iloc[np.concatenate([ends, *others])]


def fit_text(text: str) -> str:
    """A text as a cell can hold it."""
    plain = text.encode("utf-8", "replace").decode("utf-8")
    return plain if len(plain) <= LONGEST_TEXT else f"{plain[:LONGEST_TEXT]}…"
