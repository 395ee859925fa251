"""What the workbook, the Word document and the PDF show: one set of tables for all of them.

Figures are those of the CSV files; words, headers and verdicts are in the language asked for.
"""

from __future__ import annotations

from collections.abc import Iterator

from lifecircle.base.sentences import Language
from lifecircle.measures.result import Result
from lifecircle.outputs.report_tables_base import Kind, ReportColumn, ReportTable, cell_text
from lifecircle.outputs.report_tables_book import book_tables, policy_tables
from lifecircle.outputs.report_tables_coverage import coverage_tables
from lifecircle.outputs.report_tables_places import place_tables

__all__ = ["Kind", "ReportColumn", "ReportTable", "cell_text", "report_tables"]


def report_tables(result: Result, language: Language) -> dict[str, ReportTable]:
    """The tables by id, in the order in which they are shown.

    overview (headlines and combinations by unit), services (single services by unit; left out
    where the standard has no headlines, the overview then shows them), service:<id> for each,
    gaps, sites, policy (all units together), policy_units, projects, definitions, sources,
    problems.
    """
    return {table.id: table for table in _tables(result, language)}


def _tables(result: Result, language: Language) -> Iterator[ReportTable]:
    yield from coverage_tables(result, language)
    gaps, sites, projects = place_tables(result, language)
    yield from (gaps, sites, *policy_tables(result, language), projects)
    yield from book_tables(result, language)
