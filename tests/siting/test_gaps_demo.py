"""On the demo town the causes are found where its generator put them, with their people."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
import shapely

import lifecircle as lc
from lifecircle.base.geo import geodesic_m

UNSERVED = ("wet_market", "childcare", "elder_daycare", "culture_centre", "culture_station")


@pytest.fixture(scope="module")
def gaps(demo: lc.Result) -> gpd.GeoDataFrame:
    return lc.find_gaps(demo)


def at(gaps: gpd.GeoDataFrame, patch: dict[str, Any], service: str, cause: str) -> pd.Series[Any]:
    """The one gap of a service and cause that holds at least nine tenths of a drawn patch."""
    ring = patch["area"]["coordinates"][0]
    area = shapely.Polygon(ring[0] if isinstance(ring[0][0], list) else ring)
    rows = gaps[(gaps["service"] == service) & (gaps["cause"] == cause)]
    rows = rows[rows["unit_id"] == patch["unit_id"]]
    shared = shapely.area(shapely.intersection(rows.geometry.to_numpy(), area)) / area.area
    assert (shared > 0.9).sum() == 1, f"{patch['id']}: {shared.round(2).tolist()}"
    return rows.iloc[int(shared.argmax())]


def near(demo: lc.Result, facility_id: str, place: list[float]) -> bool:
    """Whether a facility stands where the generator put it, within 30 m."""
    shape = demo.facilities.set_index("facility_id").geometry[facility_id]
    point = shape.iloc[0] if isinstance(shape, gpd.GeoSeries) else shape
    middle = point.centroid
    return bool(geodesic_m(middle.x, middle.y, *place) < 30)


@pytest.mark.parametrize("service", UNSERVED)
def test_no_facility_near(gaps: gpd.GeoDataFrame, truth: dict[str, Any], service: str) -> None:
    patch = truth["no_facility"]
    gap = at(gaps, patch, service, "none")
    assert gap["straight_m"] > gap["limit_m"] and gap["between"] == ""
    assert gap["residents"] >= 0.98 * patch["people_in_cells"]["residents"]


def test_a_detour_round_the_river(
    demo: lc.Result, gaps: gpd.GeoDataFrame, truth: dict[str, Any]
) -> None:
    """The health centre across the water is within 1000 m by air and far beyond on foot."""
    patch = truth["across_river"]
    gap = at(gaps, patch, "health_centre", "detour")
    assert gap["between"] == "water" and near(demo, gap["straight_facility_id"], patch["facility"])
    assert gap["straight_m"] < 1000 < gap["metres"]
    assert gap["residents_60plus"] >= 0.98 * patch["people_in_cells"]["residents_60plus"]


def test_a_detour_round_a_wall(
    demo: lc.Result, gaps: gpd.GeoDataFrame, truth: dict[str, Any]
) -> None:
    patch = truth["walled_in"]
    gap = at(gaps, patch, "wet_market", "detour")
    assert gap["between"] == "wall" and near(demo, gap["straight_facility_id"], patch["facility"])
    assert gap["straight_m"] < 500 < gap["metres"]
    assert gap["residents"] >= 0.98 * patch["people_in_cells"]["residents"]


def test_a_home_that_is_far_too_small(
    demo: lc.Result, gaps: gpd.GeoDataFrame, truth: dict[str, Any]
) -> None:
    """18 beds for 1,492 people of 60 and more are at most 12.1 for 1,000; the need is 25."""
    patch = truth["overloaded"]
    gap = at(gaps, patch, "eldercare_home", "capacity")
    assert near(demo, gap["facility_id"], patch["facility"])
    people = patch["people_in_cells"]["residents_60plus"]
    assert gap["capacity"] == "beds" and gap["need_per_1000"] == 25
    assert 0 < gap["capacity_per_1000"] <= 1000 * patch["beds"] / people
    assert gap["capacity_missing"] >= 0.98 * people * (0.025 - patch["beds"] / people)
    assert gap["residents_60plus"] >= 0.98 * people


def test_what_a_unit_lacks_stands_in_its_gaps(demo: lc.Result, gaps: gpd.GeoDataFrame) -> None:
    """For every unit and service below its target the patches add up to all that is uncovered."""
    coverage = demo.coverage
    rows = coverage[(coverage["denominator"] == "residents") & (coverage["level"] == "street")]
    below = rows[rows["share"] < rows["target"]].set_index(["unit_id", "service"])
    combined = {combination.id for combination in demo.standard.combinations}
    below = below[~below.index.get_level_values("service").isin(combined)]
    found = gaps[gaps["cause"] != "capacity"].groupby(["unit_id", "service"])["uncovered"].sum()
    assert set(found.index) == set(below.index) and len(below) > 50
    assert found.to_numpy() == pytest.approx(
        (below["total"] - below["covered"]).loc[found.index].to_numpy(), abs=1e-6
    )


def test_the_largest_come_first_and_rural_units_have_none(
    demo: lc.Result, gaps: gpd.GeoDataFrame
) -> None:
    assert gaps["uncovered"].is_monotonic_decreasing and gaps["rank"].tolist()[:3] == [1, 2, 3]
    rural = demo.units.loc[demo.units["rural"].fillna(False).astype(bool), "unit_id"]
    coverage_gaps = gaps[gaps["cause"] != "capacity"]
    assert len(rural) == 1 and not coverage_gaps["unit_id"].isin(rural).any()


def test_no_patch_is_wider_than_one_facility_could_serve(gaps: gpd.GeoDataFrame) -> None:
    """At most 2 × limit across, and 50 m of ground around its points."""
    metric = gaps.to_crs(gaps.estimate_utm_crs())
    bounds = metric.bounds
    across = (bounds["maxx"] - bounds["minx"]).clip(lower=bounds["maxy"] - bounds["miny"])
    assert (across <= 2 * metric["limit_m"] + 110).all()


def test_another_denominator_ranks_by_it(demo: lc.Result) -> None:
    gaps = lc.find_gaps(demo, denominator="residential_land_m2", services=["wet_market"])
    land = gaps["residential_land_m2"].to_numpy()
    assert gaps["uncovered"].to_numpy() == pytest.approx(land) and len(gaps)
    assert set(gaps["service"]) == {"wet_market"}


def test_unknown_names_are_refused(demo: lc.Result) -> None:
    with pytest.raises(lc.UsageError, match="bakery"):
        lc.find_gaps(demo, services=["bakery"])
    with pytest.raises(lc.UsageError, match="cats"):
        lc.find_gaps(demo, denominator="cats")
