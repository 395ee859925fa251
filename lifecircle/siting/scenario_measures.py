"""Coverage after a change, measured again only for the services that the change touches."""

from __future__ import annotations

from collections.abc import Sequence

import geopandas as gpd
import pandas as pd

from lifecircle.measures.coverage import coverage
from lifecircle.measures.streets import Streets
from lifecircle.network.walk import Minutes
from lifecircle.standards.catalogue import Standard

KEY = ["unit_id", "level", "service", "denominator", "profile"]


def coverage_again(
    before: pd.DataFrame,
    touched: set[str],
    minutes: Minutes,
    demand: gpd.GeoDataFrame,
    units: gpd.GeoDataFrame,
    standard: Standard,
    denominators: Sequence[str] | None,
    streets: Streets | None,
) -> pd.DataFrame:
    """COVERAGE as `coverage` has it; rows of services that are not `touched` are taken over.

    `before` is the table of the same demand, units and streets, and of the same services.
    """
    if not touched:
        return before
    asked = narrowed(standard, touched)
    again = coverage(minutes, demand, units, asked, denominators, streets)
    place = pd.Series(range(len(before)), index=pd.MultiIndex.from_frame(before[KEY]))
    fresh = place[pd.MultiIndex.from_frame(again[KEY])].to_numpy()
    kept = before.drop(index=before.index[fresh])
    whole = pd.concat([kept, again.set_axis(before.index[fresh])])
    return whole.sort_index().reset_index(drop=True)


def narrowed(standard: Standard, touched: set[str]) -> Standard:
    """The standard with nothing but the touched services and what is made of them."""
    headlines = [one for one in standard.headlines if touched & set(one.members)]
    names = {one.id for one in headlines}
    combined = [one for one in standard.combinations if names & set(one.members)]
    needed = names | {member for one in combined for member in one.members}
    services = [one for one in standard.services if one.id in touched]
    return standard.model_copy(
        update={
            "services": tuple(services),
            "headlines": tuple(one for one in standard.headlines if one.id in needed),
            "combinations": tuple(combined),
        }
    )
