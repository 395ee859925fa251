"""A made-up city of 16 districts for the size and speed of map pages; nothing in it is real.

215 units with half a million vertices, 60,000 cells of 100 m, 8 services, 5,000 facilities,
60,000 pieces of street, 2,400 gaps, 8 proposed sites, circles and rings: what a city of 25 million
people brings.
"""

from __future__ import annotations

import datetime
from itertools import product

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from scipy.spatial import KDTree

from lifecircle.base.tables import COVERAGE, FACILITIES, GAPS, SITES, TIERS, UNITS, conform
from lifecircle.outputs.maps import COVERED, UNCOVERED, Labels, MapPage, Walks
from lifecircle.sources import Source

UNIT_COUNT, DISTRICT_COUNT, CELL_COUNT, FACILITY_COUNT, STREET_COUNT = (
    215,
    16,
    60_000,
    5_000,
    60_000,
)
CENTRE = (121.47, 31.23)
RADIUS_M, CELL_M, LIMIT_M, DETOUR = 24_000.0, 100.0, 1000.0, 1.3
HEADLINES = {"health": "卫生", "elderly": "养老", "culture": "文化", "sports": "体育"}
SERVICES = {f"{name}_{size}": name for name in HEADLINES for size in ("main", "branch")}
WEIGHTS = {"residents": "常住人口", "residents_60plus": "60岁及以上人口"}
TARGET = 0.85
TIERS_M = {300.0: 5.0, 500.0: 10.0, 1000.0: 15.0}
GAP_COUNT, SITE_COUNT = 2_400, 8
CAUSES = ("none", "none", "none", "detour", "island", "capacity", "unknown")

Floats = npt.NDArray[np.float64]


def made_up_city(seed: int = 2026) -> MapPage:
    """The page of the city, the same for the same seed."""
    dice = np.random.default_rng(seed)
    units = _units(dice)
    places = _cells(dice)
    unit = _unit_of(units, places)
    places, unit = places[unit >= 0], unit[unit >= 0]
    facilities, sites = _facilities(dice)
    metres = {name: DETOUR * KDTree(sites[name]).query(places)[0] for name in SERVICES}
    people = np.round(dice.lognormal(5.2, 0.9, len(places)))
    weights = {"residents": people, "residents_60plus": np.round(people * 0.25)}
    covered = _covered(metres)
    tiers = {limit_m: _covered(metres, limit_m) for limit_m in TIERS_M}
    return MapPage(
        title="虚构市（程序生成） Made-up City",
        units=units,
        coverage=_coverage(units, unit, weights, covered),
        facilities=facilities,
        labels=_labels(),
        sources=[Source(path="made-up.csv", publisher="made up", date=datetime.date(2026, 1, 1))],
        base=_base(dice),
        walks=Walks(
            places=_degrees(places),
            unit_id=units["unit_id"].iloc[unit].reset_index(drop=True),
            weights=weights,
            metres=metres,
            states={
                name: np.where(there, COVERED, UNCOVERED).astype(np.uint8)
                for name, there in covered.items()
                if name != "headline_mean"
            },
            tier_states={
                name: [
                    np.where(of[name], COVERED, UNCOVERED).astype(np.uint8) for of in tiers.values()
                ]
                for name in (*HEADLINES, *SERVICES)
            },
            tiers=list(TIERS_M.items()),
            m_per_min=1000 / 15,
        ),
        whole_name={"zh": "全市", "en": "the whole city"},
        tiers=_tiers(units, unit, weights, tiers),
        gaps=_gaps(dice, units, places, unit, facilities),
        sites=_sites(dice, units),
        rings=_rings(dice, facilities),
        rings_elsewhere=True,
    )


def _degrees(places: Floats) -> gpd.GeoSeries:
    """Metres around the centre as degrees."""
    lon = CENTRE[0] + places[:, 0] / (111_320 * np.cos(np.radians(CENTRE[1])))
    return gpd.GeoSeries.from_xy(lon, CENTRE[1] + places[:, 1] / 110_900, crs=4326)


def _bent(places: Floats) -> Floats:
    """Borders that wind: the same bend wherever two units meet."""
    x, y = places[:, 0], places[:, 1]
    return np.column_stack(
        [x + 60 * np.sin(y / 90) + 9 * np.sin(y / 11), y + 60 * np.cos(x / 80) + 9 * np.cos(x / 13)]
    )


def _units(dice: np.random.Generator) -> gpd.GeoDataFrame:
    angle, away = dice.uniform(0, 2 * np.pi, UNIT_COUNT), dice.uniform(0, 1, UNIT_COUNT) ** 0.6
    seeds = np.column_stack([np.cos(angle), np.sin(angle)]) * away[:, None] * RADIUS_M * 0.95
    disc = shapely.Point(0, 0).buffer(RADIUS_M)
    cells = shapely.get_parts(shapely.voronoi_polygons(shapely.multipoints(seeds), extend_to=disc))
    cells = shapely.intersection(cells, disc)
    outlines = shapely.transform(shapely.segmentize(cells, 14.0), _bent)
    corners = dice.uniform(-0.8, 0.8, (DISTRICT_COUNT, 2)) * RADIUS_M
    district = KDTree(corners).query(shapely.get_coordinates(shapely.centroid(outlines)))[1]
    degrees = shapely.transform(outlines, lambda at: shapely.get_coordinates(_degrees(at).values))
    table = {
        "unit_id": [f"u{number:03d}" for number in range(len(outlines))],
        "name": [f"虚构{number + 1}街道" for number in range(len(outlines))],
        "level": "street",
        "parent": [f"虚构{number + 1:02d}区" for number in district],
        "parent_level": "district",
        "geometry": degrees,
    }
    return conform(gpd.GeoDataFrame(table, crs=4326), UNITS)


def _cells(dice: np.random.Generator) -> Floats:
    """Cells of a lattice, the denser the nearer to the centre."""
    side = int(2 * RADIUS_M / CELL_M)
    number = dice.choice(side * side, size=CELL_COUNT * 3, replace=False)
    places = np.column_stack([number % side, number // side]) * CELL_M - RADIUS_M
    order = np.argsort(np.hypot(*places.T) + dice.normal(0, 5000, len(places)), kind="stable")
    return places[np.sort(order[: int(CELL_COUNT * 1.002)])]


def _unit_of(units: gpd.GeoDataFrame, places: Floats) -> npt.NDArray[np.int64]:
    found = units.sindex.query(_degrees(places), predicate="intersects")
    unit = np.full(len(places), -1)
    unit[found[0]] = found[1]
    return unit


def _facilities(dice: np.random.Generator) -> tuple[gpd.GeoDataFrame, dict[str, Floats]]:
    names = np.array(list(SERVICES))[np.arange(FACILITY_COUNT) % len(SERVICES)]
    reach = np.where(np.char.endswith(names, "main"), 0.30, 0.36) * RADIUS_M
    places = dice.normal(0, 1, (FACILITY_COUNT, 2)) * reach[:, None]
    table = {
        "facility_id": [f"f{number}" for number in range(FACILITY_COUNT)],
        "service": names,
        "name": [f"虚构设施第{number}处" for number in range(FACILITY_COUNT)],
        "beds": np.where(np.arange(FACILITY_COUNT) % 3, np.nan, 100.0),
        "source": "made-up.csv",
        "source_row": [str(number) for number in range(FACILITY_COUNT)],
        "geometry": _degrees(places),
    }
    sites = {name: places[names == name] for name in SERVICES}
    return conform(gpd.GeoDataFrame(table, crs=4326), FACILITIES), sites


def _covered(
    metres: dict[str, Floats], limit_m: float = LIMIT_M
) -> dict[str, npt.NDArray[np.bool_]]:
    services = {name: values <= limit_m for name, values in metres.items()}
    headlines = {
        headline: np.logical_or.reduce(
            [services[s] for s, of in SERVICES.items() if of == headline]
        )
        for headline in HEADLINES
    }
    every = np.logical_and.reduce(list(headlines.values()))
    return {**headlines, "headline_all": every, **services}


def _coverage(
    units: gpd.GeoDataFrame,
    unit: npt.NDArray[np.int64],
    weights: dict[str, Floats],
    covered: dict[str, npt.NDArray[np.bool_]],
) -> pd.DataFrame:
    """Sums for every unit, every district and the city."""
    of_unit = units[["unit_id", "name", "level"]].rename(columns={"name": "unit_name"})
    of_district = pd.DataFrame({"unit_id": units["parent"], "unit_name": units["parent"]})
    of_city = pd.DataFrame({"unit_id": "city", "unit_name": "city", "level": "city"}, units.index)
    groups = [of_unit, of_district.assign(level="district"), of_city]
    tables = []
    for group, service, weight in product(groups, covered, weights):
        total = np.bincount(unit, weights[weight], len(units))
        reached = np.bincount(unit, weights[weight] * covered[service], len(units))
        rows = group.reset_index(drop=True).assign(total=total, covered=reached)
        sums = rows[total > 0].groupby(["unit_id", "unit_name", "level"], as_index=False).sum()
        tables.append(sums.assign(service=service, denominator=weight))
    table = pd.concat(tables, ignore_index=True)
    share = table["covered"] / table["total"]
    table = table.assign(
        profile="standard", limit_m=LIMIT_M, limit_min=15.0, limit_source="made up", unknown=0.0,
        unattached=0.0, share=share, share_upper=share, straight_line_share=share + 0.1,
        target=TARGET, meets_target=share >= TARGET,
    )  # fmt: skip
    return conform(table, COVERAGE)


def _tiers(
    units: gpd.GeoDataFrame,
    unit: npt.NDArray[np.int64],
    weights: dict[str, Floats],
    tiers: dict[float, dict[str, npt.NDArray[np.bool_]]],
) -> pd.DataFrame:
    """The same sums within every circle."""
    tables = []
    for limit_m, covered in tiers.items():
        own = {name: there for name, there in covered.items() if name in {*HEADLINES, *SERVICES}}
        table = _coverage(units, unit, weights, own)
        tables.append(table.assign(limit_m=limit_m, tier_min=TIERS_M[limit_m]))
    return conform(pd.concat(tables, ignore_index=True), TIERS)


def _gaps(
    dice: np.random.Generator,
    units: gpd.GeoDataFrame,
    places: Floats,
    unit: npt.NDArray[np.int64],
    facilities: gpd.GeoDataFrame,
) -> gpd.GeoDataFrame:
    """Patches about cells: each the ground around some thirty points, as real ones are."""
    cells = dice.choice(len(places), GAP_COUNT, replace=False)
    of = units.iloc[unit[cells]].reset_index(drop=True)
    services = np.array([*HEADLINES, *SERVICES])[np.arange(GAP_COUNT) % 12]
    near = dice.choice(len(facilities), GAP_COUNT)
    spread = places[cells][:, None, :] + dice.normal(0, 220, (GAP_COUNT, 30, 2))
    hulls = shapely.concave_hull(shapely.multipoints(spread), ratio=0.25)
    grounds = shapely.buffer(hulls, 50, quad_segs=4)
    uncovered = np.sort(np.round(dice.lognormal(6.5, 1, GAP_COUNT)))[::-1]
    table = {
        "rank": np.arange(1, GAP_COUNT + 1),
        "gap_id": [
            f"{u}-{s}-{i}" for i, (u, s) in enumerate(zip(of["unit_id"], services, strict=True))
        ],
        "unit_id": of["unit_id"],
        "unit_name": of["name"],
        "service": services,
        "place": [f"虚构小区第{number}处" for number in range(GAP_COUNT)],
        "cause": np.array(CAUSES)[dice.integers(len(CAUSES), size=GAP_COUNT)],
        "between": np.where(dice.random(GAP_COUNT) < 0.2, "water", ""),
        "limit_m": LIMIT_M,
        "denominator": "residents",
        "uncovered": uncovered,
        "residents": uncovered,
        "residents_60plus": np.round(uncovered / 4),
        "dwellings": np.round(uncovered / 2.5),
        "facility_id": facilities["facility_id"].to_numpy()[near],
        "facility_name": facilities["name"].to_numpy()[near],
        "straight_facility_id": facilities["facility_id"].to_numpy()[near],
        "straight_facility_name": facilities["name"].to_numpy()[near],
        "metres": dice.uniform(1001, 4000, GAP_COUNT),
        "straight_m": dice.uniform(600, 2000, GAP_COUNT),
        "unit_share": dice.uniform(0.2, 0.84, GAP_COUNT),
        "unit_target": TARGET,
        "unit_missing": uncovered * 3,
        "capacity_per_1000": 12.5,
        "need_per_1000": 30.0,
        "capacity": "beds",
        "capacity_missing": 40.0,
        "geometry": _in_degrees(grounds),
    }
    return conform(gpd.GeoDataFrame(table, crs=4326), GAPS)


def _sites(dice: np.random.Generator, units: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Where the next facilities for the elderly would go."""
    own = units.iloc[dice.choice(len(units), SITE_COUNT, replace=False)].reset_index(drop=True)
    gain = np.linspace(9000, 2000, SITE_COUNT).round()
    table = {
        "rank": np.arange(1, SITE_COUNT + 1),
        "service": "elderly",
        "candidate_id": [f"c{number}" for number in range(SITE_COUNT)],
        "candidate_name": [f"虚构候选点{number + 1}" for number in range(SITE_COUNT)],
        "unit_id": own["unit_id"],
        "unit_name": own["name"],
        "limit_m": LIMIT_M,
        "denominator": "residents",
        "gain": gain,
        "gain_total": gain.cumsum(),
        "share_before": 0.7,
        "share_after": 0.7 + gain.cumsum() / 2e6,
        "geometry": own.geometry.representative_point(),
    }
    return conform(gpd.GeoDataFrame(table, crs=4326), SITES)


def _rings(dice: np.random.Generator, facilities: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Three rough rings about every facility, with as many bends as true ones have."""
    bends = {300.0: 30, 500.0: 55, 1000.0: 145}
    once = facilities.drop_duplicates("facility_id")
    x, y = once.geometry.x.to_numpy(), once.geometry.y.to_numpy()
    tables = []
    for limit_m, count in bends.items():
        angle = np.linspace(0, 2 * np.pi, count, endpoint=False)
        away = dice.uniform(0.4, 0.9, (len(once), count)) * limit_m / 111_320
        around = np.stack([np.cos(angle) * away * 1.17, np.sin(angle) * away], axis=2)
        shapes = shapely.polygons(around + np.column_stack([x, y])[:, None, :])
        rows = {"id": once["facility_id"], "limit_m": limit_m, "residents": 5 * limit_m}
        tables.append(gpd.GeoDataFrame(rows, geometry=shapes, crs=4326))
    return pd.concat(tables, ignore_index=True)


def _in_degrees(shapes: npt.NDArray[np.object_]) -> npt.NDArray[np.object_]:
    return shapely.transform(shapes, lambda at: shapely.get_coordinates(_degrees(at).values))


def _members() -> dict[str, list[str]]:
    return {name: [one for one, of in SERVICES.items() if of == name] for name in HEADLINES}


def _labels() -> Labels:
    def text(words: str) -> dict[str, str]:
        return {"zh": words, "en": words}

    return Labels(
        headlines={name: {"zh": zh, "en": name} for name, zh in HEADLINES.items()},
        services={name: text(name) for name in SERVICES},
        combinations={"headline_all": {"zh": "四类同时覆盖", "en": "all four at once"}},
        denominators={name: {"zh": zh, "en": name} for name, zh in WEIGHTS.items()},
        members=_members(),
    )


def _base(dice: np.random.Generator) -> gpd.GeoDataFrame:
    """Short streets in two directions, a river, and parks."""
    at = dice.normal(0, 0.35 * RADIUS_M, (STREET_COUNT, 2))
    along = np.where(dice.random(STREET_COUNT)[:, None] < 0.5, [[260.0, 30.0]], [[-30.0, 260.0]])
    ends = np.stack([at, at + along], axis=1)
    x = np.linspace(-RADIUS_M, RADIUS_M, 200)
    river = shapely.LineString(np.column_stack([1500 * np.sin(x / 4000) + 2000, x])).buffer(250)
    parks = shapely.points(dice.normal(0, 0.4 * RADIUS_M, (150, 2))).tolist()
    shapes = [*shapely.linestrings(ends), river, *(park.buffer(300) for park in parks)]
    kinds = ["street"] * STREET_COUNT + ["water"] + ["park"] * len(parks)
    degrees = shapely.transform(shapes, lambda p: shapely.get_coordinates(_degrees(p).values))
    return gpd.GeoDataFrame({"kind": kinds}, geometry=degrees, crs=4326)
