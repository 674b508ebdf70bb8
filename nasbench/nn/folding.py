"""Batch normalisations folded into the convolutions and linear layers before them: fewer steps, equal outputs.

In evaluation a normalisation multiplies each channel by gamma / sqrt(var + eps) and adds a number, so a convolution
whose output goes into it alone can do both. Which output goes where is seen by running the network once, so it does not
matter how its steps are written. A normalisation of concatenated convolutions is shared out among them.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.overrides import TorchFunctionMode

LAYERS = ("Conv1d", "Conv2d", "Conv3d", "Linear", "Conv", "PointwiseConv", "Conv2dSame")
"""Classes that do nothing to their weights but use them: PyTorch's, this package's and timm's."""
NORMS = ("BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "BatchNormOfAny")
WITH_ACTIVATION = "BatchNormAct2d"
"""timm's normalisation with what follows it."""


@dataclass(frozen=True)
class Folded:
    """A network without the normalisations `folded`, by name; those in `left` stay, such as one before a layer."""

    network: nn.Module
    folded: tuple[str, ...]
    left: tuple[str, ...]


def fold(network: nn.Module, images: Tensor) -> Folded:
    """A copy of `network` in evaluation mode whose normalisations are folded where that changes no output.

    `images` (B, C, H, W) are what it is run on. Layers that are called twice, or share their weights, stay.
    """
    copy = deepcopy(network).eval()
    seen = _Seen()
    hooks = [
        module.register_forward_hook(partial(seen.called, name))
        for name, module in copy.named_modules()
        if type(module).__name__ in LAYERS or isinstance(module, _BatchNorm)
    ]
    with torch.no_grad(), seen:
        copy(images)
    for hook in hooks:
        hook.remove()
    owners = Counter(id(parameter) for module in copy.modules() for parameter in module.parameters(recurse=False))
    norms = [name for name, module in copy.named_modules() if isinstance(module, _BatchNorm)]
    done = []
    for name in norms:
        layers = _layers_before(name, copy, seen)
        shared = any(owners[id(copy.get_submodule(layer).weight)] > 1 for layer in layers)
        if layers and not shared:
            _fold(copy, name, layers)
            done.append(name)
    return Folded(copy, tuple(done), tuple(name for name in norms if name not in done))


class _Seen(TorchFunctionMode):
    """Which tensors the steps of a network read, which are concatenated, and what layers are called with.

    Tensors are known by their address, so all are held until the network has run.
    """

    def __init__(self) -> None:
        super().__init__()
        self.reads: Counter[int] = Counter()
        self.parts: dict[int, tuple[int, ...]] = {}
        self.calls: Counter[str] = Counter()
        self.inputs: dict[str, int] = {}
        self.made_by: dict[int, str] = {}
        self._held: list[Tensor] = []

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        given = kwargs or {}
        out = func(*args, **given)
        made = _tensors((out,))
        if made:  # a shape is no step
            tensors = [*_tensors(args), *_tensors(tuple(given.values()))]
            self.reads.update({id(tensor) for tensor in tensors})
            self._held += [*tensors, *made]
        along = args[1] if len(args) > 1 else given.get("dim", 0)
        if func in (torch.cat, torch.concat) and along == 1 and args and isinstance(out, Tensor):
            self.parts[id(out)] = tuple(id(tensor) for tensor in args[0])
        return out

    def called(self, name: str, _: nn.Module, inputs: tuple[Any, ...], output: Any) -> None:
        """A forward hook."""
        self.calls[name] += 1
        if inputs and isinstance(inputs[0], Tensor) and isinstance(output, Tensor):
            self.inputs[name] = id(inputs[0])
            self.made_by[id(output)] = name
            self._held += [inputs[0], output]


def _tensors(values: Iterable[Any]) -> list[Tensor]:
    found: list[Tensor] = []
    for value in values:
        found += [value] if isinstance(value, Tensor) else _tensors(value) if isinstance(value, tuple | list) else []
    return found


def _layers_before(name: str, network: nn.Module, seen: _Seen) -> list[str]:
    """The layers whose outputs go into a normalisation and nowhere else, in the order of their channels; empty where
    something else does, or where it has no statistics of its own.
    """
    norm = network.get_submodule(name)
    kind = type(norm).__name__
    assert isinstance(norm, _BatchNorm)
    if kind not in (*NORMS, WITH_ACTIVATION) or norm.running_mean is None or seen.calls[name] != 1:
        return []
    read = seen.inputs.get(name)
    if read is None or seen.reads[read] != 1:
        return []
    outputs = seen.parts.get(read, (read,))
    layers = [seen.made_by.get(output, "") for output in outputs]
    for output, layer in zip(outputs, layers, strict=True):
        if not layer or type(network.get_submodule(layer)).__name__ not in LAYERS:
            return []
        if seen.calls[layer] != 1 or seen.reads[output] != 1:
            return []
    return layers


def _fold(network: nn.Module, name: str, layers: list[str]) -> None:
    norm: Any = network.get_submodule(name)
    ones = torch.ones_like(norm.running_mean)
    gamma, beta = (ones, 0 * ones) if norm.weight is None else (norm.weight.detach(), norm.bias.detach())
    scale = gamma.double() / (norm.running_var.double() + norm.eps).sqrt()  # (C)
    shift = beta.double() - norm.running_mean.double() * scale  # (C)
    start = 0
    for each in layers:
        layer: Any = network.get_submodule(each)
        rows = slice(start, start := start + len(layer.weight))
        weight, bias = layer.weight.detach(), layer.bias
        by = scale[rows].view(-1, *[1] * (weight.dim() - 1))  # (out, 1, ...)
        before = 0.0 if bias is None else bias.detach().double() * scale[rows]
        layer.weight = nn.Parameter((weight.double() * by).to(weight.dtype))
        layer.bias = nn.Parameter((before + shift[rows]).to(weight.dtype))
    after: Any = nn.Identity()
    if type(norm).__name__ == WITH_ACTIVATION:
        after = nn.Sequential(norm.drop, norm.act)
    after.num_features = norm.num_features  # networks ask their normalisations
    network.set_submodule(name, after)
