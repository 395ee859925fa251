"""How much memory this computer has, asked of the system itself: no library is needed for it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

CGROUP_FILES = ("memory.max", "memory/memory.limit_in_bytes")
"""Where a Linux container says what it may take, newer and older; `max` says nothing."""


def memory_bytes() -> int | None:
    """The memory that there is for programs, of the machine or of its container; None if unknown.

    Not what is free at the moment: an answer that other programs change from hour to hour would
    refuse today what ran yesterday.
    """
    total = _windows_bytes() if sys.platform == "win32" else _unix_bytes()
    known = [one for one in (total, _container_bytes()) if one]
    return min(known, default=None)


def _unix_bytes() -> int | None:
    """Linux and macOS: pages of physical memory."""
    with suppress(OSError, ValueError, AttributeError):
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return None


def _windows_bytes() -> int | None:
    """Windows: `GlobalMemoryStatusEx` fills a record of 64 bytes; the total stands at its ninth."""
    import ctypes

    record = (ctypes.c_ulonglong * 8)(64)
    kernel = getattr(ctypes, "windll", None)
    if kernel is None or not kernel.kernel32.GlobalMemoryStatusEx(ctypes.byref(record)):
        return None
    return int(record[1])


def _container_bytes(root: Path = Path("/sys/fs/cgroup")) -> int | None:
    """What a container is allowed, as it sees it itself."""
    return min(_limits(root / name for name in CGROUP_FILES), default=None)


def _limits(files: Iterable[Path]) -> list[int]:
    found = []
    for file in files:
        with suppress(OSError, ValueError):
            found.append(int(file.read_text(encoding="ascii")))
    return found
