"""Facilities that are near and far too small for the people around them.

The measure is the two-step floating catchment area (Luo & Wang 2003): each facility's capacity is
shared among all people within its limit, and a place has the shares of all facilities it reaches.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files

import numpy as np

from lifecircle.base.geo import Floats
from lifecircle.base.model import Model
from lifecircle.measures.grounds import TOLERANCE_M, Points
from lifecircle.measures.questions import Question
from lifecircle.measures.result import Result
from lifecircle.measures.supply import Pairs, floating_catchment, walks_within
from lifecircle.network.network import Ints
from lifecircle.standards.catalogue import Confidence, Id

FAR_BELOW = 0.5
"""People whose share is below this part of the need have a capacity gap."""


class Need(Model):
    """How much of a capacity 1,000 people need, and where that is written."""

    service: Id
    capacity: str
    per_1000: float
    of: str
    source: str
    confidence: Confidence


class _Needs(Model):
    needs: tuple[Need, ...]


@dataclass(frozen=True)
class Shortage:
    """Demand points (rows) with a facility near whose share of its capacity is far below need."""

    question: Question
    need: Need
    points: Ints
    per_1000: Floats
    missing: Floats


@cache
def needs() -> tuple[Need, ...]:
    """The needs that are known."""
    text = files("lifecircle.siting").joinpath("needs.toml").read_text(encoding="utf-8")
    return _Needs.model_validate(tomllib.loads(text)).needs


def shortages(result: Result, asked: Iterable[Question]) -> list[Shortage]:
    """The shortages of every service with a known need and known capacities."""
    by_id = {question.id: question for question in asked}
    found = []
    for need in needs():
        question = by_id.get(need.service)
        carried = result.demand[need.of].sum() > 0
        known = result.facilities["service"] == need.service
        if question and carried and result.facilities.loc[known, need.capacity].notna().any():
            found.append(_shortage(result, question, need))
    return found


def _shortage(result: Result, question: Question, need: Need) -> Shortage:
    """Points near a facility of unknown capacity are left out: nothing is known of them."""
    people = result.demand[need.of].fillna(0).to_numpy(dtype=float)
    rows = np.flatnonzero((result.facilities["service"] == need.service).to_numpy())
    capacity = result.facilities[need.capacity].to_numpy(dtype=float)[rows]
    points = Points(result.minutes, result.demand, result.units)
    pairs = _within_limits(result, question.limit_m[points.unit], rows)
    access = floating_catchment(pairs, capacity, people, np.ones_like).access
    unknown = np.zeros(len(people), dtype=bool)
    unknown[pairs.place[np.isnan(capacity)[pairs.facility]]] = True
    covered = points.reach(question).covered
    far_below = 1000 * access < FAR_BELOW * need.per_1000
    short = np.flatnonzero(covered & ~unknown & (people > 0) & far_below)
    missing = people[short] * (need.per_1000 / 1000 - access[short])
    return Shortage(question, need, short, 1000 * access[short], missing)


def _within_limits(result: Result, limit_m: Floats, rows: Ints) -> Pairs:
    """Walks to the facilities within the limit of each point's unit."""
    longest = float(np.nanmax(limit_m, initial=0.0))
    pairs = walks_within(result.network, result.minutes, result.facilities, rows, longest)
    near = pairs.metres <= limit_m[pairs.place] + TOLERANCE_M
    return replace(
        pairs,
        place=pairs.place[near],
        facility=pairs.facility[near],
        metres=pairs.metres[near],
    )
