"""Nodes and ways of any extract as columns, and where its ways run."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lifecircle.base.geo import Floats
from lifecircle.inputs.osm_columns import Columns, Unusual, read_columns
from lifecircle.inputs.osm_file import is_xml
from lifecircle.inputs.osm_objects import osmium_columns
from lifecircle.network.network import Ints, Mask


def columns_of(
    path: Path, node_keys: Collection[str], way_keys: Collection[str], deleted: frozenset[str]
) -> Columns:
    """The nodes and ways of an extract; what is no plain PBF is read by osmium."""
    if not is_xml(path):
        with suppress(Unusual):
            return read_columns(path, node_keys, way_keys)
    return osmium_columns(path, node_keys, way_keys, deleted)


@dataclass(frozen=True)
class WayPlaces:
    """The vertices of some ways: which way each belongs to, its node, and where that lies."""

    way: Ints
    node: Ints
    lon: Floats
    lat: Floats

    def of(self, chosen: Mask) -> WayPlaces:
        """Some of the vertices."""
        return WayPlaces(self.way[chosen], self.node[chosen], self.lon[chosen], self.lat[chosen])


def places_of(columns: Columns, ways: Ints) -> WayPlaces:
    """Where the nodes of `ways` lie; NaN for those that the extract does not hold."""
    start, count = columns.way_start[ways], np.diff(columns.way_start)[ways]
    step = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    node = columns.refs[np.repeat(start, count) + step]
    known = np.append(columns.node_id, np.iinfo(np.int64).max)
    at = np.searchsorted(columns.node_id, node)
    at[known[at] != node] = len(columns.node_id)
    lon, lat = np.append(columns.lon, np.nan)[at], np.append(columns.lat, np.nan)[at]
    return WayPlaces(np.repeat(ways, count), node, lon, lat)
