"""How large the reports of a big city are, and how long they take: 225 units, 20 services.

    python scripts/time_reports.py [FOLDER]

The city is the demo town laid side by side until there are 225 units, with the first 20 services
of its standard; nothing in it is real.  Reports are kept in FOLDER where one is given.
"""

from __future__ import annotations

import sys
import tempfile
import time
from dataclasses import replace
from math import ceil
from pathlib import Path

import geopandas as gpd
import pandas as pd

import lifecircle as lc
from lifecircle.demo import copy_town
from lifecircle.measures.coverage import CITY

UNITS, SERVICES = 225, 20
COLUMNS = 7
"""Towns in a row."""
APART = 1.05


def big_city(town: lc.Result) -> lc.Result:
    """`town` side by side: units, coverage, targets and gaps of all copies, of 20 services."""
    standard = town.standard
    kept = {service.id for service in standard.services[:SERVICES]}
    kept |= {one.id for one in (*standard.headlines, *standard.combinations)}
    coverage = town.coverage[town.coverage["service"].isin(kept)]
    gaps = town.gaps[town.gaps["service"].isin(kept)]
    copies = range(ceil(UNITS / len(town.units)))
    units = pd.concat([moved(town.units, copy, town) for copy in copies]).iloc[:UNITS]
    there = {*units["unit_id"], CITY}
    return replace(
        town,
        units=gpd.GeoDataFrame(units, crs=town.units.crs).reset_index(drop=True),
        coverage=copied(coverage, len(copies), there),
        gaps=gpd.GeoDataFrame(
            pd.concat([moved(gaps, copy, town) for copy in copies], ignore_index=True),
            crs=gaps.crs,
        ),
        policy=replace(town.policy, indicators=copied(town.policy.indicators, len(copies), there)),
    )


def copied(table: pd.DataFrame, copies: int, there: set[str]) -> pd.DataFrame:
    """Rows of units once for each copy, those of the whole once."""
    whole, single = table[table["level"] == CITY], table[table["level"] != CITY]
    tables = [whole, *(renamed(single, copy) for copy in range(copies))]
    found = pd.concat(tables, ignore_index=True)
    return found[found["unit_id"].isin(there)].reset_index(drop=True)


def moved(table: gpd.GeoDataFrame, copy: int, town: lc.Result) -> pd.DataFrame:
    """A copy of places beside the others."""
    west, south, east, north = town.units.total_bounds
    row, column = divmod(copy, COLUMNS)
    x, y = column * APART * (east - west), row * APART * (north - south)
    return renamed(table.assign(geometry=table.geometry.translate(x, y)), copy)


def renamed(table: pd.DataFrame, copy: int) -> pd.DataFrame:
    """A table with the ids and names of one copy; the first is the town itself."""
    if copy == 0:
        return table
    names = [name for name in ("unit_id", "gap_id", "unit_name", "name") if name in table]
    names = names[:-1] if "unit_name" in names and names[-1] == "name" else names
    return table.assign(**{name: table[name].astype(str) + f" {copy + 1}" for name in names})


def main(folder: Path) -> None:
    """Run the town, lay it side by side, and time each report."""
    town = lc.run(lc.load_study(copy_town(folder / "town")))
    city = big_city(town)
    rows = len(city.coverage)
    print(f"{len(city.units)} units, {rows:,} rows of coverage, {len(city.gaps):,} gaps")
    for suffix in (".xlsx", ".docx", ".pdf"):
        path, start = folder / f"report{suffix}", time.perf_counter()
        lc.write_report(city, path)
        seconds, size = time.perf_counter() - start, path.stat().st_size / 1e6
        print(f"{path.name}: {seconds:.1f} s, {size:.2f} MB")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as folder:
            main(Path(folder))
