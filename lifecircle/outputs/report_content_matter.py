"""What every chapter of a report draws on: the tables, the words and the figures of a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from lifecircle.base.numbers import percent
from lifecircle.base.problems import StudyRefused
from lifecircle.base.sentences import Language, catalogue, sentence
from lifecircle.measures.coverage import CITY
from lifecircle.measures.result import Result
from lifecircle.outputs.maps_data import needs_osm_credit
from lifecircle.outputs.report_content_blocks import Paragraph, Picturing
from lifecircle.outputs.report_figures import Picture, pictures
from lifecircle.outputs.report_tables import ReportTable
from lifecircle.outputs.report_tables_coverage import measured_ids
from lifecircle.outputs.report_tables_places import gap_rows
from lifecircle.outputs.sentences import amount, report_sentences
from lifecircle.outputs.words import denominator_words, main_denominator, service_words

MOST_SUBJECTS = 8
"""Services with a section of their own where the standard has no headlines."""

Row = Mapping[Any, Any]


@dataclass(frozen=True)
class Matter:
    """A run in one language, with the names by which its tables call things."""

    result: Result
    language: Language
    tables: Mapping[str, ReportTable]
    """The display tables, shared with the workbook."""

    def say(self, key: str, **values: object) -> str:
        """A sentence of the report."""
        return sentence(f"document.{key}", self.language, **values)

    @cached_property
    def weight(self) -> str:
        """The denominator that verdicts rest on."""
        return main_denominator(self.result.coverage)

    @cached_property
    def weight_name(self) -> str:
        """Its name."""
        return denominator_words()[self.weight][self.language]

    @cached_property
    def headlines(self) -> list[str]:
        """Headlines and combinations with figures, else the first services."""
        grouped, single = measured_ids(self.result)
        return grouped or single[:MOST_SUBJECTS]

    @cached_property
    def subjects(self) -> list[str]:
        """What has a section of its own: headlines, measured or not, else the first services."""
        headlines = [one.id for one in self.result.standard.headlines]
        return headlines or self.headlines

    @cached_property
    def single(self) -> list[str]:
        """The single services with figures."""
        return measured_ids(self.result)[1]

    def name(self, service: str) -> str:
        """What a service, headline or combination is called."""
        return self._names[service][self.language]

    def names(self, services: Sequence[str], most: int = 6) -> str:
        """Several names; beyond `most` they are only counted."""
        return self.listed([self.name(one) for one in services], most)

    def listed(self, texts: Sequence[str], most: int = 6) -> str:
        """Texts one after the other; beyond `most` they are only counted."""
        shown = self.say("link").join(texts[:most])
        rest = len(texts) - most
        return self.say("and_more", texts=shown, count=rest) if rest > 0 else shown

    @cached_property
    def _names(self) -> Mapping[str, Mapping[Language, str]]:
        return service_words(self.result.standard)

    def gaps_of(self, headlines: bool) -> npt.NDArray[np.intp]:
        """The rows of GAPS under what has a section of its own, or those under the rest."""
        return np.flatnonzero(self.result.gaps["service"].isin(self.subjects) == headlines)

    def in_words(self, gaps: npt.NDArray[np.intp]) -> list[dict[Any, Any]]:
        """Some rows of GAPS as the workbook shows them."""
        rows = gap_rows(self.result.gaps.iloc[gaps], self.result, self.language)
        return rows.to_dict("records")

    @cached_property
    def largest_gaps(self) -> Mapping[str, Row]:
        """The largest gap of each unit: in a headline, else in a single service."""
        order = np.concatenate([self.gaps_of(True), self.gaps_of(False)])
        again = self.result.gaps["unit_id"].iloc[order].duplicated().to_numpy()
        return {gap["unit_id"]: gap for gap in self.in_words(order[~again])}

    @cached_property
    def city(self) -> pd.DataFrame:
        """COVERAGE of all units together over the main denominator, by service."""
        coverage = self.result.coverage
        rows = coverage[(coverage["level"] == CITY) & (coverage["denominator"] == self.weight)]
        return rows.set_index("service", drop=False)

    @cached_property
    def sentences(self) -> Mapping[tuple[str, str, str], str]:
        """The sentence of the report by unit, level and service."""
        rules = self.result.rules
        table = report_sentences(
            self.result.coverage, rules.where, rules.bands, self.result.standard, self.weight
        )
        keys = zip(table["unit_id"], table["level"], table["service"], strict=True)
        texts = [text[:1].upper() + text[1:] for text in table[self.language]]
        return dict(zip(keys, texts, strict=True))

    def figure(self, row: Row) -> str:
        """A share, with its upper bound where that differs in the digits shown."""
        low, high = (percent(row[name], row["target"]) for name in ("share", "share_upper"))
        if low in (high, "–"):
            return self.say("percent", n=low)
        return self.say("range", low=low, high=high)

    def amount(self, name: str, value: float) -> str:
        """An amount of a denominator in words."""
        return amount(name, value, self.language)

    def definition(self, service: str) -> str:
        """Denominator, walker, limit and rule, as every table of shares must name them."""
        first = self.tables[f"service:{service}"].note.splitlines()[0]
        return self.say("of", weight=self.weight_name, definition=first.rstrip("。."))

    @cached_property
    def _drawn(self) -> tuple[Mapping[str, Picture], str]:
        try:
            return pictures(self.result, self.language, self.subjects), ""
        except StudyRefused as refused:
            problem = replace(refused.problems[0], code="report_font_missing")
            what, fix = problem.what(self.language), problem.fix(self.language)
            return {}, self.say("no_pictures", what=what, fix=fix)

    @property
    def without_pictures(self) -> str:
        """Why there are no pictures; empty where there are."""
        return self._drawn[1]

    def picture(self, name: str, caption: str, note: str = "") -> tuple[Picturing, ...]:
        """A picture by name, if there is one."""
        found = self._drawn[0].get(name)
        return () if found is None else (Picturing(caption, found, note),)

    def map(self, name: str, caption: str) -> tuple[Picturing, ...]:
        """A map by name, with the credit that its data asks for."""
        credit = sentence("map.credit", self.language) + self.say("semicolon")
        owed = needs_osm_credit(self.result.study.sources)
        note = self.say("map_note", credit=credit if owed else "", mark=self.mark)
        return self.picture(name, caption, note)

    @property
    def mark(self) -> str:
        """What maps may be used for: the number of their approval, else internal work only."""
        number = self.result.study.study.map_approval
        if number:
            return sentence("map.approval", self.language, number=number)
        return sentence("map.internal", self.language)

    def joined(self, *sentences: str) -> str:
        """Whole sentences one after the other."""
        return ("" if self.language == "zh" else " ").join(sentences)

    def or_line(self, blocks: tuple[Any, ...], key: str) -> tuple[Any, ...]:
        """`blocks`, or the line that says why there are none."""
        return blocks or (Paragraph(self.say(key)),)

    def unchecked(self, confidence: str) -> str:
        """The mark of what nobody read in the original."""
        return "" if confidence == "V" else catalogue()["unchecked"][self.language]
