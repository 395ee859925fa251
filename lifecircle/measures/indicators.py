"""The target table 政策目标对照表: every line of the policy, computed or with what is missing."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lifecircle.base.geo import Floats
from lifecircle.base.policy_tables import INDICATORS
from lifecircle.base.sentences import Language, sentence
from lifecircle.base.tables import conform
from lifecircle.measures.answers import Answer, Figures, Missing
from lifecircle.measures.capacity_lines import per_1000_line, total_line
from lifecircle.measures.coverage import CITY
from lifecircle.measures.coverage_lines import coverage_line, units_line
from lifecircle.measures.facts import Facts
from lifecircle.measures.list_lines import presence_line, share_line
from lifecircle.network.network import Ints
from lifecircle.standards.indicators import (
    Coverage,
    Indicator,
    Per1000,
    Presence,
    Share,
    Targets,
    Total,
    Units,
)

SLACK = 1e-12
"""Rounding of sums may not decide a verdict."""

FIRM = ("V", "V2", "M")


def indicators(targets: Targets, facts: Facts, year: int, language: Language) -> pd.DataFrame:
    """The INDICATORS table: a row for the city and one for every unit with a figure.

    A line whose data is missing has one row, of the city, with an empty value and `missing`.
    `year` is that of the data; `meets_target` compares unrounded values and is empty where the
    target is the whole city's and the study is not, for rural units where coverage is meant for
    urban ones, and while what is not known could decide.
    """
    tables = [_rows(line, answer(line, facts), facts, language) for line in targets.indicators]
    if not tables:
        return conform(pd.DataFrame(columns=INDICATORS.names), INDICATORS)
    return conform(pd.concat(tables, ignore_index=True).assign(year=year), INDICATORS)


def answer(line: Indicator, facts: Facts) -> Answer:
    """The figures of one line of the target table, by its kind."""
    match line:
        case Coverage():
            return coverage_line(line, facts)
        case Units():
            return units_line(line, facts)
        case Per1000():
            return per_1000_line(line, facts)
        case Presence():
            return presence_line(line, facts)
        case Total():
            return total_line(line, facts)
        case Share():
            return share_line(line, facts)


def _rows(line: Indicator, found: Answer, facts: Facts, language: Language) -> pd.DataFrame:
    groups = facts.groups.rows
    if isinstance(found, Figures):
        table = _figures(line, found, facts)
    else:
        table = groups.iloc[[-1]].assign(target=_target(line))
    missing = "; ".join(missing_words(found.missing, language))
    return table.assign(
        indicator=line.id,
        part=line.part,
        name=line.name_zh if language == "zh" else line.name_en,
        kind=line.kind,
        unit=unit_of_value(line),
        target_year=line.target_year,
        rule=_rule(line, found, facts, language),
        clause=line.clause,
        confidence=_confidence(line, facts),
        missing=missing,
    )


def _figures(line: Indicator, found: Figures, facts: Facts) -> pd.DataFrame:
    order = _city_first(found, len(facts.groups.rows))
    at, value, upper = found.at[order], found.value[order], found.upper[order]
    table: pd.DataFrame = facts.groups.rows.iloc[at]
    city = (table["level"] == CITY).to_numpy()
    judged = np.ones(len(at), dtype=bool)
    if line.target_of == "city":
        judged = city & facts.choices.whole_city
    if isinstance(line, Coverage) and not line.rural:
        judged &= ~table["rural"].to_numpy(dtype=bool)
    shown = judged | city if line.target_of == "city" else judged
    target = np.where(shown, _target(line), np.nan)
    return table.assign(
        value=value,
        value_upper=np.where(np.isfinite(upper), upper, np.nan),
        count=found.count[order],
        total=found.total[order],
        total_of=found.total_of,
        target=target,
        meets_target=_verdicts(value, upper, np.where(judged, target, np.nan)),
    )


def _city_first(found: Figures, groups: int) -> Ints:
    """The order in which a reader wants the rows: the city, then its parts."""
    return np.argsort(np.where(found.at == groups - 1, -1, found.at), kind="stable")


def _verdicts(value: Floats, upper: Floats, target: Floats) -> pd.arrays.BooleanArray:
    meets = pd.array([pd.NA] * len(value), dtype="boolean")
    meets[value >= target - SLACK] = True
    meets[upper < target - SLACK] = False
    return meets


def _target(line: Indicator) -> float:
    return np.nan if line.target is None else line.target


def unit_of_value(line: Indicator) -> str:
    """The unit that a line's value is in."""
    match line:
        case Coverage() | Presence() | Share():
            return "share"
        case Units():
            return "units" if line.count else "share"
        case Per1000():
            return f"{line.capacity} per 1000 {line.of}"
        case Total():
            return line.amount or "count"


def missing_words(missing: Missing, language: Language) -> list[str]:
    """What is missing, in words: data, and the columns it needs."""
    return list(
        dict.fromkeys(sentence(f"missing.{code}", language, what=what) for code, what in missing)
    )


def _rule(line: Indicator, found: Answer, facts: Facts, language: Language) -> str:
    parts = [line.rule_zh if language == "zh" else line.rule_en]
    if isinstance(found, Figures) and isinstance(line, Coverage | Units):
        words = sentence(
            "rule.coverage",
            language,
            weight=sentence(f"denominator.{found.weight}", language),
            profile=found.profile,
            limits=found.limits,
        )
        parts.append(words)
    if isinstance(line, Share) and line.near is not None:
        parts.append(sentence("rule.near", language, metres=f"{facts.choices.locker_m:g}"))
    if line.target_of == "city" and not facts.choices.whole_city and line.target is not None:
        parts.append(sentence("rule.whole_city", language))
    return "; ".join(part for part in parts if part)


def _confidence(line: Indicator, facts: Facts) -> str:
    """The least of the line's own and that of the limits it rests on."""
    found = [line.confidence]
    if isinstance(line, Coverage | Units):
        rules = {rule.id: rule for rule in (*facts.standard.services, *facts.standard.headlines)}
        for one in facts.standard.combinations:
            if one.id in line.services:
                found += [rules[member].confidence for member in one.members]
        found += [rules[name].confidence for name in line.services if name in rules]
    return max(found, key=FIRM.index)
