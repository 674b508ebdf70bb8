"""Evaluators in the form of nasbench 0.1.0: `evaluator(proposal, spec, seed, report)`."""

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

from nasbench.core.job import Job
from nasbench.core.protocols import Depends, Evaluator, Measures, Metrics, Report
from nasbench.core.spec import Task
from nasbench.core.trial import Proposal


def with_job(evaluator: Any) -> Evaluator:
    """The evaluator itself, or one of the older form as `evaluator(job, report)`."""
    made: Evaluator = evaluator
    if _takes_four(evaluator):
        made = FourWithMetrics(evaluator) if isinstance(evaluator, Measures) else FourArguments(evaluator)
    return made


@dataclass(frozen=True)
class FourArguments:
    """Hands the job on as the proposal that it was made from, its model, its seed and the report."""

    evaluator: Any

    def __call__(self, job: Job, report: Report) -> Metrics:
        assert job.architecture is not None, job  # version 0.1.0 had evaluators in searches alone
        proposal = Proposal(job.number, job.architecture, job.epochs, job.schedule, job.resume_from, job.note)
        metrics: Metrics = self.evaluator(proposal, job.spec, job.seed, report)
        return metrics

    def check(self) -> None:
        self.evaluator.check()

    def task(self) -> Task:
        task: Task = self.evaluator.task()
        return task

    def identity(self) -> Mapping[str, Any]:
        return self.evaluator.identity() if isinstance(self.evaluator, Depends) else {}


@final
@dataclass(frozen=True)
class FourWithMetrics(FourArguments):
    """The same for an evaluator that says which metrics it returns."""

    def metrics(self) -> Sequence[str]:
        names: Sequence[str] = self.evaluator.metrics()
        return names


def _takes_four(evaluator: Any) -> bool:
    """Whether it is called with four positional arguments, whatever their names."""
    try:
        parameters = list(inspect.signature(evaluator).parameters.values())
    except (TypeError, ValueError):
        return False
    plain = [each for each in parameters if each.kind in (each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD)]
    return sum(each.default is each.empty for each in plain) == 4
