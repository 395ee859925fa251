"""Standards on the terminal: which there are, what one asks, and what nobody has read up yet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd
from rich.box import SIMPLE_HEAD
from rich.table import Table

from lifecircle.base.numbers import percent
from lifecircle.base.sentences import Language, sentence
from lifecircle.measures.coverage import CITY
from lifecircle.outputs.words import denominator_words, service_words
from lifecircle.standards.catalogue import (
    Confidence,
    Headline,
    Limit,
    Rule,
    Standard,
    bundled_standards,
    load_standard,
)

KINDS_OF_CONFIDENCE: tuple[Confidence, ...] = ("V", "V2", "M")


def rules_of(standard: Standard) -> list[Rule]:
    """Headlines and services: everything that has a limit."""
    return [*standard.headlines, *standard.services]


def standards_summary() -> list[dict[str, Any]]:
    """One entry for each bundled standard."""
    entries = []
    for name in bundled_standards():
        standard = load_standard(name)
        counts = Counter(rule.confidence for rule in rules_of(standard))
        entries.append(
            {
                "id": standard.id,
                "name_zh": standard.name_zh,
                "name_en": standard.name_en,
                "year": standard.year,
                "services": len(standard.services),
                "headlines": len(standard.headlines),
                "target": standard.target,
            }
            | {str(mark): counts[mark] for mark in KINDS_OF_CONFIDENCE}
        )
    return entries


def summary_table(entries: Sequence[dict[str, Any]], language: Language) -> Table:
    """The summary as a table."""
    table = _table("id", "name", "year", "services", "headlines", "target", language=language)
    for mark in KINDS_OF_CONFIDENCE:
        table.add_column(mark, justify="right")
    for entry in entries:
        target = "–" if entry["target"] is None else f"{percent(entry['target'])} %"
        texts = [entry["id"], entry[f"name_{language}"], entry["year"], entry["services"]]
        marks = [entry[mark] for mark in KINDS_OF_CONFIDENCE]
        table.add_row(*(str(text) for text in [*texts, entry["headlines"], target, *marks]))
    return table


def standard_table(standard: Standard, language: Language) -> Table:
    """Every limit of a standard with its origin, clause and confidence."""
    table = _table("id", "name", "limit", "origin", "clause", "confidence", language=language)
    table.title = f"{standard.name_zh if language == 'zh' else standard.name_en} ({standard.year})"
    for rule in rules_of(standard):
        name = rule.name_zh if language == "zh" else rule.name_en
        if isinstance(rule, Headline):
            link = sentence("summary.or", language)
            name = f"{name} = {link.join(rule.members)}"
        first, *others = _limits(rule, language)
        table.add_row(rule.id, name, *first, rule.clause, rule.confidence)
        for limit in others:
            table.add_row("", "", *limit, "", "")
    return table


def unverified(standard: Standard) -> list[Rule]:
    """Rules whose limit nobody has read in the original."""
    return [rule for rule in rules_of(standard) if rule.confidence != "V"]


def unverified_table(standard: Standard, language: Language) -> Table:
    """What is still to be read up, with where it is said to be written."""
    table = _table("id", "limit", "origin", "confidence", language=language)
    for rule in unverified(standard):
        first, *_ = _limits(rule, language)
        table.add_row(rule.id, *first, rule.confidence)
    return table


def of_unit(table: pd.DataFrame, unit: str | None) -> pd.DataFrame:
    """The rows of a unit by its id or name; of the city where none is given."""
    wanted = unit or CITY
    return table[(table["unit_id"] == wanted) | (table["unit_name"] == wanted)]


def compared_table(rows: pd.DataFrame, standards: Sequence[Standard], language: Language) -> Table:
    """One unit's shares: a row for each service, a column for each standard and denominator."""
    words = {name: text for one in standards for name, text in service_words(one).items()}
    pairs = list(dict.fromkeys(zip(rows["standard"], rows["denominator"], strict=True)))
    cells = {
        (row["service"], row["standard"], row["denominator"]): _share(row, rows["target"].max())
        for row in rows.to_dict("records")
    }
    result = _table("name", language=language)
    is_city = rows["level"].iloc[0] == CITY
    name = sentence("summary.city", language) if is_city else rows["unit_name"].iloc[0]
    result.title = sentence("rule_book.compared", language, unit=name)
    for standard, denominator in pairs:
        weight = denominator_words()[denominator][language]
        result.add_column(f"{standard}\n{weight}", justify="right", overflow="fold", min_width=8)
    for service in dict.fromkeys(rows["service"]):
        shares = [cells.get((service, *pair), "") for pair in pairs]
        result.add_row(words[service][language], *shares)
    return result


def _share(row: Mapping[Any, Any], target: float) -> str:
    """The share and the limit it holds for; `–` where there is no demand.

    All are rounded by one target, so that equal shares look equal.
    """
    limit = "" if pd.isna(row["limit_m"]) else f" ≤{row['limit_m']:.0f} m"
    return f"{percent(row['share'], target)}{limit}"


def _limits(rule: Rule, language: Language) -> Iterator[tuple[str, str]]:
    """The general limit and those of single kinds of area, each with its origin."""
    yield _metres(rule, language), rule.limit_source
    for limit in rule.by_area:
        yield f"{limit.area_kind} {_metres(limit, language)}", limit.limit_source


def _metres(limit: Limit, language: Language) -> str:
    metres = f"{limit.limit_m:.0f} m"
    if limit.limit_lower_m is not None:
        metres = f"{limit.limit_lower_m:.0f}–{metres}"
    if limit.mode == "walk":
        return metres
    return f"{metres} {sentence(f'rule_book.{limit.mode}', language)}"


def _table(*columns: str, language: Language) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, title_justify="left")
    for column in columns:
        # Ids are copied into studies, so that they stay in one piece.
        title = sentence(f"rule_book.{column}", language)
        table.add_column(title, overflow="fold", no_wrap=column == "id")
    return table
