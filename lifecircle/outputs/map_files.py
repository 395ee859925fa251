"""Every map page of a run: the whole, one for each district, and the index that leads to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote

import geopandas as gpd
import numpy as np

from lifecircle.base.files import write_text
from lifecircle.measures.result import Result
from lifecircle.outputs.maps import MapPage, OnlineBase, map_html
from lifecircle.outputs.maps_base import WEB_MERCATOR
from lifecircle.outputs.maps_index import Line, index_html
from lifecircle.outputs.maps_points import chosen
from lifecircle.outputs.result_map import map_page

INDEX = "index.html"
AROUND_M = 1500.0
"""Facilities this far outside a district are shown on its page too."""

METRES_PER_DEGREE = 111_320.0


@dataclass(frozen=True)
class District:
    """A unit one level up, with a page of its own."""

    name: str
    level: str
    file: str


def map_files(result: Result, online: OnlineBase | None = None) -> dict[str, str]:
    """The pages of `result` by their file names in the folder of maps."""
    return page_files(replace(map_page(result), online=online), result.study.study.name)


def page_files(page: MapPage, name: str) -> dict[str, str]:
    """`page`, its districts and its index, by file names.

    `<name>.html` shows the whole; where units have two or more parents, `<name>-01.html` and so
    on show one each, in the order of their names; `index.html` leads to all of them.
    """
    main = f"{name}.html"
    if page.base is not None:
        page = replace(page, base=page.base.to_crs(WEB_MERCATOR))  # once for all pages
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
) -> list[Path]:
    """Write the pages of `result` into `folder`, and print sheets of `papers`; gives the files.

    Raises `StudyRefused` where a sheet needs a font that is not there, before anything is written.
    """
    pages = map_files(result, online)
    sheets = []
    if papers:
        from lifecircle.outputs.sheets import write_sheets

        sheets = write_sheets(map_page(result), folder, result.study.study.name, papers, font)
    for name, html in pages.items():
        write_text(folder / name, html)
    return [*(folder / name for name in pages), *sheets]


def districts(page: MapPage, name: str) -> list[District]:
    """The parents of the units, where there are at least two."""
    units = page.units[page.units["parent_level"] != ""]
    pairs = sorted(set(zip(units["parent"], units["parent_level"], strict=True)))
    if len(pairs) < 2:
        return []
    return [
        District(parent, level, f"{name}-{number:02d}.html")
        for number, (parent, level) in enumerate(pairs, start=1)
    ]


def district_page(page: MapPage, district: District) -> MapPage:
    """The part of `page` that shows one district, its own sum above the list."""
    units = page.units[page.units["parent"] == district.name].reset_index(drop=True)
    coverage = page.coverage
    own = coverage["unit_id"].isin(units["unit_id"])
    whole = (coverage["unit_id"] == district.name) & (coverage["level"] == district.level)
    walks = page.walks
    if walks is not None:
        walks = chosen(walks, np.flatnonzero(walks.unit_id.isin(units["unit_id"])))
    return replace(
        page,
        title=f"{page.title} · {district.name}",
        units=units,
        coverage=coverage[own | whole],
        facilities=_near(page.facilities, units),
        walks=walks,
        whole=(district.name, district.level),
        whole_name=None,
        home=INDEX,
    )


def _near(facilities: gpd.GeoDataFrame, units: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    west, south, east, north = units.total_bounds
    up = AROUND_M / METRES_PER_DEGREE
    aside = up / float(np.cos(np.radians((south + north) / 2)))
    return facilities.cx[west - aside : east + aside, south - up : north + up]


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
