"""What the map page knows, as one plain tree that becomes JSON."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from lifecircle.base.problems import UsageError
from lifecircle.base.sentences import catalogue
from lifecircle.outputs.maps import ALL, MEAN, Labels, MapPage
from lifecircle.outputs.maps_base import base_image
from lifecircle.outputs.simplify import DECIMALS, geometry_json, label_place, simplified
from lifecircle.study import Source

Tree = dict[str, Any]

TARGET = 0.85
"""The break of the colours where no row has a target of its own."""

BREAKS_FROM_TARGET = (-0.25, -0.10, 0.0, 0.10)
TARGET_CLASS = 3
"""The lowest class that reaches the target."""

PALETTE = {
    "with_target": ["#7f2704", "#ad3a03", "#dc6b1c", "#9bccf0", "#cde6f8"],
    "without_target": ["#3f3a5a", "#6a6590", "#9893b8", "#c3c0d8", "#e6e4ef"],
    "none": "#bfbfbf",
    "hatch": "rgba(20, 20, 20, 0.65)",
}
"""From low to high.  Lightness only rises, by most at the target, so that a grey copy still reads;
orange against blue holds for colour-blind eyes.  Where no target applies, no side is taken."""

FIGURES = ["total", "covered", "unknown", "unattached", "share", "share_upper"]
FIGURES += ["straight_line_share", "target", "meets_target"]
DRAWN = ["share_class", "hatched"]
LIMIT = ["limit_m", "limit_min", "limit_source"]


def page_data(page: MapPage) -> Tree:
    """Everything the page shows, in a fixed order."""
    if page.units.empty or page.coverage.empty:
        raise UsageError("a map needs at least one unit and one row of coverage")
    coverage = _drawn(page.coverage)
    units, keys = _units(page)
    west, south, east, north = (float(edge) for edge in page.units.total_bounds)
    return {
        "language": page.language,
        "texts": catalogue()["map"],
        "title": page.title,
        "notes": [dict(note) for note in page.notes],
        "picks": _picks(page.labels, set(coverage["service"])),
        "denominators": _denominators(page.labels, set(coverage["denominator"])),
        "columns": [*FIGURES, *DRAWN],
        "series": _series(coverage, keys),
        "breaks": breaks(_target(coverage)),
        "target_class": TARGET_CLASS,
        "palette": PALETTE,
        "units": units,
        "facilities": _facilities(page.facilities),
        "sources": _sources(page.sources),
        "bounds": [[south, west], [north, east]],
        "base": base_image(page.base, page.units),
    }


def breaks(target: float) -> list[float]:
    """The four breaks between the five classes: 60, 75, 85, 95 % for the target of 85 %."""
    return [min(1.0, round(target + offset, 6)) for offset in BREAKS_FROM_TARGET]


def share_classes(coverage: pd.DataFrame, edges: Sequence[float]) -> npt.NDArray[np.int64]:
    """The class of each share, 0 to 4; a known verdict decides the side of the target."""
    classes = np.searchsorted(edges, coverage["share"].to_numpy(), side="right")
    verdict = coverage["meets_target"]
    classes = np.where(verdict.eq(True).fillna(False), np.maximum(classes, TARGET_CLASS), classes)
    below = np.minimum(classes, TARGET_CLASS - 1)
    return np.asarray(np.where(verdict.eq(False).fillna(False), below, classes))


def not_known(coverage: pd.DataFrame, edges: Sequence[float]) -> npt.NDArray[np.bool_]:
    """Rows to hatch: the verdict is open, or, without a target, the class could be higher."""
    lower, upper = coverage["share"].to_numpy(), coverage["share_upper"].to_numpy()
    open_class = np.searchsorted(edges, lower, "right") < np.searchsorted(edges, upper, "right")
    open_verdict = coverage["meets_target"].isna().to_numpy()
    open_row = np.where(coverage["target"].notna().to_numpy(), open_verdict, open_class)
    return np.asarray(open_row & ~np.isnan(lower), dtype=bool)


def _target(coverage: pd.DataFrame) -> float:
    given = coverage["target"].dropna()
    return float(given.mode().iloc[0]) if len(given) else TARGET


def _drawn(coverage: pd.DataFrame) -> pd.DataFrame:
    """`coverage` with the class and the hatching of each row."""
    if coverage["profile"].nunique() > 1:
        raise UsageError("a map shows the coverage of one profile")
    edges = breaks(_target(coverage))
    drawn = coverage.assign(
        share_class=share_classes(coverage, edges), hatched=not_known(coverage, edges)
    )
    return drawn.assign(share_class=drawn["share_class"].where(drawn["share"].notna()))


def _units(page: MapPage) -> tuple[list[Tree], list[tuple[str, str]]]:
    """The units (the city first, without a polygon), and the key of each in COVERAGE."""
    city = page.coverage.loc[page.coverage["level"] == "city", ["unit_id", "unit_name"]]
    units: list[Tree] = [
        {"name": name, "geometry": None} for name in city["unit_name"].head(1).tolist()
    ]
    keys = [(unit_id, "city") for unit_id in city["unit_id"].head(1).tolist()]
    outlines = simplified(page.units)
    for unit_id, name, level, outline in zip(
        page.units["unit_id"], page.units["name"], page.units["level"], outlines, strict=True
    ):
        place, geometry = label_place(outline), geometry_json(outline)
        units.append({"name": name, "label_at": place, "geometry": geometry})
        keys.append((unit_id, level))
    return units, keys


def _series(coverage: pd.DataFrame, keys: list[tuple[str, str]]) -> Tree:
    """By service and denominator: profile, limits, and one row of figures a unit."""
    series: Tree = {}
    for (service, denominator), rows in coverage.groupby(["service", "denominator"], sort=True):
        placed = rows.set_index(["unit_id", "level"]).reindex(keys)
        figures = _plain(placed[[*FIGURES, *DRAWN]])
        given = placed["service"].notna()
        limits = rows[LIMIT].drop_duplicates().sort_values(LIMIT)
        series.setdefault(str(service), {})[str(denominator)] = {
            "profile": rows["profile"].iloc[0],
            "limits": [dict(zip(LIMIT, limit, strict=True)) for limit in _plain(limits)],
            "rows": [row if there else None for row, there in zip(figures, given, strict=True)],
        }
    return series


def _picks(labels: Labels, with_rows: set[str]) -> list[Tree]:
    """What the service picker offers, headlines first, and what each stands for."""
    headlines = [name for name in labels.headlines if name in with_rows]
    of_all = [service for name in headlines for service in labels.members[name]]
    picks = [_pick(labels, "headline", name, labels.members[name], "any") for name in headlines]
    for name, rule in ((MEAN, "mean"), (ALL, "all")):
        if name in with_rows:
            pick = _pick(labels, "combination", name, headlines, rule)
            picks.append(pick | {"services": list(dict.fromkeys(of_all))})
    for name in labels.services:
        pick = _pick(labels, "service", name, [], "one")
        picks.append(pick | {"services": [name]})
    unnamed = with_rows - {pick["id"] for pick in picks}
    if unnamed:
        raise UsageError(f"no label for {', '.join(sorted(unnamed))}")
    return [pick | {"has_rows": pick["id"] in with_rows} for pick in picks]


def _pick(labels: Labels, group: str, name: str, members: Iterable[str], rule: str) -> Tree:
    words = {**labels.headlines, **labels.combinations, **labels.services}[name]
    remark = labels.remarks.get(name)
    return {
        "id": name,
        "group": group,
        "label": dict(words),
        "members": list(members),
        "services": list(members),
        "rule": rule,
        "remark": dict(remark) if remark else None,
    }


def _denominators(labels: Labels, with_rows: set[str]) -> list[Tree]:
    unnamed = with_rows - set(labels.denominators)
    if unnamed:
        raise UsageError(f"no label for {', '.join(sorted(unnamed))}")
    words = labels.denominators.items()
    return [{"id": name, "label": dict(text)} for name, text in words if name in with_rows]


def _facilities(facilities: gpd.GeoDataFrame) -> dict[str, list[Tree]]:
    """By service: name, beds, places, source, and the place of every entrance."""
    columns = ["name", "beds", "places", "source"]
    ordered = facilities.sort_values(["service", "facility_id"], kind="stable")
    by_service: dict[str, list[Tree]] = {}
    services, outlines = ordered["service"].tolist(), ordered.geometry.tolist()
    for service, facts, places in zip(services, _plain(ordered[columns]), outlines, strict=True):
        lon_lat = shapely.get_coordinates(places).round(DECIMALS).tolist()
        entrances = [[lat, lon] for lon, lat in lon_lat]
        facility = dict(zip(columns, facts, strict=True)) | {"places_at": entrances}
        by_service.setdefault(service, []).append(facility)
    return by_service


def _sources(sources: Sequence[Source]) -> list[Tree]:
    """Each file once, although a study may use it for several inputs."""
    rows = [
        (source.name, source.publisher, str(source.date or ""), source.licence)
        for source in sources
    ]
    names = ("name", "publisher", "date", "licence")
    return [dict(zip(names, row, strict=True)) for row in dict.fromkeys(rows)]


def _plain(table: pd.DataFrame) -> list[list[Any]]:
    """The rows of `table` as plain values, None where empty, whole numbers without a point."""
    columns = [[_plain_value(cell) for cell in table[name].tolist()] for name in table.columns]
    return [list(row) for row in itertools.zip_longest(*columns)]


def _plain_value(cell: Any) -> Any:
    if isinstance(cell, str | bool):
        return cell
    if cell is None or cell is pd.NA or cell != cell:
        return None
    return int(cell) if float(cell).is_integer() else float(cell)
