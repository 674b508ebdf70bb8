"""The contract suite of supernets."""

import pickle
from collections.abc import Iterable
from copy import deepcopy
from random import Random
from typing import TYPE_CHECKING, Any

from nasbench.core.arch import Architecture, sample
from nasbench.core.protocols import HasSupernet, SearchSpace
from nasbench.core.spec import Size, Task, pixels_of
from nasbench.testing.conditions import require

if TYPE_CHECKING:
    from torch import Tensor, nn

    from nasbench.nn.supernet import Supernet

BATCH = 4
CLOSE = 1e-9
"""Largest difference of logits in float64, relative to the largest logit."""


def check_supernet(
    space: SearchSpace,
    size: Size | None = None,
    task: Task | None = None,
    num_samples: int = 3,
    architectures: tuple[Architecture, ...] = (),
    share: str | None = None,
) -> None:
    """That a space's supernet runs one path at a time, and that the path is the architecture's own network.

    Checks `architectures` and `num_samples` random ones, at `size` (else the space's own) for `task` (else CIFAR-10's);
    `share` is what the supernet shares besides, of a space that lets it be chosen:

    - the path computes as many multiply-adds as the network, and no more;
    - a training step leaves the gradient None where no weight is on the path, and all buffers as they are;
    - recalibration changes no buffers but those of the path, and restores the mode of every layer;
    - `space.build`'s network with the inherited weights gives the same logits, in training and in evaluation mode;
    - copies of the supernet (pickle, deepcopy) are whole, and share nothing with it.
    """
    import torch

    from nasbench.nn.supernet import make_supernet

    require(isinstance(space, HasSupernet), f"space {space.name!r} has no method supernet(size, task)")
    assert isinstance(space, HasSupernet)
    size, task = size or space.default_size, task or Task()
    rng = Random(0)
    paths = (*architectures, *(sample(space.name, space.choices, rng) for _ in range(num_samples)))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        supernet: Any = make_supernet(space, size, task, share).double()
        _check_copies(supernet, paths[0], _images(size, task))
        for architecture in paths:
            network = space.build(architecture, size, task).double()
            _check_training(supernet, network, architecture, _images(size, task))
            _check_evaluation(supernet, network, architecture, _images(size, task))


def _images(size: Size, task: Task) -> "Tensor":
    import torch

    pixels = pixels_of(size, task)
    return torch.randn(BATCH, task.channels, pixels, pixels, dtype=torch.float64)


def _check_copies(supernet: "Supernet", architecture: Architecture, images: "Tensor") -> None:
    logits = _logits(supernet.train(), images, architecture)
    for kind, copy in (("pickle", pickle.loads(pickle.dumps(supernet))), ("deepcopy", deepcopy(supernet))):
        require(_same(_logits(copy, images, architecture), logits), f"a supernet comes back from {kind} changed")
        for parameter in copy.parameters():
            parameter.data.zero_()
    require(_same(_logits(supernet, images, architecture), logits), "a copy of a supernet shares weights with it")


def _check_training(supernet: "Supernet", network: "nn.Module", architecture: Architecture, images: "Tensor") -> None:
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    network.load_state_dict(supernet.inherited(architecture))
    buffers = {name: buffer.clone() for name, buffer in supernet.named_buffers()}
    on_path = _on_path(supernet, architecture)
    supernet.zero_grad(set_to_none=True)
    with FlopCounterMode(display=False) as path:
        logits = _logits(supernet.train(), images, architecture)
    with FlopCounterMode(display=False) as own:
        expected = _logits(network.train(), images)
    require(
        _same(logits, expected),
        f"in training mode the path and the network with its weights give different logits: {architecture}",
    )
    require(
        path.get_total_flops() == own.get_total_flops(),
        f"the path computes {path.get_total_flops():,} floating-point operations, the network "
        f"{own.get_total_flops():,}: {architecture}",
    )
    torch.nn.functional.cross_entropy(logits, torch.arange(len(images)) % logits.shape[1]).backward()
    for name, parameter in supernet.named_parameters():
        if parameter.grad is not None:
            require(name in on_path, f"the gradient of {name} is not None, and it is not on the path of {architecture}")
            strays = bool(parameter.grad[~on_path[name]].any())
            require(not strays, f"{name} has a gradient at values that are not on the path of {architecture}")
    changed = [name for name, buffer in supernet.named_buffers() if not torch.equal(buffer, buffers[name])]
    require(not changed, f"a training step changes the buffers {changed[:5]}: {architecture}")


def _check_evaluation(supernet: "Supernet", network: "nn.Module", architecture: Architecture, images: "Tensor") -> None:
    from nasbench.nn.recalibration import recalibrate

    modes = [module.training for module in supernet.train().modules()]
    buffers, path = dict(_copied(supernet.named_buffers())), dict(_copied(supernet.shared(architecture).items()))
    recalibrate(supernet, architecture, (images, images.flip(0, 2) * 1.5))
    require(
        [module.training for module in supernet.modules()] == modes,
        f"recalibration changes the modes of layers: {architecture}",
    )
    changed = sum(int((buffer != buffers[name]).sum()) for name, buffer in supernet.named_buffers())
    wanted = sum(int((tensor != path[name]).sum()) for name, tensor in supernet.shared(architecture).items())
    require(
        changed == wanted > 0,
        f"recalibration changes {changed} values of buffers, of which {wanted} are on the path of {architecture}",
    )
    network.load_state_dict(supernet.inherited(architecture))
    require(
        _same(_logits(supernet.eval(), images, architecture), _logits(network.eval(), images)),
        f"in evaluation mode the path and the network with its weights give different logits: {architecture}",
    )


def _on_path(supernet: "Supernet", architecture: Architecture) -> dict[str, "Tensor"]:
    """Name of a parameter -> which of its values are on the path."""
    import torch

    supernet.zero_grad(set_to_none=True)
    weights = [tensor for tensor in supernet.shared(architecture).values() if tensor.requires_grad]
    torch.stack([tensor.sum() for tensor in weights]).sum().backward()
    return {name: each.grad != 0 for name, each in supernet.named_parameters() if each.grad is not None}


def _logits(network: "nn.Module", images: "Tensor", *architecture: Architecture) -> "Tensor":
    """The logits, with the same draws of dropout for every network."""
    import torch

    torch.manual_seed(1)
    logits: Tensor = network(images, *architecture)
    return logits


def _copied(tensors: Iterable[tuple[str, "Tensor"]]) -> list[tuple[str, "Tensor"]]:
    return [(name, tensor.detach().clone()) for name, tensor in tensors]


def _same(one: "Tensor", other: "Tensor") -> bool:
    return bool((one - other).abs().max() <= CLOSE * other.abs().max())
