"""Evidence sheets: the words of a gap, and the same bytes for the same gap."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import lifecircle as lc
from lifecircle.base.tables import EVIDENCE, no_rows
from lifecircle.demo import copy_town
from lifecircle.outputs.sheets_evidence import Sheet, write_evidence
from lifecircle.pipeline import evidence


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> lc.Result:
    return lc.run(lc.load_study(copy_town(tmp_path_factory.mktemp("town"))))


def words(town: lc.Result, gap: pd.Series, language: str) -> str:
    found = Sheet(town, gap, no_rows(EVIDENCE), language)  # type: ignore[arg-type]
    return "\n".join(found.texts())


def test_a_sheet_says_how_many_why_and_what_is_near(town: lc.Result) -> None:
    """The walled-in estate: people as in the table, the wall, both distances, in two languages."""
    gaps = town.gaps[(town.gaps["service"] == "wet_market") & (town.gaps["between"] == "wall")]
    gap = gaps.iloc[0]
    english, chinese = words(town, gap, "en"), words(town, gap, "zh")
    assert f"{gap['uncovered']:,.0f} residents" in english and "a wall lies between" in english
    assert f"常住人口{gap['uncovered']:,.0f}人" in chinese and "隔围墙" in chinese
    for text in (english, chinese):
        assert f"{gap['metres']:,.0f} " in text and f"{gap['straight_m']:,.0f} " in text
        assert gap["facility_name"] in text and gap["unit_name"] in text
    assert "{" not in english + chinese


def test_too_few_beds_are_said_with_the_norm_and_its_source(town: lc.Result) -> None:
    gap = town.gaps[town.gaps["cause"] == "capacity"].iloc[0]
    text = words(town, gap, "en")
    assert gap["need_source"] in text and f"{gap['need_per_1000']:g}" in text
    assert "What could serve it" not in text


def test_what_is_in_reach_reaches_no_more_than_the_gap_holds(town: lc.Result) -> None:
    """Sites and hosts by their own walks; the walk drawn is as long as one of the demand table."""
    top = town.gaps.head(12)
    table = evidence(town, 12)
    held = top.set_index("gap_id")["uncovered"]
    near = table[table["kind"].isin(["site", "existing"])]
    assert len(near) and (near["people"] <= held[near["gap_id"]].to_numpy() + 1e-6).all()
    assert (near["people"] > 0).all()
    services = top.set_index("gap_id")["service"]
    single = {one.id for one in town.standard.services}
    for _, walk in table[table["kind"] == "walk"].iterrows():
        service = services[walk["gap_id"]]
        if service in single:
            assert (town.demand[f"{service}_m"] - walk["metres"]).abs().min() < 1e-6


def test_the_same_gap_gives_the_same_bytes(town: lc.Result, tmp_path: Path) -> None:
    table = evidence(town, 1)
    first = write_evidence(town, tmp_path / "a", "town", 1, evidence=table)
    second = write_evidence(town, tmp_path / "b", "town", 1, evidence=table)
    assert [file.name for file in first] == ["town-gap-001-a4.png", "town-gap-001-a4.pdf"]
    assert [file.read_bytes() for file in first] == [file.read_bytes() for file in second]
