"""The map on a print sheet: background, units, facilities, labels, scale and north."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.path import Path as Outline
from matplotlib.patheffects import withStroke
from pyproj import CRS, Transformer

from lifecircle.base.geo import GEOGRAPHIC, Floats, centred_crs
from lifecircle.base.numbers import percent
from lifecircle.outputs.maps import MapPage
from lifecircle.outputs.maps_data import PALETTE
from lifecircle.outputs.simplify import METRES_PER_DEGREE, label_place, simplified
from lifecircle.outputs.strokes import Strokes

PAPER, WATER, PARK, STREET = "#f3f2ee", "#b7d0e2", "#dee9d3", "#a09b93"
STREET_ON_UNIT = "#54504a"
FILL = 0.85
MARGIN = 0.05
"""Ground shown around the units, as a share of their size."""


class Box(NamedTuple):
    """A place on the sheet, in millimetres from its lower left corner."""

    left: float
    bottom: float
    width: float
    height: float


@dataclass(frozen=True)
class Ground:
    """What every sheet of a series shows, in metres of one projection; `streets` in degrees.

    `base` holds water and parks.
    """

    units: gpd.GeoSeries
    names: list[str]
    base: gpd.GeoDataFrame
    streets: Strokes
    labels: Floats
    _drawn: dict[float, Outline] = field(default_factory=dict, init=False, compare=False)
    """The streets by the size of a dot, made once for all maps of a series."""

    @classmethod
    def of(cls, page: MapPage) -> Ground:
        """The ground of a page, in a projection centred on its units."""
        west, south, east, north = page.units.total_bounds
        crs = centred_crs((west + east) / 2, (south + north) / 2)
        outlines = simplified(page.units, tolerance_m=4.0)
        places = [label_place(outline)[::-1] for outline in outlines]
        flat = gpd.GeoSeries(shapely.points(places), crs=GEOGRAPHIC).to_crs(crs)
        labels = shapely.get_coordinates(flat.to_numpy())
        names = page.units["name"].tolist()
        return cls(outlines.to_crs(crs), names, *background(page.base, crs), labels)

    def dots(self, page: MapPage, service: str) -> Floats:
        """Places of the facilities that count for a service or headline."""
        members = page.labels.members
        counted = set(members.get(service, [service]))
        if service not in members and service in page.labels.combinations:
            counted = {one for names in members.values() for one in names}
        shown = page.facilities[page.facilities["service"].isin(counted)]
        return shapely.get_coordinates(shown.geometry.to_crs(self.units.crs).to_numpy())

    @cached_property
    def outlines(self) -> list[Outline]:
        """The units as paths."""
        return [outline_of(shape) for shape in self.units]

    def street_path(self, dot_m: float) -> Outline:
        """The streets as one path, without what is smaller than a dot of the picture."""
        if dot_m not in self._drawn:
            # Thinned first: most vertices of a city need no projection then.
            few = self.streets.thinned(dot_m / METRES_PER_DEGREE)
            shown = few.projected(GEOGRAPHIC, self.units.crs)
            codes = np.where(shown.first, Outline.MOVETO, Outline.LINETO)
            self._drawn[dot_m] = Outline(shown.places, codes)
        return self._drawn[dot_m]

    def near(self, extent: tuple[float, float, float, float]) -> Ground:
        """The ground with the part of the background that a window (of `extent`) shows."""
        west, east, south, north = extent
        back = Transformer.from_crs(self.units.crs, GEOGRAPHIC, always_xy=True)
        streets = self.streets.near(*back.transform_bounds(west, south, east, north))
        return replace(self, base=self.base.cx[west:east, south:north], streets=streets)

    def extent(self, ratio: float) -> tuple[float, float, float, float]:
        """West, east, south, north of a window of this width to height that holds the units."""
        west, south, east, north = self.units.total_bounds
        height = max((north - south), (east - west) / ratio) * (1 + 2 * MARGIN)
        width = height * ratio
        x, y = (west + east) / 2, (south + north) / 2
        return x - width / 2, x + width / 2, y - height / 2, y + height / 2


def background(base: gpd.GeoDataFrame | None, crs: CRS) -> tuple[gpd.GeoDataFrame, Strokes]:
    """Water and parks in `crs`, and the streets in degrees, of a background in EPSG:4326."""
    if base is None:
        base = gpd.GeoDataFrame({"kind": []}, geometry=[], crs=GEOGRAPHIC)
    street = (base["kind"] == "street").to_numpy()
    return base[~street].to_crs(crs), Strokes.of(base.geometry.to_numpy()[street])


def frame_of(figure: Figure, box: Box) -> Axes:
    """An empty map frame on the sheet."""
    wide, high = figure.get_size_inches() * 25.4
    axes = figure.add_axes(
        (box.left / wide, box.bottom / high, box.width / wide, box.height / high)
    )
    axes.set_facecolor(PAPER)
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_color("#8b96a3")
    return axes


def draw_map(
    figure: Figure,
    axes: Axes,
    ground: Ground,
    rows: pd.DataFrame,
    dots: Floats | None,
    scale: float,
    labels: bool = True,
) -> None:
    """Everything inside the frame; `rows` has one row for each unit."""
    size = axes.get_position().size * figure.get_size_inches()
    west, east, south, north = ground.extent(size[0] / size[1])
    axes.set_xlim(west, east)
    axes.set_ylim(south, north)
    draw_base(axes, ground, scale)
    _draw_units(axes, ground, rows, scale)
    draw_streets(axes, ground, scale)
    if dots is not None:
        axes.scatter(
            dots[:, 0],
            dots[:, 1],
            s=9 * scale**2,
            c="#1c1c1c",
            ec="white",
            lw=0.5 * scale,
            zorder=6,
        )
    if labels:
        _draw_labels(axes, ground, rows, size[0] * 72 / (east - west), scale)
    draw_scale(axes, east - west, size[0] * 25.4, scale)
    draw_north(axes, scale)


def outline_of(shape: shapely.Geometry) -> Outline:
    """A polygon or multipolygon as one path, its holes turned the other way to stay empty."""
    rings = [
        shapely.get_coordinates(ring)
        for part in shapely.get_parts(shapely.orient_polygons(shape))
        if part.geom_type == "Polygon"
        for ring in (part.exterior, *part.interiors)
    ]
    return Outline.make_compound_path(*[Outline(ring, closed=True) for ring in rings])


def draw_base(axes: Axes, ground: Ground, scale: float) -> None:
    """Water and parks, under everything."""
    for kind, colour in (("park", PARK), ("water", WATER)):
        shapes = ground.base.geometry[ground.base["kind"] == kind]
        areas = [outline_of(shape) for shape in shapes if "Polygon" in shape.geom_type]
        axes.add_collection(PathCollection(areas, fc=colour, ec="none", zorder=1))
        lines = [shapely.get_coordinates(s) for s in shapes if s.geom_type == "LineString"]
        axes.add_collection(LineCollection(lines, colors=colour, lw=0.8 * scale, zorder=1))


def draw_streets(axes: Axes, ground: Ground, scale: float) -> None:
    """Above the units, so that they show through; one picture inside a PDF."""
    figure = axes.get_figure(root=True)
    assert figure is not None, "axes stand on a sheet"
    width_m = float(np.ptp(axes.get_xlim()))
    dots = axes.get_position().width * figure.get_size_inches()[0] * figure.dpi
    # One path: streets that meet or overlap are drawn once, not darker.
    streets = PathPatch(
        ground.street_path(width_m / dots),
        fc="none",
        ec=STREET_ON_UNIT,
        lw=0.25 * scale,
        alpha=0.45,
        zorder=4,
    )
    streets.set_rasterized(True)
    axes.add_artist(streets)


def colour_of(row: pd.Series[Any]) -> str:
    """The colour of a unit, as on the page."""
    if pd.isna(row["share_class"]):
        return str(PALETTE["none"])
    side = "without_target" if pd.isna(row["target"]) else "with_target"
    return str(PALETTE[side][int(row["share_class"])])


def _draw_units(axes: Axes, ground: Ground, rows: pd.DataFrame, scale: float) -> None:
    for outline, (_, row) in zip(ground.outlines, rows.iterrows(), strict=True):
        hatch = {"hatch": "////", "hatch_linewidth": 0.6 * scale} if row["hatched"] else {}
        axes.add_patch(
            PathPatch(
                outline,
                fc=colour_of(row),
                ec="#303030",
                lw=0,
                alpha=FILL,
                zorder=2,
                **hatch,
            )
        )
        axes.add_patch(PathPatch(outline, fc="none", ec="white", lw=0.9 * scale, zorder=5))


def _draw_labels(
    axes: Axes, ground: Ground, rows: pd.DataFrame, points_per_m: float, scale: float
) -> None:
    """Name and share where the unit has room for them, the largest unit first."""
    halo = [withStroke(linewidth=2 * scale, foreground="white")]
    widths = (ground.units.bounds["maxx"] - ground.units.bounds["minx"]).to_numpy() * points_per_m
    for number in np.argsort(-widths):
        row, name = rows.iloc[number], ground.names[number]
        letters = sum(1.0 if letter > "\u2e80" else 0.55 for letter in name)
        size = 7 * scale
        if widths[number] < 2.6 * size:
            continue
        text = f"{percent(row['share'], row['target'])} %"
        if widths[number] > letters * size:
            text = f"{name[:40]}\n{text}"
        x, y = ground.labels[number]
        axes.text(
            x,
            y,
            text,
            ha="center",
            va="center",
            fontsize=size,
            path_effects=halo,
            zorder=7,
            parse_math=False,
        )


def draw_scale(axes: Axes, width_m: float, width_mm: float, scale: float) -> None:
    """A bar of round length, at most a fifth of the frame."""
    most = width_m / 5
    power = 10 ** np.floor(np.log10(most))
    length = float(max(step * power for step in (1, 2, 5) if step * power <= most))
    (west, east), (south, north) = axes.get_xlim(), axes.get_ylim()
    x, y = east - length - 0.03 * (east - west), south + 0.025 * (north - south)
    axes.plot(
        [x, x + length], [y, y], color="#1d2733", lw=2 * scale, solid_capstyle="butt", zorder=8
    )
    text = f"{length / 1000:g} km" if length >= 1000 else f"{length:g} m"
    axes.text(
        x + length / 2,
        y + 0.008 * (north - south),
        text,
        ha="center",
        va="bottom",
        fontsize=6.5 * scale,
        zorder=8,
    )


def draw_north(axes: Axes, scale: float) -> None:
    """An arrow to the north, at the upper right."""
    axes.annotate(
        "N",
        xy=(0.965, 0.965),
        xytext=(0.965, 0.90),
        xycoords="axes fraction",
        ha="center",
        va="center",
        fontsize=8 * scale,
        arrowprops={"arrowstyle": "-|>", "color": "#1d2733", "lw": scale},
        zorder=8,
    )
