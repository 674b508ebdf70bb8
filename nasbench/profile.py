"""Counts: parameters, multiply-adds, activations, receptive fields; on the meta device, so that nothing is computed or
copied.
"""

import copy
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from nasbench.core.spec import Task
from nasbench.receptive_field import ReceptiveFields

FLOAT32_BYTES = 4


@dataclass(frozen=True)
class Layer:
    """A module without children that evaluation calls.

    `output` is the shape without the batch, `activations` the numbers in it; `weights` are its parameters without
    biases; `receptive_field` in pixels is None where no window describes what an output sees (attention, say).
    """

    name: str
    type: str
    output: tuple[int, ...]
    weights: int
    params: int
    macs: int
    activations: int
    activation_bytes: int
    receptive_field: int | None


@dataclass(frozen=True)
class Profile:
    """Layers in the order of their calls, and the totals of the network. `activation_bytes`: the layers' outputs,
    float32, one image.
    """

    layers: tuple[Layer, ...]
    params: int
    macs: int
    activation_bytes: int

    def largest(self, what: Literal["activation_bytes", "params"], most: int = 3) -> tuple[Layer, ...]:
        """The layers that hold most of it, at most `most` of them; of equal ones the earliest."""
        holding = [layer for layer in self.layers if getattr(layer, what)]
        return tuple(sorted(holding, key=lambda layer: -getattr(layer, what))[:most])


def count(model: nn.Module, task: Task) -> tuple[int, int]:
    """(trainable parameters, multiply-adds of one image of `task` in evaluation mode). The model stays as and where it
    is.

    PyTorch's counter reports 2 x MACs of convolutions, matrix products and attention; normalisation, activations and
    pooling count nothing. An auxiliary head adds to the parameters alone: evaluation does not run it.
    """
    counter = FlopCounterMode(display=False)
    with torch.no_grad(), counter:
        _meta_copy(model)(_meta_image(task))
    return _trainable(model), counter.get_total_flops() // 2


def profile(model: nn.Module, task: Task) -> Profile:
    """Layer by layer, for one image of `task` in evaluation mode. The model stays as and where it is.

    Layers that hand their input on untouched (dropout in evaluation, identities) are left out. A layer that is called
    twice is listed twice, its parameters once. What a module with children computes or owns itself belongs to the
    totals alone, and so does an auxiliary head, which evaluation does not run.
    """
    ghost = _meta_copy(model)
    image = _meta_image(task)
    counter, fields = FlopCounterMode(display=False), ReceptiveFields(image)
    layers: list[Layer] = []
    started: dict[str, tuple[int, int]] = {}
    listed: set[str] = set()

    def before(name: str, _: nn.Module, inputs: tuple[Any, ...]) -> None:
        started[name] = counter.get_total_flops(), _version(inputs)

    def after(name: str, module: nn.Module, inputs: tuple[Any, ...], output: Any) -> None:
        flops, version = started[name]
        tensor = _first_tensor(output)
        if tensor is None or (inputs and tensor is inputs[0] and _version(inputs) == version):
            return
        layers.append(
            Layer(
                name=name,
                type=type(module).__name__,
                output=tuple(tensor.shape[1:]),
                weights=0 if name in listed else _trainable(module, biases=False),
                params=0 if name in listed else _trainable(module),
                macs=(counter.get_total_flops() - flops) // 2,
                activations=tensor.numel(),
                activation_bytes=tensor.numel() * FLOAT32_BYTES,
                receptive_field=fields.of(tensor),
            )
        )
        listed.add(name)

    for name, module in ghost.named_modules():
        if not any(True for _ in module.children()) or isinstance(module, nn.MultiheadAttention):
            module.register_forward_pre_hook(partial(before, name))
            module.register_forward_hook(partial(after, name))
    with torch.no_grad(), counter, fields:
        ghost(image)
    return Profile(
        tuple(layers),
        _trainable(model),
        counter.get_total_flops() // 2,
        sum(layer.activation_bytes for layer in layers),
    )


def _trainable(module: nn.Module, biases: bool = True) -> int:
    counted = (p for name, p in module.named_parameters() if p.requires_grad and (biases or not name.endswith("bias")))
    return sum(parameter.numel() for parameter in counted)


def _meta_image(task: Task) -> Tensor:
    return torch.empty(1, task.channels, task.image_size, task.image_size, device="meta")


def _meta_copy(model: nn.Module) -> nn.Module:
    """A copy in evaluation mode whose tensors have shapes and no data; no weight is copied on the way."""
    tensors: dict[int, object] = {
        id(p): nn.Parameter(torch.empty_like(p, device="meta"), requires_grad=p.requires_grad)
        for p in model.parameters()
    }
    tensors |= {id(b): torch.empty_like(b, device="meta") for b in model.buffers()}
    return copy.deepcopy(model, tensors).eval()


def _first_tensor(output: Any) -> Tensor | None:
    if isinstance(output, Tensor):
        return output
    values = output.values() if isinstance(output, dict) else output if isinstance(output, list | tuple) else ()
    return next((value for value in values if isinstance(value, Tensor)), None)


def _version(inputs: tuple[Any, ...]) -> int:
    return inputs[0]._version if inputs and isinstance(inputs[0], Tensor) else 0
