"""What trackers share that keep the series of a run and nothing else: each is one file that says where they go."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from nasbench.core.job import Job
from nasbench.core.protocols import Metrics, RunInfo
from nasbench.core.trial import Trial
from nasbench.trackers.series import Series, numbers


class SeriesTracker(ABC):
    """Steps are trials in a search, epochs in a training that has a name. The history of a run that began without the
    tracker is written when it is resumed with it.
    """

    def start(self, run: RunInfo) -> None:
        self._series = Series(run)
        new = self.open(run)
        for trial in run.history:
            values = self._series.trial(trial)
            if new:
                self._write(values)

    def epoch(self, job: Job, epochs: int, metrics: Metrics) -> None:
        self.write("epoch", epochs, self._series.epoch(job, metrics))

    def trial(self, trial: Trial) -> None:
        self._write(self._series.trial(trial))

    def finish(self, summary: Mapping[str, Any], run_dir: Path) -> None:  # noqa: ARG002 - the protocol's
        told = {f"summary/{name}": value for name, value in numbers(summary).items()}
        self.write("trial", len(self._series.trials), told)
        self.close(stopped=bool(summary.get("interrupted") or summary.get("error")))

    @abstractmethod
    def open(self, run: RunInfo) -> bool:
        """Opens what the series go into. Whether it is new: then the history is not in it."""

    @abstractmethod
    def write(self, axis: Literal["trial", "epoch"], step: int, values: Mapping[str, float]) -> None:
        """Adds the values at a step, so that another process can read them."""

    def close(self, stopped: bool) -> None:  # noqa: B027 - not every one has something to close
        """Nothing will come any more. `stopped`: the run was interrupted or failed."""

    def _write(self, values: Mapping[str, float]) -> None:
        self.write("trial", len(self._series.trials), {key: each for key, each in values.items() if key != "trial"})
