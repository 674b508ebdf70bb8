"""Progress on the terminal: a live display where somebody looks on, one plain line a trial where a log is written.

Everything goes to standard error unless told otherwise, so that standard output stays what was asked for.
"""

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any, TextIO

from nasbench.core.count_text import quantity
from nasbench.core.curves import is_control, is_retraining
from nasbench.core.job import Job
from nasbench.core.protocols import Metrics, RunInfo
from nasbench.core.registry import trackers as known
from nasbench.core.run_title import run_title
from nasbench.core.shown import say, shown
from nasbench.core.store import best_trial
from nasbench.core.trial import STATUSES, Trial
from nasbench.core.within_epoch import STEP, STEPS

if TYPE_CHECKING:
    from nasbench.trackers.live_display import LiveDisplay


_AFTER = {"compared_as": "comparing", "check_of": "checking"}
"""What in a note of a training after the search -> what is going on."""


@known.register("console")
class ConsoleTracker:
    """`interactive` None looks whether `stream` is a terminal; `planned` None is what the run says; `clock` counts
    seconds.
    """

    def __init__(
        self,
        stream: TextIO | None = None,
        interactive: bool | None = None,
        planned: int | None = None,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._stream, self._interactive, self._planned, self._clock = stream, interactive, planned, clock
        self._counts = dict.fromkeys(STATUSES, 0)
        self._best: Trial | None = None
        self._done = self._earlier = self._total = 0
        self._started = 0.0
        self._live: LiveDisplay | None = None

    def start(self, run: RunInfo) -> None:
        self._stream = self._stream or sys.stderr
        self._started = self._clock()
        self._total = self._planned or run.planned
        self._earlier = self._done = len(run.history)
        self._best = best_trial(run.history)
        for trial in run.history:
            self._counts[trial.status] += 1
        before = f", {self._earlier} of them done before" if self._earlier else ""
        self._print(f"{run_title(run.config)}: {quantity(self._total, 'trial')}{before}; run directory {run.directory}")
        if self._looked_on(self._stream) if self._interactive is None else self._interactive:
            from nasbench.trackers.live_display import LiveDisplay

            self._live = LiveDisplay(self._stream, self._total, self._done, self._what(None), self._below())

    def epoch(self, job: Job, epochs: int, metrics: Metrics) -> None:
        """A line for each epoch of a training that has a name; children of a search are too many for that."""
        if job.name:
            text = f"{job.name} seed {job.seed}  epoch {epochs}  {_measured(metrics)}"
            self._print(text) if self._live is None else self._live.event(text)

    def within(self, job: Job, epochs: int, metrics: Metrics) -> None:
        """Where a long epoch stands: a line in a log; under the bar of a terminal."""
        text = f"{job.name} seed {job.seed}  epoch {epochs + 1}  {_within(metrics)}"
        if self._live is None:
            self._print(text)
        else:
            self._live.show(self._done, self._what(None), text)

    def trial(self, trial: Trial) -> None:
        self._done += 1
        self._counts[trial.status] += 1
        previous, self._best = self._best, best_trial([known for known in (self._best, trial) if known is not None])
        if self._live is None:
            self._print(self._line(trial))
            return
        self._live.show(self._done, self._what(trial), self._below())
        if trial.status == "failed" or self._best is not previous:
            self._live.event(self._event(trial))

    def finish(self, summary: Mapping[str, Any], run_dir: Path) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None
        counts = ", ".join(f"{count} {status}" for status, count in self._counts.items() if count)
        how = "interrupted" if summary.get("interrupted") else "stopped" if summary.get("error") else "done"
        seconds = _duration(self._clock() - self._started)
        kept = "" if summary.get("discarded") else f"; {run_dir}"
        done = f"{self._done} of {quantity(self._total, 'trial')} ({counts or 'none'})"
        self._print(f"{how}: {done} after {seconds}; {self._best_text()}{kept}")

    def rate(self) -> float | None:
        """Trials a second since the run was started or resumed; None before the first."""
        elapsed = self._clock() - self._started
        return (self._done - self._earlier) / elapsed if self._done > self._earlier and elapsed > 0 else None

    def seconds_left(self) -> float | None:
        """At the rate since then; None before the first trial."""
        rate = self.rate()
        return None if rate is None else max(0, self._total - self._done) / rate

    def _line(self, trial: Trial) -> str:
        place = f"trial {trial.number}/{self._total}".ljust(len(f"trial {self._total}/{self._total}"))
        told = f"score {trial.score:.4f}" if trial.score is not None else _one_line(trial.error or "no reason given")
        failed = f"  {self._counts['failed']} failed" if self._counts["failed"] else ""
        return f"{place}  {_kind(trial)}  {told}  {self._best_text()}{failed}  {self._speed()}"

    def _event(self, trial: Trial) -> str:
        if trial.status == "failed":
            return f"trial {trial.number} failed: {_one_line(trial.error or 'no reason given')}"
        return f"trial {trial.number}: new best, score {trial.score:.4f} ({quantity(trial.epochs, 'epoch')})"

    def _best_text(self) -> str:
        best = self._best
        return "no score yet" if best is None or best.score is None else f"best {best.score:.4f} (trial {best.number})"

    def _speed(self) -> str:
        rate, left = self.rate(), self.seconds_left()
        if rate is None or left is None:
            return ""
        text = (
            f"{rate:.1f} trials/s"
            if rate >= 2
            else f"{60 * rate:.1f} trials/min"
            if rate * 60 >= 1
            else f"{3600 * rate:.1f} trials/h"
        )
        return f"{text}  left {_duration(left)}"

    def _what(self, last: Trial | None) -> str:
        if self._done >= self._total:
            return "finishing"
        if last is not None and is_retraining(last):
            return next((told for name, told in _AFTER.items() if name in last.note), "retraining")
        return "control" if last is not None and is_control(last) else "searching"

    def _below(self) -> str:
        failed = f"{self._counts['failed']} failed" if self._counts["failed"] else ""
        return "  ".join(text for text in (self._best_text(), failed, self._speed()) if text)

    def _print(self, text: str) -> None:
        say(shown(text.rstrip()), self._stream)

    @staticmethod
    def _looked_on(stream: TextIO) -> bool:
        """Whether the stream is a terminal that can move its cursor."""
        return stream.isatty() and os.environ.get("TERM") not in ("dumb", "unknown")


def _kind(trial: Trial) -> str:
    note = (
        "  control"
        if is_control(trial)
        else f"  trial {trial.note['retrain_of']} retrained"
        if "retrain_of" in trial.note
        else f"  trial {trial.note['check_of']} trained as a check"
        if "check_of" in trial.note
        else ""
    )
    if "compared_as" in trial.note:
        return f"{trial.status:<6}  {trial.note['compared_as']}, seed {trial.seed}"
    if trial.name:
        note = f"  {trial.name}, seed {trial.seed}"
    return f"{trial.status:<6}{note}"


def _measured(metrics: Metrics) -> str:
    """What people follow a training by, as far as it was reported."""
    told = (
        ("train loss", "train_loss", ".4f"),
        ("validation", "val_accuracy", ".4f"),
        ("images/s", "images_per_second", ".0f"),
    )
    return "  ".join(f"{name} {metrics[key]:{form}}" for name, key, form in told if key in metrics)


def _within(metrics: Metrics) -> str:
    """'step 300/5004 train loss 6.2143  images/s 812  3 % waiting for images  left 12 min'."""
    waiting, left = f"{metrics['waiting']:.0%} waiting for images", _duration(metrics["seconds_left"])
    return f"step {metrics[STEP]:,}/{metrics[STEPS]:,}  {_measured(metrics)}  {waiting}  left {left}"


def _one_line(text: str, most: int = 120) -> str:
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1] + "…"


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h" if seconds < 172800 else f"{seconds / 86400:.1f} days"
