"""Layers: SAME padding as TensorFlow defines it, pooling without its padding, factorized reduction."""

import pytest
import torch
from torch import nn

from nasbench.nn.layers import AvgPool, Conv, FactorizedReduction, MaxPool, same_padding


def windows(size: int, kernel: int, stride: int, dilation: int = 1) -> list[list[int]]:
    """The pixels of the image under each window, by the definition of SAME."""
    before, _ = same_padding(size, kernel, stride, dilation)
    starts = range(-before, -before + stride * -(-size // stride), stride)
    return [[p for p in range(start, start + kernel * dilation, dilation) if 0 <= p < size] for start in starts]


@pytest.mark.parametrize("size", [1, 2, 5, 8, 9, 32])
@pytest.mark.parametrize("kernel", [1, 2, 3, 5, 7])
@pytest.mark.parametrize("stride", [1, 2])
def test_same_padding_is_tensorflows(size, kernel, stride):
    before, after = same_padding(size, kernel, stride)
    assert after - before in (0, 1)
    assert (size + before + after - kernel) // stride + 1 == -(-size // stride) or kernel < stride


@pytest.mark.parametrize("size", [2, 7, 8])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("kernel", [2, 3, 5, 7])
def test_max_pool_sees_the_windows_of_the_definition(size, kernel, stride):
    x = torch.randn(1, 1, size, size)
    out = MaxPool(kernel, stride)(x)
    rows = windows(size, kernel, stride)
    expected = torch.stack([torch.stack([x[0, 0][a][:, b].max() for b in rows]) for a in rows])
    assert torch.equal(out[0, 0], expected)


@pytest.mark.parametrize("size", [2, 7, 8])
@pytest.mark.parametrize("stride", [1, 2])
def test_avg_pool_leaves_padding_out_of_the_mean(size, stride):
    x = torch.randn(1, 1, size, size)
    rows = windows(size, 3, stride)
    expected = torch.stack([torch.stack([x[0, 0][a][:, b].mean() for b in rows]) for a in rows])
    assert torch.allclose(AvgPool(3, stride)(x)[0, 0], expected, atol=1e-6)


@pytest.mark.parametrize(("kernel", "dilation"), [(1, 1), (3, 1), (5, 1), (7, 1), (3, 2), ((1, 7), 1)])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("size", [1, 4, 7, 8])
def test_conv_halves_upwards(kernel, dilation, stride, size):
    out = Conv(3, 4, kernel, stride, dilation=dilation)(torch.randn(2, 3, size, size))
    assert out.shape == (2, 4, -(-size // stride), -(-size // stride))


def test_conv_is_the_plain_one_where_padding_is_even():
    layer = Conv(3, 4, 3)
    x = torch.randn(2, 3, 8, 8)
    assert torch.equal(layer(x), nn.functional.conv2d(x, layer.weight, padding=1))


def test_weights_are_he_normal_by_fan_out():
    torch.manual_seed(0)
    assert Conv(64, 128, 3).weight.std().item() == pytest.approx((2 / (128 * 9)) ** 0.5, rel=0.05)
    assert Conv(512, 512, 5, groups=512).weight.std().item() == pytest.approx((2 / 25) ** 0.5, rel=0.05)


@pytest.mark.parametrize("size", [4, 7])
def test_factorized_reduction_reads_even_and_shifted_pixels(size):
    layer = FactorizedReduction(3, 8).eval()
    x = torch.randn(1, 3, size, size)
    out = layer(x)
    assert out.shape == (1, 8, -(-size // 2), -(-size // 2))
    scale = (1 + layer.bn.eps) ** -0.5
    at = torch.einsum("oc,chw->ohw", layer.path_1.weight[:, :, 0, 0], x[0, :, ::2, ::2]) * scale
    shifted = torch.einsum("oc,chw->ohw", layer.path_2.weight[:, :, 0, 0], x[0, :, 1::2, 1::2]) * scale
    assert torch.allclose(out[0, :4], at, atol=1e-5)
    assert torch.allclose(out[0, 4:, : size // 2, : size // 2], shifted, atol=1e-5)


def test_an_odd_factorized_reduction_has_one_empty_channel():
    layer = FactorizedReduction(3, 5).eval()
    out = layer(torch.randn(1, 3, 4, 4))
    assert out.shape == (1, 5, 2, 2)
    assert torch.equal(out[:, 4], torch.zeros(1, 2, 2))
