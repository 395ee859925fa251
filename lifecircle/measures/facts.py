"""What the target table is computed from: the results of a run, and the lists beside them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from lifecircle.base.geo import Floats
from lifecircle.measures.coverage import Groups
from lifecircle.network.network import Ints, Mask, WalkNetwork
from lifecircle.network.walk import Minutes, in_network_crs
from lifecircle.standards.catalogue import Standard


@dataclass(frozen=True)
class Choices:
    """What a study decides where the policy leaves it open; each is marked as our choice."""

    commerce_limit_m: float | None = None
    locker_m: float = 100.0
    central: tuple[str, ...] = ()
    whole_city: bool = False
    old_before: int = 2000


@dataclass(frozen=True)
class Facts:
    """The tables of a run; `lists` is LISTS, and `declared` the lists that some file brings.

    A list that is declared and empty is an answer (none); one that is not declared is missing.
    """

    network: WalkNetwork
    units: gpd.GeoDataFrame
    facilities: gpd.GeoDataFrame
    demand: gpd.GeoDataFrame
    minutes: Minutes
    standard: Standard
    coverage: pd.DataFrame
    lists: gpd.GeoDataFrame
    declared: frozenset[str]
    choices: Choices
    walk_as: Callable[[str, tuple[str, ...]], Minutes]
    """Walks of another profile to some services."""

    @cached_property
    def groups(self) -> Groups:
        """Units, whole parents and the city, as the coverage table has them."""
        return Groups(self.units, self.minutes)

    @cached_property
    def rural(self) -> Mask:
        """Which units are marked rural."""
        rural: Mask = self.units["rural"].astype("boolean").fillna(False).to_numpy(dtype=bool)
        return rural

    @cached_property
    def unit_of_demand(self) -> Ints:
        """The position of the unit that each demand point lies in."""
        return _positions(self.units["unit_id"], self.demand["unit_id"])

    @cached_property
    def unit_of_facility(self) -> Ints:
        """The position of the unit that each facility stands in, -1 for none."""
        middles = shapely.centroid(
            in_network_crs(self.network, self.facilities).geometry.to_numpy()
        )
        shapes = in_network_crs(self.network, self.units).geometry.to_numpy()
        place, unit = shapely.STRtree(shapes).query(middles, predicate="intersects")
        found = np.full(len(middles), -1, dtype=np.int64)
        order = np.lexsort((-unit, place))
        found[place[order]] = unit[order]
        return found

    def people(self, weight: str) -> Floats | None:
        """The weight of every unit, None where no source carries it."""
        values = self.demand[weight]
        if values.notna().sum() == 0:
            return None
        return self.by_unit(self.unit_of_demand, values.fillna(0).to_numpy(dtype=float))

    def by_unit(self, unit: Ints, values: Floats) -> Floats:
        """Sums of `values` for every unit; those of no unit (-1) are left out."""
        inside = unit >= 0
        return np.bincount(unit[inside], weights=values[inside], minlength=len(self.units)).astype(
            float
        )

    def in_groups(self, of_unit: Floats) -> Floats:
        """Sums over units for every group."""
        return np.array([of_unit[members].sum() for members in self.groups.members])

    def rows_of(self, kind: str) -> gpd.GeoDataFrame:
        """The rows of one list."""
        return self.lists[self.lists["list"] == kind]

    def unit_of_row(self, rows: pd.DataFrame) -> Ints:
        """The position of the unit that list rows name as their street, -1 for none."""
        return _positions(self.units["name"], rows["street"])

    def once_each(self, services: tuple[str, ...]) -> npt.NDArray[np.int64]:
        """Rows of the facilities that offer one of `services`, each facility once."""
        chosen = self.facilities[self.facilities["service"].isin(services)]
        return np.flatnonzero(
            self.facilities.index.isin(chosen.drop_duplicates("facility_id").index)
        )


def _positions(names: pd.Series, of: pd.Series) -> Ints:
    """Where each of `of` first stands among `names`, -1 for nowhere."""
    first = names.drop_duplicates().reset_index()
    found = pd.Index(first[names.name]).get_indexer(of)
    return np.where(found < 0, -1, first["index"].to_numpy()[found]).astype(np.int64)
