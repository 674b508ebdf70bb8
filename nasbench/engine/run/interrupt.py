"""Ctrl-C, SIGTERM and a closed terminal end a run in the same way."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from nasbench.core.errors import Interrupted
from nasbench.core.stop_signals import Repeats, heeded


@contextmanager
def interrupts() -> Iterator[None]:
    """While it lasts, SIGINT, SIGTERM and SIGHUP raise Interrupted in the main thread; a quick second one changes
    nothing.

    Outside the main thread it does nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    repeats = Repeats()

    def interrupt(number: int, _frame: FrameType | None) -> None:
        if not repeats.is_repeat():
            raise Interrupted(signal.Signals(number).name)

    previous = {number: signal.signal(number, interrupt) for number in heeded()}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
