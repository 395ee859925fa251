"""The examples that go with gaps and sites run as they stand."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from pathlib import Path

import pytest
from support import REPOSITORY

import lifecircle as lc

EXAMPLES = REPOSITORY / "scripts" / "examples"


@pytest.mark.filterwarnings("ignore")  # of the notebook's own machinery
def test_the_notebook_runs_from_a_study_to_sites(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every cell, in a kernel of its own; twenty-odd lines of code."""
    import nbformat
    from nbclient import NotebookClient

    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY))
    monkeypatch.setenv("JUPYTER_PLATFORM_DIRS", "1")
    notebook = nbformat.read(EXAMPLES / "from_study_to_sites.ipynb", as_version=4)
    code = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    assert sum(len([line for line in one.splitlines() if line]) for one in code) <= 24
    client = NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(tmp_path)}})
    client.execute()
    printed = [
        output["text"]
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if output["output_type"] == "stream" and output["name"] == "stdout"
    ]
    assert "residents newly covered" in printed[0] and "markets, at least" in printed[1]


def test_a_night_over_districts_goes_on_after_one_that_fails(
    demo: lc.Result, tmp_path: Path
) -> None:
    """Two districts, one with a broken file: the list is written, the exit code is 4."""
    broken = tmp_path / "broken.toml"
    broken.write_text("[study]\nname = 'broken'\n", encoding="utf-8")
    run = subprocess.run(
        [sys.executable, EXAMPLES / "nightly_gaps.py", broken, demo.study.file, "--out", tmp_path],
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    assert run.returncode == 4, run.stderr
    assert "broken.toml: 0 gaps, exit code 2" in run.stdout
    with (tmp_path / "nightly.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 200 and {row["study"] for row in rows} == {"study"}
    people = [float(row["uncovered"]) for row in rows]
    assert people == sorted(people, reverse=True)
