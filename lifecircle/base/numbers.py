"""How figures are printed: one way everywhere."""

from __future__ import annotations

import math


def percent(share: float | None, target: float | None = None) -> str:
    """A share as a percentage with one decimal, or `–` where there is none.

    Below the target it is rounded down, so that no rounding lifts a figure to the target.
    """
    if share is None or math.isnan(share):
        return "–"
    if target is None or math.isnan(target) or share >= target:
        return f"{100 * share:.1f}"
    # The smallest nudge keeps a share of exactly 57.0 % from showing as 56.9.
    tenths = math.floor(1000 * share + 1e-9)
    return f"{min(tenths, math.ceil(1000 * target) - 1) / 10:.1f}"
