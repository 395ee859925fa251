"""Everything a run writes, in one step: tables, map, and the manifest that seals them."""

from __future__ import annotations

import hashlib
from pathlib import Path

from lifecircle.base.files import staged_folder, write_bytes
from lifecircle.measures.result import Result
from lifecircle.outputs.maps import map_html
from lifecircle.outputs.result_map import map_page
from lifecircle.outputs.tables import fill_folder


def write_results(result: Result, folder: Path, page: Path, log: str = "") -> None:
    """Write the tables into `folder` and the map to `page`.

    Whatever can fail for want of space fails while the earlier result is still whole.
    """
    html = map_html(map_page(result)).encode("utf-8")
    with staged_folder(folder) as stage:
        fill_folder(result, stage, log, {page.name: hashlib.sha256(html).hexdigest()})
        write_bytes(page, html)
