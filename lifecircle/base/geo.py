"""Coordinates: the study's own projection, and geodesic metres.

Tables carry WGS 84 longitudes and latitudes (`GEOGRAPHIC`); places on the network, access legs
and drawing use a transverse Mercator centred on the study; lengths are geodesic.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt
from pyproj import CRS, Geod, Transformer

Floats = npt.NDArray[np.float64]

GEOGRAPHIC = "EPSG:4326"
ELLIPSOID = Geod(ellps="WGS84")


def centred_crs(lon: float, lat: float) -> CRS:
    """A transverse Mercator in metres centred on a place, rounded to a hundredth of a degree.

    Its scale differs from 1 by less than 1e-5 within 28 km of the central meridian.
    """
    return CRS.from_proj4(
        f"+proj=tmerc +lat_0={lat:.2f} +lon_0={lon:.2f} +k=1 +x_0=0 +y_0=0 +datum=WGS84 +units=m"
    )


@lru_cache(maxsize=32)
def _transformer(source: CRS | str, target: CRS | str) -> Transformer:
    """Kept, for making one takes longer than using it."""
    return Transformer.from_crs(source, target, always_xy=True)


def transformed(
    x: Floats, y: Floats, source: CRS | str, target: CRS | str
) -> tuple[Floats, Floats]:
    """Coordinates of one CRS in another; longitudes come before latitudes."""
    x, y = _transformer(source, target).transform(x, y)
    return np.asarray(x, dtype=float), np.asarray(y, dtype=float)


def project(lon: Floats, lat: Floats, crs: CRS) -> tuple[Floats, Floats]:
    """Longitudes and latitudes as metres of `crs`."""
    return transformed(lon, lat, GEOGRAPHIC, crs)


def unproject(x: Floats, y: Floats, crs: CRS) -> tuple[Floats, Floats]:
    """Metres of `crs` as longitudes and latitudes."""
    return transformed(x, y, crs, GEOGRAPHIC)


def geodesic_m(lon_a: Floats, lat_a: Floats, lon_b: Floats, lat_b: Floats) -> Floats:
    """Geodesic metres between pairs of places on the WGS 84 ellipsoid."""
    return np.asarray(ELLIPSOID.inv(lon_a, lat_a, lon_b, lat_b)[2], dtype=float)
