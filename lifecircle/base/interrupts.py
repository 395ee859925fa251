"""Ctrl-C, held back while a library loads."""

from __future__ import annotations

import _thread
import signal
import threading
from types import FrameType

AGAIN_S = 0.02
LOADER = "<frozen importlib"
"""What CPython calls the files of the code that loads modules."""

_held = threading.Event()
"""A Ctrl-C is being held back: pressing again adds no second one to it."""


def hold_back_interrupts() -> None:
    """From now on a Ctrl-C that strikes while a module loads is raised when it has loaded.

    Compiled modules turn an interrupt in the middle of their loading into an `ImportError`, which
    reads as an error of ours, and leave themselves half made, of which the process may die when
    it ends.  Where Ctrl-C is ignored or has another handler, that stays.
    """
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _interrupt)


def _interrupt(_number: int, frame: FrameType | None) -> None:
    if not _loading(frame):
        raise KeyboardInterrupt
    if not _held.is_set():
        _held.set()
        again = threading.Timer(AGAIN_S, _strike, (threading.get_ident(),))
        again.daemon = True
        again.start()


def _strike(thread: int) -> None:
    _held.clear()
    if hasattr(signal, "pthread_kill"):  # which also wakes a thread that waits
        signal.pthread_kill(thread, signal.SIGINT)
    else:
        _thread.interrupt_main()


def _loading(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_filename.startswith(LOADER):
            return True
        frame = frame.f_back
    return False
