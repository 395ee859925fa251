"""Neighbourhood offices (居村委) as demand: Pudong measures from them, each of one weight."""

from __future__ import annotations

from dataclasses import replace

import geopandas as gpd
import pandas as pd
import shapely
from pyproj import CRS

from lifecircle.base.geo import GEOGRAPHIC
from lifecircle.base.problems import refuse_if_any
from lifecircle.base.tables import DEMAND, conform
from lifecircle.inputs.demand import DemandReading
from lifecircle.inputs.facilities import read_facility_file
from lifecircle.inputs.hypotheses import Witnesses
from lifecircle.inputs.pieces import Ground, point_pieces
from lifecircle.sources import FacilitySource, OfficeSource

OFFICE = "office"


def with_offices(
    demand: DemandReading,
    source: OfficeSource | None,
    units: gpd.GeoDataFrame,
    crs: CRS,
    extent: shapely.Geometry,
    witnesses: Witnesses | None = None,
) -> DemandReading:
    """`demand` with a point of weight 1 for each office of `source` that lies in a unit.

    `witnesses` tell the datum of a file that declares none.  Raises `InputRefused` where the
    file cannot be used.
    """
    if source is None:
        return demand
    content = source.model_dump(by_alias=True) | {"service": OFFICE}
    facilities = FacilitySource.model_validate(content)
    reading = read_facility_file(facilities, (OFFICE,), witnesses=witnesses)
    refuse_if_any(reading.problems)
    rows = reading.table.to_crs(crs)[["facility_id", "geometry"]]
    rows = rows.rename(columns={"facility_id": "key"}).assign(offices=1.0)
    pieces = point_pieces(source, rows, Ground.of(units, crs, extent), reading.account.rows_read)
    ids = "office-" + pieces.rows["key"]
    own = conform(pieces.rows.assign(source=source.name, demand_id=ids).to_crs(GEOGRAPHIC), DEMAND)
    table = gpd.GeoDataFrame(pd.concat([demand.table, own], ignore_index=True), crs=GEOGRAPHIC)
    return replace(
        demand,
        table=conform(table, DEMAND),
        problems=(*demand.problems, *reading.problems, *pieces.problems),
        accounts=(*demand.accounts, *pieces.accounts),
    )
