"""The quality table: components, what was left out, dead gates, pavements nobody drew, units."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely

from lifecircle.base.geo import centred_crs, unproject
from lifecircle.network.attach import attach
from lifecircle.network.build import network_from_arrays
from lifecircle.network.quality import dead_gates, network_quality
from lifecircle.network.ways import Ways


def table(**more):  # type: ignore[no-untyped-def]
    """Streets 1 (1000 m) and 2 (500 m), an island 3 (200 m), a footway 4 beside street 1."""
    xy = [(0, 0), (1000, 0), (1500, 0), (0, 900), (200, 900), (0, 20), (1000, 20)]
    town = network_from_arrays(xy, [(0, 1), (1, 2), (3, 4), (5, 6)])
    given = {
        "left_out": {},
        "left_out_m": {},
        "dead_gates": {},
        "sidewalk_elsewhere": {1, 2},
        "footways": {4},
        **more,
    }
    return town, network_quality(town, **given)


def test_components_come_with_their_length_people_and_facilities() -> None:
    """Seven people and a facility live on the island of 200 m, three on the main streets."""
    town, _ = table()
    homes = attach(town, np.array([100.0, 1200.0]), np.array([890.0, -10.0]), 200, 0)
    shop = attach(town, np.array([50.0]), np.array([905.0]), 200, 0)
    _, found = table(people=(homes, np.array([7.0, 3.0])), facilities=shop)
    parts = found[found["length_m"].notna() & found["people"].notna()]
    assert parts["finding"].tolist() == ["main_component", "island", "island"]
    assert parts["length_m"].tolist() == [1500, 1000, 200]
    assert parts["share"].tolist() == pytest.approx([1500 / 2700, 1000 / 2700, 200 / 2700])
    assert parts["people"].tolist() == [3, 0, 7]
    assert parts["facilities"].tolist() == [0, 0, 1]
    assert parts["osm_id"].tolist() == [0, 4, 3]
    assert parts.geometry.iloc[0] is None
    assert parts.geometry.length.tolist()[1:] == [1000, 200]


def test_a_street_whose_pavement_is_said_to_be_drawn_but_is_not_is_named() -> None:
    """Street 1 has a footway 20 m beside it; street 2 has one beside its first 30 m only."""
    _, found = table()
    lost = found[found["finding"] == "sidewalk_not_drawn"]
    assert lost["osm_id"].tolist() == [2]
    assert lost["length_m"].tolist() == pytest.approx([500 - 22], abs=3)


def test_where_no_footway_is_drawn_at_all_every_such_street_is_named() -> None:
    _, found = table(footways=set())
    lost = found[found["finding"] == "sidewalk_not_drawn"]
    assert (lost["osm_id"].tolist(), lost["length_m"].tolist()) == ([1, 2], [1000, 500])


def test_ways_left_out_and_shut_gates_are_listed() -> None:
    _, found = table(
        left_out={"no_foot": 3}, left_out_m={"no_foot": 250.0}, dead_gates={77: (5, 6)}
    )
    rows = found.set_index("finding")
    assert rows.loc["left_out:no_foot", ["count", "length_m"]].tolist() == [3, 250]
    assert (rows.loc["dead_gate", "osm_id"], rows.loc["dead_gate", "geometry"].x) == (77, 5)
    assert rows.loc["dead_gate", "osm_type"] == "node"


def test_only_shut_gates_on_walked_ways_are_dead() -> None:
    """Node 2 is shut, 3 private, and 9 shut but on no way that is walked."""
    plane = centred_crs(121.5, 31.3)
    lon, lat = unproject(np.array([0.0, 40, 90]), np.zeros(3), plane)
    ways = Ways(
        np.array([1]), np.zeros(1, np.uint8), np.array([0, 3]), np.array([1, 2, 3]), lon, lat,
        np.zeros(1),
    )  # fmt: skip
    found = dead_gates(ways, {2: "shut", 3: "private", 9: "shut"}, plane)
    assert list(found) == [2]
    assert found[2] == pytest.approx((40, 0), abs=1e-6)


def test_units_that_the_extract_lacks_are_named_with_the_share_outside() -> None:
    """Of two boxes of 100 m the extract holds one whole and three quarters of the other."""
    town, _ = table()
    object.__setattr__(town, "extent", shapely.box(0, 0, 175, 100))
    units = gpd.GeoDataFrame(
        {"name": ["a", "b"]}, geometry=[shapely.box(0, 0, 100, 100), shapely.box(100, 0, 200, 100)]
    )
    found = network_quality(town, {}, {}, {}, set(), set(), units=units)
    outside = found[found["finding"] == "unit_outside"]
    assert (outside["name"].tolist(), outside["share"].tolist()) == (["b"], [0.25])
    assert outside.geometry.iloc[0].bounds == (175, 0, 200, 100)
