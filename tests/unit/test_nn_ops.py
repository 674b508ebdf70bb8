"""Candidate operations: shapes, parameters, the order of their layers."""

import pytest
import torch
from torch import nn

from nasbench.nn.cell import Block, Cell
from nasbench.nn.layers import Conv, ConvBN, FactorizedReduction, ReluConvBN
from nasbench.nn.ops import OPERATIONS
from search_spaces.nasnet.genotype import OPERATIONS as THIRTEEN


def num_params(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


@pytest.mark.parametrize("name", OPERATIONS)
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("c_in", [8, 24])
@pytest.mark.parametrize("side", [7, 8])
def test_shapes(name, stride, c_in, side):
    out = OPERATIONS[name](c_in, 8, stride)(torch.randn(2, c_in, side, side))
    assert out.shape == (2, 8, -(-side // stride), -(-side // stride))


def test_the_thirteen_are_here():
    assert len(THIRTEEN) == len(set(THIRTEEN)) == 13
    assert set(THIRTEEN) <= set(OPERATIONS)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("identity", 0),
        ("avg_3x3", 0),
        ("max_7x7", 0),
        ("conv_1x1", 64 + 16),
        ("conv_3x3", 9 * 64 + 16),
        ("dil_3x3", 9 * 64 + 16),
        ("conv_1x7_7x1", 2 * (7 * 64 + 16)),
        ("conv_1x3_3x1", 2 * (3 * 64 + 16)),
        ("sep_5x5", 2 * (25 * 8 + 64 + 16)),
        ("dil_sep_5x5", 2 * (25 * 8 + 64 + 16)),
        ("dil_sep_3x3_once", 9 * 8 + 64 + 16),
        ("skip_factorized", 0),
        ("avg_3x3_centred", 0),
        ("bottleneck_3x3", (16 + 4) + (9 * 4 + 4) + (16 + 16)),
        ("bottleneck_1x7_7x1", (16 + 4) + 2 * (7 * 4 + 4) + (16 + 16)),
    ],
)
def test_parameters_at_eight_filters(name, expected):
    assert num_params(OPERATIONS[name](8, 8, 1)) == expected


def test_identity_and_pooling_adapt_only_where_they_must():
    assert isinstance(OPERATIONS["identity"](8, 8, 1), nn.Identity)
    strided = OPERATIONS["identity"](8, 8, 2)
    assert isinstance(strided, ReluConvBN)
    assert strided.conv.stride == (2, 2)
    assert isinstance(OPERATIONS["identity_factorized"](8, 8, 2), FactorizedReduction)
    assert isinstance(OPERATIONS["skip_factorized"](8, 8, 1), nn.Identity)
    reduced = OPERATIONS["skip_factorized"](8, 8, 2)
    assert isinstance(reduced, FactorizedReduction)
    assert isinstance(reduced.relu, nn.ReLU)
    assert num_params(OPERATIONS["max_3x3"](8, 8, 2)) == 0
    assert isinstance(OPERATIONS["max_3x3"](24, 8, 1)[1], ConvBN)


def test_convolutions_are_relu_convolution_normalisation():
    assert [type(m) for m in OPERATIONS["sep_3x3"](8, 8, 2)] == [nn.ReLU, Conv, Conv, nn.BatchNorm2d] * 2
    assert [type(m) for m in OPERATIONS["conv_3x3"](8, 8, 1)] == [nn.ReLU, Conv, nn.BatchNorm2d]
    assert [layer.conv.kernel_size for layer in OPERATIONS["conv_1x7_7x1"](8, 8, 1)] == [(1, 7), (7, 1)]
    assert OPERATIONS["dil_3x3"](8, 8, 1).conv.dilation == (2, 2)


def test_blocks_add_or_concatenate_and_come_back_to_f_channels():
    a, b = torch.randn(2, 8, 4, 4), torch.randn(2, 8, 4, 4)
    assert torch.equal(Block(nn.Identity(), nn.Identity(), "add", 8)(a, b), a + b)
    concat = Block(nn.Identity(), nn.Identity(), "concat", 8)
    assert concat(a, b).shape == (2, 8, 4, 4)
    assert num_params(concat) == 16 * 8 + 16


def test_a_cell_fits_unlike_states_before_it_puts_them_out():
    blocks = ((0, 0, "sep_3x3", "identity", "add"),)
    cell = Cell(blocks, (1, 2), nn.Identity(), nn.Identity(), prev_channels=24, filters=8, stride=1, layer_share=1.0)
    assert cell(torch.randn(2, 8, 4, 4), torch.randn(2, 24, 4, 4)).shape == (2, 16, 4, 4)
    assert isinstance(cell.fits[0], ConvBN)
    cell = Cell(blocks, (1, 2), nn.Identity(), nn.Identity(), prev_channels=8, filters=8, stride=2, layer_share=1.0)
    assert cell(torch.randn(2, 8, 4, 4), torch.randn(2, 8, 4, 4)).shape == (2, 16, 2, 2)
    assert isinstance(cell.fits[0], FactorizedReduction)
