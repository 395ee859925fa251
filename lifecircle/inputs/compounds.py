"""Demand from compounds (小区): what each holds, spread evenly over its own ground."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from lifecircle.base.geo import Floats
from lifecircle.base.tables import conform
from lifecircle.inputs.land import SLIVER_M2, Shapes, squares_of
from lifecircle.inputs.pieces import (
    PIECES,
    Ground,
    PeopleAccount,
    Pieces,
    left_out,
    polygons_only,
)
from lifecircle.inputs.reading import Account
from lifecircle.sources import COUNTED_ONCE, CompoundsDemand

NOTHING_IN = 1 - 1e-9
"""A share outside that leaves nothing but rounding inside."""


def compound_pieces(
    source: CompoundsDemand, rows: gpd.GeoDataFrame, ground: Ground, rows_read: int
) -> Pieces:
    """One piece for each grid square, compound and unit, with its share of the compound's weights.

    `rows` holds key, weights and areas in the study's projection.  What lies outside every unit,
    or in a unit but outside the network, is booked in proportion to area.
    """
    shapes = polygons_only(shapely.make_valid(rows.geometry.to_numpy()))
    areas = np.maximum(shapely.area(shapes), SLIVER_M2)
    weights = [name for name in COUNTED_ONCE if name in rows and rows[name].notna().any()]
    squares = _squares(shapes, source.spacing_m, ground)
    own = squares["compound"].to_numpy()
    share = squares["area_m2"].to_numpy() / areas[own]
    pieces = gpd.GeoDataFrame(
        {
            "key": rows["key"].to_numpy(dtype=object)[own] + "-" + squares["key"],
            "unit_id": squares["unit_id"],
            **{name: rows[name].to_numpy()[own] * share for name in weights},
            "extent_share": squares["area_m2"] / squares["whole_m2"],
        },
        geometry=shapely.point_on_surface(squares["shape"].to_numpy()),
        crs=ground.crs,
    )
    outside, cut_off = _shares_out(shapes, areas, ground)
    people = tuple(
        PeopleAccount(
            source.name,
            name,
            read=float(rows[name].sum()),
            in_units=float(pieces[name].sum()),
            outside_units=float((rows[name] * outside).sum()),
            outside_network=float((rows[name] * cut_off).sum()),
        )
        for name in weights
    )
    elsewhere = outside > NOTHING_IN
    beyond = ~elsewhere & ~np.isin(np.arange(len(rows)), own)
    used = int((~elsewhere & ~beyond).sum())
    account = Account(source.name, rows_read, used, rows_read - used)
    problems = left_out(source, int(elsewhere.sum()), int(beyond.sum()))
    return Pieces(source, conform(pieces, PIECES), (account,), people, problems)


def _shares_out(shapes: Shapes, areas: Floats, ground: Ground) -> tuple[Floats, Floats]:
    """The share of each shape outside every unit, and in a unit but outside the network."""
    units = shapely.union_all(ground.units.geometry.to_numpy())
    outside = shapely.area(shapely.difference(shapes, units))
    within = polygons_only(shapely.intersection(shapes, units))
    cut_off = shapely.area(shapely.difference(within, ground.extent))
    return np.asarray(outside / areas), np.asarray(cut_off / areas)


def _squares(shapes: Shapes, spacing_m: float, ground: Ground) -> pd.DataFrame:
    """Every square of every compound in every unit: whole_m2, and its part inside the network.

    Columns compound (position), key, unit_id, whole_m2, area_m2 and shape (the part inside).
    """
    units = ground.units.geometry.to_numpy()
    ids = ground.units["unit_id"].to_numpy(dtype=object)
    compound, unit = shapely.STRtree(units).query(shapes, predicate="intersects")
    parts = polygons_only(shapely.intersection(shapes[compound], units[unit]))
    cut = [squares_of(part, spacing_m) for part in parts]
    counts = [len(keys) for keys, _ in cut]
    unit_ids = np.repeat(ids[unit], counts)
    keys = np.array([key for keys, _ in cut for key in keys], dtype=object)
    whole = np.concatenate([np.empty(0, dtype=object), *(pieces for _, pieces in cut)])
    inside = polygons_only(shapely.intersection(whole, ground.extent))
    table = pd.DataFrame(
        {
            "compound": np.repeat(compound, counts),
            "key": keys + "-" + unit_ids,
            "unit_id": unit_ids,
            "whole_m2": shapely.area(whole),
            "area_m2": shapely.area(inside),
            "shape": inside,
        }
    )
    return table[table["area_m2"] > SLIVER_M2].reset_index(drop=True)
