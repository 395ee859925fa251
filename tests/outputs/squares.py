"""Four squares in a row, with figures written down by hand, and how to look at their page."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from playwright.sync_api import Page

from lifecircle.base.tables import COVERAGE, FACILITIES, GAPS, SITES, TIERS, UNITS, conform
from lifecircle.outputs.maps import COVERED, UNCOVERED, UNKNOWN, Labels, MapPage, Walks
from lifecircle.sources import Source

Open = Callable[..., Page]
Figures = tuple[float, float, float]
"""Total, covered and unknown of one unit."""

STEP = 0.01
CITY = "Squareville in all"
NAMES = ("Alder", "Birch", "Cedar", "Dune")
PLACES = [[0.005, 0.002 + STEP * column] for column in range(4)]
"""Latitude and longitude inside each square, away from labels, borders and facilities."""

FIGURES: dict[tuple[str, str], Sequence[Figures]] = {
    # Below the target; just below it (84.97 %); the target between 80 and 90 %; no demand.
    ("health", "residents"): [(1000, 840, 0), (1000, 849.7, 0), (1000, 800, 100), (0, 0, 0)],
    ("health", "dwellings"): [(400, 400, 0), (400, 380, 0), (400, 360, 0), (400, 0, 0)],
    ("sports", "residents"): [(1000, 970, 0), (1000, 850, 0), (1000, 700, 0), (0, 0, 0)],
    ("headline_all", "residents"): [(1000, 830, 0), (1000, 700, 0), (1000, 650, 0), (0, 0, 0)],
    ("market", "residents"): [(1000, 500, 0), (1000, 700, 0), (1000, 800, 0), (0, 0, 0)],
}
LIMITS = {
    "market": (500.0, 10.0, "GB 50180"),
    "headline_all": (None, None, ""),
    "health": (1000.0, 15.0, "Notice 23"),
    "sports": (1000.0, 15.0, "Notice 23"),
}


def text(zh: str, en: str) -> dict[Any, str]:
    return {"zh": zh, "en": en}


LABELS = Labels(
    headlines={"health": text("卫生", "Health"), "sports": text("体育", "Sports")},
    services={
        "clinic": text("诊所", "Clinic"),
        "court": text("球场", "Court"),
        "market": text("菜市场", "Market"),
    },
    combinations={"headline_all": text("全部", "All of them")},
    denominators={
        "residents": text("常住人口", "all residents"),
        "dwellings": text("住房", "homes"),
        "residents_60plus": text("60岁及以上", "residents 60+"),
    },
    members={"health": ("clinic",), "sports": ("court",)},
    remarks={"sports": text("未核对原文", "not checked against the original")},
)


def squares(names: Sequence[str] = NAMES) -> gpd.GeoDataFrame:
    outlines = [shapely.box(STEP * i, 0, STEP * (i + 1), STEP) for i in range(len(names))]
    ids = [f"u{i}" for i in range(len(names))]
    table = gpd.GeoDataFrame(
        {"unit_id": ids, "name": names, "level": "street", "geometry": outlines}, crs=4326
    )
    return conform(table, UNITS)


def coverage_row(
    unit: tuple[str, str, str], key: tuple[str, str], figures: Figures
) -> dict[str, Any]:
    total, covered, unknown = figures
    share, upper = (covered / total, (covered + unknown) / total) if total else (np.nan, np.nan)
    target = np.nan if key[0] == "market" else 0.85
    known = bool(total) and target == target and not share < target <= upper
    limit_m, limit_min, limit_source = LIMITS[key[0]]
    return {
        "unit_id": unit[0], "unit_name": unit[1], "level": unit[2], "service": key[0],
        "denominator": key[1], "profile": "standard", "limit_m": limit_m, "limit_min": limit_min,
        "limit_source": limit_source, "total": total, "covered": covered, "unknown": unknown,
        "unattached": 0.0, "share": share, "share_upper": upper,
        "straight_line_share": share + 0.02, "target": target,
        "meets_target": share >= target if known else None,
    }  # fmt: skip


def coverage(names: Sequence[str] = NAMES, city: str = CITY) -> pd.DataFrame:
    rows = []
    for key, figures in FIGURES.items():
        units = [(f"u{i}", name, "street") for i, name in enumerate(names)]
        padded = [figures[i % len(figures)] for i in range(len(names))]
        rows += [coverage_row(unit, key, of) for unit, of in zip(units, padded, strict=True)]
        sums = tuple(float(total) for total in np.sum(padded, axis=0))
        rows.append(coverage_row(("city", city, "city"), key, sums))  # type: ignore[arg-type]
    return conform(pd.DataFrame(rows), COVERAGE)


def facilities(name: str = "Oak Clinic", source: str = "clinics.csv") -> gpd.GeoDataFrame:
    table = {
        "facility_id": ["f1", "f2"],
        "service": ["clinic", "court"],
        "name": [name, "North Court"],
        "beds": [12.0, np.nan],
        "source": source,
        "source_row": ["2", "3"],
        "geometry": [
            shapely.Point(0.0085, 0.0085),
            shapely.MultiPoint([(0.0185, 0.008), (0.0185, 0.002)]),
        ],
    }
    return conform(gpd.GeoDataFrame(table, crs=4326), FACILITIES)


SOURCES = (
    Source(path="town.osm", publisher="OSM", date=datetime.date(2023, 6, 13), licence="ODbL"),
    Source(path="town.osm", publisher="OSM", date=datetime.date(2023, 6, 13), licence="ODbL"),
)


WALKERS = (
    # Place, residents, metres to clinic and court, whether health is reached.
    ((0.003, 0.008), 840.0, 420.0, 850.0, COVERED),
    ((0.007, 0.002), 160.0, 1003.0, 300.0, UNCOVERED),
    ((0.013, 0.008), 849.7, 1000.0, 650.0, COVERED),
    ((0.022, 0.002), 100.0, np.inf, 500.5, UNKNOWN),
    ((0.028, 0.008), 100.0, 5000.0, 120.0, UNCOVERED),
)


def walks() -> Walks:
    """Five places where people live; only the first has homes too."""
    places, residents, clinic, court, health = zip(*WALKERS, strict=True)
    return Walks(
        places=gpd.GeoSeries([shapely.Point(place) for place in places], crs=4326),
        unit_id=pd.Series(["u0", "u0", "u1", "u2", "u2"]),
        weights={
            "residents": np.array(residents),
            "dwellings": np.array([400.0, *[np.nan] * 4]),
        },
        metres={"clinic": np.array(clinic), "court": np.array(court)},
        states={
            "health": np.array(health, dtype=np.uint8),
            "sports": np.zeros(5, dtype=np.uint8),
            "headline_all": np.array(health, dtype=np.uint8),
        },
        tiers=[(300.0, 5.0), (500.0, 10.0), (1000.0, 15.0)],
        m_per_min=1000 / 15,
        reached=np.array([10, 0, 4, 2, 9], dtype=np.uint8),
        services=10,
    )


def tiers() -> pd.DataFrame:
    """Health within 300, 500 and 1000 m; in Cedar 100 of 1000 are not known to be within 1000 m."""
    covered = {300.0: (0, 100, 0, 0), 500.0: (455, 500, 399, 0), 1000.0: (840, 849.7, 800, 0)}
    rows = []
    for (limit_m, of_units), minutes in zip(covered.items(), (5.0, 10.0, 15.0), strict=True):
        for i, of in enumerate(of_units):
            unknown = 100.0 if limit_m == 1000 and i == 2 else 0.0
            total = 0.0 if i == 3 else 1000.0
            row = coverage_row(
                (f"u{i}", NAMES[i], "street"), ("market", "residents"), (total, of, unknown)
            )
            rows.append(row | {"service": "health", "limit_m": limit_m, "tier_min": minutes})
    return conform(pd.DataFrame(rows), TIERS)


def gaps(text_: str = "") -> gpd.GeoDataFrame:
    """A detour in Alder, the end of the world and too few beds in Cedar; names are `text_`."""
    base = {
        "denominator": "residents", "unit_target": 0.85, "between": "", "capacity": "",
        "facility_id": "f1", "facility_name": text_ or "Oak Clinic",
        "straight_facility_id": "f1", "straight_facility_name": text_ or "Oak Clinic",
    }  # fmt: skip
    detour = {
        "unit_id": "u0", "unit_name": "Alder", "service": "health", "place": text_ or "Mill Lane",
        "cause": "detour", "between": "water", "limit_m": 1000.0, "uncovered": 160.0,
        "residents": 160.0, "residents_60plus": 40.0, "metres": 1003.2, "straight_m": 420.0,
        "unit_share": 0.84, "unit_missing": 10.0,
        "geometry": shapely.box(0.006, 0.001, 0.008, 0.003),
    }  # fmt: skip
    nowhere = {
        "unit_id": "u2", "unit_name": "Cedar", "service": "health", "place": text_ or "Far End",
        "cause": "none", "limit_m": 1000.0, "uncovered": 100.0, "residents": 100.0,
        "metres": np.inf, "straight_m": 1900.0, "unit_share": 0.80, "unit_missing": 50.0,
        "geometry": shapely.box(0.027, 0.007, 0.029, 0.009),
    }  # fmt: skip
    beds = {
        "unit_id": "u2", "unit_name": "Cedar", "service": "sports", "place": text_ or "High Street",
        "cause": "capacity", "limit_m": 1000.0, "uncovered": 90.0, "residents": 90.0,
        "metres": 300.0, "straight_m": 200.0, "capacity": "beds", "capacity_per_1000": 4.0,
        "need_per_1000": 10.0, "need_of": "residents", "capacity_missing": 6.0,
        "need_source": text_ or "Notice 23", "geometry": shapely.box(0.021, 0.001, 0.023, 0.003),
    }  # fmt: skip
    rows = [
        base | one | {"rank": i, "gap_id": f"{one['unit_id']}-{one['service']}-1"}
        for i, one in enumerate((detour, nowhere, beds), start=1)
    ]
    return conform(gpd.GeoDataFrame(rows, crs=4326), GAPS)


def sites(text_: str = "") -> gpd.GeoDataFrame:
    """One site for health, 0.001 degrees (111 m) west of the patch Far End."""
    row = {
        "rank": [1], "service": "health", "candidate_id": "c1",
        "candidate_name": text_ or "Old Mill", "unit_id": "u2", "unit_name": text_ or "Cedar",
        "limit_m": 1000.0, "denominator": "residents",
        "gain": 100.0, "gain_total": 100.0, "share_before": 0.829, "share_after": 0.863,
        "geometry": [shapely.Point(0.026, 0.008)],
    }  # fmt: skip
    return conform(gpd.GeoDataFrame(row, crs=4326), SITES)


def rings() -> gpd.GeoDataFrame:
    """Squares about Oak Clinic, the middle one with a hole; 10, 20 and 30 residents in them."""
    at = shapely.Point(0.0085, 0.0085)
    squares_ = [at.buffer(half, cap_style="square") for half in (0.001, 0.002, 0.004)]
    squares_[1] = squares_[1].difference(shapely.box(0.0095, 0.0095, 0.0101, 0.0101))
    table = {"id": "f1", "limit_m": [300.0, 500.0, 1000.0], "residents": [10.0, 20.0, 30.0]}
    return gpd.GeoDataFrame(table, geometry=squares_, crs=4326)


def page(**changes: Any) -> MapPage:
    plain = MapPage(
        title="Squareville",
        units=squares(),
        coverage=coverage(),
        facilities=facilities(),
        labels=LABELS,
        language="en",
        sources=SOURCES,
        notes=(text("范围太小", "The extract is too small for a verdict"),),
        walks=walks(),
    )
    return replace(plain, **changes)


UNIT_CANVAS, POINT_CANVAS = "canvas.leaflet-zoom-animated", "canvas.points"


def colour_at(opened: Page, place: Sequence[float], of: str = UNIT_CANVAS) -> list[int]:
    """The colour drawn at a place of the map, without its transparency."""
    script = """async ([place, of]) => {
      const nextFrame = () => new Promise(requestAnimationFrame);
      await nextFrame().then(nextFrame);
      const canvas = document.querySelector(of);
      const copy = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
      const at = map_page.latLngToContainerPoint(place);
      const [frame, box] = [map_page.getContainer(), canvas].map((e) => e.getBoundingClientRect());
      const scale = canvas.width / box.width;
      const [x, y] = [frame.x + at.x - box.x, frame.y + at.y - box.y];
      copy.drawImage(canvas, -Math.floor(x * scale), -Math.floor(y * scale));
      return [...copy.getImageData(0, 0, 1, 1).data.slice(0, 3)];
    }"""
    found = opened.evaluate(script, [place, of])
    assert isinstance(found, list)
    return found


def is_colour(found: list[int], wanted: str) -> bool:
    return bool(np.abs(np.array(found) - list(bytes.fromhex(wanted[1:]))).max() <= 3)


def screen_place(opened: Page, place: Sequence[float]) -> tuple[float, float]:
    box = opened.locator(".folium-map").bounding_box()
    at = opened.evaluate("place => map_page.latLngToContainerPoint(place)", place)
    assert box
    return box["x"] + at["x"], box["y"] + at["y"]


def rows(opened: Page) -> dict[str, str]:
    """The shares in the list by unit, in its order."""
    items = opened.locator("#rows .row").all()
    return {item.locator(".name").inner_text(): item.locator("b").inner_text() for item in items}
