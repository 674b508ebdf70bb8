"""Ctrl-C and SIGTERM, which people and schedulers send more than once: a quick second one is the same wish to stop."""

import signal
from time import monotonic

STOP = signal.SIGINT, signal.SIGTERM
QUICK_SECONDS = 1.0


class Repeats:
    """Tells a signal that follows the one before within QUICK_SECONDS: it must not disturb what the first one began."""

    def __init__(self) -> None:
        self._last: float | None = None

    def is_repeat(self) -> bool:
        """Whether the signal that has just come is a repetition. Call it once for each signal."""
        before, self._last = self._last, monotonic()
        return before is not None and self._last - before < QUICK_SECONDS
