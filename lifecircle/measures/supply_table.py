"""Supply against demand for every unit: capacities, norms, gaps, and who is covered but short."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from lifecircle.base.geo import Floats
from lifecircle.base.policy_tables import SUPPLY
from lifecircle.base.problems import Problem
from lifecircle.base.tables import conform
from lifecircle.measures.capacity_lines import capacity_of_units
from lifecircle.measures.facts import Facts
from lifecircle.measures.supply import (
    METHODS,
    Pairs,
    Supply,
    floating_catchment,
    walks_within,
)
from lifecircle.network.network import Ints
from lifecircle.standards.indicators import SupplyRule, Targets

NEARLY = 1 - 1e-9


@dataclass(frozen=True)
class Supplies:
    """The SUPPLY table; `access` for every demand point, a column `supply_method` each."""

    table: pd.DataFrame
    access: pd.DataFrame
    problems: tuple[Problem, ...]


@dataclass(frozen=True)
class _Case:
    """One capacity with its walks: what the three methods share."""

    rule: SupplyRule
    limit_m: float
    pairs: Pairs
    capacity: Floats
    people: Floats
    rows: Ints


def supplies(targets: Targets, facts: Facts) -> Supplies:
    """Every capacity of `targets` that the data has, by the three methods.

    The catchment is the longest limit among its services.  `served_share` is the share of the
    group whose places can count on as much as the norm asks for each person of the group in the
    city, or on the city's own mean where no norm is published.
    """
    tables: list[pd.DataFrame] = []
    notes: list[Problem] = []
    access = {"demand_id": facts.demand["demand_id"].to_numpy()}
    for rule in targets.supplies:
        case = _case(rule, facts)
        if case is None:
            notes.append(_missing(rule))
            continue
        for method, weight in METHODS.items():
            found = floating_catchment(case.pairs, case.capacity, case.people, weight(case.limit_m))
            access[f"{rule.id}_{method}"] = found.access
            tables.append(_table(case, found, facts).assign(method=method))
            if method == next(iter(METHODS)):
                notes += _unreached(case, found, facts)
    empty = pd.DataFrame(columns=SUPPLY.names)
    table = pd.concat(tables, ignore_index=True) if tables else empty
    return Supplies(conform(table, SUPPLY), pd.DataFrame(access), tuple(notes))


def _case(rule: SupplyRule, facts: Facts) -> _Case | None:
    """None where the services, their capacities or the group are not in the data."""
    people, rows = facts.people(rule.group), facts.once_each(rule.services)
    there = set(rule.services) & set(facts.minutes.services)
    capacity = facts.facilities[rule.capacity].to_numpy(dtype=float)[rows]
    if people is None or not there or not np.isfinite(capacity).any():
        return None
    limit_m = max(facts.standard.service(name).limit_m for name in there)
    pairs = walks_within(facts.network, facts.minutes, facts.facilities, rows, limit_m)
    weights = facts.demand[rule.group].fillna(0).to_numpy(dtype=float)
    return _Case(rule, limit_m, pairs, capacity, weights, rows)


def _missing(rule: SupplyRule) -> Problem:
    """A note on a capacity that the data do not allow to be measured."""
    what = f"{'/'.join(rule.services)}: {rule.capacity}; {rule.group}"
    details = {"what": what}
    return Problem("supply_missing", "noted", "supply", value=rule.id, details=details)


def _table(case: _Case, found: Supply, facts: Facts) -> pd.DataFrame:
    rule, unit = case.rule, facts.unit_of_demand
    people = facts.in_groups(facts.by_unit(unit, case.people))
    held, unknown = capacity_of_units(facts, rule.services, rule.capacity)
    norm_people = facts.people(rule.norm_of)
    of_norm = np.full(len(people), np.nan) if norm_people is None else facts.in_groups(norm_people)
    capacity = facts.in_groups(held)
    norm = np.nan if rule.norm is None else rule.norm
    reached = np.bincount(case.pairs.place, minlength=case.pairs.places) > 0
    served = reached & (found.access >= NEARLY * _enough(norm, of_norm, people, capacity))
    counted = {
        name: facts.in_groups(facts.by_unit(unit, np.where(chosen, case.people, 0.0)))
        for name, chosen in (("covered", reached), ("served", served))
    }
    sums = facts.in_groups(facts.by_unit(unit, case.people * found.access))
    with np.errstate(invalid="ignore", divide="ignore"):
        shares = {f"{name}_share": of_group / people for name, of_group in counted.items()}
        per_1000, access = 1000 * capacity / of_norm, 1000 * sums / people
    return facts.groups.rows.drop(columns="rural").assign(
        supply=rule.id,
        capacity_kind=rule.capacity,
        weight=rule.group,
        limit_m=case.limit_m,
        people=people,
        capacity=capacity,
        unknown_capacity=facts.in_groups(unknown).astype(int),
        per_1000=np.where(of_norm > 0, per_1000, np.nan),
        norm=norm,
        norm_of=rule.norm_of,
        gap=np.maximum(0.0, norm * of_norm / 1000 - capacity),
        access_per_1000=np.where(people > 0, access, np.nan),
        **shares,
        difference=shares["covered_share"] - shares["served_share"],
    )


def _enough(norm: float, of_norm: Floats, people: Floats, capacity: Floats) -> float:
    """What a person of the group must be able to count on; the last group is the city."""
    if people[-1] == 0:
        return np.inf
    if np.isfinite(norm) and np.isfinite(of_norm[-1]):
        return float(norm / 1000 * of_norm[-1] / people[-1])
    return float(capacity[-1] / people[-1])


def _unreached(case: _Case, found: Supply, facts: Facts) -> list[Problem]:
    """A note for each capacity inside the units that nobody of the group can walk to."""
    chosen = case.rows[found.unreached]
    own = facts.facilities.iloc[chosen[facts.unit_of_facility[chosen] >= 0]]
    details = {"limit_m": f"{case.limit_m:g}", "supply": case.rule.id}
    return [
        Problem("supply_unreached", "noted", str(source), value=str(name), details=details)
        for source, name in zip(own["source"], own["name"], strict=True)
    ]
