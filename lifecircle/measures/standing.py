"""Where a unit stands: its rank among its peers, and what it lacks to the target."""

from __future__ import annotations

import pandas as pd


def with_standing(table: pd.DataFrame) -> pd.DataFrame:
    """COVERAGE rows with `rank`, `rank_of` and `shortfall`.

    Peers are the units of one level; 1 is the highest share, and equal shares share a rank.
    `shortfall` is what more must be covered to reach the target, in the denominator's own unit:
    target × total − covered, 0 once met, empty without a target and while the verdict is open.
    """
    peers = table.groupby(["level", "service", "denominator"], sort=False)["share"]
    rank = peers.rank(method="min", ascending=False)
    missing = (table["target"] * table["total"] - table["covered"]).clip(lower=0)
    missing = missing.where(~table["meets_target"].fillna(False).astype(bool), 0.0)
    decided = table["meets_target"].notna() & table["covered"].notna()
    return table.assign(
        rank=rank.astype("Int64"),
        rank_of=peers.transform("count").where(rank.notna()).astype("Int64"),
        shortfall=missing.where(decided),
    )
