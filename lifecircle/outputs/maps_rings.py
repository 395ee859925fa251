"""The rings of a clicked facility: what lies within each circle of it, as light outlines.

They are exact isochrones, drawn with fewer bends.  A page has them where its facilities are few
enough; where they are not, it says so.
"""

from __future__ import annotations

from typing import Any

import geopandas as gpd

from lifecircle.base.tables import DENOMINATORS
from lifecircle.outputs.maps import MapPage
from lifecircle.outputs.simplify import lighter, packed

MOST_RINGED = 600
"""Facilities of a page above which it has no rings: about 1 MB of outlines, 40 s of one core."""


def ringed(facilities: gpd.GeoDataFrame) -> set[str]:
    """The facilities whose rings a page that shows `facilities` has: all, or none."""
    ids = set(facilities["facility_id"])
    return ids if len(ids) <= MOST_RINGED else set()


def ring_numbers(page: MapPage) -> dict[str, int]:
    """The place of each facility's rings in `rings_data`, by its id."""
    if page.rings is None:
        return {}
    drawn = set(page.rings.loc[~page.rings.geometry.is_empty, "id"])
    shown = sorted(ringed(page.facilities) & drawn)
    return {facility: number for number, facility in enumerate(shown)}


def rings_data(page: MapPage) -> dict[str, Any] | None:
    """Of each facility the outlines of its circles, from small to large, and who walks there."""
    if page.rings is None:
        return None
    numbers = ring_numbers(page)
    rings = page.rings[page.rings["id"].isin(numbers)].sort_values(["id", "limit_m"])
    weight = next((name for name in DENOMINATORS if name in rings.columns), "")
    outlines = [packed(outline) for outline in lighter(rings.geometry)]
    people = rings[weight].round(1).tolist() if weight else []
    count = max(1, len(rings) // max(1, len(numbers)))
    return {
        "denominator": weight,
        "outlines": [outlines[start : start + count] for start in range(0, len(outlines), count)],
        "elsewhere": page.rings_elsewhere,
        "people": [people[start : start + count] for start in range(0, len(people), count)],
    }
