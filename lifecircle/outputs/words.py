"""The words for ids in both languages, and the sentences that belong to a whole run."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from lifecircle.base.numbers import percent
from lifecircle.base.problems import Problem
from lifecircle.base.sentences import LANGUAGES, Language, catalogue, sentence
from lifecircle.base.tables import SHARES_OF
from lifecircle.measures.coverage import CITY, MIXED
from lifecircle.measures.result import Result
from lifecircle.standards.catalogue import Combination, Headline, Service, Standard

Text = Mapping[Language, str]


def denominator_words() -> dict[str, Text]:
    """The denominators' names."""
    return {name: catalogue()["denominator"][name] for name in SHARES_OF}


def service_words(standard: Standard) -> dict[str, Text]:
    """The names of services, headlines and combinations, in this order."""
    entries: list[Service | Headline | Combination] = [
        *standard.services,
        *standard.headlines,
        *standard.combinations,
    ]
    return {entry.id: {"zh": entry.name_zh, "en": entry.name_en} for entry in entries}


def main_denominator(coverage: pd.DataFrame) -> str:
    """The denominator that a short table shows: residents where the inputs carry them."""
    present = set(coverage["denominator"])
    return next(name for name in SHARES_OF if name in present)


def notes(result: Result) -> list[Text]:
    """What a reader must know before any figure of the run."""
    found: list[Text] = []
    verdict = open_verdict(result)
    if verdict is not None:
        found.append(verdict)
    words = service_words(result.standard)
    alike: dict[tuple[str, str], list[Problem]] = {}
    for problem in result.problems:
        if problem.code in NOTED:
            alike.setdefault((problem.code, str(problem.details)), []).append(problem)
    for group in alike.values():
        found.append({language: _note(group, words, language) for language in LANGUAGES})
    return found


def _note(alike: list[Problem], words: Mapping[str, Text], language: Language) -> str:
    """Problems that say the same of several units or services as one remark."""
    code, details = alike[0].code, alike[0].details
    subjects = ", ".join(problem.value or problem.column for problem in alike)
    in_words = {key: _in_words(str(value), words, language) for key, value in details.items()}
    colon = "：" if language == "zh" else ": "
    what = sentence(f"{code}.what", language, **in_words)
    return f"{_in_words(subjects, words, language)}{colon}{what}"


def _in_words(ids: str, words: Mapping[str, Text], language: Language) -> str:
    comma = "、" if language == "zh" else ", "
    return comma.join(words[one][language] if one in words else one for one in ids.split(", "))


NOTED = ("headline_partly", "headline_without_data", "unit_beyond_extract", "unit_incomplete")
"""Problems that change what a figure means, so that they stand beside the figures."""


def open_verdict(result: Result) -> Text | None:
    """The sentence that the extract is too small for a verdict, where it is."""
    coverage, weight = result.coverage, main_denominator(result.coverage)
    city = coverage[(coverage["level"] == CITY) & (coverage["denominator"] == weight)]
    headlines = [headline.id for headline in result.standard.headlines]
    city = city[city["service"].isin(headlines) & city["target"].notna()]
    undecided = city[city["meets_target"].isna() & (city["total"] > 0)]
    if undecided.empty:
        return None
    words, weights = service_words(result.standard), denominator_words()

    def bounds(language: Language) -> str:
        parts = [
            f"{words[row['service']][language]} {percent(row['share'], row['target'])}–"
            f"{percent(row['share_upper'], row['target'])} %"
            for _, row in undecided.iterrows()
        ]
        return ("；" if language == "zh" else "; ").join(parts)

    return {
        language: sentence(
            "verdict_open", language, bounds=bounds(language), weight=weights[weight][language]
        )
        for language in LANGUAGES
    }


def one_profile(coverage: pd.DataFrame) -> str:
    """Who walks in these rows of COVERAGE: the one profile, or `MIXED`."""
    profiles = coverage["profile"].unique()
    return str(profiles[0]) if len(profiles) == 1 else MIXED
