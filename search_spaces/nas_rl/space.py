"""The layer-wise space of the first search by reinforcement learning: its decisions, and the conversion of an
architecture or a published name to a network, a file or a drawing.

Zoph and Le, "Neural Architecture Search with Reinforcement Learning", ICLR 2017, arXiv:1611.01578.

The space has no uniform draw of distinct networks. How many architectures are the same network is the number of orders
in which its layers can be listed, and nothing quick counts these (Brightwell and Winkler 1991).
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from nasbench.core.arch import Architecture
from nasbench.core.errors import UsageError
from nasbench.core.graph import Graph
from nasbench.core.protocols import Place
from nasbench.core.registry import spaces
from nasbench.core.spec import ModelCard, ModelSpec, Size, Task, pixels_of
from nasbench.core.typed import shown
from search_spaces.nas_rl.canonical import ordered
from search_spaces.nas_rl.counts import counts
from search_spaces.nas_rl.graph import graph
from search_spaces.nas_rl.layers import (
    MOST_LAYERS,
    SPACE,
    Form,
    Layer,
    architecture_of,
    choices,
    form_of,
    layers_of,
    outputs_of,
    places,
)
from search_spaces.nas_rl.published import PUBLISHED, published

if TYPE_CHECKING:
    from torch import nn

FIRST_DEPTH = 6
"""The number of layers that the paper's search begins with."""
STRIDES = ("fixed", "predicted")


@spaces.register(SPACE)
class NasRlSpace:
    """A chain of `layers` convolutions: the height, the width and the number of the filters of each, and which earlier
    layers it reads.

    stride  'fixed': all strides are 1; 'predicted': each layer decides on its stride in rows and in columns
    pools   the numbers of the layers that are max poolings (2x2, stride 2), from 2 on: they decide only what they read

    It builds architectures of every depth, whatever it is made with.
    """

    name = SPACE
    default_size = Size()
    published_task = Task()

    def __init__(self, layers: int = FIRST_DEPTH, stride: str = "fixed", pools: Sequence[int] | int = ()) -> None:
        if not _is_whole(layers) or not 1 <= layers <= MOST_LAYERS:
            raise UsageError(
                f"the layers of space {SPACE!r} are a whole number from 1 to {MOST_LAYERS}; got {shown(layers)}"
            )
        if stride not in STRIDES:
            raise UsageError(
                f"the option 'stride' of space {SPACE!r} is fixed (1 everywhere) or predicted (a decision of each "
                f"layer); got {shown(stride)}"
            )
        numbers: Any = (pools,) if isinstance(pools, int) else pools
        if not isinstance(numbers, list | tuple) or not all(
            _is_whole(each) and 2 <= each <= layers for each in numbers
        ):
            raise UsageError(
                f"the option 'pools' of space {SPACE!r} has numbers of layers, from 2 to the number of layers "
                f"({layers}), as pools=(3,5); got {shown(pools)}"
            )
        self._pools = tuple(sorted(set(numbers)))
        self.form = Form(layers, stride == "predicted", self._pools)
        self.choices = choices(self.form)

    @property
    def layers(self) -> int:
        """The number of layers that `choices` are for."""
        return self.form.layers

    def with_layers(self, layers: int) -> "NasRlSpace":
        """The space of networks of that many layers, with the same strides, and the poolings that lie in them: those of
        deeper ones are not forgotten.
        """
        other = NasRlSpace(layers, STRIDES[self.form.strides], [each for each in self._pools if each <= layers])
        other._pools = self._pools
        return other

    def places(self) -> Sequence[Place]:
        """The layer and the kind of each decision, and which layer is read or not."""
        return places(self.form)

    def containing(self, architecture: Architecture) -> "NasRlSpace":
        """The space with the options that an architecture was drawn with."""
        form = form_of(architecture)
        return NasRlSpace(form.layers, STRIDES[form.strides], form.pools)

    def canonical(self, architecture: Architecture) -> Architecture:
        """The same network with its layers in an order that depends on the network alone."""
        form = form_of(architecture)
        return architecture_of(ordered(layers_of(architecture)), form.strides)

    def build(self, architecture: Architecture, size: Size, task: Task) -> "nn.Module":
        """The network: (B, channels, H, W) -> (B, num_classes)."""
        return _build(layers_of(architecture), size, task)

    def counts(self, architecture: Architecture, size: Size, task: Task) -> tuple[int, int]:
        """(trainable parameters, multiply-adds of one image) of the network, without building it."""
        _check_size(size)
        return counts(layers_of(architecture), task, pixels_of(size, task))

    def published(self) -> Mapping[str, Size]:
        """Name of a published network -> its published size."""
        return dict.fromkeys(PUBLISHED, self.default_size)

    def cards(self) -> Mapping[str, ModelCard]:
        """Name of a published network -> its card on CIFAR."""
        return {name: entry.card for name, entry in PUBLISHED.items()}

    def build_published(self, name: str, size: Size, task: Task) -> "nn.Module":
        """The published network."""
        return _build(published(name).layers, size, task)

    def architecture(self, name: str) -> Architecture:
        """The genes of a published network: a point of the space of 15 layers."""
        return architecture_of(published(name).layers)

    def source(self, spec: ModelSpec) -> str:
        """Python source that imports only torch, with a function `build() -> nn.Module` for exactly this network."""
        from search_spaces.nas_rl.source import source

        _check_size(spec.size)
        return source(_layers(spec), spec)

    def graphs(self, spec: ModelSpec) -> Mapping[str, Graph]:
        """The chain of layers, for drawing."""
        return {"Layers": graph(_layers(spec))}


def _layers(spec: ModelSpec) -> tuple[Layer, ...]:
    if spec.architecture is not None:
        return layers_of(spec.architecture)
    assert spec.name is not None, spec
    return published(spec.name).layers


def _build(layers: tuple[Layer, ...], size: Size, task: Task) -> "nn.Module":
    from search_spaces.nas_rl.network import Network

    _check_size(size)
    return Network(layers, outputs_of(layers), task.num_classes, task.channels)


def _check_size(size: Size) -> None:
    if size.skeleton or size.aux_head:
        raise UsageError(
            f"networks of space {SPACE!r} have no skeleton of cells and no auxiliary head; leave those flags out"
        )
    if (size.depth, size.width) != (1, 1):
        raise UsageError(
            f"the layers of a network of space {SPACE!r} decide on their filters themselves, so it has no multipliers "
            f"of depth and width; got depth {size.depth:g}, width {size.width:g}. Scale the resolution alone, or "
            "search with more --layers."
        )


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
