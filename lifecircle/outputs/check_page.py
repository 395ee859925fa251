"""The page of `check`: what was found in the inputs, as points on a map beside a list.

A small page of its own, under the same policy as the maps: drawn as SVG by our own script, every
text from a file shown as text.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely

from lifecircle.base.geo import GEOGRAPHIC
from lifecircle.base.problems import Problem
from lifecircle.base.sentences import LANGUAGES, Language, catalogue
from lifecircle.outputs.maps_base import WEB_MERCATOR, base_image
from lifecircle.outputs.maps_data import needs_osm_credit
from lifecircle.outputs.maps_shell import DATA_PLACE, put_in, sealed
from lifecircle.outputs.simplify import simplified
from lifecircle.sources import Source

ACTIONS = ("refused", "repaired", "excluded", "noted")
MOST_ROWS = 5_000
"""Problems on a page; more are counted, and all of them are in problems.csv."""

MARGIN = 0.15
FEWEST_M = 500.0
"""Width of the map at least, where all there is to show is one point."""

Box = tuple[float, float, float, float]


def check_page(
    problems: Sequence[Problem],
    units: gpd.GeoDataFrame | None,
    base: gpd.GeoDataFrame | None,
    title: str,
    language: Language,
    sources: Sequence[Source] = (),
) -> str:
    """The page; `units` (UNITS) and `base` (kind, geometry) may be unknown where reading failed.

    Of the `sources` OpenStreetMap is named under a background that is drawn from it.
    """
    ranked = sorted(problems, key=lambda problem: ACTIONS.index(problem.action))
    shown = ranked[:MOST_ROWS]
    places = _metres([problem.place for problem in shown])
    box = _box(units, places)
    data = {
        "language": language,
        "title": title,
        "texts": {**catalogue()["check_page"], "credit": catalogue()["map"]["credit"]},
        "actions": catalogue()["check_action"],
        "size": [round(box[2] - box[0], 1), round(box[3] - box[1], 1)],
        "base": None if base is None or units is None else _base(base, units, box),
        "units": [] if units is None else _units(units, box),
        "credit": base is not None and needs_osm_credit(sources),
        "total": len(problems),
        "rows": [_row(one, at, box) for one, at in zip(shown, places, strict=True)],
    }
    return put_in(shell(), data)


@cache
def shell() -> str:
    """The page before its data, always the same."""
    page = _part("check.html")
    parts = {"CSS": _part("check.css"), "JS": _part("check.js"), "DATA": DATA_PLACE}
    for name, text in parts.items():
        page = page.replace(f"%{name}%", text)
    return sealed(page)


def _part(name: str) -> str:
    return files("lifecircle.outputs").joinpath("check", name).read_text(encoding="utf-8")


def _metres(places: Sequence[tuple[float, float] | None]) -> npt.NDArray[np.float64]:
    """Places as metres of Web Mercator, NaN where there is none, one row each."""
    degrees = np.array([place or (np.nan, np.nan) for place in places], dtype=float).reshape(-1, 2)
    points = gpd.GeoSeries.from_xy(degrees[:, 0], degrees[:, 1], crs=GEOGRAPHIC)
    metres = points.to_crs(WEB_MERCATOR)
    found = np.column_stack([metres.x, metres.y])
    return np.where(np.isfinite(found), found, np.nan)


def _box(units: gpd.GeoDataFrame | None, places: npt.NDArray[np.float64]) -> Box:
    """The ground of the map: round the units, or round the places where no unit is known."""
    known = places[np.isfinite(places).all(axis=1)]
    if units is not None and len(units):
        west, south, east, north = units.to_crs(WEB_MERCATOR).total_bounds.tolist()
    elif len(known):
        west, south = known.min(axis=0).tolist()
        east, north = known.max(axis=0).tolist()
    else:
        return (0.0, 0.0, FEWEST_M, FEWEST_M)
    aside = max((east - west) * MARGIN, FEWEST_M / 2)
    above = max((north - south) * MARGIN, FEWEST_M / 2)
    return (west - aside, south - above, east + aside, north + above)


def _base(base: gpd.GeoDataFrame, units: gpd.GeoDataFrame, box: Box) -> dict[str, Any] | None:
    """The pictures of the maps' background, and where they lie on this one."""
    pictures = base_image(base, units)
    if pictures is None:
        return None
    (south, west), (north, east) = pictures["bounds"]
    corners = _metres([(west, south), (east, north)])
    x, y = _on_map(corners, box)
    place = [float(x[0]), float(y[1]), float(x[1] - x[0]), float(y[0] - y[1])]
    return {"ground": pictures["ground"], "streets": pictures["streets"], "place": place}


def _on_map(
    places: npt.NDArray[np.float64], box: Box
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Metres east of the map's left edge and south of its upper edge."""
    return np.round(places[:, 0] - box[0], 1), np.round(box[3] - places[:, 1], 1)


def _units(units: gpd.GeoDataFrame, box: Box) -> list[dict[str, str]]:
    outlines = simplified(units).to_crs(WEB_MERCATOR)
    return [
        {"name": str(name), "path": _path(outline, box)}
        for name, outline in zip(units["name"], outlines, strict=True)
    ]


def _path(outline: shapely.Geometry, box: Box) -> str:
    rings = shapely.get_rings(shapely.get_parts(outline))
    return " ".join(_ring(ring, box) for ring in rings)


def _ring(ring: shapely.Geometry, box: Box) -> str:
    x, y = _on_map(shapely.get_coordinates(ring), box)
    return "M" + "L".join(f"{a:.1f} {b:.1f}" for a, b in zip(x, y, strict=True)) + "Z"


def _row(problem: Problem, at: npt.NDArray[np.float64], box: Box) -> dict[str, Any]:
    """A problem in both languages, its place on the map, and whether the first view holds it."""
    x, y = (float(axis[0]) for axis in _on_map(at[None], box))
    inside = 0 <= x <= box[2] - box[0] and 0 <= y <= box[3] - box[1]
    sheet = f":{problem.sheet}" if problem.sheet else ""
    return {
        "action": problem.action,
        "where": f"{problem.source}{sheet}",
        "row": problem.row,
        "column": problem.column,
        "value": problem.value,
        "code": problem.code,
        "what": {one: problem.what(one) for one in LANGUAGES},
        "fix": {one: problem.fix(one) for one in LANGUAGES},
        "at": None if problem.place is None else [x, y],
        "inside": inside,
        "degrees": None if problem.place is None else [round(one, 6) for one in problem.place],
    }
