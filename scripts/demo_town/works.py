"""What is not homes: offices, shops, schools, works, green, the park, the square, the fields."""

from __future__ import annotations

import numpy as np
from shapely import affinity
from shapely.geometry import LineString, Point, Polygon, box
from shapely.ops import unary_union

from demo_town.frame import XY, points, polygons, rounded
from demo_town.homes import Estates
from demo_town.osmfile import Drawing
from demo_town.plots import Plot, public_streets
from demo_town.streets import RIVER

GROUND = {
    "O": {"landuse": "commercial"},
    "M": {"landuse": "retail"},
    "S": {"amenity": "school", "barrier": "fence"},
    "G": {"leisure": "garden"},
    "I": {"landuse": "industrial", "barrier": "wall"},
}
# building, its floors, width, depth, pitch east, pitch north
BUILT = {
    "O": ("office", 9, 40, 26, 84, 78),
    "M": ("retail", 4, 70, 60, 110, 100),
    "S": ("school", 4, 58, 15, 92, 48),
    "I": ("industrial", 1, 86, 40, 120, 66),
}
GROUNDS = {"landuse", "leisure", "amenity"}
VILLAGES = {
    "芦洲": [(1000, -1010), (1110, -1040), (1290, -1060), (1440, -1090)],
    "苇塘": [(1545, -650), (1610, -690), (1690, -720)],
    "麦浪": [(1540, 250), (1600, 300), (1690, 330)],
    "蓼滩": [(1560, 690), (1650, 720), (1740, 700)],
}
STRIP_M = 120.0


def draw_plot(drawing: Drawing, plot: Plot) -> None:
    """A plot of offices, shops, a school, works or green, with a way in."""
    drawing.way(plot.shape.exterior.coords, **GROUND[plot.kind])
    if plot.kind in BUILT:
        _buildings(drawing, plot)
    if plot.kind == "S":
        _pitch(drawing, plot.shape)
    if plot.kind == "I":
        _works_road(drawing, plot.shape)
    if plot.kind == "G":
        _path(drawing, plot.shape)


def _buildings(drawing: Drawing, plot: Plot) -> None:
    kind, floors, width, depth, east, north = BUILT[plot.kind]
    low = plot.shape.buffer(-9)
    west, south, right, top = low.bounds
    top = south + (top - south) * (0.5 if plot.kind == "S" else 1)
    for x in np.arange(west, right - width, east):
        for y in np.arange(south, top - depth, north):
            shape = box(x, y, x + width, y + depth)
            if low.contains(shape):
                drawing.way(shape.exterior.coords, building=kind, building__levels=str(floors))


def _pitch(drawing: Drawing, ground: Polygon) -> None:
    middle = ground.centroid
    top = ground.bounds[3]
    pitch = box(middle.x - 42, top - 72, middle.x + 42, top - 14) & ground.buffer(-6)
    drawing.way(polygons(pitch)[0].exterior.coords, leisure="pitch", sport="athletics")


def _works_road(drawing: Drawing, ground: Polygon) -> None:
    """A private road through the works, and in the largest one a street under construction."""
    _, south, _, north = ground.bounds
    x = ground.centroid.x
    way = _to_street(drawing, (x, (south + north) / 2))
    drawing.way(way, join=True, highway="service", access="private")
    if ground.area > 80_000:
        line = LineString([(x + 95, south + 5), (x + 95, north - 5)]) & ground
        drawing.way(line.coords, highway="construction", construction="residential")


def _path(drawing: Drawing, ground: Polygon) -> None:
    inner = ground.buffer(-18, join_style="mitre")
    if inner.is_empty or inner.geom_type != "Polygon":
        return
    drawing.way(inner.exterior.coords, join=True, highway="footway")
    drawing.way(_to_street(drawing, inner.exterior.coords[0]), join=True, highway="footway")


def _to_street(drawing: Drawing, start: XY) -> list[XY]:
    """The shortest way from `start` to a public street with carriages."""
    named = [
        way.line
        for way in drawing.ways
        if way.join
        and way.tags.get("highway") in ("primary", "secondary", "tertiary", "residential")
    ]
    line = min(named, key=Point(start).distance)
    end = line.interpolate(line.project(Point(start)))
    return [start, (end.x, end.y)]


def draw_park(drawing: Drawing, plot: Plot) -> None:
    """The park: a lake, a round walk, paths to four gates, and ways from there to the streets."""
    ground = plot.shape
    middle = ground.centroid
    drawing.way(ground.exterior.coords, join=True, leisure="park", name="锦塘公园", barrier="fence")
    lake = affinity.scale(middle.buffer(1, 20), 105, 62)
    drawing.way(
        affinity.rotate(lake, 20).exterior.coords, natural="water", water="pond", name="锦塘"
    )
    walk = affinity.scale(middle.buffer(1, 28), 165, 125)
    drawing.way(walk.exterior.coords, join=True, highway="footway")
    for number, turn in enumerate((5, 88, 183, 268)):
        far = affinity.rotate(
            LineString([middle, (middle.x + 900, middle.y)]), turn, (middle.x, middle.y)
        )
        inside = points(far & walk.exterior)[0]
        gate = points(far & ground.exterior)[0]
        street = min(
            (
                hit
                for line in public_streets(drawing)
                for hit in points(far & line)
                if not ground.contains(hit)
            ),
            key=gate.distance,
        )
        drawing.way(
            [inside.coords[0], gate.coords[0], street.coords[0]], join=True, highway="footway"
        )
        drawing.mark(gate.coords[0], barrier="gate", access="yes", name=f"锦塘公园{number + 1}号门")


def draw_square(drawing: Drawing, plot: Plot) -> None:
    """望潮广场: a square to be crossed, with shops on its north side and ways to three streets."""
    west, south, east, north = plot.shape.bounds
    square = box(west + 12, south + 10, east - 12, south + 150) & plot.shape.buffer(-4)
    drawing.way(
        square.exterior.coords,
        join=True,
        highway="pedestrian",
        area="yes",
        name="望潮广场",
        place="square",
    )
    for ground in polygons(plot.shape.difference(square.buffer(2))):
        drawing.way(ground.exterior.coords, landuse="retail")
    left, low, right, high = square.bounds
    for corner in ((left, low), (right, low), (right, high), ((left + right) / 2, low)):
        near = square.exterior.interpolate(square.exterior.project(Point(corner)))
        drawing.way(_to_street(drawing, near.coords[0]), join=True, highway="footway")
    for x, y in ((west + 20, north - 90), (west + 110, north - 90), (west + 20, north - 190)):
        shop = box(x, y, x + 70, y + 60)
        drawing.way(shop.exterior.coords, building="retail", building__levels="5")


def draw_country(drawing: Drawing, estates: Estates, country: Polygon) -> None:
    """Villages, their street lengthened to the next road, and fields in strips with tracks."""
    for name, line in VILLAGES.items():
        start, end = line[0], line[-1]
        estates.village(f"{name}村", LineString(rounded(line)))
        ways = [_to_street(drawing, end if start[0] < 1500 else start)]
        if start[0] < 1500:
            ways.append(_to_street(drawing, start))
        for way in ways:
            drawing.way(way, join=True, highway="unclassified")
    _fields(drawing, country.difference(RIVER.buffer(50)))


def _fields(drawing: Drawing, country: Polygon) -> None:
    """Strips of farmland between streets, rails and plots."""
    lines = [way.line.buffer(14) for way in drawing.ways if way.join]
    plots = [Polygon(way.points).buffer(10) for way in drawing.ways if GROUNDS & way.tags.keys()]
    land = country.buffer(-8).difference(unary_union([*lines, *plots]))
    west, south, east, north = land.bounds
    for number, x in enumerate(np.arange(west, east, STRIP_M)):
        strip = land & box(x, south, x + STRIP_M - 3, north)
        for field in polygons(strip.buffer(-2, join_style="mitre")):
            if field.area > 3000 and not field.interiors:
                drawing.way(field.exterior.coords, landuse="farmland")
            if field.area > 20_000 and number % 3 == 0:
                way = _to_street(drawing, field.representative_point().coords[0])
                drawing.way(way, join=True, highway="track")
