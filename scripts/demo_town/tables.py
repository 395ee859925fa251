"""The three facility files with the faults that such files have, counted as they are put in."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from pathlib import Path

import numpy as np

from demo_town.frame import place
from demo_town.places import Facility
from lifecircle.inputs.datum import wgs84_to_gcj02

Row = dict[str, str]


def community_csv(rows: list[Facility], path: Path) -> Counter[str]:
    """UTF-8, GCJ-02: a word for a coordinate, a place at 0,0, a closed one, a duplicate."""
    table = [_community_row(number, one) for number, one in enumerate(rows, start=1)]
    table.insert(9, {**table[8], "编号": "SQ900"})
    table.append(_broken(table[3], "SQ901", "霜林路社区食堂（筹）", "社区食堂", "暂无", "暂无"))
    table.append(_broken(table[3], "SQ902", "青禾路健身苑（筹）", "健身苑点", "0", "0"))
    table.append(_closed(table[30], "SQ903", "文化活动室"))
    write_csv(table, path, "utf-8")
    return Counter(duplicate=1, unreadable_coordinate=1, null_island=1, closed=1)


def care_csv(rows: list[Facility], path: Path) -> Counter[str]:
    """GB18030, WGS 84: a blank coordinate, and a closed home."""
    table = [_care_row(number, one) for number, one in enumerate(rows, start=1)]
    table.append(_broken(table[0], "YL901", "滨江大道托育园", "托育机构", "", ""))
    table.append(_closed(table[-2], "YL902", "日间照料中心"))
    write_csv(table, path, "gb18030")
    return Counter(blank_coordinate=1, closed=1)


def shops_geojson(rows: list[Facility], path: Path) -> Counter[str]:
    """GeoJSON in WGS 84: one shop twice."""
    features = [_feature(f"BM{number:03d}", one) for number, one in enumerate(rows, start=1)]
    features.insert(21, _feature("BM900", rows[20]))
    lines = ",\n".join(json.dumps(feature, ensure_ascii=False) for feature in features)
    text = '{"type": "FeatureCollection", "features": [\n' + lines + "\n]}\n"
    path.write_bytes(text.encode())
    return Counter(duplicate=1)


def _community_row(number: int, one: Facility) -> Row:
    lon, lat = place(one.at)
    east, north = wgs84_to_gcj02(np.array([lon]), np.array([lat]))
    return {
        "编号": f"SQ{number:03d}",
        "名称": one.name,
        "类别": one.category,
        "地址": one.address,
        "经度": f"{east[0]:.6f}",
        "纬度": f"{north[0]:.6f}",
        "建筑面积": _text(one.area),
        "状态": "开放",
    }


def _care_row(number: int, one: Facility) -> Row:
    lon, lat = place(one.at)
    return {
        "编号": f"YL{number:03d}",
        "名称": one.name,
        "类别": one.category,
        "地址": one.address,
        "核定床位": _text(one.beds),
        "托位数": _text(one.places),
        "建筑面积": _text(one.area),
        "经度": f"{lon:.6f}",
        "纬度": f"{lat:.6f}",
        "状态": "开放",
    }


def _feature(number: str, one: Facility) -> dict[str, object]:
    lon, lat = place(one.at)
    return {
        "type": "Feature",
        "properties": {
            "id": number,
            "name": one.name,
            "kind": one.category,
            "address": one.address,
        },
        "geometry": {"type": "Point", "coordinates": [round(lon, 6), round(lat, 6)]},
    }


def _broken(like: Row, number: str, name: str, category: str, lon: str, lat: str) -> Row:
    """A row with the columns of `like` and a place that cannot be used."""
    said = {
        "编号": number,
        "名称": name,
        "类别": category,
        "经度": lon,
        "纬度": lat,
        "状态": "开放",
    }
    return {**dict.fromkeys(like, ""), **said}


def _closed(like: Row, number: str, category: str) -> Row:
    """A facility that has moved out of the place of `like`."""
    name = f"{category}（{like['地址']}，旧址）"
    return {**like, "编号": number, "名称": name, "类别": category, "状态": "已停业"}


def _text(value: int | None) -> str:
    return "" if value is None else str(value)


def write_csv(table: list[Row], path: Path, encoding: str) -> None:
    """Write rows as an office would: a header, and line ends of Windows."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(table[0]), lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(table)
    path.write_bytes(text.getvalue().encode(encoding))
