"""A small OSM extract written by a test, laid out in metres round 0° N 0° E."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from xml.sax.saxutils import quoteattr

import geopandas as gpd
import numpy as np
import shapely

from lifecircle.base.geo import GEOGRAPHIC, centred_crs, unproject

CRS = centred_crs(0.0, 0.0)
"""The projection in which the town is laid out; OSM rounds its degrees to about 1 cm."""

Place = tuple[float, float]


class Town:
    """Collects objects; nodes of ways get ids of their own from 1001 on."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.next_node = 1001

    def node(self, at: Place, node_id: int | None = None, marks: str = "", **tags: str) -> int:
        if node_id is None:
            node_id = self.next_node
            self.next_node += 1
        lon, lat = unproject(np.array([at[0]]), np.array([at[1]]), CRS)
        head = f'<node id="{node_id}" lon="{lon[0]:.7f}" lat="{lat[0]:.7f}" version="1" {marks}>'
        self.lines.append(head + _tags(tags) + "</node>")
        return node_id

    def way(self, way_id: int, nodes: Iterable[int], marks: str = "", **tags: str) -> int:
        refs = "".join(f'<nd ref="{node}"/>' for node in nodes)
        head = f'<way id="{way_id}" version="1" {marks}>'
        self.lines.append(head + refs + _tags(tags) + "</way>")
        return way_id

    def ring(self, way_id: int, places: Sequence[Place], marks: str = "", **tags: str) -> int:
        """A closed way through `places`."""
        nodes = [self.node(place) for place in places]
        return self.way(way_id, [*nodes, nodes[0]], marks, **tags)

    def line(self, way_id: int, places: Sequence[Place], **tags: str) -> int:
        return self.way(way_id, [self.node(place) for place in places], **tags)

    def box(self, way_id: int, bounds: tuple[float, float, float, float], **tags: str) -> int:
        """A rectangle: west, south, east, north in metres."""
        return self.ring(way_id, list(shapely.box(*bounds).exterior.coords)[:-1], **tags)

    def relation(self, relation_id: int, members: Sequence[tuple[int, str]], **tags: str) -> int:
        refs = "".join(f'<member type="way" ref="{ref}" role="{role}"/>' for ref, role in members)
        head = f'<relation id="{relation_id}" version="1">'
        self.lines.append(head + refs + _tags(tags) + "</relation>")
        return relation_id

    def write(self, folder: Path, name: str = "town.osm") -> Path:
        order = ("<node", "<way", "<relation")
        lines = sorted(self.lines, key=lambda line: order.index(line.split(" ")[0]))
        path = folder / name
        path.write_text(f'<osm version="0.6">{"".join(lines)}</osm>', encoding="utf-8")
        return path


def units_of(**shapes: shapely.Geometry) -> gpd.GeoDataFrame:
    """UNITS in EPSG:4326 from shapes in metres."""
    table = gpd.GeoDataFrame(
        {"unit_id": list(shapes), "name": list(shapes), "level": "street"},
        geometry=list(shapes.values()),
        crs=CRS,
    )
    return table.to_crs(GEOGRAPHIC)


def _tags(tags: dict[str, str]) -> str:
    """Tags; `__` in a key stands for a colon, and a last `_` is dropped."""
    pairs = ((key.rstrip("_").replace("__", ":"), value) for key, value in tags.items())
    return "".join(f"<tag k={quoteattr(key)} v={quoteattr(value)}/>" for key, value in pairs)
