"""What a study may name: the files it takes, where they come from, and how they are read.

Each class is a table of the study file; its fields are the keys.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from lifecircle.base.model import Model

Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Box = tuple[float, float, float, float]
"""West, south, east, north in degrees."""

DEMAND_KINDS = frozenset({"points", "raster", "buildings", "land", "compounds"})
Denominator = Literal[
    "residents", "residents_60plus", "children_0_3", "dwellings", "buildings", "floor_area_m2",
    "residential_land_m2", "offices", "walkable_street_m",
]  # fmt: skip
RESIDENT_WEIGHTS = ("residents", "residents_60plus", "children_0_3")
COUNTED_ONCE = (*RESIDENT_WEIGHTS, "dwellings")
"""What two sources of demand may not both bring: people, and the homes that columns count."""


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
    border: Source | None = None
    """Polygons or lines that nobody crosses."""
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
    institution: str | None = None
    """The column of the institution that a site belongs to; by default its name tells."""
    capacity_of: Literal["site", "institution"] = "site"
    """Whose the beds, places and floor area of a row are, where an institution has several."""
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


class TemplateFile(Model):
    """A Word file whose styles, page and header the report takes over."""

    path: Path


class ReportOptions(Model):
    """The table `[report]`: what stands on the cover, and how the Word report looks."""

    organisation: str = ""
    """Who hands the report in."""
    template: TemplateFile | None = None


class SiteOptions(Model):
    """The table `[sites]`: the next sites that every run suggests."""

    services: Annotated[tuple[str, ...], Field(min_length=1)] | None = None
    """Services and headlines; by default up to three, those that lack most people."""
    count: Annotated[int, Field(ge=0, le=50)] = 3
    """How many sites for each of them; 0 suggests none."""


class OutputOptions(Model):
    """The table `[outputs]`: files that are written only where somebody asks for them."""

    shapefile: str | None = None
    """The reference system of results-shp.zip, such as EPSG:4490 (CGCS2000)."""

    @field_validator("shapefile")
    @classmethod
    def _known_system(cls, value: str | None) -> str | None:
        from pyproj import CRS
        from pyproj.exceptions import CRSError

        try:
            CRS.from_user_input(value or "EPSG:4490")
        except CRSError:
            raise ValueError(f"{value!r} is no reference system; such as EPSG:4490") from None
        return value


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
    allow_unmatched: bool = False
    """Whether units may be without a row; those have no residents then."""

    @property
    def carries(self) -> set[str]:
        """The people and homes that this table counts."""
        return {weight for weight in COUNTED_ONCE if getattr(self, weight)}


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
        """The people and homes that this source brings."""
        return {weight for weight in COUNTED_ONCE if getattr(self, weight)}


class CompoundsDemand(Source):
    """Polygons of compounds (小区) that carry weights in columns, such as their households."""

    kind: Literal["compounds"]
    id: str | None = None
    residents: str | None = None
    residents_60plus: str | None = None
    children_0_3: str | None = None
    dwellings: str | None = None
    spacing_m: Positive = 25.0

    @property
    def carries(self) -> set[str]:
        """The people and homes that this source brings."""
        return {weight for weight in COUNTED_ONCE if getattr(self, weight)}


class RasterDemand(Source):
    """A raster of people per cell or per area; other bands may hold the groups.

    A census scales the people of each unit to its totals.
    """

    kind: Literal["raster"]
    census: CensusSource | None = None
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
        """The people and homes that this source brings, by a band or by its census."""
        bands = {weight for weight in RESIDENT_WEIGHTS if getattr(self, weight)}
        return bands if self.census is None else bands | self.census.carries


class BuildingsDemand(Source):
    """Residential buildings of an OSM extract; a census spreads its totals by floor area."""

    kind: Literal["buildings"]
    census: CensusSource | None = None
    levels: dict[Literal["apartments", "houses", "others"], Positive] = {}

    @property
    def carries(self) -> set[str]:
        """The people and homes that the census of this source brings."""
        return set() if self.census is None else self.census.carries


class LandDemand(Source):
    """Residential land: an OSM extract's `landuse=residential`, or polygons of a vector file."""

    kind: Literal["land"]
    column: str | None = None
    codes: tuple[str, ...] = ()
    spacing_m: Positive = 25.0

    @property
    def carries(self) -> set[str]:
        """Land carries neither people nor homes."""
        return set()


DemandSource = Annotated[
    PointsDemand | RasterDemand | BuildingsDemand | LandDemand | CompoundsDemand,
    Field(discriminator="kind"),
]


def census_of(sources: Iterable[DemandSource]) -> list[CensusSource]:
    """The tables of totals that demand sources name."""
    with_census = [one for one in sources if isinstance(one, RasterDemand | BuildingsDemand)]
    return [one.census for one in with_census if one.census is not None]
