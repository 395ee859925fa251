"""Our walks beside those of Valhalla, an independent engine: a thousand pairs in each real place.

    python -m venv engine && engine/bin/pip install pyvalhalla-weekly
    python scripts/compare_engines.py DATA --engine engine/bin/python [--pairs 1000]

DATA is the folder of real data.  Valhalla is asked for the shortest way on foot between places on
streets.  Printed are the distribution of the differences and the ten largest with their places;
it is no dependency of this package, and runs in a Python of its own.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import osmium
import shapely

import lifecircle as lc
from lifecircle.base.geo import unproject
from lifecircle.network.attach import attach
from lifecircle.network.network import WalkNetwork
from lifecircle.network.rules import Flag
from lifecircle.network.search import NearestSearch

PLACES = {
    "Wujiaochang": "shanghai/osm/wujiaochang.osm",
    "Newport": "newport/newport-2023-06-13.osm.pbf",
    "Porto Alegre": "porto-alegre/poa_osm.pbf",
}
SEED, FURTHEST_M = 4, 3000.0

ENGINE = """
import json, subprocess, sys, tarfile
from pathlib import Path
import valhalla
folder, pbf = Path(sys.argv[1]), sys.argv[2]
(folder / "tiles").mkdir()
(folder / "tiles.tar").touch()
config = valhalla.get_config(str(folder / "tiles.tar"), str(folder / "tiles"), verbose=False)
own = folder / "valhalla.json"
own.write_text(json.dumps(config))
program = Path(valhalla.__file__).parent / "bin" / "valhalla_build_tiles"
build = [str(program), "-c", str(own), pbf]
done = subprocess.run(build, capture_output=True, text=True)
if done.returncode:
    sys.exit(done.stdout[-2000:] + done.stderr[-2000:])
with tarfile.open(folder / "tiles.tar", "w") as tar:
    for tile in sorted((folder / "tiles").rglob("*.gph")):
        tar.add(tile, tile.relative_to(folder / "tiles"))
actor = valhalla.Actor(str(own))
answers = []
for start, end in json.loads(sys.stdin.read()):
    places = [
        {"lon": lon, "lat": lat, "node_snap_tolerance": 0, "minimum_reachability": 1}
        for lon, lat in (start, end)
    ]
    # Valhalla's pedestrians take time; `shortest` asks for metres.
    asked = {
        "locations": places,
        "costing": "pedestrian",
        "costing_options": {"pedestrian": {"shortest": True}},
        "units": "kilometers",
    }
    try:
        trip = actor.route(asked)
        answers.append(1000 * trip["trip"]["summary"]["length"])
    except Exception as error:
        answers.append(None)
print(json.dumps({"version": valhalla.__version__, "metres": answers}))
"""


def random_pairs(network: WalkNetwork, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Places on ground-level public streets of the largest component, in metres of the crs."""
    rng = np.random.default_rng(SEED)
    plain = ~network.has(Flag.PRIVATE | Flag.OFF_GROUND | Flag.ACROSS)
    largest = network.component == network.component[np.argmax(network.component_m)]
    edges = np.flatnonzero(plain & largest & (network.length_m > 20))
    weights = network.length_m[edges] / network.length_m[edges].sum()
    starts: list[np.ndarray] = []
    ends: list[np.ndarray] = []
    while len(starts) < count:
        lines = network.lines[rng.choice(edges, 2, p=weights)]
        spots = shapely.line_interpolate_point(lines, rng.uniform(0.2, 0.8, 2), normalized=True)
        one, other = shapely.get_coordinates(spots)
        if 100 < np.hypot(*(one - other)) < FURTHEST_M:
            starts.append(one)
            ends.append(other)
    return np.array(starts), np.array(ends)


def our_metres(network: WalkNetwork, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Metres of each pair."""
    places = attach(network, starts[:, 0], starts[:, 1], 5.0, 0.0)
    search = NearestSearch(network, attach(network, ends[:, 0], ends[:, 1], 5.0, 0.0))
    metres = []
    for number in range(len(starts)):
        own = places.of(np.array([number]))
        found = search.nearest(own, search.graph.starts(own), np.array([number]))
        metres.append(float(found[0][0]))
    return np.array(metres)


def their_metres(
    engine: str, path: Path, starts: np.ndarray, ends: np.ndarray
) -> tuple[str, np.ndarray]:
    """Valhalla's version, and its metres of each pair; NaN where it finds no way."""
    with tempfile.TemporaryDirectory() as folder:
        pbf = Path(folder) / "town.osm.pbf"
        with osmium.SimpleWriter(str(pbf)) as writer:
            for item in osmium.FileProcessor(path):
                writer.add(item)
        pairs = np.stack([starts, ends], axis=1).tolist()
        run = subprocess.run(
            [engine, "-c", ENGINE, folder, str(pbf)],
            input=json.dumps(pairs), capture_output=True, text=True, check=False,
        )  # fmt: skip
    if run.returncode:
        raise SystemExit(run.stderr)
    said = json.loads(run.stdout.splitlines()[-1])
    metres = [np.nan if one is None else one for one in said["metres"]]
    return str(said["version"]), np.array(metres, dtype=float)


def compare(name: str, path: Path, engine: str, count: int) -> None:
    """Print what differs in one place."""
    network = lc.read_network(path)
    starts, ends = random_pairs(network, count)
    degrees = [np.column_stack(unproject(*xy.T, network.crs)) for xy in (starts, ends)]
    ours = our_metres(network, starts, ends)
    version, theirs = their_metres(engine, path, *degrees)
    both = np.isfinite(ours) & np.isfinite(theirs)
    difference = (ours - theirs)[both]
    print(f"\n{name}: Valhalla {version}, {count} pairs, both found {both.sum()}")
    print(f"  only we: {(np.isfinite(ours) & ~np.isfinite(theirs)).sum()}, "
          f"only Valhalla: {(~np.isfinite(ours) & np.isfinite(theirs)).sum()}")  # fmt: skip
    shares = [float((np.abs(difference) <= limit).mean()) for limit in (1, 5, 20, 100)]
    print("  within 1, 5, 20, 100 m: " + ", ".join(f"{share:.1%}" for share in shares))
    quantiles = np.quantile(difference, [0, 0.05, 0.25, 0.5, 0.75, 0.95, 1])
    print("  ours − theirs, quantiles 0 5 25 50 75 95 100 %: "
          + ", ".join(f"{value:.1f}" for value in quantiles))  # fmt: skip
    for row in np.argsort(-np.abs(np.where(both, ours - theirs, 0)))[:10]:
        at = ", ".join(f"{value:.6f}" for value in (*degrees[0][row], *degrees[1][row]))
        print(f"  {ours[row]:8.1f} m against {theirs[row]:8.1f} m: {at}")


def main() -> None:
    """Compare in every place."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--engine", required=True, help="a Python that has pyvalhalla-weekly")
    parser.add_argument("--pairs", type=int, default=1000)
    parser.add_argument("--place", choices=PLACES)
    chosen = parser.parse_args()
    for name, path in PLACES.items():
        if chosen.place in (None, name):
            compare(name, chosen.data / path, chosen.engine, chosen.pairs)


if __name__ == "__main__":
    main()
