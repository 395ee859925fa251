"""Gaps and sites on the terminal: the largest first, each on one line."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from lifecircle.base.numbers import percent
from lifecircle.base.problems import SHOWN_PROBLEMS, Problem
from lifecircle.base.sentences import Language, sentence
from lifecircle.measures.coverage import CITY
from lifecircle.measures.result import Result
from lifecircle.outputs.gaps_tables import json_rows
from lifecircle.outputs.terminal import print_folded
from lifecircle.outputs.words import Text, denominator_words, main_denominator, service_words
from lifecircle.standards.catalogue import Standard

SHOWN = 10


class Chosen(Protocol):
    """What is shown of chosen sites."""

    @property
    def table(self) -> gpd.GeoDataFrame:
        """SITES."""

    @property
    def units(self) -> pd.DataFrame:
        """Shares of every unit before and after."""

    @property
    def aim(self) -> str:
        """people, target or mean."""

    @property
    def denominator(self) -> str:
        """What is counted."""

    @property
    def value(self) -> float:
        """What was aimed at."""

    @property
    def bound(self) -> float:
        """What no choice can better."""

    @property
    def proved_by(self) -> str:
        """How the bound is known."""

    @property
    def candidate_count(self) -> int:
        """How many candidates there were."""

    @property
    def cost(self) -> float:
        """What the sites cost together, NaN where that is not known."""

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Candidates that were left out."""

    @property
    def gap(self) -> float:
        """How far the value may be from the best."""


def print_gaps(gaps: gpd.GeoDataFrame, standard: Standard, path: Path, language: Language) -> None:
    """How many gaps there are, the largest, and where all of them lie."""
    console = Console(highlight=False)
    if gaps.empty:
        print_folded(sentence("gaps.none_found", language), console)
    else:
        weight = denominator_words()[gaps["denominator"].iloc[0]][language]
        found = sentence("gaps.found", language, count=len(gaps), weight=weight)
        print_folded(found, console)
        console.print(gaps_table(gaps, standard, language))
    print_folded(sentence("gaps.written", language, path=path), console)


def print_files(files: Sequence[Path], language: Language) -> None:
    """How many sheets were written, and where."""
    if files:
        text = sentence("evidence.written", language, count=len(files), folder=files[0].parent)
        print_folded(text, Console(highlight=False))


def shares_under(
    result: Result, services: Sequence[str], denominator: str | None, least: float | None
) -> dict[str, float]:
    """The shares of all units that are below `least`: of the services, else of the headlines."""
    if least is None:
        return {}
    chosen = services or [headline.id for headline in result.standard.headlines]
    rows = result.coverage[result.coverage["level"] == CITY]
    weight = denominator or main_denominator(rows)
    rows = rows[rows["denominator"] == weight]
    rows = rows[rows["service"].isin(chosen)] if chosen else rows
    rows = rows[rows["share"] < least]
    return dict(zip(rows["service"], rows["share"], strict=True))


def print_under(
    under: dict[str, float], least: float | None, standard: Standard, language: Language
) -> None:
    """What is below the share that a script asked for, on standard error."""
    words = service_words(standard)
    link = sentence("gaps.link", language)
    parts = [
        sentence(
            "gaps.under_one",
            language,
            service=words[name][language],
            share=percent(share, least),
        )
        for name, share in under.items()
    ]
    text = sentence("gaps.under", language, least=percent(least), services=link.join(parts))
    print_folded(text, Console(highlight=False, stderr=True))


def print_sites(siting: Chosen, standard: Standard, path: Path, language: Language) -> None:
    """What was left out, the chosen sites, how good they are, and where they lie."""
    console = Console(highlight=False)
    for problem in siting.problems[:SHOWN_PROBLEMS]:
        print_folded(problem.line(language), console)
    if siting.table.empty:
        print_folded(sentence("gaps.nothing_to_gain", language), console)
    else:
        console.print(sites_table(siting.table, standard, siting.denominator, language))
        print_folded(quality(siting, language), console)
        if math.isfinite(siting.cost):
            cost = sentence("gaps.sites_cost", language, cost=f"{siting.cost:,.0f}")
            print_folded(cost, console)
    below = still_below(siting)
    if siting.aim == "target" and below:
        print_folded(sentence("gaps.still_below", language, units=", ".join(below)), console)
    print_folded(sentence("gaps.written", language, path=path), console)


def quality(siting: Chosen, language: Language) -> str:
    """The value that was aimed at, and what no choice can better."""
    return sentence(
        f"gaps.sites_{siting.aim}",
        language,
        value=f"{siting.value:,.0f}",
        bound=f"{siting.bound:,.0f}",
        gap=f"{100 * siting.gap:.1f}",
        count=siting.candidate_count,
        weight=denominator_words()[siting.denominator][language],
        proof=sentence(f"gaps.proof_{siting.proved_by}", language),
    )


def still_below(siting: Chosen) -> list[str]:
    """The units that stay below their target with the chosen sites."""
    units = siting.units
    below = units["share_after"] < units["target"] - 1e-9
    return list(dict.fromkeys(units.loc[below, "unit_name"]))


def siting_json(siting: Chosen) -> dict[str, Any]:
    """The sites and what is known of their quality, for scripts."""
    return {
        "aim": siting.aim,
        "denominator": siting.denominator,
        "value": round(siting.value, 3),
        "bound": round(siting.bound, 3),
        "gap": round(siting.gap, 6),
        "proved_by": siting.proved_by,
        "candidates": siting.candidate_count,
        "cost": round(siting.cost, 3) if math.isfinite(siting.cost) else None,
        "sites": json_rows(siting.table),
        "units": json_rows(siting.units),
        "problems": [problem.line("en") for problem in siting.problems],
    }


def gaps_table(gaps: gpd.GeoDataFrame, standard: Standard, language: Language) -> Table:
    """The largest gaps: where, what, how many, why, how far."""
    words = service_words(standard)
    weight = gaps["denominator"].iloc[0] if len(gaps) else "residents"
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for key in ("unit", "place", "service"):
        table.add_column(sentence(f"gaps.{key}", language), overflow="fold")
    table.add_column(denominator_words()[weight][language], justify="right")
    table.add_column(sentence("gaps.cause", language), overflow="fold")
    table.add_column(sentence("gaps.nearest", language), justify="right")
    for _, gap in gaps.head(SHOWN).iterrows():
        table.add_row(
            gap["unit_name"],
            gap["place"],
            words[gap["service"]][language],
            f"{gap['uncovered']:,.0f}",
            cause_words(gap, language),
            _metres(gap["metres"]) + " / " + _metres(gap["straight_m"]),
        )
    return table


def _metres(value: float) -> str:
    """Metres, or a dash where no walk (or no facility) is there."""
    return f"{value:.0f}" if math.isfinite(value) else "–"


def cause_texts(gaps: pd.DataFrame, language: Language) -> npt.NDArray[np.object_]:
    """Why, in words, for every row of GAPS; each cause is put into words once."""
    told_by = ["cause", "between", "capacity_per_1000", "need_per_1000"]
    kinds = gaps.groupby(told_by, sort=False, dropna=False).ngroup().to_numpy()
    first = gaps[told_by].drop_duplicates().to_dict("records")
    texts = np.array([cause_words(gap, language) for gap in first], dtype=object)
    return np.asarray(texts[kinds])


def cause_words(gap: Mapping[Any, Any] | pd.Series, language: Language) -> str:
    """Why, in words: what lies between, or what is short by how much."""
    cause = sentence(f"gaps.cause_{gap['cause']}", language)
    if gap["between"]:
        between = sentence(f"gaps.between_{gap['between']}", language)
        return sentence("gaps.cause_between", language, cause=cause, between=between)
    if gap["cause"] == "capacity":
        return sentence(
            "gaps.cause_short",
            language,
            cause=cause,
            has=f"{gap['capacity_per_1000']:.1f}",
            needs=f"{gap['need_per_1000']:g}",
        )
    return cause


def sites_table(
    sites: gpd.GeoDataFrame, standard: Standard, weight: str, language: Language
) -> Table:
    """The chosen sites: where, what each adds, and the share of all units with it.

    What stands there today and what it costs are shown where candidates say so.
    """
    words = service_words(standard)
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("#", justify="right")
    for key in ("place", "unit", "service"):
        table.add_column(sentence(f"gaps.{key}", language), overflow="fold")
    name = denominator_words()[weight][language]
    table.add_column(sentence("gaps.gain", language, weight=name), justify="right")
    table.add_column(sentence("gaps.share_after", language), justify="right")
    said = [name for name in ("offers", "cost") if sites[name].replace("", None).notna().any()]
    for name in said:
        table.add_column(sentence(f"gaps.{name}", language), overflow="fold")
    for _, site in sites.iterrows():
        table.add_row(
            str(site["rank"]),
            site["candidate_name"],
            site["unit_name"],
            words[site["service"]][language],
            f"+{site['gain']:,.0f}",
            f"{percent(site['share_before'])} → {percent(site['share_after'])}",
            *(_said(site[name], words, language) for name in said),
        )
    return table


def _said(value: str | float, words: Mapping[str, Text], language: Language) -> str:
    """A cost, or the names of services that a facility offers."""
    if not isinstance(value, str):
        return f"{value:,.0f}"
    link = sentence("gaps.link", language)
    return link.join(words[name][language] for name in value.split(", ") if name)
