"""Vector files as rows of text with a geometry in WGS 84, each kind opened by its own driver."""

from __future__ import annotations

import shutil
import tempfile
import warnings
import zipfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyogrio
import shapely
from pyarrow import parquet
from pyogrio.errors import DataLayerError, DataSourceError
from shapely.errors import GEOSException

from lifecircle.base.geo import GEOGRAPHIC, Floats
from lifecircle.base.problems import InputRefused, Problem
from lifecircle.base.text import decode
from lifecircle.inputs.cells import SPACES, Mask, cell_text
from lifecircle.inputs.coordinates import fitting_codes
from lifecircle.inputs.datum import DATUMS, SHIFTED, datum_name, inexact_datum, to_wgs84
from lifecircle.inputs.grids import MOST_ROWS, ROW
from lifecircle.inputs.kinds import (
    ARCHIVE_ERRORS,
    VECTOR_KINDS,
    Kind,
    member_bytes,
    read_content,
    require_kind,
)
from lifecircle.inputs.kml import extended_data, with_fields
from lifecircle.sources import Source

KNOWN_WARNINGS = "Several features with id|Unsupported geometry type"
"""What GDAL warns of and readers here list themselves: ids used twice, places that are none."""

DRIVERS: dict[Kind, tuple[str, ...]] = {
    "GeoJSON": ("GeoJSON",),
    "GPKG": ("GPKG",),
    "ESRI Shapefile": ("ESRI Shapefile",),
    "KML": ("LIBKML", "KML"),
}
SHAPEFILE_PARTS = (".shp", ".dbf", ".shx", ".prj", ".cpg")
UTF8_NAMES = 0x800
"""The flag of a zip member whose name is UTF-8; others are cp437, or GB18030 in our offices."""


def read_vector(
    path: Path,
    source: Source,
    kinds: Collection[Kind] = VECTOR_KINDS,
    notes: list[Problem] | None = None,
) -> gpd.GeoDataFrame:
    """The features of a vector file in EPSG:4326, attributes as text, indexed by `row` from 1.

    A datum gcj02 or bd09 of `source` is taken out of every vertex; any other declared one stands
    in for a reference system the file lacks.  What had to be guessed or mended goes to `notes`.
    Raises `InputRefused` where the file is missing, of another kind or damaged, has several
    layers, no reference system, or no coordinate on the globe.
    """
    kind = require_kind(path, kinds)
    notes = [] if notes is None else notes
    frame = _to_wgs84(_features(path, kind, notes), kind, source, notes)
    geometry = shapely.force_2d(frame.geometry.to_numpy())
    high = int(shapely.has_z(frame.geometry.to_numpy()).sum())
    if high:
        notes.append(Problem("heights_dropped", "repaired", path.name, details={"count": high}))
    attributes = frame.drop(columns=frame.geometry.name)
    texts = {str(name).strip(SPACES): _as_text(attributes[name]) for name in attributes}
    rows = gpd.GeoDataFrame(
        pd.DataFrame(texts, index=pd.RangeIndex(1, len(frame) + 1, name=ROW), dtype="str"),
        geometry=gpd.GeoSeries(geometry, crs=GEOGRAPHIC).array,
    )
    _refuse_off_the_globe(rows, source)
    return rows


def read_parquet_table(path: Path) -> pd.DataFrame:
    """A Parquet table without geometry as text, indexed by `row` from 1."""
    try:
        frame = parquet.read_table(path).to_pandas(types_mapper=pd.ArrowDtype)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise _unreadable(path, error) from None
    texts = {str(name).strip(SPACES): _as_text(frame[name]) for name in frame}
    return pd.DataFrame(texts, index=pd.RangeIndex(1, len(frame) + 1, name=ROW), dtype="str")


def is_geoparquet(path: Path) -> bool:
    """Whether a Parquet file carries geometry as GeoParquet writes it."""
    try:
        return b"geo" in (parquet.read_schema(path).metadata or {})
    except (pa.ArrowException, OSError, ValueError) as error:
        raise _unreadable(path, error) from None


def off_the_globe(geometry: gpd.GeoSeries) -> Mask:
    """Which geometries have a longitude or latitude that is not finite or does not exist."""
    bounds = shapely.bounds(geometry.to_numpy())
    inside = (np.abs(bounds) <= np.array([180.0, 90.0, 180.0, 90.0])).all(axis=1)
    return np.asarray(~inside & ~no_geometry(geometry), dtype=bool)


def no_geometry(geometry: gpd.GeoSeries) -> Mask:
    """Which geometries are missing or empty."""
    return np.asarray(geometry.isna() | geometry.is_empty, dtype=bool)


def unshifted(geometry: gpd.GeoSeries, datum: str) -> gpd.GeoSeries:
    """`geometry` in degrees of `datum` as WGS 84, every vertex by itself."""

    def unshift(places: Floats) -> Floats:
        return np.column_stack(to_wgs84(places[:, 0], places[:, 1], datum))

    return geometry.transform(unshift)


def _features(path: Path, kind: Kind, notes: list[Problem]) -> gpd.GeoDataFrame:
    """The one layer of a vector file, read by the driver of its kind."""
    if kind == "Parquet":
        return _geoparquet(path)
    if kind == "GeoJSON":
        content = decode(read_content(path), path.name).encode()
        return _read_layer(content, kind, None, path)
    if kind == "zipped shapefile":
        with _unpacked(path) as shapefile:
            return _shapefile(shapefile, path, notes)
    if kind == "ESRI Shapefile":
        return _shapefile(path, path, notes)
    if kind == "KML":
        marks = extended_data(path)
        return with_fields(_read_layer(path, kind, None, path), marks)
    return _read_layer(path, kind, None, path)


def _geoparquet(path: Path) -> gpd.GeoDataFrame:
    if not is_geoparquet(path):
        raise InputRefused([Problem("geometry_none", "refused", path.name)])
    try:
        return gpd.read_parquet(path, to_pandas_kwargs={"types_mapper": pd.ArrowDtype})
    except (pa.ArrowException, GEOSException, OSError, ValueError) as error:
        raise _unreadable(path, error) from None


def _shapefile(shapefile: Path, path: Path, notes: list[Problem]) -> gpd.GeoDataFrame:
    """A shapefile in the folder of its parts; `path` is what the planner handed in."""
    if not _part(shapefile, ".dbf"):
        details = {"parts": path.stem + ".dbf"}
        raise InputRefused([Problem("shapefile_part", "refused", path.name, details=details)])
    if not _part(shapefile, ".shx"):
        notes.append(Problem("shapefile_index", "repaired", path.name))
        with _indexed_copy(shapefile) as copy:
            return _shapefile(copy, path, notes)
    if _part(shapefile, ".cpg"):
        return _read_layer(shapefile, "ESRI Shapefile", None, path)
    try:
        return _read_layer(shapefile, "ESRI Shapefile", "utf-8", path)
    except UnicodeDecodeError:
        notes.append(Problem("encoding_gb18030", "noted", path.name))
        return _read_layer(shapefile, "ESRI Shapefile", "gb18030", path)


@contextmanager
def _indexed_copy(shapefile: Path) -> Iterator[Path]:
    """A copy of a shapefile that lacks its .shx, with the index made anew."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "layer.shp"
        for suffix in SHAPEFILE_PARTS:
            for part in (shapefile.with_suffix(suffix), shapefile.with_suffix(suffix.upper())):
                if part.is_file():
                    shutil.copyfile(part, copy.with_suffix(suffix))
        pyogrio.set_gdal_config_options({"SHAPE_RESTORE_SHX": True})
        try:
            pyogrio.read_info(copy)
        except (DataSourceError, DataLayerError) as error:
            raise _unreadable(shapefile, error) from None
        finally:
            pyogrio.set_gdal_config_options({"SHAPE_RESTORE_SHX": None})
        if not copy.with_suffix(".shx").is_file():
            raise _unreadable(shapefile, ".shx")
        yield copy


@contextmanager
def _unpacked(path: Path) -> Iterator[Path]:
    """The one shapefile of a zip under names of ours, so that no name of theirs is written to."""
    try:
        with zipfile.ZipFile(path) as archive, tempfile.TemporaryDirectory() as folder:
            members = {_member_name(m): m for m in archive.infolist() if not m.is_dir()}
            shapes = [name for name in members if name.lower().endswith(".shp")]
            if len(shapes) > 1:
                details = {"layers": ", ".join(shapes)}
                raise InputRefused([Problem("layers_many", "refused", path.name, details=details)])
            stem = shapes[0][:-4]
            for name, member in members.items():
                suffix = name[len(stem) :].lower()
                if name.startswith(stem) and suffix in SHAPEFILE_PARTS:
                    content = member_bytes(archive, member, path)
                    (Path(folder) / f"layer{suffix}").write_bytes(content)
            yield Path(folder) / "layer.shp"
    except ARCHIVE_ERRORS as error:
        raise _unreadable(path, error) from None


def _member_name(member: zipfile.ZipInfo) -> str:
    if member.flag_bits & UTF8_NAMES:
        return member.filename
    try:
        return member.filename.encode("cp437").decode("gb18030")
    except UnicodeError:
        return member.filename


def _part(path: Path, suffix: str) -> bool:
    """Whether a shapefile has its part with `suffix`, in small or capital letters."""
    return any(path.with_suffix(case).is_file() for case in (suffix, suffix.upper()))


def _read_layer(
    opened: Path | bytes, kind: Kind, encoding: str | None, path: Path
) -> gpd.GeoDataFrame:
    try:
        layer = _only_layer(opened, path)
        info = pyogrio.read_info(opened, layer=layer)
        if info["driver"] not in DRIVERS[kind]:
            details: dict[str, object] = {"expected": kind}
            raise InputRefused([Problem("file_kind", "refused", path.name, details=details)])
        if info["features"] > MOST_ROWS:
            details = {"most": f"{MOST_ROWS:,}"}
            raise InputRefused([Problem("rows_too_many", "refused", path.name, details=details)])
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
        _check_texts(frame)
        return frame
    except UnicodeDecodeError:
        if encoding == "utf-8":
            raise
        raise InputRefused([Problem("encoding", "refused", path.name)]) from None
    except (DataSourceError, DataLayerError, GEOSException, pa.ArrowException) as error:
        raise _unreadable(path, error) from None


def _check_texts(frame: gpd.GeoDataFrame) -> None:
    """Raise UnicodeDecodeError now where a text is no UTF-8; Arrow would tell only when read."""
    for name in frame.columns:
        if isinstance(frame[name].dtype, pd.ArrowDtype):
            try:
                pa.array(frame[name].array).validate(full=True)
            except pa.ArrowInvalid as error:
                raise UnicodeDecodeError("utf-8", b"", 0, 0, str(error)) from None


def _only_layer(opened: Path | bytes, path: Path) -> str | int:
    """The one layer with a geometry; content in memory has one layer and no lasting name."""
    layers = [str(name) for name, shape in pyogrio.list_layers(opened) if shape is not None]
    if len(layers) > 1:
        details = {"layers": ", ".join(layers)}
        raise InputRefused([Problem("layers_many", "refused", path.name, details=details)])
    if not layers:
        raise InputRefused([Problem("geometry_none", "refused", path.name)])
    return layers[0] if isinstance(opened, Path) else 0


def _to_wgs84(
    frame: gpd.GeoDataFrame, kind: Kind, source: Source, notes: list[Problem]
) -> gpd.GeoDataFrame:
    """`frame` in EPSG:4326, from its own reference system or the declared one, shift taken out."""
    declared = datum_name(source.datum, source.name) if source.datum else None
    frame = frame.set_crs(_crs(frame, kind, declared, source), allow_override=True)
    notes += inexact_datum(frame.crs, source.name)
    frame = frame.to_crs(GEOGRAPHIC)
    if declared not in SHIFTED:
        return frame
    return frame.set_geometry(unshifted(frame.geometry, declared))


def _crs(frame: gpd.GeoDataFrame, kind: Kind, declared: str | None, source: Source) -> Any:
    """The reference system of a file: its own, else the one the study declares.

    A GeoJSON that names none is WGS 84 (RFC 7946), unless the study knows better.
    """
    own = frame.crs.to_2d() if frame.crs is not None else None
    is_default = kind in ("GeoJSON", "KML") and own == GEOGRAPHIC
    if declared is None or declared in DATUMS:
        if own is None and declared is None:
            raise InputRefused([_crs_missing(frame, source)])
        return GEOGRAPHIC if own is None else own
    if own is None or is_default or own == declared:
        return declared
    details = {"own": own.name, "declared": declared}
    problem = Problem("crs_conflict", "refused", source.name, column="datum", details=details)
    raise InputRefused([problem])


def _crs_missing(frame: gpd.GeoDataFrame, source: Source) -> Problem:
    """The refusal, with the projections under which the file would lie in China."""
    west, south, east, north = frame.total_bounds
    middle = np.array([(west + east) / 2]), np.array([(south + north) / 2])
    codes = fitting_codes(*middle) if np.isfinite(middle).all() and abs(west) > 360 else []
    if not codes:
        return Problem("crs_missing", "refused", source.name)
    details = {"candidates": ", ".join(f"EPSG:{code}" for code in codes)}
    return Problem("crs_missing_fits", "refused", source.name, details=details)


def _refuse_off_the_globe(rows: gpd.GeoDataFrame, source: Source) -> None:
    """Refuse a file of which no place is on the globe: its reference system is another."""
    off = off_the_globe(rows.geometry)
    if off.any() and (off | no_geometry(rows.geometry)).all():
        where = ", ".join(f"{value:.6g}" for value in rows.geometry.iloc[off.argmax()].bounds[:2])
        problem = Problem("coordinates_range", "refused", source.name, value=where)
        raise InputRefused([problem])


def _as_text(cells: pd.Series) -> list[str]:
    return [cell_text(cell) for cell in cells]


def _unreadable(path: Path, error: object) -> InputRefused:
    details = {"error": (str(error).splitlines() or [""])[0]}
    return InputRefused([Problem("file_unreadable", "refused", path.name, details=details)])
