"""Uniform draws from the distinct networks of the space.

The two cells are independent. The spellings of a cell differ in the order of the operands of its blocks and in the
order of its blocks (see `genotype.canonical`). Operands are drawn as pairs without an order, so that only the orders of
the blocks are left; a cell with m of them is kept with a probability of 1 / m.
"""

from collections.abc import Iterator
from math import isqrt
from random import Random

from search_spaces.nasnet.genotype import COMBINES, NUM_BLOCKS, OPERATIONS, Block, Code, canonical_blocks, code_of


def draw_cell(
    rng: Random,
    num_blocks: int = NUM_BLOCKS,
    operations: tuple[str, ...] = OPERATIONS,
    combines: tuple[str, ...] = COMBINES,
) -> tuple[Block, ...]:
    """The blocks of a cell, all distinct cells equally likely, in canonical form."""
    while True:
        blocks = tuple(_block(rng, 2 + index, operations, combines) for index in range(num_blocks))
        if rng.random() * num_orders(blocks) < 1.0:
            return canonical_blocks(blocks)


def num_orders(blocks: tuple[Block, ...]) -> int:
    """How many spellings of a cell differ in more than the order of operands."""
    return len(set(_orders(blocks, {0: 0, 1: 1})))


def _orders(blocks: tuple[Block, ...], renamed: dict[int, int]) -> Iterator[tuple[Code, ...]]:
    """The codes of the blocks that are not renamed yet, in all orders in which they can be computed."""
    if len(renamed) == len(blocks) + 2:
        yield ()
    for index, block in enumerate(blocks):
        if index + 2 not in renamed and block.input_1 in renamed and block.input_2 in renamed:
            code = code_of(block, renamed)
            for others in _orders(blocks, {**renamed, index + 2: len(renamed)}):
                yield (code, *others)


def _block(rng: Random, num_states: int, operations: tuple[str, ...], combines: tuple[str, ...]) -> Block:
    """A block over `num_states` states: a pair of operands without an order, and a combination."""
    operands = num_states * len(operations)
    pair = rng.randrange(operands * (operands + 1) // 2)
    second = (isqrt(8 * pair + 1) - 1) // 2  # pairs (first, second) with first <= second, counted by `second`
    first = pair - second * (second + 1) // 2
    (input_1, op_1), (input_2, op_2) = (divmod(each, len(operations)) for each in (first, second))
    return Block(input_1, input_2, operations[op_1], operations[op_2], rng.choice(combines))
