"""The streets' own report: what mappers may put right, and how far places lie from their street."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from lifecircle.base.geo import GEOGRAPHIC
from lifecircle.base.sentences import Language, catalogue, sentence
from lifecircle.measures.result import Result

FAR_M = (50, 100, 200)
LONGEST = 20
DECIMALS = {"length_m": 1, "share": 6, "people": 1, "facilities": 0}
OSM_PAGE = "https://www.openstreetmap.org/{}/{}"

Legs = npt.NDArray[np.float64]


def quality_files(result: Result) -> dict[str, pd.DataFrame]:
    """The tables of the streets' report by the names of their files."""
    language = result.study.study.language
    return {
        "network_quality": fix_list(result.network_quality, language),
        "attachment": attachment(result),
    }


def fix_list(findings: gpd.GeoDataFrame, language: Language) -> pd.DataFrame:
    """Each finding in words, where it is in OpenStreetMap, and what to check there.

    `lon` and `lat` (WGS 84) are a place on it; empty where a finding has none.
    """
    places = findings.geometry.representative_point()
    places = places if findings.crs is None else places.to_crs(GEOGRAPHIC)
    pages = [
        OSM_PAGE.format(kind, number) if number else ""
        for kind, number in zip(findings["osm_type"], findings["osm_id"], strict=True)
    ]
    words = [
        (_words("what", *row, language), _words("check", *row, language))
        for row in zip(findings["finding"], findings["count"], strict=True)
    ]
    table = pd.DataFrame(findings.drop(columns=["geometry", "osm_type"])).round(DECIMALS)
    table["osm_id"] = table["osm_id"].astype("Int64").mask(table["osm_id"] == 0)
    return table.assign(
        lon=places.x.round(6),
        lat=places.y.round(6),
        osm_page=pages,
        what=[what for what, _ in words],
        check=[check for _, check in words],
    )


def _words(of: str, finding: str, count: int, language: Language) -> str:
    """What a finding is, or what to check; for ways left out the words of their reason."""
    kind, _, reason = finding.partition(":")
    if f"ways_{reason}" in catalogue():
        part = {"what": "what", "check": "fix"}[of]
        return sentence(f"ways_{reason}.{part}", language, count=f"{count:,}")
    return sentence(f"quality.{of}.{kind}", language)


def quality_layer(findings: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """The findings that have a place, for a map: points, lines and areas in EPSG:4326."""
    drawn = findings[~(findings.geometry.isna() | findings.geometry.is_empty)]
    drawn = gpd.GeoDataFrame(drawn.reset_index(drop=True), crs=findings.crs)
    return drawn if findings.crs is None else drawn.to_crs(GEOGRAPHIC)


def attachment(result: Result) -> pd.DataFrame:
    """How far facilities and demand lie from their streets, and the longest legs of each.

    Columns `of` (facilities or demand), `figure`, `id`, `name` and `value`: counts, metres
    (deciles, mean), shares of what is attached, and `longest_m` twenty times.
    """
    facilities = result.facilities.drop_duplicates("facility_id")
    demand = result.demand
    rows = [
        *_rows(
            "facilities", facilities["attached_m"], facilities["facility_id"], facilities["name"]
        ),
        *_rows("demand", demand["attached_m"], demand["demand_id"], demand["unit_id"]),
    ]
    return pd.DataFrame(rows, columns=["of", "figure", "id", "name", "value"]).round(3)


def _rows(
    of: str, legs: pd.Series[Any], ids: pd.Series[Any], names: pd.Series[Any]
) -> Iterator[Any]:
    found = legs.notna()
    yield of, "count", "", "", float(len(legs))
    yield of, "unattached", "", "", float((~found).sum())
    own = legs[found].to_numpy(dtype=float)
    if len(own) == 0:
        return
    yield of, "mean_m", "", "", float(own.mean())
    for tenth in range(1, 11):
        yield of, f"decile_{tenth}_m", "", "", float(np.quantile(own, tenth / 10))
    for far in FAR_M:
        yield of, f"share_beyond_{far}_m", "", "", float((own > far).mean())
    order = np.lexsort((ids[found].to_numpy(dtype=str), -own))[:LONGEST]
    for number in order:
        yield (
            of,
            "longest_m",
            ids[found].iloc[number],
            names[found].iloc[number],
            float(own[number]),
        )


def quality_lines(result: Result, language: Language) -> Iterator[str]:
    """For the terminal: how far places lie from their streets, and who lives on islands."""
    table = attachment(result)
    figures = table[table["figure"] != "longest_m"].set_index(["of", "figure"])["value"]
    for of in ("facilities", "demand"):
        if (of, "mean_m") in figures:
            yield sentence(
                f"quality.legs_{of}",
                language,
                mean=f"{figures[of, 'mean_m']:.0f}",
                far=f"{100 * figures[of, 'share_beyond_50_m']:.1f}",
            )
    islands = result.network_quality[result.network_quality["finding"] == "island"]
    if len(islands):
        yield sentence(
            "quality.islands",
            language,
            count=f"{len(islands):,}",
            km=f"{islands['length_m'].sum() / 1000:.1f}",
            people=f"{islands['people'].sum():,.0f}",
            facilities=f"{islands['facilities'].sum():,.0f}",
        )
