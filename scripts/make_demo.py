"""Makes the demo's town, 临江区（虚构）: data by a fixed seed, and the truth about it.

    python scripts/make_demo.py [FOLDER]        (default: lifecircle/demo)

The town is synthetic.  Nothing in it is a real place, person or facility.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from demo_town import lists, osmfile, patches, people, places, plots, streets, tables, units, works
from demo_town.frame import SEED, box_around, local, on_earth, place
from demo_town.homes import SLABS, Estates
from demo_town.osmfile import Drawing
from shapely.geometry import Polygon, mapping
from shapely.ops import unary_union

HOME = Path(__file__).resolve().parent.parent / "lifecircle" / "demo"

STUDY = """\
# 演示评价项目：临江区（虚构）。所有数据均为程序生成，不对应任何真实地点。
# The demo: a synthetic town. Nothing in it is a real place.

[study]
name = "demo"
title = "临江区（虚构）15分钟社区生活圈 · synthetic demo"
standard = "shanghai-2022"

[network]
path = "synthetic_town.osm.pbf"
publisher = "synthetic"
date = 2025-03-15
licence = "CC0"

[units]
path = "synthetic_units.geojson"
publisher = "synthetic"
date = 2025-03-15
licence = "CC0"
id = "code"
name = "name"
level = "street"
parent = "district"
rural = "rural"

[[facilities]]                      # UTF-8, GCJ-02 （火星坐标）
path = "synthetic_community_gcj02.csv"
publisher = "synthetic"
date = 2025-03-15
licence = "CC0"
datum = "gcj02"
id = "编号"
name = "名称"
lon = "经度"
lat = "纬度"
floor_area_m2 = "建筑面积"
status = "状态"
category = "类别"
{community}
[[facilities]]                      # GB18030, WGS 84
path = "synthetic_care_gb18030.csv"
publisher = "synthetic"
date = 2025-03-15
licence = "CC0"
datum = "wgs84"
id = "编号"
name = "名称"
lon = "经度"
lat = "纬度"
beds = "核定床位"
places = "托位数"
floor_area_m2 = "建筑面积"
status = "状态"
category = "类别"
{care}
[[facilities]]
path = "synthetic_shops.geojson"
publisher = "synthetic"
date = 2025-03-15
licence = "CC0"
datum = "wgs84"
id = "id"
name = "name"
category = "kind"
{shops}
[[demand]]                          # residents, 60+ and 0-3 in cells of 100 m
kind = "raster"
path = "synthetic_population.tif"
publisher = "synthetic"
date = 2025-03-15
licence = "CC0"
residents = 1
residents_60plus = 2
children_0_3 = 3

[[demand]]
kind = "buildings"
path = "synthetic_town.osm.pbf"
publisher = "synthetic"
date = 2025-03-15
licence = "CC0"

[[demand]]
kind = "land"
path = "synthetic_town.osm.pbf"
publisher = "synthetic"
date = 2025-03-15
licence = "CC0"

[[lists]]                           # what stands in which street and neighbourhood
path = "synthetic_lists.csv"
publisher = "synthetic"
date = 2025-03-15
licence = "CC0"
name = "名称"
district = "区"
street = "街镇"
neighbourhood = "居村委"
beds = "床位"
floor_area_m2 = "建筑面积"
homes = "数量"
category = "类别"
[lists.attributes]
rehab_centre = "康复中心"
nursing_room = "母婴设施"
near_rail = "近轨道交通"
chain = "连锁"
rehab_ward = "独立康复病区"
[lists.kinds]
{kinds}
[[lists]]                           # housing compounds with their year
path = "synthetic_compounds.geojson"
publisher = "synthetic"
date = 2025-03-15
licence = "CC0"
datum = "wgs84"
kind = "compound"
name = "名称"
year = "建成年份"
attributes = {{ property_services = "物业生活服务" }}

[indicators]
central = ["云桥街道", "槐荫街道", "望潮街道"]
"""


@dataclass(frozen=True)
class Town:
    """The town before it is written."""

    drawing: Drawing
    estates: Estates
    units: dict[str, Polygon]
    extent: tuple[float, float, float, float]
    cells: people.Cells
    facilities: dict[str, list[places.Facility]]


def build() -> Town:
    """Draw the town: streets, plots, homes, people, facilities, in this order."""
    rng = np.random.default_rng(SEED)
    shapes = units.unit_shapes()
    town = unary_union(list(shapes.values()))
    extent = box_around(town)
    west, south, east, north = extent
    corners = np.array([(west, south), (east, south), (east, north), (west, north)])
    inside = Polygon(local(corners)).buffer(-4, join_style="mitre")
    drawing = _public(town, inside)
    estates = _plots(drawing, rng)
    streets.draw_tracks(drawing, inside)
    works.draw_country(drawing, estates, shapes[units.RURAL])
    streets.draw_signals(drawing, town)
    fronts = places.street_fronts(drawing, shapes, estates.homes)
    facilities = places.place_all(fronts, rng)
    cells = people.spread(estates.homes, town, rng)
    return Town(drawing, estates, shapes, extent, cells, facilities)


def _public(town: Polygon, inside: Polygon) -> Drawing:
    drawing = Drawing()
    streets.draw_water(drawing, inside)
    streets.draw_streets(drawing, inside)
    streets.draw_elevated(drawing, inside)
    streets.draw_promenade(drawing, town)
    return drawing


def _plots(drawing: Drawing, rng: np.random.Generator) -> Estates:
    cut = plots.cut_plots(drawing)
    estates = Estates(drawing, rng)
    special = {"P": works.draw_park, "Q": works.draw_square}
    for plot in cut:
        if plot.kind in SLABS:
            estates.compound(plot)
        elif plot.kind == "L":
            estates.lanes(plot)
        else:
            special.get(plot.kind, works.draw_plot)(drawing, plot)
    return estates


def write(town: Town, folder: Path) -> None:
    """Write every file of the demo into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    osmfile.write(town.drawing, folder / "synthetic_town.osm.pbf", town.extent)
    units.write_units(town.units, folder / "synthetic_units.geojson")
    people.write_raster(town.cells, folder / "synthetic_population.tif")
    writers = {
        "community_gcj02.csv": tables.community_csv,
        "care_gb18030.csv": tables.care_csv,
        "shops.geojson": tables.shops_geojson,
    }
    faults = {}
    for facilities, (name, write_file) in zip(
        ("community", "care", "shops"), writers.items(), strict=True
    ):
        file = folder / f"synthetic_{name}"
        faults[file.name] = write_file(town.facilities[facilities], file)
    own = {
        "synthetic_lists.csv": lists.lists_csv(folder / "synthetic_lists.csv"),
        "synthetic_compounds.geojson": lists.compounds_geojson(
            town.estates, folder / "synthetic_compounds.geojson"
        ),
    }
    (folder / "study.toml").write_bytes(study_text().encode())
    truth = json.dumps(truth_of(town, faults) | list_truth(own), ensure_ascii=False, indent=1)
    (folder / "truth.json").write_bytes((truth + "\n").encode())


def study_text() -> str:
    """The study file, with a table from the categories of each file to services."""
    tables_by_file = {}
    for file, services in zip(
        ("community", "care", "shops"), (places.COMMUNITY, places.CARE, places.SHOPS), strict=True
    ):
        lines = ["[facilities.services]"]
        for service in services:
            ids = places.BOTH_SERVICES.get(service.category, (service.id,))
            value = json.dumps(ids[0] if len(ids) == 1 else list(ids))
            lines.append(f'"{service.category}" = {value}')
        tables_by_file[file] = "\n".join(lines) + "\n"
    kinds = "".join(f'"{name}" = "{kind}"\n' for name, kind in lists.KINDS.items())
    return STUDY.format(**tables_by_file, kinds=kinds)


def truth_of(town: Town, faults: dict[str, Counter[str]]) -> dict[str, object]:
    """What the generator knows: people, facilities, faults, patches, walks."""
    rows = dict(zip(faults, town.facilities.values(), strict=True))
    services = Counter(s for group in rows.values() for one in group for s in one.services)
    gate = town.estates.gates["云庭大院"][0]
    return {
        "note": "Synthetic. Worked out by scripts/make_demo.py from its own drawing.",
        "extent": town.extent,
        "people": dict(zip(people.BANDS, town.cells.bands.sum(axis=(1, 2)).tolist(), strict=True)),
        "people_by_unit": {
            code: {name: round(value, 2) for name, value in town.cells.sums(shape).items()}
            for code, shape in town.units.items()
        },
        "facilities_by_service": dict(sorted(services.items())),
        "files": {
            file: {
                "rows": len(group) + faults[file].total(),
                "good": len(group),
                "faults": faults[file],
            }
            for file, group in rows.items()
        },
        "residential_buildings": len(town.estates.homes),
        "patches": [_patch(town, patch) for patch in patches.PATCHES],
        "walks": [_walk(walk) for walk in patches.walks(gate)],
    }


def list_truth(faults: dict[str, Counter[str]]) -> dict[str, object]:
    """What the lists hold, by kind, and their faults."""
    return {
        "lists": dict(Counter(lists.KINDS[row["类别"]] for row in lists.list_rows())),
        "list_faults": faults,
    }


def _patch(town: Town, patch: patches.Patch) -> dict[str, object]:
    sites = {
        "across_river": patches.river_health(),
        "walled_in": patches.MARKET,
        "overloaded": patches.home(),
    }
    site = sites.get(patch.id)
    return {
        "id": patch.id,
        "cause": patch.cause,
        "unit_id": patch.unit_id,
        "services": patch.services,
        "note": patch.note,
        "facility": place(site) if site else None,
        "beds": patches.BEDS if patch.cause == "capacity" else None,
        "people_in_cells": town.cells.in_cells_of(patch.area),
        "area": mapping(on_earth(patch.area)),
    }


def _walk(walk: patches.Walk) -> dict[str, object]:
    return {
        "id": walk.id,
        "patch": walk.patch,
        "from": place(walk.start),
        "to": place(walk.end),
        "metres": walk.metres,
        "straight_m": walk.straight_m,
    }


if __name__ == "__main__":
    write(build(), Path(sys.argv[1]) if len(sys.argv) > 1 else HOME)
