"""W&B's alerts of a run: that it ended, that no trial has finished for long, that many trials fail.

W&B sends them by mail or Slack to whoever has turned on "scriptable run alerts" in the settings. Those of an offline
run are sent when it is uploaded.
"""

from collections import deque
from collections.abc import Callable, Mapping
from statistics import median
from threading import Event, Thread
from time import monotonic
from typing import Any, Literal

from nasbench.core.count_text import quantity
from nasbench.core.shown import shortened, text_of
from nasbench.core.trial import Trial

Level = Literal["INFO", "WARN", "ERROR"]
Send = Callable[[str, str, Level], None]
STALL_TIMES, STALL_SECONDS, FEWEST = 10.0, 600.0, 3
"""A run stalls where no trial finishes for so many times the median time between two, but for at least these seconds;
it is told from so many trials on.
"""
RECENT, MANY = 10, 5
"""Many fail where so many of the last ones did."""
POLL_SECONDS = 15.0
LONGEST_TITLE, LONGEST_TEXT = 60, 500


class Alerts:
    """`send` is given (title, text, level). `clock` tells seconds."""

    def __init__(self, name: str, send: Send, clock: Callable[[], float] = monotonic) -> None:
        self._name, self._send, self._clock = name, send, clock
        self._last = clock()
        self._between: deque[float] = deque(maxlen=100)
        self._failed: deque[bool] = deque(maxlen=RECENT)
        self._stalled = self._many = False
        self._ended = Event()
        self._thread: Thread | None = None

    def trial(self, trial: Trial) -> None:
        """A trial has finished."""
        now = self._clock()
        if trial.status != "cached":  # those take no time
            self._between.append(now - self._last)
            self._failed.append(trial.status == "failed")
        self._last, self._stalled = now, False
        many = sum(self._failed) >= MANY
        if many and not self._many:
            failed = quantity(sum(self._failed), "trial")
            why = shortened(trial.error or "", LONGEST_TEXT)
            self._tell("many trials fail", f"{failed} of the last {len(self._failed)} failed; the last: {why}", "WARN")
        self._many = many
        if self._thread is None and len(self._between) >= FEWEST:
            self._thread = Thread(target=self._watch, name="nasbench-wandb-alerts", daemon=True)
            self._thread.start()

    def check(self) -> None:
        """Tells of a stall, once for each."""
        if len(self._between) < FEWEST or self._stalled:
            return
        usual, since = median(self._between), self._clock() - self._last
        if since > max(STALL_SECONDS, STALL_TIMES * usual):
            self._stalled = True
            text = f"no trial has finished for {since:.0f} s; the median time between two is {usual:.1f} s"
            self._tell("no trial finishes", text, "WARN")

    def end(self, trials: int, summary: Mapping[str, Any]) -> None:
        """The run has ended, was interrupted or has failed."""
        self._ended.set()
        done = quantity(trials, "trial")
        if error := summary.get("error"):
            self._tell("failed", f"after {done}: {shortened(text_of(error), LONGEST_TEXT)}", "ERROR")
        elif summary.get("interrupted"):
            self._tell("was interrupted", f"after {done}; --resume goes on with it", "WARN")
        else:
            best = summary.get("best")
            score = best.get("score") if isinstance(best, Mapping) else None
            told = f"; the best score is {score:.4f}" if isinstance(score, int | float) else ""
            self._tell("has ended", f"{done}{told}", "INFO")

    def _tell(self, what: str, text: str, level: Level) -> None:
        name = shortened(self._name, LONGEST_TITLE - len(what) - 1)
        self._send(f"{name} {what}", text, level)

    def _watch(self) -> None:
        while not self._ended.wait(POLL_SECONDS):
            self.check()
