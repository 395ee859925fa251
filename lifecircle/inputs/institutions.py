"""Several sites of one institution: each a facility, the institution's total counted once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import geopandas as gpd
import numpy as np
import pandas as pd

from lifecircle.base.problems import Action, Problem
from lifecircle.inputs.cells import normals
from lifecircle.inputs.sieve import Sieve
from lifecircle.sources import FacilitySource

ROWS_SHOWN = 20


def settle_sites(
    sieve: Sieve[gpd.GeoDataFrame],
    table: gpd.GeoDataFrame,
    source: FacilitySource,
    column: Mapping[str, str | None],
    capacities: Sequence[str],
) -> gpd.GeoDataFrame:
    """`table` (a row for each facility and service) with the capacities of institutions shared.

    Rows of one service and one institution (its column, else the name) are its sites.  They stay
    separate facilities and are listed.  What stands in a capacity belongs to its row, and one
    number at every site is noted.  With `capacity_of = "institution"` it is the total, which its
    sites share equally; numbers that differ are then kept as they are and noted.
    """
    listed = set()
    for name, sites in _institutions(sieve, table, column):
        key = (name, tuple(sites["source_row"]))
        if key not in listed:
            sieve.problems.append(_listed(sieve, name, sites))
        listed.add(key)
        for capacity in capacities:
            if capacity in sites:
                table = _settled(sieve, table, sites, capacity, source)
    return table


def _institutions(
    sieve: Sieve[gpd.GeoDataFrame], table: gpd.GeoDataFrame, column: Mapping[str, str | None]
) -> Iterator[tuple[str, gpd.GeoDataFrame]]:
    """Name and sites (positions in `table` as their index) of all that have several."""
    own = column.get("institution")
    names = table["name"]
    if own is not None:
        given = sieve.rows[own].loc[table.index]
        names = given.where(given != "", names)
    keys = pd.DataFrame({"service": table["service"], "key": normals(names)})
    keys = keys.reset_index(drop=True)
    many = keys.duplicated(keep=False) & (keys["key"] != "")
    plain = table.reset_index(drop=True)
    for positions in keys[many].groupby(["service", "key"], sort=False).groups.values():
        yield str(names.iloc[positions[0]]), plain.loc[positions]


def _listed(sieve: Sieve[gpd.GeoDataFrame], name: str, sites: gpd.GeoDataFrame) -> Problem:
    rows = sites["source_row"].tolist()
    more = " …" if len(rows) > ROWS_SHOWN else ""
    details = {"count": len(rows), "rows": ", ".join(rows[:ROWS_SHOWN]) + more}
    return _problem(sieve, "institution_sites", "noted", "", name, sites, details)


def _settled(
    sieve: Sieve[gpd.GeoDataFrame],
    table: gpd.GeoDataFrame,
    sites: gpd.GeoDataFrame,
    capacity: str,
    source: FacilitySource,
) -> gpd.GeoDataFrame:
    given = sites[capacity].dropna()
    total, different = given.max(), given.nunique()
    details = {"count": len(sites), "sum": f"{given.sum():g}"}
    name, value = str(sites["name"].iloc[0]), f"{total:g}"
    if source.capacity_of == "site":
        if different == 1 and len(given) > 1 and total > 0:
            found = _problem(sieve, "capacity_repeated", "noted", capacity, value, sites, details)
            sieve.problems.append(found)
        return table
    if different > 1:
        found = _problem(sieve, "capacity_differs", "noted", capacity, name, sites, details)
        sieve.problems.append(found)
    if different != 1:
        return table
    shared = _problem(sieve, "capacity_shared", "repaired", capacity, value, sites, details)
    sieve.problems.append(shared)
    amounts = table[capacity].to_numpy(dtype=float, copy=True)
    amounts[np.asarray(sites.index)] = total / len(sites)
    return table.assign(**{capacity: amounts})


def _problem(
    sieve: Sieve[gpd.GeoDataFrame],
    code: str,
    action: Action,
    column: str,
    value: str,
    sites: gpd.GeoDataFrame,
    details: Mapping[str, object],
) -> Problem:
    row = int(sites["source_row"].iloc[0])
    return Problem(code, action, sieve.source, row, column, value, sieve.sheet, details)
