"""Streets of a scenario: a footbridge over the demo river, ways as a map has them, bad input."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import osmium
import pandas as pd
import pytest
import shapely

import lifecircle as lc
from lifecircle.base.problems import StudyRefused
from lifecircle.demo import copy_town
from lifecircle.inputs.rule_book import with_options
from lifecircle.scenario import Scenario, load_scenario
from lifecircle.what_if import State, state_of, what_if

WEST, EAST = (121.5832838, 31.2985291), (121.587641, 31.2991215)
"""The riverside roads on both banks, 225 m north of the town's middle (scripts/demo_town)."""


def over_residents(study: lc.Study) -> lc.Study:
    options = study.study.model_copy(update={"denominators": ("residents",)})
    return with_options(study, study=options)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> State:
    file = copy_town(tmp_path_factory.mktemp("town"))
    return state_of(over_residents(lc.load_study(file)), indicators=False)


def after(base: State, **content: object) -> State:
    return what_if(base, Scenario.model_validate({"name": "test", **content}), indicators=False)


def walk(base: State, goals: gpd.GeoDataFrame, places: gpd.GeoDataFrame) -> np.ndarray:
    """Metres on the streets as they were, by the public function."""
    assert base.ground is not None
    minutes = lc.walk_minutes(base.ground.inputs.network, goals, places)
    return minutes.metres[:, 0]


def test_a_footbridge_over_the_river_changes_exactly_who_walks_over_it(base: State) -> None:
    """Every walk after is the walk before or the one over 480 m of bridge, whichever is shorter.

    Worked out on the old streets: to the end on the own bank, the bridge, and on from its far end.
    There is no health centre east of the river, so that all who gain live on that far bank.
    """
    bridge = {"name": "桥", "line": [WEST, EAST], "footbridge": True, "steps": 60, "length_m": 480}
    state = after(base, ways={"add": [bridge]})
    ends = gpd.GeoDataFrame(
        {"facility_id": ["e"], "service": ["end"], "demand_id": ["e"]},
        geometry=[shapely.Point(EAST)],
        crs=4326,
    )
    column = base.minutes.services.index("health_centre")
    before, now = base.minutes.metres[:, column], state.minutes.metres[:, column]
    to_east = walk(base, ends, base.demand)
    centres = base.facilities[base.facilities["service"] == "health_centre"]
    from_west = walk(base, centres, ends.set_geometry([shapely.Point(WEST)], crs=4326))
    expected = np.minimum(before, to_east + 480 + from_west)
    np.testing.assert_allclose(now, expected, atol=0.15)
    river = (121.5832838 + 121.587641) / 2
    nearer = now < before - 0.05
    assert nearer.sum() > 100 and (base.demand.geometry.x[nearer] > river).all()
    assert (base.demand.loc[nearer, "unit_id"].isin(["990101005000", "990101101000"])).all()


def with_way(path: Path, refs: list[int]) -> None:
    """The extract at `path` with one footbridge more."""
    more = path.with_name("more.osm.pbf")
    tags = {"highway": "footway", "bridge": "yes", "layer": "1"}
    header = osmium.io.Reader(str(path)).header()
    writer = osmium.SimpleWriter(str(more), header=header)
    ways: list[Any] = []
    for item in osmium.FileProcessor(str(path)):
        if item.is_relation() and not ways:
            ways.append(
                writer.add_way(osmium.osm.mutable.Way(id=9999999999, nodes=refs, tags=tags))
            )
        writer.add(item)
    if not ways:
        writer.add_way(osmium.osm.mutable.Way(id=9999999999, nodes=refs, tags=tags))
    writer.close()
    more.replace(path)


def test_a_way_of_a_scenario_is_one_of_the_map(base: State, tmp_path: Path) -> None:
    """The same footbridge written into the extract, and the study run as a whole."""
    assert base.ground is not None
    ways = base.ground.mapped.ways
    ends = [int(np.argmin(np.hypot(ways.lon - x, ways.lat - y))) for x, y in (WEST, EAST)]
    line = [(float(ways.lon[one]), float(ways.lat[one])) for one in ends]
    state = after(base, ways={"add": [{"name": "桥", "line": line, "footbridge": True}]})
    file = copy_town(tmp_path)
    with_way(tmp_path / "synthetic_town.osm.pbf", [int(ways.node[one]) for one in ends])
    run = state_of(over_residents(lc.load_study(file)), indicators=False)
    assert (run.minutes.metres < base.minutes.metres - 1).any()
    np.testing.assert_allclose(state.minutes.metres, run.minutes.metres, atol=1e-6)
    keys = ["share", "share_upper", "covered", "unknown"]
    pd.testing.assert_frame_equal(state.coverage[keys], run.coverage[keys])


def test_a_path_joins_the_streets_that_it_crosses(base: State) -> None:
    """It has a node in common with each of the streets that lie between its ends."""
    line = [(121.5720, 31.2990), (121.5790, 31.3001)]
    path = after(base, ways={"add": [{"name": "路", "line": line}]})
    assert path.ground is not None
    new = path.ground.mapped.ways
    own = new.node[new.start[-2] : new.start[-1]]
    met = set(own.tolist()) & set(new.node[: new.start[-2]].tolist())
    assert len(met) >= 3


def test_a_closed_way_is_walked_no_more(base: State) -> None:
    """Without the bridge 长虹大桥 nobody comes nearer, and whoever crossed it walks farther."""
    assert base.ground is not None
    network = base.ground.inputs.network
    crossing = shapely.LineString([WEST, EAST]).buffer(0.02)
    lines = gpd.GeoSeries(network.lines, crs=network.crs).to_crs(4326)
    middle = shapely.intersects(lines.to_numpy(), crossing) & network.has(2)  # type: ignore[arg-type]
    longest = int(np.argmax(np.where(middle, network.length_m, 0)))
    state = after(base, ways={"close": [{"way": int(network.way_id[longest])}]})
    assert (state.minutes.metres >= base.minutes.metres - 1e-6).all()
    assert (state.minutes.metres > base.minutes.metres + 1).any()


def test_a_gate_is_named_by_its_place_or_its_node(base: State) -> None:
    assert base.ground is not None
    mapped = base.ground.mapped
    node = next(one for one, state in sorted(mapped.gates.items()) if state == "private")
    at = int(np.flatnonzero(mapped.ways.node == node)[0])
    place = {"lon": float(mapped.ways.lon[at]), "lat": float(mapped.ways.lat[at])}
    named = after(base, gates=[{"node": node, "state": "open"}])
    placed = after(base, gates=[{**place, "state": "open"}])
    assert np.array_equal(named.minutes.metres, placed.minutes.metres)
    assert not np.array_equal(named.minutes.metres, base.minutes.metres)


FAR = {"lon": 121.50, "lat": 31.20}
ADD = {"name": "新", "service": "wet_market", "lon": 121.592, "lat": 31.299}

BAD: dict[str, tuple[dict[str, Any], str, str]] = {
    "facility": (
        {"facilities": {"close": [{"facility": "揽月路健身苑"}]}},
        "scenario_facility",
        "揽月路健身苑点",
    ),
    "facility's service": (
        {"facilities": {"close": [{"facility": "SQ001", "service": "wet_market"}]}},
        "scenario_facility_service",
        "sports_ground_s",
    ),
    "service": (
        {"facilities": {"add": [ADD | {"service": "wet_markt"}]}},
        "scenario_service",
        "wet_market",
    ),
    "far facility": ({"facilities": {"add": [ADD | FAR]}}, "scenario_unattached", "200 m"),
    "unit": (
        {"population": [{"unit": "东渡街", "residents": 10}]},
        "scenario_unit",
        "东渡街道",
    ),
    "place of homes": (
        {"population": [{**FAR, "residents": 10}]},
        "scenario_outside",
        "平澜街道",
    ),
    "weight": (
        {"population": [{"unit": "东渡街道", "dwellings": 10}]},
        "scenario_weight",
        "residents",
    ),
    "too few": (
        {"population": [{"unit": "东渡街道", "residents": -1e6}]},
        "scenario_too_few",
        "东渡街道|residents",
    ),
    "gate": (
        {"gates": [{"node": 9000001634, "state": "open"}]},
        "scenario_gate_node",
        "9000001633",
    ),
    "gate's place": ({"gates": [{**FAR, "state": "open"}]}, "scenario_gate_place", " m away"),
    "way": ({"ways": {"close": [{"way": 910000000}]}}, "scenario_way", "9100000"),
    "way to nothing": (
        {
            "ways": {
                "add": [{"name": "桥", "line": [WEST, (121.5855, 31.2988)], "footbridge": True}]
            }
        },
        "scenario_touches_nothing",
        "from its end",
    ),
    "short way": (
        {"ways": {"add": [{"name": "桥", "line": [WEST, EAST], "length_m": 100}]}},
        "scenario_too_short",
        "42",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_not_there_is_refused_with_the_nearest_right_name(base: State, case: str) -> None:
    content, code, said = BAD[case]
    with pytest.raises(StudyRefused) as refused:
        after(base, **content)
    assert [problem.code for problem in refused.value.problems] == [code]
    if case != "too few":
        assert said in refused.value.message("en")
    assert refused.value.message("zh")


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("name = 'a'\n[[facilities.add]]\nservice = 'x'\nname = 'n'\nlon = 1\n", "lat"),
        ("name = 'a'\n[[facilities.closed]]\nfacility = 'x'\n", "facilities.closed"),
        ("name = 'a b'\n", "name"),
        ("name = 'a'\n[study]\ncrs = 'EPSG:4549'\n", "study"),
        ("name = 'a'\n[study]\nprofile = 'runner'\n", "study.profile"),
        ("name = 'a'\n[[gates]]\nstate = 'open'\n", "gates.0"),
        ("name = 'a'\n[[population]]\nunit = 'x'\n", "population.0"),
        ("name = 'a'\n[[ways.add]]\nname = 'w'\nline = [[121, 31]]\n", "ways.add.0.line"),
    ],
)
def test_a_scenario_file_is_checked_key_by_key(tmp_path: Path, text: str, key: str) -> None:
    path = tmp_path / "scenario.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(StudyRefused) as refused:
        load_scenario(path)
    assert any(key in problem.column for problem in refused.value.problems)
