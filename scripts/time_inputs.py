"""Seconds to read, convert, check and attach a facility list of 100,000 rows.

python scripts/time_inputs.py --data ../shared/data --rows 100000
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import geopandas as gpd
import numpy as np

from lifecircle.inputs.datum import wgs84_to_gcj02
from lifecircle.inputs.facilities import read_facility_file
from lifecircle.inputs.hypotheses import Witnesses
from lifecircle.inputs.osm_network import read_network
from lifecircle.inputs.read import areas_of
from lifecircle.network.attach import attach
from lifecircle.sources import FacilitySource, UnitsSource

CITY = (121.2, 31.0, 121.8, 31.4)
"""West, south, east, north of the part of Shanghai over which the list is spread."""


def write_list(path: Path, rows: int, box: tuple[float, float, float, float]) -> None:
    """`rows` places in GCJ-02 spread over `box`, with a name and a number of beds."""
    chance = np.random.default_rng(1)
    west, south, east, north = box
    lon, lat = wgs84_to_gcj02(chance.uniform(west, east, rows), chance.uniform(south, north, rows))
    places = zip(lon, lat, strict=True)
    lines = [f"机构{i},{x:.6f},{y:.6f},{i % 300}" for i, (x, y) in enumerate(places)]
    path.write_text("\n".join(["名称,经度,纬度,床位数", *lines]) + "\n", encoding="utf-8")


def main() -> None:
    """Print the seconds of each step."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--rows", type=int, default=100_000)
    arguments = parser.parse_args()
    network = read_network(arguments.data / "shanghai/osm/wujiaochang.osm")
    units = UnitsSource.model_validate(
        {
            "path": arguments.data / "shanghai/boundaries/streets-8-districts.geojson",
            "id": "official_control_code_2023",
            "name": "official_control_name_2023",
            "parent": "district",
        }
    )
    witnesses = Witnesses(areas_of(units, gpd.GeoDataFrame()), network)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "list.csv"
        write_list(path, arguments.rows, CITY)
        start, worked = time.perf_counter(), time.process_time()
        source = FacilitySource(path=path, service="home", datum="gcj02")
        reading = read_facility_file(source, ("home",), witnesses=witnesses)
        middle = time.perf_counter()
        points = reading.table.geometry.to_crs(network.crs)
        attached = attach(network, points.x.to_numpy(), points.y.to_numpy())
        end, worked = time.perf_counter(), time.process_time() - worked
    print(f"rows read {reading.account.rows_read:,}, used {reading.account.rows_used:,}, ")
    print(f"attached {int(attached.found.sum()):,}")
    print(
        f"read, converted, checked {middle - start:.2f} s, attached {end - middle:.2f} s, ", end=""
    )
    print(f"together {end - start:.2f} s, of which at work {worked:.2f} s")


if __name__ == "__main__":
    main()
