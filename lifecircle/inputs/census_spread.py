"""Census totals shared out over what a unit holds, and what becomes of those that hold nothing."""

from __future__ import annotations

import geopandas as gpd
import pandas as pd
import shapely

from lifecircle.base.tables import conform
from lifecircle.inputs.pieces import PIECES, Ground, PeopleAccount
from lifecircle.sources import COUNTED_ONCE


def spread_census(
    rows: gpd.GeoDataFrame, census: pd.DataFrame, ground: Ground
) -> tuple[gpd.GeoDataFrame, list[str]]:
    """`rows` with each unit's census totals shared out by floor area, and units without buildings.

    A unit's people are first cut to the share of its area inside the network's extent.  Those of
    a unit without a residential building there go to one point on its surface, so that they stay
    in the total.
    """
    totals = census.set_index("unit_id").reindex(ground.units["unit_id"])
    totals = totals.reindex(columns=list(COUNTED_ONCE)).astype(float)
    shares = ground.extent_shares
    inside = totals.mul(shares, axis=0)
    floor_area = rows.groupby("unit_id")["floor_area_m2"].sum()
    has_people = totals.fillna(0).gt(0).any(axis=1) & (shares > 0)
    homeless = [unit for unit in totals.index[has_people] if not floor_area.get(unit, 0) > 0]

    part = (rows["floor_area_m2"] / rows["unit_id"].map(floor_area)).to_numpy()
    spread = rows.copy()
    for weight in totals.columns[totals.notna().any()]:
        spread[weight] = rows["unit_id"].map(inside[weight]).to_numpy() * part
    spread["extent_share"] = rows["unit_id"].map(shares).to_numpy()
    if not homeless:
        return spread, homeless
    spread = pd.concat([spread, stand_ins(inside.loc[homeless], ground)], ignore_index=True)
    return gpd.GeoDataFrame(spread), homeless


def stand_ins(inside: pd.DataFrame, ground: Ground) -> gpd.GeoDataFrame:
    """One row for each unit of `inside`, at a point on its surface, with its people."""
    shapes = pd.Series(ground.inside, index=ground.units["unit_id"].to_numpy())
    rows = gpd.GeoDataFrame(
        inside.reset_index(drop=True),
        geometry=shapely.point_on_surface(shapes[inside.index].to_numpy()),
        crs=ground.crs,
    )
    rows["unit_id"] = inside.index.to_numpy()
    rows["key"] = "unit-" + rows["unit_id"].astype(str)
    rows["extent_share"] = ground.extent_shares[inside.index].to_numpy()
    return conform(rows, PIECES)


def census_accounts(
    rows: gpd.GeoDataFrame, census: pd.DataFrame, ground: Ground, source: str
) -> tuple[PeopleAccount, ...]:
    """Where the people of a census went that were spread over `rows`."""
    shares = census["unit_id"].map(ground.extent_shares)
    return tuple(
        PeopleAccount(
            source,
            weight,
            read=float(census[weight].sum()),
            in_units=float(rows[weight].sum()),
            outside_units=float(census.loc[shares.isna(), weight].sum()),
            outside_network=float((census[weight] * (1 - shares)).sum()),
        )
        for weight in COUNTED_ONCE
        if weight in census and census[weight].notna().any()
    )
