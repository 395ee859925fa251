"""Ways as they are mapped, before they become a network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from lifecircle.base.geo import Floats, geodesic_m
from lifecircle.network.network import Ints, Mask

NodeDelay = Literal["signal", "lift"]
TREAD_M = 0.3
"""Metres of a way for each step where nobody counted them."""


@dataclass(frozen=True)
class Ways:
    """W walked ways over M vertices, as mapped.

    `start` (W + 1) cuts the vertices into ways; `node` names the vertex, so that ways meet where
    they share one; `lon` and `lat` are degrees.  `steps` is how many steps a way has, NaN where
    nobody counted those of a stair.
    """

    way_id: Ints
    flags: npt.NDArray[np.uint8]
    start: Ints
    node: Ints
    lon: Floats
    lat: Floats
    steps: Floats

    @property
    def owner(self) -> Ints:
        """The way each vertex belongs to."""
        return np.repeat(np.arange(len(self.way_id)), np.diff(self.start))

    def joined(self, more: Ways) -> Ways:
        """These ways and, after them, `more`."""
        return Ways(
            np.concatenate([self.way_id, more.way_id]),
            np.concatenate([self.flags, more.flags]),
            np.concatenate([self.start, self.start[-1] + more.start[1:]]),
            np.concatenate([self.node, more.node]),
            np.concatenate([self.lon, more.lon]),
            np.concatenate([self.lat, more.lat]),
            np.concatenate([self.steps, more.steps]),
        )


@dataclass(frozen=True)
class Square:
    """An area that is crossed freely: rings of (node, longitude, latitude), the outline first.

    Every ring ends with the node it starts with.
    """

    way_id: int
    flags: int
    rings: tuple[tuple[tuple[int, float, float], ...], ...]


def steps_per_m(ways: Ways) -> Floats:
    """Steps for each metre of each way: as counted, else one for each `TREAD_M`."""
    owner = ways.owner
    inside = (owner[1:] == owner[:-1]) & (ways.steps[owner[1:]] > 0)
    near, far = np.flatnonzero(inside), np.flatnonzero(inside) + 1
    metres = geodesic_m(ways.lon[near], ways.lat[near], ways.lon[far], ways.lat[far])
    total = np.bincount(owner[near], metres, len(ways.way_id))
    counted = np.divide(ways.steps, total, out=np.zeros(len(total)), where=total > 0)
    return np.where(np.isnan(ways.steps), 1 / TREAD_M, counted)


def numbers_in(names: Ints, of: Ints) -> Ints:
    """Where each of `of` stands in the sorted `names`, -1 for nowhere."""
    if len(names) == 0:
        return np.full(len(of), -1, dtype=np.int64)
    place = np.minimum(np.searchsorted(names, of), len(names) - 1)
    return np.where(names[place] == of, place, -1)


def among(values: Ints, chosen: Ints) -> Mask:
    """Which values are among the chosen: few among millions, for which NumPy sorts them all."""
    return numbers_in(np.sort(chosen), values) >= 0
