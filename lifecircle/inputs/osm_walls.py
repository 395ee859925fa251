"""A study's own gates and walled compounds, put into the streets before they become a network."""

from __future__ import annotations

from dataclasses import replace

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely
from pyproj import CRS

from lifecircle.base.problems import Problem, refuse_if_any
from lifecircle.inputs.osm_streets import Streets
from lifecircle.inputs.places import read_places
from lifecircle.inputs.vectors import read_vector
from lifecircle.network.walls import Gates, walled, with_study_gates
from lifecircle.sources import GateSource, NetworkSource, Source

OPENINGS = {
    "open": "open", "yes": "open", "开放": "open", "开": "open",
    "shut": "shut", "closed": "shut", "no": "shut", "关闭": "shut", "关": "shut",
    "private": "private", "residents": "private", "业主": "private", "居民": "private",
}  # fmt: skip
"""What a cell of the column `opening` may say."""


def with_walls(
    streets: Streets, source: NetworkSource, crs: CRS
) -> tuple[Streets, tuple[Problem, ...]]:
    """The streets with the study's gates, and cut where they cross a walled compound.

    Raises `InputRefused` for an opening that nobody knows, and for outlines that are no areas.
    """
    problems: list[Problem] = []
    own = np.empty(0, dtype=np.int64)
    if source.gate_points is not None:
        streets, own, problems = _with_gates(streets, source.gate_points, crs)
    if source.compound_outlines is not None:
        outlines = _outlines(source.compound_outlines, crs)
        passed = np.union1d(own, np.array(sorted(streets.let_through), dtype=np.int64))
        ways, gates = walled(streets.ways, streets.gates, passed, outlines, crs)
        details = {"count": len(gates) - len(streets.gates), "compounds": len(outlines)}
        name = source.compound_outlines.name
        problems.append(Problem("walls_cut", "noted", name, details=details))
        streets = replace(streets, ways=ways, gates=gates)
    return streets, tuple(problems)


def _with_gates(
    streets: Streets, source: GateSource, crs: CRS
) -> tuple[Streets, npt.NDArray[np.int64], list[Problem]]:
    """The streets with the study's gates, the nodes these stand on, and what was not used."""
    roles = {"lon": source.lon, "lat": source.lat, "opening": source.opening}
    sieve = read_places(source, roles).sieve
    kinds = sieve.rows.geom_type
    other = (kinds != "Point").to_numpy(dtype=bool)
    sieve.exclude(other, "geometry_kind", "", kinds[other].tolist())
    cells = sieve.rows[source.opening].str.strip().str.lower()
    state = cells.map(OPENINGS)
    sieve.book(state.isna().to_numpy(dtype=bool), "gate_opening", "refused", source.opening)
    refuse_if_any(sieve.problems)
    places = sieve.rows.geometry.to_crs(crs)
    gates = Gates(places.x.to_numpy(), places.y.to_numpy(), state.to_numpy(dtype=object))
    ways, states, nodes = with_study_gates(streets.ways, streets.gates, gates, crs)
    sieve.book(nodes < 0, "gate_alone", "noted")
    return replace(streets, ways=ways, gates=states), nodes[nodes >= 0], sieve.problems


def _outlines(source: Source, crs: CRS) -> npt.NDArray[np.object_]:
    """The boundaries of the compounds in `crs`."""
    notes: list[Problem] = []
    shapes: gpd.GeoDataFrame = read_vector(source.path, source, notes=notes)
    areas = shapes.geom_type.isin(["Polygon", "MultiPolygon"])
    problems = [
        Problem("geometry_kind", "refused", source.name, row=int(row), value=str(kind))
        for row, kind in shapes.geom_type[~areas].items()
    ]
    refuse_if_any(problems)
    return np.asarray(shapely.boundary(shapes.geometry.to_crs(crs).to_numpy()), dtype=object)
