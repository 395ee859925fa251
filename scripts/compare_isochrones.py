"""Isochrones against brute force, and beside what others draw.

Streets are cut into pieces of 1 m, squares into places 4 m apart.  NetworkX, on a graph of its
own, says how far each is from each of 200 origins.  Then: is every reached piece inside the
polygon, is a piece inside for which the definition fails, do the rings nest, are they valid, and
which share of the pieces inside is reached (precision) and of the reached ones is inside (recall),
beside a convex hull, a concave hull, the usual OSMnx recipe, and Valhalla where the package
pyvalhalla-weekly is installed.

    python scripts/compare_isochrones.py DATA_FOLDER [--origins 200]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

import geopandas as gpd
import networkx as nx
import numpy as np
import osmium
import pandas as pd
import shapely
from isochrone_oracle import PIECE_M, Oracle
from scipy.spatial import KDTree

import lifecircle as lc
from lifecircle.base.geo import project, unproject
from lifecircle.network.attach import Attachment, attach
from lifecircle.network.isochrone_ground import resolution_m
from lifecircle.network.rules import Flag

LIMITS_M = (300.0, 500.0, 1000.0)
ACCESS_M = 50.0


def places() -> dict[str, str]:
    """The four places: name and extract; the town comes with the package."""
    return {
        "demo town": str(Path(lc.__file__).parent / "demo" / "synthetic_town.osm.pbf"),
        "Wujiaochang": "shanghai/osm/wujiaochang.osm",
        "Newport": "newport/newport-2023-06-13.osm.pbf",
        "Porto Alegre": "porto-alegre/poa_osm.pbf",
    }


def random_origins(network: lc.WalkNetwork, count: int, seed: int = 8) -> gpd.GeoDataFrame:
    """Points beside streets of the largest component, anywhere along them, 0 to 30 m away."""
    rng = np.random.default_rng(seed)
    large = (network.component_m == network.component_m.max()) & ~network.has(Flag.ACROSS)
    edges = np.flatnonzero(large & (network.length_m > 0))
    share = network.length_m[edges] / network.length_m[edges].sum()
    edge = rng.choice(edges, count, p=share)
    at = shapely.line_interpolate_point(network.lines[edge], rng.random(count), normalized=True)
    angle, away = rng.random(count) * 2 * np.pi, rng.random(count) * 30
    x = shapely.get_x(at) + away * np.cos(angle)
    y = shapely.get_y(at) + away * np.sin(angle)
    points = gpd.points_from_xy(x, y)
    return gpd.GeoDataFrame({"id": np.arange(count)}, geometry=points, crs=network.crs)


def check(
    polygon: shapely.Geometry, xy: np.ndarray, metres: np.ndarray, street: np.ndarray, limit: float
) -> dict[str, float]:
    """Reached pieces outside, and pieces inside for which the definition fails, with distances.

    A piece stands for half a metre to each side, so a sum of distances is known to 1 m.
    """
    shapely.prepare(polygon)
    reached = metres <= limit
    points = shapely.points(xy)
    inside = shapely.intersects(polygon, points)
    outside = shapely.distance(points[reached & street & ~inside], polygon)
    doubtful = np.flatnonzero(inside & ~reached & street)
    spare = np.full(len(doubtful), np.inf)
    tree, walk = KDTree(xy[reached]), metres[reached]
    for number, piece in enumerate(doubtful):
        near = tree.query_ball_point(xy[piece], ACCESS_M + PIECE_M)
        if near:
            away = np.hypot(*(tree.data[near] - xy[piece]).T)
            spare[number] = (walk[near] + away).min() - limit
    over = np.where(np.isfinite(spare), spare, 1e9)
    return {
        "reached": int((reached & street).sum()),
        "outside": int((outside > resolution_m(ACCESS_M)).sum()),
        "farthest_outside_m": float(outside.max(initial=0)),
        "unreached_inside": len(doubtful),
        "failing": int((over > PIECE_M).sum()),
        "worst_excess_m": float(over.max(initial=-np.inf)) if len(over) else 0.0,
    }


def score(
    polygon: shapely.Geometry, xy: np.ndarray, reached: np.ndarray
) -> tuple[float, float, float]:
    """Precision, recall over pieces, and km²."""
    shapely.prepare(polygon)
    inside = shapely.intersects_xy(polygon, *xy.T)
    both = (inside & reached).sum()
    return both / max(inside.sum(), 1), both / max(reached.sum(), 1), polygon.area / 1e6


def recipe(network: lc.WalkNetwork) -> Callable[[float, float, float], shapely.Geometry]:
    """What tutorials do with an OSMnx graph: nearest node, ego graph, buffers of 25 and 50 m."""
    graph = nx.MultiDiGraph()  # as OSMnx makes it: streets in both directions
    for edge in np.flatnonzero(~network.has(Flag.ACROSS)):
        tail, head = int(network.edge_from[edge]), int(network.edge_to[edge])
        own = {"length": float(network.length_m[edge]), "geometry": network.lines[edge]}
        graph.add_edge(tail, head, **own)
        graph.add_edge(head, tail, **own)
    nodes = np.array(graph.nodes)
    xy = np.column_stack([network.node_x[nodes], network.node_y[nodes]])
    tree = KDTree(xy)

    def ring(x: float, y: float, limit: float) -> shapely.Geometry:
        start = nodes[tree.query([x, y])[1]]
        part = nx.ego_graph(graph, start, radius=limit, distance="length")
        ends = np.array(part.nodes)
        points = gpd.GeoSeries(gpd.points_from_xy(network.node_x[ends], network.node_y[ends]))
        ways = gpd.GeoSeries([edge["geometry"] for *_, edge in part.edges(data=True)])
        shapes = pd.concat([points.buffer(50), ways.buffer(25)])
        return gpd.GeoSeries(shapes).union_all()

    return ring


class Valhalla:
    """Pedestrian isochrones of Valhalla, on tiles built from the same extract."""

    name = "pyvalhalla-weekly"

    def __init__(self, extract: Path, folder: Path) -> None:
        import valhalla

        source = folder / "streets.osm.pbf"
        with osmium.SimpleWriter(str(source)) as writer:
            for item in osmium.FileProcessor(str(extract)):
                writer.add(item)
        tiles = folder / "tiles"
        tiles.mkdir()
        config = valhalla.get_config(tile_extract="", tile_dir=str(tiles))
        config["service_limits"]["isochrone"]["max_contours"] = 4
        path = folder / "valhalla.json"
        path.write_text(json.dumps(config), encoding="utf-8")
        build = Path(valhalla.__file__).parent / "bin" / "valhalla_build_tiles"
        subprocess.run([build, "-c", path, source], check=True, capture_output=True)
        self.actor = valhalla.Actor(str(path))

    def ring(self, lon: float, lat: float, limit: float) -> shapely.Geometry:
        """The polygon of a limit in metres, in degrees."""
        answer = self.actor.isochrone(
            {
                "locations": [{"lon": lon, "lat": lat}],
                "costing": "pedestrian",
                "contours": [{"distance": limit / 1000}],
                "polygons": True,
                "reverse": True,
            }
        )
        features = (
            answer["features"] if isinstance(answer, dict) else json.loads(answer)["features"]
        )
        shapes = [shapely.geometry.shape(feature["geometry"]) for feature in features]
        return shapely.make_valid(shapely.union_all(shapely.make_valid(np.array(shapes))))


def valhalla_version() -> str:
    """The version at hand, or nothing."""
    if find_spec("valhalla") is None:
        return ""
    try:
        return version("pyvalhalla-weekly")
    except PackageNotFoundError:
        return version("pyvalhalla")


def compare(name: str, extract: Path, count: int, folder: Path) -> Iterator[str]:
    """All figures of one place, line by line."""
    network = lc.read_network(extract)
    points = random_origins(network, count)
    x, y = points.geometry.x.to_numpy(), points.geometry.y.to_numpy()
    at = attach(network, x, y)
    began = time.process_time()
    rings = lc.isochrones(network, points, limits_m=LIMITS_M, access_m=ACCESS_M)
    seconds = time.process_time() - began
    valid, nest, hold = geometry_facts(network, rings, at)
    yield (
        f"{name}: {network.edge_count} edges, {count} origins × {len(LIMITS_M)} rings, "
        f"{1000 * seconds / count:.1f} ms an origin; invalid {valid}, not nested {nest}, "
        f"origin's street place outside {hold}"
    )
    oracle = Oracle(network)
    rivals = make_rivals(network, extract, folder)
    own = rings.to_crs(network.crs).geometry.to_numpy().reshape(count, -1)
    facts, scores = [], []
    for row in np.flatnonzero(at.found):
        xy, metres, street = oracle.labels(at, row, LIMITS_M[-1])
        for number, limit in enumerate(LIMITS_M):
            facts.append({"limit": limit, **check(own[row, number], xy, metres, street, limit)})
        shapes = {"lifecircle": own[row, -1]}
        reached = (metres <= LIMITS_M[-1]) & street
        hull = shapely.multipoints(xy[reached])
        shapes["convex hull"] = shapely.convex_hull(hull)
        shapes["concave hull (0.3)"] = shapely.concave_hull(hull, ratio=0.3)
        for rival, ring in rivals.items():
            shapes[rival] = ring(x[row], y[row], LIMITS_M[-1])
        for title, shape in shapes.items():
            scores.append((title, *score(shape, xy[street], reached[street])))
    yield (
        pd.DataFrame(facts)
        .groupby("limit")
        .agg(
            {
                "reached": "sum",
                "outside": "sum",
                "farthest_outside_m": "max",
                "unreached_inside": "sum",
                "failing": "sum",
                "worst_excess_m": "max",
            }
        )
        .to_string(float_format="{:.3f}".format)
    )
    table = pd.DataFrame(scores, columns=["polygon (1,000 m)", "precision", "recall", "km²"])
    yield (
        table.groupby("polygon (1,000 m)", sort=False)
        .mean()
        .to_string(float_format="{:.3f}".format)
    )


def geometry_facts(
    network: lc.WalkNetwork, rings: gpd.GeoDataFrame, at: Attachment
) -> tuple[int, int, int]:
    """How many rings are invalid, miss a smaller one, or miss where the origin attaches."""
    shapes = rings.geometry.to_numpy().reshape(len(at.edge), -1)
    # An origin that is attached nowhere has empty rings; GEOS says that nothing covers those.
    nest = ~shapely.covers(shapes[:, 1:], shapes[:, :-1]) & ~shapely.is_empty(shapes[:, :-1])
    flat = rings.to_crs(network.crs).geometry.to_numpy().reshape(shapes.shape)
    starts = shapely.points(at.x, at.y)
    smallest = np.array([min(limit for limit in LIMITS_M)])
    hold = shapely.distance(flat[:, 0], starts) > 1e-3
    hold &= at.found & (at.leg_m < smallest[0])
    return int((~shapely.is_valid(shapes)).sum()), int(nest.sum()), int(hold.sum())


def make_rivals(
    network: lc.WalkNetwork, extract: Path, folder: Path
) -> dict[str, Callable[[float, float, float], shapely.Geometry]]:
    """What else draws isochrones, each as a function of a place in metres and a limit."""
    rivals = {"OSMnx recipe": recipe(network)}
    if valhalla_version():
        actor = Valhalla(extract, folder)

        def ring(x: float, y: float, limit: float) -> shapely.Geometry:
            lon, lat = unproject(np.array([x]), np.array([y]), network.crs)
            shape = actor.ring(float(lon[0]), float(lat[0]), limit)

            def metres(degrees: np.ndarray) -> np.ndarray:
                return np.column_stack(project(degrees[:, 0], degrees[:, 1], network.crs))

            return shapely.make_valid(shapely.transform(shape, metres))

        rivals[f"Valhalla ({valhalla_version()})"] = ring
    return rivals


def main() -> None:
    """Print the comparison of every place."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--origins", type=int, default=200)
    parser.add_argument("--only", default="")
    arguments = parser.parse_args()
    if not valhalla_version():
        print("Valhalla: not installed (pip install pyvalhalla-weekly)")
    for name, extract in places().items():
        if arguments.only and arguments.only != name:
            continue
        with tempfile.TemporaryDirectory() as folder:
            path = arguments.data / extract
            for text in compare(name, path, arguments.origins, Path(folder)):
                print(text, flush=True)
        print()


if __name__ == "__main__":
    main()
