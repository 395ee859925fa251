"""Case 108: many studies in one go, each for itself; what is finished is not computed again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from click.testing import CliRunner, Result
from studies import replace, write_study
from support import hear_interrupts

import lifecircle as lc
from lifecircle.base.problems import StudyRefused
from lifecircle.batch import batch_items, is_up_to_date
from lifecircle.cli import commands
from lifecircle.outputs.maps_index import index_data


def studies(folder: Path, *names: str) -> Path:
    """A folder of sound tiny studies."""
    for name in names:
        (folder / name).mkdir(parents=True)
        write_study(folder / name)
        replace(folder / name, 'name = "tiny"', f'name = "{name}"')
    return folder


def batch(out: Path, *words: str | Path) -> Result:
    arguments = ["batch", *map(str, words), "--out", str(out), "--lang", "en"]
    return CliRunner().invoke(commands, arguments)


def listed(out: Path) -> pd.DataFrame:
    table = pd.read_csv(out / "data" / "processed" / "batch.csv", encoding="utf-8-sig")
    return table.set_index("study")


def states(out: Path) -> dict[str, str]:
    return dict(listed(out)["state"])


def index(out: Path) -> dict[str, Any]:
    """What the index of the maps shows; every file that it leads to is there."""
    tree = index_data((out / "maps" / "index.html").read_text(encoding="utf-8"))
    assert all((out / "maps" / link.partition("#")[0]).is_file() for link in links(tree))
    return tree


def links(tree: dict[str, Any]) -> list[str]:
    return [line["link"] for line in tree["lines"]]


def test_one_bad_study_leaves_the_others_and_they_are_kept(tmp_path: Path) -> None:
    """A good one, one whose input is refused, one that is no study, one without a home: 4.

    The index of the maps leads to those with a result, each with its own figures although their
    units have one id.  Then the bad ones are mended: only one is computed, and leads the index.
    """
    folder, out = studies(tmp_path / "cities", "a", "b", "d"), tmp_path / "out"
    replace(folder / "a", 'name = "a"', 'name = "a"\ntitle = "甲<区>"')
    (folder / "b" / "homes.csv").write_bytes(b"")
    far = "name,lon,lat\n甲,0.0089,0.0089\n"
    (folder / "d" / "homes.csv").write_text(far, encoding="utf-8")
    (folder / "c.toml").write_text("x =", encoding="utf-8")
    first = batch(out, folder)
    assert first.exit_code == 4, first.output
    table = listed(out).reset_index()
    assert list(table["state"]) == ["done", "failed", "failed", "done"]
    assert list(table["exit_code"]) == [0, 3, 2, 0]
    table = table.set_index("study")
    assert table.loc["a", "elderly"] == 1 and pd.isna(table.loc["b", "elderly"])
    assert "homes.csv" in table.loc["b", "reason"] and "Results for 2 of 4" in first.output
    assert (out / "data" / "processed" / "b" / "problems.csv").is_file()
    made = (out / "data" / "processed" / "a" / "manifest.json").stat().st_mtime_ns

    tree = index(out)
    assert links(tree) == ["a.html", "a.html#unit=1", "d.html", "d.html#unit=1"]
    assert tree["lines"][0]["name"] == "甲<区>" and "index.html" in first.output
    assert [note["en"].endswith("has no result") for note in tree["notes"]] == [True, True]
    shares = [line["cells"][0][0] for line in tree["lines"]]
    assert shares[0] == shares[1] != shares[2] == shares[3]

    (folder / "c.toml").unlink()
    (folder / "b" / "homes.csv").write_text("name,lon,lat\n甲,0.0017,0.0001\n", encoding="utf-8")
    second = batch(out, folder, "--json")
    assert second.exit_code == 0, second.output
    states = [row["state"] for row in json.loads(second.stdout)]
    assert states == ["unchanged", "done", "unchanged"]
    assert (out / "data" / "processed" / "a" / "manifest.json").stat().st_mtime_ns == made
    assert links(index(out))[::2] == ["a.html", "b.html", "d.html"]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny study and its result in `out`."""
    folder = tmp_path_factory.mktemp("finished")
    study = write_study(folder)
    done = CliRunner().invoke(commands, ["run", str(study), "--out", str(folder / "out")])
    assert done.exit_code == 0, done.output
    return folder


def edited(name: str, old: str, new: str) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        path = folder / name
        content = path.read_text(encoding="utf-8")
        assert old in content
        path.write_text(content.replace(old, new), encoding="utf-8")

    return spoil


RESULT = "out/data/processed/tiny"
CHANGES: dict[str, Callable[[Path], None]] = {
    "an input": edited("homes.csv", "0.0017", "0.0016"),
    "an option": edited("study.toml", "[network]", "[network]\nmax_attach_m = 150"),
    "the source's date": edited("study.toml", "[network]", "[network]\ndate = 2025-01-01"),
    "a version": edited(f"{RESULT}/manifest.json", '"numpy": "', '"numpy": "0.'),
    "a result file": edited(f"{RESULT}/coverage.csv", "eldercare_home", "elsewhere"),
    "a map": edited("out/maps/tiny.html", "</html>", ""),
    "no manifest": lambda folder: (folder / RESULT / "manifest.json").unlink(),
    "a broken manifest": lambda folder: (folder / RESULT / "manifest.json").write_text("[]"),
    "a file that is gone": lambda folder: (folder / RESULT / "demand.parquet").unlink(),
}


def up_to_date(folder: Path) -> bool:
    study = lc.load_study(folder / "study.toml")
    return is_up_to_date(study, folder / RESULT, folder / "out" / "maps")


@pytest.mark.parametrize("change", CHANGES)
def test_any_change_makes_a_result_old(finished: Path, tmp_path: Path, change: str) -> None:
    import shutil

    folder = tmp_path / "copy"
    shutil.copytree(finished, folder)
    assert up_to_date(folder)
    (folder / "out" / "maps" / "index.html").write_text("another study's")
    assert up_to_date(folder)
    CHANGES[change](folder)
    assert not up_to_date(folder)


def test_studies_are_named_by_file_folder_pattern_and_list(tmp_path: Path) -> None:
    studies(tmp_path, "a", "b")
    listing = tmp_path / "list.txt"
    listing.write_bytes("# 各区\r\na\r\n\r\nb/study.toml\r\n".encode("gb18030"))
    for words in (
        [tmp_path], [tmp_path / "a", tmp_path / "b"], [f"{tmp_path}/*/study.toml"],
        [f"{tmp_path}/[ab]"], [listing], [tmp_path, listing, tmp_path / "a"],
    ):  # fmt: skip
        items = batch_items([str(word) for word in words], "zh")
        assert [item.name for item in items] == ["a", "b"], words


def test_two_studies_of_one_name_are_refused(tmp_path: Path) -> None:
    studies(tmp_path, "a", "b")
    replace(tmp_path / "b", 'name = "b"', 'name = "a"')
    done = batch(tmp_path / "out", tmp_path)
    assert done.exit_code == 2 and "same name" in done.output
    assert not (tmp_path / "out").exists()
    with pytest.raises(StudyRefused, match="names no study"):
        batch_items([str(tmp_path / "nowhere*")], "en")


def at_work_on(study: Path) -> bool:
    """Whether a process computes the study."""
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            if f"{study / 'study.toml'}".encode() in process.read_bytes():
                return True
    return False


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="asks /proc what runs")
def test_an_interrupted_batch_leaves_finished_studies_whole(tmp_path: Path) -> None:
    """Ctrl-C in the second study: 130, the first is whole, of the second there is nothing."""
    folder, out = studies(tmp_path / "cities", "a", "b"), tmp_path / "out"
    command = [sys.executable, "-m", "lifecircle.cli", "batch", str(folder), "--out", str(out)]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    batching = subprocess.Popen(
        command, env={**os.environ, "LANG": "C.UTF-8"}, preexec_fn=hear_interrupts, **quiet
    )
    while not at_work_on(folder / "b") and batching.poll() is None:
        time.sleep(0.05)
    time.sleep(0.5)
    batching.send_signal(signal.SIGINT)
    assert batching.wait() == 130
    assert states(out) == {"a": "done", "b": "waiting"}
    assert (out / "data" / "processed" / "a" / "manifest.json").is_file()
    assert not list((out / "data" / "processed").glob("*b*/*"))
    processed = out / "data" / "processed"
    assert is_up_to_date(lc.load_study(folder / "a" / "study.toml"), processed / "a", out / "maps")
