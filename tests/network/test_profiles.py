"""Who walks: pace, steps, signals, elevators and slopes, each worked out on paper."""

from __future__ import annotations

import math
from dataclasses import replace

import geopandas as gpd
import numpy as np
import pytest
import shapely

from lifecircle.base.problems import UsageError
from lifecircle.network.build import network_from_arrays
from lifecircle.network.effort import Effort, slope_factor
from lifecircle.network.network import WalkNetwork
from lifecircle.network.profiles import profile_named, profiles
from lifecircle.network.reach import reached_streets
from lifecircle.network.rules import Flag
from lifecircle.network.search import NearestSearch
from lifecircle.network.slopes import densified, with_heights
from lifecircle.network.walk import attach_facilities, walk_minutes
from lifecircle.study import Options

STEPS, RAMP, LIFT = int(Flag.STEPS), int(Flag.STEPS | Flag.RAMP), int(Flag.LIFT)


def minutes(network: WalkNetwork, start: float, goal: float, profile: str) -> float:
    """From (start, 0) to (goal, 0)."""
    demand = gpd.GeoDataFrame({"demand_id": ["d"]}, geometry=[shapely.Point(start, 0)])
    table = {"facility_id": ["f"], "service": ["s"]}
    facility = gpd.GeoDataFrame(table, geometry=[shapely.Point(goal, 0)])
    walks = walk_minutes(network, facility, demand, profile, min_component_m=0)
    return float(walks.minutes[0, 0])


def street(flags: int = 0, steps: float = 0, rise: float = 0, length: float = 900) -> WalkNetwork:
    """Three stretches in a row, 0-1000, 1000-1000+length and 1000 m more; the middle is special."""
    far = 1000 + length
    xy = [(0, 0), (1000, 0), (far, 0), (far + 1000, 0)]
    town = network_from_arrays(xy, [(0, 1), (1, 2), (2, 3)], flags=[0, flags, 0])
    return replace(
        town,
        vertex_steps=np.array([0, 0, 0, steps, 0, 0], dtype=float),
        vertex_z=np.array([0, 0, 0, rise, rise, rise], dtype=float),
    )


def test_the_standard_run_is_1000_m_in_15_minutes_whatever_lies_on_the_way() -> None:
    """Steps, a signal and a climb cost nothing there; so 15 minutes are 1000 m."""
    town = street(STEPS, steps=100, rise=200)
    town = replace(town, node_delay=np.array([0, 1, 2, 0], dtype=np.uint8))
    assert minutes(town, 950, 1950, "standard") == pytest.approx(15, abs=1e-12)


@pytest.mark.parametrize(
    ("profile", "speed"),
    [
        ("adult", 1.2),
        ("elderly", 0.9),
        ("elderly_cautious", 0.7),
        ("caregiver", 0.9),
        ("wheelchair", 0.8),
    ],
)
def test_on_the_flat_minutes_are_metres_by_the_pace(profile: str, speed: float) -> None:
    assert minutes(street(), 100, 2800, profile) == pytest.approx(2700 / speed / 60, abs=1e-12)


def test_steps_take_their_time_each() -> None:
    """40 steps on the way at 0.7 s each; half the stair, half the steps."""
    town = street(STEPS, steps=40)
    flat = 1100 / 0.9
    assert minutes(town, 900, 2000, "elderly") == pytest.approx((flat + 40 * 0.7) / 60)
    assert minutes(town, 1450, 2000, "elderly") == pytest.approx((550 / 0.9 + 20 * 0.7) / 60)


def test_a_wheelchair_takes_no_steps_but_takes_a_ramp() -> None:
    assert minutes(street(STEPS, steps=3), 900, 2000, "wheelchair") == math.inf
    assert minutes(street(RAMP, steps=3), 900, 2000, "wheelchair") == pytest.approx(1100 / 0.8 / 60)
    assert minutes(street(STEPS, steps=3), 900, 2000, "adult") < math.inf


def test_who_cannot_climb_does_not_attach_to_steps() -> None:
    """A door at the foot of a stair counts from the street 40 m away instead."""
    xy = [(0, 40), (2000, 40), (500, 0), (600, 0)]
    town = network_from_arrays(xy, [(0, 1), (2, 3)], flags=[0, STEPS])
    seconds = 60 * minutes(town, 550, 550, "wheelchair")
    assert seconds == pytest.approx(2 * 40 / 0.8)


def test_signals_and_elevators_delay_who_passes_them() -> None:
    """A signal at 1000 m and an elevator at 1900 m; who starts or ends there passes none."""
    town = replace(street(), node_delay=np.array([0, 1, 2, 0], dtype=np.uint8))
    flat = 1100 / 0.9
    assert minutes(town, 900, 2000, "elderly") == pytest.approx((flat + 35 + 60) / 60)
    assert minutes(town, 1000, 1900, "elderly") == pytest.approx(900 / 0.9 / 60)
    assert minutes(town, 1000, 2000, "elderly") == pytest.approx((1000 / 0.9 + 60) / 60)
    assert minutes(town, 1000, 1000, "elderly") == 0


def test_an_elevator_drawn_as_a_way_delays_once() -> None:
    town = street(LIFT)
    assert minutes(town, 900, 2000, "adult") == pytest.approx((1100 / 1.2 + 60) / 60)


def test_slopes_follow_tobler_up_and_down() -> None:
    """10 % over 900 m: 6 exp(−3.5 |s + 0.05|) km/h against the same on the flat."""
    town = street(rise=90)

    def by_hand(slope: float) -> float:
        return 900 / 0.9 * math.exp(-3.5 * 0.05) / math.exp(-3.5 * abs(slope + 0.05))

    assert 60 * minutes(town, 1000, 1900, "elderly") == pytest.approx(by_hand(0.1))
    assert 60 * minutes(town, 1900, 1000, "elderly") == pytest.approx(by_hand(-0.1))
    assert minutes(town, 1000, 1900, "elderly") > minutes(town, 1900, 1000, "elderly")


def test_the_slope_factor_has_toblers_known_values() -> None:
    """5 km/h on the flat, 6 km/h at 5 % downhill, 5 km/h again at 10 % downhill (Tobler 1993)."""
    flat = 6 * math.exp(-3.5 * 0.05)
    assert flat == pytest.approx(5.04, abs=0.01)
    kilometres = flat / slope_factor(np.array([0.0, -0.05, -0.1, 5.0, 1.0]))
    assert kilometres[:3] == pytest.approx([flat, 6.0, flat])
    assert kilometres[3] == kilometres[4], "what is steeper than it is long is an error"


def test_where_no_height_is_known_a_way_is_flat() -> None:
    town = street(rise=np.nan)
    assert minutes(town, 1000, 1900, "adult") == pytest.approx(900 / 1.2 / 60)


def test_the_reached_street_goes_further_downhill() -> None:
    """Ten minutes from a facility in the middle of a slope of 10 %: stretches by Tobler's pace.

    People walk towards the facility, so those above it come downhill.
    """
    town = street(rise=200, length=2000)
    entrances = attach_facilities(
        town, gpd.GeoDataFrame(geometry=[shapely.Point(2000, 0)]), min_component_m=0
    )
    adult = profile_named("adult")
    search = NearestSearch(town, entrances.attachment, adult)
    reached = reached_streets(town, search, np.array([0]), adult.metres_in(10))
    (edge,) = np.flatnonzero(reached.edge == 1)
    up, down = (math.exp(3.5 * (abs(s + 0.05) - 0.05)) for s in (0.1, -0.1))
    assert 1000 - reached.from_m[edge] == pytest.approx(720 / up)
    assert reached.to_m[edge] - 1000 == pytest.approx(720 / down)


def test_rings_in_minutes_are_refused_for_the_standard_run() -> None:
    with pytest.raises(UsageError, match="profile"):
        profile_named("standard").metres_in(10)
    assert profile_named("adult").metres_in(10) == pytest.approx(720)


def test_an_unknown_profile_is_refused_by_name() -> None:
    with pytest.raises(UsageError, match=r"unknown profile 'runner'; known: standard, adult"):
        minutes(street(), 0, 1, "runner")


def test_a_study_may_name_every_profile_and_no_other() -> None:
    assert set(Options.model_fields["profile"].annotation.__args__) == set(profiles())


def test_vertices_in_between_change_no_length() -> None:
    """A street of 900 m with vertices at most 40 m apart; the ends of all edges stay."""
    town = street(STEPS, steps=45)
    dense = densified(town, 40)
    assert np.diff(dense.vertex_start).tolist() == [26, 24, 26]
    assert dense.vertex_along_m[dense.vertex_start[1:] - 1].tolist() == [1000, 900, 1000]
    assert dense.vertex_steps[dense.vertex_start[1:] - 1].tolist() == [0, 45, 0]
    assert minutes(dense, 300, 1700, "elderly") == pytest.approx(
        minutes(town, 300, 1700, "elderly")
    )


def test_a_bridge_over_a_valley_is_straight() -> None:
    """Ground at 0, −20 and 10 m under a bridge: its deck rises from 0 to 10 m."""
    bridge = densified(
        network_from_arrays([(0, 0), (100, 0)], [(0, 1)], flags=[int(Flag.OFF_GROUND)]), 50
    )
    assert with_heights(bridge, np.array([0.0, -20.0, 10.0])).vertex_z.tolist() == [0, 5, 10]
    street = replace(bridge, flags=np.zeros(1, dtype=np.uint8))
    assert with_heights(street, np.array([0.0, -20.0, 10.0])).vertex_z.tolist() == [0, -20, 10]


def test_effort_along_an_edge_and_back_is_one() -> None:
    """From a place to its effort and back again, on random edges with steps and slopes."""
    rng = np.random.default_rng(5)
    town = densified(street(STEPS, steps=45, rise=70), 30)
    town = replace(town, vertex_z=rng.uniform(0, 8, len(town.vertex_z)))
    effort = Effort(town, profile_named("adult"))
    edge = rng.integers(0, 3, 200)
    offset = rng.random(200) * town.length_m[edge]
    away, back = effort.at(edge, offset)
    assert effort.offset(edge, away, back=False) == pytest.approx(offset, abs=1e-6)
    assert effort.offset(edge, back, back=True) == pytest.approx(offset, abs=1e-6)
