"""A cache changes no figure, is used where nothing changed, and only there."""

from __future__ import annotations

from pathlib import Path

import pytest
from studies import replace, write_study

import lifecircle as lc
from lifecircle.base.cache import cache_in
from lifecircle.base.journal import journal


def files_of(study: Path, folder: Path, cache: Path | None) -> dict[str, bytes]:
    """Every file of a run but its log."""
    with cache_in(cache):
        lc.write_tables(lc.run(lc.load_study(study)), folder)
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.name != "run.log"}


def entries(cache: Path) -> dict[str, int]:
    """The kept entries and which file on the disk each is: one written anew is another file."""
    return {file.name: file.stat().st_ino for file in cache.iterdir()}


@pytest.fixture
def study(tmp_path: Path) -> Path:
    return write_study(tmp_path)


def test_a_run_from_the_cache_gives_the_same_bytes(study: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    without = files_of(study, tmp_path / "without", None)
    assert files_of(study, tmp_path / "first", cache) == without
    kept = entries(cache)
    assert kept
    assert files_of(study, tmp_path / "second", cache) == without
    assert entries(cache) == kept


def test_another_facility_reuses_streets_and_demand(study: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    before = files_of(study, tmp_path / "before", cache)
    kept = entries(cache)
    replace(tmp_path, "0.0017", "-0.0012", "homes.csv")
    after = files_of(study, tmp_path / "after", cache)
    assert entries(cache) == kept
    assert after["demand.parquet"] != before["demand.parquet"]
    assert after == files_of(study, tmp_path / "without", None)


def cached(study: Path, cache: Path) -> dict[str, set[str]]:
    """What a run says of its cache, for its log: what it took from there, and what it made."""
    with cache_in(cache), journal() as lines:
        lc.run(lc.load_study(study))
    said = [line.split()[1:] for line in lines if line.startswith("cache")]
    return {
        "taken": {name for name, *words in said if words == ["taken", "from", "the", "cache"]},
        "made": {name for name, *words in said if words == ["worked", "out"]},
    }


def test_the_log_says_what_was_reused(study: Path, tmp_path: Path) -> None:
    """A changed facility file leaves nothing of the extract and of demand to be worked out; other
    names of units leave everything but the demand.
    """
    cache = tmp_path / "cache"
    first = cached(study, cache)
    assert not first["taken"] - {"places"}
    assert first["made"] >= {"streets", "places", "network", "demand"}
    replace(tmp_path, "0.0017", "-0.0012", "homes.csv")
    second = cached(study, cache)
    assert second["made"] == set()
    assert second["taken"] >= first["made"]
    replace(tmp_path, '"id": "1"', '"id": "2"', "units.geojson")
    third = cached(study, cache)
    assert third["made"] == {"demand"}
