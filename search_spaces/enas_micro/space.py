"""The micro space of ENAS: two cells of five blocks, with five operations, that only add.

Pham, Guan, Zoph, Le and Dean, "Efficient Neural Architecture Search via Parameter Sharing", ICML 2018,
arXiv:1802.03268, section 2.4. Networks are built as the released code builds its final ones.
"""

from collections.abc import Mapping
from random import Random
from typing import TYPE_CHECKING, Any

from nasbench.core.arch import Architecture, check
from nasbench.core.errors import UsageError, unknown
from nasbench.core.graph import CellGraph
from nasbench.core.registry import spaces
from nasbench.core.spec import ModelCard, ModelSpec, Size, Task, pixels_of
from search_spaces.enas_micro.arc import OPERATIONS, architecture_of, built, canonical, choices, genotype_of
from search_spaces.enas_micro.counts import counts
from search_spaces.enas_micro.published import PUBLISHED
from search_spaces.nasnet.distinct import draw_cell
from search_spaces.nasnet.genotype import NUM_BLOCKS, Genotype, graph
from search_spaces.nasnet.sizes import arguments, filters_for, skeleton_arguments

if TYPE_CHECKING:
    from torch import nn

    from search_spaces.enas_micro.supernet import EnasMicroSupernet


@spaces.register("enas-micro")
class EnasMicroSpace:
    """Two cells of five blocks: 40 decisions, 5.1e12 encodings of each cell.

    The outputs of a cell are its unused states. `size.depth` is N, the normal cells a stack; `size.width` is F.
    """

    name = "enas-micro"
    choices = choices()
    shares = ("inputs",)
    default_size = Size(depth=5, width=36, skeleton="cifar")

    def canonical(self, architecture: Architecture) -> Architecture:
        """The canonical encoding of the network. Raises UsageError if the architecture is not in this space."""
        check(architecture, self.choices)
        return canonical(architecture)

    def draw(self, rng: Random) -> Architecture:
        """A network, all distinct ones equally likely, in its canonical form."""
        normal, reduce = (draw_cell(rng, NUM_BLOCKS, OPERATIONS, ("add",)) for _ in range(2))
        return architecture_of(self.name, normal, reduce)

    def build(self, architecture: Architecture, size: Size, task: Task) -> "nn.Module":
        """The network: (B, channels, H, W) -> (B, num_classes).

        In training mode with an auxiliary head, it returns (logits, auxiliary logits).
        """
        from search_spaces.nasnet.enas import enas

        return enas(**self._arguments(self._genotype(architecture), size, task))

    def supernet(self, size: Size, task: Task, affine: bool = False, share: str | None = None) -> "EnasMicroSupernet":
        """The weights of all architectures: forward(x, architecture) runs one path. It has no auxiliary head.

        `share`: one of `shares`. With "inputs", an operation has the same weights whichever input it reads.
        """
        from search_spaces.enas_micro.supernet import EnasMicroSupernet

        assert share in (None, *self.shares), share
        if size.aux_head:
            raise UsageError("a supernet of space 'enas-micro' has no auxiliary head. Leave --aux-head out.")
        return EnasMicroSupernet(
            **skeleton_arguments("enas", size, task), affine=affine, shares_inputs=share == "inputs"
        )

    def counts(self, architecture: Architecture, size: Size, task: Task) -> tuple[int, int]:
        """(trainable parameters, multiply-adds of one image) of the network, without building it."""
        return counts(pixels_of(size, task), **self._arguments(self._genotype(architecture), size, task))

    def published(self) -> Mapping[str, Size]:
        """Name of a published network -> its published size on CIFAR."""
        return {name: entry.size for name, entry in PUBLISHED.items()}

    def cards(self) -> Mapping[str, ModelCard]:
        """Name of a published network -> its card on CIFAR."""
        return {name: entry.card for name, entry in PUBLISHED.items()}

    def architecture(self, name: str) -> Architecture:
        """The genes of a published network."""
        if name not in PUBLISHED:
            raise unknown("published network of space 'enas-micro'", name, PUBLISHED)
        return architecture_of(self.name, PUBLISHED[name].normal, PUBLISHED[name].reduce)

    def build_published(self, name: str, size: Size, task: Task) -> "nn.Module":
        """The published network at any size."""
        return self.build(self.architecture(name), size, task)

    def source(self, spec: ModelSpec) -> str:
        """Python source that imports only torch, with a function `build() -> nn.Module` for exactly this network."""
        from search_spaces.nasnet.source import source

        found = self._arguments(self._wiring(spec), spec.size, spec.task)
        return source(spec, "enas", found, "ENAS's micro search space")

    def graphs(self, spec: ModelSpec) -> Mapping[str, CellGraph]:
        """The graphs of the two cells, for drawing."""
        genotype = self._wiring(spec)
        return {"Normal cell": graph(genotype.normal), "Reduction cell": graph(genotype.reduce)}

    def parse_stack(self, stack: str, skeleton: str, spec: ModelSpec | None = None) -> tuple[int, int]:
        """'N@P' -> (N, F). The number of outputs of the normal cell is that of `spec`, or the released cell's, 5."""
        outputs = len(self._wiring(spec).normal.outputs) if spec is not None else 5
        return filters_for(stack, skeleton, outputs)

    def _arguments(self, genotype: Genotype, size: Size, task: Task) -> dict[str, Any]:
        return arguments(built(genotype), "enas", size, task)

    def _genotype(self, architecture: Architecture) -> Genotype:
        check(architecture, self.choices)
        return genotype_of(architecture)

    def _wiring(self, spec: ModelSpec) -> Genotype:
        if spec.architecture is not None:
            return self._genotype(spec.architecture)
        assert spec.name is not None, spec
        return self._genotype(self.architecture(spec.name))
