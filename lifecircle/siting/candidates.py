"""Where a facility could stand: places that are given, or junctions and homes of the network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.sparse import coo_array, csr_array
from scipy.spatial import KDTree

from lifecircle.base.geo import GEOGRAPHIC, Floats
from lifecircle.base.problems import Problem, UsageError, refuse_if_any
from lifecircle.measures.result import Result
from lifecircle.network.network import Ints, Mask
from lifecircle.network.rules import Flag
from lifecircle.network.search import Entrances
from lifecircle.network.walk import Minutes, attach_facilities, in_network_crs, places_xy
from lifecircle.siting.pairs import metres_within

CAPACITIES = ("beds", "places", "floor_area_m2")
"""What candidates may have room for, by the name of their column."""

EXISTING = "existing"
"""In place of a file of candidates: the facilities of the study."""

HOSTS = ("养老", "托育", "文化", "社区服务")
"""Domains of services whose buildings may take in each other's (一点多用): no market, no clinic."""

MOST_CANDIDATES = 3000
"""Places of the network are thinned out to at most so many."""

FINEST_M = 50.0
CROSSING = 3
"""A junction is where at least so many edges end."""


@dataclass(frozen=True)
class Candidates:
    """`table` (candidate_id, name, geometry in EPSG:4326) and where its rows are entered."""

    table: gpd.GeoDataFrame
    entrances: Entrances
    problems: tuple[Problem, ...] = ()


def given_candidates(result: Result, table: gpd.GeoDataFrame, reach_m: float) -> Candidates:
    """The given places that can be used; points, plots as their entrances.

    Places further than `reach_m` from every unit, and those that no street reaches, are excluded,
    each with a line.  Raises `InputRefused` where most lie elsewhere (the usual sign of another
    datum), none is left, or a cost is unknown or negative.
    """
    source = str(table["source"].iloc[0]) if len(table) and "source" in table else "candidates"
    refuse_if_any(_bad_numbers(source, table))
    near = _near_units(result, table, reach_m)
    problems = _excluded("candidate_elsewhere", source, table[~near])
    if 2 * int((~near).sum()) > len(table):
        details = {"count": int((~near).sum()), "total": len(table)}
        problems.append(Problem("candidates_elsewhere", "refused", source, details=details))
        refuse_if_any(problems)
    table = table[near].reset_index(drop=True)
    entrances = entrances_of(result, table)
    reached = np.zeros(len(table), dtype=bool)
    reached[entrances.row[entrances.attachment.found]] = True
    problems += _excluded("candidate_off_network", source, table[~reached])
    if not reached.any():
        problems.append(Problem("no_usable_candidate", "refused", source))
        refuse_if_any(problems)
    return Candidates(*_kept(table, entrances, reached), tuple(problems))


def _bad_numbers(source: str, table: gpd.GeoDataFrame) -> list[Problem]:
    """Costs and capacities that are missing or below 0."""
    problems = []
    for column in ("cost", *CAPACITIES):
        if column in table:
            kind = "cost" if column == "cost" else "capacity"
            values = table[column].to_numpy(dtype=float)
            bad = ~(np.isfinite(values) & (values >= 0))
            problems += [
                Problem(f"candidate_{kind}_unfit", "refused", source, None, column, f"{value:g}")
                for value in values[bad]
            ]
    return problems


def existing_candidates(
    result: Result, services: Sequence[str], hosts: Sequence[str] = ()
) -> gpd.GeoDataFrame:
    """The facilities that could take in `services`: those that do not offer all of them yet.

    `hosts` are the services whose facilities may; by default facilities of elderly care,
    childcare, culture and community service that are nothing else, such as a shop.
    candidate_id is the facility's id, `offers` what it offers today.  Raises `UsageError` for a
    host that the study has no facilities of.
    """
    standard, facilities = result.standard, result.facilities
    measured = set(result.minutes.services)
    unknown = [host for host in hosts if host not in measured]
    if unknown:
        there = ", ".join(one for one in standard.ids if one in measured)
        raise UsageError(f"no facilities of {', '.join(unknown)}; there are: {there}")
    public = {one.id for one in standard.services if one.domain in HOSTS}
    asked = {one.id: {one.id} for one in standard.services}
    asked |= {one.id: set(one.members) for one in standard.headlines}
    offers = facilities.groupby("facility_id")["service"].agg(set)
    fit = [
        (bool(own & set(hosts)) if hosts else own <= public)
        and not all(own & asked.get(service, {service}) for service in services)
        for own in offers
    ]
    kept = facilities[facilities["facility_id"].isin(offers.index[fit])]
    kept = kept.drop_duplicates("facility_id")
    return gpd.GeoDataFrame(
        {
            "candidate_id": kept["facility_id"],
            "name": kept["name"],
            "offers": [", ".join(sorted(offers[one])) for one in kept["facility_id"]],
            "source": "existing",
        },
        geometry=kept.geometry,
        crs=facilities.crs,
    ).reset_index(drop=True)


def entrances_of(result: Result, table: gpd.GeoDataFrame) -> Entrances:
    """Where candidates attach, by the rules of the study's facilities."""
    options, profile = result.study.network, result.minutes.profile
    return attach_facilities(
        result.network, table, options.max_attach_m, options.min_component_m, profile
    )


def _near_units(result: Result, table: gpd.GeoDataFrame, reach_m: float) -> Mask:
    units = shapely.union_all(in_network_crs(result.network, result.units).geometry.to_numpy())
    shapes = in_network_crs(result.network, table).geometry.to_numpy()
    return np.asarray(shapely.dwithin(units, shapes, reach_m), dtype=bool)


def _excluded(code: str, source: str, table: gpd.GeoDataFrame) -> list[Problem]:
    return [Problem(code, "excluded", source, value=name) for name in table["candidate_id"]]


def _kept(
    table: gpd.GeoDataFrame, entrances: Entrances, kept: Mask
) -> tuple[gpd.GeoDataFrame, Entrances]:
    number = np.cumsum(kept) - 1
    chosen = np.flatnonzero(kept[entrances.row])
    left = Entrances(
        entrances.x[chosen],
        entrances.y[chosen],
        number[entrances.row[chosen]],
        entrances.attachment.of(chosen),
    )
    return table[kept].reset_index(drop=True), left


def network_candidates(result: Result, wanting: Ints, reach_m: float) -> Candidates:
    """Junctions and the wanting demand points, inside the units and within reach of the latter.

    Thinned out evenly to at most `MOST_CANDIDATES`.
    """
    network = result.network
    x, y = places_xy(network, result.demand)
    junctions = _junctions(result)
    at_x = np.concatenate([network.node_x[junctions], x[wanting]])
    at_y = np.concatenate([network.node_y[junctions], y[wanting]])
    useful = _useful(result, at_x, at_y, x[wanting], y[wanting], reach_m)
    at_x, at_y = at_x[useful], at_y[useful]
    spacing = FINEST_M
    while squares(at_x, at_y, spacing)[1] > MOST_CANDIDATES:
        spacing *= 1.25
    kept = thinned(at_x, at_y, spacing)
    points = gpd.GeoSeries(gpd.points_from_xy(at_x[kept], at_y[kept]), crs=network.crs)
    points = points if network.crs is None else points.to_crs(GEOGRAPHIC)
    ids = [f"{lon:.6f}_{lat:.6f}" for lon, lat in zip(points.x, points.y, strict=True)]
    table = gpd.GeoDataFrame({"candidate_id": ids, "name": ""}, geometry=points)
    entrances = entrances_of(result, table)
    return Candidates(*_kept(table, entrances, entrances.attachment.found))


def _junctions(result: Result) -> Ints:
    """Public crossings on the ground, in a component that places attach to."""
    network = result.network
    fit = network.component_m >= result.study.network.min_component_m
    fit &= ~network.has(Flag.PRIVATE) & ~network.has(Flag.OFF_GROUND) & ~network.has(Flag.ACROSS)
    ends = np.concatenate([network.edge_from[fit], network.edge_to[fit]])
    return np.flatnonzero(np.bincount(ends, minlength=network.node_count) >= CROSSING)


def _useful(
    result: Result, x: Floats, y: Floats, wanting_x: Floats, wanting_y: Floats, reach_m: float
) -> Ints:
    """Places inside the units with something to gain within reach."""
    units = shapely.union_all(in_network_crs(result.network, result.units).geometry.to_numpy())
    shapely.prepare(units)
    inside = np.flatnonzero(shapely.contains_xy(units, x, y))
    if len(wanting_x) == 0:
        return inside[:0]
    wanting = KDTree(np.column_stack([wanting_x, wanting_y]))
    places, most_m = np.column_stack([x[inside], y[inside]]), np.nextafter(reach_m, np.inf)
    away = wanting.query(places, distance_upper_bound=most_m, workers=-1)[0]
    return np.asarray(inside[away <= reach_m], dtype=np.int64)


def thinned(x: Floats, y: Floats, spacing_m: float) -> Ints:
    """One place for each square of this size: the one nearest to its middle."""
    square, count = squares(x, y, spacing_m)
    middles = ((np.floor(values / spacing_m) + 0.5) * spacing_m for values in (x, y))
    away = np.hypot(x - next(middles), y - next(middles))
    least = np.full(count, np.inf)
    np.minimum.at(least, square, away)
    # Of several just as near, the westernmost, and of these the southernmost.
    near = np.flatnonzero(away == least[square])
    near = near[np.lexsort((y[near], x[near], square[near]))]
    return np.sort(near[np.diff(square[near], prepend=-1) != 0])


def squares(x: Floats, y: Floats, spacing_m: float) -> tuple[Ints, int]:
    """The number of the square of this size that each place lies in, and how many there are."""
    column, row = (np.floor(values / spacing_m).astype(np.int64) for values in (x, y))
    row -= row.min(initial=0)
    number, different = pd.factorize(column * (row.max(initial=0) + 1) + row)
    return np.asarray(number, dtype=np.int64), len(different)


def walks_to(
    result: Result, minutes: Minutes, candidates: Candidates, demand: Ints, limit_m: float
) -> csr_array:
    """Metres from demand points (rows of DEMAND) to candidates, as candidates × points.

    `minutes` says who walks.
    """
    entrances, places = candidates.entrances, minutes.attachment.of(demand)
    walks = metres_within(result.network, entrances.attachment, places, limit_m, minutes.profile)
    count = len(candidates.table)
    if len(entrances.row) == count:
        return walks
    pairs = walks.tocoo()
    row, column = entrances.row[pairs.coords[0]], pairs.coords[1]
    order = np.lexsort((pairs.data, column, row))
    row, column, metres = row[order], column[order], pairs.data[order]
    first = (np.diff(row, prepend=-1) != 0) | (np.diff(column, prepend=-1) != 0)
    shape = (count, len(demand))
    return coo_array((metres[first], (row[first], column[first])), shape=shape).tocsr()
