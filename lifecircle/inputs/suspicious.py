"""Places that can be read and are still doubtful: a geocoder's guess, another unit than stated."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from lifecircle.base.geo import Floats, geodesic_m
from lifecircle.base.problems import Problem
from lifecircle.inputs.cells import normals
from lifecircle.inputs.hypotheses import Witnesses
from lifecircle.inputs.places import Places
from lifecircle.inputs.sieve import place_of

Shapes = npt.NDArray[np.object_]

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
    shapes = areas.geometry.to_numpy()
    points = shapely.point_on_surface(sieve.rows.geometry.iloc[named].to_numpy())
    # Most lie where they say: only the others are worth a measurement.
    apart = ~shapely.intersects(shapes[stated[named]], points)
    metres = _metres_apart(points[apart], shapes[stated[named[apart]]])
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


def _metres_apart(points: Shapes, shapes: Shapes) -> Floats:
    """Metres from each point to the edge of its shape, both in degrees.

    The nearest place is looked for where a degree is as wide as high, in the shape's latitude,
    and its distance taken on the ellipsoid: no projection holds points from all over the globe.
    """
    south, north = shapely.bounds(shapes)[:, [1, 3]].T
    wide = np.maximum(np.cos(np.radians((south + north) / 2)), 1e-9)
    ends = shapely.shortest_line(_squeezed(points, wide), _squeezed(shapes, wide))
    x, y = shapely.get_coordinates(ends).reshape(-1, 2, 2).transpose(2, 1, 0)
    return geodesic_m(x[0] / wide, y[0], x[1] / wide, y[1])


def _squeezed(shapes: Shapes, wide: Floats) -> Shapes:
    """Every shape made narrower by its own factor."""
    corners, own = shapely.get_coordinates(shapes, return_index=True)
    corners[:, 0] *= wide[own]
    return np.asarray(shapely.set_coordinates(shapes.copy(), corners), dtype=object)


def _distinct(cells: pd.Series) -> int:
    return int(cells[cells != ""].nunique())
