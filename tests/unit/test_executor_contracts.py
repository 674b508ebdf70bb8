"""The contract suite of executors: it accepts what keeps the contract, and names what breaks it."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from nasbench.core.errors import RunFailed, TrialPruned, UsageError
from nasbench.core.job import Job
from nasbench.core.loop import Epoch, JobLoop
from nasbench.core.protocols import Evaluator, Metrics
from nasbench.executors.boundary import Answer, evaluate, record
from nasbench.executors.local import LocalExecutor
from nasbench.testing import check_executor


class Serial:
    """One job after another, until a subclass breaks something."""

    def describe(self) -> Sequence[str]:
        return ["here"]

    def run(self, loop: JobLoop, evaluator: Evaluator) -> None:
        while (job := loop.next()) is not None:
            record(loop, job, self.evaluate(evaluator, job, loop.report), "here")

    def evaluate(self, evaluator: Evaluator, job: Job, report: Epoch) -> Answer:
        return evaluate(evaluator, job, report)

    def close(self) -> None:
        """Nothing was started."""


class LosesAJob(Serial):
    def run(self, loop: JobLoop, evaluator: Evaluator) -> None:
        loop.next()
        super().run(loop, evaluator)


class AnswersTwice(Serial):
    def run(self, loop: JobLoop, evaluator: Evaluator) -> None:
        while (job := loop.next()) is not None:
            for _ in range(2):
                record(loop, job, self.evaluate(evaluator, job, loop.report), "here")


class EndsAtTheFirstError(Serial):
    def evaluate(self, evaluator: Evaluator, job: Job, report: Epoch) -> Answer:
        answer = super().evaluate(evaluator, job, report)
        if answer.error:
            raise RunFailed(answer.error)
        return answer


class HidesTheReason(Serial):
    def evaluate(self, evaluator: Evaluator, job: Job, report: Epoch) -> Answer:
        answer = super().evaluate(evaluator, job, report)
        return replace(answer, error="it failed") if answer.error else answer


class LetsSystemExitThrough(Serial):
    def evaluate(self, evaluator: Evaluator, job: Job, report: Epoch) -> Answer:
        try:
            return Answer(0.0, evaluator(job, lambda epochs, metrics: None))
        except Exception as error:
            return Answer(0.0, error=str(error))


class DropsReports(Serial):
    def evaluate(self, evaluator: Evaluator, job: Job, report: Epoch) -> Answer:
        return super().evaluate(evaluator, job, lambda *_: False)


class ReportsAtTheEnd(Serial):
    def evaluate(self, evaluator: Evaluator, job: Job, report: Epoch) -> Answer:
        reports: list[tuple[int, Metrics]] = []

        def keep(_: Job, epochs: int, metrics: Metrics) -> bool:
            reports.append((epochs, metrics))
            return False

        answer = super().evaluate(evaluator, job, keep)
        for epochs, metrics in reversed(reports):
            report(job, epochs, metrics)
        return answer


class DoesNotStop(Serial):
    def evaluate(self, evaluator: Evaluator, job: Job, report: Epoch) -> Answer:
        def go_on(job: Job, epochs: int, metrics: Metrics) -> bool:
            report(job, epochs, metrics)
            return False

        return super().evaluate(evaluator, job, go_on)


class FailsWhatWasStopped(Serial):
    def evaluate(self, evaluator: Evaluator, job: Job, report: Epoch) -> Answer:
        answer = super().evaluate(evaluator, job, report)
        return answer if answer.pruned_after is None else Answer(0.0, error=repr(TrialPruned("stopped")))


class MixesUpAnswers(Serial):
    def evaluate(self, evaluator: Evaluator, job: Job, report: Epoch) -> Answer:
        number = {8: 9, 9: 8}.get(job.number, job.number)
        return super().evaluate(evaluator, replace(job, number=number), report)


class SwallowsUsageErrors(Serial):
    def evaluate(self, evaluator: Evaluator, job: Job, report: Epoch) -> Answer:
        try:
            return super().evaluate(evaluator, job, report)
        except UsageError as error:
            return Answer(0.0, error=str(error))


class CannotBeClosedTwice(Serial):
    closed = False

    def close(self) -> None:
        if self.closed:
            raise ValueError("it is closed")
        self.closed = True


class SilentExecutor(DropsReports):
    reports_travel = False


@pytest.mark.parametrize(
    ("broken", "complaint"),
    [
        (LosesAJob, r"every number from 1 to 12 must be answered once; answered: \[2, 3,"),
        (AnswersTwice, r"raised PartFailed\(.trial 1 was answered twice"),
        (EndsAtTheFirstError, "an error in one trial must not end the run"),
        (HidesTheReason, "must hold the error's text: 'it failed'"),
        (LetsSystemExitThrough, "an error in one trial must not end the run; run.. raised SystemExit"),
        (DropsReports, "the loop must hear every report, in order"),
        (ReportsAtTheEnd, "the loop must hear every report, in order"),
        (DoesNotStop, "a training must stop when loop.report returns True"),
        (FailsWhatWasStopped, "must make a pruned trial"),
        (MixesUpAnswers, "trial 8 has the metrics"),
        (SwallowsUsageErrors, "a UsageError in an evaluator must leave run"),
        (CannotBeClosedTwice, "closing it a second time must do no harm"),
    ],
)
def test_a_broken_executor_is_named(broken: Callable[[], Serial], complaint: str) -> None:
    with pytest.raises(AssertionError, match=complaint):
        check_executor(broken)


@pytest.mark.parametrize("make", [Serial, SilentExecutor, lambda: LocalExecutor("cpu")])
def test_what_keeps_the_contract_is_accepted(make: Callable[[], Serial]) -> None:
    check_executor(make)


def test_the_executor_of_ones_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(__file__).rpartition("/tests/")[0])
    from examples.thread_executor import ThreadExecutor

    check_executor(ThreadExecutor)
