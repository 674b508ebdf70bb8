"""What a piece of code changes in its own process for a while: environment variables, signal handlers, a watchdog,
the number of threads.
"""

import faulthandler
import os
import signal
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from nasbench.core.stop_signals import STOP, WISHES


@contextmanager
def environment(values: Mapping[str, str]) -> Iterator[None]:
    """Inside, `values` are in the environment; afterwards it is as before."""
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
    """Puts back the handlers that a library inside replaces. Outside the main thread none can be replaced."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in (*STOP, signal.SIGUSR1)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)


@contextmanager
def stop_signals() -> Iterator[list[str]]:
    """Inside, the first of Ctrl-C, SIGTERM and SIGHUP is put on the list, which a loop reads between two steps.

    Outside the main thread the list stays empty.
    """
    received: list[str] = []
    with same_signal_handlers(), WISHES.heard_by(received.append):
        yield received


@contextmanager
def watchdog(seconds: float | None) -> Iterator[None]:
    """Ends this process (status 1) if what is inside takes longer. A thread of C does it, so Python code cannot delay
    it.
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
    """The paths this process imports from, without those of Python itself and of its environment."""
    installed = tuple(os.path.realpath(prefix) + os.sep for prefix in (sys.prefix, sys.base_prefix))
    paths = [os.path.abspath(path) for path in sys.path]
    return [path for path in paths if not os.path.realpath(path).startswith(installed)]


def num_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def one_thread() -> Iterator[None]:
    """Inside, torch and the BLAS libraries compute with one thread.

    Several threads add numbers in another order, and the last digit of a sum may decide what is proposed next.
    """
    import torch
    from threadpoolctl import threadpool_limits

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with threadpool_limits(1):
            yield
    finally:
        torch.set_num_threads(threads)
