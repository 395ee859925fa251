"""Pictures as plain SVG: the Lorenz curves of a run, and supply against demand on a map.

SVG opens in every browser, prints at any size, and the same figures give the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from lifecircle.base.sentences import Language, catalogue, sentence

COLOURS = ("#0b5fa5", "#d1495b", "#2a7f62", "#8f5fbf", "#c77d0a", "#4d4d4d")
CLASSES = ("#eff3ff", "#bdd7e7", "#6baed6", "#3182bd", "#08519c")
"""Blues from little to much, which stay apart in grey and for colour-blind eyes."""

SIZE, MARGIN = 460, 56
FONT = "font-family=\"'Noto Sans CJK SC','Microsoft YaHei','PingFang SC',sans-serif\""


def lorenz_svg(lorenz: pd.DataFrame, fairness: pd.DataFrame, language: Language, title: str) -> str:
    """Lorenz curves of supply (Gaussian), one a capacity, against the line of equal shares.

    `title` is the study's, so that a picture that is passed on says where it belongs.
    """
    own = fairness[(fairness["what"] == "supply") & fairness["subject"].str.endswith("gaussian")]
    parts = [_frame(sentence("charts.lorenz", language), language)]
    for number, (_, row) in enumerate(own.iterrows()):
        curve = lorenz[(lorenz["what"] == "supply") & (lorenz["subject"] == row["subject"])]
        colour = COLOURS[number % len(COLOURS)]
        points = " ".join(
            f"{_x(people):.1f},{_y(held):.1f}"
            for people, held in zip(curve["people_share"], curve["value_share"], strict=True)
        )
        parts.append(
            f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2.5"/>'
        )
        name = supply_name(row["subject"].removesuffix("_gaussian"), language)
        gini = "–" if pd.isna(row["gini"]) else f"{row['gini']:.2f}"
        parts.append(_key(number, colour, f"{name}  Gini {gini}"))
    return _svg(SIZE + 2 * MARGIN, SIZE + 2 * MARGIN, parts, title)


def supply_name(supply: str, language: Language) -> str:
    """The name of a capacity: a sentence of ours, or its id where the study brought it."""
    names = catalogue()["supply_names"]
    return str(names[supply][language]) if supply in names else supply


def _x(share: float) -> float:
    return MARGIN + SIZE * share


def _y(share: float) -> float:
    return MARGIN + SIZE * (1 - share)


def _frame(title: str, language: Language) -> str:
    people, held = sentence("charts.people", language), sentence("charts.held", language)
    ticks = "".join(
        f'<text x="{_x(at):.0f}" y="{_y(0) + 16:.0f}" text-anchor="middle">{at:.0%}</text>'
        f'<text x="{_x(0) - 6:.0f}" y="{_y(at) + 4:.0f}" text-anchor="end">{at:.0%}</text>'
        f'<path d="M{_x(at):.0f},{_y(0):.0f}V{_y(1):.0f}M{_x(0):.0f},{_y(at):.0f}H{_x(1):.0f}" '
        'stroke="#e3e3e3"/>'
        for at in (0, 0.25, 0.5, 0.75, 1)
    )
    middle = MARGIN + SIZE / 2
    return (
        f'<text x="{MARGIN}" y="28" font-size="16" font-weight="bold">{escape(title)}</text>'
        f"{ticks}"
        f'<path d="M{_x(0)},{_y(0)}L{_x(1)},{_y(1)}" stroke="#888" stroke-dasharray="5 4"/>'
        f'<text x="{middle}" y="{SIZE + 2 * MARGIN - 16}" text-anchor="middle">{escape(people)}'
        f'</text><text x="14" y="{middle}" text-anchor="middle" '
        f'transform="rotate(-90 14 {middle})">{escape(held)}</text>'
    )


def _key(number: int, colour: str, text: str) -> str:
    x, y = MARGIN + 14, MARGIN + 20 + 20 * number
    return (
        f'<rect x="{x}" y="{y - 9}" width="18" height="4" fill="{colour}"/>'
        f'<text x="{x + 24}" y="{y - 3}">{escape(text)}</text>'
    )


def supply_svg(
    units: gpd.GeoDataFrame, supply: pd.DataFrame, name: str, language: Language, title: str
) -> str:
    """What people can count on in every unit (Gaussian 2SFCA, for 1000 of the group)."""
    own = supply[(supply["supply"] == name) & (supply["method"] == "gaussian")]
    of_unit = own.drop_duplicates("unit_id").set_index("unit_id")["access_per_1000"]
    values = of_unit.reindex(units["unit_id"]).to_numpy(dtype=float)
    breaks = _breaks(values)
    shapes, width, height = _placed(units)
    heading = sentence(
        "targets_units.per_1000",
        language,
        value="",
        unit=sentence(f"targets_units.{own['capacity_kind'].iloc[0]}", language),
        weight=sentence(f"denominator.{own['weight'].iloc[0]}", language),
    ).strip()
    parts = [
        f'<text x="12" y="28" font-size="16" font-weight="bold">'
        f"{escape(supply_name(name, language))}</text>",
        f'<text x="{width - 12:.0f}" y="28" text-anchor="end">'
        f"{escape(sentence('charts.north', language))} ↑</text>",
        f'<text x="12" y="{height - 20 * len(breaks):.0f}">{escape(heading)}</text>',
        f'<text x="12" y="48" font-size="12">{escape(sentence("charts.supply", language))}</text>',
    ]
    for shape, value, label in zip(shapes, values, units["name"], strict=True):
        parts.append(_area(shape, _colour(value, breaks)))
        parts.append(_label(shape, str(label), value))
    for number, (low, high) in enumerate(zip(breaks, breaks[1:], strict=False)):
        y = height - 20 * (len(breaks) - 1 - number)
        parts.append(
            f'<rect x="12" y="{y - 12:.0f}" width="18" height="14" fill="{CLASSES[number]}" '
            f'stroke="#555"/><text x="36" y="{y:.0f}">{low:.1f} – {high:.1f}</text>'
        )
    return _svg(width, height + 16, parts, title)


def _breaks(values: Iterable[float]) -> list[float]:
    """Borders of five classes of equal width, from 0."""
    known = [value for value in values if np.isfinite(value)]
    most = max(known, default=0.0) or 1.0
    return [most * step / len(CLASSES) for step in range(len(CLASSES) + 1)]


def _colour(value: float, breaks: Sequence[float]) -> str:
    if not np.isfinite(value):
        return "#ffffff"
    place = int(np.searchsorted(breaks, value, side="left")) - 1
    return CLASSES[min(max(place, 0), len(CLASSES) - 1)]


def _placed(units: gpd.GeoDataFrame) -> tuple[list[shapely.Geometry], float, float]:
    """The units in the picture's own pixels, north up, and the picture's size."""
    lon, lat = units.geometry.union_all().centroid.coords[0]
    plane = units.to_crs(f"+proj=tmerc +lat_0={lat:.2f} +lon_0={lon:.2f} +datum=WGS84 +units=m")
    west, south, east, north = plane.total_bounds
    scale = SIZE / max(east - west, north - south)
    tolerance = 1 / scale
    shapes = shapely.simplify(plane.geometry.to_numpy(), tolerance)

    def to_pixels(points: np.ndarray) -> np.ndarray:
        x = 12 + (points[:, 0] - west) * scale
        return np.column_stack([x, 64 + (north - points[:, 1]) * scale])

    placed = [shapely.transform(shape, to_pixels) for shape in shapes]
    return placed, 24 + (east - west) * scale, 64 + (north - south) * scale + 140


def _area(shape: shapely.Geometry, colour: str) -> str:
    path = "".join(
        "M" + "L".join(f"{x:.1f},{y:.1f}" for x, y in ring.coords[:-1]) + "Z"
        for polygon in shapely.get_parts(shape)
        for ring in (polygon.exterior, *polygon.interiors)
    )
    return f'<path d="{path}" fill="{colour}" fill-rule="evenodd" stroke="#555"/>'


def _label(shape: shapely.Geometry, name: str, value: float) -> str:
    at = shapely.point_on_surface(shape)
    x, y = shapely.get_x(at), shapely.get_y(at)
    halo = 'text-anchor="middle" paint-order="stroke" stroke="#fff" stroke-width="3"'
    figure = "–" if not np.isfinite(value) else f"{value:.1f}"
    return (
        f'<text x="{x:.0f}" y="{y:.0f}" {halo}>{escape(name)}'
        f'<tspan x="{x:.0f}" dy="14">{figure}</tspan></text>'
    )


def _svg(width: float, height: float, parts: Iterable[str], title: str) -> str:
    body = "\n".join(parts)
    foot = f'<text x="12" y="{height + 12:.0f}" font-size="11" fill="#555">{escape(title)}</text>'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height + 20:.0f}" '
        f'viewBox="0 0 {width:.0f} {height + 20:.0f}" font-size="12" {FONT}>\n'
        f'<rect width="100%" height="100%" fill="#fff"/>\n{body}\n{foot}\n</svg>\n'
    )
