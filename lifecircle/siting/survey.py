"""The demand of a result seen patch by patch, one service after the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from lifecircle.base.geo import GEOGRAPHIC, Floats
from lifecircle.base.sentences import sentence
from lifecircle.base.tables import WEIGHTS
from lifecircle.measures.grounds import Points
from lifecircle.measures.questions import Question
from lifecircle.measures.result import Result
from lifecircle.network.network import Ints
from lifecircle.network.walk import in_network_crs, places_xy
from lifecircle.siting.causes import (
    BETWEEN,
    CAUSES,
    Facilities,
    Nearest,
    Obstacles,
    Texts,
    point_causes,
    without_minor_causes,
)
from lifecircle.siting.names import COMPASS, directions, place_names
from lifecircle.siting.patches import Nearby, outlines, parts_of
from lifecircle.siting.point_sets import PointSets

ROUND_SOMETHING = (CAUSES.index("detour"), CAUSES.index("island"))
"""Causes of which it is said what lies between."""


@dataclass(frozen=True)
class Entries:
    """Demand points that lack something of one service; `cause` are positions in CAUSES."""

    question: Question
    point: Ints
    limit_m: Floats
    cause: Ints
    nearest: Nearest


@dataclass(frozen=True)
class Patches:
    """`table` has a row for each patch, `points` the rows of DEMAND of each."""

    table: pd.DataFrame
    points: PointSets

    @classmethod
    def joined(cls, parts: Sequence[Patches]) -> Patches:
        """Several of them under one another."""
        table = pd.concat([part.table for part in parts], ignore_index=True)
        return cls(table, PointSets.joined([part.points for part in parts]))


class Survey:
    """The demand of a result, its places in the network's crs."""

    def __init__(self, result: Result, weight: str, around: gpd.GeoDataFrame | None) -> None:
        self.result, self.weight_name = result, weight
        self.around = None if around is None else in_network_crs(result.network, around)
        self.x, self.y = places_xy(result.network, result.demand)
        self.points = Points(result.minutes, result.demand, result.units)
        self.facilities = Facilities(result)
        demand = result.demand
        self.weights = {column.name: demand[column.name].to_numpy(float) for column in WEIGHTS}
        self.weight = np.nan_to_num(self.weights[weight])
        self.carries = np.logical_or.reduce([own > 0 for own in self.weights.values()])

    @cached_property
    def _nearby(self) -> Nearby:
        return Nearby(self.x, self.y, self.points.unit)

    @cached_property
    def _obstacles(self) -> Obstacles:
        return Obstacles(self.result, self.around)

    def uncovered(self, question: Question, units: Sequence[str]) -> Entries:
        """What one service or headline does not cover in these units, and why."""
        reach = self.points.reach(question)
        short = self.result.units["unit_id"].isin(units).to_numpy()
        points = np.flatnonzero(~reach.covered & self.carries & short[self.points.unit])
        limit_m = question.limit_m[self.points.unit[points]]
        nearest = self._nearest(question, points)
        attached = self.result.minutes.attachment.found[points]
        cause = point_causes(limit_m, nearest, reach.unknown[points], attached)
        return Entries(question, points, limit_m, cause, nearest)

    def overloaded(self, question: Question, points: Ints) -> Entries:
        """Points whose facilities are too small for them."""
        limit_m = question.limit_m[self.points.unit[points]]
        cause = np.full(len(points), CAUSES.index("capacity"), dtype=np.int64)
        return Entries(question, points, limit_m, cause, self._nearest(question, points))

    def _nearest(self, question: Question, points: Ints) -> Nearest:
        return self.facilities.nearest(question, points, self.x[points], self.y[points])

    def patches(self, lacking: Entries) -> Patches:
        """The patches of one service, without their outlines and names."""
        point = lacking.point
        unit, weight = self.points.unit[point], self.weight[point]
        piece = self._nearby.pieces(point, np.zeros(len(point), dtype=np.int64))
        cause = without_minor_causes(piece, lacking.cause, weight)
        piece = self._nearby.pieces(point, cause)
        patch = parts_of(piece, self.x[point], self.y[point], 2 * lacking.limit_m)
        first = np.unique(patch, return_index=True)[1]
        home, nearest = unit[first], lacking.nearest
        metres, straight_m = _means(patch, weight, nearest.metres, nearest.straight_m)
        table = pd.DataFrame(
            {
                "unit_id": self.result.units["unit_id"].to_numpy()[home],
                "unit_name": self.result.units["name"].to_numpy()[home],
                "service": lacking.question.id,
                "cause": np.array(CAUSES, dtype=object)[cause[first]],
                "limit_m": lacking.limit_m[first],
                "denominator": self.weight_name,
                "uncovered": np.bincount(patch, weight),
                **self._sums(patch, point),
                "metres": metres,
                "straight_m": straight_m,
                **self._names_of_facilities(patch, weight, nearest),
                "between": self._between(point, nearest, patch, cause, weight),
            }
        )
        return Patches(table, PointSets.of(point, patch))

    def _sums(self, patch: Ints, point: Ints) -> dict[str, Floats]:
        """Every weight of each patch, NaN where none of its points carries it."""
        sums = {}
        for name, weight in self.weights.items():
            own = weight[point]
            known = np.bincount(patch, ~np.isnan(own)) > 0
            sums[name] = np.where(known, np.bincount(patch, np.nan_to_num(own)), np.nan)
        return sums

    def _names_of_facilities(
        self, patch: Ints, weight: Floats, nearest: Nearest
    ) -> dict[str, Texts]:
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
        self, point: Ints, nearest: Nearest, patch: Ints, cause: Ints, weight: Floats
    ) -> Texts:
        """What lies between most of a patch and the facility that is near by air."""
        found = np.full(len(patch), -1, dtype=np.int64)
        chosen = np.isin(cause, ROUND_SOMETHING) & np.isfinite(nearest.straight_m)
        own = point[chosen]
        ends = (self.x[own], self.y[own], nearest.straight_x[chosen], nearest.straight_y[chosen])
        found[chosen] = self._obstacles.between(*ends)
        return np.array([*BETWEEN, ""], dtype=object)[_heaviest(patch, found, weight)]

    def names(self, patches: PointSets) -> Texts:
        """What the place of each patch is called: by what it has a name of, else where it lies."""
        first, number = patches.different()
        different = patches.take(first)
        point, patch = different.point, different.number
        x, y = _means(patch, self.weight[point], self.x[point], self.y[point])
        unit = self.points.unit[different.point[different.start[:-1]]]
        places: Texts = np.asarray(shapely.points(x, y), dtype=object)
        names = place_names(self.around, places, self._sides(x, y, unit))
        return np.asarray(names[number], dtype=object)

    def _sides(self, x: Floats, y: Floats, unit: Ints) -> Texts:
        """The unit's name with where in it a place lies."""
        units = in_network_crs(self.result.network, self.result.units)
        middle = shapely.centroid(units.geometry.to_numpy())[unit]
        side = directions(x, y, shapely.get_x(middle), shapely.get_y(middle))
        language = self.result.study.study.language
        words = {
            where: np.array(
                [sentence(f"gap_place.{where}", language, unit=name) for name in units["name"]],
                dtype=object,
            )
            for where in COMPASS
        }
        found = np.empty(len(x), dtype=object)
        for where, own in words.items():
            found[side == where] = own[unit[side == where]]
        return found

    def outlines(self, patches: PointSets) -> gpd.GeoSeries:
        """The ground around each patch, in EPSG:4326."""
        first, number = patches.different()
        different = patches.take(first)
        point = different.point
        shapes = outlines(self.x[point], self.y[point], different.number)
        crs = self.result.network.crs
        series = gpd.GeoSeries(shapes, crs=crs)
        series = series if crs is None else series.to_crs(GEOGRAPHIC)
        return series.take(number)


def _means(patch: Ints, weight: Floats, *columns: Floats) -> list[Floats]:
    """The means of each patch, by weight; points without weight count where there is no other."""
    total = np.bincount(patch, weight)
    weight = np.where(total[patch] > 0, weight, 1.0)
    # Not 0 × inf: what weighs nothing must not decide.
    heavy = weight > 0
    total = np.bincount(patch, weight)
    patch, weight = patch[heavy], weight[heavy]
    return [np.bincount(patch, values[heavy] * weight, len(total)) / total for values in columns]


def _heaviest(patch: Ints, value: Ints, weight: Floats) -> Ints:
    """The value (from -1 up) with the most weight in each patch; of equals the smallest."""
    wide = int(value.max(initial=0)) + 2
    number, keys = pd.factorize(patch * wide + value + 1)
    sums = np.bincount(number, weight)
    order = np.lexsort((keys, -sums, keys // wide))
    first = np.diff(keys[order] // wide, prepend=-1) != 0
    return np.asarray(keys[order][first] % wide - 1, dtype=np.int64)
