"""Where the next facilities help most, those that exist standing.

One aim of three: the most people newly covered by a number of sites, the fewest sites that bring
every unit to its target, or the shortest mean walk.  A building that takes several services at
once (一点多用) is chosen for the sum of what its services gain.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import geopandas as gpd
import numpy as np
import pandas as pd

from lifecircle.base.problems import Problem, UsageError, refuse_if_any
from lifecircle.measures.result import Result
from lifecircle.siting.candidates import (
    Candidates,
    given_candidates,
    network_candidates,
    walks_to,
)
from lifecircle.siting.exact import fewest_exact, most_covered_exact, shortest_walks_exact
from lifecircle.siting.greedy import (
    Cover,
    fewest,
    in_order,
    least_count,
    most_covered,
    upper_bound,
)
from lifecircle.siting.median import Walks, least_total, shortest_walks
from lifecircle.siting.sites import sites_table
from lifecircle.siting.wanted import REACH_M, Wanted

Aim = Literal["people", "target", "mean"]
AIMS: tuple[Aim, ...] = get_args(Aim)


@dataclass(frozen=True)
class Siting:
    """The chosen sites and how good they are.

    `table` is SITES in EPSG:4326.  `value` is what was aimed at: people (or what the denominator
    counts) newly covered, a number of sites, or mean metres; `bound` is what no choice among the
    candidates can better, and `proved_by` says how that is known.  `units` holds for each unit
    and service the share before and after and the target.
    """

    table: gpd.GeoDataFrame
    units: pd.DataFrame
    aim: Aim
    denominator: str
    value: float
    bound: float
    proved_by: str
    candidate_count: int
    problems: tuple[Problem, ...]

    @property
    def gap(self) -> float:
        """How far the value may be from the best, as a share of the latter; 0 is proved best."""
        away = abs(self.value - self.bound)
        return away / self.bound if self.bound > 0 else float(away > 0)


def choose_sites(
    result: Result,
    services: Sequence[str],
    count: int = 5,
    aim: Aim = "people",
    denominator: str | None = None,
    under_target: bool = False,
    with_unknown: bool = False,
    candidates: gpd.GeoDataFrame | None = None,
    around: gpd.GeoDataFrame | None = None,
) -> Siting:
    """The best next sites for `services` (ids of services or headlines) taken together.

    `candidates` (candidate_id, name, geometry) are where facilities could stand; by default
    junctions and homes.  `count` is how many sites, at most; the aim `target` takes as many as it
    needs.  `under_target` counts gains only in units below their target, `with_unknown` also
    where the edge of the data is nearer than the limit.  Raises `UsageError` for arguments that
    cannot be meant and `InputRefused` for candidates that cannot be used.
    """
    if count < 1 or aim not in AIMS:
        raise UsageError(f"count must be at least 1 and aim one of {', '.join(AIMS)}")
    _refuse_unmeasured(result, services)
    below = under_target or aim == "target"
    wanted = Wanted(result, services, denominator, below, with_unknown, everyone=aim == "mean")
    places = _candidates(result, wanted, candidates)
    _refuse_too_many(aim, count, places)
    limit_m = REACH_M if aim == "mean" else wanted.longest_m
    walks = walks_to(result, places, wanted.demand, limit_m)
    cover = wanted.cover(walks)
    if aim == "mean":
        chosen, value, bound, proved_by, mean_m = _for_mean(wanted.walks(walks), count)
    else:
        solve = _for_people if aim == "people" else _for_target
        chosen, value, bound, proved_by = solve(cover, wanted, count)
        mean_m = []
    table, units = sites_table(result, wanted, cover, places.table, chosen, mean_m, around)
    return Siting(
        table=table,
        units=units,
        aim=aim,
        denominator=wanted.denominator,
        value=value,
        bound=bound,
        proved_by=proved_by,
        candidate_count=len(places.table),
        problems=places.problems,
    )


def _refuse_unmeasured(result: Result, services: Sequence[str]) -> None:
    """Refuse a service that the study has no facilities of: which exist is not known then."""
    standard = result.standard
    members: dict[str, tuple[str, ...]] = {one.id: (one.id,) for one in standard.services}
    members |= {one.id: one.members for one in standard.headlines}
    refuse_if_any(
        Problem("site_service_unmeasured", "refused", standard.id, value=service)
        for service in services
        if service in members and not set(members[service]) & set(result.minutes.services)
    )


def _candidates(result: Result, wanted: Wanted, given: gpd.GeoDataFrame | None) -> Candidates:
    if given is not None:
        return given_candidates(result, given, wanted.longest_m)
    return network_candidates(result, wanted.demand, wanted.longest_m)


def _refuse_too_many(aim: Aim, count: int, places: Candidates) -> None:
    if aim != "target" and count > len(places.table):
        details = {"count": len(places.table)}
        problem = Problem(
            "sites_too_many", "refused", "candidates", value=str(count), details=details
        )
        refuse_if_any([*places.problems, problem])


Solution = tuple[list[int], float, float, str]


def _for_people(cover: Cover, wanted: Wanted, count: int) -> Solution:
    chosen = most_covered(cover, count)
    bound, proved_by = upper_bound(cover, chosen, count), "greedy"
    proof = most_covered_exact(cover, count)
    if proof is not None:
        better = cover.gained(proof.chosen) > cover.gained(chosen) * (1 + 1e-9)
        chosen = in_order(cover, proof.chosen) if better else chosen
        bound, proved_by = min(bound, proof.bound), "HiGHS"
    value = cover.gained(chosen)
    return chosen, value, max(value, bound), proved_by


def _for_target(cover: Cover, wanted: Wanted, count: int) -> Solution:
    """As many sites as it takes, whatever `count` says."""
    quotas = wanted.quotas()
    chosen = fewest(cover, quotas)
    bound, proved_by = float(least_count(cover, quotas)), "greedy"
    proof = fewest_exact(cover, quotas) if chosen else None
    if proof is not None:
        chosen = proof.chosen if len(proof.chosen) < len(chosen) else chosen
        bound, proved_by = max(bound, float(np.ceil(proof.bound - 1e-6))), "HiGHS"
    return in_order(cover, chosen), float(len(chosen)), bound, proved_by


def _for_mean(walks: Walks, count: int) -> tuple[list[int], float, float, str, list[float]]:
    chosen = shortest_walks(walks, count)
    total = float(walks.weight.sum()) or 1.0
    proof = shortest_walks_exact(walks, count)
    bound, proved_by = least_total(walks, chosen, count) / total, "greedy"
    if proof is not None:
        better = walks.total(proof.chosen) < walks.total(chosen) * (1 - 1e-9)
        chosen = walks.in_order(proof.chosen) if better else chosen
        bound, proved_by = max(bound, proof.bound / total), "HiGHS"
    mean_m = [walks.total(chosen[: n + 1]) / total for n in range(len(chosen))]
    value = walks.total(chosen) / total
    return chosen, value, min(value, bound), proved_by, mean_m
