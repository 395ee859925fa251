"""Datums: known shifts, exact ways back, and projected files."""

from __future__ import annotations

import numpy as np
import pytest
from pyproj import Transformer

from lifecircle.base.geo import geodesic_m
from lifecircle.base.problems import InputRefused
from lifecircle.inputs.datum import gcj02_to_bd09, is_projected, to_wgs84, wgs84_to_gcj02

SHANGHAI = np.array([121.469]), np.array([31.232])
PORTO = np.array([-8.61]), np.array([41.15])


def test_the_shifts_in_shanghai_have_their_published_size() -> None:
    """482 m to GCJ-02 and 1,144 m to BD-09 at the fixture point of a third-party converter."""
    gcj = wgs84_to_gcj02(*SHANGHAI)
    assert geodesic_m(*SHANGHAI, *gcj)[0] == pytest.approx(482, abs=1)
    assert geodesic_m(*SHANGHAI, *gcj02_to_bd09(*gcj))[0] == pytest.approx(1144, abs=1)


def test_gcj02_lies_east_and_south_in_shanghai() -> None:
    """About 430 m east and 215 m south, so that a mirrored formula cannot pass."""
    east, north = np.subtract(wgs84_to_gcj02(*SHANGHAI), SHANGHAI)
    assert east[0] * 95_200 == pytest.approx(430, abs=10)
    assert north[0] * 110_900 == pytest.approx(-215, abs=10)


@pytest.mark.parametrize("datum", ["gcj02", "bd09"])
def test_round_trips_over_china_come_back_to_a_billionth_of_a_degree(datum: str) -> None:
    random = np.random.default_rng(20_231)
    lon, lat = random.uniform(73.7, 134.7, 10_000), random.uniform(18.2, 53.5, 10_000)
    shifted = wgs84_to_gcj02(lon, lat)
    if datum == "bd09":
        shifted = gcj02_to_bd09(*shifted)
    back = to_wgs84(*shifted, datum)
    assert np.abs(back[0] - lon).max() <= 1e-9
    assert np.abs(back[1] - lat).max() <= 1e-9


@pytest.mark.parametrize("datum", ["gcj02", "bd09", "wgs84", "cgcs2000", "GCJ-02"])
def test_nothing_moves_outside_china(datum: str) -> None:
    lon, lat = to_wgs84(*PORTO, datum)
    assert (lon[0], lat[0]) == (-8.61, 41.15)


def test_places_in_and_out_of_china_mix_in_one_array() -> None:
    lon, lat = to_wgs84(np.array([121.469, -8.61]), np.array([31.232, 41.15]), "gcj02")
    assert abs(lon[0] - 121.469) > 0.004
    assert (lon[1], lat[1]) == (-8.61, 41.15)


def test_metres_of_utm_zone_51_come_back_as_degrees() -> None:
    """The central meridian of zone 51 is 123° E with false easting 500 km."""
    lon, _ = to_wgs84(np.array([500_000.0]), np.array([3_460_000.0]), "EPSG:32651")
    assert lon[0] == pytest.approx(123.0, abs=1e-12)
    forward = Transformer.from_crs("EPSG:4326", "EPSG:32651", always_xy=True)
    x, y = forward.transform(*SHANGHAI)
    back = to_wgs84(x, y, "EPSG:32651")
    assert np.abs(np.subtract(back, SHANGHAI)).max() < 1e-9


def test_a_geographic_epsg_code_takes_longitude_first() -> None:
    lon, lat = to_wgs84(*SHANGHAI, "EPSG:4490")
    assert (lon[0], lat[0]) == pytest.approx((121.469, 31.232), abs=1e-6)


@pytest.mark.parametrize("datum", ["", "wgs72", "EPSG:999999", "EPSG:5773", "EPSG:4978", "/etc"])
def test_an_unknown_datum_is_refused(datum: str) -> None:
    """Neither words, nor codes that do not exist, are heights (5773) or geocentric (4978)."""
    with pytest.raises(InputRefused) as refused:
        to_wgs84(*SHANGHAI, datum, "a.csv")
    problem = refused.value.problems[0]
    assert (problem.code, problem.source, problem.value) == ("datum_unknown", "a.csv", datum)


def test_only_projected_codes_are_projected() -> None:
    assert is_projected("EPSG:4549")
    assert not is_projected("EPSG:4490")
    assert not is_projected("gcj02")
