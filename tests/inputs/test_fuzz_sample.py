"""A sample of the fuzzing that `scripts/fuzz_inputs.py` does at length."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "fuzz_inputs.py"


def test_a_sample_of_decayed_files_and_odd_tables_is_read_or_refused() -> None:
    command = [sys.executable, str(SCRIPT), "--tables", "40", "--files", "60", "--seed", "3"]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout[-3000:] + run.stderr[-1000:]
    assert "tables: 40 " in run.stdout and "files: 60 " in run.stdout
