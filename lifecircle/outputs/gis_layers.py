"""The layers that a GIS gets: units with shares and verdicts, facilities, demand, gaps, sites."""

from __future__ import annotations

from collections.abc import Iterator

import geopandas as gpd
import pandas as pd

from lifecircle.base.sentences import Language, catalogue, sentence
from lifecircle.measures.result import Result
from lifecircle.outputs.gis_styles import Condition, Rule, Style
from lifecircle.outputs.maps_data import PALETTE, breaks
from lifecircle.outputs.report_tables_base import standings
from lifecircle.outputs.words import denominator_words, main_denominator, service_words
from lifecircle.standards.catalogue import Combination, Headline

KINDS = (
    "#1b6ca8", "#c8553d", "#3f8f5b", "#8a5aa8", "#c98a1b", "#2a8f94", "#b8487c", "#6b6f2a",
    "#5166c4", "#a2672f", "#4c9f38", "#d16ba5",
)  # fmt: skip
"""Colours of services; they come again after twelve."""


def wide_shares(coverage: pd.DataFrame) -> pd.DataFrame:
    """One row for each unit, a column `service_denominator` for each share."""
    table = coverage.assign(column=coverage["service"] + "_" + coverage["denominator"])
    wide = table.pivot(index=["unit_id", "level"], columns="column", values="share")
    return wide[list(dict.fromkeys(table["column"]))].reset_index().rename_axis(columns=None)


def judged_ids(result: Result) -> list[str]:
    """Headlines and combinations with figures; all services where there are none."""
    standard, there = result.standard, list(dict.fromkeys(result.coverage["service"]))
    entries: list[Headline | Combination] = [*standard.headlines, *standard.combinations]
    groups = [one.id for one in entries if one.id in there]
    return groups or there


def wide_verdicts(result: Result) -> pd.DataFrame:
    """For each unit `<service>_verdict` and `<service>_upper`, over the main denominator."""
    coverage = result.coverage
    rows = coverage[coverage["denominator"] == main_denominator(coverage)]
    rows = rows.assign(verdict=standings(rows))
    tables = []
    for service in judged_ids(result):
        own = rows[rows["service"] == service].set_index(["unit_id", "level"])
        names = {"verdict": f"{service}_verdict", "share_upper": f"{service}_upper"}
        tables.append(own[list(names)].rename(columns=names))
    return pd.concat(tables, axis=1).reset_index()


def unit_layer(result: Result) -> gpd.GeoDataFrame:
    """Units with all their shares, and verdicts and upper bounds of what is judged."""
    key = ["unit_id", "level"]
    layer = result.units.merge(wide_shares(result.coverage), on=key, how="left")
    return layer.merge(wide_verdicts(result), on=key, how="left")


def layers(result: Result) -> dict[str, gpd.GeoDataFrame]:
    """All layers that have rows, in the order in which they are written."""
    found = {
        "units": unit_layer(result),
        "facilities": result.facilities,
        "demand": result.demand,
        "gaps": result.gaps,
        "sites": result.sites,
    }
    return {name: layer for name, layer in found.items() if len(layer)}


def styles(result: Result, names: list[str], language: Language) -> list[Style]:
    """The styles of the layers that are there; the first of each layer is its default."""
    makers = {
        "units": _unit_styles,
        "facilities": _facility_styles,
        "demand": _walk_styles,
        "gaps": _gap_styles,
        "sites": _site_styles,
    }
    drawn = [name for name in names if name in makers]
    return [style for name in drawn for style in makers[name](result, language)]


def _say(key: str, language: Language, **values: object) -> str:
    return sentence(f"gis.{key}", language, **values)


def _unit_styles(result: Result, language: Language) -> Iterator[Style]:
    weight = main_denominator(result.coverage)
    names = {"weight": denominator_words()[weight][language]}
    targets = result.coverage["target"].dropna()
    edges = breaks(float(targets.iloc[0]) if len(targets) else 0.85)
    for number, service in enumerate(judged_ids(result)):
        words = names | {"service": printable(service_words(result.standard)[service][language])}
        rules = tuple(_classes(f"{service}_{weight}", edges, language))
        title = _say("classes", language, **words)
        yield Style("units", title, "fill", rules, default=number == 0)
        rules = tuple(_verdicts(f"{service}_verdict", language))
        yield Style("units", _say("verdicts", language, **words), "fill", rules)


def _classes(field: str, edges: list[float], language: Language) -> Iterator[Rule]:
    """The five classes of the map, from the lowest, and what has no figure."""
    colours = PALETTE["with_target"]
    shown = [f"{100 * edge:g}" for edge in edges]
    yield Rule(
        _say("share_below", language, high=shown[0]), colours[0], (Condition(field, "<", edges[0]),)
    )
    for number, (low, high) in enumerate(zip(edges, edges[1:], strict=False), 1):
        label = _say("share_between", language, low=shown[number - 1], high=shown[number])
        conditions = (Condition(field, ">=", low), Condition(field, "<", high))
        yield Rule(label, colours[number], conditions)
    label = _say("share_from", language, low=shown[-1])
    yield Rule(label, colours[-1], (Condition(field, ">=", edges[-1]),))
    yield Rule(_say("none", language), PALETTE["none"], (Condition(field, "null"),))


def _verdicts(field: str, language: Language) -> Iterator[Rule]:
    below, above = PALETTE["with_target"][2:4]
    for standing, colour in (("above", above), ("below", below), ("open", PALETTE["none"])):
        condition = Condition(field, "=", standing)
        yield Rule(_say(standing, language), colour, (condition,), hatched=standing == "open")
    yield Rule(_say("none", language), PALETTE["none"], (Condition(field, "="),))


def _facility_styles(result: Result, language: Language) -> Iterator[Style]:
    words, present = service_words(result.standard), set(result.facilities["service"])
    rules = [
        Rule(
            printable(words[service][language]),
            KINDS[number % len(KINDS)],
            (Condition("service", "=", service),),
        )
        for number, service in enumerate(result.standard.ids)
        if service in present
    ]
    yield Style("facilities", _say("by_service", language), "marker", tuple(rules), default=True)


def _walk_styles(result: Result, language: Language) -> Iterator[Style]:
    words, tiers = service_words(result.standard), result.standard.tiers
    colours = PALETTE["points"]["tiers"]
    for number, service in enumerate(result.minutes.services):
        field, low, rules = f"{service}_m", -1.0, []
        for place, tier in enumerate(tiers):
            label = _say("within", language, m=f"{tier.limit_m:g}")
            conditions = (Condition(field, ">", low), Condition(field, "<=", tier.limit_m))
            rules.append(Rule(label, colours[min(place, len(colours) - 1)], conditions))
            low = tier.limit_m
        beyond = (Condition(field, ">", low),)
        rules.append(Rule(_say("beyond", language), PALETTE["points"]["beyond"], beyond))
        name = _say("walk", language, service=printable(words[service][language]))
        yield Style("demand", name, "marker", tuple(rules), default=number == 0, size_mm=1.2)


def _gap_styles(result: Result, language: Language) -> Iterator[Style]:
    there, colours = set(result.gaps["cause"]), PALETTE["gaps"]
    words = catalogue()["gaps"]
    rules = tuple(
        Rule(words[f"cause_{cause}"][language], colours[cause], (Condition("cause", "=", cause),))
        for cause in colours
        if cause in there
    )
    yield Style("gaps", _say("by_cause", language), "fill", rules, default=True)


def _site_styles(result: Result, language: Language) -> Iterator[Style]:
    name = _say("by_site", language)
    yield Style("sites", name, "marker", (Rule(name, PALETTE["site"]),), default=True, size_mm=4.0)


def printable(text: str) -> str:
    """A text that XML can hold."""
    return "".join(character for character in text if character.isprintable())
