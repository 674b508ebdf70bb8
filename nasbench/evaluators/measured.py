"""Objectives of the user's own: metrics that are computed from those that an evaluator returns."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

from nasbench.core.blame import in_one_line, where_raised
from nasbench.core.errors import TrialFailed, UsageError, unknown
from nasbench.core.job import Job
from nasbench.core.objectives import Objective
from nasbench.core.protocols import Depends, Evaluator, Measures, Metrics, Report
from nasbench.core.registry import objectives as known
from nasbench.core.spec import Task
from nasbench.core.stop_signals import from_outside


def with_objectives(evaluator: Evaluator, objectives: Sequence[Objective]) -> Evaluator:
    """The evaluator with each objective of the user's own among its metrics.

    UsageError for an objective that is no function of the metrics, and for one that the evaluator does not return, as
    far as it says what it returns.
    """
    returned = evaluator.metrics() if isinstance(evaluator, Measures) else None
    for objective in objectives:
        if objective.source is None and returned is not None and objective.metric not in returned:
            raise unknown("metric of the evaluator", objective.metric, returned, "Name it in --objectives.")
    own: dict[str, Callable[[Metrics], float]] = {}
    for objective in objectives:
        if objective.source is not None:
            own[objective.metric] = function = known.get(objective.source)
            try:
                inspect.signature(function).bind({})
            except (TypeError, ValueError) as error:
                raise UsageError(
                    f"the objective {objective.source!r} must be a function of one argument, the metrics: {error}"
                ) from error
    if not own:
        return evaluator
    return MeasuredWithMetrics(evaluator, own) if isinstance(evaluator, Measures) else Measured(evaluator, own)


@dataclass(frozen=True)
class Measured:
    """Adds `functions`, name of a metric -> function of the metrics, to what `evaluator` returns."""

    evaluator: Evaluator
    functions: Mapping[str, Callable[[Metrics], float]]

    def __call__(self, job: Job, report: Report) -> Metrics:
        metrics = self.evaluator(job, lambda epochs, told: report(epochs, self._so_far(told)))
        return {**metrics, **{name: self._value(name, metrics) for name in self.functions}}

    def check(self) -> None:
        self.evaluator.check()

    def task(self) -> Task:
        return self.evaluator.task()

    def identity(self) -> Mapping[str, Any]:
        return self.evaluator.identity() if isinstance(self.evaluator, Depends) else {}

    def _value(self, name: str, metrics: Metrics) -> float:
        """UsageError where every other trial would meet the same: a metric that is missing, or no number."""
        try:
            value = self.functions[name](metrics)
        except KeyError as error:
            raise UsageError(
                f"the objective {name!r} reads the metric {error}, which the evaluator does not return; it returned "
                f"{sorted(metrics)}"
            ) from error
        except BaseException as error:
            if from_outside(error):
                raise
            raise _failed(name, error) from error
        try:
            return float(value)
        except (TypeError, ValueError) as error:
            raise UsageError(f"the objective {name!r} must return a number; it returned {value!r}") from error

    def _so_far(self, metrics: Metrics) -> Metrics:
        """What a training reports may be less than it returns: objectives that need more are left out."""
        measured = dict(metrics)
        for name, function in self.functions.items():
            try:
                measured[name] = float(function(metrics))
            except KeyError:
                continue
            except BaseException as error:
                if from_outside(error):
                    raise
                raise _failed(name, error) from error
        return measured


def _failed(name: str, error: BaseException) -> TrialFailed:
    """An objective broke over the metrics of a trial."""
    return TrialFailed(f"the objective {name!r} failed: {in_one_line(error)}{where_raised(error)}")


@final
@dataclass(frozen=True)
class MeasuredWithMetrics(Measured):
    """The same for an evaluator that says which metrics it returns."""

    def metrics(self) -> Sequence[str]:
        assert isinstance(self.evaluator, Measures), self.evaluator
        return (*self.evaluator.metrics(), *self.functions)
