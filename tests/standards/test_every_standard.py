"""Every entry of every bundled standard against the row of the reference table it was drawn from.

The expectations follow DESIGN §3's order of limits, written here a second time on purpose: the
row's own distance (the upper end of a range), else its minutes, else the minutes of its circle.
"""

from __future__ import annotations

import csv
import os
from pathlib import Path

import pytest

from lifecircle.standards.catalogue import Headline, Service, bundled_standards, load_standard

Row = dict[str, str]

DOCUMENTS = {
    "gb50180-2018": ("GB 50180-2018", "GB 50180-2018"),
    "shanghai-2016": ("上海市15分钟社区生活圈规划导则(试行) 2016", "2016导则"),
    "tdt1063-2021": ("TD/T 1063-2021", "TD/T 1063-2021"),
    "complete-community-2020": ("完整居住社区建设标准(试行) 2020", "完整居住社区建设标准"),
    "convenience-2021": ("商务部 一刻钟便民生活圈 (2021)", "一刻钟便民生活圈"),
    "shanghai-2024-draft": (
        "上海15分钟社区生活圈规划技术标准(征求意见稿) 2024",
        "2024征求意见稿",
    ),
}
# Presence in every street block without a distance, and a drive.
NOT_COVERAGE = {
    ("gb50180-2018", "convenience"),
    ("gb50180-2018", "parcel_locker"),
    ("tdt1063-2021", "fire_station"),
}
# The row of TD/T 1063-2021 stands for all community elderly care.
ALSO_MEANT = {("tdt1063-2021", "elder_complex"), ("tdt1063-2021", "elder_daycare")}
STRAIGHT = {("tdt1063-2021", "metro_station"), ("tdt1063-2021", "hospital_urban")}
MINUTES = {"5": 300.0, "8": 8 * 1000 / 15, "10": 500.0, "15": 1000.0}
OF_DRAFT = {"community_service": (800.0, 1000.0), "bus_stop": (None, 500.0)}


@pytest.fixture(scope="module")
def rows(test_data: Path) -> dict[tuple[str, str], Row]:
    """Rows of the reference table by standard and the id that its service has there."""
    file = test_data.parent / "reference" / "standards-catalog.csv"
    if not file.is_file():
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(f"no table at {file}")
    names = {document: name for name, (document, _) in DOCUMENTS.items()}
    with file.open(encoding="utf-8-sig", newline="") as lines:
        return {
            (names[row["standard_id"]], _service_id(row)): row
            for row in csv.DictReader(lines)
            if row["standard_id"] in names
        }


def _service_id(row: Row) -> str:
    """One row, one service; the code has three rows for parks."""
    parks = row["standard_id"] == "GB 50180-2018" and row["category_id"] == "park"
    return f"park_{row['level_min']}min" if parks else row["category_id"]


def expected_limit(name: str, row: Row) -> tuple[float | None, float]:
    """The lower end (or none) and the limit itself."""
    if name == "shanghai-2024-draft":
        return OF_DRAFT[row["category_id"]]
    if row["walk_distance_m"]:
        *lower, upper = (float(end) for end in row["walk_distance_m"].split("-"))
        return (lower[0] if lower else None), upper
    if row["walk_minutes"]:
        return None, MINUTES[row["walk_minutes"]]
    lower_end, upper_end = row["level_min"].split("-")
    return MINUTES[lower_end], MINUTES[upper_end]


ENTRIES = [
    (name, service.id)
    for name in DOCUMENTS
    for service in load_standard(name).services
    if (name, service.id) not in ALSO_MEANT
]


@pytest.mark.parametrize(("name", "service_id"), ENTRIES)
def test_each_entry_is_as_its_row_says(
    rows: dict[tuple[str, str], Row], name: str, service_id: str
) -> None:
    service, row = load_standard(name).service(service_id), rows[name, service_id]
    lower, limit = expected_limit(name, row)
    assert service.limit_m == pytest.approx(limit, abs=1e-3)
    assert service.limit_lower_m == lower
    short = DOCUMENTS[name][1]
    assert service.clause == f"{short} {row['clause']}"
    assert service.limit_source.startswith(service.clause)
    from_memory = "from memory" in row["notes"] and "distance from memory" in row["notes"]
    from_memory |= "GB 50180 (memory)" in row["notes"]
    assert service.confidence == ("M" if from_memory else row["confidence"])
    assert service.mode == ("straight" if (name, service_id) in STRAIGHT else "walk")
    assert service.domain == row["domain"]
    if not service_id.startswith("park_"):
        assert [service.name_zh, service.name_en] == [row["name_zh"], row["name_en"]]
    assert ";".join(service.osm_tags) == row["osm_tags"]
    assert service.name_filter == (row["name_filter_needed"] == "yes")
    excluded = [f"{word}(exclude)" for word in service.name_exclude]
    assert "|".join([*service.name_keywords, *excluded]) == row["name_keywords_zh"]


def test_no_row_is_forgotten(rows: dict[tuple[str, str], Row]) -> None:
    assert set(rows) - set(ENTRIES) == NOT_COVERAGE
    assert set(ENTRIES) <= set(rows)


def test_there_are_seven_standards_and_each_knows_its_document_and_year() -> None:
    assert set(bundled_standards()) == {"shanghai-2022", *DOCUMENTS}
    for name in bundled_standards():
        standard = load_standard(name)
        assert standard.id == name
        assert str(standard.year) in name
        assert standard.document and standard.name_zh and standard.name_en


@pytest.mark.parametrize("name", sorted({"shanghai-2022", *DOCUMENTS}))
def test_every_figure_says_where_it_comes_from(name: str) -> None:
    """Limit, origin, clause and confidence are there for each rule, and only one sets a target."""
    standard = load_standard(name)
    rules: list[Service | Headline] = [*standard.services, *standard.headlines]
    for rule in rules:
        assert rule.limit_source and rule.clause and rule.confidence in ("V", "V2", "M")
        for limit in rule.by_area:
            assert limit.limit_source and limit.limit_m > 0
    assert (standard.target is None) == (name != "shanghai-2022")
    assert [tier.limit_m for tier in standard.tiers] == [300, 500, 1000]


@pytest.mark.parametrize(
    ("service", "kind", "lower", "limit", "mode"),
    [
        ("community_service", "", 800, 1000, "walk"),
        ("community_service", "主城区", 800, 1000, "walk"),
        ("community_service", "新城", 800, 1500, "slow"),
        ("community_service", "新市镇", 1000, 5000, "slow"),
        ("community_service", "内环内", 800, 1000, "walk"),
        ("bus_stop", "内环内", None, 300, "walk"),
        ("bus_stop", "新城", None, 500, "walk"),
    ],
)
def test_the_draft_of_2024_goes_by_the_kind_of_area(
    service: str, kind: str, lower: float | None, limit: float, mode: str
) -> None:
    found = load_standard("shanghai-2024-draft").service(service).limit_in(kind)
    assert (found.limit_lower_m, found.limit_m, found.mode) == (lower, limit, mode)


def test_community_elderly_care_of_the_examination_is_one_indicator() -> None:
    (headline,) = load_standard("tdt1063-2021").headlines
    assert headline.limit_m == 300
    assert set(headline.members) == {"elder_complex", "elder_daycare", "eldercare_home"}
