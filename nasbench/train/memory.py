"""The memory that a training step and an inference take at a batch size: counted, without computing anything.

The step is the trainer's own (`train/training`): the recipe's loss, auxiliary heads, parts of a batch, clipping and
optimiser, on a network without numbers. So what is counted is what runs.
"""

from dataclasses import asdict, dataclass

import torch
from torch import Tensor, nn

from nasbench.blank import ShapesAlone
from nasbench.core.recipe import Recipe
from nasbench.core.spec import Task
from nasbench.live_bytes import LiveBytes, bytes_of, fused_attention
from nasbench.train.freezing import NOTHING
from nasbench.train.replicas import ALONE
from nasbench.train.training import Training

META = torch.device("meta")


@dataclass(frozen=True)
class Memory:
    """Bytes of tensors in float32 at a batch size, on one device.

    Attributes:
        batch_size: images of a step, and of an inference.
        parameters: weights and buffers, such as running statistics.
        gradients: of all parameters that are trained.
        optimizer: what the optimiser keeps, and the averaged weights of a recipe that has them.
        images: one batch of images and labels.
        saved: activations that the backward pass needs, at the end of the forward pass.
        workspace: the most that one convolution takes for copies in its own layout, on a CPU; 0 on other devices.
        training: the peak of a step, once the optimiser has its state.
        inference: the peak of one batch in evaluation mode, weights and images included.
    """

    batch_size: int
    parameters: int
    gradients: int
    optimizer: int
    images: int
    saved: int
    workspace: int
    training: int
    inference: int

    def to_json(self) -> dict[str, int]:
        """Name -> bytes, and the batch size."""
        return asdict(self)

    def named(self) -> dict[str, int]:
        """The same in words, for a table."""
        return {
            "parameters and buffers": self.parameters,
            "gradients": self.gradients,
            "optimiser": self.optimizer,
            "images and labels": self.images,
            "activations saved for the backward pass": self.saved,
            "workspace of the largest convolution": self.workspace,
            "peak of a training step": self.training,
            "peak of an inference": self.inference,
        }


def memory(network: nn.Module, task: Task, recipe: Recipe, batch_size: int, copies: bool = True) -> Memory:
    """The memory of `network`, which is on the meta device and is used up: its layers get the recipe's values.

    `copies`: of a CPU, where convolutions copy to a layout of their own. UsageError for a recipe that cannot be used.
    """
    images, labels = _batch(task, batch_size)
    with ShapesAlone(), fused_attention(), LiveBytes(copies) as live:
        live.add((images, *network.parameters(), *network.buffers()))
        live.restart()
        with torch.no_grad():
            network.eval()(images)
        inference = live.peak
        training = Training.start(network.train(), recipe, META, NOTHING, ALONE)
        live.add((images, labels, *training.model.parameters(), *training.model.buffers()))
        if training.ema is not None:
            live.add((*training.ema.model.parameters(), *training.ema.model.buffers()))
        training._step(images, labels, 0)  # the optimiser makes its state, and gradients are there from now on
        live.restart()
        training._step(images, labels, 1)
        peak, workspace = live.peak, live.workspace
        training.optimizer.zero_grad(set_to_none=True)
        before, part = live.live, -(-batch_size // recipe.accumulate)
        kept = training._losses(images[:part], labels[:part])
        saved = live.live - before
        del kept
    trained = [each for each in training.model.parameters() if each.requires_grad]
    averaged = () if training.ema is None else (*training.ema.model.parameters(), *training.ema.model.buffers())
    states = [each for state in training.optimizer.state.values() for each in state.values()]
    return Memory(
        batch_size=batch_size,
        parameters=bytes_of((*training.model.parameters(), *training.model.buffers())),
        gradients=bytes_of(trained),
        optimizer=bytes_of((*(each for each in states if isinstance(each, Tensor)), *averaged)),
        images=bytes_of((images, labels)),
        saved=saved,
        workspace=workspace,
        training=peak,
        inference=inference,
    )


def _batch(task: Task, batch_size: int) -> tuple[Tensor, Tensor]:
    images = torch.empty(batch_size, task.channels, task.image_size, task.image_size, device=META)
    return images, torch.empty(batch_size, dtype=torch.long, device=META)
