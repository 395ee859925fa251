"""Where those live whom a service does not reach: the part of a unit that holds most of them."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from lifecircle.measures.coverage import Groups, measured
from lifecircle.measures.grounds import Points
from lifecircle.network.network import Ints, WalkNetwork
from lifecircle.network.walk import Minutes, in_network_crs
from lifecircle.standards.catalogue import Standard

PARTS = ("centre", "n", "ne", "e", "se", "s", "sw", "w", "nw")
CENTRAL = 1 / 3
"""Nearer to the middle than this share of the radius of a disc as large as the unit."""

MOST = 2
"""How many units are named where a city or district lacks a service."""

COLUMNS = ["unit_id", "level", "service", "denominator", "uncovered", "place", "place_share"]


def where_uncovered(
    network: WalkNetwork,
    minutes: Minutes,
    demand: gpd.GeoDataFrame,
    units: gpd.GeoDataFrame,
    standard: Standard,
    denominator: str,
) -> pd.DataFrame:
    """For each group and question: what is surely not covered, and the place with most of it.

    `place` is one of PARTS for a unit; for a parent and the city the names of the units with
    most of it, joined by "|".  `place_share` is the place's share of what is not covered.
    """
    points, groups = Points(minutes, demand, units), Groups(units, minutes)
    part = parts_of_units(network, demand, units, points.unit)
    values = demand[denominator].fillna(0).to_numpy(dtype=float)
    names = units["name"].to_numpy(dtype=object)
    keys = groups.rows[["unit_id", "level"]].to_numpy(dtype=object).tolist()
    rows = []
    for one in measured(minutes, standard, demand, units):
        lost = values * ~(one.covered | one.unknown)
        of_part = np.bincount(
            points.unit * len(PARTS) + part, lost, len(units) * len(PARTS)
        ).reshape(len(units), len(PARTS))
        for number, members in enumerate(groups.members):
            place, amount, total = (
                _part(of_part[number])
                if number < len(units)
                else _units(of_part[members].sum(axis=1), names[members])
            )
            share = amount / total if total > 0 else np.nan
            rows.append((*keys[number], one.id, denominator, total, place, share))
    return pd.DataFrame(rows, columns=COLUMNS)


def parts_of_units(
    network: WalkNetwork, demand: gpd.GeoDataFrame, units: gpd.GeoDataFrame, unit: Ints
) -> Ints:
    """The number of PARTS each point lies in, seen from the middle of its unit."""
    shapes = in_network_crs(network, units).geometry.to_numpy()
    middle = shapely.get_coordinates(shapely.centroid(shapes))
    at = shapely.get_coordinates(in_network_crs(network, demand).geometry.to_numpy())
    east, north = (at - middle[unit]).T
    radius = np.sqrt(shapely.area(shapes) / np.pi)[unit]
    octant = np.round(np.arctan2(east, north) / (np.pi / 4)).astype(np.int64) % 8
    return np.where(np.hypot(east, north) <= CENTRAL * radius, 0, octant + 1)


def _part(amounts: npt.NDArray[np.float64]) -> tuple[str, float, float]:
    most = int(np.argmax(amounts))
    total = float(amounts.sum())
    return (PARTS[most] if total > 0 else ""), float(amounts[most]), total


def _units(
    amounts: npt.NDArray[np.float64], names: npt.NDArray[np.object_]
) -> tuple[str, float, float]:
    if len(names) == 1:
        return "", float(amounts[0]), float(amounts[0])
    order = [n for n in np.argsort(-amounts, kind="stable")[:MOST] if amounts[n] > 0]
    return "|".join(names[order]), float(amounts[order].sum()), float(amounts.sum())
