"""How long a work took that may be interrupted and go on in another process.

The seconds are the sum of what each process measured on its monotonic clock: a clock that is set, summer time, and the
nights between two processes are not among them. Of a process that was killed, those are lost that it had not written
down.
"""

from time import monotonic
from typing import final


def written_down(seconds: object) -> float:
    """The seconds that a record has; 0 where it has none."""
    return float(seconds) if isinstance(seconds, int | float) and seconds > 0 else 0.0


@final
class Stopwatch:
    """Runs from its construction. `before` are the seconds of earlier processes, as a record has them or has not."""

    def __init__(self, before: object = None) -> None:
        self.before = written_down(before)
        self._start = monotonic()

    @property
    def seconds(self) -> float:
        """Those of earlier processes, and those since this one began."""
        return self.before + monotonic() - self._start
