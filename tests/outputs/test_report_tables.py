"""The display tables: complete, in both languages, with verdicts in the words of the design."""

from __future__ import annotations

from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

import lifecircle as lc
from lifecircle.base.files import sha256
from lifecircle.base.sentences import LANGUAGES, Language
from lifecircle.base.tables import GAPS, SITES, conform, no_rows
from lifecircle.outputs.report_tables import ReportTable, cell_text, report_tables
from lifecircle.outputs.words import one_profile

FIRST = ["overview", "services"]
LAST = ["gaps", "sites", "policy", "policy_units", "projects", "definitions", "sources", "problems"]
NOT_ABOVE = {"zh": ("未达标", "不达标", "合格"), "en": ("fail", "pass")}


@pytest.fixture(scope="module")
def tables(demo: lc.Result) -> dict[Language, dict[str, ReportTable]]:
    return {language: report_tables(demo, language) for language in LANGUAGES}


Tables = dict[Language, dict[str, ReportTable]]


def test_tables_come_in_a_fixed_order(demo: lc.Result, tables: Tables) -> None:
    ids = list(tables["zh"])
    services = [f"service:{name}" for name in dict.fromkeys(demo.coverage["service"])]
    assert ids[:2] == FIRST
    assert ids[-len(LAST) :] == LAST
    assert sorted(ids[2 : -len(LAST)]) == sorted(services)
    assert ids == list(tables["en"])


def test_both_languages_show_the_same_numbers_and_no_word_is_missing(tables: Tables) -> None:
    for zh, en in zip(tables["zh"].values(), tables["en"].values(), strict=True):
        assert [column.key for column in zh.columns] == [column.key for column in en.columns]
        assert len({column.header for column in zh.columns}) == len(zh.columns)
        for table in (zh, en):
            assert table.title and table.note and all(column.header for column in table.columns)
        for column in zh.columns:
            numbers = zh.rows[column.key], en.rows[column.key]
            if pd.api.types.is_numeric_dtype(numbers[0]):
                pd.testing.assert_series_equal(*numbers)
            texts = [cell_text(column, row, "zh") for row in zh.rows.to_dict("records")]
            assert not {"nan", "None", "<NA>", "inf"} & set(texts), (zh.id, column.key)


def test_a_unit_is_above_or_below_and_only_the_city_meets_its_target(tables: Tables) -> None:
    """DESIGN §3: never 未达标; 达到 for all units together, 高于 or 低于 for one of them."""
    rows = tables["zh"]["overview"].rows
    words = rows.set_index("unit")["verdict:elderly"]
    shares = rows.set_index("unit")["elderly"]
    assert words["全部单元"] == "达到全市目标" and shares["全部单元"] > 0.85
    assert words["槐荫街道"] == "高于全市目标" and words["平澜街道"] == "低于全市目标"
    assert words["芦洲镇"] == "不适用全市目标"
    for language, forbidden in NOT_ABOVE.items():
        for table in tables[language].values():
            said = " ".join(map(str, table.rows.to_numpy().ravel())) + table.note
            if table.id not in ("policy", "policy_units", "problems", "sources"):
                assert not any(f" {word}" in f" {said}" for word in forbidden), table.id


def test_the_sum_of_all_units_comes_first(demo: lc.Result, tables: Tables) -> None:
    units = tables["en"]["overview"].rows["unit"].tolist()
    assert units == ["all units", "临江区（虚构）", *demo.units["name"]]


def test_every_definition_names_walker_limit_origin_and_rule(tables: Tables) -> None:
    note = tables["zh"]["service:health"].note
    assert "步行人群：标准（按步行路网距离）" in note
    assert "阈值：1,000 米，依据 沪府发〔2022〕23号 (一)" in note
    assert "社区卫生服务中心、社区卫生服务站，任一在阈值内即计为覆盖" in note
    assert "未核对原文" not in note
    assert "未核对原文" in tables["zh"]["service:wet_market"].note


def test_a_figure_not_read_in_the_original_is_marked_where_it_is_defined(
    demo: lc.Result, tables: Tables
) -> None:
    rows = tables["zh"]["definitions"].rows.set_index("id")["checking"]
    for rule in (*demo.standard.services, *demo.standard.headlines):
        assert rows[rule.id] == ("已核对原文" if rule.confidence == "V" else "未核对原文")


def test_sources_name_every_file_once_with_its_hash(demo: lc.Result, tables: Tables) -> None:
    rows = tables["en"]["sources"].rows
    assert rows["file"].is_unique
    paths = {source.path for source in demo.study.sources}
    assert set(rows["sha256"]) == {sha256(path) for path in paths}
    read = pd.DataFrame(demo.account["rows"]).groupby("source")["rows_read"].sum()
    found = rows.set_index("file")["read"].dropna()
    assert found.astype(int).to_dict() == read.to_dict()


def test_a_line_that_is_empty_says_how_to_fill_it(demo: lc.Result) -> None:
    bare = replace(demo, gaps=no_rows(GAPS), sites=no_rows(SITES), problems=())
    found = report_tables(bare, "zh")
    assert "[sites]" in found["sites"].note
    assert "没有低于目标的单元" in found["gaps"].note
    for name in ("gaps", "sites", "projects", "problems"):
        assert found[name].rows.empty
        assert list(found[name].rows.columns)


def test_projects_are_one_line_for_each_unit_service_and_kind_of_work(demo: lc.Result) -> None:
    """Two gaps of one unit and cause are one project; their people add up, the largest leads."""
    gaps = drawn_gaps(demo)
    found = report_tables(replace(demo, gaps=gaps, sites=no_rows(SITES)), "zh")["projects"].rows
    assert found["name"].tolist() == [
        "望潮街道打通至菜市场/生鲜超市的步行通道",
        "望潮街道新建卫生类设施",
    ]
    assert found["concerned"].tolist() == [900.0, 500.0]
    assert found["basis"].tolist() == ["短板 1 处，最大为 c", "短板 2 处，最大为 b"]
    assert found["lon"].tolist() == pytest.approx([121.503, 121.502], abs=1e-4)
    assert found["id"].tolist() == ["P001", "P002"]


def test_a_site_takes_the_place_of_the_new_building_of_its_unit(demo: lc.Result) -> None:
    site = {
        "rank": 1, "service": "health", "candidate_id": "x", "candidate_name": "某地块",
        "unit_id": "990101004000", "unit_name": "望潮街道", "denominator": "residents",
        "gain": 450.0, "geometry": shapely.Point(121.5, 31.3),
    }  # fmt: skip
    sites = conform(gpd.GeoDataFrame([site], crs=4326), SITES)
    found = report_tables(replace(demo, gaps=drawn_gaps(demo), sites=sites), "zh")["projects"].rows
    assert found["basis"].tolist() == ["选址建议第 1 处", "短板 1 处，最大为 c"]


def drawn_gaps(demo: lc.Result) -> gpd.GeoDataFrame:
    """Two places without health, one cut off from its market, one where nothing is known."""
    causes = {"a": ("health", "none", 200.0), "b": ("health", "none", 300.0)}
    causes |= {"c": ("wet_market", "detour", 900.0), "d": ("wet_market", "unknown", 50.0)}
    causes |= {"e": ("health_centre", "none", 999.0)}
    rows = [
        {
            "rank": number, "gap_id": name, "unit_id": "990101004000", "unit_name": "望潮街道",
            "service": service, "cause": cause, "denominator": "residents",
            "uncovered": people, "residents": people, "metres": np.inf,
            "geometry": shapely.Point(121.5 + number / 1000, 31.3).buffer(0.0005),
        }
        for number, (name, (service, cause, people)) in enumerate(causes.items(), 1)
    ]  # fmt: skip
    order = sorted(rows, key=lambda row: -float(str(row["uncovered"])))
    return conform(gpd.GeoDataFrame(order, crs=4326), GAPS)


def test_a_walk_that_reaches_nothing_says_so(demo: lc.Result) -> None:
    for language, word in (("zh", "不可达"), ("en", "none reached")):
        table = report_tables(replace(demo, gaps=drawn_gaps(demo)), language)["gaps"]
        column = next(one for one in table.columns if one.key == "metres")
        assert {cell_text(column, row, language) for row in table.rows.to_dict("records")} == {word}


def test_without_headlines_the_overview_shows_the_services(demo: lc.Result) -> None:
    standard = demo.standard.model_copy(update={"headlines": (), "combinations": ()})
    chosen = demo.coverage["service"].isin([service.id for service in standard.services])
    bare = replace(demo, gaps=no_rows(GAPS), sites=no_rows(SITES))
    found = report_tables(replace(bare, standard=standard, coverage=demo.coverage[chosen]), "en")
    assert "services" not in found
    assert "verdict:wet_market" in {column.key for column in found["overview"].columns}


@pytest.mark.parametrize(
    ("walkers", "said"),
    [(["elderly", "elderly"], "elderly"), (["standard", "elderly"], "mixed")],
)
def test_figures_of_different_walkers_are_not_said_to_be_of_one(
    walkers: list[str], said: str
) -> None:
    assert one_profile(pd.DataFrame({"profile": walkers})) == said
