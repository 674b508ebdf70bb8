"""The micro cells of ENAS's released script, as a point of the space, and its card."""

from dataclasses import dataclass, replace

from nasbench.core.spec import ModelCard, Size
from search_spaces.enas_micro.arc import BUILT
from search_spaces.nasnet.genotype import Block, CellGenotype
from search_spaces.nasnet.published import PUBLISHED as CELLS


@dataclass(frozen=True)
class Published:
    """A published network: the blocks of its cells, whose outputs are their unused states, its size and its card."""

    normal: tuple[Block, ...]
    reduce: tuple[Block, ...]
    size: Size
    card: ModelCard


def _blocks(cell: CellGenotype) -> tuple[Block, ...]:
    """The blocks with the names of this space's operations."""
    names = {builder: name for name, builder in BUILT.items()}
    return tuple(
        block._replace(op_1=names.get(block.op_1, block.op_1), op_2=names.get(block.op_2, block.op_2))
        for block in cell.blocks
    )


_ENAS = CELLS["enas"]

PUBLISHED: dict[str, Published] = {
    "released": Published(
        _blocks(_ENAS.genotype.normal),
        _blocks(_ENAS.genotype.reduce),
        _ENAS.size,
        replace(
            _ENAS.card,
            name="released",
            family="enas",
            results=(),
            note=f"{_ENAS.card.note} The same network as space:nasnet:enas, whose card has its published results; here "
            "it is a point of its own space.",
        ),
    )
}
