"""The space of NAS-Bench-201: cells of 4 nodes and 6 edges, with one operation on each edge; 15,625 cells.

Dong and Yang, "NAS-Bench-201: Extending the Scope of Reproducible Neural Architecture Search", ICLR 2020,
arXiv:2001.00326.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING

from nasbench.core.arch import Architecture, Gene, check
from nasbench.core.errors import UsageError
from nasbench.core.graph import CellGraph, Node
from nasbench.core.registry import spaces
from nasbench.core.spec import ModelSpec, Size, Task, pixels_of
from search_spaces.nasbench201.counts import counts
from search_spaces.nasbench201.equality import all_reached, canonical
from search_spaces.nasbench201.notation import EDGES, OPERATIONS, Cell, cell_of, choices, genes_of, read, write

if TYPE_CHECKING:
    from torch import nn

    from search_spaces.nasbench201.supernet import NasBench201Supernet


@spaces.register("nasbench201")
class NasBench201Space:
    """One operation on each of the 6 edges of a cell. A subset of the five `operations` gives a smaller space."""

    name = "nasbench201"
    default_size = Size(depth=5, width=16, skeleton="cifar")

    def __init__(self, operations: Sequence[str] = OPERATIONS) -> None:
        self.choices = choices(operations)

    def canonical(self, architecture: Architecture) -> Architecture:
        """The canonical encoding of all architectures that are the same network with the same counts."""
        items = _canonical_items(tuple(self._cell(architecture).values()))
        options = self.choices[0].options
        if len(options) < len(OPERATIONS) and any(operation not in options for _, operation in items):
            return architecture  # the operations may lack `none`; then cells are not changed
        return Architecture(self.name, items)

    def build(self, architecture: Architecture, size: Size, task: Task) -> "nn.Module":
        """The network: (B, channels, H, W) -> (B, num_classes)."""
        from search_spaces.nasbench201.network import Network

        num_cells, filters = _cells_and_filters(size)
        return Network(self._cell(architecture), num_cells, filters, task.num_classes, task.channels)

    def supernet(self, size: Size, task: Task, affine: bool = False) -> "NasBench201Supernet":
        """The weights of all architectures: forward(x, architecture) runs one path."""
        from search_spaces.nasbench201.supernet import NasBench201Supernet

        operations = [str(operation) for operation in self.choices[0].options]
        return NasBench201Supernet(operations, *_cells_and_filters(size), task, affine)

    def counts(self, architecture: Architecture, size: Size, task: Task) -> tuple[int, int]:
        """(trainable parameters, multiply-adds of one image) of the network, without building it."""
        num_cells, filters = _cells_and_filters(size)
        return counts(self._cell(architecture), num_cells, filters, task, pixels_of(size, task))

    def all_reached(self, architecture: Architecture) -> bool:
        """Whether the gradient reaches every parameter. The benchmark also has cells where it does not."""
        return all_reached(self._cell(architecture))

    def to_string(self, architecture: Architecture) -> str:
        """The official notation, |op~0|+|op~0|op~1|+|op~0|op~1|op~2|."""
        return write(self._cell(architecture))

    def from_string(self, text: str) -> Architecture:
        """The architecture of a text in the official notation. Raises UsageError if it is not in this space."""
        architecture = Architecture.of(self.name, genes_of(read(text)))
        check(architecture, self.choices)
        return architecture

    def source(self, spec: ModelSpec) -> str:
        """Python source that imports only torch, with a function `build() -> nn.Module` for exactly this network."""
        from search_spaces.nasbench201.source import source

        return source(self._cell_of(spec), *_cells_and_filters(spec.size), spec)

    def graphs(self, spec: ModelSpec) -> Mapping[str, CellGraph]:
        """The graph of the cell, for drawing. Edges with the operation `none` are left out."""
        cell = self._cell_of(spec)
        nodes = tuple(
            Node(
                name,
                tuple(
                    (str(source), op) for (source, target), op in cell.items() if str(target) == name and op != "none"
                ),
            )
            for name in ("1", "2", "3")
        )
        return {"Cell": CellGraph(inputs=("0",), nodes=nodes, outputs=("3",))}

    def _cell(self, architecture: Architecture) -> Cell:
        check(architecture, self.choices)
        return cell_of(architecture.genes)

    def _cell_of(self, spec: ModelSpec) -> Cell:
        assert spec.architecture is not None, spec
        return self._cell(spec.architecture)


@cache  # 15,625 at most
def _canonical_items(operations: tuple[str, ...]) -> tuple[tuple[str, Gene], ...]:
    return tuple(genes_of(canonical(dict(zip(EDGES, operations, strict=True)))).items())


def _cells_and_filters(size: Size) -> tuple[int, int]:
    if size.skeleton != "cifar":
        raise UsageError(
            f"space 'nasbench201' has only the CIFAR skeleton; got {size.skeleton!r}. Give --skeleton cifar."
        )
    if size.aux_head:
        raise UsageError("networks of space 'nasbench201' have no auxiliary head. Leave --aux-head out.")
    for flag, name, value in (
        ("--cells", "N, the cells a stage", size.depth),
        ("--filters", "C, the filters of the first stage", size.width),
    ):
        if value < 1 or value != int(value):
            raise UsageError(f"{name}, is a whole number from 1 on; got {value:g}. Give {flag} {max(1, round(value))}.")
    return int(size.depth), int(size.width)
