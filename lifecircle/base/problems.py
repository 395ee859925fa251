"""Problems found in what people hand in, and the errors that carry them.

A problem names what is wrong, where, and how to fix it.  Its words come from `sentences.toml`
by its code, so that the same problem reads the same everywhere, in Chinese and in English.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import pandas as pd

from lifecircle.base.sentences import Language, sentence

Action = Literal["refused", "repaired", "excluded", "noted"]

SHOWN_PROBLEMS = 20
"""How many problems a message lists before it only counts them; all are in `problems.csv`."""


@dataclass(frozen=True)
class Problem:
    """One finding about an input.

    `code` is a key of `sentences.toml`; `row` is counted from 1 as the file shows it, the header
    included; `details` fill the places in the sentence.  `place` is where on the earth it is
    (longitude and latitude, WGS 84), where that is known.
    """

    code: str
    action: Action
    source: str
    row: int | None = None
    column: str = ""
    value: str = ""
    sheet: str = ""
    details: Mapping[str, object] = field(default_factory=dict)
    place: tuple[float, float] | None = None

    def what(self, language: Language = "en") -> str:
        """What is wrong, as a clause."""
        return sentence(f"{self.code}.what", language, **self.details)

    def fix(self, language: Language = "en") -> str:
        """How to fix it."""
        return sentence(f"{self.code}.fix", language, **self.details)

    def line(self, language: Language = "en") -> str:
        """The problem on one line: `file:sheet!row column "value": what is wrong. Fix: …`."""
        sheet = f":{self.sheet}" if self.sheet else ""
        row = f"!{self.row}" if self.row is not None else ""
        column = f" {self.column}" if self.column else ""
        value = f' "{self.value}"' if self.value else ""
        where = f"{self.source}{sheet}{row}{column}{value}"
        return sentence(
            "problem_line", language, where=where, what=self.what(language), fix=self.fix(language)
        )


def problems_table(problems: Iterable[Problem], language: Language = "en") -> pd.DataFrame:
    """The PROBLEMS table of `problems`, in the order they were found."""
    rows = [
        {
            "source": problem.source,
            "sheet": problem.sheet,
            "row": problem.row,
            "column": problem.column,
            "value": problem.value,
            "code": problem.code,
            "action": problem.action,
            "what": problem.what(language),
            "fix": problem.fix(language),
        }
        for problem in problems
    ]
    columns = ["source", "sheet", "row", "column", "value", "code", "action", "what", "fix"]
    return pd.DataFrame(rows, columns=columns).astype({"row": "Int64"})


class LifecircleError(Exception):
    """Base of every error this package raises on purpose."""


class UsageError(LifecircleError, ValueError):
    """A function was called with arguments that cannot be meant."""


class Refused(LifecircleError):
    """Something handed in cannot be used; `problems` says what, where and how to fix it."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(self.message())

    def message(self, language: Language = "en") -> str:
        """The first problems, one a line, and how many there are in all."""
        refused = [problem for problem in self.problems if problem.action == "refused"]
        lines = [problem.line(language) for problem in refused[:SHOWN_PROBLEMS]]
        if len(refused) > SHOWN_PROBLEMS:
            lines.append(sentence("problems_total", language, total=len(refused)))
        return "\n".join(lines)


class StudyRefused(Refused):
    """The study file (or the command line) is wrong."""


class InputRefused(Refused):
    """An input named by the study cannot be used."""


def refuse_if_any(problems: Iterable[Problem]) -> None:
    """Raise `InputRefused` with all `problems` if one of them refuses its input."""
    problems = tuple(problems)
    if any(problem.action == "refused" for problem in problems):
        raise InputRefused(problems)
