"""A tracker of one's own: a line for each trial in trials.csv, and what trainings report in curves.csv.

    nasbench search --track examples.csv_tracker:CsvLines --space examples.toy_space:ToySpace --strategy random \
        --dataset digits --recipe quick --epochs 1 --trials 3 --wandb off

A tracker hears of the run; nothing of the run depends on it. If it raises, it is named once and the run goes on.
"""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from nasbench.core.job import Job
from nasbench.core.protocols import Metrics, RunInfo
from nasbench.core.registry import trackers
from nasbench.core.trial import Trial

TRIALS = ("number", "name", "seed", "status", "score", "epochs", "seconds", "error")
CURVES = ("number", "name", "seed", "epoch", "metric", "value")


@trackers.register("csv_lines")
class CsvLines:
    """A CSV line for each trial, and one for each metric of each epoch, in the run directory."""

    def start(self, run: RunInfo) -> None:
        """Writes trials.csv anew from the log, so that a resumed run has each trial once. curves.csv grows."""
        self._trials, self._curves = run.directory / "trials.csv", run.directory / "curves.csv"
        _write(self._trials, [TRIALS, *map(_fields, run.history)], mode="w")
        if not self._curves.exists():
            _write(self._curves, [CURVES])

    def epoch(self, job: Job, epochs: int, metrics: Metrics) -> None:
        """A tracker may leave this out. A training that was interrupted reports its first epochs again."""
        _write(self._curves, [(job.number, job.name, job.seed, epochs, *item) for item in metrics.items()])

    def trial(self, trial: Trial) -> None:
        """Called once the trial is in the log. The score of a failed trial is None, which CSV has as an empty field."""
        _write(self._trials, [_fields(trial)])

    def finish(self, summary: Mapping[str, Any], run_dir: Path) -> None:
        """Nothing is open. `summary` has the key 'interrupted' or 'failed' where the run did not come to its end."""


def _fields(trial: Trial) -> Sequence[object]:
    return [getattr(trial, name) for name in TRIALS]


def _write(path: Path, rows: Sequence[Sequence[object]], mode: str = "a") -> None:
    with open(path, mode, newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
