"""Everything a run writes, in one step: tables, map, and the manifest that seals them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

from lifecircle.base.files import staged_folder
from lifecircle.base.problems import Problem
from lifecircle.measures.result import Result
from lifecircle.outputs.map_files import map_files, write_pages
from lifecircle.outputs.reports import documents
from lifecircle.outputs.tables import fill_folder


def write_results(
    result: Result,
    folder: Path,
    page: Path,
    log: Callable[[], str] = str,
    progress: Callable[[str], None] = lambda _: None,
) -> tuple[Problem, ...]:
    """Write tables and reports into `folder`, the map to `page`, its index and districts beside it.

    `log` gives the text of run.log.  Gives what kept a report from being written.  Whatever can
    fail for want of space fails while the earlier result is still whole.
    """
    progress("map")
    pages = {name: html.encode("utf-8") for name, html in map_files(result).items()}
    hashes = {name: hashlib.sha256(html).hexdigest() for name, html in pages.items()}
    progress("documents")
    reports = documents(result)
    progress("write")
    with staged_folder(folder) as stage:
        fill_folder(result, stage, log(), hashes, reports.files)
        write_pages(pages, page.parent, result.study.study.name, folder)
    return reports.problems
