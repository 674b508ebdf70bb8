"""The bookkeeping of a run: numbering, caching, order of duties, reports, early stops."""

from collections.abc import Callable, Sequence
from random import Random
from typing import Any

import pytest
from toy import ToySpace, plan

from nasbench.core.arch import Architecture
from nasbench.core.clock import SimulatedClock
from nasbench.core.errors import UsageError
from nasbench.core.job import Job
from nasbench.core.loop import JobLoop
from nasbench.core.protocols import Metrics
from nasbench.core.source import JobList, SpaceSource
from nasbench.core.trial import Proposal, Trial


class Script:
    """A source of jobs with these keys, one letter each, which remembers what it was shown and told."""

    def __init__(self, keys: str) -> None:
        self.numbers = range(1, len(keys) + 1)
        self.keys, self.told, self.running = keys, [], {}

    def ask(self, number: int, running: Sequence[Job]) -> Job:
        self.running[number] = [job.number for job in running]
        return Job(number, seed=0, epochs=4, key=self.keys[number - 1])

    def tell(self, trial: Trial) -> None:
        self.told.append((trial.number, trial.status, trial.score))


def loop(source: Script, log: list[Trial], **options: Any) -> JobLoop:
    return JobLoop(source, log.append, lambda metrics: metrics["val_accuracy"], **options)


def answer(jobs: JobLoop, score: float = 0.5) -> int:
    job = jobs.next()
    assert job is not None
    jobs.finish(job, {"val_accuracy": score}, 1.0, "local")
    return job.number


def test_a_network_met_again_is_answered_from_the_log() -> None:
    log: list[Trial] = []
    source = Script("aab")
    jobs = loop(source, log)
    assert answer(jobs, 0.7) == 1
    assert answer(jobs, 0.6) == 3
    assert jobs.next() is None
    assert jobs.finished
    assert [(each.number, each.status, each.score, each.of) for each in log] == [
        (1, "ok", 0.7, None),
        (2, "cached", 0.7, 1),
        (3, "ok", 0.6, None),
    ]
    assert source.told == [(1, "ok", 0.7), (2, "cached", 0.7), (3, "ok", 0.6)]


def test_a_network_being_evaluated_is_waited_for_and_not_run_twice() -> None:
    log: list[Trial] = []
    jobs = loop(Script("aac"), log)
    first, third = jobs.next(), jobs.next()
    assert first is not None
    assert third is not None
    assert (first.number, third.number) == (1, 3)
    assert jobs.next() is None
    assert not jobs.finished
    jobs.finish(first, {"val_accuracy": 0.9}, 1.0, "a")
    jobs.finish(third, {"val_accuracy": 0.1}, 1.0, "b")
    assert jobs.finished
    assert [(each.number, each.status) for each in log] == [(1, "ok"), (2, "cached"), (3, "ok")]


@pytest.mark.parametrize(
    "end",
    [
        lambda jobs, job: jobs.fail(job, "worker died", 1.0, "a"),
        lambda jobs, job: jobs.prune(job, 1, {"val_accuracy": 0.1}, 1.0, "a"),
    ],
)
def test_if_the_equal_one_failed_or_was_pruned_the_waiting_one_runs(end: Callable[[JobLoop, Job], None]) -> None:
    log: list[Trial] = []
    jobs = loop(Script("aa"), log)
    first = jobs.next()
    assert first is not None
    assert jobs.next() is None
    end(jobs, first)
    assert answer(jobs) == 2
    assert [each.number for each in log] == [1, 2]
    assert log[1].status == "ok"


@pytest.mark.parametrize(
    "metrics",
    [{"val_accuracy": float("nan")}, {"val_accuracy": float("inf")}, {"val_accuracy": 0.5, "val_loss": float("nan")}],
)
def test_a_metric_that_is_not_finite_fails_the_trial(metrics: dict[str, float]) -> None:
    log: list[Trial] = []
    jobs = loop(Script("a"), log)
    job = jobs.next()
    assert job is not None
    jobs.finish(job, metrics, 1.0, "local")
    assert log[0].status == "failed"
    assert log[0].score is None
    assert any(text in (log[0].error or "") for text in ("nan", "inf"))


def test_resuming_fills_the_gaps_first() -> None:
    whole: list[Trial] = []
    jobs = loop(Script("abc"), whole)
    while not jobs.finished:
        answer(jobs)
    log: list[Trial] = []
    source = Script("abc")
    jobs = loop(source, log, history=[whole[0], whole[2]])
    assert source.told == [(1, "ok", 0.5), (3, "ok", 0.5)]
    assert answer(jobs) == 2
    assert jobs.finished


def test_running_jobs_are_shown_to_the_source() -> None:
    source = Script("abbc")
    jobs = loop(source, [])
    assert [job.number for job in (jobs.next(), jobs.next(), jobs.next()) if job] == [1, 2, 4]
    assert source.running == {1: [], 2: [1], 3: [1, 2], 4: [1, 2, 3]}


def test_the_log_comes_before_the_source_and_the_listeners() -> None:
    order: list[str] = []

    class Listener(Script):
        def tell(self, trial: Trial) -> None:
            order.append("tell")

    jobs = JobLoop(
        Listener("a"),
        lambda _: order.append("log"),
        lambda metrics: metrics["val_accuracy"],
        [lambda _: order.append("listen")],
    )
    answer(jobs)
    assert order == ["log", "tell", "listen"]


def test_a_job_that_cannot_be_evaluated_is_a_failed_trial_at_once() -> None:
    log: list[Trial] = []
    jobs = JobLoop(JobList([Job(1, 0, 4, "a", fault="no such file"), Job(2, 0, 4, "b")]), log.append, lambda _: 0.5)
    assert answer(jobs) == 2
    assert [(each.number, each.status, each.error) for each in log] == [(1, "failed", "no such file"), (2, "ok", None)]


def test_every_hearer_gets_every_report_with_the_facts_and_one_can_stop_the_training() -> None:
    log: list[Trial] = []
    heard: list[tuple[int, int, Metrics]] = []

    def first(job: Job, epochs: int, metrics: Metrics) -> bool:
        return epochs == 2

    def second(job: Job, epochs: int, metrics: Metrics) -> bool:
        heard.append((job.number, epochs, metrics))
        return False

    jobs = JobLoop(
        JobList([Job(1, 0, 4, "a", facts={"params": 7})]),
        log.append,
        lambda metrics: metrics["val_accuracy"],
        epochs=[first, second],
    )
    job = jobs.next()
    assert job is not None
    assert not jobs.report(job, 1, {"val_accuracy": 0.1})
    assert jobs.report(job, 2, {"val_accuracy": 0.2})
    assert heard == [(1, epochs, {"params": 7, "val_accuracy": epochs / 10}) for epochs in (1, 2)]
    jobs.prune(job, 2, {"val_accuracy": 0.2}, 1.0, "local")
    assert (log[0].status, log[0].epochs, log[0].score, log[0].metrics["params"]) == ("pruned", 2, 0.2, 7)
    assert jobs.finished


def test_a_pruned_training_answers_no_equal_job() -> None:
    log: list[Trial] = []
    pruned: list[Trial] = []
    jobs = loop(Script("a"), pruned)
    job = jobs.next()
    assert job is not None
    jobs.prune(job, 4, {"val_accuracy": 0.2}, 1.0, "local")
    jobs = loop(Script("aa"), log, history=pruned)
    assert answer(jobs) == 2


def test_when_the_simulated_time_is_over_the_run_is_finished_and_the_last_trial_is_not_logged() -> None:
    log: list[Trial] = []
    jobs = loop(Script("abcd"), log, clock=SimulatedClock(25.0, "cost"))
    while (job := jobs.next()) is not None:
        jobs.finish(job, {"val_accuracy": 0.5, "cost": 10.0}, 1.0, "local")
    assert [trial.number for trial in log] == [1, 2]


class Proposes:
    """A strategy whose proposals hold a number of their generator, and which remembers what it was shown."""

    def __init__(self, shift: int = 0) -> None:
        self.running: list[list[int]] = []
        self._shift = shift

    def ask(self, number: int, rng: Random, running: Sequence[Proposal]) -> Proposal:
        self.running.append([proposal.number for proposal in running])
        genes = {"a": "stuvwxyz"[number], "b": "s", "c": "s", "idle": "t"}
        return Proposal(number + self._shift, Architecture.of("toy", genes), 3, 9, 1, {"rng": rng.random()})

    def tell(self, trial: Trial) -> None:
        """Nothing to learn."""


def test_a_proposal_becomes_a_job_of_the_plan_with_the_same_generator_every_time() -> None:
    strategy = Proposes()
    source = SpaceSource(ToySpace(), strategy, plan(4, seed=5))
    first = source.ask(1, [])
    second = source.ask(2, [first])
    assert strategy.running == [[], [1]]
    assert (first.number, first.seed, first.epochs, first.schedule, first.resume_from) == (1, 5, 3, 9, 1)
    assert first.architecture is not None
    assert first.key == ToySpace().canonical(first.architecture).key != first.architecture.key
    assert first.spec.architecture == first.architecture
    assert SpaceSource(ToySpace(), Proposes(), plan(4, seed=5)).ask(2, []) == second
    assert first.note != SpaceSource(ToySpace(), Proposes(), plan(4, seed=6)).ask(1, []).note


def test_a_strategy_that_renumbers_or_proposes_nothing_is_named() -> None:
    with pytest.raises(UsageError, match=r"ask\(1\) with a proposal numbered 2"):
        SpaceSource(ToySpace(), Proposes(shift=1), plan(1)).ask(1, [])

    class Silent(Proposes):
        def ask(self, number: int, rng: Random, running: Sequence[Proposal]) -> Any:
            return None

    with pytest.raises(UsageError, match=r"the strategy Silent answered ask\(1\) with None"):
        SpaceSource(ToySpace(), Silent(), plan(1)).ask(1, [])
