"""Facilities from a CSV or GeoJSON with declared columns."""

from __future__ import annotations

from collections.abc import Collection

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from lifecircle.base.geo import GEOGRAPHIC, geodesic_m
from lifecircle.base.problems import Action, Problem
from lifecircle.base.tables import FACILITIES, conform
from lifecircle.inputs.places import read_places
from lifecircle.inputs.reading import Reading
from lifecircle.inputs.sieve import Sieve
from lifecircle.inputs.tables import Mask, blank, nearest, normal, normals, numbers
from lifecircle.study import FacilitySource

CAPACITIES = ("beds", "places", "floor_area_m2")
CLOSED = frozenset({"停业", "关闭", "已停业", "撤销", "closed"})
PLACE_KINDS = ("Point", "MultiPoint", "Polygon", "MultiPolygon")
DUPLICATE_WITHIN_M = 20.0


def read_facility_file(
    source: FacilitySource, services: Collection[str]
) -> Reading[gpd.GeoDataFrame]:
    """FACILITIES in EPSG:4326: one row for each facility and service; polygons stay polygons.

    `services` are the ids of the standard.  Closed facilities, categories the study does not
    map, places that cannot be read, and repetitions (same service and name within 20 m) are
    excluded row by row.  The source is refused, in `problems`, for a service the standard does
    not have, an id used twice, too many unreadable coordinates, or no usable row (unless it is
    optional).  Only declared columns are kept.  Raises `InputRefused` where the file cannot be
    read or lacks a column.
    """
    columns = [source.category, source.id, source.name_column, source.status]
    columns += [getattr(source, capacity) for capacity in CAPACITIES]
    sieve = read_places(source, columns, source.lon or "lon", source.lat or "lat")
    sieve.problems += _unknown_services(source, services)
    _exclude_closed(sieve, source)
    _exclude_unmapped(sieve, source)
    _exclude_lines(sieve)
    sieve.rows = _with_ids(sieve, source)
    table = _exclude_repeated(sieve, _per_service(sieve.rows, source))
    table = _refuse_ids_used_twice(sieve, table)
    table = _with_capacities(sieve, table, source)
    if sieve.rows.empty:
        action: Action = "noted" if source.optional else "refused"
        sieve.problems.append(Problem("no_usable_facility", action, source.name))
    account = sieve.account(used=len(sieve.rows))
    return Reading(conform(table, FACILITIES), tuple(sieve.problems), account)


def repeated(table: gpd.GeoDataFrame) -> pd.Series:
    """For each facility the position of an earlier one that it repeats, else -1.

    The same service and the same name (as `normal` compares them) within 20 m; a facility
    without a name repeats none.
    """
    points = shapely.get_coordinates(shapely.point_on_surface(table.geometry.to_numpy()))
    named = pd.DataFrame({"service": table["service"], "name": normals(table["name"])})
    named = named.reset_index(drop=True)
    first = pd.Series(-1, index=named.index)
    alike = named.duplicated(keep=False) & (named["name"] != "")
    for _, group in named[alike].groupby(["service", "name"], sort=False):
        kept: list[int] = []
        for position in group.index:
            lon, lat = points[kept].T
            here = np.broadcast_to(points[position], (len(kept), 2)).T
            near = geodesic_m(lon, lat, here[0], here[1]) <= DUPLICATE_WITHIN_M
            if near.any():
                first[position] = kept[int(near.argmax())]
            else:
                kept.append(position)
    return first


def _unknown_services(source: FacilitySource, services: Collection[str]) -> list[Problem]:
    named = [("service", source.service)] if source.service else []
    named += [(f"services.{value}", one) for value, given in _mapped(source) for one in given]
    return [
        Problem(
            "service_unknown",
            "refused",
            source.name,
            column=f"facilities.{key}",
            value=service,
            details={"nearest": nearest(service, services) or "-"},
        )
        for key, service in named
        if service not in services
    ]


def _mapped(source: FacilitySource) -> list[tuple[str, tuple[str, ...]]]:
    """The values of the category column, and the services of each."""
    return [
        (value, (given,) if isinstance(given, str) else given)
        for value, given in source.services.items()
    ]


def _exclude_closed(sieve: Sieve[gpd.GeoDataFrame], source: FacilitySource) -> None:
    if source.status is not None:
        closed = normals(sieve.rows[source.status]).isin(CLOSED)
        sieve.exclude(closed.to_numpy(dtype=bool), "closed", source.status)


def _exclude_unmapped(sieve: Sieve[gpd.GeoDataFrame], source: FacilitySource) -> None:
    """Leave out categories mapped to nothing, counted, and those not mapped, row by row."""
    if source.category is None:
        return
    mapped = {normal(value): given for value, given in _mapped(source)}
    categories = normals(sieve.rows[source.category]).map(mapped)
    sieve.exclude(categories.isna().to_numpy(dtype=bool), "category_unmapped", source.category)
    unwanted = categories[categories.notna()].map(len).to_numpy(dtype=int) == 0
    for value, count in sieve.rows[source.category][unwanted].value_counts(sort=False).items():
        details = {"count": int(count)}
        sieve.problems.append(
            Problem(
                "category_unwanted",
                "excluded",
                source.name,
                column=source.category,
                value=str(value),
                details=details,
            )
        )
    sieve.rows = sieve.rows[~unwanted]


def _exclude_lines(sieve: Sieve[gpd.GeoDataFrame]) -> None:
    kinds = sieve.rows.geom_type
    other = (~kinds.isin(PLACE_KINDS)).to_numpy(dtype=bool)
    sieve.exclude(other, "geometry_kind", "", kinds[other].tolist())


def _with_ids(sieve: Sieve[gpd.GeoDataFrame], source: FacilitySource) -> gpd.GeoDataFrame:
    """Ids as the file has them, else file stem and row."""
    rows = sieve.rows
    made = [f"{source.path.stem}-{row}" for row in rows.index]
    if source.id is None:
        return rows.assign(facility_id=made)
    without = blank(rows[source.id])
    sieve.book(without, "id_blank", "repaired", source.id)
    return rows.assign(facility_id=np.where(without, made, rows[source.id]))


def _per_service(rows: gpd.GeoDataFrame, source: FacilitySource) -> gpd.GeoDataFrame:
    """One row for each facility and service, still indexed by the row of the file."""
    if source.category is None:
        offered = pd.Series([(source.service,)] * len(rows), index=rows.index, dtype=object)
    else:
        services = {normal(value): tuple(dict.fromkeys(given)) for value, given in _mapped(source)}
        offered = normals(rows[source.category]).map(services)
    return gpd.GeoDataFrame(
        {
            "facility_id": rows["facility_id"],
            "service": offered,
            "name": rows[source.name_column] if source.name_column else "",
            "status": rows[source.status] if source.status else "",
            "source": source.name,
            "source_row": [str(row) for row in rows.index],
            "geometry": rows.geometry,
        },
        index=rows.index,
        crs=GEOGRAPHIC,
    ).explode("service")


def _exclude_repeated(sieve: Sieve[gpd.GeoDataFrame], table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """`table` without repetitions; a row of the file of which nothing is left is excluded."""
    first = repeated(table).to_numpy()
    left = table[first < 0]
    gone = np.asarray(~sieve.rows.index.isin(left.index), dtype=bool)
    originals = pd.Series(table["source_row"].to_numpy()[first], index=table.index)
    originals = originals[~originals.index.duplicated()]
    names = table["name"][~table.index.duplicated()]
    rows = sieve.rows.index[gone]
    details = [{"first": originals[row]} for row in rows]
    sieve.exclude(gone, "duplicate", "", names[rows].tolist(), details)
    return left


def _refuse_ids_used_twice(
    sieve: Sieve[gpd.GeoDataFrame], table: gpd.GeoDataFrame
) -> gpd.GeoDataFrame:
    """Refuse every later facility with the id of an earlier one, and leave it out of `table`."""
    ids = sieve.rows["facility_id"]
    twice: Mask = ids.duplicated().to_numpy(dtype=bool)
    sieve.book(twice, "id_twice", "refused", "id", ids[twice].tolist())
    sieve.rows = sieve.rows[~twice]
    return table[table.index.isin(sieve.rows.index)]


def _with_capacities(
    sieve: Sieve[gpd.GeoDataFrame], table: gpd.GeoDataFrame, source: FacilitySource
) -> gpd.GeoDataFrame:
    """Capacities as numbers; what is written but is none (or is below 0) is left empty."""
    for capacity in CAPACITIES:
        column = getattr(source, capacity)
        if column is None:
            continue
        values, bad = numbers(sieve.rows[column])
        bad |= values < 0
        sieve.book(bad & ~blank(sieve.rows[column]), "capacity_unreadable", "repaired", column)
        readable = pd.Series(np.where(bad, np.nan, values), index=sieve.rows.index)
        table = table.assign(**{capacity: readable.loc[table.index].to_numpy()})
    return table
