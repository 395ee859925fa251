"""What stands in the blocks: a table of plots, and how a block of streets is cut into them.

A block is written as columns from west to east, parted by a small public street (`|`); a column is
written as plots from south to north, wall to wall (`/`).
"""

from __future__ import annotations

from dataclasses import dataclass

from shapely.geometry import LineString, Point, Polygon, box
from shapely.ops import polygonize, unary_union

from demo_town.frame import lines, polygons
from demo_town.osmfile import Drawing, joined
from demo_town.streets import CANAL_LINE, CANAL_SPAN, NORTH_SOUTH, swung

SETBACK_M, LANE_HALF_M, WALL_GAP_M = 15.0, 11.0, 3.0

# A6, A11, A18: compounds of slabs with 6, 11 or 18 floors; W: the walled one; L: old lanes;
# O offices; M shops; S school; G green; I works; P park; Q square with shops
BLOCKS = {
    (-1600, -1100): "A11|A11/A11",
    (-1100, -1100): "I|I/G",
    (-1600, -800): "I",
    (-1100, -800): "I|O",
    (-1600, -550): "I|G",
    (-1100, -550): "I",
    (-1600, -200): "A6/G|O/A6",
    (-1100, -200): "A6/A6|S/M",
    (-1600, 200): "A6/S|A11",
    (-1100, 200): "A18|M/O",
    (-1600, 700): "W",
    (-1100, 700): "A6/A6|G/O",
    (-1600, 1100): "G|A6/O",
    (-1100, 1100): "O|S/A11",
    (-550, -1100): "A11/S|O",
    (-550, -800): "A6|G",
    (-550, -550): "A6|A6",
    (-550, -200): "A6/A6|S/A6",
    (-550, 200): "A18|M/O",
    (-550, 700): "A6/A6|S/A11",
    (-550, 1100): "A11|O/G",
    (-50, -1100): "O/A6|A6/G",
    (-50, -800): "A6|S",
    (-50, -550): "L",
    (-50, -200): "L|O/A6",
    (-50, 200): "Q|A18/M",
    (-50, 700): "P",
    (-50, 1100): "A18/O|A18",
    (300, -1100): "I",
    (300, -800): "O",
    (300, -550): "L",
    (300, -200): "L",
    (400, 200): "O|A18",
    (400, 700): "A11",
    (400, 1100): "G/A11",
    (1200, -700): "L/G|A6/O",
    (1200, -200): "A6/S|A6",
    (1200, 200): "A11/A11|A6/A6",
    (1200, 700): "A18|O/M",
    (1200, 1100): "A6/G|O",
    (-2200, 200): "A6/A6|I",
    (-600, 1600): "A6/O|O",
}


@dataclass(frozen=True)
class Plot:
    """A piece of a block and what stands on it."""

    shape: Polygon
    kind: str


def public_streets(drawing: Drawing) -> list[LineString]:
    """Streets at ground level that anyone may walk."""
    return [way.line for way in drawing.ways if way.join and "highway" in way.tags]


def cut_plots(drawing: Drawing) -> list[Plot]:
    """Cut the blocks of `BLOCKS` into plots, drawing the small streets that part them."""
    carriageways = [way.line for way in joined(drawing) if _parts_blocks(way.tags)]
    through = [swung(x, swing, True) for x, _, _, swing, crosses in NORTH_SOUTH if not crosses]
    faces = list(polygonize(unary_union([*carriageways, *through, CANAL_LINE])))
    canal = CANAL_SPAN.buffer(8)
    plots = []
    for seed, recipe in BLOCKS.items():
        block = next(face for face in faces if face.contains(Point(seed)))
        block = max(polygons(block.difference(canal)), key=lambda part: part.area)
        plots += _columns(drawing, block, recipe.split("|"))
    return plots


def _parts_blocks(tags: dict[str, str]) -> bool:
    """Carriageways, bridges included."""
    walks = ("footway", "steps", "trunk")
    return "highway" in tags and tags["highway"] not in walks


def _columns(drawing: Drawing, block: Polygon, columns: list[str]) -> list[Plot]:
    west, south, east, north = block.bounds
    inner = block.buffer(-SETBACK_M, join_style="mitre")
    step = (east - west) / len(columns)
    plots = []
    for number, column in enumerate(columns):
        left = west + number * step + (LANE_HALF_M if number else 0)
        right = west + (number + 1) * step - (LANE_HALF_M if number + 1 < len(columns) else 0)
        if number:
            _small_street(drawing, block, west + number * step)
        strip = inner & box(left, south, right, north)
        plots += _stack(strip, column.split("/"))
    return plots


def _small_street(drawing: Drawing, block: Polygon, x: float) -> None:
    _, south, _, north = block.bounds
    street = max(
        lines(LineString([(x, south - 1), (x, north + 1)]) & block), key=lambda line: line.length
    )
    ends = _to_streets(drawing, street)
    drawing.way(ends, join=True, highway="residential", name=_small_name(x, south))


def _to_streets(drawing: Drawing, street: LineString) -> list[tuple[float, float]]:
    """The street lengthened to the public streets it nearly meets (not over the canal)."""
    (x, south), (_, north) = sorted(street.coords, key=lambda point: point[1])
    around = unary_union(public_streets(drawing))
    ends = []
    for y, out in ((south, -4.0), (north, 4.0)):
        met = LineString([(x, y - out), (x, y + out)]) & around
        ends.append((x, y) if met.is_empty else (x, met.centroid.y))
    return ends


SMALL_NAMES = "云槐锦芦澜潮桥松月霜禾荷竹兰梅菱芷蓼苇榆桐枫柳杉桑榕桃杏棠枣棣葵萝芸茗萱"
KINDS = ("里路", "园路", "溪路", "南路")


def _small_name(x: float, y: float) -> str:
    """A small street's name, from where it is."""
    number = int(abs(x) * 7 + abs(y) * 3)
    return SMALL_NAMES[number % len(SMALL_NAMES)] + KINDS[number // 50 % len(KINDS)]


def _stack(strip: Polygon, kinds: list[str]) -> list[Plot]:
    west, south, east, north = strip.bounds
    step = (north - south) / len(kinds)
    plots = []
    for number, kind in enumerate(kinds):
        low = south + number * step + (WALL_GAP_M if number else 0)
        high = south + (number + 1) * step - (WALL_GAP_M if number + 1 < len(kinds) else 0)
        pieces = polygons(strip & box(west, low, east, high))
        plots.append(Plot(max(pieces, key=lambda piece: piece.area), kind))
    return plots
