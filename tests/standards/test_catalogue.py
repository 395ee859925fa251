"""The bundled standard against the table it was drawn from, and what a wrong standard is told."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import pytest

from lifecircle.base.problems import Problem, StudyRefused, UsageError
from lifecircle.base.sentences import LANGUAGES
from lifecircle.standards.catalogue import (
    Service,
    bundled_standards,
    load_standard,
    matches_name,
    matches_tags,
    name_excluded,
)

ACTION_PLAN = "沪府发〔2022〕23号"
CODE = "GB 50180-2018"
SPREAD_PLAN = "上海市促进服务消费提质扩容实施方案 (2024)"
DOCUMENTS = {
    "沪府发〔2022〕23号 (document A)": ACTION_PLAN,
    "GB 50180-2018": CODE,
    "上海市促进服务消费提质扩容实施方案 2024 (document B)": SPREAD_PLAN,
}
GROUPS = {"养老": "residents_60plus", "托育": "children_0_3"}

# Policy indicators about presence, totals or counts (A05, A09, A10, A13, A20, A21, A26).
NOT_COVERAGE = {
    "rehab_centre",
    "community_service",
    "sports_park",
    "urban_sports_center",
    "children_center",
    "children_home",
    "minor_protection",
    "nursing_room",
}

Row = dict[str, str]


@pytest.fixture(scope="module")
def rows(test_data: Path) -> dict[tuple[str, str], Row]:
    """Rows of the reference table by document and service, for the documents used here."""
    file = test_data.parent / "reference" / "standards-catalog.csv"
    if not file.is_file():
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(f"no table at {file}")
    with file.open(encoding="utf-8-sig", newline="") as lines:
        return {
            (DOCUMENTS[row["standard_id"]], row["category_id"]): row
            for row in csv.DictReader(lines)
            if row["standard_id"] in DOCUMENTS
        }


def expected_limit(rows: dict[tuple[str, str], Row], service: str) -> tuple[float, str, str]:
    """Metres, confidence and how limit_source ends, by the order of origins on paper."""
    named = rows.get((ACTION_PLAN, service)) or rows.get((SPREAD_PLAN, service))
    code = rows.get((CODE, service))
    if named and named["walk_minutes"]:
        assert (named["walk_distance_m"], named["walk_minutes"]) == ("", "15")
        return 1000.0, named["confidence"], f"{named['clause']}: 15 min → 1000 m"
    if code and code["walk_distance_m"]:
        metres = float(code["walk_distance_m"].split("-")[-1])
        return metres, code["confidence"], f"{CODE} {code['clause']}"
    return 1000.0, "M", "未规定 not stated → 1000 m"


@pytest.mark.parametrize("service_id", load_standard("shanghai-2022").ids)
def test_each_service_is_as_its_rows_say(rows: dict[tuple[str, str], Row], service_id: str) -> None:
    service = load_standard("shanghai-2022").service(service_id)
    document = next(d for d in (ACTION_PLAN, SPREAD_PLAN, CODE) if (d, service_id) in rows)
    row = rows[document, service_id]
    metres, confidence, origin = expected_limit(rows, service_id)
    assert (service.limit_m, service.confidence) == (metres, confidence)
    assert service.limit_lower_m is None
    assert service.limit_source.endswith(origin)
    assert service.clause == f"{document} {row['clause']}"
    assert [service.name_zh, service.name_en] == [row["name_zh"], row["name_en"]]
    assert service.group == GROUPS.get(row["domain"])
    bare_key = ("+post_office:type", "+post_office:type=*")
    assert ";".join(service.osm_tags) == row["osm_tags"].replace(*bare_key)
    assert service.name_filter == (row["name_filter_needed"] == "yes")
    excluded = [f"{word}(exclude)" for word in service.name_exclude]
    assert "|".join([*service.name_keywords, *excluded]) == row["name_keywords_zh"]


def test_no_class_of_the_documents_is_forgotten(rows: dict[tuple[str, str], Row]) -> None:
    named = {service for document, service in rows if document != CODE}
    ids = set(load_standard("shanghai-2022").ids)
    assert named - ids == NOT_COVERAGE
    assert ids - named == {
        "health_station",
        "elder_daycare",
        "culture_station",
        "sports_ground_l",
        "sports_ground_m",
        "sports_ground_s",
    }


@pytest.mark.parametrize(
    ("service", "metres"),
    [
        ("health_centre", 1000),  # 15 minutes in the action plan
        ("elder_complex", 1000),  # no limit anywhere
        ("elder_daycare", 300),
        ("culture_station", 500),  # its own distance, not that of its 5-minute tier
        ("wet_market", 500),
        ("childcare", 300),
        ("convenience", 1000),  # a row of the street block, without a distance
    ],
)
def test_limits_known_by_heart(service: str, metres: float) -> None:
    """Holds without the reference table at hand."""
    assert load_standard("shanghai-2022").service(service).limit_m == metres


def test_headlines_are_the_four_of_the_target_at_fifteen_minutes() -> None:
    standard = load_standard("shanghai-2022")
    members = {headline.id: set(headline.members) for headline in standard.headlines}
    assert members == {
        "health": {"health_centre", "health_station"},
        "elderly": {"elder_complex", "elder_daycare", "eldercare_home"},
        "culture": {"culture_centre", "culture_station"},
        "sports": {"sports_centre", "fitness_outdoor"} | {f"sports_ground_{s}" for s in "lms"},
    }
    assert {(h.limit_m, h.target, h.confidence) for h in standard.headlines} == {(1000, 0.85, "V")}
    assert [h.id for h in standard.headlines if h.group == "residents_60plus"] == ["elderly"]
    assert standard.target == 0.85
    assert [(tier.minutes, tier.limit_m) for tier in standard.tiers] == [
        (5, 300),
        (10, 500),
        (15, 1000),
    ]
    assert {c.kind: set(c.members) for c in standard.combinations} == {
        "mean": set(members),
        "all": set(members),
    }


def service(**fields: object) -> Service:
    """A small valid service with `fields` of its own."""
    given = {"id": "market", "name_zh": "市场", "name_en": "Market", "domain": "商业"}
    given |= {"limit_m": 500, "limit_source": "a text", "clause": "1", "confidence": "V"}
    return Service.model_validate(given | fields)


@pytest.mark.parametrize(
    ("groups", "tags", "matches"),
    [
        (["shop=mall"], {"shop": "mall", "name": "x"}, True),
        (["shop=mall"], {"shop": "malls"}, False),
        (["shop=mall"], {}, False),
        ([], {"shop": "mall"}, False),
        (["a=1", "b=2"], {"b": "2"}, True),
        (["a=1+b=2"], {"a": "1", "b": "2"}, True),
        (["a=1+b=2"], {"a": "1"}, False),
        (["a=1+b=2", "c=3"], {"a": "1", "c": "3"}, True),
        (["s:for=senior"], {"s:for": "senior"}, True),
        (["a=1+b=*"], {"a": "1", "b": "anything"}, True),
        (["a=1+b=*"], {"a": "1"}, False),
        (["a=1+access!=private"], {"a": "1"}, True),
        (["a=1+access!=private"], {"a": "1", "access": "yes"}, True),
        (["a=1+access!=private"], {"a": "1", "access": "private"}, False),
    ],
)
def test_tag_groups(groups: list[str], tags: dict[str, str], matches: bool) -> None:
    """`+` is and, several groups are or, `*` is any value, `!=` holds where the key is absent."""
    assert matches_tags(service(osm_tags=groups), tags) is matches


@pytest.mark.parametrize(
    ("service_id", "name", "matches", "excluded"),
    [
        ("childcare", "小星星托育园", True, False),
        ("childcare", "小星星早教托育中心", False, True),
        ("sports_centre", "早教体育馆", True, False),  # 早教 rules out childcare only
        ("elder_daycare", "五角场街道日间照料中心(停业)", False, True),
        ("eldercare_home", "养老院护理培训学校", False, True),
        ("pharmacy", "宠物大药房", False, True),
        ("pharmacy", "国权路邮局", False, False),
        ("wet_market", "", False, False),
    ],
)
def test_names(service_id: str, name: str, matches: bool, excluded: bool) -> None:
    standard = load_standard("shanghai-2022")
    one = standard.service(service_id)
    assert matches_name(one, standard, name) is matches
    assert name_excluded(one, standard, name) is excluded


GOOD = """
id = "small"
name_zh = "小"
name_en = "Small"
document = "a text"
year = 2022
confidence = "V"
target = 0.5
tiers = [{ limit_m = 300, minutes = 5 }]
[[services]]
id = "market"
name_zh = "市场"
name_en = "Market"
domain = "商业"
limit_m = 500
limit_source = "a text"
clause = "1"
confidence = "V"
osm_tags = ["a=1"]
[[headlines]]
id = "food"
name_zh = "食"
name_en = "Food"
members = ["market"]
limit_m = 1000
limit_source = "a text"
clause = "1"
confidence = "V"
[[combinations]]
id = "mean"
name_zh = "均"
name_en = "Mean"
kind = "mean"
members = ["food"]
"""


def refusal(path: Path, text: str) -> tuple[Problem, ...]:
    """The problems of a standard that holds `text`."""
    path.write_text(text, encoding="utf-8")
    with pytest.raises(StudyRefused) as caught:
        load_standard(path)
    for problem in caught.value.problems:
        assert all(problem.line(language) for language in LANGUAGES)
    return caught.value.problems


def test_a_standard_of_ones_own_is_read_by_its_path(tmp_path: Path) -> None:
    path = tmp_path / "small.toml"
    path.write_bytes(GOOD.encode("gb18030"))
    standard = load_standard(str(path))
    assert standard.service("market").name_zh == "市场"
    with pytest.raises(UsageError, match="it has market"):
        standard.service("bank")


@pytest.mark.parametrize(
    ("old", "new", "key", "code"),
    [
        ("limit_m = 500", "limit_m = 500\nlimitm = 1", "services.0.limitm", "key_unknown"),
        ("limit_m = 500", "", "services.0.limit_m", "key_missing"),
        ("limit_m = 500", "limit_m = -500", "services.0.limit_m", "key_value"),
        ("limit_m = 500", "limit_m = 0", "services.0.limit_m", "key_value"),
        ("limit_m = 500", "limit_m = inf", "services.0.limit_m", "key_value"),
        ("limit_m = 500", "limit_m = nan", "services.0.limit_m", "key_value"),
        (
            "limit_m = 500",
            "limit_m = 500\nlimit_lower_m = 500",
            "services.0.limit_lower_m",
            "key_value",
        ),
        ('["a=1"]', '["a=1+"]', "services.0.osm_tags.0", "key_value"),
        ('["a=1"]', '["a"]', "services.0.osm_tags.0", "key_value"),
        ('["a=1"]', "[]\nname_filter = true", "services.0.name_keywords", "key_value"),
        ("target = 0.5", "target = 85", "target", "key_value"),
        ("limit_m = 1000", "limit_m = 1000\ntarget = 1.01", "headlines.0.target", "key_value"),
        ('["market"]', "[]", "headlines.0.members", "key_value"),
        ('["market"]', '["market", "{bank}"]', "headlines.0.members.1", "key_value"),
        ('["food"]', '["market"]', "combinations.0.members.0", "key_value"),
        ("minutes = 5", "minutes = 0", "tiers.0.minutes", "key_value"),
    ],
)
def test_a_wrong_key_is_named_with_its_path(
    tmp_path: Path, old: str, new: str, key: str, code: str
) -> None:
    problems = refusal(tmp_path / "bad.toml", GOOD.replace(old, new))
    assert [(problem.column, problem.code) for problem in problems] == [(key, code)]


def test_an_unknown_member_is_named(tmp_path: Path) -> None:
    (problem,) = refusal(tmp_path / "bad.toml", GOOD.replace('["market"]', '["{bank}"]'))
    assert "there is no service {bank}" in problem.line()


def test_ids_differ_across_services_headlines_and_combinations(tmp_path: Path) -> None:
    text = GOOD.replace('id = "mean"', 'id = "market"')
    keys = [problem.column for problem in refusal(tmp_path / "bad.toml", text)]
    assert keys == ["services.0.id", "combinations.0.id"]


def test_what_cannot_be_read_at_all(tmp_path: Path) -> None:
    (syntax,) = refusal(tmp_path / "bad.toml", "id = ")
    assert syntax.code == "standard_syntax"
    with pytest.raises(StudyRefused) as absent:
        load_standard(tmp_path / "none.toml")
    assert [problem.code for problem in absent.value.problems] == ["file_missing"]
    (tmp_path / "bytes.toml").write_bytes(b"\xff\x00\x80")
    with pytest.raises(StudyRefused) as garbled:
        load_standard(tmp_path / "bytes.toml")
    assert [problem.code for problem in garbled.value.problems] == ["encoding"]


def test_an_unknown_name_lists_the_known_ones() -> None:
    assert "shanghai-2022" in bundled_standards()
    with pytest.raises(StudyRefused, match="shanghai-2022") as caught:
        load_standard("shanghai-2202")
    assert [problem.code for problem in caught.value.problems] == ["standard_unknown"]


def test_a_bundled_standard_is_read_once() -> None:
    assert load_standard("shanghai-2022") is load_standard("shanghai-2022")
