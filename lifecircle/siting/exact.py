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
from lifecircle.siting.greedy import Cover, Quotas, attainable
from lifecircle.siting.median import Walks

MOST_PAIRS = 30_000
"""Larger problems are left to the greedy search and its own bound."""

NODES = 2_000


@dataclass(frozen=True)
class Proof:
    """Sites that HiGHS found, and the value that no choice can better."""

    chosen: list[int]
    bound: float


def most_covered_exact(cover: Cover, count: int) -> Proof | None:
    """At most `count` sites that cover the most; None where the problem is too large.

    max Σ w y  with  y_j ≤ Σ_i a_ij x_i,  Σ x ≤ count,  x binary, 0 ≤ y ≤ 1.
    """
    alike = _alike(cover, np.zeros(len(cover.weight), dtype=np.int64))
    if alike.reach.nnz > MOST_PAIRS:
        return None
    sites, demands = alike.reach.shape
    linked = _linked(alike.reach)
    limit = coo_array(np.ones((1, sites)))
    rows = vstack([hstack(linked), hstack([limit, coo_array((1, demands))])], format="csr")
    upper = np.append(np.zeros(demands), count)
    cost = np.concatenate([np.zeros(sites), -alike.weight])
    return _solved(cost, [LinearConstraint(rows, -np.inf, upper)], sites, maximised=True)


def fewest_exact(cover: Cover, quotas: Quotas) -> Proof | None:
    """The fewest sites that fill every quota as far as all candidates could.

    min Σ x  with  y_j ≤ Σ_i a_ij x_i  and  Σ_{j in group} w_j y_j ≥ need.
    """
    need = attainable(cover, quotas)
    alike = _alike(cover, quotas.group)
    if alike.reach.nnz > MOST_PAIRS:
        return None
    sites, demands = alike.reach.shape
    counted = np.flatnonzero(alike.group >= 0)
    places = (alike.group[counted], counted)
    quota = coo_array((alike.weight[counted], places), shape=(len(need), demands))
    linked = LinearConstraint(hstack(_linked(alike.reach), format="csr"), -np.inf, 0)
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
    by_demand = cover.by_demand
    by_demand.sort_indices()
    first: dict[tuple[int, bytes], int] = {}
    number = np.full(len(group), -1, dtype=np.int64)
    for demand in np.flatnonzero((np.diff(by_demand.indptr) > 0) & (cover.weight > 0)):
        sites = by_demand.indices[by_demand.indptr[demand] : by_demand.indptr[demand + 1]]
        key = (int(group[demand]), sites.tobytes())
        number[demand] = first.setdefault(key, len(first))
    kept = np.flatnonzero(number >= 0)
    weight = np.bincount(number[kept], cover.weight[kept], len(first)).astype(float)
    one_each = kept[np.unique(number[kept], return_index=True)[1]]
    return _Alike(by_demand[one_each].T.tocsr(), weight, group[one_each])


def _linked(reach: csr_array) -> Sequence[coo_array]:
    """The rows y_j − Σ_i a_ij x_i, as the blocks of x and of y."""
    return (-reach.T).tocoo(), eye_array(reach.shape[1]).tocoo()


def _solved(
    cost: Floats, constraints: list[LinearConstraint], sites: int, maximised: bool
) -> Proof | None:
    """What HiGHS finds; only the sites are whole numbers, the rest follows from them."""
    if sites == 0 or len(cost) == sites:
        return None
    whole = np.zeros(len(cost), dtype=np.int64)
    whole[:sites] = 1
    answer = milp(
        cost,
        integrality=whole,
        bounds=Bounds(0, 1),
        constraints=constraints,
        options={"node_limit": NODES, "mip_rel_gap": 1e-9},
    )
    if answer.x is None:
        return None
    bound = float(answer.mip_dual_bound if answer.mip_dual_bound is not None else answer.fun)
    chosen = np.flatnonzero(answer.x[:sites] > 0.5).tolist()
    return Proof(chosen, -bound if maximised else bound)
