"""Gaps: what a unit below its target lacks, as people and as places, and why.

For every unit and service (or headline) below the target the uncovered demand is gathered into
patches; each has a name, the facilities nearest to it, and the cause.  Beside them stand the
patches that are covered and whose facilities are far too small for them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import geopandas as gpd
import numpy as np
import pandas as pd

from lifecircle.base.cores import side_by_side
from lifecircle.base.problems import UsageError
from lifecircle.base.tables import GAPS, WEIGHTS, conform, no_rows
from lifecircle.measures.questions import Question, questions
from lifecircle.measures.result import Result
from lifecircle.network.network import Ints
from lifecircle.siting.capacity import Shortage, shortages
from lifecircle.siting.point_sets import PointSets
from lifecircle.siting.survey import Patches, Survey
from lifecircle.standards.indicators import SupplyRule

WEIGHT_NAMES = tuple(column.name for column in WEIGHTS)


def find_gaps(
    result: Result,
    denominator: str | None = None,
    services: Sequence[str] | None = None,
    around: gpd.GeoDataFrame | None = None,
    supplies: Sequence[SupplyRule] = (),
) -> gpd.GeoDataFrame:
    """The GAPS table in EPSG:4326, those with the most people first.

    `denominator` is what the target is held against and what gaps are ranked by: residents, or
    where the inputs carry none the first weight they do carry.  `services` are ids of services
    and headlines (default: all that were measured).  `around` gives names and walls (`kind`,
    `name`, geometry), `supplies` the capacities that people need.  Raises `UsageError` for a
    denominator or a service that there is not.
    """
    found = _found(result, denominator, services, around, supplies)
    if found is None:
        return no_rows(GAPS)
    shapes = found.survey.outlines(found.points)
    table = gpd.GeoDataFrame(found.table, geometry=shapes.to_numpy(), crs=shapes.crs)
    return conform(table, GAPS)


def points_of_gaps(
    result: Result,
    gaps: gpd.GeoDataFrame,
    around: gpd.GeoDataFrame | None = None,
    supplies: Sequence[SupplyRule] = (),
) -> dict[str, Ints]:
    """The rows of DEMAND of each row of GAPS, by its id; the other arguments as it was found."""
    if gaps.empty:
        return {}
    services = list(gaps["service"].unique())
    found = _found(result, gaps["denominator"].iloc[0], services, around, supplies)
    if found is None:
        return {}
    chosen = np.flatnonzero(found.table["gap_id"].isin(gaps["gap_id"]))
    points = found.points.take(chosen)
    of_each = np.split(points.point, points.start[1:-1])
    return dict(zip(found.table["gap_id"].iloc[chosen], of_each, strict=True))


@dataclass(frozen=True)
class _Found:
    """GAPS without outlines, the points of each row, and the survey they come from."""

    table: pd.DataFrame
    points: PointSets
    survey: Survey


def _found(
    result: Result,
    denominator: str | None,
    services: Sequence[str] | None,
    around: gpd.GeoDataFrame | None,
    supplies: Sequence[SupplyRule],
) -> _Found | None:
    """None where there is no gap."""
    weight = leading_denominator(result, denominator)
    asked = chosen_questions(result, services)
    survey = Survey(result, weight, around)
    below = units_below(result, weight)
    units = below.reset_index("unit_id").groupby(level="service")["unit_id"].agg(list)
    parts = side_by_side(
        lambda one: _uncovered(survey, one, units.get(one.id, default=[]), below), asked
    )
    parts += [_overloaded(survey, one) for one in shortages(result, asked, supplies)]
    parts = [part for part in parts if len(part.table)]
    if not parts:
        return None
    patches = Patches.joined(parts)
    return _ranked(patches, survey)


def _uncovered(
    survey: Survey, question: Question, units: Sequence[str], below: pd.DataFrame
) -> Patches:
    """The patches of coverage, with the share, the target and what is missing of their units."""
    patches = survey.patches(survey.uncovered(question, units))
    keys = pd.MultiIndex.from_frame(patches.table[["service", "unit_id"]])
    rows = below.reindex(keys).reset_index(drop=True)
    return replace(patches, table=patches.table.join(rows.add_prefix("unit_")))


def _overloaded(survey: Survey, short: Shortage) -> Patches:
    """The patches of capacity, with what is short there."""
    patches = survey.patches(survey.overloaded(short.question, short.points))
    return replace(patches, table=patches.table.join(short.of_patches(patches.points)))


def leading_denominator(result: Result, denominator: str | None) -> str:
    """The chosen denominator, else the first weight that the demand carries."""
    measured = set(result.coverage["denominator"])
    carried = [name for name in WEIGHT_NAMES if name in measured and result.demand[name].sum() > 0]
    if denominator is None:
        return carried[0]
    if denominator not in carried:
        raise UsageError(f"demand carries no {denominator!r}; it carries {', '.join(carried)}")
    return denominator


def chosen_questions(result: Result, services: Sequence[str] | None) -> list[Question]:
    """The services and headlines with these ids, all that were measured by default."""
    asked = questions(result.standard, result.minutes.services, result.units)
    known = {question.id: question for question in asked}
    unknown = [service for service in services or () if service not in known]
    if unknown:
        raise UsageError(f"not measured: {', '.join(unknown)}; measured: {', '.join(known)}")
    return asked if services is None else [known[service] for service in services]


def units_below(result: Result, weight: str) -> pd.DataFrame:
    """The services and units below their target: share, target, and what is missing to reach it."""
    rows = result.coverage
    chosen = (rows["share"] < rows["target"]) & (rows["denominator"] == weight)
    rows = rows[chosen & rows["unit_id"].isin(result.units["unit_id"])]
    missing = rows["target"] * rows["total"] - rows["covered"]
    below = rows[["service", "unit_id", "share", "target"]].assign(missing=missing)
    return below.set_index(["service", "unit_id"])


def _ranked(patches: Patches, survey: Survey) -> _Found:
    """The most people first, with ids that tell the unit, the service and the number."""
    some = np.flatnonzero(patches.table["uncovered"] > 0)
    points = patches.points.take(some)
    table = patches.table.iloc[some].assign(place=survey.names(points))
    table = table.reset_index(drop=True)
    order = ["uncovered", "unit_id", "service", "place", "cause"]
    table = table.sort_values(order, ascending=[False, True, True, True, True], kind="stable")
    number = table.groupby(["unit_id", "service"], sort=False).cumcount() + 1
    gap_id = table["unit_id"] + "-" + table["service"] + "-" + number.astype(str)
    ranked = table.assign(gap_id=gap_id, rank=np.arange(1, len(table) + 1))
    return _Found(ranked, points.take(table.index.to_numpy()), survey)
