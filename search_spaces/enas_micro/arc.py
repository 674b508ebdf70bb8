"""The decisions of ENAS's micro space, and their conversion to the wiring of two cells.

The released code calls an architecture an arc. It numbers the states h_prev 0 and h 1, and the operations 0 to 4 in the
order of `OPERATIONS`. Here the states have the names and numbers of the NASNet space: 0 is h, 1 is h_prev.
"""

from dataclasses import replace
from itertools import product

from nasbench.core.arch import Architecture, Choice, Gene
from search_spaces.nasnet.genotype import (
    CELLS,
    NUM_BLOCKS,
    Block,
    CellGenotype,
    Genotype,
    canonical_blocks,
    state_name,
    unused_states,
)

OPERATIONS = ("sep_3x3", "sep_5x5", "avg_3x3", "max_3x3", "identity")
PARTS = ("input_1", "input_2", "op_1", "op_2")
BUILT = {"identity": "identity_factorized"}
"""Operation -> its name in `nasbench.nn.ops`, where it is another one: ENAS's identity reduces by a factorized
reduction.
"""

_STATES = {state_name(state): state for state in range(NUM_BLOCKS + 2)}


def choices() -> tuple[Choice, ...]:
    """The decisions in the order of ENAS's controller: the normal cell first; of a block, inputs before operations."""
    decisions = []
    for cell, block in product(CELLS, range(NUM_BLOCKS)):
        states: tuple[Gene, ...] = tuple(state_name(state) for state in range(block + 2))
        decisions += [Choice(f"{cell}_{block}_{part}", states) for part in PARTS[:2]]
        decisions += [Choice(f"{cell}_{block}_{part}", OPERATIONS) for part in PARTS[2:]]
    return tuple(decisions)


def genotype_of(architecture: Architecture) -> Genotype:
    """The wiring of a valid architecture. All blocks add; the outputs of a cell are its unused states."""
    normal, reduce = (_blocks_of(architecture, cell) for cell in CELLS)
    return Genotype(CellGenotype(normal, unused_states(normal)), CellGenotype(reduce, unused_states(reduce)))


def architecture_of(space: str, normal: tuple[Block, ...], reduce: tuple[Block, ...]) -> Architecture:
    """The point of the space with these blocks."""
    genes: dict[str, Gene] = {}
    for cell, blocks in zip(CELLS, (normal, reduce), strict=True):
        for index, block in enumerate(blocks):
            values = (state_name(block.input_1), state_name(block.input_2), block.op_1, block.op_2)
            genes |= {f"{cell}_{index}_{part}": value for part, value in zip(PARTS, values, strict=True)}
    return Architecture.of(space, genes)


def canonical(architecture: Architecture) -> Architecture:
    """The canonical encoding of all architectures that are the same network; see `nasnet.genotype.canonical`."""
    normal, reduce = (canonical_blocks(_blocks_of(architecture, cell)) for cell in CELLS)
    return architecture_of(architecture.space, normal, reduce)


def built(genotype: Genotype) -> Genotype:
    """The genotype with the operations that networks of ENAS are built from."""
    return Genotype(_built_cell(genotype.normal), _built_cell(genotype.reduce))


def _built_cell(cell: CellGenotype) -> CellGenotype:
    blocks = (
        block._replace(op_1=BUILT.get(block.op_1, block.op_1), op_2=BUILT.get(block.op_2, block.op_2))
        for block in cell.blocks
    )
    return replace(cell, blocks=tuple(blocks))


def _blocks_of(architecture: Architecture, cell: str) -> tuple[Block, ...]:
    genes = architecture.genes
    blocks = []
    for index in range(NUM_BLOCKS):
        input_1, input_2, op_1, op_2 = (str(genes[f"{cell}_{index}_{part}"]) for part in PARTS)
        blocks.append(Block(_STATES[input_1], _STATES[input_2], op_1, op_2))
    return tuple(blocks)
