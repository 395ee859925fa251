"""Two states held against each other: the change of every figure with its bounds.

What is unknown on both sides for the same reason is no change: whatever lies beyond the edge of
the data lies there before and after.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import geopandas as gpd
import numpy as np
import pandas as pd

from lifecircle.base.compare_tables import CHANGE, INDICATOR_CHANGE
from lifecircle.base.problems import InputRefused, Problem
from lifecircle.base.tables import conform
from lifecircle.measures.compare_people import Bounds, Places, followed
from lifecircle.network.network import Ints
from lifecircle.standards.catalogue import Standard

KEY = ["unit_id", "unit_name", "level", "service", "denominator"]
OF_BOTH = [
    "profile", "limit_m", "total", "covered", "unknown", "share", "share_upper",
    "straight_line_share", "target", "meets_target", "rank",
]  # fmt: skip
LINE = ["indicator", "part", "unit_id", "level"]
SHOWN = 5


class Figures(Places, Protocol):
    """What is compared of a state."""

    @property
    def coverage(self) -> pd.DataFrame:
        """COVERAGE."""

    @property
    def indicators(self) -> pd.DataFrame | None:
        """INDICATORS, where they were computed."""


@dataclass(frozen=True)
class Change:
    """Tables by the contracts CHANGE, PEOPLE and INDICATOR_CHANGE.

    `people` is None where the two sides have no places of demand in common.
    """

    coverage: pd.DataFrame
    people: pd.DataFrame | None
    indicators: pd.DataFrame | None
    notes: tuple[Problem, ...] = ()
    turned: Mapping[str, tuple[Ints, Ints]] = field(default_factory=dict)
    """For each service the rows of the later DEMAND that gain and that lose."""


def change_between(before: Figures, after: Figures) -> Change:
    """What changed from one state to the other.

    Raises `InputRefused` where they are of different units: their difference would be no change.
    """
    refuse_other_units(before, after)
    places = followed(before, after)
    return Change(
        coverage=coverage_change(before.coverage, after.coverage, places.bounds, after.standard),
        people=places.people,
        indicators=indicator_change(before.indicators, after.indicators),
        notes=places.notes,
        turned=places.turned,
    )


def refuse_other_units(before: Figures, after: Figures) -> None:
    """Raise `InputRefused` naming the units that only one of the two states has."""
    names = [_names(side.units) for side in (before, after)]
    if names[0] == names[1]:
        return
    only = [", ".join(sorted(one - other)[:SHOWN]) or "–" for one, other in (names, names[::-1])]
    details = {"before": before.study.study.name, "first": only[0], "other": only[1]}
    source = after.study.file.name
    raise InputRefused([Problem("compare_units", "refused", source, details=details)])


def _names(units: gpd.GeoDataFrame) -> set[str]:
    pairs = zip(units["unit_id"], units["name"], strict=True)
    return {f"{name} ({unit})" for unit, name in pairs}


def coverage_change(
    before: pd.DataFrame, after: pd.DataFrame, bounds: Bounds, standard: Standard
) -> pd.DataFrame:
    """The CHANGE table; a row that only one side has keeps the other side empty."""
    one, two = (table[[*KEY, *OF_BOTH]] for table in (before, after))
    table = one.merge(two, on=KEY, how="outer", suffixes=("_before", "_after"), sort=False)
    order = pd.concat([before[KEY], after[KEY]]).drop_duplicates().reset_index(drop=True)
    table = order.merge(table, on=KEY, how="left")
    table = table.assign(
        change=table["share_after"] - table["share_before"],
        change_low=table["share_after"] - table["share_upper_before"],
        change_high=table["share_upper_after"] - table["share_before"],
    )
    table = _with_means(_with_bounds(table, bounds), standard)
    return conform(table.assign(verdict=_verdicts(table)), CHANGE)


def _with_bounds(table: pd.DataFrame, bounds: Bounds) -> pd.DataFrame:
    """Narrower bounds where every place is known on both sides and no total changed."""
    keys = zip(*(table[name] for name in CHANGE.key), strict=True)
    sums = np.array([bounds.get(key, (np.nan, np.nan)) for key in keys], dtype=float).reshape(-1, 2)
    total = table["total_after"].where(table["total_after"] == table["total_before"])
    low, high = (pd.Series(sums[:, n], table.index) / total for n in (0, 1))
    return table.assign(
        change_low=low.where(low.notna(), table["change_low"]),
        change_high=high.where(high.notna(), table["change_high"]),
    )


def _with_means(table: pd.DataFrame, standard: Standard) -> pd.DataFrame:
    """The bounds of a mean over headlines: the means of theirs."""
    columns = ["change_low", "change_high"]
    group = ["unit_id", "level", "denominator"]
    for mean in (one for one in standard.combinations if one.kind == "mean"):
        members = table[table["service"].isin(mean.members)].groupby(group)[columns]
        whole = members.mean().where(members.count() == len(mean.members))
        own = table["service"] == mean.id
        keys = pd.MultiIndex.from_frame(table.loc[own, group])
        table.loc[own, columns] = whole.reindex(keys).to_numpy()
    return table


def _verdicts(table: pd.DataFrame) -> list[str]:
    """What became of each verdict: reached, missed, settled (known at last) or opened."""
    columns = ("meets_target_before", "meets_target_after", "target_before", "target_after")
    rows = zip(*(table[name] for name in columns), strict=True)
    return [
        "" if any(pd.isna(target) for target in targets) else _verdict(before, after)
        for before, after, *targets in rows
    ]


def _verdict(before: bool | None, after: bool | None) -> str:
    unknown = bool(pd.isna(before)), bool(pd.isna(after))
    if all(unknown):
        return ""
    if any(unknown):
        return "opened" if unknown[1] else "settled"
    if before == after:
        return ""
    return "reached" if after else "missed"


def indicator_change(
    before: pd.DataFrame | None, after: pd.DataFrame | None
) -> pd.DataFrame | None:
    """The INDICATOR_CHANGE table; None where a side has no indicators."""
    if before is None or after is None:
        return None
    of_both = ["value", "value_upper", "target", "meets_target"]
    said = ["unit_name", "name", "unit"]
    one, two = before[[*LINE, *said, *of_both]], after[[*LINE, *said, *of_both]]
    table = one.merge(two, on=LINE, how="outer", suffixes=("_before", "_after"), sort=False)
    for name in said:
        table[name] = table[f"{name}_after"].fillna(table[f"{name}_before"])
    table = table.assign(change=table["value_after"] - table["value_before"])
    order = pd.concat([one[LINE], two[LINE]]).drop_duplicates()
    return conform(order.merge(table, on=LINE, how="left"), INDICATOR_CHANGE)
