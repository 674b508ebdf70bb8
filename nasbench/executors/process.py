"""What a stretch of code needs of its own process, and puts back: environment variables, signal
handlers, a watchdog.
"""

import faulthandler
import os
import signal
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import FrameType

SIGNALS_THAT_STOP = signal.SIGINT, signal.SIGTERM


@contextmanager
def environment(values: Mapping[str, str]) -> Iterator[None]:
    """Inside, `values` are in the environment; afterwards it is as it was."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextmanager
def same_signal_handlers() -> Iterator[None]:
    """Puts back the handlers that a library inside replaces. Elsewhere than in the main thread there is nothing to put
    back.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in (*SIGNALS_THAT_STOP, signal.SIGUSR1)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)


@contextmanager
def stop_signals() -> Iterator[list[str]]:
    """Inside, Ctrl-C and SIGTERM go on the list, for a loop to look at between two steps; a second one raises
    KeyboardInterrupt.

    Elsewhere than in the main thread the list stays empty.
    """
    received: list[str] = []

    def note(number: int, _frame: FrameType | None) -> None:
        received.append(signal.Signals(number).name)
        if len(received) > 1:
            raise KeyboardInterrupt(received[-1])

    with same_signal_handlers():
        if threading.current_thread() is threading.main_thread():
            for number in SIGNALS_THAT_STOP:
                signal.signal(number, note)
        yield received


@contextmanager
def watchdog(seconds: float | None) -> Iterator[None]:
    """Ends this process (status 1) if what is inside takes longer: from a thread of C, so that nothing can hold it
    up.
    """
    if seconds is None:
        yield
        return
    with open(os.devnull, "w") as nowhere:
        faulthandler.dump_traceback_later(seconds, exit=True, file=nowhere)
        try:
            yield
        finally:
            faulthandler.cancel_dump_traceback_later()


def own_import_paths() -> list[str]:
    """Where this process imports from, apart from what Python itself and its environment bring along."""
    installed = tuple(os.path.realpath(prefix) + os.sep for prefix in (sys.prefix, sys.base_prefix))
    paths = [os.path.abspath(path) for path in sys.path]
    return [path for path in paths if not os.path.realpath(path).startswith(installed)]


def num_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
