"""The command line: parse, call, print.  Heavy imports wait until a command needs them."""

from __future__ import annotations

import errno
import locale
import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from lifecircle.base.problems import Refused
    from lifecircle.base.sentences import Language
    from lifecircle.measures.result import Result
    from lifecircle.outputs.progress import Stages
    from lifecircle.study import Study

GOOD, THRESHOLD_MISSED, WRONG_STUDY, INPUT_REFUSED, PARTS_FAILED = 0, 1, 2, 3, 4
OUR_ERROR, INTERRUPTED = 70, 130
ERROR_FILE = "lifecircle-error.txt"

# GDAL must not follow a file that points elsewhere; it reads this once, when it is loaded.
GDAL_ENVIRONMENT = {
    "OGR_SKIP": "OGR_VRT",
    "GDAL_SKIP": "VRT",
    "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": ".none",
    "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",
}

language_option = click.option(
    "--lang", type=click.Choice(["zh", "en"]), help="Language of messages (default: the study's)."
)
out_option = click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    help="Folder that holds data/processed and maps (default: here).",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON and nothing else.")
open_option = click.option("--open", "open_", is_flag=True, help="Open the map in the browser.")
study_argument = click.argument("study_file", metavar="STUDY", type=click.Path(path_type=Path))


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="lifecircle")
def commands() -> None:
    """Measure the 15-minute community life circle (15分钟社区生活圈).

    lifecircle init FOLDER writes a study file to fill in; check reads everything it names;
    run computes the coverage of every street or town and draws the map.
    """


@commands.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--lang", type=click.Choice(["zh", "en"]), help="Language of the comments.")
def init(folder: Path, lang: Language | None) -> None:
    """Write a commented study file into FOLDER, to be filled in."""
    from lifecircle.base.files import write_text
    from lifecircle.base.sentences import sentence
    from lifecircle.study import study_template

    language = lang or own_language()
    path = folder / "study.toml"
    if path.exists():
        raise click.UsageError(sentence("init_exists", language, path=path))
    write_text(path, study_template(language))
    click.echo(sentence("init_done", language, path=path))


@commands.command()
@study_argument
@out_option
@language_option
@json_option
def check(study_file: Path, out: Path, lang: Language | None, as_json: bool) -> None:
    """Read and check everything that STUDY names; compute nothing."""
    from lifecircle.base.problems import problems_table
    from lifecircle.base.sentences import sentence
    from lifecircle.inputs.gather import read_inputs
    from lifecircle.outputs.tables import write_problems

    with refusals(study_file, out, lang):
        study = loaded(study_file)
        language = lang or study.study.language
        with watch(language, as_json) as stages:
            inputs = read_inputs(study, stages.begin)
        table = problems_table(inputs.problems, language)
        write_problems(result_folder(study, out), table)
    if as_json:
        click.echo(table.to_json(orient="records", force_ascii=False))
        return
    for problem in inputs.problems[:20]:
        click.echo(problem.line(language))
    if len(inputs.problems) > 20:
        click.echo(sentence("problems_total", language, total=len(inputs.problems)))
    click.echo(sentence("summary.checked", language))


@commands.command()
@study_argument
@out_option
@language_option
@json_option
@open_option
def run(study_file: Path, out: Path, lang: Language | None, as_json: bool, open_: bool) -> None:
    """Compute STUDY: tables into data/processed/<study>/, the map into maps/<study>.html."""
    compute(study_file, out, lang, as_json, open_)


@commands.command()
@out_option
@language_option
@json_option
@open_option
def demo(out: Path, lang: Language | None, as_json: bool, open_: bool) -> None:
    """Compute the embedded synthetic town: a first look without any data of your own.

    Its files go to data/raw/demo, where they can be changed and run again.
    """
    from lifecircle.base.sentences import sentence
    from lifecircle.demo import copy_town

    refuse_unwritable(out, lang or own_language())
    study_file = copy_town(out / "data" / "raw" / "demo")
    compute(study_file, out, lang or own_language(), as_json, open_)
    if not as_json:
        click.echo(sentence("demo_next", lang or own_language(), study=study_file))


def compute(
    study_file: Path, out: Path, lang: Language | None, as_json: bool, open_page: bool
) -> None:
    """Run a study, write everything, and print it."""
    from lifecircle.outputs.results import write_results
    from lifecircle.pipeline import run as run_study

    with refusals(study_file, out, lang):
        study = loaded(study_file)
        language = lang or study.study.language
        refuse_unwritable(out, language)
        folder, page = result_folder(study, out), out / "maps" / f"{study.study.name}.html"
        with watch(language, as_json) as stages:
            result = run_study(study, stages.begin)
            stages.begin("write")
            write_results(result, folder, page, stages.log())
    if as_json:
        click.echo(result.coverage.to_json(orient="records", force_ascii=False))
    else:
        show(result, folder, page, language)
    if open_page:
        click.launch(str(page))


def show(result: Result, folder: Path, page: Path, language: Language) -> None:
    """Print the result on the terminal."""
    from rich.console import Console

    from lifecircle.outputs.terminal import print_result, print_written

    console = Console(highlight=False)
    print_result(result, console, language)
    print_written(result, folder, page, console, language)


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
            raise click.UsageError(sentence("unwritable", language, folder=folder))


@contextmanager
def refusals(study_file: Path, out: Path, lang: Language | None) -> Iterator[None]:
    """Turn a refusal into its lines, `problems.csv` and the exit code."""
    from lifecircle.base.problems import InputRefused, StudyRefused

    try:
        yield
    except StudyRefused as error:
        print_refusal(error, lang or own_language())
        sys.exit(WRONG_STUDY)
    except InputRefused as error:
        refuse(error, study_file, out, lang)
        sys.exit(INPUT_REFUSED)


def refuse(error: Refused, study_file: Path, out: Path, lang: Language | None) -> None:
    """Print the problems of an input and write them to `problems.csv`."""
    from lifecircle.base.problems import problems_table
    from lifecircle.outputs.tables import write_problems

    study = loaded(study_file)
    language = lang or study.study.language
    write_problems(result_folder(study, out), problems_table(error.problems, language))
    print_refusal(error, language)


def print_refusal(error: Refused, language: Language) -> None:
    """The first problems on standard error, one a line."""
    from lifecircle.base.sentences import sentence

    click.echo(error.message(language), err=True)
    click.echo(sentence("summary.refused", language), err=True)


def unwritten(error: OSError, language: Language) -> None:
    """One line on a file that could not be read or written."""
    from lifecircle.base.files import ResultInUse
    from lifecircle.base.sentences import sentence

    if isinstance(error, ResultInUse):
        text = sentence("result_in_use", language, folder=error.folder, kept=error.kept)
    elif error.errno == errno.ENOSPC:
        text = sentence("disk_full", language)
    else:
        text = sentence("system", language, error=error)
    click.echo(text, err=True)


def own_language() -> Language:
    """The language of this computer: Chinese or English."""
    names = [os.environ.get(name, "") for name in ("LC_ALL", "LC_MESSAGES", "LANG")]
    name = next((name for name in names if name), "") or (locale.getlocale()[0] or "")
    return "zh" if name.lower().startswith(("zh", "chinese")) else "en"


def forgiving_streams() -> None:
    """Let a console that lacks a character show a question mark instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


def main() -> None:
    """The entry point; the only place that catches errors nobody named."""
    for name, value in GDAL_ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    forgiving_streams()
    try:
        code = commands(standalone_mode=False)
        sys.exit(code if isinstance(code, int) else GOOD)
    except click.exceptions.Exit as error:
        sys.exit(error.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(WRONG_STUDY)
    except (click.Abort, KeyboardInterrupt):
        from lifecircle.base.sentences import sentence

        click.echo(sentence("summary.interrupted", own_language()), err=True)
        sys.exit(INTERRUPTED)
    except OSError as error:
        unwritten(error, own_language())
        sys.exit(WRONG_STUDY)
    except Exception as error:
        from lifecircle.base.sentences import sentence

        Path(ERROR_FILE).write_text(traceback.format_exc(), encoding="utf-8")
        text = f"{type(error).__name__}: {error}"
        click.echo(sentence("summary.internal", own_language(), error=text), err=True)
        sys.exit(OUR_ERROR)


if __name__ == "__main__":
    main()
