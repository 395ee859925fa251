"""Places that can be read and are still doubtful: a geocoder's guess, another unit than stated."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from lifecircle.base.geo import centred_crs
from lifecircle.base.problems import Problem
from lifecircle.inputs.cells import normals
from lifecircle.inputs.hypotheses import Witnesses
from lifecircle.inputs.places import Places
from lifecircle.inputs.sieve import place_of

FEWEST_ON_A_POINT = 3
FEWEST_WITHOUT_DISTRICT = 5
FAR_FROM_STATED_M = 500.0
"""Nearer to the unit it names, a facility may well stand across the street from it."""


def exclude_fallbacks(places: Places) -> None:
    """Take out rows that a geocoder put on one spare point, which it gives where it knows none.

    Three or more rows of different districts on exactly one coordinate cannot all be there; they
    are excluded.  Five or more rows with other names and addresses may share a building; noted.
    """
    sieve = places.sieve
    rows = sieve.rows
    if rows.empty or not (rows.geom_type == "Point").all():
        return
    corners = np.column_stack([rows.geometry.x, rows.geometry.y])
    _, own, counts = np.unique(corners, axis=0, return_inverse=True, return_counts=True)
    spot = pd.Series(own.ravel(), index=rows.index)[counts[own.ravel()] >= FEWEST_ON_A_POINT]
    said = places.said.loc[spot.index]
    crowded = pd.DataFrame({role: normals(said[role]) for role in said}).assign(spot=spot)
    fallback, doubtful = [], []
    for _, group in crowded.groupby("spot", sort=False):
        if _distinct(group["district"]) > 1:
            fallback += group.index.tolist()
        elif min(_distinct(group["name"]), _distinct(group["address"])) >= FEWEST_WITHOUT_DISTRICT:
            doubtful += group.index.tolist()
    for chosen, action in ((doubtful, "noted"), (fallback, "excluded")):
        mask = np.asarray(sieve.rows.index.isin(chosen), dtype=bool)
        there = sieve.rows.geometry[mask]
        shown = [f"{x:.6f}, {y:.6f}" for x, y in zip(there.x, there.y, strict=True)]
        details = [{"count": len(chosen)}] * len(shown)
        if action == "excluded":
            sieve.exclude(mask, "fallback_point", "", shown, details)
        else:
            sieve.book(mask, "shared_point", "noted", "", shown, details)


def note_outside_stated(places: Places, witnesses: Witnesses | None) -> None:
    """Note rows that lie farther than 500 m from the unit they say they are in."""
    sieve = places.sieve
    stated = places.stated.loc[sieve.rows.index].to_numpy()
    named = np.flatnonzero(stated >= 0)
    if witnesses is None or not named.size:
        return
    areas = witnesses.areas
    west, south, east, north = sieve.rows.total_bounds
    crs = centred_crs((west + east) / 2, (south + north) / 2)
    shapes = areas.geometry.to_numpy()
    rows = sieve.rows.geometry.iloc[named]
    points = gpd.GeoSeries(shapely.point_on_surface(rows.to_numpy()), crs=rows.crs)
    # Most lie where they say: only the others are worth a projection.
    apart = ~shapely.intersects(shapes[stated[named]], points.to_numpy())
    if not apart.any():
        return
    own = gpd.GeoSeries(shapes[stated[named[apart]]], crs=areas.crs).to_crs(crs).to_numpy()
    metres = shapely.distance(own, points[apart].to_crs(crs).to_numpy())
    for position, distance in zip(named[apart].tolist(), metres, strict=True):
        if distance <= FAR_FROM_STATED_M:
            continue
        row = int(sieve.rows.index[position])
        details = {"unit": areas["name"].iloc[stated[position]], "metres": f"{distance:,.0f}"}
        name = str(places.said["name"].loc[row])
        where = place_of(sieve.rows.geometry.iloc[position])
        problem = Problem(
            "outside_stated", "noted", sieve.source, row, "", name, sieve.sheet, details, where
        )
        sieve.problems.append(problem)


def _distinct(cells: pd.Series) -> int:
    return int(cells[cells != ""].nunique())
