"""Walks between many places: the same as one by one, whatever the tiles."""

from __future__ import annotations

import tracemalloc

import geopandas as gpd
import numpy as np
import pytest
import shapely
from random_graphs import SLOW, found_by_us, random_network, random_places

import lifecircle as lc
from lifecircle.base.problems import UsageError
from lifecircle.network import matrix
from lifecircle.network.build import network_from_arrays
from lifecircle.network.network import WalkNetwork


def points(xy: np.ndarray, name: str) -> gpd.GeoDataFrame:
    ids = [f"{name}{number}" for number in range(len(xy))]
    return gpd.GeoDataFrame({"id": ids}, geometry=shapely.points(xy))


def grid(size: int) -> WalkNetwork:
    """Streets every 100 m."""
    number = np.arange(size * size).reshape(size, size)
    xy = 100.0 * np.stack(np.meshgrid(range(size), range(size)), axis=-1).reshape(-1, 2)
    across = np.stack([number[:, :-1], number[:, 1:]], axis=-1).reshape(-1, 2)
    up = np.stack([number[:-1], number[1:]], axis=-1).reshape(-1, 2)
    return network_from_arrays(xy, np.concatenate([across, up]))


def test_walks_on_a_grid_are_manhattan_walks() -> None:
    """All pairs within 10 minutes (666.67 m) and no other, with |dx| + |dy| metres."""
    rng = np.random.default_rng(3)
    xy = 100.0 * rng.integers(0, 20, (25, 2))
    table = lc.walk_matrix(grid(20), points(xy[:15], "o"), points(xy[15:], "d"), limit_min=10)
    expected = {
        (f"o{i}", f"d{j}"): float(np.abs(one - other).sum())
        for i, one in enumerate(xy[:15])
        for j, other in enumerate(xy[15:])
        if np.abs(one - other).sum() <= 10_000 / 15
    }
    found = dict(
        zip(zip(table["from_id"], table["to_id"], strict=True), table["metres"], strict=True)
    )
    assert found == pytest.approx(expected, abs=1e-6)
    assert table["minutes"].to_numpy() == pytest.approx(table["metres"] * 15 / 1000)
    assert list(table.columns) == ["from_id", "to_id", "metres", "minutes"]


def test_the_limit_is_inclusive() -> None:
    """1000 m are 15 minutes, and within them."""
    town = network_from_arrays([(0, 0), (1000, 0)], [(0, 1)])
    ends = points(np.array([(0.0, 0.0), (1000.0, 0.0)]), "p")
    table = lc.walk_matrix(town, ends, ends, limit_min=15)
    assert len(table) == 4
    assert len(lc.walk_matrix(town, ends, ends, limit_min=14.99)) == 2


@pytest.mark.parametrize("number", range(40))
def test_pairs_agree_with_one_search_for_each_destination(
    number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Random graphs, private and one-way, with delays and slopes; tiny tiles and batches."""
    rng = np.random.default_rng([9, number])
    walker = SLOW if number % 2 else None
    network = random_network(rng, delays=walker is not None)
    places, goals = random_places(rng, network, 8), random_places(rng, network, 5)
    search = matrix.NearestSearch(network, goals, walker)
    monkeypatch.setattr(matrix, "TILE_M", 300.0)
    monkeypatch.setattr(matrix, "MOST_CELLS", 100)
    # Random edges are longer or shorter than drawn, so the margin is made wide enough for them.
    monkeypatch.setattr(matrix, "DOWNHILL", 1e3)
    pair_search = matrix._PairSearch(search, places, 900.0)
    x, y = rng.uniform(0, 1000, (2, 8))
    found = {
        (int(i), int(j)): m
        for part in pair_search.pairs(x, y)
        for i, j, m in zip(*part, strict=True)
    }
    for goal in range(5):
        metres, _ = found_by_us(network, goals.of(np.array([goal])), places, walker)
        for place in range(8):
            if metres[place] <= 900:
                assert found.pop((place, goal)) == pytest.approx(metres[place], abs=1e-6)
    assert found == {}


def test_tiles_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tiles of 150 m and batches of a few origins give the table that one search gives."""
    rng = np.random.default_rng(8)
    one, other = rng.uniform(0, 2900, (60, 2)), rng.uniform(0, 2900, (50, 2))
    town = grid(30)
    whole = lc.walk_matrix(town, points(one, "o"), points(other, "d"), limit_min=12)
    monkeypatch.setattr(matrix, "TILE_M", 150.0)
    monkeypatch.setattr(matrix, "MOST_CELLS", 2000)
    parts = lc.walk_matrix(town, points(one, "o"), points(other, "d"), limit_min=12)
    assert len(whole) > 300
    assert parts.drop(columns=["metres", "minutes"]).equals(
        whole.drop(columns=["metres", "minutes"])
    )
    assert parts["metres"].to_numpy() == pytest.approx(whole["metres"].to_numpy(), abs=1e-9)


def test_no_pair_is_an_empty_table_with_its_columns() -> None:
    far = points(np.array([(9000.0, 9000.0)]), "f")
    table = lc.walk_matrix(grid(3), far, far)
    assert table.empty
    assert list(table.columns) == ["from_id", "to_id", "metres", "minutes"]


def test_ids_come_from_the_index_where_there_is_no_column() -> None:
    table = gpd.GeoDataFrame(geometry=[shapely.Point(0, 0)], index=["home"])
    assert lc.walk_matrix(grid(3), table, table, limit_min=1)["from_id"].tolist() == ["home"]


@pytest.mark.parametrize("limit", [0, -5, float("nan"), float("inf")])
def test_a_limit_that_is_none_is_refused(limit: float) -> None:
    ends = points(np.array([(0.0, 0.0)]), "p")
    with pytest.raises(UsageError, match="limit_min"):
        lc.walk_matrix(grid(3), ends, ends, limit_min=limit)


def test_areas_are_refused() -> None:
    area = gpd.GeoDataFrame(geometry=[shapely.box(0, 0, 1, 1)])
    with pytest.raises(UsageError, match="points"):
        lc.walk_matrix(grid(3), area, area)


def peak_bytes(town: WalkNetwork, starts: np.ndarray, ends: np.ndarray, limit_min: float) -> int:
    """The most memory that arrays took beyond what stood before, the answer included."""
    lc.walk_matrix(town, points(starts[:1], "o"), points(ends[:1], "d"), limit_min)
    origins, destinations = points(starts, "o"), points(ends, "d")
    tracemalloc.start()
    lc.walk_matrix(town, origins, destinations, limit_min)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def test_memory_follows_the_limit_and_not_the_city() -> None:
    """10,000 crossings with each other are 800 MB of metres, and as much for every column beside;
    within 300 m of one lie at most 25, so that the answer is a few MB and the work a tile's.
    """
    town = grid(100)
    crossings = np.column_stack([town.node_x, town.node_y])
    assert peak_bytes(town, crossings, crossings, 4.5) < 200e6


def test_memory_of_a_crowd_in_one_place_is_bounded() -> None:
    """6,000 origins around nine crossings: searched at once they would take 6,000² × 8 = 288 MB."""
    crowd = np.random.default_rng(5).uniform(0, 200, (6000, 2))
    assert peak_bytes(grid(3), crowd, crowd[:1], 5) < 150e6
