"""The display tables of what the figures rest on: targets, definitions, sources, problems."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from lifecircle.base.files import sha256
from lifecircle.base.numbers import percent
from lifecircle.base.problems import problems_table
from lifecircle.base.sentences import Language, catalogue, sentence
from lifecircle.measures.coverage import CITY
from lifecircle.measures.result import Result
from lifecircle.outputs.indicator_tables import own_name, rounded_figures, verdict
from lifecircle.outputs.report_tables_base import (
    MOST_ROWS,
    Kind,
    ReportColumn,
    ReportTable,
    level_words,
    say,
    table_of,
    unit_names,
    with_rest,
)
from lifecircle.outputs.report_tables_coverage import city_first, rule_words, walker
from lifecircle.standards.catalogue import Combination, Headline, Service, Standard


def book_tables(result: Result, language: Language) -> Iterator[ReportTable]:
    """Definitions, sources and problems."""
    yield definitions_table(result, language)
    yield sources_table(result, language)
    yield data_problems_table(result, language)


def _columns(language: Language, *keys: tuple[str, Kind, str]) -> list[ReportColumn]:
    return [ReportColumn(key, say(header, language), kind) for key, kind, header in keys]


def checked(confidence: str, language: Language) -> str:
    """Whether a figure was read in the original."""
    return say("checked", language) if confidence == "V" else catalogue()["unchecked"][language]


def policy_tables(result: Result, language: Language) -> Iterator[ReportTable]:
    """政策目标对照表: every line of the policy for all units together, then for every unit."""
    rows = _policy_rows(result, language)
    is_city = rows["level_id"] == CITY
    for id, chosen, columns in (
        ("policy", is_city, (*_policy_head(language), *_policy_why(language))),
        ("policy_units", ~is_city & rows["value"].notna(), _policy_head(language)),
    ):
        table = rows[chosen]
        bounded = (table["value_upper"] - table["value"] > 1e-9).any()
        shown = tuple(one for one in columns if one.key != "value_upper" or bounded)
        yield table_of(id, say(id, language), shown, table, say(f"{id}_note", language))


def _policy_rows(result: Result, language: Language) -> pd.DataFrame:
    """INDICATORS in words, line by line, the sum of all units first."""
    rows = city_first(rounded_figures(result.policy.indicators))
    lines = pd.Series(rows["indicator"] + " " + rows["part"]).str.strip()
    rows = rows.assign(
        line=lines, order=lines.map({line: n for n, line in enumerate(lines.unique())})
    )
    rows = rows.sort_values("order", kind="stable").reset_index(drop=True)
    meets = rows["meets_target"].astype(object)
    return rows.assign(
        name=[own_name(row, language) for _, row in rows.iterrows()],
        unit_name=unit_names(rows, language),
        level_id=rows["level"],
        level=level_words(rows["level"], language),
        is_share=rows["unit"] == "share",
        measured_in=[unit_words(unit, language) for unit in rows["unit"]],
        verdict=["" if pd.isna(one) else verdict(one, language) for one in meets],
        standing=["" if pd.isna(one) else ("above" if one else "below") for one in meets],
        checking=[checked(mark, language) for mark in rows["confidence"]],
    )


def _policy_head(language: Language) -> tuple[ReportColumn, ...]:
    figures = {"target": "target", "share_if": "is_share"}
    value, upper = say("value", language), say("value_upper", language)
    return (
        *_columns(language, ("line", "text", "line"), ("name", "text", "indicator")),
        *_columns(language, ("unit_name", "text", "unit"), ("level", "text", "level")),
        ReportColumn("value", value, "number", standing="standing", **figures),
        ReportColumn("value_upper", upper, "number", **figures),
        ReportColumn("target", say("target", language), "number", share_if="is_share"),
        *_columns(language, ("measured_in", "text", "unit_of_value")),
        *_columns(language, ("target_year", "date", "target_year")),
        ReportColumn(
            "verdict", sentence("targets.verdict", language), "verdict", standing="standing"
        ),
    )


def _policy_why(language: Language) -> list[ReportColumn]:
    return _columns(
        language,
        ("year", "date", "year"),
        ("clause", "text", "clause"),
        ("checking", "text", "confidence"),
        ("rule", "text", "rule"),
        ("missing", "text", "missing"),
    )


def unit_words(unit: str, language: Language) -> str:
    """The unit of measure of an indicator."""
    if unit == "share":
        return say("share_unit", language)
    amount, _, people = unit.partition(" per 1000 ")
    own = sentence(f"targets_units.{amount}", language)
    if not people:
        return own
    weight = sentence(f"denominator.{people}", language)
    text = sentence("targets_units.per_1000", language, value="", unit=own, weight=weight)
    return " ".join(text.split())


def definitions_table(result: Result, language: Language) -> ReportTable:
    """标准与口径: what every headline and service means, its limit and where that is written."""
    standard, measured = result.standard, set(result.coverage["service"])
    entries: list[Headline | Combination | Service] = [
        *standard.headlines,
        *standard.combinations,
        *standard.services,
    ]
    members = set(result.minutes.services)
    rows = [
        {
            **_entry(entry, standard, language),
            "definition": rule_words(entry.id, standard, members, language),
            "has_data": say("with_data" if entry.id in measured else "without_data", language),
        }
        for entry in entries
    ]
    columns = _columns(
        language,
        ("kind", "text", "kind"),
        ("name", "text", "service"),
        ("definition", "text", "definition"),
        ("limit_m", "metres", "limit"),
        ("limit_lower_m", "metres", "limit_lower"),
        ("limit_source", "text", "limit_source"),
        ("target", "share", "target"),
        ("clause", "text", "clause"),
        ("document", "text", "document"),
        ("year", "date", "document_year"),
        ("checking", "text", "confidence"),
        ("has_data", "text", "has_data"),
        ("id", "text", "code"),
    )
    note = _definitions_note(result, language)
    return table_of(
        "definitions", say("definitions", language), tuple(columns), pd.DataFrame(rows), note
    )


def _entry(
    entry: Headline | Combination | Service, standard: Standard, language: Language
) -> dict[str, Any]:
    """One headline, combination or service with its limit and origin."""
    name = entry.name_zh if language == "zh" else entry.name_en
    both: dict[str, Any] = {"id": entry.id, "name": name, "document": _document(standard, language)}
    both |= {"year": standard.year}
    if isinstance(entry, Combination):
        nothing = {"limit_m": np.nan, "limit_lower_m": np.nan, "limit_source": "", "clause": ""}
        own = {"kind": say("kind_combination", language), "target": standard.target}
        return {**both, **nothing, **own, "checking": checked(standard.confidence, language)}
    kind = "kind_headline" if isinstance(entry, Headline) else "kind_service"
    target = entry.target if isinstance(entry, Headline) else standard.target
    areas = [
        say("area_limit", language, area=limit.area_kind, limit=f"{limit.limit_m:g}")
        for limit in entry.by_area
    ]
    return {
        **both,
        "kind": say(kind, language),
        "limit_m": entry.limit_m,
        "limit_lower_m": np.nan if entry.limit_lower_m is None else entry.limit_lower_m,
        "limit_source": "; ".join([entry.limit_source, *areas]),
        "target": np.nan if target is None else target,
        "clause": entry.clause,
        "checking": checked(entry.confidence, language),
    }


def _document(standard: Standard, language: Language) -> str:
    return standard.name_zh if language == "zh" else standard.name_en


def _definitions_note(result: Result, language: Language) -> str:
    standard = result.standard
    values = {"document": standard.document, "year": standard.year}
    walks = say("walker", language, text=walker(result.coverage, language))
    if standard.target is None:
        return f"{say('definitions_note_plain', language, **values)}\n{walks}"
    values |= {"target": percent(standard.target), "clause": standard.target_clause}
    return f"{say('definitions_note', language, **values)}\n{walks}"


def sources_table(result: Result, language: Language) -> ReportTable:
    """数据来源: every file with its publisher, date, licence and hash; each once."""
    roles: dict[Any, list[str]] = defaultdict(list)
    for source in result.study.sources:
        roles[source.path].append(sentence(f"source_role.{type(source).__name__}", language))
    files = {source.path: source for source in result.study.sources}
    counts = _row_counts(result)
    rows = [
        {
            "file": source.name,
            "role": sentence("map.comma", language).join(dict.fromkeys(roles[path])),
            "publisher": source.publisher,
            "date": source.date,
            "licence": source.licence,
            "datum": source.datum or "",
            "sha256": sha256(path),
            **counts.get(source.name, dict.fromkeys(("read", "used", "excluded"), np.nan)),
        }
        for path, source in files.items()
    ]
    columns = _columns(
        language,
        ("file", "text", "file"),
        ("role", "text", "role"),
        ("publisher", "text", "publisher"),
        ("date", "date", "date"),
        ("licence", "text", "licence"),
        ("datum", "text", "datum"),
        ("read", "integer", "rows_read"),
        ("used", "integer", "rows_used"),
        ("excluded", "integer", "rows_excluded"),
        ("sha256", "text", "sha256"),
    )
    table, note = pd.DataFrame(rows), say("sources_note", language)
    return table_of("sources", say("sources", language), tuple(columns), table, note)


def _row_counts(result: Result) -> Mapping[str, dict[Any, Any]]:
    """Rows read, used and left out of each file, over all that was read from it."""
    account = pd.DataFrame(result.account["rows"])
    if account.empty:
        return {}
    sums = account.groupby("source")[["rows_read", "rows_used", "rows_excluded"]].sum()
    sums.columns = ["read", "used", "excluded"]
    return {str(name): row for name, row in sums.to_dict("index").items()}


def data_problems_table(result: Result, language: Language) -> ReportTable:
    """数据问题: what was found in the inputs, in the order in which it was found."""
    rows = problems_table(result.problems[:MOST_ROWS], language)
    words = catalogue()["report_action"]
    rows = rows.assign(action=[words[action][language] for action in rows["action"]])
    columns = _columns(
        language,
        ("source", "text", "file"),
        ("sheet", "text", "sheet"),
        ("row", "integer", "row"),
        ("column", "text", "column"),
        ("value", "text", "cell"),
        ("action", "text", "action"),
        ("what", "text", "what"),
        ("fix", "text", "fix"),
        ("code", "text", "code"),
    )
    note = say("problems_note" if len(rows) else "problems_none", language)
    note = with_rest(note, len(result.problems), "problems_rest", language)
    return table_of("problems", say("problems", language), tuple(columns), rows, note)
