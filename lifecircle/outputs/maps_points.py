"""Demand points for the page: where people are, how far they walk, and whether that is enough.

Everything is bytes along one order of the points, packed into pictures (`maps_png`), so that the
page unpacks only the services that are looked at.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
from pyproj import Transformer
from scipy.spatial import KDTree

from lifecircle.base.geo import Floats
from lifecircle.outputs.maps import Walks
from lifecircle.outputs.maps_base import WEB_MERCATOR
from lifecircle.outputs.maps_png import bytes_uri

METRES_STEP = 10.0
"""Metres of one step; rounded up, so that a limit in tens is never passed by rounding."""

FARTHEST, NOWHERE = 254, 255
"""Codes for walks too long to tell, and for places that reach no facility."""

MOST_POINTS = 80_000
MOST_VALUES = 2_400_000
"""Points, and points times services, above which near points are drawn as one."""

FINEST_CELL_M = 25.0
TWO_BYTES = 65_535


def points_data(walks: Walks | None) -> dict[str, Any] | None:
    """What the page draws, or None where there is no demand to draw."""
    if walks is None or len(walks.places) == 0:
        return None
    walks, merged_m = _thinned(walks)
    walks = _in_order(walks)
    x, y = _mercator(walks.places)
    west, south, span = float(x.min()), float(y.min()), _span(x, y)
    return {
        "count": len(x),
        "origin": [west, south],
        "step": span / TWO_BYTES,
        "places": bytes_uri(
            np.concatenate([_pair((v - low) / span) for v, low in ((x, west), (y, south))])
        ),
        "merged_m": merged_m,
        "m_per_min": walks.m_per_min,
        "tiers": [list(tier) for tier in walks.tiers],
        "metres_step": METRES_STEP,
        "weights": {name: _weight(weight, x, y) for name, weight in walks.weights.items()},
        "metres": {name: bytes_uri(metres_codes(m)) for name, m in walks.metres.items()},
        "states": {name: bytes_uri(state) for name, state in walks.states.items()},
        "tier_states": {
            name: [bytes_uri(state) for state in of_tiers]
            for name, of_tiers in walks.tier_states.items()
        },
        "reached": None if walks.reached is None else bytes_uri(walks.reached),
        "services": walks.services,
    }


def metres_codes(metres: Floats) -> npt.NDArray[np.uint8]:
    """Metres in steps of ten, rounded up; 254 from there on, 255 where nothing is reached."""
    steps = np.minimum(np.ceil(metres / METRES_STEP - 1e-6), FARTHEST)
    return np.where(np.isfinite(metres), steps, NOWHERE).astype(np.uint8)


def _weight(weight: Floats, x: Floats, y: Floats) -> dict[str, Any]:
    """A weight in two bytes a point, and how far apart its points usually lie."""
    filled = np.nan_to_num(weight)
    top = float(filled.max(initial=0.0)) or 1.0
    there = filled > 0
    codes = np.where(there, np.maximum(filled / top, 1 / TWO_BYTES), 0.0)
    spacing = _spacing(x[there], y[there])
    return {"step": top / TWO_BYTES, "codes": bytes_uri(_pair(codes)), "spacing": spacing}


def _spacing(x: Floats, y: Floats) -> float:
    """The usual distance to the nearest other point, in metres of the Mercator map."""
    if len(x) < 2:
        return FINEST_CELL_M
    places = np.column_stack([x, y])
    distance = np.asarray(KDTree(places).query(places, k=2)[0])[:, 1]
    return round(float(np.median(distance)), 1)


def _pair(shares: Floats) -> npt.NDArray[np.uint8]:
    """Shares between 0 and 1 in two bytes: all low bytes, then all high ones."""
    codes = np.round(shares * TWO_BYTES).astype(np.uint16)
    return np.concatenate([codes & 255, codes >> 8]).astype(np.uint8)


def _span(x: Floats, y: Floats) -> float:
    return max(float(np.ptp(x)), float(np.ptp(y)), 1.0)


def _mercator(places: gpd.GeoSeries) -> tuple[Floats, Floats]:
    to_mercator = Transformer.from_crs(places.crs, WEB_MERCATOR, always_xy=True)
    x, y = to_mercator.transform(places.x.to_numpy(), places.y.to_numpy())
    return x, y


def _in_order(walks: Walks) -> Walks:
    """Along a curve that keeps neighbours together: they walk alike, and pack small."""
    order = np.argsort(walks.places.hilbert_distance().to_numpy(), kind="stable")
    return chosen(walks, order)


def chosen(walks: Walks, rows: npt.NDArray[np.int64]) -> Walks:
    """The points in `rows`, in this order."""
    return replace(
        walks,
        places=walks.places.iloc[rows],
        unit_id=walks.unit_id.iloc[rows],
        reached=None if walks.reached is None else walks.reached[rows],
        weights={name: values[rows] for name, values in walks.weights.items()},
        metres={name: values[rows] for name, values in walks.metres.items()},
        states={name: values[rows] for name, values in walks.states.items()},
        tier_states={
            name: [values[rows] for values in of_tiers]
            for name, of_tiers in walks.tier_states.items()
        },
    )


def _thinned(walks: Walks) -> tuple[Walks, float]:
    """At most as many points as a page can carry, and the cell in metres that they stand for.

    The points of a cell that carry the same weights become its heaviest one, with the weight of
    all; a cell is doubled until few enough are left.
    """
    most = min(MOST_POINTS, MOST_VALUES // max(1, len(walks.metres)))
    if len(walks.places) <= most:
        return walks, 0.0
    x, y = _mercator(walks.places)
    stretch = 1 / np.cos(np.radians(float(walks.places.y.mean())))
    cell = FINEST_CELL_M
    groups = _cells(walks, x, y, cell * stretch)
    while groups.max() >= most:
        cell *= 2
        groups = _cells(walks, x, y, cell * stretch)
    return _merged(walks, groups), cell


def _cells(walks: Walks, x: Floats, y: Floats, size: float) -> npt.NDArray[np.int64]:
    """The number of each point's group: its cell, and which weights it carries."""
    column, row = ((v // size).astype(np.int64) for v in (x, y))
    key = (column - column.min()) * (np.ptp(row) + 1) + row - row.min()
    for values in walks.weights.values():
        key = 2 * key + ~np.isnan(values)
    return np.asarray(np.unique(key, return_inverse=True)[1], dtype=np.int64)


def _merged(walks: Walks, groups: npt.NDArray[np.int64]) -> Walks:
    heaviness = np.sum([np.nan_to_num(values) for values in walks.weights.values()], axis=0)
    order = np.lexsort((-heaviness, groups))
    heaviest = order[np.unique(groups[order], return_index=True)[1]]
    sums: dict[str, Floats] = {
        name: np.asarray(pd.Series(values).groupby(groups).sum(min_count=1), dtype=float)
        for name, values in walks.weights.items()
    }
    return replace(chosen(walks, heaviest), weights=sums)
