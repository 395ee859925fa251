"""What speaks for and against a gap: places that could serve it, the walk there is, and walls."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from lifecircle.base.geo import GEOGRAPHIC
from lifecircle.base.tables import EVIDENCE, conform, no_rows
from lifecircle.measures.grounds import TOLERANCE_M, least
from lifecircle.measures.questions import Question
from lifecircle.measures.result import Result
from lifecircle.network.network import Ints
from lifecircle.network.path import walk_path
from lifecircle.network.profiles import profile_named
from lifecircle.network.walk import in_network_crs
from lifecircle.siting.candidates import (
    HOSTS,
    Candidates,
    entrances_of,
    existing_candidates,
    walks_to,
)
from lifecircle.siting.causes import railways, walls
from lifecircle.siting.gaps import chosen_questions, points_of_gaps
from lifecircle.standards.indicators import SupplyRule

MOST_EXISTING = 3
"""Existing facilities are shown by how much of the gap they reach, at most so many."""

AROUND_M = 400.0
"""Walls and railways are shown as far around a gap and as far again as it is wide."""


def gap_evidence(
    result: Result,
    gaps: gpd.GeoDataFrame,
    around: gpd.GeoDataFrame | None = None,
    supplies: Sequence[SupplyRule] = (),
) -> gpd.GeoDataFrame:
    """The EVIDENCE table of some rows of GAPS, in EPSG:4326.

    Proposed sites (of `result.sites`) and facilities that could take the service in (一点多用),
    with the demand of the gap that is within the limit of each by its own walk; a walk of median
    length to the nearest facility; and walls and railways near it.
    """
    case = _Case(result, around, points_of_gaps(result, gaps, around, supplies))
    rows = [
        row for _, gap in in_network_crs(result.network, gaps).iterrows() for row in case.of(gap)
    ]
    if not rows:
        return no_rows(EVIDENCE)
    table = gpd.GeoDataFrame(rows, geometry="geometry", crs=result.network.crs)
    table = table if table.crs is None else table.to_crs(GEOGRAPHIC)
    number = table.groupby(["gap_id", "kind"]).cumcount() + 1
    return conform(table.assign(number=number), EVIDENCE)


Row = dict[str, object]


class _Case:
    """A result with what lies around."""

    def __init__(
        self, result: Result, around: gpd.GeoDataFrame | None, points: dict[str, Ints]
    ) -> None:
        self.result, self.points = result, points
        named = None if around is None else in_network_crs(result.network, around)
        self.lines = {"wall": walls(named), "railway": railways(result)}

    def of(self, gap: pd.Series) -> Iterator[Row]:
        """Everything about one gap, in the network's crs."""
        question = chosen_questions(self.result, [gap["service"]])[0]
        points = self._points(gap)
        if gap["cause"] != "capacity" and len(points):
            yield from self._in_reach(gap, question, points, self._sites(gap), "site")
            if self._fits_under_a_roof(question):
                hosts = existing_candidates(self.result, [gap["service"]])
                yield from self._in_reach(gap, question, points, hosts, "existing")
            yield from self._walk(gap, question, points)
        west, south, east, north = gap.geometry.bounds
        away = AROUND_M + max(east - west, north - south)
        box = shapely.box(west - away, south - away, east + away, north + away)
        for kind, lines in self.lines.items():
            for line in shapely.intersection(lines[shapely.intersects(lines, box)], box):
                yield {"gap_id": gap["gap_id"], "kind": kind, "geometry": line}

    def _points(self, gap: pd.Series) -> Ints:
        """The demand of the gap that carries its denominator."""
        points = self.points[gap["gap_id"]]
        weight = self.result.demand[gap["denominator"]].to_numpy(dtype=float)[points]
        return np.asarray(points[weight > 0], dtype=np.int64)

    def _fits_under_a_roof(self, question: Question) -> bool:
        services = self.result.standard.services
        return any(one.domain in HOSTS for one in services if one.id in question.services)

    def _sites(self, gap: pd.Series) -> gpd.GeoDataFrame:
        sites = self.result.sites
        sites = sites[sites["service"] == gap["service"]]
        return sites.rename(columns={"candidate_name": "name"}).reset_index(drop=True)

    def _in_reach(
        self, gap: pd.Series, question: Question, points: Ints, places: gpd.GeoDataFrame, kind: str
    ) -> Iterator[Row]:
        """The places that some of the gap could walk to, those that reach most first."""
        result, limit_m = self.result, float(gap["limit_m"])
        shapes = in_network_crs(result.network, places)
        near = shapely.dwithin(shapes.geometry.to_numpy(), gap.geometry, limit_m)
        places = places[near].reset_index(drop=True)
        if places.empty:
            return
        walker = result.minutes.of(question.services[0])
        candidates = Candidates(places, entrances_of(result, places))
        walks = walks_to(result, walker, candidates, points, limit_m + TOLERANCE_M)
        walks.data[:] = 1.0
        weight = result.demand[gap["denominator"]].to_numpy(dtype=float)[points]
        people = walks @ weight
        shapes = in_network_crs(result.network, places)
        order = np.argsort(-people, kind="stable")
        order = order[people[order] > 0][: MOST_EXISTING if kind == "existing" else None]
        for place in order:
            row = places.iloc[place]
            yield {
                "gap_id": gap["gap_id"],
                "kind": kind,
                "name": row["name"],
                "rank": row.get("rank", pd.NA),
                "offers": row.get("offers", ""),
                "people": people[place],
                "geometry": shapely.centroid(shapes.geometry.iloc[place]),
            }

    def _walk(self, gap: pd.Series, question: Question, points: Ints) -> Iterator[Row]:
        """The walk to the nearest facility from the point in the middle of all walks, by weight."""
        result = self.result
        weight = result.demand[gap["denominator"]].to_numpy(dtype=float)[points]
        columns = [result.minutes.services.index(member) for member in question.members]
        order = np.argsort(least(result.minutes.metres[points], columns), kind="stable")
        middle = int(np.searchsorted(np.cumsum(weight[order]), weight.sum() / 2))
        walker = result.minutes.of(question.services[0])
        entrances = walker.entrances
        offered = result.facilities["service"].isin(question.services).to_numpy()
        goals = entrances.attachment.of(np.flatnonzero(offered[entrances.row]))
        place = walker.attachment.of(points[[order[middle]]])
        path = walk_path(result.network, place, goals, profile_named(walker.profile))
        if path.line is not None:
            yield {
                "gap_id": gap["gap_id"],
                "kind": "walk",
                "name": gap["facility_name"],
                "metres": path.metres,
                "geometry": path.line,
            }
