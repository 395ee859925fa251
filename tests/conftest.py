"""Fixtures that all tests share: where the real data is."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from support import REPOSITORY, missing


@pytest.fixture(scope="session")
def test_data() -> Path:
    """The folder of real data (see README); tests that need it skip where it is absent."""
    folder = Path(os.environ.get("LIFECIRCLE_TEST_DATA", "../shared/data"))
    folder = folder if folder.is_absolute() else REPOSITORY / folder
    if not folder.is_dir():
        missing(f"no real data at {folder}; set LIFECIRCLE_TEST_DATA")
    return folder
