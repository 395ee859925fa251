"""Where the next facilities help most, those that exist standing.

One aim of three: the most people newly covered by a number of sites (or within a budget), the
fewest sites that bring every unit to its target, or the shortest mean walk.  A building that
takes several services at once (一点多用) is chosen for the sum of what its services gain.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import geopandas as gpd
import pandas as pd
from scipy.sparse import csr_array

from lifecircle.base.problems import Problem, UsageError, refuse_if_any
from lifecircle.measures.result import Result
from lifecircle.siting.candidates import Candidates, given_candidates, network_candidates
from lifecircle.siting.limits import Limits
from lifecircle.siting.room import Room, room_of
from lifecircle.siting.sites import sites_table
from lifecircle.siting.solve import Solution, for_mean, for_people, for_target
from lifecircle.siting.wanted import REACH_M, Wanted
from lifecircle.standards.indicators import SupplyRule

Aim = Literal["people", "target", "mean"]
AIMS: tuple[Aim, ...] = get_args(Aim)
COUNT = 5
"""How many sites where neither a number nor a budget is given."""


@dataclass(frozen=True)
class Siting:
    """The chosen sites and how good they are.

    `table` is SITES in EPSG:4326.  `value` is what was aimed at: people (or what the denominator
    counts) newly covered, a number of sites, or mean metres; `bound` is what no choice among the
    candidates can better, and `proved_by` says how that is known.  `cost` is what the sites cost
    together, NaN where costs are not known.  `units` holds for each unit and service the share
    before and after and the target.
    """

    table: gpd.GeoDataFrame
    units: pd.DataFrame
    aim: Aim
    denominator: str
    value: float
    bound: float
    proved_by: str
    candidate_count: int
    cost: float
    problems: tuple[Problem, ...]

    @property
    def gap(self) -> float:
        """How far the value may be from the best, as a share of the latter; 0 is proved best."""
        away = abs(self.value - self.bound)
        return away / self.bound if self.bound > 0 else float(away > 0)


def choose_sites(
    result: Result,
    services: Sequence[str],
    count: int | None = None,
    aim: Aim = "people",
    denominator: str | None = None,
    under_target: bool = False,
    with_unknown: bool = False,
    candidates: gpd.GeoDataFrame | None = None,
    around: gpd.GeoDataFrame | None = None,
    budget: float | None = None,
    supplies: Sequence[SupplyRule] = (),
) -> Siting:
    """The best next sites for `services` (ids of services or headlines) taken together.

    `candidates` (candidate_id, name, geometry, and where known cost and beds, places or
    floor_area_m2) are where facilities could stand; by default junctions and homes.  `count` is
    how many sites, at most (default: 5, or what the budget allows); the aim `target` takes as
    many as it needs.  Candidates with a capacity serve no more people than it is enough for, by
    the norms of `supplies`.  `under_target` counts gains only in units below their target,
    `with_unknown` also where the edge of the data is nearer than the limit.  Raises `UsageError`
    for arguments that cannot be meant and `InputRefused` for candidates that cannot be used.
    """
    _refuse_meaningless(count, aim, budget)
    _refuse_unmeasured(result, services)
    room = room_of(result, services, candidates, aim, denominator, supplies)
    denominator = room.counted if room else denominator
    below = under_target or aim == "target"
    wanted = Wanted(result, services, denominator, below, with_unknown, everyone=aim == "mean")
    places = _candidates(result, wanted, candidates)
    limits = _limits(places, count, budget, aim, chosen_by_user=candidates is not None)
    walks = wanted.walks_to(places, REACH_M if aim == "mean" else wanted.longest_m)
    solution = _solved(wanted, walks, places, limits, aim, room)
    table, units = sites_table(result, wanted, solution, places.table, around)
    costs = table.drop_duplicates("rank")["cost"]
    return Siting(
        table=table,
        units=units,
        aim=aim,
        denominator=wanted.denominator,
        value=solution.value,
        bound=solution.bound,
        proved_by=solution.proved_by,
        candidate_count=len(places.table),
        cost=float(costs.sum(skipna=False)) if len(costs) else 0.0,
        problems=places.problems,
    )


def _refuse_meaningless(count: int | None, aim: Aim, budget: float | None) -> None:
    if (count is not None and count < 1) or aim not in AIMS:
        raise UsageError(f"count must be at least 1 and aim one of {', '.join(AIMS)}")
    if budget is not None and (aim != "people" or not budget > 0):
        raise UsageError("a budget must be above 0, and goes with the aim `people`")


def _refuse_unmeasured(result: Result, services: Sequence[str]) -> None:
    """Refuse a service that the study has no facilities of: which exist is not known then."""
    refuse_if_any(
        Problem("site_service_unmeasured", "refused", result.standard.id, value=service)
        for service in unmeasured(result, services)
    )


def unmeasured(result: Result, services: Sequence[str]) -> list[str]:
    """Services and headlines of the standard that the study has no facilities of."""
    standard = result.standard
    members: dict[str, tuple[str, ...]] = {one.id: (one.id,) for one in standard.services}
    members |= {one.id: one.members for one in standard.headlines}
    measured = set(result.minutes.services)
    return [one for one in services if one in members and not set(members[one]) & measured]


def _candidates(result: Result, wanted: Wanted, given: gpd.GeoDataFrame | None) -> Candidates:
    if given is not None:
        return given_candidates(result, given, wanted.longest_m)
    return network_candidates(result, wanted.demand, wanted.longest_m)


def _limits(
    places: Candidates, count: int | None, budget: float | None, aim: Aim, chosen_by_user: bool
) -> Limits:
    """How many sites, and what they may cost.

    More sites than the candidates somebody gave are refused; junctions and homes are as many as
    there is something to gain for.
    """
    there = len(places.table)
    wanted = count or (there if budget is not None else COUNT)
    if aim != "target" and wanted > there and chosen_by_user:
        details = {"count": there}
        problem = Problem(
            "sites_too_many", "refused", "candidates", value=str(wanted), details=details
        )
        refuse_if_any([*places.problems, problem])
    if budget is None:
        return Limits(wanted)
    if "cost" not in places.table:
        raise UsageError("a budget needs candidates with a cost")
    return Limits(wanted, places.table["cost"].to_numpy(dtype=float), budget)


def _solved(
    wanted: Wanted,
    walks: Sequence[csr_array],
    places: Candidates,
    limits: Limits,
    aim: Aim,
    room: Room | None,
) -> Solution:
    cover = wanted.cover(walks)
    if aim == "target":
        return for_target(cover, wanted.quotas())
    if aim == "mean":
        return for_mean(cover, wanted.walks(walks), limits.count)
    if room is None:
        return for_people(cover, limits)
    return room.solved(cover, places.table, limits)
