"""What tests share besides fixtures."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import NoReturn

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent


def missing(reason: str) -> NoReturn:
    """Skip for `reason`; with CI=true a missing part fails instead."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def hear_interrupts() -> None:
    """For a child process: hear Ctrl-C even where the tests were started deaf to it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
