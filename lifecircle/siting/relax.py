"""How much sites can cover at most: a Lagrangian bound, and the candidates that can still matter.

    max Σ w_j y_j   with   y_j ≤ Σ_i a_ij x_i,   x within the limits,   0 ≤ y ≤ 1

Prices λ_j in [0, w_j] take the place of the first rows (Fisher 1981): for all of them no choice
covers more than

    L(λ) = Σ_j (w_j − λ_j) + max { Σ_i x_i Σ_j a_ij λ_j : x within the limits }.

Prices begin at the weights of what is not covered, which is the bound of the greedy search, and
follow the subgradient (Held, Wolfe & Crowder 1974).  A candidate whose forced choice lowers L
below what is known to be possible is in no better choice and is dropped.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from lifecircle.base.geo import Floats
from lifecircle.network.network import Ints, Mask
from lifecircle.siting.greedy import Cover
from lifecircle.siting.limits import Limits

STEPS = 400
PATIENCE = 10
"""Steps without a lower bound after which steps are halved."""

FEW = 100
"""With so few candidates left another search is quicker than more steps."""


@dataclass(frozen=True)
class Relaxed:
    """The best choice met, the value that none can exceed, and who may be in a better one."""

    chosen: list[int]
    bound: float
    left: Mask


def relaxed(cover: Cover, limits: Limits, chosen: Sequence[int]) -> Relaxed:
    """Bound what a choice within the limits covers; `chosen` is one that is known."""
    search = _Search(cover, limits, list(chosen))
    search.run()
    left = search.left()
    left[search.chosen] = True
    bound = min(search.bound, limits.most(cover.alone())[0])
    return Relaxed(search.chosen, max(bound, search.known), left)


class _Search:
    """Prices on their way down to the least bound."""

    def __init__(self, cover: Cover, limits: Limits, chosen: list[int]) -> None:
        self.cover, self.limits = cover, limits
        self.chosen, self.known = chosen, cover.gained(chosen)
        self.best_price = np.where(cover.covered(chosen), 0.0, cover.weight)
        self.bound = np.inf

    def run(self) -> None:
        """Step until the bound is what is known, or steps are too small to matter."""
        price, size, stalled = self.best_price, 1.0, 0
        weight = self.cover.weight
        for _ in range(STEPS):
            worth = self.cover.reach @ price
            most, share = self.limits.most(worth)
            bound = float((weight - price).sum()) + most
            self._look_at(share)
            stalled = 0 if bound < self.bound * (1 - 1e-5) else stalled + 1
            if bound < self.bound:
                self.bound, self.best_price = bound, price
            if stalled > PATIENCE:
                if int(self.left().sum()) <= FEW:
                    break
                size, stalled, price = size / 2, 0, self.best_price
                continue
            slope = self.cover.by_demand @ share - (weight > price)
            slope[((price <= 0) & (slope > 0)) | ((price >= weight) & (slope < 0))] = 0
            steep = float(slope @ slope)
            if steep == 0 or self.bound <= self.known * (1 + 1e-9) or size < 1e-4:
                break
            step = size * (bound - self.known) / steep
            price = np.clip(price - step * slope, 0.0, weight)

    def left(self) -> Mask:
        """The candidates that may be in a choice better than what is known."""
        worth = self.cover.reach @ self.best_price
        spare = float((self.cover.weight - self.best_price).sum())
        left: Mask = spare + self.limits.most_with_each(worth) > self.known * (1 + 1e-9)
        return left

    def _look_at(self, share: Floats) -> None:
        """Keep the relaxed choice where it is a real one and covers more than what is known."""
        sites = np.flatnonzero(share == 1).tolist()
        gained = self.cover.gained(sites) if self.limits.allow(sites) else 0.0
        if gained > self.known * (1 + 1e-9):
            self.chosen, self.known = sites, gained


def not_dominated(cover: Cover, limits: Limits) -> Ints:
    """The candidates that no other replaces: one that covers as much and more, at no more cost.

    Of candidates that are alike the first is kept.
    """
    reach: csr_array = cover.reach[:, np.flatnonzero(cover.weight > 0)]
    size = np.diff(reach.indptr)
    shared = (reach @ reach.T).tocoo()
    one, other = shared.coords
    cost = limits.costs(len(size))
    inside = (shared.data >= size[one] - 0.5) & (one != other) & (cost[other] <= cost[one])
    alike = (size[one] == size[other]) & (cost[one] == cost[other])
    gone = one[inside & (~alike | (other < one))]
    kept = size > 0
    kept[gone] = False
    return np.flatnonzero(kept)
