"""Muon: the momentum of each convolution's filters is made orthogonal before it is subtracted.

Jordan et al. 2024 (github.com/KellerJordan/Muon), in the form of airbench94_muon (github.com/KellerJordan/
cifar10-airbench): three steps of a Newton-Schulz iteration, and the norm of a layer's filters is set back to the square
root of their number before each update, since a normalisation follows them.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

COEFFICIENTS = (3.4445, -4.7750, 2.0315)
"""Of the quintic that brings singular values near 1."""

STEPS = 3
"""Of the iteration, as in airbench94_muon."""

REST_RATE, REST_MOMENTUM = 0.4, 0.85
"""What is no filter (heads, biases, scales) is trained by Nesterov's momentum, at this share of the filters' rate.

airbench's own rates belong to a sum over the batch and to its divided logits: here 0.24 goes with about 0.1.
"""


class Muon(Optimizer):
    """velocity <- momentum * velocity + g; weights <- weights - lr * orthogonal(g + momentum * velocity).

    For parameters with four dimensions, each seen as a matrix (output channels, the rest). All others get plain
    Nesterov momentum, REST_MOMENTUM, at REST_RATE times the rate. `weight_decay` is an L2 penalty on those others.
    """

    def __init__(self, params: list[dict[str, Any]], lr: float, momentum: float = 0.6) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum, "weight_decay": 0.0})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is not None:
                    self._update(weight, weight.grad, group)
        return loss

    def _update(self, weight: Tensor, gradient: Tensor, group: dict[str, Any]) -> None:
        state = self.state[weight]
        is_filter = weight.dim() == 4
        momentum, rate = (group["momentum"], group["lr"]) if is_filter else (REST_MOMENTUM, REST_RATE * group["lr"])
        if not is_filter and group["weight_decay"]:
            gradient = gradient.add(weight, alpha=group["weight_decay"])
        if "velocity" not in state:
            state["velocity"] = torch.zeros_like(weight)
        velocity = state["velocity"].mul_(momentum).add_(gradient)
        step = gradient.add(velocity, alpha=momentum)
        if is_filter:
            weight.mul_(len(weight) ** 0.5 / weight.norm().clamp(min=1e-12))
            step = orthogonal(step.reshape(len(step), -1)).view(step.shape)
        weight.sub_(step, alpha=rate)


def orthogonal(matrix: Tensor, steps: int = STEPS) -> Tensor:
    """A matrix with the singular vectors of `matrix`, whose singular values lie near 1. (rows, columns) as it is.

    It is computed in bfloat16 on a GPU, which is enough for what it is used for.
    """
    a, b, c = COEFFICIENTS
    x = matrix.bfloat16() if matrix.is_cuda else matrix
    x = x / (x.norm() + 1e-7)
    wide = x.T if len(x) > x.shape[1] else x
    for _ in range(steps):
        product = wide @ wide.T
        wide = a * wide + (b * product + c * product @ product) @ wide
    found: Tensor = wide.T if len(x) > x.shape[1] else wide
    return found.to(matrix.dtype)
