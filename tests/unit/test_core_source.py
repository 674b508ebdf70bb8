"""Where jobs come from: a strategy's proposals, a list; and a job that cannot be evaluated."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from nasbench.core.arch import Architecture
from nasbench.core.errors import UsageError
from nasbench.core.job import Job
from nasbench.core.loop import JobLoop
from nasbench.core.seeds import trial_rng
from nasbench.core.source import JobList, SpaceSource
from nasbench.core.spec import ModelSpec
from nasbench.core.trial import Proposal, Trial
from unit.toys import ToySpace, plan, trial


def architecture(genes: str) -> Architecture:
    return Architecture.of("toy", {f"op_{index}": option for index, option in enumerate(genes)})


class Answers:
    """A strategy that answers with what it was given, and remembers what it was asked and told."""

    def __init__(self, answer: Callable[[int], Any]) -> None:
        self.answer = answer
        self.asked: list[tuple[int, float, list[int]]] = []
        self.told: list[Trial] = []

    def ask(self, number: int, rng: Random, running: Sequence[Proposal]) -> Proposal:
        assert all(isinstance(proposal, Proposal) for proposal in running)
        self.asked.append((number, rng.random(), [proposal.number for proposal in running]))
        return self.answer(number)  # type: ignore[no-any-return]

    def tell(self, trial: Trial) -> None:
        self.told.append(trial)


def source(answer: Callable[[int], Any], **changes: Any) -> tuple[SpaceSource, Answers]:
    strategy = Answers(answer)
    return SpaceSource(ToySpace(), strategy, replace(plan(seed=7, epochs=2), data="digits", **changes)), strategy


def test_a_proposal_becomes_a_job_of_the_plan() -> None:
    made, _ = source(lambda number: Proposal(number, architecture("abb")))
    job = made.ask(1, ())
    wanted = plan()
    assert job == Job(
        number=1,
        seed=7,
        epochs=2,
        key=ToySpace().canonical(architecture("abb")).key,
        model=ModelSpec("space:toy", wanted.size, wanted.task, architecture=architecture("abb")),
        architecture=architecture("abb"),
        data="digits",
    )
    assert job.key == made.ask(2, ()).key == ToySpace().canonical(architecture("aba")).key
    assert job.identity == (job.key, 2, 7)


def test_epochs_are_the_proposals_else_the_plans_and_the_rest_is_handed_on() -> None:
    note = {"mine": 1}
    made, _ = source(lambda number: Proposal(number, architecture("aaa"), 5, 9, resume_from=3, note=note))
    job = made.ask(4, ())
    assert (job.epochs, job.schedule, job.resume_from, job.note) == (5, 9, 3, note)


def test_a_strategy_gets_its_number_its_randomness_and_its_own_proposals_that_run() -> None:
    made, strategy = source(lambda number: Proposal(number, architecture("abc")))
    first = made.ask(1, ())
    made.ask(2, [first])
    assert strategy.asked == [(1, trial_rng(7, 1).random(), []), (2, trial_rng(7, 2).random(), [1])]
    made.tell(trial(1))
    made.tell(trial(9))  # of an earlier sitting: it was not asked for here
    assert [each.number for each in strategy.told] == [1, 9]
    assert made.numbers == range(1, 11)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda number: None, ["Answers", "ask(1)", "None", "must return a nasbench.core.trial.Proposal"]),
        (lambda number: architecture("aaa"), ["Answers", "ask(1)", "Architecture", "must return"]),
        (lambda number: Proposal(number + 1, architecture("aaa")), ["ask(1)", "numbered 2", "must keep the number"]),
    ],
)
def test_a_strategy_that_answers_something_else_is_one_clear_error(
    answer: Callable[[int], Any], words: list[str]
) -> None:
    log: list[Trial] = []
    made, strategy = source(answer)
    loop = JobLoop(made, log.append, lambda metrics: metrics["val_accuracy"])
    with pytest.raises(UsageError) as error:
        loop.next()
    for word in words:
        assert word in str(error.value)
    assert "\n" not in str(error.value)
    assert log == strategy.told == []


def jobs(first: int, count: int) -> list[Job]:
    return [Job(number, seed=number, epochs=1, key="k", name="zoo:lenet5") for number in range(first, first + count)]


def test_a_list_gives_its_jobs_by_number_whatever_their_order() -> None:
    listed = JobList(reversed(jobs(5, 3)))
    assert listed.numbers == range(5, 8)
    assert [listed.ask(number, ()) for number in (6, 5, 7)] == [jobs(6, 1)[0], jobs(5, 1)[0], jobs(7, 1)[0]]
    listed.tell(trial(5))
    assert listed.ask(5, ()) == jobs(5, 1)[0]
    assert not JobList([]).numbers


def test_a_list_with_a_gap_is_a_bug() -> None:
    with pytest.raises(AssertionError):
        JobList([*jobs(1, 2), *jobs(4, 1)])


def test_a_list_is_trained_once_and_goes_on_after_what_the_log_has() -> None:
    log: list[Trial] = []
    loop = JobLoop(JobList(jobs(1, 3)), log.append, lambda metrics: metrics["val_accuracy"])
    while (job := loop.next()) is not None:
        loop.finish(job, {"val_accuracy": job.seed / 10}, 1.0, "local")
    assert [(each.number, each.seed, each.name, each.score, each.status) for each in log] == [
        (number, number, "zoo:lenet5", number / 10, "ok") for number in (1, 2, 3)
    ]
    again = JobLoop(JobList(jobs(1, 3)), log.append, lambda metrics: 0.0, history=[log[0], log[2]])
    job = again.next()
    assert job is not None
    assert job.number == 2


def test_a_job_with_a_fault_is_a_failed_trial_with_that_reason_and_is_not_evaluated() -> None:
    log: list[Trial] = []
    listed = jobs(1, 3)
    facts = {"macs_ratio": 2.0}
    listed[1] = replace(listed[1], fault="its stem is too narrow", note={"mine": 1}, facts=facts)
    loop = JobLoop(JobList(listed), log.append, lambda metrics: metrics["val_accuracy"])
    evaluated = []
    while (job := loop.next()) is not None:
        evaluated.append(job.number)
        loop.finish(job, {"val_accuracy": 0.5}, 1.0, "local")
    assert evaluated == [1, 3]
    (failed,) = [each for each in log if each.status == "failed"]
    assert (failed.number, failed.error, failed.score, failed.seconds) == (2, "its stem is too narrow", None, 0.0)
    assert failed.note == {"mine": 1}
    assert loop.finished
