"""The facilities of all sources of a study, in one table, and what is known of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import CRS

from lifecircle.base.geo import GEOGRAPHIC
from lifecircle.base.problems import Problem, refuse_if_any
from lifecircle.inputs.hypotheses import Witnesses
from lifecircle.inputs.read import PlacesOf, facilities_of
from lifecircle.inputs.reading import Account, Reading
from lifecircle.sources import FacilitySource
from lifecircle.standards.catalogue import Standard
from lifecircle.study import Study

Readings = list[Reading[gpd.GeoDataFrame]]


@dataclass(frozen=True)
class Facilities:
    """All facilities near the units; areas are still areas.

    `services` can be measured; `known` holds, for a service whose every source declares an
    extent, the ground (in the study's projection) that its facilities are complete for.
    """

    table: gpd.GeoDataFrame
    services: tuple[str, ...]
    known: dict[str, shapely.Geometry]
    problems: tuple[Problem, ...]
    accounts: tuple[Account, ...]


def read_all_facilities(
    study: Study,
    standard: Standard,
    units: gpd.GeoDataFrame,
    crs: CRS,
    places_of: PlacesOf,
    witnesses: Witnesses | None = None,
) -> Facilities:
    """The facilities of every source of `study`; raises `InputRefused` for all of them at once."""
    readings = [
        facilities_of(source, standard, places_of, witnesses) for source in study.facilities
    ]
    problems = [problem for reading in readings for problem in reading.problems]
    refuse_if_any(problems)
    reach_m = longest_limit_m(standard) + study.study.buffer_m
    ground = shapely.buffer(shapely.union_all(units.geometry.to_crs(crs).to_numpy()), reach_m)
    near = [_within(reading, ground, crs, reach_m) for reading in readings]
    table = _one_table(near)
    services = _measured(table, study.facilities, standard)
    return Facilities(
        table=table,
        services=services,
        known=_known_grounds(study.facilities, near, crs),
        problems=(
            *(problem for reading in near for problem in reading.problems),
            *_without_data(services, standard),
        ),
        accounts=tuple(reading.account for reading in near),
    )


def longest_limit_m(standard: Standard) -> float:
    """The longest walk that a rule of the standard counts, in metres."""
    rules = [*standard.services, *standard.headlines]
    return max(limit.limit_m for rule in rules for limit in (rule, *rule.by_area))


def _within(
    reading: Reading[gpd.GeoDataFrame], ground: shapely.Geometry, crs: CRS, reach_m: float
) -> Reading[gpd.GeoDataFrame]:
    """`reading` without facilities so far from every unit that no limit reaches them."""
    shapely.prepare(ground)
    near = shapely.intersects(ground, reading.table.geometry.to_crs(crs).to_numpy())
    table = reading.table[near].reset_index(drop=True)
    far = len(set(reading.table["source_row"]) - set(table["source_row"]))
    if not far:
        return reading
    account = reading.account.with_fewer_used(far)
    details = {"count": far, "reach_m": f"{reach_m:.0f}"}
    problem = Problem("facilities_elsewhere", "excluded", account.source, details=details)
    return Reading(table, (*reading.problems, problem), account)


def _one_table(readings: Readings) -> gpd.GeoDataFrame:
    """One table sorted by id; an id that two files use is told apart by the file's name."""
    tables = [reading.table for reading in readings]
    table = gpd.GeoDataFrame(pd.concat(tables, ignore_index=True), crs=GEOGRAPHIC)
    shared = table.groupby("facility_id")["source"].transform("nunique") > 1
    table.loc[shared, "facility_id"] = table["source"] + ":" + table["facility_id"]
    return table.sort_values(["facility_id", "service"]).reset_index(drop=True)


def _declared(source: FacilitySource) -> set[str]:
    """The services that a source says it brings; an OSM extract says nothing."""
    declared = {source.service} if source.service else set()
    for value in source.services.values():
        declared |= {value} if isinstance(value, str) else set(value)
    return declared


def _measured(
    table: gpd.GeoDataFrame, sources: Iterable[FacilitySource], standard: Standard
) -> tuple[str, ...]:
    """Services with a facility, or brought by a source that is allowed to be empty.

    A service that no source knows of is not measured: no data is not zero coverage.
    """
    found = set(table["service"])
    for source in sources:
        found |= _declared(source) if source.optional else set()
    return tuple(service for service in standard.ids if service in found)


def _without_data(services: Sequence[str], standard: Standard) -> list[Problem]:
    problems = []
    without = [service for service in standard.ids if service not in services]
    if without:
        details = {"services": ", ".join(without)}
        problems.append(Problem("services_without_data", "noted", standard.id, details=details))
    for headline in standard.headlines:
        missing = [member for member in headline.members if member not in services]
        if missing:
            partly = len(missing) < len(headline.members)
            code = "headline_partly" if partly else "headline_without_data"
            details = {"members": ", ".join(missing)}
            problem = Problem(code, "noted", standard.id, column=headline.id, details=details)
            problems.append(problem)
    return problems


def _known_grounds(
    sources: Sequence[FacilitySource], readings: Readings, crs: CRS
) -> dict[str, shapely.Geometry]:
    grounds: dict[str, list[shapely.Geometry | None]] = {}
    for source, reading in zip(sources, readings, strict=True):
        ground = _box(source, crs)
        for service in _declared(source) | set(reading.table["service"]):
            grounds.setdefault(service, []).append(ground)
    return {
        service: shapely.union_all(np.array(boxes, dtype=object))
        for service, boxes in grounds.items()
        if None not in boxes
    }


def _box(source: FacilitySource, crs: CRS) -> shapely.Geometry | None:
    """The declared extent in `crs`, its sides cut finely enough to bend with the projection."""
    if source.extent is None:
        return None
    box = shapely.segmentize(shapely.box(*source.extent), 0.01)
    ground: shapely.Geometry = gpd.GeoSeries([box], crs=GEOGRAPHIC).to_crs(crs).iloc[0]
    return ground
