"""The six streets and towns of the district, with shared borders."""

from __future__ import annotations

import json
from pathlib import Path

from shapely.geometry import LineString, Point, Polygon, mapping
from shapely.ops import polygonize, unary_union

from demo_town.frame import on_earth, rounded
from demo_town.streets import MIDDLE, REACH

DISTRICT = "临江区（虚构）"
BORDER_X = -820.0
RURAL = "990101101000"
EAST_CORNER = (1480.0, -420.0)

OUTLINE = (
    (-1900, -1350), (-1350, -1350), (-820, -1380), (-300, -1345), (240, -1370),
    (700, -1390), (1180, -1480), (1560, -1440), (2000, -1250),
    (2110, -420), (2050, 300), (2120, 900), (1960, 1330),
    (1480, 1390), (900, 1420), (400, 1370), (-300, 1400), (-820, 1370), (-1350, 1420),
    (-1900, 1350),
)  # fmt: skip

# code, name, level, rural, a point inside
UNITS = (
    ("990101001000", "平澜街道", "街道", False, (-1600.0, -300.0)),
    ("990101002000", "云桥街道", "街道", False, (-1600.0, 300.0)),
    ("990101003000", "槐荫街道", "街道", False, (-500.0, -300.0)),
    ("990101004000", "望潮街道", "街道", False, (-500.0, 300.0)),
    ("990101005000", "东渡街道", "街道", False, (1200.0, 300.0)),
    (RURAL, "芦洲镇", "镇", True, (1300.0, -900.0)),
)


def unit_shapes() -> dict[str, Polygon]:
    """Unit ids and their polygons in local metres; borders are made of common points."""
    ring = LineString([*OUTLINE, OUTLINE[0]])
    # Borders run a little beyond each other; what hangs over bounds no face.
    borders = [
        LineString([(BORDER_X, -REACH), (BORDER_X, REACH)]),
        LineString([(-REACH, 0), (900, 0)]),
        MIDDLE,
        LineString([(600, EAST_CORNER[1]), EAST_CORNER, (EAST_CORNER[0], REACH)]),
    ]
    faces = list(polygonize(unary_union([ring, *borders])))
    shapes = {}
    for code, _, _, _, seed in UNITS:
        face = next(face for face in faces if face.contains(Point(seed)))
        shapes[code] = Polygon(rounded(face.exterior.coords))
    return shapes


def write_units(shapes: dict[str, Polygon], path: Path) -> None:
    """Write the units as GeoJSON in WGS 84."""
    features = []
    for code, name, level, rural, _ in UNITS:
        properties = {
            "code": code,
            "name": name,
            "level": level,
            "district": DISTRICT,
            "rural": rural,
        }
        geometry = mapping(on_earth(shapes[code]))
        features.append({"type": "Feature", "properties": properties, "geometry": geometry})
    text = json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False)
    path.write_text(
        text.replace('{"type": "Feature",', '\n{"type": "Feature",') + "\n", "utf-8", newline="\n"
    )
