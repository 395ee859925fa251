"""Candidates with costs, capacities or other functions today, on the demo town."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

import lifecircle as lc
from lifecircle.base.problems import StudyRefused
from lifecircle.siting.suggest import most_lacking, refuse_unknown_sites, suggested_sites

WriteFile = Callable[..., Path]


@pytest.fixture
def plots(demo: lc.Result, tmp_path: Path) -> WriteFile:
    """A file of twenty homes of the town, with columns as they are given."""
    homes = demo.demand[demo.demand["residents"] > 50].iloc[::15].head(20)

    def write(**columns: Any) -> Path:
        table = pd.DataFrame({"lon": homes.geometry.x, "lat": homes.geometry.y, **columns})
        table.to_csv(tmp_path / "plots.csv", index=False)
        return tmp_path / "plots.csv"

    return write


def test_existing_facilities_take_the_service_in(demo: lc.Result) -> None:
    """Only buildings of the community that have none yet, each with its name and what it is."""
    siting = lc.choose_sites(demo, "childcare", 3, candidates="existing")
    facilities = demo.facilities.set_index("facility_id")
    for _, site in siting.table.iterrows():
        own = facilities.loc[[site["candidate_id"]]]
        assert site["candidate_name"] == own["name"].iloc[0] != ""
        assert set(site["offers"].split(", ")) == set(own["service"])
        assert "childcare" not in set(own["service"])
    assert siting.value > 0 and len(siting.table) == 3


def test_named_hosts_are_the_only_ones(demo: lc.Result) -> None:
    siting = lc.choose_sites(demo, "elderly", 1, candidates="existing:culture_station")
    stations = demo.facilities[demo.facilities["service"] == "culture_station"]
    assert siting.candidate_count == stations["facility_id"].nunique()
    assert siting.table["offers"].tolist() == ["culture_station"]
    with pytest.raises(lc.UsageError, match="no facilities of bakery"):
        lc.choose_sites(demo, "elderly", 1, candidates="existing:bakery")


def test_a_budget_is_kept_and_more_of_it_gains_no_less(demo: lc.Result, plots: WriteFile) -> None:
    costs = np.arange(20) % 5 + 1.0
    file, gained = plots(price=costs), []
    for budget in (2, 5, 12):
        siting = lc.choose_sites(
            demo, "childcare", candidates=file, datum="wgs84", cost="price", budget=budget
        )
        spent = siting.table["cost"].sum()
        assert siting.cost == spent <= budget and siting.gap < 1e-6
        gained.append(siting.value)
    assert gained == sorted(gained) and gained[0] > 0
    everything = lc.choose_sites(demo, "childcare", 20, candidates=file, datum="wgs84")
    rich = lc.choose_sites(
        demo, "childcare", candidates=file, datum="wgs84", cost="price", budget=1000
    )
    assert rich.value == pytest.approx(everything.value)


def test_a_site_serves_no_more_people_than_its_places_are_enough_for(
    demo: lc.Result, plots: WriteFile
) -> None:
    """4.5 places for 1,000 residents: three places are enough for 666.7 of them."""
    siting = lc.choose_sites(
        demo, "childcare", 4, candidates=plots(spots=[3] * 20), datum="wgs84", places="spots"
    )
    assert (siting.table["gain"] <= 3 / 4.5 * 1000 + 1e-6).all()
    assert siting.table["gain"].max() == pytest.approx(3 / 4.5 * 1000)
    assert siting.table["residents"].sum() == pytest.approx(siting.value)
    assert set(siting.table["capacity"]) == {"places"}
    assert set(siting.table["capacity_amount"]) == {3.0}
    wide = lc.choose_sites(
        demo, "childcare", 4, candidates=plots(spots=[3000] * 20), datum="wgs84", places="spots"
    )
    free = lc.choose_sites(demo, "childcare", 4, candidates=plots(), datum="wgs84")
    assert wide.value == pytest.approx(free.value) and wide.value > siting.value


@pytest.mark.parametrize(
    ("column", "bad", "code"),
    [
        ("cost", "-3", "candidate_cost_unfit"),
        ("cost", "", "candidate_cost_unfit"),
        ("cost", "dear", "candidate_cost_unfit"),
        ("places", "-1", "candidate_capacity_unfit"),
        ("places", "NaN", "candidate_capacity_unfit"),
    ],
)
def test_a_cost_or_capacity_that_is_no_amount_is_refused_with_its_row(
    demo: lc.Result, plots: WriteFile, column: str, bad: str, code: str
) -> None:
    file = plots(amount=["5"] * 4 + [bad] + ["5"] * 15)
    with pytest.raises(lc.InputRefused) as refused:
        lc.choose_sites(demo, "childcare", candidates=file, datum="wgs84", **{column: "amount"})
    problems = [one for one in refused.value.problems if one.action == "refused"]
    assert [(one.code, one.row, one.column) for one in problems] == [(code, 6, "amount")]


def test_a_table_with_a_bad_cost_is_refused(demo: lc.Result) -> None:
    """The same for candidates that a script hands in."""
    homes = demo.demand.geometry.iloc[[0, 900]]
    table = gpd.GeoDataFrame(
        {"candidate_id": ["a", "b"], "name": "", "cost": [1.0, np.nan]},
        geometry=homes.to_numpy(),
        crs=homes.crs,
    )
    with pytest.raises(lc.InputRefused, match="cost of this candidate"):
        lc.choose_sites(demo, "childcare", 1, candidates=table, budget=3)


def test_a_capacity_must_say_its_unit(demo: lc.Result, plots: WriteFile) -> None:
    """In a file and in a table: nobody knows what a capacity of 40 is."""
    file = plots(size=[40] * 20)
    with pytest.raises(lc.UsageError, match="says no unit: write beds"):
        lc.choose_sites(demo, "childcare", candidates=file, datum="wgs84", capacity="size")
    homes = demo.demand.geometry.iloc[[0]]
    table = gpd.GeoDataFrame(
        {"candidate_id": ["a"], "name": "", "capacity": [40]},
        geometry=homes.to_numpy(),
        crs=homes.crs,
    )
    with pytest.raises(lc.UsageError, match="says no unit"):
        lc.choose_sites(demo, "childcare", 1, candidates=table)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"budget": 5.0}, "needs candidates with a cost"),
        ({"budget": -1.0, "cost": "n"}, "above 0"),
        ({"budget": float("nan"), "cost": "n"}, "above 0"),
        ({"budget": 5.0, "cost": "n", "aim": "mean"}, "aim `people`"),
        ({"places": "n", "aim": "target"}, "aim `people`"),
        ({"places": "n", "beds": "n"}, "one capacity"),
        ({"places": "n", "denominator": "residents_60plus"}, "written for residents"),
        ({"colour": "n"}, "colour"),
    ],
)
def test_what_cannot_go_together_is_one_line(
    demo: lc.Result, plots: WriteFile, options: dict[str, Any], words: str
) -> None:
    with pytest.raises(lc.UsageError, match=words):
        lc.choose_sites(demo, "childcare", candidates=plots(n=[1] * 20), datum="wgs84", **options)


def test_a_capacity_without_a_norm_is_refused(demo: lc.Result, plots: WriteFile) -> None:
    """No text says how many people one bed of a market is enough for."""
    with pytest.raises(lc.InputRefused, match="no norm says"):
        lc.choose_sites(
            demo, "wet_market", 1, candidates=plots(n=[1] * 20), datum="wgs84", beds="n"
        )


def test_every_run_suggests_sites(demo: lc.Result) -> None:
    """Up to three headlines, the most people lacking first; rank and service tell rows apart."""
    lack = demo.coverage[
        (demo.coverage["denominator"] == "residents") & (demo.coverage["level"] == "street")
    ]
    lack = lack[lack["share"] < lack["target"]]
    missing = (lack["target"] * lack["total"] - lack["covered"]).groupby(lack["service"]).sum()
    headlines = [one.id for one in demo.standard.headlines if one.id in missing.index]
    expected = missing[headlines].sort_values(ascending=False).index[:3].tolist()
    assert most_lacking(demo) == expected
    assert demo.sites["service"].drop_duplicates().tolist() == expected
    assert not demo.sites.duplicated(["rank", "service"]).any()
    assert demo.sites.groupby("service")["rank"].max().between(1, 3).all()
    assert (demo.sites["gain"] > 0).all()


def test_a_study_says_which_sites_it_wants(demo: lc.Result) -> None:
    """Services of its own, as many as it says, none with 0; one without facilities is noted."""
    found = suggested_sites(demo, ["childcare", "wet_market"], 2)
    assert found.table["service"].tolist() == ["childcare"] * 2 + ["wet_market"] * 2
    assert suggested_sites(demo, None, 0).table.empty
    others = tuple(one for one in demo.minutes.services if one != "childcare")
    without = replace(demo, minutes=replace(demo.minutes, services=others))
    noted = suggested_sites(without, ["childcare"], 2)
    assert noted.table.empty
    assert [(one.code, one.action) for one in noted.problems] == [
        ("site_service_unmeasured", "noted")
    ]


def test_a_service_that_the_standard_does_not_have_is_refused_before_any_walk(
    demo: lc.Result,
) -> None:
    sites = demo.study.sites.model_copy(update={"services": ("bakery",)})
    study = demo.study.model_copy(update={"sites": sites})
    with pytest.raises(StudyRefused, match=r"sites\.services .*bakery"):
        refuse_unknown_sites(study, demo.standard)
