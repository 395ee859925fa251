"""The first page of the maps of many studies: a line for each of them, and for their units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

import pandas as pd

from lifecircle.base.sentences import LANGUAGES, Language, sentence
from lifecircle.base.tables import FACILITIES, UNITS, no_rows
from lifecircle.measures.coverage import CITY
from lifecircle.outputs.maps import Labels, MapPage
from lifecircle.outputs.maps_index import Line, index_html
from lifecircle.outputs.words import Text, denominator_words, service_words
from lifecircle.standards.catalogue import Standard
from lifecircle.study import Study


@dataclass(frozen=True)
class Finished:
    """A study with a result: its table COVERAGE is read back from its files."""

    study: Study
    standard: Standard
    coverage: pd.DataFrame

    @property
    def name(self) -> str:
        """The study's name, which its page has too."""
        return self.study.study.name


def batch_index_html(found: Sequence[Finished], without: Sequence[str], language: Language) -> str:
    """The index over `found`, which names the studies `without` a result above the table.

    Ids of units may come again in another study: a line's key begins with its study.
    """
    tables = [
        one.coverage.assign(unit_id=one.name + "/" + one.coverage["unit_id"]) for one in found
    ]
    approvals = {one.study.study.map_approval for one in found}
    page = MapPage(
        title=sentence("batch.title", language, count=len(found)),
        units=no_rows(UNITS),
        coverage=pd.concat(tables, ignore_index=True),
        facilities=no_rows(FACILITIES),
        labels=_labels(found),
        language=language,
        sources=[source for one in found for source in one.study.sources],
        notes=[_without(name) for name in without],
        approval=approvals.pop() if len(approvals) == 1 else "",
    )
    return index_html(page, [line for one in found for line in _lines(one)])


def _labels(found: Sequence[Finished]) -> Labels:
    """The words of all standards, each id once."""
    headlines: dict[str, Text] = {}
    services: dict[str, Text] = {}
    combinations: dict[str, Text] = {}
    for one in found:
        words = service_words(one.standard)
        headlines |= {entry.id: words[entry.id] for entry in one.standard.headlines}
        services |= {entry.id: words[entry.id] for entry in one.standard.services}
        combinations |= {entry.id: words[entry.id] for entry in one.standard.combinations}
    return Labels(headlines, services, combinations, denominator_words(), members={})


def _without(name: str) -> Text:
    return {language: sentence("batch.without", language, name=name) for language in LANGUAGES}


def _lines(one: Finished) -> list[Line]:
    """The whole of a study, then its units in the order of its table."""
    page = f"{one.name}.html"
    units = one.coverage[one.coverage["level"] == one.study.units.level]
    units = units.drop_duplicates("unit_id")[["unit_id", "level", "unit_name"]]
    whole = Line((f"{one.name}/{CITY}", CITY), one.study.study.title or one.name, page, 0)
    parts = [
        Line((f"{one.name}/{unit}", level), name, f"{page}#unit={quote(unit, safe='')}", 2)
        for unit, level, name in units.itertuples(index=False)
    ]
    return [whole, *parts]
