"""What if, and before and after: scenarios on top of a study, and states held against each other.

A scenario is computed from what its base was computed from: inputs are read once and changed in
memory, and only what a change touches is walked and measured again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

import geopandas as gpd
import pandas as pd

from lifecircle.base.problems import Problem, StudyRefused, UsageError
from lifecircle.base.tables import FACILITIES, conform
from lifecircle.inputs.gather import Inputs, Progress, read_inputs
from lifecircle.inputs.raster_elevation import read_elevation
from lifecircle.inputs.read import with_entrances
from lifecircle.inputs.rule_book import limited_to, study_standard, under_standard, with_options
from lifecircle.inputs.scenario import in_wgs84
from lifecircle.measures.compare import Change, change_between
from lifecircle.measures.compare_people import Cost
from lifecircle.measures.coverage import coverage
from lifecircle.measures.result import Result
from lifecircle.network.build import build_network
from lifecircle.network.network import WalkNetwork
from lifecircle.network.walk import Minutes
from lifecircle.pipeline import policy_of, silent, streets, walked
from lifecircle.scenario import Scenario, is_scenario, load_scenario
from lifecircle.siting.scenario_measures import coverage_again
from lifecircle.siting.scenario_names import Findings, costs_of, unattached
from lifecircle.siting.scenario_streets import Mapped, changed_streets, with_own_lengths
from lifecircle.siting.scenario_tables import changed_demand, changed_facilities
from lifecircle.siting.scenario_walks import Walked, Wanted, touched_services, walk_again
from lifecircle.standards.catalogue import Standard
from lifecircle.standards.extend import extended
from lifecircle.study import Study, load_study

Line: TypeAlias = tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Ground:
    """What a state was computed from, so that a scenario can change it."""

    inputs: Inputs
    mapped: Mapped
    root: Study
    """The study that the first scenario changed."""
    scenarios: tuple[Scenario, ...] = ()


@dataclass(frozen=True)
class State:
    """One side of a comparison: its figures, and what they were computed from where it is known.

    `indicators` is None where nobody asked for them.
    """

    name: str
    title: str
    study: Study
    standard: Standard
    units: gpd.GeoDataFrame
    facilities: gpd.GeoDataFrame
    demand: gpd.GeoDataFrame
    minutes: Minutes
    coverage: pd.DataFrame
    indicators: pd.DataFrame | None
    base_map: gpd.GeoDataFrame
    ground: Ground | None = None
    costs: tuple[Cost, ...] = ()

    @property
    def new_ways(self) -> tuple[Line, ...]:
        """The ways that scenarios add, as longitudes and latitudes in WGS 84."""
        scenarios = () if self.ground is None else self.ground.scenarios
        return tuple(way.line for one in scenarios for way in in_wgs84(one).ways.add)

    @property
    def scenario_files(self) -> tuple[Path, ...]:
        """The scenarios it came about by, in their order."""
        return () if self.ground is None else tuple(one.file for one in self.ground.scenarios)


@dataclass(frozen=True)
class Comparison:
    """One state before, and what changes in each of the others."""

    before: State
    after: tuple[State, ...]
    changes: tuple[Change, ...]


Comparable: TypeAlias = str | Path | Study | Scenario | Result | State


def compare(
    before: Comparable,
    *after: Comparable,
    indicators: bool = True,
    progress: Progress = silent,
) -> Comparison:
    """The change of every figure from `before` to each of `after`; nothing is written.

    Each is the path of a study or of a scenario, one of them as read, or the result of a run.  A
    scenario without a base of its own changes `before`.  `indicators` says whether the target
    table is computed too.  Raises `StudyRefused` or `InputRefused` as `run` does, and where a
    scenario names what is not there or the units are not the same.
    """
    if not after:
        raise UsageError("a comparison needs two states or more")
    desk = _Desk(indicators, progress)
    first = desk.state(before, None)
    states = [_beyond(first, desk.state(one, first)) for one in after]
    others = _named_apart(states, first.name)
    return Comparison(first, others, tuple(change_between(first, one) for one in others))


def _beyond(first: State, other: State) -> State:
    """The other state with nothing but the costs that come after the first one."""
    if first.ground is None or other.ground is None:
        return other
    done = first.ground.scenarios
    further = other.ground.scenarios[: len(done)] == done
    return replace(other, costs=other.costs[len(first.costs) :]) if further else other


def _named_apart(states: Sequence[State], taken: str) -> tuple[State, ...]:
    """The states, with a number after a name that came before."""
    names, apart = [taken], []
    for state in states:
        count = names.count(state.name)
        names.append(state.name)
        apart.append(replace(state, name=f"{state.name}-{count + 1}") if count else state)
    return tuple(apart)


class _Desk:
    """Computes states, each study once."""

    def __init__(self, indicators: bool, progress: Progress) -> None:
        self.indicators, self.progress = indicators, progress
        self.done: dict[Path, State] = {}

    def state(self, of: Comparable, base: State | None) -> State:
        if isinstance(of, State):
            return of
        if isinstance(of, Result):
            return of_result(of)
        if isinstance(of, str | Path):
            path = Path(of)
            path = path / "study.toml" if path.is_dir() else path
            of = load_scenario(path) if is_scenario(path) else load_study(path)
        if isinstance(of, Scenario):
            return self._of_scenario(of, base)
        file = of.file.resolve()
        if file not in self.done:
            self.done[file] = state_of(of, self.indicators, self.progress)
        return self.done[file]

    def _of_scenario(self, scenario: Scenario, base: State | None) -> State:
        if scenario.base is not None:
            base = self.state(scenario.base, None)
        if base is None:
            problem = Problem("scenario_base", "refused", scenario.file.name, column="base")
            raise StudyRefused([problem])
        return what_if(base, scenario, self.indicators, self.progress)


def of_result(result: Result) -> State:
    """The state that a run found."""
    return State(
        name=result.study.study.name,
        title=_title(result.study),
        study=result.study,
        standard=result.standard,
        units=result.units,
        facilities=result.facilities,
        demand=result.demand,
        minutes=result.minutes,
        coverage=result.coverage,
        indicators=result.policy.indicators,
        base_map=result.base_map,
    )


def _title(study: Study) -> str:
    return study.study.title or study.study.name


def state_of(study: Study, indicators: bool = True, progress: Progress = silent) -> State:
    """The state of a study: read, walked and measured."""
    inputs = read_inputs(study, progress)
    ground = Ground(inputs, _mapped(inputs), study)
    return _measured(study, ground, study.study.name, _title(study), indicators, progress)


def what_if(
    base: State, scenario: Scenario, indicators: bool = True, progress: Progress = silent
) -> State:
    """The state after a scenario; figures equal those of a whole run on the changed inputs.

    Raises `StudyRefused` naming what in the scenario cannot be meant.
    """
    ground = base.ground
    if ground is None:
        raise UsageError("a scenario changes a study; the result of a run keeps no inputs")
    chain = (*ground.scenarios, scenario)
    name, title = scenario.name, scenario.title or scenario.name
    costs = (*base.costs, *costs_of(scenario, ground.inputs.facilities))
    if scenario.changes_rule:
        study = changed_study(base.study, scenario)
        inputs = read_inputs(study, progress)
        after = Ground(inputs, _mapped(inputs), ground.root)
        for one in chain:
            after = changed(study, after, one)
        state = _measured(study, after, name, title, indicators, progress)
    else:
        after = changed(base.study, ground, scenario)
        if _can_keep(base, after):
            state = _measured_again(base, after, name, title, indicators, progress)
        else:
            state = _measured(base.study, after, name, title, indicators, progress)
    lost = unattached(scenario, state.facilities, state.minutes, base.study.network.max_attach_m)
    if lost:
        raise StudyRefused(lost)
    return replace(state, costs=costs)


def _can_keep(base: State, after: Ground) -> bool:
    """Whether walks of the base still hold: on the same streets, by the same walkers."""
    if base.ground is None or after.inputs.network is not base.ground.inputs.network:
        return False
    return not base.minutes.parts or after.inputs.services == base.minutes.services


def changed_study(study: Study, scenario: Scenario) -> Study:
    """The study with the options and the standard that the scenario asks for."""
    given = scenario.study.given
    name = given.pop("standard", None)
    if name is not None:
        path = str(scenario.file.parent / name) if name.endswith(".toml") else name
        study = under_standard(study, path)
        study = limited_to(study, study_standard(study))
    if scenario.standard:
        # Checked by itself first, so that a fault is named where it stands.
        extended(study_standard(study), scenario.standard, scenario.file, "standard.")
    own = dict(study.standard)
    for key, value in scenario.standard.items():
        own[key] = [*own[key], *value] if key in own and isinstance(value, list) else value
    options = study.study.model_copy(update=given)
    return with_options(study, study=options, standard=own)


def changed(study: Study, ground: Ground, scenario: Scenario) -> Ground:
    """The inputs after a scenario; the network is the same object where no street changes.

    Raises `StudyRefused` with everything that cannot be meant.
    """
    findings, inputs, mapped = Findings(scenario), ground.inputs, ground.mapped
    there = in_wgs84(scenario)
    network = inputs.network
    if there.changes_streets:
        assert network.crs is not None, "a network from a map has a projection"
        mapped = changed_streets(mapped, there, network.crs, findings)
    ids = inputs.standard.ids
    areas = changed_facilities(inputs.areas, there, ids, findings)
    demand = changed_demand(inputs.demand.table, inputs.units, there, findings)
    if findings.problems:
        raise StudyRefused(findings.problems)
    if there.changes_streets:
        network = _rebuilt(study, inputs, mapped)
        facilities = conform(with_entrances(areas, network), FACILITIES)
    else:
        facilities = changed_facilities(inputs.facilities, there, ids, Findings(scenario))
    services = {*inputs.services, *facilities["service"]}
    after = replace(
        inputs,
        network=network,
        facilities=facilities,
        areas=areas,
        services=tuple(one for one in ids if one in services),
        demand=replace(inputs.demand, table=demand),
        base_map=_redrawn(inputs.base_map, network) if there.changes_streets else inputs.base_map,
    )
    return Ground(after, mapped, ground.root, (*ground.scenarios, scenario))


def _mapped(inputs: Inputs) -> Mapped:
    read = inputs.streets
    return Mapped(read.ways, read.gates, read.let_through, read.squares)


def _rebuilt(study: Study, inputs: Inputs, mapped: Mapped) -> WalkNetwork:
    """The network of changed streets, on the ground and between the barriers there were."""
    old = inputs.network
    assert old.crs is not None
    network = build_network(
        mapped.ways,
        old.crs,
        mapped.gates,
        old.extent,
        old.barriers,
        inputs.streets.delays,
        mapped.squares,
    )
    network = with_own_lengths(network, mapped)
    elevation = study.network.elevation
    return network if elevation is None else read_elevation(elevation.path, network)[0]


def _redrawn(base_map: gpd.GeoDataFrame, network: WalkNetwork) -> gpd.GeoDataFrame:
    """The background with the streets as they are now."""
    around = base_map[base_map["kind"] != "street"]
    lines = gpd.GeoSeries(network.lines, crs=network.crs).to_crs(base_map.crs)
    new = gpd.GeoDataFrame({"kind": "street"}, index=range(len(lines)), geometry=lines)
    return gpd.GeoDataFrame(pd.concat([around, new], ignore_index=True), crs=base_map.crs)


def _measured(
    study: Study, ground: Ground, name: str, title: str, indicators: bool, progress: Progress
) -> State:
    """A state computed from the start."""
    inputs = ground.inputs
    progress("walk")
    minutes = walked(study, inputs, inputs.services, study.network.max_attach_m)
    progress("coverage")
    chosen, ways = study.study.denominators, streets(study, inputs, minutes)
    table = coverage(minutes, inputs.demand.table, inputs.units, inputs.standard, chosen, ways)
    return _state(study, ground, name, title, minutes, table, indicators)


def _measured_again(
    base: State, ground: Ground, name: str, title: str, indicators: bool, progress: Progress
) -> State:
    """A state computed from its base, where the streets and the rule are the same."""
    study, inputs = base.study, ground.inputs
    before = Walked(base.facilities, base.demand, base.minutes)
    progress("walk")
    wanted = Wanted(
        inputs.network,
        inputs.facilities,
        inputs.demand.table,
        inputs.known,
        study.network.max_attach_m,
        study.network.min_component_m,
    )
    minutes = walk_again(before, wanted, inputs.services)
    progress("coverage")
    touched = touched_services(base.facilities, inputs.facilities)
    ways = (
        streets(study, inputs, minutes)
        if touched or inputs.demand.table is not base.demand
        else None
    )
    measured = (minutes, inputs.demand.table, inputs.units, inputs.standard)
    chosen = study.study.denominators
    if inputs.demand.table is base.demand and inputs.services == base.minutes.services:
        table = coverage_again(base.coverage, touched, *measured, chosen, ways)
    else:
        table = coverage(*measured, chosen, ways)
    return _state(study, ground, name, title, minutes, table, indicators)


def _state(
    study: Study,
    ground: Ground,
    name: str,
    title: str,
    minutes: Minutes,
    table: pd.DataFrame,
    indicators: bool,
) -> State:
    inputs = ground.inputs
    lines = policy_of(study, inputs, minutes, table).indicators if indicators else None
    return State(
        name=name,
        title=title,
        study=study,
        standard=inputs.standard,
        units=inputs.units,
        facilities=inputs.facilities,
        demand=inputs.demand.table,
        minutes=minutes,
        coverage=table,
        indicators=lines,
        base_map=inputs.base_map,
        ground=ground,
    )
