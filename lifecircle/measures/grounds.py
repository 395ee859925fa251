"""What coverage is taken over: points of demand, or metres of street.

Both answer the same questions and give sums for every unit, so that all shares are made one way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

import geopandas as gpd
import numpy as np
import pandas as pd

from lifecircle.base.geo import Floats
from lifecircle.base.problems import UsageError
from lifecircle.base.tables import DENOMINATORS
from lifecircle.measures.questions import Question
from lifecircle.network.network import Ints, Mask
from lifecircle.network.walk import Minutes

TOLERANCE_M = 1e-6
"""Limits are inclusive, to within the rounding of sums of metres."""

SUMS = ("total", "covered", "unknown", "unattached", "straight")

GENERAL = frozenset(DENOMINATORS) - {"residents_60plus", "children_0_3"}
"""Weights that every service is reported over; a service adds its own group."""

Sums = dict[str, Floats]
"""For each name of `SUMS` one figure a unit."""

R = TypeVar("R")


class Ground(Protocol[R]):
    """What the measures ask of a ground; `R` is what it reaches."""

    def denominators(self, group: str | None, chosen: Sequence[str] | None) -> list[str]:
        """The denominators of a service with this group."""

    def reach(self, question: Question) -> R:
        """What one question reaches."""

    def all_of(self, reached: Sequence[R]) -> R:
        """What is reached by all at once."""

    def sums(self, reached: R, denominator: str) -> Sums:
        """What is reached and what is not, added up for every unit."""


@dataclass(frozen=True)
class PointReach:
    """Of n demand points: covered, not covered but too near the edge to know, covered by air."""

    covered: Mask
    unknown: Mask
    straight: Mask


class Points:
    """Demand as a ground: each point lies in one unit and carries weights."""

    def __init__(self, minutes: Minutes, demand: gpd.GeoDataFrame, units: gpd.GeoDataFrame) -> None:
        self.minutes, self.demand, self.unit_count = minutes, demand, len(units)
        number, names = pd.factorize(demand["unit_id"])
        self.unit: Ints = pd.Index(units["unit_id"]).get_indexer(names)[number].astype(np.int64)

    def denominators(self, group: str | None, chosen: Sequence[str] | None) -> list[str]:
        """The chosen weights, else the general ones and the own group, that demand carries."""
        wanted = GENERAL | {group} if chosen is None else set(chosen)
        return [
            weight
            for weight in DENOMINATORS
            if weight in wanted and self.demand[weight].notna().any()
        ]

    def reach(self, question: Question) -> PointReach:
        """A point nearer to the edge than the limit is unknown unless covered.

        Raises `UsageError` where different people walk to the members: metres then differ in kind.
        """
        if len({self.minutes.of(member).profile for member in question.members}) > 1:
            raise UsageError(f"different profiles walk to the members of {question.id!r}")
        columns = [self.minutes.services.index(member) for member in question.members]
        limit_m = question.limit_m[self.unit]
        straight = least(self.minutes.straight_m, columns) <= limit_m + TOLERANCE_M
        walked = least(self.minutes.metres, columns) <= limit_m + TOLERANCE_M
        covered = np.where(question.by_radius[self.unit], straight, walked)
        # Unknown as soon as one member could lie beyond the edge of what is known of it.
        near_edge = least(self.minutes.border_m, columns) < limit_m
        return PointReach(covered, near_edge & ~covered, straight)

    def all_of(self, reached: Sequence[PointReach]) -> PointReach:
        """Possible is what every part may cover; unknown is what is possible and not covered."""
        covered = np.logical_and.reduce([one.covered for one in reached])
        possible = np.logical_and.reduce([one.covered | one.unknown for one in reached])
        straight = np.logical_and.reduce([one.straight for one in reached])
        return PointReach(covered, possible & ~covered, straight)

    def sums(self, reached: PointReach, denominator: str) -> Sums:
        """Weights added up; only demand that carries the weight counts."""
        values = self.demand[denominator].fillna(0).to_numpy(dtype=float)
        unattached = ~self.minutes.attachment.found
        masks = (True, reached.covered, reached.unknown, unattached, reached.straight)
        return {
            name: np.bincount(self.unit, values * mask, self.unit_count).astype(float)
            for name, mask in zip(SUMS, masks, strict=True)
        }


def least(matrix: Floats, columns: Sequence[int]) -> Floats:
    """The least of some columns of an n × k matrix, `inf` where there are none."""
    found = np.full(len(matrix), np.inf)
    for column in columns:
        np.minimum(found, matrix[:, column], out=found)
    return found
