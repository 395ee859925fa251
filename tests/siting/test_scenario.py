"""Scenarios: what is walked again equals a run from the start, and relations that must hold."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from random_scenarios import differences, random_scenario, small, whole_run

import lifecircle as lc
from lifecircle.demo import copy_town
from lifecircle.scenario import Scenario
from lifecircle.what_if import State, state_of, what_if

SEED = 20251101


@pytest.fixture(scope="module")
def town() -> State:
    """The whole demo town, without indicators."""
    folder = Path(tempfile.mkdtemp())
    return state_of(lc.load_study(copy_town(folder)), indicators=False)


@pytest.fixture(scope="module")
def base(town: State) -> State:
    """A small cut of it."""
    return small(town)


def scenario(**content: object) -> Scenario:
    return Scenario.model_validate({"name": "test", **content})


CANTEEN = {"name": "东渡食堂", "service": "wet_market", "lon": 121.592, "lat": 31.299}


@pytest.mark.parametrize("number", range(30))
def test_what_is_walked_again_equals_a_run_from_the_start(base: State, number: int) -> None:
    """Walks, attachments and coverage of a random scenario to the last bit; the seed is shown."""
    drawn, state = random_scenario(base, SEED + number, streets=False)
    assert not differences(state, whole_run(base, state)), f"seed {SEED + number}: {drawn}"


def test_streets_are_measured_again_as_from_the_start(town: State) -> None:
    """Metres of street within the limit are a denominator too."""
    base = small(town, "residents", "walkable_street_m")
    for seed in (SEED, SEED + 1):
        drawn, state = random_scenario(base, seed, streets=False)
        assert not differences(state, whole_run(base, state)), f"seed {seed}: {drawn}"


def test_a_facility_more_lowers_no_share_and_lengthens_no_walk(base: State) -> None:
    """Beside people who walk farthest: these at least are newly covered."""
    metres = base.minutes.metres[:, base.minutes.services.index("health_station")]
    people = base.demand["residents"].fillna(0).to_numpy()
    for number in np.lexsort((people, np.where(people > 0, metres, 0)))[-5:]:
        place = base.demand.geometry.iloc[number]
        new = {"name": "新", "service": "health_station", "lon": place.x, "lat": place.y}
        after = what_if(base, scenario(facilities={"add": [new]}), indicators=False)
        assert (after.minutes.metres <= base.minutes.metres).all()
        gain = after.coverage["covered"].to_numpy() - base.coverage["covered"].to_numpy()
        assert np.nanmin(gain) >= 0 and np.nanmax(gain) >= people[number]


@pytest.mark.parametrize("apart", [False, True], ids=["in one scenario", "one after the other"])
def test_added_and_closed_again_is_the_start(base: State, apart: bool) -> None:
    """Every table equals that of the start, to the last bit."""
    add, close = {"add": [CANTEEN]}, {"close": [{"facility": "东渡食堂"}]}
    steps = [add, close] if apart else [add | close]
    state = base
    for step in steps:
        state = what_if(state, scenario(facilities=step), indicators=False)
    assert not differences(state, base)
    pd.testing.assert_frame_equal(state.facilities, base.facilities, check_exact=True)
    if apart:
        middle = what_if(base, scenario(facilities=add), indicators=False)
        assert not middle.coverage.equals(base.coverage)


def test_a_gate_opened_and_shut_again_is_the_start(base: State) -> None:
    assert base.ground is not None
    gates = base.ground.mapped.gates
    node = next(one for one, state in sorted(gates.items()) if state == "private")
    opened = what_if(base, scenario(gates=[{"node": node, "state": "open"}]), indicators=False)
    assert (opened.minutes.metres <= base.minutes.metres + 1e-6).all()
    back = what_if(opened, scenario(gates=[{"node": node, "state": "private"}]), indicators=False)
    assert not differences(back, base)


def test_a_facility_of_a_scenario_is_one_of_a_file(town: State, tmp_path: Path) -> None:
    """The same canteen as a row of one more file of the study, read and run as a whole."""
    file = copy_town(tmp_path)
    table = 'service = "wet_market"\ndatum = "wgs84"\nname = "name"\nlon = "lon"\nlat = "lat"\n'
    source = f'\n[[facilities]]\npath = "more.csv"\n{table}'
    file.write_text(
        file.read_text("utf-8").replace("\n[[demand]]", source + "\n[[demand]]", 1), "utf-8"
    )
    pd.DataFrame([CANTEEN])[["name", "lon", "lat"]].to_csv(tmp_path / "more.csv", index=False)
    run = state_of(lc.load_study(file), indicators=False)
    after = what_if(town, scenario(facilities={"add": [CANTEEN]}), indicators=False)
    pd.testing.assert_frame_equal(after.coverage, run.coverage, check_exact=True)
    assert np.array_equal(after.minutes.metres, run.minutes.metres)


def test_places_may_be_of_a_chinese_map(base: State) -> None:
    """The canteen's place as GCJ-02 (by the package's own shift, tested elsewhere)."""
    from lifecircle.inputs.datum import wgs84_to_gcj02

    lon, lat = wgs84_to_gcj02(np.array([CANTEEN["lon"]]), np.array([CANTEEN["lat"]]))
    shifted = CANTEEN | {"lon": float(lon[0]), "lat": float(lat[0])}
    one = what_if(base, scenario(facilities={"add": [CANTEEN]}), indicators=False)
    other = what_if(base, scenario(datum="gcj02", facilities={"add": [shifted]}), indicators=False)
    np.testing.assert_allclose(one.minutes.metres, other.minutes.metres, atol=1e-3)


def test_people_more_in_a_unit_change_sums_and_no_walk(base: State) -> None:
    """Twice the residents of one unit: total and covered of that unit double, shares stay."""
    rows = base.coverage[base.coverage["denominator"] == "residents"]
    own = rows[(rows["unit_name"] == "东渡街道") & (rows["service"] == "wet_market")].iloc[0]
    more = {"unit": "东渡街道", "residents": own["total"]}
    after = what_if(base, scenario(population=[more]), indicators=False)
    assert np.array_equal(after.minutes.metres, base.minutes.metres)
    table = after.coverage[after.coverage["denominator"] == "residents"]
    now = table[(table["unit_name"] == "东渡街道") & (table["service"] == "wet_market")].iloc[0]
    assert now["total"] == pytest.approx(2 * own["total"])
    assert now["covered"] == pytest.approx(2 * own["covered"])


def test_new_homes_count_where_they_stand(base: State) -> None:
    """2048 people on top of a health centre: total and covered of its unit rise by 2048."""
    centre = base.facilities[base.facilities["service"] == "health_centre"]
    inside = centre[centre.geometry.within(base.units.union_all())]
    place = inside.geometry.iloc[0].centroid
    new = {"lon": place.x, "lat": place.y, "residents": 2048, "name": "新小区"}
    after = what_if(base, scenario(population=[new]), indicators=False)
    city = [
        table[
            (table["level"] == "city")
            & (table["denominator"] == "residents")
            & (table["service"] == "health_centre")
        ].iloc[0]
        for table in (base.coverage, after.coverage)
    ]
    for column in ("total", "covered"):
        assert city[1][column] - city[0][column] == pytest.approx(2048)


def test_a_limit_of_the_scenario_is_the_studys_own(town: State, tmp_path: Path) -> None:
    """Markets within 900 m: covered is who walks at most 900 m in the base."""
    rule = {"services": [{"id": "wet_market", "limit_m": 900.0}]}
    after = what_if(town, scenario(standard=rule), indicators=False)
    table = after.coverage[after.coverage["service"] == "wet_market"]
    city = table[(table["level"] == "city") & (table["denominator"] == "residents")].iloc[0]
    assert city["limit_m"] == 900
    metres = town.minutes.metres[:, town.minutes.services.index("wet_market")]
    people = town.demand["residents"].fillna(0).to_numpy()
    assert city["covered"] == pytest.approx(people[metres <= 900].sum())
