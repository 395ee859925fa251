"""Tables as CSV: a column at a time, each value put into words once."""

from __future__ import annotations

import codecs

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\x00", "＝", "＋", "－", "＠")
"""A spreadsheet reads a cell that begins so as a formula."""

TEXT = pa.large_string()
BLOCK = 100_000
"""Rows at a time, so that a long table needs little more room than its file."""

IN_QUOTES = '[,"\n\r]'
"""What a cell can hold only in quotes."""


def csv_bytes(table: pd.DataFrame) -> bytes:
    """`table` as CSV in UTF-8 with a mark, as Excel wants it, and no cell that is a formula."""
    plain = table.drop(columns="geometry", errors="ignore")
    head = _lines([_quoted(pa.array([str(name)], TEXT)) for name in plain.columns])
    parts = [plain.iloc[start : start + BLOCK] for start in range(0, len(plain), BLOCK)]
    body = (_lines([_quoted(_texts(part[name])) for name in part.columns]) for part in parts)
    return b"".join([codecs.BOM_UTF8, head, *body])


def _lines(columns: list[pa.Array]) -> pa.Buffer:
    """The cells of columns side by side, a line for each row."""
    rows = pc.binary_join_element_wise(*columns, pa.scalar(",", TEXT))
    whole = pa.ListArray.from_arrays(pa.array([0, len(rows)], pa.int32()), _between("", rows, "\n"))
    return pc.binary_join(whole, pa.scalar("", TEXT))[0].as_buffer()


def _texts(column: pd.Series) -> pa.Array:
    """The cells of a column as they are written; what is not known is empty."""
    if isinstance(column.dtype, pd.StringDtype):
        texts = pa.array(column, TEXT)
        texts = texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts
    elif pd.api.types.is_object_dtype(column):
        # One by one: a true and a one would count as the same value.
        texts = pa.array([str(cell) for cell in column], TEXT, mask=column.isna().to_numpy())
    else:
        which, values = pd.factorize(column)
        words = pa.array([str(value) for value in values.tolist()], TEXT)
        texts = words.take(pa.array(which, mask=which < 0))
    texts = texts.fill_null("")
    return texts if pd.api.types.is_numeric_dtype(column) else _no_formula(texts)


def _no_formula(texts: pa.Array) -> pa.Array:
    """Texts that a spreadsheet would compute, behind an apostrophe."""
    begins = pc.is_in(pc.utf8_slice_codeunits(texts, 0, 1), pa.array(FORMULA_STARTS, texts.type))
    return pc.if_else(begins, _between("'", texts, ""), texts)


def _quoted(texts: pa.Array) -> pa.Array:
    """Texts in quotes where they hold what would end a cell."""
    special = pc.match_substring_regex(texts, IN_QUOTES)
    if not pc.any(special).as_py():
        return texts
    inside = pc.replace_substring(texts, '"', '""')
    return pc.if_else(special, _between('"', inside, '"'), texts)


def _between(before: str, texts: pa.Array, after: str) -> pa.Array:
    """Texts with a sign before and one after."""
    signs = [pa.scalar(sign, TEXT) for sign in (before, after, "")]
    return pc.binary_join_element_wise(signs[0], texts, *signs[1:])
