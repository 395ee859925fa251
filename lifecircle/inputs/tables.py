"""Text tables and vector files as rows of text, each with the number it has in its file.

What a file is, its first bytes say and not its name; each kind is opened by its own driver only.
Every attribute becomes text here, so that identifiers keep their digits; `numbers` reads numbers.
"""

from __future__ import annotations

import csv
import difflib
import io
import math
import re
import string
import unicodedata
import warnings
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any, Literal

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyogrio
import shapely
from pyogrio.errors import DataLayerError, DataSourceError

from lifecircle.base.geo import GEOGRAPHIC, Floats
from lifecircle.base.problems import InputRefused, Problem
from lifecircle.base.text import decode
from lifecircle.inputs.datum import SHIFTED, datum_name, to_wgs84
from lifecircle.study import Source

Kind = Literal["GeoJSON", "GPKG", "ESRI Shapefile", "CSV"]
VECTOR_KINDS: tuple[Kind, ...] = ("GeoJSON", "GPKG", "ESRI Shapefile")
Mask = npt.NDArray[np.bool_]

ROW = "row"
SPACES = (
    string.whitespace
    + "\x1c\x1d\x1e\x1f\x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000"
    + "".join(map(chr, range(0x2000, 0x200C)))
    + "\u180e\u2060\ufeff"
)
"""Everything that Unicode counts as space, and the marks of no width."""

KNOWN_WARNINGS = "Several features with id|Unsupported geometry type"
"""What GDAL warns of and readers here list themselves: ids used twice, places that are none."""

GEOPACKAGE_MARKS = (b"GPKG", b"GP10", b"GP11")
"""The application id in the header of a GeoPackage; other databases have another."""

NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")


def read_csv(path: Path) -> pd.DataFrame:
    """The cells of a comma- or tab-separated text as stripped text; blank lines are left out.

    The index `row` is the line of the file on which the row starts, the header being line 1.
    Raises `InputRefused` where the file is missing, empty, no text, has two columns of one name,
    or rows with more or fewer fields than its header.
    """
    text = decode(read_content(path), path.name)
    if "\0" in text or text.lstrip(SPACES).startswith("<"):
        raise InputRefused([_wrong_kind(path, "CSV")])
    lines, records = _records(text, path)
    if not records:
        raise InputRefused([Problem("file_empty", "refused", path.name)])
    header = records[0]
    problems = _header_problems(header, path) or _length_problems(lines, records, path)
    if problems:
        raise InputRefused(problems)
    index = pd.Index(lines[1:], name=ROW, dtype="int64")
    return pd.DataFrame(records[1:], columns=header, index=index, dtype="str")


def read_vector(
    path: Path, source: Source, kinds: Collection[Kind] = VECTOR_KINDS
) -> gpd.GeoDataFrame:
    """The features of a vector file in EPSG:4326, attributes as text, indexed by `row` from 1.

    A datum gcj02 or bd09 of `source` is taken out of every vertex; an EPSG code stands in for a
    reference system the file lacks.  Raises `InputRefused` where the file is missing, of another
    kind or damaged, has several layers, no reference system, or no coordinate on the globe.
    """
    kind = file_kind(path)
    if kind not in kinds:
        raise InputRefused([_wrong_kind(path, " / ".join(kinds))])
    frame = _to_wgs84(_features(path, kind), kind, source)
    geometry = shapely.force_2d(frame.geometry.to_numpy())
    attributes = frame.drop(columns=frame.geometry.name)
    texts = {str(name).strip(SPACES): _as_text(attributes[name]) for name in attributes}
    rows = gpd.GeoDataFrame(
        pd.DataFrame(texts, index=pd.RangeIndex(1, len(frame) + 1, name=ROW), dtype="str"),
        geometry=gpd.GeoSeries(geometry, crs=GEOGRAPHIC).array,
    )
    _refuse_off_the_globe(rows, source)
    return rows


def file_kind(path: Path) -> Kind:
    """What the first bytes of `path` say it is; all that is nothing else may be a CSV."""
    content = read_content(path, 100)
    if content.startswith(b"SQLite format 3\0") and content[68:72] in GEOPACKAGE_MARKS:
        return "GPKG"
    if content.startswith(b"\x00\x00\x27\x0a"):
        return "ESRI Shapefile"
    is_json = content.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{")
    return "GeoJSON" if is_json else "CSV"


def read_content(path: Path, size: int = -1) -> bytes:
    """The first `size` bytes, or all; `InputRefused` if there is no such file or nothing in it."""
    if not path.is_file():
        raise InputRefused([Problem("file_missing", "refused", path.name)])
    try:
        with path.open("rb") as file:
            content = file.read(size)
    except OSError as error:
        raise InputRefused([_unreadable(path, error.strerror)]) from None
    if not content:
        raise InputRefused([Problem("file_empty", "refused", path.name)])
    return content


def require_columns(rows: pd.DataFrame, columns: Iterable[str | None], source: Source) -> None:
    """Raise `InputRefused` naming the declared `columns` that `rows` lacks, and those it has."""
    there = [str(name) for name in rows.columns if name != "geometry"]
    details = {"columns": ", ".join(there)}
    missing = [name for name in columns if name is not None and name not in there]
    if missing:
        raise InputRefused(
            Problem("column_missing", "refused", source.name, column=name, details=details)
            for name in missing
        )


def numbers(cells: pd.Series) -> tuple[Floats, Mask]:
    """Text cells as floats, and which of them are blank, no plain number, or not finite (NaN)."""
    texts = [unicodedata.normalize("NFKC", cell).strip(SPACES) for cell in cells]
    texts = [text.replace("\N{MINUS SIGN}", "-") for text in texts]
    values = np.array([float(text) if NUMBER.fullmatch(text) else np.nan for text in texts])
    values = values.astype(float)
    bad = ~np.isfinite(values)
    values[bad] = np.nan
    return values, bad


def blank(cells: pd.Series) -> Mask:
    """Which text cells hold nothing."""
    return np.asarray(cells == "", dtype=bool)


def normal(text: str) -> str:
    """`text` for comparing names: NFKC, no space, no case."""
    return "".join(unicodedata.normalize("NFKC", text).casefold().split()).strip(SPACES)


def normals(cells: pd.Series) -> pd.Series:
    """Text cells for comparing names."""
    return pd.Series([normal(cell) for cell in cells], index=cells.index, dtype="str")


def nearest(word: str, words: Iterable[str]) -> str:
    """The words most like `word`, for a planner who mistyped it."""
    return ", ".join(difflib.get_close_matches(word, sorted(set(words)), n=3, cutoff=0.4))


def off_the_globe(geometry: gpd.GeoSeries) -> Mask:
    """Which geometries have a longitude or latitude that is not finite or does not exist."""
    bounds = shapely.bounds(geometry.to_numpy())
    inside = (np.abs(bounds) <= np.array([180.0, 90.0, 180.0, 90.0])).all(axis=1)
    return np.asarray(~inside & ~no_geometry(geometry), dtype=bool)


def no_geometry(geometry: gpd.GeoSeries) -> Mask:
    """Which geometries are missing or empty."""
    return np.asarray(geometry.isna() | geometry.is_empty, dtype=bool)


def _records(text: str, path: Path) -> tuple[list[int], list[list[str]]]:
    """Line numbers and stripped cells of every row that is not blank."""
    first = text.partition("\n")[0]
    delimiter = "\t" if "\t" in first and "," not in first else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    lines, records, line = [], [], 1
    try:
        for record in reader:
            cells = [cell.strip(SPACES) for cell in record]
            if any(cells):
                lines.append(line)
                records.append(cells)
            line = reader.line_num + 1
    except csv.Error as error:
        details = {"error": str(error)}
        problem = Problem("csv_syntax", "refused", path.name, line, details=details)
        raise InputRefused([problem]) from None
    return lines, records


def _header_problems(header: list[str], path: Path) -> list[Problem]:
    twice = sorted({name for name in header if name and header.count(name) > 1})
    return [Problem("column_twice", "refused", path.name, 1, column=name) for name in twice]


def _length_problems(lines: list[int], records: list[list[str]], path: Path) -> list[Problem]:
    expected = len(records[0])
    return [
        Problem(
            "row_fields",
            "refused",
            path.name,
            line,
            details={"fields": len(record), "expected": expected},
        )
        for line, record in zip(lines, records, strict=True)
        if len(record) != expected
    ]


def _features(path: Path, kind: Kind) -> gpd.GeoDataFrame:
    """The one layer of a vector file, read by the driver of its kind."""
    if kind == "GeoJSON":
        content = decode(read_content(path), path.name).encode()
        return _read_layer(content, kind, None, path)
    if kind == "GPKG":
        return _read_layer(path, kind, None, path)
    lost = [part for part in (".dbf", ".shx") if not _part(path, part)]
    if lost:
        details = {"parts": ", ".join(path.stem + part for part in lost)}
        raise InputRefused([Problem("shapefile_part", "refused", path.name, details=details)])
    if _part(path, ".cpg"):
        return _read_layer(path, kind, None, path)
    try:
        return _read_layer(path, kind, "utf-8", path)
    except UnicodeDecodeError:
        return _read_layer(path, kind, "gb18030", path)


def _part(path: Path, suffix: str) -> bool:
    """Whether a shapefile has its part with `suffix`, in small or capital letters."""
    return any(path.with_suffix(case).is_file() for case in (suffix, suffix.upper()))


def _read_layer(
    opened: Path | bytes, kind: Kind, encoding: str | None, path: Path
) -> gpd.GeoDataFrame:
    try:
        layer = _only_layer(opened, path)
        if pyogrio.read_info(opened, layer=layer)["driver"] != kind:
            raise InputRefused([_wrong_kind(path, kind)])
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", KNOWN_WARNINGS, RuntimeWarning)
            frame = pyogrio.read_dataframe(
                opened,
                layer,
                encoding=encoding,
                datetime_as_string=True,
                use_arrow=True,
                arrow_to_pandas_kwargs={"types_mapper": pd.ArrowDtype},
            )
    except (DataSourceError, DataLayerError) as error:
        raise InputRefused([_unreadable(path, str(error))]) from None
    return frame


def _only_layer(opened: Path | bytes, path: Path) -> str | int:
    """The one layer with a geometry; content in memory has one layer and no lasting name."""
    layers = [str(name) for name, shape in pyogrio.list_layers(opened) if shape is not None]
    if len(layers) > 1:
        details = {"layers": ", ".join(layers)}
        raise InputRefused([Problem("layers_many", "refused", path.name, details=details)])
    if not layers:
        raise InputRefused([Problem("geometry_none", "refused", path.name)])
    return layers[0] if isinstance(opened, Path) else 0


def _to_wgs84(frame: gpd.GeoDataFrame, kind: Kind, source: Source) -> gpd.GeoDataFrame:
    """`frame` in EPSG:4326, from its own reference system or the declared one, shift taken out."""
    declared = datum_name(source.datum, source.name) if source.datum else None
    frame = frame.set_crs(_crs(frame.crs, kind, declared, source), allow_override=True)
    frame = frame.to_crs(GEOGRAPHIC)
    if declared not in SHIFTED:
        return frame

    def unshift(places: Floats) -> Floats:
        return np.column_stack(to_wgs84(places[:, 0], places[:, 1], declared))

    return frame.set_geometry(frame.geometry.transform(unshift))


def _crs(own: Any, kind: Kind, declared: str | None, source: Source) -> Any:
    """The reference system of a file: its own, else the one the study declares.

    A GeoJSON that names none is WGS 84 (RFC 7946), unless the study knows better.
    """
    own = own.to_2d() if own is not None else None
    is_default = kind == "GeoJSON" and own == GEOGRAPHIC
    if declared is None or not declared.startswith("EPSG:"):
        if own is None and declared is None:
            raise InputRefused([Problem("crs_missing", "refused", source.name)])
        return GEOGRAPHIC if own is None else own
    if own is None or is_default or own == declared:
        return declared
    details = {"own": own.name, "declared": declared}
    problem = Problem("crs_conflict", "refused", source.name, column="datum", details=details)
    raise InputRefused([problem])


def _refuse_off_the_globe(rows: gpd.GeoDataFrame, source: Source) -> None:
    """Refuse a file of which no place is on the globe: its reference system is another."""
    off = off_the_globe(rows.geometry)
    if off.any() and (off | no_geometry(rows.geometry)).all():
        where = ", ".join(f"{value:.6g}" for value in rows.geometry.iloc[off.argmax()].bounds[:2])
        problem = Problem("coordinates_range", "refused", source.name, value=where)
        raise InputRefused([problem])


def _as_text(cells: pd.Series) -> list[str]:
    return [_cell_text(cell).strip(SPACES) for cell in cells]


def _cell_text(cell: Any) -> str:
    """An attribute as text: whole numbers as their digits, nothing as nothing."""
    if cell is None or cell is pd.NA or (isinstance(cell, float) and math.isnan(cell)):
        return ""
    if isinstance(cell, bool | np.bool_):
        return "true" if cell else "false"
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 2**53:
        return str(int(cell))
    return str(cell)


def _wrong_kind(path: Path, expected: str) -> Problem:
    return Problem("file_kind", "refused", path.name, details={"expected": expected})


def _unreadable(path: Path, error: str | None) -> Problem:
    return Problem("file_unreadable", "refused", path.name, details={"error": error or ""})
