"""The Word report, opened again by python-docx and by LibreOffice."""

from __future__ import annotations

import datetime
import io
import shutil
import subprocess
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import docx
import pytest
from docx.document import Document
from docx.oxml.ns import qn
from support import missing
from test_maps_hostile import HOSTILE

import lifecircle as lc
from lifecircle.base.problems import StudyRefused
from lifecircle.base.sentences import Language
from lifecircle.outputs.document import document_bytes, word_bytes
from lifecircle.outputs.document_styles import NEEDED, check_template
from lifecircle.outputs.report_content_blocks import (
    Cell,
    Chapter,
    Column,
    Heading,
    Paragraph,
    Picturing,
    Report,
    Table,
    printable,
)

SMALL = 3_000_000
TWIPS_PER_MM = 1440 / 25.4


@pytest.fixture(scope="module")
def report(reports: dict[Language, Report]) -> Report:
    return reports["zh"]


@pytest.fixture(scope="module")
def content(report: Report) -> bytes:
    return word_bytes(report)


@pytest.fixture(scope="module")
def opened(content: bytes) -> Document:
    return docx.Document(io.BytesIO(content))


def with_style(document: Document, name: str) -> list[str]:
    return [one.text for one in document.paragraphs if one.style and one.style.name == name]


def all_blocks(report: Report, kind: type) -> list[Any]:
    return [one for chapter in report.chapters for one in chapter.blocks if isinstance(one, kind)]


def test_every_table_holds_the_cells_of_the_report(opened: Document, report: Report) -> None:
    """The report's own figures are held against coverage.csv in test_report_content."""
    tables = all_blocks(report, Table)
    assert len(opened.tables) == len(tables) > 15
    for shown, table in zip(opened.tables, tables, strict=True):
        rows = [[cell.text for cell in row.cells] for row in shown.rows]
        assert rows[0] == [column.header for column in table.columns]
        assert rows[1:] == [[printable(cell.text) for cell in row] for row in table.rows]


def test_headings_are_real_and_the_contents_list_them(opened: Document, report: Report) -> None:
    chapters = [chapter.title for chapter in report.chapters]
    parts = [one.text for one in all_blocks(report, Heading) if one.level == 2]
    assert with_style(opened, "Heading 1") == chapters
    assert with_style(opened, "Heading 2") == parts
    assert [text.strip() for text in with_style(opened, "toc 1")] == [
        chapters[0],
        *(f"{number} {title}" for number, title in enumerate(chapters[1:-1], 1)),
        chapters[-1],
    ]
    assert len(with_style(opened, "toc 2")) == len(parts)
    body = opened.element.body.xml
    links = [one.get(qn("w:anchor")) for one in opened.element.body.iter(qn("w:hyperlink"))]
    marks = [one.get(qn("w:name")) for one in opened.element.body.iter(qn("w:bookmarkStart"))]
    assert links == marks and len(set(marks)) == len(marks)
    assert 'TOC \\o "1-2"' in body


def test_captions_are_numbered_by_fields_whose_shown_numbers_are_right(
    opened: Document, report: Report
) -> None:
    captions = with_style(opened, "Caption")
    tables, figures = all_blocks(report, Table), all_blocks(report, Picturing)
    assert [one for one in captions if one.startswith("表")] == [
        f"表 {number}  {table.caption}" for number, table in enumerate(tables, 1)
    ]
    assert [one for one in captions if one.startswith("图")] == [
        f"图 {number}  {figure.caption}" for number, figure in enumerate(figures, 1)
    ]
    assert opened.element.body.xml.count("SEQ ") == len(captions)


def test_tables_repeat_their_head_keep_rows_whole_and_fit_the_page(opened: Document) -> None:
    turned = 0
    for table in opened.tables:
        rows = table._tbl.tr_lst
        assert rows[0].trPr.find(qn("w:tblHeader")) is not None
        assert all(row.trPr.find(qn("w:cantSplit")) is not None for row in rows)
        width = sum(int(one.get(qn("w:w"))) for one in table._tbl.tblGrid) / TWIPS_PER_MM
        turned += width > 165
        assert width == pytest.approx(160, abs=0.3) or width == pytest.approx(247, abs=0.3)
    sizes = {(one.page_width.mm, one.page_height.mm) for one in opened.sections}
    assert {(round(w), round(h)) for w, h in sizes} == {(210, 297), (297, 210)}
    assert turned == 5


def test_numbers_stand_on_the_right_and_letters_are_chosen_for_both_scripts(
    opened: Document,
) -> None:
    assert opened.styles["Report number"].paragraph_format.alignment == 2
    first = opened.tables[0].rows[1].cells
    assert [cell.paragraphs[0].style.name for cell in first[:2]] == [
        "Report cell", "Report number",
    ]  # fmt: skip
    for name in ("Normal", "Heading 1", "Title", "Caption", "Report cell", "Body Text"):
        fonts = opened.styles[name].element.rPr.rFonts
        assert fonts.get(qn("w:eastAsia")) in ("宋体", "黑体"), name
        assert fonts.get(qn("w:asciiTheme")) is None


def test_pages_are_numbered_and_the_cover_has_neither_head_nor_foot(opened: Document) -> None:
    first = opened.sections[0]
    assert first.different_first_page_header_footer
    foot = first.footer._element.xml
    assert "PAGE" in foot and "NUMPAGES" in foot and "内部工作用图" in foot
    assert first.first_page_footer.paragraphs[0].text == ""


def test_the_file_is_dated_with_the_report_and_always_the_same(
    content: bytes, report: Report, opened: Document
) -> None:
    assert word_bytes(report) == content and len(content) < SMALL
    own = opened.core_properties
    assert own.created == own.modified == datetime.datetime(2025, 3, 15, tzinfo=own.created.tzinfo)
    assert "python-docx" not in (own.comments or "") + (own.author or "")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert {one.date_time for one in archive.infolist()} == {(2025, 3, 15, 0, 0, 0)}


def test_the_whole_way_from_a_result_gives_the_same_file(demo: lc.Result, content: bytes) -> None:
    """Content and pictures too are the same when they are made again."""
    assert document_bytes(demo, "zh") == content


# ---- hostile texts ----

PAYLOADS = ('#eval("1+1")', "#panic()", "$x$", "*bold*", "@ref", "<label>", "=1+1", "+1", "-1")


def hostile_report(report: Report) -> Report:
    """Every text that a file can bring is hostile: headings, paragraphs, cells, captions."""
    evil = (*HOSTILE, *PAYLOADS)
    every = "".join(evil)
    rows = tuple((Cell(one), Cell("1", "below")) for one in evil)
    table = Table(every, (Column(every), Column("n", True)), rows, every)
    picture = all_blocks(report, Picturing)[0]
    inside: list[Any] = [
        Heading(every), Heading(every, 3), *(Paragraph(one) for one in evil),
        Paragraph(every, "bullet"), table, replace(picture, caption=every, note=every),
    ]  # fmt: skip
    return replace(
        report,
        title=every,
        organisation=every,
        mark=every,
        chapters=(Chapter(every, tuple(inside)),),
    )


def test_hostile_texts_are_printed_as_they_stand(report: Report) -> None:
    evil = (*HOSTILE, *PAYLOADS)
    content = word_bytes(hostile_report(report))
    shown = docx.Document(io.BytesIO(content))
    assert [row.cells[0].text for row in shown.tables[0].rows[1:]] == [
        printable(one) for one in evil
    ]
    assert with_style(shown, "Body Text") == [printable(one) for one in evil]
    fields = [one.text for one in shown.element.body.iter(qn("w:instrText"))]
    assert {text.split()[0] for text in fields} == {"TOC", "PAGEREF", "SEQ"}
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        relations = archive.read("word/_rels/document.xml.rels").decode()
    assert "External" not in relations


def test_a_name_of_300_characters_does_not_widen_its_table(report: Report) -> None:
    names = ("长" * 300, "W" * 300)
    table = Table("c", (Column("a"), Column("n", True)), tuple((Cell(n), Cell("1")) for n in names))
    content = word_bytes(replace(report, chapters=(Chapter("c", (table,)),)))
    grid = docx.Document(io.BytesIO(content)).tables[0]._tbl.tblGrid
    assert sum(int(one.get(qn("w:w"))) for one in grid) / TWIPS_PER_MM == pytest.approx(160, abs=1)


# ---- templates ----


def template(path: Path, without: tuple[str, ...] = ()) -> Path:
    document = docx.Document()
    document.add_paragraph("what stood in the template")
    document.sections[0].page_width = docx.shared.Mm(216)
    document.sections[0].header.paragraphs[0].text = "Bureau"
    document.styles["Heading 1"].font.size = docx.shared.Pt(33)
    for name in without:
        document.styles[name].delete()
    document.save(str(path))
    return path


def test_a_template_gives_its_styles_page_and_header(report: Report, tmp_path: Path) -> None:
    own = template(tmp_path / "our.docx")
    check_template(own)
    shown = docx.Document(io.BytesIO(word_bytes(report, own)))
    assert shown.styles["Heading 1"].font.size.pt == 33
    assert round(shown.sections[0].page_width.mm) == 216
    assert shown.sections[0].header.paragraphs[0].text == "Bureau"
    assert "what stood in the template" not in [one.text for one in shown.paragraphs]
    assert with_style(shown, "Heading 1") == [chapter.title for chapter in report.chapters]
    assert len(shown.tables) == len(all_blocks(report, Table))
    assert word_bytes(report, own) == word_bytes(report, own)


def test_a_template_without_the_styles_is_refused_by_name(report: Report, tmp_path: Path) -> None:
    poor = template(tmp_path / "poor.docx", ("Heading 3", "Caption"))
    for refuse in (lambda: check_template(poor), lambda: word_bytes(report, poor)):
        with pytest.raises(StudyRefused) as refused:
            refuse()
        assert refused.value.problems[0].details == {"styles": "Heading 3, Caption"}
        for language in ("zh", "en"):
            line = refused.value.message(language)
            assert "poor.docx" in line and "Heading 3, Caption" in line and "report.docx" in line
    assert {"Heading 3", "Caption"} <= set(NEEDED)


@pytest.mark.parametrize("made", ["text", "zip", "absent"])
def test_what_is_no_word_file_is_refused(made: str, tmp_path: Path) -> None:
    path = tmp_path / "our.docx"
    if made == "text":
        path.write_text("not Word", encoding="utf-8")
    if made == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("a.txt", "a")
    with pytest.raises(StudyRefused) as refused:
        check_template(path)
    expected = "file_missing" if made == "absent" else "template_unreadable"
    assert [one.code for one in refused.value.problems] == [expected]


# ---- LibreOffice ----


def test_libreoffice_opens_it(content: bytes, tmp_path: Path) -> None:
    program = shutil.which("soffice")
    if program is None:
        missing("no LibreOffice on the path")
    path = tmp_path / "report.docx"
    path.write_bytes(content)
    home = f"-env:UserInstallation={(tmp_path / 'home').as_uri()}"
    subprocess.run(
        [program, home, "--headless", "--convert-to", "pdf", "--outdir", str(tmp_path), str(path)],
        check=True,
        capture_output=True,
        timeout=180,
    )
    pdf = (tmp_path / "report.pdf").read_bytes()
    assert pdf.count(b"/Type/Page/") + pdf.count(b"/Type /Page/") > 3 or pdf.count(b"/Page") > 3
