"""The one way files are written: whole or not at all, whatever happens on the way."""

from __future__ import annotations

import errno
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import namedtuple
from pathlib import Path

import pytest

from lifecircle.base.files import (
    MANIFEST,
    ResultInUse,
    atomic_path,
    full_disk_named,
    recover_folder,
    sha256,
    staged_folder,
    writable,
    write_bytes,
    write_text,
)


def fill(stage: Path, word: str, files: tuple[str, ...] = ("a.csv", "b.csv")) -> None:
    """A small result: files that all hold `word`, and the manifest with their hashes, last."""
    for name in files:
        (stage / name).write_text(word, encoding="utf-8")
    content = {"files": {name: sha256(stage / name) for name in files}}
    (stage / MANIFEST).write_text(json.dumps(content), encoding="utf-8")


def contents(folder: Path) -> dict[str, str]:
    return {file.name: file.read_text(encoding="utf-8") for file in folder.iterdir()}


def test_a_file_is_written_with_its_folder_and_nothing_beside_it(tmp_path: Path) -> None:
    write_text(tmp_path / "new" / "word.txt", "一\n二\n")
    assert (tmp_path / "new" / "word.txt").read_bytes() == "一\n二\n".encode()
    assert [file.name for file in (tmp_path / "new").iterdir()] == ["word.txt"]


def test_an_error_while_writing_keeps_the_earlier_file_and_leaves_no_other(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    write_bytes(path, b"earlier")
    with pytest.raises(RuntimeError), atomic_path(path) as temporary:
        temporary.write_bytes(b"half")
        raise RuntimeError
    assert path.read_bytes() == b"earlier"
    assert list(tmp_path.iterdir()) == [path]


def test_the_temporary_file_has_the_suffix_that_drivers_go_by(tmp_path: Path) -> None:
    with atomic_path(tmp_path / "cells.gpkg") as temporary:
        assert temporary.suffix == ".gpkg"
        assert temporary.parent == tmp_path
        temporary.write_bytes(b"")


def test_a_staged_folder_takes_the_place_of_the_earlier_one(tmp_path: Path) -> None:
    """The earlier run's own files go, also those that the new one has not."""
    folder = tmp_path / "demo"
    with staged_folder(folder) as stage:
        fill(stage, "old", ("a.csv", "gone.csv"))
    with staged_folder(folder) as stage:
        assert list(stage.iterdir()) == []
        fill(stage, "new")
        assert contents(folder)["a.csv"] == "old"
    assert contents(folder).keys() == {"a.csv", "b.csv", MANIFEST}
    assert contents(folder)["a.csv"] == "new"
    assert list(tmp_path.iterdir()) == [folder]


def test_files_and_folders_of_other_makers_are_carried_over(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    with staged_folder(folder) as stage:
        fill(stage, "old")
    (folder / "my notes.txt").write_text("mine", encoding="utf-8")
    (folder / "pictures").mkdir()
    (folder / "pictures" / "one.png").write_bytes(b"png")
    with staged_folder(folder) as stage:
        fill(stage, "new")
    assert (folder / "my notes.txt").read_text(encoding="utf-8") == "mine"
    assert (folder / "pictures" / "one.png").read_bytes() == b"png"
    assert (folder / "a.csv").read_text(encoding="utf-8") == "new"


def test_an_error_on_the_way_leaves_the_earlier_result_as_it_was(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    with staged_folder(folder) as stage:
        fill(stage, "old")
    before = contents(folder)
    with pytest.raises(KeyboardInterrupt), staged_folder(folder) as stage:
        (stage / "a.csv").write_text("half", encoding="utf-8")
        raise KeyboardInterrupt
    assert contents(folder) == before
    assert list(tmp_path.iterdir()) == [folder]


def test_a_kill_between_the_two_renames_is_put_right_by_the_next_run(tmp_path: Path) -> None:
    """The state after the first rename, made by hand: no folder, the earlier one set aside."""
    folder = tmp_path / "demo"
    with staged_folder(folder) as stage:
        fill(stage, "old")
    folder.rename(tmp_path / ".demo.old")
    recover_folder(folder)
    assert contents(folder)["a.csv"] == "old"
    assert list(tmp_path.iterdir()) == [folder]


def test_what_a_kill_after_the_second_rename_left_is_cleared_away(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    with staged_folder(folder) as stage:
        fill(stage, "new")
    shutil.copytree(folder, tmp_path / ".demo.old")
    (tmp_path / ".demo.old" / "a.csv").write_text("old", encoding="utf-8")
    recover_folder(folder)
    assert contents(folder)["a.csv"] == "new"
    assert list(tmp_path.iterdir()) == [folder]


def lock(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Renaming a folder of this name fails as it does on Windows while Excel holds a file."""
    rename = Path.rename

    def refusing(path: Path, target: Path) -> Path:
        if path.name == name:
            raise PermissionError(errno.EACCES, "in use", str(path))
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", refusing)


def test_a_locked_result_stays_and_the_new_one_lies_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "demo"
    with staged_folder(folder) as stage:
        fill(stage, "old")
    lock(monkeypatch, "demo")
    for word in ("new", "newer"):
        with pytest.raises(ResultInUse) as caught, staged_folder(folder) as stage:
            fill(stage, word)
        assert caught.value.folder == folder
        assert caught.value.kept == tmp_path / "demo-new"
        assert contents(caught.value.kept)["a.csv"] == word
        assert contents(folder)["a.csv"] == "old"
    assert {file.name for file in tmp_path.iterdir()} == {"demo", "demo-new"}


def test_the_earlier_result_returns_if_the_new_one_cannot_take_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "demo"
    with staged_folder(folder) as stage:
        fill(stage, "old")
    (folder / "notes.txt").write_text("mine", encoding="utf-8")
    rename, refusals = Path.rename, iter([True])

    def refusing_once(path: Path, target: Path) -> Path:
        if path.name.endswith(".new") and next(refusals, False):
            raise PermissionError(errno.EACCES, "in use", str(path))
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", refusing_once)
    with pytest.raises(ResultInUse) as caught, staged_folder(folder) as stage:
        fill(stage, "new")
    assert contents(folder)["a.csv"] == "old"
    assert contents(folder)["notes.txt"] == "mine"
    assert contents(caught.value.kept)["a.csv"] == "new"


def test_writable_looks_at_the_nearest_folder_that_exists(tmp_path: Path) -> None:
    assert writable(tmp_path / "not" / "yet" / "there")
    (tmp_path / "file").write_bytes(b"")
    assert not writable(tmp_path / "file" / "below")


def test_a_driver_that_fails_on_a_full_disk_is_named_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """GDAL's own words do not say it; with space left its error stays as it is."""
    usage = namedtuple("usage", "total used free")
    for free, expected in ((1_000_000, OSError), (10**9, RuntimeError)):
        monkeypatch.setattr(shutil, "disk_usage", lambda _, free=free: usage(10**9, 0, free))
        with pytest.raises(expected) as caught, full_disk_named(tmp_path):
            raise RuntimeError("Failed to commit transaction")
        assert expected is RuntimeError or caught.value.errno == errno.ENOSPC


ENDLESS_RUNS = """
import json, sys
from itertools import count
from pathlib import Path
from lifecircle.base.files import MANIFEST, sha256, staged_folder
folder = Path(sys.argv[1])
for number in count(int(sys.argv[2])):
    with staged_folder(folder) as stage:
        for name in "abcdef":
            (stage / name).write_text(f"{number} " * 20000)
        files = {file.name: sha256(file) for file in stage.iterdir()}
        (stage / MANIFEST).write_text(json.dumps({"files": files, "number": number}))
    print(number, flush=True)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL on this system")
def test_a_kill_at_any_moment_leaves_one_whole_result(tmp_path: Path) -> None:
    """Twenty kills at random moments of endless runs; hashes by the manifest.

    The result is the last one reported or the one after it, never an older one.
    """
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    moments, folder, last = random.Random(seed), tmp_path / "demo", 0
    for _ in range(20):
        command = [sys.executable, "-c", ENDLESS_RUNS, str(folder), str(last + 1)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as run:
            assert run.stdout is not None
            first = run.stdout.readline()
            time.sleep(moments.uniform(0, 0.1))
            run.kill()
            reported = [int(line) for line in (first, *run.stdout)]
        recover_folder(folder)
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        assert manifest["files"] == {name: sha256(folder / name) for name in "abcdef"}
        assert manifest["number"] in (reported[-1], reported[-1] + 1)
        assert {file.name for file in folder.iterdir()} == {*"abcdef", MANIFEST}
        last = manifest["number"]


def test_nothing_of_the_system_is_needed_that_windows_lacks(tmp_path: Path) -> None:
    """As on Windows: no fcntl, and folders cannot be opened for flushing."""
    code = """
import os, sys
sys.modules["fcntl"] = None
from pathlib import Path
from lifecircle.base import files
class NT:
    name = "nt"
    def __getattr__(self, word): return getattr(os, word)
def refuse(*_): raise PermissionError
files.os = NT(); files.os.open = refuse
with files.staged_folder(Path(sys.argv[1])) as stage:
    files.write_text(stage / "a.txt", "a")
"""
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "demo")], check=True)
    assert contents(tmp_path / "demo") == {"a.txt": "a"}
    assert list(tmp_path.iterdir()) == [tmp_path / "demo"]


def test_stages_of_runs_long_dead_are_removed_and_young_ones_kept(tmp_path: Path) -> None:
    """A kill leaves its staging folder; after an hour no run can still be writing it."""
    dead, alive = tmp_path / ".result.0000dead.new", tmp_path / ".result.000alive.new"
    for stage in (dead, alive):
        stage.mkdir()
        (stage / "coverage.csv").write_text("half")
    long_ago = time.time() - 2 * 3600
    os.utime(dead, (long_ago, long_ago))
    with staged_folder(tmp_path / "result") as stage:
        (stage / "a.csv").write_text("1")
    assert not dead.exists() and alive.exists()
    assert (tmp_path / "result" / "a.csv").read_text() == "1"
