"""Monitoring: the target table of several dates of one study as one series."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from lifecircle.base.policy_tables import SERIES
from lifecircle.base.problems import InputRefused, Problem
from lifecircle.base.tables import conform

KEY = ["indicator", "part", "unit_id", "level"]


@dataclass(frozen=True)
class Dated:
    """The INDICATORS of one run, its date, and what makes its figures comparable."""

    source: str
    date: datetime.date
    standard: str
    profile: str
    units: frozenset[str]
    indicators: pd.DataFrame


def series(runs: Sequence[Dated]) -> pd.DataFrame:
    """The SERIES table of the runs, whatever their order.

    `path` is the straight way from the first known value to the target at the end of the target
    year; `ahead` is value less path.  Both are empty where the target year does not lie after the
    first date.  Raises `InputRefused` where the runs are not of the same units, standard or
    walker, or two are of one date: their difference would be no change.
    """
    runs = sorted(runs, key=lambda run: (run.date, run.source))
    problems = [problem for run in runs[1:] for problem in _unlike(runs[0], run)]
    problems += _same_dates(runs)
    if len(runs) < 2:
        problems.append(Problem("series_short", "refused", runs[0].source if runs else "-"))
    if problems:
        raise InputRefused(problems)
    dated = [run.indicators.assign(date=run.date.isoformat()) for run in runs]
    table = pd.concat(dated, ignore_index=True).sort_values([*KEY, "date"], kind="stable")
    table["part"] = table["part"].fillna("")
    table["change"] = table.groupby(KEY)["value"].diff()
    path = _path(table)
    return conform(table.assign(path=path, ahead=table["value"] - path), SERIES)


def _unlike(first: Dated, other: Dated) -> list[Problem]:
    """Why the figures of two runs cannot be compared."""
    problems = []
    if first.units != other.units:
        only = {
            "first": ", ".join(sorted(first.units - other.units)[:5]) or "–",
            "other": ", ".join(sorted(other.units - first.units)[:5]) or "–",
        }
        details = {"than": first.source, **only}
        problems.append(Problem("series_units", "refused", other.source, details=details))
    for name in ("standard", "profile"):
        own, before = getattr(other, name), getattr(first, name)
        if own != before:
            details = {"than": first.source, "own": own, "before": before}
            problem = Problem("series_rule", "refused", other.source, column=name, details=details)
            problems.append(problem)
    return problems


def _same_dates(runs: Sequence[Dated]) -> list[Problem]:
    return [
        Problem(
            "series_date",
            "refused",
            later.source,
            value=later.date.isoformat(),
            details={"other": earlier.source},
        )
        for earlier, later in zip(runs, runs[1:], strict=False)
        if earlier.date == later.date
    ]


def _path(table: pd.DataFrame) -> pd.Series:
    """Where each value should stand on the straight way from the first one to the target."""
    when = pd.to_datetime(table["date"])
    known = table.assign(when=when, first_value=table["value"])[table["value"].notna()]
    first = known.groupby(KEY)[["when", "first_value"]].first()
    start = table[KEY].merge(first, left_on=KEY, right_index=True, how="left").reindex(table.index)
    end = pd.to_datetime(
        table["target_year"].astype("Int64").astype("str") + "-12-31", errors="coerce"
    )
    whole = (end - start["when"]).dt.days
    gone = (when - start["when"]).dt.days
    share = (gone.where(gone >= 0) / whole.where(whole > 0)).clip(upper=1)
    path = start["first_value"] + share * (table["target"] - start["first_value"])
    return pd.Series(path.where(table["target"].notna(), np.nan))
