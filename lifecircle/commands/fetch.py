"""The one command that uses the network: a named place, or a whole extract."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lifecircle.commands.common import (
    INPUT_REFUSED,
    json_option,
    own_language,
    plain_language_option,
    print_refusal,
)

if TYPE_CHECKING:
    from lifecircle.base.sentences import Language
    from lifecircle.inputs.fetch_file import Counted, Fetched
    from lifecircle.inputs.fetch_http import Waiting
    from lifecircle.inputs.fetch_study import FetchedPlace


@click.command()
@click.argument("what", metavar="PLACE|URL")
@click.option("--name", help="Name of the study and its folder (default: the place's own).")
@click.option("--admin-level", type=int, help="admin_level of the units (default: 8, 街道/镇/乡).")
@click.option("--standard", default="shanghai-2022", help="Standard of the study.")
@click.option(
    "--yes", "large", is_flag=True, help="Fetch an area larger than 400 km² all the same."
)
@click.option("--overpass", metavar="URL", help="Another Overpass server (…/api).")
@click.option("--nominatim", metavar="URL", help="Another Nominatim server.")
@click.option("--sha256", "digest", metavar="HEX", help="What a file from a URL must have.")
@click.option(
    "--timeout",
    type=click.FloatRange(1, 3600),
    default=180.0,
    help="Seconds to wait (default: 180).",
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    help="Folder that holds data/raw (default: here).",
)
@plain_language_option
@json_option
def fetch(
    what: str, out: Path, lang: Language | None, as_json: bool, timeout: float, **options: Any
) -> None:
    """Download PLACE from OpenStreetMap into data/raw/NAME, with a study ready to run.

    PLACE is a name, such as "五角场街道, 杨浦区, 上海", or an id, such as R8208502.  With a URL the
    file itself is downloaded into data/raw; a broken download is taken up again.
    """
    from lifecircle.base.files import writable
    from lifecircle.base.problems import Refused
    from lifecircle.base.sentences import sentence

    language = lang or own_language()
    folder = out / "data" / "raw"
    if not writable(folder):
        raise click.ClickException(sentence("unwritable", language, folder=folder))
    try:
        with shown(language, as_json) as (counted, waiting):
            if "://" in what:
                file = fetched_file(what, folder, timeout, counted, waiting, options)
                said, record = file_lines(file, language), file_record(file)
            else:
                place = fetched_place(what, folder, timeout, counted, waiting, language, options)
                said, record = place_lines(place, language), place_record(place)
    except Refused as error:
        print_refusal(error, language)
        sys.exit(INPUT_REFUSED)
    if as_json:
        click.echo(json.dumps(record, ensure_ascii=False))
        return
    for line in said:
        click.echo(line)


def fetched_file(
    url: str,
    folder: Path,
    timeout: float,
    counted: Counted,
    waiting: Waiting,
    options: dict[str, Any],
) -> Fetched:
    """The file at `url`, in `folder`."""
    from lifecircle.inputs.fetch_file import fetch_file

    return fetch_file(url, folder, options["digest"], counted, waiting, timeout)


def fetched_place(
    words: str,
    folder: Path,
    timeout: float,
    counted: Counted,
    waiting: Waiting,
    language: Language,
    options: dict[str, Any],
) -> FetchedPlace:
    """The place, its map and its study, in a folder of its own."""
    from lifecircle.inputs.fetch_study import Wanted, fetch_place
    from lifecircle.inputs.osm_fetch import NOMINATIM, OVERPASS, Server

    server = Server(
        options["overpass"] or OVERPASS, options["nominatim"] or NOMINATIM, timeout, waiting
    )
    wanted = Wanted(
        words,
        options["name"],
        options["admin_level"],
        options["standard"],
        language,
        options["large"],
    )
    return fetch_place(wanted, folder, server, counted)


def place_lines(place: FetchedPlace, language: Language) -> list[str]:
    """What was fetched, and what to do next."""
    from lifecircle.base.sentences import sentence
    from lifecircle.inputs.fetch_file import megabytes

    size = megabytes(place.extract.stat().st_size)
    names = ("、" if language == "zh" else ", ").join(place.units)
    return [
        sentence(
            "fetch.place", language, place=place.place.full_name, id=place.place.osm_id.upper()
        ),
        sentence("fetch.map", language, path=place.extract, size=size, date=place.date or "-"),
        sentence("fetch.units", language, count=len(place.units), level=place.level, names=names),
        sentence("fetch.study", language, study=place.study),
    ]


def place_record(place: FetchedPlace) -> dict[str, Any]:
    """The same for scripts."""
    return {
        "study": str(place.study),
        "extract": str(place.extract),
        "osm_id": place.place.osm_id,
        "name": place.place.name,
        "admin_level": place.level,
        "units": list(place.units),
        "date": place.date,
        "sha256": place.sha256,
    }


def file_lines(file: Fetched, language: Language) -> list[str]:
    """What was downloaded, what vouches for it, and what to do next."""
    from lifecircle.base.sentences import sentence
    from lifecircle.inputs.fetch_file import megabytes

    size = megabytes(file.size)
    key = "unchanged" if file.unchanged else "resumed" if file.resumed_from else "file"
    done = megabytes(file.resumed_from)
    checked = f"checked_{file.checked or 'not'}"
    return [
        sentence(f"fetch.{key}", language, path=file.path, size=size, done=done),
        sentence(f"fetch.{checked}", language, sha256=file.sha256),
        sentence("fetch.next", language, path=file.path.as_posix()),
    ]


def file_record(file: Fetched) -> dict[str, Any]:
    """The same for scripts."""
    return {
        "path": str(file.path),
        "bytes": file.size,
        "sha256": file.sha256,
        "checked": file.checked,
        "resumed_from": file.resumed_from,
        "unchanged": file.unchanged,
    }


@contextmanager
def shown(language: Language, quiet: bool) -> Iterator[tuple[Counted, Waiting]]:
    """A bar of bytes on a terminal's standard error, and a line for each wait."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TransferSpeedColumn

    from lifecircle.base.sentences import sentence

    console = Console(stderr=True)
    bar = Progress(
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        console=console,
        transient=True,
        disable=quiet or not console.is_terminal,
    )
    task = bar.add_task("", total=None)

    def counted(done: int, total: int | None) -> None:
        bar.update(task, completed=done, total=total)

    def waiting(host: str, status: int, seconds: float) -> None:
        text = sentence(
            "fetch.waiting", language, host=host, status=status, seconds=f"{seconds:.0f}"
        )
        click.echo(text, err=True)

    with bar:
        yield counted, waiting
