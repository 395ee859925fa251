"""Units from the administrative boundaries of an OSM extract."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd

from lifecircle.base.geo import GEOGRAPHIC
from lifecircle.base.problems import Action, Problem
from lifecircle.base.tables import UNITS, conform
from lifecircle.inputs.cells import Mask, nearest, normal
from lifecircle.inputs.osm_places import OsmPlaces
from lifecircle.inputs.reading import Account, Reading
from lifecircle.sources import UnitsSource


def osm_units(places: OsmPlaces, source: UnitsSource) -> Reading[gpd.GeoDataFrame]:
    """The administrative areas of `source.admin_level`, as UNITS in EPSG:4326.

    `source.select` names them by name or id ("r8208502"); the others are excluded and counted.
    An area whose boundary is not whole in the extract is excluded and listed.  The source is
    refused, in `problems`, without one whole area, and for names in `select` that are unknown or
    stand for several areas.
    """
    areas = _of_level(places, source)
    chosen, problems = _selected(areas, source)
    broken = areas[chosen & ~areas["whole"]]
    problems += [
        Problem("unit_incomplete", "excluded", source.name, column=osm_id, value=name)
        for osm_id, name in zip(broken["osm_id"], broken["name"], strict=True)
    ]
    used = areas[chosen & areas["whole"]]
    if used.empty:
        details = {"level": source.admin_level}
        problems.append(Problem("units_none_whole", "refused", source.name, details=details))
    table = gpd.GeoDataFrame(
        {"unit_id": used["osm_id"], "name": used["name"], "level": source.level, "rural": False},
        geometry=gpd.GeoSeries(used["geometry"], crs=GEOGRAPHIC),
    )
    account = Account(source.name, len(areas), len(used), len(areas) - len(used))
    return Reading(conform(table, UNITS), tuple(problems), account)


def _of_level(places: OsmPlaces, source: UnitsSource) -> pd.DataFrame:
    """osm_id, name, whole, geometry of the level's administrative areas, sorted by id.

    One without a name goes by its id.
    """
    objects = pd.concat([pd.DataFrame(places.admin), places.incomplete], ignore_index=True)
    level = str(source.admin_level)
    rows = [
        (osm_id, tags.get("name") or osm_id, geometry is not None, geometry)
        for osm_id, tags, geometry in zip(
            objects["osm_id"],
            objects["tags"],
            objects["geometry"].astype(object).where(objects["geometry"].notna(), None),
            strict=True,
        )
        if tags.get("boundary") == "administrative" and tags.get("admin_level") == level
    ]
    return pd.DataFrame(sorted(rows), columns=["osm_id", "name", "whole", "geometry"])


def _selected(areas: pd.DataFrame, source: UnitsSource) -> tuple[Mask, list[Problem]]:
    """Which areas the study names, all of them where it names none."""
    if not source.select:
        return np.ones(len(areas), dtype=bool), []
    chosen, problems = np.zeros(len(areas), dtype=bool), []
    words = [[normal(name), normal(osm_id)] for name, osm_id in areas[["name", "osm_id"]].values]
    for word in source.select:
        hits = np.array([normal(word) in own for own in words], dtype=bool)
        if not hits.any():
            near = nearest(word, [*areas["name"], *areas["osm_id"]]) or "-"
            problems.append(_problem("unit_unknown", "refused", source, word, nearest=near))
        if hits.sum() > 1:
            ids = ", ".join(areas["osm_id"][hits])
            problems.append(_problem("unit_ambiguous", "refused", source, word, ids=ids))
        chosen |= hits
    left_out = int((~chosen).sum())
    note = _problem("units_not_selected", "noted", source, "", left_out=left_out, total=len(chosen))
    return chosen, [*problems, note]


def _problem(
    code: str, action: Action, source: UnitsSource, word: str, **details: object
) -> Problem:
    return Problem(code, action, source.name, column="select", value=word, details=details)
