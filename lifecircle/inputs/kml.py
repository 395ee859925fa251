"""What KML says of its places beside their names: `ExtendedData`, which GDAL reads in part.

GDAL drops the fields whose names are not Latin, which in an office's file are all of them.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

import geopandas as gpd
import pandas as pd

from lifecircle.base.problems import InputRefused, Problem
from lifecircle.base.text import decode
from lifecircle.inputs.kinds import read_content, refuse_doctype

Marks = list[dict[str, str]]


def extended_data(path: Path) -> Marks:
    """The fields of every placemark of a KML file, in their order.

    Raises `InputRefused` for XML with a DOCTYPE, and for what is no XML to its end.
    """
    content = read_content(path)
    refuse_doctype(content, path)
    try:
        root = ET.fromstring(decode(content, path.name))  # noqa: S314 - without a DOCTYPE
    except ET.ParseError as error:
        details = {"error": str(error)}
        problem = Problem("file_unreadable", "refused", path.name, details=details)
        raise InputRefused([problem]) from None
    return [dict(_fields(mark)) for mark in root.iter() if _tag(mark) == "Placemark"]


def with_fields(frame: gpd.GeoDataFrame, marks: Marks) -> gpd.GeoDataFrame:
    """`frame`, GDAL's reading of a KML file, with the fields that it lacks.

    Placemarks are told by their order; where GDAL found another number of them, nothing is added.
    """
    names = list(dict.fromkeys(name for mark in marks for name in mark))
    lacking = [name for name in names if name not in frame.columns]
    if len(marks) != len(frame) or not lacking:
        return frame
    fields = pd.DataFrame(
        {name: [mark.get(name) for mark in marks] for name in lacking}, index=frame.index
    )
    return gpd.GeoDataFrame(pd.concat([frame, fields], axis=1), geometry=frame.geometry.name)


def _fields(mark: ET.Element) -> Iterator[tuple[str, str]]:
    """Names and values of a placemark's own fields, in either of KML's two ways."""
    for item in mark.iter():
        name = item.get("name", "").strip()
        if name and _tag(item) == "SimpleData":
            yield name, item.text or ""
        elif name and _tag(item) == "Data":
            values = [child.text or "" for child in item if _tag(child) == "value"]
            yield name, values[0] if values else ""


def _tag(item: ET.Element) -> str:
    """The tag without its namespace."""
    return str(item.tag).rpartition("}")[2]
