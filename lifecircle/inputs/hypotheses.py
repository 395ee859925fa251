"""In which datum a file's coordinates are, told by what else is known of its rows.

Three hypotheses are tested: WGS 84, GCJ-02 and BD-09.  A row that names its district or street
speaks for the hypotheses that put it there; a row inside the streets' extract speaks for those
that put it near a street.  Rows on which all hypotheses agree say nothing and do not count.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely

from lifecircle.base.geo import Floats, project
from lifecircle.inputs.cells import Mask
from lifecircle.inputs.datum import to_wgs84, wgs84_to_gcj02
from lifecircle.inputs.stated import Positions
from lifecircle.network.network import WalkNetwork

Datum = Literal["wgs84", "gcj02", "bd09", "twice"]
HYPOTHESES: tuple[Datum, ...] = ("wgs84", "gcj02", "bd09")
ENOUGH_ROWS = 10
ENOUGH_SHARE = 0.85
MOST_ROWS_TESTED = 20_000

FEWEST_IN_EXTRACT = 30
SAME_METRES = 30.0
"""Places that lie so much nearer to a street than another say something; less is chance."""


@dataclass(frozen=True)
class Witnesses:
    """What is known of the ground: areas that rows can name (`stated_areas`), and the streets."""

    areas: gpd.GeoDataFrame
    network: WalkNetwork | None = None

    @cached_property
    def streets(self) -> shapely.STRtree:
        """The streets' lines."""
        assert self.network is not None, "asked only where there is a network"
        return shapely.STRtree(self.network.lines)


@dataclass(frozen=True)
class Finding:
    """The hypothesis that won, if any, and how many of the counted rows speak for each."""

    winner: Datum | None
    counted: int = 0
    agree: Mapping[Datum, int] | None = None

    def evidence(self) -> str:
        """The votes in words that need no language: `gcj02 25/25, wgs84 16/25, bd09 5/25`."""
        votes = self.agree or {}
        return ", ".join(f"{name} {votes[name]}/{self.counted}" for name in votes) or "–"


NOTHING = Finding(None)


def weigh_datum(lon: Floats, lat: Floats, stated: Positions, witnesses: Witnesses) -> Finding:
    """What the rows say of degrees `lon`, `lat`, of which `stated` are positions in the areas.

    The areas decide where they can; the streets where the areas cannot; nothing where the two
    contradict each other.
    """
    step = max(1, -(-len(lon) // MOST_ROWS_TESTED))
    lon, lat, stated = lon[::step], lat[::step], stated[::step]
    places = {name: to_wgs84(lon, lat, name) for name in HYPOTHESES}
    by_area = _by_areas(places, stated, witnesses.areas)
    if by_area.winner in (None, "wgs84"):
        # Of the three, WGS 84 is also the nearest to what was converted once too often.
        over: dict[Datum, tuple[Floats, Floats]] = {
            "wgs84": (lon, lat),
            "twice": wgs84_to_gcj02(lon, lat),
        }
        twice = _by_areas(over, stated, witnesses.areas)
        by_area = twice if twice.winner == "twice" else by_area
    by_street = _by_streets(places, witnesses)
    if by_area.winner and by_street.winner and by_area.winner != by_street.winner:
        return Finding(None, by_area.counted, by_area.agree)
    return by_street if by_street.winner and not by_area.winner else by_area


def _by_areas(
    places: Mapping[Datum, tuple[Floats, Floats]], stated: Positions, areas: gpd.GeoDataFrame
) -> Finding:
    named = np.flatnonzero(stated >= 0)
    if not named.size:
        return NOTHING
    shapes = areas.geometry.to_numpy()
    shapely.prepare(shapes)
    inside = {
        name: shapely.contains_xy(shapes[stated[named]], lon[named], lat[named])
        for name, (lon, lat) in places.items()
    }
    return _votes(inside)


def _by_streets(places: Mapping[Datum, tuple[Floats, Floats]], witnesses: Witnesses) -> Finding:
    network = witnesses.network
    if network is None or network.crs is None or network.extent is None:
        return NOTHING
    there = {name: project(lon, lat, network.crs) for name, (lon, lat) in places.items()}
    shapely.prepare(network.extent)
    inside: Mask = np.logical_and.reduce(
        [shapely.intersects_xy(network.extent, x, y) for x, y in there.values()]
    )
    if inside.sum() < FEWEST_IN_EXTRACT:
        return NOTHING
    lines = np.asarray(network.lines, dtype=object)
    metres = {}
    for name, (x, y) in there.items():
        points = np.asarray(shapely.points(x[inside], y[inside]), dtype=object)
        metres[name] = shapely.distance(points, lines[witnesses.streets.nearest(points)])
    least = np.minimum.reduce(list(metres.values()))
    return _votes({name: own <= least + SAME_METRES for name, own in metres.items()})


def _votes(speaks_for: Mapping[Datum, npt.NDArray[np.bool_]]) -> Finding:
    """The one hypothesis that enough of the rows on which they differ speak for."""
    table = np.column_stack(list(speaks_for.values()))
    counts = table.any(axis=1) & ~table.all(axis=1)
    counted = int(counts.sum())
    agree = {name: int(own[counts].sum()) for name, own in speaks_for.items()}
    strong = [name for name, votes in agree.items() if votes >= ENOUGH_SHARE * counted]
    winner = strong[0] if counted >= ENOUGH_ROWS and len(strong) == 1 else None
    return Finding(winner, counted, agree)
