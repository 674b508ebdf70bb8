"""MnasNet (Tan et al. 2019, arXiv:1807.11626), found by a platform-aware search."""

from functools import partial

from torch import nn

from nasbench.core.spec import ModelCard, Result, Task
from nasbench.nn.mbconv import Blueprint, StageNet, scaled, small_image
from nasbench.nn.mbconv_published import MNASNET_A1, MNASNET_B1
from zoo.library import IMAGENET, is_small, load_in_order, timm_state, torchvision_state
from zoo.published import of_timm, of_torchvision
from zoo.registry import Scaling, register

PAPER = "Tan et al. 2019, arXiv:1807.11626"

A1_WEIGHTS, B1_WEIGHTS = "semnasnet_100.rmsp_in1k", "MNASNet1_0_Weights.IMAGENET1K_V1"


def mnasnet(blueprint: Blueprint, task: Task, width: float = 1.0, depth: float = 1.0, rounding: str = "") -> nn.Module:
    """A MnasNet at any width and depth; up to 64 px it halves the image three times instead of five."""
    blueprint = scaled(blueprint, width, depth, rounding)
    return StageNet(small_image(blueprint) if is_small(task) else blueprint, task)


@register(
    ModelCard(
        name="mnasnet_a1",
        family="mnasnet",
        paper=PAPER,
        year=2018,
        task=IMAGENET,
        params=3_887_038,
        macs=311_579_072,
        results=(Result("top1_error", 24.8, PAPER, "P"), Result("top5_error", 7.5, PAPER, "P")),
        verified="C",
        note="with squeeze-and-excite; outputs equal timm's semnasnet_100",
    ),
    of_timm(A1_WEIGHTS, lambda network: load_in_order(network, timm_state(A1_WEIGHTS))),
    Scaling(partial(mnasnet, MNASNET_A1)),
)
def mnasnet_a1(task: Task) -> nn.Module:
    """The network of the paper's main table."""
    return mnasnet(MNASNET_A1, task)


@register(
    ModelCard(
        name="mnasnet_b1",
        family="mnasnet",
        paper=PAPER,
        year=2018,
        task=IMAGENET,
        params=4_383_312,
        macs=314_415_872,
        results=(
            Result("top1_error", 25.33, "timm mnasnet_100.rmsp_in1k", "R"),
            Result("top1_error", 26.54, "torchvision MNASNet1_0 IMAGENET1K_V1", "R"),
            Result("top1_error", 25.5, PAPER, "M"),
        ),
        verified="C",
        note="without squeeze-and-excite; outputs equal torchvision's mnasnet1_0 and timm's mnasnet_100",
    ),
    of_torchvision(B1_WEIGHTS, lambda network: load_in_order(network, torchvision_state(B1_WEIGHTS))),
    Scaling(partial(mnasnet, MNASNET_B1)),
)
def mnasnet_b1(task: Task) -> nn.Module:
    """The network found without squeeze-and-excite in the space."""
    return mnasnet(MNASNET_B1, task)
