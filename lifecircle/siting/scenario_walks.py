"""The walks after a change, computed only where the change can touch them.

A facility touches the walks to its own services, a new home those that begin there.  What is kept
and what is walked again is put together so that every figure is that of a run from the start.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from lifecircle.base.geo import Floats
from lifecircle.network.attach import Attachment, attach
from lifecircle.network.columns import BESIDE_STREETS, OVER_STREETS, Columns, Walks
from lifecircle.network.effort import Effort
from lifecircle.network.network import Ints, WalkNetwork
from lifecircle.network.profiles import Profile, profile_named
from lifecircle.network.search import Entrances, NearestSearch
from lifecircle.network.walk import Minutes, attach_facilities, places_xy, together


@dataclass(frozen=True)
class Walked:
    """Tables of one state and the walks in it; `facilities` and `demand` as they were walked."""

    facilities: gpd.GeoDataFrame
    demand: gpd.GeoDataFrame
    minutes: Minutes


def touched_services(before: gpd.GeoDataFrame, after: gpd.GeoDataFrame) -> set[str]:
    """The services whose facilities stand elsewhere, are more or are fewer."""
    old, new = _keys(before, "facility_id", "service"), _keys(after, "facility_id", "service")
    return {
        *before["service"][~old.isin(new).to_numpy()],
        *after["service"][~new.isin(old).to_numpy()],
    }


@dataclass(frozen=True)
class Wanted:
    """What is walked now: the tables after the change, on the network of before.

    `known` limits, for a service, the ground that its facilities are complete for.
    """

    network: WalkNetwork
    facilities: gpd.GeoDataFrame
    demand: gpd.GeoDataFrame
    known: Mapping[str, shapely.Geometry]
    max_attach_m: float
    min_component_m: float


def walk_again(before: Walked, wanted: Wanted, services: Sequence[str]) -> Minutes:
    """The walks to `services` after the change, as `walk_minutes` has them.

    Columns of untouched services and rows of places that were there before are taken over.  Where
    services have walkers of their own, `services` are those that there were.
    """
    if not before.minutes.parts:
        return _walks_of_one(before, wanted, services)
    parts = [
        _walks_of_one(replace(before, minutes=part), wanted, part.services)
        for part in before.minutes.parts
    ]
    return together(parts, tuple(services))


def _walks_of_one(before: Walked, wanted: Wanted, services: Sequence[str]) -> Minutes:
    """The walks of one profile."""
    old, demand = before.minutes, wanted.demand
    walker = profile_named(old.profile)
    entrances = _entrances(before, wanted)
    kept = _same_rows(before.demand, demand, "demand_id")
    fresh = np.flatnonzero(kept < 0)
    new = _attached(wanted, *places_xy(wanted.network, demand.iloc[fresh]), walker)
    places = _joined(old.attachment, new, kept)
    touched = touched_services(before.facilities, wanted.facilities)
    touched |= set(services) - set(old.services)
    columns = Columns(len(demand), services)
    columns.take_over((*OVER_STREETS, *BESIDE_STREETS), old, kept)
    search = NearestSearch(wanted.network, entrances.attachment, walker)
    walks = Walks(search, entrances, wanted.facilities, wanted.known)
    every = np.arange(len(demand))
    walks.fill(columns, places, every, [one for one in services if one in touched])
    walks.fill(columns, new, fresh, [one for one in services if one not in touched])
    return replace(
        old,
        demand_id=demand["demand_id"].to_numpy(dtype=object),
        services=tuple(services),
        metres=columns.metres,
        straight_m=columns.straight_m,
        border_m=columns.border_m,
        facility_id=columns.facility_id,
        attachment=places,
        entrances=entrances,
    )


def _attached(wanted: Wanted, x: Floats, y: Floats, walker: Profile) -> Attachment:
    closed = Effort(wanted.network, walker).closed
    caps = (wanted.max_attach_m, wanted.min_component_m)
    return attach(wanted.network, x, y, *caps, closed)


def _keys(table: gpd.GeoDataFrame, *names: str) -> pd.Series:
    """One text a row that changes with its place and with nothing but these columns."""
    text = pd.Series(shapely.to_wkb(table.geometry.to_numpy(), hex=True), index=table.index)
    for name in names:
        text = text + "|" + table[name]
    return text


def _same_rows(before: gpd.GeoDataFrame, after: gpd.GeoDataFrame, *names: str) -> Ints:
    """For each row after the row it was before, or -1."""
    if after is before:
        return np.arange(len(after))
    old, new = _keys(before, *names), _keys(after, *names)
    number = pd.Series(np.arange(len(old)), index=old.to_numpy())
    return number.reindex(new.to_numpy(), fill_value=-1).to_numpy(dtype=np.int64)


def _entrances(before: Walked, wanted: Wanted) -> Entrances:
    """The entrances after the change; only those that were not there before are attached."""
    old, profile = before.minutes.entrances, before.minutes.profile
    names = ("facility_id", "service")
    kept = _same_rows(before.facilities, wanted.facilities, *names)
    fresh = np.flatnonzero(kept < 0)
    caps = (wanted.max_attach_m, wanted.min_component_m)
    made = attach_facilities(wanted.network, wanted.facilities.iloc[fresh], *caps, profile)
    after = np.full(len(before.facilities), -1, dtype=np.int64)
    after[kept[kept >= 0]] = np.flatnonzero(kept >= 0)
    still = np.flatnonzero(after[old.row] >= 0)
    row = np.concatenate([after[old.row[still]], fresh[made.row]])
    order = np.argsort(row, kind="stable")
    number = np.concatenate([still, np.full(len(made.row), -1)])
    return Entrances(
        np.concatenate([old.x[still], made.x])[order],
        np.concatenate([old.y[still], made.y])[order],
        row[order],
        _joined(old.attachment, made.attachment, number[order]),
    )


def _joined(old: Attachment, new: Attachment, kept: Ints) -> Attachment:
    """The places that `kept` numbers among the old, and in the places of its -1 the new ones."""
    number = kept.copy()
    number[kept < 0] = len(old.edge) + np.arange(int((kept < 0).sum()))
    pairs = [(getattr(old, one.name), getattr(new, one.name)) for one in fields(Attachment)]
    both: list[Any] = [
        None if first is None else np.concatenate([first, second])[number]
        for first, second in pairs
    ]
    return Attachment(*both)
