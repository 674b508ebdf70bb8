"""The networks as they are trained compute what the plain definition does: outputs, gradients, running statistics."""

import runpy
from pathlib import Path
from random import Random
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from nasbench.core.arch import sample
from nasbench.core.spec import Size, Task
from nasbench.nn.layers import Conv, same_padding
from search_spaces.nasnet.genotype import genotype_of
from search_spaces.nasnet.published import NASNET_A
from search_spaces.nasnet.sizes import arguments
from search_spaces.nasnet.space import NasnetSpace

PLAIN: dict[str, Any] = runpy.run_path(str(Path(__file__).parents[2] / "benchmarks" / "plain_nasnet.py"))
SPACE, SIZE = NasnetSpace(), Size(1, 4, skeleton="cifar")


@torch.no_grad()
def relative(found: Tensor, expected: Tensor) -> float:
    return ((found - expected).norm() / expected.norm()).item()


@pytest.mark.parametrize("channels_last", [False, True])
@pytest.mark.parametrize(
    ("seed", "pixels"),
    [
        ("nasnet-a", 8),
        ("nasnet-a", 9),
        *(pytest.param(i, 8 + i % 3, marks=[pytest.mark.slow] * (i > 2)) for i in range(8)),
    ],
)
def test_outputs_and_gradients_are_those_of_the_plain_definition(seed, pixels, channels_last):
    torch.manual_seed(0)
    task = Task(7, pixels, 3)
    if seed == "nasnet-a":
        genotype, network = NASNET_A, SPACE.build_published(seed, SIZE, task)
    else:
        architecture = sample(SPACE.name, SPACE.choices, Random(seed))
        genotype, network = genotype_of(architecture), SPACE.build(architecture, SIZE, task)
    network.double()
    for name, parameter in network.named_parameters():
        if "bn" in name:  # scales and shifts that are not 1 and 0
            nn.init.normal_(parameter, 1.0, 0.2)
    plain = PLAIN["plain"](network, arguments(genotype, "nasnet", SIZE, task))
    x, labels = torch.randn(6, 3, pixels, pixels, dtype=torch.float64), torch.arange(6)
    expected = plain(x)
    nn.functional.cross_entropy(expected, labels).backward()
    if channels_last:
        network.to(memory_format=torch.channels_last)
        x = x.contiguous(memory_format=torch.channels_last)
    logits = network(x)
    nn.functional.cross_entropy(logits, labels).backward()

    assert relative(logits, expected) < 1e-9
    theirs = dict(zip(plain.names(), plain.parameters(), strict=True))
    assert theirs.keys() == dict(network.named_parameters()).keys()
    largest = max(p.grad.norm() for p in theirs.values())
    for name, p in network.named_parameters():
        expected = theirs[name].grad
        # before a normalisation a gradient can be zero but for rounding
        assert (p.grad - expected).norm() < 1e-9 * max(expected.norm(), 1e-3 * largest), name
    for name, buffer in network.named_buffers():
        assert torch.allclose(buffer, plain.weights[name], rtol=1e-9, atol=1e-12), name


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(
    ("kernel", "stride", "dilation", "side"),
    [(5, 1, 1, 9), (7, 1, 1, 8), (5, 2, 1, 8), (7, 2, 1, 9), (5, 1, 2, 12), ((3, 4), 2, 1, 10)],
)
def test_a_wide_depthwise_kernel_has_the_gradients_of_the_plain_call(kernel, stride, dilation, side, dtype):
    torch.manual_seed(0)
    conv = Conv(6, 6, kernel, stride, groups=6, dilation=dilation).to(dtype)
    x = torch.randn(3, 6, side, side, dtype=dtype, requires_grad=True)
    rows, columns = (same_padding(side, size, stride, dilation) for size in conv.kernel_size)
    padded = nn.functional.pad(x, (*columns, *rows))
    y = nn.functional.conv2d(padded, conv.weight, None, stride, 0, dilation, groups=6)
    weights = torch.randn_like(y)
    expected = torch.autograd.grad((y * weights).sum(), (x, conv.weight))
    found = torch.autograd.grad((conv(x) * weights).sum(), (x, conv.weight))
    tolerance = 1e-12 if dtype is torch.float64 else 1e-5
    assert torch.equal(conv(x), conv.eval()(x))
    assert all(relative(ours, theirs) < tolerance for ours, theirs in zip(found, expected, strict=True))


def test_a_frozen_depthwise_kernel_gets_no_gradient():
    conv = Conv(4, 4, 5, groups=4).requires_grad_(False)
    x = torch.randn(2, 4, 6, 6, requires_grad=True)
    conv(x).sum().backward()
    assert x.grad is not None
    assert conv.weight.grad is None
