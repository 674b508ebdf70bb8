"""TinyNet A to E (Han et al. 2020, arXiv:2010.14819): EfficientNet-B0 made smaller in resolution, depth and width.

The published rule is a regression whose numbers were never released, so this is the table. Repeats are rounded to the
nearest, the stem stays, and the head keeps 1,280 channels or more.
"""

from dataclasses import dataclass, replace

from torch import nn

from nasbench.core.spec import ModelCard, Result, Task
from nasbench.nn.mbconv import StageNet, scaled, small_image
from nasbench.nn.mbconv_published import EFFICIENTNET_B0
from zoo.library import imagenet_at, is_small
from zoo.registry import Scaling, register

PAPER = "Han et al. 2020, arXiv:2010.14819"
README = "github.com/huawei-noah/Efficient-AI-Backbones, tinynet"
ROUNDING, DROPOUT, EPSILON = "tinynet", 0.2, 1e-3


@dataclass(frozen=True)
class Scale:
    """A published size: multipliers of B0, side in pixels, counts, top-1 accuracy in percent."""

    width: float
    depth: float
    image_size: int
    params: int
    macs: int
    top1: float


PUBLISHED = {
    "a": Scale(1.0, 1.2, 192, 6_187_972, 336_867_712, 76.8),
    "b": Scale(0.75, 1.1, 188, 3_730_562, 200_709_360, 75.0),
    "c": Scale(0.54, 0.85, 184, 2_457_234, 99_536_432, 71.2),
    "d": Scale(0.54, 0.695, 152, 2_338_446, 51_580_656, 67.0),
    "e": Scale(0.51, 0.6, 106, 2_042_972, 24_356_848, 59.9),
}


def tinynet(task: Task, width: float, depth: float, rounding: str = ROUNDING) -> nn.Module:
    """B0 by TinyNet's rounding. Up to 64 px it halves the image three times instead of five."""
    blueprint = replace(scaled(EFFICIENTNET_B0, width, depth, rounding), dropout=DROPOUT, bn_eps=EPSILON)
    return StageNet(small_image(blueprint) if is_small(task) else blueprint, task)


def _register(name: str, scale: Scale) -> None:
    def build(task: Task, width: float = 1.0, depth: float = 1.0, rounding: str = ROUNDING) -> nn.Module:
        return tinynet(task, width * scale.width, depth * scale.depth, rounding)

    card = ModelCard(
        name=f"tinynet_{name}",
        family="tinynet",
        paper=PAPER,
        year=2020,
        task=imagenet_at(scale.image_size),
        params=scale.params,
        macs=scale.macs,
        results=(Result("top1_error", round(100 - scale.top1, 1), README, "R"),),
        verified="C",
        note=f"EfficientNet-B0 at width {scale.width}, depth {scale.depth}",
    )
    rounds = "repeats to the nearest; channels to multiples of 8; the stem stays; the head has 1,280 or more"
    register(card, scaled=Scaling(build, rounds))(build)


for _name, _scale in PUBLISHED.items():
    _register(_name, _scale)
