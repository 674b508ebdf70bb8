"""An evaluator that trains nothing: its score follows from the genes, so searches take milliseconds."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import nasbench
from nasbench.core.errors import TrialFailed
from nasbench.core.job import Job
from nasbench.core.protocols import Metrics, Report
from nasbench.core.spec import Task
from nasbench.core.trial import Trial
from nasbench.testing.toy import additive_score

SCORE = "unit.made_up:MadeUp"


class MadeUp:
    """The made-up score of the toy space as the accuracy."""

    def check(self) -> None:
        """Nothing is needed."""

    def task(self) -> Task:
        return Task()

    def metrics(self) -> Sequence[str]:
        return ("val_accuracy",)

    def __call__(self, job: Job, report: Report) -> Metrics:
        assert job.architecture is not None
        return {"val_accuracy": additive_score(job.architecture)}


class Reporting(MadeUp):
    """The same, told after each of two epochs."""

    def __call__(self, job: Job, report: Report) -> Metrics:
        metrics = super().__call__(job, report)
        for epoch in (1, 2):
            report(epoch, metrics)
        return metrics


class Sometimes(MadeUp):
    """The same, which fails for every architecture of a low score."""

    def __call__(self, job: Job, report: Report) -> Metrics:
        metrics = super().__call__(job, report)
        if metrics["val_accuracy"] < 0.5:
            raise TrialFailed("too low")
        return metrics


class StopAll:
    """A pruner that stops every training after its first epoch."""

    def should_stop(self, number: int, epochs: int, score: float) -> bool:
        return True


def trials_of(run: Path, **options: Any) -> list[Trial]:
    """The trials of a search of the toy space by the made-up score; of a run that is resumed with `resume`."""
    given = options if options.get("resume") else {"space": "nasbench.testing:ToySpace", "evaluator": SCORE, **options}
    return list(nasbench.search(**given, run=str(run), trackers=()).trials)
