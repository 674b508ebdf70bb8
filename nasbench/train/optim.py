"""Optimisers and learning rates as a recipe states them. The learning rate is a pure function of the step."""

from collections.abc import Container, Sequence
from math import cos, pi

from torch import nn, optim

from nasbench.core.errors import UsageError
from nasbench.core.recipe import Recipe
from nasbench.train.rmsprop import RMSProp

ONE_CYCLE_WARMUP_SHARE = 0.3
"""Of all steps, where the recipe gives no warm-up; and ONE_CYCLE_START of the peak is where it starts: as PyTorch's
OneCycleLR.
"""
ONE_CYCLE_START = 1 / 25

RMSPROP_DECAY = 0.9
"""Of NASNet's, AmoebaNet's and EfficientNet's ImageNet trainings."""


def make_optimizer(
    model: nn.Module, recipe: Recipe, slow: Container[str] = (), slow_rate: float = 0.1
) -> optim.Optimizer:
    """The recipe's optimiser over the trainable parameters. SGD and RMSProp decay by an L2 term in the gradient, AdamW
    apart from it.

    Parameters named in `slow` learn at `slow_rate` times the rate: each group's `lr_scale` says by what its rate is
    multiplied.
    """
    groups = [
        group for scale in (1.0, slow_rate) for group in _groups(_named(model, slow, scale != 1.0), recipe, scale)
    ]
    if not groups:
        raise UsageError("no parameter is left to train: everything is frozen")
    if recipe.optimizer == "sgd":
        return optim.SGD(groups, recipe.lr_peak, momentum=recipe.momentum, nesterov=recipe.nesterov)
    if recipe.optimizer == "rmsprop":
        return RMSProp(groups, recipe.lr_peak, decay=RMSPROP_DECAY, eps=recipe.rmsprop_eps, momentum=recipe.momentum)
    if recipe.optimizer == "adamw":
        return optim.AdamW(groups, recipe.lr_peak)
    raise UsageError(f"recipe {recipe.name!r} names the optimizer {recipe.optimizer!r}; there are: sgd, rmsprop, adamw")


def learning_rate(recipe: Recipe, step: int, steps_per_epoch: int, epochs: int) -> float:
    """The rate of step `step`, counted from 0, of a training of `epochs` epochs.

    Warm-up rises in equal parts to the peak, reached in its last step. After it, with t in [0, 1) the share of the
    other steps done: cosine is final + (peak - final) (1 + cos(pi t)) / 2 (Loshchilov and Hutter 2017); one_cycle is
    the same after a rise from a 25th of the peak over the warm-up (30 % of all steps where the recipe has none); steps
    multiplies by `lr_gamma` at each of `lr_milestones`, given as shares of the whole training in (0, 1); exponential
    multiplies by `lr_gamma` once every `lr_decay_epochs` epochs, in stairs counted from the first step; constant stays
    at the peak.
    """
    total = steps_per_epoch * epochs
    warmup = round(recipe.warmup_epochs * steps_per_epoch)
    if recipe.lr_schedule == "one_cycle" and warmup == 0:
        warmup = round(ONE_CYCLE_WARMUP_SHARE * total)
    warmup = min(warmup, total)
    if step < warmup:
        start = ONE_CYCLE_START if recipe.lr_schedule == "one_cycle" else 0.0
        return recipe.lr_peak * (start + (1.0 - start) * (step + 1) / warmup)
    if recipe.lr_schedule in ("cosine", "one_cycle"):
        t = (step - warmup) / max(1, total - warmup)
        return recipe.lr_final + (recipe.lr_peak - recipe.lr_final) * (1.0 + cos(pi * t)) / 2.0
    if recipe.lr_schedule == "steps":
        return float(
            recipe.lr_peak * recipe.lr_gamma ** sum(step >= milestone * total for milestone in recipe.lr_milestones)
        )
    if recipe.lr_schedule == "exponential":
        return float(recipe.lr_peak * recipe.lr_gamma ** (step // (recipe.lr_decay_epochs * steps_per_epoch)))
    if recipe.lr_schedule == "constant":
        return recipe.lr_peak
    raise UsageError(
        f"recipe {recipe.name!r} names the schedule {recipe.lr_schedule!r}; there are: cosine, one_cycle, steps, "
        "exponential, constant"
    )


def set_rate(optimizer: optim.Optimizer, rate: float) -> None:
    """Sets the learning rate of every group to its share of `rate`."""
    for group in optimizer.param_groups:
        group["lr"] = rate * group["lr_scale"]


def _named(model: nn.Module, slow: Container[str], wanted: bool) -> list[nn.Parameter]:
    return [p for name, p in model.named_parameters() if p.requires_grad and (name in slow) == wanted]


def _groups(parameters: Sequence[nn.Parameter], recipe: Recipe, scale: float) -> list[dict[str, object]]:
    if recipe.decay_norm_and_bias:
        split: list[tuple[list[nn.Parameter], float]] = [(list(parameters), recipe.weight_decay)]
    else:  # not of biases, and of scales and shifts of norms
        split = [
            ([p for p in parameters if p.dim() > 1], recipe.weight_decay),
            ([p for p in parameters if p.dim() <= 1], 0.0),
        ]
    return [{"params": each, "weight_decay": decay, "lr_scale": scale} for each, decay in split if each]
