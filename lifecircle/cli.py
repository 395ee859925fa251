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
from typing import TYPE_CHECKING, Any, NoReturn

import click

if TYPE_CHECKING:
    from rich.table import Table

    from lifecircle.base.problems import Refused
    from lifecircle.base.sentences import Language
    from lifecircle.measures.result import Result
    from lifecircle.outputs.progress import Stages
    from lifecircle.standards.catalogue import Standard
    from lifecircle.study import Study

GOOD, THRESHOLD_MISSED, WRONG_STUDY, INPUT_REFUSED, PARTS_FAILED = 0, 1, 2, 3, 4
OUR_ERROR, INTERRUPTED = 70, 130
ENDLESS = 10_000
"""Columns of a page that no table fills."""

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


COMPLETION = """\b
Completion by the Tab key (bash; a line for ~/.bashrc; zsh and fish likewise):
  eval "$(_LIFECIRCLE_COMPLETE=bash_source lifecircle)"
"""


def print_versions(context: click.Context, _option: click.Parameter, wanted: bool) -> None:
    """Print the versions that a figure may depend on, and end."""
    if not wanted or context.resilient_parsing:
        return
    from lifecircle.outputs.tables import versions

    for name, number in versions().items():
        click.echo(f"{name} {number}")
    context.exit()


@click.group(context_settings={"help_option_names": ["-h", "--help"]}, epilog=COMPLETION)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=print_versions,
    help="Show the versions of lifecircle and of what it computes with.",
)
def commands() -> None:
    """Measure the 15-minute community life circle (15分钟社区生活圈).

    lifecircle init FOLDER writes a study file to fill in; check reads everything it names;
    run computes the coverage of every street or town and draws the map.
    """


@commands.command()
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


@commands.command()
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


@commands.command()
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
@study_argument
@out_option
@language_option
@click.option(
    "--paper",
    "papers",
    type=click.Choice(["a4", "a3", "none"]),
    multiple=True,
    default=("a4", "a3"),
    help="Paper of the print sheets; may be given twice (default: both).",
)
@click.option("--font", type=click.Path(path_type=Path), help="Font file for the print sheets.")
@click.option("--tianditu", metavar="KEY", help="Tianditu as background; KEY stands in the page.")
@click.option("--tiles", metavar="URL", help="Background of your own server: {z}, {x} and {y}.")
@click.option("--credit", default="", help="Whose tiles these are.")
@open_option
def maps(
    study_file: Path,
    out: Path,
    lang: Language | None,
    papers: tuple[str, ...],
    font: Path | None,
    tianditu: str | None,
    tiles: str | None,
    credit: str,
    open_: bool,
) -> None:
    """Draw STUDY: its map pages, and print sheets as PNG and PDF, into maps/."""
    from lifecircle.outputs.map_files import write_maps
    from lifecircle.outputs.maps_online import online_base
    from lifecircle.pipeline import run as run_study

    with refusals(study_file, out, lang):
        study = loaded(study_file)
        language = lang or study.study.language
        refuse_unwritable(out, language)
        online = online_base(tianditu, tiles, credit)
        with watch(language, False) as stages:
            result = run_study(study, stages.begin)
            stages.begin("write")
            wanted = [paper for paper in papers if paper != "none"]
            files = write_maps(result, out / "maps", wanted, font, online)
    for file in files:
        click.echo(file)
    if open_:
        click.launch(str(files[0]))


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
        say_next(sentence("demo_next", lang or own_language(), study=study_file))


denominator_option = click.option(
    "--denominator", help="What is counted: residents, dwellings … (default: residents)."
)


@commands.command()
@study_argument
@click.option("--service", "services", multiple=True, help="A service or headline (default: all).")
@denominator_option
@click.option(
    "--fail-under",
    type=click.FloatRange(0, 1),
    help="Exit with 1 if a headline (or a --service) over all units is below, e.g. 0.85.",
)
@out_option
@language_option
@json_option
def gaps(
    study_file: Path,
    services: tuple[str, ...],
    denominator: str | None,
    fail_under: float | None,
    out: Path,
    lang: Language | None,
    as_json: bool,
) -> None:
    """Say who is not served in the units below their target of STUDY, where and why.

    Writes gaps.csv and gaps.gpkg into data/processed/<study>/.
    """
    import json

    from lifecircle.outputs.gaps_tables import json_rows, write_places
    from lifecircle.outputs.gaps_terminal import print_gaps, print_under, shares_under
    from lifecircle.pipeline import find_gaps
    from lifecircle.pipeline import run as run_study

    with refusals(study_file, out, lang):
        study = loaded(study_file)
        language = lang or study.study.language
        refuse_unwritable(out, language)
        with watch(language, as_json) as stages:
            result = run_study(study, stages.begin)
            table = find_gaps(result, denominator, services or None)
        write_places(table, result_folder(study, out), "gaps", study.report_date)
    under = shares_under(result, services, denominator, fail_under)
    if as_json:
        click.echo(json.dumps(json_rows(table), ensure_ascii=False))
    else:
        print_gaps(table, result.standard, result_folder(study, out) / "gaps.csv", language)
    if under:
        print_under(under, fail_under, result.standard, language)
        sys.exit(THRESHOLD_MISSED)


@commands.command()
@study_argument
@click.argument("services", nargs=-1, required=True, metavar="SERVICE...")
@click.option("-n", "count", type=click.IntRange(min=1), default=5, help="How many sites.")
@click.option(
    "--aim",
    type=click.Choice(["people", "target", "mean"]),
    default="people",
    help="Most newly covered, fewest sites to the target, or shortest mean walk.",
)
@click.option(
    "--candidates",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Where facilities could stand (default: junctions and homes).",
)
@click.option("--datum", help="Of the candidates: wgs84, gcj02, bd09, cgcs2000, EPSG:nnnn.")
@click.option("--id", help="Column of the candidates' ids.")
@click.option("--name", help="Column of their names.")
@click.option("--lon", help="Column of their longitudes or x.")
@click.option("--lat", help="Column of their latitudes or y.")
@denominator_option
@click.option("--under-target", is_flag=True, help="Count gains in units below the target only.")
@click.option("--with-unknown", is_flag=True, help="Count demand near the edge of the data too.")
@out_option
@language_option
@json_option
def site(
    study_file: Path,
    services: tuple[str, ...],
    out: Path,
    lang: Language | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Choose the best next sites for SERVICE (several: for shared buildings), existing ones fixed.

    Writes sites.csv and sites.gpkg into data/processed/<study>/.
    """
    import json

    from lifecircle.outputs.gaps_tables import write_places
    from lifecircle.outputs.gaps_terminal import print_sites, siting_json
    from lifecircle.pipeline import choose_sites
    from lifecircle.pipeline import run as run_study

    with refusals(study_file, out, lang):
        study = loaded(study_file)
        language = lang or study.study.language
        refuse_unwritable(out, language)
        with watch(language, as_json) as stages:
            result = run_study(study, stages.begin)
            siting = choose_sites(result, services, **options)
        write_places(siting.table, result_folder(study, out), "sites", study.report_date)
    if as_json:
        click.echo(json.dumps(siting_json(siting), ensure_ascii=False))
    else:
        print_sites(siting, result.standard, result_folder(study, out) / "sites.csv", language)


@commands.command()
@study_argument
@click.option("--service", "services", multiple=True, help="A service (default: all).")
@click.option("--limits", help="Metres, such as 300,500,1000 (default: the standard's tiers).")
@click.option("--minutes", help="Minutes, such as 5,10,15; they need a --profile of people.")
@click.option("--profile", default="standard", help="Who walks: adult, elderly, wheelchair …")
@click.option("--dissolve", "overlap", flag_value="dissolved", help="One ring for each service.")
@click.option("--split", "overlap", flag_value="split", help="Ground to its nearest facility only.")
@click.option("--lines", is_flag=True, help="The reached streets instead of the ground.")
@click.option("--from", "away", is_flag=True, help="Walks from the facilities, not to them.")
@click.option("--access", "access_m", default=50.0, help="Metres beside streets (default: 50).")
@out_option
@language_option
@json_option
def isochrones(
    study_file: Path,
    services: tuple[str, ...],
    out: Path,
    lang: Language | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Draw what lies within a walk of every facility of STUDY.

    Writes isochrones.gpkg, isochrones.geojson and isochrones.parquet into data/processed/<study>/.
    """
    from lifecircle.base.sentences import sentence
    from lifecircle.inputs.gather import read_inputs
    from lifecircle.network.isochrones import isochrones as draw_isochrones
    from lifecircle.outputs.rings import counted, of_services, ring_options, write_rings

    with refusals(study_file, out, lang):
        study = loaded(study_file)
        language = lang or study.study.language
        refuse_unwritable(out, language)
        chosen = ring_options(**options)
        with watch(language, as_json) as stages:
            inputs = read_inputs(study, stages.begin)
        facilities = of_services(inputs.facilities, services)
        with counted(language, shown=not as_json and sys.stderr.isatty()) as progress:
            rings = draw_isochrones(
                inputs.network,
                facilities,
                tiers=None if {"limits_m", "minutes"} & chosen.keys() else inputs.standard,
                demand=inputs.demand.table,
                max_attach_m=study.network.max_attach_m,
                min_component_m=study.network.min_component_m,
                progress=progress,
                **chosen,
            )
        files = write_rings(rings, result_folder(study, out), study.report_date)
    if as_json:
        click.echo(rings.drop(columns="geometry").to_json(orient="records", force_ascii=False))
        return
    empty = int(rings.geometry.is_empty.sum())
    click.echo(sentence("rings.done", language, count=len(rings), empty=empty))
    for file in files:
        click.echo(file)


@commands.group()
def standards() -> None:
    """Show the standards, and check one of your own."""


plain_language_option = click.option(
    "--lang", type=click.Choice(["zh", "en"]), help="Language (default: the computer's)."
)


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


@commands.group()
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
    from lifecircle.outputs.indicator_tables import records, rounded_figures, series_table
    from lifecircle.outputs.tables import csv_bytes

    language = lang or own_language()
    try:
        table = series([read_run(folder) for folder in folders])
    except InputRefused as error:
        end_refused(error, language)
    if file is not None:
        write_bytes(file, csv_bytes(rounded_figures(table)))
    print_rules(series_table(table, language), records(table) if as_json else None)


def end_refused(error: Refused, language: Language) -> NoReturn:
    """Print what was refused, and end with the code for it."""
    click.echo(error.message(language), err=True)
    sys.exit(INPUT_REFUSED)


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
    from lifecircle.base.problems import InputRefused, StudyRefused, UsageError

    try:
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


def keep_traceback(text: str) -> None:
    """Write an error of ours to its file, or print it where no file can be written."""
    from lifecircle.base.files import write_text

    try:
        write_text(Path(ERROR_FILE), text)
    except OSError:
        click.echo(text, err=True)


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

        keep_traceback(traceback.format_exc())
        text = f"{type(error).__name__}: {error}"
        click.echo(sentence("summary.internal", own_language(), error=text), err=True)
        sys.exit(OUR_ERROR)


if __name__ == "__main__":
    main()
