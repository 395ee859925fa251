"""Coverage: what share of the people, homes or land of every unit walks to a service in time.

coverage = Σ weight of demand within the limit ÷ Σ weight of all demand, for every unit, every
level above it and the city, each a sum over demand and never a mean of rates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from lifecircle.base.geo import Floats
from lifecircle.base.tables import COVERAGE, DENOMINATORS, conform
from lifecircle.network.walk import Minutes
from lifecircle.standards.catalogue import Combination, Headline, Service, Standard

TOLERANCE_M = 1e-6
"""Limits are inclusive, to within the rounding of sums of metres."""

CITY = "city"
GENERAL = ("residents", "dwellings", "buildings", "residential_land_m2")
"""Denominators that every service is reported over; a service adds its own group."""

SUMS = ("total", "covered", "unknown", "unattached", "straight")

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Measured:
    """One service, headline or intersection, at n demand points."""

    id: str
    limit_m: float
    limit_source: str
    target: float | None
    group: str | None
    covered: Mask
    unknown: Mask
    straight: Mask


def coverage(
    minutes: Minutes, demand: gpd.GeoDataFrame, units: gpd.GeoDataFrame, standard: Standard
) -> pd.DataFrame:
    """The COVERAGE table of the services that `minutes` holds.

    A point nearer to the edge of the known ground than the limit is `unknown` unless covered.
    `meets_target` is empty while the target lies between `share` and `share_upper`, and for rural
    units; verdicts compare unrounded shares.  A headline without a single member in `minutes`,
    and a combination that misses a headline, are left out: no data is not no coverage.
    """
    found = measured(minutes, standard)
    sums = _Sums(minutes, demand, units)
    tables = [
        sums.table(one, weight) for one in found for weight in _denominators(demand, one.group)
    ]
    known = {one.id for one in found}
    for combination in standard.combinations:
        if combination.kind == "mean" and known.issuperset(combination.members):
            tables += _means(combination, tables, standard.target)
    if not tables:
        return conform(pd.DataFrame(columns=COVERAGE.names), COVERAGE)
    return conform(_judged(pd.concat(tables, ignore_index=True)), COVERAGE)


def measured(minutes: Minutes, standard: Standard) -> list[Measured]:
    """What is covered at every demand point: headlines, services, then the intersections."""
    found = [*_headlines(minutes, standard), *_services(minutes, standard)]
    return [*found, *_intersections(found, standard)]


def least(matrix: Floats, columns: Sequence[int]) -> Floats:
    """The least of some columns of an n × k matrix, `inf` where there are none."""
    return np.asarray(np.min(matrix[:, list(columns)], axis=1, initial=np.inf))


def _denominators(demand: gpd.GeoDataFrame, group: str | None) -> list[str]:
    """The general denominators and the own group, where demand carries them."""
    return [
        weight
        for weight in DENOMINATORS
        if (weight in GENERAL or weight == group) and demand[weight].notna().any()
    ]


def _services(minutes: Minutes, standard: Standard) -> list[Measured]:
    """Each service by itself, within its own limit, beside the target of the whole."""
    services = [service for service in standard.services if service.id in minutes.services]
    return [_measured(minutes, (service.id,), service, standard.target) for service in services]


def _headlines(minutes: Minutes, standard: Standard) -> list[Measured]:
    """Each headline, met by any of its members within the headline's limit."""
    found = []
    for headline in standard.headlines:
        members = tuple(member for member in headline.members if member in minutes.services)
        if members:
            found.append(_measured(minutes, members, headline, headline.target))
    return found


def _measured(
    minutes: Minutes, members: tuple[str, ...], rule: Service | Headline, target: float | None
) -> Measured:
    columns = [minutes.services.index(member) for member in members]
    covered = least(minutes.metres, columns) <= rule.limit_m + TOLERANCE_M
    # Unknown as soon as one member could lie beyond the edge of what is known of it.
    near_edge = least(minutes.border_m, columns) < rule.limit_m
    straight = least(minutes.straight_m, columns) <= rule.limit_m + TOLERANCE_M
    return Measured(
        rule.id,
        rule.limit_m,
        rule.limit_source,
        target,
        rule.group,
        covered,
        near_edge & ~covered,
        straight,
    )


def _intersections(measured: list[Measured], standard: Standard) -> list[Measured]:
    """What reaches all members of a combination at once."""
    by_id = {one.id: one for one in measured}
    return [
        _all_of(combination, [by_id[member] for member in combination.members], standard.target)
        for combination in standard.combinations
        if combination.kind == "all" and by_id.keys() >= set(combination.members)
    ]


def _all_of(combination: Combination, members: list[Measured], target: float | None) -> Measured:
    covered = np.logical_and.reduce([member.covered for member in members])
    possible = np.logical_and.reduce([member.covered | member.unknown for member in members])
    limits = {member.limit_m for member in members}
    return Measured(
        id=combination.id,
        limit_m=limits.pop() if len(limits) == 1 else np.nan,
        limit_source="; ".join(dict.fromkeys(member.limit_source for member in members)),
        target=target,
        group=None,
        covered=covered,
        unknown=possible & ~covered,
        straight=np.logical_and.reduce([member.straight for member in members]),
    )


class _Sums:
    """Weights of demand added up for every unit, every parent and the city."""

    def __init__(self, minutes: Minutes, demand: gpd.GeoDataFrame, units: gpd.GeoDataFrame):
        self.minutes, self.demand = minutes, demand
        number = {unit: index for index, unit in enumerate(units["unit_id"])}
        self.unit = demand["unit_id"].map(number).to_numpy(dtype=np.int64)
        self.groups, self.members = _groups(units)

    def table(self, measured: Measured, weight: str) -> pd.DataFrame:
        """One measure over one denominator; only demand that carries the weight counts."""
        values = self.demand[weight].fillna(0).to_numpy(dtype=float)
        everyone = np.ones(len(values), dtype=bool)
        unattached = ~self.minutes.attachment.found
        masks = (everyone, measured.covered, measured.unknown, unattached, measured.straight)
        table = self.groups.copy()
        for name, mask in zip(SUMS, masks, strict=True):
            of_unit = np.bincount(self.unit[mask], values[mask], len(self.members[-1]))
            table[name] = [of_unit[members].sum() for members in self.members]
        total = table["total"].where(table["total"] > 0)
        return table.assign(
            service=measured.id,
            denominator=weight,
            profile=self.minutes.profile,
            limit_m=measured.limit_m,
            limit_min=round(measured.limit_m / self.minutes.m_per_min, 6),
            limit_source=measured.limit_source,
            share=table["covered"] / total,
            share_upper=(table["covered"] + table["unknown"]) / total,
            straight_line_share=table["straight"] / total,
            target=np.nan if measured.target is None else measured.target,
        )


def _groups(units: gpd.GeoDataFrame) -> tuple[pd.DataFrame, list[npt.NDArray[np.int64]]]:
    """What coverage is summed for, and which units belong to each: units, parents, the city."""
    rows = units[["unit_id", "name", "level", "rural"]].rename(columns={"name": "unit_name"})
    everything = np.arange(len(units))
    members = [np.array([number]) for number in everything]
    whole = units[units["parent_level"] != ""].drop_duplicates("parent").sort_values("parent")
    parents = [
        {"unit_id": parent, "unit_name": parent, "level": level}
        for parent, level in zip(whole["parent"], whole["parent_level"], strict=True)
    ]
    members += [np.flatnonzero(units["parent"] == row["unit_id"]) for row in parents]
    city = {"unit_id": CITY, "unit_name": CITY, "level": CITY}
    table = pd.concat([rows, pd.DataFrame([*parents, city])], ignore_index=True)
    table["rural"] = table["rural"].astype("boolean").fillna(False)
    return table, [*members, everything]


def _means(
    combination: Combination, tables: list[pd.DataFrame], target: float | None
) -> list[pd.DataFrame]:
    """The unweighted mean of the members' shares, over every denominator that all of them have."""
    by_weight: dict[str, list[pd.DataFrame]] = {}
    for table in tables:
        if table["service"].iloc[0] in combination.members:
            by_weight.setdefault(table["denominator"].iloc[0], []).append(table)
    means = []
    for members in by_weight.values():
        if len(members) < len(combination.members):
            continue
        mean = members[0].assign(service=combination.id, covered=np.nan, unknown=np.nan)
        for share in ("share", "share_upper", "straight_line_share"):
            mean[share] = np.mean([member[share].to_numpy() for member in members], axis=0)
        same = len({member["limit_m"].iloc[0] for member in members}) == 1
        sources = dict.fromkeys(member["limit_source"].iloc[0] for member in members)
        mean["limit_m"] = mean["limit_m"] if same else np.nan
        mean["limit_min"] = mean["limit_min"] if same else np.nan
        means.append(
            mean.assign(
                limit_source="; ".join(sources), target=np.nan if target is None else target
            )
        )
    return means


def _judged(table: pd.DataFrame) -> pd.DataFrame:
    """`table` with targets for what is not rural, and verdicts where the bounds allow one."""
    target = table["target"].where(~table["rural"].astype(bool))
    meets = pd.array([pd.NA] * len(table), dtype="boolean")
    meets[(table["share"] >= target).to_numpy()] = True
    meets[(table["share_upper"] < target).to_numpy()] = False
    return table.assign(target=target, meets_target=meets)
