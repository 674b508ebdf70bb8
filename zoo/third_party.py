"""Networks of torchvision and timm, built for a task with new weights, and loaders of published weights."""

import re
from typing import Any

from torch import nn

from nasbench.core.errors import UsageError
from nasbench.core.spec import Task
from zoo.library import input_channels, is_small, torchvision_state
from zoo.published import of_torchvision
from zoo.registry import Loader


def from_torchvision(name: str, task: Task, **options: Any) -> nn.Module:
    """torchvision's network `name`, for the task's classes and channels."""
    from torchvision import models

    network: nn.Module = models.get_model(name, weights=None, num_classes=task.num_classes, **options)
    return input_channels(network, task.channels)


def from_timm(name: str, task: Task, **options: Any) -> nn.Module:
    """timm's network `name`, for the task's classes and channels."""
    import timm

    network: nn.Module = timm.create_model(
        name, pretrained=False, num_classes=task.num_classes, in_chans=task.channels, **options
    )
    return network


def with_cifar_stem(network: nn.Module, task: Task) -> nn.Module:
    """For small images, replaces the stem of a ResNet-like network by a 3x3 convolution without max-pooling."""
    if is_small(task):
        first = network.conv1
        assert isinstance(first, nn.Conv2d), first
        network.conv1 = nn.Conv2d(task.channels, first.out_channels, 3, padding=1, bias=False)
        nn.init.kaiming_normal_(network.conv1.weight, mode="fan_out", nonlinearity="relu")
        network.maxpool = nn.Identity()
    return network


def torchvision_loader(enum: str, without: str = "", converts_input: bool = False) -> Loader:
    """A loader of torchvision's weights, such as 'ResNet18_Weights.IMAGENET1K_V1', into torchvision's network.

    Tensors whose names match the pattern `without` at the start are left out: auxiliary heads that the network does not
    have. With `converts_input`, the weights were trained with another input normalisation, and the network is set to
    convert its input to it.
    """

    def load(network: nn.Module) -> None:
        state = torchvision_state(enum)
        kept = {_renamed(name): tensor for name, tensor in state.items() if not (without and re.match(without, name))}
        try:
            network.load_state_dict(kept)
        except RuntimeError as error:
            raise UsageError(
                f"{enum} loads only at its published image size: the network for small images has another form"
            ) from error
        if converts_input:
            setattr(network, "transform_input", True)  # noqa: B010 -- nn.Module does not declare this attribute

    return of_torchvision(enum, load)


def _renamed(name: str) -> str:
    """The current name of a tensor: old DenseNet files write 'norm.1' for 'norm1'."""
    return re.sub(r"(denselayer\d+\.(?:norm|conv))\.(\d)\.", r"\1\2.", name)
