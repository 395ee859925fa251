"""Monitoring: several dates of one study against the path to the target."""

from __future__ import annotations

import datetime
from typing import Any

import pandas as pd
import pytest

from lifecircle.base.policy_tables import INDICATORS
from lifecircle.base.problems import InputRefused
from lifecircle.base.tables import conform
from lifecircle.measures.series import Dated, series


def dated(date: str, value: float | None, **fields: Any) -> Dated:
    """A run with one line, A22, of the city."""
    line = {
        "indicator": "A22", "part": "", "unit_id": "city", "unit_name": "city", "level": "city",
        "name": "places", "kind": "per_1000", "value": value, "unit": "places",
        "target": 4.5, "target_year": 2025, "clause": "x",
    }  # fmt: skip
    table = conform(pd.DataFrame([line | fields.pop("line", {})]), INDICATORS)
    given = {"standard": "s", "profile": "standard", "units": frozenset({"u", "v"})} | fields
    return Dated(f"run-{date}", datetime.date.fromisoformat(date), indicators=table, **given)


def test_change_and_path_on_paper() -> None:
    """3.0 at the end of 2022 to 4.5 at the end of 2025 is 0.5 a year: 3.5 at the end of 2023."""
    runs = [dated("2024-12-31", 4.25), dated("2022-12-31", 3.0), dated("2023-12-31", 3.3)]
    table = series(runs)
    assert table["date"].tolist() == ["2022-12-31", "2023-12-31", "2024-12-31"]
    assert table["change"].tolist()[1:] == pytest.approx([0.3, 0.95])
    # 2024 is a leap year: 365 and 731 of the 1096 days.
    assert table["path"].tolist() == pytest.approx([3, 3 + 1.5 * 365 / 1096, 3 + 1.5 * 731 / 1096])
    assert table["ahead"].tolist()[1] == pytest.approx(3.3 - (3 + 1.5 * 365 / 1096))


def test_after_the_target_year_the_path_is_the_target() -> None:
    table = series([dated("2022-12-31", 3.0), dated("2027-06-30", 4.6)])
    assert table["path"].tolist() == [3.0, 4.5]


def test_a_first_value_that_is_missing_starts_the_path_later() -> None:
    runs = [dated("2022-12-31", None), dated("2023-12-31", 3.0), dated("2025-12-31", 4.0)]
    table = series(runs)
    assert pd.isna(table["path"][0])
    assert table["path"].tolist()[1:] == [3.0, 4.5] and pd.isna(table["change"][1])


def test_a_target_year_before_the_data_has_no_path() -> None:
    """Nobody walks backwards: change is shown, a path is not."""
    table = series([dated("2026-12-31", 4.0), dated("2027-12-31", 4.4)])
    assert table["path"].isna().all() and table["change"].tolist()[1] == pytest.approx(0.4)


@pytest.mark.parametrize(
    ("second", "code"),
    [
        (dated("2025-12-31", 4.0, units=frozenset({"u", "w"})), "series_units"),
        (dated("2025-12-31", 4.0, standard="t"), "series_rule"),
        (dated("2025-12-31", 4.0, profile="elderly"), "series_rule"),
        (dated("2022-12-31", 4.0), "series_date"),
    ],
)
def test_runs_that_cannot_be_compared_are_refused(second: Dated, code: str) -> None:
    with pytest.raises(InputRefused) as refused:
        series([dated("2022-12-31", 3.0), second])
    assert [problem.code for problem in refused.value.problems] == [code]
    if code == "series_units":
        assert "w" in refused.value.problems[0].what() and "v" in refused.value.problems[0].what()


def test_one_run_is_no_series() -> None:
    with pytest.raises(InputRefused, match="two runs"):
        series([dated("2022-12-31", 3.0)])
