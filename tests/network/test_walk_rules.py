"""Routability should be: one row for every line of the rules, from tags to walked, why and how.

A row reads: tags | the reason the way is left out, or `walked` and the flags it carries.
"""

from __future__ import annotations

import pytest

from lifecircle.base.problems import UsageError
from lifecircle.network.rules import (
    Policy,
    decide_node,
    decide_way,
    delay_at_node,
    is_square,
    kind_of_no_street,
    step_count,
    undecided,
)

WAYS = """
highway=footway                                  | walked
highway=path                                     | walked
highway=pedestrian                               | walked
highway=steps                                    | walked STEPS
highway=living_street                            | walked
highway=residential                              | walked
highway=service                                  | walked
highway=unclassified                             | walked
highway=road                                     | walked
highway=track                                    | walked
highway=cycleway                                 | walked
highway=tertiary                                 | walked
highway=secondary                                | walked
highway=primary                                  | walked
highway=tertiary_link                            | walked
highway=secondary_link                           | walked
highway=primary_link                             | walked
highway=trunk                                    | walked
highway=trunk_link                               | walked
railway=platform                                 | walked
public_transport=platform                        | walked
man_made=pier                                    | walked
highway=bus_stop public_transport=platform       | walked
highway=motorway                                 | foot_only
highway=motorway_link                            | foot_only
highway=busway                                   | foot_only
highway=bus_guideway                             | foot_only
highway=raceway                                  | foot_only
highway=escape                                   | foot_only
highway=motorway foot=yes                        | walked
highway=motorway_link foot=designated            | walked
highway=busway foot=permissive                   | walked
highway=bus_guideway foot=official               | walked
highway=raceway foot=destination                 | walked
highway=escape foot=public                       | walked
highway=motorway access=yes                      | foot_only
highway=busway access=public                     | foot_only
highway=motorway foot=private                    | foot_only
highway=trunk motorroad=yes                      | expressway
highway=trunk expressway=yes                     | expressway
highway=trunk_link motorroad=yes                 | expressway
highway=primary motorroad=yes                    | expressway
highway=secondary_link expressway=yes            | expressway
highway=trunk motorroad=no                       | walked
highway=trunk motorroad=yes foot=yes             | walked
highway=primary expressway=yes foot=designated   | walked
highway=primary expressway=yes access=yes        | expressway
highway=trunk foot=no                            | no_foot
highway=construction                             | never
highway=proposed                                 | never
highway=abandoned                                | never
highway=razed                                    | never
highway=planned                                  | never
highway=construction foot=yes                    | never
highway=proposed public_transport=platform       | never
railway=rail                                     | no_highway
railway=light_rail                               | no_highway
railway=rail foot=yes                            | no_highway
power=line                                       | no_highway
waterway=river                                   | no_highway
aeroway=taxiway                                  | no_highway
boundary=administrative                          | no_highway
building=yes                                     | no_highway
                                                 | no_highway
area=yes                                         | no_highway
area=yes foot=yes                                | no_highway
route=ferry                                      | ferry
route=ferry foot=yes                             | ferry
highway=rest_area area=yes                       | unlisted
highway=platform                                 | unlisted
highway=platform area=yes                        | walked
highway=pedestrian area=yes                      | walked
highway=bus_stop                                 | unlisted
highway=bridleway                                | unlisted
highway=via_ferrata                              | unlisted
highway=bridleway foot=yes                       | walked
highway=via_ferrata access=yes                   | unlisted
highway=unclassified;tertiary                    | walked
highway=motorway;residential                     | walked
highway=motorway;trunk_link                      | walked
highway=raceway;busway                           | foot_only
highway=footway; steps                           | walked STEPS
highway=corridor                                 | indoor
highway=elevator                                 | indoor
highway=footway indoor=yes                       | indoor
highway=steps indoor=corridor                    | indoor
highway=footway indoor=no                        | walked
railway=platform indoor=yes                      | indoor
highway=residential access=no                    | no_foot
highway=residential access=no foot=yes           | walked
highway=residential access=yes foot=no           | no_foot
highway=residential access=no foot=designated    | walked
highway=residential access=private foot=yes      | walked
highway=footway foot=use_sidepath                | no_foot
highway=cycleway foot=no                         | no_foot
highway=cycleway foot=use_sidepath               | no_foot
highway=service access=permissive                | walked
highway=service access=destination               | walked
highway=service access=private                   | walked PRIVATE
highway=service access=customers                 | walked PRIVATE
highway=service access=delivery                  | walked PRIVATE
highway=service access=permit                    | walked PRIVATE
highway=service access=residents                 | walked PRIVATE
highway=track access=agricultural                | walked PRIVATE
highway=track access=forestry                    | walked PRIVATE
highway=service foot=private access=yes          | walked PRIVATE
highway=service foot=customers                   | walked PRIVATE
highway=service access=no foot=private           | walked PRIVATE
highway=service access=military                  | walked
highway=service access=unknown                   | walked
highway=footway foot=limited                     | walked
highway=service foot=limited access=no           | no_foot
highway=residential vehicle=no                   | walked
highway=residential motor_vehicle=private        | walked
highway=residential sidewalk=separate            | walked
highway=residential sidewalk=no                  | walked
highway=primary sidewalk=none                    | walked
highway=residential oneway=yes                   | walked
highway=residential oneway=-1                    | walked
highway=footway oneway=yes                       | walked
highway=footway oneway:foot=yes                  | walked NO_BACKWARD
highway=footway oneway:foot=-1                   | walked NO_FORWARD
highway=footway oneway:foot=no oneway=yes        | walked
highway=path foot:forward=no                     | walked NO_FORWARD
highway=path foot:backward=no                    | walked NO_BACKWARD
highway=path foot:backward=yes                   | walked
highway=steps conveying=forward                  | walked STEPS NO_BACKWARD
highway=steps conveying=backward                 | walked STEPS NO_FORWARD
highway=steps conveying=yes                      | walked STEPS
highway=footway conveying=forward                | walked NO_BACKWARD
highway=steps ramp=yes                           | walked STEPS RAMP
highway=steps ramp=no                            | walked STEPS
highway=footway ramp=yes                         | walked
highway=footway bridge=yes                       | walked OFF_GROUND
highway=footway bridge=yes layer=0               | walked
highway=footway bridge=yes layer=1               | walked OFF_GROUND
highway=footway bridge=no                        | walked
highway=footway layer=1                          | walked OFF_GROUND
highway=footway layer=-1                         | walked OFF_GROUND
highway=footway layer=0                          | walked
highway=footway tunnel=yes                       | walked OFF_GROUND
highway=footway tunnel=building_passage          | walked OFF_GROUND
highway=footway tunnel=no                        | walked
highway=steps tunnel=yes access=private          | walked PRIVATE OFF_GROUND STEPS
"""

POLICIES = """
trunk=closed   | highway=trunk                          | trunk
trunk=closed   | highway=trunk_link                     | trunk
trunk=closed   | highway=trunk foot=yes                 | walked
trunk=closed   | highway=primary                        | walked
trunk=open     | highway=trunk                          | walked
trunk=open     | highway=trunk motorroad=yes            | walked
trunk=open     | highway=trunk foot=no                  | no_foot
trunk=open     | highway=primary motorroad=yes          | expressway
private=closed | highway=service access=private         | private
private=closed | highway=service access=customers       | private
private=closed | highway=service access=private foot=yes| walked
private=open   | highway=service access=private         | walked
private=open   | highway=service access=no              | no_foot
indoor=yes     | highway=corridor                       | walked
indoor=yes     | highway=corridor indoor=yes            | walked OFF_GROUND
indoor=yes     | highway=elevator                       | walked LIFT
indoor=yes     | highway=footway indoor=yes             | walked OFF_GROUND
indoor=yes     | indoor=room                            | no_highway
ferries=yes    | route=ferry                            | walked
ferries=yes    | route=ferry foot=no                    | no_foot
ferries=yes    | route=bus                              | no_highway
"""

NODES = """
                                    | open
highway=crossing                    | open
barrier=bollard                     | open
barrier=kerb                        | open
barrier=cycle_barrier               | open
barrier=block                       | open
barrier=entrance                    | open
barrier=gate                        | open
barrier=lift_gate                   | open
barrier=swing_gate                  | open
barrier=kissing_gate                | open
barrier=stile                       | open
barrier=turnstile                   | open
barrier=toll_booth                  | open
barrier=height_restrictor           | open
barrier=sally_port                  | open
barrier=wall                        | shut
barrier=fence                       | shut
barrier=hedge                       | shut
barrier=city_wall                   | shut
barrier=retaining_wall              | shut
barrier=ditch                       | shut
barrier=wall foot=yes               | shut
barrier=gate access=no              | shut
barrier=gate foot=no access=yes     | shut
barrier=gate foot=use_sidepath      | shut
barrier=gate locked=yes             | shut
barrier=gate locked=no              | open
barrier=bollard foot=no             | shut
barrier=gate access=no foot=yes     | open
barrier=gate access=private         | private
barrier=gate foot=private           | private
barrier=lift_gate access=residents  | private
barrier=gate access=private foot=yes| open
barrier=gate access=unknown         | open
barrier=chain                       | open
barrier=chain access=no             | open
"""

GATE_POLICIES = """
gates=open     | barrier=gate access=no       | open
gates=open     | barrier=gate locked=yes      | open
gates=open     | barrier=gate access=private  | open
gates=open     | barrier=wall                 | shut
gates=open     | barrier=bollard foot=no      | shut
gates=closed   | barrier=gate                 | shut
gates=closed   | barrier=lift_gate foot=yes   | shut
gates=closed   | barrier=kissing_gate         | shut
gates=closed   | barrier=bollard              | open
gates=closed   | barrier=entrance             | open
private=closed | barrier=gate access=private  | shut
private=open   | barrier=gate access=private  | open
"""


def rows(table: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.split("|")] for line in table.strip("\n").split("\n")]


def tags_of(text: str) -> dict[str, str]:
    """Tags from `key=value key=value`; a blank inside a value follows a semicolon."""
    pairs = text.replace("; ", ";_").split()
    return dict(pair.replace(";_", "; ").split("=", 1) for pair in pairs)


def policy_of(text: str) -> Policy:
    ((key, value),) = tags_of(text).items()
    return Policy(**{key: True if value == "yes" else value})


def said(tags: str, policy: Policy) -> str:
    decision = decide_way(tags_of(tags), policy)
    flags = [flag.name or "" for flag in decision.flags]
    return decision.reason or " ".join(["walked", *flags])


@pytest.mark.parametrize(("tags", "expected"), rows(WAYS))
def test_a_way_should_be(tags: str, expected: str) -> None:
    """Walked or not, why not, and how, with the policies as they are by default."""
    assert said(tags, Policy()) == expected


@pytest.mark.parametrize(("policy", "tags", "expected"), rows(POLICIES))
def test_a_way_should_be_under_a_policy(policy: str, tags: str, expected: str) -> None:
    assert said(tags, policy_of(policy)) == expected


@pytest.mark.parametrize(("tags", "expected"), rows(NODES))
def test_a_node_should_be(tags: str, expected: str) -> None:
    assert decide_node(tags_of(tags), Policy()) == expected


@pytest.mark.parametrize(("policy", "tags", "expected"), rows(GATE_POLICIES))
def test_a_gate_should_be_under_a_policy(policy: str, tags: str, expected: str) -> None:
    assert decide_node(tags_of(tags), policy_of(policy)) == expected


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ("highway=pedestrian area=yes", True),
        ("highway=footway area=yes", True),
        ("highway=path area=yes", True),
        ("highway=platform area=yes", True),
        ("railway=platform area=yes", True),
        ("public_transport=platform type=multipolygon", True),
        ("highway=pedestrian type=multipolygon", True),
        ("highway=pedestrian", False),
        ("highway=pedestrian area=no", False),
        ("highway=pedestrian area=yes building=yes", False),
        ("highway=service area=yes", False),
        ("leisure=park area=yes", False),
    ],
)
def test_a_square_should_be(tags: str, expected: bool) -> None:
    assert is_square(tags_of(tags)) is expected


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ("highway=footway", "0.0"),
        ("highway=footway step_count=4", "0.0"),
        ("highway=steps step_count=17", "17.0"),
        ("highway=steps", "nan"),
        ("highway=steps step_count=many", "nan"),
    ],
)
def test_steps_should_be_counted(tags: str, expected: str) -> None:
    """As mapped; `nan` asks for the length to decide."""
    assert str(step_count(tags_of(tags))) == expected


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ("highway=crossing crossing=traffic_signals", "signal"),
        ("highway=traffic_signals", "signal"),
        ("highway=crossing crossing=marked", ""),
        ("highway=elevator", "lift"),
        ("barrier=gate", ""),
    ],
)
def test_a_node_should_delay(tags: str, expected: str) -> None:
    assert delay_at_node(tags_of(tags)) == expected


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ("highway=service access=military", ["access=military"]),
        ("highway=service foot=limited access=odd", ["foot=limited", "access=odd"]),
        ("barrier=chain", ["barrier=chain"]),
        ("barrier=gate access=private foot=yes", []),
        ("highway=footway", []),
    ],
)
def test_values_that_decide_nothing_are_named(tags: str, expected: list[str]) -> None:
    assert undecided(tags_of(tags)) == expected


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ("power=line", "power"),
        ("railway=rail", "railway"),
        ("boundary=administrative admin_level=8", "boundary"),
        ("building=yes amenity=school", "building"),
        ("waterway=river", "waterway"),
        ("name=nothing", "other"),
        ("", "untagged"),
    ],
)
def test_what_is_no_street_is_counted_by_kind(tags: str, expected: str) -> None:
    assert kind_of_no_street(tags_of(tags)) == expected


@pytest.mark.parametrize("wrong", [{"trunk": "x"}, {"private": "asis"}, {"gates": "ends"}])
def test_a_policy_nobody_knows_names_the_known_ones(wrong: dict[str, str]) -> None:
    with pytest.raises(UsageError, match=r"unknown policy .* known: .*open"):
        Policy(**wrong)  # type: ignore[arg-type]
