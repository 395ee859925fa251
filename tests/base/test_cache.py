"""What is kept on the disk comes back as it was, or is worked out again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from lifecircle.base import cache
from lifecircle.base.cache import cache_in, kept, read_entry, write_entry
from lifecircle.base.geo import centred_crs
from lifecircle.base.keep import Unknown


@dataclass(frozen=True)
class Town:
    name: str
    x: np.ndarray
    rows: object


def entry(folder: Path, value: object) -> object:
    write_entry(folder / "one.kept", value)
    return read_entry(folder / "one.kept", [Town])


PLAIN = [
    None, True, 3, 2**62, -0.5, "街道 \0 street", (1, 2.5), ("a", (1,), [None]), {"a": 1, 2: (3,)},
    frozenset({3, 1}), {(1, 2): "x"}, float("inf"),
]  # fmt: skip


@pytest.mark.parametrize("value", PLAIN, ids=repr)
def test_plain_values_come_back_the_same_in_value_and_type(tmp_path: Path, value: object) -> None:
    back = entry(tmp_path, value)
    assert back == value
    assert type(back) is type(value)


@pytest.mark.parametrize(
    "array",
    [
        np.array([1.5, np.nan, -np.inf]),
        np.arange(6, dtype=np.uint8).reshape(2, 3),
        np.zeros((0, 2)),
        np.array([True, False]),
        np.array(["", "too_far", "屏障"]),
    ],
    ids=str,
)
def test_arrays_come_back_bit_for_bit(tmp_path: Path, array: np.ndarray) -> None:
    back = entry(tmp_path, array)
    assert isinstance(back, np.ndarray)
    assert back.dtype == array.dtype
    assert back.shape == array.shape
    assert back.tobytes() == array.tobytes()


def test_tables_come_back_with_types_places_and_coordinate_system(tmp_path: Path) -> None:
    mixed = np.empty(3, dtype=object)
    mixed[:] = [shapely.Point(1, 2), None, shapely.LineString([(0, 0), (1, 1)])]
    table = gpd.GeoDataFrame(
        {
            "name": pd.array(["一", "", "c"], dtype="str"),
            "people": [1.5, np.nan, 3.0],
            "rural": pd.array([True, pd.NA, False], dtype="boolean"),
            "rank": pd.array([1, pd.NA, 3], dtype="Int64"),
            "tags": [{"highway": "footway"}, {}, {"a": "b"}],
            "entrance": mixed,
        },
        geometry=shapely.points([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]),
        crs=centred_crs(121.5, 31.2),
        index=[4, 2, 9],
    )
    back = entry(tmp_path, table)
    assert isinstance(back, gpd.GeoDataFrame)
    pd.testing.assert_frame_equal(pd.DataFrame(back), pd.DataFrame(table))
    assert back.crs == table.crs
    assert back.crs.to_string() == table.crs.to_string()


def test_dataclasses_come_back_only_if_they_are_named(tmp_path: Path) -> None:
    town = Town("临江", np.arange(3), (1, "a"))
    back = entry(tmp_path, town)
    assert isinstance(back, Town)
    assert (back.name, back.rows, back.x.tolist()) == ("临江", (1, "a"), [0, 1, 2])
    with pytest.raises(KeyError):
        read_entry(tmp_path / "one.kept", [])


def test_what_is_not_known_is_not_kept(tmp_path: Path) -> None:
    with pytest.raises(Unknown):
        write_entry(tmp_path / "one.kept", object())
    assert list(tmp_path.iterdir()) == []


def counted(folder: Path, source: Path, option: int = 1) -> tuple[int, np.ndarray]:
    """How often the work was done for two calls, and what the second gave."""
    calls = []

    def work() -> np.ndarray:
        calls.append(1)
        return np.arange(4.0) * option

    with cache_in(folder):
        kept("work", work, [source, option], [])
        found = kept("work", work, [source, option], [])
    return len(calls), found


def test_the_work_is_done_once_and_again_when_a_file_or_an_option_changes(tmp_path: Path) -> None:
    source, folder = tmp_path / "in.csv", tmp_path / "cache"
    source.write_text("a")
    assert counted(folder, source)[0] == 1
    assert counted(folder, source)[0] == 0
    times, found = counted(folder, source, option=2)
    assert (times, found.tolist()) == (1, [0, 2, 4, 6])
    source.write_text("b")
    assert counted(folder, source)[0] == 1
    assert len(list(folder.iterdir())) == 3


def test_without_a_folder_nothing_is_kept(tmp_path: Path) -> None:
    assert kept("work", lambda: 5, [1], []) == 5
    with cache_in(None):
        assert kept("work", lambda: 6, [1], []) == 6
    assert list(tmp_path.iterdir()) == []


def test_flipped_bytes_and_cuts_are_noticed(tmp_path: Path) -> None:
    """Corrupted and foreign entries are worked out anew, and are whole afterwards."""
    source, folder = tmp_path / "in.csv", tmp_path / "cache"
    source.write_text("a")
    counted(folder, source)
    (file,) = folder.iterdir()
    whole = file.read_bytes()
    places = [*range(24), *range(24, len(whole), 23), len(whole) - 1]
    spoilt = [whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :] for at in places]
    spoilt += [whole[:20], whole[:-1], b"", b"PK\x03\x04", whole + b"\0"]
    for content in spoilt:
        file.write_bytes(content)
        times, found = counted(folder, source)
        assert times == 1
        assert found.tolist() == [0, 1, 2, 3]
        assert file.read_bytes() == whole


def test_a_folder_that_cannot_be_written_stops_nobody(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file where the folder should be")
    source = tmp_path / "in.csv"
    source.write_text("a")
    assert counted(tmp_path / "cache", source)[0] == 2


def test_the_entries_longest_not_used_go_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "MOST_BYTES", 3000)
    with cache_in(tmp_path):
        for number in range(4):
            kept("work", lambda: np.zeros(125), [number], [])
            for file in tmp_path.iterdir():  # each older than the next
                os.utime(file, (file.stat().st_atime, file.stat().st_mtime - 100))
        newest = max(tmp_path.iterdir(), key=lambda file: file.stat().st_mtime)
        assert len(list(tmp_path.iterdir())) == 2
        assert sum(file.stat().st_size for file in tmp_path.iterdir()) <= 3000
        assert kept("work", lambda: None, [3], []) is not None
        assert newest.exists()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_a_killed_writer_leaves_nothing_half(tmp_path: Path) -> None:
    """Killed in the middle of writing: no entry, and what it left is cleared an hour later."""
    program = (
        "import sys, time; from pathlib import Path; import numpy as np\n"
        "from lifecircle.base import cache\n"
        "class Slow(np.ndarray): pass\n"
        "real = cache.zlib.crc32\n"
        "def slow(*values):\n"
        "    print('writing', flush=True); time.sleep(60); return real(*values)\n"
        "with cache.cache_in(Path(sys.argv[1])):\n"
        "    value = np.zeros(10)\n"
        "    packed = cache.Packer; cache.zlib.crc32 = slow\n"
        "    cache.write_entry(Path(sys.argv[1]) / 'one.kept', value)\n"
    )
    run = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert run.stdout is not None
    run.stdout.readline()
    run.stdout.readline()
    run.send_signal(signal.SIGKILL)
    run.wait()
    run.stdout.close()
    assert not (tmp_path / "one.kept").exists()
    for left in tmp_path.iterdir():
        os.utime(left, (time.time() - 7200,) * 2)
    with cache_in(tmp_path):
        kept("work", lambda: 1, [], [])
    assert [file.name[:5] for file in tmp_path.iterdir()] == ["work-"]
