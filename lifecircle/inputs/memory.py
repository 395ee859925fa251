"""What a run will take of memory, from what is known before it starts.

A plain sum of parts, each fitted to the peaks of whole runs (`VmHWM`, Linux, Python 3.11, report
and map included): the demo, a street of Shanghai, Porto Alegre, Newport, and a made-up city
on Porto metro.  It is right within about a factor of 1.5, and rather too high than too low.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd

from lifecircle.base.geo import ELLIPSOID
from lifecircle.base.journal import note
from lifecircle.base.machine import memory_bytes
from lifecircle.base.problems import InputRefused, Problem
from lifecircle.inputs.osm_file import is_osm, is_xml
from lifecircle.inputs.raster import cells_over
from lifecircle.sources import (
    BuildingsDemand,
    CompoundsDemand,
    DemandSource,
    FacilitySource,
    LandDemand,
    RasterDemand,
)
from lifecircle.standards.catalogue import Standard
from lifecircle.study import Study

GB = 1e9
PROGRAM = 650e6
"""The libraries, and maps and reports as far as they do not grow with the study."""

A_PBF_BYTE = 55.0
"""Of an extract: its ways while they are read, then the network, its index and its graphs."""

XML_FOR_PBF = 8.0
"""OSM XML is so many times as long as the same as PBF."""

A_POINT = 1200.0
"""Of demand: its row, its geometry and where it attaches."""

A_WALK = 250.0
"""From a point to a service: as it is walked, as it is counted, and as it is written."""

A_CELL = 40.0
"""Of a raster's window over the units, while it is shared out."""

RESIDENTIAL_SHARE = 0.35
"""Of a unit's area, at most, where land or compounds are cut into squares."""

M2_A_BUILDING, PBF_A_BUILDING, BYTES_A_ROW = 400.0, 60.0, 40.0
"""At most one building for so many m² of units and bytes of extract; one row for so many bytes."""

SHARE_OF_MACHINE = 0.8
"""What a run may take where the study does not say: the rest is the system's."""


@dataclass(frozen=True)
class Need:
    """Bytes that a run will take, and what they come from."""

    extract: int
    """Bytes of the extract, as if it were PBF."""
    points: int
    services: int
    cells: int

    @property
    def parts(self) -> dict[str, float]:
        """Bytes by what takes them."""
        return {
            "program": PROGRAM,
            "streets": self.extract * A_PBF_BYTE,
            "demand": self.points * (A_POINT + self.services * A_WALK),
            "raster": self.cells * A_CELL,
        }

    @property
    def total(self) -> float:
        """All parts together."""
        return sum(self.parts.values())

    def problem(self, limit: float, study: Study) -> Problem:
        """That it is more than the limit, with advice on the largest part."""
        parts = self.parts
        largest = max(parts, key=lambda name: parts[name])
        details = {
            "need": f"{self.total / GB:.1f}",
            "limit": f"{limit / GB:.1f}",
            "part": f"{parts[largest] / GB:.1f}",
            "extract": f"{study.network.path.stat().st_size / 1e6:,.0f}",
            "points": f"{self.points:,}",
            "services": self.services,
            "cells": f"{self.cells:,}",
        }
        file, key = study.file.name, "study.memory_limit_gb"
        return Problem(f"memory_{largest}", "refused", file, column=key, details=details)


def refuse_too_large(
    study: Study, standard: Standard, units: gpd.GeoDataFrame | None = None
) -> Need:
    """What a run of `study` will take; raises `InputRefused` where there is not as much.

    Without `units` only the streets are counted: the demand lies in the units.
    """
    need = needed(study, standard, units)
    limit = memory_limit(study)
    if units is not None or (limit is not None and need.total > limit):
        parts = ", ".join(f"{name} {size / GB:.2f}" for name, size in need.parts.items())
        there = "unknown" if limit is None else f"{limit / GB:.2f} GB"
        note("memory", f"{need.total / GB:.2f} GB estimated ({parts}), limit {there}")
    if limit is not None and need.total > limit:
        raise InputRefused([need.problem(limit, study)])
    return need


def memory_limit(study: Study) -> float | None:
    """Bytes that a run may take; None where nobody knows."""
    if study.study.memory_limit_gb is not None:
        return study.study.memory_limit_gb * GB
    there = memory_bytes()
    return None if there is None else SHARE_OF_MACHINE * there


def needed(study: Study, standard: Standard, units: gpd.GeoDataFrame | None) -> Need:
    """The figures that the memory of a run follows from."""
    services = len(services_named(study, standard))
    extract = _pbf_bytes(study.network.path)
    if units is None:
        return Need(extract, 0, services, 0)
    area_m2 = sum(abs(ELLIPSOID.geometry_area_perimeter(shape)[0]) for shape in units.geometry)
    windows = [cells_over(one, units) for one in study.demand if isinstance(one, RasterDemand)]
    others = (_points(one, area_m2) for one in study.demand if not isinstance(one, RasterDemand))
    points = sum(points for _, points in windows) + sum(others)
    return Need(extract, int(points), services, max((cells for cells, _ in windows), default=0))


def services_named(study: Study, standard: Standard) -> set[str]:
    """The services that the study's facilities can bring."""
    named = (_services_of(source, standard) for source in study.facilities)
    return set().union(*named) & set(standard.ids)


def _services_of(source: FacilitySource, standard: Standard) -> set[str]:
    if source.service is not None:
        return {source.service}
    several = [[one] if isinstance(one, str) else one for one in source.services.values()]
    if several:
        return {name for names in several for name in names}
    return set(source.only or standard.ids)


def _points(source: DemandSource, area_m2: float) -> float:
    """At most so many points of a source that is no raster."""
    if isinstance(source, LandDemand | CompoundsDemand):
        return RESIDENTIAL_SHARE * area_m2 / source.spacing_m**2
    if isinstance(source, BuildingsDemand):
        return min(area_m2 / M2_A_BUILDING, _pbf_bytes(source.path) / PBF_A_BUILDING)
    return source.path.stat().st_size / BYTES_A_ROW


def _pbf_bytes(path: Path) -> int:
    size = path.stat().st_size
    return int(size / XML_FOR_PBF) if is_osm(path) and is_xml(path) else size
