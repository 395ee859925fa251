"""The benchmark runs: its engines agree, and it writes its table and its picture."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pandas as pd
from support import REPOSITORY


def test_the_small_benchmark_works(tmp_path: Path) -> None:
    """On the demo town; the program itself ends with an error where engines disagree."""
    command = [
        sys.executable, str(REPOSITORY / "scripts" / "bench.py"), "--small",
        "--tasks", "read", "attach", "nearest", "--out", str(tmp_path),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    table = pd.read_csv(tmp_path / "bench.csv")
    assert {"osmium loop", "shapely STRtree", "scipy dijkstra"} <= set(table["engine"])
    assert (table.loc[table["engine"] == "lifecircle", "times_ours"] == 1).all()
    assert (tmp_path / "bench.md").read_text(encoding="utf-8").count("\n| ") == len(table) + 1
    assert (tmp_path / "bench.png").stat().st_size > 10_000
