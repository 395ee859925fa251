"""The study file: one TOML that names the inputs, the standard and the options of an analysis.

Every key is checked: an unknown or misspelt one is an error with its full path.  Paths are
relative to the study file.
"""

from __future__ import annotations

import datetime
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, PrivateAttr, ValidationError, model_validator

from lifecircle.base.model import Model, key_problems
from lifecircle.base.problems import Problem, StudyRefused
from lifecircle.base.sentences import Language
from lifecircle.base.text import decode

Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Box = tuple[float, float, float, float]
"""West, south, east, north in degrees."""

DEMAND_KINDS = frozenset({"points", "raster", "buildings", "land"})
RESIDENT_WEIGHTS = ("residents", "residents_60plus", "children_0_3")


class Source(Model):
    """A file and where it comes from."""

    path: Path
    publisher: str = ""
    date: datetime.date | None = None
    licence: str = ""
    datum: str | None = None
    """wgs84, cgcs2000, gcj02, bd09, or an EPSG code such as EPSG:4549."""

    @property
    def name(self) -> str:
        """The file's name, as problems and results show it."""
        return self.path.name


class NetworkSource(Source):
    """The streets: an OSM extract, and how it is walked."""

    extent: Box | None = None
    trunk: Literal["asis", "closed", "open"] = "asis"
    private: Literal["closed", "ends", "open"] = "ends"
    gates: Literal["asis", "closed", "open"] = "asis"
    max_attach_m: Positive = 200.0
    min_component_m: Positive = 1000.0


class UnitsSource(Source):
    """The units: a vector file with an id and a name column, or an OSM admin_level."""

    id: str | None = None
    name_column: str | None = Field(default=None, alias="name")
    level: str = "street"
    parent: str | None = None
    parent_level: str = "district"
    rural: str | None = None
    admin_level: int | None = None
    select: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _columns_or_level(self) -> Self:
        if self.admin_level is None and (self.id is None or self.name_column is None):
            raise ValueError("give `id` and `name` (columns), or `admin_level` for an OSM file")
        return self


class FacilitySource(Source):
    """Facilities: a CSV or GeoJSON with declared columns, or the tags of an OSM extract.

    One service for all rows (`service`), or a column (`category`) whose values `services` maps to
    services.  An OSM extract needs neither: the standard's tags decide, and its name keywords
    too where `name_filter` is true.
    """

    service: str | None = None
    category: str | None = None
    services: dict[str, str | tuple[str, ...]] = {}
    id: str | None = None
    name_column: str | None = Field(default=None, alias="name")
    lon: str | None = None
    lat: str | None = None
    beds: str | None = None
    places: str | None = None
    floor_area_m2: str | None = None
    status: str | None = None
    extent: Box | None = None
    optional: bool = False
    name_filter: bool = True
    only: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _one_way_to_services(self) -> Self:
        if self.path.suffix.lower() in (".osm", ".pbf"):
            return self
        if (self.service is None) == (self.category is None):
            raise ValueError("give either `service` or `category` with `services`")
        if self.category is not None and not self.services:
            raise ValueError("`category` needs `services`, a table from its values to services")
        return self


class CensusSource(Source):
    """A table of totals by unit: `unit` holds unit ids or names, the others the totals."""

    unit: str
    residents: str | None = None
    residents_60plus: str | None = None
    children_0_3: str | None = None
    dwellings: str | None = None


class PointsDemand(Source):
    """Points that carry weights in columns."""

    kind: Literal["points"]
    id: str | None = None
    lon: str = "lon"
    lat: str = "lat"
    residents: str | None = None
    residents_60plus: str | None = None
    children_0_3: str | None = None
    dwellings: str | None = None

    @property
    def carries(self) -> set[str]:
        """The weights about people that this source brings."""
        return {weight for weight in RESIDENT_WEIGHTS if getattr(self, weight)}


class RasterDemand(Source):
    """A raster of people per cell; other bands may hold the groups."""

    kind: Literal["raster"]
    residents: int | None = 1
    residents_60plus: int | None = None
    children_0_3: int | None = None

    @property
    def carries(self) -> set[str]:
        """The weights about people that this source brings."""
        return {weight for weight in RESIDENT_WEIGHTS if getattr(self, weight)}


class BuildingsDemand(Source):
    """Residential buildings of an OSM extract; a census spreads its totals by floor area."""

    kind: Literal["buildings"]
    census: CensusSource | None = None
    levels: dict[Literal["apartments", "houses", "others"], Positive] = {}

    @property
    def carries(self) -> set[str]:
        """The weights about people that this source brings."""
        if self.census is None:
            return set()
        return {weight for weight in RESIDENT_WEIGHTS if getattr(self.census, weight)}


class LandDemand(Source):
    """Residential land: an OSM extract's `landuse=residential`, or polygons of a vector file."""

    kind: Literal["land"]
    column: str | None = None
    codes: tuple[str, ...] = ()
    spacing_m: Positive = 25.0

    @property
    def carries(self) -> set[str]:
        """Land carries no people."""
        return set()


DemandSource = Annotated[
    PointsDemand | RasterDemand | BuildingsDemand | LandDemand, Field(discriminator="kind")
]


class Options(Model):
    """The table `[study]`."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_-]{0,63}$")]
    title: str = ""
    crs: str = "auto"
    standard: str = "shanghai-2022"
    language: Language = "zh"
    report_date: datetime.date | None = None
    buffer_m: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 500.0
    target: Share | None = None
    """Replaces the standard's target."""


class Study(Model):
    """A whole study, as read; `folder` is where relative paths start."""

    study: Options
    network: NetworkSource
    units: UnitsSource
    facilities: tuple[FacilitySource, ...]
    demand: tuple[DemandSource, ...]

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
        census = [d.census for d in self.demand if isinstance(d, BuildingsDemand) and d.census]
        return (self.network, self.units, *self.facilities, *self.demand, *census)

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
    if not path.is_file():
        raise StudyRefused([Problem("file_missing", "refused", str(path))])
    text = decode(path.read_bytes(), str(path))
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        code = "toml_backslash" if "escape" in str(error) or "\\" in str(error) else "toml_syntax"
        problem = Problem(code, "refused", str(path), details={"error": str(error)})
        raise StudyRefused([problem]) from None
    try:
        study = Study.model_validate(_with_full_paths(content, path.parent))
    except ValidationError as error:
        raise StudyRefused(key_problems(error, path, DEMAND_KINDS)) from None
    study._file = path
    return study


def _with_full_paths(content: Any, folder: Path) -> Any:
    """`content` with every `path` key made relative to `folder`."""
    if isinstance(content, dict):
        return {
            key: folder / value
            if key == "path" and isinstance(value, str)
            else _with_full_paths(value, folder)
            for key, value in content.items()
        }
    if isinstance(content, list):
        return [_with_full_paths(item, folder) for item in content]
    return content


def study_template(language: Language) -> str:
    """A commented study file with every key, to be filled in."""
    template = files("lifecircle").joinpath("templates", f"study.{language}.toml")
    return template.read_text(encoding="utf-8")
