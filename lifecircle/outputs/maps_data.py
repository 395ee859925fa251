"""What the map page knows, as one plain tree that becomes JSON."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from lifecircle.base.geo import Floats
from lifecircle.base.problems import UsageError
from lifecircle.base.sentences import catalogue
from lifecircle.outputs.maps import ALL, MEAN, Labels, MapPage, OnlineBase
from lifecircle.outputs.maps_base import base_image
from lifecircle.outputs.maps_gaps import gap_words, gaps_data, sites_data
from lifecircle.outputs.maps_points import points_data
from lifecircle.outputs.maps_rings import MOST_RINGED, ring_numbers, rings_data
from lifecircle.outputs.simplify import DECIMALS, geometry_json, label_place, simplified
from lifecircle.sources import Source

Tree = dict[str, Any]

TARGET = 0.85
"""The break of the colours where no row has a target of its own."""

BREAKS_FROM_TARGET = (-0.25, -0.10, 0.0, 0.10)
TARGET_CLASS = 3
"""The lowest class that reaches the target."""

PALETTE: Tree = {
    "with_target": ["#7f2704", "#ad3a03", "#dc6b1c", "#9bccf0", "#cde6f8"],
    "without_target": ["#3f3a5a", "#6a6590", "#9893b8", "#c3c0d8", "#e6e4ef"],
    "none": "#bfbfbf",
    "hatch": "rgba(20, 20, 20, 0.65)",
    "gaps": {
        "none": "#c2005a",
        "detour": "#d97800",
        "island": "#6a3fa0",
        "unattached": "#6b4a2b",
        "capacity": "#0072b2",
        "unknown": "#8f88a3",
    },
    "site": "#00664b",
    "points": {
        "missed": "#c2005a",
        "unknown": "#8f88a3",
        "tiers": ["#b9dfd6", "#5fb0b3", "#22748f"],
        "beyond": "#c2005a",
        "complete": ["#5a1e5e", "#a0417c", "#d97f86", "#f0bd9f", "#f8e6c8"],
    },
}
"""From low to high.  Lightness only rises, by most at the target, so that a grey copy still reads;
orange against blue holds for colour-blind eyes.  Where no target applies, no side is taken."""

LIMIT = ["limit_m", "limit_min", "limit_source"]
SHARES = ["share", "share_upper", "straight_line_share"]


def page_data(page: MapPage) -> Tree:
    """Everything the page shows, in a fixed order."""
    if page.units.empty or page.coverage.empty:
        raise UsageError("a map needs at least one unit and one row of coverage")
    coverage = _drawn(page.coverage)
    units, keys = _units(page)
    west, south, east, north = (float(edge) for edge in page.units.total_bounds)
    return {
        "language": page.language,
        "texts": catalogue()["map"] | gap_words(),
        "title": page.title,
        "notes": [dict(note) for note in page.notes],
        "picks": _picks(page.labels, set(coverage["service"])),
        "denominators": _denominators(page.labels, set(coverage["denominator"])),
        "totals": _totals(coverage, keys),
        "series": _series(coverage, keys),
        "tiers": _tiers(page.tiers, keys),
        "breaks": breaks(_target(coverage)),
        "target_class": TARGET_CLASS,
        "palette": PALETTE,
        "units": units,
        "facilities": _facilities(page.facilities, ring_numbers(page)),
        "rings": rings_data(page),
        "most_ringed": MOST_RINGED,
        "gaps": gaps_data(page),
        "sites": sites_data(page),
        "withheld": page.withheld,
        "points": points_data(page.walks),
        "sentences_of": page.sentences_of,
        "approval": page.approval,
        "home": page.home,
        "online": _online(page.online),
        "sources": source_rows(page.sources),
        "odbl": needs_osm_credit(page.sources),
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
    if (coverage.groupby(["service", "denominator"])["profile"].nunique() > 1).any():
        raise UsageError("a map shows the coverage of one profile for each service")
    edges = breaks(_target(coverage))
    drawn = coverage.assign(
        share_class=share_classes(coverage, edges), hatched=not_known(coverage, edges)
    )
    return drawn.assign(share_class=drawn["share_class"].where(drawn["share"].notna()))


def _whole(page: MapPage) -> tuple[str, str] | None:
    """The key in COVERAGE of the row that stands above the list."""
    if page.whole is not None:
        return page.whole
    city = page.coverage.loc[page.coverage["level"] == "city", "unit_id"]
    return (str(city.iloc[0]), "city") if len(city) else None


def _units(page: MapPage) -> tuple[list[Tree], list[tuple[str, str]]]:
    """The units (the whole first, without a polygon), and the key of each in COVERAGE."""
    units: list[Tree] = []
    keys = []
    whole = _whole(page)
    if whole is not None:
        rows = page.coverage[_is_unit(page.coverage, whole)]
        name = dict(page.whole_name) if page.whole_name else str(rows["unit_name"].iloc[0])
        units.append({"id": "", "name": name, "geometry": None})
        keys.append(whole)
    outlines = simplified(page.units)
    for unit_id, name, level, outline in zip(
        page.units["unit_id"], page.units["name"], page.units["level"], outlines, strict=True
    ):
        place, geometry = label_place(outline), geometry_json(outline)
        units.append({"id": unit_id, "name": name, "label_at": place, "geometry": geometry})
        keys.append((unit_id, level))
    by_unit: dict[tuple[str, str], Tree] = {}
    for (unit_id, level, service), text in page.sentences.items():
        by_unit.setdefault((unit_id, level), {})[service] = dict(text)
    for unit, key in zip(units, keys, strict=True):
        unit["sentences"] = by_unit.get(key, {})
    return units, keys


def _is_unit(coverage: pd.DataFrame, key: tuple[str, str]) -> pd.Series[bool]:
    return (coverage["unit_id"] == key[0]) & (coverage["level"] == key[1])


def _totals(coverage: pd.DataFrame, keys: list[tuple[str, str]]) -> Tree:
    """By denominator: total and unattached of each unit, the same for every service."""
    totals: Tree = {}
    for denominator, rows in coverage.groupby("denominator", sort=True):
        once = rows.drop_duplicates(["unit_id", "level"]).set_index(["unit_id", "level"])
        totals[str(denominator)] = _plain(once.reindex(keys)[["total", "unattached"]].round(3))
    return totals


def _series(coverage: pd.DataFrame, keys: list[tuple[str, str]]) -> Tree:
    """By service and denominator: profile, limits, target, and one row of figures a unit."""
    series: Tree = {}
    of_unit = pd.MultiIndex.from_frame(coverage[["unit_id", "level"]])
    place = pd.MultiIndex.from_tuples(keys).get_indexer(of_unit)
    figures = _rows(coverage)
    grouped = coverage.groupby(["service", "denominator"], sort=True)
    for (service, denominator), rows in grouped:
        limits = rows[LIMIT].drop_duplicates().sort_values(LIMIT)
        targets = rows["target"].dropna()
        numbers = grouped.indices[(service, denominator)]
        of_place = {int(place[number]): figures[number] for number in numbers}
        series.setdefault(str(service), {})[str(denominator)] = {
            "profile": rows["profile"].iloc[0],
            "limits": [dict(zip(LIMIT, limit, strict=True)) for limit in _plain(limits)],
            "target": float(targets.iloc[0]) if len(targets) else None,
            "rows": [of_place.get(number) for number in range(len(keys))],
        }
    return series


def _tiers(tiers: pd.DataFrame | None, keys: list[tuple[str, str]]) -> Tree:
    """By service its circles from small to large, metres and minutes, and by denominator shares.

    The row of a unit has lower, upper (empty where it is the lower) and straight-line share, in
    millionths.
    """
    found: Tree = {"limits": {}, "series": {}}
    if tiers is None:
        return found
    for service, rows in tiers.groupby("service", sort=True):
        limits = rows[["limit_m", "tier_min"]].drop_duplicates().sort_values("limit_m")
        found["limits"][str(service)] = _plain(limits)
        found["series"][str(service)] = {}
    of_unit = pd.MultiIndex.from_frame(tiers[["unit_id", "level"]])
    place = pd.MultiIndex.from_tuples(keys).get_indexer(of_unit)
    millionths = np.round(tiers[SHARES].to_numpy(dtype=float) * 1e6)
    millionths[millionths[:, 1] == millionths[:, 0], 1] = np.nan
    numbered = tiers.assign(row=np.arange(len(tiers)), place=place)
    numbered = numbered[numbered["place"] >= 0]
    for (name, denominator, _), own in numbered.groupby(["service", "denominator", "limit_m"]):
        ring = np.full((len(keys), len(SHARES)), np.nan)
        ring[own["place"]] = millionths[own["row"]]
        of_service = found["series"][str(name)]
        of_service.setdefault(str(denominator), []).append(_whole_numbers(ring))
    return found


def _whole_numbers(ring: Floats) -> list[list[int | None]]:
    return [[None if cell != cell else int(cell) for cell in row] for row in ring.tolist()]


def _rows(coverage: pd.DataFrame) -> list[list[Any]]:
    """Lower and upper share, straight-line share, marks and colour class of each unit.

    The upper share is left empty where it is the lower one; marks are 1 for a target, 2 for
    hatching, and 4 or 8 for a verdict of below or above.
    """
    below = coverage["meets_target"].eq(False).fillna(False).to_numpy(dtype=bool)
    above = coverage["meets_target"].eq(True).fillna(False).to_numpy(dtype=bool)
    lower, upper = (_rounded(coverage[name], below) for name in ("share", "share_upper"))
    marks = coverage["target"].notna() + 2 * coverage["hatched"].eq(True) + 4 * below + 8 * above
    columns = {
        "lower": lower,
        "upper": upper.where(upper != lower),
        "straight": coverage["straight_line_share"].round(4),
        "marks": marks,
        "class": coverage["share_class"],
    }
    return _plain(pd.DataFrame(columns))


def _rounded(shares: pd.Series[float], below: npt.NDArray[np.bool_]) -> pd.Series[float]:
    """To a millionth; below the target never up to it."""
    rounded = np.where(below, np.floor(shares.to_numpy() * 1e6) / 1e6, shares.round(6).to_numpy())
    return pd.Series(rounded, index=shares.index)


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


def _facilities(facilities: gpd.GeoDataFrame, rings: Mapping[str, int]) -> Tree:
    """The files they came from, and by service: name, beds, places, file, rings, every entrance.

    `rings` is the number of each facility's rings, by its id.
    """
    ordered = facilities.sort_values(["service", "facility_id"], kind="stable")
    files = sorted(set(ordered["source"]))
    facts = ordered[["name", "beds", "places"]].assign(
        file=ordered["source"].map(files.index), rings=ordered["facility_id"].map(rings)
    )
    by_service: dict[str, list[list[Any]]] = {}
    for service, fact, places in zip(
        ordered["service"], _plain(facts), ordered.geometry, strict=True
    ):
        lon_lat = shapely.get_coordinates(places).round(DECIMALS).tolist()
        entrances = [[lat, lon] for lon, lat in lon_lat]
        by_service.setdefault(service, []).append([*fact, entrances])
    return {"files": files, "by_service": by_service}


def _online(online: OnlineBase | None) -> Tree | None:
    if online is None:
        return None
    return {
        "layers": list(online.layers),
        "credit": online.credit,
        "subdomains": online.subdomains,
    }


def needs_osm_credit(sources: Sequence[Source]) -> bool:
    """Whether OpenStreetMap must be named, as the ODbL asks.

    It need not only where every extract declares another licence, as a synthetic town does.
    """
    licences = [source.licence for source in sources if source.path.suffix in (".osm", ".pbf")]
    return not licences or any(not one or "odbl" in one.lower() for one in licences)


def source_rows(sources: Sequence[Source]) -> list[Tree]:
    """Each file once, although a study may use it for several inputs."""
    rows = [
        (source.name, source.publisher, str(source.date or ""), source.licence)
        for source in sources
    ]
    names = ("name", "publisher", "date", "licence")
    return [dict(zip(names, row, strict=True)) for row in dict.fromkeys(rows)]


def _plain(table: pd.DataFrame) -> list[list[Any]]:
    """The rows of `table` as plain values, None where empty, whole numbers without a point."""
    columns = [plain(table[name]) for name in table.columns]
    return [list(row) for row in itertools.zip_longest(*columns)]


def plain(cells: pd.Series[Any]) -> list[Any]:
    """The cells of one column as plain values, None where empty."""
    return [_plain_value(cell) for cell in cells.tolist()]


def _plain_value(cell: Any) -> Any:
    if isinstance(cell, str | bool):
        return cell
    if cell is None or cell is pd.NA or cell != cell:
        return None
    return int(cell) if float(cell).is_integer() else float(cell)
