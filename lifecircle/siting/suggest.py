"""The next sites that a run suggests by itself, so that every map and report has some."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import geopandas as gpd
import pandas as pd

from lifecircle.base.problems import Problem, StudyRefused
from lifecircle.base.tables import SITES, conform, no_rows
from lifecircle.measures.result import Result
from lifecircle.siting.choose import choose_sites, unmeasured
from lifecircle.siting.gaps import leading_denominator, units_below
from lifecircle.standards.catalogue import Standard
from lifecircle.study import Study

MOST_SERVICES = 3


@dataclass(frozen=True)
class Suggested:
    """SITES of several services, each ranked by itself, and services that have none."""

    table: gpd.GeoDataFrame
    problems: tuple[Problem, ...] = ()


def suggested_sites(
    result: Result,
    services: Sequence[str] | None = None,
    count: int = 3,
    around: gpd.GeoDataFrame | None = None,
) -> Suggested:
    """The `count` best next sites for each of `services`, counted in units below their target.

    By default for the headlines that lack most people (`most_lacking`).  Candidates are junctions
    and homes.  A service that the study has no facilities of is noted and left out.
    """
    chosen = most_lacking(result) if services is None else services
    missing = unmeasured(result, chosen)
    problems = tuple(
        Problem("site_service_unmeasured", "noted", result.study.file.name, None, "sites", one)
        for one in missing
    )
    if count == 0:
        return Suggested(no_rows(SITES))
    tables = [
        choose_sites(result, [one], count, under_target=True, around=around).table
        for one in dict.fromkeys(chosen)
        if one not in missing
    ]
    tables = [table for table in tables if len(table)]
    if not tables:
        return Suggested(no_rows(SITES), problems)
    return Suggested(conform(pd.concat(tables, ignore_index=True), SITES), problems)


def refuse_unknown_sites(study: Study, standard: Standard) -> None:
    """Raise `StudyRefused` for services under `[sites]` that the standard does not have."""
    known = [one.id for one in (*standard.headlines, *standard.services)]
    details = {"standard": standard.id, "services": ", ".join(known)}
    wrong = [
        Problem(
            "site_service_unknown", "refused", study.file.name, None, "sites.services", one,
            details=details,
        )
        for one in study.sites.services or ()
        if one not in known
    ]  # fmt: skip
    if wrong:
        raise StudyRefused(wrong)


def most_lacking(result: Result) -> list[str]:
    """At most three headlines, those whose units lack most people to their target in all.

    Services where the standard has no headlines or none of them is short.
    """
    below = units_below(result, leading_denominator(result, None))["missing"]
    lack = below.groupby(level="service").sum()
    headlines = [one.id for one in result.standard.headlines if one.id in lack.index]
    services = [one.id for one in result.standard.services if one.id in lack.index]
    chosen = headlines or services
    return sorted(chosen, key=lambda one: -lack[one])[:MOST_SERVICES]
