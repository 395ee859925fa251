"""The command line: parse, call, print.  Heavy imports wait until a command needs them."""

from __future__ import annotations

import errno
import os
import sys
import traceback
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from lifecircle.base.interrupts import hold_back_interrupts
from lifecircle.commands.batch import batch
from lifecircle.commands.common import (
    GOOD,
    WRONG_STUDY,
    own_language,
)
from lifecircle.commands.compare import compare
from lifecircle.commands.fetch import fetch
from lifecircle.commands.maps import isochrones, maps
from lifecircle.commands.rules import indicators, standards
from lifecircle.commands.siting import gaps, site
from lifecircle.commands.studies import check, convert, demo, explain, init, run

if TYPE_CHECKING:
    from lifecircle.base.sentences import Language

OUR_ERROR, INTERRUPTED = 70, 130

ERROR_FILE = "lifecircle-error.txt"

# GDAL must not follow a file that points elsewhere; it reads this once, when it is loaded.
GDAL_ENVIRONMENT = {
    "OGR_SKIP": "OGR_VRT",
    "GDAL_SKIP": "VRT",
    "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": ".none",
    "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",
}

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


STUDIES = (init, fetch, check, run, batch, demo, explain, convert)
for command in (*STUDIES, maps, isochrones, gaps, site, compare, standards, indicators):
    commands.add_command(command)


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


def end_at_once(code: int) -> NoReturn:
    """End without waiting for threads that still compute; what was begun is cleared up already.

    The code stands, too, after a Ctrl-C that struck inside an `exec` of text, as named tuples are
    made by: CPython remembers it, and under `python -m` would end the process by the signal.
    """
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):  # who read it is gone
            stream.flush()
    os._exit(code)


def main() -> None:
    """The entry point; the only place that catches errors nobody named."""
    for name, value in GDAL_ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    forgiving_streams()
    hold_back_interrupts()
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
        end_at_once(INTERRUPTED)
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
