"""The map page of a whole run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import cast

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from lifecircle.base.cores import side_by_side
from lifecircle.base.sentences import LANGUAGES, catalogue, sentence
from lifecircle.base.tables import DENOMINATORS
from lifecircle.measures.coverage import measured
from lifecircle.measures.grounds import PointReach, Points
from lifecircle.measures.questions import questions, with_limits
from lifecircle.measures.result import Result
from lifecircle.network.isochrones import isochrones
from lifecircle.outputs.maps import COVERED, UNCOVERED, UNKNOWN, Labels, MapPage, Text, Walks
from lifecircle.outputs.maps import write_map as write_page
from lifecircle.outputs.maps_districts import districts, near_facilities
from lifecircle.outputs.maps_rings import ringed
from lifecircle.outputs.sentences import report_sentences
from lifecircle.outputs.words import denominator_words, main_denominator, notes, service_words
from lifecircle.standards.catalogue import Headline, Limit, Service

HANDS = 2
"""Rings are drawn in so many goes: each attaches all demand anew, so more cost more."""

DATUM_NAMES = {"wgs84": "WGS 84", "gcj02": "GCJ-02", "bd09": "BD-09"}


def write_map(result: Result, path: str | Path) -> None:
    """Draw `result` as one HTML file that opens without a network."""
    write_page(with_rings(map_page(result), result), Path(path))


def map_page(result: Result) -> MapPage:
    """What the page of `result` shows."""
    weight = main_denominator(result.coverage)
    return replace(
        print_page(result), walks=walks(result), sentences=sentences(result), sentences_of=weight
    )


def print_page(result: Result) -> MapPage:
    """What print maps show: all but the walks of every demand point and the sentences."""
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
        notes=[*datum_notes(result), *notes(result)],
        tiers=result.rules.tiers,
        gaps=result.gaps,
        sites=result.sites,
        whole_name=catalogue()["summary"]["city"],
        withheld=withheld,
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
        tier_states=tier_states(result),
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


def tier_states(result: Result) -> dict[str, list[npt.NDArray[np.uint8]]]:
    """The same within each circle, by the metres that the table of circles gives each service."""
    points = Points(result.minutes, result.demand, result.units)
    asked = questions(result.standard, result.minutes.services, result.units)
    metres = result.rules.tiers.groupby("service")["limit_m"].unique()
    found = {}
    for question in asked:
        rings = [Limit(limit_m=m, limit_source="") for m in sorted(metres.get(question.id, ()))]
        within = [with_limits(question, lambda _, ring=ring: ring) for ring in rings]  # type: ignore[misc]
        found[question.id] = [states(points.reach(one)) for one in within]
    return found


def datum_notes(result: Result) -> list[Text]:
    """Whose datum was not declared and is what the rows told: it decides where places lie."""
    files: dict[str, list[str]] = {}
    for problem in result.problems:
        if problem.code == "datum_found":
            files.setdefault(str(problem.details["found"]), []).append(problem.source)
    return [
        {
            language: sentence(
                "map_datum",
                language,
                files=catalogue()["map"]["comma"][language].join(dict.fromkeys(names)),
                datum=DATUM_NAMES[found],
            )
            for language in LANGUAGES
        }
        for found, names in sorted(files.items())
    ]


def with_rings(page: MapPage, result: Result, most: int | None = None) -> MapPage:
    """`page` with the rings of the facilities that it, or a page of its districts, has them of.

    Without any where these are more than `most`: rings can take longer than the run.
    """
    shown = ringed(page.facilities)
    for district in districts(page, ""):
        units = page.units[page.units["parent"] == district.name]
        shown |= ringed(near_facilities(page, units))
    walked = page.facilities["service"].isin(result.rules.tiers["service"])
    once = page.facilities[walked].drop_duplicates("facility_id")
    once = once[once["facility_id"].isin(shown)]
    if once.empty or (most is not None and len(once) > most):
        return page
    elsewhere = len(ringed(page.facilities)) == 0
    return replace(page, rings=facility_rings(result, once), rings_elsewhere=elsewhere)


def facility_rings(result: Result, facilities: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """The exact isochrones of the circles of each facility's service: id, limit_m, geometry.

    A column beside them holds who walks there, in the leading weight of demand.
    """
    weight = main_denominator(result.coverage)
    demand = result.demand[[weight, "geometry"]] if weight in DENOMINATORS else None
    circles = result.rules.tiers.groupby("service")["limit_m"].unique()

    def drawn(part: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
        service = part["service"].iloc[0]
        return isochrones(
            result.network,
            part,
            limits_m=sorted(circles[service]),
            profile=result.minutes.of(service).profile,
            demand=demand,
            max_attach_m=result.study.network.max_attach_m,
            min_component_m=result.study.network.min_component_m,
        )

    parts = [
        rows.iloc[start::HANDS]
        for _, rows in _walked_alike(result, facilities, circles)
        for start in range(min(HANDS, len(rows)))
    ]
    rings = pd.concat(side_by_side(drawn, parts), ignore_index=True)
    columns = ["id", "limit_m", *([weight] if demand is not None else []), "geometry"]
    return rings.astype({"id": str})[columns]


def _walked_alike(
    result: Result, facilities: gpd.GeoDataFrame, circles: pd.Series
) -> list[tuple[object, gpd.GeoDataFrame]]:
    """The facilities with circles, in groups of the same circles and walker."""
    known = facilities[facilities["service"].isin(circles.index)]
    alike = [
        (*sorted(circles[service]), result.minutes.of(service).profile)
        for service in known["service"]
    ]
    return list(known.groupby(pd.Series(alike, index=known.index, dtype=object), sort=False))


def states(one: PointReach) -> npt.NDArray[np.uint8]:
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
