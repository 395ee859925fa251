"""Lines of the target table about capacities and numbers."""

from __future__ import annotations

import numpy as np

from lifecircle.base.geo import Floats
from lifecircle.measures.answers import Answer, Figures, Missing, Nothing, with_column
from lifecircle.measures.coverage_lines import without_data
from lifecircle.measures.facts import Facts
from lifecircle.standards.indicators import Per1000, Total


def per_1000_line(line: Per1000, facts: Facts) -> Answer:
    """Figures of a line of capacity for 1000 people, or what is missing for it."""
    people = facts.people(line.of)
    missing: list[tuple[str, str]] = [] if people is not None else [("demand", line.of)]
    missing += _without_capacity(line.services, line.capacity, facts)
    if missing or people is None:
        return Nothing(tuple(missing))
    held, unknown = capacity_of_units(facts, line.services, line.capacity)
    count, total = facts.in_groups(held), facts.in_groups(people)
    with np.errstate(invalid="ignore", divide="ignore"):
        value = np.where(total > 0, 1000 * count / total, np.nan)
    upper = np.where(facts.in_groups(unknown) > 0, np.inf, value)
    return Figures(np.arange(len(count)), value, upper, count, total, line.of)


def _without_capacity(services: tuple[str, ...], capacity: str, facts: Facts) -> Missing:
    """Missing where there is none of the services, or no capacity of any of them is known."""
    if not set(services) & set(facts.minutes.services):
        return (("capacity", f'{"/".join(services)}, {capacity} = "…"'),)
    own = facts.facilities.iloc[facts.once_each(services)]
    if len(own) and own[capacity].notna().sum() == 0:
        return (("capacity", f'{"/".join(services)}, {capacity} = "…"'),)
    return ()


def capacity_of_units(
    facts: Facts, services: tuple[str, ...], capacity: str
) -> tuple[Floats, Floats]:
    """What the facilities in each unit hold, and how many of them do not say."""
    rows = facts.once_each(services)
    values = facts.facilities[capacity].to_numpy(dtype=float)[rows]
    unit = facts.unit_of_facility[rows]
    held = facts.by_unit(unit, np.nan_to_num(values))
    return held, facts.by_unit(unit, np.isnan(values).astype(float))


def total_line(line: Total, facts: Facts) -> Answer:
    """Figures of a line that counts or adds up, or what is missing for it."""
    if line.list is None:
        return _total_of_services(line, facts)
    if line.list not in facts.declared:
        return Nothing((("list", with_column(line.list, line.amount)),))
    rows = facts.rows_of(line.list)
    values = np.ones(len(rows)) if line.amount is None else rows[line.amount].to_numpy(float)
    if len(rows) and np.isnan(values).all():
        return Nothing((("list", with_column(line.list, line.amount)),))
    unit = facts.unit_of_row(rows)
    own = facts.by_unit(unit, np.nan_to_num(values))
    unknown = facts.by_unit(unit, np.isnan(values).astype(float))
    return _totals(facts, own, unknown, np.nansum(values), bool(np.isnan(values).any()))


def _total_of_services(line: Total, facts: Facts) -> Answer:
    assert line.amount in (None, "beds", "places", "floor_area_m2"), "facilities have no homes"
    if line.amount is None:
        missing = without_data(line.services, facts)
        own = facts.by_unit(
            facts.unit_of_facility[facts.once_each(line.services)],
            np.ones(len(facts.once_each(line.services))),
        )
        unknown = np.zeros(len(facts.units))
    else:
        missing = _without_capacity(line.services, line.amount, facts)
        own, unknown = capacity_of_units(facts, line.services, line.amount)
    if missing:
        return Nothing(missing)
    return _totals(facts, own, unknown, own.sum(), bool(unknown.any()))


def _totals(facts: Facts, own: Floats, unknown: Floats, city: float, open_: bool) -> Figures:
    """Sums for every group; the city's includes rows that name no unit."""
    value = facts.in_groups(own)
    upper = np.where(facts.in_groups(unknown) > 0, np.inf, value)
    value[-1], upper[-1] = city, np.inf if open_ else city
    nothing = np.full(len(value), np.nan)
    return Figures(np.arange(len(value)), value, upper, value, nothing)
