"""Why a demand point is not covered, and what lies between it and the nearest facility."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from scipy.spatial import KDTree

from lifecircle.base.geo import Floats
from lifecircle.measures.grounds import TOLERANCE_M
from lifecircle.measures.questions import Question
from lifecircle.measures.result import Result
from lifecircle.network.network import Ints, Mask
from lifecircle.network.rules import Flag
from lifecircle.network.walk import in_network_crs

CAUSES = ("none", "detour", "island", "unattached", "capacity", "unknown")

DETOUR_FACTOR = 1.5
"""A walk this many times the straight line goes round something; a full grid of streets needs at
most √2.  Beyond the limit it is longer by at least a third of the limit."""

MINOR_SHARE = 0.1
"""A cause with a smaller share of a patch does not cut it up."""

BETWEEN = ("water", "railway", "wall", "private", "missing_link")
"""What lies between, the strongest obstacle first."""

Texts = npt.NDArray[np.object_]


@dataclass(frozen=True)
class Nearest:
    """For n points: the facility nearest on foot, and the one nearest as the crow flies.

    Facilities are rows of the result's table, -1 for none; metres are `inf` where there is none.
    `straight_x`, `straight_y` is the entrance of the latter, in the network's crs.
    """

    on_foot: Ints
    metres: Floats
    straight: Ints
    straight_m: Floats
    straight_x: Floats
    straight_y: Floats


class Facilities:
    """The facilities of a result, to look up which are nearest."""

    def __init__(self, result: Result) -> None:
        self.minutes, self.entrances = result.minutes, result.minutes.entrances
        self.service = result.facilities["service"]
        # A facility of several services stands in several rows; its name is the same in all.
        ids = pd.Index(result.facilities["facility_id"].to_numpy(dtype=object), dtype=object)
        self.first_row = np.flatnonzero(~ids.duplicated())
        self.ids = ids[self.first_row]

    def nearest(self, question: Question, points: Ints, x: Floats, y: Floats) -> Nearest:
        """What is nearest to some demand points among the question's services.

        `points` are rows of DEMAND, `x`, `y` their places in the network's crs.
        """
        minutes = self.minutes
        columns = [minutes.services.index(member) for member in question.members]
        metres = np.stack([minutes.metres[points, column] for column in columns])
        best = np.argmin(metres, axis=0)
        ids = minutes.facility_id[points, np.array(columns)[best]]
        number = self.ids.get_indexer(pd.Index(ids, dtype=object))
        on_foot = np.where(number < 0, -1, self.first_row[number])
        straight, at_x, at_y = self._straight_nearest(question, x, y)
        away = np.min([minutes.straight_m[points, column] for column in columns], axis=0)
        return Nearest(on_foot, metres.min(axis=0), straight, away, at_x, at_y)

    def _straight_nearest(
        self, question: Question, x: Floats, y: Floats
    ) -> tuple[Ints, Floats, Floats]:
        """The row and the entrance of the nearest facility by air that streets reach."""
        entrances = self.entrances
        of_service = self.service.isin(question.members).to_numpy()
        chosen = np.flatnonzero(of_service[entrances.row] & entrances.attachment.found)
        if len(chosen) == 0:
            nothing = np.full(len(x), np.nan)
            return np.full(len(x), -1, dtype=np.int64), nothing, nothing
        tree = KDTree(np.column_stack([entrances.x[chosen], entrances.y[chosen]]))
        found = chosen[tree.query(np.column_stack([x, y]), workers=-1)[1]]
        return entrances.row[found], entrances.x[found], entrances.y[found]


def point_causes(limit_m: Floats, nearest: Nearest, unknown: Mask, attached: Mask) -> Ints:
    """The cause at each uncovered point, as its position in CAUSES.

    Within the limit by air, a point has a facility near: it is on an island where no walk leads
    there, and has to make a detour where the walk is far above the straight line.
    """
    near = nearest.straight_m <= limit_m + TOLERANCE_M
    cut_off = np.isinf(nearest.metres)
    round_about = nearest.metres > DETOUR_FACTOR * nearest.straight_m
    names = ["unknown", "unattached", "island", "detour"]
    cases = [unknown, ~attached, near & cut_off, near & round_about]
    found = np.select(cases, [CAUSES.index(name) for name in names], CAUSES.index("none"))
    return np.asarray(found, dtype=np.int64)


def without_minor_causes(piece: Ints, cause: Ints, weight: Floats) -> Ints:
    """`cause` with those of a small part of a connected piece replaced by its leading one."""
    shape = (int(piece.max(initial=-1)) + 1, len(CAUSES))
    sums = np.bincount(piece * len(CAUSES) + cause, weight, shape[0] * shape[1]).reshape(shape)
    whole = np.maximum(sums.sum(axis=1), 1e-12)
    is_minor = (sums < MINOR_SHARE * whole[:, np.newaxis])[piece, cause]
    # Where nothing weighs anything there is no leading cause.
    leader = np.where(sums.any(axis=1), sums.argmax(axis=1), -1)[piece]
    return np.where(is_minor & (leader >= 0), leader, cause)


class Obstacles:
    """What may lie between two places; `around` and the places are in the network's crs."""

    def __init__(self, result: Result, around: gpd.GeoDataFrame | None) -> None:
        network = result.network
        private = network.lines[network.has(Flag.PRIVATE)]
        shapes = (_water(result), railways(result), walls(around), private)
        self.trees = [shapely.STRtree(own) for own in shapes]

    def between(self, x_a: Floats, y_a: Floats, x_b: Floats, y_b: Floats) -> Ints:
        """The strongest obstacle on each straight line, as its position in BETWEEN.

        Where nothing stands, a way is missing.
        """
        ends = np.stack([np.column_stack([x_a, y_a]), np.column_stack([x_b, y_b])], axis=1)
        lines: Texts = np.asarray(shapely.linestrings(ends), dtype=object)
        found = np.full(len(lines), len(BETWEEN) - 1, dtype=np.int64)
        for kind, tree in reversed(list(enumerate(self.trees))):
            found[tree.query(lines, predicate="intersects")[0]] = kind
        return found


def walls(around: gpd.GeoDataFrame | None) -> Texts:
    """The walls among what lies around."""
    if around is None:
        return np.empty(0, dtype=object)
    return np.asarray(around.geometry[around["kind"] == "wall"].to_numpy(), dtype=object)


def railways(result: Result) -> Texts:
    """What no access leg may cross and is no water."""
    barriers = result.network.barriers
    crossed = shapely.STRtree(_water(result)).query(barriers, predicate="intersects")[0]
    return np.asarray(np.delete(barriers, np.unique(crossed)), dtype=object)


def _water(result: Result) -> Texts:
    water = in_network_crs(result.network, result.base_map[result.base_map["kind"] == "water"])
    return np.asarray(water.geometry.to_numpy(), dtype=object)
