"""A study under all standards, as the Markdown table of docs/standards.md.

python scripts/standards_table.py STUDY DENOMINATOR
"""

from __future__ import annotations

import sys

import pandas as pd

from lifecircle.base.numbers import percent
from lifecircle.measures.coverage import CITY
from lifecircle.outputs.words import service_words
from lifecircle.pipeline import compare_standards, standards_under
from lifecircle.standards.catalogue import bundled_standards
from lifecircle.study import load_study


def markdown(table: pd.DataFrame, words: dict[str, str], standards: list[str]) -> str:
    """A row for each service that two standards ask for, and for what only headlines ask."""
    city = table[table["unit_id"] == CITY]
    target = city["target"].max()
    lines = ["| | " + " | ".join(standards) + " |", "|---" * (len(standards) + 1) + "|"]
    for service, rows in city.groupby("service", sort=False):
        if len(rows) < 2 and service not in HEADLINES:
            continue
        cells = {
            row["standard"]: f"{percent(row['share'], target)} ({row['limit_m']:.0f} m)"
            for row in rows.to_dict("records")
        }
        found = " | ".join(cells.get(standard, "") for standard in standards)
        lines.append(f"| {words[str(service)]} | {found} |")
    return "\n".join(lines)


HEADLINES = ("health", "elderly", "culture", "sports", "headline_mean", "headline_all")


def main() -> None:
    """Compute and print."""
    study = load_study(sys.argv[1])
    names = bundled_standards()
    standards = standards_under(study, names)
    words = {
        name: text["en"] for one in standards for name, text in reversed(service_words(one).items())
    }
    table = compare_standards(study, names, (sys.argv[2],))  # type: ignore[arg-type]
    print(markdown(table, words, list(names)))


if __name__ == "__main__":
    main()
