"""ResNets for ImageNet (He et al. 2015, arXiv:1512.03385).

The networks with option B and the stride in the 3x3 are torchvision's. Own code builds the plain networks, option A,
and the published bottlenecks with the stride in the 1x1.
"""

from collections.abc import Callable, Sequence
from functools import partial

from torch import Tensor, nn

from nasbench.core.spec import ModelCard, Result, Task
from nasbench.nn.rounding import channels_by, repeats_by
from nasbench.nn.stage_rows import StageRow
from zoo.library import IMAGENET, is_small
from zoo.registry import Scaling, register
from zoo.residual import Head, Residual, Shortcut, basic_branch, bottleneck_branch, he_normal, shortcut_of, stem
from zoo.third_party import from_torchvision, torchvision_loader, with_cifar_stem

PAPER = "He et al. 2015, arXiv:1512.03385"
TEN_CROP = PAPER + ", 10 crops"
ONE_CROP = "github.com/KaimingHe/deep-residual-networks, 1 crop"

BASIC: dict[int, tuple[int, int, int, int]] = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3)}
BOTTLENECK: dict[int, tuple[int, int, int, int]] = {
    50: (3, 4, 6, 3),
    101: (3, 4, 23, 3),
    152: (3, 8, 36, 3),
    200: (3, 24, 36, 3),
}


class ResNet(nn.Module):
    """(B, C, H, W) -> (B, num_classes). From 50 layers on, the units are bottlenecks.

    Small images use a 3x3 stem without pooling. `wider` multiplies all channel counts and `deeper` the repeats of all
    stages, with the rounding of that name. The 3x3 of a bottleneck has `groups` groups of `base_width` channels for
    each 64 of its stage (ResNeXt, Wide ResNet); `gate` makes a layer at the end of every branch (SENet).
    """

    def __init__(
        self,
        task: Task,
        depth: int,
        shortcut: Shortcut = "B",
        stride_in_1x1: bool = False,
        wider: float = 1.0,
        deeper: float = 1.0,
        rounding: str = "",
        groups: int = 1,
        base_width: int = 64,
        gate: Callable[[int], nn.Module] | None = None,
    ) -> None:
        super().__init__()
        self._small = is_small(task)
        c_in = self._stem_channels = channels_by(rounding, 64, wider)
        self.stem = stem(task.channels, c_in, self._small)
        units: list[nn.Module] = []
        bottleneck = depth in BOTTLENECK
        stages: Sequence[int] = BOTTLENECK[depth] if bottleneck else BASIC[depth]
        rows = []
        for stage, published in enumerate(stages):
            repeats = repeats_by(rounding, published, deeper)
            width = channels_by(rounding, 64 * 2**stage, wider)
            inner = max(1, round(width * base_width / 64)) * groups
            c_out = 4 * width if bottleneck else width
            rows.append(StageRow("bottleneck" if bottleneck else "basic", c_out, repeats, 3, 2 if stage > 0 else 1))
            for repeat in range(repeats):
                stride = 2 if stage > 0 and repeat == 0 else 1
                branch = (
                    bottleneck_branch(c_in, inner, c_out, stride, groups, stride_in_1x1)
                    if bottleneck
                    else basic_branch(c_in, c_out, stride)
                )
                if gate is not None:
                    branch.append(gate(c_out))
                units.append(Residual(branch, shortcut_of(shortcut, c_in, c_out, stride)))
                c_in = c_out
        self.units = nn.Sequential(*units)
        self._rows = tuple(rows)
        self.head = Head(c_in, task.num_classes)
        he_normal(self)

    def stage_rows(self) -> tuple[StageRow, ...]:
        """The stem, its pooling, and the stages."""
        if self._small:
            return StageRow("conv", self._stem_channels, 1, 3, 1), *self._rows
        return (
            StageRow("conv", self._stem_channels, 1, 7, 2),
            StageRow("maxpool", self._stem_channels, 1, 3, 2),
            *self._rows,
        )

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.head(self.units(self.stem(x)))
        return logits


def _from_library(task: Task, name: str) -> nn.Module:
    return with_cifar_stem(from_torchvision(name, task), task)


def scaled_resnet(
    task: Task,
    width: float,
    depth: float,
    rounding: str = "",
    *,
    layers: int,
    shortcut: Shortcut = "B",
    stride_in_1x1: bool = False,
    groups: int = 1,
    base_width: int = 64,
    gate: Callable[[int], nn.Module] | None = None,
) -> nn.Module:
    """The network at any width and depth. At (1, 1) it computes the same function as the libraries'."""
    return ResNet(task, layers, shortcut, stride_in_1x1, width, depth, rounding, groups, base_width, gate)


def _errors(top1: float, top5: float | None, source: str, tag: str) -> tuple[Result, ...]:
    one = Result("top1_error", top1, source, tag)
    return (one,) if top5 is None else (one, Result("top5_error", top5, source, tag))


LIBRARY = "torchvision IMAGENET1K_V1"
LIBRARY_NOTE = "option B{}; small images: 3x3 stem without pooling"
NO_PARAMETERS = "option A: shortcuts without parameters"
V15 = ", stride in the 3x3 (v1.5)"

# depth, params, MACs, errors
FROM_TORCHVISION: tuple[tuple[int, int, int, tuple[Result, ...]], ...] = (
    (18, 11_689_512, 1_814_073_344, _errors(30.242, 10.922, LIBRARY, "R")),
    (34, 21_797_672, 3_663_761_408, (*_errors(24.52, 7.46, TEN_CROP, "P"), *_errors(26.686, 8.58, LIBRARY, "R"))),
    (
        50,
        25_557_032,
        4_089_184_256,
        (
            *_errors(24.7, 7.8, ONE_CROP, "R"),
            *_errors(22.85, 6.71, TEN_CROP, "P"),
            *_errors(23.87, 7.138, LIBRARY, "R"),
        ),
    ),
    (
        101,
        44_549_160,
        7_801_405_440,
        (
            *_errors(23.6, 7.1, ONE_CROP, "R"),
            *_errors(21.75, 6.05, TEN_CROP, "P"),
            *_errors(22.626, 6.454, LIBRARY, "R"),
        ),
    ),
    (
        152,
        60_192_808,
        11_513_626_624,
        (
            *_errors(23.0, 6.7, ONE_CROP, "R"),
            *_errors(21.43, 5.71, TEN_CROP, "P"),
            *_errors(21.688, 5.954, LIBRARY, "R"),
        ),
    ),
)
# name, depth, shortcut, stride in the 1x1, params, MACs, errors, note
OWN: tuple[tuple[str, int, Shortcut, bool, int, int, tuple[Result, ...], str], ...] = (
    (
        "plain18",
        18,
        "plain",
        False,
        11_515_688,
        1_794_805_760,
        _errors(27.94, None, TEN_CROP, "P"),
        "resnet18 without shortcuts",
    ),
    (
        "plain34",
        34,
        "plain",
        False,
        21_623_848,
        3_644_493_824,
        _errors(28.54, None, TEN_CROP, "P"),
        "resnet34 without shortcuts",
    ),
    ("resnet18_a", 18, "A", False, 11_515_688, 1_794_805_760, _errors(27.88, None, TEN_CROP, "P"), NO_PARAMETERS),
    ("resnet34_a", 34, "A", False, 21_623_848, 3_644_493_824, _errors(25.03, 7.76, TEN_CROP, "P"), NO_PARAMETERS),
    (
        "resnet50_v1",
        50,
        "B",
        True,
        25_557_032,
        3_857_973_248,
        _errors(24.7, 7.8, ONE_CROP, "R"),
        "as published: stride in the 1x1",
    ),
    (
        "resnet101_v1",
        101,
        "B",
        True,
        44_549_160,
        7_570_194_432,
        _errors(23.6, 7.1, ONE_CROP, "R"),
        "as published: stride in the 1x1",
    ),
    (
        "resnet152_v1",
        152,
        "B",
        True,
        60_192_808,
        11_282_415_616,
        _errors(23.0, 6.7, ONE_CROP, "R"),
        "as published: stride in the 1x1",
    ),
)


def _card(name: str, params: int, macs: int, results: tuple[Result, ...], origin: str, note: str) -> ModelCard:
    return ModelCard(name, "resnet", PAPER, 2015, IMAGENET, params, macs, results, "C", origin, note)


for _depth, _params, _macs, _results in FROM_TORCHVISION:
    _name = f"resnet{_depth}"
    register(
        _card(_name, _params, _macs, _results, "torchvision", LIBRARY_NOTE.format(V15 if _depth >= 50 else "")),
        torchvision_loader(f"ResNet{_depth}_Weights.IMAGENET1K_V1"),
        Scaling(partial(scaled_resnet, layers=_depth)),
    )(partial(_from_library, name=_name))
for _name, _depth, _shortcut, _in_1x1, _params, _macs, _results, _note in OWN:
    _form = Scaling(partial(scaled_resnet, layers=_depth, shortcut=_shortcut, stride_in_1x1=_in_1x1))
    register(_card(_name, _params, _macs, _results, "own", _note), scaled=_form)(
        partial(ResNet, depth=_depth, shortcut=_shortcut, stride_in_1x1=_in_1x1)
    )
