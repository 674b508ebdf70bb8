"""SIGTERM ends a run as Ctrl-C does."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from nasbench.core.errors import Interrupted


@contextmanager
def sigterm_interrupts() -> Iterator[None]:
    """While it lasts, SIGTERM raises Interrupted in the main thread. Elsewhere than there it changes nothing."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(_signum: int, _frame: FrameType | None) -> None:
        raise Interrupted("SIGTERM")

    previous = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)
