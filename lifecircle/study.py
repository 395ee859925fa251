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

from lifecircle.base.model import Model, key_problems
from lifecircle.base.problems import Problem, StudyRefused
from lifecircle.base.sentences import Language
from lifecircle.base.text import decode

Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Box = tuple[float, float, float, float]
"""West, south, east, north in degrees."""

DEMAND_KINDS = frozenset({"points", "raster", "buildings", "land"})
Denominator = Literal[
    "residents", "residents_60plus", "children_0_3", "dwellings", "buildings", "floor_area_m2",
    "residential_land_m2", "offices", "walkable_street_m",
]  # fmt: skip
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


class GateSource(Source):
    """Gates as points; `opening` is a column that says open, shut or private."""

    lon: str | None = None
    lat: str | None = None
    opening: str


class NetworkSource(Source):
    """The streets: an OSM extract, and how it is walked."""

    extent: Box | None = None
    trunk: Literal["asis", "closed", "open"] = "asis"
    private: Literal["closed", "ends", "open"] = "ends"
    gates: Literal["asis", "closed", "open"] = "asis"
    indoor: bool = False
    ferries: bool = False
    gate_points: GateSource | None = None
    """Gates of the study's own, which override what is mapped."""
    compounds: Literal["open", "walled"] = "open"
    compound_outlines: Source | None = None
    """Polygons of compounds; where they are walled only gates let through."""
    elevation: Source | None = None
    """A GeoTIFF of heights; slopes count in runs with a profile of people."""
    max_attach_m: Positive = 200.0
    min_component_m: Positive = 1000.0

    @model_validator(mode="after")
    def _walls_need_outlines(self) -> Self:
        if (self.compounds == "walled") != (self.compound_outlines is not None):
            raise ValueError('compounds = "walled" and `compound_outlines` go together')
        return self


class UnitsSource(Source):
    """The units: a vector file with an id and a name column, or an OSM admin_level."""

    id: str | None = None
    name_column: str | None = Field(default=None, alias="name")
    level: str = "street"
    parent: str | None = None
    parent_level: str = "district"
    rural: str | None = None
    allow_gaps: bool = False
    """Whether the units may leave ground between them."""
    admin_level: int | None = None
    select: tuple[str, ...] = ()
    area_kinds: dict[str, tuple[str, ...]] = {}
    """Units (ids or names) by kind of area, for standards whose limits depend on it."""

    @model_validator(mode="after")
    def _columns_or_level(self) -> Self:
        if self.admin_level is None and (self.id is None or self.name_column is None):
            raise ValueError("give `id` and `name` (columns), or `admin_level` for an OSM file")
        return self


def refuse_capacity_without_unit(content: Any) -> Any:
    """Refuse a key that would bring numbers whose unit nobody says."""
    given = {"capacity", "amount", "size"} & set(content if isinstance(content, dict) else ())
    if given:
        raise ValueError(
            f"`{min(given)}` says no unit: write beds, places, floor_area_m2 or homes instead"
        )
    return content


class FacilitySource(Source):
    """Facilities: a table or vector file, or the tags of an OSM extract.

    One service for all rows (`service`), a column (`category`) whose values `services` maps to
    services, or a rule (`classify`).  Columns that are not declared are found by their usual
    names (`inputs/columns.toml`).  An OSM extract needs none of it: the standard's tags decide,
    and its name keywords too where `name_filter` is true.
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
    address: str | None = None
    district: str | None = None
    street: str | None = None
    sheet: str | None = None
    classify: Literal["name", "amap", "service"] | None = None
    """Services by the standard's name keywords, by Amap's type codes, or by a column that holds
    ids or names of the standard's services."""
    fix_swapped: bool = False
    """Whether rows with latitude and longitude in each other's place are put right."""
    extent: Box | None = None
    optional: bool = False
    name_filter: bool = True
    only: tuple[str, ...] = ()

    _unit = model_validator(mode="before")(refuse_capacity_without_unit)

    @model_validator(mode="after")
    def _one_way_to_services(self) -> Self:
        if self.path.suffix.lower() in (".osm", ".pbf"):
            return self
        ways = [self.service, self.category, self.classify]
        if sum(way is not None for way in ways) != 1:
            raise ValueError("give one of `service`, `category` with `services`, and `classify`")
        if self.category is not None and not self.services:
            raise ValueError("`category` needs `services`, a table from its values to services")
        return self


class ListSource(Source):
    """A list of what stands in which unit, for the target table: a table, or areas on a map.

    All rows are of one `kind` (`lifecircle indicators kinds` names them), or a column
    (`category`) tells the kind by `kinds`.  Columns of numbers are named by their unit.
    """

    kind: str | None = None
    category: str | None = None
    kinds: dict[str, str] = {}
    name_column: str | None = Field(default=None, alias="name")
    district: str | None = None
    street: str | None = None
    neighbourhood: str | None = None
    beds: str | None = None
    places: str | None = None
    floor_area_m2: str | None = None
    homes: str | None = None
    year: str | None = None
    attributes: dict[str, str] = {}
    """Columns of yes and no, by attribute."""
    sheet: str | None = None

    _unit = model_validator(mode="before")(refuse_capacity_without_unit)

    @model_validator(mode="after")
    def _one_way_to_kinds(self) -> Self:
        if (self.kind is None) == (self.category is None):
            raise ValueError("give either `kind`, or `category` with `kinds`")
        if self.category is not None and not self.kinds:
            raise ValueError("`category` needs `kinds`, a table from its values to kinds of list")
        return self


class IndicatorOptions(Model):
    """The table `[indicators]`: choices that the policy leaves open, and own lines."""

    commerce_limit_m: Positive | None = None
    """One limit for all everyday commerce (A06); by default each service's own."""
    locker_m: Positive = 100.0
    """How far from a compound a parcel locker may stand (A07)."""
    central: tuple[str, ...] = ()
    """Units of the central city (A02), by id or name."""
    whole_city: bool = False
    """Whether the study is the whole city, so that the city's totals are its targets."""
    old_before: int = 2000
    """Compounds completed before this year are old."""
    own: tuple[dict[str, Any], ...] = ()
    """Own lines; the room of standards checks them key by key."""
    supplies: tuple[dict[str, Any], ...] = ()
    """Own capacities measured against demand."""


class OfficeSource(Source):
    """Neighbourhood offices (居村委): places to measure from, each of the same weight."""

    id: str | None = None
    name_column: str | None = Field(default=None, alias="name")
    lon: str | None = None
    lat: str | None = None


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
    lon: str | None = None
    lat: str | None = None
    residents: str | None = None
    residents_60plus: str | None = None
    children_0_3: str | None = None
    dwellings: str | None = None

    @property
    def carries(self) -> set[str]:
        """The weights about people that this source brings."""
        return {weight for weight in RESIDENT_WEIGHTS if getattr(self, weight)}


class RasterDemand(Source):
    """A raster of people per cell or per area; other bands may hold the groups."""

    kind: Literal["raster"]
    per: Literal["cell", "km2", "ha"] | None = None
    """What a value is a count of; taken from the raster's own tags where it is not given."""
    nodata: float | None = None
    """A value that stands for no data where the raster does not declare it."""
    expected: Positive | None = None
    """The people in all units, to check the raster against."""
    allow_partly: bool = False
    """Whether units may reach beyond the raster."""
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
    profile: Literal[
        "standard", "adult", "elderly", "elderly_cautious", "caregiver", "wheelchair"
    ] = "standard"
    """Who walks: `standard` counts metres, the others minutes at their own pace."""
    buffer_m: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 500.0
    target: Share | None = None
    """Replaces the standard's target."""
    denominators: Annotated[tuple[Denominator, ...], Field(min_length=1)] | None = None
    """What shares are taken over; by default all that the inputs allow."""
    sensitivity: bool = True
    """Whether to walk twice more, to say how firm each headline is."""
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
        census = [d.census for d in self.demand if isinstance(d, BuildingsDemand) and d.census]
        offices = [self.offices] if self.offices else []
        network = self.network
        beside = (network.gate_points, network.compound_outlines, network.elevation)
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
    try:
        study = Study.model_validate(_with_full_paths(content, path.parent))
    except ValidationError as error:
        raise StudyRefused(key_problems(error, path, DEMAND_KINDS)) from None
    study._file = path
    return study


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
