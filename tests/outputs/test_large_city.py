"""What a large city brings: more rows than a sheet is read with, and more streets than dots."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely
from geopandas.testing import assert_geodataframe_equal
from python_calamine import CalamineWorkbook

import lifecircle as lc
from lifecircle.base.problems import Problem
from lifecircle.base.sentences import LANGUAGES, Language
from lifecircle.outputs import gis
from lifecircle.outputs.csv_text import csv_bytes
from lifecircle.outputs.gaps_terminal import cause_texts, cause_words
from lifecircle.outputs.gis import write_package
from lifecircle.outputs.gis_layers import styles
from lifecircle.outputs.report_content import report_content
from lifecircle.outputs.report_content_blocks import Paragraph, Report, Table
from lifecircle.outputs.report_tables import report_tables
from lifecircle.outputs.report_tables_base import MOST_ROWS
from lifecircle.outputs.strokes import Strokes
from lifecircle.outputs.tables import write_tables
from lifecircle.outputs.workbook import workbook_bytes

SEED = 13


@pytest.fixture(scope="module")
def large(demo: lc.Result) -> lc.Result:
    """The demo with more gaps and findings than a sheet lists.

    The gaps of headlines come last, as does a finding of its own kind.
    """
    headlines = [one.id for one in demo.standard.headlines]
    single = ~demo.gaps["service"].isin(headlines).to_numpy()
    own, last = demo.gaps[single], demo.gaps[~single]
    assert len(own) and len(last), "the demo has gaps of both kinds"
    often = -(-(MOST_ROWS + 1) // len(own))
    copies = [own.assign(gap_id=own["gap_id"] + f"-{number}") for number in range(often)]
    gaps = pd.concat([*copies, last], ignore_index=True)
    gaps["rank"] = pd.array(np.arange(1, len(gaps) + 1), dtype="Int64")
    early = [Problem("facility_too_far", "excluded", "a.csv", row=row) for row in range(6_000)]
    late = Problem("figures_without_font", "noted", "report.docx")
    return replace(demo, gaps=gaps, problems=(*early, late))


@pytest.fixture(scope="module")
def report(large: lc.Result) -> Report:
    return report_content(large, "en")


def texts(report: Report) -> Iterator[str]:
    """Every paragraph and cell of the report."""
    for chapter in report.chapters:
        for block in chapter.blocks:
            if isinstance(block, Paragraph):
                yield block.text
            if isinstance(block, Table):
                yield from (cell.text for row in block.rows for cell in row)
                yield block.note


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_sheet_lists_the_largest_gaps_and_says_how_many_there_are_and_where(
    large: lc.Result, language: Language
) -> None:
    tables = report_tables(large, language)
    shown = tables["gaps"]
    assert shown.rows["gap_id"].tolist() == large.gaps["gap_id"].tolist()[:MOST_ROWS]
    said = shown.note.splitlines()[-1]
    assert f"{len(large.gaps):,}" in said
    assert f"{MOST_ROWS:,}" in said
    assert "gaps.csv" in said
    book = CalamineWorkbook.from_filelike(io.BytesIO(workbook_bytes(large, language, tables)))
    cells = book.get_sheet_by_name(shown.title).to_python()
    assert any(said in str(row[0]) for row in cells)
    assert len(cells) < MOST_ROWS + 20


def test_a_sheet_that_holds_everything_says_nothing_of_the_rest(demo: lc.Result) -> None:
    for language in LANGUAGES:
        tables = report_tables(demo, language)
        for name in ("gaps", "projects", "problems"):
            assert f"{MOST_ROWS:,}" not in tables[name].note


def test_no_gap_is_lost_from_the_files(large: lc.Result, tmp_path: Path) -> None:
    """gaps.csv and the layer of the package have every one, far beyond what the sheet lists."""
    write_tables(large, tmp_path / "run")
    listed = pd.read_csv(tmp_path / "run" / "gaps.csv")
    assert listed["gap_id"].tolist() == large.gaps["gap_id"].tolist()
    layer = pyogrio.read_info(tmp_path / "run" / "results.gpkg", layer="gaps")
    assert layer["features"] == len(large.gaps) > MOST_ROWS


def test_a_layer_written_some_rows_at_a_time_is_the_same_layer(
    demo: lc.Result, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Columns that are empty in the first rows too, and empty throughout."""
    late = np.where(np.arange(len(demo.demand)) < 500, None, "x")
    demand = demo.demand.assign(late=late, never=None)
    assert len(demand) > 1_000
    drawn = styles(demo, ["demand"], "en")
    whole, parts = tmp_path / "whole.gpkg", tmp_path / "parts.gpkg"
    layers = {"facilities": demo.facilities, "demand": demand, "gaps": demo.gaps}
    assert len(demo.facilities) > 200 and len(demo.gaps) > 200
    for path, rows in ((whole, len(demand)), (parts, 90)):
        monkeypatch.setattr(gis, "ROWS_AT_ONCE", rows)
        write_package(layers, drawn, path, demo.study.report_date)
    for layer in layers:
        one, other = (pyogrio.read_dataframe(path, layer=layer) for path in (whole, parts))
        assert_geodataframe_equal(one, other)
        infos = [pyogrio.read_info(path, layer=layer) for path in (whole, parts)]
        for name in ("crs", "geometry_type", "total_bounds", "capabilities", "ogr_types"):
            assert np.all(infos[0][name] == infos[1][name]), (layer, name)


def test_the_report_counts_and_finds_what_the_sheet_leaves_out(
    large: lc.Result, report: Report
) -> None:
    """Gaps of headlines, all beyond the sheet's last row, are in summary, units and tables."""
    headlines = {one.id for one in large.standard.headlines}
    own = large.gaps[large.gaps["service"].isin(headlines)]
    assert own["rank"].min() > MOST_ROWS
    first = own.iloc[0]
    said = list(texts(report))
    assert sum(first["place"] in text and f"{first['uncovered']:,.0f}" in text for text in said) > 1
    blocks = [block for chapter in report.chapters for block in chapter.blocks]
    tables = {block.caption: block for block in blocks if isinstance(block, Table)}
    rows = tables["Gaps by cause"].rows
    counts = [[int(cell.text.replace(",", "")) for cell in row[1:]] for row in rows]
    assert np.sum(counts, axis=0).tolist() == [len(own), len(large.gaps) - len(own)]
    assert any(f"of {len(own)};" in text for text in said)


def test_findings_beyond_the_sheet_are_counted(large: lc.Result, report: Report) -> None:
    """The sheet lists the first; the appendix counts each kind over all of them."""
    table = report_tables(large, "en")["problems"]
    assert len(table.rows) == MOST_ROWS
    assert "6,001" in table.note
    assert "problems.csv" in table.note
    said = list(texts(report))
    assert "6,000" in said
    assert any(large.problems[-1].what("en") in text for text in said)


@pytest.mark.parametrize("language", LANGUAGES)
def test_causes_put_into_words_together_are_those_of_each_gap(
    demo: lc.Result, language: Language
) -> None:
    each = [cause_words(gap, language) for _, gap in demo.gaps.iterrows()]
    assert cause_texts(demo.gaps, language).tolist() == each
    assert len(set(each)) > 2


def lines_at_random(count: int, step: float) -> np.ndarray:
    """Lines that wander in steps of about `step`."""
    dice = np.random.default_rng(SEED)
    sizes = dice.integers(2, 40, count)
    starts = dice.uniform(-500, 500, (count, 2))
    walks = [dice.normal(0, step, (size, 2)).cumsum(axis=0) for size in sizes]
    return np.array(
        [shapely.linestrings(start + walk) for start, walk in zip(starts, walks, strict=True)]
    )


def lines_of(strokes: Strokes) -> list[shapely.Geometry]:
    pieces = np.split(strokes.places, np.flatnonzero(strokes.first)[1:])
    return [shapely.linestrings(piece) for piece in pieces if len(piece)]


def test_streets_are_thinned_by_less_than_a_dot() -> None:
    """Where lines leave their square is drawn, and nothing else, within a square's diagonal."""
    lines = lines_at_random(400, step=0.5)
    squares = [np.floor(shapely.get_coordinates(line) / 2.0) for line in lines]
    leaving = [line for line, own in zip(lines, squares, strict=True) if np.ptp(own, axis=0).any()]
    thin = Strokes.of(lines).thinned(2.0)
    assert thin.first[0]
    assert len(thin.places) < len(shapely.get_coordinates(lines)) / 2
    before, after = shapely.union_all(leaving), shapely.union_all(lines_of(thin))
    assert len(leaving) < len(lines)
    assert shapely.hausdorff_distance(before, after, densify=0.2) <= 2.0 * np.sqrt(2)


def test_what_a_picture_costs_follows_its_dots_and_not_the_city() -> None:
    """Neither finer lines nor the same streets ten times over leave more to draw."""
    lines = lines_at_random(200, step=8.0)
    once = len(Strokes.of(shapely.segmentize(lines, 0.5)).thinned(4.0).places)
    finer = shapely.segmentize(lines, 0.05)
    assert len(shapely.get_coordinates(finer)) > 50 * once
    assert len(Strokes.of(finer).thinned(4.0).places) < 1.1 * once
    tenfold = np.concatenate([shapely.segmentize(lines, 0.5)] * 10)
    assert len(Strokes.of(tenfold).thinned(4.0).places) == once


def test_no_line_that_a_window_shows_is_left_out() -> None:
    lines = np.append(lines_at_random(300, step=20.0), shapely.from_wkt("MULTILINESTRING EMPTY"))
    window = shapely.box(-100, -80, 120, 60)
    near = lines_of(Strokes.of(lines).near(*window.bounds))
    seen = lines[shapely.intersects(lines, window)]
    assert {line.wkt for line in seen} <= {line.wkt for line in near}
    assert 0 < len(near) < len(lines)
    assert lines_of(Strokes.of(lines[:0]).near(*window.bounds)) == []


def test_dots_of_a_line_are_connected_and_lie_on_it() -> None:
    """From end to end without a hole, and never a whole dot away."""
    lines = lines_at_random(50, step=9.0)
    for line in lines:
        strokes = Strokes.of(np.array([line]))
        dots = np.unique(np.column_stack(strokes.dots(*strokes.places.T)), axis=0)
        ends = {tuple(dot) for dot in np.floor(strokes.places).astype(int)}
        assert ends <= {tuple(dot) for dot in dots}
        middles = shapely.points(dots + 0.5)
        assert shapely.distance(middles, line).max() < 1.5
        squares = shapely.union_all(shapely.buffer(middles, 0.51, cap_style="square"))
        assert squares.geom_type == "Polygon"


def test_a_csv_reads_back_as_it_was() -> None:
    """Python's own reader finds every text and number again; pandas writes the same bytes."""
    dice = np.random.default_rng(SEED)
    signs = np.array(list("ab,\"\n中;'|\t "))
    words = ["x" + "".join(dice.choice(signs, dice.integers(0, 9))) for _ in range(500)]
    numbers = np.where(dice.random(500) < 0.2, np.nan, dice.normal(0, 1e4, 500).round(3))
    table = pd.DataFrame(
        {
            "text, quoted": pd.array(words, dtype="str"),
            "number": numbers,
            "count": pd.array([None if n % 7 == 0 else n for n in range(500)], dtype="Int64"),
            "flag": pd.array([None if n % 5 == 0 else n % 2 == 0 for n in range(500)], "boolean"),
            "mixed": np.array([None, 1, True, "t", 2.5] * 100, dtype=object),
            "far": np.where(numbers > 0, np.inf, 1000.0),
        }
    )
    content = csv_bytes(table)
    assert content == table.to_csv(index=False, lineterminator="\n").encode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    assert rows[0] == list(table.columns)
    assert [row[0] for row in rows[1:]] == words
    assert [float(row[1] or "nan") for row in rows[1:]] == pytest.approx(numbers, nan_ok=True)


def test_a_table_without_rows_is_a_header() -> None:
    assert csv_bytes(pd.DataFrame({"a": [], "b": []})) == b"\xef\xbb\xbfa,b\n"
