"""The five residual units of "Identity mappings in deep residual networks" (He et al. 2016, arXiv:1603.05027, fig. 4).

| variant | branch | after the addition |
|---|---|---|
| original | conv BN ReLU conv BN | ReLU |
| bn_after_add | conv BN ReLU conv | BN ReLU |
| relu_before_add | conv BN ReLU conv BN ReLU | |
| relu_preact | ReLU conv BN ReLU conv BN | |
| preact | BN ReLU conv BN ReLU conv | |

All networks are for CIFAR. Bottlenecks have three convolutions instead of two. In the first unit, and wherever the
shape changes, branch and shortcut share the pre-activation (the layers before the first convolution). It is applied
once more after the last unit.
"""

from collections.abc import Callable
from functools import partial
from typing import Literal

from torch import Tensor, nn

from nasbench.core.spec import ModelCard, Result, Task
from nasbench.nn.rounding import channels_by, repeats_by
from zoo.forms import CIFAR10, small_only
from zoo.registry import Scaling, register
from zoo.residual import Head, PadShortcut, conv, he_normal

PAPER = "He et al. 2016, arXiv:1603.05027"

Variant = Literal["original", "bn_after_add", "relu_before_add", "relu_preact", "preact"]
Gate = Callable[[int], nn.Module]
"""Channels -> a layer that is applied to the branch before the addition."""


class Add(nn.Module):
    """x + y as a module, so that hooks see the addition in the order of operations."""

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        return x + y


def activation(variant: Variant, channels: int) -> list[nn.Module]:
    """The layers before a convolution in a pre-activation variant; none for the other variants."""
    if variant == "preact":
        return [nn.BatchNorm2d(channels), nn.ReLU(inplace=True)]
    return [nn.ReLU()] if variant == "relu_preact" else []


class Unit(nn.Module):
    """One residual unit of any variant: (B, c_in, H, W) -> (B, c_out, H / stride, W / stride).

    convs    the convolutions of the branch, as (channels, kernel, stride)
    shared   the pre-activation is also applied to the input of the shortcut
    pad      a shortcut that changes the shape is option A; otherwise it is a 1x1 projection
    dropout  probability of the dropout before the last convolution
    gate     makes a layer that is applied to the branch before the addition
    """

    def __init__(
        self,
        variant: Variant,
        c_in: int,
        convs: tuple[tuple[int, int, int], ...],
        shared: bool,
        pad: bool,
        dropout: float = 0.0,
        gate: Gate | None = None,
    ) -> None:
        super().__init__()
        c_out = convs[-1][0]
        stride = 1
        before = activation(variant, c_in)
        branch: list[nn.Module] = [] if shared else before
        channels = c_in
        for number, (width, kernel, conv_stride) in enumerate(convs):
            last = number == len(convs) - 1
            if last and dropout:
                branch.append(nn.Dropout(dropout))
            branch.append(conv(channels, width, kernel, conv_stride))
            if not last or variant in ("original", "relu_before_add", "relu_preact"):
                branch.append(nn.BatchNorm2d(width))
            if not last or variant == "relu_before_add":
                branch.append(nn.ReLU(inplace=True))
            channels, stride = width, stride * conv_stride
        if gate is not None:
            branch.append(gate(c_out))
        after: dict[Variant, list[nn.Module]] = {
            "original": [nn.ReLU(inplace=True)],
            "bn_after_add": [nn.BatchNorm2d(c_out), nn.ReLU(inplace=True)],
        }
        self.before = nn.Sequential(*before) if shared else None
        self.branch = nn.Sequential(*branch)
        self.shortcut = self._shortcut(variant, c_in, c_out, stride, pad)
        self.add = Add()
        self.after = nn.Sequential(*after.get(variant, []))

    @staticmethod
    def _shortcut(variant: Variant, c_in: int, c_out: int, stride: int, pad: bool) -> nn.Module:
        if c_in == c_out and stride == 1:
            return nn.Identity()
        if pad:
            return PadShortcut(c_in, c_out, stride)
        projection = conv(c_in, c_out, 1, stride)
        if variant in ("preact", "bn_after_add"):  # normalised before the projection, or after the addition
            return projection
        return nn.Sequential(projection, nn.BatchNorm2d(c_out))

    def forward(self, x: Tensor) -> Tensor:
        if self.before is not None:
            x = self.before(x)
        out: Tensor = self.after(self.add(self.branch(x), self.shortcut(x)))
        return out


class StudyNet(nn.Module):
    """Three stages of units, at 32, 16 and 8 pixels for a 32-pixel image. (B, C, H, W) -> (B, num_classes).

    `widths` are the channels of the 3x3 convolutions in each stage; `repeats` is the number of units in a stage. The
    output of a bottleneck has four times as many channels.
    """

    def __init__(
        self,
        task: Task,
        variant: Variant,
        repeats: int,
        widths: tuple[int, ...] = (16, 32, 64),
        bottleneck: bool = False,
        pad: bool = True,
        dropout: float = 0.0,
        gate: Gate | None = None,
        stem: int = 16,
    ) -> None:
        super().__init__()
        c_in = stem
        layers: list[nn.Module] = [conv(task.channels, c_in, 3)]
        if variant != "preact":
            layers.append(nn.BatchNorm2d(c_in))
        if variant not in ("preact", "relu_preact"):
            layers.append(nn.ReLU(inplace=True))
        self.stem = nn.Sequential(*layers)
        units: list[nn.Module] = []
        for stage, width in enumerate(widths):
            for repeat in range(repeats):
                stride = 2 if stage > 0 and repeat == 0 else 1
                convs = (
                    ((width, 1, stride), (width, 3, 1), (4 * width, 1, 1))
                    if bottleneck
                    else ((width, 3, stride), (width, 3, 1))
                )
                changes = stride > 1 or c_in != convs[-1][0]
                shared = variant in ("preact", "relu_preact") and (changes or not units)
                units.append(Unit(variant, c_in, convs, shared, pad, dropout, gate))
                c_in = convs[-1][0]
        self.units = nn.Sequential(*units)
        self.last = nn.Sequential(*activation(variant, c_in))
        self.head = Head(c_in, task.num_classes)
        he_normal(self)

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.head(self.last(self.units(self.stem(x))))
        return logits


def study_net(
    task: Task,
    wider: float = 1.0,
    deeper: float = 1.0,
    rounding: str = "",
    *,
    variant: Variant,
    depth: int,
    gate: Gate | None = None,
) -> StudyNet:
    """Basic units with option A (6n + 2 layers); from 164 layers on, bottlenecks with projections (9n + 2 layers).

    `wider` multiplies all maps, `deeper` the units of every stage.
    """
    bottleneck = depth >= 164
    a_unit = 9 if bottleneck else 6
    assert depth % a_unit == 2, depth
    repeats = repeats_by(rounding, (depth - 2) // a_unit, deeper)
    widths = tuple(channels_by(rounding, width, wider) for width in (16, 32, 64))
    return StudyNet(task, variant, repeats, widths, bottleneck, not bottleneck, gate=gate, stem=widths[0])


def _cifar10(error: float) -> tuple[Result, ...]:
    return (Result("cifar10_error", error, PAPER + ", table 2", "P"),)


ORIGINAL = "the unit of 2015: ReLU after the addition"
BN_AFTER = "batch normalisation after the addition"
RELU_BEFORE = "ReLU before the addition"
RELU_ONLY = "ReLU-only pre-activation"
FULL = "full pre-activation"
WRN_README = "github.com/szagoruyko/wide-residual-networks"
# name, variant, depth, params, MACs, errors, note. The original at 110 layers is resnet110.
NETWORKS: tuple[tuple[str, Variant, int, int, int, tuple[Result, ...], str], ...] = (
    ("resnet164", "original", 164, 1_704_154, 244_500_992, _cifar10(5.93), ORIGINAL),
    ("resnet1001", "original", 1001, 10_328_602, 1_487_849_984, (), ORIGINAL),
    ("resnet110_bn_after_add", "bn_after_add", 110, 1_727_962, 252_887_680, _cifar10(8.17), BN_AFTER),
    ("resnet164_bn_after_add", "bn_after_add", 164, 1_703_258, 244_500_992, _cifar10(6.50), BN_AFTER),
    ("resnet110_relu_before_add", "relu_before_add", 110, 1_727_962, 252_887_680, _cifar10(7.84), RELU_BEFORE),
    ("resnet164_relu_before_add", "relu_before_add", 164, 1_704_154, 244_500_992, _cifar10(6.14), RELU_BEFORE),
    ("resnet110_relu_preact", "relu_preact", 110, 1_727_962, 252_887_680, _cifar10(6.71), RELU_ONLY),
    ("resnet164_relu_preact", "relu_preact", 164, 1_704_154, 244_500_992, _cifar10(5.91), RELU_ONLY),
    ("preresnet20", "preact", 20, 269_722, 40_551_040, (), FULL),
    ("preresnet56", "preact", 56, 853_018, 125_485_696, (), FULL),
    ("preresnet110", "preact", 110, 1_727_962, 252_887_680, _cifar10(6.37), FULL),
    (
        "preresnet164",
        "preact",
        164,
        1_703_258,
        244_500_992,
        (*_cifar10(5.46), Result("cifar100_error", 24.33, WRN_README, "R")),
        FULL,
    ),
    (
        "preresnet1001",
        "preact",
        1001,
        10_327_706,
        1_487_849_984,
        (
            Result("cifar10_error", 4.92, PAPER, "P"),
            Result("cifar10_error", 4.62, PAPER + ", batches of 64", "R"),
            Result("cifar100_error", 22.71, PAPER, "P"),
        ),
        FULL,
    ),
)

for _name, _variant, _depth, _params, _macs, _results, _note in NETWORKS:
    _card = ModelCard(_name, "preresnet", PAPER, 2016, CIFAR10, _params, _macs, _results, "C", note=_note)
    _build = small_only(_card, partial(study_net, variant=_variant, depth=_depth), "resnet50")
    register(_card, scaled=Scaling(_build))(_build)
