"""The contract suite of executors: what each must keep, for the tests of this package and of any plug-in.

    def test_my_executor() -> None:
        check_executor(lambda: MyExecutor(workers=2))

Raises AssertionError with one sentence on what was broken. Needs no test framework.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import final

from nasbench.core.errors import UsageError
from nasbench.core.job import Job
from nasbench.core.loop import Executor, JobLoop
from nasbench.core.protocols import Metrics, Report
from nasbench.core.source import JobList
from nasbench.core.spec import Task
from nasbench.core.trial import Trial

EPOCHS = 3
VALUE_ERROR, SYSTEM_EXIT, REPORTS, STOPPED = 3, 4, 6, 7
"""Numbers of the trials that do not simply return their metrics."""
STOP_AFTER = 2
NUM_TRIALS = 12
FAR_TOO_MANY = 20_000
"""Trials that no run may get through before it meets an error in its second."""


def check_executor(make: Callable[[], Executor]) -> None:
    """Runs two small loops with the executor that `make` makes.

    If the executor has an attribute `reports_travel` that is False, nothing is expected of reports.
    """
    executor = make()
    try:
        lines = executor.describe()
        assert all(isinstance(line, str) for line in lines), f"describe() must return lines of text, not {lines!r}"
        _check_answers(executor)
        _check_usage_error(executor)
    finally:
        executor.close()
    try:
        executor.close()
    except Exception as error:
        raise AssertionError(f"closing it a second time must do no harm; it raised {error!r}") from error


@final
@dataclass(frozen=True)
class Behaviour:
    """An evaluator that does by the number of the job what `faults` and the constants above say. Picklable."""

    faults: Mapping[int, str] = field(default_factory=dict)

    def __call__(self, job: Job, report: Report) -> Metrics:
        fault = self.faults.get(job.number)
        if fault == "ValueError":
            raise ValueError(f"trial {job.number} cannot be built")
        if fault == "SystemExit":
            raise SystemExit(f"trial {job.number} calls exit")
        if fault == "UsageError":
            raise UsageError("the data are gone")
        if fault == "report":
            for epochs in range(1, job.epochs + 1):
                report(epochs, _metrics_of(job.number, epochs))
        return _metrics_of(job.number, job.epochs)

    def check(self) -> None:
        """There is nothing to check."""

    def task(self) -> Task:
        return Task()


class _Answered(Exception):
    """A trial has an answer that must have none."""


class _Log:
    """A loop over a list of jobs, and what it recorded and heard. The answer to trial `never` ends it."""

    def __init__(self, num_jobs: int, never: int | None = None) -> None:
        self.trials: list[Trial] = []
        self.heard: dict[int, list[tuple[int, Metrics]]] = {}
        self._never = never
        jobs = [Job(number, seed=0, epochs=EPOCHS, key=f"{number:016x}") for number in range(1, num_jobs + 1)]
        self.loop = JobLoop(
            JobList(jobs), self._record, lambda metrics: float(metrics["val_accuracy"]), epochs=[self._hear]
        )

    def _record(self, trial: Trial) -> None:
        if trial.number == self._never:
            raise _Answered(f"trial {trial.number} was answered: {trial.error}")
        self.trials.append(trial)

    def _hear(self, job: Job, epochs: int, metrics: Metrics) -> bool:
        self.heard.setdefault(job.number, []).append((epochs, metrics))
        return job.number == STOPPED and epochs >= STOP_AFTER


def _metrics_of(number: int, epochs: int) -> Metrics:
    return {"val_accuracy": number / 100 + epochs / 1000}


def _check_answers(executor: Executor) -> None:
    log = _Log(NUM_TRIALS)
    faults = {VALUE_ERROR: "ValueError", SYSTEM_EXIT: "SystemExit", REPORTS: "report", STOPPED: "report"}
    try:
        executor.run(log.loop, Behaviour(faults))
    except (Exception, SystemExit) as error:
        raise AssertionError(f"an error in one trial must not end the run; run() raised {error!r}") from error
    numbers = sorted(trial.number for trial in log.trials)
    assert numbers == list(range(1, NUM_TRIALS + 1)), (
        f"every number from 1 to {NUM_TRIALS} must be answered once; answered: {numbers}"
    )
    assert log.loop.finished, "run() must return when the loop is finished, not before"
    trials = {trial.number: trial for trial in log.trials}
    for number, text in {VALUE_ERROR: "cannot be built", SYSTEM_EXIT: "calls exit"}.items():
        trial = trials.pop(number)
        assert trial.status == "failed", f"a {faults[number]} in an evaluator must make a failed trial: {trial}"
        assert text in (trial.error or ""), f"the reason of a failed trial must hold the error's text: {trial.error!r}"
    if getattr(executor, "reports_travel", True):
        _check_reports(log, trials.pop(STOPPED))
    for number, trial in trials.items():
        assert trial.status == "ok", f"trial {number} must not suffer from the errors of others: {trial}"
        assert trial.metrics == _metrics_of(number, EPOCHS), f"trial {number} has the metrics {trial.metrics}"
        assert trial.seconds >= 0, f"trial {number} took {trial.seconds} s"


def _check_reports(log: _Log, stopped: Trial) -> None:
    expected = [(epochs, _metrics_of(REPORTS, epochs)) for epochs in range(1, EPOCHS + 1)]
    heard = log.heard.get(REPORTS, [])
    assert heard == expected, f"the loop must hear every report, in order: {expected}; it heard {heard}"
    others = set(log.heard) - {REPORTS, STOPPED}
    assert not others, f"trials {sorted(others)} reported nothing, and the loop heard of them"
    heard = log.heard.get(STOPPED, [])
    assert [epochs for epochs, _ in heard] == list(range(1, STOP_AFTER + 1)), (
        f"a training must stop when loop.report returns True (after {STOP_AFTER} epochs); the loop heard {heard}"
    )
    assert stopped.status == "pruned", f"a training that was stopped must make a pruned trial: {stopped}"
    last = (stopped.epochs, stopped.metrics)
    assert last == (STOP_AFTER, _metrics_of(STOPPED, STOP_AFTER)), (
        f"a pruned trial must hold the epochs and metrics reported last; it holds {last}"
    )


def _check_usage_error(executor: Executor) -> None:
    log = _Log(FAR_TOO_MANY, never=2)  # others may be answered while the worker of this one starts
    raised: BaseException | None = None
    try:
        executor.run(log.loop, Behaviour({2: "UsageError"}))
    except (Exception, SystemExit) as error:
        raised = error
    assert isinstance(raised, UsageError), f"a UsageError in an evaluator must leave run(); run() raised {raised!r}"
    assert "the data are gone" in str(raised), f"a UsageError must keep its text; it says {raised}"
    assert 2 not in {trial.number for trial in log.trials}, "a UsageError must end the run without an answer"
    assert not log.loop.finished, f"a UsageError must end the run; {len(log.trials)} further trials were answered"
