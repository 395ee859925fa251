"""Who gains and who loses between two states, and where: place by place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import geopandas as gpd
import numpy as np
import pandas as pd

from lifecircle.base.compare_tables import PEOPLE
from lifecircle.base.geo import Floats
from lifecircle.base.problems import Problem
from lifecircle.base.tables import conform
from lifecircle.measures.coverage import CITY, Groups
from lifecircle.measures.grounds import PointReach, Points, least
from lifecircle.measures.questions import Question, intersections, questions
from lifecircle.network.network import Ints, Mask
from lifecircle.network.walk import Minutes
from lifecircle.standards.catalogue import Standard
from lifecircle.study import Study

Bounds = Mapping[tuple[str, str, str, str], tuple[float, float]]
"""By unit, level, service and denominator: the least and the most weight newly covered."""

KEY = ["unit_id", "level", "service", "denominator"]
LEAST_M = 1e-3
"""Walks that differ by less are the same walk."""


@dataclass(frozen=True)
class Cost:
    """What one change costs, and the services it is made for; none where it is made for all."""

    money: float
    services: frozenset[str] = frozenset()

    def concerns(self, names: set[str]) -> bool:
        """Whether it is made for one of some services."""
        return not self.services or bool(self.services & names)


class Places(Protocol):
    """What is asked of a state."""

    @property
    def study(self) -> Study:
        """The study, with the options it was computed with."""

    @property
    def standard(self) -> Standard:
        """Its standard."""

    @property
    def units(self) -> gpd.GeoDataFrame:
        """UNITS."""

    @property
    def demand(self) -> gpd.GeoDataFrame:
        """DEMAND."""

    @property
    def minutes(self) -> Minutes:
        """The walks."""

    @property
    def costs(self) -> Sequence[Cost]:
        """What its changes cost."""


@dataclass(frozen=True)
class Seen:
    """What one service is to n places in one state: covered, unknown, how far, by which rule."""

    covered: Mask
    unknown: Mask
    metres: Floats
    limit_m: Floats
    border_m: Floats
    walkers: frozenset[str]

    def of(self, rows: Ints) -> Seen:
        """Some of the places."""
        return Seen(
            self.covered[rows],
            self.unknown[rows],
            self.metres[rows],
            self.limit_m[rows],
            self.border_m[rows],
            self.walkers,
        )


@dataclass(frozen=True)
class Turn:
    """One service before and after, for the places that both states have."""

    before: Seen
    after: Seen

    @property
    def gained(self) -> Mask:
        """Not covered before, covered after."""
        return ~self.before.covered & ~self.before.unknown & self.after.covered

    @property
    def lost(self) -> Mask:
        """Covered before, not covered after."""
        return self.before.covered & ~self.after.covered & ~self.after.unknown

    @property
    def _open(self) -> Mask:
        """Unknown on both sides, and not for the same reason."""
        one, two = self.before, self.after
        same = (one.limit_m == two.limit_m) & (one.border_m == two.border_m)
        same &= one.walkers == two.walkers
        return np.asarray(one.unknown & two.unknown & ~same)

    @property
    def may_gain(self) -> Mask:
        """Covered after and unknown before, or unknown after and not covered before."""
        one, two = self.before, self.after
        fresh = two.unknown & ~one.unknown & ~one.covered
        return (one.unknown & two.covered) | fresh | self._open

    @property
    def may_lose(self) -> Mask:
        """Covered before and unknown after, or unknown before and not covered after."""
        one, two = self.before, self.after
        gone = one.unknown & ~two.unknown & ~two.covered
        return (one.covered & two.unknown) | gone | self._open


@dataclass(frozen=True)
class Followed:
    """What became of single places: the PEOPLE table, bounds, and who turned.

    `turned` has for each service the rows of the later DEMAND that gain and that lose.
    """

    people: pd.DataFrame | None
    bounds: Bounds
    turned: Mapping[str, tuple[Ints, Ints]]
    notes: tuple[Problem, ...] = ()


def followed(before: Places, after: Places) -> Followed:
    """Every place followed from one state to the other; nothing where none is in common.

    Places are the same where their ids are; the weights are those after.  Bounds are known where
    both states have the same places with the same weights.
    """
    rows = common_rows(before.demand, after.demand)
    if len(rows[0]) == 0:
        return Followed(None, {}, {}, (Problem("compare_places", "noted", "demand"),))
    whole = len(rows[0]) == len(before.demand) == len(after.demand)
    groups, points = Groups(after.units, after.minutes), Points(*_asked(after))
    group_of = {one.id: one.group for one in _questions(after)}
    chosen = after.study.study.denominators
    tables: list[pd.DataFrame] = []
    bounds: dict[tuple[str, str, str, str], tuple[float, float]] = {}
    found = turns(before, after, rows)
    for name, turn in found.items():
        for weight in points.denominators(group_of.get(name), chosen):
            old, new = _weights(before, weight, rows[0]), _weights(after, weight, rows[1])
            table = _table(turn, new, points.unit[rows[1]], groups)
            tables.append(table.assign(service=name, denominator=weight))
            if whole and np.array_equal(old, new):
                bounds |= _bounds(tables[-1])
    table = _with_costs(pd.concat(tables, ignore_index=True), after)
    moved = (table[["gained", "lost", "may_gain", "may_lose", "nearer", "farther"]] > 0).any(axis=1)
    turned = {name: (rows[1][turn.gained], rows[1][turn.lost]) for name, turn in found.items()}
    return Followed(conform(table[moved], PEOPLE), bounds, turned)


def common_rows(before: gpd.GeoDataFrame, after: gpd.GeoDataFrame) -> tuple[Ints, Ints]:
    """The rows of the places that both tables have, in the order of the second."""
    ids = pd.Series(np.arange(len(before)), index=before["demand_id"].to_numpy())
    number = ids.reindex(after["demand_id"].to_numpy(), fill_value=-1).to_numpy(dtype=np.int64)
    there = np.flatnonzero(number >= 0)
    return number[there], there


def turns(before: Places, after: Places, rows: tuple[Ints, Ints]) -> dict[str, Turn]:
    """Each service, headline and intersection that both states know, place by place."""
    one, two = seen(before), seen(after)
    return {name: Turn(one[name].of(rows[0]), two[name].of(rows[1])) for name in one if name in two}


def seen(side: Places) -> dict[str, Seen]:
    """What each service, headline and intersection is to every place of a state."""
    minutes, demand = side.minutes, side.demand
    points, asked = Points(*_asked(side)), _questions(side)
    found = {}
    for question in asked:
        columns = [minutes.services.index(one) for one in question.members]
        reach = points.reach(question)
        found[question.id] = Seen(
            reach.covered,
            reach.unknown,
            least(minutes.metres, columns),
            question.limit_m[points.unit],
            least(minutes.border_m, columns),
            frozenset(minutes.of(one).profile for one in question.members),
        )
    for combination, _ in intersections(side.standard, asked):
        members = [found[one] for one in combination.members]
        reach = points.all_of([PointReach(m.covered, m.unknown, m.covered) for m in members])
        found[combination.id] = Seen(
            reach.covered,
            reach.unknown,
            np.full(len(demand), np.nan),
            np.sum([one.limit_m for one in members], axis=0),
            np.min([one.border_m for one in members], axis=0),
            frozenset.union(*(one.walkers for one in members)),
        )
    return found


def _asked(side: Places) -> tuple[Minutes, gpd.GeoDataFrame, gpd.GeoDataFrame]:
    return side.minutes, side.demand, side.units


def _questions(side: Places) -> list[Question]:
    return questions(side.standard, side.minutes.services, side.units)


def _weights(side: Places, weight: str, rows: Ints) -> Floats:
    values: Floats = side.demand[weight].fillna(0).to_numpy(dtype=float)[rows]
    return values


def _table(turn: Turn, weights: Floats, unit: Ints, groups: Groups) -> pd.DataFrame:
    """The sums and means of one service over one weight, a row for each unit and the city."""

    def summed(values: Floats) -> Floats:
        of_unit = np.bincount(unit, values, len(groups.rows))
        return np.array([of_unit[members].sum() for members in groups.members])

    def mean(who: Mask, metres: Floats) -> Floats:
        who = who & np.isfinite(metres)
        people = summed(weights * who)
        total = summed(np.where(who, metres, 0.0) * weights)
        nobody = np.full(len(total), np.nan)
        return np.asarray(np.divide(total, people, out=nobody, where=people > 0))

    before, after = turn.before.metres, turn.after.metres
    with np.errstate(invalid="ignore"):
        saved = before - after
    nearer, farther = before > after + LEAST_M, after > before + LEAST_M
    return groups.rows.assign(
        gained=summed(weights * turn.gained),
        lost=summed(weights * turn.lost),
        may_gain=summed(weights * turn.may_gain),
        may_lose=summed(weights * turn.may_lose),
        gained_before_m=mean(turn.gained, before),
        gained_after_m=mean(turn.gained, after),
        lost_before_m=mean(turn.lost, before),
        lost_after_m=mean(turn.lost, after),
        nearer=summed(weights * nearer),
        nearer_m=mean(nearer, saved),
        farther=summed(weights * farther),
        farther_m=mean(farther, -saved),
    )


def _bounds(table: pd.DataFrame) -> dict[tuple[str, str, str, str], tuple[float, float]]:
    keys = zip(*(table[name] for name in KEY), strict=True)
    low = table["gained"] - table["lost"] - table["may_lose"]
    high = table["gained"] + table["may_gain"] - table["lost"]
    return dict(zip(keys, zip(low, high, strict=True), strict=True))


def _with_costs(table: pd.DataFrame, after: Places) -> pd.DataFrame:
    """The cost beside the figures of the city: what it takes to serve one more."""
    costs = {name: _cost(after, name) for name in table["service"].unique()}
    cost = table["service"].map(costs).where(table["level"] == CITY)
    net = table["gained"] - table["lost"]
    return table.assign(cost=cost, cost_per_gained=cost / net.where(net > 0))


def _cost(after: Places, name: str) -> float:
    """What the changes cost that concern a service, a headline or an intersection."""
    below = {one.id: one.members for one in after.standard.combinations}
    below |= {one.id: one.members for one in after.standard.headlines}
    names = {name}
    for _ in range(2):  # a combination has headlines, a headline services
        names |= {member for one in names for member in below.get(one, ())}
    return sum(cost.money for cost in after.costs if cost.concerns(names)) or np.nan
