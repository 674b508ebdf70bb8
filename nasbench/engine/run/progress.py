"""A line for people after each tenth of the jobs of a list, on standard error."""

from collections.abc import Mapping
from pathlib import Path
from time import monotonic
from typing import Any

from nasbench.core.job import Job
from nasbench.core.protocols import Metrics, RunInfo
from nasbench.core.trial import Trial
from nasbench.engine.run.watch import print_note


class Progress:
    """A tracker. `jobs` is what the jobs are called, such as 'repetitions'."""

    def __init__(self, jobs: str) -> None:
        self._jobs = jobs

    def start(self, run: RunInfo) -> None:
        self._total, self._done, self._start = run.planned, len(run.history), monotonic()
        self._earlier = self._done
        before = f", {self._done} of them done before" if self._done else ""
        print_note(f"{self._total} {self._jobs}{before}")

    def epoch(self, job: Job, epochs: int, metrics: Metrics) -> None:
        """Only whole jobs are counted."""

    def trial(self, trial: Trial) -> None:  # noqa: ARG002 - it counts
        self._done += 1
        if self._done * 10 // self._total > (self._done - 1) * 10 // self._total:
            spent = monotonic() - self._start
            left = spent / (self._done - self._earlier) * (self._total - self._done)
            print_note(f"{self._done} of {self._total} {self._jobs} after {spent:.0f} s, {left:.0f} s left")

    def finish(self, summary: Mapping[str, Any], run_dir: Path) -> None:
        """The command prints the result."""
