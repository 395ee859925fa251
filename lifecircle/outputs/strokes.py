"""Streets as a picture can show them: what is smaller than its dots is left out beforehand.

What a map costs then follows its size on paper or screen, not the size of the city.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from pyproj import CRS, Transformer

from lifecircle.base.geo import Floats

LINE = 1
"""shapely's number for a line in one part."""

Whole = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Strokes:
    """n vertices of lines, one line after the other; `first` marks where a line begins."""

    places: Floats
    first: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, shapes: npt.NDArray[Any]) -> Strokes:
        """The vertices of lines, and of the parts of several."""
        if (shapely.get_type_id(shapes) != LINE).any():
            shapes = shapely.get_parts(shapes)
        places, line = shapely.get_coordinates(shapes, return_index=True)
        return cls(places, np.append(True, line[1:] != line[:-1])[: len(line)])

    def projected(self, crs: str | CRS, to: str | CRS) -> Strokes:
        """The same lines in another projection."""
        moved = Transformer.from_crs(crs, to, always_xy=True).transform(*self.places.T)
        return Strokes(np.column_stack(moved), self.first)

    def near(self, west: float, south: float, east: float, north: float) -> Strokes:
        """The lines that a window may show."""
        begins = np.flatnonzero(self.first)
        if not len(begins):
            return self
        least = np.minimum.reduceat(self.places, begins)
        most = np.maximum.reduceat(self.places, begins)
        seen = np.column_stack([least <= (east, north), most >= (west, south)]).all(axis=1)
        shown = np.asarray(seen)[np.cumsum(self.first) - 1]
        return Strokes(self.places[shown], self.first[shown])

    def thinned(self, step: float) -> Strokes:
        """What shows in squares of `step`: one stretch from a square to another, none inside one.

        What is left keeps its place, so that lines do not turn into stairs.
        """
        squares = np.floor(self.places / step).astype(np.int64)
        moved = (squares[1:] != squares[:-1]).any(axis=1)
        kept = np.flatnonzero(self.first | np.append(True, moved)[: len(squares)])
        places, first, squares = self.places[kept], self.first[kept], squares[kept]
        ends = np.flatnonzero(~first)
        drawn = np.zeros(len(kept), dtype=bool)
        drawn[ends[_each_once(squares[ends - 1], squares[ends])]] = True
        needed = drawn | np.append(drawn[1:], False)[: len(kept)]
        return Strokes(places[needed], ~drawn[needed])

    def dots(self, columns: Floats, rows: Floats) -> tuple[Whole, Whole]:
        """Columns and rows of the dots that the lines run through; each may come several times.

        `columns` and `rows` are the places of the vertices counted in dots.
        """
        column, row = np.floor(columns).astype(np.int64), np.floor(rows).astype(np.int64)
        end = np.flatnonzero(~self.first)
        across, down = column[end] - column[end - 1], row[end] - row[end - 1]
        steps = np.maximum(np.abs(across), np.abs(down))
        stretch = np.repeat(np.arange(len(end)), steps)
        share = _counted(steps) / steps[stretch]
        on_column = column[end - 1][stretch] + np.rint(share * across[stretch]).astype(np.int64)
        on_row = row[end - 1][stretch] + np.rint(share * down[stretch]).astype(np.int64)
        return np.concatenate([column, on_column]), np.concatenate([row, on_row])


def _each_once(here: Whole, there: Whole) -> Whole:
    """The first row of each pair of squares, whichever way it goes."""
    if not len(here):
        return np.zeros(0, dtype=np.int64)
    least = np.minimum(here, there).min(axis=0)
    rows = int(np.maximum(here, there)[:, 1].max() - least[1]) + 1
    numbers = [(one - least) @ (rows, 1) for one in (here, there)]
    pairs = np.minimum(*numbers) * (int(np.maximum(*numbers).max()) + 1) + np.maximum(*numbers)
    return np.sort(np.unique(pairs, return_index=True)[1])


def _counted(steps: Whole) -> Whole:
    """1 to n for each of `steps`, one after the other."""
    ends = np.cumsum(steps)
    return np.arange(1, steps.sum() + 1) - np.repeat(ends - steps, steps)
