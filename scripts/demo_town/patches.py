"""The four patches with a known gap, and walks added up by hand along the grid."""

from __future__ import annotations

import math
from dataclasses import dataclass

from shapely.geometry import LineString, Point, Polygon, box
from shapely.ops import substring

from demo_town.frame import XY
from demo_town.streets import EAST_ROAD, FOOTBRIDGE_Y, SURFACE_X, WEST_ROAD, swung

BEDS = 18
"""What the overloaded home has for some 1,500 people of 60 and older around it."""


@dataclass(frozen=True)
class Patch:
    """An area whose residents lack `services` for a known `cause`."""

    id: str
    cause: str
    unit_id: str
    services: tuple[str, ...]
    area: Polygon
    note: str


NO_FACILITY = Patch(
    "no_facility",
    "none",
    "990101001000",
    ("wet_market", "childcare", "elder_daycare", "culture_centre", "culture_station"),
    box(-1800, -1270, -1420, -960),
    "No facility of any kind within 520 m in a straight line, none of culture within 1010 m.",
)
ACROSS_RIVER = Patch(
    "across_river",
    "detour",
    "990101005000",
    ("health_centre", "health_station"),
    box(1060, 40, 1420, 300),
    "The health centre is across the river; on foot the way is by a bridge.",
)
WALLED_IN = Patch(
    "walled_in",
    "detour",
    "990101002000",
    ("wet_market",),
    box(-1780, 520, -1440, 830),
    "The market is behind the wall; the only gate is on the far side.",
)
OVERLOADED = Patch(
    "overloaded",
    "capacity",
    "990101003000",
    ("eldercare_home",),
    box(-735, -585, 110, -85),
    f"One home with {BEDS} beds is the only one within 1000 m.",
)
PATCHES = (NO_FACILITY, ACROSS_RIVER, WALLED_IN, OVERLOADED)

RIVER_HEALTH_Y, MARKET_Y, HOME_Y = 250.0, 676.0, -205.0
OFF_STREET_M = 13.0


def river_health() -> XY:
    """The health centre on the west bank, off the riverside road."""
    return (_x_on(WEST_ROAD, RIVER_HEALTH_Y) - OFF_STREET_M, RIVER_HEALTH_Y)


MARKET = (-1350 + OFF_STREET_M, MARKET_Y)


def home() -> XY:
    """The overloaded home, off 锦书路."""
    return (_x_on(swung(-300.0, (14.0, 700.0), True), HOME_Y) - OFF_STREET_M, HOME_Y)


@dataclass(frozen=True)
class Walk:
    """A walk whose metres are added up by hand; the shorter of the ways there are."""

    id: str
    patch: str
    start: XY
    end: XY
    metres: float
    straight_m: float


def walks(gate: XY) -> list[Walk]:
    """The walks; `gate` is the only gate of the walled compound."""
    return [_river_walk(), _wall_walk(gate), _footbridge_walk()]


def _river_walk() -> Walk:
    """From the east riverside road by either bridge to the health centre."""
    start_y = 200.0
    by_bridge = []
    for bridge_y in (-420.0, 900.0):
        over = _x_on(EAST_ROAD, bridge_y) - _x_on(WEST_ROAD, bridge_y)
        east = _length(EAST_ROAD, start_y, bridge_y)
        by_bridge.append(east + over + _length(WEST_ROAD, bridge_y, RIVER_HEALTH_Y))
    start = (_x_on(EAST_ROAD, start_y), start_y)
    leg = _leg(WEST_ROAD, river_health())
    return _walk("river", "across_river", start, river_health(), min(by_bridge) + leg)


def _wall_walk(gate: XY) -> Walk:
    """From the middle way of the compound out of its gate and round the block to the market."""
    start = (-1500.0, gate[1])
    to_street = 1900.0 + start[0]
    round_block = min(
        abs(street - gate[1]) + (1900.0 - 1350.0) + abs(street - MARKET_Y)
        for street in (450.0, 900.0)
    )
    return _walk("wall", "walled_in", start, MARKET, to_street + round_block + OFF_STREET_M)


def _footbridge_walk() -> Walk:
    """Across the carriageways below the elevated road: stub, steps, deck, steps, stub."""
    west, east = SURFACE_X
    metres = 17.0 + 12.0 + (east - west + 34.0) + 12.0 + 17.0
    return _walk("footbridge", "", (west, FOOTBRIDGE_Y), (east, FOOTBRIDGE_Y), metres)


def _walk(name: str, patch: str, start: XY, end: XY, metres: float) -> Walk:
    return Walk(name, patch, start, end, round(metres, 1), round(math.dist(start, end), 1))


def _x_on(line: LineString, y: float) -> float:
    """Where the line is at `y`."""
    return float((line & LineString([(-3000, y), (3000, y)])).centroid.x)


def _length(line: LineString, from_y: float, to_y: float) -> float:
    ends = [line.project(Point(_x_on(line, y), y)) for y in (from_y, to_y)]
    return float(substring(line, *ends).length)


def _leg(line: LineString, point: XY) -> float:
    """The straight leg to the line, less what the walk saves by not going as far as `y`."""
    place = Point(point)
    level = line.project(Point(_x_on(line, point[1]), point[1]))
    saved = level - line.project(place)
    return float(place.distance(line) - saved)
