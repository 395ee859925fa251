"""The target table on paper: each kind of line, what is missing, and the verdicts."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from paper import demand, facilities, standard, street, units, walks

from lifecircle.base.policy_tables import LISTS
from lifecircle.base.tables import conform
from lifecircle.measures.coverage import coverage
from lifecircle.measures.facts import Choices, Facts
from lifecircle.measures.indicators import indicators
from lifecircle.measures.supply_table import supplies
from lifecircle.standards.indicators import Targets, bundled_targets

LINE = {"name_zh": "名", "name_en": "name", "clause": "c", "confidence": "V"}
PEOPLE = {"residents": [100.0, 300.0, 600.0], "residents_60plus": [20.0, 30.0, 50.0]}


def lists(*rows: dict[str, Any]) -> gpd.GeoDataFrame:
    given = [{"source": "f", "row": number, "yes": ";", "no": ";"} | row
             for number, row in enumerate(rows)]  # fmt: skip
    shapes = np.array([row.pop("geometry", None) for row in given], dtype=object)
    table = gpd.GeoDataFrame(given, columns=None if given else ["list", "source", "row"])
    return conform(table.set_geometry(gpd.GeoSeries(shapes)), LISTS)


def town(*rows: dict[str, Any], declared: str = "", parent: str = "D", **choices: Any) -> Facts:
    """Units u (0-1000 m), v (1000-2000) and rural w (2000-3000) on one street.

    100, 300 and 600 people at 500, 1500 and 2500 m; homes of 30 beds at 400 m and of a number of
    beds nobody says at 2400 m; one locker at 1500 m.
    """
    network, of = street(3000), demand([500, 1500, 2500], ["u", "v", "w"], **PEOPLE)
    to = facilities(home=[400, 2400], locker=[1500])
    to = to.assign(beds=[30.0, np.nan, np.nan])
    zones = units(
        unit_id=["u", "v", "w"],
        edges=[0, 1000, 2000, 3000],
        rural=[False, False, True],
        parent=parent,
        parent_level="district" if parent else "",
    )
    rules = standard({"home": 500, "locker": 200}, {"care": ["home"]})
    minutes = walks(network, to, of)
    table = lists(*rows)
    return Facts(
        network=network,
        units=zones,
        facilities=to,
        demand=of,
        minutes=minutes,
        standard=rules,
        coverage=coverage(minutes, of, zones, rules),
        lists=table,
        declared=frozenset(table["list"]) | frozenset(declared.split()),
        choices=Choices(**choices),
        walk_as=lambda profile, services: walks(
            network, to, of, profile=profile, services=services
        ),
    )


def measured(facts: Facts, **line: Any) -> pd.DataFrame:
    """The rows of one line, by unit."""
    targets = Targets.model_validate({"id": "t", "indicators": [{"id": "X1"} | LINE | line]})
    table = indicators(targets, facts, 2025, "en")
    return table[table["level"] != "district"].set_index("unit_id")


def test_coverage_is_that_of_the_coverage_table_and_rural_units_get_no_target() -> None:
    """Homes reach 100 + 600 of 1000 within 500 m (100 m each way); target 0.6."""
    table = measured(town(), kind="coverage", services=["home"], target=0.6)
    assert table["value"].tolist() == [0.7, 1, 0, 1]
    assert table.loc["city", ["count", "total"]].tolist() == [700, 1000]
    assert table.loc[["city", "u", "v"], "meets_target"].tolist() == [True, True, False]
    assert pd.isna(table.loc["w", "meets_target"]) and pd.isna(table.loc["w", "target"])
    assert "residents" in table.loc["city", "rule"] and "paper" in table.loc["city", "rule"]


def test_several_services_give_the_mean_and_a_limit_of_the_study_replaces_their_own() -> None:
    """Home 0.7 and locker 0.3: 0.5; within 1500 m both reach all of u and v, and w the home."""
    services = ["home", "locker"]
    assert measured(town(), kind="coverage", services=services)["value"]["city"] == 0.5
    facts = town(commerce_limit_m=1500)
    table = measured(facts, kind="coverage", services=services, option="commerce_limit_m")
    assert table["value"].tolist() == pytest.approx([1, 1, 1, 1])


def test_rural_lines_count_the_rural_units_alone() -> None:
    table = measured(town(), kind="coverage", services=["home"], rural=True)
    assert table.index.tolist() == ["city", "w"] and table["total"].tolist() == [600, 600]


def test_another_walker_has_the_limit_of_his_own_pace() -> None:
    """0.8 m/s for 2 minutes is 96 m: no home within; for 3 minutes 144 m: both are."""
    line = {"kind": "coverage", "services": ["care"], "profile": "wheelchair"}
    assert measured(town(), **line, limit_min=2)["value"]["city"] == 0
    assert measured(town(), **line, limit_min=3)["value"]["city"] == 0.7


def test_units_are_counted_where_every_service_reaches_the_share() -> None:
    """Both at 85 %: none; the home alone: u and w, 2 of 3; among the central u and v: 1 of 2."""
    line: dict[str, Any] = {"kind": "units", "at_least": 0.85}
    assert measured(town(), services=["home", "locker"], **line)["value"]["city"] == 0
    assert measured(town(), services=["home"], count=True, **line)["value"]["city"] == 2
    central = town(central=("u", "v"))
    assert measured(central, services=["home"], central=True, **line)["value"]["city"] == 0.5
    missing = measured(town(), services=["home"], central=True, **line)["missing"]["city"]
    assert "[indicators] central" in missing


def test_beds_for_1000_people_and_one_home_that_does_not_say() -> None:
    """30 known beds for 100 of 60+: 300; more may be there, so it is not below 400: no verdict."""
    line: dict[str, Any] = {
        "kind": "per_1000", "services": ["home"], "capacity": "beds", "of": "residents_60plus",
    }  # fmt: skip
    table = measured(town(), target=400, **line)
    assert table["value"].tolist() == [300, 1500, 0, 0]
    assert pd.isna(table.loc["city", "meets_target"]) and pd.isna(table.loc["city", "value_upper"])
    assert table.loc["v", "meets_target"] == False  # noqa: E712
    assert measured(town(), target=200, **line)["meets_target"]["city"] == True  # noqa: E712


def test_a_facility_of_two_services_counts_once() -> None:
    facts = town()
    twice = pd.concat([facts.facilities, facts.facilities.iloc[[0]].assign(service="locker")])
    facts = Facts(**vars(facts) | {"facilities": twice.reset_index(drop=True)})
    found = measured(facts, kind="total", services=["home", "locker"], amount="beds")
    assert found["value"]["city"] == 30


def test_presence_over_streets_districts_and_neighbourhoods() -> None:
    """Of three streets two; of one district one; of three neighbourhoods one."""
    rows = [
        {"list": "club", "street": "u", "district": "D", "neighbourhood": "n1"},
        {"list": "club", "street": "v", "district": "D", "neighbourhood": "n9"},
        *({"list": "neighbourhood", "neighbourhood": name} for name in ("n1", "n2", "n3")),
    ]
    facts, line = town(*rows), {"kind": "presence", "any_of": [{"list": "club"}]}
    street_level = measured(facts, level="street", target=1.0, **line)
    assert street_level["value"].tolist() == pytest.approx([2 / 3, 1, 1, 0])
    assert street_level["meets_target"].tolist() == [False, True, True, False]
    assert measured(facts, level="district", **line)["value"]["city"] == 1
    assert measured(facts, level="neighbourhood", **line)["value"]["city"] == pytest.approx(1 / 3)


def test_presence_of_enough_beds_and_of_a_list_that_is_missing() -> None:
    """A ward of 150 beds is too small; with the other list missing it could still be there."""
    needed = [{"list": "hospital"}, {"list": "ward", "amount": "beds", "at_least": 200}]
    line: dict[str, Any] = {"kind": "presence", "level": "district", "any_of": needed}
    small = {"list": "ward", "district": "D", "beds": 150.0}
    table = measured(town(small), target=1.0, **line)
    assert table["value"]["city"] == 0 and table["value_upper"]["city"] == 1
    assert pd.isna(table["meets_target"]["city"]) and "hospital" in table["missing"]["city"]
    both = measured(town(small, declared="hospital"), target=1.0, **line)
    assert both["meets_target"]["city"] == False  # noqa: E712


def test_a_declared_and_empty_list_is_an_answer() -> None:
    line: dict[str, Any] = {"kind": "total", "list": "park", "target": 1}
    assert measured(town(declared="park"), **line)["value"]["city"] == 0
    table = measured(town(), **line)
    assert len(table) == 1 and 'kind = "park"' in table["missing"]["city"]
    assert pd.isna(table["value"]["city"]) and pd.isna(table["meets_target"]["city"])


def test_totals_of_the_whole_city_judge_only_the_whole_city() -> None:
    """40 beds against 100: no verdict for a part of the city; rows without a street count too."""
    rows = [{"list": "care", "street": "u", "beds": 30.0}, {"list": "care", "beds": 10.0}]
    line: dict[str, Any] = {
        "kind": "total", "list": "care", "amount": "beds", "target": 100, "target_of": "city",
    }  # fmt: skip
    part = measured(town(*rows), **line)
    assert part["value"].tolist() == [40, 30, 0, 0] and part["meets_target"].isna().all()
    assert part["target"].tolist()[0] == 100 and part["target"].isna().tolist()[1:] == [True] * 3
    whole = measured(town(*rows, whole_city=True), **line)
    assert whole["meets_target"].isna().tolist() == [False, True, True, True]
    assert whole["meets_target"]["city"] == False  # noqa: E712


def test_shares_with_an_attribute_keep_what_is_not_known_apart() -> None:
    """Of four places one has it, two lack it, one does not say: 25 % to 50 %."""
    rows = [
        {"list": "place", "street": "u", "yes": ";room;"},
        {"list": "place", "street": "u", "no": ";room;"},
        {"list": "place", "street": "v", "no": ";room;"},
        {"list": "place", "street": "v"},
    ]
    line: dict[str, Any] = {"kind": "share", "list": "place", "attribute": "room"}
    table = measured(town(*rows), target=0.4, **line)
    assert (table["value"]["city"], table["value_upper"]["city"]) == (0.25, 0.5)
    assert pd.isna(table["meets_target"]["city"]) and table["value"]["u"] == 0.5
    assert "w" not in table.index
    other = measured(town(*rows), **line | {"attribute": "lift"})
    assert "lift" in other["missing"]["city"]


def test_a_locker_counts_within_the_metres_of_the_study_from_the_outline() -> None:
    """Compounds that end 50, 100 and 101 m before the locker at 1500 m."""
    rows = [
        {"list": "compound", "street": "v", "geometry": shapely.box(1300, -5, end, 5)}
        for end in (1450, 1400, 1399)
    ]
    line: dict[str, Any] = {"kind": "share", "list": "compound", "near": "locker"}
    assert measured(town(*rows), **line)["value"]["city"] == pytest.approx(2 / 3)
    assert measured(town(*rows, locker_m=49.0), **line)["value"]["city"] == 0


def test_without_a_parent_column_districts_are_what_is_missing() -> None:
    line: dict[str, Any] = {"kind": "presence", "level": "district", "any_of": [{"list": "club"}]}
    table = measured(town({"list": "club", "district": "D"}, parent=""), **line)
    assert "[units] parent" in table["missing"]["city"]


def test_all_lines_of_the_policy_stand_in_the_table_of_any_town() -> None:
    """A01 to A28 and B01 to B07: computed, or with what is missing; never silent."""
    table = indicators(bundled_targets(), town(), 2025, "en")
    wanted = [f"A{n:02}" for n in range(1, 29)] + [f"B{n:02}" for n in range(1, 8)]
    assert sorted(set(table["indicator"])) == wanted
    city = table[table["level"] == "city"]
    assert len(city) == len(bundled_targets().indicators)
    assert (city["value"].notna() | (city["missing"] != "")).all()
    assert (city["clause"] != "").all()


def test_the_policy_targets_are_those_of_the_documents() -> None:
    """Against the list of the issue's reference, typed again here."""
    stated = {
        "A01": 0.85, "A02": 1.0, "A05": 1.0, "A08": 200, "A10": 1.0, "A12": 100, "A13": 1.0,
        "A14": 1.0, "A17": 15000, "A18": 50, "A19": 1.0, "A21": 1.0, "A22": 4.5, "A25": 7000,
    }  # fmt: skip
    lines = {line.id: line for line in bundled_targets().indicators}
    assert {name: lines[name].target for name in stated} == stated
    parts = {line.key: line.target for line in bundled_targets().indicators}
    assert parts["A09", "count"] == 20 and parts["A16", "total"] == 178_000
    assert parts["A15", "homes"] == 100 and parts["A15", "places"] == 1000
    assert parts["A23", "homes"] == 600_000


def test_supply_of_a_unit_on_paper() -> None:
    """30 beds at 400 m are for the 20 of 60+ of u: 1500 a thousand; norm 250 for a thousand.

    u has 30 and needs 5; v needs 7.5 and has none; w has a home of unknown size and needs 12.5.
    v is not covered; w is covered and not served.
    """
    rule = {
        "id": "beds", "name_zh": "床", "name_en": "beds", "services": ["home"],
        "capacity": "beds", "group": "residents_60plus", "norm": 250,
        "norm_of": "residents_60plus", "clause": "c", "confidence": "V",
    }  # fmt: skip
    targets = Targets.model_validate({"id": "t", "indicators": [], "supplies": [rule]})
    found = supplies(targets, town()).table
    table = found[(found["method"] == "2sfca") & (found["level"] != "district")]
    table = table.set_index("unit_id")
    assert table["gap"].tolist() == [0, 7.5, 12.5, 0]
    assert table["per_1000"].tolist() == [1500, 0, 0, 300]
    assert table["access_per_1000"].tolist() == [1500, 0, 0, 300]
    assert table["covered_share"].tolist() == pytest.approx([1, 0, 1, 0.7])
    assert table["served_share"].tolist() == pytest.approx([1, 0, 0, 0.2])
    assert table["difference"].tolist() == pytest.approx([0, 0, 1, 0.5])
    assert table["unknown_capacity"].tolist() == [0, 0, 1, 1]


def test_supply_without_the_group_or_a_capacity_is_left_out_and_said() -> None:
    found = supplies(bundled_targets(), town())
    assert found.table.empty
    assert [(one.code, one.value) for one in found.problems] == [
        ("supply_missing", "eldercare_beds"),
        ("supply_missing", "childcare_places"),
        ("supply_missing", "elder_floor_area"),
    ]
