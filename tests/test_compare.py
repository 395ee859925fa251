"""Comparisons: figures and bounds worked out from the states, files, the page, both languages."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import shapely
from click.testing import CliRunner, Result
from rich.cells import cell_len

import lifecircle as lc
from lifecircle.cli import commands
from lifecircle.demo import copy_town
from lifecircle.inputs.rule_book import with_options
from lifecircle.measures.compare import change_between
from lifecircle.outputs.compare_terminal import points
from lifecircle.pipeline import silent
from lifecircle.scenario import Scenario
from lifecircle.what_if import State, _measured, state_of, what_if

CANTEEN = """
name = "canteen"
title = "东渡食堂"
[[facilities.add]]
name = "东渡食堂"
service = "community_canteen"
lon = 121.592
lat = 31.299
cost = 90400
"""
SHUT = 'name = "shut"\n[[facilities.close]]\nfacility = "东渡街道养老院"\n'


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> lc.Study:
    whole = lc.load_study(copy_town(tmp_path_factory.mktemp("town")))
    options = whole.study.model_copy(update={"denominators": ("residents",)})
    return with_options(whole, study=options)


@pytest.fixture(scope="module")
def base(study: lc.Study) -> State:
    return state_of(study, indicators=False)


@pytest.fixture(scope="module")
def canteen(base: State) -> State:
    content = {"name": "东渡食堂", "service": "community_canteen", "lon": 121.592, "lat": 31.299}
    content["cost"] = 90400
    scenario = Scenario.model_validate({"name": "canteen", "facilities": {"add": [content]}})
    return what_if(base, scenario, indicators=False)


def test_change_people_and_cost_agree_with_the_two_states(base: State, canteen: State) -> None:
    """Gained is covered after less before; the cost is shared by exactly these."""
    change = change_between(base, canteen)
    keys = ["unit_id", "level", "service", "denominator"]
    table = change.coverage.set_index(keys)
    both = [state.coverage.set_index(keys)["covered"] for state in (base, canteen)]
    more = (both[1] - both[0]).reindex(table.index)
    row = ("city", "city", "community_canteen", "residents")
    assert change.people is not None
    people = change.people.set_index(keys).loc[row]
    assert people["gained"] == pytest.approx(more[row]) and more[row] > 800
    assert people["lost"] == 0 and people["cost"] == 90400
    assert people["cost_per_gained"] == pytest.approx(90400 / more[row])
    assert people["gained_after_m"] <= 300 < people["gained_before_m"]
    untouched = table[table.index.get_level_values("service") != "community_canteen"]
    assert (untouched["change"].fillna(0) == 0).all()


def test_bounds_are_wide_only_where_something_may_have_changed(base: State) -> None:
    """Markets and canteens are known within 1500 m of the west: what lies beyond is unknown.

    Of markets it is unknown before and after, so that no change is left open.  The canteen stands
    where nothing was known: its 904 residents may have had one, or gain.
    """
    assert base.ground is not None
    inputs = base.ground.inputs
    ground = shapely.Point(-600, 0).buffer(1500)
    known = {"wet_market": ground, "community_canteen": ground}
    partly = replace(base.ground, inputs=replace(inputs, known=known))
    before = _measured(base.study, partly, "partly", "partly", False, silent)
    content = {"name": "x", "service": "community_canteen", "lon": 121.592, "lat": 31.299}
    scenario = Scenario.model_validate({"name": "canteen", "facilities": {"add": [content]}})
    table = change_between(before, what_if(before, scenario, False)).coverage
    city = table[table["level"] == "city"].set_index("service")
    market, meals = city.loc["wet_market"], city.loc["community_canteen"]
    assert market["unknown_before"] > 1000 and market["unknown_after"] > 1000
    assert market["change_low"] == market["change"] == market["change_high"] == 0
    assert meals["change_low"] == 0
    assert meals["change_high"] * meals["total_after"] == pytest.approx(904)


def test_there_and_back_are_opposite(base: State, canteen: State) -> None:
    there, back = change_between(base, canteen), change_between(canteen, base)
    np.testing.assert_allclose(there.coverage["change"], -back.coverage["change"])
    assert there.people is not None and back.people is not None
    assert there.people["gained"].tolist() == back.people["lost"].tolist()
    assert not there.coverage["verdict"].isin(["missed"]).any()


def test_a_state_and_itself_differ_in_nothing(base: State) -> None:
    change = change_between(base, base)
    assert (change.coverage["change"].fillna(0) == 0).all()
    assert change.people is not None and change.people.empty
    assert (change.coverage["verdict"] == "").all()


def test_other_units_are_refused_with_their_names(base: State) -> None:
    other = replace(base, units=base.units[base.units["name"] != "芦洲镇"])
    with pytest.raises(lc.InputRefused, match="芦洲镇"):
        change_between(base, other)


@pytest.mark.parametrize(
    ("change", "said"), [(0.01531, "+1.5"), (-0.02, "−2.0"), (0.0, "0"), (1e-6, "0")]
)
def test_points_have_a_sign(change: float, said: str) -> None:
    assert points(change) == said


Command = Callable[..., Result]


@pytest.fixture
def command(
    base: State, study: lc.Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Command:
    """`lifecircle compare STUDY …` that finds the study computed, and computes no indicators."""
    from lifecircle import what_if as module

    monkeypatch.setattr(module, "state_of", lambda *_: base)
    monkeypatch.setattr(
        module, "what_if", lambda state, scenario, *_: what_if(state, scenario, False)
    )

    def call(language: str, *texts: str, words: tuple[str, ...] = ()) -> Result:
        paths = []
        for number, text in enumerate(texts):
            path = tmp_path / f"after{number}.toml"
            path.write_text(text, encoding="utf-8")
            paths.append(str(path))
        line = ["compare", str(study.file), *paths, "--out", str(tmp_path / "out"), *words]
        return CliRunner(env={"COLUMNS": "80"}).invoke(commands, [*line, "--lang", language])

    return call


def flat(output: str) -> str:
    """What is said, however it was folded: between Chinese words there is no space."""
    return re.sub(r"(?<=[\u4e00-\uffef]) (?=\d)", " ", " ".join(output.split()))


def written(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()}


@pytest.mark.parametrize(
    ("language", "said"),
    [("zh", "常住人口新增覆盖 904"), ("en", "904 residents more are within the limit")],
)
def test_the_command_says_and_writes_it(
    command: Command, tmp_path: Path, language: str, said: str
) -> None:
    done = command(language, CANTEEN)
    assert done.exit_code == 0, done.output
    assert said in flat(done.output)
    lines = [line for line in done.output.split("\n") if str(tmp_path) not in line]
    assert max(map(cell_len, lines)) <= 80
    files = written(tmp_path / "out")
    assert files.keys() == {"change.csv", "people.csv", "manifest.json", "demo-vs-canteen.html"}
    table = pd.read_csv(tmp_path / "out/data/processed/demo-vs-canteen/people.csv")
    assert {"demo"} == set(table["before"]) and {"canteen"} == set(table["after"])
    assert command(language, CANTEEN).exit_code == 0
    assert written(tmp_path / "out") == files


def test_several_are_put_side_by_side(command: Command, tmp_path: Path) -> None:
    done = command("en", CANTEEN, SHUT)
    assert done.exit_code == 0 and "2 alternatives" in flat(done.output), done.output
    content = json.loads(command("en", CANTEEN, SHUT, words=("--json",)).stdout)
    assert content["after"] == ["canteen", "shut"]
    assert {row["after"] for row in content["change"]} == {"canteen", "shut"}
    lost = [row for row in content["people"] if row["after"] == "shut" and row["lost"]]
    assert lost and all(row["gained"] == 0 for row in lost)
    assert (tmp_path / "out/maps/demo-vs-canteen-shut.html").is_file()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_what_cannot_be_meant_is_one_line_and_nothing_written(
    command: Command, tmp_path: Path, language: str
) -> None:
    done = command(language, SHUT.replace("东渡街道养老院", "东度街道养老院"))
    assert done.exit_code == 2 and "东渡街道养老院" in done.stderr
    assert "Traceback" not in done.output and not written(tmp_path / "out")


def test_results_of_runs_are_compared_too(base: State, study: lc.Study) -> None:
    """Two walkers: the elderly one of the same study gains nowhere and loses somewhere."""
    elderly = Scenario.model_validate({"name": "elderly", "study": {"profile": "elderly"}})
    found = lc.compare(base, what_if(base, elderly, indicators=False), indicators=False)
    people = found.changes[0].people
    assert people is not None and people["gained"].sum() == 0 and people["lost"].sum() > 0
    with pytest.raises(lc.UsageError, match="two states"):
        lc.compare(study)
