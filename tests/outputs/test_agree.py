"""The map, in a real browser, shows the digits of coverage.csv and of the report's sentence."""

from __future__ import annotations

import io
from pathlib import Path
from unittest import mock

import pandas as pd
import squares
from squares import Figures, Open, page, rows

from lifecircle.base.numbers import percent
from lifecircle.outputs.csv_text import csv_bytes
from lifecircle.outputs.maps import write_map
from lifecircle.outputs.tables import rounded

# Shares at the edges of rounding: halves of a tenth, a hair below the target, on it, a third.
EDGES: list[Figures] = [
    (16, 1, 0),  # 6.25 %
    (1e7, 8499999.6, 0),  # 84.999996 %
    (1e7, 8500000, 0),
    (3, 1, 0),
    (10000, 5665, 0),  # 56.65 %
    (1e9, 566499999, 0),
    (2000, 1, 0),  # 0.05 %
    (8, 7, 0),  # 87.5 %
    (16, 15, 0),  # 93.75 %, above the target
]


def test_the_list_of_the_map_prints_what_the_table_holds(
    tmp_path: Path, chromium_page: Open
) -> None:
    names = tuple(f"unit {number}" for number in range(len(EDGES)))
    with mock.patch.dict(squares.FIGURES, {("health", "residents"): EDGES}):
        table = squares.coverage(names)
    csv = pd.read_csv(io.BytesIO(csv_bytes(rounded(table))))
    of_map = csv[(csv["service"] == "health") & (csv["denominator"] == "residents")]
    printed = {
        row["unit_name"]: f"{percent(row['share'], row['target'])} %"
        for row in of_map.to_dict("records")
        if row["level"] == "street"
    }
    write_map(page(coverage=table, units=squares.squares(names)), tmp_path / "map.html")
    assert rows(chromium_page(tmp_path / "map.html")) == printed
    assert printed["unit 0"] == "6.2 %" and printed["unit 1"] == "84.9 %"
    assert printed["unit 8"] == "93.8 %"
