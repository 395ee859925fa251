"""Every line of the rules of walking, walked in a drawn town: the metres say what they let pass.

In `CUT` a way of the given tags leads from A to B in 100 m, and the way round takes 300; in
`GATED` a node of the given tags lies on the 200 m between them, and the way round takes 400; in
`LANE` the tagged way lies in the middle, so that who may only leave and arrive goes round it.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from drawn_towns import metres_between, places_of, read_town

from lifecircle.network.rules import Policy

CUT = """
A-x-B
|   |
C---D
"""
GATED = """
A---G---B
|       |
C---+---D
"""
LANE = """
A---+-x-+---B
    |   |
    +---+
"""
WAYS = """
highway=path                                   | 100
highway=pedestrian                             | 100
highway=steps                                  | 100
highway=living_street                          | 100
highway=residential                            | 100
highway=service                                | 100
highway=unclassified                           | 100
highway=road                                   | 100
highway=track                                  | 100
highway=cycleway                               | 100
highway=tertiary                               | 100
highway=secondary                              | 100
highway=primary                                | 100
highway=tertiary_link                          | 100
highway=secondary_link                         | 100
highway=primary_link                           | 100
highway=bridleway                              | 300
highway=motorway_link                          | 300
highway=motorway_link foot=designated          | 100
highway=busway                                 | 300
highway=busway foot=yes                        | 100
highway=bus_guideway                           | 300
highway=raceway                                | 300
highway=escape                                 | 300
highway=trunk_link                             | 100
highway=trunk foot=no                          | 300
highway=elevator                               | 300
highway=abandoned                              | 300
highway=razed                                  | 300
highway=planned                                | 300
highway=demolished foot=yes                    | 300
highway=dismantled                             | 300
public_transport=platform                      | 100
railway=platform foot=no                       | 300
railway=disused                                | 300
waterway=dam                                   | 300
aeroway=taxiway                                | 300
aerialway=gondola                              | 300
landuse=grass                                  | 300
natural=coastline                              | 300
leisure=track                                  | 300
amenity=bench                                  | 300
barrier=fence                                  | 300
highway=service access=yes                     | 100
highway=service foot=designated access=no      | 100
highway=service foot=permissive access=private | 100
highway=service foot=official access=no        | 100
highway=service access=destination             | 100
highway=service access=public                  | 100
highway=service foot=use_sidepath              | 300
highway=footway access=no                      | 300
highway=primary motorroad=yes                  | 300
highway=primary motorroad=yes foot=yes         | 100
highway=trunk motorroad=yes                    | 300
highway=secondary expressway=yes               | 300
highway=footway bridge=yes layer=1             | 100
highway=footway tunnel=yes layer=-1            | 100
highway=residential oneway=yes                 | 100
"""
BACKWARDS = """
highway=path oneway:foot=-1        | 300 | 100
highway=path oneway:foot=reverse   | 300 | 100
highway=path foot:forward=no       | 300 | 100
highway=steps conveying=backward   | 300 | 100
highway=path oneway:foot=1         | 100 | 300
highway=path oneway:foot=true      | 100 | 300
highway=path foot:backward=no      | 100 | 300
highway=path oneway:foot=no        | 100 | 100
highway=steps conveying=reversible | 100 | 100
"""
NODES = """
barrier=kerb             | 200
barrier=cycle_barrier    | 200
barrier=block            | 200
barrier=entrance         | 200
barrier=lift_gate        | 200
barrier=swing_gate       | 200
barrier=kissing_gate     | 200
barrier=stile            | 200
barrier=turnstile        | 200
barrier=toll_booth       | 200
barrier=height_restrictor| 200
barrier=sally_port       | 200
barrier=fence            | 400
barrier=hedge            | 400
barrier=city_wall        | 400
barrier=retaining_wall   | 400
barrier=ditch            | 400
barrier=bollard foot=no  | 400
highway=crossing         | 200
"""
ENDS_ONLY = """
highway=service access=customers
highway=service access=delivery
highway=service access=permit
highway=service foot=residents
highway=track access=agricultural
highway=track access=forestry
highway=footway foot=private
"""
POLICIES = """
trunk=closed  | highway=trunk_link          | 300
trunk=closed  | highway=trunk foot=yes      | 100
trunk=open    | highway=trunk expressway=yes| 100
indoor=yes    | highway=elevator            | 100
indoor=yes    | highway=footway indoor=yes  | 100
ferries=yes   | route=ferry foot=no         | 300
"""


def rows(table: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.split("|")] for line in table.strip("\n").split("\n")]


def walk(drawing: str, sign: str, tags: str, folder: Path, policy: Policy | None = None) -> float:
    places = places_of(drawing)
    network = read_town(drawing, {sign: tags}, folder, policy)
    return metres_between(network, places["A"], places["B"])


@pytest.mark.parametrize(("tags", "metres"), rows(WAYS))
def test_a_cut_of_these_tags(tags: str, metres: str, tmp_path: Path) -> None:
    assert walk(CUT, "x", tags, tmp_path) == pytest.approx(float(metres), abs=0.06)


@pytest.mark.parametrize(("tags", "there", "back"), rows(BACKWARDS))
def test_a_cut_that_binds_walkers(tags: str, there: str, back: str, tmp_path: Path) -> None:
    places, network = places_of(CUT), read_town(CUT, {"x": tags}, tmp_path)
    both = [metres_between(network, places[a], places[b]) for a, b in ("AB", "BA")]
    assert both == pytest.approx([float(there), float(back)], abs=0.06)


@pytest.mark.parametrize(("tags", "metres"), rows(NODES))
def test_a_node_of_these_tags(tags: str, metres: str, tmp_path: Path) -> None:
    assert walk(GATED, "G", tags, tmp_path) == pytest.approx(float(metres), abs=0.06)


@pytest.mark.parametrize("tags", [row[0] for row in rows(ENDS_ONLY)])
def test_a_lane_for_ends_only(tags: str, tmp_path: Path) -> None:
    """A and B lie outside it: 500 m round; with all private ways open 300 m through."""
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    assert walk(LANE, "x", tags, tmp_path / "a") == pytest.approx(500, abs=0.06)
    opened = walk(LANE, "x", tags, tmp_path / "b", Policy(private="open"))
    assert opened == pytest.approx(300, abs=0.06)


@pytest.mark.parametrize(("policy", "tags", "metres"), rows(POLICIES))
def test_a_cut_under_a_policy(policy: str, tags: str, metres: str, tmp_path: Path) -> None:
    key, value = policy.split("=")
    chosen = Policy(**{key: True if value == "yes" else value})  # type: ignore[arg-type]
    assert walk(CUT, "x", tags, tmp_path, chosen) == pytest.approx(float(metres), abs=0.06)
