"""Which column of a list holds what: as the study says, else by the names offices use."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files

from lifecircle.base.problems import InputRefused, Problem
from lifecircle.inputs.cells import SPACES

BRACKETS = re.compile(r"[（(\[【].*?[)）\]】]")
BETWEEN_ROWS = "/"
"""Joins the two rows of a header that was merged: `坐标/经度`."""


@cache
def aliases() -> Mapping[str, tuple[str, ...]]:
    """The names of each role, as `plain` writes them."""
    text = files("lifecircle.inputs").joinpath("columns.toml").read_text(encoding="utf-8")
    return {role: tuple(map(plain, names)) for role, names in tomllib.loads(text).items()}


def plain(name: str) -> str:
    """A column's name for comparing: NFKC, no case, no space, nothing in brackets."""
    name = BRACKETS.sub("", unicodedata.normalize("NFKC", name)).casefold()
    return "".join(name.split()).strip(SPACES).replace("_", "")


def known_words(declared: Iterable[str | None]) -> frozenset[str]:
    """Every name that marks a row as a header: aliases, and what the study declares."""
    words = {word for names in aliases().values() for word in names}
    return frozenset(words | {plain(name) for name in declared if name})


def headings(name: str) -> set[str]:
    """What a column can be known by: its whole name, and the last part of a merged one."""
    return {plain(name), plain(name.rpartition(BETWEEN_ROWS)[2])}


def column_of(role: str, columns: Iterable[str], declared: str | None, source: str) -> str | None:
    """The column that holds `role`: the declared one, else the one known by an alias, or None.

    Raises `InputRefused` where the declared column is not there, or where two columns could be
    the coordinates.
    """
    columns = list(columns)
    if declared is not None:
        return declared_column(columns, declared, source)
    found = [(order, name) for name in columns for order in _orders(role, name)]
    names = [name for _, name in sorted(found)]
    if len(names) > 1 and role in ("lon", "lat"):
        details = {"columns": ", ".join(names), "role": role}
        problem = Problem("column_ambiguous", "refused", source, column=role, details=details)
        raise InputRefused([problem])
    return names[0] if names else None


def declared_column(columns: list[str], declared: str, source: str) -> str:
    """The column that the study declares, compared as `plain` does where none is quite the same."""
    if declared in columns:
        return declared
    alike = [name for name in columns if plain(declared) in headings(name)]
    if len(alike) == 1:
        return alike[0]
    details = {"columns": ", ".join(columns)}
    problem = Problem("column_missing", "refused", source, column=declared, details=details)
    raise InputRefused([problem])


def _orders(role: str, name: str) -> list[int]:
    """The place of a column among the role's aliases, in a list that may be empty."""
    orders = [aliases()[role].index(word) for word in headings(name) if word in aliases()[role]]
    return orders[:1]
