"""Coordinates as offices write them: in one cell, swapped, in metres, as angles."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping

import geopandas as gpd
import numpy as np
import pandas as pd
from pyproj import CRS, Transformer

from lifecircle.base.geo import GEOGRAPHIC, Floats
from lifecircle.base.problems import InputRefused, Problem
from lifecircle.inputs.cells import SPACES, Mask, angles, numbers
from lifecircle.inputs.columns import column_of
from lifecircle.inputs.datum import in_china_box, is_projected, to_wgs84
from lifecircle.inputs.sieve import Sieve
from lifecircle.sources import Source

GLOBE = (180.0, 90.0)
SWAPPED_BOX = (3.0, 73.0, 54.0, 136.0)
"""Where swapped coordinates of a place in China fall: x and y from, x and y to."""

FEW_SHARE = 0.05
"""A smaller share of rows of another kind is a slip of those rows; a larger one mixes files."""

LEAST_METRES = 1000.0
CANDIDATES = (4547, 4548, 4549, 4550, 4526, 4527, 4528, *range(32643, 32654))
"""CGCS2000 in 3-degree zones without and with their number, and UTM, as used in China."""


def split_location(
    frame: pd.DataFrame, roles: Mapping[str, str | None], source: Source
) -> tuple[pd.DataFrame, list[Problem]]:
    """`frame` with columns lon and lat from one that holds both, as Amap writes `location`."""
    names = [str(name) for name in frame.columns]
    if roles.get("lon") or roles.get("lat") or _has_both(names, source):
        return frame, []
    both = column_of("location", names, None, source.name)
    if both is None:
        return frame, []
    parts = [cell.replace("，", ",").partition(",") for cell in frame[both]]
    lon, lat = ([part[side].strip(SPACES) for part in parts] for side in (0, 2))
    details = {"column": both}
    note = Problem("location_split", "noted", source.name, column=both, details=details)
    return frame.assign(
        lon=pd.Series(lon, frame.index, dtype="str"), lat=pd.Series(lat, frame.index, dtype="str")
    ), [note]


def _has_both(names: list[str], source: Source) -> bool:
    """Whether the columns lon and lat are known; two candidates are for the caller to refuse."""
    try:
        return all(column_of(role, names, None, source.name) for role in ("lon", "lat"))
    except InputRefused:
        return True


def read_coordinates(
    sieve: Sieve[gpd.GeoDataFrame], columns: tuple[str, str]
) -> tuple[Floats, Floats]:
    """The numbers of two columns, NaN where there is none.

    Notes how many rows hold angles, and how many full-width digits.
    """
    cells = [sieve.rows[column] for column in columns]
    read = [_numbers_or_angles(own) for own in cells]
    as_angle = read[0][1] | read[1][1]
    wide = np.logical_or.reduce([[_is_wide(cell) for cell in own.tolist()] for own in cells])
    for mask, code in ((as_angle, "angles_read"), (wide & ~as_angle, "digits_wide")):
        if mask.any():
            count = {"count": int(mask.sum())}
            row = int(sieve.rows.index[mask.argmax()])
            problem = Problem(code, "repaired", sieve.source, row, columns[0], details=count)
            sieve.problems.append(problem)
    return read[0][0], read[1][0]


def _numbers_or_angles(cells: pd.Series) -> tuple[Floats, Mask]:
    """Cells as degrees or metres, NaN where they are neither, and which of them are angles."""
    values, bad = numbers(cells)
    is_angle = np.zeros(len(cells), dtype=bool)
    if bad.any():
        values[bad], is_angle[bad] = angles(cells[bad])
    return values, is_angle


def _is_wide(cell: str) -> bool:
    return not cell.isascii() and unicodedata.normalize("NFKC", cell).strip(SPACES) != cell


def book_other_coordinates(
    sieve: Sieve[gpd.GeoDataFrame],
    x: Floats,
    y: Floats,
    columns: tuple[str, str],
    datum: str | None,
    source: Source,
) -> tuple[Floats, Floats]:
    """Take out, put right or refuse rows whose coordinates are not what the others are.

    Returns the coordinates of the rows that stay.
    """
    metres = datum is not None and is_projected(datum)
    on_globe = (np.abs(x) <= GLOBE[0]) & (np.abs(y) <= GLOBE[1])
    if metres:
        off = on_globe | ~_inverse_is_good(x, y, str(datum), source)
        return _excluded(sieve, x, y, off, "coordinates_range", columns)
    x, y = _unswapped(sieve, x, y, columns, source)
    on_globe = (np.abs(x) <= GLOBE[0]) & (np.abs(y) <= GLOBE[1])
    in_metres = ~on_globe & (np.abs(x) >= LEAST_METRES) & (np.abs(y) >= LEAST_METRES)
    in_metres &= (np.abs(x) < 1e8) & (np.abs(y) < 1e8)
    if in_metres.sum() > FEW_SHARE * len(x):
        _refuse_metres(sieve, x, y, in_metres, columns)
    return _excluded(sieve, x, y, ~on_globe, "coordinates_range", columns)


def _excluded(
    sieve: Sieve[gpd.GeoDataFrame],
    x: Floats,
    y: Floats,
    mask: Mask,
    code: str,
    columns: tuple[str, str],
) -> tuple[Floats, Floats]:
    values = [f"{a}, {b}" for a, b in sieve.rows.loc[mask, list(columns)].to_numpy()]
    sieve.exclude(mask, code, ", ".join(columns), values)
    return x[~mask], y[~mask]


def _inverse_is_good(x: Floats, y: Floats, datum: str, source: Source) -> Mask:
    lon, lat = to_wgs84(x, y, datum, source.name)
    return np.asarray((np.abs(lon) <= GLOBE[0]) & (np.abs(lat) <= GLOBE[1]), dtype=bool)


def _unswapped(
    sieve: Sieve[gpd.GeoDataFrame],
    x: Floats,
    y: Floats,
    columns: tuple[str, str],
    source: Source,
) -> tuple[Floats, Floats]:
    """Rows with latitude and longitude in each other's place, repaired if the study says so.

    A few are excluded; a file of them is refused.
    """
    low_x, low_y, high_x, high_y = SWAPPED_BOX
    swapped: Mask = (x >= low_x) & (x <= high_x) & (y >= low_y) & (y <= high_y)
    if not swapped.any():
        return x, y
    if getattr(source, "fix_swapped", False):
        sieve.book(swapped, "swapped_repaired", "repaired", columns[0])
        return np.where(swapped, y, x), np.where(swapped, x, y)
    if swapped.sum() > len(x) / 2:
        details = {"lon": columns[0], "lat": columns[1], "count": int(swapped.sum())}
        sieve.refuse("coordinates_swapped", ", ".join(columns), "", **details)
    return _excluded(sieve, x, y, swapped, "row_swapped", columns)


def _refuse_metres(
    sieve: Sieve[gpd.GeoDataFrame], x: Floats, y: Floats, metres: Mask, columns: tuple[str, str]
) -> None:
    """Refuse a file of metres, or of metres and degrees, with the projections that could fit."""
    codes = ", ".join(f"EPSG:{code}" for code in fitting_codes(x[metres], y[metres])) or "–"
    first = int(sieve.rows.index[metres.argmax()])
    if metres.all():
        sieve.refuse("coordinates_metres", ", ".join(columns), "", candidates=codes)
        return
    other = int(sieve.rows.index[(~metres).argmax()])
    details = {
        "metres": int(metres.sum()), "degrees": int((~metres).sum()),
        "first": first, "other": other, "candidates": codes,
    }  # fmt: skip
    sieve.refuse("coordinates_mixed", ", ".join(columns), "", **details)


def fitting_codes(x: Floats, y: Floats) -> list[int]:
    """The usual projections of China under which the middle of the places lies in China.

    Only those remain that put the middle within their own zone: x and y then fit the zone's width.
    """
    middle_x, middle_y = float(np.median(x)), float(np.median(y))
    found = []
    for code in CANDIDATES:
        there = Transformer.from_crs(code, GEOGRAPHIC, always_xy=True)
        lon, lat = there.transform(middle_x, middle_y)
        zone = CRS.from_epsg(code).area_of_use
        assert zone is not None, "every one of the candidates has its zone"
        west, south, east, north = zone.bounds
        inside = west - 0.5 <= lon <= east + 0.5 and south - 0.5 <= lat <= north + 0.5
        if inside and in_china_box(np.array([lon]), np.array([lat]))[0]:
            found.append(code)
    return found
