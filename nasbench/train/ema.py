"""An exponential moving average of a network's weights. If a recipe asks for it, the average is evaluated and kept."""

import copy
from collections.abc import Mapping

import torch
from torch import Tensor, nn


class Ema:
    """average <- decay * average + (1 - decay) * weights, after each step.

    The same holds for the running statistics of normalisations; integers are copied. The decay is (1 + steps) / (10 +
    steps) as long as that is less than the recipe's, so that the initial weights lose their influence sooner. This is
    TensorFlow's ExponentialMovingAverage with num_updates, which the NASNet and EfficientNet trainings used.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        assert 0.0 <= decay < 1.0, decay
        self.model = copy.deepcopy(model).eval()
        self._decay = decay

    @torch.no_grad()
    def update(self, model: nn.Module, step: int) -> None:
        """Takes the weights of `model` into the average, after optimiser step `step`, counted from 0."""
        decay = min(self._decay, (1 + step) / (10 + step))
        averages, new = self.model.state_dict(), model.state_dict()
        means = [name for name, average in averages.items() if average.is_floating_point()]
        torch._foreach_lerp_([averages[name] for name in means], [new[name] for name in means], 1.0 - decay)
        for name in averages.keys() - means:
            averages[name].copy_(new[name])

    def state_dict(self) -> Mapping[str, Tensor]:
        return self.model.state_dict()

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        self.model.load_state_dict(state)
