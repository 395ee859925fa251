"""Commands from gaps to sites."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from lifecircle.commands.common import (
    THRESHOLD_MISSED,
    denominator_option,
    json_option,
    language_option,
    loaded,
    out_option,
    refusals,
    refuse_unwritable,
    result_folder,
    say_unwritten,
    study_argument,
    watch,
)

if TYPE_CHECKING:
    import geopandas as gpd

    from lifecircle.base.sentences import Language
    from lifecircle.measures.result import Result

Answer = TypeVar("Answer")


def candidates_given(
    context: click.Context, parameter: click.Parameter, value: str | None
) -> str | Path | None:
    """A file that is there, or the word for facilities that exist."""
    if value is None or value.partition(":")[0] == "existing":
        return value
    return click.Path(exists=True, dir_okay=False, path_type=Path).convert(
        value, parameter, context
    )


@click.command()
@study_argument
@click.option("--service", "services", multiple=True, help="A service or headline (default: all).")
@denominator_option
@click.option(
    "--fail-under",
    type=click.FloatRange(0, 1),
    help="Exit with 1 if a headline (or a --service) over all units is below, e.g. 0.85.",
)
@click.option(
    "--sheets",
    type=click.IntRange(min=0),
    default=0,
    help="Print sheets of so many gaps, in maps/.",
)
@click.option(
    "--paper", type=click.Choice(["a4", "a3"]), default="a4", help="Of the sheets (default: a4)."
)
@click.option("--font", type=click.Path(path_type=Path), help="Font file for the sheets.")
@out_option
@language_option
@json_option
def gaps(
    study_file: Path,
    services: tuple[str, ...],
    denominator: str | None,
    fail_under: float | None,
    sheets: int,
    paper: str,
    font: Path | None,
    out: Path,
    lang: Language | None,
    as_json: bool,
) -> None:
    """Say who is not served in the units below their target of STUDY, where and why.

    Writes gaps.csv, gaps.gpkg, report.xlsx and report.docx into data/processed/<study>/, and
    --sheets into maps/.
    """
    import json
    from dataclasses import replace

    from lifecircle.outputs.gaps_tables import json_rows, write_places
    from lifecircle.outputs.gaps_terminal import (
        print_files,
        print_gaps,
        print_under,
        shares_under,
    )
    from lifecircle.outputs.reports import write_documents
    from lifecircle.pipeline import find_gaps

    def asked(run: Result) -> gpd.GeoDataFrame:
        """What the run found by itself, unless something else is asked for."""
        every = not services and denominator is None
        return run.gaps if every else find_gaps(run, denominator, services or None)

    with refusals(study_file, out, lang):
        result, table = answered(study_file, out, lang, as_json, asked)
        study, language = result.study, lang or result.study.study.language
        result = replace(result, gaps=table)
        files = draw_sheets(result, out, sheets, paper, font, language)
        write_places(table, result_folder(study, out), "gaps", study.report_date)
        unwritten = write_documents(result, result_folder(study, out))
    under = shares_under(result, services, denominator, fail_under)
    if as_json:
        click.echo(json.dumps(json_rows(table), ensure_ascii=False))
    else:
        print_gaps(table, result.standard, result_folder(study, out) / "gaps.csv", language)
        print_files(files, language)
    say_unwritten(unwritten, language)
    if under:
        print_under(under, fail_under, result.standard, language)
        sys.exit(THRESHOLD_MISSED)


@click.command()
@study_argument
@click.argument("services", nargs=-1, required=True, metavar="SERVICE...")
@click.option(
    "-n", "count", type=click.IntRange(min=1), help="How many sites (default: 5, or the budget's)."
)
@click.option(
    "--aim",
    type=click.Choice(["people", "target", "mean"]),
    default="people",
    help="Most newly covered, fewest sites to the target, or shortest mean walk.",
)
@click.option(
    "--candidates",
    metavar="FILE|existing[:SERVICE,...]",
    callback=candidates_given,
    help="Where facilities could stand: a file, or facilities that exist (default: junctions and"
    " homes).",
)
@click.option("--datum", help="Of the candidates: wgs84, gcj02, bd09, cgcs2000, EPSG:nnnn.")
@click.option("--id", help="Column of the candidates' ids.")
@click.option("--name", help="Column of their names.")
@click.option("--lon", help="Column of their longitudes or x.")
@click.option("--lat", help="Column of their latitudes or y.")
@click.option("--cost", help="Column of their costs.")
@click.option("--beds", help="Column of the beds they have room for.")
@click.option("--places", help="Column of the places they have room for.")
@click.option("--floor-area-m2", help="Column of their floor area in m².")
@click.option("--budget", type=float, help="What the sites may cost together, as --cost counts.")
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

    with refusals(study_file, out, lang):
        result, siting = answered(
            study_file, out, lang, as_json, lambda run: choose_sites(run, services, **options)
        )
        study, language = result.study, lang or result.study.study.language
        write_places(siting.table, result_folder(study, out), "sites", study.report_date)
    if as_json:
        click.echo(json.dumps(siting_json(siting), ensure_ascii=False))
    else:
        print_sites(siting, result.standard, result_folder(study, out) / "sites.csv", language)


def draw_sheets(
    result: Result, out: Path, count: int, paper: str, font: Path | None, language: Language
) -> list[Path]:
    """The evidence sheets of the largest gaps, in maps/."""
    from lifecircle.outputs.sheets_evidence import write_evidence
    from lifecircle.pipeline import evidence

    if count == 0:
        return []
    found, name = evidence(result, count), result.study.study.name
    return write_evidence(result, out / "maps", name, count, paper, font, found, language)


def answered(
    study_file: Path,
    out: Path,
    lang: Language | None,
    as_json: bool,
    ask: Callable[[Result], Answer],
) -> tuple[Result, Answer]:
    """Run a study and ask one thing of its result, under one progress bar."""
    from lifecircle.pipeline import run as run_study

    study = loaded(study_file)
    language = lang or study.study.language
    refuse_unwritable(out, language)
    with watch(language, as_json) as stages:
        result = run_study(study, stages.begin)
        return result, ask(result)
