"""All demand of a study: every source's pieces, given to units and accounted for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import geopandas as gpd
import pandas as pd
import shapely
from pyproj import CRS

from lifecircle.base.cache import kept
from lifecircle.base.geo import GEOGRAPHIC
from lifecircle.base.problems import Problem, refuse_if_any
from lifecircle.base.tables import DEMAND, conform
from lifecircle.inputs.buildings import building_pieces
from lifecircle.inputs.census import read_census
from lifecircle.inputs.compounds import compound_pieces
from lifecircle.inputs.land import coded_land, land_pieces, osm_land
from lifecircle.inputs.osm_file import is_osm
from lifecircle.inputs.osm_places import OsmPlaces
from lifecircle.inputs.pieces import Ground, PeopleAccount, Pieces, point_pieces
from lifecircle.inputs.points import read_compounds, read_points
from lifecircle.inputs.raster import raster_pieces
from lifecircle.inputs.reading import Account
from lifecircle.inputs.vectors import read_vector
from lifecircle.sources import (
    BuildingsDemand,
    CompoundsDemand,
    DemandSource,
    PointsDemand,
    RasterDemand,
    Source,
    census_of,
)

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
    named = [source.model_dump(mode="json", exclude={"path"}) for source in sources]
    depends = [named, *_files(sources), units, crs, extent]

    def build() -> DemandReading:
        return _build(sources, units, Ground.of(units, crs, extent), places_of)

    return kept("demand", build, depends, [DemandReading, Problem, Account, PeopleAccount])


def _files(sources: Sequence[DemandSource]) -> list[Path]:
    """What the sources are read from: their files, and what may lie beside them under the name."""
    census = census_of(sources)
    paths = [source.path for source in (*sources, *census)]
    return [
        file
        for path in paths
        for file in sorted(path.absolute().parent.iterdir())
        if file.name.startswith(f"{path.stem}.") and file.is_file()
    ]


def _build(
    sources: Sequence[DemandSource],
    units: gpd.GeoDataFrame,
    ground: Ground,
    places_of: PlacesOf,
) -> DemandReading:
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
    if isinstance(source, PointsDemand | CompoundsDemand):
        return _listed_demand(source, ground)
    if isinstance(source, RasterDemand):
        return _with_census(source, units, lambda census: raster_pieces(source, ground, census))
    if isinstance(source, BuildingsDemand):
        places = places_of(source)
        return _with_census(
            source, units, lambda census: building_pieces(places, source, ground, census)
        )
    if is_osm(source.path):
        return land_pieces(osm_land(places_of(source), source), source, ground)
    return land_pieces(coded_land(read_vector(source.path, source), source), source, ground)


def _listed_demand(source: PointsDemand | CompoundsDemand, ground: Ground) -> Pieces:
    reading = read_points(source) if isinstance(source, PointsDemand) else read_compounds(source)
    refuse_if_any(reading.problems)
    rows = reading.table.to_crs(ground.crs).rename(columns={"demand_id": "key"})
    count = reading.account.rows_read
    if isinstance(source, PointsDemand):
        pieces = point_pieces(source, rows, ground, count)
    else:
        pieces = compound_pieces(source, rows, ground, count)
    return replace(pieces, problems=(*reading.problems, *pieces.problems))


def _with_census(
    source: RasterDemand | BuildingsDemand,
    units: gpd.GeoDataFrame,
    pieces_with: Callable[[pd.DataFrame | None], Pieces],
) -> Pieces:
    """The pieces of a source with the census it names, if it names one."""
    if source.census is None:
        return pieces_with(None)
    census = read_census(source.census, units)
    refuse_if_any(census.problems)
    pieces = pieces_with(census.table)
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
        without_ids = isinstance(source, PointsDemand | CompoundsDemand) and source.id is None
        made = without_ids and seen[name] == 1
        prefixes.append("" if made else stem)
    return prefixes


def _one_table(tables: list[gpd.GeoDataFrame]) -> gpd.GeoDataFrame:
    empty = conform(gpd.GeoDataFrame(columns=DEMAND.names, geometry="geometry"), DEMAND)
    rows = pd.concat(tables, ignore_index=True) if tables else empty
    rows = gpd.GeoDataFrame(rows, crs=GEOGRAPHIC)
    return conform(rows.sort_values(["source", "demand_id"], kind="stable"), DEMAND)
