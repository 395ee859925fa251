"""The page of a difference: units by the change of their share, who gains and loses, what is new.

A page of its own under the same policy as the map pages: nothing is loaded from anywhere, and
what comes from files is shown as text only.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from lifecircle.base.sentences import Language, catalogue
from lifecircle.base.tables import SHARES_OF
from lifecircle.measures.compare import Change
from lifecircle.measures.coverage import CITY
from lifecircle.outputs.compare_tables import Compared, Side
from lifecircle.outputs.compare_terminal import (
    comparison_weight,
    share_words,
    shown_services,
    words_of,
)
from lifecircle.outputs.maps_base import base_image
from lifecircle.outputs.maps_data import needs_osm_credit, plain
from lifecircle.outputs.maps_shell import DATA_PLACE, PageElement, page_file, put_in, sealed
from lifecircle.outputs.simplify import DECIMALS, geometry_json, label_place, simplified
from lifecircle.outputs.words import denominator_words, service_words

Tree = dict[str, Any]

PALETTE: Tree = {
    "breaks": [0.0005, 0.02, 0.1],
    "more": ["#c6e3dc", "#6db9ab", "#1f7f74"],
    "less": ["#f6d9b8", "#e5a058", "#b35806"],
    "same": "#efefec",
    "none": "#bfbfbf",
    "gain": "#0b5d8a",
    "lose": "#c2005a",
    "made": "#111111",
}
"""Rising and falling shares on two sides of a light middle; the breaks are shares."""

MOST_POINTS = 20_000
"""Places that one service shows of those that gain or lose; the tables have them all."""

KEY = ["unit_id", "level"]


def compare_html(compared: Compared, language: Language) -> str:
    """The page as text; the same comparison gives the same bytes."""
    return put_in(shell(), page_tree(compared, language))


@cache
def shell() -> str:
    """The page before its data, always the same."""
    library = PageElement()
    parts = {
        "LEAFLET_CSS": library.leaflet_css,
        "LEAFLET_JS": library.leaflet_js,
        "CSS": page_file("compare.css"),
        "JS": page_file("compare.js"),
        "NOSCRIPT": " ".join(catalogue()["compare"]["noscript"].values()),
        "DATA": DATA_PLACE,
    }
    page = page_file("compare.html")
    for name, text in parts.items():
        page = page.replace(f"%{name}%", text)
    return sealed(page)


def page_tree(compared: Compared, language: Language) -> Tree:
    """Everything the page shows, in a fixed order."""
    weight = comparison_weight(compared)
    words, before = words_of(compared), compared.before
    units = before.units
    keys = [(CITY, CITY), *zip(units["unit_id"], units["level"], strict=True)]
    west, south, east, north = (float(edge) for edge in units.total_bounds)
    services = _services(compared, words)
    shown = shown_services(compared, weight)
    sources = [source for side in (before, *compared.after) for source in side.study.sources]
    return {
        "language": language,
        "texts": catalogue()["map"] | catalogue()["compare"],
        "before": before.title,
        "units": [{"name": "", "geometry": None}, *_units(units)],
        "services": [{"id": name, "label": dict(words[name])} for name in services],
        "weights": _weights(compared),
        "first": {"service": _most_changed(compared, weight, shown, services), "weight": weight},
        "states": [
            _state(compared, side, change, keys)
            for side, change in zip(compared.after, compared.changes, strict=True)
        ],
        "palette": PALETTE,
        "bounds": [[south, west], [north, east]],
        "base": base_image(compared.after[0].base_map, units),
        "odbl": needs_osm_credit(sources),
        "approval": before.study.study.map_approval,
    }


def _units(units: gpd.GeoDataFrame) -> list[Tree]:
    return [
        {"name": name, "label_at": label_place(outline), "geometry": geometry_json(outline)}
        for name, outline in zip(units["name"], simplified(units), strict=True)
    ]


def _services(compared: Compared, words: Tree) -> list[str]:
    """What the picker offers: headlines and what is made of them first, then the services."""
    rules = [side.standard for side in (compared.before, *compared.after)]
    first = [one.id for of in rules for one in of.headlines]
    first += [one.id for of in rules for one in of.combinations]
    there = {name for change in compared.changes for name in change.coverage["service"]}
    return [name for name in dict.fromkeys([*first, *words]) if name in there]


def _most_changed(compared: Compared, weight: str, shown: list[str], services: list[str]) -> str:
    """What the page opens with: what most people gain or lose, else the share that changes most."""
    tables = [one.people for one in compared.changes if one.people is not None]
    for table in tables:
        city = table[(table["level"] == CITY) & (table["denominator"] == weight)]
        moved = (city["gained"] + city["lost"]).groupby(city["service"]).max()
        moved = moved.reindex(shown).dropna()
        if moved.gt(0).any():
            return str(moved.idxmax())
    found = pd.concat([change.coverage for change in compared.changes])
    city = found[(found["level"] == CITY) & (found["denominator"] == weight)]
    size = city["change"].abs().groupby(city["service"]).max().reindex(shown).fillna(0)
    return str(size.idxmax()) if len(size) else services[0]


def _weights(compared: Compared) -> list[Tree]:
    there = {name for change in compared.changes for name in change.coverage["denominator"]}
    words = denominator_words()
    return [{"id": name, "label": dict(words[name])} for name in SHARES_OF if name in there]


def _state(compared: Compared, side: Side, change: Change, keys: list[tuple[str, str]]) -> Tree:
    points, turned = _turned(side, change)
    return {
        "title": side.title,
        "rows": _rows(change, keys),
        "rules": _rules(change),
        "points": points,
        "turned": turned,
        "new_ways": [[[lat, lon] for lon, lat in line] for line in side.new_ways],
        "new_facilities": _only_in(side, compared.before),
        "closed_facilities": _only_in(compared.before, side),
    }


def _rows(change: Change, keys: list[tuple[str, str]]) -> Tree:
    """By service and weight a row for each unit: what the table and the colours need."""
    tree: Tree = {}
    table = change.coverage
    if change.people is not None:
        people = change.people[[*KEY, "service", "denominator", "gained", "lost"]]
        table = table.merge(people, on=[*KEY, "service", "denominator"], how="left")
        table[["gained", "lost"]] = table[["gained", "lost"]].fillna(0.0)
    else:
        table = table.assign(gained=np.nan, lost=np.nan)
    for (service, weight), rows in table.groupby(["service", "denominator"], sort=True):
        placed = rows.set_index(KEY).reindex(keys)
        tree.setdefault(str(service), {})[str(weight)] = [_row(row) for _, row in placed.iterrows()]
    return tree


def _row(row: pd.Series[Any]) -> list[Any] | None:
    if pd.isna(row["service" if "service" in row else "share_after"]):
        return None
    shares = [share_words(row, side) for side in ("before", "after")]
    figures = ["change", "change_low", "change_high", "gained", "lost"]
    cells = plain(row[figures].astype(float).round(6))
    return [*shares, *cells, row["verdict"]]


def _rules(change: Change) -> Tree:
    """By service the walker and the limit on both sides, as the city has them."""
    city = change.coverage[change.coverage["level"] == CITY]
    rules: Tree = {}
    for _, row in city.drop_duplicates("service").iterrows():
        rules[row["service"]] = [
            [row[f"profile_{side}"], None if pd.isna(limit) else float(limit)]
            for side in ("before", "after")
            for limit in [row[f"limit_m_{side}"]]
        ]
    return rules


def _turned(side: Side, change: Change) -> tuple[list[list[float]], Tree]:
    """The places that gain or lose any service, and by service which of them do."""
    rows = [rows for pair in change.turned.values() for rows in pair]
    every = np.unique(np.concatenate(rows)) if rows else np.empty(0, dtype=np.int64)
    lonlat = shapely.get_coordinates(side.demand.geometry.to_numpy()[every]).round(DECIMALS)
    turned = {
        name: [np.searchsorted(every, own[:MOST_POINTS]).tolist() for own in pair]
        for name, pair in change.turned.items()
        if any(len(own) for own in pair)
    }
    return lonlat[:, ::-1].tolist(), turned


def _only_in(side: Side, other: Side) -> list[list[Any]]:
    """Facilities that stand where the other state has none of that id: place, name, services."""
    own, theirs = _places(side), set(_places(other).index)
    if side.study.study.coordinates_out == "none":
        return []
    words = service_words(side.standard)
    found = own[[key not in theirs for key in own.index]]
    rows = []
    for _, group in found.groupby(level=0, sort=False):
        first = group.iloc[0]
        services = [dict(words[one]) for one in group["service"] if one in words]
        rows.append([first["lat"], first["lon"], first["name"], services])
    return rows


def _places(side: Side) -> pd.DataFrame:
    """Facilities by a text of their id and place."""
    table = side.facilities
    middle = shapely.centroid(table.geometry.to_numpy())
    lon, lat = (np.round(of(middle), DECIMALS) for of in (shapely.get_x, shapely.get_y))
    keys = [f"{one}|{x}|{y}" for one, x, y in zip(table["facility_id"], lon, lat, strict=True)]
    return pd.DataFrame(
        {
            "name": table["name"].to_numpy(),
            "service": table["service"].to_numpy(),
            "lon": lon,
            "lat": lat,
        },
        index=keys,
    )
