"""Choosing sites: against every choice there is, against spopt, and within the guarantee."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest
from scipy.sparse import csr_array

from lifecircle.siting.exact import fewest_exact, most_covered_exact, shortest_walks_exact
from lifecircle.siting.greedy import (
    Cover,
    Quotas,
    attainable,
    fewest,
    greedy,
    least_count,
    most_covered,
    upper_bound,
)
from lifecircle.siting.limits import Limits
from lifecircle.siting.median import Walks, least_total, shortest_walks

SEED = 20241011
GUARANTEE = 1 - 1 / math.e


def random_cover(rng: np.random.Generator, sites: int = 9, demands: int = 25) -> Cover:
    """Some demands without a candidate, some without weight, some alike."""
    reach = (rng.random((sites, demands)) < rng.uniform(0.05, 0.4)).astype(float)
    reach[:, 1] = reach[:, 0]
    weight = rng.integers(0, 50, demands).astype(float)
    return Cover(csr_array(reach), weight)


def gained(cover: Cover, sites: tuple[int, ...]) -> float:
    """What sites cover, counted on the dense matrix."""
    return float(cover.weight[cover.reach.toarray()[list(sites)].any(axis=0)].sum())


@pytest.mark.parametrize("number", range(60))
@pytest.mark.parametrize("count", [1, 3, 5])
def test_most_covered_against_every_choice(number: int, count: int) -> None:
    """Greedy within 1 − 1/e, exchange no worse, HiGHS the optimum, every bound above it."""
    cover = random_cover(np.random.default_rng([SEED, number]))
    best = max(gained(cover, sites) for sites in combinations(range(9), count))
    first, swapped = greedy(cover, count), most_covered(cover, count)
    assert gained(cover, tuple(first)) >= GUARANTEE * best - 1e-9
    assert gained(cover, tuple(first)) <= gained(cover, tuple(swapped)) + 1e-9 <= best + 2e-9
    assert upper_bound(cover, swapped, count) >= best - 1e-9
    proof = most_covered_exact(cover, Limits(count))
    if proof is None:
        assert best == 0
    else:
        assert gained(cover, tuple(proof.chosen)) == pytest.approx(best)
        assert proof.bound == pytest.approx(best)


def test_exchange_mends_what_greedy_misses() -> None:
    """The site in the middle gains most at first, and two others gain more together.

    Demands 3, 3, 2, 2 with the middle site over the two threes but one: greedy takes 6 + 2.
    """
    reach = np.array([[0, 1, 1, 0], [1, 1, 0, 0], [0, 0, 1, 1]], dtype=float)
    cover = Cover(csr_array(reach), np.array([2.0, 3.0, 3.0, 2.0]))
    assert gained(cover, tuple(greedy(cover, 2))) == 8
    assert sorted(most_covered(cover, 2)) == [1, 2]


def test_sites_come_in_the_order_of_what_they_add() -> None:
    """Gains fall along the list: the curve of gain by number of sites is concave."""
    for number in range(20):
        cover = random_cover(np.random.default_rng([SEED, 7, number]), 12, 60)
        chosen = most_covered(cover, 6)
        curve = np.diff([0.0, *(gained(cover, tuple(chosen[: n + 1])) for n in range(len(chosen)))])
        assert (np.diff(curve) <= 1e-9).all() and (curve > 0).all()


def filled(cover: Cover, quotas: Quotas, sites: tuple[int, ...]) -> bool:
    """Whether sites fill every quota as far as all sites could."""
    reach = cover.reach.toarray()

    def of_groups(chosen: list[int]) -> np.ndarray:
        covered = reach[chosen].any(axis=0) if chosen else np.zeros(reach.shape[1], dtype=bool)
        return np.array(
            [
                cover.weight[covered & (quotas.group == group)].sum()
                for group in range(len(quotas.need))
            ]
        )

    need = np.minimum(quotas.need, of_groups(list(range(reach.shape[0]))))
    return bool((of_groups(list(sites)) >= need - 1e-9).all())


@pytest.mark.parametrize("number", range(60))
def test_fewest_sites_against_every_choice(number: int) -> None:
    """Two units with needs of their own; greedy fills them, HiGHS with as few as possible."""
    rng = np.random.default_rng([SEED, 1, number])
    cover = random_cover(rng)
    quotas = Quotas(rng.integers(-1, 2, 25), rng.uniform(0, 250, 2))
    fewest_there_are = next(
        count
        for count in range(10)
        if any(filled(cover, quotas, sites) for sites in combinations(range(9), count))
    )
    chosen = fewest(cover, quotas)
    assert filled(cover, quotas, tuple(chosen))
    assert least_count(cover, quotas) <= fewest_there_are <= len(chosen)
    proof = fewest_exact(cover, quotas)
    if proof is None:
        assert fewest_there_are == 0
    else:
        assert filled(cover, quotas, tuple(proof.chosen))
        assert len(proof.chosen) == fewest_there_are == math.ceil(proof.bound - 1e-6)


def test_a_quota_nobody_can_fill_is_filled_as_far_as_it_goes() -> None:
    """A need of 100 where all sites together reach 7."""
    cover = Cover(csr_array(np.array([[1.0, 0, 0], [0, 1, 0]])), np.array([3.0, 4.0, 90.0]))
    quotas = Quotas(np.zeros(3, dtype=np.int64), np.array([100.0]))
    assert attainable(cover, quotas).tolist() == [7.0]
    assert sorted(fewest(cover, quotas)) == [0, 1]


def random_walks(rng: np.random.Generator, sites: int = 8, demands: int = 15) -> Walks:
    metres = rng.uniform(10, 2000, (sites, demands))
    now = rng.uniform(200, 3000, demands)
    stored = np.where(metres < now, metres, 0.0)
    return Walks(csr_array(stored), now, rng.integers(0, 30, demands).astype(float))


def total(walks: Walks, sites: tuple[int, ...]) -> float:
    dense = walks.metres.toarray()
    dense[dense == 0] = np.inf
    least = np.minimum(walks.now, dense[list(sites)].min(axis=0, initial=np.inf))
    return float(walks.weight @ least)


@pytest.mark.parametrize("number", range(60))
@pytest.mark.parametrize("count", [1, 2, 4])
def test_shortest_walks_against_every_choice(number: int, count: int) -> None:
    """Existing facilities stand; exchange is within 1 − 1/e of what can be saved."""
    walks = random_walks(np.random.default_rng([SEED, 2, number]))
    best = min(total(walks, sites) for sites in combinations(range(8), count))
    chosen = shortest_walks(walks, count)
    saved, most = walks.total([]) - total(walks, tuple(chosen)), walks.total([]) - best
    assert GUARANTEE * most - 1e-6 <= saved <= most + 1e-6
    assert least_total(walks, chosen, count) <= best + 1e-6
    proof = shortest_walks_exact(walks, count)
    assert proof is not None
    assert total(walks, tuple(proof.chosen)) == pytest.approx(best)
    assert proof.bound == pytest.approx(best)
