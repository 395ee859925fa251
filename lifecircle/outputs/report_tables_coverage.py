"""The display tables of coverage: units by headlines, units by services, one for each service."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from lifecircle.base.numbers import percent
from lifecircle.base.sentences import Language, catalogue, sentence
from lifecircle.base.tables import SHARES_OF
from lifecircle.measures.coverage import CITY
from lifecircle.measures.result import Result
from lifecircle.outputs.report_tables_base import (
    ReportColumn,
    ReportTable,
    level_words,
    number_column,
    say,
    standings,
    table_of,
    text_column,
    unit_names,
    verdict_words,
    weight_words,
)
from lifecircle.outputs.tables import rounded
from lifecircle.outputs.words import (
    denominator_words,
    main_denominator,
    one_profile,
    service_words,
)
from lifecircle.standards.catalogue import Combination, Headline, Rule, Standard

UNIT_KEY = ["unit_id", "level"]
NOTHING = 5e-7
"""Half of the last digit of a share in the files."""


def coverage_tables(result: Result, language: Language) -> Iterator[ReportTable]:
    """The overview, the matrix of single services, and a table for each service and headline."""
    coverage = city_first(rounded(result.coverage))
    grouped, single = measured_ids(result)
    if grouped:
        yield _overview("overview", grouped, result, coverage, language, with_verdicts=True)
    yield _overview(
        "services" if grouped else "overview", single, result, coverage, language, not grouped
    )
    for service in (*grouped, *single):
        yield _service(service, result, coverage, language)


def measured_ids(result: Result) -> tuple[list[str], list[str]]:
    """Headlines with combinations, and services, that have figures; in the standard's order."""
    standard, there = result.standard, set(result.coverage["service"])
    entries: list[Headline | Combination] = [*standard.headlines, *standard.combinations]
    groups = [one.id for one in entries]
    return [one for one in groups if one in there], [one for one in standard.ids if one in there]


def city_first(coverage: pd.DataFrame) -> pd.DataFrame:
    """The sum of all units first, then the levels of few units, then those of many."""
    units = coverage.groupby("level", sort=False)["unit_id"].nunique()
    order = coverage["level"].map(units.where(units.index != CITY, 0))
    return coverage.assign(order=order).sort_values("order", kind="stable").drop(columns="order")


def _overview(
    id: str,
    services: Sequence[str],
    result: Result,
    coverage: pd.DataFrame,
    language: Language,
    with_verdicts: bool,
) -> ReportTable:
    """Units by `services`, over the main denominator."""
    weight = main_denominator(coverage)
    words, weights = service_words(result.standard), denominator_words()
    table = coverage[coverage["denominator"] == weight]
    rows = _units(table, result, language)
    columns = [text_column("unit", language), text_column("level", language)]
    columns.append(ReportColumn("total", weight_words(weight, language), "number"))
    rows["total"] = _per_unit(table[table["total"].notna()], rows).get("total")
    for service in services:
        of_service = _per_unit(table[table["service"] == service], rows)
        name = words[service][language]
        rows = rows.assign(**_columns_of(service, of_service, language))
        columns += _share_columns(service, name, of_service, with_verdicts, language)
    note = _overview_note(result, weights[weight][language], language)
    return table_of(id, say(id, language), tuple(columns), rows, note)


def by_denominator(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows of one denominator after the other, in the order of SHARES_OF."""
    order = rows["denominator"].map({name: number for number, name in enumerate(SHARES_OF)})
    rows = rows.assign(order=order).sort_values("order", kind="stable")
    return rows.drop(columns="order").reset_index(drop=True)


def _units(table: pd.DataFrame, result: Result, language: Language) -> pd.DataFrame:
    """One row a unit, of every level; those without any figure too."""
    units = result.units[["unit_id", "name", "level"]].rename(columns={"name": "unit_name"})
    rows = table[[*UNIT_KEY, "unit_name"]].drop_duplicates(UNIT_KEY)
    rows = pd.concat([rows, pd.DataFrame(units)], ignore_index=True).drop_duplicates(UNIT_KEY)
    rows = rows.reset_index(drop=True)
    names, levels = unit_names(rows, language), level_words(rows["level"], language)
    return rows.assign(
        unit=names, level_id=rows["level"], level=levels, sum=(rows["level"] == CITY).to_numpy()
    )


def _per_unit(table: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """The first row of `table` for each of `rows`, empty where there is none."""
    first = table.drop_duplicates(UNIT_KEY).set_index(UNIT_KEY)
    wanted = pd.MultiIndex.from_arrays([rows["unit_id"], rows["level_id"]], names=UNIT_KEY)
    found = first.reindex(wanted).reset_index()
    return found.set_index(rows.index)


def _columns_of(service: str, of_service: pd.DataFrame, language: Language) -> Mapping[str, Any]:
    """The cells of one service in the overview, by key."""
    return {
        service: of_service["share"],
        f"upper:{service}": of_service["share_upper"],
        f"verdict:{service}": verdict_words(of_service, language),
        f"target:{service}": of_service["target"],
        f"standing:{service}": standings(of_service),
    }


def _share_columns(
    service: str, name: str, of_service: pd.DataFrame, with_verdict: bool, language: Language
) -> Iterator[ReportColumn]:
    marks = {"target": f"target:{service}", "standing": f"standing:{service}"}
    yield ReportColumn(service, name, "share", **marks)
    if not with_verdict:
        return
    if (of_service["share_upper"] - of_service["share"] > NOTHING).any():
        header = say("upper_of", language, name=name)
        yield ReportColumn(f"upper:{service}", header, "share", target=marks["target"])
    header = say("verdict_of", language, name=name)
    yield ReportColumn(f"verdict:{service}", header, "verdict", standing=marks["standing"])


def _overview_note(result: Result, weight: str, language: Language) -> str:
    targets = result.coverage["target"].dropna()
    if targets.empty:
        return say("overview_note_plain", language, weight=weight)
    return say("overview_note", language, weight=weight, target=percent(targets.iloc[0]))


def _service(
    service: str, result: Result, coverage: pd.DataFrame, language: Language
) -> ReportTable:
    """All figures of one service, headline or combination: units by denominators."""
    rows = by_denominator(coverage[coverage["service"] == service])
    rows = rows.assign(
        unit=unit_names(rows, language),
        level_id=rows["level"],
        level=level_words(rows["level"], language),
        denominator_id=rows["denominator"],
        denominator=rows["denominator"].map(
            {name: weight_words(name, language) for name in rows["denominator"].unique()}
        ),
        difference=(rows["share"] - rows["straight_line_share"]).round(6),
        rank=rows["rank"].mask(rows["rank_of"] == 1),
        standing=standings(rows),
        verdict=verdict_words(rows, language),
        sum=rows["level"] == CITY,
    )
    title = service_words(result.standard)[service][language]
    note = f"{definition(service, result, rows, language)}\n{say('service_note', language)}"
    scenario = one_profile(rows) != "standard"
    columns = tuple(_service_columns(scenario, language))
    return table_of(f"service:{service}", title, columns, rows, note)


def _service_columns(scenario: bool, language: Language) -> Iterator[ReportColumn]:
    def number(key: str, kind: str, header: str = "", **more: str) -> ReportColumn:
        return ReportColumn(key, say(header or key, language), kind, **more)  # type: ignore[arg-type]

    for key in ("unit", "level", "denominator"):
        yield text_column(key, language)
    yield number("limit_m", "metres", "limit")
    if scenario:
        yield number("limit_min", "number", "minutes")
    for key in ("total", "covered", "unknown"):
        yield number_column(key, "number", language)
    yield number("share", "share", target="target", standing="standing")
    yield number("share_upper", "share", "upper", target="target")
    yield number("straight_line_share", "share", "straight", target="target")
    yield number_column("difference", "share", language)
    yield number_column("target", "share", language)
    yield number("verdict", "verdict", standing="standing")
    yield number_column("rank", "integer", language)
    yield number_column("shortfall", "number", language)


def definition(service: str, result: Result, rows: pd.DataFrame, language: Language) -> str:
    """Who walks, within what limit and by which rule a place counts as covered."""
    parts = [sentence("map.define_profile", language, text=walker(rows, language))]
    parts.append(sentence("map.define_limit", language, text=_limits(rows, language)))
    rule = rule_words(service, result.standard, set(result.minutes.services), language)
    parts.append(sentence("map.define_rule", language, text=rule))
    return sentence("map.semicolon", language).join(parts)


def walker(rows: pd.DataFrame, language: Language) -> str:
    """Who walks in these rows of COVERAGE, in words."""
    return sentence(f"map.profile_{one_profile(rows)}", language)


def _limits(rows: pd.DataFrame, language: Language) -> str:
    """The limit and its origin; each one where they differ between units."""
    found = rows[rows["limit_m"].notna()].drop_duplicates(["limit_m", "limit_source"])
    if found.empty:
        return sentence("map.limit_of_each", language)
    texts = [
        sentence("map.limit_metres", language, m=f"{metres:,.0f}")
        + (sentence("map.limit_origin", language, origin=origin) if origin else "")
        for metres, origin in zip(found["limit_m"], found["limit_source"], strict=True)
    ]
    return " / ".join(texts)


def rule_words(service: str, standard: Standard, measured: set[str], language: Language) -> str:
    """What counts as covered; headlines name the members that were measured."""
    words = service_words(standard)
    rules: dict[str, Rule] = {one.id: one for one in (*standard.services, *standard.headlines)}
    groups: list[Headline | Combination] = [*standard.headlines, *standard.combinations]
    members = {one.id: one.members for one in groups}
    kinds = {one.id: one.kind for one in standard.combinations}
    kind = kinds.get(service, "any" if service in members else "one")
    shown = [one for one in members.get(service, ()) if kind != "any" or one in measured]
    names = sentence("map.comma", language).join(words[one][language] for one in shown)
    text = sentence(f"map.rule_{kind}", language, members=names)
    rule = rules.get(service)
    if rule is None or rule.confidence == "V":
        return text
    return text + sentence("map.remark", language, remark=catalogue()["unchecked"][language])
