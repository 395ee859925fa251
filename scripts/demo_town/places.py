"""Facilities: where people are, on street fronts, with capacities; three files with their faults."""

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
    """How many a unit has (in the order of UNITS), how far apart, and what a row says of them."""

    id: str
    category: str
    counts: tuple[int, int, int, int, int, int]
    apart_m: float
    name: str
    capacity: tuple[str, int, int] = ("", 0, 0)


COMMUNITY = (
    Service(
        "health_centre",
        "社区卫生服务中心",
        (1, 1, 1, 0, 0, 0),
        700,
        "{unit}社区卫生服务中心",
        ("area", 1800, 4200),
    ),
    Service(
        "health_station",
        "社区卫生服务站",
        (1, 3, 3, 2, 0, 0),
        420,
        "{road}社区卫生服务站",
        ("area", 120, 320),
    ),
    Service(
        "culture_centre",
        "社区文化活动中心",
        (0, 1, 1, 1, 1, 0),
        900,
        "{unit}社区文化活动中心",
        ("area", 2800, 5200),
    ),
    Service(
        "culture_station",
        "文化活动室",
        (1, 2, 3, 3, 2, 1),
        400,
        "{road}文化活动室",
        ("area", 220, 600),
    ),
    Service(
        "sports_centre",
        "市民健身中心",
        (0, 1, 0, 1, 0, 0),
        900,
        "{unit}市民健身中心",
        ("area", 1500, 4800),
    ),
    Service("sports_ground_m", "球场", (1, 1, 1, 1, 1, 0), 500, "{road}球场", ("area", 1300, 2400)),
    Service(
        "fitness_outdoor", "健身苑点", (2, 4, 4, 5, 3, 2), 260, "{road}健身苑", ("area", 150, 600)
    ),
    Service(
        "sports_ground_l",
        "大型运动场",
        (0, 1, 0, 0, 0, 0),
        500,
        "{unit}运动场",
        ("area", 3200, 5600),
    ),
    Service(
        "sports_ground_s",
        "乒乓球场",
        (0, 1, 1, 1, 1, 0),
        500,
        "{road}乒乓球场",
        ("area", 780, 1300),
    ),
    Service("micro_fire", "微型消防站", (1, 1, 1, 1, 1, 1), 500, "{road}微型消防站"),
    Service(
        "wet_market", "标准化菜市场", (1, 0, 2, 2, 1, 1), 500, "{road}菜市场", ("area", 800, 2600)
    ),
    Service(
        "community_canteen",
        "社区食堂",
        (1, 2, 2, 2, 1, 0),
        350,
        "{road}社区食堂",
        ("area", 150, 500),
    ),
)
CARE = (
    Service("eldercare_home", "养老院", (0, 1, 0, 1, 1, 1), 700, "{unit}敬老院", ("beds", 70, 160)),
    Service(
        "elder_complex",
        "综合为老服务中心",
        (0, 1, 1, 1, 1, 0),
        600,
        "{unit}社区综合为老服务中心",
        ("area", 900, 2200),
    ),
    Service(
        "elder_daycare",
        "日间照料中心",
        (1, 2, 3, 3, 1, 1),
        350,
        "{road}老年人日间照料中心",
        ("area", 220, 700),
    ),
    Service("childcare", "托育机构", (1, 3, 3, 5, 2, 0), 280, "{road}托育园", ("places", 20, 60)),
)
SHOPS = (
    Service("convenience", "便利店", (2, 4, 5, 5, 3, 2), 150, "好邻居便利店（{road}店）"),
    Service("pharmacy", "药店", (2, 3, 4, 3, 3, 1), 220, "仁和堂药房（{road}店）"),
    Service("breakfast", "早餐店", (2, 3, 4, 3, 2, 1), 180, "{road}早餐铺"),
    Service("repair", "维修服务点", (1, 1, 2, 1, 1, 0), 300, "{road}便民维修点"),
    Service("domestic_service", "家政服务点", (0, 1, 1, 1, 1, 0), 400, "{road}家政服务站"),
    Service("recycling", "再生资源回收点", (1, 2, 2, 2, 1, 1), 350, "{road}再生资源回收点"),
    Service("parcel_locker", "智能快件箱", (2, 3, 4, 4, 2, 1), 160, "{road}智能快件箱"),
    Service("courier_station", "快递驿站", (1, 2, 2, 2, 1, 1), 300, "{road}快递驿站"),
)  # fmt: skip
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
    road, number = fronts.road[index], fronts.number[index]
    kind, low, high = service.capacity
    size = int(rng.integers(low, high + 1)) if kind else 0
    size = size // 10 * 10 if kind == "area" else size
    services = BOTH_SERVICES.get(service.category, (service.id,))
    facility = Facility(
        service.category, services, service.name.format(unit=unit, road=road),
        f"{road}{number}号", str(fronts.unit[index]),
        (float(fronts.at[index][0]), float(fronts.at[index][1])),
    )  # fmt: skip
    return replace(facility, **({kind: size} if kind else {}))


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
