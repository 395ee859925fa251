"""One engine doing one piece of work, in a process of its own: what `bench.py` starts.

    python scripts/bench_work.py TASK ENGINE CASE ANSWER

The one line of JSON printed: processor and wall seconds of the work alone and of what it needs
first, the most memory, and versions; the answer is written as an array, to be compared.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

SEED, CAP_M, SERVICE_COUNT, A_SERVICE = 13, 200.0, 12, 500
ORIGINS, RING_M = 1000, 1000.0

Work = Callable[[], Any]
"""Set-up gives the work, the work gives the answer."""


def small_network(case: Path) -> Any:
    """The network of the case, kept beside it."""
    import lifecircle as lc
    from lifecircle.base.cache import cache_in

    with cache_in(case.parent / ".cache"):
        return lc.read_network(case)


# ---- reading: from PBF to a network ----


def read_ours(case: Path) -> Work:
    """`lifecircle.read_network`, nothing kept."""
    from lifecircle.inputs.osm_network import read_network

    return lambda: np.array([read_network(case).node_count])


def read_cached(case: Path) -> Work:
    """The same from the cache."""
    small_network(case)
    return lambda: np.array([small_network(case).node_count])


def read_loop(case: Path) -> Work:
    """The loop that reading is measured by: ways with their nodes and tags, into lists."""
    import osmium

    def work() -> Any:
        refs, lon, lat, tags = [], [], [], []
        ways = osmium.filter.EntityFilter(osmium.osm.WAY)
        keyed = osmium.filter.KeyFilter("highway")
        processor = osmium.FileProcessor(case).with_locations().with_filter(ways)
        for way in processor.with_filter(keyed):
            for node in way.nodes:
                refs.append(node.ref)
                lon.append(node.lon)
                lat.append(node.lat)
            tags.append(dict(way.tags))
        return np.array([len(refs)])

    return work


# ---- attaching: cells to edges ----


def cells(network: Any, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The cells of 100 m nearest to junctions, as their middles."""
    from bench_city import CELL_M, cells_near_streets

    x, y = (cells_near_streets(network, count) + 0.5).T * CELL_M
    return x, y


def attach_ours(case: Path) -> Work:
    """Edges and the places on them; the index is made before, as is the other's tree."""
    from lifecircle.network.nearest import EdgeIndex

    network = small_network(case)
    x, y = cells(network, network.node_count)
    index = EdgeIndex(network, _streets(network))

    def work() -> Any:
        found = index.nearest(x, y, CAP_M)
        return np.column_stack([found.edge, found.metres])

    return work


def attach_rules(case: Path) -> Work:
    """All of `attach`: the index, levels, islands, water and rail, and geodesic legs."""
    from lifecircle.network.attach import attach

    network = small_network(case)
    x, y = cells(network, network.node_count)
    return lambda: attach(network, x, y, CAP_M).edge


def _streets(network: Any) -> np.ndarray:
    """Edges that one can attach to at all."""
    import shapely

    from lifecircle.network.rules import Flag

    return np.flatnonzero((shapely.length(network.lines) > 0) & ~network.has(Flag.ACROSS))


def attach_strtree(case: Path) -> Work:
    """shapely: the nearest line of an STRtree, and the place along it."""
    import shapely

    network = small_network(case)
    x, y = cells(network, network.node_count)
    edges = _streets(network)
    lines = network.lines[edges]
    tree = shapely.STRtree(lines)
    tree.nearest(shapely.Point(x[0], y[0]))  # it is built when it is first asked

    def work() -> Any:
        points = shapely.points(x, y)
        line = tree.nearest(points)
        shapely.line_locate_point(lines[line], points)
        metres = shapely.distance(points, lines[line])
        return np.column_stack([edges[line], np.where(metres <= CAP_M, metres, np.inf)])

    return work


# ---- the nearest of 500 facilities for every junction, twelve times ----


def _search(case: Path) -> tuple[Any, list[np.ndarray]]:
    from lifecircle.network.attach import attach
    from lifecircle.network.search import NearestSearch

    network = small_network(case)
    dice = np.random.default_rng(SEED)
    count = min(A_SERVICE, network.node_count // 20)
    nodes = dice.integers(0, network.node_count, SERVICE_COUNT * count)
    places = attach(network, network.node_x[nodes], network.node_y[nodes], CAP_M, 0.0)
    chosen = np.array_split(np.arange(len(nodes)), SERVICE_COUNT)
    return NearestSearch(network, places), [one[places.found[one]] for one in chosen]


def nearest_ours(case: Path) -> Work:
    """`NearestSearch.at_nodes`: metres and which entrance."""
    search, chosen = _search(case)
    count = search.network.node_count
    return lambda: np.column_stack([search.at_nodes(one)[0][:count] for one in chosen])


def nearest_scipy(case: Path) -> Work:
    """A bare `scipy.sparse.csgraph.dijkstra` on the same matrix, asked for as much."""
    from scipy.sparse.csgraph import dijkstra

    search, chosen = _search(case)
    count, size = search.network.node_count, search.graph.size

    def work() -> Any:
        return np.column_stack(
            [
                dijkstra(
                    search.matrix, indices=size + one, min_only=True, return_predecessors=True
                )[0][:count]
                for one in chosen
            ]
        )

    return work


def nearest_networkx(case: Path) -> Work:
    """NetworkX's multi-source Dijkstra on the same graph."""
    import networkx as nx

    search, chosen = _search(case)
    count, size = search.network.node_count, search.graph.size
    graph = nx.from_scipy_sparse_array(
        search.matrix, create_using=nx.DiGraph, edge_attribute="metres"
    )
    # An arc of no length is an entry of the matrix, and no arc for NetworkX's reader.
    rows = np.repeat(np.arange(search.matrix.shape[0]), np.diff(search.matrix.indptr))
    arcs = zip(rows.tolist(), search.matrix.indices.tolist(), search.matrix.data.tolist(),
               strict=True)  # fmt: skip
    graph.add_weighted_edges_from(arcs, weight="metres")

    def work() -> Any:
        answer = np.full((count, len(chosen)), np.inf)
        for column, one in enumerate(chosen):
            sources = set((size + one).tolist())
            found = nx.multi_source_dijkstra_path_length(graph, sources, weight="metres")
            nodes = np.fromiter(found, dtype=np.int64, count=len(found))
            metres = np.fromiter(found.values(), dtype=float, count=len(found))
            answer[nodes[nodes < count], column] = metres[nodes < count]
        return answer

    return work


def nearest_pandana(case: Path) -> Work:
    """pandana's nearest_pois, its network built as part of the set-up."""
    import pandana
    import pandas as pd

    search, chosen = _search(case)
    network = search.network
    edges = pd.DataFrame({"metres": network.length_m})
    cpu, wall = time.process_time(), time.perf_counter()
    town = pandana.Network(
        pd.Series(network.node_x), pd.Series(network.node_y),
        pd.Series(network.edge_from), pd.Series(network.edge_to), edges,
    )  # fmt: skip
    spent = {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall}
    STAGES.append({"stage": "build", **spent})
    most = 1e6

    def work() -> Any:
        answer = []
        for number, one in enumerate(chosen):
            x, y = search.entrances.x[one], search.entrances.y[one]
            town.set_pois(str(number), most, 1, pd.Series(x), pd.Series(y))
            answer.append(town.nearest_pois(most, str(number), num_pois=1)[1].to_numpy())
        return np.column_stack(answer)

    return work


# ---- isochrones: a polygon of 1,000 m round each of 1,000 places beside streets ----


def _origins(case: Path) -> tuple[Any, Any]:
    from compare_isochrones import random_origins

    network = small_network(case)
    return network, random_origins(network, min(ORIGINS, network.edge_count // 10))


def isochrones_ours(case: Path) -> Work:
    """`lc.isochrones`; the answer of all engines is square metres."""
    import shapely

    import lifecircle as lc

    network, points = _origins(case)

    def work() -> Any:
        rings = lc.isochrones(network, points, limits_m=[RING_M])
        return shapely.area(rings.geometry.to_crs(network.crs).to_numpy())

    return work


def isochrones_recipe(case: Path) -> Work:
    """What tutorials do with an OSMnx graph; see `compare_isochrones.recipe`."""
    from compare_isochrones import recipe

    network, points = _origins(case)
    ring = recipe(network)
    return lambda: np.array([ring(at.x, at.y, RING_M).area for at in points.geometry])


def isochrones_valhalla(case: Path) -> Work:
    """Valhalla on tiles built from the same extract, in degrees."""
    import tempfile

    import valhalla  # noqa: F401  the peer that may be missing
    from compare_isochrones import Valhalla

    from lifecircle.base.geo import unproject

    network, points = _origins(case)
    lon, lat = unproject(points.geometry.x, points.geometry.y, network.crs)
    folder = tempfile.TemporaryDirectory()
    actor = Valhalla(case, Path(folder.name))

    def work() -> Any:
        assert Path(folder.name).is_dir(), "the tiles live as long as this"
        places = zip(lon.tolist(), lat.tolist(), strict=True)
        return np.array([actor.ring(*place, RING_M).area for place in places])

    return work


# ---- the whole city, stage by stage ----


def city_ours(case: Path, keep: bool = False) -> Work:
    """A whole study with everything it writes; the answer is the city's shares."""
    import tempfile

    import lifecircle as lc
    from lifecircle.base.cache import cache_in
    from lifecircle.outputs.results import write_results

    study = lc.load_study(case)

    def work() -> Any:
        marks: list[tuple[str, float, float]] = []

        def mark(stage: str) -> None:
            marks.append((stage, time.process_time(), time.perf_counter()))
            print(stage, f"{_peak_mb()} MB", file=sys.stderr, flush=True)

        with tempfile.TemporaryDirectory() as folder:
            with cache_in(case.parent / ".cache" if keep else None):
                result = lc.run(study, mark)
            write_results(result, Path(folder) / "city", Path(folder) / "city.html", str, mark)
            mark("end")
        STAGES.extend(
            {"stage": name, "cpu": after - before, "wall": then - since}
            for (name, before, since), (_, after, then) in zip(marks, marks[1:], strict=False)
        )
        return result.coverage.loc[result.coverage["level"] == "city", "share"].to_numpy()

    return work


def city_cached(case: Path) -> Work:
    """The same with streets, places and demand kept by an earlier run."""
    import lifecircle as lc
    from lifecircle.base.cache import cache_in
    from lifecircle.inputs.gather import read_inputs
    from lifecircle.inputs.osm_around import read_around

    study = lc.load_study(case)
    with cache_in(case.parent / ".cache"):
        read_inputs(study, lambda _: None)
        read_around(study.network.path)
    return city_ours(case, keep=True)


STAGES: list[dict[str, object]] = []
ENGINES: dict[str, dict[str, Callable[[Path], Work]]] = {
    "read": {"lifecircle": read_ours, "lifecircle, cached": read_cached, "osmium loop": read_loop},
    "attach": {
        "lifecircle": attach_ours,
        "shapely STRtree": attach_strtree,
        "lifecircle, all rules": attach_rules,
    },
    "nearest": {
        "lifecircle": nearest_ours,
        "scipy dijkstra": nearest_scipy,
        "NetworkX": nearest_networkx,
        "pandana": nearest_pandana,
    },
    "isochrones": {
        "lifecircle": isochrones_ours,
        "Valhalla": isochrones_valhalla,
        "OSMnx recipe": isochrones_recipe,
    },
    "city": {"lifecircle": city_ours, "lifecircle, cached": city_cached},
}
PACKAGES = (
    "lifecircle", "numpy", "scipy", "shapely", "osmium", "networkx", "pandana", "pyvalhalla-weekly",
)  # fmt: skip


def _peak_mb() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def main() -> None:
    """Do the work and print what it took."""
    task, engine, case, answer = sys.argv[1:]
    before = time.process_time()
    work = ENGINES[task][engine](Path(case))
    ready, cpu, wall = time.process_time() - before, time.process_time(), time.perf_counter()
    found = work()
    spent = {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall, "ready": ready}
    np.save(answer, found)
    known = {one.metadata["Name"].lower(): one.version for one in metadata.distributions()}
    versions = {name: known[name] for name in PACKAGES if name in known}
    said = {**spent, "peak_mb": _peak_mb(), "stages": STAGES, "versions": versions}
    print("\n" + json.dumps(said), flush=True)  # some engines leave a line open


if __name__ == "__main__":
    main()
