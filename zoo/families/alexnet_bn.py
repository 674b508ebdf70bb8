"""AlexNet with batch normalisation: the one tower of arXiv:1404.5997 as soumith's imagenet-multiGPU.torch released it.

A normalisation follows every convolution and both hidden dense layers; there is no dropout.
"""

from torch import nn

from nasbench.core.spec import ModelCard, Task
from zoo.families.alexnet import ONE_TOWER_PAPER
from zoo.forms import large_only
from zoo.library import IMAGENET
from zoo.registry import ONE_BY_ONE, fixed, register

EPSILON = 1e-3
"""Of the normalisations, as released."""


def _conv(c_in: int, c_out: int, kernel: int, stride: int, padding: int) -> list[nn.Module]:
    return [
        nn.Conv2d(c_in, c_out, kernel, stride, padding),
        nn.BatchNorm2d(c_out, eps=EPSILON),
        nn.ReLU(inplace=True),
    ]


def _dense(c_in: int, c_out: int) -> list[nn.Module]:
    return [nn.Linear(c_in, c_out), nn.BatchNorm1d(c_out, eps=EPSILON), nn.ReLU(inplace=True)]


class AlexNetBN(nn.Sequential):
    """64-192-384-256-256 maps: (B, channels, H, W) -> (B, num_classes)."""

    def __init__(self, task: Task) -> None:
        super().__init__(
            *_conv(task.channels, 64, 11, 4, 2),
            nn.MaxPool2d(3, 2),
            *_conv(64, 192, 5, 1, 2),
            nn.MaxPool2d(3, 2),
            *_conv(192, 384, 3, 1, 1),
            *_conv(384, 256, 3, 1, 1),
            *_conv(256, 256, 3, 1, 1),
            nn.MaxPool2d(3, 2),
            nn.AdaptiveAvgPool2d(6),  # the identity at 224 pixels
            nn.Flatten(),
            *_dense(256 * 6 * 6, 4096),
            *_dense(4096, 4096),
            nn.Linear(4096, task.num_classes),
        )


CARD = ModelCard(
    name="alexnet_bn",
    family="alexnet",
    paper=ONE_TOWER_PAPER,
    year=2015,
    task=IMAGENET,
    params=61_119_528,
    macs=714_188_480,
    verified="C",
    note="alexnet with a normalisation after each convolution and hidden dense layer, without dropout, as released in "
    "github.com/soumith/imagenet-multiGPU.torch (alexnetowtbn)",
)

register(CARD, scaled=fixed(ONE_BY_ONE))(large_only(CARD, AlexNetBN, "alexnet"))
