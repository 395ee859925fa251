"""Lists for the target table: what stands in which unit; most have no coordinates."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from lifecircle.base.geo import GEOGRAPHIC
from lifecircle.base.policy_tables import LISTS
from lifecircle.base.problems import InputRefused, Problem, refuse_if_any
from lifecircle.base.tables import conform
from lifecircle.inputs.cells import blank, leading_number, nearest, normal, normals, numbers
from lifecircle.inputs.columns import declared_column
from lifecircle.inputs.grids import read_table
from lifecircle.inputs.kinds import TABLE_KINDS, file_kind
from lifecircle.inputs.reading import Account, Reading
from lifecircle.inputs.sieve import Sieve
from lifecircle.inputs.vectors import read_vector
from lifecircle.sources import ListSource
from lifecircle.standards.indicators import Targets, bundled_targets, with_own
from lifecircle.study import Study

AMOUNTS = ("beds", "places", "floor_area_m2", "homes")
YES = frozenset({"是", "有", "已", "true", "1", "yes", "y", "√", "✓"})
NO = frozenset({"否", "无", "未", "没有", "false", "0", "no", "n", "×"})
ENDINGS = ("新区", "街道", "地区", "区", "镇", "乡")


@dataclass(frozen=True)
class Lists:
    """All lists of a study in one table, and the kinds that some file brings."""

    table: gpd.GeoDataFrame
    declared: frozenset[str]
    problems: tuple[Problem, ...]
    accounts: tuple[Account, ...]


def study_targets(study: Study) -> Targets:
    """The lines of the policy documents, with the study's own.

    Raises `StudyRefused` naming the keys that are wrong.
    """
    own = {"own": study.indicators.own, "supplies": study.indicators.supplies}
    return with_own(bundled_targets(), own, study.file, study.report_date.year)


def read_lists(
    study: Study, units: gpd.GeoDataFrame, kinds: Collection[str], attributes: Collection[str]
) -> Lists:
    """LISTS of every source; raises `InputRefused` for all of them at once.

    `kinds` and `attributes` are what the target table asks for.
    """
    readings = [read_list(source, units, kinds, attributes) for source in study.lists]
    problems = [problem for reading in readings for problem in reading.problems]
    refuse_if_any(problems)
    own = (kinds_of(source) for source in study.lists)
    return Lists(
        _one_table([reading.table for reading in readings]),
        frozenset(kind for group in own for kind in group),
        tuple(problems),
        tuple(reading.account for reading in readings),
    )


def _one_table(tables: list[gpd.GeoDataFrame]) -> gpd.GeoDataFrame:
    empty = gpd.GeoDataFrame({name: [] for name in LISTS.names}, geometry=[], crs=GEOGRAPHIC)
    full = [table for table in tables if len(table)]
    if not full:
        return conform(empty, LISTS)
    return gpd.GeoDataFrame(pd.concat(full, ignore_index=True), crs=GEOGRAPHIC)


def kinds_of(source: ListSource) -> tuple[str, ...]:
    """The kinds of list that a source declares."""
    return (source.kind,) if source.kind is not None else tuple(source.kinds.values())


def read_list(
    source: ListSource,
    units: gpd.GeoDataFrame,
    kinds: Collection[str],
    attributes: Collection[str],
) -> Reading[gpd.GeoDataFrame]:
    """LISTS of one source.

    Names of districts and streets are turned into those of the units; rows of other districts
    and streets are excluded.  Numbers in words (约50床) are read and listed.  The source is
    refused, in `problems`, for kinds and attributes that no line asks for.  Raises
    `InputRefused` where the file cannot be read or lacks a declared column.
    """
    rows, sheet = _rows(source)
    column = _columns(rows, source)
    sieve = Sieve(source.name, rows, sheet)
    _refuse_unknown(sieve, source, kinds, attributes)
    kind = _kind_of_rows(sieve, source, column)
    _settle_places(sieve, column, units)
    rows = sieve.rows
    table = {name: _text(rows, column.get(name)) for name in ("name", "neighbourhood")}
    table |= {name: rows[f"_{name}"] for name in ("district", "street")}
    table |= {name: _amounts(sieve, column.get(name)) for name in (*AMOUNTS, "year")}
    yes, no = _attributes(sieve, source, column)
    frame = gpd.GeoDataFrame(
        {"list": kind.loc[rows.index], "source": source.name, "row": rows.index, **table}
        | {"yes": yes, "no": no},
        geometry=rows.geometry,
        crs=GEOGRAPHIC,
    )
    account = sieve.account(used=len(frame))
    return Reading(conform(frame, LISTS), tuple(sieve.problems), account)


def _rows(source: ListSource) -> tuple[gpd.GeoDataFrame, str]:
    kind = file_kind(source.path)
    if kind not in TABLE_KINDS:
        return read_vector(source.path, source), ""
    declared = [*_declared(source).values()]
    table = read_table(source.path, kind, declared, source.sheet)
    empty = np.full(len(table.frame), None, dtype=object)
    return gpd.GeoDataFrame(table.frame, geometry=empty, crs=GEOGRAPHIC), table.sheet


def _declared(source: ListSource) -> dict[str, str]:
    """Columns of the source by what they hold; attributes under a name of their own."""
    roles = ("category", "district", "street", "neighbourhood", "year", *AMOUNTS)
    given = {role: getattr(source, role) for role in roles} | {"name": source.name_column}
    given |= {f"attribute {name}": column for name, column in source.attributes.items()}
    return {role: column for role, column in given.items() if column is not None}


def _columns(rows: pd.DataFrame, source: ListSource) -> dict[str, str]:
    names = [str(name) for name in rows.columns if name != "geometry"]
    found: dict[str, str] = {}
    problems: list[Problem] = []
    for role, declared in _declared(source).items():
        try:
            found[role] = declared_column(names, declared, source.name)
        except InputRefused as error:
            problems += error.problems
    if problems:
        raise InputRefused(problems)
    return found


def _refuse_unknown(
    sieve: Sieve[gpd.GeoDataFrame],
    source: ListSource,
    kinds: Collection[str],
    attributes: Collection[str],
) -> None:
    for kind in kinds_of(source):
        if kind not in kinds:
            sieve.refuse("list_kind_unknown", "kind", kind, nearest=nearest(kind, kinds) or "-")
    for name in source.attributes:
        if name not in attributes:
            known = ", ".join(sorted(attributes))
            sieve.refuse("list_attribute_unknown", "attributes", name, known=known)


def _kind_of_rows(
    sieve: Sieve[gpd.GeoDataFrame], source: ListSource, column: Mapping[str, str]
) -> pd.Series:
    if source.kind is not None:
        return pd.Series(source.kind, index=sieve.rows.index, dtype="str")
    kinds = {normal(value): kind for value, kind in source.kinds.items()}
    found = normals(sieve.rows[column["category"]]).map(kinds)
    sieve.exclude(found.isna().to_numpy(dtype=bool), "list_category_unmapped", column["category"])
    kept: pd.Series = found.loc[sieve.rows.index].astype("str")
    return kept


def _settle_places(
    sieve: Sieve[gpd.GeoDataFrame], column: Mapping[str, str], units: gpd.GeoDataFrame
) -> None:
    """Districts and streets by the names of the units; a row of another one is excluded.

    The map decides where a row names no street: the unit that its middle lies in.
    """
    parent = dict(zip(units["name"], units["parent"], strict=True))
    known = {"district": units["parent"][units["parent"] != ""], "street": units["name"]}
    for level, names in known.items():
        own = column.get(level)
        said = _text(sieve.rows, own)
        found = _by_name(said, names)
        if own is not None and len(names):
            outside = (found == "") & (said != "")
            near = [{"nearest": nearest(one, names) or "-"} for one in said[outside]]
            sieve.exclude(outside.to_numpy(dtype=bool), "list_place_unknown", own, details=near)
            found = found.loc[sieve.rows.index]
        sieve.rows = sieve.rows.assign(**{f"_{level}": found})
    located = _units_on_map(sieve.rows, units)
    street = sieve.rows["_street"].where(sieve.rows["_street"] != "", located)
    of_street = street.map(parent).fillna("")
    district = sieve.rows["_district"].where(sieve.rows["_district"] != "", of_street)
    sieve.rows = sieve.rows.assign(_street=street, _district=district)


def _by_name(said: pd.Series, names: Iterable[str]) -> pd.Series:
    """The unit that each text names, with or without its ending (黄浦, 黄浦区); "" for none."""
    exact = {normal(name): name for name in names}
    short: dict[str, set[str]] = {}
    for name in exact.values():
        short.setdefault(_bare(name), set()).add(name)
    known = {key: min(own) for key, own in short.items() if len(own) == 1} | exact
    found = [known.get(normal(one), known.get(_bare(one), "")) for one in said]
    return pd.Series(found, index=said.index, dtype="str")


def _bare(name: str) -> str:
    text = normal(name)
    return next((text.removesuffix(end) for end in ENDINGS if text.endswith(end)), text)


def _units_on_map(rows: gpd.GeoDataFrame, units: gpd.GeoDataFrame) -> pd.Series:
    """The name of the unit that the middle of each row's area lies in."""
    names = np.full(len(rows), "", dtype=object)
    drawn = np.flatnonzero(rows.geometry.notna())
    if len(drawn):
        middles = shapely.point_on_surface(rows.geometry.to_numpy()[drawn])
        shapes = units.geometry.to_crs(GEOGRAPHIC).to_numpy()
        place, unit = shapely.STRtree(shapes).query(middles, predicate="intersects")
        names[drawn[place]] = units["name"].to_numpy(dtype=object)[unit]
    return pd.Series(names, index=rows.index, dtype="str")


def _text(rows: pd.DataFrame, column: str | None) -> pd.Series:
    return rows[column] if column else pd.Series("", index=rows.index, dtype="str")


def _amounts(sieve: Sieve[gpd.GeoDataFrame], column: str | None) -> pd.Series:
    """Numbers, also out of words (约50床); what is no number, or below 0, is left empty."""
    if column is None:
        return pd.Series(np.nan, index=sieve.rows.index)
    cells = sieve.rows[column]
    values, bad = numbers(cells)
    words = np.array([leading_number(cell) for cell in cells], dtype=float)
    read = bad & np.isfinite(words)
    values[read] = words[read]
    sieve.book(read, "capacity_with_words", "repaired", column)
    bad = (bad & ~read) | (values < 0)
    sieve.book(bad & ~blank(cells), "capacity_unreadable", "repaired", column)
    return pd.Series(np.where(bad, np.nan, values), index=cells.index)


def _attributes(
    sieve: Sieve[gpd.GeoDataFrame], source: ListSource, column: Mapping[str, str]
) -> tuple[pd.Series, pd.Series]:
    """The attributes that each row has and lacks, between semicolons; blank is not known."""
    yes = pd.Series(";", index=sieve.rows.index, dtype="str")
    no = yes.copy()
    for name in source.attributes:
        own = column[f"attribute {name}"]
        words = normals(sieve.rows[own])
        neither = ~words.isin(YES | NO) & (words != "")
        sieve.book(neither.to_numpy(dtype=bool), "list_yes_or_no", "noted", own)
        yes = yes.where(~words.isin(YES), yes + f"{name};")
        no = no.where(~words.isin(NO), no + f"{name};")
    return yes, no
