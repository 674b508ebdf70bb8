"""How long a work took that may be interrupted and go on in another process.

The seconds are the sum of what each process measured on its monotonic clock: a clock that is set, summer time, and the
nights between two processes are not among them. What a process measured is lost with it where it was killed before it
could write that down.
"""

from time import monotonic
from typing import final


@final
class Stopwatch:
    """Runs from its construction. `before` are the seconds of earlier processes."""

    def __init__(self, before: float = 0.0) -> None:
        self.before = before
        self._start = monotonic()

    @property
    def seconds(self) -> float:
        """Those of earlier processes, and those since this one began."""
        return self.before + monotonic() - self._start
