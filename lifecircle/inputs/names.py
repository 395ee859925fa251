"""What names give away: dates that a spreadsheet made of them, one place under two names."""

from __future__ import annotations

import re

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely
from pyproj import Transformer
from scipy.spatial import cKDTree

from lifecircle.base.problems import Problem
from lifecircle.inputs.cells import normals
from lifecircle.inputs.sieve import Sieve, place_of

Pairs = npt.NDArray[np.intp]

ECEF = Transformer.from_crs("EPSG:4979", "EPSG:4978", always_xy=True)
"""Places on the ellipsoid as x, y and z in metres from its centre."""

SERIAL_DATE = re.compile(r"[12]\d{3}[-/]\d{1,2}[-/]\d{1,2}([ T]00:00:00)?|4\d{4}")
ALIKE_WITHIN_M = 50.0
MOST_PAIRS = 200_000
"""Where facilities stand closer than that, being near says nothing of being the same."""

LEAST_SHARED = 4
"""So many letters in a row that two names share make them look like one place."""


def near_pairs(places: gpd.GeoSeries, within_m: float, most: int) -> Pairs:
    """Positions of every two of `places` (degrees) within so many metres, the lower first.

    None at all where there are more than `most`.  Measured through the earth, as no projection
    holds places from all over the globe; over metres that is as good as along it.
    """
    lon, lat = shapely.get_coordinates(shapely.point_on_surface(places.to_numpy())).T
    tree = cKDTree(np.column_stack(ECEF.transform(lon, lat, np.zeros(len(lon)))))
    if tree.count_neighbors(tree, within_m) > len(lon) + 2 * most:
        return np.empty((0, 2), dtype=np.intp)
    return np.sort(tree.query_pairs(within_m, output_type="ndarray"), axis=1)


def note_dates(sieve: Sieve[gpd.GeoDataFrame], column: str | None) -> None:
    """Note names that look as if a spreadsheet had turned `3-1` into a date."""
    if column is None:
        return
    dates = np.array([SERIAL_DATE.fullmatch(cell) is not None for cell in sieve.rows[column]])
    sieve.book(dates.astype(bool), "name_date", "noted", column)


def note_alike(sieve: Sieve[gpd.GeoDataFrame], table: gpd.GeoDataFrame) -> None:
    """Note pairs of one service within 50 m of which one name is part of the other."""
    found = [
        np.asarray(rows)[near_pairs(table.geometry.iloc[rows], ALIKE_WITHIN_M, MOST_PAIRS)]
        for rows in table.reset_index().groupby("service", sort=False).indices.values()
    ]
    pairs = np.concatenate([np.empty((0, 2), dtype=np.intp), *found])
    pairs = pairs[np.lexsort(pairs.T[::-1])]
    near = np.unique(pairs)
    names = dict(zip(near.tolist(), normals(table["name"].iloc[near]), strict=True))
    for one, other in pairs.tolist():
        short, long = sorted((names[one], names[other]), key=len)
        if len(short) >= LEAST_SHARED and short != long and short in long:
            details = {"first": table["source_row"].iloc[one], "other": table["name"].iloc[one]}
            row, name = int(table.index[other]), str(table["name"].iloc[other])
            where = place_of(table.geometry.iloc[other])
            problem = Problem(
                "duplicate_maybe", "noted", sieve.source, row, "", name, sieve.sheet, details, where
            )
            sieve.problems.append(problem)
