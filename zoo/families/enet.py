"""ENet's encoder (Paszke et al. 2016, arXiv:1606.02147) as a classifier.

ENet segments images. Lectures place it on charts of classifiers because of Canziani et al. 2017 (arXiv:1605.07678).
Here are the released encoder's layers, a 1x1 convolution to the classes, and the mean over all places.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from nasbench.core.spec import ModelCard, Task
from zoo.forms import large_only
from zoo.library import IMAGENET
from zoo.registry import fixed, register

UNLIKE = "its units differ in kind and dilation, in one published order"
SQUEEZE = 4
"""Channels of a unit, divided by those inside of it."""
EPSILON = 1e-3
PATTERN: tuple[tuple[str, int], ...] = (
    ("plain", 1),
    ("dilated", 2),
    ("asymmetric", 5),
    ("dilated", 4),
    ("plain", 1),
    ("dilated", 8),
    ("asymmetric", 5),
    ("dilated", 16),
)
"""Kind and dilation, or kernel, of the units at an eighth of the image's side. They come twice."""


class Initial(nn.Module):
    """A strided 3x3 convolution beside the pooled image: (B, C, H, W) -> (B, 16, H / 2, W / 2)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, 16 - channels, 3, 2, 1)
        self.pool = nn.MaxPool2d(2, ceil_mode=True)
        self.norm = nn.BatchNorm2d(16, eps=EPSILON)
        self.prelu = nn.PReLU(16)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.prelu(self.norm(torch.cat([self.conv(x), self.pool(x)], dim=1)))
        return out


def _middle(kind: str, size: int, width: int) -> list[nn.Module]:
    if kind == "asymmetric":
        return [
            nn.Conv2d(width, width, (1, size), padding=(0, size // 2), bias=False),
            nn.Conv2d(width, width, (size, 1), padding=(size // 2, 0)),
        ]
    return [nn.Conv2d(width, width, 3, padding=size, dilation=size)]


class Unit(nn.Module):
    """A bottleneck whose shortcut pools and pads with zeros: (B, c_in, H, W) -> (B, c_out, H / s, W / s), s 1 or 2."""

    def __init__(self, c_in: int, c_out: int, kind: str, size: int, dropout: float, stride: int = 1) -> None:
        super().__init__()
        width = c_out // SQUEEZE
        self.branch = nn.Sequential(
            nn.Conv2d(c_in, width, stride, stride, bias=False),
            nn.BatchNorm2d(width, eps=EPSILON),
            nn.PReLU(width),
            *_middle(kind, size, width),
            nn.BatchNorm2d(width, eps=EPSILON),
            nn.PReLU(width),
            nn.Conv2d(width, c_out, 1, bias=False),
            nn.BatchNorm2d(c_out, eps=EPSILON),
            nn.Dropout2d(dropout),
        )
        self.pool = nn.MaxPool2d(2) if stride == 2 else None
        self.missing = c_out - c_in
        self.prelu = nn.PReLU(c_out)

    def forward(self, x: Tensor) -> Tensor:
        shortcut = x if self.pool is None else self.pool(x)
        shortcut = functional.pad(shortcut, (0, 0, 0, 0, 0, self.missing))  # (B, c_out, H / s, W / s)
        out: Tensor = self.prelu(self.branch(x) + shortcut)
        return out


class ENet(nn.Sequential):
    """(B, channels, H, W) -> (B, num_classes)."""

    def __init__(self, task: Task) -> None:
        super().__init__(
            Initial(task.channels),
            Unit(16, 64, "plain", 1, 0.01, stride=2),
            *(Unit(64, 64, "plain", 1, 0.01) for _ in range(4)),
            Unit(64, 128, "plain", 1, 0.1, stride=2),
            *(Unit(128, 128, kind, size, 0.1) for kind, size in PATTERN * 2),
            nn.Conv2d(128, task.num_classes, 1),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
        )


CARD = ModelCard(
    name="enet",
    family="enet",
    paper="Paszke et al. 2016, arXiv:1606.02147",
    year=2016,
    task=IMAGENET,
    params=467_156,
    macs=411_430_656,
    verified="C",
    note="the released encoder (github.com/e-lab/ENet-training) and a mean over places; its classifier's training was "
    "not released",
)

register(CARD, scaled=fixed(UNLIKE))(large_only(CARD, ENet, "shufflenet_v2_x1_0"))
