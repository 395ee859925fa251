"""What a choice of sites must keep to: a number of sites, and a budget where costs are known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from lifecircle.base.geo import Floats
from lifecircle.network.network import Ints


@dataclass(frozen=True)
class Limits:
    """At most `count` sites; with `cost` of each candidate, at most `budget` in all."""

    count: int
    cost: Floats | None = None
    budget: float = np.inf

    @property
    def with_budget(self) -> bool:
        """Whether costs decide anything."""
        return self.cost is not None and np.isfinite(self.budget)

    def costs(self, candidates: int) -> Floats:
        """What each candidate takes of the budget; nothing where there is none."""
        if self.cost is None or not self.with_budget:
            return np.zeros(candidates)
        return self.cost

    def of(self, kept: Ints) -> Limits:
        """The same limits for some of the candidates."""
        return self if self.cost is None else replace(self, cost=self.cost[kept])

    def allow(self, sites: Sequence[int]) -> bool:
        """Whether these are not too many and not too dear."""
        cost = 0.0 if self.cost is None else float(self.cost[list(sites)].sum())
        return len(sites) <= self.count and cost <= self.budget

    def most(self, worth: Floats) -> tuple[float, Floats]:
        """What candidates of this worth can be worth together at most, and shares that are.

        Without a budget the largest; with one the largest by cost and a part of the next, or
        the largest alone, whichever is less: neither can be exceeded.
        """
        share = np.zeros(len(worth))
        count = min(self.count, len(worth))
        worth = np.where(self.costs(len(worth)) <= self.budget, worth, 0.0)
        best = np.argpartition(-worth, count - 1)[:count] if count else np.zeros(0, np.int64)
        most = float(worth[best].sum())
        share[best] = 1.0
        if not self.with_budget:
            return most, share
        filled = self._filled(worth)
        by_cost = float(filled @ worth)
        return (by_cost, filled) if by_cost < most else (most, share)

    def _filled(self, worth: Floats) -> Floats:
        """The shares of candidates that fill the budget with the most worth."""
        cost = self.costs(len(worth))
        with np.errstate(divide="ignore", invalid="ignore"):
            order = np.argsort(-np.where(worth > 0, worth / cost, -1.0), kind="stable")
        left = self.budget - np.concatenate([[0.0], np.cumsum(cost[order])[:-1]])
        with np.errstate(divide="ignore", invalid="ignore"):
            part = np.where(cost[order] > 0, left / cost[order], 1.0)
        share = np.zeros(len(worth))
        share[order] = np.where(worth[order] > 0, np.clip(part, 0.0, 1.0), 0.0)
        return share

    def most_with_each(self, worth: Floats) -> Floats:
        """What a choice that must hold a candidate can be worth at most, for each of them."""
        count = min(self.count, len(worth))
        most, _ = self.most(worth)
        if count == 0 or self.with_budget:
            return np.full(len(worth), most)
        last = float(np.partition(worth, -count)[-count])
        return np.asarray(most - np.maximum(last - worth, 0.0))
