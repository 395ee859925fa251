"""Nodes and ways of any extract, object by object: OSM XML, and PBF out of the ordinary."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any, cast

import numpy as np
import osmium

from lifecircle.inputs.osm_columns import Columns, Tags


def osmium_columns(
    path: Path, node_keys: Collection[str], way_keys: Collection[str], deleted: frozenset[str]
) -> Columns:
    """What `read_columns` gives, of any file that osmium reads, without objects `deleted`.

    Nodes with negative ids, which editors give to what they have not yet saved, count as others.
    """
    nodes: list[tuple[int, float, float]] = []
    node_tags: dict[int, Tags] = {}
    way_id: list[int] = []
    tagged: list[bool] = []
    patterns: dict[tuple[tuple[str, str], ...], int] = {}
    pattern: list[int] = []
    start: list[int] = [0]
    refs: list[int] = []
    entities = osmium.osm.NODE | osmium.osm.WAY
    for item in cast(Iterable[Any], osmium.FileProcessor(path, entities)):
        gone = not item.visible or f"{item.type_str()}{item.id}" in deleted
        if item.is_node():
            if item.location.valid() and (item.visible or item.id > 0):
                nodes.append((item.id, item.lon, item.lat))
            tags = {} if gone else dict(item.tags)
            if not tags.keys().isdisjoint(node_keys):
                node_tags[item.id] = tags
        elif not gone:
            tags = dict(item.tags)
            own = tuple((key, value) for key, value in tags.items() if key in way_keys)
            pattern.append(patterns.setdefault(own, len(patterns)))
            way_id.append(item.id)
            tagged.append(bool(tags))
            refs.extend(node.ref for node in item.nodes)
            start.append(len(refs))
    numbers = np.array([node for node, *_ in nodes], dtype=np.int64)
    order = np.argsort(numbers, kind="stable")
    places = np.array([place for _, *place in nodes], dtype=float).reshape(-1, 2)[order]
    return Columns(
        node_id=numbers[order],
        lon=places[:, 0].copy(),
        lat=places[:, 1].copy(),
        node_tags=node_tags,
        way_id=np.array(way_id, dtype=np.int64),
        way_tagged=np.array(tagged, dtype=bool),
        way_tags=np.array(pattern, dtype=np.int64),
        patterns=[dict(own) for own in patterns],
        way_start=np.array(start, dtype=np.int64),
        refs=np.array(refs, dtype=np.int64),
    )
