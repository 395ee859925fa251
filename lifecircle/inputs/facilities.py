"""Facilities from a table or a vector file."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from lifecircle.base.geo import GEOGRAPHIC, geodesic_m
from lifecircle.base.problems import Action, Problem
from lifecircle.base.tables import FACILITIES, conform
from lifecircle.inputs.categories import give_services, unknown_services
from lifecircle.inputs.cells import Mask, blank, leading_number, normals, numbers
from lifecircle.inputs.hypotheses import Witnesses
from lifecircle.inputs.institutions import settle_sites
from lifecircle.inputs.names import note_alike, note_dates
from lifecircle.inputs.places import read_places
from lifecircle.inputs.reading import Reading
from lifecircle.inputs.sieve import Sieve
from lifecircle.inputs.suspicious import exclude_fallbacks, note_outside_stated
from lifecircle.inputs.units import NOT_AN_ID
from lifecircle.sources import FacilitySource
from lifecircle.standards.catalogue import Standard

CAPACITIES = ("beds", "places", "floor_area_m2")
KNOWN = (
    "name", "address", "district", "street", "status", "typecode", "institution", *CAPACITIES
)  # fmt: skip
"""Roles whose columns are found by their usual names where the study declares none."""

CLOSED = frozenset(
    {"停业", "关闭", "已停业", "已关闭", "暂停营业", "撤销", "已撤销", "注销", "已注销", "歇业",
     "closed", "permanentlyclosed"}
)  # fmt: skip
PLACE_KINDS = ("Point", "MultiPoint", "Polygon", "MultiPolygon")
DUPLICATE_WITHIN_M = 20.0

Columns = Mapping[str, str | None]


def read_facility_file(
    source: FacilitySource,
    services: Collection[str],
    standard: Standard | None = None,
    witnesses: Witnesses | None = None,
) -> Reading[gpd.GeoDataFrame]:
    """FACILITIES in EPSG:4326: one row for each facility and service; polygons stay polygons.

    `services` are the ids that may be named; `standard` holds the names that `classify` asks
    for, and `witnesses` tell the datum.  Closed facilities, rows that offer no service, places
    that cannot be read or that a geocoder made up, and repetitions (same service and name within
    20 m) are excluded row by row; sites of one institution farther apart stay.  The source is
    refused, in `problems`, for a service there is not, a datum that nobody tells or that its rows
    contradict, an id used twice, too many unreadable coordinates or unmapped categories, or no
    usable row (unless it is optional).  Only columns with a role are kept.  Raises `InputRefused`
    where the file cannot be read or lacks a column.
    """
    roles = {
        "category": source.category,
        "id": source.id,
        "lon": source.lon,
        "lat": source.lat,
        **{role: getattr(source, role) for role in KNOWN if role not in ("name", "typecode")},
        "name": source.name_column,
        "typecode": None,
    }
    known = (*KNOWN, "category") if source.classify == "service" else KNOWN
    places = read_places(source, roles, known, witnesses)
    sieve, column = places.sieve, places.column
    sieve.problems += unknown_services(source, services)
    _exclude_closed(sieve, column.get("status"))
    exclude_fallbacks(places)
    note_outside_stated(places, witnesses)
    give_services(sieve, source, column, standard)
    _exclude_lines(sieve)
    sieve.rows = _with_ids(sieve, source, column)
    table = _exclude_repeated(sieve, _per_service(sieve.rows, source, column))
    table = _refuse_ids_used_twice(sieve, table)
    _note_entrances(sieve)
    note_dates(sieve, column.get("name"))
    note_alike(sieve, table)
    table = _with_capacities(sieve, table, column)
    table = settle_sites(sieve, table, source, column, CAPACITIES)
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


def _exclude_closed(sieve: Sieve[gpd.GeoDataFrame], column: str | None) -> None:
    if column is not None:
        closed = normals(sieve.rows[column]).isin(CLOSED)
        sieve.exclude(closed.to_numpy(dtype=bool), "closed", column)


def _exclude_lines(sieve: Sieve[gpd.GeoDataFrame]) -> None:
    kinds = sieve.rows.geom_type
    other = (~kinds.isin(PLACE_KINDS)).to_numpy(dtype=bool)
    sieve.exclude(other, "geometry_kind", "", kinds[other].tolist())


def _with_ids(
    sieve: Sieve[gpd.GeoDataFrame], source: FacilitySource, column: Columns
) -> gpd.GeoDataFrame:
    """Ids as the file has them, else file stem and row."""
    rows, stem = sieve.rows, source.path.stem
    made = [f"{stem}-{row}" for row in rows.index.tolist()]
    own = column["id"]
    if own is None:
        return rows.assign(facility_id=made)
    without = blank(rows[own])
    sieve.book(without, "id_blank", "repaired", own)
    rounded = np.array([NOT_AN_ID.fullmatch(cell) is not None for cell in rows[own]], dtype=bool)
    sieve.book(rounded, "id_number", "refused", own)
    return rows.assign(facility_id=np.where(without, made, rows[own]))


def _per_service(
    rows: gpd.GeoDataFrame, source: FacilitySource, column: Columns
) -> gpd.GeoDataFrame:
    """One row for each facility and service, still indexed by the row of the file."""
    name, status = column.get("name"), column.get("status")
    return gpd.GeoDataFrame(
        {
            "facility_id": rows["facility_id"],
            "service": rows["offered"],
            "name": rows[name] if name else "",
            "status": rows[status] if status else "",
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


def _note_entrances(sieve: Sieve[gpd.GeoDataFrame]) -> None:
    """Note how many facilities are given as several points, each of them an entrance."""
    many = int((sieve.rows.geom_type == "MultiPoint").sum())
    if many:
        details = {"count": many}
        sieve.problems.append(Problem("entrances_many", "noted", sieve.source, details=details))


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
    sieve: Sieve[gpd.GeoDataFrame], table: gpd.GeoDataFrame, column: Columns
) -> gpd.GeoDataFrame:
    """Capacities as numbers: `约120张` is 120; what is no number, or below 0, is left empty."""
    for capacity in CAPACITIES:
        own = column.get(capacity)
        if own is None:
            continue
        values, bad = numbers(sieve.rows[own])
        values[bad] = [leading_number(cell) for cell in sieve.rows[own][bad].tolist()]
        read = bad & np.isfinite(values)
        sieve.book(read, "capacity_with_words", "repaired", own)
        bad = (bad & ~read) | (values < 0)
        sieve.book(bad & ~blank(sieve.rows[own]), "capacity_unreadable", "repaired", own)
        readable = pd.Series(np.where(bad, np.nan, values), index=sieve.rows.index)
        table = table.assign(**{capacity: readable.loc[table.index].to_numpy()})
    return table
