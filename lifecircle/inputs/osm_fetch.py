"""A named place from OpenStreetMap: its outline through OSMnx, its map through Overpass.

OSMnx asks Nominatim what the place is (`osmnx.geocode_to_gdf`), with that server's rules of use.
Its downloaders of streets and features are not used: they give a graph or a table from which our
walk rules cannot be read any more (gates and crossings at nodes without a way of their own, areas
with holes, boundaries, ways for cars only, the reasons why a way was left out).  Instead the same
Overpass server is asked for everything in a box as OSM XML, and the raw answer is kept, so that it
is read by the reader that every other extract goes through.

OSMnx keeps its options in a module; they are set for the question and put back after it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import geopandas as gpd
import shapely
from pyproj import Geod

from lifecircle.base.files import atomic_path
from lifecircle.inputs.fetch_file import CHUNK, Counted, check_extract
from lifecircle.inputs.fetch_http import (
    Unanswered,
    Waiting,
    answer_of,
    host_of,
    patient,
    refused,
    unpacked,
    unreachable,
    user_agent,
)
from lifecircle.sources import Box

OVERPASS = "https://overpass-api.de/api"
NOMINATIM = "https://nominatim.openstreetmap.org"
AREAS = ("Polygon", "MultiPolygon")
MOST_SHOWN = 10
"""How many places of one name are listed."""

MEGABYTES_PER_KM2 = 0.6
"""OSM XML of a dense Chinese quarter: wujiaochang.osm has 3.8 MB for 7.2 km²."""

OSM_BASE = re.compile(rb'osm_base="(\d{4}-\d\d-\d\d)T')
REMARK = re.compile(rb"<remark>\s*(.*?)\s*</remark>", re.DOTALL)
ENDS = 4096
"""Bytes at either end of an answer where the server says its date, and what went wrong."""


@dataclass(frozen=True)
class Server:
    """Where to ask, how long to wait for an answer, and whom to tell of further tries."""

    overpass: str = OVERPASS
    nominatim: str = NOMINATIM
    timeout_s: float = 180.0
    waiting: Waiting = lambda _host, _status, _seconds: None


@dataclass(frozen=True)
class Place:
    """An area of OpenStreetMap with a name; `osm_id` as units have it, such as r8208502."""

    osm_id: str
    name: str
    full_name: str
    shape: shapely.Geometry


def find_place(words: str, server: Server, language: str) -> Place:
    """The area that `words` name, or the one with this id (R8208502).

    Of several areas boundaries of administration come first.  Raises `InputRefused` where there
    is none, only a point, or several boundaries, which are listed with their ids.
    """
    by_id = re.fullmatch(r"[nwr]\d{1,12}", words.strip(), re.IGNORECASE) is not None
    query = words.strip().upper() if by_id else words.strip()
    frame, answer = _geocoded(query, by_id, server, language)
    if by_id:
        return _place(frame, words)
    areas = _areas(answer)
    if len(areas) > 1:
        listed = [f"{osm_id.upper()} {name}" for osm_id, name in areas.items()]
        more = f" … +{len(listed) - MOST_SHOWN}" if len(listed) > MOST_SHOWN else ""
        places = "; ".join(listed[:MOST_SHOWN]) + more
        raise refused("place_several", words, count=len(listed), places=places)
    (only,) = areas
    if _osm_id(frame.iloc[0]) != only:
        frame, _ = _geocoded(only.upper(), True, server, language)
    return _place(frame, words)


def _geocoded(
    query: str, by_id: bool, server: Server, language: str
) -> tuple[gpd.GeoDataFrame, list[dict[str, Any]]]:
    """OSMnx's choice, and all that Nominatim answered."""
    import osmnx
    import requests

    host = host_of(server.nominatim)
    answers: list[list[dict[str, Any]]] = []

    def ask() -> gpd.GeoDataFrame:
        try:
            return osmnx.geocode_to_gdf(query, by_osmid=by_id)
        except requests.Timeout:
            raise refused("server_slow", host, seconds=f"{server.timeout_s:.0f}") from None
        except requests.RequestException as error:
            raise refused("no_network", host, error=_first_words(error)) from None
        except TypeError:
            raise refused("place_point", query) from None
        except (KeyError, ValueError) as error:
            if answers and answers[-1] == []:
                raise refused("place_unknown", query) from None
            raise refused("answer_strange", host, error=_first_words(error)) from None

    with osmnx_asking(server, language, answers):
        frame = patient(host, ask, server.waiting)
    return frame, answers[-1] if answers and isinstance(answers[-1], list) else []


def _first_words(error: Exception) -> str:
    return f"{type(error).__name__} {error}"[:160]


@contextmanager
def osmnx_asking(
    server: Server, language: str, answers: list[list[dict[str, Any]]]
) -> Iterator[None]:
    """OSMnx set to ask `server`, without cache and log; what it answers goes to `answers`.

    OSMnx would ask a busy server again every 55 seconds for ever, so a busy answer is taken from
    it as it arrives.  All its settings are put back.
    """
    from osmnx import settings

    def look(response: Any, *_: object, **__: object) -> None:
        if response.status_code >= 400:
            after = response.headers.get("Retry-After")
            response.content  # noqa: B018 - read to its end, so that the connection is closed
            raise Unanswered(response.status_code, str(response.reason), after)
        if not response.is_redirect:
            answers.append(_json(response))

    kept = {name: getattr(settings, name) for name in settings.__annotations__}
    settings.nominatim_url = server.nominatim
    settings.requests_timeout = server.timeout_s
    settings.http_accept_language = language
    settings.http_user_agent = settings.http_referer = user_agent()
    settings.use_cache = settings.log_file = settings.log_console = False
    settings.requests_kwargs = {**settings.requests_kwargs, "hooks": {"response": look}}
    try:
        yield
    finally:
        for name, value in kept.items():
            setattr(settings, name, value)


def _json(response: Any) -> Any:
    try:
        return response.json()
    except ValueError:
        raise refused("answer_strange", host_of(response.url), error="no JSON") from None


def _areas(answer: list[dict[str, Any]]) -> dict[str, str]:
    """Names of the areas in an answer by id; boundaries of administration alone if there are."""
    areas = [one for one in answer if one.get("geojson", {}).get("type") in AREAS]
    official = [one for one in areas if one.get("class", one.get("category")) == "boundary"]
    return {_osm_id(one): str(one.get("display_name", "")) for one in official or areas}


def _osm_id(row: Any) -> str:
    return f"{str(row['osm_type'])[0]}{row['osm_id']}"


def _place(frame: gpd.GeoDataFrame, words: str) -> Place:
    row = frame.iloc[0]
    if row.geometry is None or row.geometry.geom_type not in AREAS:
        raise refused("place_point", words)
    full = str(row.get("display_name", words))
    name = str(row.get("name") or full.split(",")[0]).strip()
    return Place(_osm_id(row), name, full, shapely.make_valid(row.geometry))


def box_around(shape: shapely.Geometry, reach_m: float) -> Box:
    """West, south, east, north of `shape` with `reach_m` on all sides, to a ten-millionth."""
    west, south, east, north = shapely.bounds(shape).tolist()
    widest = max(abs(south), abs(north))
    geod = Geod(ellps="WGS84")
    side = geod.fwd(west, widest, 90, reach_m)[0] - west
    low = geod.fwd(west, south, 180, reach_m)[1]
    high = geod.fwd(west, north, 0, reach_m)[1]
    box = (west - side, low, east + side, high)
    return (round(box[0], 7), round(box[1], 7), round(box[2], 7), round(box[3], 7))


def area_km2(box: Box) -> float:
    """Square kilometres of a box in degrees."""
    return abs(float(Geod(ellps="WGS84").geometry_area_perimeter(shapely.box(*box))[0])) / 1e6


def admin_levels(box: Box, server: Server) -> dict[int, int]:
    """How many administrative boundaries of each level touch the box."""
    question = (
        f"[out:json][timeout:{server.timeout_s:.0f}];"
        f'relation["boundary"="administrative"]["admin_level"]({_overpass_box(box)});out tags;'
    )
    host = host_of(server.overpass)

    def ask() -> bytes:
        with _asked(question, server) as response, unreachable(host, server.timeout_s):
            return unpacked(response).read()

    try:
        elements = json.loads(patient(host, ask, server.waiting))["elements"]
        levels = [int(one["tags"]["admin_level"]) for one in elements]
    except (ValueError, KeyError, TypeError) as error:
        raise refused("answer_strange", host, error=_first_words(error)) from None
    return {level: levels.count(level) for level in sorted(set(levels))}


def everything_in(box: Box, level: int, timeout_s: float) -> str:
    """The question for all nodes and ways in a box, its areas, and the boundaries of a level.

    Relations are asked for by kind: whole countries and long bus routes touch the box too.
    """
    here = _overpass_box(box)
    return (
        f"[out:xml][timeout:{timeout_s:.0f}];("
        f"node({here});way({here});"
        f'relation["type"="multipolygon"]({here});'
        f'relation["boundary"="administrative"]["admin_level"="{level}"]({here});'
        ");(._;>;);out body;"
    )


def save_area(box: Box, level: int, path: Path, server: Server, counted: Counted) -> str:
    """Save all of a box as OSM XML at `path`, whole or not at all; the map's date as yyyy-mm-dd.

    Raises `InputRefused` where the server fails or gives less than a whole map.
    """
    host = host_of(server.overpass)
    question = everything_in(box, level, server.timeout_s)
    with atomic_path(path) as temporary:

        def ask() -> None:
            with _asked(question, server) as response, unreachable(host, server.timeout_s):
                body, done = unpacked(response), 0
                with temporary.open("wb") as file:
                    while block := body.read(CHUNK):
                        file.write(block)
                        done += len(block)
                        counted(done, None)

        patient(host, ask, server.waiting)
        date = _checked(temporary, path.name, host)
    return date


@contextmanager
def _asked(question: str, server: Server) -> Iterator[Any]:
    url = f"{server.overpass.rstrip('/')}/interpreter"
    content = urlencode({"data": question}).encode()
    with answer_of(url, server.timeout_s, {"Accept-Encoding": "gzip"}, content) as response:
        yield response


def _checked(file: Path, name: str, host: str) -> str:
    """The date of an answer, which is refused where the server gave up or gave nothing.

    Overpass answers 200 also where a question ran out of time; its words are in a remark.
    """
    with file.open("rb") as content:
        head = content.read(ENDS)
        content.seek(max(0, file.stat().st_size - ENDS))
        tail = content.read()
    remark = REMARK.search(tail) or REMARK.search(head)
    if remark is not None:
        error = remark[1].decode("utf-8", "replace")
        raise refused("answer_remark", host, error=error[:200])
    if not tail.rstrip().endswith(b"</osm>"):
        raise refused("answer_cut", host, error="</osm>")
    check_extract(file, name)
    with file.open("rb") as content:
        if not any(b"<way " in line for line in content):
            raise refused("answer_empty", host)
    date = OSM_BASE.search(head)
    return date[1].decode() if date else ""


def _overpass_box(box: Box) -> str:
    west, south, east, north = box
    return f"{south},{west},{north},{east}"


def refuse_large(box: Box, most_km2: float, name: str) -> None:
    """Raise `InputRefused` for a box that is better fetched as a ready-made extract."""
    area = area_km2(box)
    if area > most_km2:
        size = f"{area * MEGABYTES_PER_KM2:,.0f}"
        raise refused("area_large", name, area=f"{area:,.0f}", megabytes=size)
