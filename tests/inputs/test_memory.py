"""Memory: what a run will take, and a refusal before any work where there is not as much."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from studies import lifecircle, write_study

import lifecircle as lc
from lifecircle.base import machine
from lifecircle.base.geo import GEOGRAPHIC
from lifecircle.base.journal import journal, note
from lifecircle.base.problems import InputRefused
from lifecircle.inputs import gather, memory
from lifecircle.inputs.memory import Need, needed
from lifecircle.inputs.raster import cells_over
from lifecircle.inputs.walkers import walked_standard
from lifecircle.sources import RasterDemand

GRID = rasterio.Affine(0.001, 0, 120.0, 0, -0.001, 31.0)
"""Cells of a thousandth of a degree, from 120° east and 31° north to the right and downwards."""


def limited(study: Path, gb: float) -> Path:
    text = study.read_text(encoding="utf-8")
    study.write_text(text.replace("[study]", f"[study]\nmemory_limit_gb = {gb}"), encoding="utf-8")
    return study


def test_nothing_is_read_where_a_run_would_not_fit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The refusal comes from the sizes of files alone: the streets are never opened."""
    monkeypatch.setattr(gather, "read_streets", lambda *_: pytest.fail("the streets were read"))
    study = lc.load_study(limited(write_study(tmp_path), 0.1))
    with pytest.raises(InputRefused) as refusal:
        lc.run(study)
    (problem,) = refusal.value.problems
    assert problem.code == "memory_program" and problem.details["limit"] == "0.1"
    assert "0.1 GB" in problem.line("en") and "0.1 GB" in problem.line("zh")


def test_what_does_not_fit_ends_with_code_3_and_leaves_only_problems(tmp_path: Path) -> None:
    done = lifecircle("run", str(limited(write_study(tmp_path), 0.1)), cwd=tmp_path)
    assert done.returncode == 3
    assert "memory_limit_gb" in done.stderr
    left = [file.name for file in (tmp_path / "data/processed/tiny").iterdir()]
    assert left == ["problems.csv"]


@pytest.mark.parametrize(
    ("need", "code"),
    [
        (Need(10, 10, 1, 10), "memory_program"),
        (Need(10**9, 10, 1, 10), "memory_streets"),
        (Need(10, 10**7, 20, 10), "memory_demand"),
        (Need(10, 10, 1, 10**9), "memory_raster"),
    ],
)
def test_advice_is_on_the_largest_part(tmp_path: Path, need: Need, code: str) -> None:
    study = lc.load_study(write_study(tmp_path))
    problem = need.problem(4e9, study)
    assert problem.code == code
    for language in ("en", "zh"):
        assert problem.details["need"] in problem.line(language)
        assert "{" not in problem.line(language)


def test_need_grows_with_what_it_is_made_of() -> None:
    """Twice the points of demand cost twice their part and nothing else."""
    one, two = Need(10**7, 10**5, 20, 0), Need(10**7, 2 * 10**5, 20, 0)
    assert two.parts["demand"] == 2 * one.parts["demand"]
    assert two.parts["streets"] == one.parts["streets"]
    assert two.total - one.total == pytest.approx(one.parts["demand"])


def test_services_are_those_that_files_name(tmp_path: Path) -> None:
    """One file with one service: one column of walks, however many the standard knows."""
    study = lc.load_study(write_study(tmp_path))
    standard = walked_standard(study)
    units = gpd.read_file(tmp_path / "units.geojson")
    assert needed(study, standard, units).services == 1


def test_the_estimate_stands_in_the_log_and_nowhere_else(tmp_path: Path) -> None:
    assert lifecircle("run", str(write_study(tmp_path)), cwd=tmp_path).returncode == 0
    folder = tmp_path / "data/processed/tiny"
    lines = (folder / "run.log").read_text(encoding="utf-8").splitlines()
    (line,) = [line for line in lines if line.startswith("memory")]
    assert "GB estimated" in line
    for file in folder.iterdir():
        assert file.name == "run.log" or b"GB estimated" not in file.read_bytes()


def test_a_study_may_say_more_than_the_machine_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`memory_limit_gb` is the planner's word; without it 80 % of the machine hold."""
    study = lc.load_study(write_study(tmp_path))
    monkeypatch.setattr(memory, "memory_bytes", lambda: 1_000_000_000)
    assert memory.memory_limit(study) == pytest.approx(800e6)
    assert memory.memory_limit(lc.load_study(limited(tmp_path / "study.toml", 64))) == 64e9


def test_a_machine_that_does_not_tell_refuses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "memory_bytes", lambda: None)
    study = lc.load_study(write_study(tmp_path))
    assert memory.refuse_too_large(study, walked_standard(study)).total > 0


# ---- the machine ----


@pytest.mark.skipif(not Path("/proc/meminfo").is_file(), reason="needs Linux")
def test_memory_is_what_the_system_says() -> None:
    """The same figure as /proc/meminfo's MemTotal, unless a container allows less."""
    lines = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
    total = int(lines["MemTotal"].split()[0]) * 1024
    told = machine.memory_bytes()
    assert told is not None and told <= total
    assert machine._container_bytes() is not None or told == total


@pytest.mark.parametrize("name", machine.CGROUP_FILES)
def test_a_container_is_not_the_machine(tmp_path: Path, name: str) -> None:
    """Groups of both versions; `max` is no limit."""
    file = tmp_path / name
    file.parent.mkdir(exist_ok=True)
    file.write_text("2147483648\n")
    assert machine._container_bytes(tmp_path) == 2**31
    file.write_text("max\n")
    assert machine._container_bytes(tmp_path) is None


# ---- rasters ----


def huge(folder: Path, side: int = 30_000, people: int = 1000) -> Path:
    """A compressed raster of `side` × `side` cells, one person in each of the first `people` ²."""
    path = folder / "people.tif"
    with rasterio.open(
        path, "w", driver="GTiff", width=side, height=side, count=1, dtype="float32",
        crs=GEOGRAPHIC, transform=GRID, tiled=True, compress="deflate", sparse_ok=True,
    ) as dataset:  # fmt: skip
        window = rasterio.windows.Window(0, 0, people, people)
        dataset.write(np.ones((people, people), dtype="float32"), 1, window=window)
    return path


def unit_of(cells: int) -> gpd.GeoDataFrame:
    """One unit on the first `cells` × `cells`."""
    shape = shapely.box(120, 31 - 0.001 * cells, 120 + 0.001 * cells, 31)
    return gpd.GeoDataFrame({"unit_id": ["a"]}, geometry=[shape], crs=GEOGRAPHIC)


def test_cells_are_those_over_the_units(tmp_path: Path) -> None:
    """Of 9 · 10^8 cells 40 × 40 lie over the unit, one person in each; its outline may cut some."""
    source = RasterDemand.model_validate({"path": huge(tmp_path), "kind": "raster"})
    cells, points = cells_over(source, unit_of(40))
    assert 1600 <= cells <= 42 * 42
    assert 1600 <= points <= 1600 + 160


def test_no_more_points_than_cells_with_people(tmp_path: Path) -> None:
    """People live in 10 × 10 of the 100 × 100 cells over the unit."""
    path = huge(tmp_path, side=200, people=10)
    cells, points = cells_over(
        RasterDemand.model_validate({"path": path, "kind": "raster"}), unit_of(100)
    )
    assert cells >= 10_000
    assert 100 <= points <= 100 + 400


PEAK = """
import sys
from pathlib import Path
import geopandas as gpd
import shapely
from pyproj import CRS
from lifecircle.inputs.demand import build_demand
from lifecircle.sources import RasterDemand

def figure(name):
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name)) / 1024

def read(cells):
    side = 0.001 * cells - 1e-8
    shape = shapely.box(120 + 1e-8, 31 - side, 120 + side, 31 - 1e-8)
    units = gpd.GeoDataFrame({"unit_id": ["a"]}, geometry=[shape], crs="EPSG:4326")
    source = RasterDemand.model_validate({"path": Path(sys.argv[1]), "kind": "raster"})
    crs = CRS("EPSG:32651")
    ground = units.to_crs(crs).geometry.iloc[0].buffer(1000)
    return len(build_demand([source], units, crs, ground, None).table)

read(2)
before = figure("VmRSS")
Path("/proc/self/clear_refs").write_text("5")
count = read(int(sys.argv[2]))
print(count, figure("VmHWM") - before)
"""


@pytest.mark.skipif(not Path("/proc/self/clear_refs").is_file(), reason="needs Linux")
@pytest.mark.parametrize(("cells", "most_mb"), [(40, 60), (300, 60 + 90_000 * 2e-3)])
def test_a_raster_is_read_in_its_window(tmp_path: Path, cells: int, most_mb: float) -> None:
    """Of a raster of 3.6 GB only what lies over the units is held: some MB, and 2 KB a point."""
    done = subprocess.run(
        [sys.executable, "-c", PEAK, str(huge(tmp_path)), str(cells)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    count, peak_mb = done.stdout.split()
    assert int(count) == cells**2
    assert float(peak_mb) < most_mb


# ---- the journal ----


def test_notes_are_heard_where_somebody_listens() -> None:
    note("lost", "nobody listens")
    with journal() as lines:
        note("memory", "1 GB")
    note("lost", "nobody listens any more")
    assert lines == ["memory       1 GB"]
