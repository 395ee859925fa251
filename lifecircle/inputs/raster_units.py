"""What the values of a population raster count: people a cell, or people an area."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from pyproj import Transformer

from lifecircle.base.geo import ELLIPSOID, GEOGRAPHIC, Floats
from lifecircle.base.problems import InputRefused, Problem
from lifecircle.inputs.pieces import PeopleAccount
from lifecircle.sources import RasterDemand

Per = Literal["cell", "km2", "ha"]

PER_KM2 = re.compile(
    r"(/|per|people)\s*(sq\.?\s*)?km(\^?2|²|-2)?\b|per_km2|km-2|人/平方公里|人口密度"
)
PER_HA = re.compile(r"(/|per)\s*(ha|hectare)\b|人/公顷")
M2 = {"km2": 1e6, "ha": 1e4}
MOST_OFF = 0.2
"""A total farther than this from the expected one is of something else."""


def counted(
    people: dict[str, Floats], dataset: Any, grid: Any, source: RasterDemand
) -> tuple[dict[str, Floats], list[Problem]]:
    """`people` as counts a cell, and a note on what was taken from the raster's tags."""
    told = told_per(dataset)
    per = source.per or told or "cell"
    notes = []
    if source.per is None and told is not None:
        notes.append(Problem("raster_per", "noted", source.name, details={"per": told}))
    if per == "cell":
        return people, notes
    area = cell_areas_m2(grid) / M2[per]
    return {weight: values * area for weight, values in people.items()}, notes


def told_per(dataset: Any) -> Per | None:
    """What the tags, units and descriptions of a raster say its values count."""
    tags = [dataset.tags(), *(dataset.tags(band + 1) for band in range(dataset.count))]
    words = [f"{key} {value}" for entry in tags for key, value in entry.items()]
    words += [str(word) for word in (*dataset.units, *dataset.descriptions) if word]
    text = " ; ".join(words).lower()
    if PER_KM2.search(text):
        return "km2"
    return "ha" if PER_HA.search(text) else None


def cell_areas_m2(grid: Any) -> Floats:
    """The geodesic area of every cell of the window, row by row.

    Worked out for the middle column of each row: cells of one row differ by far less than a
    thousandth in every grid that people are counted in.
    """
    there = Transformer.from_crs(grid.crs, GEOGRAPHIC, always_xy=True)
    middle = grid.column + grid.columns // 2
    rows = grid.row + np.arange(grid.rows + 1)
    to, corners = grid.to_crs, []
    for column in (middle, middle + 1):
        x = to.a * column + to.b * rows + to.c
        y = to.d * column + to.e * rows + to.f
        corners.append(there.transform(x, y))
    left, right = corners
    areas = []
    for i in range(grid.rows):
        lon = [left[0][i], right[0][i], right[0][i + 1], left[0][i + 1]]
        lat = [left[1][i], right[1][i], right[1][i + 1], left[1][i + 1]]
        areas.append(abs(ELLIPSOID.polygon_area_perimeter(lon, lat)[0]))
    return np.repeat(np.array(areas), grid.columns)


def refuse_unexpected(accounts: Sequence[PeopleAccount], source: RasterDemand) -> None:
    """Raise `InputRefused` where the residents are far from the number the study expects."""
    if source.expected is None:
        return
    for account in accounts:
        found = account.in_units + account.outside_network
        if account.weight == "residents" and abs(found / source.expected - 1) > MOST_OFF:
            details = {"found": f"{found:,.0f}", "expected": f"{source.expected:,.0f}"}
            raise InputRefused([Problem("raster_total", "refused", source.name, details=details)])
