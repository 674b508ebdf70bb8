"""A small space of NASNet-like cells, with few enough networks to train many of them: table `nasnet-small-cifar10`.

One cell of two blocks, which add. The normal and the reduction cells of a network are this cell; networks are built by
NASNet's rules (Zoph et al. 2018, arXiv:1707.07012).
"""

from collections.abc import Mapping
from random import Random
from typing import TYPE_CHECKING, Any

from nasbench.core.arch import Architecture, check
from nasbench.core.errors import UsageError
from nasbench.core.graph import CellGraph
from nasbench.core.registry import spaces
from nasbench.core.spec import ModelSpec, Size, Task, pixels_of
from search_spaces.nasnet.counts import counts
from search_spaces.nasnet.distinct import draw_cell
from search_spaces.nasnet.genotype import CellGenotype, Genotype, graph
from search_spaces.nasnet.sizes import arguments, filters_for, skeleton_arguments
from search_spaces.nasnet_small.cell import NUM_BLOCKS, OPERATIONS, architecture_of, canonical, cell_of, choices

if TYPE_CHECKING:
    from torch import nn

    from search_spaces.nasnet_small.supernet import NasnetSmallSupernet


@spaces.register("nasnet-small")
class NasnetSmallSpace:
    """One cell of two blocks: 8 decisions, 9,216 encodings of 2,178 networks.

    The outputs of the cell are its unused states. `size.depth` is N, the normal cells a stack; `size.width` is F.
    """

    name = "nasnet-small"
    choices = choices()
    default_size = Size(depth=1, width=8, skeleton="cifar")

    def canonical(self, architecture: Architecture) -> Architecture:
        """The canonical encoding of the network. Raises UsageError if the architecture is not in this space."""
        check(architecture, self.choices)
        return canonical(architecture)

    def draw(self, rng: Random) -> Architecture:
        """A network, all distinct ones equally likely, in its canonical form."""
        return architecture_of(self.name, draw_cell(rng, NUM_BLOCKS, OPERATIONS, ("add",)))

    def build(self, architecture: Architecture, size: Size, task: Task) -> "nn.Module":
        """The network: (B, channels, H, W) -> (B, num_classes).

        In training mode with an auxiliary head, it returns (logits, auxiliary logits).
        """
        from search_spaces.nasnet.network import nasnet

        return nasnet(**self._arguments(architecture, size, task))

    def supernet(self, size: Size, task: Task, affine: bool = False) -> "NasnetSmallSupernet":
        """The weights of all architectures: forward(x, architecture) runs one path. It has no auxiliary head."""
        from search_spaces.nasnet_small.supernet import NasnetSmallSupernet

        if size.aux_head:
            raise UsageError("a supernet of space 'nasnet-small' has no auxiliary head. Leave --aux-head out.")
        return NasnetSmallSupernet(**skeleton_arguments("nasnet", size, task), affine=affine)

    def counts(self, architecture: Architecture, size: Size, task: Task) -> tuple[int, int]:
        """(trainable parameters, multiply-adds of one image) of the network, without building it."""
        return counts(pixels_of(size, task), **self._arguments(architecture, size, task))

    def source(self, spec: ModelSpec) -> str:
        """Python source that imports only torch, with a function `build() -> nn.Module` for exactly this network."""
        from search_spaces.nasnet.source import source

        assert spec.architecture is not None, spec
        return source(spec, "nasnet", self._arguments(spec.architecture, spec.size, spec.task), "a small NASNet space")

    def graphs(self, spec: ModelSpec) -> Mapping[str, CellGraph]:
        """The graph of the cell, for drawing."""
        assert spec.architecture is not None, spec
        return {"Cell": graph(self._cell(spec.architecture))}

    def parse_stack(self, stack: str, skeleton: str, spec: ModelSpec | None = None) -> tuple[int, int]:
        """'N@P' -> (N, F). The number of outputs of the cell is that of `spec`, or 2 without a spec."""
        found = spec.architecture if spec is not None else None
        return filters_for(stack, skeleton, len(self._cell(found).outputs) if found is not None else 2)

    def _arguments(self, architecture: Architecture, size: Size, task: Task) -> dict[str, Any]:
        cell = self._cell(architecture)
        return arguments(Genotype(cell, cell), "nasnet", size, task)

    def _cell(self, architecture: Architecture) -> CellGenotype:
        check(architecture, self.choices)
        return cell_of(architecture)
