"""Isochrones: what lies within a walk of places, as streets and as ground.

One sentence defines them (see `isochrone_ground`); people are never counted by the polygon but by
their own walk.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, Literal, get_args

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from lifecircle.base.geo import GEOGRAPHIC
from lifecircle.base.problems import UsageError
from lifecircle.base.tables import DENOMINATORS
from lifecircle.network.attach import attach
from lifecircle.network.effort import Effort
from lifecircle.network.entrances import entrances_of_areas
from lifecircle.network.isochrone_limits import Limit, checked_limits
from lifecircle.network.isochrone_rings import RingMaker, Rings
from lifecircle.network.isochrone_search import Direction, RingSearch
from lifecircle.network.isochrone_split import split_rings
from lifecircle.network.network import WalkNetwork
from lifecircle.network.profiles import profile_named
from lifecircle.network.search import Entrances
from lifecircle.network.walk import in_network_crs, places_xy
from lifecircle.standards.catalogue import Standard

Kind = Literal["polygons", "lines"]
Overlap = Literal["overlapping", "dissolved", "split"]
Progress = Callable[[int, int], None]
"""Called with how many origins are done, and how many there are."""


def isochrones(
    network: WalkNetwork,
    origins: gpd.GeoDataFrame,
    limits_m: Sequence[float] | None = None,
    *,
    minutes: Sequence[float] | None = None,
    tiers: Standard | str | None = None,
    profile: str = "standard",
    access_m: float = 50.0,
    kind: Kind = "polygons",
    overlap: Overlap = "overlapping",
    direction: Direction = "towards",
    demand: gpd.GeoDataFrame | None = None,
    max_attach_m: float = 200.0,
    min_component_m: float = 1000.0,
    progress: Progress | None = None,
) -> gpd.GeoDataFrame:
    """What lies within `limits_m` metres, `minutes`, or the `tiers` of a standard, of `origins`.

    `origins` are points, or facilities (FACILITIES), whose entrances all count; areas are entered
    where ways meet their outline.  Minutes need a `profile` of people: with `standard` a walk is
    as long as its metres, with the others metres are what it costs on the flat.  `direction` is
    that of the walk, towards the origins or from them.

    `kind` "polygons" is all ground within `access_m` of a reached place, as long as the walk and
    the straight way from it keep the limit; water is left out.  Its border runs at most
    `resolution_m(access_m)` inside the true one (0.43 m at 50 m).  "lines" are the reached
    streets, cut exactly where the limit falls.  `overlap` "dissolved" gives one ring for each
    service and limit, "split" gives streets and ground to the nearest origin alone.

    Returns a row for each origin (or service) and limit: `id`, `service`, `limit_m`, `limit_min`
    (NaN for plain metres), `area_m2`, `street_m` (reached length), the weights of `demand` by each
    place's own walk, `shed_ratio` (area ÷ circle of the limit), `attached_m` (the leg of the
    nearest entrance), `reason` and the geometry, in EPSG:4326 or on the network's paper.  An
    origin that cannot be used has empty geometry and says why in `reason`: `no_geometry`,
    `too_far`, `barrier`, `leg_beyond_limit`; `island` marks one on a short piece of network.

    Raises `UsageError` for limits that cannot be meant.
    """
    walker = profile_named(profile)
    limits = checked_limits(limits_m, minutes, tiers, walker)
    _refuse_options(kind, overlap, direction, access_m)
    closed = Effort(network, walker).closed
    places = None
    if demand is not None:
        x, y = places_xy(network, demand)
        places = attach(network, x, y, max_attach_m, min_component_m, closed)
    weights = _weights(demand)
    entrances = _entrances(network, origins, max_attach_m, min_component_m, closed)
    table = _table(network, origins, entrances, min_component_m)
    if overlap == "dissolved":
        table, entrances = _dissolved(table, entrances)
    search = RingSearch(network, walker, entrances, len(table), direction, places)
    distances = [limit.metres for limit in limits]
    maker = RingMaker(search, distances, access_m, kind == "polygons", weights.to_numpy())
    if overlap == "split":
        made = split_rings(maker, table["service"].to_numpy(dtype=object))
    else:
        made = map(maker.rings, search.batches(max(distances)))
    rings = _gathered(made, maker, len(table), progress)
    return _assembled(network, table, limits, rings, list(weights.columns))


def _refuse_options(kind: str, overlap: str, direction: str, access_m: float) -> None:
    for name, value, known in (
        ("kind", kind, get_args(Kind)),
        ("overlap", overlap, get_args(Overlap)),
        ("direction", direction, get_args(Direction)),
    ):
        if value not in known:
            raise UsageError(f"unknown {name} {value!r}; known: {', '.join(known)}")
    if not (np.isfinite(access_m) and access_m > 0):
        raise UsageError("access_m must be more than 0")


def _weights(demand: gpd.GeoDataFrame | None) -> pd.DataFrame:
    """The weights that demand carries, 0 where a place has none."""
    if demand is None:
        return pd.DataFrame()
    carried = [
        name for name in DENOMINATORS if name in demand.columns and demand[name].notna().any()
    ]
    return pd.DataFrame(demand[carried]).astype("float64").fillna(0.0)


def _entrances(
    network: WalkNetwork,
    origins: gpd.GeoDataFrame,
    max_attach_m: float,
    min_component_m: float,
    closed: npt.NDArray[np.bool_],
) -> Entrances:
    """Every entrance of every origin that has a place on the plane."""
    geometry = in_network_crs(network, origins).geometry.to_numpy().copy()
    areas = shapely.get_dimensions(geometry) == 2
    areas &= np.isfinite(shapely.bounds(geometry)).all(axis=1)
    if areas.any():
        geometry[areas] = entrances_of_areas(network, geometry[areas])
    parts, row = shapely.get_parts(geometry, return_index=True)
    x, y = shapely.get_x(parts), shapely.get_y(parts)
    real = np.isfinite(x) & np.isfinite(y)
    x, y, row = x[real], y[real], row[real]
    return Entrances(x, y, row, attach(network, x, y, max_attach_m, min_component_m, closed))


def _table(
    network: WalkNetwork, origins: gpd.GeoDataFrame, entrances: Entrances, min_component_m: float
) -> pd.DataFrame:
    """`id`, `service`, `attached_m` and `reason` of each origin."""
    names = [name for name in ("id", "facility_id", "demand_id") if name in origins.columns]
    ids = origins[names[0]] if names else origins.index
    table = pd.DataFrame(
        {
            "id": np.asarray(ids, dtype=object),
            "service": origins["service"].to_numpy(dtype=object) if "service" in origins else "",
            "attached_m": np.nan,
            "reason": "no_geometry",
        }
    )
    at, row = entrances.attachment, entrances.row
    # The nearest attached entrance speaks for its origin; where none is, the first one.
    order = np.lexsort((np.arange(len(row)), at.leg_m, ~at.found, row))
    best = order[np.diff(row[order], prepend=-1) != 0]
    small = network.component_m[at.edge[best]] < min_component_m
    island = np.where(small & at.found[best], "island", at.reason[best])
    table.loc[row[best], "attached_m"] = at.leg_m[best]
    table.loc[row[best], "reason"] = island
    return table


def _dissolved(table: pd.DataFrame, entrances: Entrances) -> tuple[pd.DataFrame, Entrances]:
    """One origin for each service, which all its entrances belong to."""
    group, services = pd.factorize(table["service"], sort=True)
    attached = table["attached_m"].notna().groupby(group).any().to_numpy()
    first = table["reason"].groupby(group).first().to_numpy()
    merged = pd.DataFrame(
        {
            "id": services,
            "service": services,
            "attached_m": np.nan,
            "reason": np.where(attached, "", first),
        }
    )
    return merged, replace(entrances, row=group[entrances.row])


def _gathered(
    made: Iterator[Rings], maker: RingMaker, count: int, progress: Progress | None
) -> Rings:
    """The rings of all batches, by the number of their origin; nothing where there are none."""
    shape = (count, len(maker.limits_m))
    empty = shapely.MultiPolygon() if maker.polygons else shapely.MultiLineString()
    shapes, street_m = np.full(shape, empty, dtype=object), np.zeros(shape)
    people = np.zeros((*shape, maker.weights.shape[1]))
    done = 0
    for rings in made:
        shapes[rings.origins], street_m[rings.origins] = rings.shapes, rings.street_m
        people[rings.origins] = rings.people
        done += len(rings.origins)
        if progress is not None:
            progress(done, count)
    return Rings(np.arange(count), shapes, street_m, people)


def _assembled(
    network: WalkNetwork,
    table: pd.DataFrame,
    limits: Sequence[Limit],
    rings: Rings,
    weights: Sequence[str],
) -> gpd.GeoDataFrame:
    """One row for each origin and limit."""
    count, shapes = len(limits), rings.shapes.ravel()
    limit_m = np.tile([limit.metres for limit in limits], len(table))
    area = shapely.area(shapes)
    attached = np.repeat(table["attached_m"].to_numpy(), count)
    reason = np.repeat(table["reason"].to_numpy(dtype=object), count)
    columns: dict[str, Any] = {
        "id": np.repeat(table["id"].to_numpy(dtype=object), count),
        "service": np.repeat(table["service"].to_numpy(dtype=object), count),
        "limit_m": limit_m,
        "limit_min": np.tile([limit.minutes for limit in limits], len(table)),
        "area_m2": area,
        "street_m": rings.street_m.ravel(),
    }
    for number, name in enumerate(weights):
        columns[name] = rings.people[:, :, number].ravel()
    columns["shed_ratio"] = area / (np.pi * limit_m**2)
    columns["attached_m"] = attached
    columns["reason"] = np.where(attached > limit_m, "leg_beyond_limit", reason)
    frame = gpd.GeoDataFrame(columns, geometry=shapes, crs=network.crs)
    return frame if network.crs is None else frame.to_crs(GEOGRAPHIC)
