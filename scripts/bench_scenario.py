"""Seconds for one facility more at the size of a city, against a run from the start.

    python scripts/bench_scenario.py [--side 300] [--demand 60000] [--facilities 5000] [--streets]

A made-up town of 30 × 30 km: streets every 100 m with a third of them missing, 225 units, eight
services.  Counted are the walks and the whole coverage table; reading inputs is not.  With
--streets the metres of walkable street are a denominator too.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable
from typing import TypeVar

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from lifecircle.base.tables import DEMAND, FACILITIES, UNITS, conform
from lifecircle.measures.coverage import coverage
from lifecircle.measures.streets import Streets
from lifecircle.network.build import network_from_arrays
from lifecircle.network.network import WalkNetwork
from lifecircle.network.walk import Minutes, walk_minutes
from lifecircle.siting.scenario_measures import coverage_again
from lifecircle.siting.scenario_walks import Walked, Wanted, touched_services, walk_again
from lifecircle.standards.catalogue import load_standard

SEED, SPACING_M, UNITS_ASIDE = 20251101, 100.0, 15
SERVICES = (
    "health_centre", "health_station", "eldercare_home", "elder_daycare", "culture_station",
    "fitness_outdoor", "wet_market", "community_canteen",
)  # fmt: skip
Answer = TypeVar("Answer")


def timed(what: str, work: Callable[[], Answer]) -> Answer:
    """Do it, and print how long it took, and how long without waiting for the machine."""
    start, busy = time.perf_counter(), time.process_time()
    answer = work()
    seconds, busy = time.perf_counter() - start, time.process_time() - busy
    print(f"{what:<44}{seconds:8.2f} s, {busy:.2f} s of it computing")
    return answer


def town(rng: np.random.Generator, side: int) -> WalkNetwork:
    """A grid with every third street missing."""
    number = np.arange(side * side).reshape(side, side)
    xy = np.stack(np.meshgrid(range(side), range(side)), axis=-1).reshape(-1, 2) * SPACING_M
    across = np.stack([number[:, :-1], number[:, 1:]], axis=-1).reshape(-1, 2)
    up = np.stack([number[:-1], number[1:]], axis=-1).reshape(-1, 2)
    streets = np.concatenate([across, up])
    return network_from_arrays(xy, streets[rng.random(len(streets)) < 2 / 3])


def squares(width_m: float) -> gpd.GeoDataFrame:
    """Units: a lattice of squares over the town."""
    step = width_m / UNITS_ASIDE
    x, y = (axis.ravel() * step for axis in np.meshgrid(range(UNITS_ASIDE), range(UNITS_ASIDE)))
    table = {
        "unit_id": [f"u{n:03d}" for n in range(len(x))],
        "name": [f"unit {n}" for n in range(len(x))],
        "level": "street",
        "geometry": shapely.box(x, y, x + step, y + step),
    }
    return conform(gpd.GeoDataFrame(table, geometry="geometry"), UNITS)


def people(rng: np.random.Generator, width_m: float, count: int) -> gpd.GeoDataFrame:
    """Demand at random places."""
    x, y = rng.uniform(0, width_m, (2, count))
    step = width_m / UNITS_ASIDE
    unit = (y // step).astype(int) * UNITS_ASIDE + (x // step).astype(int)
    table = {
        "demand_id": [f"d{n}" for n in range(count)],
        "source": "made up",
        "unit_id": [f"u{n:03d}" for n in unit],
        "residents": np.round(rng.lognormal(5, 1, count)),
        "geometry": shapely.points(x, y),
    }
    return conform(gpd.GeoDataFrame(table, geometry="geometry"), DEMAND)


def places(rng: np.random.Generator, width_m: float, count: int) -> gpd.GeoDataFrame:
    """Facilities at random places, sorted as a study sorts them."""
    x, y = rng.uniform(0, width_m, (2, count))
    table = {
        "facility_id": [f"f{n:05d}" for n in range(count)],
        "service": np.array(SERVICES)[np.arange(count) % len(SERVICES)],
        "source": "made up",
        "source_row": [str(n) for n in range(count)],
        "geometry": shapely.points(x, y),
    }
    return conform(gpd.GeoDataFrame(table, geometry="geometry"), FACILITIES)


def main() -> None:
    """Run it from the start, add a facility, and compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--side", type=int, default=300)
    parser.add_argument("--demand", type=int, default=60_000)
    parser.add_argument("--facilities", type=int, default=5_000)
    parser.add_argument("--streets", action="store_true")
    given = parser.parse_args()
    rng, standard = np.random.default_rng(SEED), load_standard("shanghai-2022")
    network, width_m = town(rng, given.side), (given.side - 1) * SPACING_M
    units, demand = squares(width_m), people(rng, width_m, given.demand)
    facilities = places(rng, width_m, given.facilities + 1)
    before, after = facilities.drop(index=given.facilities // 2), facilities
    before = before.reset_index(drop=True)
    print(f"{network.node_count} nodes, {network.edge_count} edges, {len(demand)} places")

    def measured(table: gpd.GeoDataFrame, minutes: Minutes) -> pd.DataFrame:
        ways = Streets(network, table, minutes, units) if given.streets else None
        return coverage(minutes, demand, units, standard, None, ways)

    def again(minutes: Minutes, shares: pd.DataFrame) -> tuple[Minutes, pd.DataFrame]:
        wanted = Wanted(network, after, demand, {}, 200.0, 1000.0)
        own = walk_again(Walked(before, demand, minutes), wanted, minutes.services)
        ways = Streets(network, after, own, units) if given.streets else None
        touched = touched_services(before, after)
        table = coverage_again(shares, touched, own, demand, units, standard, None, ways)
        return own, table

    old = timed("walks before, from the start", lambda: walk_minutes(network, before, demand))
    shares = timed("coverage before, from the start", lambda: measured(before, old))
    new, table = timed("one facility more: walks and coverage", lambda: again(old, shares))
    whole = timed("walks after, from the start", lambda: walk_minutes(network, after, demand))
    full = timed("coverage after, from the start", lambda: measured(after, whole))
    same = np.array_equal(new.metres, whole.metres) and table.equals(full)
    same &= bool((new.facility_id == whole.facility_id).all())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"the same to the last bit: {same}; {peak:.0f} MB at most")


if __name__ == "__main__":
    main()
