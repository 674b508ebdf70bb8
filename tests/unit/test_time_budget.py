"""A budget of simulated seconds: every query costs, one that would end after the budget counts for nothing, a resumed
clock is the same.
"""

import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from nasbench.cli import main
from nasbench.core.arch import Architecture
from nasbench.core.clock import SimulatedClock
from nasbench.core.loop import JobLoop
from nasbench.core.source import SpaceSource
from nasbench.core.trial import Proposal, Trial
from unit.toys import ToySpace, plan


class Script:
    """Proposes a fixed list of architectures over and over, and remembers what it heard."""

    def __init__(self, *genes: str) -> None:
        self.genes, self.heard = genes, list[int]()

    def ask(self, number, rng, running):
        genes = self.genes[(number - 1) % len(self.genes)]
        return Proposal(number, Architecture.of("toy", {f"op_{index}": option for index, option in enumerate(genes)}))

    def tell(self, trial: Trial) -> None:
        self.heard.append(trial.number)


COSTS = {"a": 30.0, "b": 40.0, "c": 50.0}


def clock_of(budget: float) -> SimulatedClock:
    return SimulatedClock(budget, "seconds")


def loop(script: Script, log: list[Trial], clock: SimulatedClock, history: Sequence[Trial] = ()) -> JobLoop:
    source = SpaceSource(ToySpace(), script, plan(1000))
    return JobLoop(source, log.append, lambda metrics: metrics["val_accuracy"], history=history, clock=clock)


def play(search: JobLoop, most: int = 10_000) -> None:
    for _ in range(most):
        job = search.next()
        if job is None:
            break
        assert job.architecture is not None
        first = str(job.architecture.genes["op_0"])
        search.finish(job, {"val_accuracy": 0.5, "seconds": COSTS[first]}, 0.0, "local")


def test_a_query_that_would_end_after_the_budget_counts_for_nothing() -> None:
    log: list[Trial] = []
    script = Script("aaa", "baa", "caa", "cca")
    clock = clock_of(160.0)
    search = loop(script, log, clock)
    play(search)
    assert search.finished
    assert clock.seconds == 120.0
    assert [trial.number for trial in log] == script.heard == [1, 2, 3]


def test_one_that_ends_with_the_budget_counts() -> None:
    log: list[Trial] = []
    play(loop(Script("aaa", "baa", "caa", "cca"), log, clock_of(170.0)))
    assert len(log) == 4


def test_a_repeated_architecture_costs_again_so_that_nobody_loops_for_nothing() -> None:
    log: list[Trial] = []
    clock = clock_of(100.0)
    search = loop(Script("aaa"), log, clock)
    play(search)
    assert [trial.status for trial in log] == ["ok", "cached", "cached"]
    assert clock.seconds == 90.0
    assert search.finished


@pytest.mark.parametrize("done", range(8))
def test_a_resumed_search_has_the_same_clock_and_end(done: int) -> None:
    whole: list[Trial] = []
    script = Script("aaa", "baa", "caa", "aba", "aaa")
    play(loop(script, whole, clock_of(295.0)))
    assert len(whole) == 7
    log = whole[:done]
    again = Script("aaa", "baa", "caa", "aba", "aaa")
    clock = clock_of(295.0)
    play(loop(again, log, clock, history=tuple(log)))
    assert [(trial.number, trial.status) for trial in log] == [(trial.number, trial.status) for trial in whole]
    assert again.heard == script.heard
    assert clock.seconds == sum(trial.metrics["seconds"] for trial in whole)


def test_what_is_running_when_the_budget_ends_counts_for_nothing_either() -> None:
    log: list[Trial] = []
    script = Script("aaa", "baa", "caa", "caa", "aaa")
    search = loop(script, log, clock_of(75.0))
    first, second, third = search.next(), search.next(), search.next()
    assert first is not None
    assert second is not None
    assert third is not None
    search.finish(first, {"val_accuracy": 0.1, "seconds": 30.0}, 0.0, "a")
    search.finish(third, {"val_accuracy": 0.9, "seconds": 50.0}, 0.0, "c")
    search.finish(second, {"val_accuracy": 0.2, "seconds": 40.0}, 0.0, "b")
    assert [trial.number for trial in log] == script.heard == [1]
    assert search.finished
    assert search.next() is None


def test_a_failed_trial_costs_nothing() -> None:
    log: list[Trial] = []
    clock = clock_of(45.0)
    search = loop(Script("aaa", "baa"), log, clock)
    job = search.next()
    assert job is not None
    search.fail(job, "broken", 0.0, "local")
    play(search, most=1)
    assert clock.seconds == 40.0


def test_a_budget_below_the_first_look_up_is_refused_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    table = ["--space", "nasbench201", "--evaluator", "table:nasbench201-cifar10"]
    budget = ["--trials", "2", "--time-budget", "100", "--strategy", "random", "--wandb", "off", "--run", "run"]
    assert main(["search", *table, *budget]) == 2
    told = capsys.readouterr().err
    assert re.search(
        r"--time-budget 100 ends before the first look-up, which takes \d+\.\d s .*Give more seconds", told
    )
    assert list(tmp_path.iterdir()) == []
