"""All sentences that people read, in Chinese and English, from `sentences.toml`.

A sentence is asked for by its dotted key; both languages must be there (a test checks it).
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any, Literal, cast

Language = Literal["zh", "en"]
LANGUAGES: tuple[Language, ...] = ("zh", "en")


@cache
def catalogue() -> dict[str, Any]:
    """The whole catalogue as nested tables."""
    text = files("lifecircle.base").joinpath("sentences.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def sentence(key: str, language: Language, **values: object) -> str:
    """The sentence `key` in `language`, with `values` put into its places.

    Raises KeyError for an unknown key: that is a mistake of ours, not of the planner.
    """
    entry: Any = catalogue()
    for part in key.split("."):
        entry = entry[part]
    return cast(str, entry[language]).format(**values)
