"""Reports within long epochs: what they say, when, and who hears them."""

from io import StringIO
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import torch

from nasbench.core.job import Job
from nasbench.core.recipe import Recipe
from nasbench.core.within_epoch import STEP, STEPS, is_within
from nasbench.evaluators.kept import Curve, Kept
from nasbench.executors.boundary import evaluate
from nasbench.trackers.console import ConsoleTracker
from nasbench.train import pace as paces
from nasbench.train.datasets import resolve_dataset
from nasbench.train.pace import Pace
from nasbench.train.trainer import fit

JOB = Job(1, 0, 2, "k", name="lenet5")
TOLD = {
    STEP: 300,
    STEPS: 5004,
    "train_loss": 6.25,
    "images_per_second": 812.4,
    "waiting": 0.031,
    "seconds_left": 1480.0,
}


def test_a_pace_says_rate_loss_and_waiting_since_the_last_report() -> None:
    ticks = count(0, 4)
    pace = Pace(32, 100, 10, clock=lambda: float(next(ticks)))  # 4 s between any two looks at the clock
    assert list(pace.timed(iter("ab"))) == ["a", "b"]  # three waits of 4 s, with the end
    assert pace.after(7, torch.tensor([7.0, 0.0])) is None
    told = pace.after(10, torch.tensor([25.0, 0.0]))
    assert told is not None
    seconds = 36  # two looks for each of three waits, then one and two in `after`
    assert told == {
        STEP: 10,
        STEPS: 100,
        "train_loss": 2.5,
        "images_per_second": round(32 * 10 / seconds, 1),
        "waiting": round(12 / seconds, 3),
        "seconds_left": 90 * seconds / 10,
    }
    assert pace.after(100, torch.tensor([1.0, 0.0])) is None  # the epoch's own report follows


def test_no_report_follows_another_at_once() -> None:
    pace = Pace(32, 100, 1, clock=lambda: 0.0)
    assert all(pace.after(step, torch.zeros(2)) is None for step in range(1, 100))


def test_a_training_reports_within_its_epochs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paces, "LEAST_SECONDS", 0.0)
    data = resolve_dataset("digits").load(None, None, False)
    recipe = Recipe("r", 1, epochs=2, batch_size=32, lr_peak=0.1, train_images=128)
    network = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(64, 10))
    told: list[tuple[int, Any]] = []
    device = torch.device("cpu")
    metrics = fit(network, data, recipe, seed=0, device=device, on_steps=lambda *each: told.append(each), log_every=2)
    assert [(done, each[STEP], each[STEPS]) for done, each in told] == [(0, 2, 4), (1, 2, 4)]
    assert told[-1][1]["train_loss"] == pytest.approx(metrics["train_loss"], rel=0.5)
    assert all(0 <= each["waiting"] <= 1 for _, each in told)


def test_it_is_a_line_of_the_curve_and_of_the_log(tmp_path: Path) -> None:
    heard: list[tuple[int, Any]] = []
    kept = Kept(tmp_path)
    curve = Curve(kept, 100, lambda *told: heard.append(told), print)
    curve.within(0, TOLD)
    curve(1, {"train_loss": 6.0})
    curve.close()
    assert [done for done, _ in heard] == [0, 1]
    assert '"within": 0' in kept.curve.read_text(encoding="utf-8").splitlines()[0]
    with kept.following(lambda *told: heard.append(told)), open(kept.curve, "a", encoding="utf-8") as file:
        file.write('{"within": 1, "within_step": 5}\n')
    assert heard[-1] == (1, {"within_step": 5})
    stream = StringIO()
    tracker = ConsoleTracker(stream, interactive=False)
    tracker.within(JOB, 0, TOLD)
    line = "lenet5 seed 0  epoch 1  step 300/5,004  train loss 6.2500  images/s 812  3% waiting for images  left 25 min"
    assert stream.getvalue().strip() == line


def test_what_a_training_ends_with_is_of_its_epochs() -> None:
    """A training that is stopped within an epoch has the metrics that it had after the last whole one."""

    class Evaluator:
        def __call__(self, job: Job, report: Any) -> dict[str, float]:
            report(1, {"val_accuracy": 0.5})
            report(1, TOLD)
            report(2, {"val_accuracy": 0.6})
            raise AssertionError("stopped before")

    heard: list[bool] = []

    def hear(_: Job, epochs: int, metrics: Any) -> bool:
        heard.append(is_within(metrics))
        return is_within(metrics)

    answer = evaluate(Evaluator(), JOB, hear)  # type: ignore[arg-type]
    assert heard == [False, True]
    assert answer.metrics == {"val_accuracy": 0.5}
