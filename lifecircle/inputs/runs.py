"""Earlier runs, read back from their folders."""

from __future__ import annotations

import datetime
import io
import json
from pathlib import Path
from typing import Any

import pandas as pd

from lifecircle.base.policy_tables import INDICATORS
from lifecircle.base.problems import InputRefused, Problem
from lifecircle.base.tables import conform
from lifecircle.inputs.kinds import read_content
from lifecircle.measures.coverage import CITY
from lifecircle.measures.series import Dated

COVERAGE_FILE, INDICATOR_FILE, MANIFEST = "coverage.csv", "indicators.csv", "manifest.json"


def read_run(folder: Path) -> Dated:
    """The target table of a finished run.

    Raises `InputRefused` where `folder` holds no finished run, or one without the table.
    """
    for name in (MANIFEST, INDICATOR_FILE, COVERAGE_FILE):
        if not (folder / name).is_file():
            details = {"file": name}
            raise InputRefused([Problem("run_missing", "refused", str(folder), details=details)])
    manifest = _manifest(folder / MANIFEST)
    texts = {column.name: "str" for column in INDICATORS.columns if column.kind == "text"}
    indicators = _table(folder / INDICATOR_FILE, dtype=texts)
    coverage = _table(folder / COVERAGE_FILE, dtype={"unit_id": "str"})
    return Dated(
        source=str(folder),
        date=datetime.date.fromisoformat(manifest["report_date"]),
        standard=str(manifest["standard"]),
        profile=",".join(sorted(coverage["profile"].unique())),
        units=frozenset(coverage.loc[coverage["level"] != CITY, "unit_id"]),
        indicators=conform(indicators, INDICATORS),
    )


def _manifest(path: Path) -> dict[str, Any]:
    try:
        manifest = json.loads(read_content(path))
        datetime.date.fromisoformat(manifest["report_date"])
        str(manifest["standard"])
    except (ValueError, KeyError, TypeError):
        details = {"file": path.name}
        raise InputRefused([Problem("run_broken", "refused", str(path), details=details)]) from None
    return dict(manifest)


def _table(path: Path, **options: Any) -> pd.DataFrame:
    try:
        content = io.BytesIO(read_content(path))
        table: pd.DataFrame = pd.read_csv(content, encoding="utf-8-sig", **options)
        return table
    except ValueError:
        details = {"file": path.name}
        raise InputRefused([Problem("run_broken", "refused", str(path), details=details)]) from None
