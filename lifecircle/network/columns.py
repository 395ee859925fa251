"""Walks of many places to many services, as they are put together: a column for each service."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import cached_property
from typing import Any, Protocol

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely
from scipy.spatial import KDTree

from lifecircle.base.cores import both
from lifecircle.base.geo import Floats
from lifecircle.network.attach import Attachment, metres_between, on_the_ground
from lifecircle.network.crossing import in_squares
from lifecircle.network.network import Ints, WalkNetwork
from lifecircle.network.search import Entrances, NearestSearch

OVER_STREETS = ("metres", "facility_id")
BESIDE_STREETS = ("straight_m", "border_m")
"""What does not depend on where a place attaches."""


class Walked(Protocol):
    """Walks to some services: Minutes, and columns themselves."""

    @property
    def services(self) -> tuple[str, ...]:
        """The columns, in their order."""


class Columns:
    """The matrices of Minutes, a column lying in one piece: each is written and read by itself."""

    def __init__(self, count: int, services: Sequence[str]) -> None:
        shape = (count, len(services))
        self.services = tuple(services)
        self.metres, self.straight_m, self.border_m = (
            np.full(shape, np.inf, order="F") for _ in range(3)
        )
        self.facility_id: npt.NDArray[np.object_] = np.full(shape, "", dtype=object, order="F")

    def take_over(self, names: Collection[str], old: Walked, kept: Ints) -> None:
        """Matrices of `old` for services it has, in the rows of which `kept` says where it was.

        A row of -1 is left as it is.
        """
        there = np.flatnonzero(kept >= 0)
        of = kept[there]
        for column, service in enumerate(self.services):
            if service in old.services:
                at = old.services.index(service)
                for name in names:
                    getattr(self, name)[there, column] = getattr(old, name)[of, at]


class Walks:
    """Walks to the entrances of `search`, which are those of a table of facilities."""

    def __init__(
        self,
        search: NearestSearch,
        entrances: Entrances,
        facilities: gpd.GeoDataFrame,
        known: Mapping[str, shapely.Geometry] | None,
    ) -> None:
        self.search, self.entrances, self.known = search, entrances, known or {}
        ids = facilities["facility_id"].to_numpy(dtype=object)[entrances.row]
        # What reaches nothing (-1) reaches the last one, which has no name.
        self.ids = np.append(ids, "")
        self.service_of = facilities["service"].to_numpy(dtype=object)[entrances.row]

    @property
    def network(self) -> WalkNetwork:
        """The streets that are walked."""
        return self.search.network

    def chosen(self, service: str) -> Ints:
        """The attached entrances where a service is offered."""
        return np.flatnonzero((self.service_of == service) & self.entrances.attachment.found)

    def fill(
        self, columns: Columns, places: Attachment, rows: Ints, services: Sequence[str]
    ) -> None:
        """All matrices for `places`, which are `rows` of the columns, and some services."""

        def beside_streets() -> None:
            self.by_air(columns, places, rows, services)
            self.to_the_border(columns, places, rows, services)

        both(beside_streets, lambda: self.over_streets(columns, places, rows, services))

    def over_streets(
        self, columns: Columns, places: Attachment, rows: Ints, services: Sequence[str]
    ) -> None:
        """Metres of the walk, and whose facility it leads to."""
        if len(rows) == 0 or not services:
            return
        inside = in_squares(self.network, places)
        starts = self.search.graph.starts(places, inside)
        for name in services:
            column = columns.services.index(name)
            metres, entrance = self.search.nearest(places, starts, self.chosen(name), inside)
            columns.metres[rows, column] = metres
            columns.facility_id[rows, column] = self.ids[entrance]

    def by_air(
        self, columns: Columns, places: Attachment, rows: Ints, services: Sequence[str]
    ) -> None:
        """Straight metres to the nearest attached entrance."""
        if len(rows) == 0 or not services:
            return
        x, y = places.own
        here, at = on_the_ground(self.network, x, y), np.column_stack([x, y])
        for name in services:
            chosen, column = self.chosen(name), columns.services.index(name)
            columns.straight_m[rows, column] = np.inf
            if len(chosen):
                nearest = chosen[KDTree(self._entrances_xy[chosen]).query(at, workers=-1)[1]]
                there = (self._there[0][nearest], self._there[1][nearest])
                columns.straight_m[rows, column] = metres_between(self.network, here, there)

    @cached_property
    def _entrances_xy(self) -> Floats:
        return np.column_stack([self.entrances.x, self.entrances.y])

    @cached_property
    def _there(self) -> tuple[Floats, Floats]:
        return on_the_ground(self.network, self.entrances.x, self.entrances.y)

    def to_the_border(
        self, columns: Columns, places: Attachment, rows: Ints, services: Sequence[str]
    ) -> None:
        """Metres to the edge of the ground that streets and facilities are known for."""
        if len(rows) == 0 or not services:
            return
        x, y = places.own
        edge_m = border_m(self.network.extent, x, y)
        of_ground: dict[Any, Floats] = {}
        for name in services:
            ground = self.known.get(name)
            if ground not in of_ground:
                of_ground[ground] = np.minimum(edge_m, border_m(ground, x, y))
            columns.border_m[rows, columns.services.index(name)] = of_ground[ground]


def border_m(ground: shapely.Geometry | None, x: Floats, y: Floats) -> Floats:
    """Metres from places inside the known ground to its edge; 0 outside, inf without an edge."""
    if ground is None:
        return np.full(len(x), np.inf)
    shapely.prepare(ground)
    inside = shapely.contains_xy(ground, x, y)
    return np.where(inside, shapely.distance(shapely.points(x, y), shapely.boundary(ground)), 0.0)
