"""Demand from the residential buildings of an OSM extract, and census totals spread over them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from pyproj import CRS

from lifecircle.base.geo import GEOGRAPHIC
from lifecircle.base.problems import Problem
from lifecircle.inputs.census_spread import census_accounts, spread_census
from lifecircle.inputs.osm_places import OsmPlaces, Tags
from lifecircle.inputs.pieces import Ground, Pieces, point_pieces
from lifecircle.sources import BuildingsDemand

FloorClass = Literal["apartments", "houses", "others"]
FLOOR_CLASS: dict[str, FloorClass] = {
    "apartments": "apartments",
    "dormitory": "apartments",
    "house": "houses",
    "detached": "houses",
    "semidetached_house": "houses",
    "terrace": "houses",
    "residential": "others",
    "yes": "others",
}
"""The values of `building` that may be residential, and the class whose floors they take."""

DEFAULT_FLOORS: dict[FloorClass, float] = {"apartments": 6.0, "houses": 2.0, "others": 3.0}
OTHER_USES = ("shop", "office", "amenity")


def building_pieces(
    places: OsmPlaces,
    source: BuildingsDemand,
    ground: Ground,
    census: pd.DataFrame | None = None,
) -> Pieces:
    """One piece for each residential building, by the unit its point lies in.

    `census` (unit_id and totals, one row for each unit) is spread over the buildings of each
    unit in proportion to floor area.
    """
    rows, defaulted = residential_buildings(places, source.levels, ground.crs)
    pieces = point_pieces(source, rows, ground, len(rows))
    problems = pieces.problems
    if defaulted:
        share = 100 * defaulted / len(rows)
        details = {"count": defaulted, "total": len(rows), "share": f"{share:.1f}"}
        problems += (Problem("floors_defaulted", "repaired", source.name, details=details),)
    if census is None or source.census is None:
        return replace(pieces, problems=problems)
    spread, homeless = spread_census(pieces.rows, census, ground)
    problems += tuple(
        Problem("census_without_buildings", "repaired", source.name, value=unit_id)
        for unit_id in homeless
    )
    people = census_accounts(spread, census, ground, source.census.name)
    return replace(pieces, rows=spread, people=people, problems=problems)


def residential_buildings(
    places: OsmPlaces, levels: Mapping[FloorClass, float], crs: CRS
) -> tuple[gpd.GeoDataFrame, int]:
    """The residential buildings as points with weights in `crs`, and how many floors we assumed.

    Floor area is the footprint in `crs` times `building:levels`, else times the default of its
    class.  The point is the mapped entrance, else the centroid where it lies inside, else a
    point on the surface.
    """
    buildings = places.buildings[_is_residential(places)]
    footprints = buildings.geometry.to_crs(crs).to_numpy()
    mapped = np.array([_floors(tags) for tags in buildings["tags"]], dtype=float)
    defaults = {**DEFAULT_FLOORS, **levels}
    classes = [FLOOR_CLASS[tags["building"]] for tags in buildings["tags"]]
    assumed = np.array([defaults[name] for name in classes], dtype=float)
    flats = np.array([_number(tags.get("building:flats", "")) for tags in buildings["tags"]])
    rows = {
        "key": buildings["osm_id"].to_numpy(),
        # A count of homes over the few buildings that tell it would pass for all homes.
        "dwellings": flats if np.isfinite(flats).all() else np.full(len(flats), np.nan),
        "buildings": 1.0,
        "floor_area_m2": shapely.area(footprints) * np.where(np.isnan(mapped), assumed, mapped),
    }
    points = _building_points(buildings, footprints, crs)
    return gpd.GeoDataFrame(rows, geometry=points, crs=crs), int(np.isnan(mapped).sum())


def _is_residential(places: OsmPlaces) -> npt.NDArray[np.bool_]:
    """Named residential, or plain `yes` inside residential land and without another use."""
    tags = places.buildings["tags"]
    named = np.array([FLOOR_CLASS.get(item["building"]) is not None for item in tags], dtype=bool)
    plain = np.array([item["building"] == "yes" for item in tags], dtype=bool)
    unused = np.array([not any(key in item for key in OTHER_USES) for item in tags], dtype=bool)
    on_land = np.zeros(len(tags), dtype=bool)
    candidates = np.flatnonzero(plain & unused)
    points = shapely.point_on_surface(places.buildings.geometry.to_numpy()[candidates])
    land = shapely.STRtree(places.land.geometry.to_numpy())
    on_land[candidates[np.unique(land.query(points, predicate="intersects")[0])]] = True
    return np.asarray((named & ~plain) | on_land)


def _building_points(
    buildings: gpd.GeoDataFrame, footprints: npt.NDArray[np.object_], crs: CRS
) -> npt.NDArray[np.object_]:
    points = shapely.centroid(footprints)
    outside = ~shapely.intersects(footprints, points)
    points[outside] = shapely.point_on_surface(footprints[outside])
    entrances = gpd.GeoSeries(buildings["entrance"].to_numpy(), crs=GEOGRAPHIC)
    known = entrances.notna().to_numpy()
    points[known] = entrances[known].to_crs(crs).to_numpy()
    return points


def _floors(tags: Tags) -> float:
    """The mapped floors above ground, NaN where there is no such number."""
    floors = _number(tags.get("building:levels", ""))
    return floors if floors > 0 else math.nan


def _number(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        return math.nan
    return number if math.isfinite(number) and number >= 0 else math.nan
