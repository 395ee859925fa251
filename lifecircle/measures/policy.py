"""All that is measured beside coverage, in one go: targets, supply and fairness."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from lifecircle.base.geo import Floats
from lifecircle.base.policy_tables import STANDING
from lifecircle.base.problems import Problem
from lifecircle.base.sentences import Language
from lifecircle.base.tables import DENOMINATORS, conform
from lifecircle.measures.coverage import coverage, measured
from lifecircle.measures.facts import Facts
from lifecircle.measures.fairness import (
    GROUPS,
    ages_of_compounds,
    fairness,
    standing_of_groups,
)
from lifecircle.measures.indicators import indicators
from lifecircle.measures.supply_table import Supplies, supplies
from lifecircle.network.walk import in_network_crs
from lifecircle.standards.indicators import Targets

PEOPLE = ("residents", *GROUPS)
Subjects = dict[tuple[str, str, str], tuple[Floats, Floats]]


@dataclass(frozen=True)
class Policy:
    """The tables INDICATORS, SUPPLY, FAIRNESS, LORENZ, STANDING and AGES of a run.

    `access` has for every demand point what it can count on of each capacity.
    """

    indicators: pd.DataFrame
    supply: pd.DataFrame
    access: pd.DataFrame
    fairness: pd.DataFrame
    lorenz: pd.DataFrame
    standing: pd.DataFrame
    ages: pd.DataFrame
    problems: tuple[Problem, ...]


def policy(targets: Targets, facts: Facts, year: int, language: Language) -> Policy:
    """Measure everything that the policy asks beside coverage; `year` is that of the data."""
    found = supplies(targets, facts)
    even, curves = fairness(_subjects(targets, facts, found))
    return Policy(
        indicators=indicators(targets, facts, year, language),
        supply=found.table,
        access=found.access,
        fairness=even,
        lorenz=curves,
        standing=_standing(facts),
        ages=_ages(facts),
        problems=(*found.problems, *_past_targets(targets, year)),
    )


def _past_targets(targets: Targets, year: int) -> list[Problem]:
    """One note where the data are of a year after that of a policy's target."""
    years = sorted({one.target_year for one in targets.indicators if one.target_year is not None})
    return [
        Problem("target_year_over", "noted", str(target), details={"year": year, "target": target})
        for target in years
        if target < year
    ]


def _subjects(targets: Targets, facts: Facts, found: Supplies) -> Subjects:
    """Metres to the nearest of each headline and service, and every capacity, over people."""
    subjects: Subjects = {}
    for weight in PEOPLE:
        if facts.demand[weight].notna().any():
            people = facts.demand[weight].fillna(0).to_numpy(dtype=float)
            for name, metres in _metres(facts).items():
                subjects["metres", name, weight] = (metres, people)
    for rule in targets.supplies:
        for name in found.access.columns:
            if name.startswith(f"{rule.id}_"):
                people = facts.demand[rule.group].fillna(0).to_numpy(dtype=float)
                values = found.access[name].to_numpy(dtype=float)
                subjects["supply", name, rule.group] = (values, people)
    return subjects


def _metres(facts: Facts) -> dict[str, Floats]:
    minutes = facts.minutes
    columns = {name: minutes.metres[:, place] for place, name in enumerate(minutes.services)}
    headlines = {
        headline.id: [columns[one] for one in headline.members if one in columns]
        for headline in facts.standard.headlines
    }
    least = {name: np.min(own, axis=0) for name, own in headlines.items() if own}
    return least | columns


def _standing(facts: Facts) -> pd.DataFrame:
    carried = [weight for weight in PEOPLE if facts.demand[weight].notna().any()]
    if len(carried) < 2 or "residents" not in carried:
        return conform(pd.DataFrame(columns=STANDING.names), STANDING)
    table = coverage(facts.minutes, facts.demand, facts.units, facts.standard, carried)
    return standing_of_groups(table)


def _ages(facts: Facts) -> pd.DataFrame:
    compounds = in_network_crs(facts.network, facts.rows_of("compound"))
    demand = in_network_crs(facts.network, facts.demand)
    carried = [name for name in DENOMINATORS if facts.demand[name].notna().any()]
    weight = carried[0] if carried else DENOMINATORS[0]
    dated = bool(compounds["year"].notna().any())
    tables = (facts.minutes, facts.standard, facts.demand, facts.units)
    reached = measured(*tables) if dated else []
    return ages_of_compounds(demand, compounds, reached, facts.choices.old_before, weight)
