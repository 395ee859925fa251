"""The styles of the Word report: ours, or those of a planner's own template."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

import docx
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_TAB_ALIGNMENT
from docx.opc.exceptions import PackageNotFoundError
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.shared import Mm, Pt, RGBColor

from lifecircle.base.problems import Problem, StudyRefused
from lifecircle.base.sentences import Language

if TYPE_CHECKING:
    from docx.document import Document

NEEDED = ("Title", "Heading 1", "Heading 2", "Heading 3", "Caption")
"""What a template of one's own must have; all other styles are added where they are missing."""

POINT, CELL, NUMBER, HEAD = "Report point", "Report cell", "Report number", "Report head"
NOTE, PICTURE, COVER, MARK = "Report note", "Report picture", "Report cover", "Report mark"
BODY, CONTENTS, TABLE = "Body Text", "Report contents", "Report table"

SERIF, SANS = ("Times New Roman", "宋体"), ("Arial", "黑体")
"""Latin and East Asian letters; both are on every computer that Chinese offices use."""

OTHER_NAMES = {"宋体": "SimSun", "黑体": "SimHei"}
INK, BLUE, QUIET = (
    RGBColor(0x1D, 0x27, 0x33),
    RGBColor(0x17, 0x4A, 0x7C),
    RGBColor(0x5B, 0x67, 0x75),
)
CENTRE, RIGHT = WD_ALIGN_PARAGRAPH.CENTER, WD_ALIGN_PARAGRAPH.RIGHT


@dataclass(frozen=True)
class Look:
    """A paragraph style; sizes and spaces in points, indents in millimetres."""

    size: float
    letters: tuple[str, str] = SERIF
    bold: bool = False
    colour: RGBColor = INK
    before: float = 0
    after: float = 0
    line: float = 1.15
    align: WD_ALIGN_PARAGRAPH | None = None
    stay: bool = False
    new_page: bool = False
    based_on: str = "Normal"
    indent_mm: float = 0
    hanging_mm: float = 0


LOOKS: Mapping[str, Look] = {
    "Normal": Look(10.5, based_on=""),
    BODY: Look(10.5, after=6, line=1.4),
    "Title": Look(28, SANS, True, BLUE, before=150, after=14, align=CENTRE),
    "Heading 1": Look(18, SANS, True, BLUE, after=14, stay=True, new_page=True),
    "Heading 2": Look(13.5, SANS, True, before=14, after=8, stay=True),
    "Heading 3": Look(11.5, SANS, True, BLUE, before=10, after=4, stay=True),
    "Caption": Look(9.5, SANS, True, before=8, after=4, align=CENTRE),
    CONTENTS: Look(18, SANS, True, BLUE, after=14, stay=True),
    "toc 1": Look(11, SANS, True, before=5, after=1),
    "toc 2": Look(10.5, line=1.1, indent_mm=6),
    POINT: Look(10.5, after=4, line=1.35, indent_mm=6, hanging_mm=5),
    CELL: Look(8.5, line=1.1),
    NUMBER: Look(8.5, line=1.1, align=RIGHT, based_on=CELL),
    HEAD: Look(8.5, SANS, True, line=1.1, align=CENTRE, stay=True, based_on=CELL),
    NOTE: Look(8.5, colour=QUIET, before=3, after=10),
    PICTURE: Look(10.5, before=8, align=CENTRE, stay=True),
    COVER: Look(14, SANS, after=10, align=CENTRE),
    MARK: Look(10.5, SANS, colour=QUIET, align=RIGHT),
    "Header": Look(8.5, colour=QUIET, align=CENTRE),
    "Footer": Look(8.5, colour=QUIET, align=CENTRE),
}


def template_problems(path: Path) -> list[Problem]:
    """What keeps a Word file from being a template of the report; empty where nothing does."""
    if not path.is_file():
        return [Problem("file_missing", "refused", str(path))]
    try:
        document = docx.Document(str(path))
    except (PackageNotFoundError, BadZipFile, ValueError, KeyError, OSError):
        return [Problem("template_unreadable", "refused", path.name)]
    missing = [name for name in NEEDED if not _has(document, name)]
    if not missing:
        return []
    details = {"styles": ", ".join(missing)}
    return [Problem("template_styles", "refused", path.name, details=details)]


def check_template(path: Path | None) -> None:
    """Raise `StudyRefused` where `path` is given and cannot be a template."""
    problems = template_problems(path) if path is not None else []
    if problems:
        raise StudyRefused(problems)


def styled_document(template: Path | None, language: Language) -> Document:
    """An empty document with every style that a report uses.

    A template keeps its styles, its page, and its header and footer; its text is left out.
    """
    check_template(template)
    document = docx.Document(str(template)) if template else docx.Document()
    body = document.element.body
    for child in list(body):
        if child.tag != qn("w:sectPr"):
            body.remove(child)
    if template is None:
        _our_page(document, language)
    for name, look in LOOKS.items():
        if template is None or not _has(document, name):
            _apply(document, name, look, language)
    _table_style(document)
    return document


def _has(document: Document, name: str) -> bool:
    return any(
        style.name.lower() == name.lower() and style.type == WD_STYLE_TYPE.PARAGRAPH
        for style in document.styles
        if style.name
    )


def style_named(document: Document, name: str) -> Any:
    """The style with this name, in capitals or not: programs differ in that for `toc 1`."""
    return next(one for one in document.styles if one.name and one.name.lower() == name.lower())


def _apply(document: Document, name: str, look: Look, language: Language) -> None:
    """Give a style its look; it is added where it is missing."""
    if not _has(document, name):
        document.styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
    style = style_named(document, name)
    form, font = style.paragraph_format, style.font
    if look.based_on:
        style.base_style = style_named(document, look.based_on)
    font.size, font.bold, font.italic = Pt(look.size), look.bold, False
    font.color.rgb = look.colour
    letters_of(style.element, *look.letters)
    form.space_before, form.space_after = Pt(look.before), Pt(look.after)
    form.line_spacing, form.alignment = look.line, look.align
    form.keep_with_next, form.page_break_before = look.stay, look.new_page
    form.left_indent, form.first_line_indent = Mm(look.indent_mm), Mm(-look.hanging_mm)
    style.hidden, style.quick_style = False, True
    if name.startswith("toc"):
        form.tab_stops.add_tab_stop(Mm(160), WD_TAB_ALIGNMENT.RIGHT)
    if name == BODY and language == "zh":
        # Two characters: in Word whatever the size of the letters, elsewhere of ours.
        form.first_line_indent = Pt(2 * look.size)
        style.element.get_or_add_pPr().get_or_add_ind().set(qn("w:firstLineChars"), "200")
    _without_borders(style.element)


def letters_of(element: Any, latin: str, chinese: str) -> None:
    """The letters of a style or run, Latin and East Asian, in place of those of the theme."""
    _letters(element.get_or_add_rPr(), latin, chinese)


def _letters(properties: Any, latin: str, chinese: str) -> None:
    for old in properties.findall(qn("w:rFonts")):
        properties.remove(old)
    fonts = OxmlElement("w:rFonts")
    for key in ("ascii", "hAnsi", "cs"):
        fonts.set(qn(f"w:{key}"), latin)
    fonts.set(qn("w:eastAsia"), chinese)
    properties.insert(0, fonts)


def _without_borders(element: Any) -> None:
    """The line that the library's own Title has below it."""
    properties = element.get_or_add_pPr()
    for border in properties.findall(qn("w:pBdr")):
        properties.remove(border)


def _our_page(document: Document, language: Language) -> None:
    """A4 with 25 mm all round, our letters and language, and no mode of an older Word."""
    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.left_margin = section.right_margin = Mm(25)
    section.top_margin, section.bottom_margin = Mm(25), Mm(22)
    section.header_distance = section.footer_distance = Mm(12)
    styles: Any = document.styles.element
    defaults = styles.find(f"{qn('w:docDefaults')}/{qn('w:rPrDefault')}/{qn('w:rPr')}")
    _letters(defaults, *SERIF)
    tongue = defaults.find(qn("w:lang"))
    if tongue is not None:
        tongue.set(qn("w:val"), "en-GB")
        tongue.set(qn("w:eastAsia"), "zh-CN")
    settings: Any = document.settings.element
    for old in settings.findall(qn("w:compat")):
        settings.remove(old)
    settings.append(
        parse_xml(
            f"<w:compat {nsdecls('w')}><w:compatSetting w:name='compatibilityMode' "
            "w:uri='http://schemas.microsoft.com/office/word' w:val='15'/></w:compat>"
        )
    )


def _table_style(document: Document) -> None:
    """A table style with a shaded head and thin lines, where the template has none of the name."""
    styles: Any = document.styles
    if any(style.name == TABLE for style in styles):
        return
    style = styles.add_style(TABLE, WD_STYLE_TYPE.TABLE)
    lines = "".join(
        f"<w:{side} w:val='single' w:sz='{size}' w:space='0' w:color='{colour}'/>"
        for side, size, colour in (
            ("top", 8, "174A7C"), ("bottom", 8, "174A7C"), ("insideH", 4, "D5DBE1"),
        )
    )  # fmt: skip
    margins = "".join(
        f"<w:{side} w:w='{width}' w:type='dxa'/>"
        for side, width in (("top", 30), ("left", 70), ("bottom", 30), ("right", 70))
    )
    style.element.append(
        parse_xml(
            f"<w:tblPr {nsdecls('w')}><w:tblBorders>{lines}</w:tblBorders>"
            f"<w:tblCellMar>{margins}</w:tblCellMar></w:tblPr>"
        )
    )
    style.element.append(
        parse_xml(
            f"<w:tblStylePr {nsdecls('w')} w:type='firstRow'><w:tcPr>"
            "<w:shd w:val='clear' w:color='auto' w:fill='E6EDF4'/></w:tcPr></w:tblStylePr>"
        )
    )
