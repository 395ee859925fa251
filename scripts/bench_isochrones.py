"""Milliseconds for an isochrone polygon of 1,000 m: lifecircle, Valhalla and the OSMnx recipe.

The same 1,000 places of Porto's metropolitan area, one process, processor seconds.  Reading
streets and building tiles are printed apart, since they are done once.

    python scripts/bench_isochrones.py DATA_FOLDER [--origins 1000] [--recipe 50]
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from compare_isochrones import Valhalla, random_origins, recipe, valhalla_version

import lifecircle as lc
from lifecircle.base.geo import unproject

LIMIT_M = 1000.0


def seconds(work: Callable[[], object]) -> float:
    """Processor seconds of `work`."""
    began = time.process_time()
    work()
    return time.process_time() - began


def line(what: str, spent: float, count: int) -> None:
    """One result."""
    print(f"{what:<44}{1000 * spent / count:9.2f} ms each  ({count} polygons)", flush=True)


def main() -> None:
    """Print what each engine takes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--origins", type=int, default=1000)
    parser.add_argument("--recipe", type=int, default=50)
    arguments = parser.parse_args()
    extract = arguments.data / "porto-metro" / "porto_portugal.osm.pbf"
    began = time.process_time()
    network = lc.read_network(extract)
    print(f"streets read in {time.process_time() - began:.1f} s, {network.edge_count} edges")
    points = random_origins(network, arguments.origins)
    for limits in ([LIMIT_M], [300.0, 500.0, LIMIT_M]):
        spent = seconds(lambda limits=limits: lc.isochrones(network, points, limits_m=limits))
        line(f"lifecircle, {len(limits)} limit(s) an origin", spent, len(points))
    spent = seconds(lambda: lc.isochrones(network, points, limits_m=[LIMIT_M], kind="lines"))
    line("lifecircle, reached streets only", spent, len(points))
    x, y = points.geometry.x.to_numpy(), points.geometry.y.to_numpy()
    _valhalla(extract, *unproject(x, y, network.crs))
    ring, few = recipe(network), min(arguments.recipe, len(points))
    line("OSMnx recipe", seconds(lambda: _each(ring, x[:few], y[:few])), few)
    print(f"most memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


def _each(ring: Callable[[float, float, float], object], x: np.ndarray, y: np.ndarray) -> None:
    for place in zip(x.tolist(), y.tolist(), strict=True):
        ring(*place, LIMIT_M)


def _valhalla(extract: Path, lon: np.ndarray, lat: np.ndarray) -> None:
    if not valhalla_version():
        print("Valhalla: not installed (pip install pyvalhalla-weekly)")
        return
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        actor = Valhalla(extract, Path(folder))
        print(f"Valhalla's tiles built in {time.perf_counter() - began:.1f} s (wall)")
        spent = seconds(lambda: _each(actor.ring, lon, lat))
    line(f"pyvalhalla-weekly {valhalla_version()}", spent, len(lon))


if __name__ == "__main__":
    main()
