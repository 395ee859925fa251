"""Homes: closed compounds with gates and slabs, old lanes, villages."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from shapely import STRtree
from shapely.geometry import LineString, MultiPoint, Point, Polygon, box
from shapely.geometry.base import BaseGeometry

from demo_town.frame import XY, lines, points
from demo_town.osmfile import Drawing
from demo_town.plots import Plot, public_streets

GATE_REACH_M = 45.0
"""A gate opens only towards a street this near."""
GREEN_BELT_M = 26.0
"""Between the wall of the walled compound and the streets around it."""


@dataclass(frozen=True)
class Slab:
    """The measures of a kind of compound, in metres."""

    floors: int
    depth: float
    length: float
    pitch: float
    gap: float


SLABS = {
    "A6": Slab(6, 11.5, 52, 41, 13),
    "A11": Slab(11, 13, 46, 58, 22),
    "A18": Slab(18, 17, 34, 74, 40),
    "W": Slab(6, 12, 54, 44, 16),
}
PEOPLE = {
    "A6": (0.33, 0.014),
    "A11": (0.21, 0.024),
    "A18": (0.16, 0.026),
    "W": (0.22, 0.022),
    "L": (0.41, 0.010),
    "V": (0.43, 0.009),
}
"""By kind of home: share of residents of 60 and older, and of children under 3."""

FIRST = (
    "听松", "云庭", "澜湾", "锦绣", "望潮", "槐荫", "长虹", "人和", "星河", "揽月",
    "青禾", "霜林", "芦花", "麦浪", "东渡", "石桥", "银杏", "海棠", "紫藤", "翠竹",
)  # fmt: skip
LAST = {
    "A6": ["新村", "一村", "二村", "三村", "公寓"],
    "A11": ["花苑", "家园", "雅苑", "景苑"],
    "L": ["里", "坊", "弄堂"],
    "A18": ["华庭", "名邸", "江景苑", "国际"],
}


@dataclass(frozen=True)
class Home:
    """A residential building."""

    shape: Polygon
    floors: int
    kind: str
    estate: str

    @property
    def floor_area(self) -> float:
        """Square metres over all floors."""
        return float(self.shape.area * self.floors)


class Estates:
    """Draws homes and keeps them; names and small variations come from `rng`."""

    def __init__(self, drawing: Drawing, rng: np.random.Generator) -> None:
        self.drawing, self.rng = drawing, rng
        self.homes: list[Home] = []
        self.streets = public_streets(drawing)
        self.tree = STRtree(self.streets)
        self.names: set[str] = set()
        self.gates: dict[str, list[XY]] = {}

    def compound(self, plot: Plot) -> None:
        """A walled compound: rows of slabs facing south, private ways between them, gates."""
        walled = plot.kind == "W"
        wall = plot.shape.buffer(-GREEN_BELT_M, join_style="mitre") if walled else plot.shape
        name = "云庭大院" if walled else self._name(plot.kind)
        slab = SLABS[plot.kind]
        self.drawing.way(
            wall.exterior.coords, join=True, landuse="residential", barrier="wall", name=name
        )
        spine_x = (wall.bounds[0] + wall.bounds[2]) / 2
        rungs = self._rows(wall, slab, plot.kind, name, spine_x)
        self._ways(wall, rungs, spine_x, name, walled)

    def _rows(
        self, wall: Polygon, slab: Slab, kind: str, name: str, spine_x: float
    ) -> list[LineString]:
        west, south, east, north = wall.bounds
        ground = wall.buffer(-7)
        rungs = []
        base = south + 10
        while base + slab.depth + 8 < north:
            for left, right in ((west + 8, spine_x - 6), (spine_x + 6, east - 8)):
                for shape in _row_of_slabs(left, right, base, slab):
                    if ground.contains(shape):
                        self._home(shape, slab.floors, kind, name)
            way = base + slab.depth + min(8.0, (slab.pitch - slab.depth) / 2)
            across = lines(LineString([(west, way), (east, way)]) & wall.buffer(-9))
            rungs += [rung for rung in across if rung.bounds[0] < spine_x < rung.bounds[2]]
            base += slab.pitch
        return rungs

    def _home(self, shape: Polygon, floors: int, kind: str, name: str) -> None:
        floors += int(self.rng.integers(-1, 1)) if floors > 6 else 0
        self.homes.append(Home(shape, floors, kind, name))
        tags = {"building": "apartments", "building:levels": str(floors)}
        if self.rng.random() < 0.12:
            del tags["building:levels"]
            tags["building"] = "residential"
        outline = list(shape.exterior.coords)
        if self.rng.random() < 0.2:
            (left, top), (right, _) = outline[2], outline[1]
            door = ((left + right) / 2, top)
            outline = _with_door(outline, door)
            self.drawing.mark(door, entrance="yes")
        self.drawing.way(outline, **tags)

    def _ways(
        self, wall: Polygon, rungs: list[LineString], spine_x: float, name: str, walled: bool
    ) -> None:
        """Private ways: a spine, rungs between the rows, and entries through the gates."""
        middle = rungs[len(rungs) // 2]
        spine = LineString([(spine_x, rungs[0].coords[0][1]), (spine_x, rungs[-1].coords[0][1])])
        sides: dict[str, tuple[XY, XY]] = {
            "W": (min(middle.coords), (-1, 0)),
            "E": (max(middle.coords), (1, 0)),
            "S": (spine.coords[0], (0, -1)),
            "N": (spine.coords[-1], (0, 1)),
        }
        order = ["W"] if walled else [str(side) for side in self.rng.permutation(list(sides))]
        wanted = 1 if walled else 3 if wall.area > 30_000 else 2
        reach = GATE_REACH_M + GREEN_BELT_M if walled else GATE_REACH_M
        gates = []
        for side in order:
            start, way = sides[side]
            entry = self._entry(wall, start, way, reach)
            if entry and len(gates) < wanted:
                gates.append(self._gate(start, *entry))
        assert gates, f"{name} has no gate"
        self.gates[name] = gates
        private = {"access": "private", "join": True}
        if spine.length > 1:
            self.drawing.way(spine.coords, highway="service", **private)
        for rung in rungs:
            self.drawing.way(rung.coords, highway="service", service="driveway", **private)

    def _entry(self, wall: Polygon, start: XY, way: XY, reach: float) -> tuple[XY, XY] | None:
        """The gate in the wall and the place on the street, straight on from `start`."""
        far = (start[0] + way[0] * 400, start[1] + way[1] * 400)
        ray = LineString([start, far])
        through = _nearest(ray & wall.exterior, start)
        if through is None:
            return None
        outside = LineString([through, (through[0] + way[0] * reach, through[1] + way[1] * reach)])
        hits = [outside & self.streets[index] for index in self.tree.query(outside, "intersects")]
        street = _nearest(_all_points(hits), through)
        return None if street is None else (through, street)

    def _gate(self, start: XY, gate: XY, street: XY) -> XY:
        closed = self.rng.random() < 0.6
        kind = str(self.rng.choice(["gate", "lift_gate"]))
        tags = {"access": "private"} if closed else {}
        self.drawing.mark(gate, barrier=kind, **tags)
        self.drawing.way([start, gate], join=True, highway="service", access="private")
        self.drawing.way([gate, street], join=True, highway="service")
        return gate

    def _name(self, kind: str) -> str:
        while True:
            name = str(self.rng.choice(FIRST)) + str(self.rng.choice(LAST[kind]))
            if name not in self.names:
                self.names.add(name)
                return name

    def lanes(self, plot: Plot) -> None:
        """An old quarter: public lanes every 44 m, terraces of two and three floors along them."""
        ground = plot.shape
        name = self._name("L")
        self.drawing.way(ground.exterior.coords, landuse="residential", name=name)
        west, south, east, north = ground.bounds
        for number, x in enumerate(np.arange(west + 60, east - 40, 120.0)):
            kind = "living_street" if number % 2 == 0 else "pedestrian"
            self._lane(LineString([(x, south - 40), (x, north + 40)]), ground, kind)
        for y in np.arange(south + 24, north - 10, 44.0):
            self._lane(LineString([(west - 40, y), (east + 40, y)]), ground, "living_street")
            for x in np.arange(west + 4, east - 20, 24.0):
                for low in (y + 6, y + 25):
                    shape = box(x, low, x + 20, low + 11)
                    if ground.contains(shape) and (x - west - 60) % 120 < 92:
                        self._terrace(shape, name)

    def _lane(self, line: LineString, ground: Polygon, kind: str) -> None:
        """A lane through the quarter, lengthened to the streets around where they are near."""
        inner = max(lines(line & ground), key=lambda piece: piece.length, default=None)
        if inner is None:
            return
        ends: list[XY] = []
        for end, beyond in zip(inner.coords, line.coords, strict=True):
            hits = [self.streets[i] & LineString([end, beyond]) for i in self.tree.query(line)]
            met = _nearest(_all_points(hits), end)
            ends.append(met or end)
        self.drawing.way(ends, join=True, highway=kind)

    def _terrace(self, shape: Polygon, name: str) -> None:
        floors = int(self.rng.integers(2, 4))
        self.homes.append(Home(shape, floors, "L", name))
        self.drawing.way(shape.exterior.coords, building="terrace", building__levels=str(floors))

    def village(self, name: str, line: LineString) -> None:
        """Houses in two rows on both sides of a village street."""
        ground = line.buffer(44, cap_style="square", join_style="mitre")
        self.drawing.way(line.coords, join=True, highway="unclassified", name=f"{name}路")
        self.drawing.way(ground.exterior.coords, landuse="residential", name=name)
        taken = [street for street in self.streets if street.distance(line) < 60]
        spots: list[Polygon] = []
        for along in np.arange(9, line.length - 6, 16.0):
            here, ahead = line.interpolate(along), line.interpolate(along + 1)
            for side in (-33.0, -14.0, 14.0, 33.0):
                x, y = here.x - (ahead.y - here.y) * side, here.y + (ahead.x - here.x) * side
                shape = box(x - 5.5, y - 4.5, x + 5.5, y + 4.5)
                clear = all(way.distance(shape) > 6 for way in (line, *taken))
                if clear and all(spot.distance(shape) > 2 for spot in spots):
                    spots.append(shape)
        for shape in spots:
            self.homes.append(Home(shape, 2, "V", name))
            self.drawing.way(shape.exterior.coords, building="house")


def _row_of_slabs(left: float, right: float, base: float, slab: Slab) -> list[Polygon]:
    """Slabs of about the kind's length that fill the row from `left` to `right`."""
    count = max(1, round((right - left + slab.gap) / (slab.length + slab.gap)))
    length = (right - left + slab.gap) / count - slab.gap
    if length < 14:
        return []
    starts = [left + number * (length + slab.gap) for number in range(count)]
    return [box(start, base, start + length, base + slab.depth) for start in starts]


def _with_door(outline: list[XY], door: XY) -> list[XY]:
    """The outline with `door` on its top edge."""
    tops = [
        index
        for index in range(len(outline) - 1)
        if outline[index][1] == outline[index + 1][1] == door[1]
    ]
    return [*outline[: tops[0] + 1], door, *outline[tops[0] + 1 :]]


def _all_points(shapes: list[BaseGeometry]) -> BaseGeometry:
    return MultiPoint([point for shape in shapes for point in points(shape)])


def _nearest(shape: BaseGeometry, start: XY) -> XY | None:
    found = sorted(points(shape), key=Point(start).distance)
    return (found[0].x, found[0].y) if found else None
