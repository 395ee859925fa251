"""What became of one facility, one demand point or one unit, and by which way one walks there."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from lifecircle.base.geo import GEOGRAPHIC
from lifecircle.base.problems import UsageError
from lifecircle.base.tables import DENOMINATORS
from lifecircle.measures.result import Result
from lifecircle.network.path import walk_path
from lifecircle.network.profiles import profile_named


def explain(result: Result, name: str) -> tuple[dict[str, Any], gpd.GeoDataFrame]:
    """What is known of an id, and the walks from it as lines in EPSG:4326.

    A demand point gets its nearest facility of each service with metres, minutes and the path; a
    facility the rows it came from and whom it is nearest to; a unit what it adds up to.  Raises
    `UsageError` where no table has this id.
    """
    rows = np.flatnonzero(result.demand["demand_id"] == name)
    if len(rows):
        return _demand(result, int(rows[0]))
    rows = np.flatnonzero(result.facilities["facility_id"] == name)
    if len(rows):
        return _facility(result, rows), _no_walks()
    units = result.units[result.units["unit_id"] == name]
    if len(units):
        return _unit(result, units.iloc[0]), _no_walks()
    raise UsageError(f"no facility, demand point or unit has the id {name!r}")


def _demand(result: Result, row: int) -> tuple[dict[str, Any], gpd.GeoDataFrame]:
    point, minutes = result.demand.iloc[row], result.minutes
    walks, lines = [], []
    for column, service in enumerate(minutes.services):
        walk, line = _walk(result, row, column, service)
        walks.append(walk)
        if line is not None:
            lines.append({"service": service, **walk, "geometry": line})
    said = {
        "kind": "demand",
        "id": point["demand_id"],
        "source": point["source"],
        "unit_id": point["unit_id"],
        "place": _place(point.geometry, result.demand.crs),
        **_attached(point),
        "weights": {name: _number(point[name]) for name in DENOMINATORS if pd.notna(point[name])},
        "profile": minutes.profile,
        "walks": walks,
    }
    return said, _lines(lines, result)


def _walk(
    result: Result, row: int, column: int, service: str
) -> tuple[dict[str, Any], shapely.LineString | None]:
    """The walk to the nearest facility of a service, or the reason why there is none."""
    minutes = result.minutes
    metres, facility = float(minutes.metres[row, column]), minutes.facility_id[row, column]
    if not facility:
        return {
            "service": service,
            "facility_id": "",
            "reason": _reason(result, row, service),
        }, None
    own = np.flatnonzero(
        (result.facilities["facility_id"] == facility) & (result.facilities["service"] == service)
    )
    walks = minutes.of(service)
    entrances = np.flatnonzero(np.isin(walks.entrances.row, own))
    place, walker = walks.attachment.of(np.array([row])), profile_named(walks.profile)
    path = walk_path(result.network, place, walks.entrances.attachment.of(entrances), walker)
    said = {
        "service": service,
        "facility_id": facility,
        "name": str(result.facilities["name"].iloc[own[0]]),
        "profile": walks.profile,
        "metres": round(metres, 1),
        "minutes": round(float(minutes.minutes[row, column]), 2),
        "straight_m": round(float(minutes.straight_m[row, column]), 1),
    }
    return said, path.line


def _reason(result: Result, row: int, service: str) -> str:
    """Why no facility of a service is reached: `too_far`, `barrier`, `none` or `island`."""
    walks = result.minutes.of(service)
    if not walks.attachment.found[row]:
        return str(walks.attachment.reason[row])
    entrances = walks.entrances
    own = result.facilities["service"].to_numpy()[entrances.row] == service
    return "island" if (own & entrances.attachment.found).any() else "none"


def _facility(result: Result, rows: np.ndarray) -> dict[str, Any]:
    table, first = result.facilities.iloc[rows], result.facilities.iloc[rows[0]]
    nearest_to = {}
    for service in table["service"]:
        column = result.minutes.services.index(service)
        chosen = result.minutes.facility_id[:, column] == first["facility_id"]
        sums = result.demand.loc[chosen, list(DENOMINATORS)].sum(min_count=1).dropna()
        nearest_to[service] = {"points": int(chosen.sum()), **sums.round(1).to_dict()}
    return {
        "kind": "facility",
        "id": first["facility_id"],
        "name": str(first["name"]),
        "services": table["service"].tolist(),
        "source": first["source"],
        "source_row": first["source_row"],
        "datum": _datum(result, first["source"]),
        "status": str(first["status"]),
        "entrances": [
            _place(point, result.facilities.crs) for point in shapely.get_parts(first.geometry)
        ],
        **_attached(first),
        "nearest_to": nearest_to,
    }


def _unit(result: Result, unit: pd.Series[Any]) -> dict[str, Any]:
    inside = result.demand[result.demand["unit_id"] == unit["unit_id"]]
    shape = gpd.GeoSeries([unit.geometry], crs=result.units.crs).to_crs(result.network.crs)
    extent = result.network.extent
    share = 1.0 if extent is None else shape.intersection(extent).area[0] / shape.area[0]
    coverage = result.coverage[result.coverage["unit_id"] == unit["unit_id"]]
    columns = ["service", "denominator", "limit_m", "total", "covered", "unknown", "unattached"]
    return {
        "kind": "unit",
        "id": unit["unit_id"],
        "name": unit["name"],
        "level": unit["level"],
        "parent": unit["parent"],
        "share_in_extract": round(float(share), 4),
        "demand_points": len(inside),
        "unattached_points": int((inside["unattached"] != "").sum()),
        "weights": inside[list(DENOMINATORS)].sum(min_count=1).dropna().round(1).to_dict(),
        "coverage": coverage[columns].round(3).to_dict("records"),
    }


def _datum(result: Result, source: str) -> str:
    """The datum that the study names for a file; empty where it leaves that to the reader."""
    found = [one.datum for one in result.study.sources if one.name == source and one.datum]
    return found[0] if found else ""


def _attached(row: pd.Series[Any]) -> dict[str, Any]:
    lost = str(row["unattached"])
    return {"attached_m": None if lost else _number(row["attached_m"]), "unattached": lost}


def _number(value: Any) -> float:
    return round(float(value), 3)


def _place(point: Any, crs: Any) -> list[float]:
    there = gpd.GeoSeries([point], crs=crs).to_crs(GEOGRAPHIC)[0]
    return [round(there.x, 7), round(there.y, 7)]


def _lines(lines: list[dict[str, Any]], result: Result) -> gpd.GeoDataFrame:
    if not lines:
        return _no_walks()
    return gpd.GeoDataFrame(lines, crs=result.network.crs).to_crs(GEOGRAPHIC)


def _no_walks() -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame({"service": []}, geometry=[], crs=GEOGRAPHIC)
