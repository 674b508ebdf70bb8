"""Proximal policy optimisation (Schulman et al. 2017, arXiv:1707.06347) as in the NASNet search (Zoph et al. 2018, App. A.2).
"""

from typing import final

import torch
from torch import Tensor

from nasbench.core.protocols import SearchSpace
from nasbench.core.registry import strategies
from nasbench.strategies.controller import Controller
from nasbench.strategies.options import Option, read_options

OPTIONS = (
    Option("lr", 0.00035, low=0.0),
    Option("batch_size", 20, low=1),
    Option("baseline_decay", 0.95, low=0.0, high=1.0),
    Option("entropy_weight", 0.00001, low=0.0),
    Option("epochs", 4, low=1),
    Option("clip", 0.2, low=0.0),
)


@final
@strategies.register("ppo")
class Ppo(Controller):
    """Options: lr, batch_size, baseline_decay, entropy_weight, epochs, clip."""

    def __init__(self, space: SearchSpace, seed: int = 0, **options: object) -> None:
        settings = read_options("ppo", OPTIONS, options)
        self._clip = settings.pop("clip")
        super().__init__(space, seed, **settings)  # type: ignore[arg-type]

    def surrogate(self, log_prob: Tensor, old_log_prob: Tensor, advantage: Tensor) -> Tensor:
        ratio = torch.exp(log_prob - old_log_prob)  # (B,)
        return torch.minimum(ratio * advantage, ratio.clamp(1 - self._clip, 1 + self._clip) * advantage)
