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
import shapely

from lifecircle.base.geo import GEOGRAPHIC, Floats
from lifecircle.base.problems import UsageError
from lifecircle.base.sentences import sentence
from lifecircle.base.tables import GAPS, WEIGHTS, conform
from lifecircle.measures.grounds import Points
from lifecircle.measures.questions import Question, questions
from lifecircle.measures.result import Result
from lifecircle.network.network import Ints
from lifecircle.network.walk import places_xy
from lifecircle.siting.capacity import Shortage, shortages
from lifecircle.siting.causes import (
    Nearest,
    Obstacles,
    Texts,
    nearest_facilities,
    point_causes,
    without_minor_causes,
)
from lifecircle.siting.names import directions, place_names
from lifecircle.siting.patches import connected_points, outlines, patch_numbers

WEIGHT_NAMES = tuple(column.name for column in WEIGHTS)
ROUND_SOMETHING = ("detour", "island")
"""Causes of which it is said what lies between."""


def find_gaps(
    result: Result,
    denominator: str | None = None,
    services: Sequence[str] | None = None,
    around: gpd.GeoDataFrame | None = None,
) -> gpd.GeoDataFrame:
    """The GAPS table in EPSG:4326, those with the most people first.

    `denominator` is what the target is held against and what gaps are ranked by: residents, or
    where the inputs carry none the first weight they do carry.  `services` are ids of services
    and headlines (default: all that were measured).  `around` gives names and walls (`kind`,
    `name`, geometry).  Raises `UsageError` for a denominator or a service that there is not.
    """
    weight = leading_denominator(result, denominator)
    asked = chosen_questions(result, services)
    survey = _Survey(result, weight, around)
    found = [survey.uncovered(question) for question in asked]
    found += [survey.overloaded(shortage) for shortage in shortages(result, asked)]
    return _ranked(found, result)


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


def units_below(result: Result, service: str, weight: str) -> pd.DataFrame:
    """The units below their target: unit_id, share, target, and what is missing to reach it."""
    rows = result.coverage
    rows = rows[(rows["service"] == service) & (rows["denominator"] == weight)]
    rows = rows[rows["unit_id"].isin(result.units["unit_id"]) & rows["target"].notna()]
    rows = rows[rows["share"] < rows["target"]]
    missing = rows["target"] * rows["total"] - rows["covered"]
    return rows[["unit_id", "share", "target"]].assign(missing=missing).set_index("unit_id")


class _Survey:
    """The demand of a result, seen patch by patch."""

    def __init__(self, result: Result, weight: str, around: gpd.GeoDataFrame | None) -> None:
        self.result, self.weight, self.around = result, weight, around
        self.x, self.y = places_xy(result.network, result.demand)
        self.points = Points(result.minutes, result.demand, result.units)
        self.obstacles = Obstacles(result, around)
        carried = result.demand[list(WEIGHT_NAMES)]
        self.carries = (carried.fillna(0) > 0).any(axis=1).to_numpy()

    def uncovered(self, question: Question) -> gpd.GeoDataFrame:
        """The patches that one service or headline does not cover."""
        below = units_below(self.result, question.id, self.weight)
        reach = self.points.reach(question)
        short = self.result.units["unit_id"].isin(below.index).to_numpy()
        points = np.flatnonzero(~reach.covered & self.carries & short[self.points.unit])
        unit = self.points.unit[points]
        limit_m = question.limit_m[unit]
        nearest = self._nearest(question, points)
        attached = self.result.minutes.attachment.found[points]
        cause = point_causes(limit_m, nearest, reach.unknown[points], attached)
        piece = connected_points(self.x[points], self.y[points], unit)
        cause = without_minor_causes(piece, cause, self._weights(points))
        table = self._patches(question, points, cause, nearest)
        standing = below.reindex(table["unit_id"])
        return table.assign(
            unit_share=standing["share"].to_numpy(),
            unit_target=standing["target"].to_numpy(),
            unit_missing=standing["missing"].to_numpy(),
        )

    def overloaded(self, shortage: Shortage) -> gpd.GeoDataFrame:
        """The patches whose facilities are far too small for them."""
        points, question, need = shortage.points, shortage.question, shortage.need
        nearest = self._nearest(question, points)
        cause = np.full(len(points), "capacity", dtype=object)
        table = self._patches(question, points, cause, nearest)
        patch = self._numbers(question, points, cause)
        people = self.result.demand[need.of].to_numpy(dtype=float)[points]
        total = np.bincount(patch, people)
        return table.assign(
            capacity=need.capacity,
            capacity_per_1000=(np.bincount(patch, people * shortage.per_1000) / total)[table.index],
            need_per_1000=need.per_1000,
            need_of=need.of,
            need_source=need.source,
            capacity_missing=np.bincount(patch, shortage.missing)[table.index],
        )

    def _nearest(self, question: Question, points: Ints) -> Nearest:
        return nearest_facilities(self.result, question, points, self.x[points], self.y[points])

    def _numbers(self, question: Question, points: Ints, cause: Texts) -> Ints:
        unit = self.points.unit[points]
        kind = np.unique(cause.astype(str), return_inverse=True)[1].ravel()
        group = unit * (kind.max(initial=0) + 1) + kind
        return patch_numbers(self.x[points], self.y[points], group, 2 * question.limit_m[unit])

    def _weights(self, points: Ints) -> Floats:
        weight: Floats = self.result.demand[self.weight].fillna(0).to_numpy(dtype=float)
        return weight[points]

    def _patches(
        self, question: Question, points: Ints, cause: Texts, nearest: Nearest
    ) -> gpd.GeoDataFrame:
        """A row for each patch that carries the denominator, indexed by the patch's number."""
        if len(points) == 0:
            return gpd.GeoDataFrame({"unit_id": []}, geometry=[], crs=self.result.network.crs)
        patch = self._numbers(question, points, cause)
        weight = self._weights(points)
        first = np.unique(patch, return_index=True)[1]
        unit = self.points.unit[points][first]
        x, y = (_mean(patch, values[points], weight) for values in (self.x, self.y))
        sums = self.result.demand[list(WEIGHT_NAMES)].iloc[points].groupby(patch).sum(min_count=1)
        table = gpd.GeoDataFrame(
            {
                "unit_id": self.result.units["unit_id"].to_numpy()[unit],
                "unit_name": self.result.units["name"].to_numpy()[unit],
                "service": question.id,
                "cause": cause[first],
                "place": self._names(x, y, unit),
                "limit_m": question.limit_m[unit],
                "denominator": self.weight,
                "uncovered": np.bincount(patch, weight),
                **{name: sums[name].to_numpy() for name in WEIGHT_NAMES},
                "metres": _mean(patch, nearest.metres, weight),
                "straight_m": _mean(patch, nearest.straight_m, weight),
                **self._facilities(patch, weight, nearest),
                "between": self._between(points, patch, cause, weight, nearest),
            },
            geometry=outlines(self.x[points], self.y[points], patch),
            crs=self.result.network.crs,
        )
        return table[table["uncovered"] > 0]

    def _facilities(self, patch: Ints, weight: Floats, nearest: Nearest) -> dict[str, Texts]:
        """The facilities that are nearest to most of the patch, on foot and by air."""
        ids, names = (
            np.append(self.result.facilities[column].to_numpy(dtype=object), "")
            for column in ("facility_id", "name")
        )
        on_foot = _heaviest(patch, nearest.on_foot, weight)
        straight = _heaviest(patch, nearest.straight, weight)
        return {
            "facility_id": ids[on_foot],
            "facility_name": names[on_foot],
            "straight_facility_id": ids[straight],
            "straight_facility_name": names[straight],
        }

    def _between(
        self, points: Ints, patch: Ints, cause: Texts, weight: Floats, nearest: Nearest
    ) -> Texts:
        """What lies between most of a patch and the facility that is near by air."""
        found = np.full(len(points), "", dtype=object)
        round_something = np.flatnonzero(
            np.isin(cause.astype(str), ROUND_SOMETHING) & np.isfinite(nearest.straight_m)
        )
        own = points[round_something]
        found[round_something] = self.obstacles.between(
            self.x[own],
            self.y[own],
            nearest.straight_x[round_something],
            nearest.straight_y[round_something],
        )
        kinds, number = np.unique(found.astype(str), return_inverse=True)
        return kinds.astype(object)[_heaviest(patch, number.ravel(), weight)]

    def _names(self, x: Floats, y: Floats, unit: Ints) -> Texts:
        """The patch's name, else the unit's name with where in it the patch lies."""
        network, units = self.result.network, self.result.units
        shapes = units.geometry if network.crs is None else units.geometry.to_crs(network.crs)
        middle = shapely.centroid(shapes.to_numpy())[unit]
        side = directions(x, y, shapely.get_x(middle), shapely.get_y(middle))
        language = self.result.study.study.language
        spare = [
            sentence(f"gap_place.{where}", language, unit=name)
            for where, name in zip(side, units["name"].to_numpy()[unit], strict=True)
        ]
        places: Texts = np.asarray(shapely.points(x, y), dtype=object)
        return place_names(network, self.around, places, np.array(spare, dtype=object))


def _mean(patch: Ints, values: Floats, weight: Floats) -> Floats:
    """The mean of each patch, by weight; points without weight count where there is no other."""
    total = np.bincount(patch, weight)
    weight = np.where(total[patch] > 0, weight, 1.0)
    # Not 0 × inf: what weighs nothing must not decide.
    heavy = weight > 0
    total = np.bincount(patch, weight)
    return np.bincount(patch[heavy], (values * weight)[heavy], len(total)) / total


def _heaviest(patch: Ints, value: Ints, weight: Floats) -> Ints:
    """The value with the most weight in each patch; of equals the smallest."""
    table = pd.DataFrame({"patch": patch, "value": value, "weight": weight})
    sums = table.groupby(["patch", "value"], sort=True)["weight"].sum().reset_index()
    sums = sums.sort_values(["patch", "weight", "value"], ascending=[True, False, True])
    return sums.drop_duplicates("patch")["value"].to_numpy(dtype=np.int64)


def _ranked(tables: Sequence[gpd.GeoDataFrame], result: Result) -> gpd.GeoDataFrame:
    """One table, the most people first, with ids that tell the unit, the service and the number."""
    found = [table for table in tables if len(table)]
    if not found:
        empty = gpd.GeoDataFrame(columns=GAPS.names, geometry="geometry", crs=GEOGRAPHIC)
        return conform(empty, GAPS)
    table = gpd.GeoDataFrame(pd.concat(found, ignore_index=True), crs=result.network.crs)
    if table.crs is not None:
        table = table.to_crs(GEOGRAPHIC)
    order = ["uncovered", "unit_id", "service", "place", "cause"]
    table = table.sort_values(order, ascending=[False, True, True, True, True], kind="stable")
    number = table.groupby(["unit_id", "service"], sort=False).cumcount() + 1
    gap_id = table["unit_id"] + "-" + table["service"] + "-" + number.astype(str)
    return conform(table.assign(gap_id=gap_id, rank=np.arange(1, len(table) + 1)), GAPS)
