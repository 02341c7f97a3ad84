"""Ctrl-C: the first finishes the step in hand and stops, the second stops at once. Either way the journal can go on."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def finishing(stop: Callable[[], None]) -> Iterator[None]:
    """While this holds, the first SIGINT calls `stop`; the next one is a KeyboardInterrupt."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may set a signal handler
        return
    pressed: list[int] = []

    def on_signal(number: int, _: FrameType | None) -> None:
        if pressed:
            raise KeyboardInterrupt
        pressed.append(number)
        sys.stderr.write("\nFinishing the step in hand, then stopping. Press Ctrl-C again to stop at once; the journal can go on either way.\n")
        sys.stderr.flush()
        stop()

    before = signal.signal(signal.SIGINT, on_signal)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
