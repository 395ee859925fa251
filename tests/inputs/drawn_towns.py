"""Towns drawn as text: every fourth column and every second line is a crossroads, 100 m apart.

Letters and `+` are places where ways meet.  Between two of them the middle character names the
way (`-` and `|` are plain streets), and a legend says what tags the others stand for.  A letter
may stand for a node with tags, by the same legend.
"""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import shapely
from osm_xml import CRS, Town

from lifecircle.base.geo import GEOGRAPHIC
from lifecircle.inputs.osm_network import read_network
from lifecircle.network.network import WalkNetwork
from lifecircle.network.rules import Policy
from lifecircle.network.walk import walk_minutes

BLOCK_M, COLUMNS, LINES = 100.0, 4, 2
STREET = "highway=residential"
Legend = dict[str, str]


def tags_of(text: str) -> dict[str, str]:
    return dict(pair.split("=", 1) for pair in text.split())


def places_of(drawing: str) -> dict[str, tuple[float, float]]:
    """Metres east and north of every letter."""
    return {sign: at for sign, at in _crossroads(drawing).values() if sign != "+"}


def write_town(drawing: str, legend: Legend, folder: Path) -> Path:
    """The town as an OSM file."""
    town, crossroads = Town(), _crossroads(drawing)
    node = {
        key: town.node(at, **_keys(legend.get(sign, ""))) for key, (sign, at) in crossroads.items()
    }
    rows = drawing.strip("\n").split("\n")
    way = 1
    for line, column in crossroads:
        for (far_line, far_column), (mid_line, mid_column) in (
            ((line, column + COLUMNS), (line, column + COLUMNS // 2)),
            ((line + LINES, column), (line + LINES // 2, column)),
        ):
            row = rows[mid_line] if mid_line < len(rows) else ""
            sign = row[mid_column] if mid_column < len(row) else " "
            if sign != " " and (far_line, far_column) in crossroads:
                tags = legend.get(sign, STREET)
                town.way(way, [node[line, column], node[far_line, far_column]], **_keys(tags))
                way += 1
    return town.write(folder)


def read_town(
    drawing: str, legend: Legend, folder: Path, policy: Policy | None = None
) -> WalkNetwork:
    return read_network(write_town(drawing, legend, folder), policy, CRS)


def metres_between(
    network: WalkNetwork, start: tuple[float, float], goal: tuple[float, float]
) -> float:
    """The walk from one place to another; both may lie up to 60 m from a street."""
    demand = gpd.GeoDataFrame({"demand_id": ["d"]}, geometry=[shapely.Point(start)], crs=CRS)
    table = {"facility_id": ["f"], "service": ["s"]}
    facility = gpd.GeoDataFrame(table, geometry=[shapely.Point(goal)], crs=CRS)
    walks = walk_minutes(
        network,
        facility.to_crs(GEOGRAPHIC),
        demand.to_crs(GEOGRAPHIC),
        max_attach_m=60,
        min_component_m=0,
    )
    return float(walks.metres[0, 0])


def _crossroads(drawing: str) -> dict[tuple[int, int], tuple[str, tuple[float, float]]]:
    found = {}
    for line, row in enumerate(drawing.strip("\n").split("\n")):
        for column, sign in enumerate(row):
            if line % LINES == 0 and column % COLUMNS == 0 and sign.strip():
                at = (BLOCK_M * column / COLUMNS, -BLOCK_M * line / LINES)
                found[line, column] = (sign, at)
    return found


def _keys(text: str) -> dict[str, str]:
    """Tags as the town takes them: a colon in a key is written `__`."""
    return {key.replace(":", "__") + "_": value for key, value in tags_of(text).items()}
