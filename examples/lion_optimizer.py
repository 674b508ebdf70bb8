"""An optimiser of one's own: Lion, which moves each weight by the sign of a momentum.

    nasbench train zoo:lenet5 --dataset digits --image-size 32 --recipe examples.lion_optimizer:LION

An optimiser gets the groups of parameters first, then what it asks for by name: `lr`, any field of the recipe, or
`recipe` itself. It reads each group's `lr`, which follows the schedule, and each group's `weight_decay`.
"""

from typing import Any

import torch
from torch.optim import Optimizer

from nasbench.core.recipe import Recipe
from nasbench.core.registry import optimizers


@optimizers.register("lion")
class Lion(Optimizer):
    """weights <- weights - lr (sign(b1 m + (1 - b1) g) + decay weights); m <- b2 m + (1 - b2) g.

    Chen et al. 2023 (arXiv:2302.06675), algorithm 2, with its b1 = 0.9 and b2 = 0.99. Rates are 3 to 10 times smaller
    than AdamW's.
    """

    def __init__(self, groups: list[dict[str, Any]], lr: float, betas: tuple[float, float] = (0.9, 0.99)) -> None:
        super().__init__(groups, {"lr": lr, "betas": betas, "weight_decay": 0.0})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # noqa: ARG002 - PyTorch's signature
        for group in self.param_groups:
            first, second = group["betas"]
            for weight in group["params"]:
                if weight.grad is None:
                    continue
                momentum = self.state[weight].setdefault("momentum", torch.zeros_like(weight))
                direction = torch.lerp(weight.grad, momentum, first).sign()
                weight.mul_(1.0 - group["lr"] * group["weight_decay"]).sub_(direction, alpha=group["lr"])
                momentum.lerp_(weight.grad, 1.0 - second)


LION = Recipe(
    name="lion",
    version=1,
    epochs=10,
    batch_size=32,
    lr_peak=0.001,
    optimizer="examples.lion_optimizer:Lion",
    weight_decay=0.1,
    source="an example; no published counterpart",
)
