"""The groups of parameters that an optimiser gets, and the optimiser that a recipe names.

Your own optimiser is a class or a function. It gets the groups first, then by name what it asks for: `lr` (the recipe's
`lr_peak`), any field of the recipe, or `recipe` itself. It returns a `torch.optim.Optimizer`. So the classes of
`torch.optim` can be used as they are: optimizer="torch.optim:NAdam".
"""

from collections.abc import Container, Sequence
from typing import Any

from torch import nn, optim

from nasbench.core.errors import UsageError
from nasbench.core.options import call_with_options
from nasbench.core.recipe import Recipe, offered_values
from nasbench.core.registry import optimizers

SLOW_RATE = 0.1
"""Of the recipe's rate: that of what was carried over from an earlier training."""


def make_optimizer(
    model: nn.Module, recipe: Recipe, slow: Container[str] = (), slow_rate: float = SLOW_RATE
) -> optim.Optimizer:
    """The recipe's optimiser over the trainable parameters of `model`.

    Parameters named in `slow` learn at `slow_rate` times the rate: `set_rate` multiplies by each group's `lr_scale`.
    UsageError if every parameter is frozen, or if the part that the recipe names does not return an optimiser.
    """
    groups = [
        group for scale in (1.0, slow_rate) for group in _groups(_named(model, slow, scale != 1.0), recipe, scale)
    ]
    if not groups:
        raise UsageError("no parameter is left to train: everything is frozen")
    return build_optimizer(optimizers.get(recipe.optimizer), recipe, groups)


def build_optimizer(part: Any, recipe: Recipe, groups: list[dict[str, Any]]) -> optim.Optimizer:
    """Calls `part`, which `recipe` names as its optimiser, with `groups` and the recipe's values that it asks for."""
    name = f"optimizer {recipe.optimizer!r}"
    made = call_with_options(part, name, None, groups, offered={**offered_values(recipe), "lr": recipe.lr_peak})
    if not isinstance(made, optim.Optimizer):
        raise UsageError(f"{name} gave a {type(made).__name__}; it must return a torch.optim.Optimizer over its groups")
    return made


def set_rate(optimizer: optim.Optimizer, rate: float) -> None:
    """Sets the learning rate of every group to `rate` times the group's `lr_scale`."""
    for group in optimizer.param_groups:
        group["lr"] = rate * group["lr_scale"]


def _named(model: nn.Module, slow: Container[str], wanted: bool) -> list[nn.Parameter]:
    return [p for name, p in model.named_parameters() if p.requires_grad and (name in slow) == wanted]


def _groups(parameters: Sequence[nn.Parameter], recipe: Recipe, scale: float) -> list[dict[str, Any]]:
    if recipe.decay_norm_and_bias:
        split: list[tuple[list[nn.Parameter], float]] = [(list(parameters), recipe.weight_decay)]
    else:  # biases, and the scales and shifts of normalisations, have one dimension
        split = [
            ([p for p in parameters if p.dim() > 1], recipe.weight_decay),
            ([p for p in parameters if p.dim() <= 1], 0.0),
        ]
    return [{"params": each, "weight_decay": decay, "lr_scale": scale} for each, decay in split if each]
