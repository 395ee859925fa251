"""A standard: services with their limits, headlines with their targets, and where each is written.

Standards are TOML files.  Those in this folder are known by name (`shanghai-2022`); any other is
given by its path.  Every key is checked, and a wrong one is named with its full path.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import (
    AfterValidator,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

from lifecircle.base.model import Model, ProfileName, key_problems
from lifecircle.base.problems import InputRefused, Problem, StudyRefused, UsageError
from lifecircle.base.text import decode

Id = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Metres = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1)]
Confidence = Literal["V", "V2", "M"]
"""V: read in the original; V2: second-hand; M: from memory, or set by no text at all."""

Mode = Literal["walk", "slow", "straight"]
"""On foot; 慢行 (walking and cycling), computed on foot and without a verdict; or by radius."""

Group = Literal["residents_60plus", "children_0_3"]
"""The weight of the people a service is meant for, where these are not all residents."""

TagGroup = Annotated[str, Field(pattern=r"^[^=!+\s]+!?=[^=!+\s]+(\+[^=!+\s]+!?=[^=!+\s]+)*$")]
"""Tags that must all hold: `k=v`, `k=*` (any value) and `k!=v`, joined by `+`."""

Place = tuple[str | int, ...]
"""Where a key stands: `("headlines", 0, "members", 1)`."""


T = TypeVar("T")


def _not_empty(items: tuple[T, ...]) -> tuple[T, ...]:
    # Not Field(min_length=1), which adds "too short" to every fault of the only item.
    if not items:
        raise ValueError("there must be at least one")
    return items


class Tier(Model):
    """One ring of the life circle: its distance, and the minutes it stands for."""

    limit_m: Metres
    minutes: Metres


class Limit(Model):
    """How far people may walk, and where that is written."""

    limit_m: Metres
    limit_lower_m: Metres | None = None
    """The lower end where the text gives a range; `limit_m` is its upper end."""
    limit_source: str
    """The document and clause the metres come from, and how: `15 min → 1000 m`."""
    mode: Mode = "walk"

    @field_validator("limit_lower_m")
    @classmethod
    def _lower_end(cls, value: float | None, info: ValidationInfo) -> float | None:
        if value is not None and value >= info.data.get("limit_m", value + 1):
            raise ValueError("the lower end of a range must be below limit_m")
        return value


class AreaLimit(Limit):
    """The limit in one kind of area, such as 新城."""

    area_kind: str


class Rule(Limit):
    """What services and headlines share: a name in both languages, and a limit with its origin."""

    id: Id
    name_zh: str
    name_en: str
    clause: str
    """The document and clause that names it."""
    confidence: Confidence
    """Of the row that the limit comes from."""
    group: Group | None = None
    by_area: tuple[AreaLimit, ...] = ()
    profile: ProfileName | None = None
    """Who walks there, where the text says so; else whoever walks in the study."""

    def limit_in(self, area_kind: str) -> Limit:
        """The limit in this kind of area; the general one where the text names none for it."""
        return next((limit for limit in self.by_area if limit.area_kind == area_kind), self)


class Service(Rule):
    """One class of facility: how far people may walk to it, and how OSM and names tell it."""

    domain: str
    osm_tags: tuple[TagGroup, ...] = ()
    name_filter: bool = False
    """Whether the tags alone say too little, so that the name must hold a keyword."""
    name_keywords: tuple[str, ...] = Field(default=(), validate_default=True)
    name_exclude: tuple[str, ...] = ()

    @field_validator("name_keywords")
    @classmethod
    def _keywords_to_filter_by(cls, value: tuple[str, ...], info: ValidationInfo) -> object:
        if info.data.get("name_filter") and not value:
            raise ValueError("name_filter = true needs at least one keyword")
        return value


class Headline(Rule):
    """A group of services met by any of them, within a limit of its own."""

    members: Annotated[tuple[str, ...], AfterValidator(_not_empty)]
    """Ids of services."""
    target: Share | None = None


class Combination(Model):
    """One figure over several headlines: the unweighted mean, or what reaches all of them."""

    id: Id
    name_zh: str
    name_en: str
    kind: Literal["mean", "all"]
    members: Annotated[tuple[str, ...], AfterValidator(_not_empty)]
    """Ids of headlines."""


class Standard(Model):
    """A catalogue of services with limits, targets and the clauses they come from."""

    id: str
    name_zh: str
    name_en: str
    document: str
    year: int
    confidence: Confidence
    target: Share | None = None
    """The share the document asks for; it also stands for the combinations."""
    target_clause: str = ""
    name_exclude: tuple[str, ...] = ()
    """Words in a name that rule a place out for every service."""
    tiers: tuple[Tier, ...]
    services: Annotated[tuple[Service, ...], AfterValidator(_not_empty)]
    headlines: tuple[Headline, ...] = ()
    combinations: tuple[Combination, ...] = ()

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of the services, in the standard's order."""
        return tuple(service.id for service in self.services)

    @property
    def area_kinds(self) -> tuple[str, ...]:
        """The kinds of area that some limit names, in the standard's order."""
        rules: list[Rule] = [*self.services, *self.headlines]
        kinds = [limit.area_kind for rule in rules for limit in rule.by_area]
        return tuple(dict.fromkeys(kinds))

    def service(self, service_id: str) -> Service:
        """The service with this id; UsageError where there is none."""
        for service in self.services:
            if service.id == service_id:
                return service
        raise UsageError(f"{self.id} has no service {service_id!r}; it has {', '.join(self.ids)}")

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        wrong = [*self._repeated_ids(), *self._unknown_members()]
        if wrong:
            raise ValidationError.from_exception_data(
                "Standard", [_error(place, message) for place, message in wrong]
            )
        return self

    def _repeated_ids(self) -> Iterator[tuple[Place, str]]:
        """Ids share one column of the results, so they differ over all three kinds."""
        entries: list[tuple[Place, str]] = [
            *((("services", i, "id"), entry.id) for i, entry in enumerate(self.services)),
            *((("headlines", i, "id"), entry.id) for i, entry in enumerate(self.headlines)),
            *((("combinations", i, "id"), entry.id) for i, entry in enumerate(self.combinations)),
        ]
        times = Counter(entry_id for _, entry_id in entries)
        for place, entry_id in entries:
            if times[entry_id] > 1:
                yield place, f"the id {entry_id} stands {times[entry_id]} times"

    def _unknown_members(self) -> Iterator[tuple[Place, str]]:
        headline_ids = [headline.id for headline in self.headlines]
        for i, headline in enumerate(self.headlines):
            for j, member in enumerate(headline.members):
                if member not in self.ids:
                    yield ("headlines", i, "members", j), f"there is no service {member}"
        for i, combination in enumerate(self.combinations):
            for j, member in enumerate(combination.members):
                if member not in headline_ids:
                    yield ("combinations", i, "members", j), f"there is no headline {member}"


def _error(place: Place, message: str) -> InitErrorDetails:
    # The message is handed over as a value because ids may hold braces.
    kind = PydanticCustomError("standard", "{message}", {"message": message})
    return InitErrorDetails(type=kind, loc=place, input=None)


def bundled_standards() -> tuple[str, ...]:
    """The names of the standards that come with the package."""
    names = (entry.name for entry in files(__package__).iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml")))


def load_standard(name_or_path: str | Path) -> Standard:
    """The standard with a bundled name, or in a TOML file.

    Raises `StudyRefused` for an unknown name and for every wrong key of a file.
    """
    name = str(name_or_path)
    if name in bundled_standards():
        return _bundled(name)
    path = Path(name_or_path)
    if path.is_file():
        return _parse(path.read_bytes(), path)
    if path.suffix.lower() == ".toml":
        raise StudyRefused([Problem("file_missing", "refused", name)])
    details = {"names": ", ".join(bundled_standards())}
    raise StudyRefused(
        [Problem("standard_unknown", "refused", "standard", value=name, details=details)]
    )


@cache
def _bundled(name: str) -> Standard:
    file = f"{name}.toml"
    return _parse(files(__package__).joinpath(file).read_bytes(), Path(file))


def _parse(content: bytes, path: Path) -> Standard:
    try:
        table = tomllib.loads(decode(content, str(path)))
    except InputRefused as error:
        raise StudyRefused(error.problems) from None
    except tomllib.TOMLDecodeError as error:
        details = {"error": str(error)}
        problem = Problem("standard_syntax", "refused", str(path), details=details)
        raise StudyRefused([problem]) from None
    if "extends" in table:
        return _extension(table, path)
    try:
        return Standard.model_validate(table)
    except ValidationError as error:
        raise StudyRefused(key_problems(error, path, frozenset())) from None


def _extension(table: dict[str, Any], path: Path) -> Standard:
    """A file that names the standard it changes; a bundled one, so that no file names itself."""
    from lifecircle.standards.extend import extended

    name = table.pop("extends")
    if name not in bundled_standards():
        details = {"message": f"must be one of {', '.join(bundled_standards())}"}
        problem = Problem("key_value", "refused", path.name, column="extends", details=details)
        raise StudyRefused([problem])
    return extended(load_standard(name), table, path)


def matches_tags(service: Service, tags: Mapping[str, str]) -> bool:
    """Whether an OSM object with `tags` is of this service: one of its tag groups holds in full."""
    return any(
        all(_holds(condition, tags) for condition in group.split("+")) for group in service.osm_tags
    )


def _holds(condition: str, tags: Mapping[str, str]) -> bool:
    key, value = condition.split("=")
    wanted = not key.endswith("!")
    key = key.removesuffix("!")
    present = key in tags if value == "*" else tags.get(key) == value
    return present == wanted


def matches_name(service: Service, standard: Standard, name: str) -> bool:
    """Whether `name` holds a keyword of the service and no word that rules it out."""
    return any(word in name for word in service.name_keywords) and not name_excluded(
        service, standard, name
    )


def name_excluded(service: Service, standard: Standard, name: str) -> bool:
    """Whether `name` holds a word that rules the place out, whatever its tags or keywords."""
    return any(word in name for word in (*standard.name_exclude, *service.name_exclude))
