"""The districts of a page: its units one level up, each with a page of its own."""

from __future__ import annotations

from dataclasses import dataclass, replace

import geopandas as gpd
import numpy as np

from lifecircle.outputs.maps import MapPage
from lifecircle.outputs.maps_points import chosen
from lifecircle.outputs.simplify import METRES_PER_DEGREE

INDEX = "index.html"
AROUND_M = 1500.0
"""Facilities this far outside a district are shown on its page too."""


@dataclass(frozen=True)
class District:
    """A unit one level up, with a page of its own."""

    name: str
    level: str
    file: str


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
    tiers = page.tiers
    if tiers is not None:
        tiers = tiers[tiers["unit_id"].isin([*units["unit_id"], district.name])]
    walks = page.walks
    if walks is not None:
        walks = chosen(walks, np.flatnonzero(walks.unit_id.isin(units["unit_id"])))
    return replace(
        page,
        title=f"{page.title} · {district.name}",
        units=units,
        coverage=coverage[own | whole],
        facilities=near_facilities(page, units),
        rings_elsewhere=False,
        walks=walks,
        tiers=tiers,
        whole=(district.name, district.level),
        whole_name=None,
        home=INDEX,
    )


def near_facilities(page: MapPage, units: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """The facilities of `page` in and around some of its units."""
    west, south, east, north = units.total_bounds
    up = AROUND_M / METRES_PER_DEGREE
    aside = up / float(np.cos(np.radians((south + north) / 2)))
    return page.facilities.cx[west - aside : east + aside, south - up : north + up]
