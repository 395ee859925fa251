"""The shape of the package: imports point one way, public names are frozen, help is quick."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from support import REPOSITORY

import lifecircle

PACKAGE = REPOSITORY / "lifecircle"
FLOORS = {
    "cli": 9, "commands": 8, "what_if": 7, "pipeline": 6, "batch": 6, "inputs": 5, "outputs": 5,
    "siting": 5, "measures": 4, "network": 3, "scenario": 3, "study": 2, "standards": 2, "demo": 2,
    "sources": 1, "base": 0,
}  # fmt: skip
ONLY_IN = {
    "osmium": "inputs/osm", "osmnx": "inputs/osm", "folium": "outputs/maps",
}  # fmt: skip
HEAVY = {"geopandas", "osmnx", "folium", "rasterio", "matplotlib", "scipy", "pandas", "numpy"}
PUBLIC = {
    "InputRefused", "Minutes", "Result", "Scenario", "Study", "StudyRefused", "UsageError",
    "WalkNetwork", "choose_sites", "compare", "coverage", "find_gaps", "isochrones",
    "load_scenario", "load_standard", "load_study",
    "read_demand", "read_facilities", "read_network", "read_units", "run", "walk_matrix",
    "walk_minutes", "write_map", "write_report", "write_tables",
}  # fmt: skip

MODULES = sorted(path for path in PACKAGE.rglob("*.py") if path.name != "__init__.py")


def imported(path: Path) -> set[str]:
    """Every module that `path` imports, wherever in the file."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names


def room(module: str) -> str:
    return module.split(".")[1]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_one_way(path: Path) -> None:
    """A module imports from its own room and from rooms below it, never from a sibling."""
    own = path.relative_to(PACKAGE).with_suffix("").parts[0]
    for name in imported(path):
        if name.startswith("lifecircle.") and room(name) != own:
            assert FLOORS[room(name)] < FLOORS[own], f"{path} imports {name}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_each_library_has_its_room(path: Path) -> None:
    """Only inputs/osm*.py knows osmium and OSMnx, only outputs/maps*.py folium."""
    place = str(path.relative_to(PACKAGE).as_posix())
    for name in imported(path):
        home = ONLY_IN.get(name.split(".")[0])
        assert home is None or place.startswith(home), f"{path} imports {name}"
    if "rasterio" in {name.split(".")[0] for name in imported(path)}:
        assert place.startswith(("inputs/raster", "outputs/maps"))


def test_measures_and_network_open_no_file() -> None:
    for path in [*(PACKAGE / "network").glob("*.py"), *(PACKAGE / "measures").glob("*.py")]:
        calls = [
            node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.Call)
        ]
        assert not {"open", "read_file", "read_csv", "read_bytes", "to_file"} & set(calls), path


def test_public_names_are_frozen() -> None:
    """A name comes or goes only on purpose: change this list with the change."""
    assert set(lifecircle.__all__) == PUBLIC
    for name in PUBLIC:
        assert getattr(lifecircle, name).__doc__, name


def test_importing_and_asking_for_help_loads_nothing_heavy() -> None:
    code = (
        "import sys, lifecircle, lifecircle.cli\n"
        "try: lifecircle.cli.commands(['--help'])\n"
        "except SystemExit: pass\n"
        "print(sorted({name.split('.')[0] for name in sys.modules}), file=sys.stderr)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(ast.literal_eval(run.stderr.strip().splitlines()[-1]))
    assert "run" in run.stdout and not loaded & HEAVY


def test_every_sentence_stands_in_both_languages() -> None:
    """Every entry has zh and en with the same places to fill."""
    text = (PACKAGE / "base" / "sentences.toml").read_text(encoding="utf-8")

    def leaves(entry: dict[str, object], path: str = "") -> None:
        if entry.keys() & {"zh", "en"}:
            assert entry.keys() == {"zh", "en"}, path
            places = [sorted(set(places_of(str(entry[language])))) for language in ("zh", "en")]
            assert places[0] == places[1], f"{path}: {places}"
            return
        for key, value in entry.items():
            assert isinstance(value, dict), f"{path}.{key}"
            leaves(value, f"{path}.{key}")

    leaves(tomllib.loads(text))


def places_of(template: str) -> list[str]:
    import string

    return [name for _, name, _, _ in string.Formatter().parse(template) if name]


def test_every_problem_code_in_the_code_has_its_sentences() -> None:
    """A code given to Problem(...) as a literal is an entry with `what` and `fix`."""
    catalogue = tomllib.loads((PACKAGE / "base" / "sentences.toml").read_text(encoding="utf-8"))
    found = 0
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Problem"):
                continue
            code = node.args[0] if node.args else None
            if isinstance(code, ast.Constant):
                found += 1
                assert {"what", "fix"} <= catalogue[code.value].keys(), code.value
    assert found > 20
