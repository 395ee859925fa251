"""What study files and standards share: frozen models that are strict about keys."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from lifecircle.base.problems import Problem

ProfileName = Literal["standard", "adult", "elderly", "elderly_cautious", "caregiver", "wheelchair"]
"""Who walks; what they are like stands in `network/profiles.toml`."""


class Model(BaseModel):
    """Frozen, and an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def key_problems(error: ValidationError, file: Path, kinds: frozenset[str]) -> list[Problem]:
    """One problem for each key that `error` names, with the key's full path.

    `kinds` are the tags of unions that pydantic puts into the path but the file does not have.
    """
    codes = {"extra_forbidden": "key_unknown", "missing": "key_missing"}
    problems = []
    for item in error.errors():
        key = ".".join(str(part) for part in item["loc"] if part not in kinds)
        message = item["msg"].removeprefix("Value error, ")
        code = codes.get(item["type"], "key_value")
        problem = Problem(code, "refused", file.name, column=key, details={"message": message})
        problems.append(problem)
    return problems
