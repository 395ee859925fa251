"""River, canal, streets, bridges, the elevated road, the metro and the railway.

Streets run along the grid; a few of them swing.  Two bridges cross the river, and the canal is
crossed by four streets only.
"""

from __future__ import annotations

import numpy as np
from shapely import STRtree
from shapely.geometry import LineString, Point, Polygon
from shapely.geometry.base import BaseGeometry

from demo_town.frame import lines, points, rounded, wave
from demo_town.osmfile import Drawing

REACH = 4600.0
"""Streets are drawn this far along the grid, then cut at the extract's edge."""

RIVER_HALF, RIVERSIDE = 150.0, 210.0
CANAL_Y, CANAL_HALF = -650.0, 13.0
SURFACE_X = (-845.0, -795.0)
"""The two carriageways below the elevated road."""
FOOTBRIDGE_Y = 225.0
SIGNAL_ARM_M = 14.0

# across the grid: x, name, class, swing (height, wave length), crosses the canal
NORTH_SOUTH = (
    (-1900.0, "云帆路", "tertiary", None, True),
    (-1350.0, "槐安路", "secondary", None, True),
    (-300.0, "锦书路", "tertiary", (14.0, 700.0), False),
    (200.0, "望潮路", "secondary", (22.0, 430.0), True),
    (1480.0, "芦花路", "secondary", None, True),
)
OUTER_NORTH_SOUTH = (-4150.0, -3600.0, -3000.0, -2450.0, 2060.0, 2600.0, 3200.0, 3750.0)

# along the grid: y, name, class, swing, bridge over the river
EAST_WEST = (
    (-1350.0, "霜林路", "tertiary", (16.0, 600.0), None),
    (-900.0, "青禾路", "tertiary", (20.0, 520.0), None),
    (-420.0, "长虹路", "primary", None, "长虹大桥"),
    (0.0, "人和路", "secondary", None, None),
    (450.0, "听松路", "tertiary", None, None),
    (900.0, "揽月路", "primary", None, "揽月大桥"),
    (1350.0, "星河路", "tertiary", (18.0, 650.0), None),
)
OUTER_EAST_WEST = (-3650.0, -3050.0, -2450.0, -1900.0, 1900.0, 2450.0, 3050.0, 3650.0)


def river_x(y: float) -> float:
    """The middle of the river at `y`."""
    return float(740 + 130 * np.sin((y + 300) / 850))


def along_river(offset: float) -> LineString:
    """A line along the river, `offset` metres east of its middle."""
    steps = np.linspace(-REACH, REACH, 185)
    return LineString(rounded([(river_x(y) + offset, y) for y in steps]))


MIDDLE = along_river(0)
WEST_ROAD, EAST_ROAD = along_river(-RIVERSIDE), along_river(RIVERSIDE)
RIVER = Polygon([*along_river(-RIVER_HALF).coords, *reversed(along_river(RIVER_HALF).coords)])
BETWEEN_ROADS = Polygon([*WEST_ROAD.coords, *reversed(EAST_ROAD.coords)])
WEST_BANK = Polygon([(-9000, -REACH), *WEST_ROAD.coords, (-9000, REACH)])


def canal_line() -> LineString:
    """The canal's middle, from the west edge into the river."""
    x = np.linspace(-REACH, 690, 70)
    line = LineString(rounded(np.column_stack([x, CANAL_Y + 25 * np.sin(x / 380)])))
    return line.difference(RIVER.buffer(-2))


CANAL_LINE = canal_line()
CANAL = CANAL_LINE.buffer(CANAL_HALF, cap_style="flat").difference(RIVER)
CANAL_SPAN = CANAL_LINE.buffer(CANAL_HALF + 9, cap_style="flat")


def swung(fixed: float, swing: tuple[float, float] | None, north: bool) -> LineString:
    """A street at x or y = `fixed` right through the town."""
    if swing is None:
        along = [(-REACH, fixed), (REACH, fixed)]
    else:
        along = wave(fixed, swing[0], swing[1], -REACH, REACH)
    return LineString([(across, on) for on, across in along] if north else along)


def draw_streets(drawing: Drawing, inside: Polygon) -> None:
    """All public streets within `inside`, the extract's extent."""
    for x, name, kind, swing, crosses in NORTH_SOUTH:
        _across_canal(drawing, swung(x, swing, True) & inside, name, kind, crosses)
    for x in OUTER_NORTH_SOUTH:
        _across_canal(drawing, swung(x, None, True) & inside, "", "unclassified", x > 0)
    for y, name, kind, swing, bridge in EAST_WEST:
        _to_river(drawing, swung(y, swing, False) & inside, name, kind)
        if bridge:
            over = swung(y, swing, False) & BETWEEN_ROADS
            drawing.way(
                over.coords, highway=kind, name=bridge, bridge="yes", layer="1", sidewalk="both"
            )
    for y in OUTER_EAST_WEST:
        _to_river(drawing, swung(y, None, False) & inside, "", "unclassified")
    for line, name in ((WEST_ROAD, "滨江大道"), (EAST_ROAD, "东渡大道")):
        _across_canal(drawing, line & inside, name, "secondary", True)


def _to_river(drawing: Drawing, line: BaseGeometry, name: str, kind: str) -> None:
    """A street that ends at the riverside roads; one too near to the canal is left out."""
    for piece in lines(line.difference(BETWEEN_ROADS)):
        _street(drawing, piece, name, kind)


def _across_canal(
    drawing: Drawing, line: BaseGeometry, name: str, kind: str, crosses: bool
) -> None:
    for piece in lines(line.difference(CANAL_SPAN)):
        _street(drawing, piece, name, kind)
    for piece in lines(line & CANAL_SPAN) if crosses else []:
        _street(drawing, piece, name, kind, bridge="yes", layer="1")


def _street(drawing: Drawing, line: LineString, name: str, kind: str, **tags: str) -> None:
    named = {"name": name} if name else {}
    drawing.way(line.coords, join="bridge" not in tags, highway=kind, **named, **tags)


def draw_elevated(drawing: Drawing, inside: Polygon) -> None:
    """The elevated road, the carriageways below it, and the footbridge with its steps."""
    for x, sign in ((-832.0, -1), (-808.0, 1)):
        line = LineString([(x, -sign * REACH), (x, sign * REACH)]) & inside
        drawing.way(
            line.coords,
            highway="trunk",
            name="北澜高架路",
            bridge="yes",
            layer="2",
            foot="no",
            oneway="yes",
        )
    for x, sign in zip(SURFACE_X, (-1, 1), strict=True):
        line = LineString([(x, -sign * REACH), (x, sign * REACH)]) & inside
        for piece in lines(line.difference(CANAL_SPAN)):
            _surface(drawing, piece, sign)
        for piece in lines(line & CANAL_SPAN):
            _surface(drawing, piece, sign, bridge="yes", layer="1")
    west, east = SURFACE_X
    y, deck = FOOTBRIDGE_Y, FOOTBRIDGE_Y + 12
    for road, foot in ((west, west - 17), (east, east + 17)):
        drawing.way([(road, y), (foot, y)], join=True, highway="footway")
        drawing.way([(foot, y), (foot, deck)], highway="steps", step_count="32", handrail="yes")
    drawing.way(
        [(west - 17, deck), (east + 17, deck)],
        highway="footway",
        name="北澜路人行天桥",
        bridge="yes",
        layer="1",
    )


def _surface(drawing: Drawing, line: LineString, sign: int, **tags: str) -> None:
    start, end = line.coords[0], line.coords[-1]
    northward = end[1] > start[1]
    coords = line.coords if northward == (sign > 0) else line.coords[::-1]
    _street(drawing, LineString(coords), "北澜路", "primary", oneway="yes", **tags)


def draw_signals(drawing: Drawing, town: Polygon) -> None:
    """Signals where two larger streets of the town meet, with a crossing on each arm."""
    larger = ("primary", "secondary")
    large = [way.line for way in drawing.ways if way.join and way.tags.get("highway") in larger]
    tree = STRtree(large)
    for first, second in tree.query(large, predicate="dwithin", distance=0.05).T:
        if first >= second:
            continue
        for meeting in points(large[first].intersection(large[second])):
            if not town.contains(meeting):
                continue
            drawing.mark(meeting.coords[0], highway="traffic_signals")
            for line in (large[first], large[second]):
                _arms(drawing, line, meeting)


def _arms(drawing: Drawing, line: LineString, meeting: Point) -> None:
    along = line.project(meeting)
    for place in (along - SIGNAL_ARM_M, along + SIGNAL_ARM_M):
        if 0 < place < line.length:
            drawing.mark(
                line.interpolate(place).coords[0], highway="crossing", crossing="traffic_signals"
            )


def draw_promenade(drawing: Drawing, inside: Polygon) -> None:
    """A riverside walk on the west bank, passing below the bridges, with ways to it."""
    walk = along_river(-166).difference(CANAL_SPAN) & inside
    for line in lines(walk):
        drawing.way(line.coords, join=True, highway="footway", name="滨江步道")
    for y in np.arange(-1240.0, 1400.0, 290.0):
        across = LineString([(0, y), (1500, y)])
        ends = [points(across & line) for line in (WEST_ROAD, walk)]
        if all(ends) and abs(y - CANAL_Y) > 60:
            drawing.way([end[0].coords[0] for end in ends], join=True, highway="footway")


def draw_tracks(drawing: Drawing, inside: Polygon) -> None:
    """The metro below 人和路 with its stations, and a goods railway in the east."""
    metro = LineString([(-REACH, -18), (-600, -18), (300, 12), (1100, 40), (REACH, 40)]) & inside
    drawing.way(
        metro.coords,
        railway="subway",
        name="轨道交通临江线",
        tunnel="yes",
        layer="-2",
        electrified="rail",
    )
    for x, name, side in ((-1200.0, "云帆", 1), (-60.0, "望潮广场", 1), (1250.0, "东渡", -1)):
        middle = metro.intersection(LineString([(x, -200), (x, 200)]))
        drawing.mark((middle.x, middle.y), railway="station", station="subway", name=f"{name}站")
        for number, step in enumerate((-45, 45), start=1):
            door = (x + step, side * 20.0)
            drawing.way([(x + step, 0.0), door], join=True, highway="footway")
            drawing.mark(door, railway="subway_entrance", name=f"{name}站{number}号口")
    rail = LineString(wave(1790.0, 60.0, 900.0, -REACH, REACH))
    rail = LineString([(x, y) for y, x in rail.coords]) & inside
    drawing.way(rail.coords, join=True, railway="rail", name="临江货运线", usage="freight")
    for street in [way for way in drawing.ways if way.join and "highway" in way.tags]:
        for crossing in points(street.line & rail):
            drawing.mark(crossing.coords[0], railway="level_crossing")


def draw_water(drawing: Drawing, inside: Polygon) -> None:
    """River and canal as areas, with their middles as lines."""
    river, canal = RIVER & inside, CANAL & inside
    drawing.way(river.exterior.coords, natural="water", water="river", name="云湾江")
    drawing.way((MIDDLE & inside).coords, waterway="river", name="云湾江")
    drawing.way(canal.exterior.coords, natural="water", water="canal", name="石桥浜")
    drawing.way((CANAL_LINE & inside).coords, waterway="canal", name="石桥浜")
