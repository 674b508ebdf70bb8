"""SqueezeNet's other forms (Iandola et al. 2016, arXiv:1602.07360): version 1.1, and version 1.0 with simple bypasses.

The bypasses of the paper's figure 2 go around every second fire module, those whose input and output have equal shapes.
Its complex bypasses, with 1x1 convolutions around the others, are not here: the printed size does not determine them.
"""

import torchvision.models
from torch import Tensor, nn

from nasbench.core.spec import ModelCard, Result, Task
from zoo.families.squeezenet import CARD as ORIGINAL
from zoo.families.squeezenet import FIRES
from zoo.forms import large_only
from zoo.library import IMAGENET, input_channels, torchvision_weights
from zoo.registry import fixed, register

TRAINED = "torchvision SqueezeNet1_1 IMAGENET1K_V1"


class Bypass(nn.Module):
    """x + fire(x)."""

    def __init__(self, fire: nn.Module) -> None:
        super().__init__()
        self.fire = fire

    def forward(self, x: Tensor) -> Tensor:  # (B, C, H, W) -> (B, C, H, W)
        out: Tensor = x + self.fire(x)
        return out


def squeezenet1_1(task: Task) -> nn.Module:
    """A 3x3 stem, and pooling earlier."""
    return input_channels(torchvision.models.squeezenet1_1(num_classes=task.num_classes), task.channels)


def squeezenet1_0_bypass(task: Task) -> nn.Module:
    """Version 1.0 with bypasses around the fire modules 3, 5, 7 and 9."""
    network = torchvision.models.squeezenet1_0(num_classes=task.num_classes)
    features = network.features
    for position, layer in enumerate(features):
        if hasattr(layer, "squeeze") and layer.squeeze.in_channels == 2 * layer.expand1x1.out_channels:
            features[position] = Bypass(layer)
    return input_channels(network, task.channels)


SMALLER = ModelCard(
    name="squeezenet1_1",
    family="squeezenet",
    paper=ORIGINAL.paper,
    year=2016,
    task=IMAGENET,
    params=1_235_496,
    macs=349_151_936,
    results=(Result("top1_error", 41.822, TRAINED, "R"), Result("top5_error", 19.376, TRAINED, "R")),
    verified="C",
    origin="torchvision",
    note="version 1.1: 3x3 stem, earlier pooling, 2.3 times fewer MACs; large images only",
)
BYPASS = ModelCard(
    name="squeezenet1_0_bypass",
    family="squeezenet",
    paper=ORIGINAL.paper,
    year=2016,
    task=IMAGENET,
    params=ORIGINAL.params,
    macs=ORIGINAL.macs,
    verified="C",
    origin="torchvision",
    note="version 1.0 with simple bypasses, which have no parameters; large images only",
)

register(SMALLER, torchvision_weights("SqueezeNet1_1_Weights.IMAGENET1K_V1"), fixed(FIRES))(
    large_only(SMALLER, squeezenet1_1, "shufflenet_v2_x1_0")
)
register(BYPASS, scaled=fixed(FIRES))(large_only(BYPASS, squeezenet1_0_bypass, "shufflenet_v2_x1_0"))
