"""The first chapters: what was assessed, and by which rules."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from lifecircle.base.sentences import sentence
from lifecircle.base.tables import SHARES_OF, STREETS
from lifecircle.measures.coverage import CITY
from lifecircle.outputs.report_content_blocks import (
    Block,
    Chapter,
    Heading,
    Paragraph,
    Table,
    bullets,
    plain_table,
    table_from,
)
from lifecircle.outputs.report_content_matter import Matter
from lifecircle.outputs.report_tables_base import weight_words
from lifecircle.outputs.report_tables_coverage import city_first, walker
from lifecircle.outputs.words import denominator_words, notes

M2_PER_HA, M_PER_KM = 10_000.0, 1000.0
MANY_NAMES = 40
CAPACITIES = {"beds": "beds", "places": "places", "floor_area_m2": "floor_area"}


def basics(matter: Matter) -> Chapter:
    """基础情况: units, people and homes, streets, facilities."""
    result, say = matter.result, matter.say
    names = result.units["name"].tolist()
    streets: Any = result.account["streets"]
    scope = say("basics_scope", count=len(names), names=matter.listed(names, MANY_NAMES))
    length = say("basics_streets", km=f"{streets['length_km']:,.0f}", edges=f"{streets['edges']:,}")
    rural = result.units.loc[result.units["rural"].fillna(False).astype(bool), "name"].tolist()
    told = [Paragraph(scope), Paragraph(length)]
    if rural:
        told.append(Paragraph(say("basics_rural", names=matter.listed(rural, MANY_NAMES))))
    blocks: tuple[Block, ...] = (
        *told,
        Heading(say("people")),
        unit_table(matter),
        Heading(say("facilities")),
        *facility_table(matter),
        Paragraph(without_data(matter)),
    )
    return Chapter(say("basics"), blocks)


def unit_table(matter: Matter) -> Table:
    """Every unit with all that is counted in it."""
    coverage = city_first(matter.result.coverage)
    once = coverage.drop_duplicates(["unit_id", "level", "denominator"])
    there = [name for name in SHARES_OF if name in set(once["denominator"])]
    wide: Any = once.pivot(index=["unit_id", "level"], columns="denominator", values="total")
    units = once.drop_duplicates(["unit_id", "level"])
    city = sentence("summary.city", matter.language)
    rows = [
        (city if row["level"] == CITY else row["unit_name"],)
        + tuple(_total(name, wide.at[(row["unit_id"], row["level"]), name]) for name in there)
        for row in units.to_dict("records")
    ]
    headers = [(sentence("report_table.unit", matter.language), False)]
    headers += [(_header(name, matter), True) for name in there]
    return plain_table(matter.say("unit_table"), headers, rows, matter.say("unit_table_note"))


def _header(name: str, matter: Matter) -> str:
    """A denominator's name with its unit; large amounts are shown in larger units."""
    if name not in (STREETS, "residential_land_m2", "floor_area_m2"):
        return weight_words(name, matter.language)
    unit = "km" if name == STREETS else "ha"
    weight = denominator_words()[name][matter.language]
    return sentence("weight_unit.in_brackets", matter.language, weight=weight, unit=unit)


def _total(name: str, value: float) -> str:
    """As the sentences say it: people and homes whole, land in hectares, streets in km."""
    if pd.isna(value):
        return "–"
    if name in ("residential_land_m2", "floor_area_m2"):
        return f"{value / M2_PER_HA:,.1f}"
    return f"{value / M_PER_KM:,.1f}" if name == STREETS else f"{value:,.0f}"


def facility_table(matter: Matter) -> tuple[Table, ...]:
    """How many facilities each service has, and what their sources say of capacities."""
    facilities, say = matter.result.facilities, matter.say
    known = [name for name in CAPACITIES if facilities[name].notna().any()]
    by_service = facilities.groupby("service")
    counts = by_service["facility_id"].nunique()
    sums = by_service[known].sum(min_count=1)
    rows = [
        (matter.name(service), f"{counts[service]:,}")
        + tuple(_amount(sums.at[service, name]) for name in known)
        for service in matter.result.standard.ids
        if service in counts
    ]
    headers = [(sentence("report_table.service", matter.language), False)]
    headers += [(say("facility_count"), True), *((say(CAPACITIES[one]), True) for one in known)]
    if not rows:
        return ()
    return (plain_table(say("facility_table"), headers, rows, say("facility_note")),)


def _amount(value: float) -> str:
    return "–" if pd.isna(value) else f"{value:,.0f}"


def without_data(matter: Matter) -> str:
    """Which services of the standard have no data."""
    missing = [one for one in matter.result.standard.ids if one not in matter.single]
    if not missing:
        return matter.say("all_data")
    return matter.say("no_data", services=matter.names(missing, len(missing)))


def rules(matter: Matter) -> Chapter:
    """评估口径: the standard, how coverage is counted, definitions, what to know first."""
    say = matter.say
    remarks = [note[matter.language] for note in notes(matter.result)]
    blocks: tuple[Block, ...] = (
        Heading(say("standard_head")),
        *(Paragraph(text) for text in _standard(matter)),
        Heading(say("counting")),
        *bullets(_counting(matter)),
        Heading(say("definitions")),
        *_definitions(matter),
        Heading(say("reading")),
        *matter.or_line(bullets(remarks), "nothing_noted"),
    )
    return Chapter(say("rules"), blocks)


def _standard(matter: Matter) -> Iterator[str]:
    standard, say = matter.result.standard, matter.say
    name = standard.name_zh if matter.language == "zh" else standard.name_en
    yield say("standard", name=name, document=standard.document, year=standard.year)
    own = matter.result.study.study.target
    if own is not None:
        yield say("own_target", target=f"{100 * own:g}")
    elif standard.target is None:
        yield say("no_target")
    else:
        yield say("standard_target", clause=standard.target_clause.rstrip("。."))
        if standard.confidence != "V":
            yield say("standard_unchecked")


def _counting(matter: Matter) -> Iterator[str]:
    say = matter.say
    yield say("formula")
    yield say("walker", profile=walker(matter.result.coverage, matter.language))
    keys = ("exact", "straight", "unknown", "city_target", "capacity_silent")
    yield from (say(key) for key in keys)
    tiers = [
        say("tier", min=f"{tier.minutes:g}", m=f"{tier.limit_m:,.0f}")
        for tier in matter.result.standard.tiers
    ]
    if tiers:
        yield say("tiers", tiers=matter.listed(tiers))


def _definitions(matter: Matter) -> tuple[Table, ...]:
    """Headlines with their members, then the single services that have data."""
    table, language = matter.tables["definitions"], matter.language
    headlines = [one.id for one in matter.result.standard.headlines]
    made = []
    for ids, keys, caption in (
        (
            headlines,
            ("name", "definition", "limit_m", "limit_source", "checking"),
            "headline_table",
        ),
        (matter.single, ("name", "limit_m", "limit_source", "checking"), "service_table"),
    ):
        rows = table.rows[table.rows["id"].isin(ids)]
        if len(rows):
            own = type(table)(table.id, table.title, table.columns, rows, "")
            made.append(table_from(own, keys, language, matter.say(caption)))
    return tuple(made)
