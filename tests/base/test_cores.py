"""Things done side by side come out in order, fail as they would alone, and are heard."""

from __future__ import annotations

import threading

import pytest

from lifecircle.base.cores import MOST, both, cores, side_by_side
from lifecircle.base.journal import journal, note


def test_the_order_is_that_of_the_items_whoever_is_done_first() -> None:
    first = threading.Event()

    def work(item: int) -> int:
        # The first item waits for the second, where both can be under way.
        if item == 0 and cores() > 1:
            assert first.wait(30)
        first.set()
        return item * item

    assert side_by_side(work, range(40)) == [item * item for item in range(40)]
    assert side_by_side(work, []) == []
    assert 1 <= cores() <= MOST


def test_the_first_error_ends_it_and_what_has_not_begun_is_not_done() -> None:
    done = []
    failed = threading.Event()

    def work(item: int) -> None:
        if item == 0:
            failed.set()
            raise LookupError("the first")
        failed.wait(30)
        done.append(item)

    with pytest.raises(LookupError, match="the first"):
        side_by_side(work, range(10_000))
    assert len(done) < 10_000


def test_both_are_done_at_once_and_an_error_of_either_is_raised() -> None:
    there = threading.Barrier(2, timeout=30)
    assert both(lambda: there.wait() >= 0, lambda: there.wait() >= 0) == (True, True)
    assert both(lambda: "one", lambda: 2) == ("one", 2)
    for one, other in ((fails, int), (int, fails)):
        with pytest.raises(LookupError):
            both(one, other)


def test_who_fails_does_not_wait_for_what_is_under_way_beside() -> None:
    begun, enough = threading.Event(), threading.Event()

    def goes_on() -> None:
        begun.set()
        enough.wait(30)

    def interrupted() -> None:
        begun.wait(30)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        both(goes_on, interrupted)
    assert not enough.is_set()
    waiting = [one for one in threading.enumerate() if one.name.startswith("ThreadPool")]
    assert waiting
    enough.set()


def fails() -> int:
    raise LookupError("it fails")


def test_what_is_noted_beside_is_heard_where_it_was_begun() -> None:
    with journal() as lines:
        side_by_side(lambda item: note("item", str(item)), "ab")
        both(lambda: note("one", "c"), lambda: note("other", "d"))
    assert sorted(line.split() for line in lines) == [
        ["item", "a"], ["item", "b"], ["one", "c"], ["other", "d"],
    ]  # fmt: skip
