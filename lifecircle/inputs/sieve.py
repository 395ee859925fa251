"""Rows of one source on their way to a table: what falls out is listed and counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Generic, TypeVar

import numpy as np
import pandas as pd

from lifecircle.base.problems import Action, Problem
from lifecircle.inputs.cells import Mask
from lifecircle.inputs.reading import Account

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
                )
            )

    def refuse(self, code: str, column: str = "", value: str = "", **details: object) -> None:
        """Refuse the whole source."""
        problem = Problem(code, "refused", self.source, None, column, value, self.sheet, details)
        self.problems.append(problem)

    def account(self, used: int) -> Account:
        """Rows read, `used`, and therefore excluded."""
        return Account(self.source, self.rows_read, used, self.rows_read - used)
