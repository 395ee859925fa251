"""The streets' report as files: a fix list in words, the legs, a layer; on the demo and by hand."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely

from lifecircle.base.sentences import LANGUAGES
from lifecircle.measures.result import Result
from lifecircle.network.build import network_from_arrays
from lifecircle.network.quality import network_quality
from lifecircle.outputs.network_quality import attachment, fix_list, quality_layer, quality_lines


def findings() -> gpd.GeoDataFrame:
    """A main street, an island, a dead gate, a lost pavement, ways left out, a unit outside."""
    town = network_from_arrays([(0, 0), (500, 0), (0, 300), (90, 300)], [(0, 1), (2, 3)])
    object.__setattr__(town, "extent", shapely.box(0, -100, 400, 400))
    units = gpd.GeoDataFrame({"name": ["甲"]}, geometry=[shapely.box(300, 0, 500, 100)])
    found = network_quality(
        town, {"indoor": 12, "no_highway": 3}, {"indoor": 340.04}, {77: (5.0, 6.0)}, {1}, set(),
        units=units,
    )  # fmt: skip
    return found.set_crs("EPSG:32651")


def result(legs: list[float], people: int = 0) -> Result:
    """As much of a result as the tables ask for."""
    ids = [f"f{number}" for number in range(len(legs))]
    places = pd.DataFrame({"facility_id": ids, "name": ids, "attached_m": legs})
    twice = pd.concat([places, places.head(1)])  # a facility of two services counts once
    demand = pd.DataFrame({"demand_id": ["d"], "unit_id": ["u"], "attached_m": [np.nan]})
    fields: dict[str, Any] = {"facilities": twice, "demand": demand, "network_quality": findings()}
    return cast(Result, SimpleNamespace(**fields))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_finding_says_what_it_is_and_what_to_check(language: Any) -> None:
    table = fix_list(findings(), language).set_index("finding")
    assert (table["what"].str.len() > 4).all()
    assert (table["check"].str.len() > 3).all()
    assert "12" in table.loc["left_out:indoor", "what"]
    assert table.loc["dead_gate", "osm_page"] == "https://www.openstreetmap.org/node/77"
    assert table.loc["sidewalk_not_drawn", "osm_page"].endswith("/way/1")
    assert table.loc["main_component", "osm_page"] == ""
    assert pd.isna(table.loc["unit_outside", "osm_id"])
    assert table.loc["unit_outside", ["name", "share"]].tolist() == ["甲", 0.5]


def test_places_are_degrees_to_a_tenth_of_a_metre() -> None:
    found = findings()
    table = fix_list(found, "en").set_index("finding")
    gate = found[found["finding"] == "dead_gate"].to_crs("EPSG:4326").geometry.iloc[0]
    assert table.loc["dead_gate", ["lon", "lat"]].tolist() == pytest.approx(
        [gate.x, gate.y], abs=1e-6
    )
    assert pd.isna(table.loc["main_component", "lon"])


def test_legs_are_summed_up_and_the_longest_named() -> None:
    """Legs of 1 to 99 m and one of 300, and one place attached nowhere; on paper."""
    legs = [*map(float, range(1, 100)), 300.0, np.nan]
    table = attachment(result(legs))
    own = table[table["of"] == "facilities"]
    figures = own[own["figure"] != "longest_m"].set_index("figure")["value"]
    assert (figures["count"], figures["unattached"]) == (101, 1)
    assert figures["mean_m"] == pytest.approx((4950 + 300) / 100)
    assert figures["decile_5_m"] == 50.5
    assert figures["decile_10_m"] == 300
    shares = [figures[f"share_beyond_{far}_m"] for far in (50, 100, 200)]
    assert shares == [0.5, 0.01, 0.01]
    longest = own[own["figure"] == "longest_m"]
    assert longest["value"].tolist() == [300.0, *map(float, range(99, 80, -1))]
    assert longest["id"].tolist()[:2] == ["f99", "f98"]
    demand = table[table["of"] == "demand"].set_index("figure")["value"]
    assert demand.to_dict() == {"count": 1, "unattached": 1}


def test_the_layer_holds_points_lines_and_areas(tmp_path: Path) -> None:
    """Everything that has a place, in degrees, in one layer that can be read back."""
    layer = quality_layer(findings())
    assert set(layer["finding"]) == {"island", "dead_gate", "sidewalk_not_drawn", "unit_outside"}
    assert layer.crs == "EPSG:4326"
    layer.to_file(tmp_path / "a.gpkg", layer="network_quality", driver="GPKG", engine="pyogrio")
    back = pyogrio.read_dataframe(tmp_path / "a.gpkg")
    assert sorted(back.geom_type) == sorted(layer.geom_type)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_summary_is_short(language: Any) -> None:
    """Three lines at most; the island of 90 m is one of them."""
    lines = list(quality_lines(result([10.0, 80.0]), language))
    assert len(lines) == 2  # no demand is attached: nothing to say of it
    assert "45" in lines[0]
    assert "50.0" in lines[0]
    assert "0.1" in lines[1]
