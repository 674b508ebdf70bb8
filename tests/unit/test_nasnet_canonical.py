"""Canonical forms: spellings of one network are one, other networks are others."""

from random import Random

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from nasbench.blank import blank
from nasbench.core.arch import Architecture, check, mutate, sample
from nasbench.core.spec import Size, Task
from nasbench.profile import count
from search_spaces.nasnet.genotype import Block, architecture_of, canonical, canonical_blocks, genotype_of
from search_spaces.nasnet.space import NasnetSpace

SPACE = NasnetSpace()
SIZE, TASK = Size(1, 4, skeleton="cifar"), Task(10, 8, 3)
seeds = st.integers(0, 2**32)


def random_architecture(seed: int) -> Architecture:
    return sample(SPACE.name, SPACE.choices, Random(seed))


def respell(blocks: tuple[Block, ...], rng: Random) -> tuple[tuple[Block, ...], dict[int, int], list[bool]]:
    """The same cell with its blocks in another possible order and operands swapped; new names of the states; the
    swaps.
    """
    renamed = {0: 0, 1: 1}
    spelled: list[Block] = []
    swaps = [rng.random() < 0.5 for _ in blocks]
    while len(spelled) < len(blocks):
        ready = [
            i for i, b in enumerate(blocks) if i + 2 not in renamed and b.input_1 in renamed and b.input_2 in renamed
        ]
        index = rng.choice(ready)
        block = blocks[index]
        first, second = (renamed[block.input_1], block.op_1), (renamed[block.input_2], block.op_2)
        if swaps[index]:
            first, second = second, first
        spelled.append(Block(first[0], second[0], first[1], second[1], block.combine))
        renamed[index + 2] = len(spelled) + 1
    return tuple(spelled), renamed, swaps


@settings(max_examples=100, deadline=None)
@given(seeds, seeds)
def test_spellings_share_a_canonical_form(seed, spelling):
    architecture, rng = random_architecture(seed), Random(spelling)
    genotype = genotype_of(architecture)
    other = architecture_of(
        SPACE.name, respell(genotype.normal.blocks, rng)[0], respell(genotype.reduce.blocks, rng)[0]
    )
    assert SPACE.canonical(other) == SPACE.canonical(architecture)


@settings(max_examples=100, deadline=None)
@given(seeds)
def test_canonical_is_idempotent_and_a_point_of_the_space(seed):
    once = SPACE.canonical(random_architecture(seed))
    check(once, SPACE.choices)
    assert list(once.genes) == [choice.name for choice in SPACE.choices]
    assert SPACE.canonical(once) == once


@pytest.mark.parametrize("seed", range(4))
def test_a_canonical_form_has_the_same_parameters_and_macs(seed):
    architecture = random_architecture(seed)
    with blank():
        networks = [SPACE.build(spelling, SIZE, TASK) for spelling in (architecture, SPACE.canonical(architecture))]
    assert count(networks[0], TASK) == count(networks[1], TASK)


def test_sharing_a_block_is_not_computing_it_twice():
    """A block that reads one state twice, and one that reads two equal but separate states, are different networks."""
    equal = Block(0, 1, "sep_3x3", "sep_3x3")
    rest = (Block(0, 0, "max_3x3", "max_3x3"), Block(1, 1, "max_3x3", "max_3x3"))
    shared = (equal, equal, Block(2, 2, "avg_3x3", "max_3x3"), *rest)
    separate = (equal, equal, Block(2, 3, "avg_3x3", "max_3x3"), *rest)
    assert canonical_blocks(shared) != canonical_blocks(separate)


@pytest.mark.parametrize("seed", range(30))
def test_another_operation_or_combination_is_another_network(seed):
    rng = Random(seed)
    architecture = random_architecture(seed)
    other = mutate(architecture, [choice for choice in SPACE.choices if "input" not in choice.name], rng)
    assert canonical(other) != canonical(architecture)


@pytest.mark.parametrize("seed", range(6))
def test_a_spelling_computes_the_same_function(seed):
    """With the weights carried over, block by block and channel by channel, the outputs agree."""
    torch.manual_seed(seed)
    rng = Random(seed)
    architecture = random_architecture(seed)
    genotype = genotype_of(architecture)
    cells = [respell(cell.blocks, rng) for cell in (genotype.normal, genotype.reduce)]
    other = architecture_of(SPACE.name, cells[0][0], cells[1][0])
    network = SPACE.build(architecture, SIZE, TASK).double().eval()
    twin = SPACE.build(other, SIZE, TASK).double().eval()
    for name, buffer in network.named_buffers():
        if "running" in name:
            buffer.uniform_(0.5, 1.5)

    old_outputs = [cell.outputs for cell in network.cells]
    new_outputs = [cell.outputs for cell in twin.cells]
    kinds = [int(index in (1, 3)) for index in range(5)]  # N = 1: normal, reduction, normal, reduction, normal

    def channels(cell: int, x: Tensor, dim: int) -> Tensor:
        """`x`, whose dimension `dim` follows the output channels of a cell, in the order of the twin's."""
        if cell < 0:  # the stem
            return x
        renamed = cells[kinds[cell]][1]
        groups = x.chunk(len(old_outputs[cell]), dim)
        order = [[renamed[state] for state in old_outputs[cell]].index(state) for state in new_outputs[cell]]
        return torch.cat([groups[index] for index in order], dim)

    carried = {}
    for name, value in network.state_dict().items():
        parts = name.split(".")
        if parts[0] == "cells":
            cell = int(parts[1])
            _, renamed, swaps = cells[kinds[cell]]
            if parts[2] == "blocks":
                block = int(parts[3])
                if swaps[block]:
                    parts[4] = {"left": "right", "right": "left"}.get(parts[4], parts[4])
                    if parts[4:] == ["squeeze", "conv", "weight"]:
                        value = torch.cat(value.chunk(2, 1)[::-1], 1)
                parts[3] = str(renamed[block + 2] - 2)
            elif parts[2] == "fits":
                parts[3] = str(new_outputs[cell].index(renamed[old_outputs[cell][int(parts[3])]]))
            elif parts[-1] == "weight" and value.dim() == 4:  # a calibration
                value = channels(cell - 1 if parts[2] == "calibrate" else cell - 2, value, 1)
        elif name == "classifier.linear.weight":
            value = channels(4, value, 1)
        carried[".".join(parts)] = value
    twin.load_state_dict(carried, strict=True)
    x = torch.randn(2, 3, 8, 8, dtype=torch.float64)
    assert torch.allclose(network(x), twin(x), atol=1e-9)
    assert network(x).std() > 1e-3
