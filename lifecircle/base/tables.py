"""The contracts of the tables that flow through the package.

A table is a plain pandas or geopandas frame.  Its contract names every column with its kind, unit
and meaning; `conform` checks a table against it in the place where the table is made.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeVar

import geopandas as gpd
import pandas as pd

from lifecircle.base.geo import GEOGRAPHIC

Kind = Literal["text", "number", "integer", "flag", "geometry"]
Frame = TypeVar("Frame", bound=pd.DataFrame)

DTYPES: dict[Kind, str] = {"number": "float64", "integer": "Int64", "flag": "boolean"}


@dataclass(frozen=True)
class Column:
    """One column: `unit` is empty where a value has none; `required` ones may not be missing."""

    name: str
    kind: Kind
    unit: str
    meaning: str
    required: bool = False


@dataclass(frozen=True)
class Contract:
    """The columns of a table, in order, and the columns that together are unique."""

    name: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]

    @property
    def names(self) -> list[str]:
        """Column names in the contract's order."""
        return [column.name for column in self.columns]


UNITS = Contract(
    "units",
    ("unit_id",),
    (
        Column("unit_id", "text", "", "identifier, never a number", required=True),
        Column("name", "text", "", "name as published", required=True),
        Column("level", "text", "", "street, town, ward, neighbourhood, district …", required=True),
        Column("parent", "text", "", "name or id of the unit one level up"),
        Column("parent_level", "text", "", "level of the parent"),
        Column("area_kind", "text", "", "kind of area, where a standard's limits depend on it"),
        Column("rural", "flag", "", "rural units are measured but get no target"),
        Column("geometry", "geometry", "", "polygon or multipolygon", required=True),
    ),
)

FACILITIES = Contract(
    "facilities",
    ("facility_id", "service"),
    (
        Column("facility_id", "text", "", "unique in the study", required=True),
        Column("service", "text", "", "id of a service of the standard", required=True),
        Column("name", "text", "", "name as published"),
        Column("beds", "number", "beds", "registered beds"),
        Column("places", "number", "places", "registered places, e.g. childcare"),
        Column("floor_area_m2", "number", "m²", "floor area"),
        Column("status", "text", "", "open, or as published"),
        Column("source", "text", "", "file it came from", required=True),
        Column("source_row", "text", "", "row or OSM object it came from", required=True),
        Column("geometry", "geometry", "", "Point, or MultiPoint of entrances", required=True),
    ),
)

WEIGHTS = (
    Column("residents", "number", "people", "all residents (常住人口)"),
    Column("residents_60plus", "number", "people", "residents of 60 and older"),
    Column("children_0_3", "number", "people", "children under 3"),
    Column("dwellings", "number", "dwellings", "homes"),
    Column("buildings", "number", "buildings", "residential buildings"),
    Column("floor_area_m2", "number", "m²", "floor area of residential buildings"),
    Column("residential_land_m2", "number", "m²", "residential land"),
    Column("offices", "number", "offices", "neighbourhood offices (居村委)"),
)
"""What demand may weigh; a weight that a source does not carry is NaN."""

DENOMINATORS: tuple[str, ...] = tuple(column.name for column in WEIGHTS)

STREETS = "walkable_street_m"
"""The denominator that is no weight of demand: metres of walkable street."""

SHARES_OF: tuple[str, ...] = (*DENOMINATORS, STREETS)
"""All that coverage can be taken over."""

DEMAND = Contract(
    "demand",
    ("demand_id",),
    (
        Column("demand_id", "text", "", "unique in the study", required=True),
        Column("source", "text", "", "file it came from", required=True),
        Column("unit_id", "text", "", "the unit the place lies in", required=True),
        *WEIGHTS,
        Column("extent_share", "number", "share", "share of the original weight that lies inside"),
        Column("geometry", "geometry", "", "point", required=True),
    ),
)

COVERAGE = Contract(
    "coverage",
    ("unit_id", "level", "service", "denominator", "profile"),
    (
        Column("unit_id", "text", "", "the unit", required=True),
        Column("unit_name", "text", "", "its name", required=True),
        Column("level", "text", "", "its level; `city` is the sum of all units", required=True),
        Column("service", "text", "", "service, headline, or a combination", required=True),
        Column("denominator", "text", "", "the weight the share is taken over", required=True),
        Column("profile", "text", "", "who walks", required=True),
        Column("limit_m", "number", "m", "walking distance that counts as covered"),
        Column("limit_min", "number", "min", "the same as minutes"),
        Column("limit_source", "text", "", "where the limit comes from"),
        Column("total", "number", "of the denominator", "all demand of the unit"),
        Column("covered", "number", "of the denominator", "demand within the limit"),
        Column("unknown", "number", "of the denominator", "nearer to the edge than the limit"),
        Column("unattached", "number", "of the denominator", "reaches no street; not covered"),
        Column("share", "number", "share", "covered ÷ total"),
        Column("share_upper", "number", "share", "(covered + unknown) ÷ total"),
        Column("straight_line_share", "number", "share", "covered as the crow flies ÷ total"),
        Column("target", "number", "share", "the city's target; empty for rural units"),
        Column("meets_target", "flag", "", "empty while the target lies between the two shares"),
        Column("rank", "integer", "", "among the units of its level; 1 is the highest share"),
        Column("rank_of", "integer", "units", "how many are ranked"),
        Column("shortfall", "number", "of the denominator", "more to be covered for the target"),
    ),
)

TIERS = Contract(
    "tiers",
    ("unit_id", "level", "service", "denominator", "profile", "limit_m"),
    (
        Column("unit_id", "text", "", "the unit", required=True),
        Column("unit_name", "text", "", "its name", required=True),
        Column("level", "text", "", "its level; `city` is the sum of all units", required=True),
        Column("service", "text", "", "service or headline", required=True),
        Column("denominator", "text", "", "the weight the share is taken over", required=True),
        Column("profile", "text", "", "who walks", required=True),
        Column("tier_min", "number", "min", "the ring's name: the 5-, 10-, 15-minute circle"),
        Column("limit_m", "number", "m", "the ring's distance"),
        Column("total", "number", "of the denominator", "all demand of the unit"),
        Column("covered", "number", "of the denominator", "demand within the ring"),
        Column("unknown", "number", "of the denominator", "nearer to the edge than the ring"),
        Column("share", "number", "share", "covered ÷ total"),
        Column("share_upper", "number", "share", "(covered + unknown) ÷ total"),
        Column("straight_line_share", "number", "share", "covered as the crow flies ÷ total"),
    ),
)


SENSITIVITY = Contract(
    "sensitivity",
    ("unit_id", "level", "service", "denominator", "profile", "variant"),
    (
        Column("unit_id", "text", "", "the unit", required=True),
        Column("unit_name", "text", "", "its name", required=True),
        Column("level", "text", "", "its level; `city` is the sum of all units", required=True),
        Column("service", "text", "", "headline or combination", required=True),
        Column("denominator", "text", "", "the weight the share is taken over", required=True),
        Column("profile", "text", "", "who walks", required=True),
        Column("variant", "text", "", "what is changed; `standard` is the run itself"),
        Column("limit_m", "number", "m", "walking distance that counts as covered"),
        Column("share", "number", "share", "covered ÷ total"),
        Column("share_upper", "number", "share", "(covered + unknown) ÷ total"),
        Column("target", "number", "share", "the city's target; empty for rural units"),
        Column("meets_target", "flag", "", "empty while the target lies between the two shares"),
    ),
)

BANDS = Contract(
    "bands",
    ("unit_id", "level", "service", "denominator", "profile"),
    (
        Column("unit_id", "text", "", "the unit", required=True),
        Column("unit_name", "text", "", "its name", required=True),
        Column("level", "text", "", "its level; `city` is the sum of all units", required=True),
        Column("service", "text", "", "headline or combination", required=True),
        Column("denominator", "text", "", "the weight the share is taken over", required=True),
        Column("profile", "text", "", "who walks", required=True),
        Column("share", "number", "share", "of the run itself"),
        Column("low", "number", "share", "the lowest share of any variant"),
        Column("low_variant", "text", "", "the variant that gives it"),
        Column("high", "number", "share", "the highest share of any variant"),
        Column("high_variant", "text", "", "the variant that gives it"),
        Column("target", "number", "share", "the city's target; empty for rural units"),
        Column(
            "crosses_target", "flag", "", "the target lies in the band: the verdict is not firm"
        ),
    ),
)

COMPLETENESS = Contract(
    "completeness",
    ("unit_id", "level", "denominator", "profile"),
    (
        Column("unit_id", "text", "", "the unit", required=True),
        Column("unit_name", "text", "", "its name", required=True),
        Column("level", "text", "", "its level; `city` is the sum of all units", required=True),
        Column("denominator", "text", "", "the weight the mean is taken over", required=True),
        Column("profile", "text", "", "who walks", required=True),
        Column("services", "integer", "services", "services of the standard that have data"),
        Column("total", "number", "of the denominator", "all demand of the unit"),
        Column("mean_reached", "number", "services", "reached on average, each within its limit"),
        Column("mean_upper", "number", "services", "the same with all that is unknown"),
        Column("completeness", "number", "share", "mean reached ÷ services"),
        Column("share_all", "number", "share", "demand that reaches every service"),
        Column("most_missing", "text", "", "services that most demand lacks, the worst first"),
    ),
)


GAPS = Contract(
    "gaps",
    ("gap_id",),
    (
        Column("rank", "integer", "", "1 is the patch with the most uncovered", required=True),
        Column("gap_id", "text", "", "unit, service and number", required=True),
        Column("unit_id", "text", "", "the unit", required=True),
        Column("unit_name", "text", "", "its name", required=True),
        Column("service", "text", "", "service or headline", required=True),
        Column("place", "text", "", "name of a residential area or street near the middle"),
        Column("cause", "text", "", "none, detour, island, unattached, capacity, unknown", True),
        Column("between", "text", "", "water, railway, wall, private, missing_link"),
        Column("limit_m", "number", "m", "walking distance that counts as covered"),
        Column("denominator", "text", "", "what the target is held against", required=True),
        Column("uncovered", "number", "of the denominator", "not covered here", required=True),
        *WEIGHTS,
        Column("facility_id", "text", "", "nearest on foot to most of the patch"),
        Column("facility_name", "text", "", "its name"),
        Column("metres", "number", "m", "mean walk to the nearest facility; inf: there is none"),
        Column("straight_facility_id", "text", "", "nearest as the crow flies"),
        Column("straight_facility_name", "text", "", "its name"),
        Column("straight_m", "number", "m", "mean straight line to the nearest facility"),
        Column("unit_share", "number", "share", "coverage of the unit"),
        Column("unit_target", "number", "share", "its target"),
        Column("unit_missing", "number", "of the denominator", "what the unit lacks to reach it"),
        Column("capacity", "text", "", "beds, places or floor_area_m2 where these are short"),
        Column("capacity_per_1000", "number", "per 1000", "capacity that people here share"),
        Column("need_per_1000", "number", "per 1000", "what they need"),
        Column("need_of", "text", "", "the people the need is counted over"),
        Column("need_source", "text", "", "where the need is written"),
        Column("capacity_missing", "number", "of the capacity", "what they lack"),
        Column("geometry", "geometry", "", "the ground around the patch's points", required=True),
    ),
)

SITES = Contract(
    "sites",
    ("rank", "service"),
    (
        Column("rank", "integer", "", "1 gains the most; later ones beside those before", True),
        Column("service", "text", "", "service or headline", required=True),
        Column("candidate_id", "text", "", "the candidate", required=True),
        Column("candidate_name", "text", "", "its name, or the place it lies at"),
        Column("unit_id", "text", "", "the unit it lies in"),
        Column("unit_name", "text", "", "its name"),
        Column("limit_m", "number", "m", "the longest limit of the service"),
        Column("denominator", "text", "", "what the gain is counted in", required=True),
        Column("gain", "number", "of the denominator", "newly covered by this site", True),
        Column("gain_total", "number", "of the denominator", "by this site and those before"),
        *WEIGHTS,
        Column("share_before", "number", "share", "all units, before any of the sites"),
        Column("share_after", "number", "share", "all units, with this site and those before"),
        Column("mean_m", "number", "m", "mean walk with these sites, where the aim is the mean"),
        Column("offers", "text", "", "services that the facility at this place offers today"),
        Column("cost", "number", "of the candidates", "what the site costs"),
        Column("capacity", "text", "", "beds, places or floor_area_m2 where candidates have any"),
        Column("capacity_amount", "number", "of the capacity", "what the site has of it"),
        Column("geometry", "geometry", "", "point", required=True),
    ),
)

EVIDENCE = Contract(
    "evidence",
    ("gap_id", "kind", "number"),
    (
        Column("gap_id", "text", "", "the gap", required=True),
        Column("kind", "text", "", "site, existing, walk, wall or railway", required=True),
        Column("number", "integer", "", "1 is the one that reaches most of the gap", required=True),
        Column("name", "text", "", "of the place"),
        Column("rank", "integer", "", "rank of a proposed site"),
        Column("offers", "text", "", "services that an existing facility offers today"),
        Column("people", "number", "of the denominator", "of the gap, within the limit of it"),
        Column("metres", "number", "m", "length of a walk to the nearest facility"),
        Column("geometry", "geometry", "", "point or line", required=True),
    ),
)
"""What a sheet shows of a gap beside its row of GAPS."""


class ContractError(AssertionError):
    """A table of ours breaks its contract: a mistake in this package, never in an input."""


def conform(table: Frame, contract: Contract, extra: tuple[str, ...] = ()) -> Frame:
    """`table` with exactly the contract's columns (and `extra`), in its order and types.

    Optional columns that are missing are added empty.  Raises `ContractError` if a required
    column is missing or empty, or if the key is not unique.
    """
    table = table.copy()
    for column in contract.columns:
        if column.name not in table.columns:
            if column.required:
                raise ContractError(f"{contract.name}: column {column.name} is missing")
            table[column.name] = pd.NA if column.kind == "flag" else None
        if column.kind == "text":
            table[column.name] = table[column.name].fillna("").astype("str")
        elif column.kind != "geometry":
            table[column.name] = table[column.name].astype(DTYPES[column.kind])  # type: ignore[call-overload]
        _no_empty_cells(table, contract, column)
    if table.duplicated(list(contract.key)).any():
        raise ContractError(f"{contract.name}: {', '.join(contract.key)} is not unique")
    return table[[*contract.names, *extra]].reset_index(drop=True)


def no_rows(contract: Contract) -> gpd.GeoDataFrame:
    """A table of places with the contract's columns and no rows, in EPSG:4326."""
    table = pd.DataFrame({name: [] for name in contract.names})
    return conform(gpd.GeoDataFrame(table, geometry="geometry", crs=GEOGRAPHIC), contract)


def _no_empty_cells(table: pd.DataFrame, contract: Contract, column: Column) -> None:
    if not column.required:
        return
    cells = table[column.name]
    empty = cells.isna() if column.kind != "text" else cells == ""
    if empty.any():
        raise ContractError(f"{contract.name}: {int(empty.sum())} empty cells in {column.name}")
