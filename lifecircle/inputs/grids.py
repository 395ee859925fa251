"""Tables of text and of workbooks, as rows of text each with the number it has in its file.

A header is searched among the first rows, so that titles above it do no harm; a header of two
rows, as merging makes it, becomes one.  Every cell becomes text, so that identifiers keep their
digits.
"""

from __future__ import annotations

import csv
import io
import subprocess
import sys
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import pandas as pd
from python_calamine import CalamineError, CalamineWorkbook, PasswordError

from lifecircle.base.problems import InputRefused, Problem
from lifecircle.base.text import decode
from lifecircle.inputs.cells import SPACES, cell_text
from lifecircle.inputs.columns import BETWEEN_ROWS, headings, known_words
from lifecircle.inputs.kinds import Kind, read_content

ROW = "row"
HEADER_ROWS = 10
"""So many rows with something in them are looked at for the header."""

MOST_ROWS = 1_000_000
MOST_BLANK_ROWS = 1_000
MOST_NULS = 0.001
"""A text with a larger share of NUL bytes is no text."""

TRIAL = """
import sys, python_calamine
try:
    import resource
    resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
except (ImportError, ValueError, OSError):
    pass  # no such limit on this system: the clock alone has to do
try:
    book = python_calamine.CalamineWorkbook.from_path(sys.argv[1])
    for name in book.sheet_names:
        for row in book.get_sheet_by_name(name).iter_rows():
            pass
except (python_calamine.CalamineError, ValueError, OSError):
    pass  # the caller meets the same error, and has words for it
"""
TRIAL_SECONDS = 8
"""And one more for each MB of the file."""

DELIMITERS = (",", "\t", ";")


@dataclass(frozen=True)
class Grid:
    """Rows of stripped cells that are not blank, and their numbers in the file."""

    sheet: str
    lines: list[int]
    rows: list[list[str]]
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True)
class TextTable:
    """The rows under the header, indexed by their number in the file, and what was noted."""

    frame: pd.DataFrame
    sheet: str
    problems: tuple[Problem, ...]


def read_table(
    path: Path, kind: Kind, declared: Collection[str | None] = (), sheet: str | None = None
) -> TextTable:
    """The table in a text file or workbook.

    `declared` are the columns that the study names: with the aliases they tell the header.  Of
    several sheets the one is read that `sheet` names, else the first that has such a header.
    Raises `InputRefused` where the file cannot be read or has no such sheet, where two columns
    have one name, and for rows of a text with more or fewer fields than its header.
    """
    words = known_words(declared)
    grids = [_text_grid(path, words)] if kind == "CSV" else workbook_grids(path, kind, sheet)
    grid, notes = _chosen(grids, words, path)
    start, header = find_header(grid.rows, words)
    problems = _header_problems(header, grid, path)
    if kind == "CSV":
        problems = problems or _length_problems(grid, start, len(header), path)
    if problems:
        raise InputRefused(problems)
    if grid.lines[start - 1] > 1:
        details = {"line": grid.lines[start - 1]}
        notes.append(Problem("header_found", "noted", path.name, sheet=grid.sheet, details=details))
    return TextTable(_frame(grid, start, header), grid.sheet, (*grid.problems, *notes))


def find_header(rows: list[list[str]], words: Collection[str]) -> tuple[int, list[str]]:
    """Where the rows under the header begin, and the header.

    The row among the first ten that knows most `words` is the header, or two rows together, as
    merged cells leave them, if they know more; the first row where none knows any.
    """
    best = (_known(rows[0], words), 1, rows[0])
    for index in range(min(HEADER_ROWS, len(rows))):
        single = _known(rows[index], words)
        if single > best[0]:
            best = (single, index + 1, rows[index])
        if index + 1 < min(HEADER_ROWS, len(rows)):
            merged = _merged(rows[index], rows[index + 1])
            both = _known(merged, words)
            if both > max(best[0], single, _known(rows[index + 1], words)):
                best = (both, index + 2, merged)
    return best[1], best[2]


def _known(header: Iterable[str], words: Collection[str]) -> int:
    return sum(1 for name in header if name and not headings(name).isdisjoint(words))


def _merged(upper: list[str], lower: list[str]) -> list[str]:
    """`坐标, …` over `经度, 纬度` as `坐标/经度, 坐标/纬度`."""
    names, group = [], ""
    for above, below in zip(upper, lower, strict=False):
        group = above or group
        names.append(f"{group}{BETWEEN_ROWS}{below}" if below else above)
    return names


def _chosen(grids: list[Grid], words: Collection[str], path: Path) -> tuple[Grid, list[Problem]]:
    """The sheet to read: the only one with rows, else the first whose header is known."""
    filled = [grid for grid in grids if grid.rows]
    if not filled:
        raise InputRefused([Problem("file_empty", "refused", path.name)])
    if len(filled) == 1:
        return filled[0], []
    fitting = [grid for grid in filled if _known(find_header(grid.rows, words)[1], words) >= 2]
    listed = ", ".join(f"{grid.sheet} ({len(grid.rows)})" for grid in filled)
    details = {"sheets": listed}
    if not fitting:
        raise InputRefused([Problem("sheet_none_fits", "refused", path.name, details=details)])
    sheet = fitting[0].sheet
    if len(fitting) == 1 and fitting[0] is filled[0]:
        return fitting[0], []
    code = "sheets_many" if len(fitting) > 1 else "sheet_taken"
    return fitting[0], [Problem(code, "noted", path.name, sheet=sheet, details=details)]


def _frame(grid: Grid, start: int, header: list[str]) -> pd.DataFrame:
    """The rows under the header, each as wide as it; columns without a name are left out."""
    width = len(header)
    rows = [row if len(row) == width else (row + [""] * width)[:width] for row in grid.rows[start:]]
    index = pd.Index(grid.lines[start:], name=ROW, dtype="int64")
    frame = pd.DataFrame(rows, columns=header, index=index, dtype="str")
    return frame.loc[:, [bool(name) for name in header]]


def _header_problems(header: list[str], grid: Grid, path: Path) -> list[Problem]:
    twice = sorted({name for name in header if name and header.count(name) > 1})
    line = grid.lines[0]
    return [
        Problem("column_twice", "refused", path.name, line, column=name, sheet=grid.sheet)
        for name in twice
    ]


def _length_problems(grid: Grid, start: int, expected: int, path: Path) -> list[Problem]:
    return [
        Problem(
            "row_fields",
            "refused",
            path.name,
            line,
            details={"fields": len(row), "expected": expected},
        )
        for line, row in zip(grid.lines[start:], grid.rows[start:], strict=True)
        if len(row) != expected
    ]


# ---- text ----


def _text_grid(path: Path, words: Collection[str]) -> Grid:
    text, problems = plain_text(path)
    lines, rows, padded = _records(text, _delimiter(text, words), path)
    if padded:
        details = {"count": padded}
        problems.append(Problem("spaces_stripped", "repaired", path.name, details=details))
    return Grid("", lines, rows, tuple(problems))


def plain_text(path: Path) -> tuple[str, list[Problem]]:
    """The text of a file without NULs, and a note on its encoding and its NULs."""
    content = read_content(path)
    text = decode(content, path.name)
    notes = []
    if not content.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        try:
            content.decode("utf-8")
        except UnicodeDecodeError:
            notes.append(Problem("encoding_gb18030", "noted", path.name))
    nuls = text.count("\0")
    if nuls > MOST_NULS * len(text) + 3:
        raise InputRefused(
            [Problem("file_kind", "refused", path.name, details={"expected": "CSV"})]
        )
    if nuls:
        notes.append(Problem("nul_bytes", "repaired", path.name, details={"count": nuls}))
        text = text.replace("\0", "")
    return text, notes


def _delimiter(text: str, words: Collection[str]) -> str:
    """The delimiter under which the first rows know most words, then have most fields."""
    head = text[:20_000].splitlines()[: HEADER_ROWS + 2]

    def worth(delimiter: str) -> tuple[int, int]:
        rows = [[cell.strip(SPACES) for cell in line.split(delimiter)] for line in head]
        rows = [row for row in rows if any(row)] or [[""]]
        header = find_header(rows, words)[1]
        return _known(header, words), max(map(len, rows))

    return max(DELIMITERS, key=worth)


def _records(text: str, delimiter: str, path: Path) -> tuple[list[int], list[list[str]], int]:
    """Line numbers and stripped cells of every row that is not blank; how many were padded."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    lines, records, line, padded = [], [], 1, 0
    try:
        for record in reader:
            cells = [cell.strip(SPACES) for cell in record]
            padded += sum(map(str.__ne__, cells, record)) if cells != record else 0
            if any(cells):
                lines.append(line)
                records.append(cells)
            line = reader.line_num + 1
            if len(lines) > MOST_ROWS:
                raise _too_many_rows(path)
    except csv.Error as error:
        details = {"error": str(error), "last": reader.line_num}
        problem = Problem("csv_syntax", "refused", path.name, line, details=details)
        raise InputRefused([problem]) from None
    return lines, records, padded


# ---- workbooks ----


def refuse_if_it_ends_the_reader(path: Path) -> None:
    """Raise `InputRefused` for an old workbook whose damage would end the process that reads it.

    The reader of the old binary format asks for as much memory as a damaged file says; a child
    tries first.
    """
    command = [sys.executable, "-I", "-c", TRIAL, str(path)]
    seconds = TRIAL_SECONDS + path.stat().st_size / 1e6
    try:
        done = subprocess.run(command, capture_output=True, timeout=seconds, check=False)  # noqa: S603 - our own program and words
    except subprocess.TimeoutExpired:
        done = None
    if done is None or done.returncode != 0:
        details = {"error": "BIFF"}
        problem = Problem("file_unreadable", "refused", path.name, details=details)
        raise InputRefused([problem])


def workbook_grids(path: Path, kind: Kind, sheet: str | None) -> list[Grid]:
    """The visible sheets of a workbook, or the one that is named."""
    if kind == "XLS":
        refuse_if_it_ends_the_reader(path)
    try:
        with CalamineWorkbook.from_path(path) as book:
            names = book.sheet_names
            if sheet is not None and sheet not in names:
                details = {"sheets": ", ".join(names)}
                problem = Problem(
                    "sheet_unknown", "refused", path.name, None, sheet, details=details
                )
                raise InputRefused([problem])
            return [_sheet_grid(book, name, path) for name in names if sheet in (None, name)]
    except PasswordError:
        raise InputRefused([Problem("file_password", "refused", path.name)]) from None
    except (CalamineError, OSError, ValueError) as error:
        details = {"error": str(error).splitlines()[0] if str(error) else type(error).__name__}
        problem = Problem("file_unreadable", "refused", path.name, details=details)
        raise InputRefused([problem]) from None
    except BaseException as error:
        # A panic of the reader's own language is no Exception; everything else is not ours.
        if type(error).__name__ != "PanicException":
            raise
        problem = Problem("file_unreadable", "refused", path.name, details={"error": "panic"})
        raise InputRefused([problem]) from None


def _sheet_grid(book: CalamineWorkbook, name: str, path: Path) -> Grid:
    """The rows of a sheet up to a thousand blank ones in a row, which only formatting fills."""
    sheet = book.get_sheet_by_name(name)
    first = (sheet.start or (0, 0))[0] + 1
    lines, rows, blanks = [], [], 0
    problems: tuple[Problem, ...] = ()
    for line, cells in enumerate(_text_rows(sheet.iter_rows()), start=first):
        blanks = 0 if any(cells) else blanks + 1
        if blanks > MOST_BLANK_ROWS:
            details = {"line": line - blanks}
            problems = (Problem("rows_phantom", "noted", path.name, sheet=name, details=details),)
            break
        if any(cells):
            lines.append(line)
            rows.append(cells)
        if len(lines) > MOST_ROWS:
            raise _too_many_rows(path)
    return Grid(name, lines, rows, problems)


def _text_rows(rows: Iterable[list[Any]]) -> Iterator[list[str]]:
    for row in rows:
        yield [cell_text(cell) if cell != "" else "" for cell in row]


def _too_many_rows(path: Path) -> InputRefused:
    details = {"most": f"{MOST_ROWS:,}"}
    return InputRefused([Problem("rows_too_many", "refused", path.name, details=details)])


def formula_without_value(path: Path, sheet: str, rows: Collection[int]) -> str:
    """The first cell in `rows` of a sheet that is a formula and stores no value, else empty."""
    import openpyxl

    book = openpyxl.load_workbook(path, read_only=True)
    stored = openpyxl.load_workbook(path, read_only=True, data_only=True)
    try:
        pairs = zip(book[sheet].iter_rows(), stored[sheet].iter_rows(), strict=False)
        for formulas, values in islice(pairs, max(rows, default=0)):
            for formula, value in zip(formulas, values, strict=False):
                if formula.data_type == "f" and value.value is None and formula.row in rows:
                    return str(formula.coordinate)
    finally:
        book.close()
        stored.close()
    return ""
