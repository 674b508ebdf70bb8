"""Ctrl-C, SIGTERM and a closed terminal end a run in the same way."""

from contextlib import AbstractContextManager
from typing import NoReturn

from nasbench.core.errors import Interrupted
from nasbench.core.stop_signals import WISHES


def interrupts() -> AbstractContextManager[None]:
    """While it lasts, the first SIGINT, SIGTERM or SIGHUP raises Interrupted in the main thread.

    Outside the main thread it does nothing.
    """
    return WISHES.heard_by(_interrupt)


def _interrupt(name: str) -> NoReturn:
    raise Interrupted(name)
