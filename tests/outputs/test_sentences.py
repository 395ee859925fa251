"""The sentence of a report: its definition, digits, verdict, people left out and their place."""

from __future__ import annotations

import io
import re
from dataclasses import replace

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as some

from lifecircle.base.numbers import percent, to_millionth
from lifecircle.base.sentences import LANGUAGES
from lifecircle.base.tables import BANDS, DEMAND, FACILITIES, SHARES_OF, UNITS, conform
from lifecircle.measures.coverage import coverage
from lifecircle.measures.where import where_uncovered
from lifecircle.network.build import network_from_arrays
from lifecircle.network.walk import walk_minutes
from lifecircle.outputs.csv_text import csv_bytes
from lifecircle.outputs.sentences import amount, report_sentences
from lifecircle.outputs.tables import rounded
from lifecircle.standards.catalogue import load_standard

STANDARD = load_standard("shanghai-2022")
NO_BANDS = pd.DataFrame(columns=BANDS.names)
NOWHERE = pd.DataFrame(columns=["unit_id", "level", "service", "place", "place_share"])


def sentences(
    residents: list[float], land: list[float], known_to: float = 1e5
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Coverage and sentences of 东街 and 西街 on one street of 8 km, a clinic at x = 1000.

    Points at 500, 1900 (in 西街, to x = 4000), 3000 and 7000 (in 东街).
    """
    xs, unit = [500, 1900, 3900, 7000], ["w", "w", "w", "e"]
    network = network_from_arrays([(0, 0), (8000, 0)], [(0, 1)])
    network = replace(network, extent=shapely.box(-1e5, -1e5, known_to, 1e5))
    points = shapely.points([(x, 0.0) for x in xs])
    ids = {"demand_id": list("1234"), "source": "paper", "unit_id": unit}
    weights = {"residents": residents, "residential_land_m2": land}
    demand = conform(gpd.GeoDataFrame(ids | weights, geometry=points), DEMAND)
    boxes = [shapely.box(0, -2000, 4000, 2000), shapely.box(4000, -2000, 8000, 2000)]
    named = {"unit_id": ["w", "e"], "name": ["西街", "东街"], "level": "street", "rural": False}
    units = conform(gpd.GeoDataFrame(named, geometry=boxes), UNITS)
    clinic = {"facility_id": ["c"], "service": ["health_centre"], "source": "p", "source_row": "1"}
    to = conform(gpd.GeoDataFrame(clinic, geometry=[shapely.Point(1000, 0)]), FACILITIES)
    minutes = walk_minutes(network, to, demand, min_component_m=0)
    table = coverage(minutes, demand, units, STANDARD)
    where = where_uncovered(network, minutes, demand, units, STANDARD, "residents")
    return table, report_sentences(table, where, NO_BANDS, STANDARD, "residents")


def text(found: pd.DataFrame, unit: str, language: str, service: str = "health") -> str:
    one = found[(found["unit_id"] == unit) & (found["service"] == service)]
    return str(one[language].item())


LOST = ([3000.0, 2000.0, 5000.0, 0.0], [0.0, 0.0, 125_000.0, 0.0])


def test_the_sentence_of_a_unit_says_it_all() -> None:
    """5000 of 10000 are within 1000 m; 5000 and 12.5 ha at x = 3900 are left out, in the east."""
    _, found = sentences(*LOST)
    assert text(found, "w", "zh") == (
        "西街卫生步行可达覆盖率为50.0%（分母：常住人口；1000米内到达社区卫生服务中心之一），"
        "低于全市目标85.0%共35.0个百分点；未覆盖常住人口5,000人、居住用地12.5公顷，"
        "主要位于东部（占100.0%）。"
    )
    assert text(found, "w", "en") == (
        "西街, Health: 50.0 % of residents covered on foot (any of Community health centre within "
        "1000 m), 35.0 points below the city-wide target of 85.0 %; not covered are 5,000 "
        "residents, 12.5 ha of residential land, mainly in the east (100.0 %)."
    )


def test_above_the_target_and_at_the_city() -> None:
    _, found = sentences([6000, 3000, 1000, 5000], [0, 0, 0, 0])
    assert "高于全市目标85.0%共5.0个百分点" in text(found, "w", "zh")
    city = text(found, "city", "zh")
    assert "60.0%" in city and "低于全市目标" in city and "未达标" not in city
    assert "主要位于东街、西街" in city, "the units with most of it, the worst first"
    _, good = sentences([9000, 1000, 0, 0], [0, 0, 0, 0])
    assert "达到全市目标85.0%" in text(good, "city", "zh")
    assert "未覆盖" not in text(good, "city", "zh")


def test_an_open_verdict_is_called_open() -> None:
    """The street is known to x = 4500: the 5000 people at 3900 may have a clinic beyond."""
    _, found = sentences(*LOST, known_to=4500)
    sentence = text(found, "w", "zh")
    assert "至多100.0%" in sentence and "尚不能判断" in sentence
    assert "未覆盖" not in sentence, "nobody is surely left out"


def test_a_unit_without_demand_says_so() -> None:
    _, found = sentences(*LOST)
    assert text(found, "e", "en") == "东街, Health: no demand."


def test_a_limit_from_memory_is_marked_and_a_read_one_is_not() -> None:
    standard = STANDARD.model_copy(
        update={
            "headlines": tuple(
                headline.model_copy(update={"confidence": "M"}) for headline in STANDARD.headlines
            )
        }
    )
    table, _ = sentences(*LOST)
    marked = report_sentences(table, NOWHERE, NO_BANDS, standard, "residents")
    assert "未核对原文" in text(marked, "w", "zh")
    assert "not checked against the original" in text(marked, "w", "en")
    plain = report_sentences(table, NOWHERE, NO_BANDS, STANDARD, "residents")
    assert "未核对原文" not in text(plain, "w", "zh")


@pytest.mark.parametrize(("high", "firm"), [(0.7, True), (0.9, False)])
def test_the_sentence_says_how_firm_its_figure_is(high: float, firm: bool) -> None:
    table, _ = sentences(*LOST)
    band = {"unit_id": ["w"], "unit_name": "西街", "level": "street", "service": "health"}
    band |= {"denominator": "residents", "profile": "standard", "share": 0.5, "target": 0.85}
    band |= {"low": 0.41239, "high": high, "crosses_target": not firm}
    bands = conform(pd.DataFrame(band), BANDS)
    found = report_sentences(table, NOWHERE, bands, STANDARD, "residents")
    assert f"在其他合理假设下为41.2%至{100 * high:.1f}%" in text(found, "w", "zh")
    assert ("结论不稳固" in text(found, "w", "zh")) != firm
    assert ("not firm" in text(found, "w", "en")) != firm
    assert "假设" not in text(found, "w", "zh", "health_centre"), "no band, nothing said"


@pytest.mark.parametrize("reached", [0, 1, 5666, 8499, 8500, 8501, 9999, 10000])
def test_sentence_and_table_agree_to_the_digit(reached: float) -> None:
    """The share in words is that of coverage.csv as `percent` prints it."""
    table, found = sentences([reached, 0, 10000 - reached, 0], [0, 0, 0, 0])
    csv = pd.read_csv(io.BytesIO(csv_bytes(rounded(table))))
    one = csv[(csv["unit_id"] == "w") & (csv["service"] == "health")]
    row = one[one["denominator"] == "residents"].iloc[0]
    shown = percent(row["share"], row["target"])
    for language in LANGUAGES:
        assert re.search(r"(\d+\.\d) ?%", text(found, "w", language))[1] == shown
    points = re.search(r"共(\d+\.\d)个百分点", text(found, "w", "zh"))
    if points:
        assert float(points[1]) == pytest.approx(abs(float(shown) - 85.0), abs=1e-9)


@given(part=some.integers(0, 10**7), whole=some.integers(1, 10**7), target=some.floats(0.01, 1))
def test_a_share_prints_the_same_before_and_after_the_table(
    part: int, whole: int, target: float
) -> None:
    """And no rounding lifts a share to its target."""
    share = min(part, whole) / whole
    stored = to_millionth(share, target)
    assert percent(stored, target) == percent(share, target)
    table = rounded(pd.DataFrame({"share": [share], "target": [target]}))
    if share < target:
        assert table["share"].item() < target
        assert float(percent(share, target)) < 100 * target
    assert percent(table["share"].item(), target) == percent(share, target)


@pytest.mark.parametrize(
    ("share", "target", "shown"),
    [
        (0.0625, None, "6.3"),  # 6.25 and up, as in the browser
        (0.57, 0.85, "57.0"),
        (0.8499999999, 0.85, "84.9"),
        (0.85, 0.85, "85.0"),
        (0.99999, 1.0, "99.9"),
        (float("nan"), 0.85, "–"),
    ],
)
def test_percentages(share: float, target: float | None, shown: str) -> None:
    assert percent(share, target) == shown


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("residents", 1234.6, "常住人口1,235人"),
        ("residential_land_m2", 12_600, "居住用地1.3公顷"),
        ("walkable_street_m", 12_345, "可步行道路12.3公里"),
    ],
)
def test_amounts_have_their_unit(name: str, value: float, shown: str) -> None:
    assert amount(name, value, "zh") == shown


def test_every_denominator_has_words() -> None:
    for name in SHARES_OF:
        assert all("10" in amount(name, 1e5, language) for language in LANGUAGES)
