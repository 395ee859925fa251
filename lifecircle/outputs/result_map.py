"""The map page of a whole run."""

from __future__ import annotations

from pathlib import Path

from lifecircle.base.sentences import catalogue
from lifecircle.measures.result import Result
from lifecircle.outputs.maps import Labels, MapPage
from lifecircle.outputs.maps import write_map as write_page
from lifecircle.outputs.words import denominator_words, notes, service_words
from lifecircle.standards.catalogue import Headline, Service


def write_map(result: Result, path: str | Path) -> None:
    """Draw `result` as one HTML file that opens without a network."""
    write_page(map_page(result), Path(path))


def map_page(result: Result) -> MapPage:
    """What the page of `result` shows."""
    study = result.study
    return MapPage(
        title=study.study.title or study.study.name,
        units=result.units,
        coverage=result.coverage,
        facilities=result.facilities,
        labels=labels(result),
        language=study.study.language,
        sources=study.sources,
        base=result.base_map,
        notes=notes(result),
    )


def labels(result: Result) -> Labels:
    """The words of the standard's ids; a headline names the members that could be measured."""
    standard, words = result.standard, service_words(result.standard)
    measured = set(result.minutes.services)
    rules: list[Service | Headline] = [*standard.services, *standard.headlines]
    remarks = {rule.id: catalogue()["unchecked"] for rule in rules if rule.confidence == "M"}
    return Labels(
        headlines={entry.id: words[entry.id] for entry in standard.headlines},
        services={entry.id: words[entry.id] for entry in standard.services},
        combinations={entry.id: words[entry.id] for entry in standard.combinations},
        denominators=denominator_words(),
        members={
            headline.id: [member for member in headline.members if member in measured]
            for headline in standard.headlines
        },
        remarks=remarks,
    )
