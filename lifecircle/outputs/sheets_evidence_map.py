"""The map of an evidence sheet: a gap, its streets, and what could serve it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, PathPatch
from matplotlib.patheffects import withStroke

from lifecircle.base.geo import Floats, centred_crs
from lifecircle.measures.result import Result
from lifecircle.outputs.sheets_draw import (
    Ground,
    background,
    draw_base,
    draw_north,
    draw_scale,
    draw_streets,
    outline_of,
)

GAP, WALK, STRAIGHT, SITE, HOST = "#c0392b", "#174a7c", "#5b6775", "#1b7f4d", "#8a5a00"
WALL, RAILWAY, FACILITY, UNIT = "#7a3b12", "#30343a", "#1c1c1c", "#6b7480"
LEAST_M = 350.0
"""Ground shown on each side of the middle, at least."""

AROUND = 1.25
"""How much more than the gap and its nearest facility is shown."""


@dataclass(frozen=True)
class GapMap:
    """What the maps of a series share, in metres of one projection."""

    ground: Ground
    gaps: gpd.GeoDataFrame
    facilities: gpd.GeoDataFrame
    evidence: gpd.GeoDataFrame
    members: Mapping[str, tuple[str, ...]]

    @classmethod
    def of(cls, result: Result, gaps: gpd.GeoDataFrame, evidence: gpd.GeoDataFrame) -> GapMap:
        """The tables of a run, projected once."""
        west, south, east, north = result.units.total_bounds
        crs = centred_crs((west + east) / 2, (south + north) / 2)
        outlines, behind = result.units.geometry.to_crs(crs), background(result.base_map, crs)
        ground = Ground(outlines, [], *behind, np.zeros((0, 2)))
        services = gaps["service"].unique()
        shown = result.gaps[result.gaps["service"].isin(services)]
        withheld = result.study.study.coordinates_out == "none"
        return cls(
            ground,
            shown.to_crs(crs).set_index("gap_id"),
            result.facilities.iloc[: 0 if withheld else None].to_crs(crs),
            evidence.to_crs(crs),
            {one.id: one.members for one in result.standard.headlines},
        )


def draw_gap(
    axes: Axes,
    maps: GapMap,
    gap: pd.Series,
    evidence: gpd.GeoDataFrame,
    legend: Mapping[str, str],
    scale: float,
) -> None:
    """Everything inside the frame."""
    own = maps.evidence.loc[evidence.index]
    shape = maps.gaps.geometry[gap["gap_id"]]
    straight = _straight(maps, gap, own, shape)
    figure = axes.get_figure(root=True)
    assert figure is not None, "axes stand on a sheet"
    size = axes.get_position().size * figure.get_size_inches()
    extent = _extent(shape, straight, own[own["kind"] == "site"], float(size[0] / size[1]))
    axes.set_xlim(*extent[:2])
    axes.set_ylim(*extent[2:])
    ground = maps.ground.near(extent)
    draw_base(axes, ground, scale)
    draw_streets(axes, ground, 2.2 * scale)
    for unit in maps.ground.outlines:
        outline = {"fc": "none", "ec": UNIT, "lw": 1.1 * scale, "ls": (0, (6, 3))}
        axes.add_patch(PathPatch(unit, zorder=3, **outline))
    signs = [*_draw_patches(axes, maps, gap, shape, scale)]
    signs += _draw_lines(axes, own, straight, scale)
    signs += _draw_places(axes, maps, gap, own, extent, scale)
    signs.append(("unit", Line2D([], [], color=UNIT, lw=1.1 * scale, ls=(0, (6, 3)))))
    _draw_legend(axes, signs, legend, scale)
    draw_scale(axes, extent[1] - extent[0], float(size[0]) * 25.4, scale)
    draw_north(axes, scale)


def _straight(
    maps: GapMap, gap: pd.Series, own: gpd.GeoDataFrame, shape: shapely.Geometry
) -> Floats | None:
    """The line to the facility nearest by air, from where the walk begins or inside the gap."""
    rows = maps.facilities[maps.facilities["facility_id"] == gap["straight_facility_id"]]
    if rows.empty:
        return None
    walks = own.geometry[own["kind"] == "walk"].to_numpy()
    middle = shapely.get_point(walks[0], 0) if len(walks) else shapely.point_on_surface(shape)
    places = shapely.get_parts(rows.geometry.to_numpy()[:1])
    nearest = places[int(np.argmin(shapely.distance(places, middle)))]
    return np.asarray(shapely.get_coordinates([middle, shapely.centroid(nearest)]))


def _extent(
    shape: shapely.Geometry, straight: Floats | None, sites: gpd.GeoDataFrame, ratio: float
) -> tuple[float, float, float, float]:
    """West, east, south, north around the gap, its nearest facility and the sites in reach.

    A facility that is far away stays outside, so that the gap can be seen.
    """
    west, south, east, north = shapely.bounds(shape)
    wide = max(east - west, north - south, 2 * LEAST_M)
    places = [shapely.box(west, south, east, north), *sites.geometry]
    if straight is not None and np.hypot(*(straight[1] - straight[0])) < 1.5 * wide:
        places.append(shapely.Point(straight[1]))
    west, south, east, north = shapely.total_bounds(np.array(places, dtype=object))
    x, y = (west + east) / 2, (south + north) / 2
    high = max(north - south, (east - west) / ratio, 2 * LEAST_M) * AROUND
    return x - high * ratio / 2, x + high * ratio / 2, y - high / 2, y + high / 2


Signs = list[tuple[str, Any]]


def _draw_patches(
    axes: Axes, maps: GapMap, gap: pd.Series, shape: shapely.Geometry, scale: float
) -> Signs:
    others = maps.gaps[
        (maps.gaps["service"] == gap["service"]) & (maps.gaps.index != gap["gap_id"])
    ]
    for other in others.geometry:
        axes.add_patch(PathPatch(outline_of(other), fc=GAP, ec="none", alpha=0.12, zorder=2))
    axes.add_patch(PathPatch(outline_of(shape), fc=GAP, ec="none", alpha=0.28, zorder=2))
    edge = {"fc": "none", "ec": GAP, "lw": 1.8 * scale}
    axes.add_patch(PathPatch(outline_of(shape), zorder=5, **edge))
    signs: Signs = [("gap", Patch(fc="#eebfb9", ec=GAP))]
    return [*signs, ("other", Patch(fc="#f7e4e1", ec="none"))] if len(others) else signs


def _draw_lines(axes: Axes, own: gpd.GeoDataFrame, straight: Floats | None, scale: float) -> Signs:
    styles: dict[str, Any] = {
        "wall": {"colors": WALL, "lw": 1.3 * scale},
        "railway": {"colors": RAILWAY, "lw": 0.9 * scale, "linestyles": "dashed"},
        "walk": {"colors": WALK, "lw": 2.2 * scale},
    }
    signs: Signs = []
    for kind, style in styles.items():
        parts = shapely.get_parts(own.geometry[own["kind"] == kind].to_numpy())
        lines = [shapely.get_coordinates(part) for part in parts]
        if lines:
            axes.add_collection(LineCollection(lines, zorder=5, **style))
            dashes = "dashed" if kind == "railway" else "solid"
            signs.append((kind, Line2D([], [], color=style["colors"], lw=style["lw"], ls=dashes)))
    if straight is not None:
        axes.plot(*straight.T, color=STRAIGHT, lw=1.2 * scale, ls=":", zorder=6)
        signs.append(("straight", Line2D([], [], color=STRAIGHT, lw=1.2 * scale, ls=":")))
    return signs


def _draw_places(
    axes: Axes,
    maps: GapMap,
    gap: pd.Series,
    own: gpd.GeoDataFrame,
    extent: tuple[float, float, float, float],
    scale: float,
) -> Signs:
    """Facilities of the service, those that could take it in, and proposed sites with rank."""
    members = maps.members.get(gap["service"], (gap["service"],))
    offered = maps.facilities[maps.facilities["service"].isin(members)]
    kinds = {
        "facility": (offered, "o", FACILITY, 6.5),
        "existing": (own[own["kind"] == "existing"], "s", HOST, 7.5),
        "site": (own[own["kind"] == "site"], "*", SITE, 15.0),
    }
    signs: Signs = []
    for kind, (rows, marker, colour, size) in kinds.items():
        rows = rows.cx[extent[0] : extent[1], extent[2] : extent[3]]
        places = shapely.centroid(rows.geometry.to_numpy())
        style: Any = {"marker": marker, "color": colour, "mec": "white", "ls": "none"}
        style |= {"ms": size * scale, "mew": 0.8 * scale}
        if len(rows):
            axes.plot(shapely.get_x(places), shapely.get_y(places), zorder=7, **style)
            signs.append((kind, Line2D([], [], **style)))
        names = rows["rank"].astype(str) if kind == "site" else rows["name"]
        _draw_names(axes, places, names.tolist(), colour, scale)
    return signs


def _draw_names(
    axes: Axes, places: np.ndarray, names: list[str], colour: str, scale: float
) -> None:
    halo = [withStroke(linewidth=2 * scale, foreground="white")]
    for place, name in zip(places, names, strict=True):
        axes.annotate(
            name[:32],
            (place.x, place.y),
            xytext=(5 * scale, 4 * scale),
            textcoords="offset points",
            fontsize=7 * scale,
            color=colour,
            path_effects=halo,
            annotation_clip=True,
            clip_on=True,
            zorder=8,
            parse_math=False,
        )


def _draw_legend(axes: Axes, signs: Signs, words: Mapping[str, str], scale: float) -> None:
    shown = [(sign, words[kind]) for kind, sign in signs if kind in words]
    legend = axes.legend(
        [sign for sign, _ in shown],
        [text for _, text in shown],
        loc="lower left",
        fontsize=6.8 * scale,
        framealpha=0.9,
        edgecolor="#8b96a3",
        borderpad=0.7,
        labelspacing=0.6,
    )
    legend.set_zorder(9)
