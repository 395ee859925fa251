"""Optima proved by HiGHS, where the problem is small enough for it.

Demands that the same candidates reach are one demand.  The search ends after a fixed number of
nodes, never after seconds, so that the same inputs give the same answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array, csr_array, eye_array, hstack, vstack

from lifecircle.base.geo import Floats
from lifecircle.network.network import Ints
from lifecircle.siting.budget import Loads
from lifecircle.siting.greedy import Cover, Quotas, alike, attainable
from lifecircle.siting.limits import Limits
from lifecircle.siting.median import Walks

MOST_PAIRS = 30_000
"""Larger problems are left to the other searches and their own bounds."""

MOST_COVERED_PAIRS = 100_000
"""The same for covering the most, which needs no variable for each pair."""

NODES = 2_000


@dataclass(frozen=True)
class Proof:
    """Sites that HiGHS found, and the value that no choice can better."""

    chosen: list[int]
    bound: float


def most_covered_exact(cover: Cover, limits: Limits) -> Proof | None:
    """Sites within the limits that cover the most; None where the problem is too large.

    max Σ w y  with  y_j ≤ Σ_i a_ij x_i,  x within the limits and binary, 0 ≤ y ≤ 1.
    """
    cover = cover.merged()
    if cover.reach.nnz > MOST_COVERED_PAIRS:
        return None
    sites, demands = cover.reach.shape
    linked = LinearConstraint(hstack(_linked(cover.reach), format="csr"), -np.inf, 0)
    cost = np.concatenate([np.zeros(sites), -cover.weight])
    return _solved(cost, [linked, *_within(limits, sites, demands)], sites, maximised=True)


def most_served_exact(loads: Loads, limits: Limits) -> Proof | None:
    """Sites within the limits that serve the most, each no more than it has room for.

    max Σ z_ij  with  z_ij ≤ w_j x_i,  Σ_j z_ij ≤ room_i x_i,  Σ_i z_ij ≤ w_j.
    """
    cover = loads.cover.merged()
    pairs, (sites, demands) = cover.reach.nnz, cover.reach.shape
    if pairs > MOST_PAIRS:
        return None
    row, column = cover.reach.tocoo().coords
    weight, number, ones = cover.weight[column], np.arange(pairs), np.ones(pairs)
    opened = hstack([coo_array((-weight, (number, row)), shape=(pairs, sites)), eye_array(pairs)])
    room = coo_array((-loads.room, (np.arange(sites), np.arange(sites))), shape=(sites, sites))
    held = hstack([room, coo_array((ones, (row, number)), shape=(sites, pairs))])
    once = hstack(
        [coo_array((demands, sites)), coo_array((ones, (column, number)), shape=(demands, pairs))]
    )
    rows = vstack([opened, held, once], format="csr")
    upper = np.concatenate([np.zeros(pairs + sites), cover.weight])
    constraints = [LinearConstraint(rows, -np.inf, upper), *_within(limits, sites, pairs)]
    cost = np.concatenate([np.zeros(sites), -ones])
    return _solved(cost, constraints, sites, maximised=True, most=np.append(np.ones(sites), weight))


def fewest_exact(cover: Cover, quotas: Quotas) -> Proof | None:
    """The fewest sites that fill every quota as far as all candidates could.

    min Σ x  with  y_j ≤ Σ_i a_ij x_i  and  Σ_{j in group} w_j y_j ≥ need.
    """
    need = attainable(cover, quotas)
    merged = _alike(cover, quotas.group)
    if merged.reach.nnz > MOST_PAIRS:
        return None
    sites, demands = merged.reach.shape
    counted = np.flatnonzero(merged.group >= 0)
    places = (merged.group[counted], counted)
    quota = coo_array((merged.weight[counted], places), shape=(len(need), demands))
    linked = LinearConstraint(hstack(_linked(merged.reach), format="csr"), -np.inf, 0)
    filled = hstack([coo_array((len(need), sites)), quota], format="csr")
    least = need * (1 - 1e-9)
    cost = np.concatenate([np.ones(sites), np.zeros(demands)])
    return _solved(cost, [linked, LinearConstraint(filled, least, np.inf)], sites, maximised=False)


def shortest_walks_exact(walks: Walks, count: int) -> Proof | None:
    """At most `count` sites for the least weighted metres; the bound is weighted metres.

    max Σ saved_ij z_ij  with  z_ij ≤ x_i,  Σ_i z_ij ≤ 1,  Σ x ≤ count.
    """
    pairs = walks.metres.nnz
    if pairs > MOST_PAIRS:
        return None
    sites, demands = walks.metres.shape
    column = walks.metres.indices
    saved = (walks.now[column] - walks.metres.data) * walks.weight[column]
    number, ones = np.arange(pairs), np.ones(pairs)
    open_site = coo_array((-ones, (number, walks.row)), shape=(pairs, sites))
    once = coo_array((ones, (column, number)), shape=(demands, pairs))
    rows = vstack(
        [
            hstack([open_site, eye_array(pairs)]),
            hstack([coo_array((demands, sites)), once]),
            hstack([coo_array(np.ones((1, sites))), coo_array((1, pairs))]),
        ],
        format="csr",
    )
    upper = np.concatenate([np.zeros(pairs), np.ones(demands), [count]])
    cost = np.concatenate([np.zeros(sites), -saved])
    proof = _solved(cost, [LinearConstraint(rows, -np.inf, upper)], sites, maximised=True)
    if proof is None:
        return None
    return Proof(proof.chosen, float(walks.weight @ walks.now) - proof.bound)


@dataclass(frozen=True)
class _Alike:
    """Demands of one group that the same candidates reach, as one."""

    reach: csr_array
    weight: Floats
    group: Ints


def _alike(cover: Cover, group: Ints) -> _Alike:
    number, count = alike(cover, group)
    kept = np.flatnonzero(number >= 0)
    weight = np.bincount(number[kept], cover.weight[kept], count).astype(float)
    one_each = kept[np.unique(number[kept], return_index=True)[1]]
    return _Alike(cover.by_demand[one_each].T.tocsr(), weight, group[one_each])


def _linked(reach: csr_array) -> Sequence[coo_array]:
    """The rows y_j − Σ_i a_ij x_i, as the blocks of x and of y."""
    return (-reach.T).tocoo(), eye_array(reach.shape[1]).tocoo()


def _within(limits: Limits, sites: int, others: int) -> list[LinearConstraint]:
    """The rows Σ x ≤ count and, with a budget, Σ cost x ≤ budget."""
    rows = [LinearConstraint(np.append(np.ones(sites), np.zeros(others)), -np.inf, limits.count)]
    if limits.with_budget:
        costs = np.append(limits.costs(sites), np.zeros(others))
        rows.append(LinearConstraint(costs, -np.inf, limits.budget))
    return rows


def _solved(
    cost: Floats,
    constraints: list[LinearConstraint],
    sites: int,
    maximised: bool,
    most: Floats | float = 1.0,
) -> Proof | None:
    """What HiGHS finds; only the sites are whole numbers, the rest (at most `most`) follows."""
    if sites == 0 or len(cost) == sites:
        return None
    whole = np.zeros(len(cost), dtype=np.int64)
    whole[:sites] = 1
    answer = milp(
        cost,
        integrality=whole,
        bounds=Bounds(0, most),
        constraints=constraints,
        options={"node_limit": NODES, "mip_rel_gap": 1e-9},
    )
    if answer.x is None:
        return None
    bound = float(answer.mip_dual_bound if answer.mip_dual_bound is not None else answer.fun)
    chosen = np.flatnonzero(answer.x[:sites] > 0.5).tolist()
    return Proof(chosen, -bound if maximised else bound)
