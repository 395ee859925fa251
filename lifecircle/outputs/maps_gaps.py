"""Gaps and sites for the page: where people are not served, why, and what would reach them."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from lifecircle.base.geo import Floats
from lifecircle.base.sentences import catalogue
from lifecircle.base.tables import WEIGHTS
from lifecircle.outputs.maps import MapPage, Text
from lifecircle.outputs.simplify import DECIMALS, METRES_PER_DEGREE, lighter, packed

MOST_GAPS = 2_000
"""Patches of a page; of more, each service keeps its largest."""

NEAREST_SITES = 3
PATCH_TOLERANCE_M = 15.0
"""Patches are the ground around points, so that their border is no line of its own."""
WEIGHT_NAMES = tuple(column.name for column in WEIGHTS)
FACTS = (
    "gap_id", "unit_id", "service", "place", "cause", "between", "limit_m", "uncovered",
    "facility_name", "metres", "straight_facility_name", "straight_m",
    "unit_share", "unit_target", "unit_missing",
    "capacity", "capacity_per_1000", "need_per_1000", "need_of", "need_source", "capacity_missing",
)  # fmt: skip
DIGITS = {"metres": 0, "straight_m": 0, "unit_share": 6, "uncovered": 1, "limit_m": 1}
SITE_FACTS = (
    "rank", "service", "candidate_name", "unit_name", "limit_m", "denominator", "gain",
    "gain_total", "share_before", "share_after",
)  # fmt: skip


def gap_words() -> dict[str, Text]:
    """The words for causes, and for what lies between."""
    words = catalogue()["gaps"]
    return {key: words[key] for key in words if key.startswith(("cause_", "between_"))}


def gaps_data(page: MapPage) -> dict[str, Any] | None:
    """The patches of the page's units, a list for each fact; None where nobody looked for them."""
    if page.gaps is None:
        return None
    own = page.gaps.loc[page.gaps["unit_id"].isin(page.units["unit_id"]), ["service", "rank"]]
    gaps = page.gaps.loc[_largest_of_each(own)].reset_index(drop=True)
    counted_in = page.gaps.loc[own.sort_values("rank").index, "denominator"].unique().tolist()
    facts = {name: _cells(gaps[name], DIGITS.get(name, 3)) for name in FACTS}
    words = page.labels.denominators
    carried = [name for name in WEIGHT_NAMES if name in words and gaps[name].notna().any()]
    drawn = {
        "shape": [packed(shape) for shape in lighter(gaps.geometry, PATCH_TOLERANCE_M)],
        "nearest": _doors(page, gaps, "facility_id"),
        "straight": _doors(page, gaps, "straight_facility_id"),
        "sites": _sites_near(page, gaps),
    }
    return {
        "denominator": counted_in[0] if counted_in else "",
        "count": {str(name): len(rows) for name, rows in own.groupby("service", sort=True)},
        "facts": facts | drawn,
        "words": {name: dict(words[name]) for name in (*counted_in, *carried)},
        "groups": {name: _cells(gaps[name], 1) for name in carried},
    }


def sites_data(page: MapPage) -> list[dict[str, Any]]:
    """The chosen sites with what each gains; none where exact places are withheld."""
    sites = _sites(page)
    facts = {name: _cells(sites[name], 6) for name in SITE_FACTS}
    rows = [dict(zip(facts, row, strict=True)) for row in zip(*facts.values(), strict=True)]
    places = [_lat_lon(place) for place in sites.geometry]
    return [{**row, "place": place} for row, place in zip(rows, places, strict=True)]


def _sites(page: MapPage) -> gpd.GeoDataFrame:
    if page.sites is None or page.withheld:
        return gpd.GeoDataFrame(columns=[*SITE_FACTS, "geometry"], geometry="geometry", crs=4326)
    return page.sites.reset_index(drop=True)


def _largest_of_each(gaps: pd.DataFrame) -> pd.Index[Any]:
    """The largest of every service by rank, at most as many as a page bears."""
    ordered = gaps.sort_values("rank")
    place = ordered.groupby("service").cumcount()
    kept = np.argsort(place.to_numpy(), kind="stable")[:MOST_GAPS]
    return ordered.index[np.sort(kept)]


def _cells(values: pd.Series[Any], digits: int) -> list[Any]:
    """Plain values, None where there is none, or no walk; whole numbers without a point."""
    if not pd.api.types.is_numeric_dtype(values):
        return values.fillna("").tolist()
    return [_number(value, digits) for value in values.astype(float).tolist()]


def _number(value: float, digits: int) -> float | int | None:
    if not np.isfinite(value):
        return None
    rounded = round(float(value), digits)
    return int(rounded) if rounded.is_integer() else rounded


def _doors(page: MapPage, gaps: gpd.GeoDataFrame, column: str) -> list[list[float] | None]:
    """The entrance nearest to each patch of the facility in `column`; none where withheld."""
    if page.withheld:
        return [None] * len(gaps)
    facilities = page.facilities.drop_duplicates("facility_id").set_index("facility_id").geometry
    doors = facilities.reindex(gaps[column]).to_numpy()
    there = shapely.get_point(shapely.shortest_line(doors, gaps.geometry.to_numpy()), 0)
    return [None if place is None else _lat_lon(place) for place in there]


def _lat_lon(place: Any) -> list[float]:
    return [round(float(place.y), DECIMALS), round(float(place.x), DECIMALS)]


def _sites_near(page: MapPage, gaps: gpd.GeoDataFrame) -> list[list[list[int]]]:
    """For each patch the chosen sites of its service within its limit as the crow flies: number
    in `sites_data` and metres, the nearest first."""
    sites = _sites(page)
    near: list[list[list[int]]] = [[] for _ in range(len(gaps))]
    if sites.empty or gaps.empty:
        return near
    at, patches = _flat(sites.geometry, gaps), _flat(gaps.geometry, gaps)
    for number, (patch, service, limit_m) in enumerate(
        zip(patches, gaps["service"], gaps["limit_m"], strict=True)
    ):
        away = np.where(sites["service"] == service, shapely.distance(at, patch), np.inf)
        order = np.argsort(away, kind="stable")[:NEAREST_SITES]
        near[number] = [[int(i), round(float(away[i]))] for i in order if away[i] <= limit_m]
    return near


def _flat(shapes: gpd.GeoSeries, gaps: gpd.GeoDataFrame) -> Any:
    """Shapes in metres, true enough for a kilometre."""
    _, south, _, north = gaps.total_bounds
    scale: Floats = METRES_PER_DEGREE * np.array([np.cos(np.radians((south + north) / 2)), 1.0])
    return shapely.transform(shapes.to_numpy(), lambda places: places * scale)
