"""The three aims solved: a good choice of sites, and how good any choice could be.

Searches are quick at any size; HiGHS follows where what is left is small enough for it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from lifecircle.siting.budget import Loads, most_worth
from lifecircle.siting.exact import (
    fewest_exact,
    most_covered_exact,
    most_served_exact,
    shortest_walks_exact,
)
from lifecircle.siting.greedy import (
    Cover,
    Quotas,
    fewest,
    in_order,
    least_count,
    most_covered,
)
from lifecircle.siting.limits import Limits
from lifecircle.siting.median import Walks, least_total, shortest_walks
from lifecircle.siting.relax import not_dominated, relaxed


@dataclass(frozen=True)
class Solution:
    """Sites in their order, what was aimed at, what no choice can better, and how that is known.

    `served` is the share of each demand that each site newly serves, sites × demands.
    """

    chosen: list[int]
    value: float
    bound: float
    proved_by: str
    served: csr_array
    mean_m: tuple[float, ...] = ()


def for_people(cover: Cover, limits: Limits) -> Solution:
    """Most newly covered: greedy and exchange, a Lagrangian bound, then HiGHS on what is left."""
    merged = cover.merged()
    start = most_worth(merged, limits)[0] if limits.with_budget else []
    start = start or most_covered(merged, limits.count)
    found = relaxed(merged, limits, start)
    chosen, bound, proved_by = found.chosen, found.bound, "relaxed"
    value = merged.gained(chosen)
    if bound > value * (1 + 1e-9):
        left = np.flatnonzero(found.left)
        left = left[not_dominated(merged.of(left), limits.of(left))]
        proof = most_covered_exact(merged.of(left), limits.of(left))
        if proof is not None:
            better = [int(left[site]) for site in proof.chosen]
            chosen = better if merged.gained(better) > value * (1 + 1e-9) else chosen
            value = merged.gained(chosen)
            bound, proved_by = max(value, min(bound, proof.bound)), "HiGHS"
    chosen = in_order(merged, chosen)
    return Solution(chosen, value, max(value, bound), proved_by, served_first(cover, chosen))


def for_people_with_room(loads: Loads, limits: Limits) -> Solution:
    """Most newly served by sites of limited room: greedy, then HiGHS where it is small enough."""
    chosen, bound = most_worth(loads, limits)
    bound = min(bound, relaxed(loads.cover.merged(), limits, chosen).bound)
    value, proved_by = loads.gained(chosen), "greedy"
    proof = most_served_exact(loads, limits) if bound > value * (1 + 1e-9) else None
    if proof is not None:
        better = loads.gained(proof.chosen) > value * (1 + 1e-6)
        chosen = in_order(loads.cover, proof.chosen) if better else chosen
        value = loads.gained(chosen)
        bound, proved_by = min(bound, proof.bound), "HiGHS"
    weight = np.where(loads.cover.weight > 0, loads.cover.weight, 1.0)
    share = csr_array(loads.served(chosen) / weight)
    return Solution(chosen, value, max(value, bound), proved_by, share)


def for_target(cover: Cover, quotas: Quotas) -> Solution:
    """As few sites as fill every quota."""
    chosen = fewest(cover, quotas)
    bound, proved_by = float(least_count(cover, quotas)), "greedy"
    proof = fewest_exact(cover, quotas) if chosen else None
    if proof is not None:
        chosen = proof.chosen if len(proof.chosen) < len(chosen) else chosen
        bound, proved_by = max(bound, float(np.ceil(proof.bound - 1e-6))), "HiGHS"
    chosen = in_order(cover, chosen)
    return Solution(chosen, float(len(chosen)), bound, proved_by, served_first(cover, chosen))


def for_mean(cover: Cover, walks: Walks, count: int) -> Solution:
    """The shortest mean walk; the bound is mean metres too."""
    chosen = shortest_walks(walks, count)
    total = float(walks.weight.sum()) or 1.0
    proof = shortest_walks_exact(walks, count)
    bound, proved_by = least_total(walks, chosen, count) / total, "greedy"
    if proof is not None:
        better = walks.total(proof.chosen) < walks.total(chosen) * (1 - 1e-9)
        chosen = walks.in_order(proof.chosen) if better else chosen
        bound, proved_by = max(bound, proof.bound / total), "HiGHS"
    mean_m = tuple(walks.total(chosen[: n + 1]) / total for n in range(len(chosen)))
    value = walks.total(chosen) / total
    served = served_first(cover, chosen)
    return Solution(chosen, value, min(value, bound), proved_by, served, mean_m)


def served_first(cover: Cover, chosen: list[int]) -> csr_array:
    """Each demand served whole by the first of the chosen that covers it."""
    covered = np.zeros(len(cover.weight), dtype=bool)
    columns = []
    for site in chosen:
        own = cover.covers(site)
        columns.append(own[~covered[own]])
        covered[own] = True
    start = np.concatenate([[0], np.cumsum([len(own) for own in columns])]).astype(np.int64)
    column = np.concatenate([np.zeros(0, np.int64), *columns])
    return csr_array((np.ones(len(column)), column, start), shape=(len(chosen), len(covered)))
