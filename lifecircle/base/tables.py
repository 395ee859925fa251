"""The contracts of the tables that flow through the package.

A table is a plain pandas or geopandas frame.  Its contract names every column with its kind, unit
and meaning; `conform` checks a table against it in the place where the table is made.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeVar

import pandas as pd

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
)
"""What coverage can be taken over; a weight that a source does not carry is NaN."""

DENOMINATORS: tuple[str, ...] = tuple(column.name for column in WEIGHTS)

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
    ),
)


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


def _no_empty_cells(table: pd.DataFrame, contract: Contract, column: Column) -> None:
    if not column.required:
        return
    cells = table[column.name]
    empty = cells.isna() if column.kind != "text" else cells == ""
    if empty.any():
        raise ContractError(f"{contract.name}: {int(empty.sum())} empty cells in {column.name}")
