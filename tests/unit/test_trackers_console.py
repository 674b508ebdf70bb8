"""Progress on the terminal, and the guard that keeps a broken tracker from costing anything."""

import io
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from nasbench.core.job import Job
from nasbench.core.protocols import RunInfo
from nasbench.core.trial import Trial
from nasbench.trackers.console import ConsoleTracker
from nasbench.trackers.guard import Guarded
from unit.toys import trial


@dataclass(frozen=True)
class Info:
    directory: Path = Path("runs/x")
    config: dict[str, Any] = field(default_factory=lambda: {"space": "toy", "strategy": "ppo", "dataset": "digits"})
    planned: int = 24
    history: Sequence[Trial] = ()


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def heard(trials: Sequence[Trial], info: Info | None = None, seconds: float = 50.0, **options: Any) -> list[str]:
    stream, clock = io.StringIO(), Clock()
    tracker = ConsoleTracker(stream, clock=clock, **options)
    tracker.start(info or Info())
    for one in trials:
        clock.now += seconds
        tracker.trial(one)
    tracker.finish({}, Path("runs/x"))
    return stream.getvalue().splitlines()


def test_a_line_a_trial_where_nobody_looks_on():
    lines = heard(
        [
            trial(1, score=0.5),
            trial(2, "failed", None, error="loss\nis nan"),
            trial(3, score=0.934),
            trial(4, "cached", 0.912),
        ]
    )
    assert lines[0] == "toy · ppo · digits: 24 trials; run directory runs/x"
    assert len(lines) == 6
    assert lines[1].split("  ")[0] == "trial 1/24"
    assert "score 0.5000  best 0.5000 (trial 1)" in lines[1]
    assert "1.2 trials/min  left 19 min" in lines[1]
    assert "failed  loss is nan  best 0.5000 (trial 1)  1 failed" in lines[2]
    assert "cached  score 0.9120  best 0.9340 (trial 3)" in lines[4]
    assert lines[5] == "done: 4 of 24 trials (2 ok, 1 cached, 1 failed) after 3 min; best 0.9340 (trial 3); runs/x"


def test_a_resumed_run_counts_what_was_done_and_times_what_is():
    lines = heard(
        [trial(3, score=0.1)], Info(planned=4, history=(trial(1, score=0.7), trial(2, score=0.6))), seconds=30
    )
    assert "4 trials, 2 of them done before" in lines[0]
    assert "best 0.7000 (trial 1)" in lines[1]
    assert "2.0 trials/min  left 30 s" in lines[1]


def test_controls_and_retrainings_are_named():
    lines = heard(
        [
            trial(1, score=0.3),
            trial(2, score=0.9, note={"control": True}),
            trial(3, score=0.5, epochs=9, note={"retrain_of": 1}),
        ]
    )
    assert "control" in lines[2]
    assert "best 0.3000 (trial 1)" in lines[2]
    assert "trial 1 retrained" in lines[3]
    assert "best 0.5000 (trial 3)" in lines[3]


def test_a_named_training_has_a_line_an_epoch_and_its_name_and_seed():
    stream = io.StringIO()
    tracker = ConsoleTracker(stream, clock=Clock())
    tracker.start(Info(planned=2))
    job = Job(1, seed=3, epochs=2, key="k", name="zoo:lenet5")
    tracker.epoch(job, 1, {"train_loss": 0.5, "val_accuracy": 0.25, "images_per_second": 99.6})
    tracker.epoch(replace(job, name=""), 1, {"val_accuracy": 0.25})  # a child of a search
    tracker.trial(trial(1, score=0.9, name="zoo:lenet5", seed=3))
    lines = stream.getvalue().splitlines()
    assert lines[1] == "zoo:lenet5 seed 3  epoch 1  train loss 0.5000  validation 0.2500  images/s 100"
    assert lines[2].startswith("trial 1/2  ok      zoo:lenet5, seed 3  score 0.9000")
    assert len(lines) == 3


def test_the_live_display_shows_progress_and_restores_the_terminal():
    lines = heard([trial(1, score=0.5), trial(2, "failed", None, error="[red]out of memory[/red]")], interactive=True)
    text = "\n".join(lines)
    assert "2/24" in text
    assert "trial 1: new best, score 0.5000" in text
    assert "trial 2 failed: [red]out of memory[/red]" in text
    assert text.rstrip().endswith("best 0.5000 (trial 1); runs/x")
    assert "\x1b[?25h" in text, "the cursor is shown again"


def test_standard_output_stays_free(capsys):
    tracker = ConsoleTracker()
    tracker.start(Info())
    tracker.trial(trial(1))
    tracker.finish({"interrupted": True}, Path("x"))
    out, err = capsys.readouterr()
    assert out == ""
    assert "interrupted: 1 of 24 trials" in err


class Broken:
    def __init__(self, at: str, error: type[BaseException] = RuntimeError) -> None:
        self.at, self.error, self.calls = at, error, []

    def _hear(self, name: str) -> None:
        self.calls.append(name)
        if name == self.at:
            raise self.error("the network is down")

    def start(self, run: object) -> None:
        self._hear("start")

    def epoch(self, job: object, epochs: int, metrics: object) -> None:
        self._hear("epoch")

    def trial(self, trial: Trial) -> None:
        self._hear("trial")

    def finish(self, summary: object, run_dir: Path) -> None:
        self._hear("finish")


@pytest.mark.parametrize("at", ["start", "epoch", "trial", "finish", "never"])
def test_a_broken_tracker_is_reported_once_and_left_alone(at):
    stream, inner = io.StringIO(), Broken(at)
    guarded = Guarded(inner, stream)
    guarded.start(Info())
    guarded.epoch(Job(1, 0, 1, "k"), 1, {})
    for number in range(1, 4):
        guarded.trial(trial(number))
    guarded.finish({}, Path("x"))
    calls = ["start", "epoch", "trial", "trial", "trial", "finish"]
    assert inner.calls == (calls[: calls.index(at) + 1] if at in calls else calls)
    assert stream.getvalue().count("the network is down") == (at != "never")
    assert stream.getvalue().count("\n") == (at != "never")
    assert guarded.broken == (at != "never")


def test_a_tracker_may_leave_epochs_out():
    class Deaf:
        start = trial = finish = None

    guarded = Guarded(Deaf())  # type: ignore[arg-type]
    guarded.epoch(Job(1, 0, 1, "k"), 1, {})
    assert not guarded.broken


def test_an_interrupt_passes_the_guard():
    with pytest.raises(KeyboardInterrupt):
        Guarded(Broken("trial", KeyboardInterrupt)).trial(trial(1))


def test_a_run_with_a_failed_trial_is_done_and_one_that_could_not_go_on_is_stopped() -> None:
    for summary, word in (({"trials": 1, "failed": 1}, "done:"), ({"error": "disk full"}, "stopped:")):
        stream = io.StringIO()
        tracker = ConsoleTracker(stream, interactive=False)
        tracker.start(RunInfo(Path("run"), {}, 1, ()))
        tracker.trial(trial(1, "failed", None, error="no"))
        tracker.finish(summary, Path("run"))
        assert stream.getvalue().splitlines()[-1].startswith(word)
