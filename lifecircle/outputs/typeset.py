"""The report as PDF, typeset by typst from the same chapters as the Word file.

Words of the study reach typst as JSON and are shown as text; none of them is ever its markup.
"""

from __future__ import annotations

import datetime
import json
import re
import tempfile
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

from lifecircle.base.problems import Problem, StudyRefused
from lifecircle.base.sentences import Language, sentence
from lifecircle.measures.result import Result
from lifecircle.outputs.report_content import report_content
from lifecircle.outputs.report_content_blocks import (
    KEPT_WHOLE,
    Block,
    Chapter,
    Heading,
    Paragraph,
    Picturing,
    Report,
    Table,
    pieces,
    printable,
    short,
)
from lifecircle.outputs.sheets_font import font_for

PORTRAIT_MM, LANDSCAPE_MM = 160.0, 247.0
"""The width of the text on a page and on a turned one."""

LONG_WORD = re.compile(r"[!-~\u00c0-\u024f]{16,}")
BREAK_AFTER = re.compile(r"([_./\\:,;-]|[^\u200b]{14})(?=.)")
ZERO_WIDTH_SPACE = "\u200b"


def pdf_bytes(result: Result, language: Language) -> bytes:
    """The report of a run as PDF; the same run gives the same bytes.

    Raises `StudyRefused` where typst is not installed, or no font here has Chinese characters
    that the report needs.
    """
    return typeset_bytes(report_content(result, language))


def typeset_bytes(report: Report) -> bytes:
    """A report as PDF."""
    typst = _typst()
    writer = _Writer(report)
    tree = writer.tree()
    tree["fonts"] = _fonts(json.dumps(tree, ensure_ascii=False))
    source = files("lifecircle.outputs").joinpath("report.typ").read_bytes()
    stamp = datetime.datetime.combine(report.date, datetime.time(), datetime.UTC)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "report.typ").write_bytes(source)
        for name, png in writer.pictures.items():
            (root / name).write_bytes(png)
        content: bytes = typst.compile(
            str(root / "report.typ"),
            root=str(root),
            sys_inputs={"report": json.dumps(tree, ensure_ascii=False)},
            timestamp=int(stamp.timestamp()),
        )
    return content


def _typst() -> Any:
    try:
        import typst
    except ImportError:
        raise StudyRefused([Problem("typst_missing", "refused", "report.pdf")]) from None
    return typst


def _fonts(text: str) -> list[str]:
    """Families for the text: one with Chinese characters where it has any."""
    try:
        return font_for([text], None)
    except StudyRefused:
        raise StudyRefused([Problem("report_font_missing", "refused", "report.pdf")]) from None


class _Writer:
    """Turns a report into the tree that the template reads; counts tables and figures."""

    def __init__(self, report: Report) -> None:
        self.report = report
        self.counts = {"table": 0, "figure": 0}
        self.pictures: dict[str, bytes] = {}

    def say(self, key: str) -> str:
        """A sentence of the report."""
        return sentence(f"document.{key}", self.report.language)

    def tree(self) -> dict[str, Any]:
        """All that the template shows."""
        report = self.report
        date = report.date
        return {
            "title": text(report.title),
            "short": text(short(report.title)),
            "kind": report.kind,
            "organisation": text(report.organisation),
            "dated": report.dated,
            "date": [date.year, date.month, date.day],
            "mark": text(report.mark),
            "lang": report.language,
            "region": "cn" if report.language == "zh" else "gb",
            "page": self.say("page").split("|"),
            "words": {key: self.say(key) for key in ("table", "figure", "contents")},
            "chapters": list(self._chapters()),
        }

    def _chapters(self) -> Iterator[dict[str, Any]]:
        number = 0
        for chapter in self.report.chapters:
            number += chapter.numbered
            yield self._chapter(chapter, str(number) if chapter.numbered else "")

    def _chapter(self, chapter: Chapter, number: str) -> dict[str, Any]:
        part = 0
        parts: list[dict[str, Any]] = []
        for wide, blocks in pieces(chapter.blocks):
            inside = []
            for block, after in zip(blocks, [*blocks[1:], None], strict=True):
                part += isinstance(block, Heading) and block.level == 2
                shown = self._block(block, f"{number}.{part}  " if number else "", wide)
                inside.append({**shown, "stay": isinstance(after, Picturing)})
            parts.append({"wide": wide, "blocks": inside})
        title = f"{number}  {chapter.title}" if number else chapter.title
        return {"title": text(title), "pieces": parts}

    def _block(self, block: Block, number: str, wide: bool) -> dict[str, Any]:
        if isinstance(block, Heading):
            words = f"{number}{block.text}" if block.level == 2 else block.text
            return {"kind": "heading", "level": block.level, "text": text(words)}
        if isinstance(block, Paragraph):
            return {"kind": block.kind, "text": text(block.text)}
        if isinstance(block, Table):
            return self._table(block, LANDSCAPE_MM if wide else PORTRAIT_MM)
        self.counts["figure"] += 1
        name = f"{self.counts['figure']}.png"
        self.pictures[name] = block.picture.png
        own = {"file": name, "width": block.picture.width_mm, "number": self.counts["figure"]}
        return {"kind": "figure", "caption": text(block.caption), "note": text(block.note), **own}

    def _table(self, table: Table, width_mm: float) -> dict[str, Any]:
        self.counts["table"] += 1
        return {
            "kind": "table",
            "whole": len(table.rows) <= KEPT_WHOLE,
            "number": self.counts["table"],
            "caption": text(table.caption),
            "widths": [round(width, 2) for width in table.widths(width_mm)],
            "heads": [text(column.header) for column in table.columns],
            "numbers": [column.number for column in table.columns],
            "rows": [
                [{"text": text(cell.text), "standing": cell.standing} for cell in row]
                for row in table.rows
            ],
            "strong": sorted(table.strong),
            "note": text(table.note),
        }


def text(words: str) -> str:
    """Words that can be printed, with places to break in those that are longer than a cell."""
    return LONG_WORD.sub(_with_breaks, printable(words))


def _with_breaks(match: re.Match[str]) -> str:
    return BREAK_AFTER.sub(rf"\1{ZERO_WIDTH_SPACE}", match.group())
