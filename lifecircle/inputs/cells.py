"""Cells of text: what counts as space, as blank, as a number, as an angle."""

from __future__ import annotations

import difflib
import math
import re
import string
import unicodedata
from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from lifecircle.base.geo import Floats

Mask = npt.NDArray[np.bool_]

SPACES = (
    string.whitespace
    + "\x1c\x1d\x1e\x1f\x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000"
    + "".join(map(chr, range(0x2000, 0x200C)))
    + "\u180e\u2060\ufeff"
)
"""Everything that Unicode counts as space, and the marks of no width."""

NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
ANGLE = re.compile(
    r"(?P<head>[NSEWnsew]|[东西]经|[南北]纬)?(?P<d>[0-9]{1,3})[°度](?:(?P<m>[0-9]{1,2}(?:\.[0-9]+)?)['′’分]"
    r"(?:(?P<s>[0-9]{1,2}(?:\.[0-9]+)?)(?:[\"″”秒]|'')?)?)?(?P<tail>[NSEWnsew]|[东西]经|[南北]纬)?"
)
LEADING_NUMBER = re.compile(r"^[约共计近]*([0-9]+(?:,[0-9]{3})*(?:\.[0-9]+)?)\s*[^0-9.,~～-]*$")
MOST_EXACT = 2**53


def plain_number(cell: str) -> str:
    """A cell as a number would be written: NFKC, no space around, a minus that is one."""
    text = unicodedata.normalize("NFKC", cell) if not cell.isascii() else cell
    return text.strip(SPACES).replace("\N{MINUS SIGN}", "-")


def numbers(cells: pd.Series) -> tuple[Floats, Mask]:
    """Text cells as floats, and which of them are blank, no plain number, or not finite (NaN)."""
    texts = [plain_number(cell) for cell in cells.tolist()]
    values = np.array([float(text) if NUMBER.fullmatch(text) else np.nan for text in texts])
    values = values.astype(float)
    bad = ~np.isfinite(values)
    values[bad] = np.nan
    return values, bad


def angles(cells: pd.Series) -> tuple[Floats, Mask]:
    """Cells like 121°28′12″E as degrees (NaN for others), and which of them are such."""
    values = np.array([_angle(cell) for cell in cells], dtype=float)
    return values, np.isfinite(values)


def _angle(cell: str) -> float:
    # NFKC would take the degree apart from nothing here, but turns full-width digits plain.
    found = ANGLE.fullmatch("".join(unicodedata.normalize("NFKC", cell).split()))
    found = found or ANGLE.fullmatch("".join(cell.split()))
    if not found:
        return math.nan
    minutes, seconds = float(found["m"] or 0), float(found["s"] or 0)
    if minutes >= 60 or seconds >= 60:
        return math.nan
    value = float(found["d"]) + minutes / 60 + seconds / 3600
    side = (found["head"] or "") + (found["tail"] or "")
    return -value if side[:1].upper() in ("S", "W", "南", "西") else value


def leading_number(cell: str) -> float:
    """The number that a cell like `约120张` begins with; NaN where it begins with none."""
    found = LEADING_NUMBER.match(plain_number(cell))
    return float(found[1].replace(",", "")) if found else math.nan


def blank(cells: pd.Series) -> Mask:
    """Which text cells hold nothing."""
    return np.asarray(cells == "", dtype=bool)


def normal(text: str) -> str:
    """`text` for comparing names: NFKC, no space, no case."""
    if not text:
        return ""
    return "".join(unicodedata.normalize("NFKC", text).casefold().split()).strip(SPACES)


def normals(cells: pd.Series) -> pd.Series:
    """Text cells for comparing names."""
    return pd.Series([normal(cell) for cell in cells.tolist()], index=cells.index, dtype="str")


def nearest(word: str, words: Iterable[str]) -> str:
    """The words most like `word`, for a planner who mistyped it."""
    return ", ".join(difflib.get_close_matches(word, sorted(set(words)), n=3, cutoff=0.4))


def cell_text(cell: Any) -> str:
    """A typed cell as text: whole numbers as their digits, nothing as nothing.

    A float too large to hold every digit keeps its exponent, so that no reader takes it for an
    identifier.
    """
    if cell is None or cell is pd.NA or (isinstance(cell, float) and math.isnan(cell)):
        return ""
    if isinstance(cell, bool | np.bool_):
        return "true" if cell else "false"
    if isinstance(cell, float):
        if cell.is_integer() and abs(cell) < MOST_EXACT:
            # Excel keeps fifteen digits: what is longer has lost its last ones.
            return str(int(cell)) if abs(cell) < 1e15 else f"{cell:.14e}"
        return repr(float(cell))
    return str(cell).strip(SPACES)
