"""The chapters of the report as data: complete, in both languages, with the figures of the CSV."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Iterator
from dataclasses import replace
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal

import pandas as pd
import pytest

import lifecircle as lc
from lifecircle.base.sentences import LANGUAGES, Language
from lifecircle.base.tables import GAPS, SITES, no_rows
from lifecircle.outputs import report_content_matter, sheets_font
from lifecircle.outputs.csv_text import csv_bytes
from lifecircle.outputs.report_content import report_content
from lifecircle.outputs.report_content_blocks import (
    Block,
    Cell,
    Column,
    Heading,
    Paragraph,
    Picturing,
    Report,
    Table,
    pieces,
    printable,
)
from lifecircle.outputs.tables import rounded
from lifecircle.sources import ReportOptions

OUTLINE = {
    "zh": ["摘要", "基础情况", "评估口径", "总体结论", "分类评估", "街镇评估", "短板与选址"]
    + ["行动建议", "附录：数据与方法"],
    "en": ["Summary", "What was assessed", "How it was measured", "Overall findings"]
    + ["Findings by service", "Findings by unit", "Gaps and sites", "Actions worth examining"]
    + ["Appendix: data and methods"],
}


def blocks(report: Report, kind: type[Block]) -> Iterator[Block]:
    for chapter in report.chapters:
        yield from (block for block in chapter.blocks if isinstance(block, kind))


def texts(report: Report) -> Iterator[str]:
    """Everything that is printed but pictures."""
    for chapter in report.chapters:
        yield chapter.title
        for block in chapter.blocks:
            if isinstance(block, Heading | Paragraph):
                yield block.text
            else:
                yield from (block.caption, block.note)
            if isinstance(block, Table):
                yield from (column.header for column in block.columns)
                yield from (cell.text for row in block.rows for cell in row)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_chapters_follow_the_usual_outline_and_none_is_empty(
    language: Language, reports: dict[Language, Report]
) -> None:
    report = reports[language]
    assert [chapter.title for chapter in report.chapters] == OUTLINE[language]
    for chapter in report.chapters:
        for _, piece in pieces(chapter.blocks):
            assert any(not isinstance(block, Heading) for block in piece), chapter.title
    for table in blocks(report, Table):
        assert isinstance(table, Table) and table.rows, table.caption


def test_both_languages_have_the_same_blocks_and_no_place_is_left_unfilled(
    reports: dict[Language, Report],
) -> None:
    shape = {
        language: [type(one) for chapter in report.chapters for one in chapter.blocks]
        for language, report in reports.items()
    }
    assert shape["zh"] == shape["en"]
    for report in reports.values():
        assert not [text for text in texts(report) if re.search(r"\{\w*\}|\bnan\b|\binf\b", text)]


def test_english_words_of_ours_hold_no_chinese(reports: dict[Language, Report]) -> None:
    """Only names and documents are Chinese: captions, headers and headings of ours are not."""
    for table in blocks(reports["en"], Table):
        assert isinstance(table, Table)
        words = [table.caption, *(column.header for column in table.columns)]
        assert not re.search("[\u4e00-\u9fff]", "".join(words)), words


def as_printed(share: str, target: str) -> str:
    """One decimal; below the target rounded down, else halves up.  By exact decimals."""
    value, aim = Decimal(share) * 100, Decimal(target or "nan") * 100
    below = not aim.is_nan() and value < aim
    return str(value.quantize(Decimal("0.1"), ROUND_FLOOR if below else ROUND_HALF_UP))


@pytest.mark.parametrize("language", LANGUAGES)
def test_tables_hold_the_figures_of_coverage_csv(
    language: Language, demo: lc.Result, reports: dict[Language, Report]
) -> None:
    """For each headline, every unit's share, bound, straight line, total and covered."""
    content = csv_bytes(rounded(demo.coverage))
    csv = pd.read_csv(io.BytesIO(content), dtype=str, keep_default_na=False)
    checked = 0
    for headline in demo.standard.headlines:
        name = headline.name_zh if language == "zh" else headline.name_en
        table = next(
            table
            for table in blocks(reports[language], Table)
            if isinstance(table, Table)
            and table.caption.startswith(name)
            and table.columns[0].header in ("评价单元", "Unit")
        )
        own = csv[(csv["service"] == headline.id) & (csv["denominator"] == "residents")]
        wanted = {}
        for row in own.to_dict("records"):
            city = {"zh": "全部单元", "en": "all units"}[language]
            unit = city if row["level"] == "city" else row["unit_name"]
            shares = [
                as_printed(row[key], row["target"])
                for key in ("share", "share_upper", "straight_line_share")
            ]
            amounts = [f"{float(row[key]):,.0f}" for key in ("total", "covered", "unknown")]
            wanted[unit] = [*amounts, *shares]
        shown = {row[0].text: [cell.text.rstrip(" %") for cell in row[1:7]] for row in table.rows}
        assert shown == wanted
        checked += len(shown)
    assert checked == 4 * 8


def test_the_overview_shows_each_share_with_its_standing(
    demo: lc.Result, reports: dict[Language, Report]
) -> None:
    chapter = reports["zh"].chapters[5]
    table = next(block for block in chapter.blocks if isinstance(block, Table))
    assert table.wide and len(table.rows) == len(demo.units) + 2
    coverage = demo.coverage
    rows = coverage[(coverage["service"] == "health") & (coverage["denominator"] == "residents")]
    of_unit = rows.set_index("unit_name")
    for row in table.rows[2:]:
        found = of_unit.loc[row[0].text]
        sign = "" if pd.isna(found["target"]) else "✓" if found["meets_target"] else "✗"
        figure = as_printed(repr(float(found["share"])), str(found["target"]).replace("nan", ""))
        assert row[1].text == f"{figure} {sign}".strip()


def test_what_nobody_read_in_the_original_is_marked_once_where_it_is_defined(
    demo: lc.Result, reports: dict[Language, Report]
) -> None:
    """One row of the definitions for each headline and service, marked by its confidence."""
    chapter = reports["zh"].chapters[2]
    rows = [row for block in chapter.blocks if isinstance(block, Table) for row in block.rows]
    marks = {row[0].text: row[-1].text for row in rows}
    assert len(marks) == len(rows)
    for rule in (*demo.standard.headlines, *demo.standard.services):
        expected = "已核对原文" if rule.confidence == "V" else "未核对原文"
        assert marks[rule.name_zh] == expected


EXAMINED = {
    ("none", ""): "增设上述设施",
    ("detour", "wall"): "围墙上开设步行出入口",
    ("detour", "water"): "跨河步行通道",
    ("detour", "private"): "内部道路供步行通过",
    ("detour", "missing_link"): "打通",
}


def test_every_action_follows_from_the_cause_of_a_gap_at_its_place(
    demo: lc.Result, reports: dict[Language, Report]
) -> None:
    table = next(one for one in reports["zh"].chapters[7].blocks if isinstance(one, Table))
    gaps = demo.gaps
    for row in table.rows:
        cells = [cell.text for cell in row]
        here = gaps[(gaps["unit_name"] == cells[1]) & (gaps["place"] == cells[2])]
        fitting = [
            gap
            for gap in here.to_dict("records")
            if EXAMINED.get((gap["cause"], gap["between"]), "扩充规模") in cells[5]
        ]
        assert fitting, cells
        if fitting[0]["cause"] == "detour":
            detours = {f"{gap['metres']:,.0f}" for gap in fitting}
            assert any(f"步行{metres}米" in cells[6] for metres in detours)
        most = max(gap["uncovered"] for gap in fitting)
        assert float(cells[4].replace(",", "")) <= round(most)


@pytest.fixture
def drawn_once(reports: dict[Language, Report], monkeypatch: pytest.MonkeyPatch) -> None:
    """The pictures of the report again, where a test is about what stands around them."""
    captions = {"各单元覆盖率分布": "overview"}
    found = {
        captions[one.caption]: one.picture
        for one in blocks(reports["zh"], Picturing)
        if isinstance(one, Picturing) and one.caption in captions
    }
    monkeypatch.setattr(report_content_matter, "pictures", lambda *_: found)


def test_maps_say_what_they_may_be_used_for_and_name_openstreetmap_where_it_is_used(
    demo: lc.Result, drawn_once: None
) -> None:
    """The synthetic town owes OpenStreetMap nothing; with an extract of theirs it would."""
    osm = demo.study.network.model_copy(update={"licence": "ODbL 1.0"})
    study = demo.study.model_copy(update={"network": osm})
    approved = demo.study.study.model_copy(update={"map_approval": "GS(2025)0001号"})
    cases = {
        "内部工作用图": demo.study,
        "© OpenStreetMap contributors (ODbL)；内部工作用图": study,
        "© OpenStreetMap contributors (ODbL)；审图号：GS(2025)0001号": study.model_copy(
            update={"study": approved}
        ),
    }
    for note, own in cases.items():
        own._file = demo.study.file
        report = report_content(replace(demo, study=own), "zh")
        notes = [one.note for one in blocks(report, Picturing) if one.caption == "各单元覆盖率分布"]
        assert notes == [note]


def test_a_result_without_gaps_people_or_headlines_still_fills_every_chapter(
    demo: lc.Result, drawn_once: None
) -> None:
    standard = demo.standard.model_copy(update={"headlines": (), "combinations": ()})
    kept = demo.coverage["service"].isin(standard.ids) & (
        demo.coverage["denominator"] == "buildings"
    )
    nobody = demo.policy.fairness.iloc[:0]
    bare = replace(
        demo,
        standard=standard,
        coverage=demo.coverage[kept].reset_index(drop=True),
        gaps=no_rows(GAPS),
        sites=no_rows(SITES),
        policy=replace(demo.policy, fairness=nobody, standing=demo.policy.standing.iloc[:0]),
        problems=(),
    )
    for language in LANGUAGES:
        report = report_content(bare, language)
        for chapter in report.chapters:
            assert chapter.blocks, chapter.title
        said = " ".join(texts(report))
        assert ("No gap was found" if language == "en" else "未发现") in said
        assert ("no people in the data" if language == "en" else "没有人口") in said


def test_a_unit_without_figures_gets_a_line_that_says_so(demo: lc.Result, drawn_once: None) -> None:
    units = demo.units.copy()
    units.loc[len(units)] = units.iloc[0]
    units.loc[len(units) - 1, ["unit_id", "name"]] = ["nowhere", "无名街道"]
    report = report_content(replace(demo, units=units), "zh")
    chapter = report.chapters[5].blocks
    place = next(n for n, b in enumerate(chapter) if b == Heading("无名街道", 3))
    assert chapter[place + 1] == Paragraph("本单元没有数据。")


def test_without_a_font_the_report_says_why_it_has_no_maps(
    demo: lc.Result, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sheets_font, "KNOWN", ("No Such Font",))
    report = report_content(demo, "zh")
    assert list(blocks(report, Picturing)) == []
    assert any("未附地图" in text and "请安装中文字体" in text for text in texts(report))


def test_title_organisation_and_date_come_from_the_study(demo: lc.Result, drawn_once: None) -> None:
    own = demo.study.model_copy(update={"report": ReportOptions(organisation="某某区规划局")})
    own._file = demo.study.file
    report = report_content(replace(demo, study=own), "en")
    assert report.organisation == "某某区规划局"
    assert report.title == demo.study.study.title
    assert report.dated == "15 March 2025"
    assert report_content(replace(demo, study=own), "zh").dated == "2025年3月15日"


# ---- blocks ----


def test_columns_fill_the_page_and_numbers_get_the_room_they_need() -> None:
    """Eight digits at 1.5 mm and 3 mm of edges; words share what is left."""
    rows = ((Cell("一" * 100), Cell("12345678"), Cell("b" * 90)),)
    table = Table("", (Column("a"), Column("n", True), Column("b")), rows)
    widths = table.widths(100)
    assert math.isclose(sum(widths), 100)
    assert widths[1] == pytest.approx(8 * 1.5 + 3)
    assert widths[0] == pytest.approx(widths[2])


def test_no_latin_word_of_a_head_breaks() -> None:
    """Eight numbers and a long verdict, as in the tables by unit; a bold letter takes 1.8 mm."""
    heads = ["Total", "Covered", "Not known", "Coverage", "Coverage, upper bound"]
    columns = [Column("Unit"), *(Column(head, True) for head in heads), Column("Against")]
    row = [Cell("Tredegar Park"), *(Cell("100.0 %") for _ in heads), Cell("Below the target")]
    table = Table("", tuple(columns), (tuple(row),))
    for head, width in zip(heads, table.widths(160)[1:-1], strict=True):
        assert width >= max(map(len, head.split())) * 1.8


def test_what_no_document_can_hold_is_taken_out() -> None:
    assert printable("a\x00b\x1b[31m\ud800c") == "a\ufffdb\ufffd[31m\ufffdc"
    assert printable("\u202egnp.exe\n x\t y") == "\ufffdgnp.exe x y"
    assert printable("甲🏥<w:t>") == "甲🏥<w:t>"


def test_a_part_with_a_wide_table_stands_on_a_page_of_its_own() -> None:
    wide = Table("", (), (), wide=True)
    parts = pieces([Heading("a"), Paragraph("x"), Heading("b"), wide, Heading("c", 3)])
    assert [(turned, len(part)) for turned, part in parts] == [(False, 2), (True, 3)]
