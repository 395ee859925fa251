"""Measure the 15-minute community life circle (15分钟社区生活圈).

The public names, loaded when they are first used: importing this package starts nothing, changes
nothing and takes no time.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lifecircle.base.problems import InputRefused, StudyRefused, UsageError
    from lifecircle.inputs.osm_network import read_network
    from lifecircle.inputs.read import read_demand, read_facilities, read_units
    from lifecircle.measures.coverage import coverage
    from lifecircle.measures.result import Result
    from lifecircle.network.isochrones import isochrones
    from lifecircle.network.matrix import walk_matrix
    from lifecircle.network.network import WalkNetwork
    from lifecircle.network.walk import Minutes, walk_minutes
    from lifecircle.outputs.reports import write_report
    from lifecircle.outputs.result_map import write_map
    from lifecircle.outputs.tables import write_tables
    from lifecircle.pipeline import choose_sites, find_gaps, run
    from lifecircle.scenario import Scenario, load_scenario
    from lifecircle.standards.catalogue import load_standard
    from lifecircle.study import Study, load_study
    from lifecircle.what_if import compare

_HOME = {
    "InputRefused": "base.problems",
    "Minutes": "network.walk",
    "Result": "measures.result",
    "Scenario": "scenario",
    "Study": "study",
    "StudyRefused": "base.problems",
    "UsageError": "base.problems",
    "WalkNetwork": "network.network",
    "choose_sites": "pipeline",
    "compare": "what_if",
    "coverage": "measures.coverage",
    "find_gaps": "pipeline",
    "isochrones": "network.isochrones",
    "load_scenario": "scenario",
    "load_standard": "standards.catalogue",
    "load_study": "study",
    "read_demand": "inputs.read",
    "read_facilities": "inputs.read",
    "read_network": "inputs.osm_network",
    "read_units": "inputs.read",
    "run": "pipeline",
    "walk_matrix": "network.matrix",
    "walk_minutes": "network.walk",
    "write_map": "outputs.result_map",
    "write_report": "outputs.reports",
    "write_tables": "outputs.tables",
}

__all__ = [
    "InputRefused",
    "Minutes",
    "Result",
    "Scenario",
    "Study",
    "StudyRefused",
    "UsageError",
    "WalkNetwork",
    "choose_sites",
    "compare",
    "coverage",
    "find_gaps",
    "isochrones",
    "load_scenario",
    "load_standard",
    "load_study",
    "read_demand",
    "read_facilities",
    "read_network",
    "read_units",
    "run",
    "walk_matrix",
    "walk_minutes",
    "write_map",
    "write_report",
    "write_tables",
]


def __getattr__(name: str) -> Any:
    """Load a public name from the module it lives in."""
    if name not in _HOME:
        raise AttributeError(f"module 'lifecircle' has no attribute {name!r}")
    return getattr(import_module(f"lifecircle.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    """The public names."""
    return __all__
