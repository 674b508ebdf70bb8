"""Contract suites for losses, optimisers and schedules, for the tests of this package and of any plug-in.

Each `check_*` takes the part as a recipe would name it, a function or a class, and raises AssertionError with one
sentence on what is broken:

    def test_my_loss() -> None:
        check_loss(MyLoss)
"""

from copy import deepcopy
from dataclasses import replace
from io import BytesIO
from math import isfinite
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.optim import Optimizer

from nasbench.core.errors import UsageError
from nasbench.core.recipe import Recipe
from nasbench.train.losses import build_loss
from nasbench.train.optimizers.groups import build_optimizer, set_rate
from nasbench.train.schedules import build_schedule

RECIPE = Recipe("contract", 1, epochs=4, batch_size=8, lr_peak=0.01, lr_milestones=(0.5,), weight_decay=0.01)
CLASSES = 5
STEPS_PER_EPOCH = 10
HEARD = ("train_loss", "val_loss", "val_accuracy", "val_top5")
"""What a training tells a schedule that hears, after each epoch."""


def check_loss(loss: Any, recipe: Recipe = RECIPE, mixed: bool = True) -> None:
    """That a training can minimise `loss`.

    The loss and its gradient are finite, for certain and for uncertain logits and for a batch of one image; the loss
    falls along its gradient; the logits and labels stay as they are. With `mixed`, labels may be float32 (B, C) shares
    of classes, and shares of one class alone give the same loss as its number.
    """
    made = build_loss(loss, replace(recipe, loss="checked"), torch.device("cpu"))
    generator = torch.Generator().manual_seed(0)
    labels = torch.randint(CLASSES, (16,), generator=generator)  # (B)
    shares = functional.one_hot(labels, CLASSES).float()  # (B, C)
    logits = torch.randn(16, CLASSES, generator=generator)  # (B, C)
    for case, scores in (("usual", logits), ("certain", logits * 30.0), ("equal", logits * 0.0), ("one", logits[:1])):
        _loss_and_gradient(made, scores, labels[: len(scores)], case)
        if mixed:
            targets = 0.7 * shares[: len(scores)] + 0.3 * shares.flip(0)[: len(scores)]
            _loss_and_gradient(made, scores, targets, f"{case}, with mixed labels")
    before, gradient = _loss_and_gradient(made, logits, labels, "usual")
    _require(bool(gradient.any()), "no gradient reaches the logits: it is zero everywhere")
    after, _ = _loss_and_gradient(made, logits - 0.01 * gradient / gradient.norm(), labels, "usual")
    _require(after < before, f"the loss does not fall along its gradient: {before} before, {after} after a small step")
    if mixed:
        of_shares, _ = _loss_and_gradient(made, logits, shares, "shares of one class")
        close = abs(of_shares - before) <= 1e-4 * max(1.0, abs(before))
        _require(close, f"shares of one class alone give {of_shares}, the number of the class gives {before}")


def check_optimizer(make: Any, recipe: Recipe = RECIPE) -> None:
    """That a training can use `make`, a class or function of groups of parameters.

    It keeps every group and parameter; it moves each parameter that has a gradient and no other; it obeys the rate of
    each group at each step; a loss falls under it; and after its state was saved and loaded it goes on exactly.
    """
    recipe = replace(recipe, optimizer="checked")
    weights = _weights()
    optimizer = build_optimizer(make, recipe, _groups(weights))
    kept = [id(weight) for group in optimizer.param_groups for weight in group["params"]]
    _require(sorted(kept) == sorted(map(id, weights)), "the optimizer does not hold every parameter that it got once")
    scales = [group.get("lr_scale") for group in optimizer.param_groups]
    _require(None not in scales, "a group has lost its lr_scale: give PyTorch's Optimizer the groups as they are")

    before = [weight.detach().clone() for weight in weights]
    first = _losses(optimizer, weights, recipe.lr_peak, steps=30)
    for index, (weight, old) in enumerate(zip(weights[:-1], before, strict=False)):
        _require(bool(weight.isfinite().all()), f"parameter {index} is not finite after 30 steps")
        _require(not torch.equal(weight, old), f"parameter {index} has a gradient, but 30 steps do not move it")
    _require(torch.equal(weights[-1], before[-1]), "a parameter without a gradient moves")
    _require(first[-1] < first[0], f"the loss does not fall in 30 steps: {first[0]} before, {first[-1]} after")

    for still in range(len(optimizer.param_groups)):
        weights = _weights()
        optimizer = build_optimizer(make, recipe, _groups(weights))
        groups = optimizer.param_groups
        groups[still]["lr_scale"] = 0.0
        before = [weight.detach().clone() for weight in groups[still]["params"]]
        _losses(optimizer, weights, recipe.lr_peak, steps=3)
        same = all(torch.equal(weight, old) for weight, old in zip(groups[still]["params"], before, strict=True))
        _require(same, f"group {still} moves at rate 0: step() must read each group's own 'lr', which changes")
    _check_state(make, recipe)


def check_schedule(schedule: Any, recipe: Recipe = RECIPE) -> None:
    """That `schedule` gives a rate for every step: finite, from 0 on, not always 0, and the same at each call. One that
    hears what the network reaches goes on exactly after its state was saved and loaded.

    Trainings of one step, of the recipe's epochs, and of other numbers of epochs, with a warm-up and without.
    """
    for warmup, epochs, steps_per_epoch in ((0, recipe.epochs, STEPS_PER_EPOCH), (1, 3, 7), (0, 1, 1), (2, 1, 1)):
        where = f"in a training of {epochs} epochs of {steps_per_epoch} steps, {warmup} epochs of warm-up"
        made = build_schedule(schedule, replace(recipe, lr_schedule="checked", warmup_epochs=warmup))
        try:
            rates = [made(step, steps_per_epoch, epochs) for step in range(epochs * steps_per_epoch)]
            backwards = [made(step, steps_per_epoch, epochs) for step in reversed(range(epochs * steps_per_epoch))]
        except UsageError as error:
            raise AssertionError(f"{error}, {where}") from error
        _require(any(rates), f"every rate is 0, {where}")
        _require(rates == backwards[::-1], f"the rate of a step depends on earlier calls, {where}")
    _check_hearing(schedule, replace(recipe, lr_schedule="checked"))


def _check_hearing(schedule: Any, recipe: Recipe) -> None:
    """Of a schedule that hears metrics: that its state, saved and loaded, gives the same rates from then on."""
    told, resumed = (build_schedule(schedule, recipe) for _ in range(2))
    if told.hears is None or resumed.hears is None:
        return
    heard = [dict.fromkeys(HEARD, 1.0 / (1 + epoch // 4)) for epoch in range(40)]
    for epoch, metrics in enumerate(heard):
        told.hears.hear(metrics)
        if epoch == len(heard) // 2:
            file = BytesIO()
            torch.save(told.hears.state(), file)
            file.seek(0)
            resumed.hears.restore(torch.load(file, weights_only=True))
        elif epoch > len(heard) // 2:
            resumed.hears.hear(metrics)
            rates = [one(epoch * STEPS_PER_EPOCH, STEPS_PER_EPOCH, len(heard)) for one in (told, resumed)]
            _require(rates[0] == rates[1], f"after restore(state()) the rates differ, in epoch {epoch}: {rates}")


def _loss_and_gradient(loss: Any, logits: Tensor, labels: Tensor, case: str) -> tuple[float, Tensor]:
    """The loss and its gradient with respect to `logits`, (B, C)."""
    leaf = logits.clone().requires_grad_()
    held, kept = leaf * 1.0, labels.clone()
    shown = held.detach().clone()
    try:
        value = loss(held, labels)
    except UsageError as error:
        raise AssertionError(str(error)) from error
    _require(isfinite(value.item()), f"the loss is {value.item()} for {case} logits")
    _require(value.requires_grad, "the loss has no gradient: it is cut off from the logits")
    _require(torch.equal(held, shown) and torch.equal(labels, kept), "the loss changes its logits or labels in place")
    value.backward()
    gradient = torch.zeros_like(logits) if leaf.grad is None else leaf.grad
    _require(bool(gradient.isfinite().all()), f"the gradient is not finite for {case} logits")
    return value.item(), gradient


def _weights() -> list[nn.Parameter]:
    """Two parameters of each group, and at the end one that never has a gradient."""
    generator = torch.Generator().manual_seed(0)
    return [nn.Parameter(torch.randn(shape, generator=generator)) for shape in ((3, 2), (4, 3), (3,), (2,), (2,))]


def _groups(weights: list[nn.Parameter]) -> list[dict[str, Any]]:
    """As the trainer groups parameters: those that decay, those that do not, and slow ones."""
    return [
        {"params": weights[:1], "weight_decay": RECIPE.weight_decay, "lr_scale": 1.0},
        {"params": weights[1:2], "weight_decay": RECIPE.weight_decay, "lr_scale": 0.1},
        {"params": weights[2:], "weight_decay": 0.0, "lr_scale": 1.0},
    ]


def _losses(optimizer: Optimizer, weights: list[nn.Parameter], rate: float, steps: int) -> list[float]:
    """The loss before each step: how far the weights are from 3, squared. The rate falls by steps."""
    found = []
    for step in range(steps):
        set_rate(optimizer, rate / (1 + step // 10))
        optimizer.zero_grad()
        loss = torch.stack([(weight - 3.0).square().sum() for weight in weights[:-1]]).sum()
        loss.backward()
        optimizer.step()
        found.append(loss.item())
    return found


def _check_state(make: Any, recipe: Recipe) -> None:
    weights = _weights()
    optimizer = build_optimizer(make, recipe, _groups(weights))
    _losses(optimizer, weights, recipe.lr_peak, steps=5)
    twins = [nn.Parameter(weight.detach().clone()) for weight in weights]
    file = BytesIO()
    torch.save(deepcopy(optimizer.state_dict()), file)
    file.seek(0)
    try:
        state = torch.load(file, weights_only=True)
    except Exception as error:  # torch.load raises whatever its parsers do
        raise AssertionError(f"state_dict() must hold tensors and numbers alone, as checkpoints do: {error}") from error
    resumed = build_optimizer(make, recipe, _groups(twins))
    resumed.load_state_dict(state)
    _losses(optimizer, weights, recipe.lr_peak, steps=5)
    _losses(resumed, twins, recipe.lr_peak, steps=5)
    same = all(torch.equal(weight, twin) for weight, twin in zip(weights, twins, strict=True))
    _require(
        same, "after its state was saved and loaded the optimizer goes on differently: state_dict() lacks something"
    )


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise AssertionError(message)
