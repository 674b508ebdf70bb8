"""The decisions of the small space, and their conversion to the wiring of its one cell.

States have the names and numbers of the NASNet space: 0 is h, 1 is h_prev, 2 the first block.
"""

from nasbench.core.arch import Architecture, Choice, Gene
from search_spaces.nasnet.genotype import Block, CellGenotype, canonical_blocks, state_name, unused_states

NUM_BLOCKS = 2
OPERATIONS = ("sep_3x3", "avg_3x3", "max_3x3", "identity")
PARTS = ("input_1", "input_2", "op_1", "op_2")

_STATES = {state_name(state): state for state in range(NUM_BLOCKS + 2)}


def choices() -> tuple[Choice, ...]:
    """Of each block, its inputs before its operations."""
    decisions = []
    for block in range(NUM_BLOCKS):
        states: tuple[Gene, ...] = tuple(state_name(state) for state in range(block + 2))
        decisions += [Choice(f"cell_{block}_{part}", states) for part in PARTS[:2]]
        decisions += [Choice(f"cell_{block}_{part}", OPERATIONS) for part in PARTS[2:]]
    return tuple(decisions)


def cell_of(architecture: Architecture) -> CellGenotype:
    """The wiring of a valid architecture. All blocks add; the outputs are the unused states."""
    blocks = _blocks_of(architecture)
    return CellGenotype(blocks, unused_states(blocks))


def architecture_of(space: str, blocks: tuple[Block, ...]) -> Architecture:
    """The point of the space with these blocks."""
    genes: dict[str, Gene] = {}
    for index, block in enumerate(blocks):
        values = (state_name(block.input_1), state_name(block.input_2), block.op_1, block.op_2)
        genes |= {f"cell_{index}_{part}": value for part, value in zip(PARTS, values, strict=True)}
    return Architecture.of(space, genes)


def canonical(architecture: Architecture) -> Architecture:
    """The canonical encoding of all architectures that are the same network; see `nasnet.genotype.canonical`."""
    return architecture_of(architecture.space, canonical_blocks(_blocks_of(architecture)))


def _blocks_of(architecture: Architecture) -> tuple[Block, ...]:
    genes = architecture.genes
    blocks = []
    for index in range(NUM_BLOCKS):
        input_1, input_2, op_1, op_2 = (str(genes[f"cell_{index}_{part}"]) for part in PARTS)
        blocks.append(Block(_STATES[input_1], _STATES[input_2], op_1, op_2))
    return tuple(blocks)
