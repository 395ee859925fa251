"""Columns of a plain PBF against osmium, object by object; what is unusual is left to osmium."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import numpy as np
import osmium
import pytest

from lifecircle.inputs.osm_columns import Columns, Unusual, read_columns
from lifecircle.inputs.osm_objects import osmium_columns
from lifecircle.inputs.osm_streets import NODE_KEYS, read_streets, way_keys
from lifecircle.network.rules import (
    Policy,
    decide_way,
    kind_of_no_street,
    rule_table,
    step_count,
    undecided,
)

TOWN = Path(str(files("lifecircle.demo") / "synthetic_town.osm.pbf"))
REAL = (
    "porto-metro/porto_portugal.osm.pbf",
    "newport/newport-2023-06-13.osm.pbf",
    "porto-alegre/poa_osm.pbf",
)


def agree(one: Columns, other: Columns) -> None:
    for name in ("node_id", "lon", "lat", "way_id", "way_tagged", "way_start", "refs"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)
    assert list(one.node_tags.items()) == list(other.node_tags.items())
    tags = [[columns.patterns[number] for number in columns.way_tags] for columns in (one, other)]
    assert tags[0] == tags[1]


def both(path: Path) -> tuple[Columns, Columns]:
    return (
        read_columns(path, NODE_KEYS, way_keys()),
        osmium_columns(path, NODE_KEYS, way_keys(), frozenset()),
    )


def test_the_demo_town_is_read_as_osmium_reads_it() -> None:
    agree(*both(TOWN))


@pytest.mark.parametrize("name", REAL)
def test_real_extracts_are_read_as_osmium_reads_them(test_data: Path, name: str) -> None:
    agree(*both(test_data / name))


def odd_file(path: Path, **options: str) -> Path:
    """Negative and large numbers, ways of one node and of none, tags in many scripts."""
    kind = osmium.io.File(str(path), "pbf" + "".join(f",{k}={v}" for k, v in options.items()))
    with osmium.SimpleWriter(kind, overwrite=True) as writer:
        for number, (lon, lat) in enumerate(
            [(-179.9999999, -89.9), (0, 0), (180, 90), (121.5, 31)]
        ):
            tags = {"barrier": "gate", "name": "门\n=;"} if number % 2 else {}
            writer.add_node(
                osmium.osm.mutable.Node(id=1 + number * 10**12, location=(lon, lat), tags=tags)
            )
        refs = [[1, 10**12 + 1, 7, 1], [1], [], [3 * 10**12 + 1, 1] * 300]
        for number, nodes in enumerate(refs):
            tags = {"highway": "footway", "名": "路", "note": "x" * 300} if number else {}
            writer.add_way(osmium.osm.mutable.Way(id=1 + 10**10 * number, nodes=nodes, tags=tags))
    return path


@pytest.mark.parametrize("compression", ["zlib", "none"])
def test_odd_numbers_and_words_are_read_as_osmium_reads_them(
    tmp_path: Path, compression: str
) -> None:
    agree(*both(odd_file(tmp_path / "odd.osm.pbf", pbf_compression=compression)))


@pytest.mark.parametrize("option", [{"pbf_dense_nodes": "false"}, {"locations_on_ways": "true"}])
def test_other_kinds_of_pbf_are_left_to_osmium(tmp_path: Path, option: dict[str, str]) -> None:
    path = odd_file(tmp_path / "odd.osm.pbf", **option)
    with pytest.raises(Unusual):
        read_columns(path, NODE_KEYS, way_keys())


def test_a_damaged_file_never_ends_in_anything_but_unusual(tmp_path: Path) -> None:
    """Cut anywhere, or with a byte changed: read, or left to osmium."""
    whole = odd_file(tmp_path / "odd.osm.pbf", pbf_compression="none").read_bytes()
    dice = np.random.default_rng(5)
    path = tmp_path / "bad.osm.pbf"
    left = 0
    for at in dice.integers(0, len(whole), 400).tolist():
        changed = bytes([whole[at] ^ int(dice.integers(1, 256))])
        for content in (whole[:at], whole[:at] + changed + whole[at + 1 :]):
            path.write_bytes(content)
            try:
                read_columns(path, NODE_KEYS, way_keys())
            except Unusual:
                left += 1
    assert left > 400


class Asked(dict[str, str]):
    """Tags that remember which keys were asked for."""

    asked: set[str]

    def __init__(self, *tags: object) -> None:
        super().__init__(*tags)  # type: ignore[arg-type]
        self.asked = set()

    def get(self, key: str, default: object = None) -> object:  # type: ignore[override]
        self.asked.add(key)
        return super().get(key, default)

    def __contains__(self, key: object) -> bool:
        self.asked.add(str(key))
        return super().__contains__(key)

    def __getitem__(self, key: str) -> str:
        self.asked.add(key)
        return super().__getitem__(key)


def test_no_rule_asks_a_way_for_a_key_that_is_not_read() -> None:
    """Every value the rules name, alone and with each other key: only `way_keys` are asked for."""
    table = rule_table()
    values = [{"highway": value} for row in table["highway"].values() for value in row]
    pairs = [pair for room in ("other", "expressway", "oneway", "square")
             for key, row in table[room].items() if key != "kinds" for pair in row]  # fmt: skip
    values += [dict([pair.split("=", 1)]) for pair in pairs] + [{}]
    more = [{}, {"area": "yes"}, {"foot": "yes"}, {"access": "private"}, {"indoor": "yes"},
            {"bridge": "yes"}, {"tunnel": "yes"}, {"highway": "steps"}]  # fmt: skip
    for policy in (Policy(), Policy("closed", "closed", "closed", True, True)):
        for one in values:
            for other in more:
                tags = Asked({**other, **one})
                decide_way(tags, policy)
                step_count(tags)
                kind_of_no_street(tags)
                undecided(tags)
                assert tags.asked <= way_keys() | {"barrier"}, tags.asked - way_keys()
    assert {pair.split("=")[0] for pair in pairs} <= way_keys()


def test_streets_are_the_same_by_columns_and_by_objects(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The demo town, read both ways, gives the same walked ways, gates and counts."""
    from lifecircle.inputs import osm_extract

    fast = read_streets(TOWN, Policy())
    monkeypatch.setattr(osm_extract, "read_columns", _unusual)
    slow = read_streets(TOWN, Policy())
    for name in ("gates", "delays", "left_out", "left_out_m", "undecided", "footways", "ways_read"):
        assert getattr(fast, name) == getattr(slow, name), name
    for name in ("way_id", "flags", "start", "node", "lon", "lat", "steps"):
        np.testing.assert_array_equal(getattr(fast.ways, name), getattr(slow.ways, name))


def _unusual(*_: object) -> Columns:
    raise Unusual
