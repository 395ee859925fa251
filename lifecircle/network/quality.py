"""What is amiss with the streets, for those who map them: a table that is a map layer too."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from pyproj import CRS

from lifecircle.base.geo import Floats, project
from lifecircle.network.attach import Attachment
from lifecircle.network.network import Ints, WalkNetwork
from lifecircle.network.rules import GateState
from lifecircle.network.walk import in_network_crs
from lifecircle.network.ways import Ways

BESIDE_M = 30.0
"""A footway this near to a street is its pavement."""

ENOUGH_BESIDE = 0.5
WHOLE = 1 - 1e-6
COLUMNS = [
    "finding", "osm_type", "osm_id", "name", "count", "length_m", "share", "people", "facilities",
    "geometry",
]  # fmt: skip

Row = dict[str, Any]


def network_quality(
    network: WalkNetwork,
    left_out: Mapping[str, int],
    left_out_m: Mapping[str, float],
    dead_gates: Mapping[int, tuple[float, float]],
    sidewalk_elsewhere: Collection[int],
    footways: Collection[int],
    people: tuple[Attachment, Floats] | None = None,
    facilities: Attachment | None = None,
    units: gpd.GeoDataFrame | None = None,
) -> gpd.GeoDataFrame:
    """The findings, in the network's crs: components, ways left out, shut gates, lost pavements.

    `finding` is `main_component` or `island` (the largest first, with the people and facilities
    on it, and its share of all street length; `osm_id` is one of its ways), `left_out:<reason>`,
    `dead_gate`, `sidewalk_not_drawn` for a street whose pavement is said to be drawn apart while
    no footway runs beside at least half of it, or `unit_outside` for a unit of `units` of which a
    `share` lies outside the extract.  `dead_gates` are places of shut nodes in the network's crs;
    `people` are places with the residents of each.  The main component and ways that were left
    out have no geometry.
    """
    rows = [
        *_components(network, people, facilities),
        *_left_out(left_out, left_out_m),
        *_dead_gates(dead_gates),
        *_lost_pavements(network, sidewalk_elsewhere, footways),
        *_units_outside(network, units),
    ]
    return _table(rows, network.crs)


def no_findings() -> gpd.GeoDataFrame:
    """The table where nobody has looked."""
    return _table([], None)


def _table(rows: list[Row], crs: CRS | None) -> gpd.GeoDataFrame:
    empty: Row = {"osm_type": "", "osm_id": 0, "name": ""}
    table = pd.DataFrame([empty | row for row in rows], columns=COLUMNS)
    return gpd.GeoDataFrame(table, geometry="geometry", crs=crs)


def dead_gates(
    ways: Ways, gates: Mapping[int, GateState], crs: CRS
) -> dict[int, tuple[float, float]]:
    """The mapped gates that nobody passes, and where they are in metres of `crs`."""
    shut = np.array(sorted(node for node, state in gates.items() if state == "shut"), np.int64)
    node, first = np.unique(ways.node, return_index=True)
    on_way = first[np.isin(node, shut)]
    x, y = project(ways.lon[on_way], ways.lat[on_way], crs)
    return dict(
        zip(ways.node[on_way].tolist(), zip(x.tolist(), y.tolist(), strict=True), strict=True)
    )


def _components(
    network: WalkNetwork, people: tuple[Attachment, Floats] | None, facilities: Attachment | None
) -> list[Row]:
    names, number = np.unique(network.component, return_inverse=True)
    metres = np.bincount(number, network.street_m, len(names))
    residents = np.zeros(len(names)) if people is None else _sums(people, number, len(names))
    places = np.zeros(len(names))
    if facilities is not None:
        places = _sums((facilities, np.ones(len(facilities.edge))), number, len(names))
    streets = np.flatnonzero(network.street_m > 0)
    order = streets[np.argsort(number[streets], kind="stable")]
    ends = np.searchsorted(number[order], np.arange(len(names) + 1))
    rows = []
    for place, one in enumerate(np.argsort(-metres, kind="stable")):
        edges = order[ends[one] : ends[one + 1]]
        main = place == 0
        row = {
            "finding": "main_component" if main else "island",
            "osm_type": "" if main else "way",
            "osm_id": 0 if main else int(network.way_id[edges].max(initial=0)),
            "count": len(edges),
            "length_m": float(metres[one]),
            "share": float(metres[one] / max(metres.sum(), 1e-9)),
            "people": float(residents[one]),
            "facilities": float(places[one]),
            "geometry": None if main else shapely.multilinestrings(network.lines[edges]),
        }
        rows.append(row)
    return rows


def _sums(places: tuple[Attachment, Floats], number: Ints, count: int) -> Floats:
    attachment, weight = places
    found = attachment.found
    return np.asarray(np.bincount(number[attachment.edge[found]], weight[found], count), float)


def _left_out(counts: Mapping[str, int], metres: Mapping[str, float]) -> list[Row]:
    return [
        {"finding": f"left_out:{reason}", "count": count, "length_m": metres.get(reason, np.nan)}
        for reason, count in counts.items()
    ]


def _dead_gates(gates: Mapping[int, tuple[float, float]]) -> list[Row]:
    return [
        {
            "finding": "dead_gate",
            "osm_type": "node",
            "osm_id": node,
            "count": 1,
            "geometry": shapely.Point(place),
        }
        for node, place in sorted(gates.items())
    ]


def _lost_pavements(
    network: WalkNetwork, sidewalk_elsewhere: Collection[int], footways: Collection[int]
) -> list[Row]:
    streets = _edges_of(network, sidewalk_elsewhere)
    beside = network.lines[_edges_of(network, footways)]
    tree = shapely.STRtree(beside)
    order = streets[np.argsort(network.way_id[streets], kind="stable")]
    ways, first = np.unique(network.way_id[order], return_index=True)
    rows = []
    for way, edges in zip(ways, np.split(order, first[1:]), strict=False):
        line = shapely.MultiLineString(list(network.lines[edges]))
        near = tree.query(line, predicate="dwithin", distance=BESIDE_M)
        strip = shapely.union_all(shapely.buffer(beside[near], BESIDE_M, quad_segs=4))
        share = shapely.intersection(line, strip).length / max(line.length, 1e-9)
        if share < ENOUGH_BESIDE:
            rows.append(
                {
                    "finding": "sidewalk_not_drawn",
                    "osm_type": "way",
                    "osm_id": int(way),
                    "count": 1,
                    "length_m": float(line.length * (1 - share)),
                    "share": float(1 - share),
                    "geometry": line,
                }
            )
    return rows


def _edges_of(network: WalkNetwork, ways: Collection[int]) -> Ints:
    named: npt.NDArray[np.int64] = np.array(sorted(ways), dtype=np.int64)
    return np.flatnonzero(np.isin(network.way_id, named) & (network.street_m > 0))


def _units_outside(network: WalkNetwork, units: gpd.GeoDataFrame | None) -> list[Row]:
    """Units that the extract does not hold whole, with the share that it lacks."""
    if units is None or network.extent is None:
        return []
    shapes = in_network_crs(network, units).geometry.to_numpy()
    outside = shapely.difference(shapes, network.extent)
    share = shapely.area(outside) / shapely.area(shapes)
    return [
        {
            "finding": "unit_outside",
            "name": str(units["name"].iloc[number]),
            "count": 1,
            "share": float(share[number]),
            "geometry": outside[number],
        }
        for number in np.flatnonzero(share > 1 - WHOLE)
    ]
