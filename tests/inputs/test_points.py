"""Demand points: every person is read or the file is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest

from lifecircle.inputs.points import read_points
from lifecircle.inputs.reading import Reading
from lifecircle.sources import PointsDemand


def read(path: Path, **keys: Any) -> Reading[gpd.GeoDataFrame]:
    keys = {"residents": "people", "datum": "wgs84", **keys}
    return read_points(PointsDemand(kind="points", path=path, **keys))


def csv(folder: Path, *lines: str) -> Path:
    path = folder / "cells.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def found(reading: Reading[gpd.GeoDataFrame]) -> list[tuple[str, str, int | None]]:
    return [(p.code, p.action, p.row) for p in reading.problems]


def test_points_carry_the_declared_weights_and_no_others(tmp_path: Path) -> None:
    path = csv(tmp_path, "lon,lat,people,old", "121.5,31.2,3.5,1", "121.6,31.2,4,0")
    table = read(path).table
    assert table["demand_id"].tolist() == ["cells-2", "cells-3"]
    assert table["residents"].tolist() == [3.5, 4.0]
    assert table[["residents_60plus", "dwellings", "buildings"]].isna().all(axis=None)
    assert "old" not in table
    assert read(path, residents_60plus="old").table["residents_60plus"].tolist() == [1.0, 0.0]


def test_a_blank_weight_counts_as_nothing_and_is_listed(tmp_path: Path) -> None:
    reading = read(csv(tmp_path, "lon,lat,people", "121.5,31.2,", "121.6,31.2,4"))
    assert found(reading) == [("weight_blank", "repaired", 2)]
    assert reading.table["residents"].tolist() == [0.0, 4.0]


@pytest.mark.parametrize(
    ("cell", "code"), [("-1", "weight_negative"), ("暂无", "weight_unreadable")]
)
def test_weights_that_are_no_counts_are_refused(tmp_path: Path, cell: str, code: str) -> None:
    reading = read(csv(tmp_path, "lon,lat,people", f"121.5,31.2,{cell}"))
    assert found(reading) == [(code, "refused", 2)]


def test_ids_are_unique(tmp_path: Path) -> None:
    reading = read(csv(tmp_path, "i,lon,lat,people", "a,1,2,3", "a,1,3,3", ",1,4,3"), id="i")
    assert set(found(reading)) == {("id_twice", "refused", 3), ("id_blank", "repaired", 4)}


def test_points_without_weights_or_without_points_are_refused(tmp_path: Path) -> None:
    path = csv(tmp_path, "lon,lat,people", "1,2,3")
    assert found(read(path, residents=None)) == [("points_without_weights", "refused", None)]
    path = csv(tmp_path, "lon,lat,people")
    assert found(read(path)) == [("no_usable_points", "refused", None)]


def test_the_cells_of_porto_alegre_hold_all_their_people(test_data: Path) -> None:
    """812,935 people in 1,227 cells; five cells have no number of jobs, all have people."""
    path = test_data / "porto-alegre/poa_hexgrid.csv"
    reading = read(path, id="id", residents="population")
    assert reading.problems == ()
    assert len(reading.table) == reading.account.rows_read == 1_227
    assert reading.table["residents"].sum() == 812_935
