"""The macro space of ENAS: the operation of each layer of a whole network, and the earlier layers that it is joined to.

Pham, Guan, Zoph, Le and Dean, "Efficient Neural Architecture Search via Parameter Sharing", ICML 2018,
arXiv:1802.03268, section 2.3.
"""

from collections.abc import Mapping, Sequence
from random import Random
from typing import TYPE_CHECKING, Any

from nasbench.core.arch import Architecture, check, sample
from nasbench.core.errors import UsageError, unknown
from nasbench.core.graph import CellGraph
from nasbench.core.protocols import Place
from nasbench.core.registry import spaces
from nasbench.core.spec import ModelCard, ModelSpec, Size, Task, pixels_of
from search_spaces.enas_macro.arc import NUM_LAYERS, Arc, arc_of, choices, places
from search_spaces.enas_macro.counts import counts
from search_spaces.enas_macro.drawing import graphs
from search_spaces.enas_macro.published import PUBLISHED, Published
from search_spaces.enas_macro.sizes import arguments

if TYPE_CHECKING:
    from torch import nn

    from search_spaces.enas_macro.supernet import EnasMacroSupernet


@spaces.register("enas-macro")
class EnasMacroSpace:
    """12 layers with 6 operations and 66 skips: 78 decisions, 1.6e29 networks, all of them different.

    A network has one of two forms, as `size.skeleton` says: 'cifar' is the form that is searched, 'final' the one in
    which the found architecture is trained (see `network`). `size.width` is F, the filters of the first layers.
    `size.depth` is N, how often each layer applies its operation: 1 in ENAS, and what compound scaling multiplies.
    """

    name = "enas-macro"
    default_size = Size(depth=1, width=36, skeleton="cifar")
    layerwise = True

    def __init__(self, num_layers: int = NUM_LAYERS) -> None:
        self.num_layers = num_layers
        self.choices = choices(num_layers)

    def canonical(self, architecture: Architecture) -> Architecture:
        """The architecture itself: no two are the same network. Raises UsageError if it is not in this space."""
        check(architecture, self.choices)
        return architecture

    def places(self) -> Sequence[Place]:
        """The layer and the kind of each decision, and the layer whose input is a skip or not."""
        return places(self.num_layers)

    def draw(self, rng: Random) -> Architecture:
        """A network, all equally likely."""
        return sample(self.name, self.choices, rng)

    def build(self, architecture: Architecture, size: Size, task: Task) -> "nn.Module":
        """The network: (B, channels, H, W) -> (B, num_classes)."""
        from search_spaces.enas_macro.network import macro

        return macro(self._arc(architecture), **arguments(size, task))

    def supernet(self, size: Size, task: Task, affine: bool = False) -> "EnasMacroSupernet":
        """The weights of all architectures in the form that is searched: forward(x, architecture) runs one path."""
        from search_spaces.enas_macro.supernet import EnasMacroSupernet

        found = arguments(size, task)
        if found.pop("form") != "search":
            raise UsageError("a supernet of space 'enas-macro' has the form that is searched. Give --skeleton cifar.")
        return EnasMacroSupernet(self.num_layers, **found, affine=affine)

    def counts(self, architecture: Architecture, size: Size, task: Task) -> tuple[int, int]:
        """(trainable parameters, multiply-adds of one image) of the network, without building it."""
        return counts(pixels_of(size, task), self._arc(architecture), **arguments(size, task))

    def published(self) -> Mapping[str, Size]:
        """Name of a published network -> its published size on CIFAR."""
        return {name: entry.size for name, entry in PUBLISHED.items()}

    def cards(self) -> Mapping[str, ModelCard]:
        """Name of a published network -> its card on CIFAR."""
        return {name: entry.card for name, entry in PUBLISHED.items()}

    def build_published(self, name: str, size: Size, task: Task) -> "nn.Module":
        """The published network at any size, in the final form whatever the skeleton, as in its own release."""
        from search_spaces.enas_macro.network import macro

        return macro(_published(name).arc, **_released_arguments(size, task))

    def source(self, spec: ModelSpec) -> str:
        """Python source that imports only torch, with a function `build() -> nn.Module` for exactly this network."""
        from search_spaces.enas_macro.source import source

        if spec.architecture is not None:
            return source(spec, self._arc(spec.architecture), arguments(spec.size, spec.task))
        return source(spec, _published(str(spec.name)).arc, _released_arguments(spec.size, spec.task))

    def graphs(self, spec: ModelSpec) -> Mapping[str, CellGraph]:
        """The graphs of the three stages, for drawing."""
        if spec.architecture is None:
            return graphs(_published(str(spec.name)).arc, "concat")
        return graphs(self._arc(spec.architecture), "concat" if spec.size.skeleton == "final" else "add")

    def _arc(self, architecture: Architecture) -> Arc:
        check(architecture, self.choices)
        return arc_of(architecture)


def _published(name: str) -> Published:
    if name not in PUBLISHED:
        raise unknown("published network of space 'enas-macro'", name, PUBLISHED)
    return PUBLISHED[name]


def _released_arguments(size: Size, task: Task) -> dict[str, Any]:
    return arguments(size, task) | {"form": "final", "separable": False}
