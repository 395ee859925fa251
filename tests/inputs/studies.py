"""A tiny study written by a test: two streets of a town, one unit, one facility, some land."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from osm_xml import Town
from shapely.geometry import box

from lifecircle.base.cache import FOLDER

DEGREE = 1 / 111_319.49
"""A metre on the equator, in degrees of longitude."""

STUDY = """
[study]
name = "tiny"
language = "en"
standard = "{standard}"

[network]
path = "town.osm"
extent = [-0.01, -0.01, 0.01, 0.01]

[units]
path = "units.geojson"
id = "id"
name = "name"

[[facilities]]
path = "homes.csv"
service = "eldercare_home"
datum = "wgs84"
name = "name"

[[demand]]
kind = "land"
path = "town.osm"
"""


def write_study(folder: Path, standard: str = "shanghai-2022") -> Path:
    """A study that runs: a 400 m street with land beside it and a home at its end."""
    town = Town()
    town.line(1, [(-200, 0), (200, 0)], highway="residential")
    town.box(2, (-150, 10, 150, 60), landuse="residential")
    town.write(folder)
    west, south, east, north = (metres * DEGREE for metres in (-300, -100, 300, 100))
    write_units(folder, box(west, south, east, north).__geo_interface__)
    (folder / "homes.csv").write_text("name,lon,lat\n甲,0.0017,0.0001\n", encoding="utf-8")
    study = folder / "study.toml"
    study.write_text(STUDY.format(standard=standard), encoding="utf-8")
    return study


def write_units(folder: Path, geometry: dict[str, Any]) -> Path:
    feature = {"type": "Feature", "properties": {"id": "1", "name": "甲"}, "geometry": geometry}
    path = folder / "units.geojson"
    collection = {"type": "FeatureCollection", "features": [feature]}
    path.write_text(json.dumps(collection), encoding="utf-8")
    return path


def replace(folder: Path, old: str, new: str, name: str = "study.toml") -> None:
    """Replace a text that must stand once in a file of the study."""
    content = (folder / name).read_text(encoding="utf-8")
    assert content.count(old) == 1, (old, content.count(old))
    (folder / name).write_text(content.replace(old, new), encoding="utf-8")


def in_china(folder: Path, datum: str | None) -> list[tuple[str, str, float, float]]:
    """Move the study to 121.5° E 31.2° N, into the first of twenty squares of 300 m.

    Gives a row (name, square, lon, lat) for the middle of each square.
    """
    east, north, side = 121.5, 31.2, 0.003
    path = folder / "town.osm"
    content = path.read_text(encoding="utf-8")
    for axis, by in (("lon", east), ("lat", north)):
        content = re.sub(
            rf'{axis}="([^"]+)"',
            lambda found, name=axis, by=by: f'{name}="{float(found[1]) + by:.7f}"',  # type: ignore[misc]
            content,
        )
    path.write_text(content, encoding="utf-8")
    box_text = "[121.4, 31.1, 121.7, 31.3]"
    replace(folder, "[-0.01, -0.01, 0.01, 0.01]", box_text)
    replace(folder, 'datum = "wgs84"\n', f'datum = "{datum}"\n' if datum else "")
    rows, features = [], []
    for number in range(20):
        west, south = east + side * (number % 5), north - side / 2 + side * (number // 5)
        name = f"第{number}镇"
        square = box(west - side / 2, south, west + side / 2, south + side)
        properties = {"id": str(number), "name": name}
        features.append(
            {"type": "Feature", "properties": properties, "geometry": square.__geo_interface__}
        )
        rows.append((f"院{number}", name, west, south + side / 2))
    collection = {"type": "FeatureCollection", "features": features}
    (folder / "units.geojson").write_text(json.dumps(collection), encoding="utf-8")
    return rows


def lifecircle(*arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """The command line in a process of its own, as a planner runs it."""
    return subprocess.run(
        [sys.executable, "-m", "lifecircle.cli", *map(str, arguments)],
        cwd=cwd,
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONIOENCODING": "utf-8", "LANG": "C.UTF-8"},
        check=False,
    )


def files_in(folder: Path) -> list[str]:
    """Every file below `folder` but the cache's, by its path from there."""
    paths = (p.relative_to(folder) for p in folder.rglob("*") if p.is_file())
    return sorted(str(path) for path in paths if FOLDER not in path.parts)
