"""Commands on a whole study: write one, check it, run it, ask about it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lifecircle.commands.common import (
    INPUT_REFUSED,
    compute,
    json_option,
    language_option,
    loaded,
    open_option,
    out_option,
    own_language,
    print_refusal,
    refusals,
    refuse_unwritable,
    result_folder,
    say_next,
    study_argument,
    watch,
)

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

    from lifecircle.base.problems import Problem
    from lifecircle.base.sentences import Language
    from lifecircle.inputs.gather import Inputs
    from lifecircle.study import Study


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--lang", type=click.Choice(["zh", "en"]), help="Language of the comments.")
def init(folder: Path, lang: Language | None) -> None:
    """Write a commented study file into FOLDER, to be filled in."""
    from lifecircle.base.files import write_bytes, write_text
    from lifecircle.base.sentences import sentence
    from lifecircle.inputs.template import TEMPLATE_NAME, facility_template
    from lifecircle.standards.catalogue import load_standard
    from lifecircle.study import study_template

    language = lang or own_language()
    path = folder / "study.toml"
    if path.exists():
        raise click.UsageError(sentence("init_exists", language, path=path))
    write_text(path, study_template(language))
    if not (folder / TEMPLATE_NAME).exists():
        write_bytes(folder / TEMPLATE_NAME, facility_template(load_standard("shanghai-2022")))
    click.echo(sentence("init_done", language, path=path))


@click.command()
@study_argument
@out_option
@language_option
@json_option
@open_option
def check(study_file: Path, out: Path, lang: Language | None, as_json: bool, open_: bool) -> None:
    """Read and check everything that STUDY names; compute nothing.

    Writes data/processed/<study>/problems.csv, and maps/<study>-check.html with what was found
    as points on a map; both also where an input is refused.
    """
    from lifecircle.base.problems import InputRefused, problems_table
    from lifecircle.base.sentences import sentence
    from lifecircle.inputs.gather import read_inputs
    from lifecircle.outputs.tables import write_problems

    with refusals(study_file, out, lang):
        study = loaded(study_file)
        language = lang or study.study.language
        refuse_unwritable(out, language)
        try:
            with watch(language, as_json) as stages:
                inputs = read_inputs(study, stages.begin)
        except InputRefused as error:
            write_check_page(study, error.problems, None, out, language)
            raise
        table = problems_table(inputs.problems, language)
        write_problems(result_folder(study, out), table)
        page = write_check_page(study, inputs.problems, inputs, out, language)
    if as_json:
        click.echo(table.to_json(orient="records", force_ascii=False))
    else:
        print_checked(inputs.problems, language)
        click.echo(sentence("check_page.written", language, path=page))
    if open_:
        click.launch(str(page))


def print_checked(problems: Sequence[Problem], language: Language) -> None:
    """The first problems, one a line, how many there are, and that nothing stops a run."""
    from lifecircle.base.problems import SHOWN_PROBLEMS
    from lifecircle.base.sentences import sentence

    for problem in problems[:SHOWN_PROBLEMS]:
        click.echo(problem.line(language))
    if len(problems) > SHOWN_PROBLEMS:
        click.echo(sentence("problems_total", language, total=len(problems)))
    click.echo(sentence("summary.checked", language))


def units_anyway(study: Study) -> GeoDataFrame | None:
    """The units of a study of which another input was refused, if they can be read."""
    from lifecircle.base.problems import Refused
    from lifecircle.inputs.read import places_reader, units_of
    from lifecircle.inputs.rule_book import study_standard

    try:
        return units_of(study.units, places_reader(study_standard(study))).table
    except Refused:
        return None


def write_check_page(
    study: Study, problems: Sequence[Problem], inputs: Inputs | None, out: Path, language: Language
) -> Path:
    """Write the page of what was found; `inputs` is None where one of them was refused."""
    from lifecircle.base.files import write_text
    from lifecircle.outputs.check_page import check_page

    path = out / "maps" / f"{study.study.name}-check.html"
    units = units_anyway(study) if inputs is None else inputs.units
    base = None if inputs is None else inputs.base_map
    title = study.study.title or study.study.name
    write_text(path, check_page(problems, units, base, title, language, study.sources))
    return path


@click.command()
@study_argument
@out_option
@language_option
@json_option
@open_option
def run(study_file: Path, out: Path, lang: Language | None, as_json: bool, open_: bool) -> None:
    """Compute STUDY: tables into data/processed/<study>/, the map into maps/<study>.html."""
    compute(study_file, out, lang, as_json, open_)


@click.command()
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
        say_next(sentence("demo_next", lang or own_language(), study=study_file))


@click.command()
@study_argument
@click.argument("name", metavar="ID")
@click.option(
    "--paths", type=click.Path(dir_okay=False, path_type=Path), help="Write the walks as GeoJSON."
)
@out_option
@language_option
@json_option
def explain(
    study_file: Path, name: str, paths: Path | None, out: Path, lang: Language | None, as_json: bool
) -> None:
    """Say what became of the facility, demand point or unit ID, and how one walks there."""
    import json

    from lifecircle.base.files import write_text
    from lifecircle.base.problems import UsageError
    from lifecircle.measures.explain import explain as explained
    from lifecircle.outputs.explanation import print_explanation
    from lifecircle.pipeline import run as run_study

    with refusals(study_file, out, lang):
        study = loaded(study_file)
        language = lang or study.study.language
        with watch(language, as_json) as stages:
            result = run_study(study, stages.begin)
    try:
        said, lines = explained(result, name)
    except UsageError as error:
        raise click.UsageError(str(error)) from None
    if paths is not None:
        write_text(paths, lines.to_json(drop_id=True, ensure_ascii=False))
    if as_json:
        click.echo(json.dumps(said, ensure_ascii=False, allow_nan=False))
    else:
        print_explanation(said)


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--from", "given", required=True, metavar="DATUM", help="gcj02, bd09, wgs84, EPSG:…")
@click.option("--to", "wanted", required=True, metavar="DATUM", help="The same, or cgcs2000.")
@click.option("--lon", help="Column of the longitude (default: found by its name).")
@click.option("--lat", help="Column of the latitude.")
@click.option("--lang", type=click.Choice(["zh", "en"]), help="Language of messages.")
def convert(
    file: Path, given: str, wanted: str, lon: str | None, lat: str | None, lang: Language | None
) -> None:
    """Write FILE in another datum beside it, with the same columns."""
    from lifecircle.base.problems import InputRefused
    from lifecircle.base.sentences import sentence
    from lifecircle.inputs.convert import convert_file

    language = lang or own_language()
    try:
        out, rows, left = convert_file(file, given, wanted, lon, lat)
    except InputRefused as error:
        print_refusal(error, language)
        sys.exit(INPUT_REFUSED)
    click.echo(sentence("convert_done", language, path=out, rows=rows, left=left))
