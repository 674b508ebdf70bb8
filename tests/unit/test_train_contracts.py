"""The suites accept the built-in parts and the examples, and name what breaks a contract."""

from dataclasses import replace
from math import nan
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F
from torch.optim import SGD, Adam, Optimizer

import zoo
from nasbench.core.registry import losses, optimizers, recipes, schedules
from nasbench.testing import check_loss, check_optimizer, check_schedule
from nasbench.train.datasets import resolve_dataset
from nasbench.train.trainer import fit

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _examples_are_importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT))


@pytest.mark.parametrize("name", ["cross_entropy", "examples.focal_loss:FocalLoss"])
def test_losses_keep_their_contract(name: str) -> None:
    check_loss(losses.get(name))


@pytest.mark.parametrize("name", ["sgd", "rmsprop", "adamw", "examples.lion_optimizer:Lion", "torch.optim:NAdam"])
def test_optimizers_keep_their_contract(name: str) -> None:
    check_optimizer(optimizers.get(name))


@pytest.mark.parametrize(
    "name", ["cosine", "one_cycle", "steps", "exponential", "constant", "examples.polynomial_schedule:polynomial"]
)
def test_schedules_keep_their_contract(name: str) -> None:
    check_schedule(schedules.get(name))


def detached(logits: Tensor, labels: Tensor) -> Tensor:
    return F.cross_entropy(logits.detach(), labels)


def flat(logits: Tensor, labels: Tensor) -> Tensor:
    return logits.sum() * 0.0


def per_image(logits: Tensor, labels: Tensor) -> Tensor:
    return F.cross_entropy(logits, labels, reduction="none")


def overflowing(logits: Tensor, labels: Tensor) -> Tensor:
    p = logits.exp() / logits.exp().sum(dim=1, keepdim=True)
    shares = labels if labels.dim() == 2 else F.one_hot(labels, logits.shape[1])
    return -(shares * p.log()).sum(dim=1).mean()


def in_place(logits: Tensor, labels: Tensor) -> Tensor:
    loss = F.cross_entropy(logits * 1.0, labels)
    labels.zero_()
    return loss


def backwards(logits: Tensor, labels: Tensor) -> Tensor:
    class Turned(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Tensor) -> Tensor:
            return x.clone()

        @staticmethod
        def backward(ctx: Any, gradient: Tensor) -> Tensor:
            return -gradient

    return F.cross_entropy(Turned.apply(logits), labels)


def doubled_for_shares(logits: Tensor, labels: Tensor) -> Tensor:
    scale = 2.0 if labels.dim() == 2 else 1.0
    return scale * F.cross_entropy(logits, labels)


@pytest.mark.parametrize(
    ("loss", "words"),
    [
        (detached, "has no gradient"),
        (flat, "no gradient reaches"),
        (per_image, r"a tensor of shape \(16,\)"),
        (overflowing, "nan for certain"),
        (in_place, "in place"),
        (backwards, "does not fall"),
        (doubled_for_shares, "shares of one class alone"),
    ],
)
def test_a_broken_loss_is_named(loss: Any, words: str) -> None:
    with pytest.raises(AssertionError, match=words):
        check_loss(loss)


def test_a_loss_of_numbers_alone_passes_without_mixed_labels() -> None:
    check_loss(lambda logits, labels: F.nll_loss(logits.log_softmax(dim=1), labels), mixed=False)


class FirstGroupAlone(SGD):
    def step(self, closure: Any = None) -> Any:
        groups, self.param_groups = self.param_groups, self.param_groups[:1]
        super().step()
        self.param_groups = groups


class FirstRate(Optimizer):
    def __init__(self, groups: Any, lr: float) -> None:
        super().__init__(groups, {"lr": lr})
        self.rate = lr

    def step(self, closure: Any = None) -> None:
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is not None:
                    weight.data.sub_(weight.grad, alpha=self.rate)


class HiddenState(FirstRate):
    def __init__(self, groups: Any, lr: float) -> None:
        super().__init__(groups, lr)
        self.velocity: dict[int, Tensor] = {}

    def step(self, closure: Any = None) -> None:
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is not None:
                    velocity = (
                        self.velocity.setdefault(id(weight), torch.zeros_like(weight)).mul_(0.9).add_(weight.grad)
                    )
                    weight.data.sub_(velocity, alpha=group["lr"])


def ascending(groups: Any, lr: float) -> Optimizer:
    return SGD(groups, lr, maximize=True)


def regrouped(groups: Any, lr: float) -> Optimizer:
    return Adam([weight for group in groups for weight in group["params"]], lr)


def losing_one(groups: Any, lr: float) -> Optimizer:
    return Adam(groups[1:], lr)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (FirstGroupAlone, "parameter 1 has a gradient, but"),
        (FirstRate, "moves at rate 0"),
        (HiddenState, "state_dict.. lacks something"),
        (ascending, "does not fall"),
        (regrouped, "lost its lr_scale"),
        (losing_one, "does not hold every parameter"),
    ],
)
def test_a_broken_optimizer_is_named(make: Any, words: str) -> None:
    with pytest.raises(AssertionError, match=words):
        check_optimizer(make)


class Counting:
    def __init__(self) -> None:
        self.calls = 0

    def __call__(self) -> float:
        self.calls += 1
        return 0.1 / self.calls


@pytest.mark.parametrize(
    ("schedule", "words"),
    [
        (lambda step: 0.1 - 0.01 * step, "the rate -.* at step"),
        (lambda step: nan if step else 0.1, "the rate nan at step 1"),
        (lambda: 0.0, "every rate is 0"),
        (lambda step: None, "the rate None"),
        (Counting, "depends on earlier calls"),
    ],
)
def test_a_broken_schedule_is_named(schedule: Any, words: str) -> None:
    with pytest.raises(AssertionError, match=words):
        check_schedule(schedule)


@pytest.mark.parametrize("module", ["focal_loss:FOCAL", "lion_optimizer:LION", "polynomial_schedule:POLYNOMIAL"])
def test_the_recipes_of_the_examples_train(module: str) -> None:
    recipe = replace(recipes.get(f"examples.{module}"), epochs=2)
    data = replace(resolve_dataset("digits").load(None, None, False), image_size=32)
    torch.manual_seed(0)
    metrics = fit(zoo.create("lenet5", 10, 32, 1), data, recipe, seed=0, device=torch.device("cpu"))
    assert metrics["val_accuracy"] > 0.5
