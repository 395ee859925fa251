"""Walks that take over what an earlier walk found are those of a walk from the start."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

import lifecircle as lc
from lifecircle.base.cache import cache_in
from lifecircle.demo import copy_town
from lifecircle.inputs.gather import Inputs, read_inputs
from lifecircle.network.search import NearestSearch
from lifecircle.network.walk import Minutes, walk_minutes
from lifecircle.pipeline import silent

FEW = ("eldercare_home", "pharmacy", "wet_market")
WALKERS = ("standard", "elderly", "wheelchair")


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inputs]:
    """The demo: water, steps, private ways, a square, islands, and a service known in a box."""
    folder = tmp_path_factory.mktemp("town")
    study = lc.load_study(copy_town(folder))
    with cache_in(None):
        yield read_inputs(study, silent)


def walk(
    town: Inputs, services: tuple[str, ...], cap_m: float, profile: str, before: Minutes | None
) -> Minutes:
    return walk_minutes(
        town.network, town.facilities, town.demand.table, profile, services, town.known, cap_m,
        profiles={"pharmacy": "elderly"} if profile == "standard" else {}, before=before,
    )  # fmt: skip


def assert_same(one: Minutes, other: Minutes) -> None:
    assert one.services == other.services and one.profiles == other.profiles
    for name in ("metres", "straight_m", "border_m", "minutes", "facility_id"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)
    for mine, theirs in (
        (one.attachment, other.attachment),
        (one.entrances.attachment, other.entrances.attachment),
    ):
        for name in ("edge", "offset_m", "leg_m", "x", "y", "reason"):
            np.testing.assert_array_equal(getattr(mine, name), getattr(theirs, name), err_msg=name)


@pytest.mark.parametrize(("cap_m", "few"), [(5, True), (15, True), (400, False), (2000, False)])
def test_another_cap(town: Inputs, cap_m: float, few: bool) -> None:
    """From caps that lose most places and entrances to one that nobody minds."""
    before = walk(town, town.services, 200, "standard", None)
    anew = walk(town, FEW, cap_m, "standard", None)
    assert_same(walk(town, FEW, cap_m, "standard", before), anew)
    lost = before.attachment.found & ~anew.attachment.found
    assert lost.any() == few


@pytest.mark.parametrize("old", WALKERS)
@pytest.mark.parametrize("new", WALKERS)
def test_another_walker(town: Inputs, old: str, new: str) -> None:
    """To whom more is closed, and to whom more is open."""
    before = walk(town, FEW, 200, old, None)
    assert_same(walk(town, FEW, 200, new, before), walk(town, FEW, 200, new, None))


def test_other_services(town: Inputs) -> None:
    """Services that nobody walked to before stand beside those that are taken over."""
    before = walk(town, FEW[1:], 200, "standard", None)
    assert_same(walk(town, FEW, 200, "standard", before), walk(town, FEW, 200, "standard", None))


def test_what_is_the_same_is_not_walked_again(
    town: Inputs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same walker, cap and services: no search is made at all."""
    before = walk(town, FEW, 200, "elderly", None)
    monkeypatch.setattr(NearestSearch, "at_nodes", lambda *_: pytest.fail("walked again"))
    assert_same(walk(town, FEW, 200, "elderly", before), before)
