"""The demo town, computed once for all tests of this folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import lifecircle as lc
from lifecircle.demo import copy_town


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> lc.Result:
    """The result of the demo town, with a fleshed-out study of its own folder."""
    return lc.run(lc.load_study(copy_town(tmp_path_factory.mktemp("demo"))))


@pytest.fixture(scope="session")
def truth() -> dict[str, Any]:
    """What the generator of the town drew: patches by id, each with its cause and area."""
    path = Path(lc.__file__).parent / "demo" / "truth.json"
    known: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return {patch["id"]: patch for patch in known["patches"]}
