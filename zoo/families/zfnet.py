"""ZFNet (Zeiler, Fergus 2013, arXiv:1311.2901): AlexNet with 7x7 kernels and stride 2 in the first layer."""

from torch import nn

from nasbench.core.spec import ModelCard, Result, Task
from zoo.families.alexnet import dense_head, response_norm
from zoo.forms import large_only
from zoo.library import IMAGENET
from zoo.registry import fixed, register

ONE_BY_ONE = "its layers are listed one by one, none of them repeated"
PAPER = "Zeiler, Fergus 2013, arXiv:1311.2901"


class ZFNet(nn.Sequential):
    """96-256-384-384-256 maps. The first two layers are followed by pooling and then by response normalisation."""

    def __init__(self, task: Task) -> None:
        super().__init__(
            nn.Conv2d(task.channels, 96, 7, stride=2, padding=1),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(3, 2, padding=1),
            response_norm(),
            nn.Conv2d(96, 256, 5, stride=2),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(3, 2, padding=1),
            response_norm(),
            nn.Conv2d(256, 384, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(384, 384, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(384, 256, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(3, 2),
            nn.AdaptiveAvgPool2d(6),  # the identity at 224 pixels
            *dense_head(256 * 6 * 6, task.num_classes),
        )
        for module in self:
            if isinstance(module, nn.Conv2d | nn.Linear):  # section 3 of the paper: standard deviation 0.01, biases 0
                nn.init.normal_(module.weight, std=0.01)
                assert module.bias is not None
                nn.init.zeros_(module.bias)


CARD = ModelCard(
    name="zfnet",
    family="alexnet",
    paper=PAPER,
    year=2013,
    task=IMAGENET,
    params=62_357_608,
    macs=1_168_032_896,
    verified="C",
    results=(
        Result("top1_error", 38.4, PAPER + ", one network", "M"),
        Result("top5_error", 16.5, PAPER + ", one network", "M"),
    ),
)

register(CARD, scaled=fixed(ONE_BY_ONE))(large_only(CARD, ZFNet, "alexnet"))
