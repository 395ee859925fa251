"""Towns on paper for the measures: one straight street, units along it, a small standard."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from lifecircle.base.tables import DEMAND, FACILITIES, UNITS, conform
from lifecircle.network.build import network_from_arrays
from lifecircle.network.network import WalkNetwork
from lifecircle.network.walk import Minutes, walk_minutes
from lifecircle.standards.catalogue import Standard

SOURCE = {"limit_source": "paper", "clause": "1", "confidence": "V"}


def street(length_m: float = 4000, extent: shapely.Geometry | None = None) -> WalkNetwork:
    """A straight street from x = 0 along the x axis; `extent` is the ground it is known for."""
    return replace(network_from_arrays([(0, 0), (length_m, 0)], [(0, 1)]), extent=extent)


def units(**columns: Any) -> gpd.GeoDataFrame:
    """Units named by `unit_id`, each a box of the street: `edges` are their borders in x."""
    edges = columns.pop("edges")
    boxes = [shapely.box(low, -500, high, 500) for low, high in zip(edges, edges[1:], strict=False)]
    given = {"level": "street", "name": columns["unit_id"], "rural": False}
    return conform(gpd.GeoDataFrame(given | columns, geometry=boxes), UNITS)


def demand(x: Sequence[float], unit_id: Sequence[str], **weights: Any) -> gpd.GeoDataFrame:
    """Demand points on the street (or beside it, where x is a pair)."""
    xy = [place if isinstance(place, tuple) else (place, 0.0) for place in x]
    ids = [f"d{number:03}" for number in range(len(xy))]
    table = {"demand_id": ids, "source": "paper", "unit_id": list(unit_id), **weights}
    return conform(gpd.GeoDataFrame(table, geometry=shapely.points(np.array(xy))), DEMAND)


def facilities(**places: Sequence[float]) -> gpd.GeoDataFrame:
    """Facilities of each service at places on the street."""
    rows = [(service, float(x)) for service, xs in places.items() for x in xs]
    table = {
        "facility_id": [f"{service}-{number}" for number, (service, _) in enumerate(rows)],
        "service": [service for service, _ in rows],
        "source": "paper",
        "source_row": [str(number) for number in range(len(rows))],
    }
    points = shapely.points([(x, 0.0) for _, x in rows])
    return conform(gpd.GeoDataFrame(table, geometry=points), FACILITIES)


def walks(
    network: WalkNetwork, to: gpd.GeoDataFrame, of: gpd.GeoDataFrame, **options: Any
) -> Minutes:
    return walk_minutes(network, to, of, min_component_m=0, **options)


def standard(
    services: dict[str, float | dict[str, Any]],
    headlines: dict[str, Sequence[str]] | None = None,
    combinations: bool = False,
    **fields: Any,
) -> Standard:
    """Services with their limits (or fields), headlines of 1000 m, and combinations of them."""
    headlines = headlines or {}
    both = [("mean", "mean"), ("all", "all")] if combinations else []
    given = {
        "id": "paper",
        **names("paper"),
        "document": "paper",
        "year": 2022,
        "confidence": "V",
        "target": 0.85,
        "tiers": [{"limit_m": 300, "minutes": 5}, {"limit_m": 1000, "minutes": 15}],
        "services": [
            {"id": name, **names(name), "domain": "", **SOURCE, **_limit(limit)}
            for name, limit in services.items()
        ],
        "headlines": [
            {"id": name, **names(name), **SOURCE, "members": list(members), "limit_m": 1000}
            | {"target": fields.get("target", 0.85)}
            for name, members in headlines.items()
        ],
        "combinations": [
            {"id": name, **names(name), "kind": kind, "members": list(headlines)}
            for name, kind in both
        ],
    }
    return Standard.model_validate(given | fields)


def names(name: str) -> dict[str, str]:
    return {"name_zh": name, "name_en": name}


def _limit(limit: float | dict[str, Any]) -> dict[str, Any]:
    return limit if isinstance(limit, dict) else {"limit_m": limit}


def row(table: pd.DataFrame, unit: str, service: str, weight: str = "residents") -> pd.Series[Any]:
    """The one row of a coverage table for a unit (or the city), a service and a denominator."""
    at = (table["unit_id"] == unit) & (table["service"] == service)
    found = table[at & (table["denominator"] == weight)]
    assert len(found) == 1, f"{len(found)} rows of {unit}, {service}, {weight}"
    return found.iloc[0]
