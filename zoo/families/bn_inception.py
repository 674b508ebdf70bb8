"""BN-Inception, or Inception-v2 (Ioffe, Szegedy 2015, arXiv:1502.03167): two 3x3 convolutions instead of a 5x5, and
batch normalisation after every convolution.

The channels are those of figure 5 of the paper. The pool projection of 4c and 4d is 128, as in the released weights.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from nasbench.core.spec import ModelCard, Result, Task
from zoo.forms import large_only
from zoo.library import IMAGENET
from zoo.registry import MODULES_DIFFER, fixed, register

PAPER = "Ioffe, Szegedy 2015, arXiv:1502.03167"

Gate = Callable[[int], nn.Module]
"""Channels -> a layer that is applied to the output of a module."""


@dataclass(frozen=True)
class Widths:
    """Channels of a module. With `stride` 2 there is no 1x1 branch, and the max-pooled input is not projected."""

    one: int
    three_reduce: int
    three: int
    double_reduce: int
    double: int
    project: int
    pool: str = "average"
    stride: int = 1


MODULES: tuple[Widths, ...] = (
    Widths(64, 64, 64, 64, 96, 32),
    Widths(64, 64, 96, 64, 96, 64),
    Widths(0, 128, 160, 64, 96, 0, "max", 2),
    Widths(224, 64, 96, 96, 128, 128),
    Widths(192, 96, 128, 96, 128, 128),
    Widths(160, 128, 160, 128, 160, 128),
    Widths(96, 128, 192, 160, 192, 128),
    Widths(0, 128, 192, 192, 256, 0, "max", 2),
    Widths(352, 192, 320, 160, 224, 128),
    Widths(352, 192, 320, 192, 224, 128, "max"),
)


def _conv(c_in: int, c_out: int, kernel: int, stride: int = 1) -> nn.Sequential:
    """Convolution, batch normalisation, ReLU.

    The bias has no effect before a batch normalisation, but the released network has it and counts its parameters.
    """
    return nn.Sequential(
        nn.Conv2d(c_in, c_out, kernel, stride, kernel // 2), nn.BatchNorm2d(c_out), nn.ReLU(inplace=True)
    )


class BNInceptionModule(nn.Module):
    """1x1, 3x3, double 3x3 and pooling side by side: (B, c_in, H, W) -> (B, channels, H / stride, W / stride)."""

    def __init__(self, c_in: int, widths: Widths) -> None:
        super().__init__()
        stride = widths.stride
        branches: list[nn.Module] = [_conv(c_in, widths.one, 1)] if widths.one else []
        branches.append(
            nn.Sequential(_conv(c_in, widths.three_reduce, 1), _conv(widths.three_reduce, widths.three, 3, stride))
        )
        branches.append(
            nn.Sequential(
                _conv(c_in, widths.double_reduce, 1),
                _conv(widths.double_reduce, widths.double, 3),
                _conv(widths.double, widths.double, 3, stride),
            )
        )
        if stride == 2:
            branches.append(nn.MaxPool2d(3, 2, ceil_mode=True))
        else:
            pool = nn.MaxPool2d(3, 1, padding=1) if widths.pool == "max" else nn.AvgPool2d(3, 1, padding=1)
            branches.append(nn.Sequential(pool, _conv(c_in, widths.project, 1)))
        self.branches = nn.ModuleList(branches)
        self.channels = widths.one + widths.three + widths.double + (widths.project or c_in)

    def forward(self, x: Tensor) -> Tensor:  # (B, c_in, H, W)
        return torch.cat([branch(x) for branch in self.branches], dim=1)  # (B, channels, H / stride, W / stride)


class BNInception(nn.Sequential):
    """(B, C, H, W) -> (B, num_classes). `gate` makes a layer that is applied to the output of every module."""

    def __init__(self, task: Task, gate: Gate | None = None) -> None:
        layers: list[nn.Module] = [
            _conv(task.channels, 64, 7, 2),
            nn.MaxPool2d(3, 2, ceil_mode=True),
            _conv(64, 64, 1),
            _conv(64, 192, 3),
            nn.MaxPool2d(3, 2, ceil_mode=True),
        ]  # (B, 192, 28, 28) for images of 224 pixels
        c_in = 192
        for widths in MODULES:
            module = BNInceptionModule(c_in, widths)
            layers.append(module)
            c_in = module.channels
            if gate is not None:
                layers.append(gate(c_in))
        super().__init__(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(c_in, task.num_classes))


CARD = ModelCard(
    name="bn_inception",
    family="inception",
    paper=PAPER,
    year=2015,
    task=IMAGENET,
    params=11_295_240,
    macs=2_032_600_064,
    verified="C",
    results=(
        Result("top1_error", 25.2, "arXiv:1707.07012, table 2 (74.8 / 92.2)", "P"),
        Result("top5_error", 7.8, "arXiv:1707.07012, table 2 (74.8 / 92.2)", "P"),
    ),
    note="Inception-v2, with the biases before batch normalisation of the released weights",
)

register(CARD, scaled=fixed(MODULES_DIFFER))(large_only(CARD, BNInception, "googlenet_bn"))
