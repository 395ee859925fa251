"""The quality table: components, what was left out, dead gates and pavements nobody drew."""

from __future__ import annotations

import numpy as np
import pytest

from lifecircle.network.attach import attach
from lifecircle.network.build import network_from_arrays
from lifecircle.network.quality import network_quality


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
    parts = found[found["finding"] == "component"]
    assert parts["length_m"].tolist() == [1500, 1000, 200]
    assert parts["people"].tolist() == [3, 0, 7]
    assert parts["facilities"].tolist() == [0, 0, 1]
    assert parts.geometry.length.tolist() == [1500, 1000, 200]


def test_a_street_whose_pavement_is_said_to_be_drawn_but_is_not_is_named() -> None:
    """Street 1 has a footway 20 m beside it; street 2 has one beside its first 30 m only."""
    _, found = table()
    lost = found[found["finding"] == "sidewalk_not_drawn"]
    assert lost["osm_id"].tolist() == [2]
    assert lost["length_m"].tolist() == pytest.approx([500 - 22], abs=3)


def test_ways_left_out_and_shut_gates_are_listed() -> None:
    _, found = table(
        left_out={"no_foot": 3}, left_out_m={"no_foot": 250.0}, dead_gates={77: (5, 6)}
    )
    rows = found.set_index("finding")
    assert rows.loc["left_out:no_foot", ["count", "length_m"]].tolist() == [3, 250]
    assert (rows.loc["dead_gate", "osm_id"], rows.loc["dead_gate", "geometry"].x) == (77, 5)
