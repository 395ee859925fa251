"""What a run says on the terminal: a table of headlines, and what was made of the inputs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pandas as pd
from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text as Styled

from lifecircle.base.numbers import percent
from lifecircle.base.sentences import Language, catalogue, sentence
from lifecircle.measures.coverage import CITY
from lifecircle.measures.result import Result
from lifecircle.outputs.words import (
    denominator_words,
    main_denominator,
    notes,
    service_words,
)

MARKS = {True: ("✓", "green"), False: ("✗", "red")}
SHOWN_PROBLEMS = 6


def print_result(result: Result, console: Console, language: Language) -> None:
    """The table of headlines by unit, its definition, and the notes that change its meaning."""
    weight = main_denominator(result.coverage)
    console.print(headline_table(result, weight, language))
    console.print(folded(definition(result, weight, language), console.width))
    console.print(folded(sentence("summary.legend", language), console.width))
    for note in notes(result):
        console.print(folded(f"• {note[language]}", console.width))
    _print_account(result, console, language)


def folded(text: str, width: int) -> str:
    """`text` in lines of at most `width` columns; Chinese may break after any character."""
    lines, line = [], ""
    for piece in re.findall(r"[\u2e80-\uffef]|[^\s\u2e80-\uffef]+\s*|\s+", text):
        if line and cell_len(line + piece.rstrip()) > width:
            lines.append(line.rstrip())
            line = ""
        line += piece
    return "\n".join([*lines, line.rstrip()])


def headline_table(result: Result, weight: str, language: Language) -> Table:
    """Units by headlines and combinations; by single services where there are none."""
    coverage = result.coverage[result.coverage["denominator"] == weight]
    words = service_words(result.standard)
    standard, measured = result.standard, set(coverage["service"])
    shown = [headline.id for headline in standard.headlines]
    shown += [combination.id for combination in standard.combinations]
    shown = [name for name in shown if name in measured]
    shown = shown or list(dict.fromkeys(coverage["service"]))[:6]
    title = result.study.study.title or result.study.study.name
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    table.add_column(sentence("summary.unit", language), overflow="fold")
    for name in shown:
        table.add_column(words[name][language], justify="right", overflow="fold")
    for _, group in coverage.groupby(["level", "unit_id"], sort=False):
        cells = {row["service"]: _cell(row) for _, row in group.iterrows()}
        first = group.iloc[0]
        is_city = first["level"] == CITY
        name = sentence("summary.city", language) if is_city else first["unit_name"]
        row = [cells[service] for service in shown]
        table.add_row(name, *row, style="bold" if is_city else None)
    return table


def _cell(row: pd.Series[Any]) -> Styled:
    if pd.isna(row["share"]):
        return Styled("–", style="dim")
    figure = percent(row["share"], row["target"])
    if pd.isna(row["target"]):
        return Styled(figure)
    if pd.isna(row["meets_target"]):
        return Styled(f"{figure} ?", style="yellow")
    mark, colour = MARKS[bool(row["meets_target"])]
    return Styled(f"{figure} {mark}", style=colour)


def definition(result: Result, weight: str, language: Language) -> str:
    """Denominator, profile, limit and rule of the figures above."""
    words = service_words(result.standard)
    link = sentence("summary.or", language)
    measured = set(result.minutes.services)
    rules = [
        sentence(
            "summary.rule",
            language,
            name=words[headline.id][language],
            limit=f"{headline.limit_m:.0f}",
            members=link.join(words[m][language] for m in headline.members if m in measured),
        )
        for headline in result.standard.headlines
        if measured.intersection(headline.members)
    ]
    return sentence(
        "summary.definition",
        language,
        weight=denominator_words()[weight][language],
        profile=sentence("summary.standard_profile", language),
        rules=(" " if language == "en" else "").join(rules),
        target=percent(result.standard.target),
    )


def _print_account(result: Result, console: Console, language: Language) -> None:
    for row in result.account["rows"]:
        values = {"read": row["rows_read"], "used": row["rows_used"]}
        text = sentence(
            "summary.rows",
            language,
            source=row["source"],
            excluded=row["rows_excluded"],
            **values,
        )
        console.print(text, style="dim", highlight=False)
    for people in result.account["people"]:
        console.print(
            sentence(
                "summary.people",
                language,
                weight=catalogue()["denominator"][people["weight"]][language],
                **{
                    key: f"{people[key]:,.0f}"
                    for key in ("read", "in_units", "outside_units", "outside_network")
                },
            ),
            style="dim",
            highlight=False,
        )


def print_written(
    result: Result, folder: Path, page: Path, console: Console, language: Language
) -> None:
    """How many problems there are, and where everything lies."""
    count = len(result.problems)
    if count:
        console.print(sentence("summary.problems", language, count=count))
        for problem in _most_telling(result):
            console.print(f"  {problem}", highlight=False, overflow="ellipsis", no_wrap=True)
    console.print(sentence("summary.written", language, folder=folder), highlight=False)
    console.print(sentence("summary.map", language, path=page), highlight=False)


def _most_telling(result: Result) -> list[str]:
    """A few problems, each kind once, those about single rows before remarks."""
    order = {"repaired": 0, "excluded": 1, "noted": 2}
    language = result.study.study.language
    once = {problem.code: problem for problem in reversed(result.problems)}
    ranked = sorted(once.values(), key=lambda problem: (order[problem.action], problem.code))
    return [problem.line(language) for problem in ranked[:SHOWN_PROBLEMS]]
