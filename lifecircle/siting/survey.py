"""The demand of a result seen patch by patch, for all services in one go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely

from lifecircle.base.geo import Floats
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
    Nearest,
    Obstacles,
    Texts,
    nearest_facilities,
    point_causes,
    without_minor_causes,
)
from lifecircle.siting.names import directions, place_names
from lifecircle.siting.patches import connected_points, outlines, patch_numbers

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
class _Lacking:
    """All entries one after the other; `question` is the position of each one's Entries."""

    question: Ints
    point: Ints
    limit_m: Floats
    cause: Ints
    nearest: Nearest


class Survey:
    """The demand of a result, its places in the network's crs."""

    def __init__(self, result: Result, weight: str, around: gpd.GeoDataFrame | None) -> None:
        self.result, self.weight_name = result, weight
        self.around = None if around is None else in_network_crs(result.network, around)
        self.x, self.y = places_xy(result.network, result.demand)
        self.points = Points(result.minutes, result.demand, result.units)
        demand = result.demand
        self.weights = {column.name: demand[column.name].to_numpy(float) for column in WEIGHTS}
        self.weight = np.nan_to_num(self.weights[weight])
        self.carries = np.logical_or.reduce([own > 0 for own in self.weights.values()])

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
        return nearest_facilities(self.result, question, points, self.x[points], self.y[points])

    def patches(self, entries: Sequence[Entries]) -> gpd.GeoDataFrame:
        """A row for each patch, with the number of its `question`, in the network's crs.

        `points` holds the rows of DEMAND of each patch.
        """
        lacking = _together(entries)
        x, y = self.x[lacking.point], self.y[lacking.point]
        unit, weight = self.points.unit[lacking.point], self.weight[lacking.point]
        group = lacking.question * len(self.result.units) + unit
        piece = connected_points(x, y, group)
        cause = without_minor_causes(piece, lacking.cause, weight)
        patch = patch_numbers(x, y, group * len(CAUSES) + cause, 2 * lacking.limit_m)
        first = np.unique(patch, return_index=True)[1]
        home, question = unit[first], lacking.question[first]
        at_x, at_y = _mean(patch, x, weight), _mean(patch, y, weight)
        return gpd.GeoDataFrame(
            {
                "question": question,
                "unit_id": self.result.units["unit_id"].to_numpy()[home],
                "unit_name": self.result.units["name"].to_numpy()[home],
                "service": np.array([one.question.id for one in entries], dtype=object)[question],
                "cause": np.array(CAUSES, dtype=object)[cause[first]],
                "place": self._names(at_x, at_y, home),
                "limit_m": lacking.limit_m[first],
                "denominator": self.weight_name,
                "uncovered": np.bincount(patch, weight),
                **self._sums(patch, lacking.point),
                "metres": _mean(patch, lacking.nearest.metres, weight),
                "straight_m": _mean(patch, lacking.nearest.straight_m, weight),
                **self._facilities(patch, weight, lacking.nearest),
                "between": self._between(lacking, patch, cause, weight),
                "points": np.split(
                    lacking.point[np.argsort(patch, kind="stable")],
                    np.cumsum(np.bincount(patch))[:-1],
                ),
            },
            geometry=outlines(x, y, patch),
            crs=self.result.network.crs,
        )

    def _sums(self, patch: Ints, point: Ints) -> dict[str, Floats]:
        """Every weight of each patch, NaN where none of its points carries it."""
        sums = {}
        for name, weight in self.weights.items():
            own = weight[point]
            known = np.bincount(patch, ~np.isnan(own)) > 0
            sums[name] = np.where(known, np.bincount(patch, np.nan_to_num(own)), np.nan)
        return sums

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

    def _between(self, lacking: _Lacking, patch: Ints, cause: Ints, weight: Floats) -> Texts:
        """What lies between most of a patch and the facility that is near by air."""
        nearest = lacking.nearest
        found = np.full(len(patch), -1, dtype=np.int64)
        chosen = np.isin(cause, ROUND_SOMETHING) & np.isfinite(nearest.straight_m)
        own = lacking.point[chosen]
        ends = (self.x[own], self.y[own], nearest.straight_x[chosen], nearest.straight_y[chosen])
        found[chosen] = Obstacles(self.result, self.around).between(*ends)
        return np.array([*BETWEEN, ""], dtype=object)[_heaviest(patch, found, weight)]

    def _names(self, x: Floats, y: Floats, unit: Ints) -> Texts:
        """The patch's name, else the unit's name with where in it the patch lies."""
        units = in_network_crs(self.result.network, self.result.units)
        middle = shapely.centroid(units.geometry.to_numpy())[unit]
        side = directions(x, y, shapely.get_x(middle), shapely.get_y(middle))
        language = self.result.study.study.language
        spare = [
            sentence(f"gap_place.{where}", language, unit=name)
            for where, name in zip(side, units["name"].to_numpy()[unit], strict=True)
        ]
        places: Texts = np.asarray(shapely.points(x, y), dtype=object)
        return place_names(self.around, places, np.array(spare, dtype=object))


def _together(entries: Sequence[Entries]) -> _Lacking:
    nearest = [one.nearest for one in entries]
    columns = {
        name: np.concatenate([getattr(one, name) for one in nearest])
        for name in Nearest.__dataclass_fields__
    }
    return _Lacking(
        np.repeat(np.arange(len(entries)), [len(one.point) for one in entries]),
        np.concatenate([one.point for one in entries]),
        np.concatenate([one.limit_m for one in entries]),
        np.concatenate([one.cause for one in entries]),
        Nearest(**columns),
    )


def _mean(patch: Ints, values: Floats, weight: Floats) -> Floats:
    """The mean of each patch, by weight; points without weight count where there is no other."""
    total = np.bincount(patch, weight)
    weight = np.where(total[patch] > 0, weight, 1.0)
    # Not 0 × inf: what weighs nothing must not decide.
    heavy = weight > 0
    total = np.bincount(patch, weight)
    return np.bincount(patch[heavy], values[heavy] * weight[heavy], len(total)) / total


def _heaviest(patch: Ints, value: Ints, weight: Floats) -> Ints:
    """The value (from -1 up) with the most weight in each patch; of equals the smallest."""
    wide = int(value.max(initial=0)) + 2
    keys, number = np.unique(patch * wide + value + 1, return_inverse=True)
    sums = np.bincount(number, weight)
    order = np.lexsort((keys, -sums, keys // wide))
    first = np.diff(keys[order] // wide, prepend=-1) != 0
    return np.asarray(keys[order][first] % wide - 1, dtype=np.int64)
