"""Towns drawn as text, read as OSM files, and walks in them measured on paper.

Blocks are 100 m.  A row: what it shows, the drawing, the legend, from, to, metres, policy.
"""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from drawn_towns import Legend, metres_between, places_of, read_town, write_town

from lifecircle.inputs.osm_network import read_network
from lifecircle.network.rules import Policy

INF = math.inf
ROUNDING_M = 0.06
"""OSM rounds degrees to about a centimetre."""

BLOCK = """
A---B---C
|   |   |
D---E---F
"""
# A short cut of another kind through the middle, and the way round by D and F.
CUT = """
A-x-B
|   |
C---D
"""
# The same cut, with a node in the middle of it.
GATED = """
A---G---B
|       |
C---+---D
"""
RIVER = """
A---B
x   |
C---D
x
E
"""
# A compound between A and E, and the way round it.
COMPOUND = """
Q---A---B---C
    x       |
    P   +---D
    x   |
R---E---F
"""
LANE = """
A---+-x-+---B
    |   |
    +---+
"""
PRIVATE = {"x": "highway=service access=private"}
FOUR = """
A---B
x
C---D
"""

TOWNS: list[tuple[str, str, Legend, str, str, float, Policy | None]] = [
    ("straight on", BLOCK, {}, "A", "C", 200, None),
    ("round the corner", BLOCK, {}, "A", "F", 300, None),
    ("to oneself", BLOCK, {}, "E", "E", 0, None),
    ("footway cut", CUT, {"x": "highway=footway"}, "A", "B", 100, None),
    ("railway is no way", CUT, {"x": "railway=rail"}, "A", "B", 300, None),
    ("power line is no way", CUT, {"x": "power=line"}, "A", "B", 300, None),
    ("river is no way", CUT, {"x": "waterway=river"}, "A", "B", 300, None),
    ("boundary is no way", CUT, {"x": "boundary=administrative"}, "A", "B", 300, None),
    ("ferry is no way", CUT, {"x": "route=ferry foot=yes"}, "A", "B", 300, None),
    ("ferry asked for", CUT, {"x": "route=ferry"}, "A", "B", 100, Policy(ferries=True)),
    ("untagged is no way", CUT, {"x": "source=survey"}, "A", "B", 300, None),
    ("building is no way", CUT, {"x": "building=yes"}, "A", "B", 300, None),
    ("motorway", CUT, {"x": "highway=motorway"}, "A", "B", 300, None),
    ("motorway with foot", CUT, {"x": "highway=motorway foot=yes"}, "A", "B", 100, None),
    ("construction", CUT, {"x": "highway=construction"}, "A", "B", 300, None),
    ("proposed", CUT, {"x": "highway=proposed foot=yes"}, "A", "B", 300, None),
    ("trunk as it is", CUT, {"x": "highway=trunk"}, "A", "B", 100, None),
    ("trunk closed", CUT, {"x": "highway=trunk"}, "A", "B", 300, Policy(trunk="closed")),
    ("expressway", CUT, {"x": "highway=trunk expressway=yes"}, "A", "B", 300, None),
    ("foot=no", CUT, {"x": "highway=path foot=no"}, "A", "B", 300, None),
    ("access=no", CUT, {"x": "highway=service access=no"}, "A", "B", 300, None),
    ("foot over access", CUT, {"x": "highway=service access=no foot=yes"}, "A", "B", 100, None),
    ("private is no cut", LANE, PRIVATE, "A", "B", 500, None),
    ("private opened", LANE, PRIVATE, "A", "B", 300, Policy(private="open")),
    ("both ends of a lane are on it", CUT, PRIVATE, "A", "B", 100, None),
    ("oneway does not bind", CUT, {"x": "highway=service oneway=-1"}, "A", "B", 100, None),
    ("oneway:foot along", CUT, {"x": "highway=path oneway:foot=yes"}, "A", "B", 100, None),
    ("oneway:foot against", CUT, {"x": "highway=path oneway:foot=yes"}, "B", "A", 300, None),
    ("escalator up", CUT, {"x": "highway=steps conveying=forward"}, "A", "B", 100, None),
    ("escalator against", CUT, {"x": "highway=steps conveying=forward"}, "B", "A", 300, None),
    ("steps cost nothing here", CUT, {"x": "highway=steps step_count=99"}, "A", "B", 100, None),
    ("platform", CUT, {"x": "railway=platform"}, "A", "B", 100, None),
    ("pier", CUT, {"x": "man_made=pier"}, "A", "B", 100, None),
    ("corridor", CUT, {"x": "highway=corridor"}, "A", "B", 300, None),
    ("corridor asked for", CUT, {"x": "highway=corridor"}, "A", "B", 100, Policy(indoor=True)),
    ("sidewalk drawn apart", CUT, {"x": "highway=primary sidewalk=separate"}, "A", "B", 100, None),
    ("bollard", GATED, {"G": "barrier=bollard"}, "A", "B", 200, None),
    ("open gate", GATED, {"G": "barrier=gate"}, "A", "B", 200, None),
    ("locked gate", GATED, {"G": "barrier=gate locked=yes"}, "A", "B", 400, None),
    ("gate foot=no", GATED, {"G": "barrier=gate foot=no"}, "A", "B", 400, None),
    ("gate foot over access", GATED, {"G": "barrier=gate access=no foot=yes"}, "A", "B", 200, None),
    ("wall across", GATED, {"G": "barrier=wall"}, "A", "B", 400, None),
    ("private gate", GATED, {"G": "barrier=gate access=private"}, "A", "B", 400, None),
    ("gates shut", GATED, {"G": "barrier=gate"}, "A", "B", 400, Policy(gates="closed")),
    (
        "gates open", GATED, {"G": "barrier=gate locked=yes"},
        "A", "B", 200, Policy(gates="open"),
    ),
    ("unknown barrier", GATED, {"G": "barrier=chain access=no"}, "A", "B", 200, None),
    ("bridge", RIVER, {"x": "highway=footway bridge=yes"}, "A", "C", 100, None),
    ("no bridge", RIVER, {"x": "railway=rail bridge=yes"}, "A", "C", 300, None),
    ("far bank alone", RIVER, {"x": "power=line"}, "E", "A", INF, None),
    ("far bank reached", RIVER, {"x": "highway=footway bridge=yes"}, "E", "A", 200, None),
    ("island", FOUR, {"x": "waterway=canal"}, "A", "D", INF, None),
    ("joined", FOUR, {"x": "highway=steps"}, "A", "D", 200, None),
    ("out of a compound", COMPOUND, PRIVATE, "P", "C", 300, None),
    ("out by its other gate", COMPOUND, PRIVATE, "P", "F", 200, None),
    ("not through it", COMPOUND, PRIVATE, "Q", "R", 800, None),
    ("into it", COMPOUND, PRIVATE, "R", "P", 200, None),
    ("compound closed", COMPOUND, PRIVATE, "P", "C", INF, Policy(private="closed")),
    ("compound open", COMPOUND, PRIVATE, "Q", "R", 400, Policy(private="open")),
    ("residents' way", COMPOUND, {"x": "highway=service foot=residents"}, "P", "E", 100, None),
]  # fmt: skip


@pytest.mark.parametrize(
    ("what", "drawing", "legend", "start", "goal", "metres", "policy"),
    TOWNS,
    ids=[town[0] for town in TOWNS],
)
def test_a_walk_in_a_drawn_town(
    what: str,
    drawing: str,
    legend: Legend,
    start: str,
    goal: str,
    metres: float,
    policy: Policy | None,
    tmp_path: Path,
) -> None:
    """The walk has the length counted on the drawing."""
    places = places_of(drawing)
    network = read_town(drawing, legend, tmp_path, policy)
    found = metres_between(network, places[start], places[goal])
    assert found == pytest.approx(metres, abs=ROUNDING_M), what


def test_ways_that_cross_without_a_shared_node_are_not_joined(tmp_path: Path) -> None:
    """A bridge over a street: from one to the other there is no walk."""
    from osm_xml import CRS, Town

    town = Town()
    town.line(1, [(0, -300), (0, 300)], highway="residential")
    town.line(2, [(-300, 0), (300, 0)], highway="footway", bridge="yes", layer="1")
    network = read_network(town.write(tmp_path), crs=CRS)
    assert metres_between(network, (0, -200), (200, 0)) == INF


def test_a_place_under_a_bridge_attaches_to_the_street_on_the_ground(tmp_path: Path) -> None:
    """30 m from the street and under the bridge itself: the leg is 30 m, to the street."""
    from osm_xml import CRS, Town

    town = Town()
    town.line(1, [(0, -600), (0, 600)], highway="residential")
    town.line(2, [(30, -600), (30, 600)], highway="footway", bridge="yes")
    network = read_network(town.write(tmp_path), crs=CRS)
    assert metres_between(network, (30, 0), (0, 100)) == pytest.approx(100 + 30, abs=ROUNDING_M)


def test_a_drawing_is_read_as_it_is_drawn(tmp_path: Path) -> None:
    """The block has seven streets of 100 m; two of its six crossroads are junctions."""
    network = read_network(write_town(BLOCK, {}, tmp_path))
    assert network.length_m.sum() == pytest.approx(700, abs=ROUNDING_M)
    assert network.node_count == 2
