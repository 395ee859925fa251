"""The command for many studies, such as all districts of a city."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lifecircle.commands.common import (
    PARTS_FAILED,
    WRONG_STUDY,
    json_option,
    out_option,
    own_language,
    plain_language_option,
    print_refusal,
    refuse_unwritable,
    result_folder,
)

if TYPE_CHECKING:
    from rich.table import Table

    from lifecircle.base.sentences import Language
    from lifecircle.batch import Item
    from lifecircle.outputs.words import Text


@click.command()
@click.argument("studies", nargs=-1, required=True, metavar="STUDY...")
@click.option("--again", is_flag=True, help="Compute finished studies too.")
@out_option
@plain_language_option
@json_option
def batch(
    studies: tuple[str, ...], again: bool, out: Path, lang: Language | None, as_json: bool
) -> None:
    """Compute many studies; one that fails leaves the others, finished ones are not run again.

    STUDY is a study file, a folder of studies, a pattern such as "cities/*.toml", or a .txt file
    with one of these on each line.  The summary goes to data/processed/batch.csv, and
    maps/index.html leads to the maps of all.  The exit code is 4 where a study failed.
    """
    from lifecircle.base.problems import StudyRefused
    from lifecircle.base.sentences import sentence
    from lifecircle.batch import batch_items, summary, write_maps_index, write_summary

    language = lang or own_language()
    refuse_unwritable(out, language)
    try:
        items = batch_items(studies, language)
    except StudyRefused as error:
        print_refusal(error, language)
        sys.exit(WRONG_STUDY)
    try:
        for number, item in enumerate(items, start=1):
            began = time.perf_counter()
            settle(item, out, language, again)
            write_summary(summary(items, out), out)
            if not as_json:
                seconds = time.perf_counter() - began
                click.echo(ended(item, f"{number}/{len(items)}", seconds, language), err=True)
    finally:
        table = summary(items, out)
        path = write_summary(table, out)
        maps = write_maps_index(items, out, language)
        if as_json:
            click.echo(table.to_json(orient="records", force_ascii=False))
        else:
            show(items, out, language)
            click.echo(closing(items, path, language))
            if maps is not None:
                click.echo(sentence("batch.maps", language, path=maps))
    if any(item.state == "failed" for item in items):
        sys.exit(PARTS_FAILED)


def settle(item: Item, out: Path, language: Language, again: bool) -> None:
    """Compute one study, unless it cannot be or need not be."""
    from lifecircle.batch import is_up_to_date, run_apart

    if item.study is None:
        return
    if not again and is_up_to_date(item.study, result_folder(item.study, out), out / "maps"):
        item.state = "unchanged"
        return
    run_apart(item, out, language)


def ended(item: Item, number: str, seconds: float, language: Language) -> str:
    """One line on one study."""
    from lifecircle.base.sentences import sentence

    said = sentence(f"batch.{item.state}", language)
    line = sentence(
        "batch.line", language, number=number, name=item.name, said=said, seconds=f"{seconds:.0f}"
    )
    return f"{line}\n    {item.reason}" if item.reason else line


def closing(items: list[Item], path: Path, language: Language) -> str:
    """How many of all there are results for, and where they are summed up."""
    from lifecircle.base.sentences import sentence

    states = [item.state for item in items]
    counts = {name: states.count(name) for name in ("done", "unchanged", "failed", "waiting")}
    have = counts["done"] + counts["unchanged"]
    return sentence("batch.closing", language, have=have, total=len(items), path=path, **counts)


def show(items: list[Item], out: Path, language: Language) -> None:
    """The summary as a table on the terminal."""
    from rich.console import Console

    console = Console(highlight=False)
    console.print(summary_table(items, out, console, language))


def summary_table(items: list[Item], out: Path, console: object, language: Language) -> Table:
    """A row for each study, a column for each headline and combination."""
    import pandas as pd
    from rich.console import Console
    from rich.table import Table

    from lifecircle.base.numbers import percent
    from lifecircle.base.sentences import sentence
    from lifecircle.batch import COLUMNS, summary
    from lifecircle.inputs.rule_book import study_standard
    from lifecircle.outputs.terminal import FIGURE_COLUMNS, folded, marks
    from lifecircle.outputs.words import denominator_words, service_words

    assert isinstance(console, Console)
    rows, signs = summary(items, out), marks(console)
    words: dict[str, Text] = {}
    for item in items:
        if item.study is not None and item.state in ("done", "unchanged"):
            words |= service_words(study_standard(item.study))
    table = Table(box=signs.box, pad_edge=False)
    table.add_column(sentence("batch.study", language), overflow="fold")
    for name in ("state", "denominator"):
        table.add_column(sentence(f"batch.{name}", language))
    shares = [name for name in rows.columns if name not in COLUMNS]
    for name in shares:
        header = folded(words[name][language], FIGURE_COLUMNS)
        table.add_column(header, justify="right", overflow="fold")
    for item, (_, row) in zip(items, rows.iterrows(), strict=True):
        weight = denominator_words()[row["denominator"]][language] if row["denominator"] else ""
        figures = [
            signs.none if pd.isna(row[name]) else percent(row[name], row["target"])
            for name in shares
        ]
        table.add_row(item.name, sentence(f"batch.{item.state}", language), weight, *figures)
    return table
