"""The display tables of places: gaps, proposed sites, and the projects that they suggest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from lifecircle.base.sentences import Language
from lifecircle.measures.result import Result
from lifecircle.outputs.gaps_terminal import cause_texts
from lifecircle.outputs.gis import with_lonlat
from lifecircle.outputs.report_tables_base import (
    MOST_ROWS,
    ReportColumn,
    ReportTable,
    say,
    table_of,
    weight_words,
    with_rest,
)
from lifecircle.outputs.tables import rounded
from lifecircle.outputs.words import main_denominator, service_words

PEOPLE = ("residents", "residents_60plus", "children_0_3", "dwellings")
"""The weights that are shown beside the denominator; the CSV files have all of them."""

NO_PROJECT = "unknown"
"""The cause of a gap that says nothing of what is there."""


def place_tables(result: Result, language: Language) -> Iterator[ReportTable]:
    """Gaps, sites and projects."""
    yield gaps_table(result, result.gaps, language)
    yield sites_table(result, language)
    yield projects_table(result, language)


def denominator_of(places: pd.DataFrame, result: Result) -> str:
    """What the places are counted in."""
    return str(places["denominator"].iloc[0]) if len(places) else main_denominator(result.coverage)


def _columns(language: Language, *keys: tuple[str, str, str]) -> list[ReportColumn]:
    """Columns by key, kind and sentence of the header."""
    return [ReportColumn(key, say(header, language), kind) for key, kind, header in keys]  # type: ignore[arg-type]


def _plain(places: gpd.GeoDataFrame, result: Result, language: Language) -> pd.DataFrame:
    """Places with longitude and latitude, and the words for their services."""
    words = service_words(result.standard)
    rows = with_lonlat(rounded(places))
    names = {service: words[service][language] for service in rows["service"].unique()}
    return rows.assign(service_id=rows["service"], service=rows["service"].map(names))


def gap_rows(gaps: gpd.GeoDataFrame, result: Result, language: Language) -> pd.DataFrame:
    """Some rows of GAPS in words: service and cause, with their ids beside them."""
    rows = _plain(gaps, result, language)
    return rows.assign(cause_id=rows["cause"], cause=cause_texts(rows, language))


def _known_weights(rows: pd.DataFrame, but: str, language: Language) -> Iterator[ReportColumn]:
    """A column for each kind of people that is known, but for the one that is shown anyway."""
    for name in PEOPLE:
        if name != but and rows[name].notna().any():
            yield ReportColumn(name, weight_words(name, language), "number")


def gaps_table(result: Result, gaps: gpd.GeoDataFrame, language: Language) -> ReportTable:
    """短板清单: who is not served in units below their target, where and why.

    `gaps` are rows of GAPS, the largest first; `MOST_ROWS` of them are shown.
    """
    rows = gap_rows(gaps.head(MOST_ROWS), result, language)
    denominator = denominator_of(rows, result)
    weight = weight_words(denominator, language)
    columns = [
        *_columns(
            language,
            ("rank", "integer", "gap_rank"),
            ("unit_name", "text", "unit"),
            ("service", "text", "service"),
            ("place", "text", "place"),
            ("cause", "text", "cause"),
        ),
        ReportColumn("uncovered", say("uncovered", language, weight=weight), "number"),
        *_known_weights(rows, denominator, language),
        *_columns(
            language,
            ("limit_m", "metres", "limit"),
            ("facility_name", "text", "nearest"),
            ("metres", "metres", "nearest_m"),
            ("straight_m", "metres", "straight_m"),
        ),
        ReportColumn("unit_share", say("unit_share", language), "share", target="unit_target"),
        *_columns(
            language,
            ("unit_target", "share", "target"),
            ("unit_missing", "number", "unit_missing"),
            ("lon", "coordinate", "lon"),
            ("lat", "coordinate", "lat"),
            ("gap_id", "text", "gap_id"),
        ),
    ]
    note = say("gaps_note", language, weight=weight) if len(rows) else say("gaps_none", language)
    note = with_rest(note, len(gaps), "gaps_rest", language)
    return table_of("gaps", say("gaps", language), tuple(columns), rows, note)


def sites_table(result: Result, language: Language) -> ReportTable:
    """选址建议: the chosen sites, or how to choose some."""
    rows = _plain(result.sites, result, language)
    denominator = denominator_of(rows, result)
    weight = weight_words(denominator, language)
    columns = [
        *_columns(
            language,
            ("rank", "integer", "gap_rank"),
            ("service", "text", "service"),
            ("unit_name", "text", "unit"),
            ("candidate_name", "text", "candidate"),
            ("limit_m", "metres", "limit"),
        ),
        ReportColumn("gain", say("gain", language, weight=weight), "number"),
        *_columns(language, ("gain_total", "number", "gain_total")),
        *_known_weights(rows, denominator, language),
        *_columns(
            language,
            ("share_before", "share", "share_before"),
            ("share_after", "share", "share_after"),
            ("lon", "coordinate", "lon"),
            ("lat", "coordinate", "lat"),
        ),
    ]
    note = say("sites_note" if len(rows) else "sites_none", language)
    return table_of("sites", say("sites", language), tuple(columns), rows, note)


def projects_table(result: Result, language: Language) -> ReportTable:
    """项目库: a line for each site, and for each unit, service and kind of work that gaps ask.

    `MOST_ROWS` of them are shown: the sites, then what most people ask for.
    """
    sites, gaps = _site_projects(result, language), _gap_projects(result, language)
    taken = set(zip(sites["unit_name"], sites["service_id"], strict=True))
    places = list(zip(gaps["unit_name"], gaps["service_id"], strict=True))
    built = gaps["work"] == "none"
    doubled = built & np.array([place in taken for place in places], dtype=bool)
    every = pd.concat([sites, gaps[~doubled]], ignore_index=True)
    rows = every.head(MOST_ROWS)
    weight = weight_words(denominator_of(result.gaps, result), language)
    headlines = {one.id for one in result.standard.headlines}
    names = [_project_name(row, headlines, language) for row in rows.to_dict("records")]
    rows = rows.assign(
        id=[f"P{number:03d}" for number in range(1, len(rows) + 1)],
        name=names,
        status=say("proposed", language),
        address="",
        responsible="",
        area_m2=np.nan,
        type=[say(f"type_{work}", language) for work in rows["work"]],
        year=np.nan,
    )
    note = say("projects_note" if len(rows) else "projects_none", language)
    note = with_rest(note, len(every), "projects_rest", language)
    columns = tuple(_project_columns(weight, language))
    return table_of("projects", say("projects", language), columns, rows, note)


def _project_name(row: Mapping[Any, Any], headlines: set[str], language: Language) -> str:
    service = row["service"]
    if row["service_id"] in headlines:
        service = say("of_headline", language, service=service)
    return say(f"name_{row['work']}", language, unit=row["unit_name"], service=service)


def _project_columns(weight: str, language: Language) -> Iterator[ReportColumn]:
    yield from _columns(
        language,
        ("id", "text", "project_id"),
        ("name", "text", "project_name"),
        ("type", "text", "project_type"),
        ("service", "text", "service"),
        ("unit_name", "text", "unit"),
        ("place", "text", "place"),
        ("address", "text", "address"),
        ("area_m2", "number", "floor_area"),
        ("responsible", "text", "responsible"),
        ("year", "date", "project_year"),
        ("status", "text", "status"),
    )
    yield ReportColumn("concerned", say("people_served", language, weight=weight), "number")
    yield from _columns(
        language,
        ("basis", "text", "basis"),
        ("lon", "coordinate", "lon"),
        ("lat", "coordinate", "lat"),
    )


PROJECT_KEYS = [
    "work", "service", "service_id", "unit_name", "place", "concerned", "basis", "lon", "lat",
]  # fmt: skip


def _site_projects(result: Result, language: Language) -> pd.DataFrame:
    rows = _plain(result.sites, result, language)
    return rows.assign(
        work="site",
        place=rows["candidate_name"],
        concerned=rows["gain"],
        basis=[say("from_site", language, rank=rank) for rank in rows["rank"]],
    )[PROJECT_KEYS]


def _gap_projects(result: Result, language: Language) -> pd.DataFrame:
    """The largest gap of each unit, service and kind of work stands for all of them."""
    gaps = result.gaps
    members = {one for headline in result.standard.headlines for one in headline.members}
    gaps = gaps[(gaps["cause"] != NO_PROJECT) & ~gaps["service"].isin(members)]
    key = ["unit_id", "service", "cause"]
    groups = gaps["uncovered"].round(3).groupby([gaps[name] for name in key], sort=False)
    first = gaps.drop_duplicates(key)
    sums = groups.agg(["sum", "count"]).loc[pd.MultiIndex.from_frame(first[key])]
    basis = [
        say("from_gaps", language, count=count, gap=gap)
        for count, gap in zip(sums["count"], first["gap_id"], strict=True)
    ]
    first = _plain(first, result, language)
    concerned = sums["sum"].to_numpy().round(3)
    first = first.assign(work=first["cause"], concerned=concerned, basis=basis)
    return first.sort_values("concerned", ascending=False, kind="stable")[PROJECT_KEYS]
