"""Wide residual networks (Zagoruyko, Komodakis 2016, arXiv:1605.07146): WRN-d-k on CIFAR, WRN-50-2 from torchvision."""

from functools import partial

from torch import nn

from nasbench.core.spec import ModelCard, Result, Task
from nasbench.nn.rounding import channels_by, repeats_by
from zoo.families.preactivation import Gate, StudyNet
from zoo.families.resnet import scaled_resnet
from zoo.forms import CIFAR10, small_only
from zoo.library import IMAGENET
from zoo.registry import Scaling, register
from zoo.third_party import from_torchvision, torchvision_loader, with_cifar_stem

PAPER = "Zagoruyko, Komodakis 2016, arXiv:1605.07146"
README = "github.com/szagoruyko/wide-residual-networks"
SECOND_HAND = "quoted from " + PAPER


def wide_resnet(
    task: Task,
    wider: float = 1.0,
    deeper: float = 1.0,
    rounding: str = "",
    *,
    depth: int,
    widen: int,
    dropout: float = 0.0,
    gate: Gate | None = None,
) -> nn.Module:
    """6n + 4 layers: pre-activated basic units with `widen` times 16, 32 and 64 maps, 1x1 projections, and dropout
    between the convolutions. `wider` multiplies all maps, `deeper` the units of every stage.
    """
    assert depth % 6 == 4, depth
    repeats = repeats_by(rounding, (depth - 4) // 6, deeper)
    stem, *widths = (channels_by(rounding, maps, wider) for maps in (16, 16 * widen, 32 * widen, 64 * widen))
    return StudyNet(task, "preact", repeats, tuple(widths), pad=False, dropout=dropout, gate=gate, stem=stem)


def _wrn_50_2(task: Task) -> nn.Module:
    return with_cifar_stem(from_torchvision("wide_resnet50_2", task), task)


def _cifar(error_10: float, error_100: float, source: str, tag: str) -> tuple[Result, Result]:
    return Result("cifar10_error", error_10, source, tag), Result("cifar100_error", error_100, source, tag)


# depth, widening, dropout, params, MACs, errors
NETWORKS: tuple[tuple[int, int, float, int, int, tuple[Result, ...]], ...] = (
    (
        16,
        8,
        0.0,
        10_961_370,
        1_548_145_664,
        (Result("cifar10_error", 4.27, SECOND_HAND, "S"), Result("cifar100_error", 20.43, PAPER, "M")),
    ),
    (28, 10, 0.0, 36_479_194, 5_243_328_768, _cifar(4.00, 19.25, README, "R")),
    (28, 10, 0.3, 36_479_194, 5_243_328_768, _cifar(3.89, 18.85, README, "R")),
    (40, 4, 0.0, 8_949_210, 1_298_582_016, (Result("cifar10_error", 4.53, SECOND_HAND, "S"),)),
)

for _depth, _widen, _dropout, _params, _macs, _results in NETWORKS:
    _name = f"wrn_{_depth}_{_widen}" + ("_dropout" if _dropout else "")
    _note = f"dropout of {_dropout:g} between the convolutions" if _dropout else ""
    _card = ModelCard(_name, "wide_resnet", PAPER, 2016, CIFAR10, _params, _macs, _results, "C", note=_note)
    _build = small_only(_card, partial(wide_resnet, depth=_depth, widen=_widen, dropout=_dropout), "wrn_50_2")
    register(_card, scaled=Scaling(_build))(_build)

WRN_50_2 = ModelCard(
    name="wrn_50_2",
    family="wide_resnet",
    paper=PAPER,
    year=2016,
    task=IMAGENET,
    params=68_883_240,
    macs=11_398_021_120,
    results=(
        Result("top1_error", 21.9, README, "R"),
        Result("top5_error", 5.79, README, "R"),
        Result("top1_error", 21.532, "torchvision IMAGENET1K_V1", "R"),
        Result("top5_error", 5.914, "torchvision IMAGENET1K_V1", "R"),
    ),
    verified="C",
    origin="torchvision",
    note="bottlenecks with twice the inner width; small images: 3x3 stem without pooling",
)
register(
    WRN_50_2,
    torchvision_loader("Wide_ResNet50_2_Weights.IMAGENET1K_V1"),
    Scaling(partial(scaled_resnet, layers=50, base_width=128)),
)(_wrn_50_2)
