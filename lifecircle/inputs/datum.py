"""Datums: WGS 84 from GCJ-02, BD-09, CGCS2000 or any EPSG code.

Map services in China publish coordinates shifted by GCJ-02 (Amap, Tencent) or by BD-09 on top of
it (Baidu): 480 m and 1,140 m in Shanghai.  Both shifts have a published closed form one way; the
way back is found by fixed-point iteration to 1e-9 degrees or better.

Policy: inside `CHINA_BOX` a file declared gcj02 or bd09 is shifted wherever the point lies, and
outside it never (the services do not shift there).  The box takes in Hong Kong, Macau, Taiwan and
parts of neighbouring countries; files whose publisher does not shift there are to be declared
wgs84.  CGCS2000 and WGS 84 differ by centimetres and are taken as equal.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError

from lifecircle.base.geo import GEOGRAPHIC, Floats
from lifecircle.base.problems import InputRefused, Problem

DATUMS = ("wgs84", "cgcs2000", "gcj02", "bd09")
SHIFTED = frozenset({"gcj02", "bd09"})

CHINA_BOX = (72.004, 0.8293, 137.8347, 55.8271)
"""West, south, east, north in degrees: where GCJ-02 and BD-09 shift."""

SEMI_MAJOR_M = 6378245.0
ECCENTRICITY_SQUARED = 0.00669342162296594323
BAIDU_WAVES = np.pi * 3000.0 / 180.0
ENOUGH_DEGREES = 1e-12
MOST_STEPS = 30

INEXACT = ("Beijing 1954", "Xian 1980")
"""National datums whose shift to WGS 84 is not public."""

Shift = Callable[[Floats, Floats], tuple[Floats, Floats]]


def to_wgs84(lon: Floats, lat: Floats, datum: str, source: str = "") -> tuple[Floats, Floats]:
    """Degrees (or metres x, y of a projected EPSG code) of `datum` as WGS 84 degrees.

    `datum` is what `datum_name` understands.  Raises `InputRefused` naming `source` for another.
    """
    name = datum_name(datum, source)
    lon, lat = np.asarray(lon, dtype=float), np.asarray(lat, dtype=float)
    if name == "bd09":
        return gcj02_to_wgs84(*bd09_to_gcj02(lon, lat))
    if name == "gcj02":
        return gcj02_to_wgs84(lon, lat)
    if name in DATUMS:
        return lon, lat
    x, y = Transformer.from_crs(name, GEOGRAPHIC, always_xy=True).transform(lon, lat)
    return np.asarray(x, dtype=float), np.asarray(y, dtype=float)


def datum_name(datum: str, source: str = "") -> str:
    """`datum` as one of `DATUMS`, "EPSG:nnnn", or a PROJ string; `InputRefused` if it is none.

    A PROJ string ("+proj=tmerc …") is how an office hands in the grid of its own city.
    """
    name = datum.strip().lower().replace("-", "")
    if name in DATUMS:
        return name
    code = re.fullmatch(r"epsg:(\d{4,6})", name)
    own_grid = datum.strip() if datum.strip().startswith("+proj=") else ""
    try:
        crs = CRS.from_epsg(int(code[1])) if code else CRS.from_user_input(own_grid)
    except CRSError:
        crs = None
    if crs is None or not (crs.is_geographic or crs.is_projected):
        raise InputRefused([Problem("datum_unknown", "refused", source, None, "datum", datum)])
    return own_grid or name.upper()


def inexact_datum(crs: CRS, source: str) -> list[Problem]:
    """A note where a reference system is tied to WGS 84 by no transformation of known accuracy."""
    if not any(name in crs.to_wkt() for name in INEXACT):
        return []
    return [Problem("datum_inexact", "noted", source, column="datum", value=crs.name)]


def is_projected(name: str) -> bool:
    """Whether `name`, from `datum_name`, measures in metres and not in degrees."""
    return name not in DATUMS and bool(CRS(name).is_projected)


def wgs84_to_gcj02(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """WGS 84 degrees as GCJ-02 degrees; unchanged outside `CHINA_BOX`."""
    return _inside(_gcj02_from_wgs84, lon, lat)


def gcj02_to_wgs84(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """The inverse of `wgs84_to_gcj02`."""
    return _inside(lambda x, y: _inverse(_gcj02_from_wgs84, x, y), lon, lat)


def gcj02_to_bd09(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """GCJ-02 degrees as BD-09 degrees; unchanged outside `CHINA_BOX`."""
    return _inside(_bd09_from_gcj02, lon, lat)


def bd09_to_gcj02(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """The inverse of `gcj02_to_bd09`."""
    return _inside(lambda x, y: _inverse(_bd09_from_gcj02, x, y), lon, lat)


def in_china_box(lon: Floats, lat: Floats) -> npt.NDArray[np.bool_]:
    """Which places lie where GCJ-02 and BD-09 shift."""
    west, south, east, north = CHINA_BOX
    return (lon >= west) & (lon <= east) & (lat >= south) & (lat <= north)


def _inside(shift: Shift, lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    lon, lat = np.array(lon, dtype=float), np.array(lat, dtype=float)
    inside = in_china_box(lon, lat)
    lon[inside], lat[inside] = shift(lon[inside], lat[inside])
    return lon, lat


def _inverse(shift: Shift, lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """The places that `shift` moves to lon, lat; each step is about fifty times nearer."""
    x, y = lon.copy(), lat.copy()
    for _ in range(MOST_STEPS):
        shifted_x, shifted_y = shift(x, y)
        miss_x, miss_y = lon - shifted_x, lat - shifted_y
        x, y = x + miss_x, y + miss_y
        if max(np.abs(miss_x).max(initial=0), np.abs(miss_y).max(initial=0)) < ENOUGH_DEGREES:
            break
    return x, y


def _gcj02_from_wgs84(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """Metres east and north by the published polynomial and waves, turned into degrees."""
    x, y = lon - 105.0, lat - 35.0
    root, cross = np.sqrt(np.abs(x)), x * y
    short = 20 * _wave(x, 6) + 20 * _wave(x, 2)
    east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * cross + 0.1 * root
    east += (short + 20 * _wave(x, 1) + 40 * _wave(x, 1 / 3)) * 2 / 3
    east += (150 * _wave(x, 1 / 12) + 300 * _wave(x, 1 / 30)) * 2 / 3
    north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * cross + 0.2 * root
    north += (short + 20 * _wave(y, 1) + 40 * _wave(y, 1 / 3)) * 2 / 3
    north += (160 * _wave(y, 1 / 12) + 320 * _wave(y, 1 / 30)) * 2 / 3
    phi = np.radians(lat)
    flattening = 1 - ECCENTRICITY_SQUARED * np.sin(phi) ** 2
    across = SEMI_MAJOR_M / np.sqrt(flattening)
    along = across * (1 - ECCENTRICITY_SQUARED) / flattening
    return lon + np.degrees(east / (across * np.cos(phi))), lat + np.degrees(north / along)


def _wave(angle: Floats, turns: float) -> Floats:
    """sin(pi · turns · angle)."""
    return np.asarray(np.sin(np.pi * turns * angle), dtype=float)


def _bd09_from_gcj02(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """The published polar form, with its small waves and constant step."""
    radius = np.hypot(lon, lat) + 2e-5 * np.sin(lat * BAIDU_WAVES)
    angle = np.arctan2(lat, lon) + 3e-6 * np.cos(lon * BAIDU_WAVES)
    return radius * np.cos(angle) + 0.0065, radius * np.sin(angle) + 0.006
