"""OSMnx and NetworkX as neighbours: graphs in and out, with the same walks."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import networkx as nx
import numpy as np
import osmnx
import pytest
import shapely
from drawn_towns import metres_between, places_of, read_town
from osm_xml import CRS

import lifecircle as lc
from lifecircle.base.problems import InputRefused, UsageError
from lifecircle.inputs.osm_network import read_network
from lifecircle.network.network import WalkNetwork

TOWN = """
A-o-B---C
|   |   |
D---E-x-F
"""
LEGEND = {"o": "highway=footway oneway:foot=yes", "x": "highway=service access=private"}


def refused(graph: object) -> str:
    with pytest.raises(InputRefused) as error:
        read_network(graph)  # type: ignore[arg-type]
    (problem,) = error.value.problems
    problem.line("zh")
    return problem.code


def town(tmp_path: Path) -> WalkNetwork:
    return read_town(TOWN, LEGEND, tmp_path)


def degrees(**edges: object) -> nx.MultiDiGraph:
    """Two streets of a graph as OSMnx makes it: 0.001 degrees are 111.3 m on the equator."""
    graph = nx.MultiDiGraph(crs="EPSG:4326")
    for node, lon in enumerate([0.0, 0.001, 0.002]):
        graph.add_node(node, x=lon, y=0.0)
    for u, v in [(0, 1), (1, 0), (1, 2), (2, 1)]:
        graph.add_edge(u, v, osmid=7, length=111.3, highway="residential", **edges)
    return graph


@pytest.mark.parametrize("kind", ["graph", "graphml"])
def test_a_network_given_away_and_taken_back_has_the_same_walks(kind: str, tmp_path: Path) -> None:
    """One-way and private ways included, as a graph in memory and as a file."""
    before = town(tmp_path)
    graph = before.to_networkx()
    if kind == "graphml":
        osmnx.save_graphml(graph, tmp_path / "town.graphml")
        after = lc.read_network(tmp_path / "town.graphml", crs=CRS)
    else:
        after = lc.read_network(graph, crs=CRS)
    assert after.edge_count == before.edge_count
    assert after.length_m.sum() == pytest.approx(before.length_m.sum(), abs=1e-9)
    places = list(places_of(TOWN).values())
    for start in places:
        for goal in places:
            expected = metres_between(before, start, goal)
            assert metres_between(after, start, goal) == pytest.approx(expected, abs=1e-6)


def test_a_graph_carries_metres_minutes_and_ids(tmp_path: Path) -> None:
    """NetworkX finds with `length` what the package finds, and `minutes` at the profile's pace."""
    network = read_town("A---B\n|   |\nC---D\n|\nE", {}, tmp_path)
    graph = network.to_networkx("elderly")
    (junction,) = [node for node in graph if graph.out_degree(node) > 1]
    (end,) = [node for node in graph if graph.out_degree(node) == 1]
    assert nx.dijkstra_path_length(graph, end, junction, "length") == pytest.approx(100, abs=0.05)
    minutes = nx.dijkstra_path_length(graph, end, junction, "minutes")
    assert minutes == pytest.approx(100 / 0.9 / 60, abs=1e-3)
    assert {data["osmid"] for *_, data in graph.edges(data=True)} <= set(network.way_id)


def test_an_osmnx_graph_keeps_its_lengths_and_geometry() -> None:
    """A bent edge of 300 m between two places 111 m apart: half way along it is 150 m."""
    graph = degrees()
    bend = shapely.LineString([(0, 0), (0.0005, 0.0013), (0.001, 0)])
    for u, v in ((0, 1), (1, 0)):
        line = bend if u == 0 else bend.reverse()
        graph.edges[u, v, 0].update(length=300.0, geometry=line)
    network = read_network(graph, crs=CRS)
    assert sorted(network.length_m) == pytest.approx([111.3, 300.0])
    tip = tuple(gpd.GeoSeries([shapely.Point(0.0005, 0.0013)], crs=4326).to_crs(CRS)[0].coords[0])
    assert metres_between(network, tip, (0, 0)) == pytest.approx(150, abs=0.01)


def test_edges_without_a_highway_tag_are_not_walked() -> None:
    """`osmnx.graph_from_xml` makes edges of buildings; they carry no highway tag."""
    graph = degrees()
    graph.add_edge(0, 2, osmid=9, length=1.0)
    graph.add_edge(2, 0, osmid=9, length=1.0)
    network = read_network(graph, crs=CRS)
    assert sorted(network.length_m) == [111.3, 111.3]


def test_the_rules_of_walking_hold_for_a_graph_too() -> None:
    """A car's one-way street is walked both ways; a motorway is not walked; lists of tags are."""
    graph = nx.MultiDiGraph(crs="EPSG:4326")
    for node in range(4):
        graph.add_node(node, x=0.001 * node, y=0.0)
    graph.add_edge(
        0, 1, length=111.3, highway=["residential", "unclassified"], oneway=True, osmid=[1, 2]
    )
    graph.add_edge(2, 3, length=111.3, highway="motorway", osmid=3)
    network = read_network(graph, crs=CRS)
    assert network.edge_count == 1
    assert metres_between(network, (111, 0), (0, 0)) == pytest.approx(111, abs=0.5)


def test_a_graph_without_lengths_or_places_is_refused() -> None:
    bare = degrees()
    del bare.edges[0, 1, 0]["length"]
    assert refused(bare) == "graph_lengths"
    bare.edges[0, 1, 0]["length"] = float("nan")
    assert refused(bare) == "graph_lengths"
    lost = degrees()
    del lost.nodes[2]["x"]
    assert refused(lost) == "graph_places"
    assert refused(nx.MultiDiGraph(crs="EPSG:4326")) == "graph_lengths"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (None, "file_missing"),
        (b"<html/>", "file_kind"),
        (b'<!DOCTYPE x [<!ENTITY a "b">]><graphml/>', "xml_doctype"),
        (b"<graphml><graph>", "graph_unreadable"),
    ],
)
def test_what_is_no_graphml_is_refused(content: bytes | None, code: str, tmp_path: Path) -> None:
    path = tmp_path / "town.graphml"
    if content is not None:
        path.write_bytes(content)
    assert refused(path) == code


@pytest.mark.parametrize("crs", ["EPSG:3857", "EPSG:4326"])
def test_a_crs_without_true_metres_is_refused(crs: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="metres"):
        read_network(degrees(), crs=crs)  # type: ignore[arg-type]


def test_wujiaochang_as_a_graph_has_its_walks(test_data: Path) -> None:
    """A real place through NetworkX and back: walks the same to 1e-6 m."""
    before = lc.read_network(test_data / "shanghai/osm/wujiaochang.osm")
    after = lc.read_network(before.to_networkx(), crs=before.crs)
    rng = np.random.default_rng(1)
    inside = rng.choice(before.node_count, 20, replace=False)
    points = gpd.GeoDataFrame(
        geometry=shapely.points(before.node_x[inside] + 3, before.node_y[inside]), crs=before.crs
    )
    # A network taken back knows no squares or barriers, only their edges.
    one = lc.walk_matrix(before, points, points, limit_min=200)
    other = lc.walk_matrix(after, points, points, limit_min=200)
    both = one.merge(other, on=["from_id", "to_id"])
    assert len(both) > 200
    assert np.abs(both["metres_x"] - both["metres_y"]).median() < 1e-6
