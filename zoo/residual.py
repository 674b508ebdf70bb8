"""Residual units with the addition before the last ReLU (He et al. 2015, arXiv:1512.03385), and their shortcuts.

Where the shape changes, option A has no parameters: it takes every second pixel and pads the new channels with zeros.
Option B is a 1x1 projection. `plain` units have no shortcut.
"""

from typing import Literal

from torch import Tensor, nn
from torch.nn import functional

from nasbench.nn.pointwise import PointwiseConv

Shortcut = Literal["A", "B", "plain"]


def conv(c_in: int, c_out: int, kernel: int, stride: int = 1, groups: int = 1) -> nn.Conv2d:
    """A convolution with padding, without bias."""
    if kernel == 1 and groups == 1 and stride > 1:
        return PointwiseConv(c_in, c_out, 1, stride, bias=False)
    return nn.Conv2d(c_in, c_out, kernel, stride, kernel // 2, groups=groups, bias=False)


def he_normal(network: nn.Module) -> None:
    """Initialises convolutions: normal with variance 2 / fan-out (He et al. 2015, arXiv:1502.01852)."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")


class PadShortcut(nn.Module):
    """Option A: (B, c_in, H, W) -> (B, c_out, H / stride, W / stride)."""

    def __init__(self, c_in: int, c_out: int, stride: int) -> None:
        super().__init__()
        self.missing = c_out - c_in
        self.stride = stride

    def forward(self, x: Tensor) -> Tensor:  # (B, c_in, H, W)
        x = x[:, :, :: self.stride, :: self.stride]  # (B, c_in, H / stride, W / stride)
        return functional.pad(x, (0, 0, 0, 0, 0, self.missing))  # (B, c_out, H / stride, W / stride)


def shortcut_of(kind: Shortcut, c_in: int, c_out: int, stride: int) -> nn.Module | None:
    """The shortcut of a unit: the identity if the shape does not change, None for plain units."""
    if kind == "plain":
        return None
    if stride == 1 and c_in == c_out:
        return nn.Identity()
    if kind == "A":
        return PadShortcut(c_in, c_out, stride)
    return nn.Sequential(conv(c_in, c_out, 1, stride), nn.BatchNorm2d(c_out))


class Residual(nn.Module):
    """relu(drop(branch(x)) + shortcut(x)). `drop` and `shortcut` may be None: then they are left out."""

    def __init__(self, branch: nn.Sequential, shortcut: nn.Module | None, drop: nn.Module | None = None) -> None:
        super().__init__()
        self.branch = branch
        self.shortcut = shortcut
        self.drop = drop
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:  # (B, c_in, H, W)
        out: Tensor = self.branch(x)  # (B, c_out, H / stride, W / stride)
        if self.drop is not None:
            out = self.drop(out)
        if self.shortcut is not None:
            out = out + self.shortcut(x)
        activated: Tensor = self.relu(out)
        return activated


def basic_branch(c_in: int, c_out: int, stride: int) -> nn.Sequential:
    """Two 3x3 convolutions."""
    return nn.Sequential(
        conv(c_in, c_out, 3, stride),
        nn.BatchNorm2d(c_out),
        nn.ReLU(inplace=True),
        conv(c_out, c_out, 3),
        nn.BatchNorm2d(c_out),
    )


def bottleneck_branch(
    c_in: int, width: int, c_out: int, stride: int, groups: int = 1, stride_in_1x1: bool = False
) -> nn.Sequential:
    """1x1, 3x3, 1x1. The stride is in the 3x3, as in today's libraries ("v1.5"), or in the first 1x1, as published."""
    first, second = (stride, 1) if stride_in_1x1 else (1, stride)
    return nn.Sequential(
        conv(c_in, width, 1, first),
        nn.BatchNorm2d(width),
        nn.ReLU(inplace=True),
        conv(width, width, 3, second, groups),
        nn.BatchNorm2d(width),
        nn.ReLU(inplace=True),
        conv(width, c_out, 1),
        nn.BatchNorm2d(c_out),
    )


class Head(nn.Sequential):
    """Global average pooling and a linear classifier: (B, C, H, W) -> (B, num_classes)."""

    def __init__(self, channels: int, num_classes: int) -> None:
        super().__init__(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, num_classes))


def stem(channels: int, width: int, small: bool) -> nn.Sequential:
    """A 3x3 convolution for small images; a 7x7 convolution of stride 2 and max-pooling for large ones."""
    if small:
        return nn.Sequential(conv(channels, width, 3), nn.BatchNorm2d(width), nn.ReLU(inplace=True))
    return nn.Sequential(
        conv(channels, width, 7, 2), nn.BatchNorm2d(width), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2, padding=1)
    )
