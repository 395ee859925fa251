"""Each service by its own walker: metres, delays, limits and shares, worked out on paper."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from paper import demand, facilities, standard, street, units, walks
from support import REPOSITORY

from lifecircle.base.problems import StudyRefused, UsageError
from lifecircle.inputs.walkers import walked_standard
from lifecircle.measures.coverage import coverage, tier_shares
from lifecircle.measures.sensitivity import sensitivity
from lifecircle.measures.streets import Streets
from lifecircle.network.profiles import STANDARD_M_PER_MIN, profiles
from lifecircle.network.walk import Minutes
from lifecircle.standards.catalogue import Standard
from lifecircle.standards.pace import at_pace, mixed_headlines, walked_by
from lifecircle.study import Study, load_study

sys.path.insert(0, str(REPOSITORY / "tests" / "inputs"))
from studies import write_study

PACES = {name: profile.m_per_min for name, profile in profiles().items()}


def town() -> tuple[Minutes, Standard, dict[str, object]]:
    """A street with 100 steps over its 4,000 m; a shop and a home at 0, people at 780 and 900 m.

    To the shop one walks as the standard does, to the home as the elderly: 0.9 m/s, and each
    step costs 0.7 s, that is 0.63 m; there are 2.5 steps in 100 m.
    """
    network = street(4000)
    network = replace(network, vertex_steps=np.array([0.0, 100.0]))
    places = facilities(shop=[0], home=[0])
    people = demand([780, 900], ["u", "u"], residents=[1.0, 2.0])
    tables = {"network": network, "units": units(unit_id=["u"], edges=[0, 4000])}
    minutes = walks(network, places, people, profiles={"home": "elderly"})
    rules = walked_by(standard({"shop": 1000, "home": 1000}), "standard", {"home": "elderly"})
    rules = at_pace(rules, "standard", PACES, STANDARD_M_PER_MIN)
    return minutes, rules, {**tables, "facilities": places, "demand": people}


def test_delays_count_only_for_the_service_whose_walker_has_them() -> None:
    """To the shop 900 m are 900 m; to the home 22.5 steps add 22.5 × 0.63 m."""
    minutes, _, _ = town()
    assert dict(zip(minutes.services, minutes.profiles, strict=True)) == {
        "home": "elderly",
        "shop": "standard",
    }
    metres = dict(zip(minutes.services, minutes.metres[1], strict=True))
    assert metres["shop"] == pytest.approx(900, abs=1e-9)
    assert metres["home"] == pytest.approx(900 + 22.5 * 0.63, abs=1e-9)
    walked = dict(zip(minutes.services, minutes.minutes[1], strict=True))
    assert walked["shop"] == pytest.approx(13.5)
    assert walked["home"] == pytest.approx((900 + 22.5 * 0.63) / 54)


def test_each_row_of_coverage_says_who_walks_and_how_far() -> None:
    """15 minutes are 1000 m to the shop and 810 m to the home, which only the nearer can walk.

    780 m with 19.5 steps cost 792.3 m; straight, 780 m lie within 810 m too.
    """
    minutes, rules, tables = town()
    table = coverage(minutes, tables["demand"], tables["units"], rules)  # type: ignore[arg-type]
    rows = table[table["level"] == "city"].set_index("service")
    columns = ["profile", "limit_m", "limit_min", "covered", "straight_line_share"]
    assert rows.loc["shop", columns].tolist() == ["standard", 1000, 15, 3, 1]
    expected = ["elderly", pytest.approx(810), 15, 1, pytest.approx(1 / 3)]
    assert rows.loc["home", columns].tolist() == expected
    assert "0.9 m/s (elderly)" in rows.loc["home", "limit_source"]


def test_streets_are_walked_by_the_same_people() -> None:
    """Of 4,000 m of street 1,000 lie within the limit of the shop; of the home 810 ÷ 1.01575."""
    minutes, rules, tables = town()
    ways = Streets(tables["network"], tables["facilities"], minutes, tables["units"])  # type: ignore[arg-type]
    table = coverage(minutes, tables["demand"], tables["units"], rules, None, ways)  # type: ignore[arg-type]
    rows = table[table["denominator"] == "walkable_street_m"].set_index(["level", "service"])
    covered = rows.loc["city", "covered"]
    assert covered["shop"] == pytest.approx(1000)
    assert covered["home"] == pytest.approx(810 / (1 + 0.025 * 0.63))


def test_rings_and_other_paces_start_from_each_walkers_own_minutes() -> None:
    """5 minutes are 333⅓ m to the shop and 270 m to the home; at 1.2 m/s both limits are 1080 m."""
    minutes, rules, tables = town()
    rings = tier_shares(minutes, tables["demand"], tables["units"], rules)  # type: ignore[arg-type]
    city = rings[(rings["level"] == "city") & (rings["tier_min"] == 5)].set_index("service")
    assert city.loc["shop", "limit_m"] == pytest.approx(300)
    assert city.loc["home", "limit_m"] == pytest.approx(300 * 0.81)
    table = sensitivity(minutes, tables["demand"], tables["units"], rules)  # type: ignore[arg-type]
    fast = table[(table["variant"] == "pace_1.2_m_s") & (table["level"] == "city")]
    assert fast["limit_m"].tolist() == pytest.approx([1080, 1080])


def test_who_walks_by_the_study_then_the_service_then_the_headline() -> None:
    """a: the study's word for the service; b: the service's own; c: the headline's; d: everyone."""
    rules = standard({"a": 1000, "b": {"limit_m": 1000, "profile": "adult"}, "c": 1000, "d": 1000})
    headline = {"id": "h", "name_zh": "h", "name_en": "h", "limit_m": 1000, "members": ("a", "c")}
    more = {"limit_source": "paper", "clause": "1", "confidence": "V", "profile": "caregiver"}
    rules = Standard.model_validate(rules.model_dump() | {"headlines": [headline | more]})
    of = {one.id: one.profile for one in walked_by(rules, "elderly", {"a": "adult"}).services}
    assert of == {"a": "adult", "b": "adult", "c": "caregiver", "d": "elderly"}
    assert list(mixed_headlines(walked_by(rules, "elderly", {"a": "adult"}))) == [
        ("h", "adult, caregiver")
    ]
    assert not list(mixed_headlines(walked_by(rules, "elderly", {"h": "adult"})))


def test_no_share_is_made_of_two_kinds_of_walkers() -> None:
    minutes, _, tables = town()
    rules = standard({"shop": 1000, "home": 1000}, headlines={"both": ["shop", "home"]})
    with pytest.raises(UsageError, match="both"):
        coverage(minutes, tables["demand"], tables["units"], rules)  # type: ignore[arg-type]


def tiny(folder: Path, profiles: str) -> Study:
    study = write_study(folder)
    text = study.read_text(encoding="utf-8")
    study.write_text(text.replace("[network]", f"{profiles}\n[network]", 1), encoding="utf-8")
    return load_study(study)


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ('profiles = { elderly = "runner" }', "elderly_cautious"),
        ('profile = "runner"', "wheelchair"),
        ('profiles = { eldercare = "elderly" }', "eldercare_home"),
        ('profiles = { eldercare_home = "elderly" }', "standard, elderly|elderly, standard"),
    ],
)
def test_walkers_and_services_nobody_knows_are_named(
    tmp_path: Path, lines: str, words: str
) -> None:
    """An unknown profile names the known ones, an unknown service those of the standard."""
    with pytest.raises(StudyRefused, match=words):
        walked_standard(tiny(tmp_path, lines))


def test_a_study_names_who_walks_to_a_headline(tmp_path: Path) -> None:
    rules = walked_standard(tiny(tmp_path, 'profiles = { elderly = "elderly" }'))
    assert rules.service("eldercare_home").limit_m == pytest.approx(810)
    assert rules.service("wet_market").limit_m == 500
    assert next(one for one in rules.headlines if one.id == "elderly").limit_m == pytest.approx(810)
