"""Strided 1x1 convolutions with few channels: the shapes at which oneDNN's kernel ends the process."""

from random import Random

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from nasbench.core.arch import sample
from nasbench.core.recipe import Recipe
from nasbench.core.spec import Size, Task
from nasbench.nn.layers import Conv, FactorizedReduction
from nasbench.nn.pointwise import PointwiseConv, with_safe_pointwise
from nasbench.train.data import ImageData, Split
from nasbench.train.trainer import fit
from search_spaces.nasnet.space import NasnetSpace
from zoo.residual import conv

RECIPE = Recipe("test", 1, epochs=1, batch_size=8, lr_peak=0.01, channels_last=True)


def channels_last(channels: int, side: int) -> Tensor:
    x = torch.randn(8, channels, side, side).contiguous(memory_format=torch.channels_last)
    return x.requires_grad_()


@pytest.mark.parametrize("make", [Conv, lambda i, o, stride: conv(i, o, 1, stride)], ids=["cells", "zoo"])
@pytest.mark.parametrize(
    ("c_in", "c_out", "side"),
    [(2, 8, 64), (4, 4, 64), (8, 8, 64), (12, 6, 64), (8, 16, 64), (15, 15, 64), (3, 16, 48), (4, 4, 16), (7, 8, 32)],
)
def test_the_shapes_that_end_the_process_train_as_plain_ones(make, c_in, c_out, side) -> None:
    layer = make(c_in, c_out, stride=2)
    x = channels_last(c_in, side)
    plain = x.detach().contiguous().double().requires_grad_()
    weight = layer.weight.detach().double().requires_grad_()
    for _ in range(3):
        layer.zero_grad()
        layer(x).square().sum().backward()
    functional.conv2d(plain, weight, None, 2).square().sum().backward()
    assert torch.allclose(layer.weight.grad.double(), weight.grad, rtol=1e-4, atol=1e-2)
    assert torch.allclose(layer(x).double(), functional.conv2d(plain, weight, None, 2), rtol=1e-4, atol=1e-5)


def test_a_reduction_of_a_narrow_cell_network_trains_at_64_pixels() -> None:
    layer = FactorizedReduction(8, 8, relu=True)
    layer(channels_last(8, 64)).square().sum().backward()
    assert all(parameter.grad.isfinite().all() for parameter in layer.parameters())


def test_other_shapes_are_computed_as_before() -> None:
    """Bit for bit: what was trained at small sizes, or with more channels, keeps its numbers."""
    for channels, side in ((8, 8), (8, 32), (15, 48), (16, 64)):
        layer, x = Conv(channels, 8, stride=2), channels_last(channels, side)
        expected = functional.conv2d(x, layer.weight, None, 2)
        assert torch.equal(layer(x), expected)
        (mine,) = torch.autograd.grad(layer(x).square().sum(), layer.weight)
        (plain,) = torch.autograd.grad(expected.square().sum(), layer.weight)
        assert torch.equal(mine, plain)


class OwnNet(nn.Sequential):
    """A network of a user's own, with PyTorch's own strided 1x1 convolution."""

    def __init__(self) -> None:
        super().__init__()
        self.narrow = nn.Conv2d(3, 8, 1)
        self.halve = nn.Conv2d(8, 8, 1, 2)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.flatten = nn.Flatten()
        self.classifier = nn.Linear(8, 2)


def test_a_network_of_ones_own_is_trained_without_that_kernel() -> None:
    split = Split(torch.randint(0, 256, (16, 3, 64, 64), dtype=torch.uint8), torch.arange(16) % 2)
    data = ImageData("squares", split, split, (0.5,) * 3, (0.5,) * 3, ("a", "b"), 64)
    network = OwnNet()
    names = list(network.state_dict())
    found = fit(network, data, RECIPE, seed=1, device=torch.device("cpu"))
    assert 0.0 <= found["val_accuracy"] <= 1.0
    assert type(network.halve) is PointwiseConv
    assert type(network.narrow) is nn.Conv2d
    assert list(network.state_dict()) == names


def test_only_what_can_end_the_process_is_replaced() -> None:
    plain = nn.Sequential(
        nn.Conv2d(8, 8, 3, 2, 1),
        nn.Conv2d(8, 8, 1, 2, groups=2),
        nn.Conv2d(8, 8, 1, 2, padding=1),
        nn.Conv2d(8, 8, 1),
        Conv(8, 8, 1, 2),
    )
    before = [type(layer) for layer in plain]
    assert [type(layer) for layer in with_safe_pointwise(plain)] == before


@pytest.mark.parametrize("side", [16, 64])
def test_a_random_narrow_cell_network_trains(side: int) -> None:
    space = NasnetSpace()
    architecture = sample(space.name, space.choices, Random(28))
    network = space.build(architecture, Size(1, 4, side, "cifar"), Task(10, side, 1))
    network.to(memory_format=torch.channels_last)
    network(channels_last(1, side)).square().sum().backward()
    assert all(p.grad is None or p.grad.isfinite().all() for p in network.parameters())
