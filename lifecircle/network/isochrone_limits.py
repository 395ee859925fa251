"""The limits of rings, checked before anything is searched."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from lifecircle.base.problems import Problem, UsageError
from lifecircle.network.profiles import STANDARD_M_PER_MIN, Profile
from lifecircle.standards.catalogue import Standard, load_standard

LONGEST_MIN = 120.0
LONGEST_M = LONGEST_MIN * STANDARD_M_PER_MIN


@dataclass(frozen=True, order=True)
class Limit:
    """A ring's limit: metres of effort, and the minutes it stands for (NaN for plain metres)."""

    metres: float
    minutes: float = math.nan


def limit_problems(values: Sequence[float], longest: float, column: str) -> list[Problem]:
    """What is wrong with limits: none at all, or one that is no length of a walk."""
    if len(values) == 0:
        return [Problem("limits_missing", "refused", "isochrones", column=column)]
    return [
        Problem(
            "limit_unfit",
            "refused",
            "isochrones",
            column=column,
            value=f"{value:g}",
            details={"longest": f"{longest:g}"},
        )
        for value in values
        if not (math.isfinite(value) and 0 < value <= longest)
    ]


def checked_limits(
    limits_m: Sequence[float] | None,
    minutes: Sequence[float] | None,
    tiers: Standard | str | None,
    profile: Profile,
) -> list[Limit]:
    """The limits, each once and the smallest first; `UsageError` where they cannot be meant."""
    if sum(given is not None for given in (limits_m, minutes, tiers)) != 1:
        raise UsageError("give one of limits_m, minutes and tiers")
    if minutes is not None:
        profile.metres_in(1.0)  # refuses the standard run, which knows no minutes
        _refuse(limit_problems(minutes, LONGEST_MIN, "minutes"))
        return sorted({Limit(profile.metres_in(value), float(value)) for value in minutes})
    if tiers is not None:
        standard = load_standard(tiers) if isinstance(tiers, str) else tiers
        limits = {Limit(tier.limit_m, tier.minutes) for tier in standard.tiers}
        _refuse(limit_problems([limit.metres for limit in limits], LONGEST_M, "tiers"))
        return sorted(limits)
    assert limits_m is not None
    _refuse(limit_problems(limits_m, LONGEST_M, "limits_m"))
    return [Limit(metres) for metres in sorted({float(value) for value in limits_m})]


def _refuse(problems: Sequence[Problem]) -> None:
    if problems:
        raise UsageError("\n".join(problem.line() for problem in problems))
