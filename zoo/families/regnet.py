"""RegNet (Radosavovic et al. 2020, arXiv:2003.13678): torchvision's networks, from the four numbers of their own rule.

The width of block j is w0 + wa * j, rounded to w0 times a power of wm, and then to a multiple of 8. Blocks of one width
are a stage. RegNetY has squeeze-and-excite, RegNetX has none.
"""

import math
from dataclasses import dataclass
from functools import partial
from itertools import groupby

from torch import nn
from torchvision.models.regnet import BlockParams, RegNet

from nasbench.core.spec import ModelCard, Result, Task
from nasbench.nn.rounding import channels_by, nearest_multiple, repeats_by
from zoo.library import IMAGENET, input_channels, is_small
from zoo.registry import Loader, Scaling, register
from zoo.third_party import torchvision_loader

PAPER = "Radosavovic et al. 2020, arXiv:2003.13678"
STEM, QUANTUM = 32, 8
ROUNDS = (
    "blocks up; channels to multiples of 8 and of the group width; group widths scale as the channels, to multiples of "
    "8; the stem stays"
)


@dataclass(frozen=True)
class Rule:
    """The numbers of a RegNet: blocks, first width, slope, step of the widths, channels of a group, squeeze-and-excite
    of Y.
    """

    depth: int
    w0: int
    wa: float
    wm: float
    group: int
    excites: bool

    @property
    def stages(self) -> tuple[tuple[int, int], ...]:
        """(blocks, channels) of each stage, before group widths are looked at."""
        widths = []
        for block in range(self.depth):
            power = round(math.log((self.w0 + self.wa * block) / self.w0) / math.log(self.wm))
            widths.append(round(self.w0 * self.wm**power / QUANTUM) * QUANTUM)
        return tuple((len(list(blocks)), width) for width, blocks in groupby(widths))


def compatible(widths: tuple[int, ...], group: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Widths that their groups divide, and the groups, which are at most as wide as a stage (pycls's rule)."""
    groups = tuple(min(group, width) for width in widths)
    return tuple(nearest_multiple(width, own) for width, own in zip(widths, groups, strict=True)), groups


def scaled_group(group: int, width: float) -> int:
    """The group width times `width`: up to 2 as it is, up to 5 it is 4, else to a multiple of 8 (pycls's rule)."""
    wanted = max(1, round(group * width))
    if width == 1.0 or wanted <= 2:
        return wanted
    return 4 if wanted <= 5 else nearest_multiple(wanted, QUANTUM)


def stages_of(
    rule: Rule, width: float = 1.0, depth: float = 1.0, rounding: str = ""
) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
    """(blocks, channels, channels of a group) of each stage, at any width and depth."""
    blocks = tuple(repeats_by(rounding, count, depth) for count, _ in rule.stages)
    published, _ = compatible(tuple(maps for _, maps in rule.stages), rule.group)
    widths = tuple(channels_by(rounding, maps, width) for maps in published)
    return (blocks, *compatible(widths, scaled_group(rule.group, width)))


def regnet(task: Task, width: float = 1.0, depth: float = 1.0, rounding: str = "", *, rule: Rule) -> nn.Module:
    """The network at any width and depth. Up to 64 px it halves the image three times instead of five."""
    blocks, widths, groups = stages_of(rule, width, depth, rounding)
    small, count = is_small(task), len(blocks)
    strides = [1 if small else 2] + [2] * (count - 1)
    ratio = 0.25 if rule.excites else None
    params = BlockParams(list(blocks), list(widths), list(groups), [1.0] * count, strides, ratio)
    network = RegNet(params, task.num_classes, STEM, norm_layer=partial(nn.BatchNorm2d, eps=1e-5, momentum=0.1))
    if small:
        first = network.stem[0]
        assert isinstance(first, nn.Conv2d), first
        first.stride = (1, 1)
    return input_channels(network, task.channels)


# Where torchvision rounds the widths in another way than was published (X-400MF, Y-800MF, Y-8GF) the published widths
# stand here, without its weights. Y-4GF is pycls's.
# name, rule, params, MACs, top-1 and top-5 accuracy of torchvision's weights IMAGENET1K_V1
NETWORKS: tuple[tuple[str, Rule, int, int, tuple[float, float] | None], ...] = (
    ("regnet_x_400mf", Rule(22, 24, 24.48, 2.54, 16, False), 5_157_512, 397_677_568, None),
    ("regnet_x_800mf", Rule(16, 56, 35.73, 2.28, 16, False), 7_259_656, 799_699_712, (75.212, 92.348)),
    ("regnet_x_1_6gf", Rule(18, 80, 34.01, 2.25, 24, False), 9_190_136, 1_602_849_792, (77.04, 93.44)),
    ("regnet_x_3_2gf", Rule(25, 88, 26.31, 2.25, 48, False), 15_296_552, 3_176_621_952, (78.364, 93.992)),
    ("regnet_x_8gf", Rule(23, 80, 49.56, 2.88, 120, False), 39_572_648, 7_995_132_416, (79.344, 94.686)),
    ("regnet_x_16gf", Rule(22, 216, 55.59, 2.1, 128, False), 54_278_536, 15_940_755_456, (80.058, 94.944)),
    ("regnet_x_32gf", Rule(23, 320, 69.86, 2, 168, False), 107_811_560, 31_735_929_792, (80.622, 95.248)),
    ("regnet_y_400mf", Rule(16, 48, 27.89, 2.09, 8, True), 4_344_144, 401_842_848, (74.046, 91.716)),
    ("regnet_y_800mf", Rule(14, 56, 38.84, 2.4, 16, True), 6_263_168, 797_176_832, None),
    ("regnet_y_1_6gf", Rule(27, 48, 20.71, 2.65, 24, True), 11_202_430, 1_612_076_160, (77.95, 93.966)),
    ("regnet_y_3_2gf", Rule(21, 80, 42.63, 2.66, 24, True), 19_436_338, 3_176_482_752, (78.948, 94.576)),
    ("regnet_y_4gf", Rule(22, 96, 31.41, 2.24, 64, True), 20_646_656, 3_973_288_448, None),
    ("regnet_y_8gf", Rule(17, 192, 76.82, 2.19, 56, True), 39_180_068, 7_963_057_312, None),
    ("regnet_y_16gf", Rule(18, 200, 106.23, 2.48, 112, True), 83_590_140, 15_911_510_272, (80.424, 95.24)),
    ("regnet_y_32gf", Rule(20, 232, 115.89, 2.53, 232, True), 145_046_770, 32_279_552_832, (80.878, 95.34)),
)


def _register(name: str, rule: Rule, params: int, macs: int, accuracies: tuple[float, float] | None) -> None:
    results: tuple[Result, ...] = ()
    loader: Loader | None = None
    if accuracies is not None:
        source = "torchvision IMAGENET1K_V1"
        errors = (round(100 - each, 3) for each in accuracies)
        results = tuple(
            Result(metric, error, source, "R")
            for metric, error in zip(("top1_error", "top5_error"), errors, strict=True)
        )
        kind, _, size = name.removeprefix("regnet_").partition("_")
        loader = torchvision_loader(f"RegNet_{kind.upper()}_{size.upper()}_Weights.IMAGENET1K_V1")
    card = ModelCard(
        name=name,
        family="regnet",
        paper=PAPER,
        year=2020,
        task=IMAGENET,
        params=params,
        macs=macs,
        results=results,
        verified="C",
        origin="torchvision",
        note=f"depth {rule.depth}, w0 {rule.w0}, wa {rule.wa:g}, wm {rule.wm:g}, groups of {rule.group}",
    )
    build = partial(regnet, rule=rule)
    register(card, loader, Scaling(build, ROUNDS))(build)


for _network in NETWORKS:
    _register(*_network)
