"""The Inception module of arXiv:1409.4842, figure 2: the naive module (a), and the module with 1x1 reductions (b)."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

ConvMaker = Callable[[int, int, int, int], nn.Module]
"""(channels in, channels out, kernel, stride) -> a padded convolution with its activation."""


def conv_relu(c_in: int, c_out: int, kernel: int, stride: int) -> nn.Module:
    return nn.Sequential(nn.Conv2d(c_in, c_out, kernel, stride, kernel // 2), nn.ReLU(inplace=True))


def conv_bn_relu(c_in: int, c_out: int, kernel: int, stride: int) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(c_in, c_out, kernel, stride, kernel // 2, bias=False),
        nn.BatchNorm2d(c_out, eps=0.001),
        nn.ReLU(inplace=True),
    )


class NaiveInception(nn.Module):
    """1x1, 3x3, 5x5 convolutions and 3x3 max-pooling side by side: (B, c_in, H, W) -> (B, channels, H, W).

    The pooled input is concatenated with all of its channels, so every module has more channels than the previous one.
    """

    def __init__(self, c_in: int, c_1x1: int, c_3x3: int, c_5x5: int, conv: ConvMaker = conv_relu) -> None:
        super().__init__()
        self.channels = c_1x1 + c_3x3 + c_5x5 + c_in
        self.branches = nn.ModuleList(
            [conv(c_in, c_1x1, 1, 1), conv(c_in, c_3x3, 3, 1), conv(c_in, c_5x5, 5, 1), nn.MaxPool2d(3, 1, padding=1)]
        )

    def forward(self, x: Tensor) -> Tensor:  # (B, c_in, H, W)
        return torch.cat([branch(x) for branch in self.branches], dim=1)  # (B, channels, H, W)


class ReducedInception(nn.Module):
    """The module with 1x1 reductions before 3x3 and 5x5, and a 1x1 projection after pooling.

    (B, c_in, H, W) -> (B, channels, H, W). `kernel_5x5` is 3 in torchvision's variant.
    """

    def __init__(
        self,
        c_in: int,
        c_1x1: int,
        c_3x3_reduce: int,
        c_3x3: int,
        c_5x5_reduce: int,
        c_5x5: int,
        c_pool: int,
        kernel_5x5: int = 5,
        conv: ConvMaker = conv_relu,
    ) -> None:
        super().__init__()
        self.channels = c_1x1 + c_3x3 + c_5x5 + c_pool
        self.branches = nn.ModuleList(
            [
                conv(c_in, c_1x1, 1, 1),
                nn.Sequential(conv(c_in, c_3x3_reduce, 1, 1), conv(c_3x3_reduce, c_3x3, 3, 1)),
                nn.Sequential(conv(c_in, c_5x5_reduce, 1, 1), conv(c_5x5_reduce, c_5x5, kernel_5x5, 1)),
                nn.Sequential(nn.MaxPool2d(3, 1, padding=1, ceil_mode=True), conv(c_in, c_pool, 1, 1)),
            ]
        )

    def forward(self, x: Tensor) -> Tensor:  # (B, c_in, H, W)
        return torch.cat([branch(x) for branch in self.branches], dim=1)  # (B, channels, H, W)
