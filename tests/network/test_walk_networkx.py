"""NetworkX as the independent oracle on random multigraphs, off-node and same-edge points.

`scripts/walk_campaign.py` runs many more of the same.
"""

from __future__ import annotations

import pytest
from random_graphs import SLOW, STEP_FREE, mismatch

GRAPHS, SEED = 1000, 20221201


@pytest.mark.parametrize("part", range(10))
def test_random_graphs_agree_with_networkx(part: int) -> None:
    """The nearest of three facilities for six places, to 1e-6 m, inf where NetworkX finds none."""
    for number in range(part * GRAPHS // 10, (part + 1) * GRAPHS // 10):
        assert not mismatch([SEED, number], None), f"seed {[SEED, number]}"


@pytest.mark.parametrize("walker", [SLOW, STEP_FREE], ids=lambda walker: walker.name)
def test_delays_steps_and_slopes_agree_with_networkx(walker) -> None:  # type: ignore[no-untyped-def]
    """Signals and elevators at nodes, steps with and without a ramp, climbs: to 1e-6 m."""
    for number in range(200):
        assert not mismatch([SEED, 1, number], walker), f"seed {[SEED, 1, number]}"
