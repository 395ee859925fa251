"""The map page: one HTML file that opens without a network and answers a planner's questions.

The page itself (`maps_shell`) is made by folium and holds no word of the study; the study's data
(`maps_data`) is put into it last, as JSON that the page shows as text only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import geopandas as gpd
import pandas as pd

from lifecircle.base.files import write_text
from lifecircle.base.sentences import Language
from lifecircle.study import Source

Text: TypeAlias = Mapping[Language, str]
"""The same words in Chinese (`zh`) and in English (`en`)."""

MEAN, ALL = "headline_mean", "headline_all"
"""The two combinations: the mean over the headlines, and reaching every one of them."""


@dataclass(frozen=True)
class Labels:
    """The words for ids, in the order in which the pickers show them.

    `members` names the services of each headline.  `remarks` adds words to the rule of a service
    or headline where it is defined, such as 未核对原文 (not checked against the original).
    """

    headlines: Mapping[str, Text]
    services: Mapping[str, Text]
    combinations: Mapping[str, Text]
    denominators: Mapping[str, Text]
    members: Mapping[str, Sequence[str]]
    remarks: Mapping[str, Text] = field(default_factory=dict)


@dataclass(frozen=True)
class MapPage:
    """What a page shows; every table is in EPSG:4326.

    `units`, `coverage` and `facilities` keep the contracts UNITS, COVERAGE and FACILITIES (more
    columns are allowed).  `coverage` is of one profile; its row of level `city` stands above the
    list, and rows of other units without a polygon are left out.  `base` draws the quiet
    background: columns `kind` (water, park or street) and geometry.
    """

    title: str
    units: gpd.GeoDataFrame
    coverage: pd.DataFrame
    facilities: gpd.GeoDataFrame
    labels: Labels
    language: Language = "zh"
    sources: Sequence[Source] = ()
    base: gpd.GeoDataFrame | None = None
    notes: Sequence[Text] = ()


def map_html(page: MapPage) -> str:
    """The page as text; the same page gives the same bytes.

    Raises `UsageError` where there is nothing to show: no units, no coverage, an id without
    a label, or more than one profile.
    """
    from lifecircle.outputs.maps_data import page_data
    from lifecircle.outputs.maps_shell import fill

    return fill(page_data(page))


def write_map(page: MapPage, path: Path) -> None:
    """Write the page to `path`, whole or not at all."""
    write_text(path, map_html(page))
