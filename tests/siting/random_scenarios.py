"""Scenarios drawn at random on a small cut of the demo town, for tests and campaigns."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from lifecircle.base.problems import StudyRefused
from lifecircle.inputs.rule_book import with_options
from lifecircle.pipeline import silent
from lifecircle.scenario import Scenario
from lifecircle.what_if import Ground, State, _measured, what_if

KEPT = ("health_centre", "health_station", "culture_station", "elder_daycare", "wet_market")
PLACES = 500
MATRICES = ("metres", "straight_m", "minutes", "border_m", "facility_id")


def small(base: State, *denominators: str) -> State:
    """The town with every seventeenth place and five services; by default over residents."""
    assert base.ground is not None
    inputs = base.ground.inputs
    demand = inputs.demand.table
    demand = demand.iloc[:: len(demand) // PLACES].reset_index(drop=True)

    def kept(table: Any) -> Any:
        return table[table["service"].isin(KEPT)].reset_index(drop=True)

    inputs = replace(
        inputs,
        facilities=kept(inputs.facilities),
        areas=kept(inputs.areas),
        services=tuple(one for one in inputs.services if one in KEPT),
        demand=replace(inputs.demand, table=demand),
    )
    chosen = base.study.study.model_copy(update={"denominators": denominators or ("residents",)})
    study = with_options(base.study, study=chosen)
    ground = Ground(inputs, base.ground.mapped, study)
    return _measured(study, ground, "small", "small", False, silent)


def whole_run(base: State, state: State) -> State:
    """The same state computed from the start."""
    assert state.ground is not None
    return _measured(base.study, state.ground, state.name, state.title, False, silent)


def differences(one: State, other: State) -> list[str]:
    """What is not the same to the last bit."""
    found = [
        name
        for name in MATRICES
        if not np.array_equal(getattr(one.minutes, name), getattr(other.minutes, name))
    ]
    for part in ("attachment", "entrances"):
        first, second = getattr(one.minutes, part), getattr(other.minutes, part)
        names = ("edge", "offset_m", "leg_m") if part == "attachment" else ("x", "y", "row")
        found += [
            f"{part}.{name}"
            for name in names
            if not np.array_equal(getattr(first, name), getattr(second, name), equal_nan=True)
        ]
    if not one.coverage.equals(other.coverage):
        found.append("coverage")
    return found


def random_scenario(base: State, seed: int, streets: bool = True) -> tuple[Scenario, State]:
    """A scenario that can be meant, and the state it leads to; the same for the same seed."""
    dice = np.random.default_rng(seed)
    while True:
        drawn = [draw(base, dice) for draw in dice.choice(DRAWS if streets else TABLES, 3)]
        content: dict[str, Any] = {"name": "drawn"}
        for table, key, change in drawn:
            if key:
                content.setdefault(table, {}).setdefault(key, []).append(change)
            else:
                content.setdefault(table, []).append(change)
        scenario = Scenario.model_validate(content)
        try:
            return scenario, what_if(base, scenario, indicators=False)
        except StudyRefused:
            continue


def _place(base: State, dice: np.random.Generator) -> tuple[float, float]:
    at = base.demand.geometry.iloc[int(dice.integers(len(base.demand)))]
    lon, lat = dice.normal((at.x, at.y), 0.002)
    return float(lon), float(lat)


def _facility(base: State, dice: np.random.Generator) -> str:
    return str(base.facilities["facility_id"].iloc[int(dice.integers(len(base.facilities)))])


def added(base: State, dice: np.random.Generator) -> tuple[str, str, Any]:
    lon, lat = _place(base, dice)
    services = dice.choice(KEPT, int(dice.integers(1, 3)), replace=False).tolist()
    return "facilities", "add", {"name": "新", "service": services, "lon": lon, "lat": lat}


def closed(base: State, dice: np.random.Generator) -> tuple[str, str, Any]:
    return "facilities", "close", {"facility": _facility(base, dice)}


def moved(base: State, dice: np.random.Generator) -> tuple[str, str, Any]:
    lon, lat = _place(base, dice)
    return "facilities", "move", {"facility": _facility(base, dice), "lon": lon, "lat": lat}


def enlarged(base: State, dice: np.random.Generator) -> tuple[str, str, Any]:
    return "facilities", "enlarge", {"facility": _facility(base, dice), "beds": 80.0}


def homes(base: State, dice: np.random.Generator) -> tuple[str, str, Any]:
    lon, lat = _place(base, dice)
    people = float(dice.integers(1, 3000))
    return "population", "", {"lon": lon, "lat": lat, "residents": people}


def grown(base: State, dice: np.random.Generator) -> tuple[str, str, Any]:
    unit = str(base.units["name"].iloc[int(dice.integers(len(base.units)))])
    return "population", "", {"unit": unit, "residents": float(dice.integers(1, 2000))}


def gate(base: State, dice: np.random.Generator) -> tuple[str, str, Any]:
    assert base.ground is not None
    nodes = sorted(base.ground.mapped.gates)
    state = str(dice.choice(["open", "shut"]))
    return "gates", "", {"node": int(nodes[int(dice.integers(len(nodes)))]), "state": state}


def bridge(base: State, dice: np.random.Generator) -> tuple[str, str, Any]:
    """A footbridge between two places of streets, up to a kilometre apart."""
    assert base.ground is not None
    ways = base.ground.mapped.ways
    first = int(dice.integers(len(ways.node)))
    near = np.flatnonzero(np.hypot(ways.lon - ways.lon[first], ways.lat - ways.lat[first]) < 0.01)
    second = int(dice.choice(near))
    line = [[float(ways.lon[one]), float(ways.lat[one])] for one in (first, second)]
    return "ways", "add", {"name": "桥", "line": line, "footbridge": True, "steps": 40}


def shut(base: State, dice: np.random.Generator) -> tuple[str, str, Any]:
    assert base.ground is not None
    ids = np.unique(base.ground.mapped.ways.way_id)
    return "ways", "close", {"way": int(dice.choice(ids))}


TABLES = np.array([added, closed, moved, enlarged, homes, grown], dtype=object)
DRAWS = np.concatenate([TABLES, np.array([gate, bridge, shut], dtype=object)])
