"""Supply against demand: how much of a capacity each place can count on, by floating catchments.

A covered resident is not served when forty people share a bed.  The two-step floating catchment
area (2SFCA, Luo & Wang 2003) first divides every capacity by the people who can walk to it, then
adds up, for every place, what it can walk to:

    R_j = S_j / Σ_i P_i w(d_ij)          A_i = Σ_j R_j w(d_ij)

with S_j the capacity (beds, places, m²), P_i the people of the group served, d_ij the walk in
metres, and w the weight of a walk: 0 beyond the limit.  Σ P_i A_i = Σ S_j over all capacities that
anyone can walk to: nothing is made up and nothing is lost.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
from scipy.spatial import KDTree

from lifecircle.base.geo import Floats
from lifecircle.base.problems import UsageError
from lifecircle.measures.grounds import TOLERANCE_M
from lifecircle.network.attach import Attachment
from lifecircle.network.graph import Links
from lifecircle.network.network import Ints, WalkNetwork
from lifecircle.network.profiles import profile_named
from lifecircle.network.search import NearestSearch
from lifecircle.network.walk import Minutes

Weight = Callable[[Floats], Floats]

ZONE_WEIGHTS = (1.0, 0.68, 0.22)
"""Of the three zones of E2SFCA, from the inside (Luo & Qi 2009, the slower decay; from memory)."""


DOWNHILL = 1.25
"""No walk counts for less than its straight line by more than this, however steep the way down."""


@dataclass(frozen=True)
class Pairs:
    """Walks of n places to m facilities within a limit: place, facility, and the metres."""

    place: Ints
    facility: Ints
    metres: Floats
    places: int
    facilities: int


@dataclass(frozen=True)
class Supply:
    """What n places can count on, and what of m capacities nobody can walk to.

    `access` is capacity for each person of the group; `unreached` marks capacities that no one of
    the group can walk to.
    """

    access: Floats
    unreached: Ints


def binary_weight(limit_m: float) -> Weight:
    """2SFCA (Luo & Wang 2003): all walks within the limit count alike."""
    return lambda metres: (metres <= limit_m + TOLERANCE_M).astype(float)


def zone_weight(limit_m: float) -> Weight:
    """E2SFCA (Luo & Qi 2009): 1, 0.68 and 0.22 in the thirds of the limit."""

    def weight(metres: Floats) -> Floats:
        zone = np.ceil((metres - TOLERANCE_M) / (limit_m / len(ZONE_WEIGHTS))) - 1
        of_zone = np.array([*ZONE_WEIGHTS, 0.0])
        found: Floats = of_zone[np.clip(zone, 0, len(ZONE_WEIGHTS)).astype(int)]
        return found

    return weight


def gaussian_weight(limit_m: float) -> Weight:
    """Gaussian 2SFCA (Dai 2010), with d0 the limit:

    w(d) = (exp(−½ (d/d0)²) − exp(−½)) / (1 − exp(−½)) for d ≤ d0, and 0 beyond: 1 at the door,
    falling smoothly to 0 at the limit.
    """

    def weight(metres: Floats) -> Floats:
        least = np.exp(-0.5)
        bell = (np.exp(-0.5 * (metres / limit_m) ** 2) - least) / (1 - least)
        return np.where(metres <= limit_m, np.maximum(bell, 0.0), 0.0)

    return weight


METHODS: Mapping[str, Callable[[float], Weight]] = {
    "2sfca": binary_weight,
    "e2sfca": zone_weight,
    "gaussian": gaussian_weight,
}
"""The family, by the names that tables show."""


def floating_catchment(pairs: Pairs, capacity: Floats, people: Floats, weight: Weight) -> Supply:
    """The two steps over `pairs`, for `capacity` of each facility and `people` of each place.

    A capacity that is not known (NaN) counts as none, and people who are not known as nobody.
    """
    if len(capacity) != pairs.facilities or len(people) != pairs.places:
        raise UsageError("one capacity for each facility and one number of people for each place")
    known, some = np.nan_to_num(capacity), np.nan_to_num(people)
    of_pair = weight(pairs.metres)
    asked = _sums(pairs.facility, some[pairs.place] * of_pair, pairs.facilities)
    share = np.divide(known, asked, out=np.zeros_like(asked), where=asked > 0)
    access = _sums(pairs.place, share[pairs.facility] * of_pair, pairs.places)
    return Supply(access, np.flatnonzero((asked == 0) & (known > 0)))


def _sums(index: Ints, values: Floats, size: int) -> Floats:
    return np.bincount(index, weights=values, minlength=size).astype(float)


def walks_within(
    network: WalkNetwork,
    minutes: Minutes,
    facilities: gpd.GeoDataFrame,
    rows: Ints,
    limit_m: float,
) -> Pairs:
    """Every walk of at most `limit_m` from the demand of `minutes` to the facilities at `rows`.

    `facilities` are those that `minutes` was walked to.  One bounded search a facility, so memory
    follows the limit; facilities are numbered as in `rows`.  All walk as people do to the service
    of the first of them.
    """
    if len(rows):
        minutes = minutes.of(facilities["service"].iloc[rows[0]])
    entrances, places = minutes.entrances, minutes.attachment
    profile = profile_named(minutes.profile)
    search = NearestSearch(network, entrances.attachment, profile).until(limit_m)
    starts = search.graph.starts(places)
    near = _Near(places, starts)
    found: list[tuple[Ints, Ints, Floats]] = []
    for number, row in enumerate(rows):
        own = np.flatnonzero((entrances.row == row) & entrances.attachment.found)
        chosen, some, links = near.around(entrances.attachment, own, DOWNHILL * limit_m + 1)
        metres, _ = search.nearest(some, links, own)
        within = np.flatnonzero(metres <= limit_m + TOLERANCE_M)
        found.append((chosen[within], np.full(len(within), number), metres[within]))
    empty = (np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64), np.zeros(0))
    place, facility, metres = (np.concatenate(part) for part in zip(empty, *found, strict=True))
    return Pairs(place, facility, metres, len(places.edge), len(rows))


class _Near:
    """The places round some entrances, so that each search handles its own surroundings alone."""

    def __init__(self, places: Attachment, starts: Links) -> None:
        self.places = places
        self.attached = np.flatnonzero(places.found)
        at = np.column_stack([places.x[self.attached], places.y[self.attached]])
        self.tree = KDTree(at.reshape(-1, 2))
        order = np.argsort(starts.place, kind="stable")
        self.links = Links(starts.place[order], starts.node[order], starts.metres[order])
        self.first = np.searchsorted(self.links.place, np.arange(len(places.edge) + 1))

    def around(
        self, entrances: Attachment, own: Ints, radius_m: float
    ) -> tuple[Ints, Attachment, Links]:
        """Places within a radius of the entrances `own`, as places and links of their own."""
        at = np.column_stack([entrances.x[own], entrances.y[own]]).reshape(-1, 2)
        balls = self.tree.query_ball_point(at, radius_m)
        chosen = self.attached[np.unique(np.concatenate([np.zeros(0), *balls]).astype(np.int64))]
        columns = {name: values[chosen] for name, values in vars(self.places).items()}
        count = self.first[chosen + 1] - self.first[chosen]
        step = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
        index = np.repeat(self.first[chosen], count) + step
        links = Links(
            np.repeat(np.arange(len(chosen)), count),
            self.links.node[index],
            self.links.metres[index],
        )
        return chosen, Attachment(**columns), links
