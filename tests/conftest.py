"""What tests share: where the real data is, and that CI may not skip."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent


def missing(reason: str) -> None:
    """Skip for `reason`; with CI=true a missing part fails instead."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def test_data() -> Path:
    """The folder of real data (see README); tests that need it skip where it is absent."""
    folder = Path(os.environ.get("LIFECIRCLE_TEST_DATA", "../shared/data"))
    folder = folder if folder.is_absolute() else REPOSITORY / folder
    if not folder.is_dir():
        missing(f"no real data at {folder}; set LIFECIRCLE_TEST_DATA")
    return folder
