"""The suites of trackers, models, objectives, rewards and pruners: they accept what keeps a contract, and name what
breaks it.
"""

import random
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar

import pytest
import torch

from nasbench.core.job import Job
from nasbench.core.protocols import Curve, Metrics, Pruner, RunInfo
from nasbench.core.spec import Task
from nasbench.core.trial import Trial
from nasbench.strategies.median import MedianPruner
from nasbench.testing import check_model, check_objective, check_pruner, check_reward, check_tracker


class Listener:
    """A tracker that keeps nothing until a subclass breaks something. It has no `epoch`, which may be left out."""

    def start(self, run: RunInfo) -> None:
        self.scores = [trial.score for trial in run.history]

    def trial(self, trial: Trial) -> None:
        self.scores.append(trial.score)

    def finish(self, summary: Mapping[str, Any], run_dir: Path) -> None: ...


class NeedsAnArchitecture(Listener):
    def trial(self, trial: Trial) -> None:
        self.genes = trial.architecture.genes  # type: ignore[union-attr]


class RoundsScores(Listener):
    def trial(self, trial: Trial) -> None:
        assert f"{trial.score:.2f}", "every trial has a score"


class NotesOnTrials(Listener):
    def trial(self, trial: Trial) -> None:
        trial.note["seen"] = True  # type: ignore[index]


class ForgetsHistory(Listener):
    def start(self, run: RunInfo) -> None:
        self.first = len(run.history) == 0

    def trial(self, trial: Trial) -> None:
        assert (trial.number == 1) <= self.first
        self.scores = [*self.scores, trial.score] if trial.number > 1 else [trial.score]


class WaitsForEpochs(Listener):
    def epoch(self, job: Job, epochs: int, metrics: Metrics) -> None:
        self.last = metrics["val_accuracy"]

    def trial(self, trial: Trial) -> None:
        assert self.last >= 0


class ChangesMetrics(Listener):
    def epoch(self, job: Job, epochs: int, metrics: Metrics) -> None:
        metrics.pop("train_loss")  # type: ignore[attr-defined]


class NeedsASummary(Listener):
    def finish(self, summary: Mapping[str, Any], run_dir: Path) -> None:
        assert summary["trials"] > 0


class Prints(Listener):
    def trial(self, trial: Trial) -> None:
        print(trial.number)


def test_a_tracker_keeps_the_contract() -> None:
    check_tracker(Listener)


@pytest.mark.parametrize(
    ("broken", "error", "complaint"),
    [
        (NeedsAnArchitecture, AttributeError, "genes"),
        (RoundsScores, TypeError, "format"),
        (NotesOnTrials, AssertionError, "changes the trials"),
        (ForgetsHistory, AttributeError, "scores"),
        (WaitsForEpochs, AttributeError, "last"),
        (ChangesMetrics, AssertionError, "changes the job or the metrics"),
        (NeedsASummary, KeyError, "trials"),
        (Prints, AssertionError, "standard output"),
    ],
)
def test_a_broken_tracker_is_caught(broken: type[Listener], error: type[Exception], complaint: str) -> None:
    with pytest.raises(error, match=complaint):
        check_tracker(broken)


class Net(torch.nn.Module):
    """A linear classifier until a subclass breaks something."""

    def __init__(self, num_classes: int, channels: int) -> None:
        super().__init__()
        self.classifier = torch.nn.Linear(channels, num_classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.classifier(x.mean(dim=(2, 3)))


class UnusedLayer(Net):
    def __init__(self, num_classes: int, channels: int) -> None:
        super().__init__(num_classes, channels)
        self.forgotten = torch.nn.Linear(2, 2)


class OneClassTooMany(Net):
    def __init__(self, num_classes: int, channels: int) -> None:
        super().__init__(num_classes + 1, channels)


class AlwaysDropsOut(Net):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return super().forward(torch.nn.functional.dropout(x, 0.5))


class NormalisesTheBatch(Net):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        assert len(x) > 1, "a batch of several images is needed"
        return super().forward(x)


class DrawsElsewhere(Net):
    def __init__(self, num_classes: int, channels: int) -> None:
        super().__init__(num_classes, channels)
        torch.nn.init.constant_(self.classifier.bias, random.random())


class HidesState(Net):
    def __init__(self, num_classes: int, channels: int) -> None:
        super().__init__(num_classes, channels)
        self.draws = 0

    def state_dict(self, *args: Any, **kwargs: Any) -> Any:
        self.draws += 1
        return {**super().state_dict(), "classifier.bias": torch.full((10,), float(self.draws))}


def no_network(num_classes: int) -> int:
    return num_classes


def test_a_model_keeps_the_contract() -> None:
    before = torch.random.get_rng_state()
    check_model(Net, Task(10, 8, 1))
    assert torch.equal(torch.random.get_rng_state(), before)


@pytest.mark.parametrize(
    ("broken", "complaint"),
    [
        (UnusedLayer, "dead parameters.*forgotten.bias"),
        (OneClassTooMany, r"\(8, 11\)"),
        (AlwaysDropsOut, "two passes"),
        (NormalisesTheBatch, "several images"),
        (DrawsElsewhere, "under one seed differ"),
        (HidesState, "state_dict does not restore"),
        (no_network, "made int"),
        (torch.nn.Identity, "no parameter"),
    ],
)
def test_a_broken_model_is_named(broken: Callable[..., Any], complaint: str) -> None:
    with pytest.raises(AssertionError, match=complaint):
        check_model(broken, Task(10, 8, 1))


def accuracy(metrics: Metrics) -> float:
    return float(metrics["val_accuracy"])


def rounds_in_place(metrics: Metrics) -> float:
    metrics["val_accuracy"] = round(metrics["val_accuracy"])  # type: ignore[index]
    return accuracy(metrics)


def infinite(metrics: Metrics) -> float:
    return float("inf")


def in_words(metrics: Metrics) -> Any:
    return "good"


def at_random(metrics: Metrics) -> float:
    return random.random()


def test_an_objective_keeps_the_contract() -> None:
    check_objective(accuracy)
    check_objective(accuracy, {"val_accuracy": 0.5})


@pytest.mark.parametrize(
    ("broken", "complaint"),
    [
        (rounds_in_place, "changes the metrics"),
        (infinite, "finite"),
        (in_words, "not 'good'"),
        (at_random, "global generator of random"),
        (lambda metrics: 1.0, "cannot be pickled"),
    ],
)
def test_a_broken_objective_is_named(broken: Callable[[Metrics], float], complaint: str) -> None:
    with pytest.raises(AssertionError, match=complaint):
        check_objective(broken)


class Below:
    """Stops what is below zero, until a subclass breaks something."""

    def should_stop(self, number: int, epochs: int, score: float) -> bool:
        return score < 0


class AnswersNone(Below):
    def should_stop(self, number: int, epochs: int, score: float) -> Any:
        return None if score < 0 else False


class TossesACoin(Below):
    def should_stop(self, number: int, epochs: int, score: float) -> bool:
        return random.random() < 0.5


class SharesItsMemory(Below):
    seen: ClassVar[list[float]] = []

    def should_stop(self, number: int, epochs: int, score: float) -> bool:
        self.seen.append(score)
        return score < max(self.seen)


class NeedsTheFirstEpoch(Below):
    def __init__(self) -> None:
        self.first: dict[int, float] = {}

    def should_stop(self, number: int, epochs: int, score: float) -> bool:
        if epochs == 1:
            self.first[number] = score
        return score < self.first[number]


@pytest.mark.parametrize("make", [Below, MedianPruner])
def test_a_pruner_keeps_the_contract(make: Callable[[], Pruner]) -> None:
    check_pruner(make)


@pytest.mark.parametrize(
    ("broken", "error", "complaint"),
    [
        (AnswersNone, AssertionError, "not None"),
        (TossesACoin, AssertionError, "different answers|global generator"),
        (SharesItsMemory, AssertionError, "different answers"),
        (NeedsTheFirstEpoch, KeyError, "25"),
    ],
)
def test_a_broken_pruner_is_caught(broken: Callable[[], Pruner], error: type[Exception], complaint: str) -> None:
    with pytest.raises(error, match=complaint):
        check_pruner(broken)


def said(reads: tuple[str, ...] = (), curve: bool = False) -> Callable[[Any], Any]:
    """Marks a reward with what it says of itself."""

    def mark(reward: Any) -> Any:
        reward.reads, reward.reads_curve = reads, curve
        return reward

    return mark


def infinite(metrics: Metrics, curve: Curve) -> float:
    return float("inf")


def drawn(metrics: Metrics, curve: Curve) -> float:
    return metrics["val_accuracy"] + random.random()


def in_secret(metrics: Metrics, curve: Curve) -> float:
    return sum(told["val_accuracy"] for _, told in curve)


def changing(metrics: Metrics, curve: Curve) -> float:
    metrics["seen"] = True  # type: ignore[index]
    return 1.0


@said(reads=("val_accuracy",))
def more_than_it_says(metrics: Metrics, curve: Curve) -> float:
    return metrics["val_accuracy"] / metrics["macs"]


@said(reads=("latency",))
def of_a_phone(metrics: Metrics, curve: Curve) -> float:
    return metrics["latency"]


@pytest.mark.parametrize(
    ("reward", "words"),
    [
        (infinite, "finite"),
        (drawn, "generator"),
        (in_secret, "reads_curve = True"),
        (changing, "changes the metrics"),
        (more_than_it_says, "reads more than it says"),
        (of_a_phone, "says that it reads latency"),
    ],
)
def test_a_reward_that_breaks_its_contract_is_told_how(reward: Any, words: str) -> None:
    with pytest.raises(AssertionError, match=words):
        check_reward(reward)
