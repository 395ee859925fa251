"""Work side by side on the cores of this computer.

Threads, not processes: the arrays are shared.  Sorting, trees of points, geometries and geodesics
let other threads go on meanwhile; `scipy.sparse.csgraph` and the writing of files by GDAL do not.
What comes out does not depend on how many cores there are.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from typing import TypeVar

One = TypeVar("One")
Other = TypeVar("Other")

MOST = 4
"""Each thing under way has arrays of its own: more at once would cost more room than time."""


def cores() -> int:
    """How many things are done side by side."""
    return min(os.cpu_count() or 1, MOST)


def side_by_side(work: Callable[[One], Other], items: Iterable[One]) -> list[Other]:
    """What `work` makes of each item, in their order; the first error ends it."""
    with _hands(cores()) as pool:
        # Each in a context of its own: what is said to the journal is heard from there too.
        under_way = [pool.submit(copy_context().run, work, item) for item in items]
        return [one.result() for one in under_way]


def both(one: Callable[[], One], other: Callable[[], Other]) -> tuple[One, Other]:
    """What two things give that do not need each other; `other` is done by this thread itself."""
    with _hands(1) as pool:
        under_way = pool.submit(copy_context().run, one)
        done = other()
        return under_way.result(), done


@contextmanager
def _hands(count: int) -> Iterator[ThreadPoolExecutor]:
    """Threads; after an error, or a Ctrl-C, nobody waits for what they have begun."""
    pool = ThreadPoolExecutor(count)
    try:
        yield pool
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
