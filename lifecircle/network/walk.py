"""Nearest facility for every place: one multi-source shortest-path run for each service.

Facilities stand on the network as nodes of their own, so nothing is rounded to a junction; two
places on one edge are measured along it; access legs count in full at both ends.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely
from pyproj import CRS

from lifecircle.base.cores import both
from lifecircle.base.geo import Floats, transformed
from lifecircle.base.problems import UsageError
from lifecircle.network.attach import Attachment, attach, attach_again
from lifecircle.network.columns import BESIDE_STREETS, OVER_STREETS, Columns, Walks
from lifecircle.network.effort import Effort
from lifecircle.network.network import Mask, WalkNetwork
from lifecircle.network.profiles import profile_named
from lifecircle.network.search import Entrances, NearestSearch


@dataclass(frozen=True)
class Minutes:
    """Walks of n demand points to the nearest facility of each of k services.

    `metres`, `straight_m`, `minutes` and `border_m` are n × k; `inf` is unreachable.  In a
    scenario `metres` are those that the walk's minutes are worth at the profile's pace on the
    flat: what steps, signals and slopes cost is in them.  `border_m`
    is how far a point lies inside the ground that streets and facilities are known for.
    `facility_id` is empty where nothing is reached.  `attachment` says where the points attached,
    `entrances` where the facilities did, both by legs of at most `max_attach_m`.

    `profile` walks to all services but those that have one of their own; where some have, `parts`
    holds the walks of each profile, and `of` finds those to a service.
    """

    demand_id: npt.NDArray[np.object_]
    services: tuple[str, ...]
    profile: str
    metres: Floats
    straight_m: Floats
    border_m: Floats
    facility_id: npt.NDArray[np.object_]
    attachment: Attachment
    entrances: Entrances
    max_attach_m: float
    parts: tuple[Minutes, ...] = ()

    @property
    def minutes(self) -> Floats:
        """The metres at the pace of whoever walks to each service; made anew each time."""
        pace = np.array([profile_named(one).m_per_min for one in self.profiles])
        return np.asarray(self.metres / pace)

    @property
    def m_per_min(self) -> float:
        """The profile's pace."""
        return profile_named(self.profile).m_per_min

    def of(self, service: str) -> Minutes:
        """The walks of the one profile that walks to this service."""
        return next((part for part in self.parts if service in part.services), self)

    @property
    def profiles(self) -> tuple[str, ...]:
        """Who walks to each of `services`."""
        return tuple(self.of(service).profile for service in self.services)


def walk_minutes(
    network: WalkNetwork,
    facilities: gpd.GeoDataFrame,
    demand: gpd.GeoDataFrame,
    profile: str = "standard",
    services: Sequence[str] | None = None,
    known: dict[str, shapely.Geometry] | None = None,
    max_attach_m: float = 200.0,
    min_component_m: float = 1000.0,
    profiles: Mapping[str, str] | None = None,
    before: Minutes | None = None,
) -> Minutes:
    """Walk from every demand point to the nearest facility of each service.

    `facilities` has a row for each facility and service (FACILITIES), `demand` is DEMAND; both
    in any CRS, or none on a network drawn on paper.  `profile` is one of `profiles.toml`: with
    `standard` a walk counts as long as it is, with the others delays and slopes count, and who
    cannot climb steps walks round them.  `services` fixes the order (default: those
    of the facilities, sorted).  `known` limits, for a service, the ground that its facilities are
    complete for, in the network's crs.  `profiles` names, for a service, who walks there instead:
    delays, slopes and steps then count for that service alone.  `before` are walks of the same
    tables on the same network, with another cap, other services or other walkers: what has not
    changed is taken over, which gives the same figures sooner.
    """
    names = tuple(services if services is not None else sorted(facilities["service"].unique()))
    walkers = {name: (profiles or {}).get(name, profile) for name in names}
    parts = []
    for walker in dict.fromkeys([profile, *walkers.values()]):
        own = tuple(name for name in names if walkers[name] == walker)
        caps = (max_attach_m, min_component_m)
        walked = _Walked(network, facilities, demand, walker, own, known, caps)
        parts.append(walked.anew() if before is None else walked.again(before))
    return parts[0] if len(parts) == 1 else together(parts, names)


def together(parts: Sequence[Minutes], names: tuple[str, ...]) -> Minutes:
    """The walks of several profiles as one table; the first is everyone's who names no other."""
    order = [name for part in parts for name in part.services]
    column = [order.index(name) for name in names]
    return replace(
        parts[0],
        services=names,
        metres=np.hstack([part.metres for part in parts])[:, column],
        straight_m=np.hstack([part.straight_m for part in parts])[:, column],
        border_m=np.hstack([part.border_m for part in parts])[:, column],
        facility_id=np.hstack([part.facility_id for part in parts])[:, column],
        parts=tuple(parts),
    )


@dataclass(frozen=True)
class _Walked:
    """What one profile walks; `caps` are max_attach_m and min_component_m."""

    network: WalkNetwork
    facilities: gpd.GeoDataFrame
    demand: gpd.GeoDataFrame
    profile: str
    services: tuple[str, ...]
    known: Mapping[str, shapely.Geometry] | None
    caps: tuple[float, float]

    def anew(self) -> Minutes:
        """The walks where nothing is known before."""
        entrances = attach_facilities(self.network, self.facilities, *self.caps, self.profile)
        xy = places_xy(self.network, self.demand)
        places = attach(self.network, *xy, *self.caps, self._closed_to(self.profile))
        columns = Columns(len(self.demand), self.services)
        every = np.arange(len(self.demand))
        self._walks(entrances).fill(columns, places, every, self.services)
        return self._minutes(columns, places, entrances)

    def again(self, before: Minutes) -> Minutes:
        """The same walks; what is as it was `before` is taken over."""
        before = next((part for part in before.parts if part.profile == self.profile), before)
        old, places = before.entrances, self._attached_again(before, before.attachment)
        entrances = replace(old, attachment=self._attached_again(before, old.attachment))
        walks = self._walks(entrances)
        now, then = entrances.attachment, old.attachment
        new = set(self.services) - set(before.services)
        moved = new | set(walks.service_of[~now.same_as(then)])
        others = new | set(walks.service_of[now.found != then.found])
        if self.profile != before.profile:
            moved = set(self.services)
        columns, every = Columns(len(self.demand), self.services), np.arange(len(self.demand))

        def beside_streets() -> None:
            columns.take_over(BESIDE_STREETS, before, every)
            walks.by_air(columns, places, every, self._among(others))
            walks.to_the_border(columns, places, every, self._among(new))

        def over_streets() -> None:
            stays = places.same_as(before.attachment)
            fresh = np.flatnonzero(~stays)
            columns.take_over(OVER_STREETS, before, np.where(stays, every, -1))
            still = self._among(set(self.services) - moved)
            walks.over_streets(columns, places.of(fresh), fresh, still)
            walks.over_streets(columns, places, every, self._among(moved))

        both(beside_streets, over_streets)
        return self._minutes(columns, places, entrances)

    def _among(self, names: Collection[str]) -> list[str]:
        return [name for name in self.services if name in names]

    def _closed_to(self, profile: str) -> Mask:
        return Effort(self.network, profile_named(profile)).closed

    def _attached_again(self, before: Minutes, places: Attachment) -> Attachment:
        closed = self._closed_to(self.profile)
        if (self._closed_to(before.profile) & ~closed).any():
            return attach(self.network, *places.own, *self.caps, closed)
        return attach_again(self.network, places, before.max_attach_m, *self.caps, closed)

    def _walks(self, entrances: Entrances) -> Walks:
        walker = profile_named(self.profile)
        search = NearestSearch(self.network, entrances.attachment, walker)
        return Walks(search, entrances, self.facilities, self.known)

    def _minutes(self, columns: Columns, places: Attachment, entrances: Entrances) -> Minutes:
        return Minutes(
            demand_id=self.demand["demand_id"].to_numpy(dtype=object),
            services=self.services,
            profile=self.profile,
            metres=columns.metres,
            straight_m=columns.straight_m,
            border_m=columns.border_m,
            facility_id=columns.facility_id,
            attachment=places,
            entrances=entrances,
            max_attach_m=self.caps[0],
        )


def attach_facilities(
    network: WalkNetwork,
    facilities: gpd.GeoDataFrame,
    max_attach_m: float = 200.0,
    min_component_m: float = 1000.0,
    profile: str = "standard",
) -> Entrances:
    """Attach every entrance (point of a MultiPoint) of every facility."""
    closed = Effort(network, profile_named(profile)).closed
    geometry = in_network_crs(network, facilities).geometry.to_numpy()
    parts, row = shapely.get_parts(geometry, return_index=True)
    x, y = shapely.get_x(parts), shapely.get_y(parts)
    return Entrances(x, y, row, attach(network, x, y, max_attach_m, min_component_m, closed))


def places_xy(network: WalkNetwork, table: gpd.GeoDataFrame) -> tuple[Floats, Floats]:
    """The points of a table as metres of the network's crs."""
    _refuse_half_placed(network, table)
    geometry = table.geometry.to_numpy()
    x, y = shapely.get_x(geometry), shapely.get_y(geometry)
    return (x, y) if network.crs is None else transformed(x, y, table.crs, network.crs)


def in_network_crs(network: WalkNetwork, table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """`table` in the network's crs; on paper neither may have one."""
    _refuse_half_placed(network, table)
    return table if network.crs is None else table.to_crs(network.crs)


def _refuse_half_placed(network: WalkNetwork, table: gpd.GeoDataFrame) -> None:
    crs: CRS | None = table.crs
    if (crs is None) != (network.crs is None):
        raise UsageError("the network and the table must both have a CRS, or neither")
