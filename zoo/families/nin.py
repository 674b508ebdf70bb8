"""Network in Network (Lin, Chen, Yan 2013, arXiv:1312.4400): each convolution is followed by 1x1 convolutions, and
global average pooling replaces the dense classifier.
"""

from torch import nn

from nasbench.core.spec import ModelCard, Result, Task
from zoo.forms import CIFAR10, small_only
from zoo.registry import ONE_BY_ONE, fixed, register

PAPER = "Lin, Chen, Yan 2013, arXiv:1312.4400"


def _perceptron(c_in: int, widths: tuple[int, int, int], kernel: int) -> list[nn.Module]:
    layers: list[nn.Module] = []
    for width, side in zip(widths, (kernel, 1, 1), strict=True):
        layers += [nn.Conv2d(c_in, width, side, padding=side // 2), nn.ReLU(inplace=True)]
        c_in = width
    return layers


class NiN(nn.Sequential):
    """Three stages. The last stage has one map for each class."""

    def __init__(self, task: Task) -> None:
        super().__init__(
            *_perceptron(task.channels, (192, 160, 96), 5),
            nn.MaxPool2d(3, 2, ceil_mode=True),
            nn.Dropout(0.5),
            *_perceptron(96, (192, 192, 192), 5),
            nn.AvgPool2d(3, 2, ceil_mode=True),
            nn.Dropout(0.5),
            *_perceptron(192, (192, 192, task.num_classes), 3)[:-1],  # no ReLU on the logits, see the card
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
        )
        for module in self:
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
                assert module.bias is not None
                nn.init.zeros_(module.bias)


CARD = ModelCard(
    name="nin",
    family="nin",
    paper=PAPER,
    year=2013,
    task=CIFAR10,
    params=966_986,
    macs=222_486_528,
    verified="C",
    note="no ReLU after the last layer, which the released network has: with it most logits die under today's recipes",
    results=(
        Result("cifar10_error", 8.81, "arXiv:1512.03385, table 6, augmented", "P"),
        Result("cifar10_error_no_augmentation", 10.41, PAPER, "M"),
    ),
)

register(CARD, scaled=fixed(ONE_BY_ONE))(small_only(CARD, NiN, "googlenet"))
