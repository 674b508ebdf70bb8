"""RMSProp as TensorFlow defines it. The published rates and epsilons of NASNet, AmoebaNet and EfficientNet assume it.

PyTorch divides by sqrt(mean square) + epsilon. TensorFlow divides by sqrt(mean square + epsilon), and its mean square
starts at 1. With the published epsilons, 1 and 0.001, these are different optimisers.
"""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer


class RMSProp(Optimizer):
    """mean_square <- decay * mean_square + (1 - decay) * g^2; velocity <- momentum * velocity + lr * g /
    sqrt(mean_square + eps); weights <- weights - velocity. g is the gradient plus `weight_decay` times the weights."""

    def __init__(
        self,
        params: Iterable[dict[str, Any]] | Iterable[Tensor],
        lr: float,
        decay: float = 0.9,
        momentum: float = 0.9,
        eps: float = 1e-3,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(
            params, {"lr": lr, "decay": decay, "momentum": momentum, "eps": eps, "weight_decay": weight_decay}
        )

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            weights = [weight for weight in group["params"] if weight.grad is not None]
            if not weights:
                continue
            for weight in weights:
                if not self.state[weight]:
                    self.state[weight] = {"mean_square": torch.ones_like(weight), "velocity": torch.zeros_like(weight)}
            mean_squares = [self.state[weight]["mean_square"] for weight in weights]
            velocities = [self.state[weight]["velocity"] for weight in weights]
            gradients = [weight.grad for weight in weights]
            if group["weight_decay"]:
                gradients = list(torch._foreach_add(gradients, weights, alpha=group["weight_decay"]))
            torch._foreach_mul_(mean_squares, group["decay"])
            torch._foreach_addcmul_(mean_squares, gradients, gradients, 1.0 - group["decay"])
            roots = torch._foreach_add(mean_squares, group["eps"])
            torch._foreach_sqrt_(roots)
            torch._foreach_mul_(velocities, group["momentum"])
            torch._foreach_add_(velocities, torch._foreach_div(gradients, roots), alpha=group["lr"])
            torch._foreach_sub_(weights, velocities)
        return loss
