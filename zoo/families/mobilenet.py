"""MobileNet v1 (Howard et al. 2017, arXiv:1704.04861) and v2 (Sandler et al. 2018, arXiv:1801.04381)."""

from functools import partial

from torch import nn

from nasbench.core.spec import ModelCard, Result, Task
from nasbench.nn.mbconv import Blueprint, StageNet, scaled, small_image
from nasbench.nn.mbconv_published import MOBILENET_V1, MOBILENET_V2
from zoo.library import IMAGENET, is_small, load_in_order, timm_state, torchvision_state
from zoo.published import of_timm, of_torchvision
from zoo.registry import Scaling, register

V1_WEIGHTS, V2_WEIGHTS = "mobilenetv1_100.ra4_e3600_r224_in1k", "MobileNet_V2_Weights.IMAGENET1K_V1"
QUOTED_V1 = "Zoph et al. 2018, table 3"
QUOTED_V2 = "Tan and Le 2019, table 3"


def mobilenet(
    blueprint: Blueprint, task: Task, width: float = 1.0, depth: float = 1.0, rounding: str = ""
) -> nn.Module:
    """A MobileNet at any width and depth; up to 64 px it halves the image three times instead of five."""
    blueprint = scaled(blueprint, width, depth, rounding)
    return StageNet(small_image(blueprint) if is_small(task) else blueprint, task)


@register(
    ModelCard(
        name="mobilenet_v1",
        family="mobilenet",
        paper="Howard et al. 2017, arXiv:1704.04861",
        year=2017,
        task=IMAGENET,
        params=4_231_976,
        macs=568_740_352,
        results=(Result("top1_error", 29.4, QUOTED_V1, "P"), Result("top5_error", 10.5, QUOTED_V1, "P")),
        verified="C",
        note="ReLU6 as in the released code; outputs equal timm's mobilenetv1_100",
    ),
    of_timm(V1_WEIGHTS, lambda network: load_in_order(network, timm_state(V1_WEIGHTS))),
    Scaling(partial(mobilenet, MOBILENET_V1)),
)
def mobilenet_v1(task: Task) -> nn.Module:
    """Depthwise separable convolutions, width 1.0."""
    return mobilenet(MOBILENET_V1, task)


@register(
    ModelCard(
        name="mobilenet_v2",
        family="mobilenet",
        paper="Sandler et al. 2018, arXiv:1801.04381",
        year=2018,
        task=IMAGENET,
        params=3_504_872,
        macs=300_774_272,
        results=(Result("top1_error", 28.0, QUOTED_V2, "P"),),
        verified="C",
        note="outputs equal torchvision's mobilenet_v2",
    ),
    of_torchvision(V2_WEIGHTS, lambda network: load_in_order(network, torchvision_state(V2_WEIGHTS))),
    Scaling(partial(mobilenet, MOBILENET_V2), "repeats up; channels to multiples of 8; the head never shrinks"),
)
def mobilenet_v2(task: Task) -> nn.Module:
    """Inverted residuals with linear bottlenecks, width 1.0."""
    return mobilenet(MOBILENET_V2, task)
