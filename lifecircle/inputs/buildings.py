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
from lifecircle.base.tables import conform
from lifecircle.inputs.osm_places import OsmPlaces, Tags
from lifecircle.inputs.pieces import (
    PIECES,
    Ground,
    PeopleAccount,
    Pieces,
    point_pieces,
)
from lifecircle.sources import RESIDENT_WEIGHTS, BuildingsDemand

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
SPREAD = (*RESIDENT_WEIGHTS, "dwellings")


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
    people = _census_accounts(spread, census, ground, source.census.name)
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


def spread_census(
    rows: gpd.GeoDataFrame, census: pd.DataFrame, ground: Ground
) -> tuple[gpd.GeoDataFrame, list[str]]:
    """`rows` with each unit's census totals shared out by floor area, and units without buildings.

    A unit's people are first cut to the share of its area inside the network's extent.  Those of
    a unit without a residential building there go to one point on its surface, so that they stay
    in the total.
    """
    totals = census.set_index("unit_id").reindex(ground.units["unit_id"])
    totals = totals.reindex(columns=list(SPREAD)).astype(float)
    shares = ground.extent_shares
    inside = totals.mul(shares, axis=0)
    floor_area = rows.groupby("unit_id")["floor_area_m2"].sum()
    has_people = totals.fillna(0).gt(0).any(axis=1) & (shares > 0)
    homeless = [unit for unit in totals.index[has_people] if not floor_area.get(unit, 0) > 0]

    part = (rows["floor_area_m2"] / rows["unit_id"].map(floor_area)).to_numpy()
    spread = rows.copy()
    for weight in totals.columns[totals.notna().any()]:
        spread[weight] = rows["unit_id"].map(inside[weight]).to_numpy() * part
    spread["extent_share"] = rows["unit_id"].map(shares).to_numpy()
    if not homeless:
        return spread, homeless
    stand_ins = _stand_ins(inside.loc[homeless], shares, ground)
    return gpd.GeoDataFrame(pd.concat([spread, stand_ins], ignore_index=True)), homeless


def _stand_ins(inside: pd.DataFrame, shares: pd.Series[float], ground: Ground) -> gpd.GeoDataFrame:
    """One row for each unit of `inside`, at a point on its surface, with its people."""
    shapes = pd.Series(ground.inside, index=ground.units["unit_id"].to_numpy())
    rows = gpd.GeoDataFrame(
        inside.reset_index(drop=True),
        geometry=shapely.point_on_surface(shapes[inside.index].to_numpy()),
        crs=ground.crs,
    )
    rows["unit_id"] = inside.index.to_numpy()
    rows["key"] = "unit-" + rows["unit_id"].astype(str)
    rows["extent_share"] = shares[inside.index].to_numpy()
    return conform(rows, PIECES)


def _census_accounts(
    rows: gpd.GeoDataFrame, census: pd.DataFrame, ground: Ground, source: str
) -> tuple[PeopleAccount, ...]:
    shares = census["unit_id"].map(ground.extent_shares)
    return tuple(
        PeopleAccount(
            source,
            weight,
            read=float(census[weight].sum()),
            in_units=float(rows[weight].sum()),
            outside_units=float(census.loc[shares.isna(), weight].sum()),
            outside_network=float((census[weight] * (1 - shares)).sum()),
        )
        for weight in SPREAD
        if weight in census and census[weight].notna().any()
    )


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
