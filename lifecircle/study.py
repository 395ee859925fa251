"""The study file: one TOML that names the inputs, the standard and the options of an analysis.

Every key is checked: an unknown or misspelt one is an error with its full path.  Paths are
relative to the study file.
"""

from __future__ import annotations

import datetime
import tomllib
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, PrivateAttr, ValidationError, model_validator

from lifecircle.base.model import Model, ProfileName, key_problems
from lifecircle.base.problems import Problem, StudyRefused
from lifecircle.base.sentences import Language
from lifecircle.base.text import decode
from lifecircle.sources import (
    DEMAND_KINDS,
    DemandSource,
    Denominator,
    FacilitySource,
    IndicatorOptions,
    ListSource,
    NetworkSource,
    OfficeSource,
    OutputOptions,
    Positive,
    ReportOptions,
    Share,
    SiteOptions,
    Source,
    UnitsSource,
    census_of,
)


class Options(Model):
    """The table `[study]`."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_-]{0,63}$")]
    title: str = ""
    crs: str = "auto"
    standard: str = "shanghai-2022"
    language: Language = "zh"
    report_date: datetime.date | None = None
    profile: ProfileName = "standard"
    """Who walks: `standard` counts metres, the others minutes at their own pace."""
    profiles: dict[str, ProfileName] = {}
    """Who walks to a service instead, or to all members of a headline."""
    buffer_m: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 500.0
    target: Share | None = None
    """Replaces the standard's target."""
    denominators: Annotated[tuple[Denominator, ...], Field(min_length=1)] | None = None
    """What shares are taken over; by default all that the inputs allow."""
    sensitivity: bool = True
    """Whether to walk twice more, to say how firm each headline is."""
    memory_limit_gb: Positive | None = None
    """What a run may take of memory, 1 GB being 10^9 bytes; by default 80 % of the machine's."""
    map_approval: str = ""
    """The approval number of published maps (审图号); without one they are for internal work."""
    coordinates_out: Literal["wgs84", "none"] = "wgs84"
    """`none` keeps the exact places of facilities out of the map pages."""


class Study(Model):
    """A whole study, as read; `folder` is where relative paths start."""

    study: Options
    network: NetworkSource
    units: UnitsSource
    facilities: tuple[FacilitySource, ...]
    demand: tuple[DemandSource, ...]
    offices: OfficeSource | None = None
    lists: tuple[ListSource, ...] = ()
    indicators: IndicatorOptions = IndicatorOptions()
    sites: SiteOptions = SiteOptions()
    report: ReportOptions = ReportOptions()
    outputs: OutputOptions = OutputOptions()
    standard: dict[str, Any] = {}
    """Changes to the standard; the room of standards checks them key by key."""

    _file: Path = PrivateAttr(default=Path("study.toml"))

    @property
    def file(self) -> Path:
        """The file this study was read from."""
        return self._file

    @model_validator(mode="after")
    def _people_counted_once(self) -> Self:
        seen: set[str] = set()
        for source in self.demand:
            twice = seen & source.carries
            if twice:
                raise ValueError(f"two demand sources carry {', '.join(sorted(twice))}")
            seen |= source.carries
        return self

    @property
    def sources(self) -> tuple[Source, ...]:
        """Every file the study names, in its order."""
        census = census_of(self.demand)
        offices = [self.offices] if self.offices else []
        network = self.network
        beside = (network.gate_points, network.compound_outlines, network.border, network.elevation)
        streets = [network, *(source for source in beside if source is not None)]
        others = (*census, *offices, *self.lists)
        return (*streets, self.units, *self.facilities, *self.demand, *others)

    @property
    def report_date(self) -> datetime.date:
        """The date of the report: as given, else the latest date among the sources."""
        dates = [source.date for source in self.sources if source.date is not None]
        return self.study.report_date or max(dates, default=datetime.date(1980, 1, 1))


def load_study(path: str | Path) -> Study:
    """Read and check a study file.

    Raises `StudyRefused` naming the key and the fix; nothing but the study file is opened.
    """
    path = Path(path)
    content = toml_content(path)
    try:
        study = Study.model_validate(_with_full_paths(content, path.parent))
    except ValidationError as error:
        raise StudyRefused(key_problems(error, path, DEMAND_KINDS)) from None
    study._file = path
    return study


def toml_content(path: Path) -> dict[str, Any]:
    """What a TOML file says; raises `StudyRefused` where it is none, or is not there."""
    if not path.is_file():
        raise StudyRefused([Problem("file_missing", "refused", str(path))])
    text = decode(path.read_bytes(), str(path))
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        backslash = any(word in str(error) for word in ("escape", "hex value", "\\"))
        code = "toml_backslash" if backslash else "toml_syntax"
        problem = Problem(code, "refused", str(path), details={"error": str(error)})
        raise StudyRefused([problem]) from None
    refuse_control_characters(content, path)
    return content


def refuse_control_characters(content: Any, file: Path) -> None:
    """Refuse paths that hold a tab or a line break: in "data\\new.csv" TOML reads one at `\\n`."""
    spoilt = [path for path in _paths(content) if not path.isprintable()]
    if spoilt:
        raise StudyRefused(
            Problem("toml_backslash", "refused", str(file), details={"error": repr(path)})
            for path in spoilt
        )


def _paths(content: Any) -> Iterator[str]:
    values = content.items() if isinstance(content, dict) else enumerate(content)
    for key, value in values:
        if isinstance(value, dict | list):
            yield from _paths(value)
        elif key == "path" and isinstance(value, str):
            yield value


def _with_full_paths(content: Any, folder: Path) -> Any:
    """`content` with every `path` key made relative to `folder`."""
    if isinstance(content, dict):
        return {
            key: folder / _plain(value)
            if key == "path" and isinstance(value, str)
            else _with_full_paths(value, folder)
            for key, value in content.items()
        }
    if isinstance(content, list):
        return [_with_full_paths(item, folder) for item in content]
    return content


def _plain(path: str) -> str:
    """A path with `/` only, so that a study written on Windows runs elsewhere too."""
    return path.replace("\\", "/")


def study_template(language: Language) -> str:
    """A commented study file with every key, to be filled in."""
    template = files("lifecircle").joinpath("templates", f"study.{language}.toml")
    return template.read_text(encoding="utf-8")
