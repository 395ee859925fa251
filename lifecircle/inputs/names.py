"""What names give away: dates that a spreadsheet made of them, one place under two names."""

from __future__ import annotations

import re

import geopandas as gpd
import numpy as np
import shapely

from lifecircle.base.geo import centred_crs
from lifecircle.base.problems import Problem
from lifecircle.inputs.cells import normals
from lifecircle.inputs.sieve import Sieve, place_of

SERIAL_DATE = re.compile(r"[12]\d{3}[-/]\d{1,2}[-/]\d{1,2}([ T]00:00:00)?|4\d{4}")
ALIKE_WITHIN_M = 50.0
MOST_PAIRS = 200_000
"""Where facilities stand closer than that, being near says nothing of being the same."""

LEAST_SHARED = 4
"""So many letters in a row that two names share make them look like one place."""


def note_dates(sieve: Sieve[gpd.GeoDataFrame], column: str | None) -> None:
    """Note names that look as if a spreadsheet had turned `3-1` into a date."""
    if column is None:
        return
    dates = np.array([SERIAL_DATE.fullmatch(cell) is not None for cell in sieve.rows[column]])
    sieve.book(dates.astype(bool), "name_date", "noted", column)


def note_alike(sieve: Sieve[gpd.GeoDataFrame], table: gpd.GeoDataFrame) -> None:
    """Note pairs of one service within 50 m of which one name is part of the other."""
    if len(table) < 2:
        return
    west, south, east, north = table.total_bounds
    crs = centred_crs((west + east) / 2, (south + north) / 2)
    points = shapely.point_on_surface(table.geometry.to_crs(crs).to_numpy())
    first, second = shapely.STRtree(points).query(points, "dwithin", ALIKE_WITHIN_M)
    names, services = normals(table["name"]).to_numpy(), table["service"].to_numpy()
    once = (first < second) & (services[first] == services[second])
    if once.sum() > MOST_PAIRS:
        return
    for one, other in zip(first[once], second[once], strict=True):
        short, long = sorted((names[one], names[other]), key=len)
        if len(short) >= LEAST_SHARED and short != long and short in long:
            details = {"first": table["source_row"].iloc[one], "other": table["name"].iloc[one]}
            row, name = int(table.index[other]), str(table["name"].iloc[other])
            where = place_of(table.geometry.iloc[other])
            problem = Problem(
                "duplicate_maybe", "noted", sieve.source, row, "", name, sieve.sheet, details, where
            )
            sieve.problems.append(problem)
