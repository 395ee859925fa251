"""Isochrones against brute force where streets are not all: inside squares, and on slopes.

Origins are put into squares, by their size, and on the hills of Porto Alegre with heights from a
raster, where walks cost more uphill than down.  Every metre of street and every place in a square
that is reached has to lie inside, and nothing inside may fail the definition.

    python scripts/prove_isochrones.py DATA_FOLDER [--origins 40] [--profile elderly]
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from compare_isochrones import check, places, random_origins
from isochrone_oracle import Oracle

import lifecircle as lc
from lifecircle.inputs.raster_elevation import read_elevation
from lifecircle.network.attach import attach
from lifecircle.network.profiles import profile_named

LIMITS_M = (60.0, 100.0, 200.0, 400.0)
MINUTES = (5.0, 10.0, 15.0)


def origins_in_squares(network: lc.WalkNetwork, count: int, seed: int = 1) -> gpd.GeoDataFrame:
    """Points anywhere inside squares, the more in a square the larger it is."""
    rng, polygons = np.random.default_rng(seed), [one.polygon for one in network.squares]
    area = shapely.area(polygons)
    points: list[shapely.Point] = []
    while len(points) < count:
        polygon = polygons[rng.choice(len(polygons), p=area / area.sum())]
        west, south, east, north = polygon.bounds
        point = shapely.Point(rng.uniform(west, east), rng.uniform(south, north))
        if polygon.contains(point):
            points.append(point)
    return gpd.GeoDataFrame({"id": np.arange(count)}, geometry=points, crs=network.crs)


def proof(
    network: lc.WalkNetwork,
    origins: gpd.GeoDataFrame,
    limits_m: Sequence[float],
    profile: str = "standard",
) -> pd.DataFrame:
    """For each limit: places reached, reached but outside, inside but failing the definition."""
    rings = lc.isochrones(network, origins, limits_m=limits_m, profile=profile)
    flat = rings if network.crs is None else rings.to_crs(network.crs)
    shapes = flat.geometry.to_numpy().reshape(len(origins), -1)
    at = attach(network, origins.geometry.x.to_numpy(), origins.geometry.y.to_numpy())
    oracle, facts = Oracle(network, profile_named(profile)), []
    for row in np.flatnonzero(at.found):
        xy, metres, street = oracle.labels(at, row, max(limits_m))
        for number, limit in enumerate(limits_m):
            facts.append({"limit": limit, **check(shapes[row, number], xy, metres, street, limit)})
    most = {"farthest_outside_m": "max", "worst_excess_m": "max"}
    sums = dict.fromkeys(("reached", "outside", "failing"), "sum")
    return pd.DataFrame(facts).groupby("limit").agg(sums | most)


def main() -> None:
    """Print both proofs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--origins", type=int, default=40)
    parser.add_argument("--profile", default="elderly")
    chosen = parser.parse_args()
    for name, extract in places().items():
        network = lc.read_network(chosen.data / extract)
        if network.squares:
            print(f"{name}: {chosen.origins} origins inside {len(network.squares)} squares")
            print(proof(network, origins_in_squares(network, chosen.origins), LIMITS_M).round(3))
    raster = chosen.data / "porto-alegre" / "poa_elevation.tif"
    network, _ = read_elevation(raster, lc.read_network(chosen.data / places()["Porto Alegre"]))
    pace = profile_named(chosen.profile)
    limits = [pace.metres_in(minutes) for minutes in MINUTES]
    print(f"Porto Alegre with slopes: {chosen.origins} origins, profile {chosen.profile}")
    print(proof(network, random_origins(network, chosen.origins), limits, chosen.profile).round(3))


if __name__ == "__main__":
    main()
