"""How figures are printed: one way everywhere, so that text, tables and map agree to the digit."""

from __future__ import annotations

import math


def to_millionth(share: float, target: float | None = None) -> float:
    """A share as tables and the map carry it; below the target never rounded up to it."""
    below = target is not None and not math.isnan(target) and share < target
    return (math.floor(share * 1e6) if below else round(share * 1e6)) / 1e6


def percent(share: float | None, target: float | None = None) -> str:
    """A share as a percentage with one decimal, or `–` where there is none.

    Below the target it is rounded down, so that no rounding lifts a figure to the target.  A
    share and the same share out of a table give the same digits.
    """
    if share is None or math.isnan(share):
        return "–"
    share = to_millionth(share, target)
    if target is None or math.isnan(target) or share >= target:
        # Halves go up, as in the browser; Python's own formatting would send some down.
        return f"{math.floor(1000 * share + 0.5) / 10:.1f}"
    # The smallest nudge keeps a share of exactly 57.0 % from showing as 56.9.
    tenths = math.floor(1000 * share + 1e-9)
    return f"{min(tenths, math.ceil(1000 * target - 1e-9) - 1) / 10:.1f}"
