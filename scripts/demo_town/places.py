"""Facilities: on street fronts, likelier where people live, with capacities."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.spatial import cKDTree
from shapely.geometry import Point, Polygon

from demo_town.frame import XY
from demo_town.homes import Home
from demo_town.osmfile import Drawing
from demo_town.patches import (
    BEDS,
    MARKET,
    NO_FACILITY,
    OVERLOADED,
    WALLED_IN,
    home,
    river_health,
)
from demo_town.streets import CANAL, RIVER
from demo_town.units import UNITS

NEAR_PEOPLE_M = 300.0
NOTHING_M, NO_CULTURE_M, ALONE_M, NO_MARKET_M = 525.0, 1015.0, 1100.0, 720.0


@dataclass(frozen=True)
class Service:
    """A service of the town: where its facilities are, and how large they are."""

    id: str
    category: str
    called_after: str
    """The unit or the road that a facility's name begins with."""
    counts: tuple[int, int, int, int, int, int]
    """How many a unit has, in the order of UNITS."""
    apart_m: float
    capacity: str = ""
    least: int = 0
    most: int = 0


COMMUNITY = (
    Service(
        "health_centre", "社区卫生服务中心", "unit", (1, 1, 1, 0, 0, 0), 700, "area", 1800, 4200
    ),
    Service("health_station", "社区卫生服务站", "road", (1, 3, 3, 2, 0, 0), 420, "area", 120, 320),
    Service(
        "culture_centre", "社区文化活动中心", "unit", (0, 1, 1, 1, 1, 0), 900, "area", 2800, 5200
    ),
    Service("culture_station", "文化活动室", "road", (1, 2, 3, 3, 2, 1), 400, "area", 220, 600),
    Service("sports_centre", "市民健身中心", "unit", (0, 1, 0, 1, 0, 0), 900, "area", 1500, 4800),
    Service("sports_ground_m", "球场", "road", (1, 1, 1, 1, 1, 0), 500, "area", 1300, 2400),
    Service("fitness_outdoor", "健身苑点", "road", (2, 4, 4, 5, 3, 2), 260, "area", 150, 600),
    Service("sports_ground_l", "大型运动场", "unit", (0, 1, 0, 0, 0, 0), 500, "area", 3200, 5600),
    Service("sports_ground_s", "乒乓球场", "road", (0, 1, 1, 1, 1, 0), 500, "area", 780, 1300),
    Service("micro_fire", "微型消防站", "road", (1, 1, 1, 1, 1, 1), 500),
    Service("wet_market", "菜市场", "road", (1, 0, 2, 2, 1, 1), 500, "area", 800, 2600),
    Service("community_canteen", "社区食堂", "road", (1, 2, 2, 2, 1, 0), 350, "area", 150, 500),
)
CARE = (
    Service("eldercare_home", "养老院", "unit", (0, 1, 0, 1, 1, 1), 700, "beds", 70, 160),
    Service(
        "elder_complex", "综合为老服务中心", "unit", (0, 1, 1, 1, 1, 0), 600, "area", 900, 2200
    ),
    Service("elder_daycare", "日间照料中心", "road", (1, 2, 3, 3, 1, 1), 350, "area", 220, 700),
    Service("childcare", "托育机构", "road", (1, 3, 3, 5, 2, 0), 280, "places", 20, 60),
)
SHOPS = (
    Service("convenience", "便利店", "road", (2, 4, 5, 5, 3, 2), 150),
    Service("pharmacy", "药店", "road", (2, 3, 4, 3, 3, 1), 220),
    Service("breakfast", "早餐店", "road", (2, 3, 4, 3, 2, 1), 180),
    Service("repair", "维修服务点", "road", (1, 1, 2, 1, 1, 0), 300),
    Service("domestic_service", "家政服务点", "road", (0, 1, 1, 1, 1, 0), 400),
    Service("recycling", "再生资源回收点", "road", (1, 2, 2, 2, 1, 1), 350),
    Service("parcel_locker", "智能快件箱", "road", (2, 3, 4, 4, 2, 1), 160),
    Service("courier_station", "快递驿站", "road", (1, 2, 2, 2, 1, 1), 300),
)
BOTH_SERVICES = {"综合为老服务中心": ("elder_complex", "elder_daycare")}
"""Categories that stand for more than one service."""


@dataclass(frozen=True)
class Facility:
    """One facility in local metres."""

    category: str
    services: tuple[str, ...]
    name: str
    address: str
    unit_id: str
    at: XY
    beds: int | None = None
    places: int | None = None
    area: int | None = None


@dataclass(frozen=True)
class Fronts:
    """Places on street fronts where a facility may stand."""

    at: np.ndarray
    road: list[str]
    number: list[int]
    unit: np.ndarray
    people: np.ndarray
    """Floor area of homes within `NEAR_PEOPLE_M`."""


def street_fronts(drawing: Drawing, shapes: dict[str, Polygon], homes: list[Home]) -> Fronts:
    """Both sides of every named street, every 26 m."""
    at, road, number, unit = [], [], [], []
    for way in drawing.ways:
        if not way.join or not way.tags.get("name", "").endswith("路") or "highway" not in way.tags:
            continue
        line = way.line
        for step, along in enumerate(np.arange(20.0, line.length - 10, 26.0)):
            here, ahead = line.interpolate(along), line.interpolate(along + 1)
            side = 13.0 if step % 2 else -13.0
            place = (here.x - (ahead.y - here.y) * side, here.y + (ahead.x - here.x) * side)
            code = next((c for c, s in shapes.items() if s.buffer(-16).contains(Point(place))), "")
            if code and RIVER.union(CANAL).distance(Point(place)) > 12:
                at.append(place)
                road.append(way.tags["name"])
                number.append(12 + step * 13)
                unit.append(code)
    middles = np.array([one.shape.centroid.coords[0] for one in homes])
    floors = np.array([one.floor_area for one in homes])
    near = cKDTree(middles).query_ball_point(np.array(at), NEAR_PEOPLE_M)
    people = np.array([floors[index].sum() for index in near])
    return Fronts(np.array(at), road, number, np.array(unit), people)


def place_all(fronts: Fronts, rng: np.random.Generator) -> dict[str, list[Facility]]:
    """The facilities of the three files, the ones with a part in a patch first."""
    taken: set[int] = set()
    found = {"community": _fixed_community(), "care": _fixed_care(), "shops": []}
    for file, services in (("community", COMMUNITY), ("care", CARE), ("shops", SHOPS)):
        for service in services:
            for (code, unit, *_), count in zip(UNITS, service.counts, strict=True):
                for _ in range(count):
                    known = [one.at for one in found[file] if service.id in one.services]
                    index = _choose(fronts, service, code, known, taken, rng)
                    taken.add(index)
                    found[file].append(_made(service, fronts, index, unit, rng))
    return {
        file: sorted(rows, key=lambda one: (one.category, one.unit_id))
        for file, rows in found.items()
    }


def _choose(
    fronts: Fronts, service: Service, code: str, known: list[XY], taken: set[int],
    rng: np.random.Generator,
) -> int:  # fmt: skip
    """A front in the unit, likelier where more people live, away from the same service."""
    free = (fronts.unit == code) & _allowed(fronts.at, service.id)
    free[list(taken)] = False
    if known:
        apart = cKDTree(np.array(known)).query(fronts.at)[0]
        far = free & (apart >= service.apart_m)
        free = far if far.any() else free & (apart == apart[free].max())
    weight = np.where(free, fronts.people + 500, 0.0) ** 1.5
    return int(rng.choice(len(weight), p=weight / weight.sum()))


def _allowed(at: np.ndarray, service: str) -> np.ndarray:
    """Where the service may stand so that the patches keep their gaps."""
    places = [Point(place) for place in at]
    far = NO_CULTURE_M if service.startswith("culture") else NOTHING_M
    allowed = np.array([place.distance(NO_FACILITY.area) > far for place in places])
    if service.startswith("health"):
        allowed &= at[:, 0] < 100
    if service == "eldercare_home":
        allowed &= np.array([place.distance(OVERLOADED.area) > ALONE_M for place in places])
    if service == "wet_market":
        allowed &= np.array([place.distance(WALLED_IN.area) > NO_MARKET_M for place in places])
    return allowed


def _made(
    service: Service, fronts: Fronts, index: int, unit: str, rng: np.random.Generator
) -> Facility:
    road = fronts.road[index]
    facility = Facility(
        category=service.category,
        services=BOTH_SERVICES.get(service.category, (service.id,)),
        name=(unit if service.called_after == "unit" else road) + service.category,
        address=f"{road}{fronts.number[index]}号",
        unit_id=str(fronts.unit[index]),
        at=(float(fronts.at[index][0]), float(fronts.at[index][1])),
    )
    if not service.capacity:
        return facility
    size = int(rng.integers(service.least, service.most + 1))
    return replace(facility, **{service.capacity: size // 10 * 10 if size > 200 else size})


def _fixed_community() -> list[Facility]:
    """What stands where a patch needs it to."""
    _, _, _, (middle, *_), (east, *_), (rural, *_) = UNITS
    west = UNITS[1][0]
    rows = (
        (
            "health_centre",
            "望潮街道社区卫生服务中心",
            "滨江大道250号",
            middle,
            river_health(),
            3600,
        ),
        ("health_centre", "芦洲镇卫生院", "芦花路18号", rural, (1467.0, -1110.0), 1500),
        ("health_station", "东渡北社区卫生服务站", "星河路66号", east, (1120.0, 1337.0), 180),
        ("wet_market", "槐安路菜市场", "槐安路676号", west, MARKET, 2200),
    )
    categories = {service.id: service.category for service in COMMUNITY}
    return [
        Facility(categories[service], (service,), name, address, unit, at, area=area)
        for service, name, address, unit, at, area in rows
    ]


def _fixed_care() -> list[Facility]:
    unit, name, *_ = UNITS[2]
    row = ("养老院", ("eldercare_home",), f"{name}敬老院", "锦书路205号", unit, home())
    return [Facility(*row, beds=BEDS)]
