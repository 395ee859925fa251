"""Completeness (完整度): how many of a standard's services a place reaches, and which it lacks."""

from __future__ import annotations

from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import pandas as pd

from lifecircle.base.tables import COMPLETENESS, conform
from lifecircle.measures.coverage import Groups, Measured, measured
from lifecircle.measures.grounds import Points
from lifecircle.network.walk import Minutes
from lifecircle.standards.catalogue import Standard

MOST_MISSING = 5


def services_reached(
    minutes: Minutes, standard: Standard, demand: gpd.GeoDataFrame, units: gpd.GeoDataFrame
) -> list[Measured]:
    """What each single service of the standard reaches, within its own limit."""
    found = measured(minutes, standard, demand, units)
    return [one for one in found if one.id in standard.ids]


def with_completeness(demand: gpd.GeoDataFrame, services: Sequence[Measured]) -> gpd.GeoDataFrame:
    """`demand` with `services_reached`, `services_unknown` and the ids of `services_missing`."""
    covered = _matrix([one.covered for one in services], len(demand))
    unknown = _matrix([one.unknown for one in services], len(demand))
    ids = np.array([one.id for one in services], dtype=object)
    missing = ~(covered | unknown)
    number = np.zeros(len(demand), dtype=np.int64)
    for column in missing.T:
        number = pd.factorize(2 * number + column)[0]
    first = np.flatnonzero(~pd.Series(number).duplicated().to_numpy())
    words = np.array([" ".join(ids[missing[one]]) for one in first], dtype=object)
    columns = {
        "services_reached": covered.sum(axis=1),
        "services_unknown": unknown.sum(axis=1),
        "services_missing": words[number],
    }
    return gpd.GeoDataFrame(demand.assign(**columns), crs=demand.crs)


def completeness(
    minutes: Minutes,
    demand: gpd.GeoDataFrame,
    units: gpd.GeoDataFrame,
    services: Sequence[Measured],
    denominators: Sequence[str] | None = None,
) -> pd.DataFrame:
    """The COMPLETENESS table: the mean number of services reached, over every denominator."""
    points, groups = Points(minutes, demand, units), Groups(units, minutes)
    weights = points.denominators(None, denominators)
    tables = [
        _over(demand[weight].fillna(0).to_numpy(dtype=float), points, groups, services).assign(
            denominator=weight, profile=minutes.profile
        )
        for weight in weights
    ]
    if not tables:
        return conform(pd.DataFrame(columns=COMPLETENESS.names), COMPLETENESS)
    return conform(pd.concat(tables, ignore_index=True), COMPLETENESS)


def _over(
    values: np.ndarray, points: Points, groups: Groups, services: Sequence[Measured]
) -> pd.DataFrame:
    """Completeness over the weights `values` of all demand points, a row for each group."""
    covered = _matrix([one.covered for one in services], len(values))
    possible = covered | _matrix([one.unknown for one in services], len(values))

    def summed(factor: np.ndarray) -> np.ndarray:
        of_unit = np.bincount(points.unit, values * factor, points.unit_count)
        return np.array([of_unit[members].sum() for members in groups.members])

    total = summed(np.ones(len(values)))
    known = np.where(total > 0, total, np.nan)
    mean = summed(covered.sum(axis=1)) / known
    lacking = [summed(~covered[:, column]) for column in range(len(services))]
    return groups.rows.assign(
        services=len(services),
        total=total,
        mean_reached=mean,
        mean_upper=summed(possible.sum(axis=1)) / known,
        completeness=mean / max(1, len(services)),
        share_all=summed(np.asarray(covered.all(axis=1))) / known,
        most_missing=_most_missing(services, np.array(lacking), total),
    )


def _matrix(columns: Sequence[np.ndarray], rows: int) -> np.ndarray:
    return np.column_stack(columns) if columns else np.zeros((rows, 0), dtype=bool)


def _most_missing(
    services: Sequence[Measured], lacking: np.ndarray, total: np.ndarray
) -> list[str]:
    """For each group the services that most of its demand lacks, the worst first."""
    found = []
    for group in range(len(total)):
        if total[group] <= 0:
            found.append("")
            continue
        order = np.argsort(-lacking[:, group], kind="stable")
        worst = [n for n in order if lacking[n, group] > 0][:MOST_MISSING]
        found.append(" ".join(services[n].id for n in worst))
    return found
