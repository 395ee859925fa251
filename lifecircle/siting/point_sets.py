"""Many sets of points as two arrays: which of them are the same is found for all at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lifecircle.network.network import Ints


@dataclass(frozen=True)
class PointSets:
    """Sets of rows: `point` holds one set after another, `start` where each begins, and the end.

    The rows of a set are in rising order.
    """

    point: Ints
    start: Ints

    @classmethod
    def of(cls, point: Ints, number: Ints) -> PointSets:
        """Points by the number of their set; every number up to the last has points."""
        order = np.argsort(number, kind="stable")
        return cls(point[order], np.concatenate([[0], np.cumsum(np.bincount(number))]))

    @classmethod
    def joined(cls, parts: Sequence[PointSets]) -> PointSets:
        """Several of them one after the other."""
        sizes = np.concatenate([part.size for part in parts])
        point = np.concatenate([part.point for part in parts])
        return cls(point, np.concatenate([[0], np.cumsum(sizes)]))

    @property
    def size(self) -> Ints:
        """How many points each set has."""
        return np.diff(self.start)

    @property
    def number(self) -> Ints:
        """The set of each of `point`."""
        return np.repeat(np.arange(len(self.start) - 1), self.size)

    def take(self, chosen: Ints) -> PointSets:
        """Some of the sets."""
        size = self.size[chosen]
        start = np.concatenate([[0], np.cumsum(size)])
        step = np.arange(start[-1]) - np.repeat(start[:-1], size)
        return PointSets(self.point[np.repeat(self.start[chosen], size) + step], start)

    def different(self) -> tuple[Ints, Ints]:
        """The first of each of the different sets, and for each set which of these it equals."""
        code = np.random.default_rng(0).integers(
            2**64, size=int(self.point.max(initial=-1)) + 1, dtype=np.uint64
        )
        sums = np.add.reduceat(code[self.point], self.start[:-1])
        _, first, number = np.unique(sums, return_index=True, return_inverse=True)
        # Equal sums are almost surely equal sets; those that are not stand for themselves.
        size, model = self.size, first[number]
        alike = size == size[model]
        likely = np.flatnonzero(alike)
        own = self.take(likely)
        same = own.point == self.take(model[likely]).point
        alike[likely] = np.logical_and.reduceat(same, own.start[:-1])
        alone = np.flatnonzero(~alike)
        number[alone] = len(first) + np.arange(len(alone))
        return np.concatenate([first, alone]), number
