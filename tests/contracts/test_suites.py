"""The suites themselves: they accept what keeps a contract and name what breaks it."""

import random
from collections.abc import Sequence
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
import torch

from nasbench.core.arch import Architecture
from nasbench.core.job import Job
from nasbench.core.protocols import Metrics, Report, SearchSpace
from nasbench.core.spec import ModelSpec, Size, Task
from nasbench.core.trial import Proposal, Trial
from nasbench.strategies.random import RandomSearch
from nasbench.testing import (
    TOY_SPACE,
    ToySpace,
    additive_score,
    check_evaluator,
    check_space,
    check_strategy,
)

if TYPE_CHECKING:
    from torch import nn


class Broken:
    """Random search until a subclass breaks something."""

    def __init__(self, space: SearchSpace) -> None:
        self.inner, self.asked, self.best = RandomSearch(space), 0, 0.0

    def ask(self, number: int, rng: Random, running: Sequence[Proposal]) -> Proposal:
        return self.inner.ask(number, rng, running)

    def tell(self, trial: Trial) -> None: ...


class Renumbers(Broken):
    def ask(self, number: int, rng: Random, running: Sequence[Proposal]) -> Proposal:
        return replace(super().ask(number, rng, running), number=number + 1)


class CountsQuestions(Broken):
    def ask(self, number: int, rng: Random, running: Sequence[Proposal]) -> Proposal:
        self.asked += 1
        return replace(super().ask(number, rng, running), note={"asked": self.asked})


class RemembersWhatItAsked(Broken):
    def ask(self, number: int, rng: Random, running: Sequence[Proposal]) -> Proposal:
        self.asked = max(self.asked, number) if number <= 60 else self.asked
        return replace(super().ask(number, rng, running), note={"asked": self.asked})


class UsesTheGlobalGenerator(Broken):
    def ask(self, number: int, rng: Random, running: Sequence[Proposal]) -> Proposal:
        random.random()
        return super().ask(number, rng, running)


class SeedsTorch(Broken):
    def tell(self, trial: Trial) -> None:
        torch.manual_seed(0)


class NotesNaN(Broken):
    def ask(self, number: int, rng: Random, running: Sequence[Proposal]) -> Proposal:
        return replace(super().ask(number, rng, running), note={"loss": float("nan")})


class LeavesTheSpace(Broken):
    def ask(self, number: int, rng: Random, running: Sequence[Proposal]) -> Proposal:
        return Proposal(number, Architecture.of("toy", {"kernel_1": 2}))


class NeedsAScore(Broken):
    def tell(self, trial: Trial) -> None:
        assert trial.score is not None, "a score was needed"


@pytest.mark.parametrize(
    ("broken", "complaint"),
    [
        (Renumbers, "numbered 2"),
        (CountsQuestions, "ask changes"),
        (RemembersWhatItAsked, "replaying"),
        (UsesTheGlobalGenerator, "global generator of random"),
        (SeedsTorch, "global generator of torch"),
        (NotesNaN, "without NaN"),
        (LeavesTheSpace, "not in the space"),
        (NeedsAScore, "a score was needed"),
    ],
)
def test_a_broken_strategy_is_named(broken: type[Broken], complaint: str) -> None:
    torch.rand(1)  # so that the global generator is away from any seed
    with pytest.raises(AssertionError, match=complaint):
        check_strategy(broken)


class SpaceBase:
    """The toy space until a subclass breaks something. At module level, for pickle."""

    name, choices, default_size = "toy", TOY_SPACE.choices, TOY_SPACE.default_size

    def canonical(self, architecture: Architecture) -> Architecture:
        return TOY_SPACE.canonical(architecture)

    def build(self, architecture: Architecture, size: Size, task: Task) -> "nn.Module":
        return TOY_SPACE.build(architecture, size, task)


class CanonicalDrifts(SpaceBase):
    def canonical(self, architecture: Architecture) -> Architecture:
        kernels: dict[Any, int] = {1: 3, 3: 5, 5: 5}
        return Architecture.of("toy", {**architecture.genes, "kernel_1": kernels[architecture.genes["kernel_1"]]})


class CanonicalLies(SpaceBase):
    def canonical(self, architecture: Architecture) -> Architecture:
        return Architecture.of("toy", {**architecture.genes, "filters": 4})


class DeadParameter(SpaceBase):
    def build(self, architecture: Architecture, size: Size, task: Task) -> "nn.Module":
        model = super().build(architecture, size, task)
        model.register_parameter("forgotten", torch.nn.Parameter(torch.zeros(3)))
        return model


class WrongClasses(SpaceBase):
    def build(self, architecture: Architecture, size: Size, task: Task) -> "nn.Module":
        return super().build(architecture, size, replace(task, num_classes=7))


@pytest.mark.parametrize(
    ("broken", "complaint"),
    [
        (CanonicalDrifts, "not idempotent"),
        (CanonicalLies, "in its canonical form"),
        (DeadParameter, "dead parameters.*forgotten"),
        (WrongClasses, r"\(8, 7\)"),
    ],
)
def test_a_broken_space_is_named(broken: type[SpaceBase], complaint: str) -> None:
    with pytest.raises(AssertionError, match=complaint):
        check_space(broken(), task=Task(image_size=8))


class Worth:
    """A made-up evaluator."""

    def __call__(self, job: Job, report: Report) -> Metrics:
        assert job.architecture is not None
        metrics = {"val_accuracy": additive_score(job.architecture)}
        report(1, metrics)
        return metrics

    def check(self) -> None: ...

    def task(self) -> Task:
        return Task(10, 8, 1)


class OlderForm(Worth):
    """As nasbench 0.1.0 called it."""

    def __call__(self, proposal: Proposal, spec: ModelSpec, seed: int, report: Report) -> Metrics:  # type: ignore[override]
        assert (spec.architecture, seed) == (proposal.architecture, 1)
        return super().__call__(proposal, report)  # type: ignore[arg-type]


class Counts(Worth):
    def __init__(self, calls: int = 0) -> None:
        self.calls = calls

    def __call__(self, job: Job, report: Report) -> Metrics:
        self.calls += 1
        return {"calls": self.calls}

    def __reduce__(self) -> tuple[Any, ...]:
        return Counts, (self.calls + 1,)


class Infinite(Worth):
    def __call__(self, job: Job, report: Report) -> Metrics:
        return {"val_loss": float("inf")}


class ReportsTooMuch(Worth):
    def __call__(self, job: Job, report: Report) -> Metrics:
        report(job.epochs + 1, {})
        return {}


class PromisesMore(Worth):
    def metrics(self) -> Sequence[str]:
        return ("val_accuracy", "latency")


class SeedsTheGlobalGenerator(Worth):
    def __call__(self, job: Job, report: Report) -> Metrics:
        torch.manual_seed(job.seed)
        return super().__call__(job, report)


@pytest.mark.parametrize("kind", [Worth, OlderForm])
def test_an_evaluator_keeps_the_contract(kind: type[Worth]) -> None:
    check_evaluator(kind(), ToySpace())


@pytest.mark.parametrize(
    ("broken", "complaint"),
    [
        (Counts, "pickled copy"),
        (Infinite, "NaN|finite"),
        (ReportsTooMuch, "epochs reported"),
        (PromisesMore, "latency"),
        (SeedsTheGlobalGenerator, "global generator of torch"),
    ],
)
def test_a_broken_evaluator_is_named(broken: type[Worth], complaint: str) -> None:
    torch.rand(1)
    with pytest.raises(AssertionError, match=complaint):
        check_evaluator(broken(), ToySpace())
