"""The same optima as spopt finds, with existing facilities predefined."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_array

from lifecircle.siting.exact import fewest_exact, most_covered_exact, shortest_walks_exact
from lifecircle.siting.greedy import Cover, Quotas, fewest, most_covered
from lifecircle.siting.limits import Limits
from lifecircle.siting.median import Walks, shortest_walks

# What spopt and PuLP say to each other is not ours.
pytestmark = pytest.mark.filterwarnings("ignore")

SEED = 20250315
LIMIT_M = 500.0
EXISTING = 3


@pytest.fixture(scope="module")
def locate() -> Any:
    """spopt's models; its import is slow and warns of other libraries."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import spopt.locate

        return spopt.locate


@pytest.fixture(scope="module")
def solver() -> Any:
    """HiGHS, so that nothing rests on the solver that PuLP brings."""
    import pulp

    solver = pulp.HiGHS(msg=False)
    assert solver.available(), "highspy is part of the extra `test`"
    return solver


def town(number: int) -> tuple[np.ndarray, np.ndarray]:
    """Metres from 40 homes to 3 existing and 12 possible places, and the people."""
    rng = np.random.default_rng([SEED, number])
    homes, places = rng.uniform(0, 2500, (40, 2)), rng.uniform(0, 2500, (15, 2))
    metres = np.abs(homes[:, np.newaxis] - places[np.newaxis]).sum(axis=2)
    return metres, rng.integers(1, 100, 40).astype(float)


def new_cover(metres: np.ndarray, people: np.ndarray) -> Cover:
    """What the possible places would newly cover."""
    covered = (metres[:, :EXISTING] <= LIMIT_M).any(axis=1)
    reach = (metres[:, EXISTING:] <= LIMIT_M).T & ~covered
    return Cover(csr_array(reach.astype(float)), np.where(covered, 0.0, people))


@pytest.mark.parametrize("number", range(8))
@pytest.mark.parametrize("count", [1, 3, 5])
def test_mclp_with_predefined_facilities(locate: Any, solver: Any, number: int, count: int) -> None:
    metres, people = town(number)
    model = locate.MCLP.from_cost_matrix(
        metres, people, LIMIT_M, EXISTING + count,
        predefined_facilities_arr=np.array([1] * EXISTING + [0] * 12),
    ).solve(solver)  # fmt: skip
    covered = (metres[:, :EXISTING] <= LIMIT_M).any(axis=1)
    optimum = model.problem.objective.value() - people[covered].sum()
    cover = new_cover(metres, people)
    proof = most_covered_exact(cover, Limits(count))
    assert proof is not None and proof.bound == pytest.approx(optimum)
    assert cover.gained(proof.chosen) == pytest.approx(optimum)
    assert 0.632 * optimum <= cover.gained(most_covered(cover, count)) <= optimum + 1e-6


@pytest.mark.parametrize("number", range(8))
def test_lscp_with_predefined_facilities(locate: Any, solver: Any, number: int) -> None:
    """The target of 100 % over the homes that any place reaches."""
    metres, people = town(number)
    reached = (metres <= LIMIT_M).any(axis=1)
    model = locate.LSCP.from_cost_matrix(
        metres[reached], LIMIT_M, predefined_facilities_arr=np.array([1] * EXISTING + [0] * 12)
    ).solve(solver)
    optimum = round(model.problem.objective.value()) - EXISTING
    cover = new_cover(metres[reached], people[reached])
    quotas = Quotas(np.zeros(len(cover.weight), dtype=np.int64), np.array([cover.weight.sum()]))
    proof = fewest_exact(cover, quotas)
    assert proof is not None and len(proof.chosen) == optimum
    assert optimum <= len(fewest(cover, quotas)) <= optimum + 1


@pytest.mark.parametrize("number", range(8))
@pytest.mark.parametrize("count", [1, 3])
def test_p_median_with_predefined_facilities(
    locate: Any, solver: Any, number: int, count: int
) -> None:
    metres, people = town(number)
    model = locate.PMedian.from_cost_matrix(
        metres, people, EXISTING + count,
        predefined_facilities_arr=np.array([1] * EXISTING + [0] * 12),
    ).solve(solver)  # fmt: skip
    optimum = model.problem.objective.value()
    now = metres[:, :EXISTING].min(axis=1)
    shorter = np.where(metres[:, EXISTING:] < now[:, np.newaxis], metres[:, EXISTING:], 0.0)
    walks = Walks(csr_array(shorter.T), now, people)
    proof = shortest_walks_exact(walks, count)
    assert proof is not None and proof.bound == pytest.approx(optimum)
    assert walks.total(proof.chosen) == pytest.approx(optimum)
    assert walks.total(shortest_walks(walks, count)) <= 1.1 * optimum
