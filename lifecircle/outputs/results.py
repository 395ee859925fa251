"""Everything a run writes, in one step: tables, map, and the manifest that seals them."""

from __future__ import annotations

import hashlib
from pathlib import Path

from lifecircle.base.files import staged_folder, write_bytes
from lifecircle.measures.result import Result
from lifecircle.outputs.map_files import map_files
from lifecircle.outputs.tables import fill_folder


def write_results(result: Result, folder: Path, page: Path, log: str = "") -> None:
    """Write the tables into `folder`, the map to `page`, and its index and districts beside it.

    Whatever can fail for want of space fails while the earlier result is still whole.
    """
    pages = {name: html.encode("utf-8") for name, html in map_files(result).items()}
    hashes = {name: hashlib.sha256(html).hexdigest() for name, html in pages.items()}
    with staged_folder(folder) as stage:
        fill_folder(result, stage, log, hashes)
        for name, html in pages.items():
            write_bytes(page.with_name(name), html)
