"""report.xlsx, opened by two readers and LibreOffice: the figures of coverage.csv, no more."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pytest
from openpyxl.worksheet.worksheet import Worksheet
from python_calamine import CalamineWorkbook
from support import missing

import lifecircle as lc
from lifecircle.base.problems import Problem
from lifecircle.base.sentences import LANGUAGES, Language, catalogue
from lifecircle.outputs.csv_text import csv_bytes
from lifecircle.outputs.report_tables import report_tables
from lifecircle.outputs.tables import rounded
from lifecircle.outputs.workbook import workbook_bytes
from lifecircle.outputs.workbook_style import SHEET_NAME, share_format, sheet_names

PAYLOADS = [
    "=1+1", "=cmd|'/C calc'!A0", "=HYPERLINK(\"http://x.test\",\"a\")", "+1+1", "-1+1", "@SUM(A1)",
    "\t=1+1", "\r=1+1", "\n=1+1", " =1+1", "'=1+1", "\"=1+1", "=IMPORTXML(\"http://x.test\",\"//a\")",
    "{=1+1}", "=A1", "=DDE(\"cmd\",\"/C calc\",\"x\")", "http://x.test/a", "mailto:a@x.test",
    "ftp://x.test", "internal:'x'!A1", "external:c:\\x.xlsx", "=\"a\"&\"b\"", "＝1+1", "＋1", "－1",
    "＠SUM(A1)", "%0A=1+1", "=1+1;=2", "0x41", "1e5", "00123", "TRUE", "2025-01-01", "#REF!",
    "=#REF!",
    "<b>x</b>", "&amp;=1", "_x003D_1+1", "=ROW()", "−1+1",
]  # fmt: skip
"""What spreadsheets have been known to run, open or read as something else than text."""

COLUMNS = {
    "total": "total", "covered": "covered", "unknown": "unknown", "share": "share",
    "upper": "share_upper", "straight": "straight_line_share", "limit": "limit_m",
    "target": "target", "shortfall": "shortfall",
}  # fmt: skip
"""Headers of a service's sheet, and the columns of coverage.csv that they show."""


@pytest.fixture(scope="module")
def books(demo: lc.Result) -> dict[Language, bytes]:
    return {language: workbook_bytes(demo, language) for language in LANGUAGES}


@pytest.fixture(scope="module")
def sheets(books: dict[Language, bytes]) -> dict[Language, dict[str, Worksheet]]:
    return {language: opened(book) for language, book in books.items()}


@pytest.fixture(scope="module")
def figures(demo: lc.Result) -> pd.DataFrame:
    """coverage.csv as anybody reads it."""
    content = csv_bytes(rounded(demo.coverage))
    return pd.read_csv(io.BytesIO(content), dtype={"unit_id": str})


def opened(content: bytes) -> dict[str, Worksheet]:
    book = openpyxl.load_workbook(io.BytesIO(content))
    return {sheet.title: sheet for sheet in book.worksheets}


def head(rows: list[list[Any]]) -> int:
    """The row of the header: the first with something in its last cell."""
    return next(number for number, row in enumerate(rows) if row[-1] not in (None, ""))


def table_of(sheet: Worksheet) -> pd.DataFrame:
    rows = [list(row) for row in sheet.iter_rows(values_only=True)]
    first = head(rows)
    return pd.DataFrame(rows[first + 1 :], columns=rows[first])


def word(key: str, language: Language) -> str:
    return str(catalogue()["report_table"][key][language])


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_figure_of_a_service_is_that_of_coverage_csv(
    demo: lc.Result,
    sheets: dict[Language, dict[str, Worksheet]],
    figures: pd.DataFrame,
    language: Language,
) -> None:
    """Cell by cell, all units and denominators of all services, to the last digit of the file."""
    compared = 0
    tables = report_tables(demo, language)
    for service in figures["service"].unique():
        own = tables[f"service:{service}"]
        shown = table_of(sheets[language][sheet_names([own.title])[0]])
        units = own.rows[["unit_id", "level_id", "denominator_id"]]
        expected = units.merge(
            figures[figures["service"] == service],
            left_on=["unit_id", "level_id", "denominator_id"],
            right_on=["unit_id", "level", "denominator"],
        )
        assert len(expected) == len(shown) == (figures["service"] == service).sum()
        for key, column in COLUMNS.items():
            found = pd.to_numeric(shown[word(key, language)]).to_numpy(dtype=float)
            np.testing.assert_array_equal(found, expected[column].to_numpy(dtype=float))
            compared += len(found)
    assert compared > 10_000


def test_another_reader_finds_the_same_numbers(
    books: dict[Language, bytes], sheets: dict[Language, dict[str, Worksheet]]
) -> None:
    """calamine agrees with openpyxl on every number of every sheet."""
    other = CalamineWorkbook.from_filelike(io.BytesIO(books["zh"]))
    for name, sheet in sheets["zh"].items():
        rows = other.get_sheet_by_name(name).to_python(skip_empty_area=False)
        ours = [cell.value for row in sheet.iter_rows() for cell in row if is_number(cell.value)]
        theirs = [cell for row in rows for cell in row if is_number(cell)]
        assert [float(one) for one in ours] == [float(one) for one in theirs], name


def is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_overview_shows_one_decimal_and_nothing_below_the_target_at_it(
    demo: lc.Result,
    sheets: dict[Language, dict[str, Worksheet]],
    figures: pd.DataFrame,
    language: Language,
) -> None:
    """Down below the target, half up from it on, worked out in decimal numbers."""
    checked = 0
    tables = report_tables(demo, language)
    for name in ("overview", "services"):
        rows = figures[figures["denominator"] == "residents"].set_index(["unit_id", "level"])
        shown = table_of(sheets[language][tables[name].title])
        keys = tables[name].rows[["unit_id", "level_id"]].itertuples(index=False, name=None)
        keys = list(keys)
        for number, column in enumerate(tables[name].columns):
            if column.key not in set(figures["service"]):
                continue
            of_service = rows[rows["service"] == column.key]
            for key, value in zip(keys, shown.iloc[:, number], strict=True):
                share, target = of_service.loc[key, ["share", "target"]]
                assert value == pytest.approx(float(one_decimal(share, target)), abs=1e-9)
                assert pd.isna(target) or (value < target) == (share < target)
                checked += 1
    assert checked == 8 * 30


def one_decimal(share: float, target: float) -> Decimal:
    exact = Decimal(repr(share))
    if not pd.isna(target) and share < target:
        return (exact * 1000).to_integral_value("ROUND_FLOOR") / 1000
    return exact.quantize(Decimal("0.001"), ROUND_HALF_UP)


@pytest.mark.parametrize("target", [0.85, 0.8, 1.0, 0.333])
def test_no_number_format_lifts_a_share_to_its_target(target: float) -> None:
    """What a spreadsheet shows: half up at the last digit of the format.

    Shares to a millionth around every step; what is shown also starts with the printed digits.
    """
    steps = np.unique(np.concatenate([np.arange(0, 1, 0.0005), target - np.arange(1, 900) / 1e6]))
    for share in steps[(steps < target) & (steps >= 0)].round(6):
        digits = share_format(share, target, printed=False).removesuffix("%").split(".")[1]
        place = Decimal(1).scaleb(-len(digits) - 2)
        shown = Decimal(repr(float(share))).quantize(place, ROUND_HALF_UP)
        assert shown < Decimal(repr(target))
        assert (shown * 1000).to_integral_value("ROUND_FLOOR") / 1000 == one_decimal(
            float(share), target
        )


def test_the_same_run_gives_the_same_bytes(demo: lc.Result, books: dict[Language, bytes]) -> None:
    assert workbook_bytes(demo, "zh") == books["zh"]
    with zipfile.ZipFile(io.BytesIO(books["zh"])) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        core = archive.read("docProps/core.xml").decode()
    assert set(re.findall(r"\d{4}-\d\d-\d\dT", core)) == {f"{demo.study.report_date}T"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_sheets_can_be_filtered_and_printed(
    sheets: dict[Language, dict[str, Worksheet]], language: Language
) -> None:
    """Header frozen and repeated, a filter over all rows, landscape, one page wide."""
    for sheet in sheets[language].values():
        first = head([list(row) for row in sheet.iter_rows(values_only=True)]) + 1
        assert sheet.freeze_panes is not None
        assert int(re.sub(r"\D", "", sheet.freeze_panes)) == first + 1
        assert sheet.print_title_rows == f"${first}:${first}"
        assert sheet.page_setup.orientation == "landscape"
        # A width that is not written is one page.
        assert (sheet.page_setup.fitToWidth or 1, sheet.page_setup.fitToHeight) == (1, 0)
        assert re.sub(r"\D", "", sheet.auto_filter.ref.split(":")[0]) == str(first)
        assert sheet.print_area


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sheet_says_whose_it_is_when_and_what_for(
    sheets: dict[Language, dict[str, Worksheet]], language: Language
) -> None:
    internal = {"zh": "内部工作", "en": "for internal work"}[language]
    for sheet in sheets[language].values():
        line = str(sheet.cell(2, 1).value)
        assert "临江区（虚构）15分钟社区生活圈" in line
        assert "2025-03-15" in line
        assert internal in line


def test_an_approved_map_number_takes_the_place_of_the_mark(demo: lc.Result) -> None:
    approved = replace(
        demo,
        study=demo.study.model_copy(
            update={"study": demo.study.study.model_copy(update={"map_approval": "沪S(2025)001号"})}
        ),
    )
    line = str(opened(workbook_bytes(approved, "zh"))["总览"]["A2"].value)
    assert "沪S(2025)001号" in line
    assert "内部工作" not in line


def test_numbers_fit_their_columns(sheets: dict[Language, dict[str, Worksheet]]) -> None:
    """No ####: the digits of every number take no more than the width of its column."""
    for sheet in sheets["zh"].values():
        for cell in (cell for row in sheet.iter_rows() for cell in row if is_number(cell.value)):
            decimals = len(cell.number_format.split("%")[0].partition(".")[2])
            scale = 100 if "%" in cell.number_format else 1
            text = f"{cell.value * scale:,.{decimals}f}"
            marks = 3 * ('"' in cell.number_format) + ("%" in cell.number_format)
            assert len(text) + marks <= sheet.column_dimensions[cell.column_letter].width


# ---- texts that would be more than text ----


@pytest.fixture(scope="module")
def hostile(demo: lc.Result) -> lc.Result:
    """The demo with payloads in every text that reaches the workbook."""

    def spoilt(table: pd.DataFrame, *columns: str) -> Any:
        texts = {
            column: [PAYLOADS[row % len(PAYLOADS)] for row in range(len(table))]
            for column in columns
        }
        return table.assign(**texts)

    names = dict(zip(demo.units["unit_id"], PAYLOADS, strict=False))
    study = demo.study.study.model_copy(update={"title": PAYLOADS[0], "map_approval": "=1+1"})
    report = demo.study.report.model_copy(update={"organisation": "=2+2"})
    facilities = tuple(
        source.model_copy(update={"publisher": payload, "licence": payload})
        for source, payload in zip(demo.study.facilities, PAYLOADS, strict=False)
    )
    problems = [
        Problem("column_missing", "noted", p, column=p, value=p, sheet=p, details={"columns": p})
        for p in PAYLOADS
    ]
    coverage = demo.coverage
    indicators = spoilt(demo.policy.indicators, "name", "rule", "missing", "clause")
    return replace(
        demo,
        study=demo.study.model_copy(
            update={"study": study, "report": report, "facilities": facilities}
        ),
        units=demo.units.assign(name=demo.units["unit_id"].map(names)),
        coverage=spoilt(
            coverage.assign(unit_name=coverage["unit_id"].map(names).fillna("=1+1")),
            "limit_source",
        ),
        gaps=spoilt(demo.gaps, "unit_name", "place", "facility_name", "gap_id"),
        sites=gpd.GeoDataFrame(spoilt(demo.sites, "candidate_name", "unit_name")),
        policy=replace(demo.policy, indicators=indicators),
        problems=tuple(problems),
    )


@pytest.fixture(scope="module")
def hostile_book(hostile: lc.Result) -> bytes:
    return workbook_bytes(hostile, "en")


def cells(content: bytes) -> Iterator[Any]:
    for sheet in opened(content).values():
        yield from (cell for row in sheet.iter_rows() for cell in row if cell.value is not None)


def test_no_text_becomes_a_formula_or_a_link(hostile_book: bytes) -> None:
    """Every payload arrives as the text it is, in cells of text."""
    found = list(cells(hostile_book))
    texts = {cell.value for cell in found if cell.data_type == "s"}
    assert {cell.data_type for cell in found} <= {"s", "n", "d"}
    assert len(PAYLOADS) == 40
    # XML has one way of ending lines only: a carriage return is kept as a line's end.
    assert {payload.replace("\r", "\n") for payload in PAYLOADS} <= {
        text.replace("\r", "\n") for text in texts
    }
    with zipfile.ZipFile(io.BytesIO(hostile_book)) as archive:
        for name in archive.namelist():
            content = archive.read(name)
            assert b"<f>" not in content and b"<f " not in content, name
            assert b"hyperlink" not in content.replace(b"HYPERLINK", b""), name
        assert not [name for name in archive.namelist() if "external" in name.lower()]


def test_libreoffice_finds_no_formula_either(hostile_book: bytes, tmp_path: Path) -> None:
    """After a round trip as .xlsx there is none, and as .csv nothing was computed."""
    office = shutil.which("soffice") or missing("no LibreOffice on the path")
    (tmp_path / "hostile.xlsx").write_bytes(hostile_book)
    profile = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
    for suffix in ("xlsx", "csv:Text - txt - csv (StarCalc):44,34,76"):
        command = [office, profile, "--headless", "--convert-to", suffix, "--outdir"]
        command += [str(tmp_path / "out"), str(tmp_path / "hostile.xlsx")]
        subprocess.run(command, check=True, capture_output=True, timeout=120)
    again = list(cells((tmp_path / "out" / "hostile.xlsx").read_bytes()))
    assert len(again) > 10_000
    assert "f" not in {cell.data_type for cell in again}
    first = (tmp_path / "out" / "hostile.csv").read_text(encoding="utf-8")
    assert "=1+1" in first
    assert not re.search(r"(?m)^2,", first)


def test_long_names_and_a_unit_without_figures(demo: lc.Result) -> None:
    """A name longer than a cell, a unit that no row of coverage has, one without demand."""
    empty = demo.units.iloc[[0]].assign(unit_id="none", name="名" * 40_000)
    units = gpd.GeoDataFrame(pd.concat([demo.units, empty], ignore_index=True), crs=demo.units.crs)
    nothing = demo.coverage["unit_id"] == "990101002000"
    coverage = demo.coverage.assign(
        total=demo.coverage["total"].mask(nothing, 0.0),
        share=demo.coverage["share"].mask(nothing),
        share_upper=demo.coverage["share_upper"].mask(nothing),
        meets_target=demo.coverage["meets_target"].mask(nothing),
    )
    book = workbook_bytes(replace(demo, units=units, coverage=coverage), "zh")
    shown = table_of(opened(book)[word("overview", "zh")])
    verdict = shown.columns[4]
    assert list(shown[shown.iloc[:, 0] == "云桥街道"][verdict]) == ["无需求点"]
    last = shown.iloc[-1]
    assert str(last.iloc[0]).startswith("名名") and len(str(last.iloc[0])) < 32_767
    assert last.iloc[[2, 3]].isna().all() and last[verdict] == "无数据"


def test_names_of_sheets_are_allowed_and_all_different() -> None:
    """At most 31 signs, none that a spreadsheet forbids, whatever the case of letters."""
    titles = [
        "a/b",
        "A b",
        "x" * 60,
        "X" * 60,
        "'q'",
        "[]:*?",
        "养老院/老年养护院",
        "养老院 老年养护院",
    ]
    names = sheet_names(titles)
    assert len({name.lower() for name in names}) == len(titles)
    assert all(0 < len(name) <= SHEET_NAME and not set(name) & set("[]:*?/\\") for name in names)
    assert not any(name.startswith("'") or name.endswith("'") for name in names)
