"""The demand that new sites could gain, as the problems that are solved for it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.sparse import csr_array, hstack

from lifecircle.base.geo import Floats
from lifecircle.measures.grounds import TOLERANCE_M, Points, least
from lifecircle.measures.result import Result
from lifecircle.network.network import Ints, Mask
from lifecircle.siting.candidates import Candidates, walks_to
from lifecircle.siting.gaps import (
    WEIGHT_NAMES,
    chosen_questions,
    leading_denominator,
    units_below,
)
from lifecircle.siting.greedy import Cover, Quotas
from lifecircle.siting.median import Walks

REACH_M = 3000.0
"""For the mean walk: longer walks count as this long, because nobody walks them."""


class Wanted:
    """The demand that sites could gain, for every service: columns service after service.

    `demand` are rows of DEMAND: all that could gain, or `everyone` where covered demand counts
    too.  Column s × len(demand) + d stands for service s at demand d.
    """

    def __init__(
        self,
        result: Result,
        services: Sequence[str],
        denominator: str | None,
        under_target: bool,
        with_unknown: bool,
        everyone: bool,
    ) -> None:
        self.result = result
        self.questions = chosen_questions(result, services)
        self.denominator = leading_denominator(result, denominator)
        self.points = Points(result.minutes, result.demand, result.units)
        self.reach = [self.points.reach(question) for question in self.questions]
        units, below = result.units["unit_id"], units_below(result, self.denominator)
        self.below = [
            below.reindex(pd.MultiIndex.from_product([[question.id], units]))
            for question in self.questions
        ]
        masks = []
        for reach, below in zip(self.reach, self.below, strict=True):
            open_demand = ~reach.covered & (with_unknown | ~reach.unknown)
            counted = below["missing"].notna().to_numpy() if under_target else np.True_
            masks.append(open_demand & np.broadcast_to(counted, len(units))[self.points.unit])
        carries = (result.demand[list(WEIGHT_NAMES)].fillna(0) > 0).any(axis=1).to_numpy()
        self.demand: Ints = np.flatnonzero((everyone | np.logical_or.reduce(masks)) & carries)
        self.open: list[Mask] = [mask[self.demand] for mask in masks]
        self.unit = self.points.unit[self.demand]

    @property
    def longest_m(self) -> float:
        """The longest limit of all."""
        return max(float(np.nanmax(question.limit_m)) for question in self.questions)

    def weights(self, name: str) -> Floats:
        """A weight at every column, 0 where nothing is to be gained."""
        own = self.result.demand[name].fillna(0).to_numpy(dtype=float)[self.demand]
        return np.concatenate([np.where(mask, own, 0.0) for mask in self.open])

    def carries(self, name: str) -> bool:
        """Whether the demand carries a weight at all."""
        return bool(self.result.demand[name].notna().any())

    def standing(self, number: int) -> tuple[Floats, Floats]:
        """For every unit what one service covers today, and all there is to cover."""
        weight = self.result.demand[self.denominator].fillna(0).to_numpy(dtype=float)
        covered = np.where(self.reach[number].covered, weight, 0.0)
        unit, count = self.points.unit, len(self.result.units)
        before = np.bincount(unit, covered, count).astype(float)
        return before, np.bincount(unit, weight, count).astype(float)

    def targets(self, service: str) -> Floats:
        """The target of every unit, NaN where it has none."""
        rows = self.result.coverage
        rows = rows[(rows["service"] == service) & (rows["denominator"] == self.denominator)]
        rows = rows[rows["unit_id"].isin(self.result.units["unit_id"])]
        targets = rows.drop_duplicates("unit_id").set_index("unit_id")["target"]
        return targets.reindex(self.result.units["unit_id"]).to_numpy(dtype=float)

    def walks_to(self, candidates: Candidates, limit_m: float) -> list[csr_array]:
        """Metres from the demand to candidates for every service, by whoever walks to it."""
        walkers = [self.result.minutes.of(question.services[0]) for question in self.questions]
        of_each = {
            walker.profile: walks_to(self.result, walker, candidates, self.demand, limit_m)
            for walker in {walker.profile: walker for walker in walkers}.values()
        }
        return [of_each[walker.profile] for walker in walkers]

    def cover(self, walks_of_each: Sequence[csr_array]) -> Cover:
        """Which candidates are within each service's limit of which open demand."""
        parts = []
        for question, mask, walks in zip(self.questions, self.open, walks_of_each, strict=True):
            row = np.repeat(np.arange(walks.shape[0]), np.diff(walks.indptr))
            limit_m = question.limit_m[self.unit][walks.indices]
            kept = mask[walks.indices] & (walks.data <= limit_m + TOLERANCE_M)
            start = np.searchsorted(row[kept], np.arange(walks.shape[0] + 1))
            ones = np.ones(int(kept.sum()))
            parts.append(csr_array((ones, walks.indices[kept], start), shape=walks.shape))
        return Cover(csr_array(hstack(parts, format="csr")), self.weights(self.denominator))

    def walks(self, walks_of_each: Sequence[csr_array]) -> Walks:
        """The walks that candidates would shorten."""
        parts, now = [], []
        for question, walks in zip(self.questions, walks_of_each, strict=True):
            row = np.repeat(np.arange(walks.shape[0]), np.diff(walks.indptr))
            columns = [self.result.minutes.services.index(one) for one in question.members]
            own = np.minimum(least(self.result.minutes.metres[self.demand], columns), REACH_M)
            kept = walks.data < own[walks.indices]
            start = np.searchsorted(row[kept], np.arange(walks.shape[0] + 1))
            stored = (walks.data[kept], walks.indices[kept], start)
            parts.append(csr_array(stored, shape=walks.shape))
            now.append(own)
        weight = self.result.demand[self.denominator].fillna(0).to_numpy(dtype=float)[self.demand]
        weights = np.tile(weight, len(self.questions))
        return Walks(csr_array(hstack(parts, format="csr")), np.concatenate(now), weights)

    def quotas(self) -> Quotas:
        """What every unit below its target lacks, for every service."""
        count = len(self.result.units)
        need = np.concatenate([below["missing"].fillna(0).to_numpy() for below in self.below])
        group = [self.unit + number * count for number in range(len(self.questions))]
        return Quotas(np.concatenate(group), need)
