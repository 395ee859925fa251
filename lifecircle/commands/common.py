"""The options, endings and helpers that all commands share."""

from __future__ import annotations

import locale
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

if TYPE_CHECKING:
    from lifecircle.base.problems import Problem, Refused
    from lifecircle.base.sentences import Language
    from lifecircle.measures.result import Result
    from lifecircle.outputs.progress import Stages
    from lifecircle.study import Study

GOOD, THRESHOLD_MISSED, WRONG_STUDY, INPUT_REFUSED, PARTS_FAILED = 0, 1, 2, 3, 4

ENDLESS = 10_000

Command = TypeVar("Command", bound=Callable[..., Any])

language_option = click.option(
    "--lang", type=click.Choice(["zh", "en"]), help="Language of messages (default: the study's)."
)

plain_language_option = click.option(
    "--lang", type=click.Choice(["zh", "en"]), help="Language (default: the computer's)."
)

folder_option = click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    help="Folder that holds data/processed and maps (default: here).",
)

NO_CACHE = "lifecircle.no_cache"

cache_option = click.option(
    "--no-cache",
    is_flag=True,
    expose_value=False,
    callback=lambda context, _, chosen: context.meta.__setitem__(NO_CACHE, chosen),
    help="Work everything out anew; keep nothing in data/processed/.cache.",
)


def out_option(command: Command) -> Command:
    """Where results go, and whether what is slow to work out is kept there."""
    return folder_option(cache_option(command))


json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON and nothing else.")

open_option = click.option("--open", "open_", is_flag=True, help="Open the map in the browser.")

study_argument = click.argument("study_file", metavar="STUDY", type=click.Path(path_type=Path))

denominator_option = click.option(
    "--denominator", help="What is counted: residents, dwellings … (default: residents)."
)


def compute(
    study_file: Path, out: Path, lang: Language | None, as_json: bool, open_page: bool
) -> None:
    """Run a study, write everything, and print it."""
    from lifecircle.base.journal import journal
    from lifecircle.outputs.reports import refuse_unfit_template
    from lifecircle.outputs.results import write_results
    from lifecircle.pipeline import run as run_study

    with refusals(study_file, out, lang):
        study = loaded(study_file)
        language = lang or study.study.language
        refuse_unwritable(out, language)
        refuse_unfit_template(study)
        folder, page = result_folder(study, out), out / "maps" / f"{study.study.name}.html"
        with watch(language, as_json) as stages, journal() as notes:
            result = run_study(study, stages.begin)
            unwritten = write_results(result, folder, page, lambda: stages.log(notes), stages.begin)
    if as_json:
        click.echo(result.coverage.to_json(orient="records", force_ascii=False))
    else:
        show(result, folder, page, language)
    say_unwritten(unwritten, language)
    if open_page:
        click.launch(str(page))


def say_unwritten(problems: tuple[Problem, ...], language: Language) -> None:
    """One line for each report that was not written, or not with all it should hold."""
    for problem in problems:
        click.echo(problem.line(language), err=True)


def show(result: Result, folder: Path, page: Path, language: Language) -> None:
    """Print the result on the terminal."""
    from rich.console import Console

    from lifecircle.outputs.terminal import print_result, print_written

    console = Console(highlight=False)
    print_result(result, console, language)
    print_written(result, folder, page, console, language)


def say_next(text: str) -> None:
    """Print what to do next, folded to the terminal, after an empty line."""
    from rich.console import Console

    from lifecircle.outputs.terminal import print_folded

    console = Console(highlight=False)
    console.print()
    print_folded(text, console)


def loaded(study_file: Path) -> Study:
    """The study; a folder stands for the study.toml in it."""
    from lifecircle.study import load_study

    return load_study(study_file / "study.toml" if study_file.is_dir() else study_file)


def result_folder(study: Study, out: Path) -> Path:
    """Where the tables of a study go."""
    return out / "data" / "processed" / study.study.name


@contextmanager
def watch(language: Language, quiet: bool) -> Iterator[Stages]:
    """The stages of a run: a progress bar on a terminal's standard error, silent elsewhere."""
    from lifecircle.outputs.progress import Stages

    stages = Stages(language, shown=not quiet and sys.stderr.isatty())
    with stages.bar:
        yield stages


def refuse_unwritable(out: Path, language: Language) -> None:
    """End with one line if the results could not be written, before any work."""
    from lifecircle.base.files import writable
    from lifecircle.base.sentences import sentence

    for folder in (out / "data" / "processed", out / "maps"):
        if not writable(folder):
            raise click.ClickException(sentence("unwritable", language, folder=folder))


@contextmanager
def refusals(study_file: Path, out: Path, lang: Language | None) -> Iterator[None]:
    """Turn a refusal into its lines, `problems.csv` and the exit code."""
    from lifecircle.base.cache import FOLDER, cache_in
    from lifecircle.base.problems import InputRefused, StudyRefused, UsageError

    chosen = click.get_current_context(silent=True)
    keeps = chosen is None or not chosen.meta.get(NO_CACHE)
    try:
        with cache_in(out / "data" / "processed" / FOLDER if keeps else None):
            yield
    except StudyRefused as error:
        print_refusal(error, lang or own_language())
        sys.exit(WRONG_STUDY)
    except InputRefused as error:
        refuse(error, study_file, out, lang)
        sys.exit(INPUT_REFUSED)
    except UsageError as error:
        raise click.UsageError(str(error)) from None


def refuse(error: Refused, study_file: Path, out: Path, lang: Language | None) -> None:
    """Print the problems of an input and write them to `problems.csv`."""
    from lifecircle.base.problems import problems_table
    from lifecircle.outputs.tables import write_problems

    study = loaded(study_file)
    language = lang or study.study.language
    write_problems(result_folder(study, out), problems_table(error.problems, language))
    print_refusal(error, language)


def end_refused(error: Refused, language: Language) -> NoReturn:
    """Print what was refused, and end with the code for it."""
    click.echo(error.message(language), err=True)
    sys.exit(INPUT_REFUSED)


def print_refusal(error: Refused, language: Language) -> None:
    """The first problems on standard error, one a line."""
    from lifecircle.base.sentences import sentence

    click.echo(error.message(language), err=True)
    click.echo(sentence("summary.refused", language), err=True)


def own_language() -> Language:
    """The language of this computer: Chinese or English."""
    names = [os.environ.get(name, "") for name in ("LC_ALL", "LC_MESSAGES", "LANG")]
    name = next((name for name in names if name), "") or (locale.getlocale()[0] or "")
    return "zh" if name.lower().startswith(("zh", "chinese")) else "en"
