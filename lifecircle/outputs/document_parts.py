"""Pieces of a Word document that its library has no words for: fields, tables, lists, contents."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape, quoteattr

from docx.opc.constants import CONTENT_TYPE, RELATIONSHIP_TYPE
from docx.opc.packuri import PackURI
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.parts.numbering import NumberingPart

from lifecircle.outputs.document_styles import CELL, HEAD, NUMBER, POINT, TABLE, style_named
from lifecircle.outputs.report_content_blocks import KEPT_WHOLE, Cell, Table, printable

if TYPE_CHECKING:
    from docx.document import Document

TWIPS_PER_MM = 1440 / 25.4
FILLS = {"above": "E3EFF9", "below": "FBE6D9", "open": "ECECEC"}
"""Behind figures above, below and not yet judged: the colours of the maps, much lighter."""

OUTLINE, POINTS = 91, 92
"""Numbers of our lists, far above those that a template may have."""


def text_run(text: str) -> str:
    """A run of plain text."""
    return kept_run(printable(text))


def kept_run(text: str) -> str:
    """A run of text that is printable, with its spaces at both ends."""
    return f'<w:r><w:t xml:space="preserve">{escape(text)}</w:t></w:r>'


def field(code: str, shown: str) -> str:
    """A field that shows `shown` until the program computes it anew."""
    result = text_run(shown) if shown else ""
    return (
        f'<w:r><w:fldChar w:fldCharType="begin"/></w:r>'
        f'<w:r><w:instrText xml:space="preserve"> {escape(code)} </w:instrText></w:r>'
        f'<w:r><w:fldChar w:fldCharType="separate"/></w:r>{result}'
        f'<w:r><w:fldChar w:fldCharType="end"/></w:r>'
    )


def append(paragraph: Any, runs: str) -> None:
    """Put `runs` at the end of a paragraph."""
    holder = parse_xml(f"<w:p {nsdecls('w')}>{runs}</w:p>")
    for run in list(holder):
        paragraph._p.append(run)


def bookmarked(paragraph: Any, text: str, number: int) -> None:
    """Text that the contents point to."""
    append(
        paragraph,
        f'<w:bookmarkStart w:id="{number}" w:name="{anchor(number)}"/>{text_run(text)}'
        f'<w:bookmarkEnd w:id="{number}"/>',
    )


def anchor(number: int) -> str:
    """The name of a bookmark."""
    return f"_Toc{number:08d}"


Entry = tuple[int, str, str, int]
"""An entry of the contents: level, number, text, bookmark."""


def contents(document: Document, entries: Sequence[Entry]) -> None:
    """The table of contents, filled in.

    Page numbers are fields of their own: only the program that lays out the pages knows them, and
    an empty place is better than a wrong number.
    """
    last = len(entries) - 1
    for place, (level, number, text, bookmark) in enumerate(entries):
        start = (
            '<w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText xml:space="preserve"> '
            'TOC \\o "1-2" \\h \\z \\u </w:instrText></w:r>'
            '<w:r><w:fldChar w:fldCharType="separate"/></w:r>'
        )
        end = '<w:r><w:fldChar w:fldCharType="end"/></w:r>'
        label = f"{number} {text}" if number else text
        page = field(f"PAGEREF {anchor(bookmark)} \\h", "")
        link = f'<w:hyperlink w:anchor="{anchor(bookmark)}" w:history="1">{text_run(label)}'
        link += f"<w:r><w:tab/></w:r>{page}</w:hyperlink>"
        runs = (start if place == 0 else "") + link + (end if place == last else "")
        append(document.add_paragraph(style=style_named(document, f"toc {level}")), runs)


def add_table(document: Document, table: Table, width_mm: float) -> None:
    """The table at full width: its head repeats on every page, and no row breaks in two."""
    widths = [round(width * TWIPS_PER_MM) for width in table.widths(width_mm)]
    styles = {name: style_named(document, name).style_id for name in (TABLE, CELL, HEAD, NUMBER)}
    grid = "".join(f'<w:gridCol w:w="{width}"/>' for width in widths)
    head = _row([Cell(column.header) for column in table.columns], widths, styles, [HEAD], True)
    looks = [NUMBER if column.number else CELL for column in table.columns]
    last = 0 if len(table.rows) <= KEPT_WHOLE else len(table.rows) - 2
    rows = "".join(
        _row(row, widths, styles, looks, False, number in table.strong, number >= last)
        for number, row in enumerate(table.rows)
    )
    xml = (
        f"<w:tbl {nsdecls('w')}><w:tblPr><w:tblStyle w:val={quoteattr(styles[TABLE])}/>"
        f'<w:tblW w:w="{sum(widths)}" w:type="dxa"/><w:jc w:val="center"/>'
        '<w:tblLayout w:type="fixed"/><w:tblLook w:val="0020" w:firstRow="1" w:lastRow="0" '
        'w:firstColumn="0" w:lastColumn="0" w:noHBand="1" w:noVBand="1"/></w:tblPr>'
        f"<w:tblGrid>{grid}</w:tblGrid>{head}{rows}</w:tbl>"
    )
    body: Any = document.element.body
    body.insert(len(body) - 1, parse_xml(xml))


def _row(
    cells: Iterable[Cell],
    widths: Sequence[int],
    styles: dict[str, str],
    looks: Sequence[str],
    head: bool = False,
    strong: bool = False,
    stay: bool = False,
) -> str:
    """A row; `stay` keeps it on the page of what comes next, as the note below a table."""
    looks = list(looks) * (len(widths) if head else 1)
    inside = "".join(
        _cell(cell, width, styles[look], strong, stay)
        for cell, width, look in zip(cells, widths, looks, strict=True)
    )
    repeated = "<w:tblHeader/>" if head else ""
    return f"<w:tr><w:trPr><w:cantSplit/>{repeated}</w:trPr>{inside}</w:tr>"


def _cell(cell: Cell, width: int, style: str, strong: bool, stay: bool) -> str:
    fill = FILLS.get(cell.standing)
    shade = f'<w:shd w:val="clear" w:color="auto" w:fill="{fill}"/>' if fill else ""
    run = text_run(cell.text)
    kept = "<w:keepNext/>" if stay else ""
    if strong:
        run = run.replace("<w:r>", "<w:r><w:rPr><w:b/></w:rPr>", 1)
    return (
        f'<w:tc><w:tcPr><w:tcW w:w="{width}" w:type="dxa"/>{shade}<w:vAlign w:val="center"/>'
        f"</w:tcPr><w:p><w:pPr><w:pStyle w:val={quoteattr(style)}/>{kept}</w:pPr>{run}</w:p></w:tc>"
    )


def add_lists(document: Document, headings: bool) -> None:
    """The list of points, and, where `headings` asks for it, numbers for chapters."""
    numbering: Any = _numbering(document)
    point = (
        f'<w:abstractNum {nsdecls("w")} w:abstractNumId="{POINTS}">'
        '<w:multiLevelType w:val="singleLevel"/><w:lvl w:ilvl="0"><w:start w:val="1"/>'
        '<w:numFmt w:val="bullet"/><w:lvlText w:val="•"/><w:lvlJc w:val="left"/>'
        '<w:pPr><w:ind w:left="340" w:hanging="283"/></w:pPr></w:lvl>'
        "</w:abstractNum>"
    )
    levels = "".join(
        f'<w:lvl w:ilvl="{level}"><w:start w:val="1"/><w:numFmt w:val="decimal"/>'
        f"<w:pStyle w:val={quoteattr(document.styles[f'Heading {level + 1}'].style_id)}/>"
        f'<w:suff w:val="space"/><w:lvlText w:val="{text}"/><w:lvlJc w:val="left"/>'
        '<w:pPr><w:ind w:left="0" w:firstLine="0"/></w:pPr></w:lvl>'
        for level, text in enumerate(("%1 ", "%1.%2 "))
    )
    outline = (
        f'<w:abstractNum {nsdecls("w")} w:abstractNumId="{OUTLINE}">'
        f'<w:multiLevelType w:val="multilevel"/>{levels}</w:abstractNum>'
    )
    kept = [(POINTS, point), *([(OUTLINE, outline)] if headings else [])]
    # All abstract lists stand before the lists that use them.
    for place, (_, xml) in enumerate(kept):
        numbering.insert(place, parse_xml(xml))
    for number, _ in kept:
        numbering.append(
            parse_xml(
                f'<w:num {nsdecls("w")} w:numId="{number}"><w:abstractNumId w:val="{number}"/>'
                "</w:num>"
            )
        )
    in_list(style_named(document, POINT).element, POINTS)
    for level in (1, 2) if headings else ():
        in_list(document.styles[f"Heading {level}"].element, OUTLINE, level - 1)


def in_list(element: Any, number: int, level: int = 0) -> None:
    """Put a style or a paragraph into a list; 0 takes it out of every list."""
    properties = element.get_or_add_pPr()
    listed = properties.get_or_add_numPr()
    listed.get_or_add_ilvl().val = level
    listed.get_or_add_numId().val = number


def numbered_headings(document: Document) -> bool:
    """Whether the headings of a template have numbers of their own."""
    properties: Any = document.styles["Heading 1"].element.pPr
    return properties is not None and properties.find(qn("w:numPr")) is not None


def _numbering(document: Document) -> Any:
    """The lists of a document; a template may come without any."""
    part = document.part
    for relation in part.rels.values():
        if relation.reltype == RELATIONSHIP_TYPE.NUMBERING:
            return relation.target_part.element
    element = parse_xml(f"<w:numbering {nsdecls('w')}/>")
    name = PackURI("/word/numbering.xml")
    own = NumberingPart(name, CONTENT_TYPE.WML_NUMBERING, element, part.package)
    part.relate_to(own, RELATIONSHIP_TYPE.NUMBERING)
    return element
