"""The supernet of the NASNet space: one cell against the network's cell, and how many weights it has."""

from itertools import pairwise
from random import Random

import pytest
import torch
from torch import nn

from nasbench.core.arch import sample
from nasbench.core.spec import Size, Task
from nasbench.nn.cell import Cell
from nasbench.nn.layers import FactorizedReduction, ReluConvBN
from nasbench.nn.shared_norm import share_norms
from nasbench.nn.sliced import SlicedReluConvBN
from search_spaces.nasnet.genotype import genotype_of
from search_spaces.nasnet.space import NasnetSpace
from search_spaces.nasnet.supernet import SharedCell, Source

SPACE = NasnetSpace()
F = 4


@pytest.mark.parametrize("shares_inputs", [False, True])
def test_a_shared_cell_is_the_cell_of_any_genotype(shares_inputs: bool) -> None:
    """A reduction cell, after cells of two different widths. Both inputs have states of which some are outputs."""
    torch.manual_seed(0)
    shared = SharedCell(Source(7, F // 2, 1), Source(7, F, 0), F, reduces=True, shares_inputs=shares_inputs).double()
    share_norms(shared, affine=False)
    rng = Random(0)
    for h_outputs, prev_outputs in (((2, 6), (1, 3, 6)), ((6,), (4, 5, 6))):
        wiring = genotype_of(sample("nasnet", SPACE.choices, rng)).reduce
        own = Cell(
            tuple(tuple(block) for block in wiring.blocks),
            wiring.outputs,
            ReluConvBN(len(h_outputs) * F // 2, F),
            FactorizedReduction(len(prev_outputs) * F, F, relu=True),
            F,
            F,
            2,
            1.0,
        ).double()
        own.load_state_dict(dict(shared.shared(wiring, h_outputs, prev_outputs)))
        h = torch.randn(2, len(h_outputs) * F // 2, 6, 6, dtype=torch.float64)
        h_prev = torch.randn(2, len(prev_outputs) * F, 12, 12, dtype=torch.float64)
        assert torch.equal(shared(h, h_prev, wiring, h_outputs, prev_outputs), own(h, h_prev))


def test_an_h_prev_of_the_right_size_is_not_calibrated() -> None:
    """As in the network: a cell with one output has as many channels as the cells of its stack."""
    shared = SharedCell(Source(1, 3, 0), Source(7, F, 0), F, reduces=False)
    assert shared.prev_calibration((6,)) is None
    assert shared.prev_calibration((5, 6)) is shared.calibrate_prev
    shared.calibrate_prev = SlicedReluConvBN(7, F // 2, F)  # before a reduction: cells of half the width
    assert shared.prev_calibration((5, 6)) is None


@pytest.mark.slow
@pytest.mark.parametrize(
    ("share", "pairs", "convolutions", "total", "plain"),
    [(None, 40, 67_968_000, 69_469_810, 68_955_010), ("inputs", 10, 16_992_000, 18_681_010, 18_537_250)],
)
def test_the_number_of_weights_at_n_2_and_f_24(
    share: str | None, pairs: int, convolutions: int, total: int, plain: int
) -> None:
    """68.0 million for the eight convolutions of all (slot, state) pairs, if every state has F channels; a quarter if
    the states that a slot reads share them.

    Then 8 cells of 40 pairs have per pair, with kernels k of depthwise convolutions and normalisations with scale and
    shift: (6 + 14 + 9 + 1 + 9 + 3 * 2) F**2 weights of dense and 1x1 convolutions, 2 (9 + 25 + 49) F of depthwise ones
    and 26 F of 13 normalisations. The supernet has more, each added here.
    """
    size = Size(2, 24, skeleton="cifar")
    with torch.device("meta"):
        supernet = SPACE.supernet(size, Task(), affine=True, share=share)
    widths = [24, 24, 48, 48, 48, 96, 96, 96]

    def of_pair(width: int) -> int:
        return 45 * width**2 + 166 * width + 26 * width

    assert sum(pairs * of_pair(width) for width in widths) == convolutions
    first, stem = widths[0], 3 * widths[0]
    added = {
        # What reads the stem in the first cell has other shapes, so it shares nothing with what reads other states.
        "a second set for the stem": 0 if share is None else 10 * of_pair(first),
        # The h_prev of the first cell is the stem as it is, 3F channels instead of F: ten slots read it.
        "operations on the stem": 10 * (stem - first) * ((3 + 7 + 9 + 1 + 9 + 3) * first + 9 + 25 + 49),
        "1x1 after poolings, and identities, of the stem": 10 * 5 * (stem * first + 2 * first),
        "strided identities": sum((10 if share else 20) * (width**2 + 2 * width) for width in (48, 96)),
        "after concatenations": sum(5 * (2 * width**2 + 2 * width) for width in widths),
        "output states that are inputs": (stem * 24 + 48) + sum(2 * (width**2 + 2 * width) for width in (48, 96)),
        "calibration of h": (72 * 24 + 48) + sum(7 * before * width + 2 * width for before, width in pairwise(widths)),
        "calibration of h_prev": (72 * 24 + 48)
        + sum(7 * before * width + 2 * width for before, width in zip(widths[:-2], widths[2:], strict=True)),
        "stem": 3 * 9 * 72 + 2 * 72,
        "classifier": 7 * 96 * 10 + 10,
    }
    assert sum(parameter.numel() for parameter in supernet.parameters()) == convolutions + sum(added.values()) == total
    scales = sum(2 * norm.num_features for norm in supernet.modules() if isinstance(norm, nn.BatchNorm2d))
    with torch.device("meta"):
        without = SPACE.supernet(size, Task(), share=share)
    assert sum(parameter.numel() for parameter in without.parameters()) == total - scales == plain
