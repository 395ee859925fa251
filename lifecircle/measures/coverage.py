"""Coverage: what share of the people, homes, land or streets of every unit is within the limit.

coverage = Σ weight of demand within the limit ÷ Σ weight of all demand, for every unit, every
level above it and the city, each a sum over demand and never a mean of rates.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from lifecircle.base.cores import side_by_side
from lifecircle.base.tables import COVERAGE, TIERS, conform
from lifecircle.measures.grounds import SUMS, Ground, PointReach, Points, Sums
from lifecircle.measures.questions import Question, intersections, questions, with_limits
from lifecircle.measures.standing import with_standing
from lifecircle.measures.streets import Streets
from lifecircle.network.network import Mask
from lifecircle.network.walk import Minutes
from lifecircle.standards.catalogue import Combination, Limit, Standard, Tier

CITY = "city"
MIXED = "mixed"
"""The profile of a figure over services that different people walk to."""

SHARES = ("share", "share_upper", "straight_line_share")

Figures: TypeAlias = dict[str, npt.NDArray[Any]]
"""One question over one denominator: columns by their names, a cell for each group."""


def coverage(
    minutes: Minutes,
    demand: gpd.GeoDataFrame,
    units: gpd.GeoDataFrame,
    standard: Standard,
    denominators: Sequence[str] | None = None,
    streets: Streets | None = None,
) -> pd.DataFrame:
    """The COVERAGE table of the services that `minutes` holds.

    `denominators` names what shares are taken over, of SHARES_OF; by default everything that
    demand carries, the group a service is meant for with that service alone, and the metres of
    street where `streets` is given.

    A point nearer to the edge of the known ground than the limit is `unknown` unless covered.
    `meets_target` is empty while the target lies between `share` and `share_upper`, for rural
    units, and where the text asks for 慢行; verdicts compare unrounded shares.  A headline
    without a single member in `minutes`, and a combination that misses a headline, are left out:
    no data is not no coverage.
    """
    asked = questions(standard, minutes.services, units)
    grounds: list[Ground[Any]] = [Points(minutes, demand, units)]
    grounds += [streets] if streets is not None else []
    groups = Groups(units, minutes)
    figures = list(_figures(asked, standard, groups, grounds, denominators))
    known = {question.id for question in asked}
    for combination in standard.combinations:
        if combination.kind == "mean" and known.issuperset(combination.members):
            figures += _means(combination, figures, standard.target)
    if not figures:
        return conform(pd.DataFrame(columns=COVERAGE.names), COVERAGE)
    return conform(with_standing(_judged(groups.table(figures))), COVERAGE)


@dataclass(frozen=True)
class Measured(PointReach):
    """What one service, headline or intersection reaches at n demand points."""

    id: str


def measured(
    minutes: Minutes,
    standard: Standard,
    demand: gpd.GeoDataFrame | None = None,
    units: gpd.GeoDataFrame | None = None,
) -> list[Measured]:
    """What is covered at every demand point: headlines, services, then the intersections.

    `demand` and `units` tell the kind of area each point lies in, where limits depend on it.
    """
    if demand is None or units is None:
        units = gpd.GeoDataFrame({"unit_id": [""], "area_kind": [""]})
        demand = gpd.GeoDataFrame({"unit_id": [""] * len(minutes.demand_id)})
    points = Points(minutes, demand, units)
    asked = questions(standard, minutes.services, units)
    reached = {question.id: points.reach(question) for question in asked}
    for combination, question in intersections(standard, asked):
        reached[question.id] = points.all_of([reached[one] for one in combination.members])
    return [Measured(one.covered, one.unknown, one.straight, name) for name, one in reached.items()]


def tier_shares(
    minutes: Minutes,
    demand: gpd.GeoDataFrame,
    units: gpd.GeoDataFrame,
    standard: Standard,
    denominators: Sequence[str] | None = None,
) -> pd.DataFrame:
    """The TIERS table: each service and headline within every ring of the standard."""
    points, groups = Points(minutes, demand, units), Groups(units, minutes)
    asked = questions(standard, minutes.services, units)
    figures = []
    for question in asked:
        # The same minutes at the pace of whoever walks there.
        faster = minutes.of(question.services[0]).m_per_min / minutes.m_per_min
        for tier in standard.tiers:
            ring = _limit_of(tier, tier.limit_m * faster)
            within = with_limits(question, lambda _, ring=ring: ring)  # type: ignore[misc]
            reached = points.reach(within)
            for weight in points.denominators(question.group, denominators):
                one = groups.figures(within, weight, points.sums(reached, weight))
                figures.append(one | {"tier_min": np.full(len(groups.members), tier.minutes)})
    if not figures:
        return conform(pd.DataFrame(columns=TIERS.names), TIERS)
    return conform(groups.table(figures), TIERS)


def _limit_of(tier: Tier, limit_m: float) -> Limit:
    return Limit(limit_m=limit_m, limit_source=f"{tier.minutes:g} min → {limit_m:g} m")


def _figures(
    asked: list[Question],
    standard: Standard,
    groups: Groups,
    grounds: Sequence[Ground[Any]],
    denominators: Sequence[str] | None,
) -> Iterator[Figures]:
    """The figures of each question and denominator, the intersections last."""
    ids = [one.id for one in asked]
    reached = [dict(zip(ids, side_by_side(ground.reach, asked), strict=True)) for ground in grounds]
    for combination, question in intersections(standard, asked):
        for ground, reach in zip(grounds, reached, strict=True):
            reach[question.id] = ground.all_of([reach[one] for one in combination.members])
        asked = [*asked, question]
    for question in asked:
        for ground, reach in zip(grounds, reached, strict=True):
            for weight in ground.denominators(question.group, denominators):
                yield groups.figures(question, weight, ground.sums(reach[question.id], weight))


class Groups:
    """What figures are summed for: every unit, every parent that is whole, and the city."""

    def __init__(self, units: gpd.GeoDataFrame, minutes: Minutes) -> None:
        self.minutes = minutes
        self.rows, self.members = _groups(units)

    def table(self, figures: Sequence[Figures]) -> pd.DataFrame:
        """Many figures under one another, with what they are summed for: made in one go."""
        number = np.tile(np.arange(len(self.members)), len(figures))
        table = self.rows.iloc[number].reset_index(drop=True)
        columns = {name: np.concatenate([one[name] for one in figures]) for name in figures[0]}
        return table.assign(**columns)

    def figures(self, question: Question, denominator: str, sums: Sums) -> Figures:
        """One question over one denominator."""
        added = {
            name: np.array([float(sums[name][members].sum()) for members in self.members])
            for name in SUMS
        }
        total = np.where(added["total"] > 0, added["total"], np.nan)
        limit_m = np.array([_only(question.limit_m[members]) for members in self.members])
        target = np.nan if question.target is None else question.target
        walkers = [self.minutes.of(service) for service in question.services]
        return {
            **added,
            "service": self._all(question.id),
            "denominator": self._all(denominator),
            "profile": self._all(_one_or_mixed(walker.profile for walker in walkers)),
            "limit_m": limit_m,
            "limit_min": np.round(limit_m / walkers[0].m_per_min, 6),
            "limit_source": _words(_sources(question, members) for members in self.members),
            "share": added["covered"] / total,
            "share_upper": (added["covered"] + added["unknown"]) / total,
            "straight_line_share": added["straight"] / total,
            "target": np.where(self.some(question.without_verdict), np.nan, target),
        }

    def _all(self, word: str) -> npt.NDArray[np.object_]:
        return np.full(len(self.members), word, dtype=object)

    def some(self, of_unit: Mask) -> Mask:
        """For each group whether it holds of one of its units."""
        return np.array([bool(of_unit[members].any()) for members in self.members])


def _one_or_mixed(profiles: Iterable[str]) -> str:
    """The one profile, or `MIXED`."""
    different = set(profiles)
    return different.pop() if len(different) == 1 else MIXED


def _only(values: npt.NDArray[np.float64]) -> float:
    """The one value of all units of a group, NaN where they differ."""
    return float(values[0]) if (values == values[0]).all() else np.nan


def _sources(question: Question, members: npt.NDArray[np.int64]) -> str:
    limits = [question.limits[number] for number in members]
    sources = (
        f"{limit.limit_source} (按步行计 computed on foot)"
        if limit.mode == "slow"
        else limit.limit_source
        for limit in limits
        if limit is not None
    )
    return "; ".join(dict.fromkeys(sources))


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


def _means(combination: Combination, figures: list[Figures], target: float | None) -> list[Figures]:
    """The unweighted mean of the members' shares, over every denominator that all of them have."""
    by_weight: dict[str, list[Figures]] = {}
    for one in figures:
        if one["service"][0] in combination.members:
            by_weight.setdefault(one["denominator"][0], []).append(one)
    full = [members for members in by_weight.values() if len(members) == len(combination.members)]
    return [_mean(combination, members, target) for members in full]


def _mean(combination: Combination, members: list[Figures], target: float | None) -> Figures:
    first = members[0]
    nothing = np.full(len(first["total"]), np.nan)
    shares = {share: np.mean([member[share] for member in members], axis=0) for share in SHARES}
    limits = np.array([member["limit_m"] for member in members])
    same = (limits == limits[0]).all(axis=0)
    sources = zip(*(member["limit_source"] for member in members), strict=True)
    without_target = np.any([np.isnan(member["target"]) for member in members], axis=0)
    profile = _one_or_mixed(member["profile"][0] for member in members)
    return first | {
        **shares,
        "service": np.full(len(nothing), combination.id, dtype=object),
        "covered": nothing,
        "unknown": nothing,
        "limit_m": np.where(same, first["limit_m"], np.nan),
        "limit_min": np.where(same, first["limit_min"], np.nan),
        "limit_source": _words("; ".join(dict.fromkeys(of_group)) for of_group in sources),
        "profile": np.full(len(nothing), profile, dtype=object),
        "target": np.where(without_target, np.nan, np.nan if target is None else target),
    }


def _words(words: Iterable[str]) -> npt.NDArray[np.object_]:
    return np.array(list(words), dtype=object)


def _judged(table: pd.DataFrame) -> pd.DataFrame:
    """`table` with targets for what is not rural, and verdicts where the bounds allow one."""
    target = table["target"].where(~table["rural"].astype(bool))
    meets = pd.array([pd.NA] * len(table), dtype="boolean")
    meets[(table["share"] >= target).to_numpy()] = True
    meets[(table["share_upper"] < target).to_numpy()] = False
    return table.assign(target=target, meets_target=meets)
