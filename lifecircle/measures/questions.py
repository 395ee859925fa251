"""What a coverage figure asks: which services, within which limit in every unit, how combined."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import geopandas as gpd
import numpy as np

from lifecircle.base.geo import Floats
from lifecircle.network.network import Mask
from lifecircle.standards.catalogue import Combination, Headline, Limit, Service, Standard

LimitChange = Callable[[Limit], Limit]


@dataclass(frozen=True)
class Question:
    """One service, headline or intersection: any of `members`, within the limit of each unit.

    An intersection has headlines for members, and limits where these all agree.
    """

    id: str
    members: tuple[str, ...]
    limits: tuple[Limit | None, ...]
    target: float | None
    group: str | None
    services: tuple[str, ...]
    """The services below: `members`, or those of the headlines that are members."""

    @property
    def limit_m(self) -> Floats:
        """Metres in each unit, NaN where there is no one limit."""
        return np.array([np.nan if one is None else one.limit_m for one in self.limits])

    @property
    def by_radius(self) -> Mask:
        """Units in which the text asks for a radius and not for a walk."""
        return np.array([one is not None and one.mode == "straight" for one in self.limits])

    @property
    def without_verdict(self) -> Mask:
        """Units in which the text asks for 慢行, computed on foot all the same."""
        return np.array([one is not None and one.mode == "slow" for one in self.limits])


def questions(
    standard: Standard, services: Sequence[str], units: gpd.GeoDataFrame
) -> list[Question]:
    """The headlines, then the services, as far as `services` can answer them.

    A headline without a single member in `services` is left out: no data is not no coverage.
    """
    found = []
    for headline in standard.headlines:
        members = tuple(member for member in headline.members if member in services)
        if members:
            found.append(_question(members, headline, units, headline.target))
    for service in standard.services:
        if service.id in services:
            found.append(_question((service.id,), service, units, standard.target))
    return found


def intersections(
    standard: Standard, asked: Sequence[Question]
) -> list[tuple[Combination, Question]]:
    """Each combination that asks for all of its headlines at once, where all can be answered."""
    by_id = {question.id: question for question in asked}
    found = []
    for combination in standard.combinations:
        if combination.kind == "all" and by_id.keys() >= set(combination.members):
            members = [by_id[member] for member in combination.members]
            limits = tuple(map(_common, zip(*(one.limits for one in members), strict=True)))
            below = tuple(dict.fromkeys(name for one in members for name in one.services))
            question = Question(
                combination.id, combination.members, limits, standard.target, None, below
            )
            found.append((combination, question))
    return found


def with_limits(question: Question, change: LimitChange) -> Question:
    """`question` with every limit changed."""
    limits = tuple(None if one is None else change(one) for one in question.limits)
    return replace(question, limits=limits)


def _question(
    members: tuple[str, ...],
    rule: Service | Headline,
    units: gpd.GeoDataFrame,
    target: float | None,
) -> Question:
    limits = tuple(rule.limit_in(kind) for kind in units["area_kind"])
    return Question(rule.id, members, limits, target, rule.group, members)


def _common(limits: tuple[Limit | None, ...]) -> Limit | None:
    """The limit that all members share in one unit, with all its origins; none if they differ."""
    known = [limit for limit in limits if limit is not None]
    if len({(limit.limit_m, limit.mode) for limit in known}) != 1:
        return None
    sources = dict.fromkeys(limit.limit_source for limit in known)
    return Limit(limit_m=known[0].limit_m, limit_source="; ".join(sources), mode=known[0].mode)
