"""Many studies, one after the other: which they are, which are done already, how each ended.

Every study is computed by a process of its own: its memory goes back to the system when it ends,
and nothing that happens in it, not even a crash, touches the others.  What a finished study left
is its manifest; where the inputs, options and versions in it are those of today, and the files
are those that it names, the study is not computed again.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from lifecircle.base.files import MANIFEST, sha256, write_bytes, write_text
from lifecircle.base.problems import Problem, StudyRefused
from lifecircle.base.sentences import Language, sentence
from lifecircle.base.text import decode
from lifecircle.inputs.rule_book import study_standard
from lifecircle.measures.coverage import CITY
from lifecircle.outputs.batch_index import Finished, batch_index_html
from lifecircle.outputs.csv_text import csv_bytes
from lifecircle.outputs.tables import input_record, options, versions
from lifecircle.outputs.words import main_denominator
from lifecircle.study import Study, load_study

State = Literal["waiting", "done", "unchanged", "failed"]
LIST_FILES = (".txt", ".lst")
BATCH_FILE = "batch.csv"
MAPS_INDEX = "index.html"
COLUMNS = [
    "study", "file", "state", "exit_code", "reason", "units", "problems", "denominator", "target",
]  # fmt: skip
PATIENCE_S = 10.0
"""What an interrupted study gets to clear up."""


@dataclass
class Item:
    """One study of a batch; `study` is None where its file cannot be used."""

    file: Path
    study: Study | None
    state: State = "waiting"
    exit_code: int | None = None
    reason: str = ""

    @property
    def name(self) -> str:
        """The study's name, or its file where it has none."""
        return self.study.study.name if self.study else str(self.file)


def batch_items(words: Sequence[str], language: Language) -> list[Item]:
    """The studies that `words` name: files, folders, patterns with * and lists (.txt).

    A study file that cannot be used is an item that has failed.  Raises `StudyRefused` where a
    word names nothing, and where two studies have one name, for they would write one result.
    """
    files = list(dict.fromkeys(file.resolve() for word in words for file in _study_files(word)))
    items = [_item(_short(file), language) for file in files]
    first: dict[str, Item] = {}
    for item in items:
        other = first.setdefault(item.name, item)
        if other is not item:
            details = {"other": other.file}
            problem = Problem("batch_twice", "refused", str(item.file), value=item.name,
                              column="study.name", details=details)  # fmt: skip
            raise StudyRefused([problem])
    return items


def _item(file: Path, language: Language) -> Item:
    try:
        return Item(file, load_study(file))
    except StudyRefused as error:
        reason = error.message(language).splitlines()[0]
        return Item(file, None, "failed", 2, reason)


def _short(file: Path) -> Path:
    """`file` from here, where it lies below."""
    here = Path.cwd()
    return file.relative_to(here) if file.is_relative_to(here) else file


def _study_files(word: str) -> list[Path]:
    path = Path(word)
    if path.is_dir():
        own = path / "study.toml"
        found = (
            [own] if own.is_file() else sorted([*path.glob("*/study.toml"), *path.glob("*.toml")])
        )
    elif path.is_file() and path.suffix.lower() in LIST_FILES:
        lines = decode(path.read_bytes(), path.name).splitlines()
        kept = [line.strip() for line in lines if line.strip() and not line.strip().startswith("#")]
        return [file for line in kept for file in _study_files(str(path.parent / line))]
    elif path.is_file():
        found = [path]
    else:
        found = _matching(path)
    if not found:
        raise StudyRefused([Problem("batch_nothing", "refused", word)])
    return found


def _matching(pattern: Path) -> list[Path]:
    """Files by a pattern, which Windows' own console leaves to the program."""
    if not any(mark in str(pattern) for mark in "*?["):
        return []
    start = Path(pattern.anchor)
    found = sorted(start.glob(str(pattern.relative_to(start))))
    return [file / "study.toml" if file.is_dir() else file for file in found]


def is_up_to_date(study: Study, folder: Path, maps: Path) -> bool:
    """Whether `folder` and `maps` hold the finished result of exactly this study.

    A result is never taken for one where the manifest does not tell: a standard in a file of the
    study's own, or a shapefile, whose attributes lie in another file.
    """
    if study.study.standard.endswith(".toml") or any(
        source.path.suffix.lower() == ".shp" for source in study.sources
    ):
        return False
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        same = manifest["options"] == options(study) and manifest["versions"] == versions()
        return (
            same
            and manifest["inputs"] == [input_record(source) for source in study.sources]
            and _unspoilt(folder, manifest["files"])
            # Every study of a folder writes the index of its maps anew.
            and _unspoilt(maps, {k: v for k, v in manifest["maps"].items() if k != MAPS_INDEX})
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False


def _unspoilt(folder: Path, hashes: dict[str, str]) -> bool:
    """Whether all files are there, with their hashes where they have one."""
    return all(
        (folder / name).is_file() and digest in ("", sha256(folder / name))
        for name, digest in hashes.items()
    )


def run_apart(item: Item, out: Path, language: Language) -> None:
    """Compute the study of `item` in a process of its own, and note how it ended.

    An interruption is handed on to that process, which clears up, and raised again.
    """
    command = [sys.executable, "-m", "lifecircle.cli", "run", str(item.file), "--out", str(out)]
    child = subprocess.Popen(  # noqa: S603 - our own program, without a shell
        [*command, "--lang", language],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
        start_new_session=True,
    )
    try:
        _, said = child.communicate()
    except KeyboardInterrupt:
        _end(child)
        raise
    item.exit_code = child.returncode
    item.state = "failed" if child.returncode else "done"
    if child.returncode:
        lines = said.decode("utf-8", "replace").strip().splitlines()
        ended = sentence("batch.killed", language, signal=-child.returncode)
        item.reason = ended if child.returncode < 0 else (lines or [""])[0]


def _end(child: subprocess.Popen[bytes]) -> None:
    """Interrupt a process as Ctrl-C does, and wait while it clears up."""
    if os.name == "nt":
        child.terminate()
    else:
        child.send_signal(signal.SIGINT)
    try:
        child.communicate(timeout=PATIENCE_S)
    except subprocess.TimeoutExpired:
        child.kill()
        child.communicate()


def summary(items: Iterable[Item], out: Path) -> pd.DataFrame:
    """One row for each study: how it ended, and its shares over all its units.

    A column for every headline and combination of the studies' standards; empty for a study
    that has no result.
    """
    rows = [_row(item, out / "data" / "processed") for item in items]
    shares = list(dict.fromkeys(name for row in rows for name in row if name not in COLUMNS))
    table = pd.DataFrame(rows, columns=[*COLUMNS, *shares])
    whole = table.astype(dict.fromkeys(("exit_code", "units", "problems"), "Int64"))
    return whole.assign(denominator=whole["denominator"].fillna(""))


def _row(item: Item, processed: Path) -> dict[str, Any]:
    row: dict[str, Any] = {
        "study": item.name,
        "file": item.file.as_posix(),
        "state": item.state,
        "exit_code": item.exit_code,
        "reason": item.reason,
    }
    if item.study is None or item.state not in ("done", "unchanged"):
        return row
    folder, standard = processed / item.study.study.name, study_standard(item.study)
    coverage = pd.read_csv(folder / "coverage.csv", encoding="utf-8-sig", dtype={"unit_id": "str"})
    chosen = main_denominator(coverage)
    city = coverage[(coverage["level"] == CITY) & (coverage["denominator"] == chosen)]
    share = city.set_index("service")["share"]
    wanted = [one.id for one in standard.headlines] + [one.id for one in standard.combinations]
    return row | {
        "units": coverage.loc[coverage["level"] != CITY, "unit_id"].nunique(),
        "problems": len(pd.read_csv(folder / "problems.csv", encoding="utf-8-sig")),
        "denominator": chosen,
        "target": standard.target,
        **{name: share[name] for name in wanted if name in share.index},
    }


def write_maps_index(items: Iterable[Item], out: Path, language: Language) -> Path | None:
    """Write the index over the maps of all studies with a result, and say where.

    Nothing where fewer than two have one: the study's own index stands.
    """
    items = list(items)
    found = [
        Finished(
            item.study,
            study_standard(item.study),
            pd.read_parquet(out / "data" / "processed" / item.name / "coverage.parquet"),
        )
        for item in items
        if item.study is not None and item.state in ("done", "unchanged")
    ]
    if len(found) < 2:
        return None
    known = {one.name for one in found}
    without = [item.name for item in items if item.name not in known]
    path = out / "maps" / MAPS_INDEX
    write_text(path, batch_index_html(found, without, language))
    return path


def write_summary(table: pd.DataFrame, out: Path) -> Path:
    """Write the summary as batch.csv beside the results, and say where."""
    path = out / "data" / "processed" / BATCH_FILE
    write_bytes(path, csv_bytes(table))
    return path
