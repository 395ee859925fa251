"""Facilities that are near and far too small for the people around them.

The measure is the two-step floating catchment area (Luo & Wang 2003): each facility's capacity is
shared among all people within its limit, and a place has the shares of all facilities it reaches.
What people need is the norm of the capacities in the policy's targets (`supplies`), counted over
the people that the norm is written for.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from lifecircle.base.geo import Floats
from lifecircle.measures.grounds import TOLERANCE_M, Points
from lifecircle.measures.questions import Question
from lifecircle.measures.result import Result
from lifecircle.measures.supply import Pairs, floating_catchment, walks_within
from lifecircle.network.network import Ints
from lifecircle.network.walk import Minutes
from lifecircle.siting.point_sets import PointSets
from lifecircle.standards.indicators import SupplyRule

FAR_BELOW = 0.5
"""People whose share is below this part of the need have a capacity gap."""


@dataclass(frozen=True)
class Shortage:
    """Demand points (rows) with a facility near whose share of its capacity is far below need.

    `per_1000` is what each point shares, `missing` what its people lack.
    """

    question: Question
    rule: SupplyRule
    points: Ints
    people: Floats
    per_1000: Floats
    missing: Floats

    def of_patches(self, patches: PointSets) -> pd.DataFrame:
        """What is short in patches of these points, a row for each."""
        patch, order = patches.number, np.searchsorted(self.points, patches.point)
        people = self.people[order]
        total = np.bincount(patch, people)
        shared = np.bincount(patch, people * self.per_1000[order])
        columns = {
            "capacity": self.rule.capacity,
            "capacity_per_1000": shared / total,
            "need_per_1000": self.rule.norm,
            "need_of": self.rule.norm_of,
            "need_source": self.rule.clause,
            "capacity_missing": np.bincount(patch, self.missing[order]),
        }
        return pd.DataFrame(columns)


def shortages(
    result: Result, asked: Iterable[Question], supplies: Sequence[SupplyRule]
) -> list[Shortage]:
    """The shortages of every capacity with a norm, known capacities and known people.

    Services that share a norm share a capacity; the shortage stands at the first of them.
    """
    by_id = {question.id: question for question in asked}
    found = []
    for rule in supplies:
        measured = [name for name in rule.services if name in result.minutes.services]
        question = by_id.get(measured[0]) if measured else None
        offered = result.facilities[result.facilities["service"].isin(measured)]
        carried = result.demand[rule.norm_of].sum() > 0 and offered[rule.capacity].notna().any()
        if question and rule.norm and carried:
            shared = [by_id.get(name, question) for name in measured]
            found.append(_shortage(result, _shared(question, shared), rule))
    return found


def _shared(first: Question, questions: Sequence[Question]) -> Question:
    """The services together, each unit's longest limit for all of them."""
    limits = []
    for own in zip(*(question.limits for question in questions), strict=True):
        known = [limit for limit in own if limit is not None]
        limits.append(max(known, key=lambda limit: limit.limit_m) if known else None)
    members = tuple(dict.fromkeys(one for question in questions for one in question.members))
    return replace(first, members=members, limits=tuple(limits), services=members)


def _shortage(result: Result, question: Question, rule: SupplyRule) -> Shortage:
    """Points near a facility of unknown capacity are left out: nothing is known of them."""
    need = float(rule.norm or 0)
    people = result.demand[rule.norm_of].fillna(0).to_numpy(dtype=float)
    offered = result.facilities[result.facilities["service"].isin(question.members)]
    once = offered.drop_duplicates("facility_id").index
    rows = np.flatnonzero(result.facilities.index.isin(once))
    capacity = result.facilities[rule.capacity].to_numpy(dtype=float)[rows]
    points = Points(result.minutes, result.demand, result.units)
    minutes = result.minutes.of(question.services[0])
    pairs = _within_limits(result, minutes, question.limit_m[points.unit], rows)
    access = floating_catchment(pairs, capacity, people, np.ones_like).access
    unknown = np.zeros(len(people), dtype=bool)
    unknown[pairs.place[np.isnan(capacity)[pairs.facility]]] = True
    covered = points.reach(question).covered
    short = np.flatnonzero(covered & ~unknown & (people > 0) & (1000 * access < FAR_BELOW * need))
    missing = people[short] * (need / 1000 - access[short])
    return Shortage(question, rule, short, people[short], 1000 * access[short], missing)


def _within_limits(result: Result, minutes: Minutes, limit_m: Floats, rows: Ints) -> Pairs:
    """Walks to the facilities within the limit of each point's unit."""
    longest = float(np.nanmax(limit_m, initial=0.0))
    pairs = walks_within(result.network, minutes, result.facilities, rows, longest)
    near = pairs.metres <= limit_m[pairs.place] + TOLERANCE_M
    return replace(
        pairs,
        place=pairs.place[near],
        facility=pairs.facility[near],
        metres=pairs.metres[near],
    )
