"""What a line of the target table can answer: figures, or what is missing."""

from __future__ import annotations

from dataclasses import dataclass, field

from lifecircle.base.geo import Floats
from lifecircle.network.network import Ints

ATTRIBUTES = "attributes = {{ {} }}"
"""How a study writes a column of yes and no."""

Missing = tuple[tuple[str, str], ...]
"""What is missing: a sentence of `missing.…`, and what fills its place."""


@dataclass(frozen=True)
class Figures:
    """Values of groups of units (`at`: positions among the groups), and how they came about.

    `upper` is the value if all that is not known were good: `inf` where nothing bounds it.
    """

    at: Ints
    value: Floats
    upper: Floats
    count: Floats
    total: Floats
    total_of: str = ""
    weight: str = ""
    profile: str = ""
    limits: str = ""
    missing: Missing = ()


@dataclass(frozen=True)
class Nothing:
    """The figure cannot be had without more data."""

    missing: Missing = field(default=())


Answer = Figures | Nothing


def with_column(kind: str, column: str | None, of: str = "{}") -> str:
    """What a study must write to bring a list, and the column in it."""
    own = "" if column is None else ", " + of.format(f'{column} = "…"')
    return f'kind = "{kind}"{own}'
