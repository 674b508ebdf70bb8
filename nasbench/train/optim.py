"""Optimisers and learning rates as a recipe states them. The learning rate is a pure function of the step."""

from math import cos, pi

from torch import nn, optim

from nasbench.core.errors import UsageError
from nasbench.core.recipe import Recipe

ONE_CYCLE_WARMUP_SHARE = 0.3
"""Of all steps, where the recipe gives no warm-up; and ONE_CYCLE_START of the peak is where it starts: as PyTorch's OneCycleLR."""
ONE_CYCLE_START = 1 / 25

RMSPROP_DECAY = 0.9
RMSPROP_EPSILON = 1e-3
"""The decay of NASNet's and EfficientNet's ImageNet trainings, the epsilon of the latter (Tan and Le 2019, released code)."""


def make_optimizer(model: nn.Module, recipe: Recipe) -> optim.Optimizer:
    """The recipe's optimiser over the trainable parameters. SGD and RMSProp decay by an L2 term in the gradient, AdamW apart from it."""
    groups = _groups(model, recipe)
    if recipe.optimizer == "sgd":
        return optim.SGD(groups, recipe.lr_peak, momentum=recipe.momentum, nesterov=recipe.nesterov)
    if recipe.optimizer == "rmsprop":
        return optim.RMSprop(groups, recipe.lr_peak, alpha=RMSPROP_DECAY, eps=RMSPROP_EPSILON, momentum=recipe.momentum)
    if recipe.optimizer == "adamw":
        return optim.AdamW(groups, recipe.lr_peak)
    raise UsageError(f"recipe {recipe.name!r} names the optimizer {recipe.optimizer!r}; there are: sgd, rmsprop, adamw")


def learning_rate(recipe: Recipe, step: int, steps_per_epoch: int, epochs: int) -> float:
    """The rate of step `step`, counted from 0, of a training of `epochs` epochs.

    Warm-up rises in equal parts to the peak, reached in its last step. After it, with t in [0, 1) the share of the other steps done:
    cosine is final + (peak - final) (1 + cos(pi t)) / 2 (Loshchilov and Hutter 2017); one_cycle is the same after a rise from
    a 25th of the peak over the warm-up (30 % of all steps where the recipe has none); steps multiplies by `lr_gamma` at each
    of `lr_milestones`, given as shares of the whole training in (0, 1); constant stays at the peak.
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
        return float(recipe.lr_peak * recipe.lr_gamma ** sum(step >= milestone * total for milestone in recipe.lr_milestones))
    if recipe.lr_schedule == "constant":
        return recipe.lr_peak
    raise UsageError(f"recipe {recipe.name!r} names the schedule {recipe.lr_schedule!r}; there are: cosine, one_cycle, steps, constant")


def _groups(model: nn.Module, recipe: Recipe) -> list[dict[str, object]]:
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    if recipe.decay_norm_and_bias:
        return [{"params": parameters, "weight_decay": recipe.weight_decay}]
    groups: list[dict[str, object]] = [
        {"params": [p for p in parameters if p.dim() > 1], "weight_decay": recipe.weight_decay},
        {"params": [p for p in parameters if p.dim() <= 1], "weight_decay": 0.0},  # biases, and scales and shifts of norms
    ]
    return [group for group in groups if group["params"]]
