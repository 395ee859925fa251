"""What a planner gets wrong is answered in one line with the fix, and nothing else is written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from osm_xml import Town
from studies import files_in, lifecircle, write_study

from lifecircle.base.files import write_text

PROBLEMS = "data/processed/tiny/problems.csv"
Spoil = Callable[[Path], None]


def replace(old: str, new: str, name: str = "study.toml") -> Spoil:
    """Replace a text that must be there once in a file of the study."""

    def spoil(folder: Path) -> None:
        text = (folder / name).read_text(encoding="utf-8")
        assert text.count(old) == 1
        write_text(folder / name, text.replace(old, new))

    return spoil


def no_walkable_way(folder: Path) -> None:
    town = Town()
    town.line(1, [(-200, 0), (200, 0)], highway="motorway")
    town.box(2, (-150, 10, 150, 60), landuse="residential")
    town.write(folder)


def units_in_metres_without_crs(folder: Path) -> None:
    """A shapefile without its .prj, as it is mailed about."""
    import geopandas as gpd
    from shapely.geometry import box

    frame = gpd.GeoDataFrame({"id": ["1"], "name": ["a"]}, geometry=[box(0, 0, 600, 200)])
    frame.set_crs("EPSG:4549").to_file(folder / "units.shp")
    (folder / "units.prj").unlink()
    replace("units.geojson", "units.shp")(folder)


def own_standard(folder: Path, metres: str = "nan", minutes: str = "15") -> None:
    write_text(
        folder / "own.toml",
        f"""
id = "own"
name_zh = "自定"
name_en = "own"
document = "own"
year = 2026
confidence = "M"
tiers = [{{ limit_m = 1000, minutes = {minutes} }}]

[[services]]
id = "eldercare_home"
name_zh = "养老院"
name_en = "home"
domain = "care"
limit_m = {metres}
limit_source = "own"
clause = "own"
confidence = "M"
""",
    )
    replace('"shanghai-2022"', '"own.toml"')(folder)


def empty_facilities(folder: Path) -> None:
    (folder / "homes.csv").write_bytes(b"")


def missing_facilities(folder: Path) -> None:
    (folder / "homes.csv").unlink()


def only_a_header(folder: Path) -> None:
    (folder / "homes.csv").write_text("name,lon,lat\n", encoding="utf-8")


CASES: dict[str, tuple[Spoil, int, str, str]] = {
    "missing file": (missing_facilities, 3, "homes.csv: there is no such file", "check the path"),
    "no CRS": (units_in_metres_without_crs, 3, "units.shp: ", "such as EPSG:4549"),
    "no walkable way": (no_walkable_way, 3, "town.osm: none of the", "highway=*"),
    "empty facility file": (empty_facilities, 3, "homes.csv: the file is empty", "export"),
    "facility file with a header only": (
        only_a_header, 3, "homes.csv: the file has no usable facility", "optional = true",
    ),
    "misspelt key": (
        replace("service =", "sevice ="), 2, "facilities.0.sevice: this key is not known",
        "check its spelling",
    ),
    "limit is not a number": (own_standard, 2, "own.toml services.0.limit_m", "correct the value"),
    "minutes are not a number": (
        lambda folder: own_standard(folder, "1000", "nan"), 2, "own.toml tiers.0.minutes",
        "correct the value",
    ),
    "backslash path": (
        replace("homes.csv", r"data\homes.csv"), 2, "a backslash",
        "use single quotes or /",
    ),
    "unknown standard": (
        replace("shanghai-2022", "shanghai-2032"), 2, '"shanghai-2032": no standard has this name',
        "use one of these names",
    ),
}  # fmt: skip


def test_the_study_that_the_cases_spoil_runs(tmp_path: Path) -> None:
    """Without this, every refusal below could have another cause."""
    run = lifecircle("run", write_study(tmp_path), "--out", tmp_path / "out", cwd=tmp_path)
    assert (run.returncode, run.stderr) == (0, "")
    assert "maps/tiny.html" in files_in(tmp_path / "out")


@pytest.mark.parametrize("name", CASES)
def test_a_wrong_input_is_refused_in_one_line(tmp_path: Path, name: str) -> None:
    """The exit code, the line with its fix, and only problems.csv, where the study can be read."""
    spoil, code, what, fix = CASES[name]
    study = write_study(tmp_path)
    spoil(tmp_path)
    out = tmp_path / "out"
    run = lifecircle("run", study, "--out", out, cwd=tmp_path)
    assert run.returncode == code, run.stderr
    assert run.stdout == ""
    line, closing = run.stderr.splitlines()
    wrong, _, cure = line.partition(" Fix: ")
    assert what in wrong and fix in cure
    assert closing == "Refused; nothing was computed."
    assert "Traceback" not in run.stderr
    assert files_in(out) == ([PROBLEMS] if code == 3 else [])


@pytest.mark.parametrize("name", ["missing file", "misspelt key"])
def test_a_refusal_leaves_an_earlier_result_as_it_was(tmp_path: Path, name: str) -> None:
    study, out = write_study(tmp_path), tmp_path / "out"
    assert lifecircle("run", study, "--out", out, cwd=tmp_path).returncode == 0
    before = {file: (out / file).read_bytes() for file in files_in(out)}
    CASES[name][0](tmp_path)
    lifecircle("run", study, "--out", out, cwd=tmp_path)
    changed = {file for file in files_in(out) if (out / file).read_bytes() != before.get(file)}
    assert changed <= {PROBLEMS} and set(files_in(out)) == set(before)
