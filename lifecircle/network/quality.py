"""What is amiss with the streets, for those who map them: a table that is a map layer too."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from lifecircle.base.geo import Floats
from lifecircle.network.attach import Attachment
from lifecircle.network.network import Ints, WalkNetwork

BESIDE_M = 30.0
"""A footway this near to a street is its pavement."""

ENOUGH_BESIDE = 0.5
COLUMNS = ["finding", "osm_id", "count", "length_m", "people", "facilities", "geometry"]


def network_quality(
    network: WalkNetwork,
    left_out: Mapping[str, int],
    left_out_m: Mapping[str, float],
    dead_gates: Mapping[int, tuple[float, float]],
    sidewalk_elsewhere: Collection[int],
    footways: Collection[int],
    people: tuple[Attachment, Floats] | None = None,
    facilities: Attachment | None = None,
) -> gpd.GeoDataFrame:
    """The findings, in the network's crs: components, ways left out, shut gates, lost pavements.

    `finding` is `component` (the largest first, with the people and facilities on it),
    `left_out:<reason>`, `dead_gate`, or `sidewalk_not_drawn` for a street whose pavement is said
    to be drawn apart while no footway runs beside at least half of it.  `dead_gates` are places
    of shut nodes in the network's crs; `people` are places with the residents of each.
    """
    rows = [
        *_components(network, people, facilities),
        *_left_out(left_out, left_out_m),
        *_dead_gates(dead_gates),
        *_lost_pavements(network, sidewalk_elsewhere, footways),
    ]
    table = pd.DataFrame(rows, columns=COLUMNS)
    return gpd.GeoDataFrame(table, geometry="geometry", crs=network.crs)


def _components(
    network: WalkNetwork, people: tuple[Attachment, Floats] | None, facilities: Attachment | None
) -> list[dict[str, Any]]:
    names, number = np.unique(network.component, return_inverse=True)
    metres = np.bincount(number, network.street_m)
    residents = np.zeros(len(names)) if people is None else _sums(people, number, len(names))
    places = np.zeros(len(names))
    if facilities is not None:
        places = _sums((facilities, np.ones(len(facilities.edge))), number, len(names))
    rows = []
    for one in np.argsort(-metres, kind="stable"):
        edges = np.flatnonzero((number == one) & (network.street_m > 0))
        row = {
            "finding": "component",
            "osm_id": int(network.way_id[edges].max(initial=0)),
            "count": len(edges),
            "length_m": float(metres[one]),
            "people": float(residents[one]),
            "facilities": float(places[one]),
            "geometry": shapely.multilinestrings(network.lines[edges]),
        }
        rows.append(row)
    return rows


def _sums(places: tuple[Attachment, Floats], number: Ints, count: int) -> Floats:
    attachment, weight = places
    found = attachment.found
    return np.asarray(np.bincount(number[attachment.edge[found]], weight[found], count), float)


def _left_out(counts: Mapping[str, int], metres: Mapping[str, float]) -> list[dict[str, Any]]:
    return [
        {"finding": f"left_out:{reason}", "count": count, "length_m": metres.get(reason, np.nan)}
        for reason, count in counts.items()
    ]


def _dead_gates(gates: Mapping[int, tuple[float, float]]) -> list[dict[str, Any]]:
    return [
        {"finding": "dead_gate", "osm_id": node, "count": 1, "geometry": shapely.Point(place)}
        for node, place in sorted(gates.items())
    ]


def _lost_pavements(
    network: WalkNetwork, sidewalk_elsewhere: Collection[int], footways: Collection[int]
) -> list[dict[str, Any]]:
    streets = np.flatnonzero(np.isin(network.way_id, np.array(list(sidewalk_elsewhere), int)))
    beside = network.lines[np.isin(network.way_id, np.array(list(footways), int))]
    strip = shapely.union_all(shapely.buffer(beside, BESIDE_M, quad_segs=4))
    rows = []
    for way in np.unique(network.way_id[streets]):
        line = shapely.multilinestrings(network.lines[streets[network.way_id[streets] == way]])
        share = shapely.intersection(line, strip).length / max(line.length, 1e-9)
        if share < ENOUGH_BESIDE:
            rows.append(
                {
                    "finding": "sidewalk_not_drawn",
                    "osm_id": int(way),
                    "count": 1,
                    "length_m": float(line.length * (1 - share)),
                    "geometry": line,
                }
            )
    return rows
