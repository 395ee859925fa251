"""Gaps with their causes, proposed sites, and the actions that follow from the causes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from lifecircle.base.sentences import sentence
from lifecircle.outputs.gaps_terminal import cause_words
from lifecircle.outputs.report_content_blocks import (
    Block,
    Chapter,
    Heading,
    Paragraph,
    Table,
    plain_table,
    table_from,
)
from lifecircle.outputs.report_content_matter import Matter
from lifecircle.outputs.report_tables_places import gaps_table

MOST_GAPS, MOST_ACTIONS = 15, 20
NO_ACTION = "unknown"
"""The cause of a gap that says nothing of what is there."""


def gaps(matter: Matter) -> Chapter:
    """短板与选址: causes, the largest gaps, sites."""
    say, table = matter.say, matter.tables["gaps"]
    blocks: list[Block] = [Heading(say("causes"))]
    if table.rows.empty:
        blocks += [Paragraph(table.note)]
    else:
        count = len(matter.result.gaps)
        blocks += [Paragraph(say("cause_count", count=count)), cause_table(matter)]
    # Before the wide pages of the list, so that it does not stand alone behind them.
    blocks += [Heading(say("sites")), _sites(matter)]
    if len(table.rows):
        blocks += [Heading(say("largest")), *_largest(matter)]
    return Chapter(say("gaps"), tuple(blocks))


def _sites(matter: Matter) -> Block:
    """The chosen sites, or how to choose some."""
    sites = matter.tables["sites"]
    if sites.rows.empty:
        return Paragraph(matter.say("sites_none"))
    keys = ("rank", "service", "unit_name", "candidate_name", "gain", "gain_total")
    return table_from(sites, (*keys, "share_before", "share_after"), matter.language)


def cause_table(matter: Matter) -> Table:
    """How many gaps each cause has, the most first."""
    gaps = matter.result.gaps
    headline = gaps["service"].isin(matter.subjects)
    kinds = headline.groupby([gaps["cause"], gaps["between"]], sort=False).agg(["size", "sum"])
    found = kinds.rename(columns={"size": "count", "sum": "heads"}).reset_index()
    words = [_cause(kind, matter) for kind in found.to_dict("records")]
    sums = found.groupby(pd.Series(words), sort=False)[["count", "heads"]].sum()
    sums = sums.sort_values(["heads", "count"], ascending=False, kind="stable")
    rows = [
        (str(words), f"{row['heads']:,}", f"{row['count'] - row['heads']:,}")
        for words, row in sums.iterrows()
    ]
    headers = [(matter.say("cause"), False), (matter.say("headline_gaps"), True)]
    headers.append((matter.say("single_gaps"), True))
    note = matter.say("cause_note", weight=matter.weight_name)
    return plain_table(matter.say("cause_table"), headers, rows, note)


def _cause(gap: Mapping[Any, Any], matter: Matter) -> str:
    """The cause without the figures of a single place."""
    if gap["cause"] == "capacity":
        return sentence("gaps.cause_capacity", matter.language)
    return cause_words(gap, matter.language)


def _largest(matter: Matter) -> Iterator[Block]:
    """The largest gaps of headlines and of single services, each on a wide page."""
    gaps = matter.result.gaps
    keys = (
        "rank", "unit_name", "place", "service", "uncovered", "cause", "facility_name", "metres",
        "straight_m",
    )  # fmt: skip
    for headlines, caption in ((True, "headline_gap_table"), (False, "single_gap_table")):
        chosen = matter.gaps_of(headlines)
        shown = gaps.iloc[chosen[:MOST_GAPS]]
        if shown.empty:
            continue
        yield table_from(
            gaps_table(matter.result, shown, matter.language),
            keys,
            matter.language,
            matter.say(caption),
            wide=True,
            note=matter.say("gap_note", shown=len(shown), count=len(chosen)),
        )


def actions(matter: Matter) -> Chapter:
    """行动建议: what the causes of the gaps ask for, the most people first."""
    say = matter.say
    rows = action_rows(matter)
    if not rows:
        return Chapter(say("actions"), (Paragraph(say("actions_none")),))
    keys = ("unit", "place")
    headers = [
        ("#", True),
        *((sentence(f"report_table.{key}", matter.language), False) for key in keys),
    ]
    headers += [(say("action_services"), False), (_concerned(matter), True)]
    headers += [(say("action"), False), (say("action_basis"), False)]
    numbered = [(str(number), *row) for number, row in enumerate(rows[:MOST_ACTIONS], 1)]
    table = plain_table(say("action_table"), headers, numbered, say("actions_list"))
    return Chapter(say("actions"), (Paragraph(say("actions_intro")), replace(table, wide=True)))


def _concerned(matter: Matter) -> str:
    return next(
        column.header for column in matter.tables["gaps"].columns if column.key == "uncovered"
    )


def action_rows(matter: Matter) -> list[tuple[str, ...]]:
    """Gaps of one place and one cause as one action: unit, place, services, people, what, why."""
    gaps = matter.result.gaps
    # A headline that stands beside its members would name the same need twice.
    single = {one for head in matter.result.standard.headlines for one in head.members}
    asks = (gaps["cause"] != NO_ACTION) & ~gaps["service"].isin(single)
    key = [gaps.loc[asks, name] for name in ("unit_id", "cause", "between", "place")]
    groups = gaps[["uncovered", "rank"]][asks].groupby(key, sort=False)
    size = groups.agg({"uncovered": "max", "rank": "min"}).reset_index(drop=True)
    order = size.sort_values(["uncovered", "rank"], ascending=[False, True]).index[:MOST_ACTIONS]
    number = groups.ngroup().to_numpy()
    rows = np.flatnonzero(asks)
    return [_action(matter, gaps.iloc[rows[number == place]]) for place in order]


def _action(matter: Matter, group: pd.DataFrame) -> tuple[str, ...]:
    gap: Mapping[Any, Any] = group.iloc[0].to_dict()
    services = list(dict.fromkeys(group["service"]))
    return (
        gap["unit_name"],
        gap["place"],
        matter.names(services, 4),
        f"{group['uncovered'].max():,.0f}",
        what_to_examine(matter, gap),
        why(matter, gap),
    )


def what_to_examine(matter: Matter, gap: Mapping[Any, Any]) -> str:
    """The action that the cause of a gap asks for."""
    if gap["cause"] == "capacity":
        kind = matter.say(f"capacity_{gap['capacity']}")
        missing = f"{gap['capacity_missing']:,.0f}"
        return matter.say("action_capacity", place=gap["place"], missing=missing, kind=kind)
    name = gap["between"] if gap["cause"] in ("detour", "island") else gap["cause"]
    return matter.say(f"action_{name or 'missing_link'}", place=gap["place"])


def why(matter: Matter, gap: Mapping[Any, Any]) -> str:
    """The figures that the action rests on."""
    metres, straight = (
        f"{gap[name]:,.0f}" if np.isfinite(gap[name]) else "" for name in ("metres", "straight_m")
    )
    cause = gap["cause"]
    if cause == "capacity":
        has, needs = f"{gap['capacity_per_1000']:.1f}", f"{gap['need_per_1000']:g}"
        return matter.say("basis_capacity", has=has, needs=needs)
    if cause in ("detour", "island"):
        between = sentence(f"gaps.between_{gap['between'] or 'missing_link'}", matter.language)
        return matter.say(f"basis_{cause}", metres=metres, straight=straight, between=between)
    return matter.say("basis_far", metres=metres) if metres else matter.say("basis_nowhere")
