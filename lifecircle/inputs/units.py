"""Units from a vector file of polygons."""

from __future__ import annotations

import re

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from lifecircle.base.geo import GEOGRAPHIC, centred_crs
from lifecircle.base.problems import Action, Problem
from lifecircle.base.tables import UNITS, conform
from lifecircle.inputs.cells import Mask, blank, nearest, normal, normals
from lifecircle.inputs.reading import Reading
from lifecircle.inputs.sieve import Sieve
from lifecircle.inputs.tables import require_columns
from lifecircle.inputs.unit_gaps import book_gaps, simplified
from lifecircle.inputs.vectors import no_geometry, off_the_globe, read_vector
from lifecircle.sources import UnitsSource

POLYGONS = ("Polygon", "MultiPolygon")
LINES = ("LineString", "MultiLineString", "LinearRing")
RURAL = frozenset({"是", "true", "1", "yes", "乡", "乡村", "农村", "rural"})
NOT_RURAL = frozenset({"", "否", "false", "0", "no", "城", "城镇", "城市", "urban"})
NOT_AN_ID = re.compile(r"[+-]?[0-9.]+e[+]?[0-9]+|[0-9]+\.[0-9]+", re.IGNORECASE)
"""What becomes of a long code once a program has taken it for a number."""

REPAIRABLE_SHARE = 0.001
SLIVER_M = 5.0
WORTH_A_WORD_M2 = 1.0

Rows = Sieve[gpd.GeoDataFrame]


def read_unit_file(source: UnitsSource) -> Reading[gpd.GeoDataFrame]:
    """UNITS in EPSG:4326 from a GeoJSON, GeoPackage or shapefile.

    `source.select` names units by name or id; the others are excluded and counted.  Features
    without a geometry are excluded; crossing outlines are repaired where that changes the area
    by less than 0.1 %.  The source is refused, in `problems`, for other geometries, worse
    outlines, ids that are missing, numbers or used twice, unknown names in `select`, and units
    that overlap by a strip of 5 m or wider.  Raises `InputRefused` where the file cannot be read
    or lacks a column.
    """
    columns = [source.id, source.name_column, source.parent, source.rural]
    wanted = list(dict.fromkeys(name for name in columns if name is not None))
    notes: list[Problem] = []
    features = read_vector(source.path, source, notes=notes)
    require_columns(features, wanted, source)
    sieve: Rows = Sieve(source.name, features[[*wanted, "geometry"]])
    sieve.problems += notes
    units_of_parent = features[source.parent or source.id].value_counts()
    _select(sieve, source)
    sieve.exclude(no_geometry(sieve.rows.geometry), "geometry_missing", str(source.name_column))
    _refuse_ids(sieve, str(source.id))
    _refuse_places(sieve)
    sieve.rows = sieve.rows.set_geometry(_repaired(sieve))
    sieve.rows = sieve.rows.set_geometry(simplified(sieve))
    _book_overlaps(sieve, source)
    book_gaps(sieve, source)
    if sieve.rows.empty:
        sieve.refuse("no_units")
    table = conform(_table(sieve, source, units_of_parent), UNITS)
    return Reading(table, tuple(sieve.problems), sieve.account(used=len(table)))


def _select(sieve: Rows, source: UnitsSource) -> None:
    """Keep the units that the study names."""
    if not source.select:
        return
    ids, names = normals(sieve.rows[source.id]), normals(sieve.rows[source.name_column])
    chosen = np.zeros(len(sieve.rows), dtype=bool)
    for word in source.select:
        hits = ((ids == normal(word)) | (names == normal(word))).to_numpy(dtype=bool)
        if not hits.any():
            there = [*sieve.rows[source.name_column], *sieve.rows[source.id]]
            sieve.refuse("unit_unknown", "select", word, nearest=nearest(word, there) or "-")
        if hits.sum() > 1:
            same = ", ".join(sieve.rows[source.id][hits])
            sieve.refuse("unit_ambiguous", "select", word, ids=same)
        chosen |= hits
    details = {"left_out": int((~chosen).sum()), "total": len(chosen)}
    note = Problem("units_not_selected", "noted", source.name, column="select", details=details)
    sieve.problems.append(note)
    sieve.rows = sieve.rows[chosen]


def _refuse_ids(sieve: Rows, column: str) -> None:
    """Refuse ids that are missing, were numbers once, or repeat; repetitions leave the table."""
    ids = sieve.rows[column]
    empty = blank(ids)
    sieve.book(empty, "id_missing", "refused", column)
    changed = np.array([NOT_AN_ID.fullmatch(one) is not None for one in ids], dtype=bool)
    sieve.book(changed, "id_number", "refused", column)
    twice = ids.duplicated().to_numpy(dtype=bool)
    sieve.book(twice & ~empty, "id_twice", "refused", column)
    sieve.rows = sieve.rows[~(twice | empty)]


def _refuse_places(sieve: Rows) -> None:
    """Refuse what is no polygon and closes to none, or lies off the globe."""
    sieve.rows = sieve.rows.set_geometry(_closed(sieve))
    kinds = sieve.rows.geom_type
    other: Mask = (~kinds.isin(POLYGONS)).to_numpy(dtype=bool)
    sieve.book(other, "not_polygons", "refused", "", kinds[other].tolist())
    sieve.rows = sieve.rows[~other]
    off = off_the_globe(sieve.rows.geometry)
    sieve.book(off, "coordinates_range", "refused")
    sieve.rows = sieve.rows[~off]


def _closed(sieve: Rows) -> gpd.GeoSeries:
    """Outlines drawn as lines that close, each feature by itself, as the areas they enclose."""
    outlines = sieve.rows.geometry.copy()
    for position in np.flatnonzero(outlines.geom_type.isin(LINES)).tolist():
        parts = shapely.get_parts(outlines.iloc[position])
        area, *left = shapely.polygonize_full(parts)
        if not shapely.is_empty(area) and np.all(shapely.is_empty(left)):
            outlines.iloc[position] = shapely.union_all(shapely.get_parts(area))
            row = int(sieve.rows.index[position])
            sieve.problems.append(Problem("lines_closed", "repaired", sieve.source, row))
    return outlines


def _repaired(sieve: Rows) -> gpd.GeoSeries:
    """Outlines without crossings; shares of an area are the same in degrees as in metres."""
    outlines = sieve.rows.geometry.copy()
    broken = ~outlines.is_valid
    if not broken.any():
        return outlines
    mended = shapely.make_valid(
        outlines[broken].to_numpy(), method="structure", keep_collapsed=False
    )
    before, after = shapely.area(outlines[broken].to_numpy()), shapely.area(mended)
    safe = (np.abs(after - before) < REPAIRABLE_SHARE * before) & (after > 0)
    rows = sieve.rows.index[broken]
    for row, outline, is_safe in zip(rows, outlines[broken], safe, strict=True):
        code = "geometry_repaired" if is_safe else "geometry_invalid"
        action: Action = "repaired" if is_safe else "refused"
        details = {"where": _crossing(outline)}
        sieve.problems.append(Problem(code, action, sieve.source, int(row), details=details))
    outlines[broken] = mended
    return outlines


def _crossing(outline: shapely.Geometry) -> str:
    """Where an outline first goes wrong, as longitude and latitude."""
    found = re.search(r"\[([^\]]+)\]", shapely.is_valid_reason(outline))
    return found[1] if found else "-"


def _book_overlaps(sieve: Rows, source: UnitsSource) -> None:
    """Refuse pairs of units that share more than a sliver; note slivers, which stay in both."""
    if sieve.rows.empty:
        return
    west, south, east, north = sieve.rows.total_bounds
    crs = centred_crs((west + east) / 2, (south + north) / 2)
    first, second, shared = _shared_areas(sieve.rows.geometry.to_crs(crs).to_numpy())
    wide = ~shapely.is_empty(shapely.buffer(shared, -SLIVER_M / 2))
    labels = sieve.rows[source.name_column] + " (" + sieve.rows[source.id] + ")"
    for a, b, area, refused in zip(first, second, shapely.area(shared), wide, strict=True):
        details = {"one": labels.iloc[a], "other": labels.iloc[b], "area_m2": f"{area:,.0f}"}
        code = "units_overlap" if refused else "units_sliver"
        action: Action = "refused" if refused else "noted"
        row = int(sieve.rows.index[b])
        problem = Problem(code, action, sieve.source, row, details=details)
        sieve.problems.append(problem)


def _shared_areas(
    outlines: npt.NDArray[np.object_],
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp], npt.NDArray[np.object_]]:
    """Pairs of outlines (positions, the lower first) and the area that both hold, from 1 m²."""
    first, second = shapely.STRtree(outlines).query(outlines, predicate="intersects")
    once = first < second
    first, second = first[once], second[once]
    shared = shapely.intersection(outlines[first], outlines[second])
    real = shapely.area(shared) >= WORTH_A_WORD_M2
    return first[real], second[real], shared[real]


def _table(sieve: Rows, source: UnitsSource, units_of_parent: pd.Series[int]) -> gpd.GeoDataFrame:
    rows = sieve.rows
    names = rows[source.name_column]
    sieve.book(blank(names), "name_missing", "noted", str(source.name_column))
    parents = rows[source.parent] if source.parent else pd.Series("", index=rows.index)
    # A parent of which the study holds a part gets no figure: it would pass for the whole.
    whole = parents.map(parents.value_counts()) == parents.map(units_of_parent)
    spare = pd.Series([f"unnamed-{row}" for row in rows.index], index=rows.index, dtype="str")
    return gpd.GeoDataFrame(
        {
            "unit_id": rows[source.id],
            "name": names.mask(names == "", spare),
            "level": source.level,
            "parent": parents,
            "parent_level": np.where(whole & (parents != ""), source.parent_level, ""),
            "rural": _rural(sieve, source.rural),
            "geometry": rows.geometry,
        },
        crs=GEOGRAPHIC,
    )


def _rural(sieve: Rows, column: str | None) -> pd.Series:
    """Which units are marked rural; a word that says neither is listed and marks nothing."""
    if column is None:
        return pd.Series(False, index=sieve.rows.index)
    words = normals(sieve.rows[column])
    neither = ~words.isin(RURAL | NOT_RURAL)
    sieve.book(neither.to_numpy(dtype=bool), "rural_unreadable", "noted", column)
    return words.isin(RURAL)
