"""The places of a scenario in WGS 84, whatever datum they were taken from."""

from __future__ import annotations

from typing import TypeVar

import numpy as np

from lifecircle.base.model import Model
from lifecircle.inputs.datum import to_wgs84
from lifecircle.scenario import Scenario

Place = TypeVar("Place", bound=Model)


def in_wgs84(scenario: Scenario) -> Scenario:
    """The scenario with every longitude and latitude in WGS 84."""
    if scenario.datum in ("wgs84", "cgcs2000"):
        return scenario
    datum, facilities = scenario.datum, scenario.facilities
    kept = {
        "add": tuple(_moved(one, datum) for one in facilities.add),
        "move": tuple(_moved(one, datum) for one in facilities.move),
    }
    lines = tuple(
        one.model_copy(update={"line": tuple(_degrees(*at, datum) for at in one.line)})
        for one in scenario.ways.add
    )
    return scenario.model_copy(
        update={
            "datum": "wgs84",
            "facilities": facilities.model_copy(update=kept),
            "ways": scenario.ways.model_copy(update={"add": lines}),
            "gates": tuple(_moved(one, datum) for one in scenario.gates),
            "population": tuple(_moved(one, datum) for one in scenario.population),
        }
    )


def _moved(place: Place, datum: str) -> Place:
    """`place` in WGS 84, where it has a longitude and a latitude."""
    lon, lat = getattr(place, "lon"), getattr(place, "lat")  # noqa: B009 - of several models
    if lon is None:
        return place
    east, north = _degrees(lon, lat, datum)
    return place.model_copy(update={"lon": east, "lat": north})


def _degrees(lon: float, lat: float, datum: str) -> tuple[float, float]:
    east, north = to_wgs84(np.array([lon]), np.array([lat]), datum)
    return float(east[0]), float(north[0])
