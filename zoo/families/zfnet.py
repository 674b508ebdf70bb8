"""ZFNet (Zeiler, Fergus 2013, arXiv:1311.2901): AlexNet with 7x7 kernels and stride 2 in the first layer.

The paper has two forms: AlexNet's 384, 384 and 256 maps in layers 3 to 5, and its best single network with 512, 1,024
and 512 maps.
"""

from functools import partial

from torch import nn

from nasbench.core.spec import ModelCard, Result, Task
from zoo.families.alexnet import dense_head, response_norm
from zoo.forms import large_only
from zoo.library import IMAGENET
from zoo.registry import ONE_BY_ONE, fixed, register

PAPER = "Zeiler, Fergus 2013, arXiv:1311.2901"


class ZFNet(nn.Sequential):
    """96 and 256 maps, then those of `last`. Pooling and then response normalisation follow the first two layers."""

    def __init__(self, task: Task, last: tuple[int, int, int] = (384, 384, 256)) -> None:
        third, fourth, fifth = last
        super().__init__(
            nn.Conv2d(task.channels, 96, 7, stride=2, padding=1),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(3, 2, padding=1),
            response_norm(),
            nn.Conv2d(96, 256, 5, stride=2),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(3, 2, padding=1),
            response_norm(),
            nn.Conv2d(256, third, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(third, fourth, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(fourth, fifth, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(3, 2),
            nn.AdaptiveAvgPool2d(6),  # the identity at 224 pixels
            *dense_head(fifth * 6 * 6, task.num_classes),
        )
        for module in self:
            if isinstance(module, nn.Conv2d | nn.Linear):  # section 3 of the paper: standard deviation 0.01, biases 0
                nn.init.normal_(module.weight, std=0.01)
                assert module.bias is not None
                nn.init.zeros_(module.bias)


CARD = ModelCard(
    name="zfnet",
    family="alexnet",
    paper=PAPER,
    year=2013,
    task=IMAGENET,
    params=62_357_608,
    macs=1_168_032_896,
    verified="C",
    results=(
        Result("top1_error", 38.4, PAPER + ", table 2, one network, quoted", "S"),
        Result("top5_error", 16.5, PAPER + ", table 2, one network, quoted", "S"),
    ),
    note="384-384-256 maps in layers 3 to 5; zfnet_wide has the form of lectures and of the paper's best network",
)
WIDE = ModelCard(
    name="zfnet_wide",
    family="alexnet",
    paper=PAPER,
    year=2013,
    task=IMAGENET,
    params=107_627_624,
    macs=2_476_704_896,
    verified="C",
    results=(
        Result("top1_error", 37.5, PAPER + ", table 2, one network, quoted", "S"),
        Result("top5_error", 16.0, PAPER + ", table 2, one network, quoted", "S"),
    ),
    note="512-1024-512 maps in layers 3 to 5, as lectures draw it; 11.7 % top-5 in ILSVRC 2013 is of an ensemble",
)

register(CARD, scaled=fixed(ONE_BY_ONE))(large_only(CARD, ZFNet, "alexnet"))
register(WIDE, scaled=fixed(ONE_BY_ONE))(large_only(WIDE, partial(ZFNet, last=(512, 1024, 512)), "alexnet"))
