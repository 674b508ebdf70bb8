"""VGG (Simonyan, Zisserman 2014, arXiv:1409.1556): columns A, A-LRN, B, C, D and E of table 1, and torchvision's
variants with batch normalisation.

For small images the convolutions are the same; pooling rounds odd sizes up. The dense layers have 512 units instead of
4,096. Prefer the variants with batch normalisation there: without it, training starts slowly.
"""

from functools import partial

from torch import nn

from nasbench.core.spec import ModelCard, Result, Task
from nasbench.nn.rounding import channels_by, repeats_by
from zoo.families.alexnet import dense_head, response_norm
from zoo.library import IMAGENET, is_small
from zoo.registry import Scaling, register
from zoo.third_party import from_torchvision, torchvision_loader

PAPER = "Simonyan, Zisserman 2014, arXiv:1409.1556"
DENSE = PAPER + ", table 3, dense evaluation at S = 256"

# Kernel sizes of the convolutions in each stage. The stages have 64, 128, 256, 512 and 512 maps; a 2x2 pooling follows
# each stage.
WIDTHS = (64, 128, 256, 512, 512)
STAGES: dict[str, tuple[tuple[int, ...], ...]] = {
    "A": ((3,), (3,), (3, 3), (3, 3), (3, 3)),
    "B": ((3, 3), (3, 3), (3, 3), (3, 3), (3, 3)),
    "C": ((3, 3), (3, 3), (3, 3, 1), (3, 3, 1), (3, 3, 1)),
    "D": ((3, 3), (3, 3), (3, 3, 3), (3, 3, 3), (3, 3, 3)),
    "E": ((3, 3), (3, 3), (3, 3, 3, 3), (3, 3, 3, 3), (3, 3, 3, 3)),
}


class VGG(nn.Sequential):
    """A column of table 1.

    `response` adds a local response normalisation after the first layer. `batch_norm` adds batch normalisation after
    every convolution. `wider` multiplies the maps and the units of the dense layers, `deeper` the convolutions of every
    stage.
    """

    def __init__(
        self,
        task: Task,
        column: str,
        response: bool = False,
        batch_norm: bool = False,
        wider: float = 1.0,
        deeper: float = 1.0,
        rounding: str = "",
    ) -> None:
        small = is_small(task)
        features: list[nn.Module] = []
        c_in = task.channels
        for maps, kernels in zip(WIDTHS, STAGES[column], strict=True):
            width, repeats = channels_by(rounding, maps, wider), repeats_by(rounding, len(kernels), deeper)
            for repeat in range(repeats):
                kernel = kernels[repeat * len(kernels) // repeats]
                features.append(nn.Conv2d(c_in, width, kernel, padding=kernel // 2))
                if batch_norm:
                    features.append(nn.BatchNorm2d(width))
                features.append(nn.ReLU(inplace=True))
                if response and c_in == task.channels:
                    features.append(response_norm())
                c_in = width
            features.append(nn.MaxPool2d(2, ceil_mode=small))
        features.append(nn.AdaptiveAvgPool2d(1 if small else 7))
        super().__init__(
            *features,
            *(
                _small_head(task.num_classes, c_in, channels_by(rounding, 512, wider))
                if small
                else dense_head(c_in * 7 * 7, task.num_classes, channels_by(rounding, 4096, wider))
            ),
        )
        for module in self:
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_in" if small else "fan_out", nonlinearity="relu")
                assert module.bias is not None
                nn.init.zeros_(module.bias)
            elif isinstance(module, nn.Linear):
                nn.init.normal_(module.weight, std=module.in_features**-0.5 if small else 0.01)
                nn.init.zeros_(module.bias)


def _small_head(num_classes: int, features: int, hidden: int) -> list[nn.Module]:
    return [
        nn.Flatten(),
        nn.Dropout(0.5),
        nn.Linear(features, hidden),
        nn.ReLU(inplace=True),
        nn.Dropout(0.5),
        nn.Linear(hidden, hidden),
        nn.ReLU(inplace=True),
        nn.Linear(hidden, num_classes),
    ]


def _from_library(task: Task, name: str, column: str, batch_norm: bool) -> nn.Module:
    return VGG(task, column, batch_norm=batch_norm) if is_small(task) else from_torchvision(name, task)


def _scaled(
    task: Task,
    width: float,
    depth: float,
    rounding: str = "",
    *,
    column: str,
    response: bool = False,
    batch_norm: bool = False,
) -> nn.Module:
    """The column at any width and depth."""
    return VGG(task, column, response, batch_norm, width, depth, rounding)


ROUNDS = "convolutions of a stage up; maps and units of the dense layers to multiples of 8"


def _card(name: str, params: int, macs: int, results: tuple[Result, ...], origin: str, note: str) -> ModelCard:
    return ModelCard(name, "vgg", PAPER, 2014, IMAGENET, params, macs, results, "C", origin, note)


def _errors(top1: float, top5: float, source: str, tag: str) -> tuple[Result, Result]:
    return Result("top1_error", top1, source, tag), Result("top5_error", top5, source, tag)


LIBRARY_NOTE = "small images: own code, dense layers of 512"
# name, column, batch normalisation, params, MACs, the paper's errors, torchvision's errors
FROM_TORCHVISION: tuple[tuple[str, str, bool, int, int, tuple[float, float] | None, tuple[float, float]], ...] = (
    ("vgg11", "A", False, 132_863_336, 7_609_090_048, (29.6, 10.4), (30.98, 11.372)),
    ("vgg13", "B", False, 133_047_848, 11_308_466_176, (28.7, 9.9), (30.072, 10.754)),
    ("vgg16", "D", False, 138_357_544, 15_470_264_320, (27.0, 8.8), (28.408, 9.618)),
    ("vgg19", "E", False, 143_667_240, 19_632_062_464, (27.3, 9.0), (27.624, 9.124)),
    ("vgg11_bn", "A", True, 132_868_840, 7_609_090_048, None, (29.63, 10.19)),
    ("vgg13_bn", "B", True, 133_053_736, 11_308_466_176, None, (28.414, 9.626)),
    ("vgg16_bn", "D", True, 138_365_992, 15_470_264_320, None, (26.64, 8.484)),
    ("vgg19_bn", "E", True, 143_678_248, 19_632_062_464, None, (25.782, 8.158)),
)

for _name, _column, _bn, _params, _macs, _paper, _library in FROM_TORCHVISION:
    _results = (
        *(_errors(*_paper, DENSE, "S") if _paper else ()),
        *_errors(*_library, "torchvision IMAGENET1K_V1", "R"),
    )
    _form = f"column {_column}" + (" with batch normalisation, which the paper does not have" if _bn else "")
    register(
        _card(_name, _params, _macs, _results, "torchvision", f"{_form}; {LIBRARY_NOTE}"),
        torchvision_loader(f"{_name.upper()}_Weights.IMAGENET1K_V1"),
        Scaling(partial(_scaled, column=_column, batch_norm=_bn), ROUNDS),
    )(partial(_from_library, name=_name, column=_column, batch_norm=_bn))

LRN_NOTE = "column A-LRN: local response normalisation after the first layer"
C_NOTE = "column C: the third convolutions of a stage are 1x1"
register(
    _card("vgg11_lrn", 132_863_336, 7_609_090_048, _errors(29.7, 10.5, DENSE, "S"), "own", LRN_NOTE),
    scaled=Scaling(partial(_scaled, column="A", response=True), ROUNDS),
)(partial(VGG, column="A", response=True))
register(
    _card("vgg16_c", 133_638_952, 11_770_888_192, _errors(28.1, 9.4, DENSE, "S"), "own", C_NOTE),
    scaled=Scaling(partial(_scaled, column="C"), ROUNDS),
)(partial(VGG, column="C"))
