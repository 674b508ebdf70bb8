"""A place within an epoch: what a training needs, besides its weights, to go on there to the last bit.

The order of images and the learning rate follow from the step. What does not are the states of the random generators:
of augmentation, of mixed images, and of layers that draw numbers. Each replica has its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

import torch
from torch import Tensor

from nasbench.train.device import generator_states, set_generator_states

STEPS = 1000
"""Steps between two checkpoints within an epoch, unless another number is asked for: a fifth of an epoch of ImageNet in
batches of 256.
"""


@dataclass(frozen=True)
class Within:
    """What was done of an epoch.

    Attributes:
        step: optimiser steps done.
        passed: batches that were read; more than `step` where no file of a batch could be read.
        sums: of the losses of this replica, float32 (2).
        random: the states of the random generators, by name.
    """

    step: int
    passed: int
    sums: Tensor
    random: Mapping[str, Any]

    @classmethod
    def of(cls, step: int, passed: int, sums: Tensor, augment: torch.Generator, mix: Random) -> "Within":
        """The place after `step` steps."""
        states = generator_states(sums.device)
        random = {"augment": augment.get_state(), "mix": mix.getstate(), "layers": [state.cpu() for state in states]}
        return cls(step, passed, sums.cpu().clone(), random)

    def restore_layers(self, device: torch.device) -> None:
        """Gives PyTorch's global generators their states from then."""
        set_generator_states(device, [state.cpu() for state in self.random["layers"]])

    def restore_augmentation(self, augment: torch.Generator, mix: Random) -> None:
        """The same for the generators of the batches."""
        augment.set_state(self.random["augment"].cpu())
        version, numbers, gauss = self.random["mix"]
        mix.setstate((version, tuple(numbers), gauss))

    def state(self) -> dict[str, Any]:
        """For a checkpoint."""
        return dict(vars(self))

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> "Within":
        """What `state` returned."""
        return cls(int(state["step"]), int(state["passed"]), state["sums"], state["random"])
