"""DenseNet (Huang et al. 2016, arXiv:1608.06993): the input of every layer is all earlier layers of its block.

BC networks have bottlenecks and compression. The others (40-12, 100-12, 100-24) have neither: their transitions keep
all maps. Some repositories compress there too and have fewer parameters under the same name. 121, 169 and 201 are
torchvision's for large images.
"""

from functools import partial

import torch
from torch import Tensor, nn

from nasbench.core.spec import ModelCard, Result, Task
from nasbench.nn.rounding import channels_by, nearest_multiple, repeats_by
from zoo.forms import CIFAR10, small_only
from zoo.library import IMAGENET, is_small
from zoo.registry import Scaling, register
from zoo.residual import conv, he_normal
from zoo.third_party import from_torchvision, torchvision_loader

PAPER = "Huang et al. 2016, arXiv:1608.06993"
README = "github.com/liuzhuang13/DenseNet"


class DenseLayer(nn.Module):
    """Appends `growth` maps: (B, c_in, H, W) -> (B, c_in + growth, H, W).

    With `bottleneck`, a 1x1 convolution to 4 * `growth` maps comes before the 3x3 convolution.
    """

    def __init__(self, c_in: int, growth: int, bottleneck: bool) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.BatchNorm2d(c_in), nn.ReLU(inplace=True)]
        if bottleneck:
            layers += [conv(c_in, 4 * growth, 1), nn.BatchNorm2d(4 * growth), nn.ReLU(inplace=True)]
            c_in = 4 * growth
        self.layers = nn.Sequential(*layers, conv(c_in, growth, 3))

    def forward(self, x: Tensor) -> Tensor:  # (B, c_in, H, W)
        return torch.cat([x, self.layers(x)], dim=1)  # (B, c_in + growth, H, W)


class DenseNet(nn.Sequential):
    """(B, C, H, W) -> (B, num_classes).

    `blocks` is the number of layers in each block; `compression` is the fraction of maps that a transition keeps.
    """

    def __init__(
        self,
        task: Task,
        growth: int,
        blocks: tuple[int, ...],
        bottleneck: bool,
        compression: float,
        stem_width: int,
        small: bool,
    ) -> None:
        c_in = stem_width
        layers: list[nn.Module] = [conv(task.channels, c_in, 3 if small else 7, 1 if small else 2)]
        if not small:
            layers += [nn.BatchNorm2d(c_in), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2, padding=1)]
        for number, repeats in enumerate(blocks):
            if number > 0:
                c_out = int(c_in * compression)
                layers += [nn.BatchNorm2d(c_in), nn.ReLU(inplace=True), conv(c_in, c_out, 1), nn.AvgPool2d(2)]
                c_in = c_out
            for _ in range(repeats):
                layers.append(DenseLayer(c_in, growth, bottleneck))
                c_in += growth
        layers += [
            nn.BatchNorm2d(c_in),
            nn.ReLU(inplace=True),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(c_in, task.num_classes),
        ]
        super().__init__(*layers)
        he_normal(self)


ROUNDS = "layers of a block up; the growth rate to a multiple of 4; the stem is twice the growth, or to a multiple of 8"


def cifar_densenet(
    task: Task, wider: float = 1.0, deeper: float = 1.0, rounding: str = "", *, depth: int, growth: int, bc: bool
) -> nn.Module:
    """Three blocks. The stem has 16 maps. `bc`: bottlenecks, a compression of 1/2, and a stem of twice the growth.

    `wider` multiplies the growth rate and the stem, `deeper` the layers of every block.
    """
    repeats = repeats_by(rounding, (depth - 4) // (6 if bc else 3), deeper)
    growth = nearest_multiple(growth * wider, 4)
    stem = 2 * growth if bc else channels_by(rounding, 16, wider)
    return DenseNet(task, growth, (repeats,) * 3, bc, 0.5 if bc else 1.0, stem, small=True)


BLOCKS: dict[int, tuple[int, ...]] = {121: (6, 12, 24, 16), 169: (6, 12, 32, 32), 201: (6, 12, 48, 32)}


def densenet(task: Task, depth: int, wider: float = 1.0, deeper: float = 1.0, rounding: str = "") -> DenseNet:
    """Four blocks of growth 32 with bottlenecks and compression, as in torchvision. Small images use a small stem.

    `wider` multiplies the growth rate and the stem, `deeper` the layers of every block.
    """
    growth = nearest_multiple(32 * wider, 4)
    blocks = tuple(repeats_by(rounding, repeats, deeper) for repeats in BLOCKS[depth])
    return DenseNet(task, growth, blocks, True, 0.5, 2 * growth, is_small(task))


def _scaled(task: Task, width: float, depth: float, rounding: str = "", *, layers: int) -> nn.Module:
    return densenet(task, layers, width, depth, rounding)


def _from_library(task: Task, depth: int) -> nn.Module:
    return densenet(task, depth) if is_small(task) else from_torchvision(f"densenet{depth}", task)


# depth, growth, BC, params, MACs, CIFAR-10 error, CIFAR-100 error (both augmented)
CIFAR: tuple[tuple[int, int, bool, int, int, float, float], ...] = (
    (40, 12, False, 1_019_722, 264_812_928, 5.24, 24.42),
    (100, 12, False, 6_979_642, 1_769_516_448, 4.10, 20.20),
    (100, 24, False, 27_249_082, 6_889_347_744, 3.74, 19.25),
    (100, 12, True, 769_162, 287_929_692, 4.51, 22.27),
    (250, 24, True, 15_324_406, 5_418_785_724, 3.62, 17.60),
    (190, 40, True, 25_624_430, 9_301_945_740, 3.46, 17.18),
)
# depth, params, MACs, the paper's repository's top-1 error, torchvision's errors
LARGE: tuple[tuple[int, int, int, float, tuple[float, float]], ...] = (
    (121, 7_978_856, 2_834_161_664, 25.0, (25.566, 8.028)),
    (169, 14_149_480, 3_359_843_328, 23.6, (24.4, 7.194)),
    (201, 20_013_928, 4_291_365_888, 22.5, (23.104, 6.63)),
)

for _depth, _growth, _bc, _params, _macs, _error_10, _error_100 in CIFAR:
    _card = ModelCard(
        name=f"densenet_{'bc_' if _bc else ''}{_depth}_{_growth}",
        family="densenet",
        paper=PAPER,
        year=2016,
        task=CIFAR10,
        params=_params,
        macs=_macs,
        results=(Result("cifar10_error", _error_10, README, "R"), Result("cifar100_error", _error_100, README, "R")),
        verified="C",
        note="" if _bc else "transitions keep all maps",
    )
    _build = small_only(_card, partial(cifar_densenet, depth=_depth, growth=_growth, bc=_bc), "densenet121")
    register(_card, scaled=Scaling(_build, ROUNDS))(_build)

for _depth, _params, _macs, _paper, _library in LARGE:
    _source = "torchvision IMAGENET1K_V1"
    _card = ModelCard(
        name=f"densenet{_depth}",
        family="densenet",
        paper=PAPER,
        year=2016,
        task=IMAGENET,
        params=_params,
        macs=_macs,
        results=(
            Result("top1_error", _paper, README, "R"),
            Result("top1_error", _library[0], _source, "R"),
            Result("top5_error", _library[1], _source, "R"),
        ),
        verified="C",
        origin="torchvision",
        note="small images: own code, a 3x3 first layer without pooling",
    )
    register(
        _card,
        torchvision_loader(f"DenseNet{_depth}_Weights.IMAGENET1K_V1"),
        Scaling(partial(_scaled, layers=_depth), ROUNDS),
    )(partial(_from_library, depth=_depth))
