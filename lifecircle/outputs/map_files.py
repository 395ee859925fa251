"""Every map page of a run: the whole, one for each district, and the index that leads to them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import geopandas as gpd

from lifecircle.base.files import MANIFEST, write_bytes
from lifecircle.measures.result import Result
from lifecircle.outputs.maps import MapPage, OnlineBase, map_html
from lifecircle.outputs.maps_districts import INDEX, District, district_page, districts
from lifecircle.outputs.maps_index import Line, index_data, index_html
from lifecircle.outputs.result_map import map_page, print_page, with_rings

MOST_RINGED_IN_A_RUN = 250
"""Facilities whose rings a run draws by itself, in some 20 s of one core; `maps` draws more."""


def map_files(
    result: Result, online: OnlineBase | None = None, most_ringed: int | None = MOST_RINGED_IN_A_RUN
) -> dict[str, str]:
    """The pages of `result` by their file names in the folder of maps."""
    page = with_rings(map_page(result), result, most_ringed)
    return page_files(replace(page, online=online), result.study.study.name)


def page_files(page: MapPage, name: str) -> dict[str, str]:
    """`page`, its districts and its index, by file names.

    `<name>.html` shows the whole; where units have two or more parents, `<name>-01.html` and so
    on show one each, in the order of their names; `index.html` leads to all of them.
    """
    main = f"{name}.html"
    found = districts(page, name)
    files = {main: map_html(replace(page, home=INDEX))}
    for district in found:
        files[district.file] = map_html(district_page(page, district))
    files[INDEX] = index_html(page, lines(page, main, found))
    return files


def write_maps(
    result: Result,
    folder: Path,
    papers: Sequence[str] = (),
    font: Path | None = None,
    online: OnlineBase | None = None,
    results: Path | None = None,
) -> list[Path]:
    """Write the pages of `result` into `folder`, and print sheets of `papers`; gives the files.

    `results` is where a run keeps its tables, see `write_pages`.
    Raises `StudyRefused` where a sheet needs a font that is not there, before anything is written.
    """
    pages = map_files(result, online, most_ringed=None)
    sheets = []
    if papers:
        from lifecircle.outputs.sheets import write_sheets

        sheets = write_sheets(print_page(result), folder, result.study.study.name, papers, font)
    write_pages(
        {name: html.encode("utf-8") for name, html in pages.items()},
        folder,
        result.study.study.name,
        results,
    )
    return [*(folder / name for name in pages), *sheets]


def write_pages(
    pages: Mapping[str, bytes], folder: Path, study: str, results: Path | None = None
) -> None:
    """Write `pages` into `folder`, and remove the districts' pages that the study has no more.

    Only pages that the earlier index of the study, or the manifest of its run in `results`, names
    are removed.
    """
    earlier = _named_by_index(folder / INDEX) | _named_by_manifest(results)
    district = re.compile(rf"{re.escape(study)}-\d{{2,}}\.html")
    for name, html in pages.items():
        write_bytes(folder / name, html)
    for name in sorted(earlier - pages.keys()):
        if district.fullmatch(name):
            (folder / name).unlink(missing_ok=True)


def _named_by_index(index: Path) -> set[str]:
    """The pages that an index leads to; none where there is no index that we wrote."""
    try:
        lines_ = index_data(index.read_text(encoding="utf-8"))["lines"]
        return {str(line["link"]).partition("#")[0] for line in lines_}
    except (OSError, ValueError, LookupError, TypeError):
        return set()


def _named_by_manifest(results: Path | None) -> set[str]:
    """The pages that a run says it wrote; none where there was no run."""
    if results is None:
        return set()
    try:
        return set(json.loads((results / MANIFEST).read_text(encoding="utf-8"))["maps"])
    except (OSError, ValueError, LookupError, TypeError):
        return set()


def lines(page: MapPage, main: str, found: list[District]) -> list[Line]:
    """The index from top to bottom: the whole, then each district with its units."""
    whole = Line(("city", "city"), page.whole_name or "city", main, 0)
    if not found:
        return [whole, *_unit_lines(page.units, main, 1)]
    listed = [whole]
    for district in found:
        units = page.units[page.units["parent"] == district.name]
        listed.append(Line((district.name, district.level), district.name, district.file, 1))
        listed += _unit_lines(units, district.file, 2)
    homeless = page.units[~page.units["parent"].isin([district.name for district in found])]
    return [*listed, *_unit_lines(homeless, main, 1)]


def _unit_lines(units: gpd.GeoDataFrame, file: str, depth: int) -> list[Line]:
    return [
        Line((unit_id, level), name, f"{file}#unit={quote(unit_id, safe='')}", depth)
        for unit_id, level, name in zip(
            units["unit_id"], units["level"], units["name"], strict=True
        )
    ]
