"""Ways and nodes of the town, joined where they meet, and written as an OSM extract."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import accumulate, product
from pathlib import Path

import numpy as np
import osmium
import shapely
from shapely import STRtree
from shapely.geometry import LineString, Point

from demo_town.frame import XY, lonlat, points, rounded

FIRST_NODE, FIRST_WAY = 9_000_000_001, 9_100_000_001
TOUCH_M = 0.05
"""Ends nearer than this to a way meet it."""
NEAR_M = 0.3
"""Corners nearer than this to each other are one."""


@dataclass(frozen=True)
class Way:
    """A line or ring in local metres; those that `join` share nodes where they cross."""

    points: tuple[XY, ...]
    tags: dict[str, str]
    join: bool = False

    @property
    def line(self) -> LineString:
        """Its geometry."""
        return LineString(self.points)


@dataclass
class Drawing:
    """What has been drawn so far: ways, and tags of places on them."""

    ways: list[Way] = field(default_factory=list)
    marks: dict[XY, dict[str, str]] = field(default_factory=dict)

    def way(self, line: object, join: bool = False, **tags: str) -> None:
        """Add a way; in the names of tags `__` stands for a colon."""
        named = {key.replace("__", ":"): value for key, value in tags.items()}
        self.ways.append(Way(tuple(rounded(line)), named, join))

    def mark(self, point: XY, **tags: str) -> None:
        """Tag the node at `point`; where a joining way passes, it gets that node."""
        named = {key.replace("__", ":"): value for key, value in tags.items()}
        self.marks.setdefault(rounded([point])[0], {}).update(named)


class Corners:
    """Gives places nearer than `NEAR_M` to each other one common place."""

    def __init__(self) -> None:
        self.known: dict[tuple[int, int], list[XY]] = {}

    def __call__(self, point: XY) -> XY:
        """The place already known here, or `point` itself from now on."""
        column, row = int(point[0] // 1), int(point[1] // 1)
        for near in product((column - 1, column, column + 1), (row - 1, row, row + 1)):
            for other in self.known.get(near, ()):
                if math.dist(point, other) < NEAR_M:
                    return other
        self.known.setdefault((column, row), []).append(point)
        return point


def joined(drawing: Drawing) -> list[Way]:
    """The ways, with a common vertex wherever joining ones cross, touch or carry a mark."""
    corner = Corners()
    for mark in drawing.marks:
        corner(mark)
    ways = [Way(_cornered(way, corner), way.tags, way.join) for way in drawing.ways]
    joining = [way for way in ways if way.join]
    cuts = _cuts(joining, list(drawing.marks), corner)
    noded = [Way(_with(way, cut), way.tags) for way, cut in zip(joining, cuts, strict=True)]
    return [*noded, *(way for way in ways if not way.join)]


def _cornered(way: Way, corner: Corners) -> tuple[XY, ...]:
    """The way's points, each once in a row, moved onto known corners; outlines stay as drawn."""
    if not way.join and "bridge" not in way.tags and way.tags.get("highway") != "steps":
        return way.points
    moved = [corner(point) for point in way.points]
    return tuple(
        here for before, here in zip([None, *moved], moved, strict=False) if here != before
    )


def _cuts(ways: list[Way], marks: list[XY], corner: Corners) -> list[set[XY]]:
    """For each way the places where another way or a mark meets it."""
    lines = [way.line for way in ways]
    tree = STRtree(lines)
    cuts: list[set[XY]] = [set() for _ in ways]
    for first, second in tree.query(lines, predicate="dwithin", distance=TOUCH_M).T:
        if first < second:
            met = {corner(place) for place in _meetings(lines[first], lines[second])}
            cuts[first] |= met
            cuts[second] |= met
    places = shapely.points(np.array(marks).reshape(-1, 2))
    for mark, index in tree.query(places, predicate="dwithin", distance=TOUCH_M).T:
        cuts[index].add(marks[mark])
    return cuts


def _meetings(first: LineString, second: LineString) -> list[XY]:
    """Where two lines touch with an end or cross."""
    found = []
    for line, other in ((first, second), (second, first)):
        ends = [] if line.is_ring else [Point(line.coords[0]), Point(line.coords[-1])]
        found += [end for end in ends if end.distance(other) <= TOUCH_M]
    found += points(first.intersection(second))
    return [rounded(point.coords)[0] for point in found]


def _with(way: Way, cuts: set[XY]) -> tuple[XY, ...]:
    """The way's points with the new ones among `cuts` in their places along it."""
    lengths = [math.dist(*pair) for pair in zip(way.points, way.points[1:], strict=False)]
    placed = list(zip([0.0, *accumulate(lengths)], way.points, strict=True))
    new = cuts - set(way.points)
    placed += sorted((way.line.project(Point(cut)), cut) for cut in new)
    return tuple(point for _, point in sorted(placed, key=lambda item: item[0]))


def write(drawing: Drawing, path: Path, extent: tuple[float, float, float, float]) -> None:
    """Write the extract, its bounding box in the header.

    Nothing is compressed, so that one drawing gives the same bytes with every version of zlib.
    """
    ways = joined(drawing)
    places = dict.fromkeys(point for way in ways for point in way.points)
    places.update(dict.fromkeys(drawing.marks))
    numbers = {point: FIRST_NODE + index for index, point in enumerate(places)}
    header = osmium.io.Header()
    header.set("generator", "lifecircle demo town (synthetic)")
    west, south, east, north = extent
    header.add_box(osmium.osm.Box(west, south, east, north))
    file = osmium.io.File(str(path), "pbf,pbf_compression=none,add_metadata=false")
    with osmium.SimpleWriter(file, header=header, overwrite=True) as writer:
        degrees = lonlat(np.array(list(places)))
        for (point, number), (lon, lat) in zip(numbers.items(), degrees, strict=True):
            tags = drawing.marks.get(point, {})
            writer.add_node(osmium.osm.mutable.Node(id=number, location=(lon, lat), tags=tags))
        for index, way in enumerate(ways):
            nodes = [numbers[point] for point in way.points]
            writer.add_way(osmium.osm.mutable.Way(id=FIRST_WAY + index, nodes=nodes, tags=way.tags))
