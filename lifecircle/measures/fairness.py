"""Fairness: how evenly walks and supply are shared, and who comes off worst.

Every figure weighs people, never places: a street of ten thousand counts a thousand times as much
as a farm of ten.
"""

from __future__ import annotations

from collections.abc import Mapping

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from lifecircle.base.geo import Floats
from lifecircle.base.policy_tables import AGES, FAIRNESS, LORENZ, STANDING
from lifecircle.base.problems import UsageError
from lifecircle.base.tables import conform
from lifecircle.measures.coverage import CITY, Measured

LORENZ_POINTS = 101
OLD, NEW = "old", "new"
GROUPS = ("residents_60plus", "children_0_3")


def gini(values: Floats, weights: Floats) -> float:
    """The Gini coefficient of `values` over people: 0 where all have the same.

    G = Σ_i Σ_j w_i w_j |x_i − x_j| ÷ (2 W² μ), half the mean difference relative to the mean
    (Gini 1912; Sen 1973, On Economic Inequality, 2.8.1, for weighted observations), computed from
    the Lorenz curve as 1 − Σ (F_k − F_{k−1})(L_k + L_{k−1}).  NaN where nobody or nothing is
    there.  Raises `UsageError` for values or weights below 0 or not finite.
    """
    people, share = lorenz(values, weights)
    if len(people) == 1:
        return float("nan")
    return float(1 - np.sum(np.diff(people) * (share[1:] + share[:-1])))


def lorenz(values: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """The Lorenz curve: share of people, from those with the least, and the share they have.

    Both start at 0 and end at 1; a single 0 where nobody or nothing is there.
    """
    if not (np.isfinite(values).all() and np.isfinite(weights).all()):
        raise UsageError("values and weights must be finite")
    if (values < 0).any() or (weights < 0).any():
        raise UsageError("values and weights must not be below 0")
    order = np.argsort(values, kind="stable")
    people = np.cumsum(weights[order])
    held = np.cumsum(weights[order] * values[order])
    if not len(people) or people[-1] == 0 or held[-1] == 0:
        return np.zeros(1), np.zeros(1)
    return np.append(0, people / people[-1]), np.append(0, held / held[-1])


def fairness(
    subjects: Mapping[tuple[str, str, str], tuple[Floats, Floats]],
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The FAIRNESS and LORENZ tables.

    `subjects` has, for each (what: metres or supply, subject, weight), the value of every place
    and the people there.  People without a finite value (nothing can be walked to) stand in
    `without` and not in the coefficient; people who are not known are left out.
    """
    rows, curves = [], []
    for (what, subject, weight), (values, people) in subjects.items():
        some = np.nan_to_num(people)
        known = np.isfinite(values)
        own, of = values[known], some[known]
        key = {"what": what, "subject": subject, "weight": weight}
        mean = float(own @ of / of.sum()) if of.sum() > 0 else np.nan
        # What is in order is put in order again at next to no cost.
        order = np.argsort(own, kind="stable")
        own, of = own[order], of[order]
        rows.append(
            key
            | {
                "people": float(some.sum()),
                "without": float(some[~known].sum()),
                "mean": mean,
                "median": _quantile(own, of, 0.5),
                "worst_tenth": _quantile(own, of, 0.9 if what == "metres" else 0.1),
                "gini": gini(own, of),
            }
        )
        curves.append(_curve(own, of).assign(**key))
    table = conform(pd.DataFrame(rows, columns=FAIRNESS.names), FAIRNESS)
    empty = pd.DataFrame(columns=LORENZ.names)
    curve = pd.concat(curves, ignore_index=True) if curves else empty
    return table, conform(curve, LORENZ)


def _quantile(values: Floats, people: Floats, share: float) -> float:
    """The value that a share of the people do not exceed."""
    order = np.argsort(values, kind="stable")
    up_to = np.cumsum(people[order])
    if not len(up_to) or up_to[-1] == 0:
        return float("nan")
    return float(values[order][np.searchsorted(up_to, share * up_to[-1])])


def _curve(values: Floats, people: Floats) -> pd.DataFrame:
    """The Lorenz curve at every hundredth of the people."""
    of_people, held = lorenz(values, people)
    at = np.linspace(0, 1, LORENZ_POINTS) if len(held) > 1 else np.zeros(0)
    return pd.DataFrame({"people_share": at, "value_share": np.interp(at, of_people, held)})


def standing_of_groups(coverage: pd.DataFrame) -> pd.DataFrame:
    """The STANDING table: 60+ and 0-3 against all residents, for every unit and service.

    `coverage` holds shares over residents and over the groups.  `rank` 1 is the unit of its level
    that serves the group worst.
    """
    key = ["unit_id", "unit_name", "level", "service"]
    of_all = coverage[coverage["denominator"] == "residents"].set_index(key)["share"]
    parts = []
    for group in GROUPS:
        own = coverage[coverage["denominator"] == group].set_index(key)
        both = own.assign(share_all=of_all.reindex(own.index)).reset_index()
        both = both[both["total"] > 0]
        left_out = (both["total"] - both["covered"]).where(both["covered"].notna())
        ranks = both.groupby(["level", "service"])["share"].rank(method="min")
        parts.append(
            both.assign(
                group=group,
                people=both["total"],
                left_out=left_out,
                difference=both["share"] - both["share_all"],
                rank=ranks.where(both["level"] != CITY).astype("Int64"),
            )
        )
    return conform(pd.concat(parts, ignore_index=True), STANDING)


def ages_of_compounds(
    demand: gpd.GeoDataFrame,
    compounds: gpd.GeoDataFrame,
    reached: list[Measured],
    old_before: int,
    weight: str,
) -> pd.DataFrame:
    """The AGES table: coverage of old against new compounds, where the year is known.

    A place belongs to the compound it lies in (the first, where several overlap); `compounds` are
    polygons with a `year`, in the crs of `demand`.  Old is before `old_before`.
    """
    year = _year_of(demand, compounds)
    people = np.nan_to_num(demand[weight].to_numpy(dtype=float))
    rows = []
    for age, chosen in ((OLD, year < old_before), (NEW, year >= old_before)):
        of_age = np.where(chosen, people, 0.0)
        total = float(of_age.sum())
        for one in reached:
            covered = float(of_age[one.covered].sum())
            share = covered / total if total else np.nan
            rows.append(
                {"age": age, "service": one.id, "denominator": weight, "total": total}
                | {"covered": covered, "share": share}
            )
    return conform(pd.DataFrame(rows, columns=AGES.names), AGES)


def _year_of(demand: gpd.GeoDataFrame, compounds: gpd.GeoDataFrame) -> Floats:
    """The year of the compound that each place lies in, NaN for none."""
    year = np.full(len(demand), np.nan)
    known = compounds[compounds["year"].notna() & compounds.geometry.notna()]
    tree = shapely.STRtree(known.geometry.to_numpy())
    place, compound = tree.query(demand.geometry.to_numpy(), predicate="intersects")
    order = np.lexsort((-compound, place))
    year[place[order]] = known["year"].to_numpy(dtype=float)[compound[order]]
    return year
