"""What trainings report after each epoch, as lines of `curves.jsonl`. Derived: losing it costs curves, no trial."""

import json
from pathlib import Path
from typing import Any, final

from nasbench.core.append_log import AppendLog, opened
from nasbench.core.errors import LogLost, UsageError
from nasbench.core.job import Job
from nasbench.core.protocols import Metrics

CURVES = "curves.jsonl"


@final
class EpochLog:
    """The file of a run that is going on; it is made with the first line."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / CURVES
        self._log: AppendLog | None = None

    def append(self, job: Job, epochs: int, metrics: Metrics) -> None:
        """Adds what a training says after `epochs` epochs. NotWritten and LogLost as of any log."""
        if self._log is None:
            self._log = opened(self._path)
        line = {"number": job.number, "seed": job.seed, "name": job.name, "epoch": epochs, **metrics}
        try:
            self._log.append(json.dumps(line))
        except LogLost as lost:
            there = self._path.parent.is_dir()
            then = "No trial lies in it." if there else "If it was moved, put it back."
            raise LogLost(f"{lost} {then} Then go on with --resume.") from lost

    def close(self) -> None:
        if self._log is not None:
            self._log.close()


def read_epochs(directory: Path) -> list[dict[str, Any]]:
    """What trainings reported: number, seed, name, epoch and metrics; each epoch of a trial once, a torn last line left
    out. UsageError where another line cannot be read.
    """
    path = directory / CURVES
    data = path.read_bytes() if path.exists() else b""
    found: dict[tuple[int, int], dict[str, Any]] = {}
    for index, text in enumerate(data[: data.rfind(b"\n") + 1].splitlines(), start=1):
        try:
            line = json.loads(text)
            found[line["number"], line["epoch"]] = line
        except (ValueError, KeyError, TypeError) as error:
            raise UsageError(
                f"line {index} of {path} is not what a training reports ({type(error).__name__}: {error}). Delete that "
                "line: it costs a point of a curve."
            ) from error
    return list(found.values())
