"""ShuffleNet v1 (Zhang et al. 2018, arXiv:1707.01083) and v2 (Ma et al. 2018, arXiv:1807.11164)."""

from functools import partial

import torch
import torchvision.models
from torch import Tensor, nn
from torch.nn import functional

from nasbench.core.spec import ModelCard, Result, Task
from nasbench.nn.rounding import channels_by, nearest_multiple, repeats_by
from zoo.library import IMAGENET, input_channels, is_small, torchvision_weights
from zoo.registry import Scaling, register

PAPER_V1 = "Zhang et al. 2018, arXiv:1707.01083"
PAPER_V2 = "Ma et al. 2018, arXiv:1807.11164"
STEM, REPEATS, CHANNELS_3_GROUPS = 24, (4, 8, 4), (240, 480, 960)
"""Table 1 of v1: channels of the stem, units in each stage, and channels of each stage with three groups at width 1."""


CHANNELS_V2 = {
    "0_5": (48, 96, 192, 1024),
    "1_0": (116, 232, 464, 1024),
    "1_5": (176, 352, 704, 1024),
    "2_0": (244, 488, 976, 2048),
}
"""Width of v2 -> channels of its stages and of its last convolution (table 5)."""


ROUNDS_V1 = "units up; channels to multiples of 12, four for each group; the stem stays"
ROUNDS_V2 = "units up; channels to multiples of 8"


class ShuffleUnit(nn.Module):
    """Grouped 1x1, channel shuffle, depthwise 3x3, grouped 1x1.

    The result is added to the input. With stride 2, it is concatenated with the average-pooled input instead.
    """

    def __init__(self, c_in: int, c_out: int, stride: int, groups: int, groups_in: int) -> None:
        super().__init__()
        middle, added = c_out // 4, c_out - c_in if stride == 2 else c_out
        self.stride, self.groups = stride, groups
        self.reduce = nn.Conv2d(c_in, middle, 1, groups=groups_in, bias=False)
        self.bn_1 = nn.BatchNorm2d(middle)
        self.depthwise = nn.Conv2d(middle, middle, 3, stride, 1, groups=middle, bias=False)
        self.bn_2 = nn.BatchNorm2d(middle)
        self.expand = nn.Conv2d(middle, added, 1, groups=groups, bias=False)
        self.bn_3 = nn.BatchNorm2d(added)

    def forward(self, x: Tensor) -> Tensor:  # (B, C_in, H, W)
        y = functional.relu(self.bn_1(self.reduce(x)))  # (B, C_out / 4, H, W)
        y = functional.channel_shuffle(y, self.groups)  # (B, C_out / 4, H, W)
        y = self.bn_3(self.expand(self.bn_2(self.depthwise(y))))  # (B, C_out or C_out - C_in, H / stride, W / stride)
        if self.stride == 1:
            return functional.relu(x + y)  # (B, C_out, H, W)
        return functional.relu(torch.cat([functional.avg_pool2d(x, 3, 2, 1), y], dim=1))  # (B, C_out, H / 2, W / 2)


class ShuffleNet(nn.Module):
    """ShuffleNet v1: (B, channels, H, W) -> (B, num_classes). Up to 64 px the stem keeps the image's size.

    Channels are a multiple of four times the groups; `deeper` multiplies the units of every stage.
    """

    def __init__(self, task: Task, width: float, groups: int = 3, deeper: float = 1.0, rounding: str = "") -> None:
        super().__init__()
        small = is_small(task)
        self.stem = nn.Conv2d(task.channels, STEM, 3, 1 if small else 2, 1, bias=False)
        self.bn = nn.BatchNorm2d(STEM)
        self.pool = nn.Identity() if small else nn.MaxPool2d(3, 2, 1)
        units, c_in = [], STEM
        for stage, (channels, repeats) in enumerate(zip(CHANNELS_3_GROUPS, REPEATS, strict=True)):
            c_out = nearest_multiple(channels * width, 4 * groups)
            for repeat in range(repeats_by(rounding, repeats, deeper)):
                first = stage == repeat == 0  # the first 1x1 is not grouped: too few channels (section 3.2)
                units.append(ShuffleUnit(c_in, c_out, 2 if repeat == 0 else 1, groups, 1 if first else groups))
                c_in = c_out
        self.units = nn.Sequential(*units)
        self.classifier = nn.Linear(c_in, task.num_classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.pool(functional.relu(self.bn(self.stem(x))))  # (B, 24, H', W')
        logits: Tensor = self.classifier(self.units(x).mean(dim=(2, 3)))  # (B, num_classes)
        return logits


def _scaled(task: Task, width: float, depth: float, rounding: str = "", *, published: float) -> nn.Module:
    return ShuffleNet(task, published * width, deeper=depth, rounding=rounding)


def _register_v1(name: str, width: float, params: int, macs: int, results: tuple[Result, ...], note: str) -> None:
    register(
        ModelCard(
            name=name,
            family="shufflenet",
            paper=PAPER_V1,
            year=2017,
            task=IMAGENET,
            params=params,
            macs=macs,
            results=results,
            verified="C",
            note=note,
        ),
        scaled=Scaling(partial(_scaled, published=width), ROUNDS_V1),
    )(partial(ShuffleNet, width=width))


def _register_v2(width: str, params: int, macs: int, error: float, paper_error: float) -> None:
    def build(task: Task, wider: float = 1.0, deeper: float = 1.0, rounding: str = "") -> nn.Module:
        library = getattr(torchvision.models, f"shufflenet_v2_x{width}")
        if (wider, deeper) == (1, 1):
            network = library(num_classes=task.num_classes)
        else:
            repeats = [repeats_by(rounding, count, deeper) for count in REPEATS]
            maps = [STEM, *CHANNELS_V2[width]]
            channels = [channels_by(rounding, each, wider) for each in maps]
            network = torchvision.models.ShuffleNetV2(repeats, channels, task.num_classes)
        if is_small(task):
            network.conv1[0].stride = (1, 1)
            network.maxpool = nn.Identity()
        return input_channels(network, task.channels)

    trained = f"ShuffleNet_V2_X{width}"
    card = ModelCard(
        name=f"shufflenet_v2_x{width}",
        family="shufflenet",
        paper=PAPER_V2,
        year=2018,
        task=IMAGENET,
        params=params,
        macs=macs,
        results=(
            Result("top1_error", error, f"torchvision {trained} IMAGENET1K_V1", "R"),
            Result("top1_error", paper_error, PAPER_V2, "M"),
        ),
        verified="C",
        origin="torchvision",
        note="channels of the paper's revised table; up to 64 px the stem keeps the image's size",
    )
    register(card, torchvision_weights(f"{trained}_Weights.IMAGENET1K_V1"), Scaling(build, ROUNDS_V2))(build)


QUOTED = "quoted in later papers' tables"
_register_v1(
    "shufflenet_v1_g3",
    1.0,
    1_865_728,
    137_460_672,
    (Result("top1_error", 32.6, QUOTED, "S"), Result("top5_error", 12.5, QUOTED, "S")),
    "three groups",
)
_register_v1(
    "shufflenet_v1_g3_x1_5",
    1.5,
    3_442_168,
    292_443_552,
    (Result("top1_error", 28.5, PAPER_V1 + ", table 5, quoted", "S"),),
    "three groups, width 1.5",
)
_register_v1(
    "shufflenet_v1_g3_x2_0",
    2.0,
    5_448_208,
    507_637_632,
    (Result("top1_error", 26.3, PAPER_V1, "P"),),
    "three groups, width 2",
)
_register_v2("0_5", 1_366_792, 40_476_448, 39.45, 39.7)
_register_v2("1_0", 2_278_604, 144_907_992, 30.64, 30.6)
_register_v2("1_5", 3_503_624, 295_759_392, 27.00, 27.4)
_register_v2("2_0", 7_393_996, 583_253_464, 23.77, 25.1)
