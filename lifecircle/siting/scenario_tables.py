"""What a scenario makes of the tables of facilities and of demand."""

from __future__ import annotations

from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from lifecircle.base.geo import GEOGRAPHIC
from lifecircle.base.tables import DEMAND, FACILITIES, conform
from lifecircle.scenario import CAPACITIES, PEOPLE, Facilities, NewFacility, People, Scenario
from lifecircle.siting.scenario_names import Findings, nearest_names, rows_of


def changed_facilities(
    facilities: gpd.GeoDataFrame, scenario: Scenario, services: Sequence[str], findings: Findings
) -> gpd.GeoDataFrame:
    """FACILITIES after the scenario: what is added first, then closed, moved and enlarged.

    `services` are the ids of the standard.  What cannot be meant is left to `findings`.
    """
    changes = scenario.facilities
    if changes == Facilities():
        return facilities
    table = _with_added(facilities, scenario, services, findings)
    for number, closed in enumerate(changes.close):
        table = table[~rows_of(table, closed, f"facilities.close.{number}", findings)]
    for number, moved in enumerate(changes.move):
        rows = rows_of(table, moved, f"facilities.move.{number}", findings)
        geometry = table.geometry.to_numpy().copy()
        geometry[rows.to_numpy()] = shapely.Point(moved.lon, moved.lat)
        table = table.set_geometry(gpd.GeoSeries(geometry, table.index, crs=table.crs))
    for number, larger in enumerate(changes.enlarge):
        rows = rows_of(table, larger, f"facilities.enlarge.{number}", findings)
        table = table.assign(
            **{name: table[name].mask(rows, value) for name, value in larger.given.items()}
        )
    table = table.sort_values(["facility_id", "service"], kind="stable")
    return conform(table.reset_index(drop=True), FACILITIES)


def _with_added(
    table: gpd.GeoDataFrame, scenario: Scenario, services: Sequence[str], findings: Findings
) -> gpd.GeoDataFrame:
    rows = []
    taken = set(table["facility_id"])
    for number, added in enumerate(scenario.facilities.add):
        key = f"facilities.add.{number}"
        unknown = [one for one in added.services if one not in services]
        for one in unknown:
            near = nearest_names(one, services)
            findings.refuse("scenario_service", f"{key}.service", one, near=near)
        name = f"{scenario.name}-{number + 1}"
        while name in taken:
            name += "+"
        taken.add(name)
        rows += [_row(added, name, one, scenario, number) for one in added.services if not unknown]
    if not rows:
        return table
    new = gpd.GeoDataFrame(rows, geometry="geometry", crs=GEOGRAPHIC).to_crs(table.crs)
    whole = pd.concat([table, conform(new, FACILITIES)], ignore_index=True)
    return gpd.GeoDataFrame(whole, crs=table.crs)


def _row(
    added: NewFacility, name: str, service: str, scenario: Scenario, number: int
) -> dict[str, object]:
    return {
        "facility_id": name,
        "service": service,
        "name": added.name,
        **{one: getattr(added, one) for one in CAPACITIES},
        "status": "",
        "source": scenario.file.name,
        "source_row": f"facilities.add.{number}",
        "geometry": shapely.Point(added.lon, added.lat),
    }


def changed_demand(
    demand: gpd.GeoDataFrame, units: gpd.GeoDataFrame, scenario: Scenario, findings: Findings
) -> gpd.GeoDataFrame:
    """DEMAND after the scenario: more people at the places of a unit, and new places."""
    if not scenario.population:
        return demand
    rows = []
    for number, people in enumerate(scenario.population):
        key = f"population.{number}"
        if not _are_carried(people, demand, key, findings):
            continue
        if people.unit is not None:
            demand = _in_unit(demand, units, people, key, findings)
        else:
            rows += _new_place(units, people, scenario, number, findings)
    if rows:
        new = conform(gpd.GeoDataFrame(rows, geometry="geometry", crs=GEOGRAPHIC), DEMAND)
        whole = pd.concat([demand, new.to_crs(demand.crs)], ignore_index=True)
        demand = gpd.GeoDataFrame(whole, crs=demand.crs)
    return conform(demand.sort_values(["source", "demand_id"], kind="stable"), DEMAND)


def _are_carried(people: People, demand: gpd.GeoDataFrame, key: str, findings: Findings) -> bool:
    """Whether the study counts what is given: a share over new homes alone would mean nothing."""
    missing = [name for name in people.given if demand[name].isna().all()]
    for name in missing:
        carried = [one for one in PEOPLE if one in demand and demand[one].notna().any()]
        findings.refuse("scenario_weight", f"{key}.{name}", name, there=", ".join(carried) or "–")
    return not missing


def _in_unit(
    demand: gpd.GeoDataFrame,
    units: gpd.GeoDataFrame,
    people: People,
    key: str,
    findings: Findings,
) -> gpd.GeoDataFrame:
    """`demand` with a unit's weights changed in proportion to what stands at each place."""
    ids = units.loc[(units["unit_id"] == people.unit) | (units["name"] == people.unit), "unit_id"]
    if len(ids) != 1:
        near = nearest_names(str(people.unit), [*units["name"], *units["unit_id"]])
        findings.refuse("scenario_unit", f"{key}.unit", people.unit, near=near)
        return demand
    inside = (demand["unit_id"] == ids.iloc[0]).to_numpy()
    for name, more in people.given.items():
        own = demand[name].where(inside, 0.0).fillna(0.0)
        total = float(own.sum())
        if total + more < 0 or total <= 0:
            findings.refuse("scenario_too_few", f"{key}.{name}", f"{more:g}", total=f"{total:,.0f}")
            continue
        changed = demand[name] * ((total + more) / total)
        demand = demand.assign(**{name: demand[name].mask(inside, changed)})
    return demand


def _new_place(
    units: gpd.GeoDataFrame, people: People, scenario: Scenario, number: int, findings: Findings
) -> list[dict[str, object]]:
    """A row of DEMAND at the place, in the first unit that holds it."""
    assert people.lon is not None and people.lat is not None
    key, place = f"population.{number}", shapely.Point(people.lon, people.lat)
    shapes = units.to_crs(GEOGRAPHIC).geometry.to_numpy()
    order = np.argsort(units["unit_id"].to_numpy(dtype=object), kind="stable")
    inside = [index for index in order if shapely.intersects(shapes[index], place)]
    if not inside:
        nearest = units["name"].iloc[int(np.argmin(shapely.distance(shapes, place)))]
        value = f"{people.lon:g}, {people.lat:g}"
        findings.refuse("scenario_outside", key, value, near=nearest)
        return []
    row = {
        "demand_id": f"{scenario.name}-{number + 1}",
        "source": scenario.file.name,
        "unit_id": units["unit_id"].iloc[inside[0]],
        "extent_share": 1.0,
        "geometry": place,
        **people.given,
    }
    return [row]
