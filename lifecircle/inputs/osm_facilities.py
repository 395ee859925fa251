"""Facilities from the tags of an OSM extract."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from lifecircle.base.geo import GEOGRAPHIC, centred_crs
from lifecircle.base.problems import Action, Problem
from lifecircle.base.tables import FACILITIES, conform
from lifecircle.inputs.osm_places import OsmPlaces, Tags
from lifecircle.inputs.reading import Account, Reading
from lifecircle.inputs.sieve import place_of
from lifecircle.sources import FacilitySource

Matches = Callable[[Tags, str], list[str]]

DUPLICATE_WITHIN_M = 50.0
GONE = ("disused", "abandoned", "demolished", "razed")
SERVES_ITS_OWN = {
    "childcare",
    "clinic",
    "college",
    "doctors",
    "hospital",
    "kindergarten",
    "nursing_home",
    "school",
    "social_facility",
}
"""Where access=private only says that one has to belong, as a pupil or a patient does."""

PLACES_FROM_CAPACITY = {"childcare", "kindergarten"}


@dataclass(frozen=True)
class _Match:
    """An OSM object that offers at least one service of the standard."""

    osm_id: str
    tags: Tags
    name: str
    services: tuple[str, ...]
    geometry: shapely.Geometry | None
    """None where the object is an area with a part missing."""

    @property
    def excluded_as(self) -> str:
        """The code of the reason to leave it out, empty where there is none."""
        if any(self.tags.get(key, "no") != "no" for key in GONE):
            return "facility_disused"
        private = self.tags.get("access") in ("private", "no")
        if private and self.tags.get("amenity") not in SERVES_ITS_OWN:
            return "facility_private"
        return "" if self.geometry is not None else "facility_incomplete"


def osm_facilities(
    places: OsmPlaces, services: Collection[str], source: FacilitySource, matches: Matches
) -> Reading[gpd.GeoDataFrame]:
    """FACILITIES in EPSG:4326: one row for each object and service; areas stay areas.

    `matches(tags, name)` gives the services of an object; those in `services` (and in
    `source.only`, where given) count.  Rows read are objects that offer one of them; disused,
    private and incomplete ones are excluded, and points that repeat an area.
    """
    wanted = set(services) & set(source.only) if source.only else set(services)
    found = _matching(places, wanted, matches)
    reasons = {match.osm_id: match.excluded_as for match in found}
    table = _rows([match for match in found if not reasons[match.osm_id]], source)
    table = table[~_repeats_an_area(table)]
    kept = set(table["source_row"])
    problems = [
        Problem(
            reasons[match.osm_id] or "facility_duplicate",
            "excluded",
            source.name,
            column=match.osm_id,
            value=match.name,
            place=place_of(match.geometry),
        )
        for match in found
        if match.osm_id not in kept
    ]
    problems += _unread_numbers(found, kept, source)
    if not kept:
        action: Action = "noted" if source.optional else "refused"
        problems.append(Problem("no_usable_facility", action, source.name))
    account = Account(source.name, len(found), len(kept), len(found) - len(kept))
    return Reading(conform(table, FACILITIES), tuple(problems), account)


def _matching(places: OsmPlaces, wanted: set[str], matches: Matches) -> list[_Match]:
    features = places.features
    whole = zip(features["osm_id"], features["tags"], features.geometry, strict=True)
    there = set(features["osm_id"])
    partial = [
        (osm_id, tags, None)
        for osm_id, tags in zip(places.incomplete["osm_id"], places.incomplete["tags"], strict=True)
        if osm_id not in there
    ]
    found = []
    for osm_id, tags, geometry in (*whole, *partial):
        name = tags.get("name") or tags.get("name:zh", "")
        offered = tuple(sorted(wanted.intersection(matches(tags, name))))
        if offered:
            found.append(_Match(osm_id, tags, name, offered, geometry))
    return found


def _rows(matches: list[_Match], source: FacilitySource) -> gpd.GeoDataFrame:
    rows = [
        {
            "facility_id": f"osm-{match.osm_id}",
            "service": service,
            "name": match.name,
            "beds": _number(match.tags, "capacity:beds", "beds"),
            "places": _places(match.tags),
            "source": source.name,
            "source_row": match.osm_id,
        }
        for match in matches
        for service in match.services
    ]
    columns = ["facility_id", "service", "name", "beds", "places", "source", "source_row"]
    geometry = [match.geometry for match in matches for _ in match.services]
    return gpd.GeoDataFrame(pd.DataFrame(rows, columns=columns), geometry=geometry, crs=GEOGRAPHIC)


def _places(tags: Tags) -> float:
    return _number(tags, "capacity") if tags.get("amenity") in PLACES_FROM_CAPACITY else math.nan


def _number(tags: Tags, *keys: str) -> float:
    """The first of `keys` that is a finite number not below 0, else NaN."""
    for key in keys:
        try:
            number = float(tags.get(key, ""))
        except ValueError:
            continue
        if math.isfinite(number) and number >= 0:
            return number
    return math.nan


def _unread_numbers(found: list[_Match], kept: set[str], source: FacilitySource) -> list[Problem]:
    """A note for each capacity that is written but is no number."""
    problems = []
    for match in found:
        keys = ["capacity:beds", "beds"]
        if match.tags.get("amenity") in PLACES_FROM_CAPACITY:
            keys.append("capacity")
        for key in keys:
            if key in match.tags and match.osm_id in kept and math.isnan(_number(match.tags, key)):
                where = f"{match.osm_id} {key}"
                value = match.tags[key]
                problem = Problem("osm_number", "noted", source.name, column=where, value=value)
                problems.append(problem)
    return problems


def _repeats_an_area(table: gpd.GeoDataFrame) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Rows of points that stand for the same place as an area of the same service.

    The same name within 50 m of the area, or no name of its own inside the area.
    """
    repeats = np.zeros(len(table), dtype=bool)
    if table.empty:
        return repeats
    centre = table.total_bounds.reshape(2, 2).mean(axis=0)
    metric = table.geometry.to_crs(centred_crs(*centre))
    is_point = (table.geom_type == "Point").to_numpy()
    points, areas = np.flatnonzero(is_point), np.flatnonzero(~is_point)
    tree = shapely.STRtree(metric.to_numpy()[areas])
    near = tree.query(metric.to_numpy()[points], predicate="dwithin", distance=DUPLICATE_WITHIN_M)
    point, area = points[near[0]], areas[near[1]]
    service, name = table["service"].to_numpy(), table["name"].to_numpy()
    inside = shapely.intersects(metric.to_numpy()[point], metric.to_numpy()[area])
    same_name = (name[point] == name[area]) & (name[point] != "")
    same = (service[point] == service[area]) & (same_name | (inside & (name[point] == "")))
    repeats[point[same]] = True
    return repeats
