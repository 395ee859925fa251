"""Places where a facility could stand: points of a table, or points and plots of a vector file."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
from pydantic import Field

from lifecircle.base.problems import Problem
from lifecircle.inputs.hypotheses import Witnesses
from lifecircle.inputs.places import read_places
from lifecircle.inputs.read import areas_of, with_entrances
from lifecircle.inputs.reading import Reading
from lifecircle.network.network import WalkNetwork
from lifecircle.sources import Source
from lifecircle.study import Study

FINDABLE = ("lon", "lat", "name", "address", "street", "district")
SHAPES = ("Point", "MultiPoint", "Polygon", "MultiPolygon")


class CandidateSource(Source):
    """A file of candidates and its columns, found by their usual names where not given."""

    id: str | None = None
    name_column: str | None = Field(default=None, alias="name")
    lon: str | None = None
    lat: str | None = None


def read_candidates(
    source: CandidateSource, study: Study, units: gpd.GeoDataFrame, network: WalkNetwork
) -> Reading[gpd.GeoDataFrame]:
    """candidate_id, name, source and geometry (points or entrances) in EPSG:4326.

    Rows that cannot be placed are excluded, an id used twice is refused, in `problems`; so is a
    datum that the rows contradict.  Raises `InputRefused` where the file cannot be read.
    """
    roles = {
        "id": source.id,
        "name": source.name_column,
        "lon": source.lon,
        "lat": source.lat,
        "address": None,
        "street": None,
        "district": None,
    }
    witnesses = Witnesses(areas_of(study.units, units), network)
    places = read_places(source, roles, FINDABLE, witnesses)
    sieve, column = places.sieve, places.column
    kinds = sieve.rows.geom_type
    other = (~kinds.isin(SHAPES)).to_numpy(dtype=bool)
    sieve.exclude(other, "geometry_kind", "", kinds[other].tolist())
    made = np.array([f"{source.path.stem}-{row}" for row in sieve.rows.index], dtype=object)
    given = sieve.rows[column["id"]].to_numpy(dtype=object) if column["id"] else made
    ids = np.where(given == "", made, given)
    name = column["name"]
    table = gpd.GeoDataFrame(
        {
            "candidate_id": ids,
            "name": sieve.rows[name].to_numpy(dtype=object) if name else "",
            "source": source.name,
        },
        geometry=sieve.rows.geometry.to_numpy(),
        crs=sieve.rows.crs,
    )
    twice = table["candidate_id"].duplicated().to_numpy(dtype=bool)
    sieve.book(twice, "id_twice", "refused", "id", ids[twice].tolist())
    if table.empty:
        sieve.problems.append(Problem("no_usable_candidate", "refused", source.name))
    account = sieve.account(used=len(table))
    return Reading(with_entrances(table, network), tuple(sieve.problems), account)
