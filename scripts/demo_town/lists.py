"""What offices keep in lists: what stands in which district, street and neighbourhood, and the
housing compounds with their year.  Two faults are put in, counted as in the other files."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

from shapely.geometry import Polygon, mapping

from demo_town.frame import on_earth
from demo_town.homes import Estates
from demo_town.tables import Row, write_csv
from demo_town.units import DISTRICT, UNITS

COLUMNS = (
    "类别", "名称", "区", "街镇", "居村委", "床位", "建筑面积", "数量",
    "康复中心", "母婴设施", "近轨道交通", "连锁", "独立康复病区",
)  # fmt: skip

KINDS = {
    "居村委": "neighbourhood",
    "社区综合服务设施": "community_service",
    "儿童之家": "childrens_home",
    "儿童服务中心": "child_centre",
    "老年认知障碍友好社区": "dementia_friendly",
    "未成年人保护工作站": "minor_station",
    "未成年人救助保护机构": "minor_protection",
    "精神障碍社区康复": "mental_rehab",
    "康复辅具租赁点": "aid_rental",
    "家门口的好去处": "good_place",
    "体育公园": "sports_park",
    "都市运动中心": "urban_sports_centre",
    "低效空间健身设施": "low_use_fitness",
    "演艺新空间": "performance_space",
    "剧院演艺综合体": "theatre_complex",
    "社区卫生服务中心": "health_centre",
    "康复医院": "rehab_hospital",
    "康复病区": "rehab_ward",
    "区域性医疗中心": "regional_hospital",
    "智慧养老院": "smart_home",
    "数字化养老服务场所": "digital_elder_place",
    "认知障碍照护": "dementia_care",
    "重残养护": "disability_care",
    "家庭照护床位": "home_care",
    "社区养老机构": "elder_provider",
    "应配置母婴设施场所": "obliged_venue",
    "保障性租赁住房": "rental_housing",
    "加装电梯": "lift",
    "居室适老化改造": "home_adaptation",
}
"""Every list of the target table but the compounds, by what the file calls it."""

YEARS = {"L": 1952, "A6": 1986, "W": 1994, "A11": 2004, "A18": 2014}
"""When the first compounds of a kind were built."""


def list_rows() -> list[Row]:
    """All rows of the lists, in the order of the kinds."""
    rows: list[Row] = []
    for number, (_, unit, *_) in enumerate(UNITS):
        rows += _of_unit(number, unit)
    rows += _of_district()
    order = {kind: place for place, kind in enumerate(KINDS)}
    return sorted(rows, key=lambda row: order[row["类别"]])


def _of_unit(number: int, unit: str) -> list[Row]:
    """What a street keeps: its neighbourhoods, and who has what."""
    hamlets = [f"{unit[:2]}第{word}居委会" for word in "一二三四"]
    rows = [_row("居村委", name, unit, 居村委=name) for name in hamlets]
    rows += [_row("社区综合服务设施", f"{one}服务站", unit, 居村委=one) for one in hamlets]
    homes = hamlets[: 4 - number % 3]
    rows += [_row("儿童之家", f"{one}儿童之家", unit, 居村委=one) for one in homes]
    here = {
        "儿童服务中心": number != 5,
        "老年认知障碍友好社区": number in (1, 2, 3),
        "未成年人保护工作站": True,
        "精神障碍社区康复": number < 4,
        "康复辅具租赁点": number % 2 == 1,
    }
    rows += [_row(kind, f"{unit}{kind}", unit) for kind, some in here.items() if some]
    rows += [_row("家门口的好去处", f"{unit}好去处{step + 1}", unit) for step in range(number + 1)]
    rehab = "是" if number in (0, 1, 2, 3) else "否"
    rows.append(_row("社区卫生服务中心", f"{unit}社区卫生服务中心", unit, 康复中心=rehab))
    rows.append(_row("加装电梯", f"{unit}加装电梯", unit, 数量=str(12 + 7 * number)))
    rows.append(_row("居室适老化改造", f"{unit}适老化改造", unit, 数量=str(40 + 11 * number)))
    chain = "是" if number % 2 else "否"
    rows.append(_row("社区养老机构", f"{unit}养老服务社", unit, 连锁=chain))
    return rows


def _of_district() -> list[Row]:
    """What the district keeps."""
    streets = [unit for _, unit, *_ in UNITS]
    nursing = ("是", "是", "是", "否", "是", "")
    rows = [
        _row("未成年人救助保护机构", "临江区救助保护中心", ""),
        _row("体育公园", "望潮体育公园", streets[3], 建筑面积="42000"),
        _row("都市运动中心", "云桥都市运动中心", streets[1], 建筑面积="9800"),
        _row("低效空间健身设施", "潮音桥下球场", streets[3], 建筑面积="1350"),
        _row("低效空间健身设施", "锦书路屋顶操场", streets[2], 建筑面积="640"),
        _row("演艺新空间", "槐荫小剧场", streets[2]),
        _row("剧院演艺综合体", "临江大剧院", streets[3]),
        _row("康复病区", "临江区中心医院康复病区", streets[3], 床位="约210床"),
        _row("区域性医疗中心", "临江区中心医院", streets[3], 独立康复病区="是"),
        _row("智慧养老院", "望潮敬老院", streets[3]),
        _row("数字化养老服务场所", "云桥数字服务站", streets[1]),
        _row("认知障碍照护", "东渡养老院记忆专区", streets[4], 床位="24"),
        _row("重残养护", "芦洲养护院", streets[5], 床位="30"),
        _row("家庭照护床位", "云桥家庭床位", streets[1], 床位="35"),
        _row("家庭照护床位", "望潮家庭床位", streets[3], 床位="48"),
        _row("保障性租赁住房", "东渡公寓", streets[4], 数量="420", 近轨道交通="是"),
        _row("保障性租赁住房", "芦洲人才公寓", streets[5], 数量="180", 近轨道交通="否"),
    ]
    venues = ("商场", "车站", "医院", "公园", "办事大厅", "图书馆")
    for venue, street, room in zip(venues, streets, nursing, strict=True):
        rows.append(_row("应配置母婴设施场所", f"{street}{venue}", street, 母婴设施=room))
    return rows


def _row(kind: str, name: str, street: str, **cells: str) -> Row:
    given = {"类别": kind, "名称": name, "区": DISTRICT, "街镇": street, **cells}
    return {**dict.fromkeys(COLUMNS, ""), **given}


def lists_csv(path: Path) -> Counter[str]:
    """UTF-8: a number in words (in place), and a row of another district."""
    table = list_rows()
    table.append(_row("加装电梯", "邻区电梯", "外滩街道", 数量="9"))
    write_csv(table, path, "utf-8")
    return Counter(other_street=1)


def compounds_geojson(estates: Estates, path: Path) -> Counter[str]:
    """Named compounds as polygons, with the year they were completed; WGS 84."""
    kinds = {home.estate: home.kind for home in estates.homes}
    features = []
    for way in estates.drawing.ways:
        name = way.tags.get("name", "")
        if way.tags.get("landuse") == "residential" and kinds.get(name) in YEARS:
            year = YEARS[kinds[name]] + len(features) * 3 % 11
            offers = "是" if year >= 2000 else "否"
            shape = mapping(on_earth(Polygon(way.line.coords)))
            properties = {"名称": name, "建成年份": year, "物业生活服务": offers}
            features.append({"type": "Feature", "properties": properties, "geometry": shape})
    lines = ",\n".join(json.dumps(feature, ensure_ascii=False) for feature in features)
    text = '{"type": "FeatureCollection", "features": [\n' + lines + "\n]}\n"
    path.write_bytes(text.encode())
    return Counter()
