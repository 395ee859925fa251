"""Values as one header of JSON and a run of arrays, and back: no pickle, nothing is executed.

What is known: plain values, tuples, lists, sets, dictionaries, arrays of numbers, arrays of text,
of geometries and of dictionaries, tables, coordinate systems, and the frozen dataclasses that the
caller names.  Anything else is an `Unknown`.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import CRS

ALIGNED = 64


class Unknown(TypeError):
    """A value that cannot be kept."""


class Packer:
    """Turns a value into JSON, and gathers its arrays."""

    def __init__(self) -> None:
        self.arrays: list[np.ndarray[Any, Any]] = []
        self.shapes: list[shapely.Geometry] = []

    def whole(self, value: Any) -> Any:
        """The value as JSON; the geometries that stand alone in it come after it, all at once."""
        return [self.pack(value), self._geometries(self.shapes)]

    def pack(self, value: Any) -> Any:
        """The value as JSON; lists begin with what they stand for."""
        if value is None or isinstance(value, bool | str):
            return value
        if isinstance(value, int | float) and not isinstance(value, np.generic):
            return int(value) if isinstance(value, int) else float(value)
        if type(value) is tuple and all(type(one) in (int, float) for one in value):
            return ["row", *value]
        for kind, of, packed in self._kinds():
            if isinstance(value, kind):
                return [of, *packed(value)]
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            fields = [getattr(value, field.name) for field in dataclasses.fields(value)]
            return ["object", type(value).__name__, *map(self.pack, fields)]
        raise Unknown(type(value).__name__)

    def _kinds(self) -> Iterable[tuple[type | tuple[type, ...], str, Callable[[Any], Any]]]:
        return (
            (np.generic, "scalar", lambda value: [self._array(np.asarray(value)[np.newaxis])]),
            (np.ndarray, "array", lambda value: [self._array(value)]),
            (tuple, "tuple", lambda value: map(self.pack, value)),
            (list, "list", lambda value: map(self.pack, value)),
            (frozenset, "frozenset", lambda value: map(self.pack, sorted(value))),
            (Mapping, "dict", lambda value: (self.pack(one) for kv in value.items() for one in kv)),
            (shapely.Geometry, "geometry", lambda value: [self._alone(value)]),
            (CRS, "crs", lambda value: [value.srs]),
            (pd.DataFrame, "table", self._table),
        )

    def _array(self, array: np.ndarray[Any, Any]) -> Any:
        if array.dtype.kind in "biufU" and array.ndim:
            self.arrays.append(np.ascontiguousarray(array))
            return ["numbers", len(self.arrays) - 1]
        if array.dtype != object or array.ndim != 1:
            raise Unknown(str(array.dtype))
        values = array.tolist()
        if all(isinstance(value, str) for value in values):
            return ["plain", self._text(json.dumps(values))]
        if all(type(value) is dict and _texts_only(value) for value in values):
            return ["plain", self._text(json.dumps(values))]
        if all(value is None or isinstance(value, shapely.Geometry) for value in values):
            return self._shapes(array)
        return ["values", self._text(json.dumps([self.pack(value) for value in values]))]

    def _shapes(self, array: np.ndarray[Any, Any]) -> Any:
        """Geometries; points, of which there are millions, as their coordinates."""
        plain = (shapely.get_type_id(array) == 0) & ~shapely.is_empty(array)
        if not (plain & ~shapely.has_z(array)).all():
            return ["geometries", self._geometries(array)]
        return ["points", self._array(shapely.get_coordinates(array))]

    def _alone(self, shape: shapely.Geometry) -> int:
        self.shapes.append(shape)
        return len(self.shapes) - 1

    def _geometries(self, shapes: Any) -> list[Any]:
        parts = [part or b"" for part in shapely.to_wkb(np.asarray(shapes, dtype=object))]
        sizes = np.array([len(part) for part in parts], dtype=np.int64)
        whole = np.frombuffer(b"".join(parts), dtype=np.uint8)
        return [self._array(sizes), self._array(whole)]

    def _text(self, text: str) -> Any:
        return self._array(np.frombuffer(text.encode(), dtype=np.uint8))

    def _table(self, table: pd.DataFrame) -> list[Any]:
        crs = table.crs if isinstance(table, gpd.GeoDataFrame) else None
        geometry = table.geometry.name if isinstance(table, gpd.GeoDataFrame) else None
        if table.index.name is not None or table.index.nlevels > 1:
            raise Unknown("an index with names")
        counted = table.index.equals(pd.RangeIndex(len(table)))
        index = None if counted else table.index.to_numpy()
        columns = [[name, *self._column(table[name])] for name in table.columns]
        return [geometry, self.pack(crs), len(table), self.pack(index), columns]

    def _column(self, column: pd.Series[Any]) -> list[Any]:
        """The dtype of a column and its cells; of what can be empty, also where it is."""
        dtype = str(column.dtype)
        if dtype in ("boolean", "Int64"):
            empty = column.isna().to_numpy()
            none: Any = False if dtype == "boolean" else 0
            values = column.fillna(none).to_numpy(dtype=bool if dtype == "boolean" else np.int64)
            return [dtype, self._array(values), self._array(empty)]
        plain = column.dtype.kind in "biuf" and dtype != "geometry"
        return [dtype, self._array(column.to_numpy(dtype=None if plain else object))]


def _texts_only(value: dict[Any, Any]) -> bool:
    return all(type(word) is str for pair in value.items() for word in pair)


class Unpacker:
    """Turns JSON and arrays back into the value; builds only the classes it is given."""

    def __init__(self, arrays: list[np.ndarray[Any, Any]], classes: Iterable[type]) -> None:
        self.arrays = arrays
        self.classes = {one.__name__: one for one in classes}
        self.shapes: list[Any] = []

    def whole(self, packed: Any) -> Any:
        """The value that `Packer.whole` made this of."""
        value, shapes = packed
        self.shapes = self._geometries(shapes)
        return self.unpack(value)

    def unpack(self, packed: Any) -> Any:
        """The value again."""
        if not isinstance(packed, list):
            return packed
        kind, *rest = packed
        if kind == "row":
            return tuple(rest)
        if kind in ("tuple", "list", "frozenset"):
            return {"tuple": tuple, "list": list, "frozenset": frozenset}[kind](
                map(self.unpack, rest)
            )
        if kind == "dict":
            values = list(map(self.unpack, rest))
            return dict(zip(values[::2], values[1::2], strict=True))
        if kind == "object":
            return self.classes[rest[0]](*map(self.unpack, rest[1:]))
        return getattr(self, f"_{kind}")(*rest)

    def _array(self, packed: list[Any]) -> Any:
        kind, content = packed
        if kind == "numbers":
            return self.arrays[content]
        if kind == "points":
            return np.asarray(shapely.points(self._array(content)), dtype=object)
        if kind == "geometries":
            values = self._geometries(content)
        else:
            values = json.loads(self._array(content).tobytes())
            values = values if kind == "plain" else [self.unpack(one) for one in values]
        array = np.empty(len(values), dtype=object)
        array[:] = values
        return array

    def _scalar(self, packed: list[Any]) -> Any:
        return self._array(packed)[0]

    def _crs(self, name: str) -> CRS:
        return CRS.from_user_input(name)

    def _geometry(self, number: int) -> Any:
        return self.shapes[number]

    def _geometries(self, packed: list[Any]) -> list[Any]:
        sizes, whole = map(self._array, packed)
        content, ends = whole.tobytes(), np.cumsum(sizes).tolist()
        parts = [content[end - size : end] for size, end in zip(sizes.tolist(), ends, strict=True)]
        return list(shapely.from_wkb([part or None for part in parts]))

    def _table(
        self, geometry: str | None, crs: Any, rows: int, index: Any, columns: list[Any]
    ) -> pd.DataFrame:
        index = pd.RangeIndex(rows) if index is None else pd.Index(self.unpack(index))
        cells = {name: self._column(*rest) for name, *rest in columns}
        if geometry is None:
            return pd.DataFrame(cells, index=index)
        table: pd.DataFrame = gpd.GeoDataFrame(
            cells, index=index, geometry=geometry, crs=self.unpack(crs)
        )
        return table

    def _column(self, dtype: str, packed: Any, empty: Any = None) -> Any:
        values = self._array(packed)
        if dtype == "geometry":
            return values
        if empty is None:
            return (
                pd.Series(values, dtype=dtype).array if values.dtype == object else np.array(values)
            )
        masked = pd.Series(np.array(values), dtype=dtype).array
        masked[np.array(self._array(empty))] = pd.NA
        return masked
