"""What a run gives back: one field for each table, and how it came about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import geopandas as gpd
import pandas as pd

from lifecircle.base.problems import Problem
from lifecircle.base.tables import GAPS, SITES, no_rows
from lifecircle.measures.policy import Policy
from lifecircle.measures.rule_book import RuleBook
from lifecircle.network.network import WalkNetwork
from lifecircle.network.quality import no_findings
from lifecircle.network.walk import Minutes
from lifecircle.standards.catalogue import Standard
from lifecircle.study import Study


@dataclass(frozen=True)
class Result:
    """A finished run, as data; nothing of it is written yet.

    `facilities` carries beside its contract where each facility attached, `demand` the metres to
    each service and which of them it reaches.  `rules` holds what goes with coverage,
    `policy` what the policy asks beside it.  `gaps` and `sites` are GAPS and SITES; empty where
    nobody has looked for them yet.  `network_quality` is what is amiss with the streets, in the
    network's crs.  `account` says what became of every row and every person.
    """

    study: Study
    standard: Standard
    network: WalkNetwork
    units: gpd.GeoDataFrame
    facilities: gpd.GeoDataFrame
    demand: gpd.GeoDataFrame
    minutes: Minutes
    coverage: pd.DataFrame
    rules: RuleBook
    policy: Policy
    base_map: gpd.GeoDataFrame
    problems: tuple[Problem, ...]
    account: Mapping[str, Any]
    gaps: gpd.GeoDataFrame = field(default_factory=partial(no_rows, GAPS))
    sites: gpd.GeoDataFrame = field(default_factory=partial(no_rows, SITES))
    network_quality: gpd.GeoDataFrame = field(default_factory=no_findings)


def facilities_with_attachment(facilities: gpd.GeoDataFrame, minutes: Minutes) -> gpd.GeoDataFrame:
    """`facilities` with the leg of their nearest entrance, and why they attach nowhere if so."""
    entrances = minutes.entrances
    rows = range(len(facilities))
    legs = pd.Series(entrances.attachment.leg_m).groupby(entrances.row).min().reindex(rows)
    reasons = pd.Series(entrances.attachment.reason).groupby(entrances.row).max().reindex(rows)
    return gpd.GeoDataFrame(
        facilities.assign(
            attached_m=legs.to_numpy(), unattached=reasons.where(legs.isna(), "").to_numpy()
        ),
        crs=facilities.crs,
    )


def demand_with_metres(demand: gpd.GeoDataFrame, minutes: Minutes) -> gpd.GeoDataFrame:
    """`demand` with, for each service, the metres, the straight metres and the facility."""
    columns: dict[str, Any] = {
        "attached_m": minutes.attachment.leg_m,
        "unattached": minutes.attachment.reason,
    }
    for number, service in enumerate(minutes.services):
        columns[f"{service}_m"] = minutes.metres[:, number]
        columns[f"{service}_straight_m"] = minutes.straight_m[:, number]
        columns[f"{service}_facility"] = minutes.facility_id[:, number]
    return gpd.GeoDataFrame(demand.assign(**columns), crs=demand.crs)


def unattached_facilities(facilities: gpd.GeoDataFrame) -> list[Problem]:
    """Facilities that no street reaches, once for each row of their source."""
    alone = facilities[facilities["attached_m"].isna()]
    alone = alone.drop_duplicates(["source", "source_row"])
    problems = []
    for _, facility in alone.iterrows():
        row = facility["source_row"]
        problem = Problem(
            f"facility_{facility['unattached']}",
            "excluded",
            facility["source"],
            row=int(row) if row.isdigit() else None,
            column="" if row.isdigit() else row,
            value=facility["name"],
        )
        problems.append(problem)
    return problems


def unattached_demand(minutes: Minutes) -> list[Problem]:
    """A note on demand that no street reaches: it stays in the total, not covered."""
    reasons = pd.Series(minutes.attachment.reason).value_counts().sort_index()
    return [
        Problem(
            f"demand_{reason}",
            "noted",
            "demand",
            details={"count": int(count), "total": len(minutes.demand_id)},
        )
        for reason, count in reasons.items()
        if reason
    ]
