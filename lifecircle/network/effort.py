"""What a walk costs a walker, in metres: its length, and what steps, signals and slopes add.

Effort is the metres that the walk's time is worth at the walker's pace on the flat, so that
minutes are effort ÷ pace.  In a standard run it is the length and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from lifecircle.base.geo import Floats
from lifecircle.network.network import NODE_DELAYS, Ints, Mask, WalkNetwork
from lifecircle.network.profiles import Profile
from lifecircle.network.rules import Flag

TOBLER_PER_SLOPE, TOBLER_OFFSET = 3.5, 0.05
"""Speed over slope s falls with exp(−3.5 |s + 0.05|) (Tobler 1993)."""

STEEPEST = 1.0
"""What rises more than it is long is an error of the heights, or a wall."""


def slope_factor(slope: Floats) -> Floats:
    """How many flat metres a metre on a slope (rise ÷ length) is worth, by Tobler's function."""
    slope = np.clip(slope, -STEEPEST, STEEPEST)
    away = np.abs(slope + TOBLER_OFFSET) - TOBLER_OFFSET
    return np.asarray(np.exp(TOBLER_PER_SLOPE * away))


@dataclass(frozen=True)
class Effort:
    """The effort of a network's edges and nodes for one profile."""

    network: WalkNetwork
    profile: Profile

    @property
    def is_length(self) -> bool:
        """True in a standard run."""
        return not self.profile.scenario

    @cached_property
    def closed(self) -> Mask:
        """Edges that this walker cannot take at all: steps without a ramp."""
        steps = self.network.has(Flag.STEPS) & ~self.network.has(Flag.RAMP)
        return steps & self.profile.step_free

    @cached_property
    def node_m(self) -> Floats:
        """What passing each node adds."""
        seconds = np.zeros(1 + len(NODE_DELAYS))
        if self.profile.scenario:
            seconds[1:] = [self.profile.signal_s, self.profile.lift_s]
        return seconds[self.network.node_delay] * self.profile.speed_m_per_s

    @cached_property
    def forward(self) -> Floats:
        """For each vertex the effort from its edge's first vertex to it."""
        return self.network.vertex_along_m if self.is_length else self._sums(1.0)

    @cached_property
    def backward(self) -> Floats:
        """For each vertex the effort from it to its edge's first vertex."""
        return self.network.vertex_along_m if self.is_length else self._sums(-1.0)

    @property
    def forward_m(self) -> Floats:
        """Effort of each whole edge, walked as it is drawn."""
        return self.forward[self.network.vertex_start[1:] - 1]

    @property
    def backward_m(self) -> Floats:
        """Effort of each whole edge, walked against it."""
        return self.backward[self.network.vertex_start[1:] - 1]

    def _sums(self, direction: float) -> Floats:
        """Effort from (1) or to (−1) the first vertex of its edge, for each vertex."""
        network = self.network
        first = np.zeros(len(network.vertex_along_m), dtype=bool)
        first[network.vertex_start[:-1]] = True
        metres = np.where(first, 0.0, np.diff(network.vertex_along_m, prepend=0.0))
        steps = np.where(first, 0.0, np.diff(network.vertex_steps, prepend=0.0))
        rise = np.where(first, 0.0, np.diff(network.vertex_z, prepend=0.0))
        slope = np.divide(rise, metres, out=np.zeros_like(metres), where=metres > 0)
        slope = np.where(np.isnan(slope) | self._of_vertex(Flag.STEPS), 0.0, slope)
        pace = self.profile.speed_m_per_s
        effort = metres * slope_factor(direction * slope) + steps * self.profile.step_s * pace
        # An elevator delays once: what it costs is spread over its length.
        lift = self._of_vertex(Flag.LIFT) & ~first
        share = np.where(lift, 1.0 / np.maximum(self._pieces(), 1), 0.0)
        total = np.cumsum(effort + share * self.profile.lift_s * pace)
        return np.asarray(total - np.repeat(total[network.vertex_start[:-1]], self._counts()))

    def _counts(self) -> Ints:
        return np.diff(self.network.vertex_start)

    def _pieces(self) -> Ints:
        """For each vertex how many segments its edge has."""
        return np.repeat(self._counts() - 1, self._counts())

    def _of_vertex(self, flag: Flag) -> Mask:
        return np.repeat(self.network.has(flag), self._counts())

    def at(self, edge: Ints, offset_m: Floats) -> tuple[Floats, Floats]:
        """Effort between the first vertex of an edge and a place on it: away from it, and back."""
        if self.is_length:
            return offset_m, offset_m
        start, along = self.network.vertex_start, self.network.vertex_along_m
        return (
            along_edges(start, edge, along, self.forward, offset_m),
            along_edges(start, edge, along, self.backward, offset_m),
        )

    def offset(self, edge: Ints, effort: Floats, back: bool) -> Floats:
        """Where on the edge the effort is used up: away from its first vertex, or back to it."""
        if self.is_length:
            return np.clip(effort, 0, self.network.length_m[edge])
        ruler = self.backward if back else self.forward
        start, along = self.network.vertex_start, self.network.vertex_along_m
        return along_edges(start, edge, ruler, along, effort)


def along_edges(start: Ints, edge: Ints, given: Floats, wanted: Floats, at: Floats) -> Floats:
    """Along each `edge` the value of `wanted` where `given` is `at`; both rise from 0.

    `given` and `wanted` have a value for each vertex; in between they are straight.  Only the
    edges asked for are looked at: a few places of a large network cost little.
    """
    edges, number = np.unique(edge, return_inverse=True)
    sizes = start[edges + 1] - start[edges]
    begin = np.append(0, np.cumsum(sizes))
    vertex = np.arange(begin[-1]) + np.repeat(start[edges] - begin[:-1], sizes)
    given, wanted = given[vertex], wanted[vertex]
    first, last = begin[number], begin[number + 1] - 1
    whole = given[begin[1:] - 1]
    # One rising ruler over all edges: each edge starts where the one before it ended.
    lift = np.append(0.0, np.cumsum(whole))
    ruler = given + np.repeat(lift[:-1], sizes)
    place = np.clip(at, 0, whole[number])
    after = np.searchsorted(ruler, place + lift[number], side="left")
    after = np.clip(after, first + 1, last)
    span = given[after] - given[after - 1]
    part = np.divide(place - given[after - 1], span, out=np.zeros_like(span), where=span > 0)
    return np.asarray(wanted[after - 1] + np.clip(part, 0, 1) * (wanted[after] - wanted[after - 1]))
