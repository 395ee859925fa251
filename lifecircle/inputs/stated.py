"""The unit that a row says it lies in, from its columns or from its address and name."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from lifecircle.base.geo import GEOGRAPHIC
from lifecircle.inputs.cells import normal

Positions = npt.NDArray[np.int64]

DISTRICT_ENDS = re.compile(r"(新区|区|县|市)$")
STREET_ENDS = re.compile(r"(街道办事处|街道|镇|乡)$")
SURE_ENDS = ("街道", "镇", "乡", "新区", "区", "县")
"""A name in running text counts only where it ends like a unit: 黄浦 may be a road."""

AREAS = ("name", "parent", "fine", "geometry")


def stated_areas(
    names: Iterable[str], parents: Iterable[str], shapes: gpd.GeoSeries
) -> gpd.GeoDataFrame:
    """The areas that rows can name: `shapes` (EPSG:4326), and their parents as the sum of them.

    Columns name, parent, fine (whether it is one of `shapes`) and geometry.
    """
    fine = gpd.GeoDataFrame(
        {"name": list(names), "parent": list(parents), "fine": np.ones(len(shapes), dtype=bool)},
        geometry=shapely.make_valid(shapes.to_numpy()),
        crs=GEOGRAPHIC,
    )
    fine = fine[~fine.geometry.is_empty & fine.geometry.notna()]
    with_parent = fine[fine["parent"] != ""]
    rows = [
        {
            "name": parent,
            "parent": "",
            "fine": False,
            "geometry": shapely.union_all(group.to_numpy()),
        }
        for parent, group in with_parent.geometry.groupby(with_parent["parent"])
    ]
    coarse = gpd.GeoDataFrame(rows, columns=list(AREAS), geometry="geometry", crs=GEOGRAPHIC)
    both = fine if coarse.empty else pd.concat([fine, coarse], ignore_index=True)
    return gpd.GeoDataFrame(both.reset_index(drop=True), crs=GEOGRAPHIC)


def positions_of(
    areas: gpd.GeoDataFrame, street: pd.Series, district: pd.Series, text: pd.Series
) -> Positions:
    """For each row the position in `areas` of the smallest unit it names, else -1.

    `street` and `district` are columns of text that may be empty; `text` is address and name.
    """
    fine, coarse = areas[areas["fine"]], areas[~areas["fine"]]
    named_district = _stems_of_districts(district)
    in_text = _stems_of_districts(_found_in(text, coarse["name"]))
    named_district = np.where(named_district == "", in_text, named_district)
    named_street = street.map({name: normal(name) for name in street.unique()})
    named_street = named_street.where(named_street != "", _found_in(text, fine["name"]))
    lookup = _lookup(fine)
    by_street = [
        lookup.get((district, street), lookup.get(("", street), -1))
        if not district
        else lookup.get((district, street), -1)
        for district, street in zip(named_district, named_street.tolist(), strict=True)
    ]
    by_district = {_stem_of_district(name): index for index, name in coarse["name"].items()}
    spare = [by_district.get(name, -1) for name in named_district]
    return np.where(np.array(by_street, dtype=np.int64) >= 0, by_street, spare).astype(np.int64)


def _lookup(fine: gpd.GeoDataFrame) -> dict[tuple[str, str], int]:
    """Positions by (district, street), and by ("", street) where no two have that name.

    A street is also known without 街道 or 镇, where that means one.
    """
    keys: dict[tuple[str, str], set[int]] = {}
    stems: dict[tuple[str, str], set[int]] = {}
    for index, name, parent in zip(fine.index, fine["name"], fine["parent"], strict=True):
        district, own = _stem_of_district(parent), normal(name)
        for first in {"", district}:
            keys.setdefault((first, own), set()).add(int(index))
            stems.setdefault((first, STREET_ENDS.sub("", own)), set()).add(int(index))
    for key, found in stems.items():
        keys.setdefault(key, found)
    return {key: min(found) for key, found in keys.items() if len(found) == 1}


def _stem_of_district(name: str) -> str:
    return DISTRICT_ENDS.sub("", normal(name))


def _stems_of_districts(names: pd.Series) -> npt.NDArray[np.object_]:
    stems = {name: _stem_of_district(name) for name in names.unique()}
    return np.array([stems[name] for name in names.tolist()], dtype=object)


def _found_in(text: pd.Series, names: Collection[str]) -> pd.Series:
    """The longest of `names` that each text holds, else empty."""
    wanted = sorted({n for n in map(normal, names) if n.endswith(SURE_ENDS)}, key=len, reverse=True)
    if not wanted or text.empty:
        return pd.Series("", index=text.index, dtype="str")
    pattern = "(" + "|".join(map(re.escape, wanted)) + ")"
    found = text.str.extract(pattern, expand=False)
    return found.fillna("").astype("str")
