"""The command that holds states against each other."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lifecircle.commands.common import (
    INPUT_REFUSED,
    WRONG_STUDY,
    json_option,
    language_option,
    open_option,
    out_option,
    own_language,
    print_refusal,
    refuse_unwritable,
    watch,
)

if TYPE_CHECKING:
    from lifecircle.base.sentences import Language


@click.command()
@click.argument("before", metavar="BEFORE", type=click.Path(path_type=Path))
@click.argument(
    "after", metavar="AFTER...", nargs=-1, required=True, type=click.Path(path_type=Path)
)
@out_option
@language_option
@json_option
@open_option
def compare(
    before: Path,
    after: tuple[Path, ...],
    out: Path,
    lang: Language | None,
    as_json: bool,
    open_: bool,
) -> None:
    """Say what changes from BEFORE to AFTER: each a study, or a scenario on top of one.

    Several AFTER are put side by side, to choose among.  Writes change.csv, people.csv and
    indicator_change.csv into data/processed/<before>-vs-<after>/, and a map of the difference
    into maps/.
    """
    import json

    from lifecircle.outputs.compare_tables import (
        comparison_json,
        comparison_name,
        write_comparison,
    )
    from lifecircle.outputs.compare_terminal import print_comparison, print_written
    from lifecircle.outputs.maps_compare import compare_html
    from lifecircle.what_if import compare as compared

    language = lang or own_language()
    refuse_unwritable(out, language)
    with refused(language), watch(language, as_json) as stages:
        found = compared(before, *after, progress=stages.begin)
        stages.begin("write")
        language = lang or found.before.study.study.language
        name = comparison_name(found)
        folder, page = out / "data" / "processed" / name, out / "maps" / f"{name}.html"
        write_comparison(found, folder, page, compare_html(found, language))
    if as_json:
        click.echo(json.dumps(comparison_json(found), ensure_ascii=False))
    else:
        print_comparison(found, language)
        print_written(folder, page, language)
    if open_:
        click.launch(str(page))


@contextmanager
def refused(language: Language) -> Iterator[None]:
    """Turn a refusal into its lines and the exit code; nothing is written."""
    from lifecircle.base.problems import InputRefused, StudyRefused, UsageError

    try:
        yield
    except StudyRefused as error:
        print_refusal(error, language)
        sys.exit(WRONG_STUDY)
    except InputRefused as error:
        print_refusal(error, language)
        sys.exit(INPUT_REFUSED)
    except UsageError as error:
        raise click.UsageError(str(error)) from None
