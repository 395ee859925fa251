"""Who walks: pace, what delays, and whether steps can be taken; from `profiles.toml`."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from lifecircle.base.problems import UsageError

STANDARD_M_PER_MIN = 1000 / 15
"""Pace of the standard run: 15 minutes are 1000 m (GB 50180-2018, 15-minute tier)."""


@dataclass(frozen=True)
class Profile:
    """One kind of walker; delays in seconds a step, a signalled crossing, an elevator.

    Only a scenario has delays, slopes and closed steps; the standard run counts metres.
    """

    name: str
    speed_m_per_s: float
    scenario: bool = True
    step_free: bool = False
    step_s: float = 0.0
    signal_s: float = 0.0
    lift_s: float = 0.0

    @property
    def m_per_min(self) -> float:
        """The pace on the flat."""
        return self.speed_m_per_s * 60 if self.scenario else STANDARD_M_PER_MIN

    def metres_in(self, minutes: float) -> float:
        """How far one gets on the flat in some minutes; `UsageError` for the standard run."""
        if not self.scenario:
            raise UsageError(
                "rings in minutes need a profile of people (adult, elderly …): the standard run "
                "knows distances only"
            )
        return minutes * self.m_per_min


@cache
def profiles() -> dict[str, Profile]:
    """All profiles by name."""
    text = files("lifecircle.network").joinpath("profiles.toml").read_text(encoding="utf-8")
    return {name: Profile(name, **row) for name, row in tomllib.loads(text).items()}


def profile_named(name: str) -> Profile:
    """The profile; `UsageError` naming the known ones where there is none of this name."""
    if name not in profiles():
        raise UsageError(f"unknown profile {name!r}; known: {', '.join(profiles())}")
    return profiles()[name]
