"""The executor in this process: what goes wrong in a trial is an answer; what every trial would meet ends the run."""

import json
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from toy import Climber, ToyEvaluator, ToySpace, loop

from nasbench.core.arch import Architecture
from nasbench.core.errors import Interrupted, RunFailed, TrialFailed, TrialPruned, UsageError
from nasbench.core.loop import SAME_FAULT_LIMIT
from nasbench.core.trial import Proposal, Trial
from nasbench.executors import local
from nasbench.executors.local import LocalExecutor

OK = {"val_accuracy": 0.5}


class Different:
    """Proposes a different architecture every time, so that none is cached."""

    def ask(self, number, rng, running):
        genes = [("w", "x", "y", "z")[number // 4**place % 4] for place in range(3)]
        return Proposal(number, Architecture.of("toy", dict(zip("abc", genes, strict=True), idle="w")))

    def tell(self, trial):
        """Nothing to learn."""


def search(
    evaluator: Any, trials: int = 8, timeout: float | None = None, strategy: Any = None, epochs: Any = ()
) -> list[Trial]:
    log: list[Trial] = []
    try:
        LocalExecutor("cpu", timeout).run(loop(strategy or Different(), trials, log.append, epochs=epochs), evaluator)
    except BaseException as error:
        error.add_note(f"{len(log)} lines")
        raise
    return log


def answers(behaviour: Callable[[int], Any]) -> Callable[..., Any]:
    """An evaluator that answers by the number of the trial."""
    return lambda job, report: behaviour(job.number)


def test_every_number_gets_one_line_and_equal_networks_are_evaluated_once(tmp_path):
    log = search(ToyEvaluator(str(tmp_path)), trials=60, strategy=Climber(ToySpace()))
    assert [trial.number for trial in log] == list(range(1, 61))
    assert {trial.status for trial in log} == {"ok", "cached", "failed"}
    evaluated = [trial.key for trial in log if trial.status == "ok"]
    assert len(evaluated) == len(set(evaluated))
    assert {trial.worker for trial in log} == {"local"}


def test_the_evaluator_is_told_the_epochs_of_the_plan():
    seen = []

    def evaluator(job, report):
        seen.append(job.epochs)
        return OK

    log = search(evaluator, trials=3)
    assert set(seen) == {2}
    assert {trial.epochs for trial in log} == {2}


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (TrialFailed("stage 2 has\nno input"), "stage 2 has no input"),
        (MemoryError("cannot allocate 7 GiB"), "MemoryError: cannot allocate 7 GiB"),
        (ValueError("channels must be\n  divisible by 3"), "ValueError: channels must be divisible by 3"),
        (RuntimeError("CUDA error: out of memory"), "RuntimeError: CUDA error: out of memory"),
        (AssertionError(), "AssertionError:"),
        (SystemExit(1), "SystemExit: 1"),
        (GeneratorExit(), "GeneratorExit:"),
        (TrialPruned("without any report"), "TrialPruned: without any report"),
    ],
)
def test_an_exception_in_a_trial_is_that_trials_answer(fault, reason):
    def behave(number):
        if number == 3:
            raise fault
        return OK

    log = search(answers(behave))
    third = next(trial for trial in log if trial.number == 3)
    assert (third.status, third.score, third.error) == ("failed", None, reason)
    assert sum(trial.status == "failed" for trial in log) == 1
    assert len(log) == 8


def test_an_out_of_memory_error_of_torch_is_an_answer():
    import torch

    def behave(number):
        if number == 1:
            raise torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        return OK

    assert search(answers(behave))[0].error == "OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB"


@pytest.mark.parametrize(
    "metrics",
    [{"val_accuracy": float("nan")}, {**OK, "val_loss": float("inf")}, {**OK, "curve": [{"loss": float("nan")}]}],
)
def test_a_number_that_is_not_finite_fails_its_trial_wherever_it_hides(metrics):
    log = search(answers(lambda number: metrics if number == 2 else OK))
    assert [trial.number for trial in log if trial.status == "failed"] == [2]


@pytest.mark.parametrize(
    "fault", [UsageError("no data"), RunFailed("no disk"), KeyboardInterrupt(), Interrupted("SIGTERM")]
)
def test_what_every_trial_would_meet_ends_the_run(fault):
    def behave(number):
        if number == 4:
            raise fault
        return OK

    with pytest.raises(type(fault)) as caught:
        search(answers(behave))
    assert caught.value is fault


def hang(number: int) -> Any:
    while number == 3:
        time.sleep(0.005)
    return OK


def hang_and_swallow(number: int) -> Any:
    try:
        return hang(number)
    except Exception:
        return OK


@pytest.mark.parametrize("behave", [hang, hang_and_swallow])
def test_a_hang_is_stopped_and_the_search_goes_on(behave):
    before = signal.getsignal(signal.SIGALRM)
    log = search(answers(behave), timeout=0.2)
    third = next(trial for trial in log if trial.number == 3)
    assert third.error == "stopped after 0.2 s (--trial-timeout)"
    assert 0.15 < third.seconds < 5
    assert len(log) == 8
    assert signal.getsignal(signal.SIGALRM) is before
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_an_evaluator_that_swallows_the_first_alarm_meets_the_next(monkeypatch):
    monkeypatch.setattr(local, "RING_AGAIN_SECONDS", 0.1)

    def behave(number):
        if number != 3:
            return OK
        try:
            hang(number)
        except BaseException:
            hang(number)

    third = next(trial for trial in search(answers(behave), timeout=0.1) if trial.number == 3)
    assert third.error == "stopped after 0.1 s (--trial-timeout)"


def test_a_timeout_outside_the_main_thread_is_an_error_that_says_so():
    errors = []

    def work():
        try:
            search(answers(lambda number: OK), timeout=1.0)
        except UsageError as error:
            errors.append(str(error))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert "main thread" in errors[0]


def test_ten_trials_that_fail_alike_from_the_start_end_the_run():
    def behave(number):
        raise OSError(f"[Errno 5] cannot read block {number} at 0x{number:x}f")

    with pytest.raises(
        RunFailed, match=r"first 10 trials all failed in the same way.*cannot read block 10 at"
    ) as caught:
        search(answers(behave), trials=60)
    assert caught.value.__notes__ == [f"{SAME_FAULT_LIMIT} lines"]


@pytest.mark.parametrize("exception", [2, SAME_FAULT_LIMIT])
def test_a_single_trial_that_does_otherwise_shows_that_the_fault_is_not_everyones(exception):
    def behave(number):
        if number == exception:
            raise ValueError("something else")
        raise OSError("cannot read")

    assert len(search(answers(behave), trials=30)) == 30


def test_a_broken_cuda_context_ends_the_run_after_the_trial_is_recorded():
    def behave(number):
        if number == 3:
            raise RuntimeError("CUDA error: device-side assert triggered")
        return OK

    with pytest.raises(
        RunFailed, match=r"trial 3 left this process without a working device.*--resume.*--workers 1"
    ) as caught:
        search(answers(behave))
    assert caught.value.__notes__ == ["3 lines"]


def test_what_a_strategy_is_told_is_what_a_replay_will_tell_it():
    told = []

    class Noting(Different):
        def ask(self, number, rng, running):
            return replace(super().ask(number, rng, running), note={"pair": (number, Random(number).random())})

        def tell(self, trial):
            told.append(trial)

    log = search(answers(lambda number: {**OK, "shape": (1, 2)}), trials=3, strategy=Noting())
    assert told == log == [Trial.from_json(json.loads(json.dumps(trial.to_json()))) for trial in log]
    assert told[0].metrics["shape"] == [1, 2]


@pytest.mark.parametrize(
    "metrics", [{**OK, "model": object()}, {"val_accuracy": None}, {"val_accuracy": "good"}, {"accuracy": 1.0}]
)
def test_metrics_that_make_no_line_or_no_score_are_named(metrics):
    with pytest.raises(UsageError, match=r"val_accuracy|no JSON|no score"):
        search(answers(lambda number: metrics))


def test_the_preflight_line_names_the_device():
    assert "cpu" in LocalExecutor("cpu").describe()[0]


class Trains:
    """Reports `epochs` times; notes which trials came to their end."""

    def __init__(self, epochs: int = 4) -> None:
        self.epochs, self.ended = epochs, []

    def __call__(self, job, report):
        for epoch in range(1, self.epochs + 1):
            report(epoch, {"val_accuracy": epoch / 10, "shape": (job.number, epoch)})
        self.ended.append(job.number)
        return OK


def test_reports_reach_the_loop_and_a_training_that_should_stop_is_pruned():
    heard, evaluator = [], Trains()

    def hear(job, epochs, metrics):
        heard.append((job.number, epochs, metrics["shape"]))
        return job.number == 2 and epochs == 3

    log = search(evaluator, trials=3, epochs=[hear])
    assert heard == [
        (number, epoch, [number, epoch]) for number in (1, 2, 3) for epoch in range(1, 4 if number == 2 else 5)
    ]
    assert [(trial.status, trial.epochs, trial.score) for trial in log] == [
        ("ok", 2, 0.5),
        ("pruned", 3, 0.3),
        ("ok", 2, 0.5),
    ]
    assert evaluator.ended == [1, 3]


@pytest.mark.parametrize("after", ["returns", "fails"])
def test_a_training_that_was_told_to_stop_is_pruned_whatever_it_does_then(after):
    def evaluator(job, report):
        try:
            report(1, {"val_accuracy": 0.1})
        except TrialPruned as stop:
            if after == "fails":
                raise ValueError("cannot clean up") from stop
        return OK

    log = search(evaluator, trials=2, epochs=[lambda job, epochs, metrics: True])
    assert [(trial.status, trial.epochs, trial.score) for trial in log] == [("pruned", 1, 0.1)] * 2
