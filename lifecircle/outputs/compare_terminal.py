"""A comparison on the terminal: services before and after, where people gain, and what it means."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from lifecircle.base.numbers import percent
from lifecircle.base.sentences import Language, sentence
from lifecircle.measures.compare import Change
from lifecircle.measures.coverage import CITY
from lifecircle.outputs.compare_tables import Compared, Side
from lifecircle.outputs.terminal import folded, marks, print_folded
from lifecircle.outputs.words import denominator_words, main_denominator, service_words

MOST_SERVICES, MOST_SENTENCES, MOST_PLACES, MOST_VERDICTS = 16, 6, 12, 8
LEAST = 5e-5
"""A change that no decimal shows."""
SERVICE_COLUMNS, UNIT_COLUMNS, STATE_COLUMNS = 20, 16, 14


def print_comparison(compared: Compared, language: Language) -> None:
    """Everything that a planner asks first, the whole of it in the files."""
    console = Console(highlight=False)
    weight = comparison_weight(compared)
    console.print(summary_table(compared, weight, console, language))
    name = denominator_words()[weight][language]
    print_folded(sentence("compare.definition", language, weight=name), console)
    for state, change in zip(compared.after, compared.changes, strict=True):
        if len(compared.after) > 1:
            console.print()
            console.print(f"[bold]{escape(state.title)}[/bold]")
        _print_state(compared, state, change, weight, console, language)


def comparison_weight(compared: Compared) -> str:
    """The denominator that all states have and that a short table shows."""
    tables = [compared.before.coverage, *(one.coverage for one in compared.after)]
    common = set.intersection(*(set(table["denominator"]) for table in tables))
    return main_denominator(tables[0][tables[0]["denominator"].isin(common)])


def print_written(folder: Path, page: Path, language: Language) -> None:
    """Where the files lie."""
    console = Console(highlight=False)
    print_folded(sentence("compare.written", language, folder=folder), console)
    print_folded(sentence("compare.map", language, path=page), console)


def _print_state(
    compared: Compared,
    state: Side,
    change: Change,
    weight: str,
    console: Console,
    language: Language,
) -> None:
    signs = marks(console)
    for line in sentences_of(change, state, weight, language):
        print_folded(f"{signs.bullet} {line}", console, hanging="  ")
    places = places_of(change, weight)
    if len(places):
        console.print(places_table(places, state, console, language))
        if len(places) > MOST_PLACES:
            rest = len(places) - MOST_PLACES
            print_folded(sentence("compare.more_rows", language, count=rest), console)
    for line in verdict_lines(change, state, weight, language):
        print_folded(f"{signs.bullet} {line}", console, hanging="  ")
    for note in change.notes:
        print_folded(f"{signs.bullet} {note.what(language)}", console, hanging="  ")


def shown_services(compared: Compared, weight: str) -> list[str]:
    """The headlines, what is made of them, and the services that change most."""
    standard = compared.before.standard
    after = [one.standard for one in compared.after]
    headlines = [one.id for rules in (standard, *after) for one in rules.headlines]
    headlines += [one.id for rules in (standard, *after) for one in rules.combinations]
    found = pd.concat([_city(change, weight) for change in compared.changes])
    moved = found["change"].abs().groupby(found["service"], sort=False).max()
    known = [name for name in dict.fromkeys(headlines) if name in moved.index]
    others = moved[(moved > LEAST) & ~moved.index.isin(known)]
    most = others.sort_values(ascending=False, kind="stable").index.tolist()
    return [*known, *most[: max(0, MOST_SERVICES - len(known))]]


def _city(change: Change, weight: str) -> pd.DataFrame:
    table = change.coverage
    return table[(table["level"] == CITY) & (table["denominator"] == weight)]


def summary_table(compared: Compared, weight: str, console: Console, language: Language) -> Table:
    """Services by states, over all units; with one state after, also who gains and loses."""
    before, after = compared.before, compared.after
    if len(after) == 1:
        title = sentence("compare.title", language, before=before.title, after=after[0].title)
    else:
        title = sentence("compare.several", language, before=before.title, count=len(after))
    table = Table(
        title=escape(folded(title, console.width)),
        title_justify="left",
        box=marks(console).box,
        pad_edge=False,
    )
    table.add_column(sentence("compare.service", language), overflow="fold")
    heads = [sentence("compare.before", language)]
    if len(after) == 1:
        heads += [sentence(f"compare.{key}", language) for key in ("after", "gained", "lost")]
    else:
        heads += [escape(folded(one.title, STATE_COLUMNS)) for one in after]
    for head in heads:
        table.add_column(head, justify="right", overflow="fold")
    words = words_of(compared)
    for name in shown_services(compared, weight):
        cells = _cells(compared, name, weight)
        table.add_row(folded(words[name][language], SERVICE_COLUMNS), *cells)
    return table


def words_of(compared: Compared) -> dict[str, Any]:
    """The names of everything that one of the standards knows."""
    words: dict[str, Any] = {}
    for state in (*compared.after[::-1], compared.before):
        words |= service_words(state.standard)
    return words


def _cells(compared: Compared, name: str, weight: str) -> list[str]:
    rows = []
    for change in compared.changes:
        city = _city(change, weight)
        found = city[city["service"] == name]
        rows.append(found.iloc[0] if len(found) else None)
    first = next(row for row in rows if row is not None)
    before = share_words(first, "before")
    cells = [before, *(change_cell(row) for row in rows)]
    if len(rows) == 1:
        gained = _people(compared.changes[0], name, weight)
        cells += [_count(gained, "gained"), _count(gained, "lost")]
    return cells


def change_cell(row: pd.Series[Any] | None) -> str:
    """The share after and, in brackets, the change with its bounds."""
    if row is None or pd.isna(row["share_after"]):
        return "–"
    share = share_words(row, "after")
    if pd.isna(row["change"]):
        return share
    return f"{share} ({change_words(row)})"


def change_words(row: pd.Series[Any]) -> str:
    """Percentage points with their sign; two where the bounds differ."""
    low, high = row["change_low"], row["change_high"]
    if pd.isna(low) or high - low < LEAST:
        return points(row["change"])
    return "…".join(dict.fromkeys([points(low), points(high)]))


def share_words(row: pd.Series[Any], side: str) -> str:
    """The share of one side; both are rounded one way, even where only one has a target."""
    targets = [row["target_before"], row["target_after"]]
    known = [target for target in targets if not pd.isna(target)]
    return percent(row[f"share_{side}"], known[0] if known else None)


def points(change: float) -> str:
    """A change of a share in percentage points; 0 has no sign."""
    rounded = math.floor(abs(change) * 1000 + 0.5) / 10
    if rounded == 0:
        return "0"
    return f"{'+' if change > 0 else '−'}{rounded:.1f}"


def _people(change: Change, name: str, weight: str) -> pd.DataFrame:
    if change.people is None:
        return pd.DataFrame()
    people = change.people
    own = (people["service"] == name) & (people["denominator"] == weight)
    return people[own & (people["level"] == CITY)]


def _count(rows: pd.DataFrame, column: str) -> str:
    return f"{rows[column].iloc[0]:,.0f}" if len(rows) else "0"


def sentences_of(change: Change, state: Side, weight: str, language: Language) -> list[str]:
    """For each service of the city whose people change: how many, from what to what, the cost."""
    words, lines = service_words(state.standard), []
    city = _city(change, weight).set_index("service")
    people = change.people
    if people is not None:
        rows = people[(people["level"] == CITY) & (people["denominator"] == weight)]
        moved = (rows["gained"] + rows["lost"]).sort_values(ascending=False, kind="stable")
        most = moved[moved > 0].index[:MOST_SENTENCES]
        for _, row in rows[rows.index.isin(most)].iterrows():
            shares = city.loc[row["service"]]
            lines.append(
                sentence(
                    "compare.said",
                    language,
                    service=words[row["service"]][language],
                    weight=denominator_words()[weight][language],
                    gained=f"{row['gained']:,.0f}",
                    lost=f"{row['lost']:,.0f}",
                    before=share_words(shares, "before"),
                    after=share_words(shares, "after"),
                )
                + _cost_words(row, language)
            )
    if (change.coverage["change"].abs().fillna(0) <= 0).all():
        lines.append(sentence("compare.nothing", language))
    count = indicators_changed(change)
    if count:
        lines.append(sentence("compare.indicators", language, count=count))
    return lines


def _cost_words(row: pd.Series[Any], language: Language) -> str:
    if pd.isna(row["cost_per_gained"]):
        return ""
    cost, each = f"{row['cost']:,.0f}", f"{row['cost_per_gained']:,.0f}"
    space = " " if language == "en" else ""
    return space + sentence("compare.said_cost", language, cost=cost, each=each)


def indicators_changed(change: Change) -> int:
    """How many lines of the target table have another value for the city."""
    if change.indicators is None:
        return 0
    lines = change.indicators[change.indicators["level"] == CITY]
    return int((lines["change"].abs() > 1e-9).sum())


def places_of(change: Change, weight: str) -> pd.DataFrame:
    """PEOPLE of single units where somebody gains or loses, the most first."""
    people = change.people
    if people is None:
        return pd.DataFrame()
    of_unit = change.coverage.drop_duplicates(["unit_id", "level"])
    upper = of_unit.loc[of_unit["unit_id"] == of_unit["unit_name"], "unit_id"]
    rows = people[(people["denominator"] == weight) & ~people["unit_id"].isin(upper)]
    rows = rows[(rows["gained"] > 0) | (rows["lost"] > 0)]
    moved = rows["gained"] + rows["lost"]
    return rows.assign(moved=moved).sort_values("moved", ascending=False, kind="stable")


def places_table(places: pd.DataFrame, state: Side, console: Console, language: Language) -> Table:
    """Where people gain and lose: unit, service, how many, and their walk before and after."""
    words = service_words(state.standard)
    table = Table(
        title=sentence("compare.where", language),
        title_justify="left",
        box=marks(console).box,
        pad_edge=False,
    )
    for key in ("unit", "service"):
        table.add_column(sentence(f"compare.{key}", language), overflow="fold")
    for key in ("gained", "lost", "metres"):
        table.add_column(sentence(f"compare.{key}", language), justify="right")
    for _, row in places.head(MOST_PLACES).iterrows():
        table.add_row(
            escape(folded(row["unit_name"], UNIT_COLUMNS)),
            folded(words[row["service"]][language], SERVICE_COLUMNS),
            f"{row['gained']:,.0f}",
            f"{row['lost']:,.0f}",
            _walk(row),
        )
    return table


def _walk(row: pd.Series[Any]) -> str:
    """The mean walk of those who gain, or where nobody does of those who lose."""
    side = "gained" if row["gained"] > 0 else "lost"
    before, after = (_metres(row[f"{side}_{when}_m"]) for when in ("before", "after"))
    return f"{before} → {after}"


def _metres(value: float) -> str:
    return "–" if pd.isna(value) else f"{value:,.0f}"


def verdict_lines(change: Change, state: Side, weight: str, language: Language) -> list[str]:
    """The verdicts that change: how many, and the first of them."""
    rows = change.coverage
    rows = rows[(rows["denominator"] == weight) & (rows["verdict"] != "")]
    words = service_words(state.standard)
    if rows.empty:
        return []
    lines: list[str] = [sentence("compare.verdicts", language, count=len(rows))]
    for _, row in rows.head(MOST_VERDICTS).iterrows():
        city = row["level"] == CITY
        lines.append(
            sentence(
                f"compare.{row['verdict']}",
                language,
                unit=sentence("compare.city", language) if city else row["unit_name"],
                service=words[row["service"]][language],
                before=share_words(row, "before"),
                after=share_words(row, "after"),
            )
        )
    return lines
