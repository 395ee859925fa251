"""Nearest facility for every place: one multi-source shortest-path run for each service.

Facilities stand on the network as nodes of their own, so nothing is rounded to a junction; two
places on one edge are measured along it; access legs count in full at both ends.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely
from pyproj import CRS
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import KDTree

from lifecircle.base.geo import Floats
from lifecircle.base.problems import UsageError
from lifecircle.network.attach import Attachment, attach, straight_m
from lifecircle.network.crossing import InSquares, Sight, in_squares, sight_of_places
from lifecircle.network.effort import Effort
from lifecircle.network.graph import Arcs, Links, WalkGraph, sparse_matrix
from lifecircle.network.network import Ints, WalkNetwork
from lifecircle.network.profiles import Profile, profile_named
from lifecircle.network.rules import Flag


@dataclass(frozen=True)
class Entrances:
    """M places where facilities are entered, and the row of the facility each belongs to."""

    x: Floats
    y: Floats
    row: Ints
    attachment: Attachment


@dataclass(frozen=True)
class Minutes:
    """Walks of n demand points to the nearest facility of each of k services.

    `metres`, `straight_m`, `minutes` and `border_m` are n × k; `inf` is unreachable.  In a
    scenario `metres` are those that the walk's minutes are worth at the profile's pace on the
    flat: what steps, signals and slopes cost is in them.  `border_m`
    is how far a point lies inside the ground that streets and facilities are known for.
    `facility_id` is empty where nothing is reached.  `attachment` says where the points attached,
    `entrances` where the facilities did.

    `profile` walks to all services but those that have one of their own; where some have, `parts`
    holds the walks of each profile, and `of` finds those to a service.
    """

    demand_id: npt.NDArray[np.object_]
    services: tuple[str, ...]
    profile: str
    metres: Floats
    straight_m: Floats
    minutes: Floats
    border_m: Floats
    facility_id: npt.NDArray[np.object_]
    attachment: Attachment
    entrances: Entrances
    parts: tuple[Minutes, ...] = ()

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
) -> Minutes:
    """Walk from every demand point to the nearest facility of each service.

    `facilities` has a row for each facility and service (FACILITIES), `demand` is DEMAND; both
    in any CRS, or none on a network drawn on paper.  `profile` is one of `profiles.toml`: with
    `standard` a walk counts as long as it is, with the others delays and slopes count, and who
    cannot climb steps walks round them.  `services` fixes the order (default: those
    of the facilities, sorted).  `known` limits, for a service, the ground that its facilities are
    complete for, in the network's crs.  `profiles` names, for a service, who walks there instead:
    delays, slopes and steps then count for that service alone.
    """
    names = tuple(services if services is not None else sorted(facilities["service"].unique()))
    walkers = {name: (profiles or {}).get(name, profile) for name in names}
    parts = []
    for walker in dict.fromkeys([profile, *walkers.values()]):
        own = tuple(name for name in names if walkers[name] == walker)
        options = (known, max_attach_m, min_component_m)
        parts.append(_walks_of_one(network, facilities, demand, walker, own, *options))
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
        minutes=np.hstack([part.minutes for part in parts])[:, column],
        border_m=np.hstack([part.border_m for part in parts])[:, column],
        facility_id=np.hstack([part.facility_id for part in parts])[:, column],
        parts=tuple(parts),
    )


def _walks_of_one(
    network: WalkNetwork,
    facilities: gpd.GeoDataFrame,
    demand: gpd.GeoDataFrame,
    profile: str,
    names: tuple[str, ...],
    known: Mapping[str, shapely.Geometry] | None,
    max_attach_m: float,
    min_component_m: float,
) -> Minutes:
    """The walks of one profile to some services."""
    walker = profile_named(profile)
    entrances = attach_facilities(network, facilities, max_attach_m, min_component_m, profile)
    x, y = places_xy(network, demand)
    closed = Effort(network, walker).closed
    places = attach(network, x, y, max_attach_m, min_component_m, closed)
    search = NearestSearch(network, entrances.attachment, walker)
    starts = search.graph.starts(places)
    shape = (len(demand), len(names))
    metres, straight, border = (np.full(shape, np.inf) for _ in range(3))
    nearest = np.full(shape, "", dtype=object)
    ids = facilities["facility_id"].to_numpy(dtype=object)
    service_of = facilities["service"].to_numpy(dtype=object)
    inside = in_squares(network, places)
    edge_m = border_m(network.extent, x, y)
    for column, name in enumerate(names):
        chosen = np.flatnonzero((service_of[entrances.row] == name) & entrances.attachment.found)
        metres[:, column], entrance = search.nearest(places, starts, chosen, inside)
        reached = entrance >= 0
        nearest[reached, column] = ids[entrances.row[entrance[reached]]]
        straight[:, column] = straight_to_nearest(network, entrances, chosen, x, y)
        border[:, column] = np.minimum(edge_m, border_m((known or {}).get(name), x, y))
    return Minutes(
        demand_id=demand["demand_id"].to_numpy(dtype=object),
        services=names,
        profile=profile,
        metres=metres,
        straight_m=straight,
        minutes=metres / walker.m_per_min,
        border_m=border,
        facility_id=nearest,
        attachment=places,
        entrances=entrances,
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
    geometry = in_network_crs(network, table).geometry
    return geometry.x.to_numpy(), geometry.y.to_numpy()


def in_network_crs(network: WalkNetwork, table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """`table` in the network's crs; on paper neither may have one."""
    crs: CRS | None = table.crs
    if (crs is None) != (network.crs is None):
        raise UsageError("the network and the table must both have a CRS, or neither")
    return table if crs is None else table.to_crs(network.crs)


class NearestSearch:
    """One matrix for all services: the network's graph and a node for each entrance."""

    def __init__(
        self, network: WalkNetwork, entrances: Attachment, profile: Profile | None = None
    ) -> None:
        self.network, self.entrances = network, entrances
        self.graph = WalkGraph(network, profile or profile_named("standard"))
        self.effort = self.graph.effort
        goals = self.graph.goals(entrances)
        # Searched from the facilities, so every arc is turned round.
        arcs = self.graph.arcs
        turned = Arcs(arcs.head, arcs.tail, arcs.metres)
        turned += Arcs(self.graph.size + goals.place, goals.node, goals.metres)
        self.matrix = sparse_matrix(turned, self.graph.size + len(entrances.edge))

    def at_nodes(self, chosen: Ints) -> tuple[Floats, Ints]:
        """Metres from every graph node to the nearest of the chosen entrances, and which one."""
        metres, _, source = dijkstra(
            self.matrix,
            indices=self.graph.size + chosen,
            min_only=True,
            return_predecessors=True,
        )
        return metres, source.astype(np.int64) - self.graph.size

    def nearest(
        self, places: Attachment, starts: Links, chosen: Ints, inside: InSquares | None = None
    ) -> tuple[Floats, Ints]:
        """Metres from every place to the nearest of the chosen entrances, and which one (-1).

        `inside` is where the places lie in squares, if the caller knows it already.
        """
        metres = np.full(len(places.edge), np.inf)
        entrance = np.full(len(places.edge), -1, dtype=np.int64)
        if len(chosen) == 0:
            return metres, entrance
        at_node, source = self.at_nodes(chosen)
        place, goal, total = self.on_one_edge(places, chosen)
        seen = self.in_one_square(places, chosen, inside)
        place = np.concatenate([starts.place, place, seen.start])
        total = np.concatenate([starts.metres + at_node[starts.node], total, seen.metres])
        goal = np.concatenate([source[starts.node], goal, seen.end])
        order = np.lexsort((goal, total, place))
        first = np.diff(place[order], prepend=-1) != 0
        best = order[first][np.isfinite(total[order[first]])]
        metres[place[best]], entrance[place[best]] = total[best], goal[best]
        return metres, entrance

    def in_one_square(
        self, places: Attachment, chosen: Ints, inside: InSquares | None = None
    ) -> Sight:
        """Straight walks between places and entrances that see each other in a square."""
        goals = self._entrances_in_squares
        inside = in_squares(self.network, places) if inside is None else inside
        goals = goals.of(np.isin(goals.place, chosen))
        return sight_of_places(self.network, inside, goals)

    @cached_property
    def _entrances_in_squares(self) -> InSquares:
        return in_squares(self.network, self.entrances)

    def on_one_edge(self, places: Attachment, chosen: Ints) -> tuple[Ints, Ints, Floats]:
        """Walks along the one edge that both a place and an entrance attach to."""
        goals = chosen[np.argsort(self.entrances.edge[chosen], kind="stable")]
        place, index = pairs_on_one_edge(places.edge, self.entrances.edge[goals])
        goal, edge = goals[index], places.edge[place]
        along = self.entrances.offset_m[goal] - places.offset_m[place]
        forbidden = np.where(
            along > 0,
            self.network.has(Flag.NO_FORWARD)[edge],
            self.network.has(Flag.NO_BACKWARD)[edge] & (along < 0),
        )
        forbidden |= self.effort.closed[edge] & (along != 0)
        away, back = self.effort.at(edge, places.offset_m[place])
        goal_away, goal_back = self.effort.at(edge, self.entrances.offset_m[goal])
        walked = np.where(along > 0, goal_away - away, back - goal_back)
        metres = walked + self.entrances.leg_m[goal] + places.leg_m[place]
        return place[~forbidden], goal[~forbidden], metres[~forbidden]


def pairs_on_one_edge(edge: Ints, sorted_edges: Ints) -> tuple[Ints, Ints]:
    """All pairs (i, j) with edge[i] == sorted_edges[j]; an edge of -1 pairs with nothing."""
    low = np.searchsorted(sorted_edges, edge, side="left")
    count = np.searchsorted(sorted_edges, edge, side="right") - low
    count[edge < 0] = 0
    first = np.repeat(np.arange(len(edge)), count)
    step = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    return first, np.repeat(low, count) + step


def straight_to_nearest(
    network: WalkNetwork, entrances: Entrances, chosen: Ints, x: Floats, y: Floats
) -> Floats:
    """Straight metres to the nearest attached entrance."""
    if len(chosen) == 0:
        return np.full(len(x), np.inf)
    own_x, own_y = entrances.x[chosen], entrances.y[chosen]
    nearest = KDTree(np.column_stack([own_x, own_y])).query(np.column_stack([x, y]))[1]
    return straight_m(network, x, y, own_x[nearest], own_y[nearest])


def border_m(ground: shapely.Geometry | None, x: Floats, y: Floats) -> Floats:
    """Metres from places inside the known ground to its edge; 0 outside, inf without an edge."""
    if ground is None:
        return np.full(len(x), np.inf)
    shapely.prepare(ground)
    inside = shapely.contains_xy(ground, x, y)
    return np.where(inside, shapely.distance(shapely.points(x, y), shapely.boundary(ground)), 0.0)
