"""AlexNet: two towers (Krizhevsky, Sutskever, Hinton, NIPS 2012), the same without groups, and one tower (2014)."""

from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional

from nasbench.core.spec import ModelCard, Result, Task
from zoo.forms import large_only
from zoo.library import IMAGENET, is_small
from zoo.registry import ONE_BY_ONE, fixed, register
from zoo.third_party import from_torchvision, torchvision_loader

PAPER = "Krizhevsky, Sutskever, Hinton 2012, ImageNet classification with deep convolutional neural networks"
ONE_TOWER_PAPER = "Krizhevsky 2014, arXiv:1404.5997"


class ResponseNorm(nn.LocalResponseNorm):
    """PyTorch's, in 16 bits too: the CPU has no such kernel for its pooling over channels, so it is done in float32."""

    def forward(self, x: Tensor) -> Tensor:  # (B, C, H, W)
        half = x.dtype == torch.float16 or x.dtype == torch.bfloat16
        wide = x.float() if half else x
        return functional.local_response_norm(wide, self.size, self.alpha, self.beta, self.k).to(x.dtype)


def response_norm() -> nn.LocalResponseNorm:
    """Local response normalisation over 5 maps with k = 2, alpha = 1e-4, beta = 0.75.

    The paper sums the squares, but PyTorch takes their mean; so its alpha is multiplied by 5.
    """
    return ResponseNorm(5, alpha=5e-4, beta=0.75, k=2.0)


def dense_head(features: int, num_classes: int, hidden: int = 4096) -> list[nn.Module]:
    """Two hidden layers with dropout, and the classifier."""
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


class AlexNet2012(nn.Sequential):
    """96-256-384-384-256 maps at 227 pixels. With two `towers`, conv2, conv4 and conv5 are grouped by tower."""

    def __init__(self, task: Task, towers: int) -> None:
        super().__init__(
            nn.Conv2d(task.channels, 96, 11, stride=4),
            nn.ReLU(inplace=True),
            response_norm(),
            nn.MaxPool2d(3, 2),
            nn.Conv2d(96, 256, 5, padding=2, groups=towers),
            nn.ReLU(inplace=True),
            response_norm(),
            nn.MaxPool2d(3, 2),
            nn.Conv2d(256, 384, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(384, 384, 3, padding=1, groups=towers),
            nn.ReLU(inplace=True),
            nn.Conv2d(384, 256, 3, padding=1, groups=towers),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(3, 2),
            nn.AdaptiveAvgPool2d(6),  # the identity at 227 pixels
            *dense_head(256 * 6 * 6, task.num_classes),
        )
        self._initialise()

    def _initialise(self) -> None:
        """Section 5 of the paper: normal weights with a standard deviation of 0.01. Biases are 1 in conv2, conv4, conv5
        and the hidden dense layers, otherwise 0.
        """
        layers = [module for module in self if isinstance(module, nn.Conv2d | nn.Linear)]
        for number, layer in enumerate(layers, start=1):
            nn.init.normal_(layer.weight, std=0.01)
            assert layer.bias is not None
            nn.init.constant_(layer.bias, 1.0 if number in (2, 4, 5, 6, 7) else 0.0)


def _small(task: Task) -> nn.Module:
    """The one tower for small images: a 3x3 first layer with stride 2, 2x2 pooling, and dense layers on 2x2 pixels."""
    network = nn.Sequential(
        nn.Conv2d(task.channels, 64, 3, stride=2, padding=1),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(2, ceil_mode=True),
        nn.Conv2d(64, 192, 3, padding=1),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(2, ceil_mode=True),
        nn.Conv2d(192, 384, 3, padding=1),
        nn.ReLU(inplace=True),
        nn.Conv2d(384, 256, 3, padding=1),
        nn.ReLU(inplace=True),
        nn.Conv2d(256, 256, 3, padding=1),
        nn.ReLU(inplace=True),
        nn.AdaptiveMaxPool2d(2),
        *dense_head(256 * 2 * 2, task.num_classes),
    )
    for module in network:
        if isinstance(module, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
            assert module.bias is not None
            nn.init.zeros_(module.bias)
    classifier = network[-1]
    assert isinstance(classifier, nn.Linear)
    nn.init.normal_(classifier.weight, std=0.01)  # logits start near zero
    return network


TWO_TOWER = ModelCard(
    name="alexnet_two_tower",
    family="alexnet",
    paper=PAPER,
    year=2012,
    task=Task(1000, 227, 3),
    params=60_965_224,
    macs=724_406_816,
    verified="C",
    results=(
        Result("top1_error", 40.7, PAPER + ", ILSVRC-2012 validation, quoted", "S"),
        Result("top5_error", 18.2, PAPER + ", ILSVRC-2012 validation, quoted", "S"),
        Result("ilsvrc2010_top1_error", 37.5, PAPER, "P"),
        Result("ilsvrc2010_top5_error", 17.0, PAPER, "P"),
    ),
    note="the published one: 227 pixels, local response normalisation, two towers as groups in conv2, conv4 and conv5",
)
UNGROUPED = ModelCard(
    name="alexnet_ungrouped",
    family="alexnet",
    paper=PAPER,
    year=2012,
    task=Task(1000, 227, 3),
    params=62_378_344,
    macs=1_135_256_096,
    verified="C",
    note="the maps of alexnet_two_tower in one piece, without groups",
)
ONE_TOWER = ModelCard(
    name="alexnet",
    family="alexnet",
    paper=ONE_TOWER_PAPER,
    year=2014,
    task=IMAGENET,
    params=61_100_840,
    macs=714_188_480,
    verified="C",
    origin="torchvision",
    results=(
        Result("top1_error", 43.478, "torchvision IMAGENET1K_V1", "R"),
        Result("top5_error", 20.934, "torchvision IMAGENET1K_V1", "R"),
    ),
    note="one tower of 64-192-384-256-256 maps, no response normalisation. Small images: own code, 3x3 kernels",
)

SMALLEST_2012 = 67  # below it, the input of the last pooling is too small

register(TWO_TOWER, scaled=fixed(ONE_BY_ONE))(
    large_only(TWO_TOWER, partial(AlexNet2012, towers=2), "alexnet", SMALLEST_2012)
)
register(UNGROUPED, scaled=fixed(ONE_BY_ONE))(
    large_only(UNGROUPED, partial(AlexNet2012, towers=1), "alexnet", SMALLEST_2012)
)


@register(ONE_TOWER, torchvision_loader("AlexNet_Weights.IMAGENET1K_V1"), fixed(ONE_BY_ONE))
def one_tower(task: Task) -> nn.Module:
    return _small(task) if is_small(task) else from_torchvision("alexnet", task)
