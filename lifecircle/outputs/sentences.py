"""The plain sentence of a report for every unit and service, in Chinese and English.

It carries the definition, the figure, the distance to the target, who is left out and where they
mainly live, in the digits of the tables and the map.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from lifecircle.base.numbers import percent
from lifecircle.base.sentences import LANGUAGES, Language, catalogue, sentence
from lifecircle.base.tables import STREETS
from lifecircle.measures.coverage import CITY
from lifecircle.outputs.words import denominator_words, service_words
from lifecircle.standards.catalogue import Combination, Headline, Rule, Standard

Row = Mapping[Any, Any]

HECTARE_M2 = 10_000
IN_HECTARES = ("residential_land_m2", "floor_area_m2")
AMOUNTS = ("residents", "dwellings", "buildings", "residential_land_m2")
"""What those left out are counted in, as far as the study knows it."""


def report_sentences(
    coverage: pd.DataFrame,
    where: pd.DataFrame,
    bands: pd.DataFrame,
    standard: Standard,
    denominator: str,
) -> pd.DataFrame:
    """Columns unit_id, unit_name, level, service, denominator, zh, en: one row a unit and service.

    `coverage` is the COVERAGE table of one profile, `where` that of `where_uncovered`; figures
    that `bands` holds are said to be firm or not.
    """
    key = ["unit_id", "level", "service"]
    rows = coverage[coverage["denominator"] == denominator]
    rows = rows.join(where.set_index(key)[["place", "place_share"]], on=key)
    firm = bands[bands["denominator"] == denominator].set_index(key)
    rows = rows.join(firm[["low", "high", "crosses_target"]], on=key)
    lost = _left_out(coverage).reindex(pd.MultiIndex.from_frame(rows[key]))
    measured = {*coverage["service"], *where["service"]}
    sentences = _Sentences(standard, denominator, measured)
    texts: dict[str, list[str]] = {
        language: [
            sentences.text(row, amounts, language)
            for row, amounts in zip(rows.to_dict("records"), lost.to_dict("records"), strict=True)
        ]
        for language in LANGUAGES
    }
    columns = [*key[:1], "unit_name", *key[1:], "denominator"]
    return rows[columns].assign(**texts).reset_index(drop=True)


def _left_out(coverage: pd.DataFrame) -> pd.DataFrame:
    """What is surely not covered, a column for each of AMOUNTS."""
    table = coverage[coverage["denominator"].isin(AMOUNTS)]
    table = table.assign(lost=table["total"] - table["covered"] - table["unknown"])
    wide = table.pivot(index=["unit_id", "level", "service"], columns="denominator", values="lost")
    return wide.reindex(columns=list(AMOUNTS))


class _Sentences:
    """The sentences of one standard and one denominator."""

    def __init__(self, standard: Standard, denominator: str, measured: set[str]) -> None:
        self.words, self.denominator = service_words(standard), denominator
        self.measured = measured
        self.rules: dict[str, Rule] = {
            rule.id: rule for rule in (*standard.services, *standard.headlines)
        }
        self.combinations = {one.id: one for one in standard.combinations}

    def text(self, row: Row, amounts: Row, language: Language) -> str:
        """One sentence; short where there is no demand at all."""
        unit = row["unit_name"]
        if row["level"] == CITY:
            unit = sentence("summary.city", language)
        name = self.words[row["service"]][language]
        if not row["total"] > 0:
            return sentence("report.no_demand", language, unit=unit, service=name)
        figure = percent(row["share"], row["target"])
        head = sentence(
            "report.head",
            language,
            unit=unit,
            service=name,
            share=figure,
            weight=denominator_words()[self.denominator][language],
            rule=self._rule(row, language),
        )
        parts = [head, _verdict(row, figure, language), *self._lost(row, amounts, language)]
        parts.append(_firmness(row, language))
        return "".join(parts) + sentence("report.stop", language)

    def _rule(self, row: Row, language: Language) -> str:
        """Members, limit and how they are combined; a figure from memory is marked."""
        rule = self.rules.get(row["service"])
        if rule is None:
            combination: Combination = self.combinations[row["service"]]
            names = [self.words[member][language] for member in combination.members]
            link = sentence("report.and", language)
            return sentence(f"report.{combination.kind}", language, members=link.join(names))
        limit: str = "–" if pd.isna(row["limit_m"]) else f"{row['limit_m']:g}"
        if isinstance(rule, Headline):
            link = sentence("summary.or", language)
            members = [member for member in rule.members if member in self.measured]
            names = [self.words[member][language] for member in members]
            text = sentence("report.any", language, limit=limit, members=link.join(names))
        else:
            text = sentence("report.one", language, limit=limit)
        if rule.confidence != "M":
            return text
        return f"{text}{sentence('report.comma', language)}{catalogue()['unchecked'][language]}"

    def _lost(self, row: Row, amounts: Row, language: Language) -> Iterator[str]:
        """Who is left out, and where they mainly live."""
        known = {name: amounts[name] for name in AMOUNTS if not pd.isna(amounts[name])}
        texts = [
            amount(name, value, language) for name, value in known.items() if _shows(name, value)
        ]
        if not texts:
            return
        yield sentence(
            "report.lost", language, amounts=sentence("report.list", language).join(texts)
        )
        if not row["place"] or pd.isna(row["place_share"]):
            return
        part = catalogue()["part"].get(row["place"])
        link = sentence("report.and", language)
        place = part[language] if part else link.join(str(row["place"]).split("|"))
        share = percent(row["place_share"])
        yield sentence("report.where", language, place=place, share=share)


def _shows(name: str, value: float) -> bool:
    """Whether an amount is more than its last digit shows as nothing."""
    return value >= (0.05 * HECTARE_M2 if name in IN_HECTARES else 0.5)


def amount(name: str, value: float, language: Language) -> str:
    """An amount of a denominator: people and homes whole, land in hectares, streets in km."""
    if name in IN_HECTARES:
        number = f"{value / HECTARE_M2:,.1f}"
    elif name == STREETS:
        number = f"{value / 1000:,.1f}"
    else:
        number = f"{value:,.0f}"
    return sentence(f"amount.{name}", language, n=number)


def _firmness(row: Row, language: Language) -> str:
    """The band of the figure under other assumptions, and whether the verdict holds in it."""
    if pd.isna(row["low"]) or row["low"] == row["high"]:
        return ""
    low, high = (percent(row[end], row["target"]) for end in ("low", "high"))
    text = sentence("report.band", language, low=low, high=high)
    crosses = not pd.isna(row["crosses_target"]) and bool(row["crosses_target"])
    return text + (sentence("report.not_firm", language) if crosses else "")


def _verdict(row: Row, figure: str, language: Language) -> str:
    """Above or below the city-wide target by so many points, in the digits shown."""
    if pd.isna(row["target"]):
        return ""
    target = percent(row["target"])
    values = {"target": target, "points": f"{abs(float(figure) - float(target)):.1f}"}
    if pd.isna(row["meets_target"]):
        upper = percent(row["share_upper"], row["target"])
        return sentence("report.open", language, upper=upper, **values)
    if not row["meets_target"]:
        return sentence("report.below", language, **values)
    met = row["level"] == CITY or figure == target
    return sentence("report.met" if met else "report.above", language, **values)
