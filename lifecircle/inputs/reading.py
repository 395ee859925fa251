"""What every reader gives back: a table, the problems it met, and an account of its rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

import pandas as pd

from lifecircle.base.problems import Problem

Frame = TypeVar("Frame", bound=pd.DataFrame)


@dataclass(frozen=True)
class Account:
    """Rows (or OSM objects) of one source: read = used + excluded, always."""

    source: str
    rows_read: int
    rows_used: int
    rows_excluded: int

    def __post_init__(self) -> None:
        """Hold the identity where the numbers are made."""
        assert self.rows_read == self.rows_used + self.rows_excluded, self

    def with_fewer_used(self, count: int) -> Account:
        """The account after `count` rows that had been read well were excluded all the same."""
        return Account(
            self.source, self.rows_read, self.rows_used - count, self.rows_excluded + count
        )


@dataclass(frozen=True)
class Reading(Generic[Frame]):
    """A table read from one source; problems that refuse it are raised by the caller."""

    table: Frame
    problems: tuple[Problem, ...]
    account: Account
