"""How firm a share is: the same figure under what else could be meant or assumed.

Pace, the cap of attaching, the lower end of a range, and what stands for the people are each
changed alone; the band of a share runs from the lowest to the highest of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import chain

import geopandas as gpd
import pandas as pd

from lifecircle.base.tables import BANDS, SENSITIVITY, conform
from lifecircle.measures.coverage import coverage
from lifecircle.network.walk import Minutes
from lifecircle.standards.catalogue import AreaLimit, Headline, Limit, Service, Standard

STANDARD_RUN = "standard"
PACES_M_PER_S = {"pace_0.9_m_s": 0.9, "pace_1.2_m_s": 1.2}
"""The minutes of a limit walked by the elderly and by an adult, instead of its metres."""

STANDS_FOR_PEOPLE = ("residents", "dwellings", "buildings", "floor_area_m2")
"""Denominators between which the source of the population is varied."""

KEY = ["unit_id", "level", "service", "denominator"]

Change = Callable[[Limit], float]


def sensitivity(
    minutes: Minutes,
    demand: gpd.GeoDataFrame,
    units: gpd.GeoDataFrame,
    standard: Standard,
    denominators: Sequence[str] | None = None,
    attached: Iterable[tuple[float, Minutes]] = (),
) -> pd.DataFrame:
    """The SENSITIVITY table of the headlines and combinations, or of the services without any.

    `attached` brings the same walks with other caps of attaching, after the metres of the cap;
    they are asked for one after the other, and none is held.
    """
    main = _short(standard)
    rules = {STANDARD_RUN: main}
    for name, pace in PACES_M_PER_S.items():
        rules[name] = _changed(main, partial(_at_pace, pace * 60, minutes))
    if any(rule.limit_lower_m is not None for rule in _rules(main)):
        rules["range_lower"] = _changed(main, lambda rule: _lower_end)
    runs = chain(
        ((name, minutes, rule) for name, rule in rules.items()),
        ((f"attach_{cap_m:g}_m", other, main) for cap_m, other in attached),
    )
    tables = [
        coverage(walks, demand, units, rule, denominators).assign(variant=name)
        for name, walks, rule in runs
    ]
    table = pd.concat([*tables, *_other_people(tables[0])], ignore_index=True)
    return conform(table, SENSITIVITY)


def bands(table: pd.DataFrame) -> pd.DataFrame:
    """The BANDS table: between which shares each figure lies, and whether the target does too."""
    table = table[table["share"].notna()]
    ordered = table.sort_values("share", kind="stable")
    low = ordered.groupby(KEY, sort=False).first()
    high = ordered.groupby(KEY, sort=False).last()
    main = table[table["variant"] == STANDARD_RUN].set_index(KEY)
    band = main[["unit_name", "profile", "share", "target"]].assign(
        low=low["share"],
        low_variant=low["variant"],
        high=high["share"],
        high_variant=high["variant"],
    )
    crosses = (band["low"] < band["target"]) & (band["high"] >= band["target"])
    crosses = crosses.astype("boolean").where(band["target"].notna())
    return conform(band.assign(crosses_target=crosses).reset_index(), BANDS)


def _rules(standard: Standard) -> tuple[Headline, ...] | tuple[Service, ...]:
    return standard.headlines or standard.services


def _short(standard: Standard) -> Standard:
    """Only the headlines, where there are any: the band is about them."""
    return standard.model_copy(update={"services": ()}) if standard.headlines else standard


def _changed(standard: Standard, change_of: Callable[[Headline | Service], Change]) -> Standard:
    """`standard` with all limits changed, those of each rule in its own way."""
    kind = "headlines" if standard.headlines else "services"
    rules = []
    for rule in _rules(standard):
        change = change_of(rule)
        areas = tuple(_area_changed(limit, change) for limit in rule.by_area)
        rules.append(rule.model_copy(update={"limit_m": change(rule), "by_area": areas}))
    return standard.model_copy(update={kind: tuple(rules)})


def _area_changed(limit: AreaLimit, change: Change) -> AreaLimit:
    return limit.model_copy(update={"limit_m": change(limit)})


def _at_pace(m_per_min: float, minutes: Minutes, rule: Headline | Service) -> Change:
    """The metres walked in a limit's minutes; a radius is no walk."""
    service = rule.members[0] if isinstance(rule, Headline) else rule.id
    factor = m_per_min / minutes.of(service).m_per_min
    return lambda limit: limit.limit_m if limit.mode == "straight" else limit.limit_m * factor


def _lower_end(limit: Limit) -> float:
    return limit.limit_m if limit.limit_lower_m is None else limit.limit_lower_m


def _other_people(main: pd.DataFrame) -> list[pd.DataFrame]:
    """For each denominator that stands for people, the shares over the others."""
    there = [name for name in STANDS_FOR_PEOPLE if (main["denominator"] == name).any()]
    return [
        main[main["denominator"] == other].assign(denominator=name, variant=f"people_as_{other}")
        for name in there
        for other in there
        if other != name
    ]
