"""Networks of stages: a list of `Stage` records -> MobileNets, MnasNets, EfficientNets.

Blocks: inverted residuals with squeeze-and-excite (MBConv; Sandler et al. 2018, arXiv:1801.04381; Tan et al. 2019,
arXiv:1807.11626), depthwise separable convolutions (Howard et al. 2017, arXiv:1704.04861) and plain convolutions. The
description is data: compound scaling multiplies its numbers (Tan and Le 2019, arXiv:1905.11946), and a search space
draws them.
"""

from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from torch.nn import functional

from nasbench.core.errors import UsageError, unknown
from nasbench.core.spec import Task
from nasbench.nn.drop_path import DropPath
from nasbench.nn.rounding import channels_by, repeats_by
from nasbench.nn.stage_rows import StageRow

OPERATORS = ("mbconv", "sepconv", "conv")
SKIPS = ("identity", "pool", "none")
ACTIVATIONS: dict[str, type[nn.Module]] = {
    "relu": nn.ReLU,
    "relu6": nn.ReLU6,
    "swish": nn.SiLU,
    "hard_swish": nn.Hardswish,
}


@dataclass(frozen=True)
class Stage:
    """`repeats` blocks of one kind, one after another. Only the first block has the stride.

    operator    mbconv: 1x1 to `expansion` times the channels, depthwise, squeeze-and-excite, 1x1 without activation
                sepconv: depthwise and 1x1, each with the activation; conv: a dense convolution
    se_ratio    channels inside squeeze-and-excite / channels that enter the block; 0: no squeeze-and-excite
    skip        identity: if input and output have the same shape; none; or pool: a 3x3 average with the block's stride,
                whose additional channels are zero
    activation  empty: the activation of the network
    """

    operator: str
    kernel: int
    stride: int
    expansion: float
    channels: int
    repeats: int
    se_ratio: float = 0.0
    skip: str = "identity"
    activation: str = ""

    def __post_init__(self) -> None:
        if self.operator not in OPERATORS:
            raise unknown("operator of a stage", self.operator, OPERATORS)
        if self.skip not in SKIPS:
            raise unknown("skip of a stage", self.skip, SKIPS)
        if self.activation and self.activation not in ACTIVATIONS:
            raise unknown("activation", self.activation, ACTIVATIONS)
        if self.kernel % 2 == 0 or min(self.kernel, self.stride, self.channels, self.repeats) < 1:
            raise UsageError(f"a stage has an odd kernel, and stride, channels and repeats of at least 1; got {self}")
        if self.expansion <= 0 or not 0 <= self.se_ratio <= 1:
            raise UsageError(f"a stage has a positive expansion and a squeeze-and-excite ratio in [0, 1]; got {self}")


@dataclass(frozen=True)
class Blueprint:
    """A network of stages between a 3x3 stem and a 1x1 head; `stem` and `head` are channels, head 0: no head.

    `head_shrinks` False: a width multiplier below 1 does not reduce the channels of the head.
    """

    stem: int
    stages: tuple[Stage, ...]
    head: int
    activation: str
    dropout: float = 0.0
    bn_eps: float = 1e-5
    bn_momentum: float = 0.1
    stem_stride: int = 2
    head_shrinks: bool = True

    def __post_init__(self) -> None:
        if self.activation not in ACTIVATIONS:
            raise unknown("activation", self.activation, ACTIVATIONS)
        if not self.stages:
            raise UsageError("a network has at least one stage")


def scaled(blueprint: Blueprint, width: float = 1.0, depth: float = 1.0, rounding: str = "") -> Blueprint:
    """Multiplies each channel count by `width` and the repeats of each stage by `depth`, and rounds by the name of a
    rounding (`nasbench.nn.rounding`).
    """
    if not (width > 0 and depth > 0):
        raise UsageError(f"width and depth multipliers are positive; got width {width}, depth {depth}")
    stages = tuple(
        replace(
            stage,
            channels=channels_by(rounding, stage.channels, width),
            repeats=repeats_by(rounding, stage.repeats, depth),
        )
        for stage in blueprint.stages
    )
    stem, head = channels_by(rounding, blueprint.stem, width), 0
    if blueprint.head:
        head = channels_by(rounding, blueprint.head, width if blueprint.head_shrinks else max(1.0, width))
    if rounding == "tinynet":
        stem, head = blueprint.stem, max(blueprint.head, head)
    return replace(blueprint, stem=stem, stages=stages, head=head)


def small_image(blueprint: Blueprint) -> Blueprint:
    """The same network for images of CIFAR's size: the stem and the first strided stage have stride 1."""
    first = next((i for i, stage in enumerate(blueprint.stages) if stage.stride > 1), None)
    stages = tuple(replace(stage, stride=1) if i == first else stage for i, stage in enumerate(blueprint.stages))
    return replace(blueprint, stages=stages, stem_stride=1)


class ConvBN(nn.Sequential):
    """Convolution without bias and with padding kernel // 2, batch normalisation, activation."""

    def __init__(
        self, c_in: int, c_out: int, kernel: int, activation: str | None, stride: int = 1, groups: int = 1
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(c_in, c_out, kernel, stride, kernel // 2, groups=groups, bias=False)
        self.bn = nn.BatchNorm2d(c_out)
        self.activation = ACTIVATIONS[activation]() if activation else nn.Identity()


class SqueezeExcite(nn.Module):
    """Multiplies each channel by a gate: mean, 1x1, activation, 1x1, sigmoid (Hu et al. 2018, arXiv:1709.01507)."""

    def __init__(self, channels: int, squeezed: int, activation: str) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(channels, squeezed, 1)
        self.activation = ACTIVATIONS[activation]()
        self.excite = nn.Conv2d(squeezed, channels, 1)

    def forward(self, x: Tensor) -> Tensor:  # (B, C, H, W)
        context = self.activation(self.squeeze(x.mean(dim=(2, 3), keepdim=True)))  # (B, S, 1, 1)
        return x * torch.sigmoid(self.excite(context))  # (B, C, H, W)


class PoolShortcut(nn.Module):
    """3x3 average pooling with a stride; the `added` channels are zero."""

    def __init__(self, added: int, stride: int) -> None:
        super().__init__()
        self.added, self.stride = added, stride

    def forward(self, x: Tensor) -> Tensor:  # (B, C, H, W)
        pooled = functional.avg_pool2d(x, 3, self.stride, 1, count_include_pad=False)
        return functional.pad(pooled, (0, 0, 0, 0, 0, self.added))  # (B, C + added, ceil(H / stride), ceil(W / stride))


class Block(nn.Module):
    """One block of a stage. `layer_share` in [0, 1] multiplies the probability of dropping its path."""

    def __init__(self, stage: Stage, c_in: int, stride: int, activation: str, layer_share: float = 0.0) -> None:
        super().__init__()
        activation = stage.activation or activation
        kernel, c_out = stage.kernel, stage.channels
        hidden = max(1, round(c_in * stage.expansion)) if stage.operator == "mbconv" else c_in
        parts: list[nn.Module] = []
        if stage.operator == "conv":
            hidden = c_out
            parts.append(ConvBN(c_in, c_out, kernel, activation, stride))
        else:
            if hidden != c_in:
                parts.append(ConvBN(c_in, hidden, 1, activation))
            parts.append(ConvBN(hidden, hidden, kernel, activation, stride, groups=hidden))
        if stage.se_ratio > 0:
            parts.append(SqueezeExcite(hidden, max(1, int(c_in * stage.se_ratio)), activation))
        if stage.operator != "conv":
            parts.append(ConvBN(hidden, c_out, 1, activation if stage.operator == "sepconv" else None))
        self.body = nn.Sequential(*parts)
        self.shortcut = shortcut(stage.skip, c_in, c_out, stride)
        self.drop_path = DropPath(layer_share) if layer_share > 0 and self.shortcut is not None else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:  # (B, C_in, H, W) -> (B, C_out, ceil(H / stride), ceil(W / stride))
        y: Tensor = self.body(x)
        return y if self.shortcut is None else self.shortcut(x) + self.drop_path(y)


def shortcut(skip: str, c_in: int, c_out: int, stride: int) -> nn.Module | None:
    """The layer whose output is added to a block's output. None: this kind of skip adds nothing at this shape."""
    if skip == "pool" and c_out >= c_in:
        return PoolShortcut(c_out - c_in, stride)
    return nn.Identity() if skip == "identity" and stride == 1 and c_in == c_out else None


class StageNet(nn.Module):
    """(B, channels, H, W) -> (B, num_classes) logits. `stages` are its stages in order, each a sequence of blocks.

    The probability of dropping a path grows linearly with the depth, from 0 at the first block. A new network drops
    nothing (see `nasbench.nn.drop_path`).
    """

    def __init__(self, blueprint: Blueprint, task: Task) -> None:
        super().__init__()
        self.blueprint = blueprint
        activation = blueprint.activation
        self.stem = ConvBN(task.channels, blueprint.stem, 3, activation, blueprint.stem_stride)
        total, done, channels = sum(stage.repeats for stage in blueprint.stages), 0, blueprint.stem
        stages = []
        for stage in blueprint.stages:
            blocks = []
            for repeat in range(stage.repeats):
                blocks.append(Block(stage, channels, stage.stride if repeat == 0 else 1, activation, done / total))
                channels, done = stage.channels, done + 1
            stages.append(nn.Sequential(*blocks))
        self.stages = nn.Sequential(*stages)
        self.head = ConvBN(channels, blueprint.head, 1, activation) if blueprint.head else nn.Identity()
        self.dropout = nn.Dropout(blueprint.dropout)
        self.classifier = nn.Linear(blueprint.head or channels, task.num_classes)
        for module in self.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eps, module.momentum = blueprint.bn_eps, blueprint.bn_momentum
            elif isinstance(module, nn.Conv2d):  # He by fan-out within a group: EfficientNet's released code
                fan_out = module.out_channels // module.groups * module.kernel_size[0] * module.kernel_size[1]
                nn.init.normal_(module.weight, std=(2.0 / fan_out) ** 0.5)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
        nn.init.uniform_(self.classifier.weight, -(task.num_classes**-0.5), task.num_classes**-0.5)
        nn.init.zeros_(self.classifier.bias)

    def stage_rows(self) -> tuple[StageRow, ...]:
        """The stem, the stages, and the head if there is one."""
        net = self.blueprint
        stem, head = StageRow("conv", net.stem, 1, 3, net.stem_stride), StageRow("conv", net.head, 1, 1, 1)
        rows = (StageRow(s.operator, s.channels, s.repeats, s.kernel, s.stride, s.expansion) for s in net.stages)
        return (stem, *rows, head) if net.head else (stem, *rows)

    def forward(self, x: Tensor) -> Tensor:
        x = self.head(self.stages(self.stem(x)))  # (B, C, H', W')
        logits: Tensor = self.classifier(self.dropout(x.mean(dim=(2, 3))))  # (B, num_classes)
        return logits
