"""The middle chapters: findings over all units, by service, and by unit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from lifecircle.base.numbers import percent
from lifecircle.base.sentences import sentence
from lifecircle.base.tables import SHARES_OF
from lifecircle.measures.coverage import CITY
from lifecircle.outputs.report_content_blocks import (
    SIGNS,
    Block,
    Cell,
    Chapter,
    Column,
    Heading,
    Paragraph,
    Table,
    bullets,
    plain_table,
    table_from,
)
from lifecircle.outputs.report_content_matter import Matter
from lifecircle.outputs.report_figures import LORENZ, OVERVIEW, SHARES
from lifecircle.outputs.report_tables_base import ReportColumn, ReportTable
from lifecircle.outputs.report_tables_coverage import walker
from lifecircle.outputs.words import denominator_words

SHARE_KEYS = ("share", "share_upper", "straight_line_share", "difference", "target", "verdict")
A_PAGE_WIDE = 8
"""Services side by side on one landscape page."""


def findings(matter: Matter) -> Chapter:
    """总体结论: all units together, against the target and under other views."""
    say = matter.say
    told = [matter.sentences[("city", CITY, one)] for one in matter.headlines]
    blocks: tuple[Block, ...] = (
        Heading(say("against_target")),
        *bullets(told),
        city_table(matter, matter.headlines, say("city_table")),
        *matter.picture(SHARES, say("chart"), _shares_note(matter)),
        *((Paragraph(matter.without_pictures),) if matter.without_pictures else ()),
        *matter.map(OVERVIEW, say("overview_map")),
        Heading(say("weights")),
        weights_table(matter),
        Heading(say("circles")),
        circle_table(matter),
        Heading(say("completeness")),
        *_completeness(matter),
        Heading(say("targets")),
        *_targets(matter),
    )
    return Chapter(say("findings"), blocks)


def _shares_note(matter: Matter) -> str:
    return matter.definition(matter.headlines[0]) if len(matter.headlines) == 1 else _of(matter)


def _of(matter: Matter) -> str:
    """Denominator and walker, where each service has a limit of its own."""
    language = matter.language
    text = sentence("map.limit_of_each", language)
    limit = sentence("map.define_limit", language, text=text)
    walks = walker(matter.result.coverage, language)
    profile = sentence("map.define_profile", language, text=walks)
    definition = sentence("map.semicolon", language).join([profile, limit])
    return matter.say("of", weight=matter.weight_name, definition=definition)


def city_table(matter: Matter, services: Sequence[str], caption: str) -> Table:
    """All units together: one row a service."""
    parts = []
    for service in services:
        rows = matter.tables[f"service:{service}"].rows
        own = rows[(rows["level_id"] == CITY) & (rows["denominator_id"] == matter.weight)]
        parts.append(own.assign(service_name=matter.name(service)))
    first = matter.tables[f"service:{services[0]}"]
    header = sentence("report_table.service", matter.language)
    columns = (ReportColumn("service_name", header, "text"), *first.columns)
    rows = _in_short(matter, pd.concat(parts, ignore_index=True).assign(sum=False))
    table = ReportTable("city", caption, columns, rows, _of(matter))
    keys = ("service_name", "limit_m", *SHARE_KEYS)
    return table_from(table, keys, matter.language, headers=_short_heads(matter))


def _in_short(matter: Matter, rows: pd.DataFrame) -> pd.DataFrame:
    """`rows` with the verdict in one word, because its column's head says the rest."""
    cities = rows["level_id"] == CITY
    words = [
        matter.say(f"standing_{'city' if city else 'unit'}_{standing}") if standing else "–"
        for city, standing in zip(cities, rows["standing"], strict=True)
    ]
    return rows.assign(verdict=words)


def _short_heads(matter: Matter) -> dict[str, str]:
    """Heads short enough for eight numbers beside each other."""
    keys = ("share_upper", "straight_line_share", "difference", "verdict")
    return {key: matter.say(f"head_{key}") for key in keys}


def weights_table(matter: Matter) -> Table:
    """The shares of all units together over every denominator."""
    coverage = matter.result.coverage
    rows = coverage[(coverage["level"] == CITY) & coverage["service"].isin(matter.headlines)]
    there = [name for name in SHARES_OF if name in set(rows["denominator"])]
    cells = rows.set_index(["service", "denominator"])
    words = denominator_words()
    lines = [
        (matter.name(service),)
        + tuple(
            _percent(cells.loc[(service, name)]) if (service, name) in cells.index else "–"
            for name in there
        )
        for service in matter.headlines
    ]
    headers = [(sentence("report_table.service", matter.language), False)]
    headers += [(f"{words[name][matter.language]} (%)", True) for name in there]
    note = matter.joined(_of(matter), matter.say("weights_note"))
    return plain_table(matter.say("weights_table"), headers, lines, note)


def _percent(row: Any) -> str:
    """A share, with its upper bound where that differs in the digits shown."""
    target = row.get("target")
    low, high = percent(row["share"], target), percent(row["share_upper"], target)
    return low if low == high else f"{low}–{high}"


def circle_table(matter: Matter) -> Table:
    """Shares of all units together within each circle."""
    tiers = matter.result.rules.tiers
    rows = tiers[(tiers["level"] == CITY) & (tiers["denominator"] == matter.weight)]
    limits = sorted(set(zip(rows["limit_m"], rows["tier_min"], strict=True)))
    cells = rows.set_index(["service", "limit_m"])
    services = [one for one in (*matter.subjects, *matter.single) if one in set(rows["service"])]
    lines = [
        (matter.name(one), *(_percent(cells.loc[(one, limit)]) for limit, _ in limits))
        for one in dict.fromkeys(services)
    ]
    headers = [(sentence("report_table.service", matter.language), False)]
    headers += [
        (f"{matter.say('circle', min=f'{minutes:g}', m=f'{limit:,.0f}')} (%)", True)
        for limit, minutes in limits
    ]
    walks = walker(matter.result.coverage, matter.language)
    note = matter.say(
        "of",
        weight=matter.weight_name,
        definition=sentence("map.define_profile", matter.language, text=walks),
    )
    return plain_table(matter.say("circle_table"), headers, lines, note)


def _completeness(matter: Matter) -> Iterator[Block]:
    """How many services are reached, how evenly walks fall, and how groups fare."""
    table = matter.result.rules.completeness
    rows = table[(table["level"] == CITY) & (table["denominator"] == matter.weight)]
    for row in rows.to_dict("records"):
        yield Paragraph(
            matter.say(
                "complete",
                services=row["services"],
                weight=matter.weight_name,
                mean=f"{row['mean_reached']:.1f}",
                share=percent(row["share_all"]),
                missing=matter.names(row["most_missing"].split()),
            )
        )
    yield from _fairness(matter)
    yield from matter.picture(LORENZ, matter.say("lorenz"), matter.say("lorenz_note"))


def _fairness(matter: Matter) -> Iterator[Block]:
    fairness = matter.result.policy.fairness
    rows = fairness[
        (fairness["what"] == "metres")
        & (fairness["weight"] == "residents")
        & fairness["subject"].isin(matter.subjects)
        & (fairness["people"] > 0)
    ]
    if rows.empty:
        yield Paragraph(matter.say("fair_none"))
        return
    lines = [
        (matter.name(row["subject"]),)
        + tuple(_metres(row[name]) for name in ("mean", "median", "worst_tenth"))
        + ("–" if pd.isna(row["gini"]) else f"{row['gini']:.2f}", f"{row['without']:,.0f}")
        for row in rows.to_dict("records")
    ]
    keys = ("mean_m", "median_m", "worst_m", "gini", "without")
    headers = [(sentence("report_table.service", matter.language), False)]
    headers += [(matter.say(key), True) for key in keys]
    people = denominator_words()["residents"][matter.language]
    note = matter.say("fair_note", weight=people)
    yield plain_table(matter.say("fair_table"), headers, lines, note)
    groups = bullets(_groups(matter))
    yield from matter.or_line(groups, "group_none")


def _metres(value: float) -> str:
    return "–" if pd.isna(value) else f"{value:,.0f}"


def _groups(matter: Matter) -> Iterator[str]:
    """The elderly and small children against all residents."""
    standing = matter.result.policy.standing
    rows = standing[(standing["level"] == CITY) & standing["service"].isin(matter.subjects)]
    for row in rows[rows["share"].notna() & rows["share_all"].notna()].to_dict("records"):
        yield matter.say(
            "group",
            group=denominator_words()[row["group"]][matter.language],
            service=matter.name(row["service"]),
            share=percent(row["share"]),
            all=percent(row["share_all"]),
        )


def _targets(matter: Matter) -> Iterator[Block]:
    """The policy targets of all units together; what lacks data is counted."""
    table = matter.tables["policy"]
    city = table.rows[table.rows["level_id"] == CITY]
    known = city[city["value"].notna()]
    if known.empty:
        yield Paragraph(matter.say("targets_none"))
    else:
        own = replace(table, rows=known.assign(sum=False))
        keys = ("line", "name", "value", "value_upper", "measured_in", "target", "verdict")
        yield table_from(own, keys, matter.language, wide=True)
    missing = city.loc[city["value"].isna(), "line"].tolist()
    if missing:
        lines = matter.listed(missing, len(missing))
        yield Paragraph(matter.say("targets_missing", count=len(missing), lines=lines))


def by_service(matter: Matter) -> Chapter:
    """分类评估: each headline with its map and its units, then the single services."""
    say = matter.say
    blocks: list[Block] = []
    for service in matter.subjects:
        blocks += [Heading(matter.name(service)), *_one_service(matter, service)]
    left = [one for one in matter.single if one not in matter.subjects]
    if matter.single and matter.result.standard.headlines:
        blocks += [Heading(say("single")), city_table(matter, matter.single, say("single_table"))]
    elif left:
        blocks += [Heading(say("single")), Paragraph(say("more_services", count=len(left)))]
        blocks += [city_table(matter, matter.single, say("single_table"))]
    return Chapter(say("services"), tuple(blocks))


def _one_service(matter: Matter, service: str) -> tuple[Block, ...]:
    name = matter.name(service)
    if f"service:{service}" not in matter.tables:
        return (Paragraph(matter.say("unmeasured")),)
    table = matter.tables[f"service:{service}"]
    own = table.rows[table.rows["denominator_id"] == matter.weight]
    shares = [key for key in SHARE_KEYS if key != "target"]
    keys = ("unit", "total", "covered", "unknown", *shares)
    caption = matter.say("service_units", service=name)
    return (
        Paragraph(matter.sentences[("city", CITY, service)]),
        *matter.map(service, matter.say("service_map", service=name)),
        table_from(
            replace(table, rows=_in_short(matter, own)),
            keys,
            matter.language,
            caption,
            headers=_short_heads(matter),
            note=matter.definition(service),
        ),
    )


def by_unit(matter: Matter) -> Chapter:
    """街镇评估: all units at one look, then each with its sentences."""
    say = matter.say
    blocks: list[Block] = [Heading(say("unit_overview")), *overview_tables(matter)]
    blocks.append(Heading(say("unit_each")))
    for unit in matter.result.units[["unit_id", "name", "level"]].to_dict("records"):
        blocks += [Heading(unit["name"], 3), *_one_unit(matter, unit)]
    return Chapter(say("units"), tuple(blocks))


def overview_tables(matter: Matter) -> Iterator[Table]:
    """Units by headlines and combinations, as many beside each other as a wide page holds."""
    table, services = matter.tables["overview"], matter.headlines
    note = matter.joined(_of(matter), matter.say("unit_overview_note"))
    unit = sentence("report_table.unit", matter.language)
    records = table.rows.to_dict("records")
    for start in range(0, len(services), A_PAGE_WIDE):
        shown = services[start : start + A_PAGE_WIDE]
        columns = (Column(unit), *(Column(matter.name(one), True) for one in shown))
        rows = tuple(
            (Cell(row["unit"]), *(_overview_cell(row, one) for one in shown)) for row in records
        )
        strong = frozenset(number for number, row in enumerate(records) if row["sum"])
        caption = matter.say("unit_overview_table")
        yield Table(caption, columns, rows, note, wide=True, strong=strong)


def _overview_cell(row: Any, service: str) -> Cell:
    """A share with its upper bound and the sign of its standing."""
    target, standing = row[f"target:{service}"], row[f"standing:{service}"]
    low = percent(row[service], target)
    high = percent(row.get(f"upper:{service}"), target)
    text = low if high in (low, "–") else f"{low}–{high}"
    return Cell(f"{text} {SIGNS[standing]}".strip(), standing)


def _one_unit(matter: Matter, unit: Any) -> Iterator[Block]:
    """Amounts, completeness, the sentences, and the largest gap of a unit."""
    key = (unit["unit_id"], unit["level"])
    told = [matter.sentences.get((*key, service)) for service in matter.headlines]
    if not any(told):
        yield Paragraph(matter.say("unit_nothing"))
        return
    yield Paragraph(_amounts(matter, key) + _unit_complete(matter, key))
    yield from bullets(text for text in told if text)
    yield Paragraph(_largest_gap(matter, unit["unit_id"]))


def _amounts(matter: Matter, key: tuple[str, str]) -> str:
    coverage = matter.result.coverage
    own = coverage[(coverage["unit_id"] == key[0]) & (coverage["level"] == key[1])]
    totals = own.drop_duplicates("denominator").set_index("denominator")["total"]
    there = [name for name in SHARES_OF if totals.get(name, 0) > 0]
    texts = [matter.amount(name, totals[name]) for name in there]
    return matter.say("unit_amounts", amounts=matter.say("link").join(texts)) if texts else ""


def _unit_complete(matter: Matter, key: tuple[str, str]) -> str:
    table = matter.result.rules.completeness
    rows = table[
        (table["unit_id"] == key[0])
        & (table["level"] == key[1])
        & (table["denominator"] == matter.weight)
        & table["mean_reached"].notna()
    ]
    return "".join(
        matter.say(
            "unit_complete",
            services=row["services"],
            mean=f"{row['mean_reached']:.1f}",
            missing=matter.names(row["most_missing"].split(), 3),
        )
        for row in rows.to_dict("records")
    )


def _largest_gap(matter: Matter, unit_id: str) -> str:
    """The largest gap of a unit: in a headline, else in a single service."""
    gap = matter.largest_gaps.get(unit_id)
    if gap is None:
        return matter.say("unit_no_gap")
    return matter.say(
        "unit_gap",
        place=gap["place"],
        service=gap["service"],
        amount=matter.amount(gap["denominator"], gap["uncovered"]),
        cause=gap["cause"],
    )
