"""The PDF report: the words of the Word report, typeset, and nothing of them read as markup."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from support import missing
from test_document import PAYLOADS, all_blocks, hostile_report
from test_maps_hostile import HOSTILE

from lifecircle.base.problems import StudyRefused
from lifecircle.base.sentences import Language
from lifecircle.outputs import sheets_font
from lifecircle.outputs.report_content_blocks import Heading, Report, Table, printable
from lifecircle.outputs.typeset import ZERO_WIDTH_SPACE, text, typeset_bytes

pytest.importorskip("typst")


@pytest.fixture(scope="module")
def report(reports: dict[Language, Report]) -> Report:
    return reports["en"]


@pytest.fixture(scope="module")
def content(report: Report) -> bytes:
    return typeset_bytes(report)


def words_of(pdf: bytes, tmp_path: Path) -> str:
    """All text of a PDF, without spaces and line breaks."""
    program = shutil.which("pdftotext")
    if program is None:
        missing("no pdftotext on the path")
    path = tmp_path / "report.pdf"
    path.write_bytes(pdf)
    run = subprocess.run([program, str(path), "-"], check=True, capture_output=True, timeout=60)
    return bare(run.stdout.decode("utf-8"))


def bare(words: str) -> str:
    return re.sub(rf"[\s{ZERO_WIDTH_SPACE}\u00ad\u200d\ufe0f]", "", words)


def test_it_is_a_small_pdf_and_always_the_same(content: bytes, report: Report) -> None:
    assert content.startswith(b"%PDF-") and len(content) < 3_000_000
    assert typeset_bytes(report) == content


def test_it_holds_the_headings_captions_and_cells_of_the_report(
    content: bytes, report: Report, tmp_path: Path
) -> None:
    found = words_of(content, tmp_path)
    assert bare(report.title) in found and "15March2025" in found
    number = 0
    for chapter in report.chapters:
        number += chapter.numbered
        title = f"{number}{chapter.title}" if chapter.numbered else chapter.title
        assert found.count(bare(title)) >= 2, "in the contents and above the chapter"
    for table_number, table in enumerate(all_blocks(report, Table), 1):
        assert bare(f"Table {table_number} {table.caption}") in found
    for heading in all_blocks(report, Heading):
        assert bare(heading.text) in found
    table = next(one for one in all_blocks(report, Table) if one.wide is False)
    for row in table.rows:
        assert bare(row[0].text) in found and bare(row[1].text) in found
    assert "Page2of" in found and "forinternalwork" in found


def test_hostile_texts_are_printed_and_never_run(report: Report, tmp_path: Path) -> None:
    """`#panic()` would end the work, `#eval` would print 2, and a label would not be found."""
    found = words_of(typeset_bytes(hostile_report(report)), tmp_path)
    for payload in PAYLOADS:
        assert bare(payload) in found
    for name in HOSTILE:
        if name.isascii() and name.isprintable():
            assert bare(printable(name)) in found, name


def test_long_words_get_places_to_break_and_lose_nothing() -> None:
    name = "synthetic_community_gcj02.csv"
    assert text(name).replace(ZERO_WIDTH_SPACE, "") == name
    assert max(map(len, text("W" * 300).split(ZERO_WIDTH_SPACE))) <= 16
    assert text("short words stay as they are") == "short words stay as they are"


def test_without_typst_a_line_says_what_to_install(
    report: Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "typst", None)
    with pytest.raises(StudyRefused) as refused:
        typeset_bytes(report)
    assert "lifecircle[pdf]" in refused.value.message("en")
    assert "lifecircle[pdf]" in refused.value.message("zh")


def test_without_a_font_a_line_says_so(report: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    """English words need none, but Chinese names do."""
    monkeypatch.setattr(sheets_font, "KNOWN", ("No Such Font",))
    with pytest.raises(StudyRefused) as refused:
        typeset_bytes(report)
    assert [one.code for one in refused.value.problems] == ["report_font_missing"]
    plain = replace(report, title="Plain", chapters=())
    assert typeset_bytes(plain).startswith(b"%PDF-")
