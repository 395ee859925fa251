"""The map page of a whole run."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import numpy as np
import numpy.typing as npt

from lifecircle.base.sentences import LANGUAGES, catalogue
from lifecircle.base.tables import DENOMINATORS
from lifecircle.measures.coverage import Measured, measured
from lifecircle.measures.result import Result
from lifecircle.outputs.maps import COVERED, UNCOVERED, UNKNOWN, Labels, MapPage, Text, Walks
from lifecircle.outputs.maps import write_map as write_page
from lifecircle.outputs.sentences import report_sentences
from lifecircle.outputs.words import denominator_words, main_denominator, notes, service_words
from lifecircle.standards.catalogue import Headline, Service


def write_map(result: Result, path: str | Path) -> None:
    """Draw `result` as one HTML file that opens without a network."""
    write_page(map_page(result), Path(path))


def map_page(result: Result) -> MapPage:
    """What the page of `result` shows."""
    study = result.study
    withheld = study.study.coordinates_out == "none"
    return MapPage(
        title=study.study.title or study.study.name,
        units=result.units,
        coverage=result.coverage,
        facilities=result.facilities.iloc[: 0 if withheld else None],
        labels=labels(result),
        language=study.study.language,
        sources=study.sources,
        base=result.base_map,
        notes=notes(result),
        walks=walks(result),
        whole_name=catalogue()["summary"]["city"],
        withheld=withheld,
        sentences=sentences(result),
        sentences_of=main_denominator(result.coverage),
        approval=study.study.map_approval,
    )


def walks(result: Result) -> Walks:
    """The walk of every demand point, and which of headlines and services it reaches."""
    minutes, demand = result.minutes, result.demand
    reached = result.rules.demand["services_reached"]
    weights = {name: demand[name].to_numpy(dtype=float) for name in DENOMINATORS}
    return Walks(
        places=demand.geometry,
        unit_id=demand["unit_id"],
        weights={name: weight for name, weight in weights.items() if np.nansum(weight) > 0},
        metres={name: minutes.metres[:, i] for i, name in enumerate(minutes.services)},
        states={
            one.id: states(one) for one in measured(minutes, result.standard, demand, result.units)
        },
        tiers=[(tier.limit_m, tier.minutes) for tier in result.standard.tiers],
        m_per_min=minutes.m_per_min,
        reached=reached.clip(upper=255).to_numpy(dtype=np.uint8),
        services=len(minutes.services),
    )


def sentences(result: Result) -> dict[tuple[str, str, str], Text]:
    """The words of the report for headlines and combinations."""
    standard, weight = result.standard, main_denominator(result.coverage)
    names = [headline.id for headline in standard.headlines]
    names += [combination.id for combination in standard.combinations]
    coverage = result.coverage[result.coverage["service"].isin(names)]
    rows = report_sentences(coverage, result.rules.where, result.rules.bands, standard, weight)
    keys = zip(rows["unit_id"], rows["level"], rows["service"], strict=True)
    texts = rows[list(LANGUAGES)].to_dict("records")
    return {key: cast(Text, text) for key, text in zip(keys, texts, strict=True)}


def states(one: Measured) -> npt.NDArray[np.uint8]:
    """Whether each demand point is covered, as the page counts it."""
    found = np.select([one.covered, one.unknown], [COVERED, UNKNOWN], UNCOVERED)
    return np.asarray(found, dtype=np.uint8)


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
