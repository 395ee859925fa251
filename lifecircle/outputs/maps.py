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
import numpy as np
import numpy.typing as npt
import pandas as pd

from lifecircle.base.files import write_text
from lifecircle.base.geo import Floats
from lifecircle.base.sentences import Language
from lifecircle.sources import Source

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


COVERED, UNKNOWN, UNCOVERED = 0, 1, 2
"""Whether a demand point reaches what is asked: yes, not known so near the edge, no."""


@dataclass(frozen=True)
class Walks:
    """n demand points and how far each of them walks.

    `places` are points in EPSG:4326, `unit_id` the unit of each; `weights` holds n values by
    denominator (NaN where a point carries none), `metres` n by service (`inf` where nothing is
    reached), `states` n by service, headline and intersection (COVERED, UNKNOWN or UNCOVERED).
    `tiers` are metres and the minutes they stand for.
    """

    places: gpd.GeoSeries
    unit_id: pd.Series[str]
    weights: Mapping[str, Floats]
    metres: Mapping[str, Floats]
    states: Mapping[str, npt.NDArray[np.uint8]]
    tiers: Sequence[tuple[float, float]]
    m_per_min: float
    tier_states: Mapping[str, Sequence[npt.NDArray[np.uint8]]] = field(default_factory=dict)
    """As `states`, within each of the `tiers`, by service and headline."""
    reached: npt.NDArray[np.uint8] | None = None
    """How many of the `services` that are measured each point reaches within their limits."""
    services: int = 0


@dataclass(frozen=True)
class OnlineBase:
    """An online background, drawn only because somebody asked for it.

    `layers` are addresses with {z}, {x} and {y}, the lower first; {s} is one of `subdomains`.
    """

    layers: Sequence[str]
    credit: str
    subdomains: str = ""


@dataclass(frozen=True)
class MapPage:
    """What a page shows; every table is in EPSG:4326.

    `units`, `coverage` and `facilities` keep the contracts UNITS, COVERAGE and FACILITIES (more
    columns are allowed).  `coverage` is of one profile.  Above the list stands the row that
    `whole` (unit_id and level) names, else the row of level `city`, called `whole_name` where that
    is given; rows of other units without a polygon are left out.  `base` draws the quiet
    background: columns `kind` (water, park or street) and geometry.  `withheld` says that exact
    places of facilities were kept out on purpose.  `approval` is the number of the map's approval.
    `sentences` are the words of the report by unit_id, level and service, over `sentences_of`.
    `tiers`, `gaps` and `sites` keep the contracts TIERS, GAPS and SITES.  `rings` are isochrones
    (id, limit_m, one weight of demand, geometry) of as many facilities as a page bears.
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
    walks: Walks | None = None
    whole: tuple[str, str] | None = None
    whole_name: Text | None = None
    withheld: bool = False
    approval: str = ""
    online: OnlineBase | None = None
    sentences: Mapping[tuple[str, str, str], Text] = field(default_factory=dict)
    sentences_of: str = ""
    tiers: pd.DataFrame | None = None
    gaps: gpd.GeoDataFrame | None = None
    sites: gpd.GeoDataFrame | None = None
    rings: gpd.GeoDataFrame | None = None
    rings_elsewhere: bool = False
    """Whether facilities that have no rings here have them on the page of their district."""
    home: str = ""
    """The file of the index that leads back to all maps."""


def map_html(page: MapPage) -> str:
    """The page as text; the same page gives the same bytes.

    Raises `UsageError` where there is nothing to show: no units, no coverage, an id without
    a label, or more than one profile.
    """
    from lifecircle.outputs.maps_data import page_data
    from lifecircle.outputs.maps_online import hosts
    from lifecircle.outputs.maps_shell import fill

    return fill(page_data(page), hosts(page.online) if page.online else ())


def write_map(page: MapPage, path: Path) -> None:
    """Write the page to `path`, whole or not at all."""
    write_text(path, map_html(page))
