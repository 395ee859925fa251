"""Gaps: what a unit below its target lacks, as people and as places, and why.

For every unit and service (or headline) below the target the uncovered demand is gathered into
patches; each has a name, the facilities nearest to it, and the cause.  Beside them stand the
patches that are covered and whose facilities are far too small for them.
"""

from __future__ import annotations

from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import pandas as pd

from lifecircle.base.geo import GEOGRAPHIC
from lifecircle.base.problems import UsageError
from lifecircle.base.tables import GAPS, WEIGHTS, conform, no_rows
from lifecircle.measures.questions import Question, questions
from lifecircle.measures.result import Result
from lifecircle.network.network import Ints
from lifecircle.siting.capacity import Shortage, shortages
from lifecircle.siting.survey import Entries, Survey
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
    table = _found(result, denominator, services, around, supplies)
    return no_rows(GAPS) if table is None else conform(table, GAPS)


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
    table = _found(result, gaps["denominator"].iloc[0], services, around, supplies)
    return {} if table is None else dict(zip(table["gap_id"], table["points"], strict=True))


def _found(
    result: Result,
    denominator: str | None,
    services: Sequence[str] | None,
    around: gpd.GeoDataFrame | None,
    supplies: Sequence[SupplyRule],
) -> gpd.GeoDataFrame | None:
    """GAPS with the `points` of each, None where there is none."""
    weight = leading_denominator(result, denominator)
    asked = chosen_questions(result, services)
    survey = Survey(result, weight, around)
    below = units_below(result, weight)
    short = shortages(result, asked, supplies)
    units = below.reset_index("unit_id").groupby(level="service")["unit_id"].agg(list)
    entries = [survey.uncovered(one, units.get(one.id, default=[])) for one in asked]
    entries += [survey.overloaded(one.question, one.points) for one in short]
    if not any(len(one.point) for one in entries):
        return None
    table = survey.patches(entries)
    standing = _standing(table, below, len(asked))
    return _ranked(table.assign(**standing, **_shortness(table, entries, short)), result)


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


def _standing(table: gpd.GeoDataFrame, below: pd.DataFrame, asked: int) -> dict[str, pd.Series]:
    """The share, the target and what is missing of the unit of each patch of coverage."""
    keys = pd.MultiIndex.from_frame(table[["service", "unit_id"]])
    rows = below.reindex(keys).set_index(table.index)
    of_coverage = table["question"] < asked
    return {f"unit_{name}": rows[name].where(of_coverage) for name in rows}


def _shortness(
    table: gpd.GeoDataFrame, entries: Sequence[Entries], short: Sequence[Shortage]
) -> dict[str, pd.Series]:
    """What is short in each patch of capacity, and by how much."""
    first = len(entries) - len(short)
    rows = [one.of_patches(table[table["question"] == first + n]) for n, one in enumerate(short)]
    if not rows:
        return {}
    columns = pd.concat(rows).reindex(table.index)
    return {str(name): columns[name] for name in columns}


def _ranked(table: gpd.GeoDataFrame, result: Result) -> gpd.GeoDataFrame:
    """One table, the most people first, with ids that tell the unit, the service and the number."""
    table = table[table["uncovered"] > 0]
    if table.crs is not None:
        table = table.to_crs(GEOGRAPHIC)
    order = ["uncovered", "unit_id", "service", "place", "cause"]
    table = table.sort_values(order, ascending=[False, True, True, True, True], kind="stable")
    number = table.groupby(["unit_id", "service"], sort=False).cumcount() + 1
    gap_id = table["unit_id"] + "-" + table["service"] + "-" + number.astype(str)
    return table.assign(gap_id=gap_id, rank=np.arange(1, len(table) + 1))
