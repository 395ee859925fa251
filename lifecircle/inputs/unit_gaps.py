"""Ground that units leave between them, and outlines with more vertices than anybody can see."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import shapely

from lifecircle.base.geo import GEOGRAPHIC, centred_crs
from lifecircle.base.problems import Action, Problem
from lifecircle.inputs.sieve import Sieve
from lifecircle.sources import UnitsSource

NARROW_M = 100.0
"""Strips up to this width between units are gaps; wider ones that are open may be outside."""

WORTH_A_WORD_M2 = 100.0
REFUSED_SHARE = 0.005
MOST_VERTICES = 200_000
INVISIBLE_M = 0.5


def book_gaps(sieve: Sieve[gpd.GeoDataFrame], source: UnitsSource) -> None:
    """Note holes and narrow strips between units; refuse them above 0.5 % of the units' area.

    A study that names some units of a file leaves gaps on purpose.
    """
    if len(sieve.rows) < 2 or source.select:
        return
    west, south, east, north = sieve.rows.total_bounds
    crs = centred_crs((west + east) / 2, (south + north) / 2)
    whole = shapely.union_all(sieve.rows.geometry.to_crs(crs).to_numpy())
    parts = _gaps(whole)
    if not len(parts):
        return
    area = float(shapely.area(parts).sum())
    share = area / whole.area
    action: Action = "refused" if share > REFUSED_SHARE and not source.allow_gaps else "noted"
    largest = shapely.point_on_surface(parts[shapely.area(parts).argmax()])
    place = gpd.GeoSeries([largest], crs=crs).to_crs(GEOGRAPHIC).iloc[0]
    details = {
        "area_m2": f"{area:,.0f}",
        "share": f"{100 * share:.2f}",
        "where": f"{place.x:.5f}, {place.y:.5f}",
    }
    sieve.problems.append(Problem("units_gap", action, sieve.source, details=details))


def _gaps(whole: shapely.Geometry) -> np.ndarray[tuple[int], np.dtype[np.object_]]:
    """Holes of `whole`, and strips that closing it by half a narrow width fills."""
    shells = shapely.union_all(
        shapely.polygons(shapely.get_exterior_ring(shapely.get_parts(whole)))
    )
    grown = shapely.buffer(whole, NARROW_M / 2, join_style="mitre")
    closed = shapely.buffer(grown, -NARROW_M / 2, join_style="mitre")
    filled = shapely.difference(shapely.union(shells, closed), whole)
    parts = shapely.get_parts(filled)
    parts = parts[shapely.area(parts) >= WORTH_A_WORD_M2]
    # A notch in the outline of the whole is no gap: it opens as widely as it is deep.
    edge = shapely.length(
        shapely.intersection(shapely.buffer(parts, 0.01), shapely.boundary(whole))
    )
    return np.asarray(parts[edge > 0.8 * shapely.length(parts)])


def simplified(sieve: Sieve[gpd.GeoDataFrame]) -> gpd.GeoSeries:
    """Outlines of many vertices without those that move nothing by half a metre.

    Shared borders stay shared.
    """
    outlines = sieve.rows.geometry
    count = int(shapely.get_num_coordinates(outlines.to_numpy()).sum())
    if count <= MOST_VERTICES:
        return outlines
    west, south, east, north = outlines.total_bounds
    crs = centred_crs((west + east) / 2, (south + north) / 2)
    plain = shapely.coverage_simplify(outlines.to_crs(crs).to_numpy(), INVISIBLE_M)
    details = {"count": count}
    problem = Problem("geometry_simplified", "repaired", sieve.source, details=details)
    sieve.problems.append(problem)
    return gpd.GeoSeries(plain, outlines.index, crs=crs).to_crs(GEOGRAPHIC)
