"""Everything a study names, read and checked before anything is computed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import geopandas as gpd
import pandas as pd
import shapely
from pyproj import CRS
from pyproj.exceptions import CRSError

from lifecircle.base.geo import centred_crs
from lifecircle.base.problems import Problem, StudyRefused, refuse_if_any
from lifecircle.base.tables import FACILITIES, conform
from lifecircle.inputs.all_facilities import read_all_facilities
from lifecircle.inputs.demand import DemandReading, build_demand
from lifecircle.inputs.osm_network import Streets, read_streets, streets_network
from lifecircle.inputs.osm_places import OsmPlaces
from lifecircle.inputs.read import places_reader, units_of, with_entrances
from lifecircle.inputs.reading import Account
from lifecircle.network.network import WalkNetwork
from lifecircle.network.rules import Policy
from lifecircle.standards.catalogue import Standard, load_standard
from lifecircle.study import Study

Progress = Callable[[str], None]
"""Called with the name of each stage as it begins."""


@dataclass(frozen=True)
class Inputs:
    """The four tables and the network of a study, and what was made of every row."""

    standard: Standard
    streets: Streets
    network: WalkNetwork
    units: gpd.GeoDataFrame
    facilities: gpd.GeoDataFrame
    services: tuple[str, ...]
    known: dict[str, shapely.Geometry]
    demand: DemandReading
    base_map: gpd.GeoDataFrame
    problems: tuple[Problem, ...]
    accounts: tuple[Account, ...]


def read_inputs(study: Study, progress: Progress) -> Inputs:
    """All inputs of `study`.

    Raises `StudyRefused` or `InputRefused` with every problem of the first input that fails.
    """
    standard = study_standard(study)
    refuse_missing_files(study)
    places_of = places_reader(standard)
    progress("streets")
    source = study.network
    streets = read_streets(source.path, Policy(source.trunk, source.private, source.gates))
    around = places_of(source)
    progress("units")
    units = units_of(study.units, places_of)
    refuse_if_any(units.problems)
    crs = study_crs(study, units.table)
    network = streets_network(streets, around.barriers.geometry.to_numpy(), crs, source.extent)
    progress("facilities")
    facilities = read_all_facilities(study, standard, units.table, crs, places_of)
    progress("demand")
    assert network.extent is not None, "a network from an extract knows its extent"
    demand = build_demand(study.demand, units.table, crs, network.extent, places_of)
    refuse_if_any(_refused_without(demand))
    return Inputs(
        standard=standard,
        streets=streets,
        network=network,
        units=units.table,
        facilities=conform(with_entrances(facilities.table, network), FACILITIES),
        services=facilities.services,
        known=facilities.known,
        demand=demand,
        base_map=base_map(network, around),
        problems=(
            *street_notes(streets),
            *units.problems,
            *unit_notes(network, units.table, streets.source),
            *facilities.problems,
            *demand.problems,
        ),
        accounts=(units.account, *facilities.accounts, *demand.accounts),
    )


def study_standard(study: Study) -> Standard:
    """The study's standard with the study's own target; a path starts at the study file."""
    name, target = study.study.standard, study.study.target
    standard = load_standard(study.file.parent / name if name.endswith(".toml") else name)
    if target is None:
        return standard
    headlines = [headline.model_copy(update={"target": target}) for headline in standard.headlines]
    return standard.model_copy(update={"target": target, "headlines": tuple(headlines)})


def refuse_missing_files(study: Study) -> None:
    """Raise `InputRefused` naming every file of the study that is not there."""
    paths = [source.path for source in study.sources if not source.path.is_file()]
    refuse_if_any(Problem("file_missing", "refused", str(path)) for path in paths)


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
        details = {"count": streets.missing_nodes}
        notes.append(Problem("nodes_missing", "repaired", streets.source, details=details))
    return notes


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
    streets = gpd.GeoSeries(network.lines, crs=network.crs).to_crs(barriers.crs)
    layers = {
        "water": barriers.geometry[barriers["kind"] != "rail"],
        "park": around.parks.geometry,
        "street": streets,
    }
    kinds = [kind for kind, shapes in layers.items() for _ in range(len(shapes))]
    shapes = pd.concat(list(layers.values()), ignore_index=True)
    return gpd.GeoDataFrame({"kind": kinds}, geometry=shapes, crs=barriers.crs)
