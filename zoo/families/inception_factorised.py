"""Inception-v2's factorised modules (Szegedy et al. 2015, arXiv:1512.00567, figures 5 to 7), each as a small network.

| network | instead of | the convolutions |
|---|---|---|
| inception_5x5_as_3x3 | 5x5 | two 3x3, as in the modules at 35 x 35 |
| inception_7x7_as_1x7 | 7x7 | 1x7 and 7x1, as in the modules at 17 x 17 |
| inception_3x3_as_1x3 | 3x3 | 1x3 and 3x1 side by side, as in the modules at 8 x 8, which widen the output |

Beside each stands the network that is not factorised, with the same channels. The modules are Inception-v3's: the
widths of the paper's Inception-v2 were never printed.
"""

from functools import partial

import torch
from torch import Tensor, nn

from nasbench.core.spec import ModelCard, Task
from zoo.families.inception_example import ONE_MODULE
from zoo.forms import small_only
from zoo.inception_modules import conv_bn_relu
from zoo.registry import fixed, register
from zoo.residual import Head

PAPER = "Szegedy et al. 2015, arXiv:1512.00567"


def _conv(c_in: int, c_out: int, height: int, width: int) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(c_in, c_out, (height, width), padding=(height // 2, width // 2), bias=False),
        nn.BatchNorm2d(c_out, eps=0.001),
        nn.ReLU(inplace=True),
    )


class SideBySide(nn.Module):
    """1x3 and 3x1 convolutions of the same input, concatenated: (B, c_in, H, W) -> (B, 2 c_out, H, W)."""

    def __init__(self, c_in: int, c_out: int) -> None:
        super().__init__()
        self.across, self.down = _conv(c_in, c_out, 1, 3), _conv(c_in, c_out, 3, 1)

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([self.across(x), self.down(x)], dim=1)


def factorised(task: Task, kernel: int, factors: str) -> nn.Module:
    """A 1x1 reduction, the spatial convolutions, and a classifier: (B, channels, H, W) -> (B, num_classes)."""
    inside, outside = {5: (64, 96), 7: (128, 192), 3: (384, 768)}[kernel]
    spatial: list[nn.Module]
    if factors == "":
        spatial = [conv_bn_relu(inside, outside, kernel, 1)]
    elif factors == "3x3":
        spatial = [conv_bn_relu(inside, outside, 3, 1), conv_bn_relu(outside, outside, 3, 1)]
    elif factors == "1x7":
        spatial = [_conv(inside, inside, 1, 7), _conv(inside, outside, 7, 1)]
    else:
        assert factors == "1x3", factors
        spatial = [SideBySide(inside, outside // 2)]
    return nn.Sequential(conv_bn_relu(task.channels, inside, 1, 1), *spatial, Head(outside, task.num_classes))


# kernel, factors, channels and side of the input, params, MACs
NETWORKS: tuple[tuple[int, str, int, int, int, int], ...] = (
    (5, "", 192, 35, 167_178, 203_213_760),
    (5, "3x3", 192, 35, 152_010, 184_397_760),
    (7, "", 768, 17, 1_305_098, 376_432_512),
    (7, "1x7", 768, 17, 387_850, 111_273_856),
    (3, "", 1280, 8, 3_155_722, 201_334_272),
    (3, "1x3", 1280, 8, 1_386_250, 88_088_064),
)

for _kernel, _factors, _channels, _side, _params, _macs in NETWORKS:
    _whole = f"{_kernel}x{_kernel}"
    _card = ModelCard(
        name=f"inception_{_whole}" + (f"_as_{_factors}" if _factors else ""),
        family="inception",
        paper=PAPER,
        year=2015,
        task=Task(num_classes=10, image_size=_side, channels=_channels),
        params=_params,
        macs=_macs,
        verified="C",
        note=f"a 1x1 reduction, {'factors of ' if _factors else ''}a {_whole} convolution and a classifier",
    )
    register(_card, scaled=fixed(ONE_MODULE))(
        small_only(_card, partial(factorised, kernel=_kernel, factors=_factors), "inception_v3")
    )
