"""A scenario: one TOML of changes on top of a study, checked as strictly as a study is.

`base` names the study (or another scenario) that it changes.  Places are longitudes and latitudes
in `datum`; a cost is in whatever money the planner counts.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, PrivateAttr, ValidationError, model_validator

from lifecircle.base.model import Model, key_problems
from lifecircle.base.problems import StudyRefused
from lifecircle.sources import Positive
from lifecircle.study import Options, toml_content

Longitude = Annotated[float, Field(ge=-180, le=180)]
Latitude = Annotated[float, Field(ge=-90, le=90)]
Count = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Number = Annotated[float, Field(allow_inf_nan=False)]
Name = Annotated[str, Field(min_length=1)]

CAPACITIES = ("beds", "places", "floor_area_m2")
PEOPLE = ("residents", "residents_60plus", "children_0_3", "dwellings")


class Change(Model):
    """One change, and what it costs where that is known."""

    cost: Count | None = None


class Located(Change):
    """A change at a place."""

    lon: Longitude
    lat: Latitude


class Capacity(Model):
    """What a facility holds."""

    beds: Count | None = None
    places: Count | None = None
    floor_area_m2: Count | None = None

    @property
    def given(self) -> dict[str, float]:
        """The capacities that are given."""
        values = {name: getattr(self, name) for name in CAPACITIES}
        return {name: value for name, value in values.items() if value is not None}


class NewFacility(Located, Capacity):
    """`[[facilities.add]]`: a facility of one service, or of several under one roof."""

    name: Name
    service: Name | Annotated[tuple[Name, ...], Field(min_length=1)]

    @property
    def services(self) -> tuple[str, ...]:
        """Its services, each once."""
        given = (self.service,) if isinstance(self.service, str) else self.service
        return tuple(dict.fromkeys(given))


class Named(Change):
    """A change of a facility that is there, by id or name; of all its services or of one."""

    facility: Name
    service: Name | None = None


class MovedFacility(Named, Located):
    """`[[facilities.move]]`: to another place."""


class EnlargedFacility(Named, Capacity):
    """`[[facilities.enlarge]]`: what it holds from now on."""

    @model_validator(mode="after")
    def _says_what(self) -> Self:
        if not self.given:
            raise ValueError(f"give one of {', '.join(CAPACITIES)}")
        return self


class Gate(Change):
    """`[[gates]]`: an OSM node, or the gate (or street) within 10 m of a place."""

    node: int | None = None
    lon: Longitude | None = None
    lat: Latitude | None = None
    name: str = ""
    state: Literal["open", "shut", "private"]
    """`private` lets residents out and visitors in, and nobody through."""

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.lon is None) != (self.lat is None) or (self.node is None) == (self.lon is None):
            raise ValueError("give either `node`, or `lon` and `lat`")
        return self


class NewWay(Change):
    """`[[ways.add]]`: a path along places; a footbridge joins streets at its two ends only."""

    name: Name
    line: Annotated[tuple[tuple[Longitude, Latitude], ...], Field(min_length=2)]
    length_m: Positive | None = None
    """Its length where it is not as drawn."""
    steps: Annotated[int, Field(ge=0)] = 0
    ramp: bool = False
    """Whether a ramp goes beside its steps."""
    footbridge: bool = False


class ClosedWay(Change):
    """`[[ways.close]]`: an OSM way."""

    way: int


class People(Change):
    """`[[population]]`: people more (or fewer) in a unit, or at a place, such as new homes."""

    unit: Name | None = None
    lon: Longitude | None = None
    lat: Latitude | None = None
    name: str = ""
    residents: Number | None = None
    residents_60plus: Number | None = None
    children_0_3: Number | None = None
    dwellings: Number | None = None

    @property
    def given(self) -> dict[str, float]:
        """The weights that are given."""
        values = {name: getattr(self, name) for name in PEOPLE}
        return {name: value for name, value in values.items() if value is not None}

    @model_validator(mode="after")
    def _where_and_whom(self) -> Self:
        if (self.lon is None) != (self.lat is None) or (self.unit is None) == (self.lon is None):
            raise ValueError("give either `unit`, or `lon` and `lat`")
        if not self.given:
            raise ValueError(f"give one of {', '.join(PEOPLE)}")
        if self.unit is None and min(self.given.values()) < 0:
            raise ValueError("there cannot be fewer than 0 at a new place; give the `unit`")
        return self


class Facilities(Model):
    """The table `[facilities]`."""

    add: tuple[NewFacility, ...] = ()
    close: tuple[Named, ...] = ()
    move: tuple[MovedFacility, ...] = ()
    enlarge: tuple[EnlargedFacility, ...] = ()


class Ways(Model):
    """The table `[ways]`."""

    add: tuple[NewWay, ...] = ()
    close: tuple[ClosedWay, ...] = ()


FIXED = ("name", "title", "crs", "language", "report_date", "map_approval", "coordinates_out")
"""Options of a study that no scenario changes."""


class Rule(Options):
    """The table `[study]`: options of the study that the scenario replaces."""

    name: str = "scenario"

    @model_validator(mode="before")
    @classmethod
    def _only_what_may_change(cls, content: Any) -> Any:
        fixed = [key for key in FIXED if isinstance(content, dict) and key in content]
        if fixed:
            raise ValueError(f"`{fixed[0]}` is the study's and stays as it is")
        return content

    @property
    def given(self) -> dict[str, Any]:
        """The options that the scenario replaces."""
        return {name: getattr(self, name) for name in sorted(self.model_fields_set)}


class Scenario(Model):
    """A whole scenario, as read."""

    base: Path | None = None
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_-]{0,63}$")]
    title: str = ""
    datum: Literal["wgs84", "cgcs2000", "gcj02", "bd09"] = "wgs84"
    facilities: Facilities = Facilities()
    gates: tuple[Gate, ...] = ()
    ways: Ways = Ways()
    population: tuple[People, ...] = ()
    study: Rule = Rule()
    standard: dict[str, Any] = {}
    """Changes to the standard, as in a study."""

    _file: Path = PrivateAttr(default=Path("scenario.toml"))

    @property
    def file(self) -> Path:
        """The file this scenario was read from."""
        return self._file

    @property
    def changes_rule(self) -> bool:
        """Whether it changes who walks or what is asked."""
        return bool(self.study.given or self.standard)

    @property
    def changes_streets(self) -> bool:
        """Whether it changes the streets."""
        return bool(self.gates or self.ways.add or self.ways.close)


def load_scenario(path: str | Path) -> Scenario:
    """Read and check a scenario file; `base` starts at its folder.

    Raises `StudyRefused` naming the key and the fix; nothing but this file is opened.
    """
    path = Path(path)
    content = toml_content(path)
    try:
        scenario = Scenario.model_validate(content)
    except ValidationError as error:
        raise StudyRefused(key_problems(error, path, frozenset())) from None
    if scenario.base is not None:
        base = path.parent / Path(str(scenario.base).replace("\\", "/"))
        scenario = scenario.model_copy(update={"base": base})
    scenario._file = path
    return scenario


def is_scenario(path: Path) -> bool:
    """Whether a TOML file is a scenario and no study; a study names its streets."""
    content = toml_content(path)
    return "network" not in content and not {"units", "demand"} & content.keys()
