"""What a place is called: a residential area, a neighbourhood or a street near it."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely

from lifecircle.base.geo import Floats

NAMES_WITHIN_M = {"residential": 150.0, "place": 300.0, "street": 150.0}
"""What may name a place, and how near it must lie; the first that does names it."""

COMPASS = ("E", "NE", "N", "NW", "W", "SW", "S", "SE")

Texts = npt.NDArray[np.object_]


def place_names(
    around: gpd.GeoDataFrame | None, places: npt.NDArray[np.object_], spare: Texts
) -> Texts:
    """The name of each place (points), else what `spare` says.

    `around` holds `kind`, `name` and geometry, in the crs of the places, of what has a name.
    """
    names = spare.copy()
    if around is None or around.empty:
        return names
    named = around[around["name"] != ""]
    nameless = np.arange(len(places))
    for kind, within_m in NAMES_WITHIN_M.items():
        known = named[named["kind"] == kind]
        if known.empty:
            continue
        tree = shapely.STRtree(known.geometry.to_numpy())
        place, found = tree.query_nearest(
            places[nameless], max_distance=within_m, all_matches=False
        )
        names[nameless[place]] = known["name"].to_numpy(dtype=object)[found]
        nameless = np.delete(nameless, place)
    return names


def directions(x: Floats, y: Floats, from_x: Floats, from_y: Floats) -> Texts:
    """Where places lie seen from others: one of `COMPASS`."""
    angle = np.arctan2(y - from_y, x - from_x)
    eighth = np.round(angle / (np.pi / 4)).astype(int) % len(COMPASS)
    return np.asarray(np.array(COMPASS, dtype=object)[eighth], dtype=object)
