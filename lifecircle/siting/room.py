"""How many people a site has room for: its capacity, and what people need of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np

from lifecircle.base.problems import Problem, UsageError, refuse_if_any
from lifecircle.measures.result import Result
from lifecircle.siting.budget import Loads
from lifecircle.siting.candidates import CAPACITIES
from lifecircle.siting.gaps import chosen_questions
from lifecircle.siting.greedy import Cover
from lifecircle.siting.limits import Limits
from lifecircle.siting.solve import Solution, for_people_with_room
from lifecircle.standards.indicators import SupplyRule


@dataclass(frozen=True)
class Room:
    """The capacity of candidates, and the norm that says for how many people it is enough."""

    capacity: str
    rule: SupplyRule

    @property
    def counted(self) -> str:
        """The people that the norm is written for, who are counted then."""
        return self.rule.norm_of

    def solved(self, cover: Cover, candidates: gpd.GeoDataFrame, limits: Limits) -> Solution:
        """Sites that serve the most people, none more than it has room for.

        A capacity that is not known is enough for nobody.
        """
        capacity = np.nan_to_num(candidates[self.capacity].to_numpy(dtype=float))
        return for_people_with_room(
            Loads(cover, 1000 * capacity / float(self.rule.norm or 1)), limits
        )


def room_of(
    result: Result,
    services: Sequence[str],
    candidates: gpd.GeoDataFrame | None,
    aim: str,
    denominator: str | None,
    supplies: Sequence[SupplyRule],
) -> Room | None:
    """The capacity that the candidates carry, None where they carry none.

    Raises `UsageError` where several services, another aim or other people are asked for, and
    `InputRefused` where no norm says for how many people the capacity is enough.
    """
    columns = () if candidates is None else candidates.columns
    if "capacity" in columns:
        raise UsageError(f"`capacity` says no unit: name the column {', '.join(CAPACITIES)}")
    carried = [name for name in CAPACITIES if name in columns]
    if not carried:
        return None
    if len(carried) > 1 or len(services) > 1 or aim != "people":
        raise UsageError("capacities go with one capacity, one service and the aim `people`")
    rule = _norm(result, services[0], carried[0], supplies)
    if denominator not in (None, rule.norm_of):
        raise UsageError(f"the norm of {carried[0]} is written for {rule.norm_of}: count these")
    return Room(carried[0], rule)


def _norm(
    result: Result, service: str, capacity: str, supplies: Sequence[SupplyRule]
) -> SupplyRule:
    members = set(chosen_questions(result, [service])[0].members)
    for rule in supplies:
        if rule.capacity == capacity and rule.norm and members & set(rule.services):
            return rule
    details = {"capacity": capacity}
    problem = Problem("site_need_unknown", "refused", "candidates", value=service, details=details)
    refuse_if_any([problem])
    raise AssertionError("refused above")
