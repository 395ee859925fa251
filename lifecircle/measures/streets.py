"""Metres of walkable street as a ground of coverage, cut exactly where the limit falls.

All walkable ways count, private ones too, clipped to the unit; of each the part within the limit,
the facility's access leg included.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from threading import Lock

import geopandas as gpd
import numpy as np
import shapely

from lifecircle.base.tables import STREETS
from lifecircle.measures.grounds import Sums
from lifecircle.measures.questions import Question
from lifecircle.measures.stretches import Ruler, Stretches, stretches
from lifecircle.network.network import Ints, WalkNetwork
from lifecircle.network.profiles import profile_named
from lifecircle.network.reach import reached_streets
from lifecircle.network.search import NearestSearch
from lifecircle.network.walk import Minutes, in_network_crs

CIRCLE_SEGMENTS = 64
"""Of a quarter circle: a drawn radius is short by less than 0.01 %."""


@dataclass(frozen=True)
class StreetReach:
    """Of the streets in the units: covered, too near the edge to know, covered by air."""

    covered: Stretches
    unknown: Stretches
    straight: Stretches


class Streets:
    """The streets of the units as a ground.

    `facilities` is the table that `minutes` walked to; `known` limits, for a service, the ground
    that its facilities are complete for, in the network's crs.  Only what lies in the network's
    extent counts.  A street on the border of two units belongs to the one that comes first.
    """

    def __init__(
        self,
        network: WalkNetwork,
        facilities: gpd.GeoDataFrame,
        minutes: Minutes,
        units: gpd.GeoDataFrame,
        known: Mapping[str, shapely.Geometry] | None = None,
    ) -> None:
        self.network, self.minutes, self.known = network, minutes, known or {}
        # Services are looked at side by side, and share what one of them has found.
        self.lock = Lock()
        self.searches: dict[str, NearestSearch] = {}
        self.service = facilities["service"].to_numpy(dtype=object)[minutes.entrances.row]
        self.ruler = Ruler(network)
        self.inner: dict[tuple[bytes, float], Stretches] = {}
        shapes = in_network_crs(network, units).geometry.to_numpy()
        self.of_unit = self._of_units(shapes)
        self.everything = _joined(self.of_unit)
        sizes = [len(own.low) for own in self.of_unit]
        self.first = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        self.low, self.high = (
            np.concatenate([np.empty(0), *(getattr(own, end) for own in self.of_unit)])
            for end in ("low", "high")
        )

    def _of_units(self, shapes: np.ndarray) -> list[Stretches]:
        found: list[Stretches] = []
        tree = shapely.STRtree(shapes)
        for number, shape in enumerate(shapes):
            met = np.sort(tree.query(shape, predicate="intersects"))
            if self.network.extent is not None:
                shape = shapely.intersection(shape, self.network.extent)
            taken = _joined([found[other] for other in met[met < number]])
            found.append(self.ruler.inside(shape) - taken)
        return found

    def denominators(self, group: str | None, chosen: Sequence[str] | None) -> list[str]:
        """Street length, unless the study chose others."""
        return [STREETS] if chosen is None or STREETS in chosen else []

    def reach(self, question: Question) -> StreetReach:
        """Each unit's streets by the limit that holds there."""
        limits = list(zip(question.limit_m.tolist(), question.by_radius.tolist(), strict=True))
        parts = []
        for limit in sorted(set(limits)):
            reach = self._within(question.members, *limit)
            own = _joined([self.of_unit[n] for n, one in enumerate(limits) if one == limit])
            parts.append(
                StreetReach(reach.covered & own, reach.unknown & own, reach.straight & own)
            )
        return StreetReach(
            _joined([part.covered for part in parts]),
            _joined([part.unknown for part in parts]),
            _joined([part.straight for part in parts]),
        )

    def _within(self, members: Sequence[str], limit_m: float, by_radius: bool) -> StreetReach:
        chosen = np.flatnonzero(
            np.isin(self.service, members) & self.minutes.entrances.attachment.found
        )
        straight = self._by_air(chosen, limit_m)
        covered = straight if by_radius else self._walked(members[0], chosen, limit_m)
        return StreetReach(covered, self._near_edge(members, limit_m) - covered, straight)

    def _walked(self, member: str, chosen: Ints, limit_m: float) -> Stretches:
        """The walks of whoever walks to a member, and so to all of them."""
        search = self._search(self.minutes.of(member)).until(limit_m)
        chosen = chosen[search.entrances.found[chosen]]
        reached = reached_streets(self.network, search, chosen, limit_m)
        return self.ruler.on_edges(reached.edge, reached.from_m, reached.to_m)

    def _search(self, walks: Minutes) -> NearestSearch:
        with self.lock:
            if walks.profile not in self.searches:
                entrances = walks.entrances.attachment
                walker = profile_named(walks.profile)
                self.searches[walks.profile] = NearestSearch(self.network, entrances, walker)
        return self.searches[walks.profile]

    def _by_air(self, chosen: Ints, limit_m: float) -> Stretches:
        entrances = self.minutes.entrances
        places = np.column_stack([entrances.x[chosen], entrances.y[chosen]])
        return self.ruler.within(places, limit_m)

    def _near_edge(self, members: Sequence[str], limit_m: float) -> Stretches:
        """Streets nearer than the limit to where the streets or a member's facilities end."""
        grounds = [self.known[member] for member in members if member in self.known]
        if self.network.extent is not None:
            grounds.append(self.network.extent)
        safe = self.everything
        for ground in grounds:
            safe = safe & self._well_inside(ground, limit_m)
        return self.everything - safe

    def _well_inside(self, ground: shapely.Geometry, limit_m: float) -> Stretches:
        """Streets farther than the limit inside some ground; the same for many services."""
        key = (shapely.to_wkb(ground), limit_m)
        with self.lock:
            if key not in self.inner:
                inner = shapely.buffer(ground, -limit_m, quad_segs=CIRCLE_SEGMENTS)
                self.inner[key] = self.ruler.inside(inner)
        return self.inner[key]

    def all_of(self, reached: Sequence[StreetReach]) -> StreetReach:
        """Possible is what every part may cover; unknown is what is possible and not covered."""
        covered, straight = reached[0].covered, reached[0].straight
        possible = reached[0].covered | reached[0].unknown
        for one in reached[1:]:
            covered, straight = covered & one.covered, straight & one.straight
            possible = possible & (one.covered | one.unknown)
        return StreetReach(covered, possible - covered, straight)

    def sums(self, reached: StreetReach, denominator: str) -> Sums:
        """Metres of street in every unit."""
        assert denominator == STREETS
        return {
            "total": np.array([_length(own) for own in self.of_unit]),
            "covered": self._in_units(reached.covered),
            "unknown": self._in_units(reached.unknown),
            "unattached": np.zeros(len(self.of_unit)),
            "straight": self._in_units(reached.straight),
        }

    def _in_units(self, part: Stretches) -> np.ndarray:
        metres = part.metres_before(self.high) - part.metres_before(self.low)
        return np.array([own.sum() for own in np.split(metres, self.first[1:-1])])


def _joined(parts: Sequence[Stretches]) -> Stretches:
    empty = np.empty(0)
    low = np.concatenate([empty, *(part.low for part in parts)])
    high = np.concatenate([empty, *(part.high for part in parts)])
    return stretches(low, high)


def _length(part: Stretches) -> float:
    return float((part.high - part.low).sum())
