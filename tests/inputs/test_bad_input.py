"""The catalogue of bad input, case by case: what it is called, where it is, and how it is mended.

Every case spoils a tiny study that runs, with a file made here.  Refused: exit code 3 (2 for the
study file), one line, and nothing written but `problems.csv`.  Accepted: the problem is listed
with its class, on the page of `check` too, or the result is that of the sound study.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from bad_cases import CASES, NOT_OURS, Case
from click.testing import CliRunner
from studies import files_in, write_study

from lifecircle.cli import commands

PROBLEMS = "data/processed/tiny/problems.csv"
TESTS = Path(__file__).resolve().parent.parent
CHECK_PAGE = "maps/tiny-check.html"


def listed(out: Path) -> pd.DataFrame:
    return pd.read_csv(out / PROBLEMS, encoding="utf-8-sig", keep_default_na=False, dtype=str)


def test_every_case_of_the_catalogue_is_here() -> None:
    """108 in all; those that other tests hold are named with their test, which is there."""
    numbers = {int(name.split()[0]) for name in CASES}
    assert numbers | set(NOT_OURS) == set(range(1, 109))
    assert not numbers & set(NOT_OURS)
    for test in NOT_OURS.values():
        file, _, name = test.partition("::")
        assert f"def {name}" in (TESTS / file).read_text(encoding="utf-8"), test


@pytest.mark.parametrize("name", CASES)
def test_case(tmp_path: Path, name: str) -> None:
    case: Case = CASES[name]
    study = write_study(tmp_path)
    case.spoil(tmp_path)
    out = tmp_path / "out"
    refused = case.action == "refused"
    command = "run" if refused else "check"
    run = CliRunner().invoke(commands, [command, str(study), "--out", str(out)])
    assert run.exception is None or isinstance(run.exception, SystemExit), run.exception
    assert run.exit_code == (case.exit_code if refused else 0), run.output
    written = [PROBLEMS] if refused else [PROBLEMS, CHECK_PAGE]
    assert files_in(out) == ([] if case.exit_code == 2 else written)
    if case.exit_code == 2:
        assert case.code in run.output and case.fix in run.output
        return
    table = listed(out)
    assert refused == (table["action"] == "refused").any()
    if case.code:
        found = table[(table["code"] == case.code) & (table["action"] == case.action)]
        assert len(found) >= 1, table[["source", "row", "code", "action"]].to_string()
        if case.row is not None:
            assert str(case.row) in found["row"].tolist()
        assert case.fix in found["fix"].iloc[0]
        assert case.says in " ".join([*found["what"], *found["value"], *found["column"]])
    if case.holds is not None:
        case.holds(tmp_path)
