"""Lines of the target table about coverage: shares of people, and units where all is near."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from lifecircle.base.tables import SHARES_OF
from lifecircle.measures.answers import Answer, Figures, Missing, Nothing
from lifecircle.measures.coverage import coverage
from lifecircle.measures.facts import Facts
from lifecircle.network.network import Ints, Mask
from lifecircle.network.walk import Minutes
from lifecircle.standards.catalogue import Standard
from lifecircle.standards.indicators import Coverage, Units


def coverage_line(line: Coverage, facts: Facts) -> Answer:
    """Figures of a coverage line, or what is missing for it."""
    missing = without_data(line.services, facts)
    if line.rural and not facts.rural.any():
        missing = (*missing, ("rural", ""))
    if missing:
        return Nothing(missing)
    tables, weight = _tables_of(line.services, facts)
    changed = _with_own_limit(line, facts, weight)
    if changed is not None:
        tables = [_of(changed, service, weight, facts) for service in line.services]
    if line.rural:
        return _rural(tables, facts, weight)
    share = np.mean([table["share"] for table in tables], axis=0)
    upper = np.mean([table["share_upper"] for table in tables], axis=0)
    alone = tables[0] if len(tables) == 1 else tables[0].assign(covered=np.nan)
    return Figures(
        at=np.arange(len(alone)),
        value=share,
        upper=upper,
        count=alone["covered"].to_numpy(),
        total=alone["total"].to_numpy(),
        total_of=weight,
        weight=weight,
        profile=str(alone["profile"].iloc[-1]),
        limits=_limits(tables),
    )


def _with_own_limit(line: Coverage, facts: Facts, weight: str) -> pd.DataFrame | None:
    """The coverage table for a limit or a walker of the line's own; None where it has neither."""
    minutes, limit_m = facts.minutes, line.limit_m
    if line.option is not None:
        limit_m = getattr(facts.choices, line.option)
    if line.profile is not None and line.limit_min is not None:
        minutes = facts.walk_as(line.profile, _members(facts.standard, line.services, minutes))
        limit_m = line.limit_min * minutes.m_per_min
    if limit_m is None:
        return None
    standard = with_one_limit(_only(facts.standard, line.services), limit_m)
    return coverage(minutes, facts.demand, facts.units, standard, [weight])


def _only(standard: Standard, names: Sequence[str]) -> Standard:
    """`standard` with these services, headlines and combinations, and those that these are of."""
    combinations = tuple(one for one in standard.combinations if one.id in names)
    asked = {*names, *(member for one in combinations for member in one.members)}
    headlines = tuple(one for one in standard.headlines if one.id in asked)
    services = tuple(one for one in standard.services if one.id in asked)
    changed = {"services": services, "headlines": headlines, "combinations": combinations}
    return standard.model_copy(update=changed)


def _members(standard: Standard, names: Sequence[str], minutes: Minutes) -> tuple[str, ...]:
    """The services below headlines and combinations that there is data of."""
    below = {one.id: one.members for one in standard.combinations}
    below |= {one.id: one.members for one in standard.headlines}
    found: list[str] = []
    for name in names:
        found += _members(standard, below[name], minutes) if name in below else (name,)
    return tuple(one for one in dict.fromkeys(found) if one in minutes.services)


def _rural(tables: list[pd.DataFrame], facts: Facts, weight: str) -> Figures:
    """Over the rural units alone; the city's row is their sum."""
    rural = np.flatnonzero(facts.rural)
    at = np.append(rural, len(facts.groups.rows) - 1)
    sums = {}
    for name in ("covered", "unknown", "total"):
        own = np.sum([table[name].to_numpy()[rural] for table in tables], axis=0)
        sums[name] = np.append(own, own.sum())
    with np.errstate(invalid="ignore"):
        share = sums["covered"] / sums["total"]
        upper = (sums["covered"] + sums["unknown"]) / sums["total"]
    total, count = sums["total"], sums["covered"]
    profile = str(tables[0]["profile"].iloc[-1])
    return Figures(at, share, upper, count, total, weight, weight, profile, _limits(tables))


def _tables_of(services: Sequence[str], facts: Facts) -> tuple[list[pd.DataFrame], str]:
    """Rows of the coverage table for each service, over the first denominator that all have."""
    table = facts.coverage
    had = [set(table.loc[table["service"] == one, "denominator"]) for one in services]
    weight = next(name for name in SHARES_OF if all(name in own for own in had))
    return [_of(table, service, weight, facts) for service in services], weight


def _of(table: pd.DataFrame, service: str, weight: str, facts: Facts) -> pd.DataFrame:
    """The rows of one service and denominator, in the order of the groups."""
    own = table[(table["service"] == service) & (table["denominator"] == weight)]
    groups = pd.MultiIndex.from_frame(facts.groups.rows[["unit_id", "level"]])
    return own.set_index(["unit_id", "level"]).loc[groups].reset_index()


def without_data(services: Sequence[str], facts: Facts) -> Missing:
    """The services of which no facility is in the data."""
    there = set(facts.coverage["service"])
    return tuple(
        ("facilities", leaf)
        for service in services
        if service not in there
        for leaf in _leaves(facts.standard, service, facts.minutes.services)
    )


def _leaves(standard: Standard, name: str, there: Sequence[str]) -> list[str]:
    """The services below a headline or combination of which no data is there; `a/b`: any of."""
    members = {one.id: one.members for one in standard.combinations}
    if name in members:
        return [leaf for one in members[name] for leaf in _leaves(standard, one, there)]
    either = {one.id: one.members for one in standard.headlines}.get(name, (name,))
    return [] if set(either) & set(there) else ["/".join(either)]


def with_one_limit(standard: Standard, limit_m: float) -> Standard:
    """`standard` with the same walking limit for every service and headline."""
    new = {"limit_m": limit_m, "limit_lower_m": None, "by_area": (), "mode": "walk"}
    new |= {"limit_source": f"{limit_m:g} m"}
    return standard.model_copy(
        update={
            "services": tuple(rule.model_copy(update=new) for rule in standard.services),
            "headlines": tuple(rule.model_copy(update=new) for rule in standard.headlines),
        }
    )


def _limits(tables: list[pd.DataFrame]) -> str:
    """Where the limits come from, as the city's rows say it."""
    return "; ".join(dict.fromkeys(str(table["limit_source"].iloc[-1]) for table in tables))


def units_line(line: Units, facts: Facts) -> Answer:
    """Figures of a line that counts units, or what is missing for it."""
    missing = without_data(line.services, facts)
    chosen = np.ones(len(facts.units), dtype=bool)
    if line.central:
        named = facts.units[["unit_id", "name"]].isin(facts.choices.central)
        chosen = named.any(axis=1).to_numpy()
        missing = missing if chosen.any() else (*missing, ("central", ""))
    if missing:
        return Nothing(missing)
    tables, weight = _tables_of(line.services, facts)
    good, maybe = (
        np.min([table[name].to_numpy() for table in tables], axis=0)[: len(facts.units)]
        >= line.at_least
        for name in ("share", "share_upper")
    )
    figures = _of_members(facts, np.flatnonzero(chosen), good, maybe, counted=line.count)
    return replace(
        figures,
        total_of="units",
        weight=weight,
        profile=str(tables[0]["profile"].iloc[-1]),
        limits=_limits(tables),
    )


def _of_members(
    facts: Facts, members: Ints, good: Mask, maybe: Mask, counted: bool = False
) -> Figures:
    """1 or 0 for single units, and for the city their share (or number)."""
    own, own_upper = good[members].astype(float), maybe[members].astype(float)
    of = 1.0 if counted else float(len(members))
    return Figures(
        at=np.append(members, len(facts.groups.rows) - 1),
        value=np.append(own, own.sum() / of),
        upper=np.append(own_upper, own_upper.sum() / of),
        count=np.append(own, own.sum()),
        total=np.append(np.ones(len(members)), float(len(members))),
    )
