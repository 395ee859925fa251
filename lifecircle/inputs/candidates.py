"""Places where a facility could stand: points of a table, or points and plots of a vector file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import geopandas as gpd
import numpy as np
from pydantic import Field, ValidationError, model_validator

from lifecircle.base.geo import Floats
from lifecircle.base.problems import Problem, UsageError
from lifecircle.inputs.cells import numbers
from lifecircle.inputs.hypotheses import Witnesses
from lifecircle.inputs.places import read_places
from lifecircle.inputs.read import areas_of, with_entrances
from lifecircle.inputs.reading import Reading
from lifecircle.inputs.sieve import Sieve
from lifecircle.network.network import WalkNetwork
from lifecircle.sources import Source, refuse_capacity_without_unit
from lifecircle.study import Study

AMOUNTS = ("cost", "beds", "places", "floor_area_m2")
FINDABLE = ("lon", "lat", "name", "address", "street", "district")
SHAPES = ("Point", "MultiPoint", "Polygon", "MultiPolygon")


class CandidateSource(Source):
    """A file of candidates and its columns, found by their usual names where not given."""

    id: str | None = None
    name_column: str | None = Field(default=None, alias="name")
    lon: str | None = None
    lat: str | None = None
    cost: str | None = None
    beds: str | None = None
    places: str | None = None
    floor_area_m2: str | None = None

    _unit = model_validator(mode="before")(refuse_capacity_without_unit)


def candidate_source(path: Path, columns: Mapping[str, str | None]) -> CandidateSource:
    """The file at `path` with its declared columns; raises `UsageError` for others than these."""
    given = {key: value for key, value in columns.items() if value is not None}
    try:
        return CandidateSource.model_validate({"path": path, **given})
    except ValidationError as error:
        parts = [
            " ".join([*map(str, item["loc"]), item["msg"].removeprefix("Value error, ")])
            for item in error.errors()
        ]
        raise UsageError("; ".join(parts)) from None


def read_candidates(
    source: CandidateSource, study: Study, units: gpd.GeoDataFrame, network: WalkNetwork
) -> Reading[gpd.GeoDataFrame]:
    """candidate_id, name, source, declared amounts and geometry (points or entrances, EPSG:4326).

    Rows that cannot be placed are excluded; an id used twice and a cost or capacity that is no
    number of 0 or more are refused, in `problems`; so is a datum that the rows contradict.
    Raises `InputRefused` where the file cannot be read.
    """
    roles = {
        "id": source.id,
        "name": source.name_column,
        "lon": source.lon,
        "lat": source.lat,
        **{amount: getattr(source, amount) for amount in AMOUNTS},
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
            **_amounts(sieve, source),
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


def _amounts(sieve: Sieve[gpd.GeoDataFrame], source: CandidateSource) -> dict[str, Floats]:
    """The declared costs and capacities; what is no number of 0 or more is refused, row by row."""
    amounts = {}
    for amount in AMOUNTS:
        column = getattr(source, amount)
        if column is not None:
            values, unreadable = numbers(sieve.rows[column])
            bad = unreadable | ~np.isfinite(values) | (values < 0)
            kind = "cost" if amount == "cost" else "capacity"
            sieve.book(bad, f"candidate_{kind}_unfit", "refused", column)
            amounts[amount] = values
    return amounts
