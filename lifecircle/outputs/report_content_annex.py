"""The appendix: where the data come from, what was found in them, the method, what is not known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from importlib.metadata import version
from typing import Any

from lifecircle.measures.coverage import CITY
from lifecircle.outputs.charts import supply_name
from lifecircle.outputs.report_content_basics import without_data
from lifecircle.outputs.report_content_blocks import (
    Block,
    Chapter,
    Heading,
    Paragraph,
    bullets,
    plain_table,
    table_from,
)
from lifecircle.outputs.report_content_matter import Matter
from lifecircle.outputs.report_tables_book import data_problems_table
from lifecircle.outputs.words import denominator_words


def annex(matter: Matter) -> Chapter:
    """附录: sources, accounts, problems, method, what is not known."""
    say = matter.say
    blocks: tuple[Block, ...] = (
        Heading(say("data")),
        *_sources(matter),
        Heading(say("problems")),
        *_problems(matter),
        Heading(say("method")),
        *bullets(_method(matter)),
        Heading(say("not_known")),
        *bullets(_not_known(matter)),
    )
    return Chapter(say("annex"), blocks, numbered=False)


def _sources(matter: Matter) -> Iterator[Block]:
    keys = ("file", "role", "publisher", "date", "licence", "read", "used", "excluded")
    note = matter.say("source_note")
    caption = matter.say("source_table")
    yield table_from(matter.tables["sources"], keys, matter.language, caption, note=note)
    account: Any = matter.result.account
    words = denominator_words()
    parts = ("read", "in_units", "outside_units", "outside_network")
    rows = [
        (words[group["weight"]][matter.language], *(f"{group[part]:,.0f}" for part in parts))
        for group in account["people"]
    ]
    headers = [(matter.say("weight"), False), *((matter.say(part), True) for part in parts)]
    if rows:
        yield plain_table(matter.say("people_table"), headers, rows)
    else:
        yield Paragraph(matter.say("people_none"))


def _problems(matter: Matter) -> Iterator[Block]:
    """Each kind of finding once, with an example and how many there are."""
    result = matter.result
    counts = Counter((problem.code, problem.action) for problem in result.problems)
    # The last to be put under a key stays: with the order turned round that is the first found.
    first = {(problem.code, problem.action): problem for problem in reversed(result.problems)}
    examples = tuple(first[kind] for kind in counts)
    table = data_problems_table(replace(result, problems=examples), matter.language)
    if table.rows.empty:
        yield Paragraph(table.note)
        return
    rows = [
        (row["action"], f"{count:,}", row["source"], row["what"])
        for row, count in zip(table.rows.to_dict("records"), counts.values(), strict=True)
    ]
    words = {column.key: column.header for column in table.columns}
    headers = [(words["action"], False), (matter.say("problem_count"), True)]
    headers += [(words["source"], False), (words["what"], False)]
    note = matter.say("problem_note")
    yield plain_table(matter.say("problem_table"), headers, rows, note)


def _method(matter: Matter) -> Iterator[str]:
    say = matter.say
    yield say("method_network")
    yield say("method_attach", cap=f"{matter.result.study.network.max_attach_m:g}")
    yield from (say(key) for key in ("method_nearest", "exact", "straight", "unknown"))
    yield say("method_version", version=version("lifecircle"))


def _not_known(matter: Matter) -> Iterator[str]:
    """Services without data, demand near the edge, capacities that no source states."""
    say = matter.say
    yield without_data(matter)
    near = list(_near_the_edge(matter))
    yield from near or [say("unknown_none")]
    supply = matter.result.policy.supply
    rows = supply[(supply["level"] == CITY) & (supply["unknown_capacity"] > 0)]
    for row in rows.drop_duplicates("supply").to_dict("records"):
        name = supply_name(row["supply"], matter.language)
        yield say("capacity_unknown", name=name, count=row["unknown_capacity"])
    yield say("capacity_silent")


def _near_the_edge(matter: Matter) -> Iterator[str]:
    rows = matter.city[matter.city["service"].isin(matter.headlines)]
    for row in rows[rows["unknown"] > 0].to_dict("records"):
        amount = matter.amount(matter.weight, row["unknown"])
        yield matter.say("unknown_city", service=matter.name(row["service"]), amount=amount)
