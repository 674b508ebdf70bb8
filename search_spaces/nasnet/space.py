"""The NASNet search space: its decisions, and the conversion of an architecture or a published name to a network, a
file or a drawing.

Zoph, Vasudevan, Shlens and Le, "Learning Transferable Architectures for Scalable Image Recognition", CVPR 2018,
arXiv:1707.07012.
"""

from collections.abc import Mapping
from random import Random
from typing import TYPE_CHECKING

from nasbench.core.arch import Architecture, check
from nasbench.core.errors import UsageError, unknown
from nasbench.core.graph import CellGraph
from nasbench.core.registry import spaces
from nasbench.core.spec import ModelCard, ModelSpec, Size, Task, pixels_of
from search_spaces.nasnet.counts import counts
from search_spaces.nasnet.distinct import draw_cell
from search_spaces.nasnet.genotype import Genotype, architecture_of, canonical, choices, genotype_of, graph
from search_spaces.nasnet.published import PUBLISHED, Published
from search_spaces.nasnet.sizes import Rules, arguments, filters_for, skeleton_arguments

if TYPE_CHECKING:
    from torch import nn

    from search_spaces.nasnet.supernet import NasnetSupernet


@spaces.register("nasnet")
class NasnetSpace:
    """Two cells of five blocks: 50 decisions, 2.3e18 encodings of each cell.

    The outputs of a sampled cell are its unused states.
    """

    name = "nasnet"
    choices = choices()
    shares = ("inputs",)
    default_size = Size(depth=6, width=32, skeleton="cifar")

    def canonical(self, architecture: Architecture) -> Architecture:
        """The canonical encoding of the network. Raises UsageError if the architecture is not in this space."""
        check(architecture, self.choices)
        return canonical(architecture)

    def draw(self, rng: Random) -> Architecture:
        """A network, all distinct ones equally likely, in its canonical form."""
        return architecture_of(self.name, draw_cell(rng), draw_cell(rng))

    def build(self, architecture: Architecture, size: Size, task: Task) -> "nn.Module":
        """The network: (B, channels, H, W) -> (B, num_classes).

        In training mode with an auxiliary head, it returns (logits, auxiliary logits).
        """
        return _build(self._genotype(architecture), "nasnet", size, task)

    def supernet(self, size: Size, task: Task, affine: bool = False, share: str | None = None) -> "NasnetSupernet":
        """The weights of all architectures: forward(x, architecture) runs one path. It has no auxiliary head.

        `share`: one of `shares`. With "inputs", an operation has the same weights whichever input it reads.
        """
        from search_spaces.nasnet.supernet import NasnetSupernet

        assert share in (None, *self.shares), share
        if size.aux_head:
            raise UsageError("a supernet of space 'nasnet' has no auxiliary head. Leave --aux-head out.")
        return NasnetSupernet(
            **skeleton_arguments("nasnet", size, task), affine=affine, shares_inputs=share == "inputs"
        )

    def counts(self, architecture: Architecture, size: Size, task: Task) -> tuple[int, int]:
        """(trainable parameters, multiply-adds of one image) of the network, without building it."""
        found = arguments(self._genotype(architecture), "nasnet", size, task)
        return counts(pixels_of(size, task), **found)

    def published(self) -> Mapping[str, Size]:
        """Name of a published network -> its published size on CIFAR."""
        return {name: entry.size for name, entry in PUBLISHED.items()}

    def cards(self) -> Mapping[str, ModelCard]:
        """Name of a published network -> its card on CIFAR."""
        return {name: entry.card for name, entry in PUBLISHED.items()}

    def build_published(self, name: str, size: Size, task: Task) -> "nn.Module":
        """The published network at any size, built by the rules of its own release."""
        entry = _published(name)
        return _build(entry.genotype, entry.rules, size, task)

    def source(self, spec: ModelSpec) -> str:
        """Python source that imports only torch, with a function `build() -> nn.Module` for exactly this network."""
        from search_spaces.nasnet.source import source

        genotype, rules = self._wiring(spec)
        return source(spec, rules, arguments(genotype, rules, spec.size, spec.task))

    def graphs(self, spec: ModelSpec) -> Mapping[str, CellGraph]:
        """The graphs of the two cells, for drawing."""
        genotype, _ = self._wiring(spec)
        return {"Normal cell": graph(genotype.normal), "Reduction cell": graph(genotype.reduce)}

    def parse_stack(self, stack: str, skeleton: str, spec: ModelSpec | None = None) -> tuple[int, int]:
        """'N@P' -> (N, F). The number of outputs of the normal cell is that of `spec`, or NASNet-A's without a spec."""
        outputs = len(self._wiring(spec)[0].normal.outputs) if spec is not None else 6
        return filters_for(stack, skeleton, outputs)

    def _genotype(self, architecture: Architecture) -> Genotype:
        check(architecture, self.choices)
        return genotype_of(architecture)

    def _wiring(self, spec: ModelSpec) -> tuple[Genotype, Rules]:
        if spec.architecture is not None:
            return self._genotype(spec.architecture), "nasnet"
        assert spec.name is not None, spec
        entry = _published(spec.name)
        return entry.genotype, entry.rules


def _published(name: str) -> Published:
    if name not in PUBLISHED:
        raise unknown("published network of space 'nasnet'", name, PUBLISHED)
    return PUBLISHED[name]


def _build(genotype: Genotype, rules: Rules, size: Size, task: Task) -> "nn.Module":
    from search_spaces.nasnet.darts import darts
    from search_spaces.nasnet.enas import enas
    from search_spaces.nasnet.network import nasnet

    builder = {"enas": enas, "darts": darts}.get(rules, nasnet)
    return builder(**arguments(genotype, rules, size, task))
