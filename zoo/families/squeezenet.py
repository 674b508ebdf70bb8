"""SqueezeNet (Iandola et al. 2016, arXiv:1602.07360)."""

import torchvision.models
from torch import nn

from nasbench.core.spec import ModelCard, Result, Task
from zoo.forms import large_only
from zoo.library import IMAGENET, input_channels, torchvision_weights
from zoo.registry import fixed, register

FIRES = "torchvision builds it, with each fire module's channels fixed"
TRAINED = "torchvision SqueezeNet1_0 IMAGENET1K_V1"
CARD = ModelCard(
    name="squeezenet1_0",
    family="squeezenet",
    paper="Iandola et al. 2016, arXiv:1602.07360",
    year=2016,
    task=IMAGENET,
    params=1_248_424,
    macs=818_924_576,
    results=(Result("top1_error", 41.91, TRAINED, "R"), Result("top5_error", 19.58, TRAINED, "R")),
    verified="C",
    origin="torchvision",
    note="version 1.0: 7x7 stem; large images only",
)


def squeezenet1_0(task: Task) -> nn.Module:
    """Fire modules, no fully connected layer."""
    return input_channels(torchvision.models.squeezenet1_0(num_classes=task.num_classes), task.channels)


register(CARD, torchvision_weights("SqueezeNet1_0_Weights.IMAGENET1K_V1"), fixed(FIRES))(
    large_only(CARD, squeezenet1_0, "shufflenet_v2_x1_0")
)
