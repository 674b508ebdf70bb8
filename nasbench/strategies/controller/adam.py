"""Optimisers for the controllers' few parameters: plain SGD, and Adam (Kingma and Ba 2015, arXiv:1412.6980).

The optimisers of torch.optim compute the same (a test compares them). But creating one imports torch's compiler, which
doubles the start-up time of a search.
"""

from collections.abc import Iterable
from math import sqrt
from typing import final

import torch
from torch import nn


@final
class Adam:
    """Adam. A step also clears the gradients. `betas` and `epsilon` are the defaults of the paper."""

    def __init__(
        self,
        parameters: Iterable[nn.Parameter],
        lr: float,
        betas: tuple[float, float] = (0.9, 0.999),
        epsilon: float = 1e-8,
    ) -> None:
        self._lr, self._betas, self._epsilon = lr, betas, epsilon
        self._moments: list[tuple[nn.Parameter, torch.Tensor, torch.Tensor]] = []
        self._steps = 0
        self.extend(parameters)

    def extend(self, parameters: Iterable[nn.Parameter]) -> None:
        """From now on it updates these too, whose moments are 0 at first."""
        known = {id(parameter) for parameter, _, _ in self._moments}
        new = [parameter for parameter in parameters if id(parameter) not in known]
        self._moments += [(each, torch.zeros_like(each), torch.zeros_like(each)) for each in new]

    def step(self) -> None:
        """One update of the parameters that have a gradient (Algorithm 1)."""
        self._steps += 1
        beta_1, beta_2 = self._betas
        rate = self._lr / (1 - beta_1**self._steps)
        correction = 1 / sqrt(1 - beta_2**self._steps)
        with torch.no_grad():
            for parameter, first, second in self._moments:
                gradient = parameter.grad
                if gradient is not None:
                    first.lerp_(gradient, 1 - beta_1)
                    second.mul_(beta_2).addcmul_(gradient, gradient, value=1 - beta_2)
                    parameter.addcdiv_(first, second.sqrt().mul_(correction).add_(self._epsilon), value=-rate)
                    parameter.grad = None


@final
class Sgd:
    """Stochastic gradient descent without momentum. A step also clears the gradients."""

    def __init__(self, parameters: Iterable[nn.Parameter], lr: float) -> None:
        self._parameters, self._lr = list(parameters), lr

    def extend(self, parameters: Iterable[nn.Parameter]) -> None:
        """From now on it updates these too."""
        known = {id(parameter) for parameter in self._parameters}
        self._parameters += [parameter for parameter in parameters if id(parameter) not in known]

    def step(self) -> None:
        """One update of the parameters that have a gradient."""
        with torch.no_grad():
            for parameter in self._parameters:
                if parameter.grad is not None:
                    parameter.sub_(parameter.grad, alpha=self._lr)
                    parameter.grad = None
