"""What asks a run to stop: Ctrl-C, SIGTERM, and SIGHUP, which a terminal sends when it is closed.

People and schedulers send these more than once: a quick second one is the same wish to stop.
"""

import signal
from time import monotonic

STOP = signal.SIGINT, signal.SIGTERM, signal.SIGHUP
QUICK_SECONDS = 1.0


def heeded() -> list[signal.Signals]:
    """Those of STOP that this process does not ignore: `nohup` lets a run outlive its terminal."""
    return [number for number in STOP if signal.getsignal(number) is not signal.SIG_IGN]


class Repeats:
    """Tells a signal that follows the one before within QUICK_SECONDS: it must not disturb what the first one began."""

    def __init__(self) -> None:
        self._last: float | None = None

    def is_repeat(self) -> bool:
        """Whether the signal that has just come is a repetition. Call it once for each signal."""
        before, self._last = self._last, monotonic()
        return before is not None and self._last - before < QUICK_SECONDS
