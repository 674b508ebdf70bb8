"""The small space of NASNet-like cells: its size, its spellings, its cells and draws, its supernet."""

from collections import Counter
from itertools import combinations_with_replacement, product
from random import Random

import pytest
import torch

from nasbench.blank import blank
from nasbench.core.arch import Architecture
from nasbench.core.errors import UsageError
from nasbench.core.spec import ModelSpec, Size, Task
from nasbench.profile import count
from search_spaces.nasnet.distinct import draw_cell
from search_spaces.nasnet.genotype import Block, canonical_blocks
from search_spaces.nasnet_small.cell import NUM_BLOCKS, OPERATIONS, architecture_of
from search_spaces.nasnet_small.space import NasnetSmallSpace

SPACE = NasnetSmallSpace()
NAMES = [choice.name for choice in SPACE.choices]


def blocks_over(states: int) -> list[Block]:
    """Every block over so many states: pairs of operands without an order."""
    pairs = combinations_with_replacement(product(range(states), OPERATIONS), 2)
    return [Block(input_1, input_2, op_1, op_2) for (input_1, op_1), (input_2, op_2) in pairs]


CELLS = [
    architecture_of(SPACE.name, blocks)
    for blocks in dict.fromkeys(map(canonical_blocks, product(blocks_over(2), blocks_over(3))))
]


def made(*genes: str) -> Architecture:
    return Architecture.of(SPACE.name, dict(zip(NAMES, genes, strict=True)))


def test_all_encodings_are_2178_networks() -> None:
    """Pairs of operands: 36 of the first block, 78 of the second; 36 * 36 of them do not read the first block, so that
    the two blocks have no order.
    """
    every = [made(*map(str, genes)) for genes in product(*(choice.options for choice in SPACE.choices))]
    networks = {SPACE.canonical(each) for each in every}
    assert (len(every), len(networks)) == (2**2 * 4**2 * 3**2 * 4**2, 36 * 78 - 36 * 36 + 36 * 37 // 2) == (9216, 2178)
    assert networks == set(CELLS)
    assert len(CELLS) == len(set(CELLS))


def test_equal_networks_have_one_encoding() -> None:
    one = made("h", "h_prev", "sep_3x3", "identity", "h_prev", "h", "max_3x3", "avg_3x3")
    blocks_swapped = made("h_prev", "h", "max_3x3", "avg_3x3", "h", "h_prev", "sep_3x3", "identity")
    operands_swapped = made("h_prev", "h", "identity", "sep_3x3", "h", "h_prev", "avg_3x3", "max_3x3")
    other = made("h", "h_prev", "sep_3x3", "identity", "h_prev", "h", "avg_3x3", "max_3x3")
    assert SPACE.canonical(one) == SPACE.canonical(blocks_swapped) == SPACE.canonical(operands_swapped)
    assert SPACE.canonical(one) != SPACE.canonical(other)


def test_draws_are_networks_each_as_often() -> None:
    """As often whether its blocks have an order or not: 666 of 2,178 have two independent blocks."""
    rng = Random(0)
    drawn = [draw_cell(rng, NUM_BLOCKS, OPERATIONS, ("add",)) for _ in range(4000)]
    independent = sum(all(state < 2 for state in (blocks[1].input_1, blocks[1].input_2)) for blocks in drawn)
    assert independent / 4000 == pytest.approx(666 / 2178, abs=0.03)  # four deviations
    assert {architecture_of(SPACE.name, blocks) for blocks in drawn} <= set(CELLS)
    assert max(Counter(drawn).values()) < 12  # Poisson of 1.8
    assert SPACE.draw(rng) in set(CELLS)


def test_both_kinds_of_cells_are_the_cell() -> None:
    """Outputs are the states that no block reads: here the second block and h_prev."""
    architecture = made("h", "h", "sep_3x3", "identity", "block_0", "h", "max_3x3", "avg_3x3")
    with blank():
        network = SPACE.build(architecture, SPACE.default_size, Task(image_size=16))
    assert [len(cell.blocks) for cell in network.cells] == [2] * 5
    spec = ModelSpec("space:nasnet-small", SPACE.default_size, Task(image_size=16), architecture=architecture)
    (cell,) = SPACE.graphs(spec).values()
    assert cell.outputs == ("h_prev", "block_1")
    assert count(network, Task(image_size=16)) == SPACE.counts(architecture, SPACE.default_size, Task(image_size=16))


def test_a_path_of_the_supernet_is_the_network() -> None:
    size, task = Size(1, 4, skeleton="cifar"), Task(3, 8, 3)
    supernet = SPACE.supernet(size, task, affine=True).double().eval()
    for architecture in Random(1).sample(CELLS, 4):
        network = SPACE.build(architecture, size, task).double().eval()
        network.load_state_dict(supernet.shared(architecture))
        x = torch.randn(2, 3, 8, 8, dtype=torch.float64)
        assert torch.equal(network(x), supernet(x, architecture))


def test_a_supernet_with_an_auxiliary_head_is_refused() -> None:
    with pytest.raises(UsageError, match="no auxiliary head"):
        SPACE.supernet(Size(1, 4, skeleton="cifar", aux_head=True), Task(3, 32, 3))
