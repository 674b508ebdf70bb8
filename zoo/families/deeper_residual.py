"""ResNet-200, in both orders of its units, and ResNeXt-152, the base of SENet-154.

ResNet-200 is of "Identity mappings in deep residual networks" (arXiv:1603.05027). SENet-154 (arXiv:1709.01507) adds
gates to a modified ResNeXt-152 of 64 groups: ResNeXt-101's units, repeated as ResNet-152's.
"""

from functools import partial

from torch import nn
from torchvision.models.resnet import Bottleneck, ResNet

from nasbench.core.spec import ModelCard, Result, Task
from nasbench.nn.rounding import channels_by, repeats_by
from zoo.families.resnet import scaled_resnet
from zoo.families.resnext import ROUNDS
from zoo.forms import large_only
from zoo.library import IMAGENET, input_channels
from zoo.registry import Scaling, register
from zoo.third_party import from_timm, with_cifar_stem

IDENTITY = "He et al. 2016, arXiv:1603.05027"
REPEATS_200, REPEATS_152 = (3, 24, 36, 3), (3, 8, 36, 3)


def _resnet200(task: Task) -> nn.Module:
    return with_cifar_stem(from_timm("resnet200", task), task)


def preresnet200(task: Task, width: float = 1.0, depth: float = 1.0, rounding: str = "") -> nn.Module:
    """timm's pre-activated network at any width and depth."""
    return from_timm(
        "resnetv2_50",
        task,
        layers=[repeats_by(rounding, count, depth) for count in REPEATS_200],
        channels=[channels_by(rounding, 256 * 2**stage, width) for stage in range(4)],
        stem_chs=channels_by(rounding, 64, width),
    )


def _resnext152(task: Task) -> nn.Module:
    network = ResNet(Bottleneck, list(REPEATS_152), task.num_classes, groups=64, width_per_group=4)
    return with_cifar_stem(input_channels(network, task.channels), task)


RESNET_200 = ModelCard(
    name="resnet200",
    family="resnet",
    paper=IDENTITY,
    year=2016,
    task=IMAGENET,
    params=64_673_832,
    macs=15_007_481_856,
    verified="C",
    origin="timm",
    note="the unit of 2015, stride in the 3x3; small images: 3x3 stem without pooling",
)
PRERESNET_200 = ModelCard(
    name="preresnet200",
    family="preresnet",
    paper=IDENTITY,
    year=2016,
    task=IMAGENET,
    params=64_666_152,
    macs=15_007_481_856,
    verified="C",
    origin="timm",
    results=(
        Result("top1_error", 21.66, "released repository facebook/fb.resnet.torch, 1 crop", "S"),
        Result("top5_error", 5.79, "released repository facebook/fb.resnet.torch, 1 crop", "S"),
    ),
    note="full pre-activation, timm's ResNetV2 with 3, 24, 36 and 3 units; released forms normalise after the stem too "
    "(128 params more)",
)
RESNEXT_152 = ModelCard(
    name="resnext152_64x4d",
    family="resnext",
    paper="Hu et al. 2017, arXiv:1709.01507",
    year=2017,
    task=IMAGENET,
    params=114_971_944,
    macs=22_939_303_936,
    verified="C",
    origin="torchvision",
    note="what SENet-154 modifies and adds gates to; small images: 3x3 stem without pooling",
)

register(RESNET_200, scaled=Scaling(partial(scaled_resnet, layers=200)))(_resnet200)
_pre_activated = large_only(PRERESNET_200, preresnet200, "preresnet164")
register(PRERESNET_200, scaled=Scaling(_pre_activated))(_pre_activated)
register(RESNEXT_152, scaled=Scaling(partial(scaled_resnet, layers=152, groups=64, base_width=4), ROUNDS))(_resnext152)
