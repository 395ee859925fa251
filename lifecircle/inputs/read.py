"""The readers that scripts call: a path and its options in, a checked table out."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import lru_cache
from pathlib import Path
from typing import Any

import geopandas as gpd
from pydantic import TypeAdapter

from lifecircle.base.cache import kept
from lifecircle.base.geo import GEOGRAPHIC
from lifecircle.base.problems import UsageError, refuse_if_any
from lifecircle.inputs.demand import build_demand
from lifecircle.inputs.facilities import read_facility_file
from lifecircle.inputs.hypotheses import Witnesses
from lifecircle.inputs.osm_facilities import osm_facilities
from lifecircle.inputs.osm_file import check_osm_file, is_osm
from lifecircle.inputs.osm_places import OsmPlaces, read_osm_places
from lifecircle.inputs.osm_units import osm_units
from lifecircle.inputs.reading import Reading
from lifecircle.inputs.stated import stated_areas
from lifecircle.inputs.units import read_unit_file
from lifecircle.inputs.vectors import read_vector
from lifecircle.network.entrances import entrances_of_areas
from lifecircle.network.network import WalkNetwork
from lifecircle.sources import DemandSource, FacilitySource, Source, UnitsSource
from lifecircle.standards.catalogue import (
    Standard,
    load_standard,
    matches_name,
    matches_tags,
    name_excluded,
)

PlacesOf = Callable[[Source], OsmPlaces]


def places_reader(standard: Standard) -> PlacesOf:
    """A function that reads the OSM places of a source, each file once."""
    keys = _tag_keys(standard)

    @lru_cache(maxsize=8)
    def read(path: Path) -> OsmPlaces:
        check_osm_file(path)
        depends = [path, sorted(keys)]
        return kept("places", lambda: read_osm_places(path, keys), depends, [OsmPlaces])

    return lambda source: read(source.path.resolve())


def _tag_keys(standard: Standard) -> Collection[str]:
    conditions = (
        condition
        for service in standard.services
        for group in service.osm_tags
        for condition in group.split("+")
    )
    return sorted({condition.split("=")[0] for condition in conditions if "!=" not in condition})


def units_of(source: UnitsSource, places_of: PlacesOf) -> Reading[gpd.GeoDataFrame]:
    """UNITS of a source, from a vector file or an OSM extract."""
    return osm_units(places_of(source), source) if is_osm(source.path) else read_unit_file(source)


def areas_of(source: UnitsSource, units: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """The areas that facilities can name: every unit of the file, not only those selected."""
    if is_osm(source.path):
        return stated_areas(units["name"], units["parent"], units.geometry)
    features = read_vector(source.path, source)
    parents = features[source.parent] if source.parent else [""] * len(features)
    return stated_areas(features[source.name_column], parents, features.geometry)


def facilities_of(
    source: FacilitySource,
    standard: Standard,
    places_of: PlacesOf,
    witnesses: Witnesses | None = None,
) -> Reading[gpd.GeoDataFrame]:
    """FACILITIES of a source, from a file or an OSM extract; areas are still areas."""
    if not is_osm(source.path):
        return read_facility_file(source, standard.ids, standard, witnesses)

    def matches(tags: Any, name: str) -> list[str]:
        return [
            service.id
            for service in standard.services
            if matches_tags(service, tags)
            and not name_excluded(service, standard, name)
            and (
                not (source.name_filter and service.name_filter)
                or matches_name(service, standard, name)
            )
        ]

    return osm_facilities(places_of(source), standard.ids, source, matches)


def with_entrances(facilities: gpd.GeoDataFrame, network: WalkNetwork) -> gpd.GeoDataFrame:
    """`facilities` with every area turned into the places where it is entered."""
    areas = facilities.geometry.geom_type.isin(["Polygon", "MultiPolygon"]).to_numpy()
    if not areas.any():
        return facilities
    shapes = facilities.geometry[areas].to_crs(network.crs).to_numpy()
    entrances = gpd.GeoSeries(entrances_of_areas(network, shapes), crs=network.crs)
    geometry = facilities.geometry.to_numpy().copy()
    geometry[areas] = entrances.to_crs(facilities.crs).to_numpy()
    return facilities.set_geometry(gpd.GeoSeries(geometry, facilities.index, crs=facilities.crs))


def read_units(path: str | Path, **options: Any) -> gpd.GeoDataFrame:
    """UNITS from a vector file (`id`, `name`) or an OSM extract (`admin_level`).

    `options` are the keys of `[units]` in a study.  Raises `InputRefused`.
    """
    source = UnitsSource.model_validate({"path": path, **options})
    return _accepted(units_of(source, places_reader(load_standard("shanghai-2022"))))


def read_facilities(
    path: str | Path,
    standard: str | Path = "shanghai-2022",
    network: WalkNetwork | None = None,
    units: gpd.GeoDataFrame | None = None,
    **options: Any,
) -> gpd.GeoDataFrame:
    """FACILITIES from a table, a vector file or an OSM extract.

    `options` are the keys of `[[facilities]]` in a study.  With `network`, areas become the
    places where they are entered; a table with areas in it cannot be walked to.  `units` and
    `network` tell the datum of a file that declares none.  Raises `InputRefused`.
    """
    source = FacilitySource.model_validate({"path": path, **options})
    rules = load_standard(standard)
    areas = (
        stated_areas([], [], gpd.GeoSeries([], crs=GEOGRAPHIC))
        if units is None
        else (stated_areas(units["name"], units["parent"], units.geometry))
    )
    witnesses = Witnesses(areas, network)
    table = _accepted(facilities_of(source, rules, places_reader(rules), witnesses))
    return table if network is None else with_entrances(table, network)


def read_demand(
    path: str | Path, units: gpd.GeoDataFrame, network: WalkNetwork, **options: Any
) -> gpd.GeoDataFrame:
    """DEMAND from points, a raster, buildings or land (`kind`), inside `units`.

    `options` are the keys of `[[demand]]` in a study.  Raises `InputRefused`.
    """
    adapter: TypeAdapter[DemandSource] = TypeAdapter(DemandSource)
    source = adapter.validate_python({"path": path, **options})
    if network.crs is None or network.extent is None:
        raise UsageError("demand is read for a network on the earth, which has a CRS and an extent")
    places_of = places_reader(load_standard("shanghai-2022"))
    return build_demand([source], units, network.crs, network.extent, places_of).table


def _accepted(reading: Reading[gpd.GeoDataFrame]) -> gpd.GeoDataFrame:
    refuse_if_any(reading.problems)
    return reading.table
