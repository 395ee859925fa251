"""All demand of a study: every source's pieces, given to units and accounted for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import geopandas as gpd
import pandas as pd
import shapely
from pyproj import CRS

from lifecircle.base.geo import GEOGRAPHIC
from lifecircle.base.problems import Problem, refuse_if_any
from lifecircle.base.tables import DEMAND, conform
from lifecircle.inputs.buildings import building_pieces
from lifecircle.inputs.census import read_census
from lifecircle.inputs.land import coded_land, land_pieces, osm_land
from lifecircle.inputs.osm_file import is_osm
from lifecircle.inputs.osm_places import OsmPlaces
from lifecircle.inputs.pieces import Ground, PeopleAccount, Pieces, point_pieces
from lifecircle.inputs.points import read_points
from lifecircle.inputs.raster import raster_pieces
from lifecircle.inputs.reading import Account
from lifecircle.inputs.vectors import read_vector
from lifecircle.sources import BuildingsDemand, DemandSource, PointsDemand, RasterDemand, Source

PlacesOf = Callable[[Source], OsmPlaces]


@dataclass(frozen=True)
class DemandReading:
    """The DEMAND table of a study, in EPSG:4326, and what was made of every row and person."""

    table: gpd.GeoDataFrame
    problems: tuple[Problem, ...]
    accounts: tuple[Account, ...]
    people: tuple[PeopleAccount, ...]


def build_demand(
    sources: Sequence[DemandSource],
    units: gpd.GeoDataFrame,
    crs: CRS,
    extent: shapely.Geometry,
    places_of: PlacesOf,
) -> DemandReading:
    """The demand of all `sources` inside `units` and the network's `extent`.

    `units` is UNITS in EPSG:4326, `crs` the study's metric projection, `extent` a polygon in it.
    `places_of` gives the places of the OSM extract a source names; it is asked only for OSM
    sources.  Rows are sorted by source and id.  Raises `InputRefused` where a source cannot be
    used; for every weight about people, people read = in units + outside every unit + outside
    the network.
    """
    ground = Ground.of(units, crs, extent)
    problems: list[Problem] = []
    accounts: list[Account] = []
    people: list[PeopleAccount] = []
    tables = []
    for source, prefix in zip(sources, _prefixes(sources), strict=True):
        pieces = _pieces(source, units, ground, places_of)
        refuse_if_any(pieces.problems)
        problems += pieces.problems
        accounts += pieces.accounts
        people += pieces.people
        tables.append(_demand_rows(pieces, prefix))
    return DemandReading(_one_table(tables), tuple(problems), tuple(accounts), tuple(people))


def _pieces(
    source: DemandSource, units: gpd.GeoDataFrame, ground: Ground, places_of: PlacesOf
) -> Pieces:
    if isinstance(source, PointsDemand):
        return _point_demand(source, ground)
    if isinstance(source, RasterDemand):
        return raster_pieces(source, ground)
    if isinstance(source, BuildingsDemand):
        return _building_demand(source, units, ground, places_of)
    if is_osm(source.path):
        return land_pieces(osm_land(places_of(source), source), source, ground)
    return land_pieces(coded_land(read_vector(source.path, source), source), source, ground)


def _point_demand(source: PointsDemand, ground: Ground) -> Pieces:
    reading = read_points(source)
    refuse_if_any(reading.problems)
    rows = reading.table.to_crs(ground.crs).rename(columns={"demand_id": "key"})
    pieces = point_pieces(source, rows, ground, reading.account.rows_read)
    return replace(pieces, problems=(*reading.problems, *pieces.problems))


def _building_demand(
    source: BuildingsDemand, units: gpd.GeoDataFrame, ground: Ground, places_of: PlacesOf
) -> Pieces:
    places = places_of(source)
    if source.census is None:
        return building_pieces(places, source, ground)
    census = read_census(source.census, units)
    refuse_if_any(census.problems)
    pieces = building_pieces(places, source, ground, census.table)
    return replace(
        pieces,
        problems=(*census.problems, *pieces.problems),
        accounts=(*pieces.accounts, census.account),
    )


def _demand_rows(pieces: Pieces, prefix: str) -> gpd.GeoDataFrame:
    ids = prefix + pieces.rows["key"]
    rows = pieces.rows.assign(source=pieces.source.name, demand_id=ids)
    return conform(rows.to_crs(GEOGRAPHIC), DEMAND)


def _prefixes(sources: Sequence[DemandSource]) -> list[str]:
    """What the ids of each source begin with: its file's stem, numbered if it comes again.

    Ids that `read_points` made itself begin so already.
    """
    seen: Counter[tuple[str, str]] = Counter()
    prefixes = []
    for source in sources:
        name = (source.kind, source.path.stem)
        seen[name] += 1
        stem = f"{source.path.stem}-" if seen[name] == 1 else f"{source.path.stem}-{seen[name]}-"
        made = isinstance(source, PointsDemand) and source.id is None and seen[name] == 1
        prefixes.append("" if made else stem)
    return prefixes


def _one_table(tables: list[gpd.GeoDataFrame]) -> gpd.GeoDataFrame:
    empty = conform(gpd.GeoDataFrame(columns=DEMAND.names, geometry="geometry"), DEMAND)
    rows = pd.concat(tables, ignore_index=True) if tables else empty
    rows = gpd.GeoDataFrame(rows, crs=GEOGRAPHIC)
    return conform(rows.sort_values(["source", "demand_id"], kind="stable"), DEMAND)
