"""What trainings report after each epoch, as lines of `curves.jsonl`. Derived: losing it costs curves, no trial."""

from pathlib import Path
from typing import final

from nasbench.core.append_log import AppendLog, opened
from nasbench.core.errors import LogLost
from nasbench.core.job import Job
from nasbench.core.json_text import as_text
from nasbench.core.protocols import Metrics
from nasbench.core.reported import AGAIN, CURVES, read_epochs


@final
class EpochLog:
    """The file of a run that is going on; it is made with the first line."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / CURVES
        self._log: AppendLog | None = None
        self._there: set[tuple[int, int]] | None = None

    def append(self, job: Job, epochs: int, metrics: Metrics) -> None:
        """Adds what a training says after `epochs` epochs. NotWritten and LogLost as of any log."""
        if self._log is None:
            self._log = opened(self._path)
        line = {"number": job.number, "seed": job.seed, "name": job.name, "epoch": epochs, **metrics}
        if self._there is not None:
            self._there.add((job.number, epochs))
        try:
            self._log.append(as_text(line, finite=False))
        except LogLost as lost:
            there = self._path.parent.is_dir()
            then = "No trial lies in it." if there else "If it was moved, put it back."
            raise LogLost(f"{lost} {then} Then go on with --resume.") from lost

    def news(self, job: Job, epochs: int, metrics: Metrics) -> Metrics | None:
        """What a report says; None where it repeats what the file has already."""
        if not metrics.get(AGAIN):
            return metrics
        if self._there is None:
            self._there = {(line["number"], line["epoch"]) for line in read_epochs(self._path.parent)}
        if (job.number, epochs) in self._there:
            return None
        return {name: value for name, value in metrics.items() if name != AGAIN}

    def close(self) -> None:
        if self._log is not None:
            self._log.close()
