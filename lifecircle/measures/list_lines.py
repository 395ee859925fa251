"""Lines of the target table about lists: who has one, and which rows have an attribute."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from lifecircle.measures.answers import ATTRIBUTES, Answer, Figures, Missing, Nothing, with_column
from lifecircle.measures.facts import Facts
from lifecircle.network.network import Ints, Mask
from lifecircle.network.walk import in_network_crs
from lifecircle.standards.indicators import Needed, Presence, Share


def presence_line(line: Presence, facts: Facts) -> Answer:
    """Figures of a line of presence, or what is missing for it."""
    places = _places_of_level(line.level, facts)
    asked = [needed for needed in line.any_of if needed.list in facts.declared]
    missing: list[tuple[str, str]] = [
        ("list", with_column(needed.list, line.level))
        for needed in line.any_of
        if needed not in asked
    ]
    if isinstance(places, Nothing):
        return Nothing((*places.missing, *missing))
    if not asked:
        return Nothing(tuple(missing))
    rows = pd.concat([_enough(facts.rows_of(one.list), one) for one in asked])
    if len(rows) and (rows[line.level] == "").all():
        columns = [with_column(one.list, line.level) for one in asked]
        return Nothing(tuple(("list", column) for column in columns))
    present = np.isin(places.names, rows[line.level].to_numpy(dtype=object))
    open_ = bool(missing) or bool((rows[line.level] == "").any())
    maybe = present | open_
    return Figures(
        at=np.append(places.groups[places.groups >= 0], len(facts.groups.rows) - 1),
        value=np.append(present[places.groups >= 0].astype(float), present.mean()),
        upper=np.append(maybe[places.groups >= 0].astype(float), maybe.mean()),
        count=np.append(present[places.groups >= 0].astype(float), present.sum()),
        total=np.append(np.ones((places.groups >= 0).sum()), float(len(present))),
        total_of=line.level,
        missing=tuple(missing),
    )


@dataclass(frozen=True)
class _Places:
    """All places of a level by name, and the group of each that has one (else -1)."""

    names: npt.NDArray[np.object_]
    groups: Ints


def _places_of_level(level: str, facts: Facts) -> _Places | Nothing:
    units = facts.units
    if level == "street" and not (units["level"] == "neighbourhood").any():
        return _Places(units["name"].to_numpy(dtype=object), np.arange(len(units)))
    if level == "neighbourhood" and (units["level"] == "neighbourhood").all():
        return _Places(units["name"].to_numpy(dtype=object), np.arange(len(units)))
    if level == "neighbourhood":
        if "neighbourhood" not in facts.declared or facts.rows_of("neighbourhood").empty:
            return Nothing((("list", with_column("neighbourhood", "neighbourhood")),))
        names = facts.rows_of("neighbourhood")["neighbourhood"].drop_duplicates()
        return _Places(names.to_numpy(dtype=object), np.full(len(names), -1))
    names = units.loc[units["parent"] != "", "parent"].drop_duplicates().sort_values()
    if names.empty:
        return Nothing((("parent", ""),))
    groups = pd.Index(facts.groups.rows["unit_id"]).get_indexer(names).astype(np.int64)
    return _Places(names.to_numpy(dtype=object), groups)


def _enough(rows: pd.DataFrame, needed: Needed) -> pd.DataFrame:
    """Rows that hold what is needed of them."""
    if needed.amount is None:
        return rows
    return rows[rows[needed.amount].fillna(0) >= needed.at_least]


def share_line(line: Share, facts: Facts) -> Answer:
    """Figures of a line of shares, or what is missing for it."""
    missing = _unanswered(line, facts)
    if missing:
        return Nothing(missing)
    rows = facts.rows_of(line.list)
    if line.near is not None:
        rows = rows[rows.geometry.notna()]
        yes = _near(rows, line.near, facts)
        unknown = np.zeros(len(rows), dtype=bool)
    else:
        yes = rows["yes"].str.contains(f";{line.attribute};", regex=False).to_numpy(dtype=bool)
        no = rows["no"].str.contains(f";{line.attribute};", regex=False).to_numpy(dtype=bool)
        unknown = ~yes & ~no
    weights = np.ones(len(rows))
    if line.weighted_by is not None:
        weights = np.nan_to_num(rows[line.weighted_by].to_numpy(dtype=float))
    unit = facts.unit_of_row(rows)
    sums = []
    for part in (yes, yes | unknown, np.ones(len(rows), dtype=bool)):
        of_part = np.where(part, weights, 0.0)
        of_groups = facts.in_groups(facts.by_unit(unit, of_part))
        of_groups[-1] = of_part.sum()
        sums.append(of_groups)
    count, upper, total = sums
    with np.errstate(invalid="ignore"):
        share, share_upper = count / total, upper / total
    at = np.flatnonzero(total > 0)
    return Figures(at, share[at], share_upper[at], count[at], total[at], line.weighted_by or "rows")


def _unanswered(line: Share, facts: Facts) -> Missing:
    if line.list not in facts.declared or facts.rows_of(line.list).empty:
        if line.near is not None:
            return (("map", with_column(line.list, None)),)
        return (("list", with_column(line.list, line.attribute, ATTRIBUTES)),)
    rows = facts.rows_of(line.list)
    if line.near is None:
        said = (rows["yes"] + rows["no"]).str.contains(f";{line.attribute};", regex=False)
        return () if said.any() else (("list", with_column(line.list, line.attribute, ATTRIBUTES)),)
    missing: list[tuple[str, str]] = []
    if rows.geometry.isna().all():
        missing.append(("map", with_column(line.list, None)))
    if line.near not in facts.minutes.services:
        missing.append(("facilities", line.near))
    return tuple(missing)


def _near(rows: gpd.GeoDataFrame, service: str, facts: Facts) -> Mask:
    """Which rows have a facility of the service within `locker_m`, in a straight line."""
    shapes = in_network_crs(facts.network, rows).geometry.to_numpy()
    own = facts.facilities[facts.facilities["service"] == service]
    tree = shapely.STRtree(in_network_crs(facts.network, own).geometry.to_numpy())
    near = np.zeros(len(shapes), dtype=bool)
    near[tree.query(shapes, predicate="dwithin", distance=facts.choices.locker_m)[0]] = True
    return near
