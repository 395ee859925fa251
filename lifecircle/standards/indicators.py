"""The lines of the target table (政策目标对照表) as data: what is measured, how, against what.

A line is of one of six kinds.  The lines of the policy documents are in `targets/`; a study may
change one or add its own.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationError, model_validator

from lifecircle.base.model import Model, key_problems
from lifecircle.base.problems import Problem, StudyRefused
from lifecircle.standards.catalogue import Confidence, Group, Metres

LineId = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,31}$")]
Part = Annotated[str, Field(pattern=r"^[a-z0-9_]*$")]
Amount = Literal["beds", "places", "floor_area_m2", "homes"]
Capacity = Literal["beds", "places", "floor_area_m2"]
Level = Literal["district", "street", "neighbourhood"]
Number = Annotated[float, Field(ge=0, allow_inf_nan=False)]

KINDS = frozenset({"coverage", "units", "per_1000", "presence", "total", "share"})


class Line(Model):
    """What every line has: a name in both languages, a target, and the clause it comes from."""

    id: LineId
    part: Part = ""
    name_zh: str
    name_en: str
    clause: str
    confidence: Confidence
    target: Number | None = None
    target_year: Annotated[int, Field(ge=2000, le=2100)] | None = None
    target_of: Literal["unit", "city"] = "unit"
    """`city`: the figure is the whole city's, so that a part of it gets no verdict."""
    rule_zh: str = ""
    rule_en: str = ""
    """What the text leaves open and how it was read."""

    @property
    def key(self) -> tuple[str, str]:
        """What tells this line from all others."""
        return self.id, self.part


class Coverage(Line):
    """The share of people within walking distance: the mean over `services` (or headlines)."""

    kind: Literal["coverage"]
    services: Annotated[tuple[str, ...], Field(min_length=1)]
    limit_m: Metres | None = None
    """Instead of the standard's own limits."""
    option: Literal["commerce_limit_m"] | None = None
    """The study option that gives such a limit."""
    rural: bool = False
    """Only over units marked rural."""
    profile: Literal["adult", "elderly", "elderly_cautious", "caregiver", "wheelchair"] | None = (
        None
    )
    """Who walks, with `limit_min` at this walker's own pace for a limit."""
    limit_min: Metres | None = None

    @model_validator(mode="after")
    def _minutes_of_a_walker(self) -> Self:
        if (self.profile is None) != (self.limit_min is None):
            raise ValueError("give `profile` and `limit_min` together")
        return self


class Units(Line):
    """The share, or the number, of units whose coverage of every service is high enough."""

    kind: Literal["units"]
    services: Annotated[tuple[str, ...], Field(min_length=1)]
    at_least: Annotated[float, Field(gt=0, le=1)]
    count: bool = False
    central: bool = False
    """Only units of the central city, which the study names."""


class Per1000(Line):
    """A capacity for 1000 people."""

    kind: Literal["per_1000"]
    services: Annotated[tuple[str, ...], Field(min_length=1)]
    capacity: Capacity
    of: Literal["residents", "residents_60plus", "children_0_3"]


class Needed(Model):
    """A list that a unit must have a row of, with at least so much where that is asked."""

    list: str
    amount: Amount | None = None
    at_least: Number = 0


class Presence(Line):
    """The share of all units of a level that have at least one of `any_of`."""

    kind: Literal["presence"]
    level: Level
    any_of: Annotated[tuple[Needed, ...], Field(min_length=1)]


class Total(Line):
    """Rows of a list or facilities of services, or the sum of what they hold."""

    kind: Literal["total"]
    list: str | None = None
    services: tuple[str, ...] = ()
    amount: Amount | None = None

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.list is None) == (not self.services):
            raise ValueError("give either `list` or `services`")
        return self


class Share(Line):
    """The share of a list's rows that have an attribute, or a facility within some metres."""

    kind: Literal["share"]
    list: str
    attribute: str | None = None
    near: str | None = None
    """A service; the metres are the study option `locker_m`, in a straight line."""
    weighted_by: Amount | None = None

    @model_validator(mode="after")
    def _one_question(self) -> Self:
        if (self.attribute is None) == (self.near is None):
            raise ValueError("give either `attribute` or `near`")
        return self


Indicator = Annotated[
    Coverage | Units | Per1000 | Presence | Total | Share, Field(discriminator="kind")
]


class SupplyRule(Model):
    """A capacity, the group it serves, and the norm for 1000 people where one is published."""

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    name_zh: str
    name_en: str
    services: Annotated[tuple[str, ...], Field(min_length=1)]
    capacity: Capacity
    group: Group | Literal["residents"]
    norm: Metres | None = None
    norm_of: Literal["residents", "residents_60plus", "children_0_3"] = "residents"
    clause: str
    confidence: Confidence


class Targets(Model):
    """All lines of the target table, and the capacities measured against demand."""

    id: str
    indicators: tuple[Indicator, ...]
    supplies: tuple[SupplyRule, ...] = ()

    @model_validator(mode="after")
    def _keys_differ(self) -> Self:
        keys = [line.key for line in self.indicators]
        twice = sorted({f"{a} {b}".strip() for a, b in keys if keys.count((a, b)) > 1})
        if twice:
            raise ValueError(f"the same id and part stand twice: {', '.join(twice)}")
        return self

    @property
    def lists(self) -> tuple[str, ...]:
        """Every kind of list that some line asks for."""
        kinds = {"neighbourhood", "compound"}
        for line in self.indicators:
            if isinstance(line, Presence):
                kinds |= {needed.list for needed in line.any_of}
            elif isinstance(line, Total | Share) and line.list is not None:
                kinds.add(line.list)
        return tuple(sorted(kinds))

    @property
    def attributes(self) -> tuple[str, ...]:
        """Every attribute that some line asks for."""
        own = {line.attribute for line in self.indicators if isinstance(line, Share)}
        return tuple(sorted(name for name in own if name))


@cache
def bundled_targets(name: str = "shanghai-2022") -> Targets:
    """The lines of the policy documents."""
    text = files("lifecircle.standards").joinpath("targets", f"{name}.toml").read_text("utf-8")
    return Targets.model_validate(tomllib.loads(text))


def with_own(
    targets: Targets, own: Mapping[str, Any], file: Path, data_year: int | None = None
) -> Targets:
    """`targets` with a study's own lines and supplies, which replace those of the same id.

    Raises `StudyRefused` naming every wrong key, and for an own target whose year lies before
    `data_year`, the year of the study's data.
    """
    content = {
        "id": targets.id,
        "indicators": own.get("own", ()),
        "supplies": own.get("supplies", ()),
    }
    try:
        added = Targets.model_validate(content)
    except ValidationError as error:
        raise StudyRefused(
            [_in_study(problem) for problem in key_problems(error, file, KINDS)]
        ) from None
    _refuse_past(added, file, data_year)
    return targets.model_copy(
        update={
            "indicators": _merged(targets.indicators, added.indicators),
            "supplies": _merged(targets.supplies, added.supplies),
        }
    )


def _merged(old: tuple[Any, ...], new: tuple[Any, ...]) -> tuple[Any, ...]:
    by_key = {getattr(one, "key", one.id): one for one in (*old, *new)}
    return tuple(by_key.values())


def _in_study(problem: Problem) -> Problem:
    """`problem` with the key as the study file has it."""
    path = problem.column.replace("indicators", "indicators.own", 1)
    if path.startswith("supplies"):
        path = f"indicators.{path}"
    return Problem(
        problem.code, problem.action, problem.source, column=path, details=problem.details
    )


def _refuse_past(added: Targets, file: Path, data_year: int | None) -> None:
    late = [
        Problem(
            "target_year_past",
            "refused",
            file.name,
            column=f"indicators.own.{number}.target_year",
            value=str(line.target_year),
            details={"year": data_year},
        )
        for number, line in enumerate(added.indicators)
        if data_year is not None and line.target_year is not None and line.target_year < data_year
    ]
    if late:
        raise StudyRefused(late)
