"""A standard changed in a few lines, by a study or by a file that extends a bundled one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lifecircle.base.problems import StudyRefused
from lifecircle.base.sentences import LANGUAGES
from lifecircle.standards.catalogue import load_standard
from lifecircle.standards.extend import extended

STUDY = Path("study.toml")
BASE = load_standard("shanghai-2022")


def changed(**changes: Any) -> Any:
    return extended(BASE, changes, STUDY, "standard.")


def test_one_key_changes_and_the_rest_stays() -> None:
    ours = changed(services=[{"id": "childcare", "limit_m": 500, "limit_source": "区规定"}])
    one, before = ours.service("childcare"), BASE.service("childcare")
    assert (one.limit_m, one.limit_source) == (500, "区规定")
    assert (one.name_zh, one.osm_tags, one.group) == (
        before.name_zh,
        before.osm_tags,
        before.group,
    )
    assert ours.ids == BASE.ids
    assert (BASE.service("childcare").limit_m, ours.id) == (300, "shanghai-2022+study")


def test_a_limit_without_an_origin_is_not_passed_off_as_the_texts() -> None:
    ours = changed(headlines=[{"id": "health", "limit_m": 1200}])
    health = ours.headlines[0]
    assert (health.limit_m, health.limit_lower_m, health.confidence) == (1200, None, "M")
    assert "study.toml" in health.limit_source
    assert health.target == 0.85


def test_services_are_added_and_removed_with_their_membership() -> None:
    ours = changed(
        remove=["health_station", "parcel_locker"],
        services=[
            {"id": "library", "name_zh": "图书馆", "name_en": "Library", "domain": "文化"}
            | {"limit_m": 800}
        ],
        headlines=[{"id": "culture", "members": ["culture_centre", "library"]}],
    )
    assert "parcel_locker" not in ours.ids and ours.ids[-1] == "library"
    members = {headline.id: headline.members for headline in ours.headlines}
    assert members["health"] == ("health_centre",)
    assert members["culture"] == ("culture_centre", "library")


def test_a_file_extends_a_bundled_standard(tmp_path: Path) -> None:
    path = tmp_path / "ours.toml"
    path.write_text(
        'extends = "gb50180-2018"\nid = "ours"\ntarget = 0.9\n'
        '[[services]]\nid = "bank"\nlimit_m = 700\n',
        encoding="utf-8",
    )
    ours = load_standard(path)
    assert (ours.id, ours.target, ours.service("bank").limit_m) == ("ours", 0.9, 700)
    assert len(ours.services) == len(load_standard("gb50180-2018").services)


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"services": [{"id": "bank", "limit_m": 5}]}, "standard.services.0.name_zh"),
        ({"services": [{"id": "childcare", "limit_m": -5}]}, "standard.services.0.limit_m"),
        ({"services": [{"id": "childcare", "limitm": 5}]}, "standard.services.0.limitm"),
        ({"services": [{"limit_m": 5}]}, "standard.services.0.id"),
        ({"services": {"id": "childcare"}}, "standard.services"),
        ({"headlines": [{"id": "health", "target": 85}]}, "standard.headlines.0.target"),
        ({"headlines": [{"id": "health", "members": []}]}, "standard.headlines.0.members"),
        ({"headlines": [{"id": "health", "members": ["x"]}]}, "standard.headlines.0.members.0"),
        ({"remove": ["bank"]}, "standard.remove.0"),
        ({"remove": "bank"}, "standard.remove"),
        ({"target": 1.5}, "standard.target"),
        ({"tiers": [{"minutes": 5}]}, "standard.tiers.0.limit_m"),
        ({"colour": "red"}, "standard.colour"),
    ],
)
def test_a_wrong_change_is_named_with_its_path_in_the_study(
    changes: dict[str, Any], key: str
) -> None:
    with pytest.raises(StudyRefused) as caught:
        changed(**changes)
    assert caught.value.problems[0].column == key
    assert all(caught.value.problems[0].line(language) for language in LANGUAGES)


def test_removing_all_members_of_a_headline_names_the_headline() -> None:
    with pytest.raises(StudyRefused) as caught:
        changed(remove=["health_centre", "health_station"])
    assert [problem.column for problem in caught.value.problems] == ["standard.headlines.0.members"]


def test_a_file_may_extend_bundled_standards_only(tmp_path: Path) -> None:
    path = tmp_path / "ours.toml"
    path.write_text('extends = "ours.toml"\nid = "ours"\n', encoding="utf-8")
    with pytest.raises(StudyRefused, match="shanghai-2022") as caught:
        load_standard(path)
    assert [problem.column for problem in caught.value.problems] == ["extends"]
