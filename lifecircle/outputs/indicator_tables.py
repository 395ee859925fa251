"""The tables of targets, supply and fairness as files, and the target table on the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
from rich.markup import escape
from rich.table import Table

from lifecircle.base.numbers import percent
from lifecircle.base.sentences import Language, sentence
from lifecircle.measures.coverage import CITY
from lifecircle.measures.policy import Policy
from lifecircle.outputs.charts import lorenz_svg, supply_svg
from lifecircle.standards.indicators import Targets, bundled_targets

DECIMALS = 6


def policy_files(policy: Policy) -> Mapping[str, pd.DataFrame]:
    """The tables by the names of their files."""
    return {
        "indicators": policy.indicators,
        "supply": policy.supply,
        "access": policy.access,
        "fairness": policy.fairness,
        "lorenz": policy.lorenz,
        "groups": policy.standing,
        "ages": policy.ages,
    }


def rounded_figures(table: pd.DataFrame) -> pd.DataFrame:
    """`table` to a millionth; no rounding lifts a value to its target."""
    floats = [name for name in table if pd.api.types.is_float_dtype(table[name])]
    whole = table.round(dict.fromkeys(floats, DECIMALS))
    if {"value", "target"} <= set(whole):
        lifted = (table["value"] < table["target"]) & (whole["value"] >= whole["target"])
        below = np.floor(table["value"] * 10**DECIMALS) / 10**DECIMALS
        whole["value"] = whole["value"].mask(lifted, below)
    return whole


def target_table(indicators: pd.DataFrame, language: Language) -> Table:
    """The city's rows of INDICATORS as a table for the terminal."""
    table = Table(title=sentence("targets.title", language), title_justify="left")
    for name in ("line", "name", "value", "target", "verdict"):
        table.add_column(sentence(f"targets.{name}", language), overflow="fold")
    for _, row in indicators[indicators["level"] == CITY].iterrows():
        table.add_row(
            f"{row['indicator']} {row['part']}".strip(),
            own_name(row, language),
            escape(row["missing"]) if pd.isna(row["value"]) else _bounds(row, language),
            "–" if pd.isna(row["target"]) else figure(row["target"], row["unit"], language),
            verdict(row["meets_target"], language),
        )
    return table


def _bounds(row: pd.Series, language: Language) -> str:
    """The value, and the one that it has if all that is not known is good."""
    shown = figure(row["value"], row["unit"], language, row["target"])
    if row["value_upper"] - row["value"] > 1e-9:
        upper = figure(row["value_upper"], row["unit"], language, row["target"])
        return sentence("targets.bounds", language, low=shown, high=upper)
    return shown


def own_name(row: pd.Series, language: Language) -> str:
    """The name of a line in the language asked for; a study's own has the study's."""
    for line in bundled_targets().indicators:
        if line.key == (row["indicator"], row["part"]):
            return line.name_zh if language == "zh" else line.name_en
    return str(row["name"])


def series_table(series: pd.DataFrame, language: Language) -> Table:
    """The city's values of SERIES, a column a date, with the last change and the target path."""
    city = series[(series["level"] == CITY)]
    dates = sorted(city["date"].unique())
    table = Table(title=sentence("targets.series", language), title_justify="left")
    for name in ("line", "name"):
        table.add_column(sentence(f"targets.{name}", language), overflow="fold")
    for date in dates:
        table.add_column(date, justify="right")
    for name in ("change", "path"):
        table.add_column(sentence(f"targets.{name}", language), justify="right")
    for (line, part), rows in city.groupby(["indicator", "part"], sort=False):
        if rows["value"].isna().all():
            continue
        by_date = rows.set_index("date")["value"].reindex(dates)
        last, unit = rows.iloc[-1], rows["unit"].iloc[-1]
        cells = [*by_date, last["change"], last["path"]]
        shown = ["–" if pd.isna(cell) else figure(cell, unit, language) for cell in cells]
        table.add_row(f"{line} {part}".strip(), own_name(last, language), *shown)
    return table


def records(table: pd.DataFrame) -> list[dict[str, object]]:
    """Rows for JSON, nothing as null."""
    whole = rounded_figures(table).astype(object)
    rows = whole.where(whole.notna(), None).to_dict(orient="records")
    return [{str(name): cell for name, cell in row.items()} for row in rows]


def figure(value: float, unit: str, language: Language, target: float = np.nan) -> str:
    """A value with its unit: shares as a percentage, numbers with thousands apart."""
    if unit == "share":
        return f"{percent(value, target)} %"
    number = f"{value:,.1f}".removesuffix(".0")
    amount, _, people = unit.partition(" per 1000 ")
    if people:
        weight = sentence(f"denominator.{people}", language)
        own = sentence(f"targets_units.{amount}", language)
        return sentence("targets_units.per_1000", language, value=number, unit=own, weight=weight)
    return f"{number} {sentence(f'targets_units.{unit}', language)}".strip()


def verdict(meets: object, language: Language) -> str:
    """Above or below the target, or nothing where there is no verdict."""
    if meets is pd.NA or meets is None:
        return "–"
    return sentence("targets.above" if meets else "targets.below", language)


def kinds_table(targets: Targets, language: Language) -> Table:
    """The kinds of list that the target table asks for, with the lines that need each."""
    table = Table()
    for name in ("kind", "lines"):
        table.add_column(sentence(f"targets.{name}", language), overflow="fold")
    for kind in targets.lists:
        lines = [
            f"{one.id} {one.name_zh if language == 'zh' else one.name_en}"
            for one in targets.indicators
            if kind in asked_by(one)
        ]
        table.add_row(kind, "\n".join(lines))
    return table


def asked_by(line: object) -> tuple[str, ...]:
    """The lists that a line is computed from."""
    needed = tuple(one.list for one in getattr(line, "any_of", ()))
    own = getattr(line, "list", None)
    level = ("neighbourhood",) if getattr(line, "level", "") == "neighbourhood" else ()
    return (*needed, *level, *((own,) if isinstance(own, str) else ()))


def write_pictures(
    policy: Policy, units: gpd.GeoDataFrame, stage: Path, language: Language, title: str
) -> None:
    """The Lorenz curves and the supply maps of a run as SVG, with the study's title."""
    curves = lorenz_svg(policy.lorenz, policy.fairness, language, title)
    (stage / "lorenz.svg").write_text(curves, encoding="utf-8")
    for name in sorted(set(policy.supply["supply"])):
        picture = supply_svg(units, policy.supply, name, language, title)
        (stage / f"supply_{name}.svg").write_text(picture, encoding="utf-8")
