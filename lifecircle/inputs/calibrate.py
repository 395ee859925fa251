"""A population raster brought to the totals of a census, unit by unit.

The raster tells where in a unit people live, the census how many they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from lifecircle.base.geo import Floats
from lifecircle.base.problems import Problem
from lifecircle.inputs.census_spread import stand_ins
from lifecircle.inputs.pieces import Ground, PeopleAccount
from lifecircle.sources import COUNTED_ONCE, RasterDemand

Positions = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Cuts:
    """Shares of cells in units: positions of unit and cell, and the share of the cell's people."""

    unit: Positions
    cell: Positions
    share: Floats

    def by_unit(self, values: Floats, units: int) -> Floats:
        """The sum of a band's `values` over the cells of every unit; no data counts nothing."""
        own = np.nan_to_num(values)[self.cell] * self.share
        return np.asarray(np.bincount(self.unit, weights=own, minlength=units), dtype=float)


@dataclass(frozen=True)
class Calibrated:
    """People of each cut inside the network by weight, and of units without any cell."""

    amounts: dict[str, Floats]
    stand_ins: gpd.GeoDataFrame
    accounts: tuple[PeopleAccount, ...]
    problems: tuple[Problem, ...]


@dataclass(frozen=True)
class _Weight:
    """One weight: the total of each unit, and the band whose pattern it takes there."""

    totals: Floats
    pattern: Floats
    """Sum over the unit of the band it follows; 0 where no band has anything there."""
    inside: Floats
    """The part of `pattern` inside the network."""
    amounts: Floats

    @property
    def without_cells(self) -> npt.NDArray[np.bool_]:
        """Units with a total that no cell can take."""
        return np.asarray((self.totals > 0) & ~(self.pattern > 0), dtype=bool)


def calibrated(
    people: Mapping[str, Floats],
    whole: Cuts,
    inside: Cuts,
    census: pd.DataFrame,
    ground: Ground,
    source: RasterDemand,
) -> Calibrated:
    """Every unit's census totals shared out in proportion to the raster's own people.

    `people` holds the cells of each band; `whole` cuts them by unit, `inside` by unit and
    network; `census` is unit_id and totals.  A weight with a column follows its own band, where
    it has none or the band is empty in a unit that of the residents.  A band without a column
    keeps its proportion to the residents.  A total that is not known leaves the weight of its
    unit unknown.  Totals of a unit without people in any cell go to one point on its surface, in
    proportion to its area inside the network, and are listed.
    """
    ids = ground.units["unit_id"]
    table = census.set_index("unit_id").reindex(ids)[list(COUNTED_ONCE)].astype(float)
    columns = {name: table[name].to_numpy() for name in COUNTED_ONCE if table[name].notna().any()}
    sums = {name: whole.by_unit(values, len(ids)) for name, values in people.items()}
    totals = columns | {
        name: _in_proportion(sums, columns, name) for name in people if name not in columns
    }
    weights = {name: _weight(own, name, people, whole, inside) for name, own in totals.items()}
    shares: Floats = np.asarray(ground.extent_shares, dtype=float)
    lost = pd.DataFrame(
        {name: np.where(one.without_cells, one.totals * shares, np.nan)
         for name, one in weights.items()},
        index=pd.Index(ids.to_numpy(), name="unit_id"),
    )  # fmt: skip
    lost = lost[lost.gt(0).any(axis=1)]
    name_of = {name: source.census.name for name in columns if source.census}
    accounts = (
        _account(name_of.get(name, source.name), name, one, shares) for name, one in weights.items()
    )
    stood_in = (
        Problem("census_without_cells", "repaired", source.name, value=unit) for unit in lost.index
    )
    return Calibrated(
        {name: one.amounts for name, one in weights.items()},
        stand_ins(lost, ground),
        tuple(accounts),
        (*_said_of(columns, sums, ids, source), *stood_in),
    )


def _in_proportion(sums: Mapping[str, Floats], columns: Mapping[str, Floats], name: str) -> Floats:
    """Totals of a band that no column tells: as the raster has it, changed as the residents are."""
    if "residents" not in columns or "residents" not in sums:
        return sums[name]
    with np.errstate(divide="ignore", invalid="ignore"):
        factor = columns["residents"] / sums["residents"]
    return np.where(sums["residents"] > 0, sums[name] * factor, np.nan)


def _weight(
    totals: Floats, name: str, people: Mapping[str, Floats], whole: Cuts, inside: Cuts
) -> _Weight:
    amounts = np.full(len(inside.unit), np.nan)
    pattern, part = np.zeros(len(totals)), np.zeros(len(totals))
    spare = "residents" if "residents" in people else next(iter(people))
    for band in dict.fromkeys(one for one in (name, spare) if one in people):
        sums = whole.by_unit(people[band], len(totals))
        chosen = (pattern == 0) & (sums > 0)
        pattern = np.where(chosen, sums, pattern)
        part = np.where(chosen, inside.by_unit(people[band], len(totals)), part)
        factor = np.divide(totals, sums, out=np.full(len(totals), np.nan), where=chosen)
        own = np.nan_to_num(people[band])[inside.cell] * inside.share * factor[inside.unit]
        amounts = np.where(chosen[inside.unit], own, amounts)
    return _Weight(totals, pattern, part, amounts)


def _account(source: str, name: str, weight: _Weight, shares: Floats) -> PeopleAccount:
    """Where the totals went; those without a cell by the share of the unit's area."""
    share = np.divide(weight.inside, weight.pattern, out=shares.copy(), where=weight.pattern > 0)
    totals = np.nan_to_num(weight.totals)
    stood_in = np.where(weight.without_cells, totals * shares, 0.0)
    return PeopleAccount(
        source,
        name,
        read=float(totals.sum()),
        in_units=float(np.nansum(weight.amounts) + stood_in.sum()),
        outside_units=0.0,
        outside_network=float((totals * (1 - share)).sum()),
    )


def _said_of(
    columns: Mapping[str, Floats], sums: Mapping[str, Floats], ids: pd.Series, source: RasterDemand
) -> list[Problem]:
    """How far the raster was from the census, for every weight that both have."""
    notes = []
    for name in sorted(columns.keys() & sums.keys()):
        both = np.isfinite(columns[name]) & (sums[name] > 0)
        if not both.any():
            continue
        census, raster = columns[name][both], sums[name][both]
        factor = pd.Series(census / raster, index=ids[both].to_numpy())
        details = {
            "units": len(factor),
            "raster": f"{raster.sum():,.0f}", "census": f"{census.sum():,.0f}",
            "low": f"{factor.min():.2f}", "low_unit": factor.idxmin(),
            "high": f"{factor.max():.2f}", "high_unit": factor.idxmax(),
        }  # fmt: skip
        notes.append(
            Problem("raster_calibrated", "noted", source.name, column=name, details=details)
        )
    return notes
