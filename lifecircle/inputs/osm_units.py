"""Units from the administrative boundaries of an OSM extract."""

from __future__ import annotations

from collections.abc import Iterable

import geopandas as gpd
import pandas as pd

from lifecircle.base.geo import GEOGRAPHIC
from lifecircle.base.problems import Problem
from lifecircle.base.tables import UNITS, conform
from lifecircle.inputs.osm_places import OsmPlaces, Tags
from lifecircle.inputs.reading import Account, Reading
from lifecircle.study import UnitsSource


def osm_units(places: OsmPlaces, source: UnitsSource) -> Reading[gpd.GeoDataFrame]:
    """The administrative areas of `source.admin_level`, as UNITS in EPSG:4326.

    `source.select` names them by name or id.  An area whose boundary is not whole in the extract
    is excluded and listed; without one whole area, or with a selected name the file does not
    have, the source is refused.
    """
    whole = _of_level(places.admin, source)
    broken = _of_level(places.incomplete, source)
    table = gpd.GeoDataFrame(
        {
            "unit_id": whole["osm_id"],
            "name": [name or osm_id for name, osm_id in zip(_names(whole), whole["osm_id"])],
            "level": source.level,
        },
        geometry=gpd.GeoSeries(whole.get("geometry", []), crs=GEOGRAPHIC).array,
    )
    problems = [*_incomplete(broken, source), *_not_found(whole, broken, source)]
    if table.empty:
        details = {"level": source.admin_level}
        problems.append(Problem("units_none_whole", "refused", source.name, details=details))
    account = Account(source.name, len(whole) + len(broken), len(table), len(broken))
    return Reading(conform(table, UNITS), tuple(problems), account)


def _of_level(objects: pd.DataFrame, source: UnitsSource) -> pd.DataFrame:
    """The administrative objects of the level, and of the selection where there is one."""
    wanted = set(source.select)
    rows = [
        tags.get("boundary") == "administrative"
        and tags.get("admin_level") == str(source.admin_level)
        and (not wanted or osm_id in wanted or tags.get("name") in wanted)
        for osm_id, tags in zip(objects["osm_id"], objects["tags"], strict=True)
    ]
    return objects[pd.Series(rows, index=objects.index, dtype=bool)]


def _names(objects: pd.DataFrame) -> list[str]:
    tags: Iterable[Tags] = objects["tags"]
    return [item.get("name") or item.get("name:zh", "") for item in tags]


def _incomplete(broken: pd.DataFrame, source: UnitsSource) -> list[Problem]:
    return [
        Problem("unit_incomplete", "excluded", source.name, column=osm_id, value=name)
        for osm_id, name in zip(broken["osm_id"], _names(broken), strict=True)
    ]


def _not_found(whole: pd.DataFrame, broken: pd.DataFrame, source: UnitsSource) -> list[Problem]:
    there = {*whole["osm_id"], *broken["osm_id"], *_names(whole), *_names(broken)}
    return [
        Problem("unit_not_found", "refused", source.name, column="select", value=name)
        for name in source.select
        if name not in there
    ]
