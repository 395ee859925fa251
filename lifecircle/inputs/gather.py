"""Everything a study names, read and checked before anything is computed."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

import geopandas as gpd
import numpy as np
import shapely
from pyproj import CRS
from pyproj.exceptions import CRSError

from lifecircle.base.geo import centred_crs
from lifecircle.base.problems import Problem, StudyRefused, refuse_if_any
from lifecircle.base.tables import FACILITIES, conform
from lifecircle.inputs.all_facilities import read_all_facilities
from lifecircle.inputs.demand import DemandReading, build_demand
from lifecircle.inputs.hypotheses import Witnesses
from lifecircle.inputs.lists import Lists, read_lists, study_targets
from lifecircle.inputs.memory import refuse_too_large
from lifecircle.inputs.offices import with_offices
from lifecircle.inputs.osm_border import with_border
from lifecircle.inputs.osm_network import streets_network
from lifecircle.inputs.osm_places import OsmPlaces
from lifecircle.inputs.osm_streets import Streets, read_streets
from lifecircle.inputs.osm_walls import with_walls
from lifecircle.inputs.raster_elevation import read_elevation
from lifecircle.inputs.read import areas_of, places_reader, units_of, with_entrances
from lifecircle.inputs.reading import Account
from lifecircle.inputs.rule_book import refuse_denominators, with_area_kinds
from lifecircle.inputs.walkers import walked_standard
from lifecircle.network.network import WalkNetwork
from lifecircle.network.rules import Policy
from lifecircle.sources import NetworkSource
from lifecircle.standards.catalogue import Standard
from lifecircle.standards.indicators import Targets
from lifecircle.study import Study

FULL_BOX = 0.5
"""A whole extract's streets fill at least this share of its box."""

Progress = Callable[[str], None]
"""Called with the name of each stage as it begins."""


@dataclass(frozen=True)
class Inputs:
    """The four tables and the network of a study, and what was made of every row."""

    standard: Standard
    streets: Streets
    mapped: Streets
    """The streets before gates, walls and borders of the study's own."""
    network: WalkNetwork
    units: gpd.GeoDataFrame
    facilities: gpd.GeoDataFrame
    services: tuple[str, ...]
    known: dict[str, shapely.Geometry]
    demand: DemandReading
    targets: Targets
    lists: Lists
    base_map: gpd.GeoDataFrame
    problems: tuple[Problem, ...]
    accounts: tuple[Account, ...]
    areas: gpd.GeoDataFrame
    """The facilities before areas became the places where they are entered."""


def read_inputs(study: Study, progress: Progress, standard: Standard | None = None) -> Inputs:
    """All inputs of `study`; `standard` takes the place of the one it names.

    Raises `StudyRefused` or `InputRefused` with every problem of the first input that fails.
    """
    standard = standard or walked_standard(study)
    targets = study_targets(study)
    refuse_missing_files(study)
    places_of = places_reader(standard)
    progress("streets")
    source = study.network
    refuse_too_large(study, standard)
    units = units_of(study.units, places_of)
    refuse_if_any(units.problems)
    refuse_too_large(study, standard, units.table)
    mapped = read_streets(source.path, street_policy(source))
    around = places_of(source)
    progress("units")
    units = replace(units, table=with_area_kinds(units.table, study, standard))
    lists = read_lists(study, units.table, targets.lists, targets.attributes)
    crs = study_crs(study, units.table)
    streets, network, changed = own_network(mapped, source, crs)
    progress("facilities")
    witnesses = Witnesses(areas_of(study.units, units.table), network)
    facilities = read_all_facilities(study, standard, units.table, crs, places_of, witnesses)
    progress("demand")
    assert network.extent is not None, "a network from an extract knows its extent"
    demand = build_demand(study.demand, units.table, crs, network.extent, places_of)
    demand = with_offices(demand, study.offices, units.table, crs, network.extent, witnesses)
    refuse_denominators(study, demand.table)
    refuse_if_any(_refused_without(demand))
    return Inputs(
        standard=standard,
        streets=streets,
        mapped=mapped,
        network=network,
        units=units.table,
        facilities=conform(with_entrances(facilities.table, network), FACILITIES),
        services=facilities.services,
        known=facilities.known,
        demand=demand,
        targets=targets,
        lists=lists,
        base_map=base_map(network, around),
        problems=(
            *street_notes(streets),
            *changed,
            *units.problems,
            *unit_notes(network, units.table, streets.source),
            *facilities.problems,
            *demand.problems,
            *lists.problems,
        ),
        accounts=(units.account, *facilities.accounts, *demand.accounts, *lists.accounts),
        areas=conform(facilities.table, FACILITIES),
    )


def own_network(
    mapped: Streets, source: NetworkSource, crs: CRS
) -> tuple[Streets, WalkNetwork, tuple[Problem, ...]]:
    """The network with the walls, border and slopes that a study brings, and what they changed."""
    streets, walls = with_walls(mapped, source, crs)
    streets, border, cut = with_border(streets, source.border, crs)
    barriers = np.concatenate([streets.barriers, border])
    network = streets_network(streets, barriers, crs, source.extent)
    slopes: tuple[Problem, ...] = ()
    if source.elevation is not None:
        network, slopes = read_elevation(source.elevation.path, network)
    return streets, network, (*walls, *cut, *slopes)


def street_policy(source: NetworkSource) -> Policy:
    """What a study decides about the ways where tags leave it open."""
    return Policy(source.trunk, source.private, source.gates, source.indoor, source.ferries)


def refuse_missing_files(study: Study) -> None:
    """Raise `InputRefused` naming every file of the study that is not there."""
    paths = [str(source.path) for source in study.sources if not source.path.is_file()]
    remote = re.compile(r"(^|[\\/])(vsi\w+|[a-z][a-z0-9+]+:)[\\/]", re.IGNORECASE)
    refuse_if_any(
        Problem("path_remote" if remote.search(path) else "file_missing", "refused", path)
        for path in paths
    )


def study_crs(study: Study, units: gpd.GeoDataFrame) -> CRS:
    """The metric projection of a study: centred on its units, or as the study says.

    Raises `StudyRefused` for degrees and for EPSG:3857, whose metres are not metres.
    """
    name = study.study.crs
    if name == "auto":
        west, south, east, north = units.total_bounds
        return centred_crs((west + east) / 2, (south + north) / 2)
    try:
        crs = CRS.from_user_input(name)
    except CRSError:
        crs = None
    metric = crs is not None and crs.is_projected and crs.axis_info[0].unit_name == "metre"
    if crs is None or not metric or crs.to_epsg() == 3857:
        problem = Problem("crs_unfit", "refused", study.file.name, column="study.crs", value=name)
        raise StudyRefused([problem])
    return crs


def _refused_without(demand: DemandReading) -> list[Problem]:
    return [] if len(demand.table) else [Problem("no_demand", "refused", "demand")]


def street_notes(streets: Streets) -> list[Problem]:
    """Ways that were left out, by reason, and nodes that the extract does not hold."""
    notes = [
        Problem(f"ways_{reason}", "excluded", streets.source, details={"count": count})
        for reason, count in streets.left_out.items()
        if reason != "no_highway"  # railways and the like, which are no streets at all
    ]
    if streets.missing_nodes:
        ways = ", ".join(map(str, streets.broken[:20]))
        details: dict[str, object] = {"count": streets.missing_nodes, "ways": ways}
        notes.append(Problem("nodes_missing", "repaired", streets.source, details=details))
    if streets.pointless:
        details = {"count": streets.pointless}
        notes.append(Problem("ways_pointless", "excluded", streets.source, details=details))
    if streets.undecided:
        often = sorted(streets.undecided.items(), key=lambda item: (-item[1], item[0]))[:5]
        values = ", ".join(f"{value} ({count})" for value, count in often)
        details = {"count": sum(streets.undecided.values()), "values": values}
        notes.append(Problem("tags_undecided", "noted", streets.source, details=details))
    return [*notes, *short_extract(streets)]


def short_extract(streets: Streets) -> list[Problem]:
    """A note where the streets fill much less than the box in the file's header."""
    if streets.bounds is None:
        return []
    west, south, east, north = streets.bounds
    lon, lat = streets.ways.lon, streets.ways.lat
    width = np.clip(lon, west, east).max() - np.clip(lon, west, east).min()
    height = np.clip(lat, south, north).max() - np.clip(lat, south, north).min()
    share = float(width * height / ((east - west) * (north - south)))
    if share >= FULL_BOX:
        return []
    details = {"share": f"{100 * share:.0f}"}
    return [Problem("extract_short", "noted", streets.source, details=details)]


def unit_notes(network: WalkNetwork, units: gpd.GeoDataFrame, source: str) -> list[Problem]:
    """Units that the extract does not hold whole, with the share that it holds."""
    shapes = units.geometry.to_crs(network.crs).to_numpy()
    inside = shapely.area(shapely.intersection(shapes, network.extent)) / shapely.area(shapes)
    return [
        Problem(
            "unit_beyond_extract",
            "noted",
            source,
            value=name,
            details={"share": f"{100 * share:.1f}"},
        )
        for name, share in zip(units["name"], inside, strict=True)
        if share < 1 - 1e-6
    ]


def base_map(network: WalkNetwork, around: OsmPlaces) -> gpd.GeoDataFrame:
    """What a map shows under the units: `kind` (water, park or street) and geometry."""
    barriers = around.barriers
    layers = {
        "water": barriers.geometry[barriers["kind"] != "rail"],
        "park": around.parks.geometry,
        "street": gpd.GeoSeries(network.lines, crs=network.crs).to_crs(barriers.crs),
    }
    kinds = np.repeat(list(layers), [len(shapes) for shapes in layers.values()]).astype(object)
    shapes = np.concatenate([shapes.to_numpy() for shapes in layers.values()])
    return gpd.GeoDataFrame({"kind": kinds}, geometry=shapes, crs=barriers.crs)
