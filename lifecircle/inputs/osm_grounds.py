"""Squares, and what a walk may not cross: the areas and lines that a network needs, in one pass."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import osmium
import shapely

from lifecircle.inputs.osm_places import BARRIER_KEYS, is_water, line_barrier, polygon_of
from lifecircle.network.rules import Policy, decide_way, is_square
from lifecircle.network.ways import Square

SQUARE_KEYS = ("highway", "railway", "public_transport")


@dataclass(frozen=True)
class Grounds:
    """What lies between the streets, each in the order of its ids.

    `squares` are walked areas that are crossed freely, as rings of nodes; `barriers` are shapes in
    degrees that no leg crosses.
    """

    squares: tuple[Square, ...]
    barriers: npt.NDArray[np.object_]


def read_grounds(path: Path, policy: Policy, deleted: frozenset[str]) -> Grounds:
    """The squares and barriers of an extract, without objects `deleted`."""
    squares: list[Square] = []
    barriers: list[tuple[str, shapely.Geometry]] = []
    for item in _ways_and_areas(path):
        tags = dict(item.tags)
        if item.is_way():
            name, shape = f"w{item.id}", _line(item) if item.visible else None
            if shape is not None and name not in deleted and line_barrier(tags):
                barriers.append((name, shape))
            continue
        name = f"{'w' if item.from_way() else 'r'}{item.orig_id()}"
        if name in deleted or item.num_rings()[0] == 0:
            continue
        if is_water(tags):
            barriers.append((name, polygon_of(item)))
        squares += _squares(item, tags, policy)
    shapes = np.empty(len(barriers), dtype=object)
    shapes[:] = [shape for _, shape in sorted(barriers, key=lambda barrier: barrier[0])]
    order = sorted(squares, key=lambda square: (square.way_id, square.rings[0][0]))
    return Grounds(tuple(order), shapes)


def _ways_and_areas(path: Path) -> Iterable[Any]:
    """Ways that may be barriers, and areas that may be squares or barriers."""
    keys = osmium.filter.KeyFilter(*SQUARE_KEYS, *BARRIER_KEYS)
    lines = osmium.filter.KeyFilter(*BARRIER_KEYS)
    lines.enable_for(osmium.osm.WAY)
    kinds = osmium.filter.EntityFilter(osmium.osm.WAY | osmium.osm.AREA)
    processor = osmium.FileProcessor(path).with_areas(keys)
    return cast(Iterable[Any], processor.with_filter(kinds).with_filter(keys).with_filter(lines))


def _line(way: Any) -> shapely.LineString | None:
    places = [(node.lon, node.lat) for node in way.nodes if node.location.valid()]
    return shapely.LineString(places) if len(places) > 1 else None


def _squares(area: Any, tags: dict[str, str], policy: Policy) -> list[Square]:
    """The parts of an area, where it is walked as a square."""
    if not is_square(tags):
        return []
    decision = decide_way(tags, policy)
    if not decision.walked:
        return []
    way_id = area.orig_id() if area.from_way() else -area.orig_id()
    parts = [
        tuple(_ring(ring) for ring in (outer, *area.inner_rings(outer)))
        for outer in area.outer_rings()
    ]
    return [Square(way_id, int(decision.flags), rings) for rings in parts]


def _ring(ring: Iterable[Any]) -> tuple[tuple[int, float, float], ...]:
    return tuple((node.ref, node.lon, node.lat) for node in ring)
