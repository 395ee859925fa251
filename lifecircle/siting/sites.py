"""The chosen sites as a table: what each adds, and what the units reach with them."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from lifecircle.base.geo import Floats
from lifecircle.base.sentences import sentence
from lifecircle.base.tables import SITES, conform
from lifecircle.measures.result import Result
from lifecircle.network.network import Ints
from lifecircle.network.walk import in_network_crs
from lifecircle.siting.candidates import CAPACITIES
from lifecircle.siting.gaps import WEIGHT_NAMES
from lifecircle.siting.names import Texts, directions, place_names
from lifecircle.siting.solve import Solution
from lifecircle.siting.wanted import Wanted


def sites_table(
    result: Result,
    wanted: Wanted,
    solution: Solution,
    candidates: gpd.GeoDataFrame,
    around: gpd.GeoDataFrame | None,
) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    """SITES in the order of the solution, and the shares of every unit before and after."""
    chosen = candidates.iloc[solution.chosen].reset_index(drop=True)
    names, units = _whereabouts(result, chosen, around)
    each = pd.DataFrame(
        {
            "rank": np.arange(1, len(chosen) + 1),
            "candidate_id": chosen["candidate_id"],
            "candidate_name": names,
            "unit_id": units["unit_id"].to_numpy(),
            "unit_name": units["name"].to_numpy(),
            "denominator": wanted.denominator,
            "mean_m": pd.Series(solution.mean_m, dtype=float).reindex(chosen.index),
            **_carried(chosen),
        }
    )
    weights = {name: wanted.weights(name) for name in WEIGHT_NAMES}
    tables = [
        each.assign(
            service=question.id,
            limit_m=float(np.nanmax(question.limit_m)),
            **_gains(wanted, weights, number, solution),
        )
        for number, question in enumerate(wanted.questions)
    ]
    table = gpd.GeoDataFrame(
        pd.concat(tables),
        geometry=np.tile(shapely.centroid(chosen.geometry.to_numpy()), len(tables)),
        crs=candidates.crs,
    )
    table = table.sort_values("rank", kind="stable")
    return conform(table, SITES), _unit_shares(result, wanted, solution)


def _carried(chosen: gpd.GeoDataFrame) -> dict[str, object]:
    """What candidates say of themselves beside their name."""
    columns: dict[str, object] = {
        name: chosen[name] for name in ("offers", "cost") if name in chosen
    }
    capacity = next((name for name in CAPACITIES if name in chosen), None)
    if capacity is not None:
        columns |= {"capacity": capacity, "capacity_amount": chosen[capacity]}
    return columns


def _gains(
    wanted: Wanted, weights: dict[str, Floats], number: int, solution: Solution
) -> dict[str, Floats]:
    """What each site adds for one service, in every weight, and the shares of all units."""
    size = len(wanted.demand)
    own = slice(number * size, (number + 1) * size)
    served = solution.served[:, own]
    sums = {
        name: served @ weight[own] if wanted.carries(name) else np.full(served.shape[0], np.nan)
        for name, weight in weights.items()
    }
    gain = sums[wanted.denominator]
    before, total = (float(part.sum()) for part in wanted.standing(number))
    return {
        **sums,
        "gain": gain,
        "gain_total": np.cumsum(gain),
        "share_before": np.full(len(gain), before / total),
        "share_after": (before + np.cumsum(gain)) / total,
    }


def _unit_shares(result: Result, wanted: Wanted, solution: Solution) -> pd.DataFrame:
    """unit_id, unit_name, service, denominator, share_before, share_after, target."""
    size, count = len(wanted.demand), len(result.units)
    gained = solution.served.sum(axis=0) * wanted.weights(wanted.denominator)
    tables = []
    for number, question in enumerate(wanted.questions):
        own = slice(number * size, (number + 1) * size)
        new = np.bincount(wanted.unit, gained[own], count)
        before, total = wanted.standing(number)
        total = np.where(total > 0, total, np.nan)
        columns = {
            "unit_id": result.units["unit_id"],
            "unit_name": result.units["name"],
            "service": question.id,
            "denominator": wanted.denominator,
            "share_before": before / total,
            "share_after": (before + new) / total,
            "target": wanted.targets(question.id),
        }
        tables.append(pd.DataFrame(columns))
    return pd.concat(tables, ignore_index=True)


def _whereabouts(
    result: Result, sites: gpd.GeoDataFrame, around: gpd.GeoDataFrame | None
) -> tuple[Texts, pd.DataFrame]:
    """What each site is called, and the row of UNITS it lies in or nearest to."""
    network = result.network
    units = in_network_crs(network, result.units)
    places = shapely.centroid(in_network_crs(network, sites).geometry.to_numpy())
    if len(places) == 0:
        return np.empty(0, dtype=object), units.iloc[[]]
    home: Ints = shapely.STRtree(units.geometry.to_numpy()).nearest(places)
    middle = shapely.centroid(units.geometry.to_numpy())[home]
    x, y = shapely.get_x(places), shapely.get_y(places)
    side = directions(x, y, shapely.get_x(middle), shapely.get_y(middle))
    spare = [
        sentence(f"gap_place.{where}", result.study.study.language, unit=name)
        for where, name in zip(side, units["name"].to_numpy()[home], strict=True)
    ]
    named = None if around is None else in_network_crs(network, around)
    names = place_names(named, places, np.array(spare, dtype=object))
    given = sites["name"].fillna("").to_numpy(dtype=object)
    return np.where(given != "", given, names), units.iloc[home].reset_index(drop=True)
