"""The blocks of a network, by their layers and the shapes that go in and out: the rows of a table of latencies.

A block is named by its layers in the order of their calls, such as `conv1x1:96+bn+relu6+dwconv3x3/2:96+bn+relu6+
conv1x1:24+bn`: so a block of one network is found in another one, whatever their code calls it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from nasbench.blank import ShapesAlone, blank
from nasbench.core.spec import ModelSpec
from nasbench.evaluators.building import build_network
from nasbench.train.faults import trial_boundary

MOST_WORKING = 6
"""So many working layers a block has at most, where a table is begun: an inverted residual with squeeze-and-excitation
has five."""
SHORT = {"BatchNorm2d": "bn", "LayerNorm": "ln", "SiLU": "swish", "Hardswish": "hardswish", "MaxPool2d": "maxpool"}
"""Class of a layer -> how it is written; others are written in lower case."""
NOTHING = ("Identity", "Dropout", "DropPath", "StochasticDepth", "Flatten")
"""Classes of layers that compute nothing in an evaluation."""


@dataclass(frozen=True)
class Shaped:
    """Which row of a table it is: the layers, and the shapes without the batch, written as 32x112x112."""

    operation: str
    input: str
    output: str

    def __str__(self) -> str:
        return f"{self.operation} ({self.input} -> {self.output})"


@dataclass
class Block:
    """A module as it was called. `working` counts the convolutions, matrix products, attentions and poolings inside."""

    shaped: Shaped
    working: int
    parts: list["Block"] = field(default_factory=list)

    @property
    def is_unit(self) -> bool:
        """Whether it is small enough for a row of its own, and reads one tensor alone."""
        return not self.parts or (self.working <= MOST_WORKING and "," not in self.shaped.input)

    def units(self) -> Iterator["Block"]:
        """The blocks that a table is begun with: the largest that are small enough. What does no work needs no row."""
        if not self.working:
            return
        if self.is_unit:
            yield self
        else:
            for part in self.parts:
                yield from part.units()


def blocks_of(spec: ModelSpec) -> Block:
    """The network as one block, with its parts. TrialFailed where it cannot be built or run."""
    task = spec.seen_task
    with trial_boundary("listing the blocks of the network"):
        with blank():
            network = build_network(spec).eval()
        return _called(network, torch.empty(1, task.channels, task.image_size, task.image_size, device="meta"))


def _called(network: nn.Module, image: Tensor) -> Block:
    open_blocks: list[tuple[list[Block], list[str]]] = [([], [])]
    """Of each module that is running: the parts that have ended, and the names of its layers."""

    def before(_: nn.Module, __: tuple[Any, ...]) -> None:
        open_blocks.append(([], []))

    def after(module: nn.Module, inputs: tuple[Any, ...], output: Any) -> None:
        parts, layers = open_blocks.pop()
        if _is_leaf(module):
            parts, layers = [], [] if type(module).__name__ in NOTHING else [_written(module)]
        working = int(_works(module)) if _is_leaf(module) else sum(part.working for part in parts)
        shaped = Shaped("+".join(layers), _shape(inputs), _shape(output))
        outer_parts, outer_layers = open_blocks[-1]
        outer_parts.append(Block(shaped, working, parts))
        outer_layers.extend(layers)

    handles = []
    for module in network.modules():
        handles += [module.register_forward_pre_hook(before), module.register_forward_hook(after)]
    try:
        with torch.no_grad(), ShapesAlone():
            network(image)
    finally:
        for handle in handles:
            handle.remove()
    (block,) = open_blocks[0][0]
    return block


def _is_leaf(module: nn.Module) -> bool:
    return isinstance(module, nn.MultiheadAttention) or not any(True for _ in module.children())


def _works(module: nn.Module) -> bool:
    """Whether a layer takes time worth a row: a convolution, a matrix, an attention, a pooling with a window."""
    return hasattr(module, "kernel_size") or any(parameter.dim() > 1 for parameter in module.parameters())


def _written(module: nn.Module) -> str:
    if isinstance(module, nn.Conv2d):
        depthwise = module.groups > 1 and module.groups == module.in_channels
        kind = "dwconv" if depthwise else "conv" if module.groups == 1 else f"g{module.groups}conv"
        dilated = f"d{_pair(module.dilation)}" if max(module.dilation) > 1 else ""
        strided = f"/{_pair(module.stride)}" if max(module.stride) > 1 else ""
        window = "x".join(map(str, module.kernel_size))
        return f"{kind}{window}{dilated}{strided}:{module.out_channels}"
    if isinstance(module, nn.Linear):
        return f"linear:{module.out_features}"
    known = [SHORT[each.__name__] for each in type(module).__mro__ if each.__name__ in SHORT]
    name = known[0] if known else type(module).__name__.lower()
    side: Any = getattr(module, "kernel_size", None)
    if side is None:
        return name
    stride = getattr(module, "stride", 1)
    return f"{name}{_pair(side)}" + (f"/{_pair(stride)}" if _pair(stride) != "1" else "")


def _pair(value: Any) -> str:
    values = value if isinstance(value, tuple) else (value,)
    return str(values[0]) if len(set(values)) == 1 else "x".join(map(str, values))


def _shape(tensors: Any) -> str:
    """The shapes of all tensors without the batch, several divided by commas."""
    found = tensors if isinstance(tensors, list | tuple) else [tensors]
    return ",".join("x".join(map(str, each.shape[1:])) for each in found if isinstance(each, Tensor))
