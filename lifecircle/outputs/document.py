"""The Word report: chapters with the styles, fields and pages that planners can edit."""

from __future__ import annotations

import datetime
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docx.enum.section import WD_ORIENT, WD_SECTION
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml.ns import qn
from docx.shared import Emu, Mm

from lifecircle.base.sentences import Language, sentence
from lifecircle.measures.result import Result
from lifecircle.outputs.document_parts import (
    Entry,
    add_lists,
    add_table,
    append,
    bookmarked,
    contents,
    field,
    in_list,
    kept_run,
    numbered_headings,
    text_run,
)
from lifecircle.outputs.document_styles import (
    BODY,
    CONTENTS,
    COVER,
    MARK,
    NOTE,
    PICTURE,
    POINT,
    styled_document,
)
from lifecircle.outputs.report_content import report_content
from lifecircle.outputs.report_content_blocks import (
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

if TYPE_CHECKING:
    from docx.document import Document
    from docx.section import Section


def document_bytes(result: Result, language: Language, template: Path | None = None) -> bytes:
    """The report of a run as a Word file; the same run gives the same bytes.

    Raises `StudyRefused` where `template` is no Word file or lacks a style that is needed.
    """
    return word_bytes(report_content(result, language), template)


def word_bytes(report: Report, template: Path | None = None) -> bytes:
    """A report as a Word file, in the styles of `template` or in ours."""
    document = styled_document(template, report.language)
    add_lists(document, headings=template is None)
    writer = _Writer(document, report, own_numbers=template is None)
    writer.write()
    _properties(document, report)
    raw = io.BytesIO()
    document.save(raw)
    return _dated(raw.getvalue(), report.date)


class _Writer:
    """Writes a report into an empty document; counts tables, figures and bookmarks."""

    def __init__(self, document: Document, report: Report, own_numbers: bool) -> None:
        self.document, self.report = document, report
        self.own_numbers = own_numbers
        self.counts = {"table": 0, "figure": 0}
        self.bookmark = 0
        self.landscape = False

    def write(self) -> None:
        """Cover, contents, chapters, and what stands above and below every page."""
        self._cover()
        self._contents()
        for chapter in self.report.chapters:
            self._chapter(chapter)
        self._head_and_foot(self.document.sections[0])

    def say(self, key: str, **values: object) -> str:
        """A sentence of the report."""
        return sentence(f"document.{key}", self.report.language, **values)

    def paragraph(self, text: str, style: str) -> Any:
        """A paragraph of plain text."""
        paragraph = self.document.add_paragraph(style=style)
        append(paragraph, text_run(text))
        return paragraph

    def _cover(self) -> None:
        report = self.report
        self.paragraph(report.mark, MARK)
        self.paragraph(report.title, "Title")
        self.paragraph(report.kind, COVER)
        below = self.paragraph(report.organisation, COVER)
        below.paragraph_format.space_before = Mm(75)
        self.paragraph(report.dated, COVER)

    def _contents(self) -> None:
        heading = self.paragraph(self.say("contents"), CONTENTS)
        heading.paragraph_format.page_break_before = True
        contents(self.document, list(self._entries()))

    def _entries(self) -> Iterator[Entry]:
        """Chapters and their parts, in the order in which bookmarks are given."""
        chapter_number, bookmark = 0, 0
        for chapter in self.report.chapters:
            chapter_number += chapter.numbered
            numbered = chapter.numbered and self.own_numbers
            bookmark += 1
            yield 1, str(chapter_number) if numbered else "", chapter.title, bookmark
            parts = [one for one in chapter.blocks if isinstance(one, Heading) and one.level == 2]
            for part_number, part in enumerate(parts, 1):
                bookmark += 1
                number = f"{chapter_number}.{part_number}" if numbered else ""
                yield 2, number, part.text, bookmark

    def _chapter(self, chapter: Chapter) -> None:
        """A chapter; parts with a wide table stand on pages of their own, turned."""
        for place, (wide, blocks) in enumerate(pieces(chapter.blocks)):
            self._turn(wide)
            if place == 0:
                self._heading(chapter.title, 1, chapter.numbered)
            for block, after in zip(blocks, [*blocks[1:], None], strict=True):
                self._block(block, chapter.numbered, isinstance(after, Picturing))

    def _turn(self, wide: bool) -> None:
        if wide == self.landscape:
            return
        section = self.document.add_section(WD_SECTION.NEW_PAGE)
        section.page_width, section.page_height = section.page_height, section.page_width
        section.orientation = WD_ORIENT.LANDSCAPE if wide else WD_ORIENT.PORTRAIT
        section.different_first_page_header_footer = False
        self.landscape = wide

    def _heading(self, text: str, level: int, numbered: bool) -> None:
        paragraph = self.document.add_paragraph(style=f"Heading {level}")
        if not numbered and (self.own_numbers or numbered_headings(self.document)):
            in_list(paragraph._p, 0)
        if level > 2:
            append(paragraph, text_run(text))
            return
        self.bookmark += 1
        bookmarked(paragraph, text, self.bookmark)

    def _block(self, block: Block, numbered: bool, before_picture: bool) -> None:
        if isinstance(block, Heading):
            self._heading(block.text, block.level, numbered)
        elif isinstance(block, Paragraph):
            paragraph = self.paragraph(block.text, POINT if block.kind == "bullet" else BODY)
            if before_picture:
                paragraph.paragraph_format.keep_with_next = True
        elif isinstance(block, Table):
            self._table(block)
        else:
            self._picture(block)

    def _table(self, table: Table) -> None:
        caption = self._caption("table", table.caption)
        caption.paragraph_format.keep_with_next = True
        add_table(self.document, table, self._text_mm())
        # A paragraph must follow a table, or two tables would grow into one.
        self.paragraph(table.note, NOTE)

    def _picture(self, block: Picturing) -> None:
        size = block.picture
        paragraph = self.document.add_paragraph(style=PICTURE)
        paragraph.paragraph_format.keep_with_next = True
        width = min(size.width_mm, self._text_mm())
        shape = paragraph.add_run().add_picture(io.BytesIO(size.png), width=Mm(width))
        inline: Any = shape._inline
        inline.docPr.set("descr", printable(block.caption))
        for side in ("distT", "distB", "distL", "distR"):
            inline.set(side, "0")
        caption = self._caption("figure", block.caption)
        if block.note:
            caption.paragraph_format.keep_with_next = True
            self.paragraph(block.note, NOTE).alignment = WD_ALIGN_PARAGRAPH.CENTER

    def _caption(self, kind: str, text: str) -> Any:
        """A caption whose number Word counts; the number shown is already right."""
        self.counts[kind] += 1
        word = self.say(kind)
        paragraph = self.document.add_paragraph(style="Caption")
        number = field(f"SEQ {word} \\* ARABIC", str(self.counts[kind]))
        append(paragraph, f"{kept_run(word + ' ')}{number}{kept_run('  ' + printable(text))}")
        return paragraph

    def _text_mm(self) -> float:
        """The width that text has on the page."""
        section: Any = self.document.sections[-1]
        width = section.page_width - section.left_margin - section.right_margin
        return float(Emu(width).mm)

    def _head_and_foot(self, section: Section) -> None:
        """Title above, page and mark below, nothing on the cover; a template's own stay."""
        if not _is_empty(section.header) or not _is_empty(section.footer):
            return
        section.different_first_page_header_footer = True
        append(section.header.paragraphs[0], text_run(short(self.report.title)))
        before, between, after = self.say("page").split("|")
        page, pages = field("PAGE", "1"), field("NUMPAGES", "1")
        mark = kept_run(f"   ·   {printable(self.report.mark)}")
        runs = f"{kept_run(before)}{page}{kept_run(between)}{pages}"
        append(section.footer.paragraphs[0], f"{runs}{kept_run(after)}{mark}")


def _is_empty(part: Any) -> bool:
    """Whether a header or footer has neither words nor pictures nor tables."""
    element = part._element
    return not "".join(element.itertext()).strip() and element.find(f".//{qn('w:drawing')}") is None


def _properties(document: Document, report: Report) -> None:
    """What the file says of itself, dated with the report."""
    stamp = datetime.datetime.combine(report.date, datetime.time())
    own = document.core_properties
    own.title, own.subject = printable(report.title)[:255], report.kind
    own.author, own.last_modified_by = printable(report.organisation)[:255], ""
    own.comments, own.keywords, own.category = "", "", ""
    own.created = own.modified = own.last_printed = stamp
    own.revision = 1
    own.language = "zh-CN" if report.language == "zh" else "en-GB"
    package = document.part.package
    for key, relation in list(package.rels.items()):
        if relation.reltype.endswith("/thumbnail"):
            del package.rels[key]


def _dated(content: bytes, date: datetime.date) -> bytes:
    """The same archive with every member dated with the report."""
    out = io.BytesIO()
    stamp = (max(date.year, 1980), date.month, date.day, 0, 0, 0)
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            info = zipfile.ZipInfo(name, stamp)
            info.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(info, old.read(name))
    return out.getvalue()
