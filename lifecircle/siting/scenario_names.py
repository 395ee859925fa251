"""What a scenario names: found in the tables, or refused with the nearest right name."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator

import geopandas as gpd
import numpy as np
import pandas as pd

from lifecircle.base.problems import Problem
from lifecircle.measures.compare_people import Cost
from lifecircle.network.network import Ints
from lifecircle.network.walk import Minutes
from lifecircle.scenario import Named, Scenario

SHOWN = 5


class Findings:
    """The problems of one scenario, each with the key it was found at."""

    def __init__(self, scenario: Scenario) -> None:
        self.file = scenario.file.name
        self.problems: list[Problem] = []

    def refuse(self, code: str, key: str, value: object = "", **details: object) -> None:
        """Keep one refusal."""
        problem = Problem(code, "refused", self.file, column=key, value=str(value), details=details)
        self.problems.append(problem)


def nearest_names(word: str, words: Iterable[str]) -> str:
    """The words most like `word`, for a planner who mistyped it."""
    known = sorted({one for one in words if one})
    near = difflib.get_close_matches(word, known, n=3, cutoff=0.3)
    return ", ".join(near or known[:3]) or "–"


def rows_of(
    facilities: gpd.GeoDataFrame, change: Named, key: str, findings: Findings
) -> pd.Series[bool]:
    """Which rows of FACILITIES a change means; none, and a finding, where that is not clear."""
    found: pd.Series[bool] = facilities["facility_id"] == change.facility
    if not found.any():
        found = facilities["name"] == change.facility
    ids = facilities.loc[found, "facility_id"].unique()
    if len(ids) == 0:
        near = nearest_names(change.facility, [*facilities["name"], *facilities["facility_id"]])
        findings.refuse("scenario_facility", f"{key}.facility", change.facility, near=near)
    elif len(ids) > 1:
        several = ", ".join(ids[:SHOWN])
        findings.refuse(
            "scenario_facility_several", f"{key}.facility", change.facility, ids=several
        )
        nothing: pd.Series[bool] = found & False
        return nothing
    if change.service is None or not found.any():
        return found
    own: pd.Series[bool] = found & (facilities["service"] == change.service)
    if not own.any():
        there = ", ".join(facilities.loc[found, "service"])
        findings.refuse("scenario_facility_service", f"{key}.service", change.service, there=there)
    return own


def costs_of(scenario: Scenario, facilities: gpd.GeoDataFrame) -> list[Cost]:
    """What the changes cost, and for which services: for all what is no facility.

    `facilities` are those before; a facility that is not there is left to others to refuse.
    """
    changes, ignored = scenario.facilities, Findings(scenario)
    found = [(one.cost, frozenset(one.services)) for one in changes.add]
    for one in (*changes.close, *changes.move, *changes.enlarge):
        own = facilities.loc[rows_of(facilities, one, "", ignored), "service"]
        found.append((one.cost, frozenset(own)))
    others = (*scenario.ways.add, *scenario.ways.close, *scenario.gates, *scenario.population)
    found += [(one.cost, frozenset()) for one in others]
    return [Cost(money, services) for money, services in found if money is not None]


def _moved(scenario: Scenario, facilities: gpd.GeoDataFrame) -> Iterator[tuple[str, str, Ints]]:
    """Key, name and rows (after the scenario) of every facility that it puts somewhere."""
    own = facilities["source"] == scenario.file.name
    for number, added in enumerate(scenario.facilities.add):
        key = f"facilities.add.{number}"
        rows = np.flatnonzero(own & (facilities["source_row"] == key))
        if len(rows):
            yield key, added.name, rows
    for number, moved in enumerate(scenario.facilities.move):
        key, ignored = f"facilities.move.{number}", Findings(scenario)
        rows = np.flatnonzero(rows_of(facilities, moved, key, ignored))
        if len(rows):
            yield key, moved.facility, rows


def unattached(
    scenario: Scenario, facilities: gpd.GeoDataFrame, minutes: Minutes, cap_m: float
) -> list[Problem]:
    """What the scenario puts where no street is near; `facilities` are those after it."""
    entrances, findings = minutes.entrances, Findings(scenario)
    reached = np.zeros(len(facilities), dtype=bool)
    reached[entrances.row[entrances.attachment.found]] = True
    for key, name, rows in _moved(scenario, facilities):
        if not reached[rows].any():
            findings.refuse("scenario_unattached", key, name, cap_m=f"{cap_m:g}")
    return findings.problems
