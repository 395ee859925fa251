"""What the readers of tables and vector files share beside the cells: their declared columns."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from lifecircle.base.problems import InputRefused, Problem
from lifecircle.sources import Source


def require_columns(rows: pd.DataFrame, columns: Iterable[str | None], source: Source) -> None:
    """Raise `InputRefused` naming the declared `columns` that `rows` lacks, and those it has."""
    there = [str(name) for name in rows.columns if name != "geometry"]
    details = {"columns": ", ".join(there)}
    missing = [name for name in columns if name is not None and name not in there]
    if missing:
        raise InputRefused(
            Problem("column_missing", "refused", source.name, column=name, details=details)
            for name in missing
        )
