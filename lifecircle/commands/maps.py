"""Commands that draw: map pages, print sheets, isochrones."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lifecircle.commands.common import (
    json_option,
    language_option,
    loaded,
    open_option,
    out_option,
    refusals,
    refuse_unwritable,
    result_folder,
    study_argument,
    watch,
)

if TYPE_CHECKING:
    from lifecircle.base.sentences import Language


@click.command()
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
            tables = result_folder(study, out)
            files = write_maps(result, out / "maps", wanted, font, online, tables)
    for file in files:
        click.echo(file)
    if open_:
        click.launch(str(files[0]))


@click.command()
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
