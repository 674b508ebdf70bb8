"""Counts of a network: parameters, multiply-adds, activations, receptive fields.

They are taken on the meta device, so nothing is computed and no weight is copied.
"""

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import torch
from torch import Tensor, nn

from nasbench.blank import ShapesAlone
from nasbench.core.callable_module import make_callable
from nasbench.core.spec import Task
from nasbench.receptive_field import ReceptiveFields

FLOAT32_BYTES = 4

make_callable(__name__, "nasbench.api.commands:profile")  # beside what it holds


@dataclass(frozen=True)
class Layer:
    """A module without children that is called in evaluation mode.

    output           shape without the batch
    weights          trainable parameters without biases
    params           trainable parameters
    macs             multiply-adds of one image
    activations      number of elements of the output
    receptive_field  in pixels; None if it is not a window, as in attention
    shares_memory    the output lies in the memory of the image or of an earlier layer's output: the layer computes in
                     place, or is a view (Flatten). It adds nothing to the network's `activation_bytes`
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
    shares_memory: bool = False


@dataclass(frozen=True)
class Profile:
    """The layers in the order of their calls, and the totals of the network.

    `activation_bytes` is the size of all layers' outputs for one image, in float32, without those that share memory.
    """

    layers: tuple[Layer, ...]
    params: int
    macs: int
    activation_bytes: int

    def largest(self, what: Literal["activation_bytes", "params"], most: int = 3) -> tuple[Layer, ...]:
        """The `most` layers with the largest value, without zeros. Equal layers keep the order of their calls.

        Of layers that share their memory, the first alone counts for `activation_bytes`.
        """
        shared = what == "activation_bytes"
        nonzero = [layer for layer in self.layers if getattr(layer, what) and not (shared and layer.shares_memory)]
        return tuple(sorted(nonzero, key=lambda layer: -getattr(layer, what))[:most])


def count(model: nn.Module, task: Task) -> tuple[int, int]:
    """(trainable parameters, multiply-adds of one image of `task` in evaluation mode). The model is not changed.

    Convolutions, matrix products and attention are counted; normalisation, activations and pooling are not. An
    auxiliary head adds parameters but no MACs, because evaluation does not run it.
    """
    with torch.no_grad(), ShapesAlone() as counter, _without_numbers(model) as meta_model:
        meta_model(_meta_image(task))
    return _trainable(model), counter.flops // 2


def profile(model: nn.Module, task: Task) -> Profile:
    """The counts of each layer, for one image of `task` in evaluation mode. The model is not changed.

    Layers that return their input unchanged (dropout in evaluation, identities) are left out. A layer that is called
    twice is listed twice; the second entry has no parameters. Only the totals include what a module with children
    computes or owns itself, and the parameters of an auxiliary head, which evaluation does not run.
    """
    meta_model = _meta_copy(model)
    image = _meta_image(task)
    counter, fields = ShapesAlone(), ReceptiveFields(image)
    layers: list[Layer] = []
    started: dict[str, tuple[int, int]] = {}
    listed: set[str] = set()
    memories = {image.untyped_storage()._cdata: image}
    """Address of a storage -> a tensor in it, which is kept so that no later storage gets the same address."""

    def before(name: str, _: nn.Module, inputs: tuple[Any, ...]) -> None:
        started[name] = counter.flops, _version(inputs)

    def after(name: str, module: nn.Module, inputs: tuple[Any, ...], output: Any) -> None:
        flops, version = started[name]
        tensor = _first_tensor(output)
        if tensor is None or (inputs and tensor is inputs[0] and _version(inputs) == version):
            return
        memory = tensor.untyped_storage()._cdata
        layers.append(
            Layer(
                name=name,
                type=type(module).__name__,
                output=tuple(tensor.shape[1:]),
                weights=0 if name in listed else _trainable(module, biases=False),
                params=0 if name in listed else _trainable(module),
                macs=(counter.flops - flops) // 2,
                activations=tensor.numel(),
                activation_bytes=tensor.numel() * FLOAT32_BYTES,
                receptive_field=fields.of(tensor),
                shares_memory=memory in memories,
            )
        )
        memories.setdefault(memory, tensor)
        listed.add(name)

    for name, module in meta_model.named_modules():
        if not any(True for _ in module.children()) or isinstance(module, nn.MultiheadAttention):
            module.register_forward_pre_hook(partial(before, name))
            module.register_forward_hook(partial(after, name))
    with torch.no_grad(), counter, fields:
        meta_model(image)
    return Profile(
        tuple(layers),
        _trainable(model),
        counter.flops // 2,
        sum(layer.activation_bytes for layer in layers if not layer.shares_memory),
    )


def _trainable(module: nn.Module, biases: bool = True) -> int:
    counted = (p for name, p in module.named_parameters() if p.requires_grad and (biases or not name.endswith("bias")))
    return sum(parameter.numel() for parameter in counted)


def _meta_image(task: Task) -> Tensor:
    return torch.empty(1, task.channels, task.image_size, task.image_size, device="meta")


@contextmanager
def _without_numbers(model: nn.Module) -> Iterator[nn.Module]:
    """The model in evaluation mode on the meta device: itself where it is there, as copies cost more than a count."""
    tensors = (*model.parameters(), *model.buffers())
    if not tensors or not all(tensor.is_meta for tensor in tensors):
        yield _meta_copy(model)
        return
    modes = [(module, module.training) for module in model.modules()]
    try:
        yield model.eval()
    finally:
        for module, training in modes:
            module.training = training


def _meta_copy(model: nn.Module) -> nn.Module:
    """A copy in evaluation mode on the meta device: its tensors have shapes but no data. No weight is copied."""
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
