"""What goes with the coverage of a run: rings, firmness, completeness, and where the gaps lie."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import geopandas as gpd
import pandas as pd

from lifecircle.base.tables import DENOMINATORS
from lifecircle.measures.completeness import completeness, services_reached, with_completeness
from lifecircle.measures.coverage import tier_shares
from lifecircle.measures.sensitivity import bands, sensitivity
from lifecircle.measures.where import where_uncovered
from lifecircle.network.network import WalkNetwork
from lifecircle.network.walk import Minutes
from lifecircle.standards.catalogue import Standard


@dataclass(frozen=True)
class RuleBook:
    """Tables by the contracts TIERS, SENSITIVITY, BANDS and COMPLETENESS, and `where_uncovered`.

    `demand` is the demand table with the services that each point reaches and lacks.
    """

    tiers: pd.DataFrame
    sensitivity: pd.DataFrame
    bands: pd.DataFrame
    completeness: pd.DataFrame
    where: pd.DataFrame
    demand: gpd.GeoDataFrame


def rule_book(
    network: WalkNetwork,
    minutes: Minutes,
    demand: gpd.GeoDataFrame,
    units: gpd.GeoDataFrame,
    standard: Standard,
    denominators: Sequence[str] | None = None,
    attached: Iterable[tuple[float, Minutes]] = (),
) -> RuleBook:
    """All that goes with coverage; `attached` brings walks with other caps of attaching."""
    variants = sensitivity(minutes, demand, units, standard, denominators, attached)
    services = services_reached(minutes, standard, demand, units)
    # The words of the report are over people where there are any, else over homes or land.
    weights = [name for name in DENOMINATORS if denominators is None or name in denominators]
    carried = [name for name in weights if demand[name].notna().any()]
    main = carried[0] if carried else DENOMINATORS[0]
    return RuleBook(
        tiers=tier_shares(minutes, demand, units, standard, denominators),
        sensitivity=variants,
        bands=bands(variants),
        completeness=completeness(minutes, demand, units, services, denominators),
        where=where_uncovered(network, minutes, demand, units, standard, main),
        demand=with_completeness(demand, services),
    )
