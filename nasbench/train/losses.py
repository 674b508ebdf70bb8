"""Losses of a recipe: what a training minimises.

Your own loss is a function or a class.

    function   called with (logits, labels) first, then by name with what else it asks for
    class      built with what its constructor asks for; its object is called with (logits, labels)

What can be asked for by name is any field of the recipe, or `recipe` itself. `logits` are float32 (B, C). `labels` are
int64 (B), or float32 (B, C) shares of classes if the recipe mixes images (mixup, CutMix). The result is one number, the
mean over the batch. Validation reports cross-entropy whatever the loss is, so that recipes can be compared.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from nasbench.core.errors import UsageError
from nasbench.core.options import call_with_options, named_arguments
from nasbench.core.recipe import Recipe, offered_values
from nasbench.core.registry import losses

Loss = Callable[[Tensor, Tensor], Tensor]
"""(logits, labels) -> the loss, a tensor of one number."""


@losses.register("cross_entropy")
def cross_entropy(logits: Tensor, labels: Tensor, label_smoothing: float) -> Tensor:
    """Cross-entropy of the softmax, in nats."""
    return F.cross_entropy(logits, labels, label_smoothing=label_smoothing)


def make_loss(recipe: Recipe, device: torch.device) -> Loss:
    """The recipe's loss; if it is a module, its buffers are on `device`."""
    return build_loss(losses.get(recipe.loss), recipe, device)


def build_loss(part: Any, recipe: Recipe, device: torch.device) -> Loss:
    """The loss of `part`, which `recipe` names: bound to the recipe's values, with a check of what it returns."""
    name, offered = f"loss {recipe.loss!r}", offered_values(recipe)
    made = call_with_options(part, name, None, offered=offered) if isinstance(part, type) else part
    if isinstance(made, nn.Module):
        made.to(device)
    function = partial(made, **named_arguments(made, name, None, 2, {} if made is not part else offered))

    def checked(logits: Tensor, labels: Tensor) -> Tensor:
        loss = function(logits, labels)
        if not isinstance(loss, Tensor) or loss.dim() > 0:
            what = f"a tensor of shape {tuple(loss.shape)}" if isinstance(loss, Tensor) else f"a {type(loss).__name__}"
            raise UsageError(f"{name} gave {what}; it must return a tensor of one number, the mean over the batch")
        return loss

    return checked
