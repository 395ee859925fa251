"""What a run says on the terminal: a table of headlines, and what was made of the inputs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
from rich.box import SIMPLE_HEAD, Box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text as Styled

from lifecircle.base.numbers import percent
from lifecircle.base.sentences import Language, catalogue, sentence
from lifecircle.measures.coverage import CITY
from lifecircle.measures.result import Result
from lifecircle.outputs.network_quality import quality_lines
from lifecircle.outputs.words import (
    denominator_words,
    main_denominator,
    notes,
    service_words,
)

MAIN_PROBLEMS = 6
NAME_COLUMNS, FIGURE_COLUMNS = 20, 8
"""Longer names and headers go on in the next line, so that six figures fit 80 columns."""

PIECES = re.compile(
    r"[（《“]*[\u2e80-\uffef][，。；：、！？）》”]*"
    r"|[^\s\u2e80-\uffef]+(?: %)?[，。；：、！？）》”]*\s*|\s+"
)
"""What stays on one line: a Chinese character with its punctuation, a word of another script."""


class Marks(NamedTuple):
    """The signs of a table: above and below target, no figure, a remark's start, the lines."""

    above: str
    below: str
    none: str
    bullet: str
    box: Box


PLAIN_HEAD = Box("    \n    \n -- \n    \n    \n    \n    \n    \n", ascii=True)


def marks(console: Console) -> Marks:
    """Signs that the console can show: a question mark in their place would mean `open`."""
    if console.encoding.startswith("utf"):
        return Marks("✓", "✗", "–", "•", SIMPLE_HEAD)
    return Marks("+", "-", ".", "*", PLAIN_HEAD)


def print_result(result: Result, console: Console, language: Language) -> None:
    """The table of headlines by unit, its definition, and the notes that change its meaning."""
    weight = main_denominator(result.coverage)
    signs = marks(console)
    console.print(headline_table(result, weight, signs, language))
    print_folded(definition(result, weight, language), console)
    legend = sentence("summary.legend", language, above=signs.above, below=signs.below)
    print_folded(legend, console)
    for note in notes(result):
        print_folded(f"{signs.bullet} {note[language]}", console, hanging="  ")
    for line in (*quality_lines(result, language), *account_lines(result, language)):
        print_folded(line, console, hanging="    ", style="dim")


def print_folded(text: str, console: Console, hanging: str = "", style: str = "") -> None:
    """Print `text` folded to the console, its further lines behind `hanging`."""
    lines = folded(text, console.width, hanging)
    console.print(Styled(lines, style=style), soft_wrap=True)


def folded(text: str, width: int, hanging: str = "") -> str:
    """`text` in lines of at most `width` columns; Chinese may break after any character.

    Only a word longer than a line, such as a path, goes beyond.
    """
    lines, line = [], ""
    for piece in PIECES.findall(text):
        if line.strip() and cell_len(line + piece.rstrip()) > width:
            lines.append(line.rstrip())
            line = hanging
        line += piece
    return "\n".join([*lines, line.rstrip()])


def headline_table(result: Result, weight: str, signs: Marks, language: Language) -> Table:
    """Units by headlines and combinations; by single services where there are none."""
    coverage = result.coverage[result.coverage["denominator"] == weight]
    words = service_words(result.standard)
    standard, measured = result.standard, set(coverage["service"])
    shown = [headline.id for headline in standard.headlines]
    shown += [combination.id for combination in standard.combinations]
    shown = [name for name in shown if name in measured]
    shown = shown or list(dict.fromkeys(coverage["service"]))[:6]
    title = result.study.study.title or result.study.study.name
    table = Table(title=title, title_justify="left", box=signs.box, pad_edge=False)
    table.add_column(sentence("summary.unit", language), no_wrap=True)
    for name in shown:
        header = folded(words[name][language], FIGURE_COLUMNS)
        table.add_column(header, justify="right", overflow="fold")
    for _, group in coverage.groupby(["level", "unit_id"], sort=False):
        cells = {row["service"]: _cell(row, signs) for _, row in group.iterrows()}
        first = group.iloc[0]
        is_city = first["level"] == CITY
        name = sentence("summary.city", language) if is_city else first["unit_name"]
        row = [cells[service] for service in shown]
        table.add_row(folded(name, NAME_COLUMNS), *row, style="bold" if is_city else None)
    return table


def _cell(row: pd.Series[Any], signs: Marks) -> Styled:
    if pd.isna(row["share"]):
        return Styled(signs.none, style="dim")
    figure = percent(row["share"], row["target"])
    if pd.isna(row["target"]):
        return Styled(figure)
    if pd.isna(row["meets_target"]):
        return Styled(f"{figure} ?", style="yellow")
    if row["meets_target"]:
        return Styled(f"{figure} {signs.above}", style="green")
    return Styled(f"{figure} {signs.below}", style="red")


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
        profile=walkers(result, language),
        rules=(" " if language == "en" else "").join(rules),
        target=percent(result.standard.target),
    )


def walkers(result: Result, language: Language) -> str:
    """Who walks; where some services have a walker of their own, to which of them."""
    walks, words = result.minutes, service_words(result.standard)
    text = _walker(walks.profile, language)
    own: dict[str, list[str]] = {}
    for service, profile in zip(walks.services, walks.profiles, strict=True):
        if profile != walks.profile:
            own.setdefault(profile, []).append(words[service][language])
    link = sentence("map.semicolon", language)
    comma = sentence("map.comma", language)
    return link.join(
        [text]
        + [
            sentence(
                "summary.walker_of", language, who=_walker(one, language), what=comma.join(names)
            )
            for one, names in own.items()
        ]
    )


def _walker(profile: str, language: Language) -> str:
    key = "summary.standard_profile" if profile == "standard" else f"map.profile_{profile}"
    return sentence(key, language)


def account_lines(result: Result, language: Language) -> list[str]:
    """What became of every row and every person, one line for each source and weight."""
    account: Any = result.account
    words = catalogue()["denominator"]
    rows = [
        sentence(
            "summary.rows",
            language,
            source=row["source"],
            read=row["rows_read"],
            used=row["rows_used"],
            excluded=row["rows_excluded"],
        )
        for row in account["rows"]
    ]
    keys = ("read", "in_units", "outside_units", "outside_network")
    people = [
        sentence(
            "summary.people",
            language,
            weight=words[group["weight"]][language],
            **{key: f"{group[key]:,.0f}" for key in keys},
        )
        for group in account["people"]
    ]
    return rows + people


def print_written(
    result: Result, folder: Path, page: Path, console: Console, language: Language
) -> None:
    """How many problems there are, and where everything lies."""
    count = len(result.problems)
    if count:
        print_folded(sentence("summary.problems", language, count=count), console)
        for problem in _most_telling(result, language):
            print_folded(f"  {problem}", console, hanging="    ")
    print_folded(sentence("summary.written", language, folder=folder), console)
    print_folded(sentence("summary.map", language, path=page), console)


def _most_telling(result: Result, language: Language) -> list[str]:
    """A few problems, each kind once, those about single rows before remarks."""
    order = {"repaired": 0, "excluded": 1, "noted": 2}
    once = {problem.code: problem for problem in reversed(result.problems)}
    ranked = sorted(once.values(), key=lambda problem: (order[problem.action], problem.code))
    return [problem.line(language) for problem in ranked[:MAIN_PROBLEMS]]
