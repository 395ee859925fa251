"""Two names of one place are found wherever on the globe they lie."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import geopandas as gpd
import numpy as np

from lifecircle.base.geo import ELLIPSOID, GEOGRAPHIC
from lifecircle.inputs.facilities import read_facility_file
from lifecircle.inputs.names import near_pairs
from lifecircle.sources import FacilitySource


def test_pairs_are_those_that_the_geodesic_finds() -> None:
    """Clusters in Shanghai, on the equator, at the date line and around both poles."""
    chance = np.random.default_rng(20261122)
    centres = [(121.5, 31.2), (-155.3, 0.0), (180.0, 10.0), (31.1, 89.9999), (0.0, -89.9999)]
    lon, lat = (np.repeat([c[axis] for c in centres], 30) for axis in (0, 1))
    lon = (lon + chance.normal(0, 5e-4, lon.size) + 180) % 360 - 180
    lon[-60:] = chance.uniform(-180, 180, 60)
    lat = np.clip(lat + chance.normal(0, 5e-4, lat.size), -90, 90)
    places = gpd.GeoSeries.from_xy(lon, lat, crs=GEOGRAPHIC)
    apart = {
        (a, b): ELLIPSOID.inv(lon[a], lat[a], lon[b], lat[b])[2]
        for a, b in combinations(range(lon.size), 2)
    }
    wanted = {pair for pair, metres in apart.items() if metres <= 50}
    assert len(wanted) > 100
    assert {tuple(pair) for pair in near_pairs(places, 50, 10_000).tolist()} == wanted


def test_a_crowd_is_not_paired() -> None:
    """Ten on one point are 45 pairs: one more than asked for."""
    places = gpd.GeoSeries.from_xy(np.full(10, 121.5), np.full(10, 31.2), crs=GEOGRAPHIC)
    assert len(near_pairs(places, 50, 45)) == 45
    assert len(near_pairs(places, 50, 44)) == 0


def test_rows_from_both_sides_of_the_globe_are_read(tmp_path: Path) -> None:
    """No projection holds both places: a warning here would be an error."""
    path = tmp_path / "homes.csv"
    path.write_text("name,lon,lat\n院0,31.1,0\n院1,-155.3,0\n", encoding="utf-8")
    source = FacilitySource(path=path, service="home", datum="wgs84")
    assert len(read_facility_file(source, ["home"]).table) == 2
