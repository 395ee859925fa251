"""Sites on the demo town: what is promised holds when the town is walked anew with them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

import lifecircle as lc
from lifecircle.inputs.datum import wgs84_to_gcj02

WIDE = 1e-6


def shares_with(demo: lc.Result, sites: gpd.GeoDataFrame, service: str) -> pd.DataFrame:
    """COVERAGE over residents after facilities of `service` were opened at `sites`."""
    points = sites.drop_duplicates("candidate_id")
    new = gpd.GeoDataFrame(
        {
            "facility_id": "new-" + points["rank"].astype(str),
            "service": service,
            "geometry": points.geometry,
        },
        crs=sites.crs,
    )
    facilities = pd.concat([demo.facilities[["facility_id", "service", "geometry"]], new])
    facilities = gpd.GeoDataFrame(facilities.reset_index(drop=True), crs=sites.crs)
    minutes = lc.walk_minutes(demo.network, facilities, demo.demand, services=[service])
    table = lc.coverage(minutes, demo.demand, demo.units, demo.standard)
    return table[(table["denominator"] == "residents") & (table["service"] == service)]


@pytest.mark.parametrize("service", ["childcare", "wet_market", "eldercare_home"])
def test_the_promised_share_is_what_a_new_walk_finds(demo: lc.Result, service: str) -> None:
    """Existing facilities stand: the gain is over them, in total and for every unit."""
    siting = lc.choose_sites(demo, service, 4)
    after = shares_with(demo, siting.table, service).set_index("unit_id")["share"]
    assert after["city"] == pytest.approx(siting.table["share_after"].iloc[-1], abs=WIDE)
    units = siting.units.set_index("unit_id")["share_after"]
    assert units.to_numpy() == pytest.approx(after[units.index].to_numpy(), abs=WIDE)
    assert siting.table["gain"].sum() == pytest.approx(siting.value)
    assert siting.value <= siting.bound * (1 + 1e-9) and siting.gap < 0.05


def test_the_fewest_sites_bring_every_unit_to_its_target(demo: lc.Result) -> None:
    """And HiGHS says that no smaller number does."""
    siting = lc.choose_sites(demo, "wet_market", aim="target")
    after = shares_with(demo, siting.table, "wet_market")
    streets = after[(after["level"] == "street") & after["target"].notna()]
    assert (streets["share"] >= streets["target"] - WIDE).all()
    assert (
        siting.proved_by == "HiGHS" and siting.value == siting.bound == siting.table["rank"].max()
    )


def test_the_mean_walk_is_what_a_new_walk_finds(demo: lc.Result) -> None:
    """Over all residents, walks above 3,000 m counted as 3,000 m."""
    siting = lc.choose_sites(demo, "health_centre", 2, aim="mean")
    points = siting.table
    new = gpd.GeoDataFrame(
        {"facility_id": points["candidate_id"], "service": "health_centre"},
        geometry=points.geometry,
    )
    old = demo.facilities[demo.facilities["service"] == "health_centre"]
    facilities = gpd.GeoDataFrame(
        pd.concat([old[["facility_id", "service", "geometry"]], new], ignore_index=True),
        crs=points.crs,
    )
    metres = lc.walk_minutes(demo.network, facilities, demo.demand).metres[:, 0]
    weight = demo.demand["residents"].fillna(0).to_numpy()
    expected = (np.minimum(metres, 3000) * weight).sum() / weight.sum()
    assert siting.value == pytest.approx(expected, abs=1e-3)
    assert siting.bound <= siting.value and points["mean_m"].is_monotonic_decreasing


def test_a_shared_building_serves_several_services(demo: lc.Result) -> None:
    """The gain is the sum over services, each within its own limit, and at least each alone."""
    both = lc.choose_sites(demo, ["childcare", "wet_market"], 2)
    assert (
        both.table.groupby("rank")["service"].apply(list).tolist()
        == [["childcare", "wet_market"]] * 2
    )
    assert both.table["gain"].sum() == pytest.approx(both.value)
    alone = lc.choose_sites(demo, "wet_market", 2)
    assert both.value >= alone.value


def test_under_target_counts_nothing_elsewhere(demo: lc.Result) -> None:
    """The elderly headline is short in two units only; the others gain nothing."""
    siting = lc.choose_sites(demo, "elderly", 3, under_target=True)
    units = siting.units.set_index("unit_id")
    gained = units["share_after"] > units["share_before"] + 1e-9
    below = units["share_before"] < units["target"]
    assert gained.any() and below[gained].all() and not below.all()


def candidate_file(folder: Path, rows: list[tuple[str, float, float]], name: str = "c.csv") -> Path:
    path = folder / name
    frame = pd.DataFrame(rows, columns=["编号", "经度", "纬度"])
    frame.to_csv(path, index=False)
    return path


@pytest.fixture
def places(demo: lc.Result) -> list[tuple[str, float, float]]:
    """Six homes of the town as candidates, two of each far apart."""
    homes = demo.demand[demo.demand["residents"] > 50].iloc[::120]
    return [(f"P{n}", point.x, point.y) for n, point in enumerate(homes.geometry)]


def test_candidates_come_from_a_file_in_any_datum(
    demo: lc.Result, tmp_path: Path, places: list[tuple[str, float, float]]
) -> None:
    """The same places in WGS 84 and in GCJ-02 give the same sites."""
    lon, lat = (np.array([place[axis] for place in places]) for axis in (1, 2))
    shifted = zip([place[0] for place in places], *wgs84_to_gcj02(lon, lat), strict=True)
    own = candidate_file(tmp_path, places)
    other = candidate_file(tmp_path, list(shifted), "gcj.csv")
    options = {"id": "编号", "lon": "经度", "lat": "纬度"}
    one = lc.choose_sites(demo, "childcare", 3, candidates=own, datum="wgs84", **options)
    two = lc.choose_sites(demo, "childcare", 3, candidates=other, datum="gcj02", **options)
    assert one.table["candidate_id"].tolist() == two.table["candidate_id"].tolist()
    assert one.value == pytest.approx(two.value, rel=1e-3) and one.value > 0
    assert set(one.table["candidate_id"]) <= {place[0] for place in places}


def test_a_candidate_off_the_network_is_left_out_with_a_line(
    demo: lc.Result, tmp_path: Path, places: list[tuple[str, float, float]]
) -> None:
    """A place in the fields, 300 m from every street, and one 50 km away."""
    far = ("Q", places[0][1] + 0.5, places[0][2])
    path = candidate_file(tmp_path, [*places, far])
    siting = lc.choose_sites(demo, "childcare", 2, candidates=path, datum="wgs84", id="编号")
    codes = {(problem.code, problem.value) for problem in siting.problems}
    assert ("candidate_elsewhere", "Q") in codes
    assert siting.candidate_count == len(places)


def test_most_candidates_elsewhere_are_refused(
    demo: lc.Result, tmp_path: Path, places: list[tuple[str, float, float]]
) -> None:
    """A file for another city, or under another datum, gives no sites at all."""
    path = candidate_file(tmp_path, [(name, lon - 5, lat) for name, lon, lat in places])
    with pytest.raises(lc.InputRefused, match="beyond the reach of every unit"):
        lc.choose_sites(demo, "childcare", 2, candidates=path, datum="wgs84")


def test_more_sites_than_candidates_are_refused(
    demo: lc.Result, tmp_path: Path, places: list[tuple[str, float, float]]
) -> None:
    path = candidate_file(tmp_path, places)
    with pytest.raises(lc.InputRefused, match=f"than there are candidates: {len(places)}"):
        lc.choose_sites(demo, "childcare", len(places) + 1, candidates=path, datum="wgs84")


def test_a_service_without_facilities_is_refused(demo: lc.Result) -> None:
    """No data on a service is not a town without it: nobody knows whom existing ones serve."""
    others = tuple(one for one in demo.minutes.services if one != "childcare")
    without = replace(demo, minutes=replace(demo.minutes, services=others))
    with pytest.raises(lc.InputRefused, match="no facilities of this service"):
        lc.choose_sites(without, "childcare")


def test_plots_are_entered_where_ways_meet_them(demo: lc.Result) -> None:
    """A candidate with several entrances counts by the nearest of them."""
    uncovered = demo.demand["childcare_m"] > 300
    homes = demo.demand[uncovered & (demo.demand["residents"] > 50)]
    ends = homes.geometry.iloc[[0, -1]]
    one_each = gpd.GeoDataFrame(
        {"candidate_id": ["a", "b"], "name": ""}, geometry=ends.to_numpy(), crs=homes.crs
    )
    together = gpd.GeoDataFrame(
        {"candidate_id": ["ab"], "name": ""}, geometry=[ends.union_all()], crs=homes.crs
    )
    apart = lc.choose_sites(demo, "childcare", 2, candidates=one_each)
    shared = lc.choose_sites(demo, "childcare", 1, candidates=together)
    assert shared.value == pytest.approx(apart.value) and apart.value > 0
