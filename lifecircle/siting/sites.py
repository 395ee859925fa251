"""The chosen sites as a table: what each adds, and what the units reach with them."""

from __future__ import annotations

from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from lifecircle.base.geo import Floats
from lifecircle.base.sentences import sentence
from lifecircle.base.tables import SITES, conform
from lifecircle.measures.result import Result
from lifecircle.network.network import Ints, Mask
from lifecircle.network.walk import in_network_crs
from lifecircle.siting.gaps import WEIGHT_NAMES
from lifecircle.siting.greedy import Cover
from lifecircle.siting.names import Texts, directions, place_names
from lifecircle.siting.wanted import Wanted


def sites_table(
    result: Result,
    wanted: Wanted,
    cover: Cover,
    candidates: gpd.GeoDataFrame,
    chosen: Sequence[int],
    mean_m: Sequence[float],
    around: gpd.GeoDataFrame | None,
) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    """SITES in the order of `chosen`, and the shares of every unit before and after."""
    weights = {name: wanted.weights(name) for name in WEIGHT_NAMES}
    covered = np.zeros(len(cover.weight), dtype=bool)
    rows, names, units = [], *_whereabouts(result, candidates.iloc[list(chosen)], around)
    for place, site in enumerate(chosen):
        new = np.zeros(len(covered), dtype=bool)
        new[cover.covers(site)] = True
        new &= ~covered
        covered |= new
        for number, question in enumerate(wanted.questions):
            rows.append(
                {
                    "rank": place + 1,
                    "service": question.id,
                    "candidate_id": candidates["candidate_id"].iloc[site],
                    "candidate_name": names[place],
                    "unit_id": units["unit_id"].iloc[place],
                    "unit_name": units["name"].iloc[place],
                    "limit_m": float(np.nanmax(question.limit_m)),
                    "denominator": wanted.denominator,
                    "mean_m": mean_m[place] if len(mean_m) else np.nan,
                    **_gains(wanted, weights, number, new, covered),
                    "geometry": shapely.centroid(candidates.geometry.iloc[site]),
                }
            )
    table = gpd.GeoDataFrame(rows, columns=SITES.names, geometry="geometry", crs=candidates.crs)
    return conform(table, SITES), _unit_shares(result, wanted, covered)


def _gains(
    wanted: Wanted, weights: dict[str, Floats], number: int, new: Mask, covered: Mask
) -> dict[str, float]:
    """What a site adds for one service, in every weight, and the shares of all units."""
    size = len(wanted.demand)
    own = slice(number * size, (number + 1) * size)
    sums = {
        name: float(weight[own][new[own]].sum()) if wanted.carries(name) else np.nan
        for name, weight in weights.items()
    }
    gained = float(weights[wanted.denominator][own][covered[own]].sum())
    before, total = (float(part.sum()) for part in wanted.standing(number))
    return {
        **sums,
        "gain": sums[wanted.denominator],
        "gain_total": gained,
        "share_before": before / total,
        "share_after": (before + gained) / total,
    }


def _unit_shares(result: Result, wanted: Wanted, covered: Mask) -> pd.DataFrame:
    """unit_id, unit_name, service, denominator, share_before, share_after, target."""
    size, count = len(wanted.demand), len(result.units)
    weight = wanted.weights(wanted.denominator)
    tables = []
    for number, question in enumerate(wanted.questions):
        own = slice(number * size, (number + 1) * size)
        new = np.bincount(wanted.unit, np.where(covered, weight, 0.0)[own], count)
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
    names = place_names(network, around, places, np.array(spare, dtype=object))
    given = sites["name"].fillna("").to_numpy(dtype=object)
    return np.where(given != "", given, names), units.iloc[home].reset_index(drop=True)
