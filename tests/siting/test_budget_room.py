"""Budgets, rooms and bounds: against every choice there is, and against models of PuLP's own."""

from __future__ import annotations

import math
from itertools import chain, combinations
from typing import Any

import networkx as nx
import numpy as np
import pytest
from scipy.sparse import csr_array

from lifecircle.siting.budget import Loads, lazy_greedy, most_worth
from lifecircle.siting.exact import most_served_exact
from lifecircle.siting.greedy import Cover, upper_bound
from lifecircle.siting.limits import Limits
from lifecircle.siting.relax import not_dominated, relaxed
from lifecircle.siting.solve import for_people, for_people_with_room

SEED = 20261122
SITES, DEMANDS = 8, 20
HALF_OF_GREEDY = 0.5 * (1 - 1 / math.e)


def random_cover(rng: np.random.Generator) -> Cover:
    reach = (rng.random((SITES, DEMANDS)) < rng.uniform(0.05, 0.4)).astype(float)
    reach[:, 1] = reach[:, 0]
    return Cover(csr_array(reach), rng.integers(0, 50, DEMANDS).astype(float))


def choices() -> list[tuple[int, ...]]:
    return list(chain.from_iterable(combinations(range(SITES), n) for n in range(SITES + 1)))


def covered(cover: Cover, sites: tuple[int, ...]) -> float:
    """Counted on the dense matrix."""
    return float(cover.weight[cover.reach.toarray()[list(sites)].any(axis=0)].sum())


def served(loads: Loads, sites: tuple[int, ...]) -> float:
    """The largest flow as NetworkX finds it."""
    graph = nx.DiGraph()
    graph.add_nodes_from(["from", "to"])
    dense = loads.cover.reach.toarray()
    for site in sites:
        graph.add_edge("from", ("site", site), capacity=float(loads.room[site]))
        for demand in np.flatnonzero(dense[site]):
            graph.add_edge(("site", site), ("demand", int(demand)))
    for demand, weight in enumerate(loads.cover.weight):
        graph.add_edge(("demand", demand), "to", capacity=float(weight))
    return float(nx.maximum_flow_value(graph, "from", "to"))


@pytest.mark.parametrize("number", range(25))
@pytest.mark.parametrize("count", [1, 3])
def test_the_lagrangian_bound_and_what_it_leaves(number: int, count: int) -> None:
    """Never below the best choice, never above the greedy bound, and a best choice is left.

    Whatever is dropped on top as dominated, too, some best choice stays.
    """
    cover = random_cover(np.random.default_rng([SEED, number]))
    possible = [sites for sites in choices() if len(sites) <= count]
    best = max(covered(cover, sites) for sites in possible)
    limits = Limits(count)
    start = lazy_greedy(cover, limits, by_cost=False)[0]
    found = relaxed(cover, limits, start)
    assert best - 1e-6 <= found.bound <= upper_bound(cover, start, count) + 1e-6
    left = set(np.flatnonzero(found.left).tolist())
    assert max(covered(cover, one) for one in possible if set(one) <= left) == best
    kept = np.flatnonzero(found.left)
    kept = set(kept[not_dominated(cover.of(kept), limits)].tolist())
    assert max(covered(cover, one) for one in possible if set(one) <= kept) == best


@pytest.mark.parametrize("number", range(25))
@pytest.mark.parametrize("budget", [None, 6.0, 14.0])
def test_most_people_against_every_choice(number: int, budget: float | None) -> None:
    """With and without a budget the best there is, proved; nothing dearer than the budget."""
    rng = np.random.default_rng([SEED, 1, number])
    cover, cost = random_cover(rng), rng.integers(0, 8, SITES).astype(float)
    limits = Limits(3) if budget is None else Limits(SITES, cost, budget)
    possible = [
        sites
        for sites in choices()
        if len(sites) <= limits.count and (budget is None or cost[list(sites)].sum() <= budget)
    ]
    best = max(covered(cover, sites) for sites in possible)
    found = for_people(cover, limits)
    assert tuple(sorted(found.chosen)) in possible
    assert covered(cover, tuple(found.chosen)) == found.value == pytest.approx(best)
    assert found.bound == pytest.approx(best)
    assert found.served.sum(axis=0) @ cover.weight == pytest.approx(best)


@pytest.mark.parametrize("number", range(25))
def test_the_better_of_two_greedy_searches_keeps_its_guarantee(number: int) -> None:
    """½ (1 − 1/e) of the best within the budget, and its own bound above the best."""
    rng = np.random.default_rng([SEED, 2, number])
    cover, cost = random_cover(rng), rng.uniform(1, 8, SITES)
    limits = Limits(SITES, cost, 10.0)
    best = max(covered(cover, one) for one in choices() if cost[list(one)].sum() <= 10)
    chosen, bound = most_worth(cover, limits)
    assert cost[chosen].sum() <= 10
    assert covered(cover, tuple(chosen)) >= HALF_OF_GREEDY * best
    assert bound >= best - 1e-9


def test_gain_by_cost_alone_may_be_far_off() -> None:
    """A cheap site of 2 keeps the budget of 10 from the site of 18: the other search mends it."""
    cover = Cover(csr_array(np.eye(2)), np.array([2.0, 18.0]))
    limits = Limits(2, np.array([1.0, 10.0]), 10.0)
    assert lazy_greedy(cover, limits, by_cost=True)[0] == [0]
    assert most_worth(cover, limits)[0] == [1]


@pytest.mark.parametrize("number", range(25))
def test_rooms_against_every_choice(number: int) -> None:
    """Greedy within 1 − 1/e of the best of two or fewer sites, HiGHS the best, each flow true."""
    rng = np.random.default_rng([SEED, 3, number])
    loads = Loads(random_cover(rng), rng.integers(0, 120, SITES).astype(float))
    best = max(served(loads, one) for one in choices() if len(one) <= 2)
    chosen, bound = most_worth(loads, Limits(2))
    assert loads.gained(chosen) == pytest.approx(served(loads, tuple(chosen)))
    assert (1 - 1 / math.e) * best - 1e-9 <= loads.gained(chosen) <= best + 1e-9 <= bound + 1e-6
    found = for_people_with_room(loads, Limits(2))
    assert found.value == pytest.approx(best) and found.bound == pytest.approx(best)
    people = found.served.toarray() * loads.cover.weight
    assert (people.sum(axis=1) <= loads.room[found.chosen] + 1e-6).all()
    assert (people.sum(axis=0) <= loads.cover.weight + 1e-6).all()
    assert people.sum() == pytest.approx(best)


def test_people_are_shared_out_so_that_none_goes_short() -> None:
    """Site 0 reaches both places of 10, site 1 only the first; each has room for 10.

    First come, first served, site 0 would fill up with the first place and leave 10 behind.
    """
    loads = Loads(
        Cover(csr_array(np.array([[1.0, 1], [1, 0]])), np.full(2, 10.0)), np.full(2, 10.0)
    )
    assert loads.gained([0, 1]) == 20
    assert loads.served([0, 1]).toarray().tolist() == [[0, 10], [10, 0]]


@pytest.mark.parametrize("number", range(6))
@pytest.mark.filterwarnings("ignore")  # what PuLP says to HiGHS is not ours
def test_rooms_and_budget_as_pulp_solves_them(number: int) -> None:
    """A model written for PuLP, by place and not by pairs: 12 sites, 30 places, both limits."""
    import pulp

    rng = np.random.default_rng([SEED, 4, number])
    at, home = rng.uniform(0, 2000, (12, 2)), rng.uniform(0, 2000, (30, 2))
    near = np.abs(at[:, np.newaxis] - home[np.newaxis]).sum(axis=2) <= 700
    people, room = rng.integers(5, 60, 30), rng.integers(40, 200, 12)
    cost, budget = rng.integers(10, 60, 12), 100
    model: Any = pulp.LpProblem("most", pulp.LpMaximize)
    opened = [pulp.LpVariable(f"x{i}", cat="Binary") for i in range(12)]
    goes = {(i, j): pulp.LpVariable(f"z{i}_{j}", 0) for i, j in zip(*np.nonzero(near), strict=True)}
    model += pulp.lpSum(goes.values())
    model += pulp.lpSum(int(cost[i]) * opened[i] for i in range(12)) <= budget
    for i in range(12):
        model += pulp.lpSum(z for (k, _), z in goes.items() if k == i) <= int(room[i]) * opened[i]
    for j in range(30):
        model += pulp.lpSum(z for (_, k), z in goes.items() if k == j) <= int(people[j])
    model.solve(pulp.HiGHS(msg=False))
    loads = Loads(Cover(csr_array(near.astype(float)), people.astype(float)), room.astype(float))
    limits = Limits(12, cost.astype(float), float(budget))
    proof = most_served_exact(loads, limits)
    assert proof is not None and proof.bound == pytest.approx(model.objective.value(), rel=1e-6)
    found = for_people_with_room(loads, limits)
    assert found.value == pytest.approx(model.objective.value(), rel=1e-6)
    assert cost[found.chosen].sum() <= budget
