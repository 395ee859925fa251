"""The assessment report as data: its chapters by the usual outline, from the result of a run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from lifecircle.base.numbers import percent
from lifecircle.base.sentences import Language
from lifecircle.base.tables import SHARES_OF
from lifecircle.measures.result import Result
from lifecircle.outputs.maps import MEAN
from lifecircle.outputs.report_content_annex import annex
from lifecircle.outputs.report_content_basics import basics, rules
from lifecircle.outputs.report_content_blocks import Chapter, Report, bullets
from lifecircle.outputs.report_content_findings import by_service, by_unit, findings
from lifecircle.outputs.report_content_gaps import actions, gaps
from lifecircle.outputs.report_content_matter import Matter
from lifecircle.outputs.report_tables import ReportTable, report_tables

MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
"""In English whatever the computer's own language is."""


def report_content(
    result: Result, language: Language, tables: Mapping[str, ReportTable] | None = None
) -> Report:
    """The report of a run in one language, for Word and for PDF.

    `tables` are those of `report_tables`, where somebody has made them already.  No chapter is
    empty: where there is nothing to say, a line says why.
    """
    tables = report_tables(result, language) if tables is None else tables
    matter, study = Matter(result, language, tables), result.study
    return Report(
        title=study.study.title or study.study.name,
        kind=matter.say("kind"),
        organisation=study.report.organisation,
        date=study.report_date,
        dated=date_words(matter),
        mark=matter.mark,
        chapters=(
            summary(matter),
            basics(matter),
            rules(matter),
            findings(matter),
            by_service(matter),
            by_unit(matter),
            gaps(matter),
            actions(matter),
            annex(matter),
        ),
        language=language,
    )


def date_words(matter: Matter) -> str:
    """The date of the report in words."""
    date = matter.result.study.report_date
    month = MONTHS[date.month - 1] if matter.language == "en" else date.month
    return matter.say("date", y=date.year, m=month, d=date.day)


def summary(matter: Matter) -> Chapter:
    """摘要: scope, each headline, the largest gap, on half a page."""
    return Chapter(matter.say("summary"), bullets(_summary(matter)), numbered=False)


def _summary(matter: Matter) -> Iterator[str]:
    yield _scope(matter)
    for service in matter.headlines:
        yield _share_line(matter, matter.city.loc[service])
    worst = _furthest_behind(matter)
    if worst:
        yield worst
    for gap in matter.in_words(matter.gaps_of(True)[:1]):
        amount = matter.amount(gap["denominator"], gap["uncovered"])
        named = {"unit": gap["unit_name"], "place": gap["place"], "service": gap["service"]}
        yield matter.say("summary_gap", amount=amount, cause=gap["cause"], **named)


def _scope(matter: Matter) -> str:
    result = matter.result
    city = result.coverage[result.coverage["level"] == "city"].drop_duplicates("denominator")
    totals = city.set_index("denominator")["total"]
    there = [name for name in SHARES_OF if totals.get(name, 0) > 0][:3]
    amounts = [matter.amount(name, totals[name]) for name in there]
    standard = result.standard
    return matter.say(
        "summary_scope",
        count=len(result.units),
        amounts=matter.listed(amounts),
        standard=standard.name_zh if matter.language == "zh" else standard.name_en,
        date=date_words(matter),
    )


def _share_line(matter: Matter, row: Any) -> str:
    """The figure of a headline for all units together, with its standing."""
    combined = row["service"] in {one.id for one in matter.result.standard.combinations}
    one_limit = not combined and not pd.isna(row["limit_m"])
    straight = percent(row["straight_line_share"], row["target"])
    return matter.say(
        "summary_share" if one_limit else "summary_share_any",
        service=matter.name(row["service"]),
        figure=matter.figure(row),
        weight=matter.weight_name,
        limit=f"{row['limit_m']:,.0f}" if one_limit else "",
        straight=matter.say("percent", n=straight),
        verdict=_verdict(matter, row),
    )


def _verdict(matter: Matter, row: Any) -> str:
    if pd.isna(row["target"]):
        return matter.say("verdict_city_none")
    standing = "open"
    if not pd.isna(row["meets_target"]):
        standing = "above" if row["meets_target"] else "below"
    return matter.say(f"verdict_city_{standing}", target=percent(row["target"]))


def _furthest_behind(matter: Matter) -> str:
    """The unit with the lowest mean over the headlines, where there is such a figure."""
    coverage = matter.result.coverage
    levels = set(matter.result.units["level"])
    rows = coverage[
        (coverage["service"] == MEAN)
        & (coverage["denominator"] == matter.weight)
        & coverage["level"].isin(levels)
        & coverage["share"].notna()
        & coverage["target"].notna()
    ]
    if len(rows) < 2:
        return ""
    row: Any = rows.sort_values("share", kind="stable").iloc[0]
    return matter.say("summary_unit", unit=row["unit_name"], figure=matter.figure(row))
