"""Rows of one source on their way to a table: what falls out is listed and counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Generic, TypeVar

import numpy as np
import pandas as pd
import shapely

from lifecircle.base.problems import Action, Problem
from lifecircle.inputs.cells import Mask
from lifecircle.inputs.reading import Account

GLOBE = shapely.box(-180, -90, 180, 90)

Frame = TypeVar("Frame", bound=pd.DataFrame)


class Sieve(Generic[Frame]):
    """`rows`, indexed by their number in the file, and the problems met so far."""

    def __init__(self, source: str, rows: Frame, sheet: str = "") -> None:
        self.source = source
        self.sheet = sheet
        self.rows = rows
        self.rows_read = len(rows)
        self.problems: list[Problem] = []

    def exclude(
        self,
        mask: Mask,
        code: str,
        column: str = "",
        values: Sequence[str] | None = None,
        details: Sequence[Mapping[str, object]] | None = None,
    ) -> None:
        """Take the rows of `mask` out, each listed with the reason `code`."""
        self.book(mask, code, "excluded", column, values, details)
        self.rows = self.rows[~mask]

    def book(
        self,
        mask: Mask,
        code: str,
        action: Action,
        column: str = "",
        values: Sequence[str] | None = None,
        details: Sequence[Mapping[str, object]] | None = None,
    ) -> None:
        """List the rows of `mask` under `code` and leave them in.

        `values` and `details` go with the rows of the mask, in their order; values are the
        cells of `column` where they are not given.
        """
        chosen: list[int] = np.flatnonzero(mask).tolist()
        if values is None and column in self.rows.columns:
            values = self.rows[column].iloc[chosen].tolist()
        places = self._places(chosen)
        for place, position in enumerate(chosen):
            self.problems.append(
                Problem(
                    code,
                    action,
                    self.source,
                    int(self.rows.index[position]),
                    column,
                    values[place] if values is not None else "",
                    self.sheet,
                    details=details[place] if details is not None else {},
                    place=places[place],
                )
            )

    def _places(self, chosen: list[int]) -> list[tuple[float, float] | None]:
        """Where the rows at these positions lie, as far as it has been read yet."""
        if "geometry" not in self.rows.columns:
            return [None] * len(chosen)
        return [place_of(shape) for shape in self.rows["geometry"].iloc[chosen]]

    def refuse(self, code: str, column: str = "", value: str = "", **details: object) -> None:
        """Refuse the whole source."""
        problem = Problem(code, "refused", self.source, None, column, value, self.sheet, details)
        self.problems.append(problem)

    def account(self, used: int) -> Account:
        """Rows read, `used`, and therefore excluded."""
        return Account(self.source, self.rows_read, used, self.rows_read - used)


def place_of(shape: shapely.Geometry | None) -> tuple[float, float] | None:
    """A point of a shape in degrees, or None where it has none on the globe."""
    if shape is None or shapely.is_empty(shape) or not shapely.intersects(shape, GLOBE):
        return None
    point = shapely.point_on_surface(shape)
    lon, lat = float(shapely.get_x(point)), float(shapely.get_y(point))
    return (lon, lat) if np.isfinite([lon, lat]).all() else None
