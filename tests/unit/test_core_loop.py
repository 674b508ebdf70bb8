"""The bookkeeping of a search: numbering, caching, order of duties."""

from collections.abc import Sequence
from random import Random

import pytest

from nasbench.core.arch import Architecture
from nasbench.core.loop import SearchLoop
from nasbench.core.trial import Proposal, Trial
from unit.toys import ToySpace, plan


class Script:
    """Proposes a fixed list of architectures and remembers what it heard."""

    def __init__(self, *genes: str) -> None:
        self.genes, self.heard, self.running = genes, [], {}

    def ask(self, number: int, rng: Random, running: Sequence[Proposal]) -> Proposal:
        self.running[number] = [proposal.number for proposal in running]
        genes = self.genes[number - 1]
        return Proposal(
            number,
            Architecture.of("toy", {f"op_{index}": option for index, option in enumerate(genes)}),
            note={"rng": rng.random()},
        )

    def tell(self, trial: Trial) -> None:
        self.heard.append((trial.number, trial.status, trial.score))


def loop(script: Script, log: list[Trial], history: Sequence[Trial] = ()) -> SearchLoop:
    return SearchLoop(
        ToySpace(),
        script,
        plan(len(script.genes)),
        log.append,
        lambda metrics: metrics["val_accuracy"],
        history=history,
    )


def answer(search: SearchLoop, score: float = 0.5) -> int:
    job = search.next()
    assert job is not None
    search.finish(job, {"val_accuracy": score}, 1.0, "local")
    return job.proposal.number


def test_an_architecture_met_again_is_answered_from_the_log() -> None:
    log: list[Trial] = []
    script = Script("aaa", "aab", "aba")  # the second is another spelling of the first
    search = loop(script, log)
    assert answer(search, 0.7) == 1
    assert answer(search, 0.6) == 3
    assert search.next() is None
    assert search.finished
    assert [(each.number, each.status, each.score, each.of) for each in log] == [
        (1, "ok", 0.7, None),
        (2, "cached", 0.7, 1),
        (3, "ok", 0.6, None),
    ]
    assert script.heard == [(1, "ok", 0.7), (2, "cached", 0.7), (3, "ok", 0.6)]


def test_an_architecture_being_evaluated_is_waited_for_and_not_run_twice() -> None:
    log: list[Trial] = []
    search = loop(Script("aaa", "aaa", "ccc"), log)
    first, third = search.next(), search.next()
    assert first is not None
    assert third is not None
    assert (first.proposal.number, third.proposal.number) == (1, 3)
    assert search.next() is None
    assert not search.finished
    search.finish(first, {"val_accuracy": 0.9}, 1.0, "a")
    search.finish(third, {"val_accuracy": 0.1}, 1.0, "b")
    assert search.finished
    assert [(each.number, each.status) for each in log] == [(1, "ok"), (2, "cached"), (3, "ok")]


def test_where_the_equal_one_failed_the_waiting_one_runs() -> None:
    log: list[Trial] = []
    search = loop(Script("aaa", "aaa"), log)
    first = search.next()
    assert first is not None
    assert search.next() is None
    search.fail(first, "worker died", 1.0, "a")
    assert answer(search) == 2
    assert [(each.number, each.status) for each in log] == [(1, "failed"), (2, "ok")]


@pytest.mark.parametrize(
    "metrics",
    [{"val_accuracy": float("nan")}, {"val_accuracy": float("inf")}, {"val_accuracy": 0.5, "val_loss": float("nan")}],
)
def test_a_metric_that_is_not_finite_fails_the_trial(metrics: dict[str, float]) -> None:
    log: list[Trial] = []
    search = loop(Script("aaa"), log)
    job = search.next()
    assert job is not None
    search.finish(job, metrics, 1.0, "local")
    assert log[0].status == "failed"
    assert log[0].score is None
    assert any(text in (log[0].error or "") for text in ("nan", "inf"))


def test_resuming_fills_the_gaps_first_and_asks_with_the_same_generator() -> None:
    whole: list[Trial] = []
    search = loop(Script("aaa", "bbb", "ccc"), whole)
    while not search.finished:
        answer(search)
    log: list[Trial] = []
    script = Script("aaa", "bbb", "ccc")
    search = loop(script, log, history=[whole[0], whole[2]])
    assert script.heard == [(1, "ok", 0.5), (3, "ok", 0.5)]
    assert answer(search) == 2
    assert log[0].note == whole[1].note
    assert search.finished


def test_running_proposals_are_shown_to_the_strategy() -> None:
    script = Script("aaa", "bbb", "bbb", "ccc")
    search = loop(script, [])
    jobs = [search.next(), search.next(), search.next()]
    assert [job.proposal.number for job in jobs if job] == [1, 2, 4]
    assert script.running == {1: [], 2: [1], 3: [1, 2], 4: [1, 2, 3]}


def test_the_log_comes_before_the_strategy_and_the_listeners() -> None:
    order: list[str] = []

    class Listener(Script):
        def tell(self, trial: Trial) -> None:
            order.append("tell")

    search = SearchLoop(
        ToySpace(),
        Listener("aaa"),
        plan(1),
        lambda _: order.append("log"),
        lambda metrics: metrics["val_accuracy"],
        [lambda _: order.append("listen")],
    )
    answer(search)
    assert order == ["log", "tell", "listen"]
