"""Commands on the rule book: standards and policy indicators."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lifecircle.commands.common import (
    ENDLESS,
    WRONG_STUDY,
    end_refused,
    json_option,
    language_option,
    loaded,
    out_option,
    own_language,
    plain_language_option,
    refusals,
    result_folder,
    study_argument,
    watch,
)

if TYPE_CHECKING:
    from rich.table import Table

    from lifecircle.base.sentences import Language
    from lifecircle.standards.catalogue import Standard


@click.group()
def standards() -> None:
    """Show the standards, and check one of your own."""


@standards.command("list")
@plain_language_option
@json_option
def standards_list(lang: Language | None, as_json: bool) -> None:
    """List the standards that come with the program."""
    from lifecircle.outputs.rule_book import standards_summary, summary_table

    entries = standards_summary()
    print_rules(summary_table(entries, lang or own_language()), entries if as_json else None)


@standards.command("show")
@click.argument("name")
@plain_language_option
@json_option
def standards_show(name: str, lang: Language | None, as_json: bool) -> None:
    """Show every limit of NAME (or of a .toml file) with its origin and confidence."""
    from lifecircle.outputs.rule_book import standard_table

    language = lang or own_language()
    standard = loaded_standard(name, language)
    content = standard.model_dump(mode="json") if as_json else None
    print_rules(standard_table(standard, language), content)


@standards.command("check")
@click.argument("file")
@click.option("--unverified", is_flag=True, help="List what nobody has read in the original.")
@plain_language_option
def standards_check(file: str, unverified: bool, lang: Language | None) -> None:
    """Check a standard's FILE key by key."""
    from lifecircle.base.sentences import sentence
    from lifecircle.outputs.rule_book import rules_of, unverified_table
    from lifecircle.outputs.rule_book import unverified as not_read

    language = lang or own_language()
    standard = loaded_standard(file, language)
    if unverified:
        print_rules(unverified_table(standard, language), None)
    counts = {"rules": len(rules_of(standard)), "unverified": len(not_read(standard))}
    click.echo(sentence("rule_book.checked", language, id=standard.id, **counts))


@standards.command("compare")
@study_argument
@click.option("--standard", "names", multiple=True, help="A name, a .toml file, or `study`.")
@click.option("--denominator", "denominators", multiple=True, help="Such as residents.")
@click.option("--unit", help="A unit's name or id (default: all units together).")
@out_option
@language_option
@json_option
def standards_compare(
    study_file: Path,
    names: tuple[str, ...],
    denominators: tuple[str, ...],
    unit: str | None,
    out: Path,
    lang: Language | None,
    as_json: bool,
) -> None:
    """Compute STUDY under several standards (default: all) and print them side by side.

    The whole table goes to standards.csv in the study's folder of results.
    """
    from lifecircle.base.sentences import sentence
    from lifecircle.inputs.rule_book import checked_denominators
    from lifecircle.outputs.rule_book import compared_table, of_unit
    from lifecircle.outputs.tables import write_standards
    from lifecircle.pipeline import compare_standards, standards_under
    from lifecircle.standards.catalogue import bundled_standards

    with refusals(study_file, out, lang):
        study = loaded(study_file)
        language = lang or study.study.language
        chosen = checked_denominators(denominators)
        names = names or bundled_standards()
        with watch(language, as_json) as stages:
            table = compare_standards(study, names, chosen, stages.begin)
        path = write_standards(result_folder(study, out), table)
        standards = standards_under(study, names)
    if as_json:
        click.echo(table.to_json(orient="records", force_ascii=False))
        return
    rows = of_unit(table, unit)
    if rows.empty:
        raise click.UsageError(sentence("rule_book.no_unit", language, unit=unit))
    print_rules(compared_table(rows, standards, language), None)
    for silent in (one.id for one in standards if one.id not in set(table["standard"])):
        click.echo(sentence("rule_book.no_figures", language, standard=silent))
    click.echo(str(path))


@click.group()
def indicators() -> None:
    """Show the policy target table (政策目标对照表) of finished runs, and what it needs."""


@indicators.command("kinds")
@plain_language_option
def indicators_kinds(lang: Language | None) -> None:
    """List the kinds of list that the target table asks for, for [[lists]] in a study."""
    from lifecircle.outputs.indicator_tables import kinds_table
    from lifecircle.standards.indicators import bundled_targets

    print_rules(kinds_table(bundled_targets(), lang or own_language()), None)


@indicators.command("show")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@plain_language_option
@json_option
def indicators_show(folder: Path, lang: Language | None, as_json: bool) -> None:
    """Show the target table of the run in FOLDER (such as data/processed/demo)."""
    from lifecircle.base.problems import InputRefused
    from lifecircle.inputs.runs import read_run
    from lifecircle.outputs.indicator_tables import records, target_table

    language = lang or own_language()
    try:
        table = read_run(folder).indicators
    except InputRefused as error:
        end_refused(error, language)
    print_rules(target_table(table, language), records(table) if as_json else None)


@indicators.command("series")
@click.argument("folders", nargs=-1, type=click.Path(file_okay=False, path_type=Path))
@click.option("--csv", "file", type=click.Path(dir_okay=False, path_type=Path), help="Write a CSV.")
@plain_language_option
@json_option
def indicators_series(
    folders: tuple[Path, ...], file: Path | None, lang: Language | None, as_json: bool
) -> None:
    """Put the target tables of runs of several dates into one series, against the target path."""
    from lifecircle.base.files import write_bytes
    from lifecircle.base.problems import InputRefused
    from lifecircle.inputs.runs import read_run
    from lifecircle.measures.series import series
    from lifecircle.outputs.csv_text import csv_bytes
    from lifecircle.outputs.indicator_tables import records, rounded_figures, series_table

    language = lang or own_language()
    try:
        table = series([read_run(folder) for folder in folders])
    except InputRefused as error:
        end_refused(error, language)
    if file is not None:
        write_bytes(file, csv_bytes(rounded_figures(table)))
    print_rules(series_table(table, language), records(table) if as_json else None)


def loaded_standard(name: str, language: Language) -> Standard:
    """The standard, or the end of the program with what is wrong in it."""
    from lifecircle.base.problems import StudyRefused
    from lifecircle.standards.catalogue import load_standard

    try:
        return load_standard(name)
    except StudyRefused as error:
        click.echo(error.message(language), err=True)
        sys.exit(WRONG_STUDY)


def print_rules(table: Table, content: object) -> None:
    """A table of rules, or its content as JSON."""
    import json

    from rich.console import Console

    if content is not None:
        click.echo(json.dumps(content, ensure_ascii=False))
        return
    console = Console(highlight=False)
    if not console.is_terminal:  # a file has no edge to fold at
        console.width = max(console.width, Console(width=ENDLESS).measure(table).maximum)
    console.print(table)
