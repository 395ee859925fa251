"""The cases of the benchmark: an extract several times side by side, and a whole-city study on it.

Streets are real, everything else is made up: units, people and facilities lie where a fixed seed
puts them, near streets.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import osmium
import pandas as pd
import rasterio
import shapely
from rasterio.transform import from_origin
from scipy.spatial import KDTree

import lifecircle as lc
from lifecircle.base.geo import Floats, unproject
from lifecircle.network.network import WalkNetwork

SEED = 2026
ID_STEP = 20_000_000_000
"""No object of OpenStreetMap has a higher id yet."""
GAP_DEGREES = 0.01
CELL_M = 100.0

SERVICES = (
    "health_centre", "health_station", "eldercare_home", "elder_complex", "elder_daycare",
    "culture_centre", "culture_station", "sports_centre", "sports_ground_m", "fitness_outdoor",
    "childcare", "wet_market", "community_canteen", "convenience", "breakfast", "repair",
    "pharmacy", "domestic_service", "recycling", "courier_station",
)  # fmt: skip


@dataclass(frozen=True)
class Size:
    """How large a study is."""

    copies: int
    cells: int
    units: int
    facilities: int


def side_by_side(extract: Path, copies: int, folder: Path) -> Path:
    """`extract` as many times, on a square of places that do not overlap; made once."""
    out = folder / f"{extract.name.split('.')[0]}-{copies}.osm.pbf"
    if out.exists():
        return out
    folder.mkdir(parents=True, exist_ok=True)
    box = osmium.io.Reader(extract).header().box()
    low, high = box.bottom_left, box.top_right
    side = int(np.ceil(np.sqrt(copies)))
    wide, tall = high.lon - low.lon + GAP_DEGREES, high.lat - low.lat + GAP_DEGREES
    shifts = [(number % side * wide, number // side * tall) for number in range(copies)]
    east, north = (max(shift[axis] for shift in shifts) for axis in (0, 1))
    header = osmium.io.Header()
    header.add_box(osmium.osm.Box(low, osmium.osm.Location(high.lon + east, high.lat + north)))
    whole = out.with_name(f".{out.name}")
    with osmium.SimpleWriter(str(whole), header=header, overwrite=True) as writer:
        for kind in (osmium.osm.NODE, osmium.osm.WAY, osmium.osm.RELATION):
            for number, shift in enumerate(shifts):
                for item in osmium.FileProcessor(extract, kind):
                    writer.add(_moved(item, number * ID_STEP, *shift))
    whole.rename(out)
    return out


def _moved(item: object, more: int, east: float, north: float) -> object:
    """An object elsewhere, under another id."""
    if item.is_node():
        place = (item.location.lon + east, item.location.lat + north)
        return item.replace(id=item.id + more, location=place)
    if item.is_way():
        return item.replace(id=item.id + more, nodes=[node.ref + more for node in item.nodes])
    members = [(one.type, one.ref + more, one.role) for one in item.members]
    return item.replace(id=item.id + more, members=members)


def whole_city(extract: Path, size: Size, folder: Path) -> Path:
    """A study file on `extract` with made-up units, people and facilities; made once."""
    study = folder / "study.toml"
    if study.exists():
        return study
    folder.mkdir(parents=True, exist_ok=True)
    network = lc.read_network(extract)
    dice = np.random.default_rng(SEED)
    _write_units(network, size.units, dice, folder / "units.geojson")
    _write_people(network, size.cells, dice, folder / "people.tif")
    _write_facilities(network, size.facilities, dice, folder / "facilities.csv")
    study.write_text(_study_text(extract, folder), encoding="utf-8")
    return study


def on_streets(network: WalkNetwork, count: int, dice: np.random.Generator) -> Floats:
    """Random junctions, moved by up to 60 m, in metres of the network's crs."""
    chosen = dice.integers(0, network.node_count, count)
    places = np.column_stack([network.node_x[chosen], network.node_y[chosen]])
    return places + dice.uniform(-60, 60, places.shape)


def cells_near_streets(network: WalkNetwork, count: int) -> Floats:
    """The `count` cells of 100 m that lie nearest to junctions: column and row."""
    nodes = np.column_stack([network.node_x, network.node_y])
    own = np.unique(np.floor(nodes / CELL_M).astype(np.int64), axis=0)
    reach = 1
    while True:
        step = np.arange(-reach, reach + 1)
        around = np.stack(np.meshgrid(step, step), axis=-1).reshape(-1, 2)
        cells = np.unique((own[:, None] + around).reshape(-1, 2), axis=0)
        if len(cells) >= count or reach > 12:
            break
        reach += 1
    away = KDTree(nodes).query((cells + 0.5) * CELL_M)[0]
    return cells[np.sort(np.argsort(away, kind="stable")[:count])]


def _write_units(network: WalkNetwork, count: int, dice: np.random.Generator, path: Path) -> None:
    box = shapely.buffer(shapely.envelope(network.extent), 500)
    seeds = shapely.MultiPoint(on_streets(network, count, dice))
    parts = shapely.get_parts(shapely.voronoi_polygons(seeds, extend_to=box))
    shapes = shapely.intersection(parts, box)
    names = [f"u{number:03d}" for number in range(len(shapes))]
    table = gpd.GeoDataFrame({"id": names, "name": names}, geometry=shapes, crs=network.crs)
    table.to_crs(4326).to_file(path, driver="GeoJSON", engine="pyogrio")


def _write_people(network: WalkNetwork, count: int, dice: np.random.Generator, path: Path) -> None:
    cells = cells_near_streets(network, count)
    low, high = cells.min(axis=0), cells.max(axis=0)
    low, high = low - 6, high + 6  # units reach beyond the last street
    people = np.zeros((high[1] - low[1] + 1, high[0] - low[0] + 1), dtype="float32")
    people[high[1] - cells[:, 1], cells[:, 0] - low[0]] = np.round(dice.lognormal(3, 1, len(cells)))
    corner = from_origin(low[0] * CELL_M, (high[1] + 1) * CELL_M, CELL_M, CELL_M)
    with rasterio.open(
        path, "w", driver="GTiff", height=people.shape[0], width=people.shape[1], count=1,
        dtype="float32", crs=network.crs.to_wkt(), transform=corner, compress="deflate",
    ) as out:  # fmt: skip
        out.write(people, 1)


def _write_facilities(
    network: WalkNetwork, count: int, dice: np.random.Generator, path: Path
) -> None:
    places = on_streets(network, count, dice)
    lon, lat = unproject(*places.T, network.crs)
    table = pd.DataFrame(
        {
            "id": [f"f{number}" for number in range(count)],
            "name": [f"facility {number}" for number in range(count)],
            "lon": lon.round(7),
            "lat": lat.round(7),
            "kind": np.array(SERVICES)[np.arange(count) % len(SERVICES)],
        }
    )
    table.to_csv(path, index=False, encoding="utf-8")


def _study_text(extract: Path, folder: Path) -> str:
    """The study as TOML; a JSON string is a TOML string."""
    services = "\n".join(f"{name} = {json.dumps(name)}" for name in SERVICES)
    return f"""[study]
name = "city"
title = "a made-up city"
standard = "shanghai-2022"
language = "en"

[network]
path = {json.dumps(str(extract.resolve()))}
date = 2026-01-01

[units]
path = "units.geojson"
date = 2026-01-01
id = "id"
name = "name"
level = "street"

[[facilities]]
path = "facilities.csv"
date = 2026-01-01
datum = "wgs84"
id = "id"
name = "name"
lon = "lon"
lat = "lat"
category = "kind"
[facilities.services]
{services}

[[demand]]
kind = "raster"
path = "people.tif"
date = 2026-01-01
residents = 1
allow_partly = true
"""
