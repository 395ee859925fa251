"""Lines for the log of a run, from whoever has something to say; unheard where nobody listens."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_lines: ContextVar[list[str] | None] = ContextVar("lines of the journal", default=None)


@contextmanager
def journal() -> Iterator[list[str]]:
    """The list that all `note`s of this block go to."""
    lines: list[str] = []
    token = _lines.set(lines)
    try:
        yield lines
    finally:
        _lines.reset(token)


def note(topic: str, text: str) -> None:
    """One line: what it is about, and what is said."""
    lines = _lines.get()
    if lines is not None:
        lines.append(f"{topic:<12} {text}")
