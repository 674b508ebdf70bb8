"""Genotypes: the wiring of a network's two cells, and its conversion from and to points of the search space.

The hidden states are numbered: 0 is h (the output of the previous cell), 1 is h_prev (the output of the cell before
it), and 2, 3, ... are the blocks in order. Some papers and repositories swap the numbers of h and h_prev.
"""

from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

from nasbench.core.arch import Architecture, Choice, Gene
from nasbench.core.graph import CellGraph, Node

NUM_BLOCKS = 5
OPERATIONS = (
    "identity",
    "conv_1x3_3x1",
    "conv_1x7_7x1",
    "dil_3x3",
    "avg_3x3",
    "max_3x3",
    "max_5x5",
    "max_7x7",
    "conv_1x1",
    "conv_3x3",
    "sep_3x3",
    "sep_5x5",
    "sep_7x7",
)
COMBINES = ("add", "concat")
CELLS = ("normal", "reduce")


class Block(NamedTuple):
    """Two operations on two states, combined by 'add' or 'concat'."""

    input_1: int
    input_2: int
    op_1: str
    op_2: str
    combine: str = "add"


@dataclass(frozen=True)
class CellGenotype:
    """The blocks of a cell, and the states that are concatenated to its output."""

    blocks: tuple[Block, ...]
    outputs: tuple[int, ...]


@dataclass(frozen=True)
class Genotype:
    """The normal cell, which keeps the size of the image, and the reduction cell, which halves it."""

    normal: CellGenotype
    reduce: CellGenotype


def state_name(state: int) -> str:
    return ("h", "h_prev")[state] if state < 2 else f"block_{state - 2}"


def choices() -> tuple[Choice, ...]:
    """The decisions in the order of the paper's controller. Each block: two inputs, two operations, one combination."""
    decisions = []
    for cell, block in product(CELLS, range(NUM_BLOCKS)):
        states = tuple(state_name(state) for state in range(block + 2))
        options: dict[str, tuple[Gene, ...]] = {
            "input_1": states,
            "input_2": states,
            "op_1": OPERATIONS,
            "op_2": OPERATIONS,
            "combine": COMBINES,
        }
        decisions += [Choice(f"{cell}_{block}_{part}", options[part]) for part in Block._fields]
    return tuple(decisions)


def unused_states(blocks: tuple[Block, ...]) -> tuple[int, ...]:
    """The states that no block uses, including the two inputs of the cell.

    They are the outputs of a sampled cell, so every state of it is used.
    """
    used = {state for block in blocks for state in (block.input_1, block.input_2)}
    return tuple(state for state in range(len(blocks) + 2) if state not in used)


def genotype_of(architecture: Architecture) -> Genotype:
    """The wiring of a valid architecture. The outputs of its cells are their unused states."""
    normal, reduce = (_blocks_of(architecture, cell) for cell in CELLS)
    return Genotype(CellGenotype(normal, unused_states(normal)), CellGenotype(reduce, unused_states(reduce)))


def architecture_of(space: str, normal: tuple[Block, ...], reduce: tuple[Block, ...]) -> Architecture:
    """The point of the space with these blocks."""
    genes: dict[str, Gene] = {}
    for cell, blocks in zip(CELLS, (normal, reduce), strict=True):
        for index, block in enumerate(blocks):
            values = (state_name(block.input_1), state_name(block.input_2), block.op_1, block.op_2, block.combine)
            genes |= {f"{cell}_{index}_{part}": value for part, value in zip(Block._fields, values, strict=True)}
    return Architecture.of(space, genes)


def canonical(architecture: Architecture) -> Architecture:
    """The canonical encoding of all architectures that are the same network.

    Encodings of a network differ in the order of the two operands of a block, and in the order of independent blocks.
    If the operands or the output states are concatenated, another order permutes the channels. The next layer is a 1x1
    convolution or the classifier, so the set of functions is the same.
    """
    normal, reduce = (canonical_blocks(_blocks_of(architecture, cell)) for cell in CELLS)
    return architecture_of(architecture.space, normal, reduce)


def canonical_blocks(blocks: tuple[Block, ...]) -> tuple[Block, ...]:
    """The lexicographically smallest encoding over all orders in which the blocks can be computed."""
    return tuple(
        Block(first[0], second[0], OPERATIONS[first[1]], OPERATIONS[second[1]], COMBINES[combine])
        for first, second, combine in _smallest(blocks, {0: 0, 1: 1})
    )


Code = tuple[tuple[int, int], tuple[int, int], int]


def _smallest(blocks: tuple[Block, ...], renamed: dict[int, int]) -> list[Code]:
    """The smallest code of the blocks that are not renamed yet.

    If several blocks have the smallest code, all of them are tried, because later blocks may differ.
    """
    codes = {
        index: code_of(block, renamed)
        for index, block in enumerate(blocks)
        if index + 2 not in renamed and block.input_1 in renamed and block.input_2 in renamed
    }
    if not codes:
        return []
    best = min(codes.values())
    equal = [index for index, code in codes.items() if code == best]
    return [best, *min(_smallest(blocks, {**renamed, index + 2: len(renamed)}) for index in equal)]


def code_of(block: Block, renamed: dict[int, int]) -> Code:
    """A block with its operands sorted; `renamed` are the new numbers of the states."""
    first = (renamed[block.input_1], _OPERATION_INDEX[block.op_1])
    second = (renamed[block.input_2], _OPERATION_INDEX[block.op_2])
    return min(first, second), max(first, second), COMBINES.index(block.combine)


_OPERATION_INDEX = {name: index for index, name in enumerate(OPERATIONS)}
_STATE_INDEX = {state_name(state): state for state in range(NUM_BLOCKS + 2)}


def _blocks_of(architecture: Architecture, cell: str) -> tuple[Block, ...]:
    genes = architecture.genes
    blocks = []
    for index in range(NUM_BLOCKS):
        input_1, input_2, op_1, op_2, combine = (str(genes[f"{cell}_{index}_{part}"]) for part in Block._fields)
        blocks.append(Block(_STATE_INDEX[input_1], _STATE_INDEX[input_2], op_1, op_2, combine))
    return tuple(blocks)


def graph(cell: CellGenotype) -> CellGraph:
    """The cell as a graph, for drawing."""
    nodes = tuple(
        Node(
            name=state_name(index + 2),
            edges=((state_name(block.input_1), block.op_1), (state_name(block.input_2), block.op_2)),
            combine=block.combine,
        )
        for index, block in enumerate(cell.blocks)
    )
    return CellGraph(inputs=("h", "h_prev"), nodes=nodes, outputs=tuple(state_name(state) for state in cell.outputs))
