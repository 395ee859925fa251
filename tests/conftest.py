"""Fixtures that all tests share: where the real data is."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings
from support import REPOSITORY, missing

# Machines are shared: how long an example takes says nothing about the code.
settings.register_profile("unhurried", parent=settings(), deadline=None)
settings.load_profile("unhurried")


@pytest.fixture(scope="session")
def test_data() -> Path:
    """The folder of real data (see README); tests that need it skip where it is absent."""
    folder = Path(os.environ.get("LIFECIRCLE_TEST_DATA", "../shared/data"))
    folder = folder if folder.is_absolute() else REPOSITORY / folder
    if not folder.is_dir():
        missing(f"no real data at {folder}; set LIFECIRCLE_TEST_DATA")
    return folder
