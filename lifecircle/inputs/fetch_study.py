"""A study ready to run from what was fetched of a place."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely

from lifecircle.base.files import sha256, write_text
from lifecircle.base.geo import centred_crs
from lifecircle.base.sentences import Language
from lifecircle.inputs.all_facilities import longest_limit_m
from lifecircle.inputs.buildings import DEFAULT_FLOORS, residential_buildings
from lifecircle.inputs.fetch_file import Counted
from lifecircle.inputs.fetch_http import public_url, refuse_url, refused
from lifecircle.inputs.osm_fetch import (
    Place,
    Server,
    admin_levels,
    box_around,
    find_place,
    refuse_large,
    save_area,
)
from lifecircle.inputs.osm_places import OsmPlaces
from lifecircle.inputs.read import places_reader
from lifecircle.sources import Box, Source
from lifecircle.standards.catalogue import load_standard

STREETS_AND_TOWNS = 8
"""The admin_level of streets, towns and townships in China."""

MARGIN_M = 500.0
"""Beyond the longest limit, as a study's `buffer_m`."""

MOST_KM2 = 400.0
"""A larger box takes a server minutes, and a ready-made extract of the region is kinder."""

HALF = 0.5
PUBLISHER, LICENCE = "OpenStreetMap contributors", "ODbL 1.0"


@dataclass(frozen=True)
class Wanted:
    """What to fetch, and how to write it down."""

    words: str
    name: str | None = None
    """The study's name; made from the place's where none is given."""
    level: int | None = None
    standard: str = "shanghai-2022"
    language: Language = "zh"
    large: bool = False
    """Whether a large area is meant."""


@dataclass(frozen=True)
class FetchedPlace:
    """A study that was written, and what it holds."""

    study: Path
    extract: Path
    place: Place
    units: tuple[str, ...]
    level: int
    date: str
    sha256: str


def fetch_place(wanted: Wanted, folder: Path, server: Server, counted: Counted) -> FetchedPlace:
    """Download the map of a place into `folder`/NAME and write NAME/study.toml beside it.

    The map reaches beyond the place by the longest limit of the standard and a margin.  Raises
    `InputRefused` for a place that is unknown, ambiguous or large, for a study that is there
    already, for servers that fail, and where the map holds no whole unit of the level.
    """
    for url in (server.overpass, server.nominatim):
        refuse_url(url)
    standard = load_standard(wanted.standard)
    if wanted.name is not None:
        _refuse_name(folder, wanted.name)
    place = find_place(wanted.words, server, wanted.language)
    name = wanted.name or study_name(place)
    _refuse_name(folder, name)
    box = box_around(place.shape, longest_limit_m(standard) + MARGIN_M)
    if not wanted.large:
        refuse_large(box, MOST_KM2, wanted.words)
    level = _level(wanted, admin_levels(box, server))
    extract = folder / name / f"{name}.osm"
    date = save_area(box, level, extract, server, counted)
    _write_source(extract, wanted, place, box, date, server)
    places = places_reader(standard)(Source(path=extract))
    units = units_inside(places, level, place)
    text = study_text(wanted, name, place, box, level, date, units, places)
    study = folder / name / "study.toml"
    write_text(study, text)
    names = tuple(units["name"])
    return FetchedPlace(study, extract, place, names, level, date, sha256(extract))


def study_name(place: Place) -> str:
    """A name for files: the place's own in small Latin letters, else its id."""
    plain = re.sub(r"[^a-z0-9]+", "-", place.name.lower()).strip("-")[:60]
    return plain if re.search(r"[a-z]", plain) and place.name.isascii() else place.osm_id


def _refuse_name(folder: Path, name: str) -> None:
    if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,63}", name):
        raise refused("study_name_unfit", name)
    if (folder / name / "study.toml").exists():
        raise refused("study_exists", str(folder / name / "study.toml"))


def _level(wanted: Wanted, there: dict[int, int]) -> int:
    """The admin_level of the units, which must be there."""
    level = STREETS_AND_TOWNS if wanted.level is None else wanted.level
    if level not in there:
        levels = ", ".join(f"{one} ({count})" for one, count in there.items()) or "-"
        raise refused("level_none", wanted.words, level=level, levels=levels)
    return level


def units_inside(places: OsmPlaces, level: int, place: Place) -> gpd.GeoDataFrame:
    """The areas of `level` that lie mostly in the place, else the one that the place lies in.

    Columns osm_id, name and geometry, sorted by id; raises `InputRefused` where there is none.
    """
    own = np.array([one.get("admin_level") == str(level) for one in places.admin["tags"]], bool)
    areas = gpd.GeoDataFrame(places.admin[own])
    named = zip(areas["tags"], areas["osm_id"], strict=True)
    areas["name"] = [tags.get("name", osm_id) for tags, osm_id in named]
    outlines = shapely.make_valid(areas.geometry.to_numpy())
    shared = shapely.area(shapely.intersection(outlines, place.shape))
    inside = shared > HALF * shapely.area(outlines)
    around = shared > HALF * shapely.area(place.shape)
    chosen = areas[inside if inside.any() else around]
    if chosen.empty:
        raise refused("place_without_unit", place.full_name, level=level, count=len(areas))
    return chosen[["osm_id", "name", "geometry"]]


def study_text(
    wanted: Wanted,
    name: str,
    place: Place,
    box: Box,
    level: int,
    date: str,
    units: gpd.GeoDataFrame,
    places: OsmPlaces,
) -> str:
    """The study file, with comments in its language; only demand that the map holds is named."""
    template = files("lifecircle").joinpath("templates", f"fetched.{wanted.language}.toml")
    source = [f"path = {quoted(name + '.osm')}", f"publisher = {quoted(PUBLISHER)}"]
    source += [f"date = {date}"] if date else []
    source += [f"licence = {quoted(LICENCE)}"]
    lon, lat = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    homes, _ = residential_buildings(places, DEFAULT_FLOORS, centred_crs(lon, lat))
    held = {"buildings": len(homes), "land": len(places.land)}
    demand = [f'[[demand]]\nkind = "{kind}"\n' + "\n".join(source) for kind, n in held.items() if n]
    values = {
        "name": quoted(name),
        "title": quoted(place.name),
        "standard": quoted(wanted.standard),
        "place": _comment(place.full_name),
        "id": place.osm_id.upper(),
        "source": "\n".join(source),
        "extent": json.dumps(list(box)),
        "level": level,
        "select": "".join(
            f"\n  {quoted(one.osm_id)},  # {_comment(one.name)}" for one in units.itertuples()
        ),
        "demand": "\n\n".join(demand),
    }
    return template.read_text(encoding="utf-8").format(**values)


def _comment(text: str) -> str:
    """`text` on one line, without what no comment may hold."""
    return "".join(one if one.isprintable() else " " for one in text)


def quoted(text: str) -> str:
    """`text` as a TOML string, which JSON's is too but for one character."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _write_source(
    extract: Path, wanted: Wanted, place: Place, box: Box, date: str, server: Server
) -> None:
    record = {
        "place": wanted.words,
        "osm_id": place.osm_id,
        "full_name": place.full_name,
        "box": list(box),
        "overpass": public_url(server.overpass),
        "nominatim": public_url(server.nominatim),
        "file": extract.name,
        "bytes": extract.stat().st_size,
        "sha256": sha256(extract),
        "publisher": PUBLISHER,
        "date": date,
        "licence": LICENCE,
    }
    path = extract.with_name(extract.name + ".source.json")
    write_text(path, json.dumps(record, ensure_ascii=False, indent=1) + "\n")
